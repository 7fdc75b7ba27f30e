"""Pontryagin's functions of a problem, vectorised: the Hamiltonian and its derivatives, and the
optimal control.
"""

import casadi as ca
import numpy as np

from ...support.pointwise import Pointwise
from .model import Model


def hamiltonian_derivatives(model: Model) -> Pointwise:
    """(θ, u, λ, [η, k]) -> (running cost, ∂H/∂θ, ∂H/∂u, θ̇) with H = uᵀGu/2η + kL + λᵀ(f + Bu).

    The current-value costate obeys λ̇ = γλ - ∂H/∂θ, the optimal control ∂H/∂u = 0. Compiled once
    per model.
    """
    if "hamiltonian" not in model.cache:
        n, m = model.dimension, model.controls
        theta, u, costate, pair = (
            ca.SX.sym(*args) for args in (("theta", n), ("u", m), ("costate", n), ("eta_k", 2))
        )
        velocity = model.drift_at(theta) + model.actuation_at(theta) @ u
        running = ca.dot(u, model.metric_at(theta) @ u) / (2 * pair[0]) + pair[1] * model.loss_at(
            theta
        )
        value = running + ca.dot(costate, velocity)
        outputs = [running, ca.gradient(value, theta), ca.gradient(value, u), velocity]
        model.cache["hamiltonian"] = Pointwise(
            ca.Function("hamiltonian", [theta, u, costate, pair], [ca.densify(o) for o in outputs])
        )
    return model.cache["hamiltonian"]


def second_order(model: Model) -> Pointwise:
    """(θ, u, λ, [η, k]) -> ∂θ̇/∂θ, B, ∂²H/∂θ², ∂²H/∂θ∂u, ∂²H/∂u², compiled once per model."""
    if "second_order" not in model.cache:
        n, m = model.dimension, model.controls
        arguments = [
            ca.SX.sym(*args) for args in (("theta", n), ("u", m), ("costate", n), ("eta_k", 2))
        ]
        outputs = linearised(model, *arguments)
        model.cache["second_order"] = Pointwise(
            ca.Function("second_order", arguments, [ca.densify(o) for o in outputs])
        )
    return model.cache["second_order"]


def linearised(model: Model, theta, u, costate, pair) -> tuple:
    """∂θ̇/∂θ, B, ∂²H/∂θ², ∂²H/∂θ∂u, ∂²H/∂u² as expressions in these symbols; ``pair`` is [η, k]."""
    velocity = model.drift_at(theta) + model.actuation_at(theta) @ u
    value = (
        ca.dot(u, model.metric_at(theta) @ u) / (2 * pair[0])
        + pair[1] * model.loss_at(theta)
        + ca.dot(costate, velocity)
    )
    slope = ca.gradient(value, theta)
    return (
        ca.jacobian(velocity, theta),
        model.actuation_at(theta),
        ca.jacobian(slope, theta),
        ca.jacobian(slope, u),
        ca.hessian(value, u)[0],
    )


def inverse_metric(model: Model, theta, vector):
    """G(θ)⁻¹ vector as an expression."""
    if model.learner.metric is None:
        return vector
    if model.constant["metric"]:
        return (
            ca.sparsify(ca.DM(np.linalg.inv(model.metric(np.zeros(model.dimension))[0]))) @ vector
        )
    return ca.solve(model.metric_at(theta), vector)


def implied_control(model: Model, points, velocities) -> np.ndarray:
    """u = B⁺(θ̇ - f) at points (S, n): the control (S, m) that comes closest to these velocities."""
    push = velocities - model.drift(points) if model.has_drift else velocities
    if model.learner.actuation is None:
        return push
    if model.constant["actuation"]:
        if "pseudo-inverse" not in model.cache:
            model.cache["pseudo-inverse"] = np.linalg.pinv(model.actuation(points[:1])[0])
        return push @ model.cache["pseudo-inverse"].T
    return np.einsum("smn,sn->sm", np.linalg.pinv(model.actuation(points)), push)


def optimal_control(model: Model, points, costates, learning_rate) -> np.ndarray:
    """u* = -η G⁻¹Bᵀλ at points (S, n): shape (S, m)."""
    if model.learner.metric is None and model.learner.actuation is None:
        return -learning_rate * costates
    if "optimal_control" not in model.cache:
        theta, costate = ca.SX.sym("theta", model.dimension), ca.SX.sym("costate", model.dimension)
        push = inverse_metric(model, theta, model.actuation_at(theta).T @ costate)
        model.cache["optimal_control"] = Pointwise(
            ca.Function("optimal_control", [theta, costate], [ca.densify(push)])
        )
    return -learning_rate * model.cache["optimal_control"](points, costates).reshape(
        len(points), model.controls
    )
