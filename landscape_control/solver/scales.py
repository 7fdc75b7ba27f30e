"""Scales of a problem, read off its numbers and its functions at the start."""

import casadi as ca
import numpy as np

from ..problem import ControlProblem


def is_bowl(problem: ControlProblem) -> bool:
    """Whether everything is quadratic in path and control: one start decides."""
    model = problem.model
    if "linear-quadratic" not in model.cache:
        constant = model.constant["metric"] and model.constant["actuation"]
        affine = not model.has_drift or model.drift_matrix is not None
        model.cache["linear-quadratic"] = constant and affine and problem.landscape.is_quadratic
    if not model.cache["linear-quadratic"]:
        return False
    return problem.objective.terminal in (None, "loss") or problem.end is not None or _is_quadratic_terminal(model)


def _is_quadratic_terminal(model):
    if "quadratic terminal" not in model.cache:
        theta = ca.SX.sym("theta", model.dimension)
        model.cache["quadratic terminal"] = not ca.symvar(ca.hessian(model.terminal_at(theta), theta)[0])
    return model.cache["quadratic terminal"]


def counted_time(problem: ControlProblem) -> float:
    """τ = (1 - e^{-γT})/γ, for how long a constant cost counts; infinite for T = ∞ without discount."""
    objective = problem.objective
    if objective.discount == 0:
        return objective.horizon
    return -np.expm1(-objective.discount * objective.horizon) / objective.discount


def natural_length(problem):
    """How far the start is from where its own curvature would put the minimum, or from the origin; 1 if it is at both."""
    found = [np.abs(problem.start).max()]
    if problem.end is not None:
        found.append(np.linalg.norm(problem.end - problem.start))
    pairs = [problem.start_derivatives[1:]]
    if problem.objective.terminal is not None:
        pairs.append(problem.model.terminal_derivatives(problem.start))
    for gradient, hessian in pairs:
        if not (np.isfinite(gradient).all() and np.isfinite(hessian).all()):
            continue
        values, vectors = np.linalg.eigh(hessian[0])
        size = np.maximum(np.abs(values), 1e-8 * np.abs(values).max() + 1e-300)
        found.append(min(np.linalg.norm(vectors.T @ gradient[0] / size), 1e6 * (1 + np.abs(problem.start).max())))
    largest = max(found)
    return largest if largest > 1e-12 else 1.0
