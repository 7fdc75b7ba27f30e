"""Which method plans.

The solver with full information, exact LQG where it holds, numerical planning with beliefs
elsewhere.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...model.belief import TaskModel, belief_model, combination, unbounded, unobservable
from ...model.problem import ControlProblem
from ...support.arguments import Index, Kind, checked, declared
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError, SolveError, check_choice, check_options
from ..solution import Solution, Status
from ..transcription import Transcription
from .linear_model import NotLinearQuadratic
from .lqg import LQGSolution, solve_lqg
from .lqg_cost import METHOD_OF_BOUND, METHOD_OF_JUMPS
from .solution import BeliefSolution, delivered, with_message

if TYPE_CHECKING:
    from ..dynamic_programming.diffusive.result import GridPolicy
else:
    GridPolicy = object  # its module loads the grid solver, which few solves need

# where "auto" chooses the grid: a second at finite horizons
SMALL_GRID = {"points": 61, "steps": 60}
METHODS = {  # the names a user may ask for -> BeliefSolution.method
    "lqg": "exact LQG",
    "transcription": "belief-space transcription",
    "replanning": "replanning",
    "dynamic programming": "dynamic programming",
}


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GridSolution(BeliefSolution):
    """The policy of stochastic dynamic programming.

    ``grid``, a :class:`GridPolicy`, keeps the value function, the nodes and the error estimates.
    """

    grid: GridPolicy = field(repr=False)

    def _control(
        self,
        theta: np.ndarray,
        estimate: np.ndarray,
        covariance: np.ndarray | None,
        time: float,
    ) -> np.ndarray:
        belief = estimate if covariance is None else (estimate, covariance)
        return self.grid.policy(theta, belief, time)


@settings_kept
@checked
def solve(
    problem: ControlProblem,
    *,
    method: str | Transcription = "auto",
    throw: bool = True,
    **options: object,
) -> Solution | BeliefSolution:
    """The plan or policy as its method states it, not held against a simulation.

    It is :func:`landscape_control.solve` with ``confirm=False``, which describes the arguments, the
    result and what is raised.
    """
    if problem.is_known:
        return _solve_known(problem, method, throw, options)
    return delivered(planned(problem, check_method(method, options), options), throw)


def planned(problem: ControlProblem, method: str, options: Mapping) -> BeliefSolution:
    """The policy by a method that :func:`check_method` returned, whatever its status."""
    if method == "auto":
        return marked_unbounded(_solve_auto(problem, options))
    return marked_unbounded(_SOLVERS[method](problem, throw=False, **options))


def marked_unbounded(solution: BeliefSolution) -> BeliefSolution:
    """The solution, its status UNBOUNDED where a loss is known to outrun the effort.

    Such a plan is local at best.
    """
    why = unbounded(solution.problem) if solution.status.ok else ""
    if not why:
        return solution
    return replace(with_message(solution, why), status=Status.UNBOUNDED)


def check_method(method: object, options: Mapping[str, object]) -> str:
    """The short name of a method for hidden variables.

    Refuses a method that there is not, and options that it does not know.

    "auto" takes what transcription takes: exact LQG needs none of it, but whether it holds is known
    only later.
    """
    short_names = {long: name for name, long in METHODS.items()}
    short_names |= dict.fromkeys((METHOD_OF_BOUND, METHOD_OF_JUMPS), "lqg")
    if isinstance(method, str):
        method = short_names.get(method, method)
    chosen = check_choice("method", method, ("auto", *METHODS))
    whose = "hidden variables'" if chosen == "auto" else METHODS[chosen]
    known = _known_options(chosen)
    check_options(whose, dict(options), known)
    for name, value in options.items():  # also where exact LQG needs none of them
        known[name].read(name, value)
    return chosen


def _known_options(method: str) -> dict[str, Kind]:
    """{name: what it may be} of the options of a method."""
    from ..solver import Solver

    solver = declared(Solver)
    if method == "lqg":
        return {
            "tolerance": solver["tolerance"].kind,
            "seed": declared(solve_dynamic_programming)["seed"].kind,
        }
    if method == "dynamic programming":
        from ..dynamic_programming.diffusive.solve import solve_grid

        parameters = declared(solve_dynamic_programming) | declared(solve_grid)
    elif method == "replanning":
        from .replanning import solve_replanning

        parameters = solver | declared(solve_replanning)
    else:
        from .transcribed import solve_transcribed

        parameters = solver | declared(solve_transcribed)
    return {
        name: parameter.kind
        for name, parameter in parameters.items()
        if name not in ("problem", "method", "throw")
    }


def _solve_known(problem, method, throw, options):
    from ..solver import solve as solve_known  # imported when it is needed

    if isinstance(method, str) and method in {*METHODS, *METHODS.values()}:
        raise ProblemError(
            "method",
            expected="hidden variables, for a method that plans with beliefs",
            received=f"{method!r} and a landscape that is known",
            advice="leave method='auto'",
        )
    return solve_known(problem, method=method, throw=throw, **options)


def _solve_auto(problem, options):
    """Exact LQG, or what comes next with the reason why not in its message.

    Next is dynamic programming where it takes a second or two and a transcribed plan would see no
    value in information: for one weight and two tasks, unless options ask for the transcription.
    """
    common = _known_options("lqg")
    try:
        return solve_exact_lqg(
            problem, **{name: options[name] for name in common if name in options}
        )
    except NotLinearQuadratic as refusal:
        solution = None
        is_for_grid = problem.landscape.hidden.is_finite and set(options) <= set(common)
        if is_for_grid and has_small_grid(problem):
            solution = solve_dynamic_programming(problem, throw=False, **SMALL_GRID, **options)
        if solution is None or not solution.status.ok:
            solution = _solve_transcribed(problem, throw=False, **options)
        reason = f"not exact LQG, which needs {refusal.expected}; received {refusal.received}"
        return with_message(solution, reason)


def has_small_grid(problem: ControlProblem) -> bool:
    """Whether dynamic programming takes a second or two: one weight and one belief coordinate."""
    model, objective = belief_model(problem), problem.objective
    endless = math.isinf(objective.horizon)
    if problem.dimension > 1 or model.observation.is_exact or (endless and objective.discount == 0):
        return False
    if isinstance(model, TaskModel):
        return model.size == 2
    # the steady covariance is left out of the coordinates, which needs a filter that settles
    settles = endless and model.is_linear and model.observation.is_constant
    return settles and model.hidden_dimension == 1


def solve_exact_lqg(
    problem: ControlProblem, *, throw: bool = True, **options: object
) -> LQGSolution:
    """:func:`solve_lqg`, with the options of every method (tolerance, seed): it needs none."""
    check_options("exact LQG", options, _known_options("lqg"))
    return solve_lqg(problem)


def _solve_transcribed(problem, **options):
    from .transcribed import solve_transcribed

    return _naming_unseen(problem, solve_transcribed(problem, **options))


def _solve_replanning(problem, **options):
    from .replanning import solve_replanning

    return _naming_unseen(problem, solve_replanning(problem, **options))


def _naming_unseen(problem, solution):
    """The solution, its message naming the hidden variables that no observation shows.

    Exact LQG does so itself.
    """
    rows = unobservable(problem)
    if not len(rows):
        return solution
    if problem.landscape.hidden.is_finite:
        # every row is a difference of two indicators
        pairs = (np.flatnonzero(np.abs(row) > 1e-9) for row in rows)
        unseen = ", ".join(f"{i} and {j}" for i, j in pairs)
        return with_message(solution, f"tasks that look the same everywhere: {unseen}")
    unseen = ", ".join(combination(row) for row in rows)
    return with_message(solution, f"no observation shows {unseen}")


@checked
def solve_dynamic_programming(
    problem: ControlProblem,
    *,
    throw: bool = True,
    seed: Index = 0,
    **options: object,
) -> GridSolution:
    """Stochastic dynamic programming on a grid of (θ, belief).

    See :func:`~landscape_control.stochastic.solve_grid`.

    ``options`` are those of ``solve_grid``: points, box, margin, order, tolerance, accuracy,
    covariance, steps. Nothing in it is random; ``seed`` is taken so that methods can be exchanged.

    Raises
    ------
    ProblemError
        What ``solve_grid`` refuses: more than three dimensions, T = ∞ without discount, …
    SolveError
        If the grid is too coarse, the box is left, or the iteration did not settle, and ``throw``
        is true.
    """
    check_options("dynamic programming", options, _known_options("dynamic programming"))
    from ..dynamic_programming.diffusive.solve import solve_grid

    settings: dict[str, Any] = options  # checked by solve_grid itself
    grid = solve_grid(problem, **settings)
    solution = GridSolution(
        cost=grid.cost,
        status=grid.status,
        method=METHODS["dynamic programming"],
        assumes=grid.assumes,
        message=grid.message,
        problem=problem,
        grid=grid,
    )
    if throw and not solution.status.ok:
        raise SolveError(solution.message, solution)
    return solution


_SOLVERS: Mapping[str, Callable[..., BeliefSolution]] = {
    "lqg": solve_exact_lqg,
    "transcription": _solve_transcribed,
    "replanning": _solve_replanning,
    "dynamic programming": solve_dynamic_programming,
}
