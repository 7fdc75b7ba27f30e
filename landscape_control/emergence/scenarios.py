"""ScenarioSolver: the best rule on drawn scenarios, judged on others; scenarios are added until both agree."""

import time
from collections.abc import Mapping
from dataclasses import replace

from ..arrays import number, whole
from ..errors import ProblemError, SolveError, check_options
from ..policies import PolicyProgram
from ..sees import ExactGradient, NoisyGradient
from ..solver.policies import PolicyOptimiser
from ..transcription.scenarios import ScenarioProgram
from .scenario_search import BLOCKS, HELD_OUT_BLOCKS, ScenarioResult, Search
from .scenario_sets import counts, scenes

OBJECTIVE = ("discount", "learning_rate", "loss_weight", "terminal_weight")
OPTIMISER = {"tol": 1e-8, "max_iter": 200, "mu_strategy": "monotone"}  # averages of bent paths: adaptive barriers wander
TASK = ("curvatures", "start_variance", "start_mean", "minimum")


class ScenarioSolver:
    """Optimises one family for one horizon and population over drawn scenarios; built once per number of scenarios.

    Noise, prices, discount, kind of cost, spectrum, starts and seeds are numbers of each solve.

    Parameters
    ----------
    program : PolicyProgram
    scenarios : int, fitted to at first (rounded to whole pairs in every block); the first look takes half of them
    most_scenarios : int, where adding scenarios stops
    held_out : int, scenarios that the rule is judged on
    tolerance : float, allowed optimism over the cost, its two standard errors included

    Attributes
    ----------
    build_seconds : float, time spent building so far
    """

    def __init__(self, program: PolicyProgram, *, scenarios: int = 200, most_scenarios: int = 1600, held_out: int = 4000,
                 tolerance: float = 0.01):
        self.program = program
        self.scenarios = whole("scenarios", scenarios, low=2 * BLOCKS)
        self.most_scenarios = whole("most_scenarios", most_scenarios, low=self.scenarios)
        self.held_out = whole("held_out", held_out, low=2 * HELD_OUT_BLOCKS)
        self.tolerance = number("tolerance", tolerance, low=0, low_open=True)
        self.build_seconds = 0.0
        self._compiled: dict = {}
        self.compiled(program, self.scenarios)

    def changed(self, **numbers) -> PolicyProgram:
        """The program with other numbers: noise, sees, cost, those of the objective and, for random quadratics, the task."""
        program = self.program
        check_options("ScenarioSolver.solve", numbers, ("noise", "sees", "cost", *OBJECTIVE, *TASK))
        objective = replace(program.objective, **{name: numbers[name] for name in OBJECTIVE if name in numbers})
        task = replace(program.task, **{name: numbers[name] for name in TASK if name in numbers})
        sees = numbers.get("sees", program.sees)
        if "noise" in numbers:
            scale = number("noise", numbers["noise"], low=0)
            plain = NoisyGradient(scale) if scale > 0 else ExactGradient()
            sees = replace(sees, scale=scale) if hasattr(sees, "scale") else plain
        found = replace(program, objective=objective, task=task, sees=sees, cost=numbers.get("cost", program.cost))
        if any(callable(getattr(one.sees, "noise", None)) and one.sees is not other.sees
               for one, other in ((found, program), (program, found))):
            raise ProblemError("sees", expected="the noise formula it was built with", received="another formula",
                               advice="make a new ScenarioSolver: noise that depends on the state is part of the program")
        return found

    def solve(self, *, guess=None, starts: int = 8, seed: int = 0, fixed: Mapping | None = None, throw: bool = True,
              **numbers) -> ScenarioResult:
        """Optimise for these numbers; ``numbers`` as in :meth:`changed`.

        From ``starts`` points (and ``guess``) on half the scenarios; then on ``scenarios`` fresh ones, and on twice as many,
        from the optima of the set before, until held-out scenarios say that the gap is closed. All random numbers follow
        from ``seed``: whatever else changes, the same scenarios are met.

        Raises ProblemError for numbers that cannot be used, SolveError (its ``solution`` is the result, or None) when the
        rule diverges from every start, the optimiser fails or the gap stays open, unless ``throw`` is False.
        """
        program, began, built = self.changed(**numbers), time.perf_counter(), self.build_seconds
        search = Search(self, program, seed, fixed)
        result = search.run(guess, whole("starts", starts, low=0))
        spent = time.perf_counter() - began - (self.build_seconds - built)
        result = replace(result, build_seconds=self.build_seconds, solve_seconds=spent)
        if throw and not result.status.ok:
            raise SolveError(f"{result.status.value} ({result.message})", solution=result)
        return result

    def compiled(self, program: PolicyProgram, count: int) -> tuple[ScenarioProgram, PolicyOptimiser | None]:
        """The program, and IPOPT on it where it has a Hessian, for about ``count`` scenarios; built once."""
        sizes = counts(program, count, BLOCKS)
        if sizes not in self._compiled:
            began = time.perf_counter()
            built = ScenarioProgram(family=program.family, horizon=program.steps, scenes=scenes(program), counts=sizes)
            optimiser = None if built.hessian is None else PolicyOptimiser(
                nlp=built.nlp, hessian="exact", derivatives=built.derivatives, options=OPTIMISER)
            self._compiled[sizes] = built, optimiser
            self.build_seconds += time.perf_counter() - began
        return self._compiled[sizes]


def solve_scenarios(program: PolicyProgram, *, starts: int = 8, seed: int = 0, guess=None, fixed: Mapping | None = None,
                    throw: bool = True, **options) -> ScenarioResult:
    """Optimise a program once by scenarios; ``options`` of :class:`ScenarioSolver`, the rest of its ``solve``."""
    check_options("scenario program", options, ("scenarios", "most_scenarios", "held_out", "tolerance"))
    return ScenarioSolver(program, **options).solve(guess=guess, starts=starts, seed=seed, fixed=fixed, throw=throw)
