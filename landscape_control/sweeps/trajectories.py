"""Optimal plans on known landscapes, cell by cell: cold starts, and what a neighbour found."""

from typing import Any

import numpy as np

from ..model.objective import OBJECTIVE_NUMBERS
from ..model.problem import ControlProblem
from ..planning.batched import BatchSolver, is_for_batches, least_cells
from ..planning.solution import Solution
from ..support.arguments import option_names
from ..support.errors import ProblemError, check_options
from .branches import continues, outline_all
from .layout import share
from .measures.basins import SECOND_LOOK


class Trajectories:
    """Optimal plans on known landscapes: one Solver per structure takes all other numbers."""

    name = "trajectory"

    def is_number(self, problem: ControlProblem, path: str, column: object) -> bool:
        part, _, name = path.partition(".")
        if part == "objective":
            return name in OBJECTIVE_NUMBERS
        return part == "start" or (part == "end" and problem.end is not None)

    def chunk(self, problem: ControlProblem, cells: int, group: int) -> int:
        if is_for_batches(problem) and group >= least_cells(problem.dimension):
            # the more are solved together the less each takes
            return share(cells, min(group, 512), 2048, parts=8)
        return share(cells, 8, 64 if problem.dimension <= 12 else 16)

    def check(self, problem: ControlProblem, options: dict, starts: int | None) -> None:
        TrajectoryRunner(problem, options, starts)

    def runner(
        self, problem: ControlProblem, options: dict, starts: int | None
    ) -> "TrajectoryRunner":
        return TrajectoryRunner(problem, options, starts)


class TrajectoryRunner:
    """Every cell is solved from the cold starts of ``Solver.solve``; where its best plan does not
    continue the neighbour's, the neighbour's plan is tried as a start too, and the better one kept.

    So no cell is worse than a solve of its own, and a plan that cold starts miss travels through
    the grid once it has been found: onwards as cells are solved, and back when the chunk is done. A
    cell of which ``hidden_basin`` warns takes the better plan that the second look found."""

    def __init__(self, problem: ControlProblem, options: dict, starts: int | None) -> None:
        from ..planning.solver import Solver

        check_options("solver", options, option_names(Solver))
        self.problem, self.solver, self.starts = problem, Solver(problem, **options), starts
        self._batch: BatchSolver | None = None
        self.least_together = least_cells(problem.dimension)

    def solve(self, changes: dict, seed: int, neighbour: Solution | None) -> Solution:
        cold = self.solver.solve(
            starts=self.starts, seed=seed, throw=False, **self._numbers(changes)
        )
        return cold if neighbour is None else self.improved(changes, seed, cold, neighbour)

    def solve_together(self, cells: list[tuple[dict, int]]) -> list[Solution | None]:
        """The solutions for these (changes, seed) as far as they are found together, else None."""
        if self._batch is None:
            self._batch = BatchSolver(self.solver)
        numbers: list[Any] = [self._numbers(changes) for changes, _ in cells]
        seeds = [seed for _, seed in cells]
        found = self._batch.solve(numbers, starts=self.starts, seeds=seeds)
        outline_all(plan for solution in found if solution is not None for plan in solution.plans)
        return found

    def improved(
        self, changes: dict, seed: int, solution: Solution, neighbour: Solution
    ) -> Solution:
        """The better one of a cell's solution and what its neighbour's plan leads to."""
        if not np.isfinite(neighbour.cost):
            return solution
        # where its branch is among the plans that are known here, it is not the best of them
        if any(continues(neighbour.best, plan) for plan in solution.plans):
            return solution
        # what raised a doubt is looked at again beside the neighbour's plan, which does not settle it
        starts = None if solution.status.ok else solution.starts
        try:
            warm = self.solver.solve(
                guess=neighbour, starts=starts, seed=seed, throw=False, **self._numbers(changes)
            )
        except ProblemError:  # the neighbour's plan leads nowhere here
            return solution
        return warm if _is_better(warm, solution) else solution

    def second_look(self, changes: dict, seed: int, solution: Solution) -> Solution:
        """The better one of a cell's solution and that of the starts that ``hidden_basin`` tried."""
        again = self.solver.solve(
            starts=SECOND_LOOK, seed=seed + 1, throw=False, **self._numbers(changes)
        )
        return again if _is_better(again, solution) else solution

    def _numbers(self, changes: dict) -> dict[str, Any]:
        """The arguments of ``Solver.solve`` for these changes {path: value}."""
        numbers: dict[str, Any] = {
            path.partition(".")[2]: value
            for path, value in changes.items()
            if path.startswith("objective.")
        }
        for part in ("start", "end"):
            given = {
                path: value for path, value in changes.items() if path.partition(".")[0] == part
            }
            if part in given:
                numbers[part] = np.atleast_1d(given[part])
            elif given:
                numbers[part] = np.array(getattr(self.problem, part))
                for path, value in given.items():
                    numbers[part][int(path.partition(".")[2])] = value
        return numbers


def _is_better(solution: Solution, other: Solution) -> bool:
    """A converged plan before one that is not; then the cheaper, by more than is uncertain."""
    if solution.status.ok != other.status.ok:
        return solution.status.ok
    uncertain = solution.best.cost_error + other.best.cost_error
    margin = uncertain + 1e-9 * abs(other.cost)
    return bool(solution.cost < other.cost - margin)
