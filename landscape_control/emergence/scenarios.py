"""ScenarioSolver: the best rule on drawn scenarios, judged on others; scenarios are added until
both agree.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from ..arguments import Count, Duration, Index, Positive, checked, option_names
from ..arrays import number, whole
from ..errors import ProblemError, SolveError, SolveInterrupted, check_options
from ..policies import PolicyProgram
from ..solver.limits import SECONDS, Limit, time_limit_of
from ..solver.policies import PolicyOptimiser, PolicyStatus
from ..transcription.scenarios import ScenarioProgram
from .renumber import renumbered
from .scenario_result import ScenarioResult
from .scenario_round import BLOCKS
from .scenario_search import HELD_OUT_BLOCKS, Search
from .scenario_sets import counts, scenes

UNFINISHED = (
    PolicyStatus.ITERATION_LIMIT,
    PolicyStatus.NOT_STATIONARY,
)  # as descents over weights of a network often are
OPTIMISER = {
    "tol": 1e-8,
    "max_iter": 200,
    "mu_strategy": "monotone",
}  # averages of bent paths: adaptive barriers wander


@checked
class ScenarioSolver:
    """Optimises one family for one horizon and population over drawn scenarios; built once per
    number of scenarios.

    Noise, prices, discount, kind of cost, spectrum, starts and seeds are numbers of each solve.

    Parameters
    ----------
    program : PolicyProgram
    scenarios : int, fitted to at first (rounded to whole pairs in every block); the first look
    takes half of them most_scenarios : int, where adding scenarios stops held_out : int, scenarios
    that the rule is judged on; up to 100 times as many where the error of the cost needs them
    tolerance : float, allowed optimism, its two standard errors included, and two standard errors
    of the cost: over the cost
        less the least that it could be, the ``scale`` of the result
    time_limit : float, seconds of one solve; the best so far is returned then, with status
    TIME_LIMIT

    Attributes
    ----------
    build_seconds : float, time spent building so far
    """

    @checked
    def __init__(
        self,
        program: PolicyProgram,
        *,
        scenarios: Count = 200,
        most_scenarios: Count = 6400,
        held_out: Count = 4000,
        tolerance: Positive = 0.01,
        time_limit: Duration = SECONDS,
    ):
        self.program = program
        self.scenarios = whole("scenarios", scenarios, low=2 * BLOCKS)
        self.most_scenarios = whole("most_scenarios", most_scenarios, low=self.scenarios)
        self.held_out = whole("held_out", held_out, low=2 * HELD_OUT_BLOCKS)
        self.tolerance = number("tolerance", tolerance, low=0, low_open=True)
        self.time_limit = time_limit_of(time_limit)
        self.build_seconds = 0.0
        self._compiled: dict = {}
        self.compiled(program, self.scenarios)

    @checked
    def changed(self, **numbers: object) -> PolicyProgram:
        """The program with other numbers: noise, sees, cost, those of the objective and, for random
        quadratics, the task.
        """
        program = self.program
        found = renumbered(program, numbers, caller="ScenarioSolver.solve")
        if any(
            callable(getattr(one.sees, "noise", None)) and one.sees is not other.sees
            for one, other in ((found, program), (program, found))
        ):
            raise ProblemError(
                "sees",
                expected="the noise formula it was built with",
                received="another formula",
                advice=(
                    "make a new ScenarioSolver: noise that depends on the state is part of the"
                    " program"
                ),
            )
        return found

    @checked
    def solve(
        self,
        *,
        guess: object = None,
        starts: Index = 8,
        seed: Index = 0,
        fixed: object = None,
        within: object = None,
        throw: bool = True,
        **numbers: object,
    ) -> ScenarioResult:
        """Optimise for these numbers; ``numbers`` as in :meth:`changed`, ``fixed`` and ``within``
        as in PolicySolver.solve.

        From ``starts`` points (and ``guess``) on half the scenarios; then on ``scenarios`` fresh
        ones, and on twice as many, from the optima of the set before, until held-out scenarios say
        that the gap is closed. All random numbers follow from ``seed``: whatever else changes, the
        same scenarios are met.

        Raises ProblemError for numbers that cannot be used, SolveError (its ``solution`` is the
        result, or None) when the rule diverges from every start or the optimiser fails, unless
        ``throw`` is False. A gap that stays open, and a cost that is known to less than the
        tolerance, are no failure: the result says so in its status, OPTIMISM, and its errors. A
        family that contains simpler ones starts from their best member too, and is compared with it
        episode by episode on unseen scenarios, more of them until it is decided which costs less or
        the difference is within the tolerance; the one that costs less is returned. ``compared``
        and the status FELL_BACK say so. Nor is a descent over the weights of a network that runs
        out of iterations a failure.

        On Ctrl-C raises SolveInterrupted, a KeyboardInterrupt whose ``solution`` is the best result
        so far, or None.
        """
        program, began, built = self.changed(**numbers), time.perf_counter(), self.build_seconds
        limit = Limit(seconds=self.time_limit)
        try:
            result = Search(self, program, seed, fixed, within, limit).run(
                guess, whole("starts", starts, low=0)
            )
        except KeyboardInterrupt as stop:  # before there was anything, or again
            raise SolveInterrupted(PolicyStatus.INTERRUPTED.value, solution=None) from stop
        spent = time.perf_counter() - began - (self.build_seconds - built)
        result = replace(result, build_seconds=self.build_seconds, solve_seconds=spent)
        if limit.interrupted:
            raise SolveInterrupted(f"{result.status.value} ({result.message})", solution=result)
        good = result.status in (
            PolicyStatus.CONVERGED,
            PolicyStatus.OPTIMISM,
            PolicyStatus.FELL_BACK,
        )
        network = any(one.size > 1 for one in program.family.coefficients)
        if throw and not good and not (network and result.status in UNFINISHED):
            raise SolveError(f"{result.status.value} ({result.message})", solution=result)
        return result

    def compiled(
        self, program: PolicyProgram, count: int
    ) -> tuple[ScenarioProgram, PolicyOptimiser | None]:
        """The program, and IPOPT on it where it has a Hessian, for about ``count`` scenarios; built
        once.
        """
        sizes = counts(program, count, BLOCKS)
        if sizes not in self._compiled:
            began = time.perf_counter()
            built = ScenarioProgram(
                family=program.family,
                horizon=program.steps,
                scenes=scenes(program),
                counts=sizes,
                positive=program.task.is_quadratic,
            )
            optimiser = (
                None
                if built.curvature is None
                else PolicyOptimiser(
                    nlp=built.nlp, hessian="exact", derivatives=built.derivatives, options=OPTIMISER
                )
            )
            self._compiled[sizes] = built, optimiser
            self.build_seconds += time.perf_counter() - began
        return self._compiled[sizes]


def solve_scenarios(
    program: PolicyProgram,
    *,
    starts: int = 8,
    seed: int = 0,
    guess=None,
    fixed: Mapping | None = None,
    within: Mapping | None = None,
    throw: bool = True,
    **options,
) -> ScenarioResult:
    """Optimise a program once by scenarios; ``options`` of :class:`ScenarioSolver`, the rest of its
    ``solve``.
    """
    check_options("scenario program", options, (*option_names(ScenarioSolver), "fixed", "within"))
    return ScenarioSolver(program, **options).solve(
        guess=guess, starts=starts, seed=seed, fixed=fixed, within=within, throw=throw
    )
