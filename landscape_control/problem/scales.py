"""Typical sizes of a problem: what a plan's residuals and an optimiser's variables are measured by."""

import numpy as np

from .control_problem import ControlProblem
from .model import Model

RESTING = 1e-9  # displacements below this fraction of |θ| are rounding, not movement
SMALLEST = 1e-6  # the smallest |θ| that units may give a problem


def typical_mass(problem: ControlProblem) -> float:
    """m such that moving by δ in a time t costs about m δ²/(2ηt): the inverse of the mean eigenvalue of B G⁻¹ Bᵀ.

    The mean is over the directions that can be pushed. With B = I it is the harmonic mean of G's eigenvalues. It is
    taken at the start, and kept with the model until another start is asked for.
    """
    model = problem.model
    place = model.place_of(problem.start)
    known = model.cache.get("typical mass")
    if known is None or known[0] != place:
        metric, actuation = model.effort_at(problem.start)
        mobility = actuation @ np.linalg.solve(metric, actuation.T)
        mass = float(np.linalg.matrix_rank(actuation) / np.trace(mobility))
        known = model.cache["typical mass"] = place, mass
    return known[1]


def resting_length(largest: float) -> float:
    """Movements below this length are rounding where |θ| is at most ``largest``."""
    return RESTING * max(largest, SMALLEST)


def largest_growth(model: Model, point: np.ndarray) -> float:
    """Largest real part of the eigenvalues of ∂f/∂θ at a point: how fast the drift alone lets displacements grow."""
    if not model.has_drift:
        return 0.0
    jacobian = model.drift_jacobian(point)[0]
    return float(np.linalg.eigvals(jacobian).real.max())
