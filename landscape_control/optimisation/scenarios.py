"""ScenarioSolver: the best rule on drawn scenarios, judged on others."""

import time

from ..planning.solver import SECONDS, BoundedOptimiser, SolveClock
from ..support.arguments import Count, Duration, Index, Positive, checked
from ..support.arrays import whole
from ..support.errors import ProblemError
from ..support.side_by_side import Asking, driven, known
from .policy_solver import PolicySolver, has_moments
from .program import PolicyProgram
from .program_solver import ProgramSolver, solve_once, solved_beside
from .programs import ScenarioProgram, check_separate
from .progress import Reports
from .result import PolicyResult
from .scenario_judgement import HELD_OUT_BLOCKS
from .scenario_result import ScenarioResult
from .scenario_round import BLOCKS, CompiledScenarios
from .scenario_search import ScenarioSearch
from .scenario_sets import counts, depends_on_state, scenes
from .search_options import SearchOptions
from .stages.costs import answered
from .status import PolicyStatus

# no failures: the result says how far it is to be trusted
USABLE = (PolicyStatus.CONVERGED, PolicyStatus.OPTIMISM, PolicyStatus.FELL_BACK)
# nor are these for the weights of a network, as whose descents often end so
UNFINISHED = (PolicyStatus.ITERATION_LIMIT, PolicyStatus.NOT_STATIONARY)
# averages of bent paths: adaptive barriers wander
OPTIMISER = {"tol": 1e-8, "max_iter": 200, "mu_strategy": "monotone"}


@checked
class ScenarioSolver(ProgramSolver):
    """Optimises one family for one horizon and population over drawn scenarios.

    Built once per number of scenarios. Noise, prices, discount, kind of cost, spectrum, starts and
    seeds are numbers of each solve.

    Parameters
    ----------
    program : PolicyProgram
    scenarios : int, fitted to at first (rounded to whole pairs in every block); the first look
        takes half of them
    most_scenarios : int, where adding scenarios stops
    held_out : int, scenarios that the rule is judged on; up to 100 times as many where the error of
        the cost needs them
    tolerance : float, allowed optimism, its two standard errors included, and two standard errors
        of the cost: over the cost less the least that it could be, the ``scale`` of the result
    time_limit : float, seconds of one solve; the best so far is returned then, with status
        TIME_LIMIT

    Attributes
    ----------
    build_seconds : float, time spent building so far
    """

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
        check_separate(program)
        super().__init__(program, tolerance=tolerance, time_limit=time_limit)
        self.scenarios = whole("scenarios", scenarios, low=2 * BLOCKS)
        self.most_scenarios = whole("most_scenarios", most_scenarios, low=self.scenarios)
        self.held_out = whole("held_out", held_out, low=2 * HELD_OUT_BLOCKS)
        self._build_seconds = 0.0
        self._compiled: dict[tuple[int, ...], CompiledScenarios] = {}
        self.compiled(program, self.scenarios)

    @property
    def build_seconds(self) -> float:
        """Time spent building so far."""
        return self._build_seconds

    @checked
    def changed(self, **numbers: object) -> PolicyProgram:
        """The program with other numbers: noise, sees, cost, those of the objective.

        For random quadratics those of the task too.
        """
        program = super().changed(**numbers)
        before, after = self.program.sees, program.sees
        if before is not after and (depends_on_state(before) or depends_on_state(after)):
            raise ProblemError(
                "sees",
                expected="the noise formula it was built with",
                received="another formula",
                advice=(
                    "make a new ScenarioSolver: noise that depends on the state is part of the"
                    " program"
                ),
            )
        return program

    def _searching(
        self, program: PolicyProgram, options: SearchOptions, clock: SolveClock
    ) -> Asking[ScenarioResult]:
        return known(ScenarioSearch(self, program, options, clock).run())

    def _has_failed(self, program: PolicyProgram, status: PolicyStatus) -> bool:
        if status in USABLE:
            return False
        is_network = any(coefficient.size > 1 for coefficient in program.family.coefficients)
        return not (is_network and status in UNFINISHED)

    @checked
    def solve_contained(
        self,
        program: PolicyProgram,
        *,
        starts: Index,
        seed: Index,
        clock: SolveClock,
        tell: Reports,
    ) -> PolicyResult | None:
        """The best member of a simpler family as it is found by itself, in half the time left.

        By exact moments where there are any, else by scenarios like these. None where the user
        stopped it before there was any.
        """
        if has_moments(program):
            exact = PolicySolver(program)
            beside = solved_beside(exact, program, SearchOptions(seed=seed, tell=tell), clock)
            return driven(beside, answered)
        solver = ScenarioSolver(
            program,
            scenarios=self.scenarios,
            most_scenarios=self.most_scenarios,
            held_out=self.held_out,
            tolerance=self.tolerance,
        )
        options = SearchOptions(starts=starts, seed=seed, tell=tell)
        return driven(solved_beside(solver, program, options, clock), answered)

    def compiled(self, program: PolicyProgram, count: int) -> CompiledScenarios:
        """The program and its optimiser for about ``count`` scenarios; built once."""
        sizes = counts(program, count, BLOCKS)
        if sizes not in self._compiled:
            began = time.perf_counter()
            self._compiled[sizes] = _built(program, sizes)
            self._build_seconds += time.perf_counter() - began
        return self._compiled[sizes]


def solve_scenarios(program: PolicyProgram, **options: object) -> PolicyResult:
    """Optimise a program once by scenarios.

    ``options`` are those of :class:`ScenarioSolver` and of its ``solve``.
    """
    return solve_once(ScenarioSolver, program, options)


def _built(program: PolicyProgram, sizes: tuple[int, ...]) -> CompiledScenarios:
    built = ScenarioProgram(
        family=program.family,
        horizon=program.steps,
        scenes=scenes(program),
        counts=sizes,
        positive=program.task.is_quadratic,
    )
    optimiser = None
    if built.curvature is not None:
        optimiser = BoundedOptimiser(
            nlp=built.nlp, hessian="exact", derivatives=built.derivatives, options=OPTIMISER
        )
    return CompiledScenarios(program=built, optimiser=optimiser)
