"""What staying at a place costs per unit time: the loss, and the effort against the drift."""

import casadi as ca
import numpy as np

from ...model.objective import Objective
from ...model.problem import Model
from ...support.pointwise import Pointwise


def resting(
    model: Model, points: np.ndarray, objective: Objective
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """(r, G, f) at points (S, n), with r = kL + fᵀGf/2η (S,).

    G is the metric of velocities (S or 1, n, n) or None for the identity, f the drift (S, n) or
    None. Where B is not square the metric of velocities is that of the control which comes closest,
    (B⁺)ᵀGB⁺.
    """
    rate = objective.loss_weight * model.landscape.loss(points)
    metric = _velocity_metric(model, points)
    if not model.has_drift:
        return rate, metric, None
    drift = model.drift(points)
    force = drift
    if metric is not None:
        everywhere = np.broadcast_to(metric, (len(points), *metric.shape[1:]))
        force = np.einsum("smn,sn->sm", everywhere, drift)
    effort = np.einsum("sn,sn->s", drift, force) / (2 * objective.learning_rate)
    return rate + effort, metric, drift


def _velocity_metric(model: Model, points: np.ndarray) -> np.ndarray | None:
    learner = model.learner
    if learner.metric is None and learner.actuation is None:
        return None
    if not (model.constant["metric"] and model.constant["actuation"]):
        return _pulled_back(model, points)
    if "velocity metric" not in model.cache:
        model.cache["velocity metric"] = _pulled_back(model, points[:1])
    return model.cache["velocity metric"]


def _pulled_back(model: Model, points: np.ndarray) -> np.ndarray:
    """(B⁺)ᵀGB⁺ at points (S, n); NaN where B is not finite."""
    metric = model.metric(points)
    if model.learner.actuation is None:
        return metric
    actuation = model.actuation(points)
    bad = ~np.isfinite(actuation).all(axis=(1, 2))
    actuation[bad] = 0.0
    inverse = np.linalg.pinv(actuation)
    inverse[bad] = np.nan
    return np.einsum("skm,skl,sln->smn", inverse, metric, inverse)


def resting_derivatives(
    model: Model, points: np.ndarray, objective: Objective
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(r, ∇r, ∇²r) of the cost of rest at points (S, n), compiled once per model."""
    n = model.dimension
    if not model.has_drift:
        loss, gradient, hessian = model.landscape.derivatives(points)
        k = objective.loss_weight
        return k * loss, k * gradient, k * hessian
    if "resting" not in model.cache:
        model.cache["resting"] = Pointwise(_resting_function(model))
    pair = [objective.learning_rate, objective.loss_weight]
    rate, gradient, hessian = model.cache["resting"](points, pair)
    return rate, gradient.reshape(-1, n), hessian.reshape(-1, n, n)


def _resting_function(model: Model) -> ca.Function:
    """(θ, [η, k]) -> r, ∇r, ∇²r."""
    theta, pair = ca.SX.sym("theta", model.dimension), ca.SX.sym("eta_k", 2)
    drift, actuation = model.drift_at(theta), model.actuation_at(theta)
    push = drift
    if model.learner.actuation is not None:  # the least effort that comes closest to f: B⁺f
        gram = actuation.T @ actuation
        push = ca.solve(gram, actuation.T @ drift)
    effort = ca.dot(push, model.metric_at(theta) @ push) / (2 * pair[0])
    rate = pair[1] * model.loss_at(theta) + effort
    hessian, gradient = ca.hessian(rate, theta)
    outputs = [ca.densify(output) for output in (rate, gradient, hessian)]
    return ca.Function("resting", [theta, pair], outputs)
