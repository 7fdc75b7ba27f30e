"""Scales of a problem, read off its numbers and its functions at the start."""

from collections.abc import Callable
from dataclasses import dataclass

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
_MOST_ENTRIES = 2**20  # of Hessians that are looked at together


@np.errstate(all="ignore")  # far out functions may overflow or be undefined
def anharmonic_length(problem: ControlProblem) -> float | None:
    """The smallest radius at which a Hessian differs from that at the start as much as matters.

    That is by half of it, or by half of the curvature that moves a learner within the horizon,
    m/(ηkτ²), if that is more. None where no sampled direction shows such a change. Where the start
    lies on a kink, its own Hessian is that of no point around it: there each direction is compared
    with its own beginning.
    """
    directions = _directions(problem)
    curvatures = _curvatures(problem, directions)
    together = max(_MOST_ENTRIES // (len(directions) * problem.dimension**2), 1)
    for begin in range(0, len(_RADII), together):
        radii = _RADII[begin : begin + together]
        points = problem.start + radii[:, None, None] * directions
        changes = np.any([curvature.changes(points) for curvature in curvatures], axis=0)
        if changes.any():
            return float(radii[np.argmax(changes)])
    return None


def _directions(problem: ControlProblem) -> np.ndarray:
    """Unit vectors (D, n): along axes, at most eight, and towards the origin and the end."""
    axes = np.eye(problem.dimension)[:8]
    ways = [-problem.start]
    if problem.end is not None:
        ways.append(problem.end - problem.start)
    towards = [way / np.linalg.norm(way) for way in ways if np.linalg.norm(way) > 0]
    return np.vstack([axes, -axes, *towards])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Curvature:
    """A Hessian, where the ways from the start begin, and how much of a change matters.

    Attributes
    ----------
    hessian : (S, n) -> (S, n, n)
    begins : (n, n), or (D, n, n) one for every direction where the start lies on a kink
    moving : the curvature that moves a learner within the horizon
    """

    hessian: Callable[[np.ndarray], np.ndarray]
    begins: np.ndarray
    moving: float

    def changes(self, points: np.ndarray) -> np.ndarray:
        """Whether it is another one at any of the points (R, D, n), by radius (R,)."""
        n = points.shape[-1]
        along = self.hessian(points.reshape(-1, n)).reshape(*points.shape, n)
        change = _largest(along - self.begins)
        large = change > 0.5 * np.maximum(_largest(self.begins), self.moving)
        return (large & np.isfinite(change)).any(axis=1)


def _curvatures(problem: ControlProblem, directions: np.ndarray) -> list[_Curvature]:
    """Those of what is paid for: of the loss on the way, and of the terminal cost."""
    objective, landscape, model = problem.objective, problem.landscape, problem.model
    counted = min(counted_time(problem), 1e150)
    found = []
    if objective.loss_weight > 0:
        span = objective.loss_weight * counted**2
        found.append(_beginning(problem, directions, landscape.hessian, span))
    if objective.terminal is not None and objective.terminal_weight > 0 and problem.end is None:
        span = objective.terminal_weight * counted
        found.append(
            _beginning(problem, directions, lambda at: model.terminal_derivatives(at)[1], span)
        )
    return found


def _beginning(
    problem: ControlProblem,
    directions: np.ndarray,
    hessian: Callable[[np.ndarray], np.ndarray],
    span: float,
) -> _Curvature:
    """``span`` is what makes of a curvature a squared rate, without the mass."""
    moving = typical_mass(problem) / (problem.objective.learning_rate * span)
    beside = 16 * float(np.finfo(float).eps) * float(np.abs(problem.start).max())
    near = problem.start + (beside or _BESIDE_ZERO) * directions
    here, *along = hessian(np.vstack([problem.start[None], near]))
    jumps = _largest(np.array(along) - here) > 0.5 * max(float(_largest(here)), moving)
    begins = np.where(jumps[:, None, None], along, here) if jumps.any() else here
    return _Curvature(hessian=hessian, begins=begins, moving=moving)


def _largest(matrices: np.ndarray) -> np.ndarray:
    """The largest entry of each."""
    return np.abs(matrices).max(axis=(-2, -1))
