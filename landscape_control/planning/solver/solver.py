"""Solver: built once per problem structure, solved many times; and ``solve`` for one time only."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal, NoReturn, Unpack

import numpy as np

from ...model.problem import ControlProblem
from ...support.arguments import Count, Duration, Index, Positive, checked
from ...support.arrays import whole
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError, SolveError, SolveInterrupted
from ...support.pointwise import LOCK
from ..certificate.action_variation import is_convex
from ..solution import Plan, Solution, Status
from ..transcription import Collocation, DiscretisedAction, MultipleShooting, Transcription
from .another_way import another_way
from .buffers import is_interruption
from .clock import running_clock
from .evidence import with_evidence
from .fatrop_guards import comes_back
from .guess import AnyGuess, Guess, read_guess
from .guesses import default_guesses
from .plan_search import PlanSearch
from .plans import distinct, with_basin
from .search_summary import search_in_words
from .signatures import Method, ProblemNumbers, SolverOptions, Starts
from .subproblem import CompiledPrograms
from .surveys import Surveys
from .targets import MOST_AIMS

METHODS: dict[str, type[Transcription]] = {
    "action": DiscretisedAction,
    "collocation": Collocation,
    "shooting": MultipleShooting,
}
MOST_PARAMETERS = 2000  # eigenvalues of a Hessian take seconds there, and are needed many times
# beyond this many parameters IPOPT on the condensed program is faster (scripts/benchmark.py)
FATROP_DIMENSION = 12


@checked
class Solver:
    """Optimal plans of one problem structure, whose numbers may change from solve to solve.

    Parameters
    ----------
    problem : ControlProblem
    method : "auto", "action", "collocation", "shooting", or a Transcription object with its own
    options
        "auto" takes the discretised action where B is square and invertible, else collocation.
    solver : "auto", "fatrop" or "ipopt"
        "auto" takes Fatrop up to twelve parameters, IPOPT beyond, for shooting, and where the
        problem's functions may be singular somewhere (``Model.is_total``). The choice is recorded
        in the solution. Where Fatrop fails under "auto", or might never return (see
        ``fatrop_guards``), IPOPT solves from the same guess, and the plan's message says so.
    tolerance : float
        Accepted cost error, relative to ∫ e^{-γt}(effort + k|L|) dt + |terminal|. Late parts of a
        discounted plan weigh e^{-γt} in it and are less accurate by as much; ask for a higher
        degree where they matter.
    max_elements : int
        Cap of the mesh refinement; hitting it is reported by the status.
    max_doublings : int
        Cap on doubling the computational horizon of infinite-horizon problems.
    time_limit : float
        Seconds that one solve may take. It is looked at between runs of the optimiser and, with
        IPOPT, in each of them; what was found by then is returned with the status TIME_LIMIT.
    options : dict
        Passed to the optimiser under its own option names, e.g. {"max_iter": 1000}.
    keep_log : bool
        Keep the optimiser's log in ``solution.log``.
    """

    def __repr__(self) -> str:
        return f"Solver({self.problem!r})"

    def __init__(
        self,
        problem: ControlProblem,
        *,
        method: Method | Transcription = "auto",
        solver: Literal["auto", "fatrop", "ipopt"] = "auto",
        tolerance: Positive = 1e-6,
        max_elements: Count = 256,
        max_doublings: Count = 8,
        time_limit: Duration = 600.0,
        options: Mapping[str, object] | None = None,
        keep_log: bool = False,
    ) -> None:
        if not problem.is_known:
            raise ProblemError(
                "problem",
                expected="a landscape without hidden variables",
                received="hidden variables",
                advice=(
                    "use landscape_control.solve, which plans with beliefs, or"
                    " problem.known(values)"
                ),
            )
        whole("dimension of the problem", problem.dimension, high=MOST_PARAMETERS)
        self.problem = problem
        self.tolerance = tolerance
        self.max_elements = max_elements
        self.max_doublings = max_doublings
        self.time_limit = time_limit
        transcription = _choose_method(problem, method)
        rescue = solver == "auto"
        if solver == "auto":
            solver = _choose_solver(problem, transcription)
        self.programs = CompiledPrograms(
            transcription=transcription,
            plugin=solver,
            options=dict(options or {}),
            keep_log=keep_log,
            layouts={},
            rescue=rescue,
        )
        self._plan_search = PlanSearch(
            programs=self.programs,
            tolerance=tolerance,
            max_elements=max_elements,
            max_doublings=max_doublings,
        )
        self.surveys = Surveys(problem)

    def __reduce__(self) -> NoReturn:
        raise ProblemError(
            "Solver",
            expected="something that can be copied or pickled",
            received="a Solver, which holds compiled functions",
            advice=(
                "copy or pickle solver.problem (or use its save and landscape_control.load), and"
                " build another Solver of it where it is needed"
            ),
        )

    @checked
    def solve(
        self,
        *,
        guess: AnyGuess = None,
        starts: Starts | None = None,
        seed: Index = 0,
        throw: bool = True,
        **numbers: Unpack[ProblemNumbers],
    ) -> Solution:
        """Solve with other numbers, such as ``horizon=2.0``; see :class:`ProblemNumbers`.

        ``guess`` (see ``read_guess``) gives one start; without it, or with ``starts``, the seeded
        multi-start is used.

        Raises
        ------
        SolveError
            If the best plan's status is not converged and ``throw`` is true; its ``solution`` keeps
            the iterate.
        SolveInterrupted
            On Ctrl-C, which is noticed everywhere; its ``solution`` keeps the best complete plan,
            if there is one yet.
        """
        # CasADi is not thread-safe; use processes to solve in parallel
        with LOCK, running_clock(self.time_limit) as watch:
            began = time.perf_counter()
            built = self.programs.build_seconds
            problem = self.numbered(numbers)
            # what is known so far, also where the solve is interrupted
            minima = np.empty((0, problem.dimension))
            guesses: list[Guess] = []
            describe: Callable[[], str] | None = None

            def assembled(plans: list[Plan]) -> Solution:
                building = self.programs.build_seconds - built
                return Solution(
                    plans=tuple(with_basin(problem, plan, minima) for plan in plans),
                    tolerance=self.tolerance,
                    method=self.programs.transcription.name,
                    solver=self.programs.plugin,
                    starts=len(guesses),
                    build_seconds=building,
                    solve_seconds=time.perf_counter() - began - building,
                    problem=problem,
                    is_convex=is_convex(problem.model),
                    _describe_search=describe,
                )

            try:
                # whoever asks for many starts asks for ends beyond those that are declared
                trusting = starts is None or starts <= MOST_AIMS
                places = self.surveys.of(problem, seed, trusting=trusting)
                minima = places.minima
                if guess is not None:
                    asked = read_guess(problem, guess, _finite_horizon(problem))
                    guesses.append(replace(asked, is_asked_for=True))
                if guess is None or starts is not None:
                    ours = default_guesses(problem, places, starts, seed)
                    if starts is None:
                        ours = ours + another_way(problem, places)
                    guesses += ours
                    describe = partial(search_in_words, problem, places, ours)
                found = self._plan_search.plans(problem, guesses, minima)
                found += self._plan_search.off_saddles(problem, found, minima)
                if guess is None and starts is None:
                    found += self._plan_search.beside_best(problem, found, guesses, minima, seed)
                kept = [plan for plan, _ in distinct(found)]
                plans = with_evidence(problem, kept, found, self.tolerance)
            except (KeyboardInterrupt, SystemError) as error:
                if not is_interruption(error):
                    raise
                raise _interrupted(watch.plans, assembled) from None
            if watch.ran_out and plans[0].status.ok:
                plans[0] = replace(
                    plans[0], message="the time limit was reached before every start was tried"
                )
            solution = assembled(plans)
            if throw and not solution.status.ok:
                raise SolveError(f"{solution.status.value}. {solution.message}".rstrip(), solution)
            return solution

    def numbered(self, numbers: ProblemNumbers) -> ControlProblem:
        """The problem with other numbers, of the same structure."""
        if not numbers:
            return self.problem
        has_end = self.problem.end is not None
        if "end" in numbers and (numbers["end"] is not None) != has_end:
            raise ProblemError(
                "end",
                expected=(
                    "the same kind of end (fixed or free) as the problem this Solver was built for"
                ),
                received="the other kind",
                advice="build another Solver for it",
            )
        return self.problem.changed(**numbers)


@settings_kept
@checked
def solve(
    problem: ControlProblem,
    *,
    tolerance: Positive = 1e-6,
    seed: Index = 0,
    starts: Starts | None = None,
    guess: AnyGuess = None,
    throw: bool = True,
    **options: Unpack[SolverOptions],
) -> Solution:
    """Build a :class:`Solver` and solve once, from the seeded multi-start or from ``guess``.

    ``options`` are those of :class:`Solver`: method, solver, max_elements, max_doublings,
    time_limit, options, keep_log.
    """
    return Solver(problem, tolerance=tolerance, **options).solve(
        guess=guess, starts=starts, seed=seed, throw=throw
    )


def _interrupted(
    plans: list[Plan], assembled: Callable[[list[Plan]], Solution]
) -> SolveInterrupted:
    """What Ctrl-C raises: the complete plans so far, best first, none of them final."""
    if not plans:
        return SolveInterrupted("interrupted; no plan was complete", None)
    usable = [replace(plan, status=Status.INTERRUPTED) for plan, _ in distinct(plans)]
    message = f"interrupted; the best so far costs {usable[0].cost:.8g}"
    return SolveInterrupted(message, assembled(usable))


def _choose_method(problem: ControlProblem, method: Method | Transcription) -> Transcription:
    if isinstance(method, Transcription):
        chosen = method
    elif method == "auto":
        chosen = DiscretisedAction() if problem.model.is_invertible else Collocation()
    else:
        chosen = METHODS[method]()
    reason = chosen.accepts(problem.model)
    if reason:
        raise ProblemError(
            "method",
            expected="a transcription that can represent the problem",
            received=f"{chosen.name}: {reason}",
            advice="use method='collocation' or method='shooting'",
        )
    return chosen


def _choose_solver(
    problem: ControlProblem, transcription: Transcription
) -> Literal["fatrop", "ipopt"]:
    """Fatrop where it is faster and sure to return."""
    is_small = problem.dimension <= FATROP_DIMENSION
    if not is_small or isinstance(transcription, MultipleShooting):
        return "ipopt"
    returns = comes_back(problem, transcription, _finite_horizon(problem))
    return "fatrop" if returns and problem.model.is_total else "ipopt"


def _finite_horizon(problem: ControlProblem) -> float:
    """The horizon that guesses in time are read on; 1 for an infinite one."""
    horizon = problem.objective.horizon
    return horizon if math.isfinite(horizon) else 1.0
