"""Typical sizes of a problem: units of a plan's residuals and of an optimiser's variables."""

import numpy as np

from .control_problem import ControlProblem
from .mobility import mobility
from .model import Model

RESTING = 1e-9  # displacements below this fraction of |θ| are rounding, not movement
FADED = 24.0  # γT beyond which the end of a horizon hardly shows in the cost
LATE_END = 36.0  # γT up to which an end is met to eight digits in units that grow by e^{γt/2}
_LARGEST_EXPONENT = 300.0  # of a unit that grows
SMALLEST = 1e-6  # the smallest |θ| that units may give a problem


def typical_mass(problem: ControlProblem) -> float:
    """m such that moving by δ in a time t costs about m δ²/(2ηt).

    The inverse of the mean eigenvalue of B G⁻¹ Bᵀ. The mean is over the directions that can be
    pushed. With B = I it is the harmonic mean of G's eigenvalues. It is taken at the start, and
    kept with the model until another start is asked for.
    """
    model = problem.model
    place = model.place_of(problem.start)
    known = model.cache.get("typical mass")
    if known is None or known[0] != place:
        metric, actuation = model.effort_at(problem.start)
        mass = float(np.linalg.matrix_rank(actuation) / np.trace(mobility(actuation, metric)))
        known = model.cache["typical mass"] = place, mass
    return known[1]


def resting_length(largest: float) -> float:
    """Movements below this length are rounding where |θ| is at most ``largest``."""
    return RESTING * max(largest, SMALLEST)


def unit_growth(problem: ControlProblem, horizon: float) -> float:
    """Rate at which the unit of displacements grows: γ/2 where late ones always count, else 0.

    A displacement δ at time t is worth about e^{-γt}|δ|²: in units of e^{γt/2} all are worth the
    same. An affine drift may make late ones that large, and so may a fixed end, or a steep terminal
    cost, that has to be met in any case.
    """
    model, discount = problem.model, problem.objective.discount
    if discount == 0 or model.drift_matrix is None:
        return 0.0
    if model.has_drift and largest_growth(model, problem.start) * horizon > 1.0:
        return min(discount / 2, _LARGEST_EXPONENT / horizon)
    if ends_late(problem) and discount * horizon > FADED:
        return min(discount / 2, LATE_END / 2 / horizon)
    return 0.0


def ends_late(problem: ControlProblem) -> bool:
    """Whether a linear-quadratic problem has an end that counts however late it comes."""
    has_end = problem.end is not None or problem.objective.terminal is not None
    return has_end and problem.model.is_linear_quadratic


def largest_growth(model: Model, point: np.ndarray) -> float:
    """How fast the drift alone lets displacements grow at a point.

    The largest real part of the eigenvalues of ∂f/∂θ.
    """
    if not model.has_drift:
        return 0.0
    if model.drift_matrix is None:
        return _growth(model.drift_jacobian(point)[0])
    if "growth" not in model.cache:
        model.cache["growth"] = _growth(model.drift_matrix[0])
    return model.cache["growth"]


def _growth(matrix: np.ndarray) -> float:
    return float(np.linalg.eigvals(matrix).real.max())
