"""Descents on finer and finer meshes, and away from saddles on the last one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...model.objective import Objective
from ...planning.status import Status
from ...support.errors import ProblemError
from .action import Action, Reached
from .descent import Descent, descend
from .examination import Variation, second_variation
from .grid import TimeGrid, time_grid
from .memory import bytes_free, bytes_needed
from .network_loss import NetworkLoss
from .progress import PlanProgress
from .training_plan import TrainingPlan

FIRST_ELEMENTS = 2
# of the tolerance, for residual and fall of J on one mesh: the mesh may have half of it, and the
# residual's bound is short by the lowest value of the second variation where that is below 1
_SHARE = 0.1
_ROUNDS = 6  # of examination and further descent
# sizes of steps along a direction of negative curvature, relative to |y|
_STEPS = (0.3, 0.1, 0.03, 0.01, 0.003)


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What stays the same from mesh to mesh."""

    loss: NetworkLoss
    objective: Objective
    start_loss: float
    grading: float
    tolerance: float
    degree: int
    max_elements: int
    max_iterations: int
    deadline: float
    progress: Callable[[PlanProgress], object] | None

    def grid(self, elements: int) -> TimeGrid:
        return time_grid(self.objective, elements, self.degree, self.grading)

    def has_time(self) -> bool:
        return time.perf_counter() < self.deadline

    def fits(self, elements: int) -> bool:
        return bytes_needed(self.loss.count, elements * self.degree) <= bytes_free()

    def descend(self, action: Action, point: np.ndarray, share: float = _SHARE) -> Descent:
        """On one mesh, from y (N·P,), until a share of the tolerance is met."""
        elements = action.grid.elements

        def report(iteration: int, reached: Reached) -> None:
            if self.progress is not None:
                gap = reached.squared_residual / 2 / reached.size
                self.progress(
                    PlanProgress(elements=elements, iteration=iteration, cost=reached.cost, gap=gap)
                )

        return descend(
            action,
            point,
            tolerance=share * self.tolerance,
            iterations=self.max_iterations,
            has_time=self.has_time,
            report=report,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The last mesh of a search, and what happened there."""

    action: Action
    descent: Descent
    cost_error: float
    iterations: int
    variation: Variation

    @property
    def reached(self) -> Reached:
        return self.descent.reached


def first_offsets(search: Search, guess: TrainingPlan | None) -> np.ndarray:
    """(N, P) on the first mesh."""
    grid = search.grid(FIRST_ELEMENTS)
    if guess is None:
        return np.zeros((len(grid.times) - 1, search.loss.count))
    if guess.parameters.shape[1] != search.loss.count:
        raise ProblemError(
            "guess",
            expected=f"a plan of {search.loss.count} weights",
            received=f"one of {guess.parameters.shape[1]}",
            advice="pass a plan of the same network",
        )
    fractions = grid.times[1:] / grid.times[-1]
    return guess.parameters_at(fractions * guess.times[-1]) - guess.parameters[0]


def refined(search: Search, offsets: np.ndarray) -> Found:
    """Descents on meshes of twice as many elements until J stays the same."""
    elements, iterations, known = FIRST_ELEMENTS, 0, None
    while True:
        grid = search.grid(elements)
        action = Action(search.loss, grid, search.start_loss)
        descent = search.descend(action, action.point(offsets))
        iterations += descent.iterations
        reached = descent.reached
        cost_error = np.inf if known is None else abs(reached.cost - known)
        found = Found(
            action=action,
            descent=descent,
            cost_error=float(cost_error),
            iterations=iterations,
            variation=Variation(lowest=np.nan, remaining=reached.squared_residual / 2),
        )
        if descent.status is not Status.CONVERGED:
            return found
        if cost_error <= search.tolerance * reached.size / 2:
            return found
        if 2 * elements > search.max_elements:
            return _capped(found, f"{elements} elements, of at most {search.max_elements}")
        if not search.fits(2 * elements):
            return _capped(found, "there is no memory for a mesh of twice as many elements")
        offsets = _prolonged(search, action, reached, search.grid(2 * elements))
        elements, known = 2 * elements, reached.cost


def _capped(found: Found, message: str) -> Found:
    descent = replace(found.descent, status=Status.REFINEMENT_CAP, message=message)
    return replace(found, descent=descent)


def _prolonged(search: Search, action: Action, reached: Reached, finer: TimeGrid) -> np.ndarray:
    """(N, P): the same path at the nodes of a finer mesh."""
    matrix = action.grid.at(finer.times[1:])
    offsets: np.ndarray = matrix[:, 1:] @ action.offsets(reached.point)
    return offsets


def settled(search: Search, found: Found) -> Found:
    """Examined, and descended further while that lowers J by more than the criteria of a descent.

    Where the second variation is negative, J is looked at along its direction: rectified linear
    units make negative curvature that ends at the next kink, and what is gained there counts.
    """
    share = _SHARE
    for _ in range(_ROUNDS):
        variation = second_variation(found.action, found.reached)
        point, fall = _lower_point(found.action, found.reached, variation)
        variation = replace(variation, remaining=variation.remaining + fall)
        found = replace(found, variation=variation)
        allowed = search.tolerance * found.reached.size
        if fall <= _SHARE * allowed and variation.remaining <= allowed / 2:
            return found
        share /= 2
        descent = search.descend(found.action, point, share)
        iterations = found.iterations + descent.iterations
        found = replace(found, descent=descent, iterations=iterations)
        if descent.status is not Status.CONVERGED:
            return found
    return replace(found, variation=second_variation(found.action, found.reached))


def _lower_point(
    action: Action, reached: Reached, variation: Variation
) -> tuple[np.ndarray, float]:
    """The lowest of some paths along a direction of negative curvature, and how much lower."""
    direction = variation.direction
    if direction is None:
        return reached.point, 0.0
    slope = float(reached.gradient @ direction)
    length = float(np.linalg.norm(reached.point)) * (-1.0 if slope > 0 else 1.0)
    points = [reached.point + size * length * direction for size in _STEPS]
    costs = [action(point).cost for point in points]
    best = int(np.argmin(costs))
    fall = reached.cost - costs[best]
    return (points[best], fall) if fall > 0 else (reached.point, 0.0)
