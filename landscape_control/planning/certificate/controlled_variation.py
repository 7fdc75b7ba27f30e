"""The second variation where B is not invertible: variations of u, by linearised dynamics.

Dynamic programming over the elements of a plan's mesh, backwards: each element's control must cost
something whatever follows (a discrete Riccati recursion; Bryson & Ho 1975, ch. 6).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from ...model.problem import ControlProblem, second_order
from ...support.interpolation import node_index
from ..solution import Plan
from .inside import inner_matrices

# weight of a fixed end, relative to what reaching it with the last element alone would cost
_FIXED = 1e7


@dataclass(frozen=True, kw_only=True, eq=False)
class _Failure:
    """Where the recursion stopped: the element, the cost's form in its controls, later gains."""

    element: int
    form: np.ndarray
    gains: list[np.ndarray]


def controlled_variation_is_positive(
    problem: ControlProblem, plan: Plan, end_curvature: np.ndarray | None, neutral: float
) -> bool:
    """Whether every variation of the control costs something.

    ``end_curvature`` (n, n) is that of what follows the last node, in its current value, or None;
    efforts are stiffened by the fraction ``neutral``.
    """
    quadratic, nodes = _element_programs(problem, plan, neutral)
    return _first_failure(problem, plan, end_curvature, quadratic, nodes[:, -1]) is None


def falling_variation(
    problem: ControlProblem, plan: Plan, end_curvature: np.ndarray | None, neutral: float
) -> np.ndarray | None:
    """A variation of θ (N+1, n) along which the cost falls; None where there is none.

    Its largest entry is one.
    Nothing changes until the element at which the recursion stops; there the controls vary as the
    lowest eigenvector of what they cost, and from then on as costs least, given what they have
    moved.
    """
    quadratic, nodes = _element_programs(problem, plan, neutral)
    failure = _first_failure(problem, plan, end_curvature, quadratic, nodes[:, -1])
    if failure is None or not np.isfinite(failure.form).all():
        return None
    count, degree, n = len(quadratic), plan.degree, problem.dimension
    _, vectors = np.linalg.eigh((failure.form + failure.form.T) / 2)
    controls = vectors[:, 0]
    left, varied = np.zeros(n), np.zeros((count * degree + 1, n))
    for element in range(failure.element, count):
        if element > failure.element:
            controls = -failure.gains[count - 1 - element] @ left  # the last element's come first
        moved = nodes[element] @ np.concatenate([left, controls])
        varied[element * degree : (element + 1) * degree + 1] = moved
        left = moved[-1]
    largest = np.abs(varied).max()
    return varied / largest if 0 < largest < np.inf else None


def _first_failure(
    problem: ControlProblem,
    plan: Plan,
    end_curvature: np.ndarray | None,
    quadratic: np.ndarray,
    moved: np.ndarray,
) -> _Failure | None:
    """The Riccati recursion from the last element back; where it stops, or None.

    It goes on as long as each element's control costs something.
    """
    n = problem.dimension
    following = np.zeros((n, n)) if end_curvature is None else end_curvature
    if problem.end is not None:
        following = following + _end_weight(quadratic[-1], moved[-1], n) * np.eye(n)
    fades = np.exp(-problem.objective.discount * (plan.vertices[1:] - plan.vertices[:-1]))
    all_gains: list[np.ndarray] = []
    for element in range(len(quadratic) - 1, -1, -1):
        to_right = moved[element]
        # in current value at the left, in (left state, controls)
        total = quadratic[element] + fades[element] * (to_right.T @ following @ to_right)
        factor, failed = dpotrf(total[n:, n:], lower=1)
        if failed or not np.isfinite(total).all():
            return _Failure(element=element, form=total[n:, n:], gains=all_gains)
        gains = dpotrs(factor, total[n:, :n], lower=1)[0]
        following = total[:n, :n] - total[:n, n:] @ gains
        following = (following + following.T) / 2
        all_gains.append(gains)
    return None


def _end_weight(form: np.ndarray, moved: np.ndarray, n: int) -> float:
    """What a unit displacement of a fixed end costs, in the units of the form.

    So much that controls of the last element would rather pay the largest part of its form many
    times over, whatever the units of controls and parameters are.
    """
    return _FIXED * np.abs(form[n:, n:]).max() / np.abs(moved[:, n:]).max() ** 2


def _element_programs(
    problem: ControlProblem, plan: Plan, neutral: float
) -> tuple[np.ndarray, np.ndarray]:
    """Per element its form (K, n + dm, n + dm), and maps to its nodes (K, d + 1, n, n + dm).

    Both are of (left state, controls at the Gauss points), the form without its factor ½. The maps
    come from Gauss collocation of the linearised dynamics at as many points as the degree.
    """
    n, m, objective = problem.dimension, problem.controls, problem.objective
    count, degree = len(plan.vertices) - 1, plan.degree
    points, weights, to_points, slopes = inner_matrices(tuple(plan.positions), degree)
    lengths = np.diff(plan.vertices)
    times = plan.vertices[:-1, None] + lengths[:, None] * points
    drift, push, state, cross, effort = _linearised(problem, plan, to_points)
    shape = (count, degree)
    drift, push = drift.reshape(*shape, n, n), push.reshape(*shape, n, m)

    # Σ_j (slopes_qj/h - A_q to_points_qj) δθ_j = B_q δu_q at every point q; node 0 is the left
    # state
    size = n + degree * m
    slopes = np.kron(slopes, np.eye(n)).reshape(degree, n, degree + 1, n)
    system = slopes / lengths[:, None, None, None, None]
    system = system - drift[:, :, :, None, :] * to_points[:, None, :, None]
    inner = system[:, :, :, 1:, :].reshape(count, degree * n, degree * n)
    sources = np.zeros((count, degree, n, size))
    sources[..., :n] = -system[:, :, :, 0, :]
    for q in range(degree):
        sources[:, q, :, n + q * m : n + (q + 1) * m] = push[:, q]
    nodes = np.empty((count, degree + 1, n, size))
    nodes[:, 0] = np.eye(n, size)
    solved = np.linalg.solve(inner, sources.reshape(count, degree * n, size))
    nodes[:, 1:] = solved.reshape(count, degree, n, size)

    # (δθ, δu) at the points, from (left state, controls)
    variation = np.zeros((count, degree, n + m, size))
    inside = to_points @ nodes.reshape(count, degree + 1, n * size)
    variation[:, :, :n] = inside.reshape(count, degree, n, size)
    for q in range(degree):
        variation[:, q, n:, n + q * m : n + (q + 1) * m] = np.eye(m)

    # the second derivatives of H in (θ, u), and their integral over the element
    density = np.empty((count, degree, n + m, n + m))
    density[:, :, :n, :n] = state.reshape(*shape, n, n)
    density[:, :, :n, n:] = cross.reshape(*shape, n, m)
    density[:, :, n:, :n] = density[:, :, :n, n:].transpose(0, 1, 3, 2)
    density[:, :, n:, n:] = (1 + neutral) * effort.reshape(*shape, m, m)
    since = times - plan.vertices[:-1, None]
    fade = lengths[:, None] * weights * np.exp(-objective.discount * since)
    weighted = (density * fade[:, :, None, None]) @ variation
    stacked = variation.reshape(count, -1, size)
    return stacked.transpose(0, 2, 1) @ weighted.reshape(count, -1, size), nodes


def _linearised(
    problem: ControlProblem, plan: Plan, to_points: np.ndarray
) -> tuple[np.ndarray, ...]:
    """A, B and the second derivatives of H at points inside every element."""
    objective = problem.objective
    index = node_index(len(plan.vertices) - 1, plan.degree)
    pair = [objective.learning_rate, objective.loss_weight]
    inside = [
        (to_points @ values[index]).reshape(-1, values.shape[1])
        for values in (plan.parameters, plan.controls, plan.costates)
    ]
    return second_order(problem.model)(*inside, pair)
