"""Other policies for a problem whose first plan was not confirmed by its simulation."""

import math

import numpy as np

from ..belief import belief_model
from ..errors import ProblemError, SolveError
from ..planning import METHODS, solve_dynamic_programming, solve_replanning
from .simulated import simulated_cost


def alternatives(problem, tried: str, seed: int):
    """Solutions by other methods, those that refuse the problem left out: small grids and replanning."""
    if tried != METHODS["dynamic programming"] and has_small_grid(problem):
        yield from _attempt(solve_dynamic_programming, problem, seed)
    if tried != METHODS["replanning"]:
        yield from _attempt(solve_replanning, problem, seed)


def has_small_grid(problem) -> bool:
    """Whether dynamic programming takes seconds: one weight and one belief coordinate."""
    model = belief_model(problem)
    if problem.dimension > 1 or model.observation.is_exact:
        return False
    if model.kind == "tasks":
        return model.size == 2
    settles = math.isinf(problem.objective.horizon) and model.is_linear and model.observation.is_constant
    return settles and model.hidden_dimension == 1


def standing_still(problem, episodes, seed):
    """The simulated cost of u = 0."""
    return simulated_cost(
        problem,
        lambda theta, belief, time: np.zeros((len(theta), problem.controls)),
        method="standing still",
        episodes=episodes,
        seed=seed,
    )


def _attempt(method, problem, seed):
    try:
        solution = method(problem, seed=seed, throw=False)
    except (ProblemError, SolveError):
        return
    if solution.status.ok:
        yield solution
