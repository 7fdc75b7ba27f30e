"""Infinite horizons: the steady state where a plan comes to rest and the linear-quadratic cost to go around it."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import root

from ..arrays import freeze
from ..errors import ProblemError
from ..problem import ControlProblem, hamiltonian_derivatives, second_order
from ..reference import LinearQuadratic
from ..solution import Tail


@dataclass(frozen=True, kw_only=True, eq=False)
class Rest:
    """A steady state with its tail, its cost to go, and the rates at which plans approach it."""

    tail: Tail
    value: float
    rates: np.ndarray


def find_rest(problem: ControlProblem, near: np.ndarray) -> Rest:
    """Solve 0 = f + Bu, 0 = Gu/η + Bᵀλ, 0 = γλ - ∂H/∂θ near a point, then the discounted Riccati equation there.

    Raises
    ------
    UnstabilisableError
        If an uncontrolled mode of the linearisation does not decay faster than the discount allows.
    ProblemError
        If there is no steady state near the point, if the cost is unbounded there, or if γ = 0 and resting there costs
        something per unit time.
    """
    theta, u, costate = _steady_state(problem, near)
    objective, n = problem.objective, problem.dimension
    pair = [objective.learning_rate, objective.loss_weight]
    drift, push, state_cost, cross, effort = (
        part.reshape(part.shape[1:]) for part in second_order(problem.model)(theta[None], u[None], costate[None], pair)
    )
    drift, push = drift.reshape(n, n), push.reshape(n, -1)
    state_cost, cross, effort = state_cost.reshape(n, n), cross.reshape(n, -1), effort.reshape(push.shape[1], -1)
    value_hessian = _value_hessian(drift, push, state_cost, cross, effort, objective.discount)
    gain = np.linalg.solve(effort, push.T @ value_hessian + cross.T)
    closed = drift - push @ gain
    running = float(hamiltonian_derivatives(problem.model)(theta[None], u[None], costate[None], pair)[0][0])
    tail = Tail(
        steady_state=freeze(theta),
        steady_control=freeze(u),
        steady_costate=freeze(costate),
        closed_loop=freeze(closed),
        gain=freeze(gain),
        value_hessian=freeze(value_hessian),
    )
    return Rest(tail=tail, value=_resting_value(objective, running, problem, theta), rates=-np.linalg.eigvals(closed).real)


def _value_hessian(drift, push, state_cost, cross, effort, discount):
    """S of V ≈ ½ δᵀSδ; completing the square removes the cross term, u = v - R⁻¹Nᵀδ."""
    shift = np.linalg.solve(effort, cross.T)
    remaining = state_cost - cross @ shift
    reference = LinearQuadratic(
        hessian=(remaining + remaining.T) / 2,
        minimum=np.zeros(len(drift)),
        metric=(effort + effort.T) / 2,
        drift_matrix=drift - push @ shift,
        actuation=push,
        discount=discount,
    )
    return np.array(reference.infinite().value_hessian)


def _steady_state(problem, near):
    model, objective = problem.model, problem.objective
    n, m = model.dimension, model.controls
    pair = [objective.learning_rate, objective.loss_weight]

    def equations(z):
        theta, u, costate = z[:n], z[n : n + m], z[n + m :]
        _, slope, push, velocity = hamiltonian_derivatives(model)(theta[None], u[None], costate[None], pair)
        return np.concatenate([velocity.ravel(), push.ravel(), objective.discount * costate - slope.ravel()])

    z = np.concatenate([near, np.zeros(m + n)])
    if np.abs(equations(z)).max() > 1e-10 * (1 + np.abs(near).max()):
        with np.errstate(all="ignore"):  # the search may step out of the loss's domain; what counts is where it ends
            z = root(equations, z, method="hybr", tol=1e-13).x
            gap = np.abs(equations(z)).max() if np.isfinite(z).all() else np.inf
        if not gap <= 1e-7 * (1 + np.abs(near).max()) or np.abs(z[:n] - near).max() > 1e2 * (1 + np.abs(near).max()):
            raise ProblemError(
                "infinite horizon",
                expected="a steady state where the plan can come to rest",
                received=f"none near {np.round(near, 4).tolist()}",
                advice="check that drift and loss balance somewhere, or use a finite horizon",
            )
    return z[:n], z[n : n + m], z[n + m :]


def _resting_value(objective, running, problem, theta):
    if objective.discount > 0:
        return running / objective.discount
    size = objective.loss_weight * abs(float(problem.landscape.loss(problem.start)[0] - problem.landscape.loss(theta)[0]))
    if abs(running) > 1e-9 * (size + 1e-3):
        raise ProblemError(
            "infinite horizon without discount",
            expected="a steady state that costs nothing per unit time",
            received=f"running cost {running:.6g} at rest at {np.round(theta, 4).tolist()}",
            advice=f"lower the landscape with landscape.above({running / max(objective.loss_weight, 1e-300):.12g}), "
            "or use a discount γ > 0 or a finite horizon",
        )
    return 0.0
