"""Other policies for a problem whose first plan was not confirmed by its simulation."""

from collections.abc import Callable, Iterator

import numpy as np

from ..model.problem import ControlProblem
from ..planning.beliefs import (
    METHODS,
    BeliefSolution,
    Confirmation,
    TranscribedSolution,
    solve_dynamic_programming,
    solve_replanning,
)
from ..planning.beliefs.advice import CARRIED_OUT
from ..planning.beliefs.dispatch import SMALL_GRID, has_small_grid
from ..support.errors import ProblemError, SolveError
from .simulated import simulated_cost

RESPONSES = (0.25, 0.0)  # to beliefs, of a transcribed plan whose full answer was not confirmed


def alternatives(first: BeliefSolution, seed: int) -> Iterator[BeliefSolution]:
    """Other policies: milder answers of the same plan, small grids, replanning.

    Those that refuse the problem are left out.
    """
    problem, tried = first.problem, first.method
    if isinstance(first, TranscribedSolution):
        yield from (first.answering(response) for response in RESPONSES)
    if tried != METHODS["dynamic programming"] and has_small_grid(problem):
        yield from _attempt(solve_dynamic_programming, problem, seed, **SMALL_GRID)
    if tried != METHODS["replanning"]:
        yield from _attempt(solve_replanning, problem, seed)


def standing_still(problem: ControlProblem, episodes: int | None, seed: int) -> Confirmation:
    """The simulated cost of u = 0."""

    def still(theta, belief, time):
        return np.zeros((len(theta), problem.controls))

    return simulated_cost(problem, still, method="standing still", episodes=episodes, seed=seed)


def _attempt(
    method: Callable[..., BeliefSolution], problem: ControlProblem, seed: int, **options: object
) -> Iterator[BeliefSolution]:
    """The solution, if there is one that can be carried out."""
    try:
        solution = method(problem, seed=seed, throw=False, **options)
    except (ProblemError, SolveError):
        return
    if solution.status.ok or solution.status in CARRIED_OUT:
        yield solution
