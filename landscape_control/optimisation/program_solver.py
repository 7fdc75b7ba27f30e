"""ProgramSolver: what the solvers of policy programs have in common, and its one ``solve``."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from ..planning.solver import SECONDS, SolveClock
from ..support.arguments import Duration, Index, Positive, checked, declared
from ..support.errors import ProblemError, SolveError, SolveInterrupted, check_options
from ..support.side_by_side import Asking, driven
from .program import PolicyProgram
from .program_numbers import with_numbers
from .progress import PROGRESS, Reports
from .result import PolicyResult
from .search_options import SearchOptions
from .stages.costs import answered
from .status import PolicyStatus


@checked
class ProgramSolver:
    """Optimises one family for one horizon, built once and solved again for other numbers.

    Those are noise, sees, cost, and the numbers of the objective and of the task.
    :class:`PolicySolver` does so by exact moments, :class:`ScenarioSolver` by drawn scenarios.

    Parameters
    ----------
    program : PolicyProgram
    tolerance : float, relative to the cost
    time_limit : float, seconds of one solve

    Attributes
    ----------
    build_seconds : float, time spent building so far
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.program.family.name}, T = {self.program.steps})"

    def __init__(
        self,
        program: PolicyProgram,
        *,
        tolerance: Positive = 1e-6,
        time_limit: Duration = SECONDS,
    ):
        self.program = program
        self.tolerance, self.time_limit = tolerance, time_limit

    @property
    def build_seconds(self) -> float:
        """Time spent building so far."""
        return 0.0

    def __reduce__(self) -> NoReturn:
        kind = type(self).__name__
        raise ProblemError(
            kind,
            expected="something that can be copied or pickled",
            received=f"a {kind}, which holds compiled functions",
            advice=(
                "copy or pickle its program (or use program.save and landscape_control.load), and"
                f" build another {kind} of it where it is needed"
            ),
        )

    @checked
    def changed(self, **numbers: object) -> PolicyProgram:
        """The program with other numbers: noise, sees, cost, those of the objective.

        For random quadratics those of the task too.
        """
        return with_numbers(self.program, numbers, caller=f"{type(self).__name__}.solve")

    @checked
    def solve(
        self,
        *,
        guess: object = None,
        starts: Index = SearchOptions.starts,
        seed: Index = SearchOptions.seed,
        fixed: object = None,
        within: object = None,
        throw: bool = True,
        progress: PROGRESS = None,
        **numbers: object,
    ) -> PolicyResult:
        """Optimise for these numbers without rebuilding; ``numbers`` as in :meth:`changed`.

        By exact moments: from ``starts`` fresh points and ``guess``; where most disagree, rounds of
        half as many follow near the best (rules with few coefficients), until one finds nothing
        better.

        By scenarios: from these points on half the scenarios; then on ``scenarios`` fresh ones, and
        on twice as many, from the optima of the set before, until held-out scenarios say that the
        gap is closed. All random numbers follow from ``seed``: whatever else changes, the same
        scenarios are met. A family that contains simpler ones starts from their best member too,
        and is compared with it episode by episode on unseen scenarios, more of them until it is
        decided which costs less or the difference is within the tolerance; the one that costs less
        is returned. ``compared`` and the status FELL_BACK say so.

        Parameters
        ----------
        guess : None, {name: value} or PolicyResult, optimised from as well
        starts : int, fresh starting points; 0 trusts the guess
        seed : int, of the starts and of the scenarios
        fixed : {name: value} of coefficients held where they are, e.g. {"momentum": 0.0} for
            gradient descent
        within : {name: (low, high)}, narrower ranges of coefficients, e.g.
            {"momentum": (0.0, 1.0)}
        throw : whether a solve that fails raises SolveError (its ``solution`` is the result) or
            returns with its status
        progress : called with a :class:`PolicyProgress` whenever there is news of the best so far,
            of this program or of one that leads to it: after every run, by stages after every
            iteration

        Raises ProblemError for numbers that cannot be used, SolveError as said (with no solution
        where the rule diverges from every start), and on Ctrl-C SolveInterrupted, a
        KeyboardInterrupt whose ``solution`` is the best result so far (None before the first run of
        the optimiser). By scenarios, neither a gap that stays open, nor a cost that is known to
        less than the tolerance, nor a descent over the weights of a network that runs out of
        iterations is a failure: the result says so in its status and its errors.
        """
        program = self.changed(**numbers)
        options = SearchOptions(
            guess=guess,
            starts=starts,
            seed=seed,
            fixed=fixed,
            within=within,
            tell=Reports(progress=progress),
        )
        return driven(self.solving(program, options, throw=throw), answered)

    @checked
    def solving(
        self,
        program: PolicyProgram,
        options: SearchOptions,
        *,
        throw: bool = False,
        seconds: float | None = None,
    ) -> Asking[PolicyResult]:
        """The same for a program with other numbers, as a computation that may go on beside others.

        It has ``seconds``, None for the time limit of the solver.
        """
        began, built = time.perf_counter(), self.build_seconds
        clock = SolveClock(limit=self.time_limit if seconds is None else seconds)
        try:
            result = yield from self._searching(program, options, clock)
        except KeyboardInterrupt as stop:  # before there was anything, or again
            raise SolveInterrupted(PolicyStatus.INTERRUPTED.value, solution=None) from stop
        spent = time.perf_counter() - began - (self.build_seconds - built)
        result = replace(result, build_seconds=self.build_seconds, solve_seconds=spent)
        ending = f"{result.status.value} ({result.message})"
        if clock.interrupted:
            raise SolveInterrupted(ending, solution=result)
        if throw and self._has_failed(program, result.status):
            raise SolveError(ending, solution=result)
        return result

    def _searching(
        self, program: PolicyProgram, options: SearchOptions, clock: SolveClock
    ) -> Asking[PolicyResult]:
        """The best result that there is when the search or the clock ends; times left blank.

        Raises KeyboardInterrupt where there is none.
        """
        raise NotImplementedError

    def _has_failed(self, program: PolicyProgram, status: PolicyStatus) -> bool:
        """Whether a solve with this status raises."""
        return not status.ok


def solved_beside(
    solver: ProgramSolver, program: PolicyProgram, options: SearchOptions, clock: SolveClock
) -> Asking[PolicyResult | None]:
    """The result of a solve that helps with another one, whose ``clock`` learns of interruptions.

    It has half of the time left. After one of these the best so far, None where there is none.
    """
    try:
        seconds = clock.seconds_for_part(0.5)
        return (yield from solver.solving(program, options, seconds=seconds))
    except SolveInterrupted as stop:
        clock.interrupt()
        return stop.solution


def solve_once(
    kind: type[ProgramSolver], program: PolicyProgram, options: Mapping[str, object]
) -> PolicyResult:
    """Build a solver of this kind and solve once; every option goes to the signature that has it.

    Raises ProblemError for options that neither has.
    """
    building = [name for name in declared(kind) if name != "program"]
    solving = [*declared(kind.solve), "sees", "cost"]
    check_options("optimize_policy", dict(options), (*building, *solving))
    # of any kind: the signatures that they go to hold them against their own annotations
    to_build: dict[str, Any] = {name: options[name] for name in options if name in building}
    to_solve: dict[str, Any] = {name: options[name] for name in options if name not in building}
    return kind(program, **to_build).solve(**to_solve)
