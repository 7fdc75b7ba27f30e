"""Scales of a problem, read off its numbers and its functions at the start."""

from collections.abc import Iterator

import numpy as np

from ...model.problem import ControlProblem, typical_mass


def is_bowl(problem: ControlProblem) -> bool:
    """Whether everything is quadratic in path and control: one start decides."""
    model = problem.model
    if not model.is_linear_quadratic:
        return False
    if problem.objective.terminal in (None, "loss") or problem.end is not None:
        return True
    return model.terminal_is_quadratic


def counted_time(problem: ControlProblem) -> float:
    """τ = (1 - e^{-γT})/γ, for how long a constant cost counts; infinite for T = ∞ and γ = 0."""
    objective = problem.objective
    if objective.discount == 0:
        return objective.horizon
    return float(-np.expm1(-objective.discount * objective.horizon) / objective.discount)


def natural_length(problem: ControlProblem) -> float:
    """The distance over which the landscape changes its character around the start.

    A search samples in multiples of it. The largest of: how far the start is from where its own
    curvature would put the minimum; how far from the end; and the anharmonic length, the distance
    at which the curvature differs from that at the start by as much as matters. A start at (or
    near) a minimum has no length of the first kind, one far from the origin none of its own: |θ|
    counts only where no other length is found.
    """
    bend = anharmonic_length(problem)
    lengths = [] if bend is None else [bend]
    if problem.end is not None:
        lengths.append(float(np.linalg.norm(problem.end - problem.start)))
    reach = 1e6 * (1 + np.abs(problem.start).max()) if bend is None else 1e3 * bend
    for gradient, hessian in _start_pairs(problem):
        values, vectors = np.linalg.eigh(hessian[0])
        size = np.maximum(np.abs(values), 1e-8 * np.abs(values).max() + 1e-300)
        # the Newton step, with a curvature that is not zero, as far as there is a landscape
        newton = np.linalg.norm(vectors.T @ gradient[0] / size)
        lengths.append(float(min(newton, reach)))
    if bend is None:
        lengths.append(float(np.abs(problem.start).max()))
    largest = max(lengths)  # round-off alone is no length
    return largest if largest > 1e-12 else 1.0


def _start_pairs(problem: ControlProblem) -> list[tuple[np.ndarray, np.ndarray]]:
    """(gradient, Hessian) at the start of L and of the terminal cost, where they are finite."""
    pairs = [problem.start_derivatives[1:]]
    if problem.objective.terminal is not None:
        pairs.append(problem.model.terminal_derivatives(problem.start))
    return [pair for pair in pairs if np.isfinite(pair[0]).all() and np.isfinite(pair[1]).all()]


_RADII = 4.0 ** np.arange(-16, 17)  # from 2e-10 to 4e9: units may be any
_BESIDE_ZERO = 1e-30  # the place beside a start at 0: in no units a length


def _largest(matrices: np.ndarray) -> np.ndarray:
    """The largest entry of each."""
    return np.abs(matrices).max(axis=(-2, -1))


@np.errstate(all="ignore")  # far out functions may overflow or be undefined
def anharmonic_length(problem: ControlProblem) -> float | None:
    """The smallest radius at which a Hessian differs from that at the start as much as matters.

    That is by half of it, or by half of the curvature that moves a learner within the horizon,
    m/(ηkτ²), if that is more. None where no sampled direction shows such a change. Where the start
    lies on a kink, its own Hessian is that of no point around it: there each direction is compared
    with its own beginning.
    """
    objective, n = problem.objective, problem.dimension
    directions = np.eye(n)[: min(n, 8)]
    ways = [-problem.start]
    if problem.end is not None:
        ways.append(problem.end - problem.start)
    towards = [way / np.linalg.norm(way) for way in ways if np.linalg.norm(way) > 0]
    directions = np.vstack([directions, -directions, *towards])
    beside = 16 * float(np.finfo(float).eps) * float(np.abs(problem.start).max())
    radii = np.append(beside or _BESIDE_ZERO, _RADII)
    points = problem.start + radii[:, None, None] * directions
    counted = min(counted_time(problem), 1e150)
    mass = typical_mass(problem) / objective.learning_rate
    changes = np.zeros(len(_RADII), dtype=bool)
    for hessian, weight, span in _curvatures(problem, points.reshape(-1, n), counted):
        moving = mass / (weight * span)  # the curvature that moves a learner in this time
        along = hessian[1:].reshape(*points.shape[:2], n, n)
        jumps = _largest(along[0] - hessian[0]) > 0.5 * np.maximum(_largest(hessian[0]), moving)
        begins = np.where(jumps[:, None, None], along[0], hessian[0])
        change = _largest(along[1:] - begins)
        large = change > 0.5 * np.maximum(_largest(begins), moving)
        changes |= (large & np.isfinite(change)).any(axis=1)
    return float(_RADII[np.argmax(changes)]) if changes.any() else None


def _curvatures(
    problem: ControlProblem, points: np.ndarray, counted: float
) -> Iterator[tuple[np.ndarray, float, float]]:
    """(Hessians at the start and at the points, weight, span that makes a curvature a rate²)."""
    objective = problem.objective
    everywhere = np.vstack([problem.start[None], points])
    if objective.loss_weight > 0:
        yield problem.landscape.hessian(everywhere), objective.loss_weight, counted**2
    if objective.terminal is not None and objective.terminal_weight > 0 and problem.end is None:
        yield problem.model.terminal_derivatives(everywhere)[1], objective.terminal_weight, counted
