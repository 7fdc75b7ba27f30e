"""Infinite horizons: the steady state where a plan rests, and the cost to go around it.

The cost to go is that of the linear-quadratic problem there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from scipy.optimize import root

from ...model.problem import ControlProblem, hamiltonian_derivatives, second_order
from ...support.arrays import freeze
from ...support.errors import ProblemError
from ..linear_quadratic import LinearQuadraticProblem
from ..solution import Tail

_BALANCINGS = 30  # every one takes the square root of what is left to mend
Point = tuple[np.ndarray, np.ndarray, np.ndarray]  # (θ, u, λ)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rest:
    """A steady state with its tail, its cost to go, and the rates at which plans approach it."""

    tail: Tail
    value: float
    rates: np.ndarray


def find_rest(problem: ControlProblem, near: np.ndarray) -> Rest:
    """The steady state near a point, and the solution of the discounted Riccati equation there.

    It solves 0 = f + Bu, 0 = Gu/η + Bᵀλ, 0 = γλ - ∂H/∂θ. With dynamics Aθ + c + Bu, a quadratic
    loss and γ > 0 there may be no rest, where the drift carries an uncontrolled direction away at a
    constant velocity; the cost is finite and the cost to go quadratic all the same, and is given
    around the point itself.

    Raises
    ------
    UnstabilisableError
        If an uncontrolled mode of the linearisation does not decay faster than the discount allows.
    ProblemError
        If there is no steady state near the point, if the cost is unbounded there, or if γ = 0 and
        resting there costs something per unit time.
    """
    steady = _steady_state(problem, near)
    may_move = problem.model.is_linear_quadratic and problem.objective.discount > 0
    if steady is None and not may_move:
        raise ProblemError(
            "infinite horizon",
            expected="a steady state where the plan can come to rest",
            received=f"none near {np.round(near, 4).tolist()}",
            advice="check that drift and loss balance somewhere, or use a finite horizon",
        )
    local = _linearised(problem, *(steady or _origin(problem)))
    value_hessian = _value_hessian(local, problem.objective.discount)
    gain = np.linalg.solve(local.effort, local.push.T @ value_hessian + local.cross.T)
    theta, u, costate = steady or _moving_centre(problem, near, local, value_hessian)
    pair = [problem.objective.learning_rate, problem.objective.loss_weight]
    running, _, _, velocity = hamiltonian_derivatives(problem.model)(
        theta[None], u[None], costate[None], pair
    )
    velocity = velocity.reshape(-1)
    closed = local.drift - local.push @ gain
    tail = Tail(
        steady_state=freeze(theta),
        steady_control=freeze(u),
        steady_costate=freeze(costate),
        closed_loop=freeze(closed),
        gain=freeze(gain),
        value_hessian=freeze(value_hessian),
        velocity=None if steady else freeze(velocity),
    )
    # γV = min_u H, by the Hamilton-Jacobi equation
    rate = float(running[0]) if steady else float(running[0] + costate @ velocity)
    value = _resting_value(problem, rate, theta)
    return Rest(tail=tail, value=value, rates=-np.linalg.eigvals(closed).real)


def _origin(problem: ControlProblem) -> Point:
    return np.zeros(problem.dimension), np.zeros(problem.controls), np.zeros(problem.dimension)


def _linearised(
    problem: ControlProblem, theta: np.ndarray, u: np.ndarray, costate: np.ndarray
) -> SimpleNamespace:
    """∂θ̇/∂θ, B and the second derivatives of H at a point, as matrices."""
    n, m = problem.dimension, problem.controls
    pair = [problem.objective.learning_rate, problem.objective.loss_weight]
    parts = second_order(problem.model)(theta[None], u[None], costate[None], pair)
    shapes = {
        "drift": (n, n),
        "push": (n, m),
        "state_cost": (n, n),
        "cross": (n, m),
        "effort": (m, m),
    }
    return SimpleNamespace(
        **{
            name: part.reshape(shape)
            for (name, shape), part in zip(shapes.items(), parts, strict=True)
        }
    )


def _moving_centre(
    problem: ControlProblem, point: np.ndarray, local: SimpleNamespace, value_hessian: np.ndarray
) -> Point:
    """(θ, u, λ) at the point itself, with λ = Sθ + q from the affine part of the cost to go."""
    objective = problem.objective
    at_origin = (part[None] for part in _origin(problem))
    pair = [objective.learning_rate, objective.loss_weight]
    _, slope, _, offset = hamiltonian_derivatives(problem.model)(*at_origin, pair)
    push = np.linalg.solve(local.effort, local.push.T)
    # (γI - Aᵀ + SBR⁻¹Bᵀ) q = ∂H/∂θ + Sc, the terms of the Hamilton-Jacobi equation linear in θ
    own = objective.discount * np.eye(problem.dimension) - local.drift.T
    fading = own + value_hessian @ local.push @ push
    linear = np.linalg.solve(fading, slope.reshape(-1) + value_hessian @ offset.reshape(-1))
    costate = value_hessian @ point + linear
    return np.array(point), -push @ costate, costate


def _value_hessian(local: SimpleNamespace, discount: float) -> np.ndarray:
    """S of V ≈ ½ δᵀSδ; completing the square removes the cross term, u = v - R⁻¹Nᵀδ."""
    push, effort = local.push, local.effort
    shift = np.linalg.solve(effort, local.cross.T)
    remaining = local.state_cost - local.cross @ shift
    local_problem = LinearQuadraticProblem(
        hessian=(remaining + remaining.T) / 2,
        minimum=np.zeros(len(local.drift)),
        metric=(effort + effort.T) / 2,
        drift_matrix=local.drift - push @ shift,
        actuation=push,
        discount=discount,
    )
    return np.array(local_problem.infinite().value_hessian)


def _steady_state(problem: ControlProblem, near: np.ndarray) -> Point | None:
    """(θ, u, λ) at rest, or None."""
    model, objective = problem.model, problem.objective
    n, m = model.dimension, model.controls
    pair = [objective.learning_rate, objective.loss_weight]

    def equations(points: np.ndarray) -> np.ndarray:
        theta, u, costate = points[:, :n], points[:, n : n + m], points[:, n + m :]
        _, slope, push, velocity = hamiltonian_derivatives(model)(theta, u, costate, pair)
        slope, push, velocity = (part.reshape(len(points), -1) for part in (slope, push, velocity))
        return np.hstack([velocity, push, objective.discount * costate - slope])

    begin = np.concatenate([near, np.zeros(m + n)])
    if model.is_linear_quadratic:
        at_origin = equations(np.zeros((1, len(begin))))[0]
        solved = _solve_affine(_equation_matrix(problem), at_origin, begin)
    else:
        solved = _search(equations, begin, n)
    if solved is None:
        return None
    return solved[:n], solved[n : n + m], solved[n + m :]


def _equation_matrix(problem: ControlProblem) -> np.ndarray:
    """The matrix of Pontryagin's steady equations in (θ, u, λ), where they are affine."""
    n = problem.dimension
    local = _linearised(problem, *_origin(problem))
    fading = problem.objective.discount * np.eye(n) - local.drift.T
    return np.block(
        [
            [local.drift, local.push, np.zeros((n, n))],
            [local.cross.T, local.effort, local.push.T],
            [-local.state_cost, -local.cross, fading],
        ]
    )


def _solve_affine(matrix: np.ndarray, origin: np.ndarray, begin: np.ndarray) -> np.ndarray | None:
    """The solution of matrix·z + origin = 0 nearest to ``begin`` in scaled unknowns, or None."""
    rows, columns = _balancing(matrix)
    matrix, right = matrix / (rows[:, None] * columns), -(origin / rows)
    start = begin * columns
    step = np.linalg.lstsq(matrix, right - matrix @ start, rcond=1e-13)[0]
    # once more, for its last digits
    step += np.linalg.lstsq(matrix, right - matrix @ (start + step), rcond=1e-13)[0]
    gap = np.abs(matrix @ (start + step) - right).max()
    size = np.abs(matrix).max() * np.abs(start + step).max() + np.abs(right).max()
    rounding = 1e-13 * np.abs(start).max()  # what is left of where the search began
    return (start + step) / columns if gap <= 1e-9 * size + rounding else None


def _balancing(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units of rows and columns in which the largest entry of each is one (Ruiz 2001)."""
    rows, columns = np.ones(len(matrix)), np.ones(matrix.shape[1])
    for _ in range(_BALANCINGS):
        scaled = np.abs(matrix) / (rows[:, None] * columns)
        by_row, by_column = scaled.max(axis=1), scaled.max(axis=0)
        rows *= np.sqrt(np.where(by_row > 0, by_row, 1.0))
        columns *= np.sqrt(np.where(by_column > 0, by_column, 1.0))
    return rows, columns


def _search(
    equations: Callable[[np.ndarray], np.ndarray], begin: np.ndarray, n: int
) -> np.ndarray | None:
    """A root near ``begin``; None if none is found."""
    near = begin[:n]
    if np.abs(equations(begin[None])).max() <= 1e-10 * (1 + np.abs(near).max()):
        return begin
    # the search may step out of the loss's domain; what counts is where it ends
    with np.errstate(all="ignore"):
        end = root(lambda point: equations(point[None])[0], begin, method="hybr", tol=1e-13).x
        gap = np.abs(equations(end[None])).max() if np.isfinite(end).all() else np.inf
    reach = 1 + np.abs(near).max()
    is_root = gap <= 1e-7 * reach
    is_near = np.abs(end[:n] - near).max() <= 1e2 * reach
    return end if is_root and is_near else None


def _resting_value(problem: ControlProblem, running: float, theta: np.ndarray) -> float:
    """V at rest: the running cost there over γ; without discount it has to be zero."""
    objective = problem.objective
    if objective.discount > 0:
        return running / objective.discount
    fall = problem.landscape.loss(problem.start)[0] - problem.landscape.loss(theta)[0]
    size = objective.loss_weight * abs(float(fall))
    if abs(running) > 1e-9 * (size + 1e-3):
        level = running / max(objective.loss_weight, 1e-300)  # L there
        raise ProblemError(
            "infinite horizon without discount",
            expected="a steady state that costs nothing per unit time",
            received=f"running cost {running:.6g} at rest at {np.round(theta, 4).tolist()}",
            advice=(
                f"lower the landscape with landscape.above({level:.12g}), or use a discount γ > 0"
                " or a finite horizon"
            ),
        )
    return 0.0
