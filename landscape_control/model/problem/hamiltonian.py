"""Pontryagin's functions of a problem: the Hamiltonian, its derivatives, the optimal control."""

from collections.abc import Sequence

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
        symbols = _symbols(model)
        theta, u, costate, _ = symbols
        running, velocity = _running_and_velocity(model, *symbols)
        value = running + ca.dot(costate, velocity)
        outputs = [running, ca.gradient(value, theta), ca.gradient(value, u), velocity]
        model.cache["hamiltonian"] = _compiled("hamiltonian", symbols, outputs)
    return model.cache["hamiltonian"]


def second_order(model: Model) -> Pointwise:
    """(θ, u, λ, [η, k]) -> ∂θ̇/∂θ, B, ∂²H/∂θ², ∂²H/∂θ∂u, ∂²H/∂u², compiled once per model."""
    if "second_order" not in model.cache:
        symbols = _symbols(model)
        outputs = linearised(model, *symbols)
        model.cache["second_order"] = _compiled("second_order", symbols, outputs)
    return model.cache["second_order"]


def _symbols(model: Model) -> tuple[ca.SX, ca.SX, ca.SX, ca.SX]:
    """θ, u, λ and [η, k]."""
    n, m = model.dimension, model.controls
    return ca.SX.sym("theta", n), ca.SX.sym("u", m), ca.SX.sym("costate", n), ca.SX.sym("eta_k", 2)


def _compiled(name: str, symbols: Sequence[ca.SX], outputs: Sequence[ca.SX]) -> Pointwise:
    return Pointwise(ca.Function(name, symbols, [ca.densify(output) for output in outputs]))


def _running_and_velocity(
    model: Model, theta: ca.SX, u: ca.SX, costate: ca.SX, pair: ca.SX
) -> tuple[ca.SX, ca.SX]:
    """uᵀGu/2η + kL and θ̇ = f + Bu; λ is in neither."""
    rate, weight = pair[0], pair[1]
    effort = ca.dot(u, model.metric_at(theta) @ u) / (2 * rate)
    velocity = model.drift_at(theta) + model.actuation_at(theta) @ u
    return effort + weight * model.loss_at(theta), velocity


def linearised(
    model: Model, theta: ca.SX, u: ca.SX, costate: ca.SX, pair: ca.SX
) -> tuple[ca.SX, ca.SX, ca.SX, ca.SX, ca.SX]:
    """∂θ̇/∂θ, B, ∂²H/∂θ², ∂²H/∂θ∂u, ∂²H/∂u² as expressions in these symbols; ``pair`` is [η, k]."""
    running, velocity = _running_and_velocity(model, theta, u, costate, pair)
    value = running + ca.dot(costate, velocity)
    slope = ca.gradient(value, theta)
    return (
        ca.jacobian(velocity, theta),
        model.actuation_at(theta),
        ca.jacobian(slope, theta),
        ca.jacobian(slope, u),
        ca.hessian(value, u)[0],
    )


def inverse_metric(model: Model, theta: ca.SX, vector: ca.SX) -> ca.SX:
    """G(θ)⁻¹ vector as an expression."""
    if model.learner.metric is None:
        return vector
    if model.constant["metric"]:
        inverse = np.linalg.inv(model.metric(np.zeros(model.dimension))[0])
        return ca.sparsify(ca.DM(inverse)) @ vector
    return ca.solve(model.metric_at(theta), vector)


def implied_control(model: Model, points: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    """u = B⁺(θ̇ - f) at points (S, n): the control (S, m) that comes closest to these velocities."""
    push = velocities - model.drift(points) if model.has_drift else velocities
    if model.learner.actuation is None:
        return push
    if model.constant["actuation"]:
        if "pseudo-inverse" not in model.cache:
            model.cache["pseudo-inverse"] = np.linalg.pinv(model.actuation(points[:1])[0])
        return push @ model.cache["pseudo-inverse"].T
    return np.einsum("smn,sn->sm", np.linalg.pinv(model.actuation(points)), push)


def optimal_control(
    model: Model, points: np.ndarray, costates: np.ndarray, learning_rate: float
) -> np.ndarray:
    """u* = -η G⁻¹Bᵀλ at points (S, n): shape (S, m)."""
    if model.learner.metric is None and model.learner.actuation is None:
        return -learning_rate * costates
    if "optimal_control" not in model.cache:
        theta, _, costate, _ = _symbols(model)
        force = inverse_metric(model, theta, model.actuation_at(theta).T @ costate)
        model.cache["optimal_control"] = _compiled("optimal_control", [theta, costate], [force])
    push = model.cache["optimal_control"](points, costates)
    return -learning_rate * push.reshape(len(points), model.controls)
