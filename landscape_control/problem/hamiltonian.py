"""Pontryagin's functions of a problem, vectorised: the Hamiltonian and its derivatives, and the optimal control."""

import casadi as ca
import numpy as np

from ..pointwise import Pointwise
from .model import Model


def hamiltonian_derivatives(model: Model) -> Pointwise:
    """(θ, u, λ, [η, k]) -> (running cost, ∂H/∂θ, ∂H/∂u, θ̇) with H = uᵀGu/2η + kL + λᵀ(f + Bu).

    The current-value costate obeys λ̇ = γλ - ∂H/∂θ, the optimal control ∂H/∂u = 0. Compiled once per model.
    """
    if "hamiltonian" not in model.cache:
        n, m = model.dimension, model.controls
        theta, u, costate, pair = (ca.SX.sym(*args) for args in (("theta", n), ("u", m), ("costate", n), ("eta_k", 2)))
        velocity = model.drift_at(theta) + model.actuation_at(theta) @ u
        running = ca.dot(u, model.metric_at(theta) @ u) / (2 * pair[0]) + pair[1] * model.loss_at(theta)
        value = running + ca.dot(costate, velocity)
        outputs = [running, ca.gradient(value, theta), ca.gradient(value, u), velocity]
        model.cache["hamiltonian"] = Pointwise(
            ca.Function("hamiltonian", [theta, u, costate, pair], [ca.densify(o) for o in outputs]))
    return model.cache["hamiltonian"]


def optimal_control(model: Model, points, costates, learning_rate) -> np.ndarray:
    """u* = -η G⁻¹Bᵀλ at points (S, n): shape (S, m)."""
    push = costates
    if model.learner.actuation is not None:
        push = np.einsum("snm,sn->sm", model.actuation(points), costates)
    if model.learner.metric is None:
        return -learning_rate * push
    if model.constant["metric"]:
        return -learning_rate * np.linalg.solve(model.metric(points[:1])[0], push.T).T
    return -learning_rate * np.linalg.solve(model.metric(points), push[..., None])[..., 0]
