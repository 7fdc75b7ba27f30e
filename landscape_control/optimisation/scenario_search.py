"""Rounds of more and more scenarios, until fitted and held-out scenarios agree."""

from dataclasses import replace
from typing import Protocol

import numpy as np

from ..planning.solver import Optimum, SolveClock
from ..rules.families.contained import narrowed
from ..support.errors import SolveError
from .lowest import LeastCost
from .program import PolicyProgram
from .progress import Reports
from .result import PolicyResult
from .scenario_descent import FEW
from .scenario_judgement import CARRIED, Gap, Reached, ScenarioJudge, Simpler
from .scenario_result import ScenarioResult
from .scenario_round import BLOCKS, Compiler, Round
from .search_options import SearchOptions
from .starting import settled_starts
from .status import PolicyStatus, status_of

HIGHEST = 9  # units of cost above standing still at a start


class Solver(Compiler, Protocol):
    """What a search needs of its ScenarioSolver, whose class comes after this module."""

    scenarios: int
    most_scenarios: int
    held_out: int
    tolerance: float

    def solve_contained(
        self, program: PolicyProgram, *, starts: int, seed: int, clock: SolveClock, tell: Reports
    ) -> PolicyResult | None:
        """The best member of a simpler family, None where the user stopped it before."""


class ScenarioSearch:
    """One solve: rounds of more and more scenarios.

    Parameters
    ----------
    solver : ScenarioSolver, which compiles programs and solves for simpler families
    program, options, clock : of this solve

    Attributes
    ----------
    judge : ScenarioJudge, with the unseen scenarios
    bounds : (n, 2), the ranges of the coefficients
    simpler : the best member of a simpler family inside this one; None where there is none
    """

    def __init__(
        self,
        solver: Solver,
        program: PolicyProgram,
        options: SearchOptions,
        clock: SolveClock | None = None,
    ):
        self.solver, self.program, self.options = solver, program, options
        self.clock = SolveClock() if clock is None else clock
        unseen, starts, self._rounds = np.random.SeedSequence(options.seed).spawn(3)
        self._start_seed = int(starts.generate_state(1)[0])
        self.judge = ScenarioJudge(
            program,
            unseen,
            count=solver.held_out,
            tolerance=solver.tolerance,
            clock=self.clock,
        )
        self.layout = program.family.layout(program.steps)
        self.bounds = options.bounds(self.layout)
        self._least: LeastCost | None = None
        if not program.task.is_quadratic:
            self._least = LeastCost(program, self.judge.held.scenarios)
        self.simpler: Simpler | None = None
        self._reached: Reached | None = None
        self._begun = 0

    def run(self) -> ScenarioResult:
        """The result; after Ctrl-C that of the best so far, KeyboardInterrupt without one."""
        try:
            return self._result(self._run_rounds())
        except KeyboardInterrupt:
            self.clock.interrupt()
            if self._reached is None:
                raise
            return self._result(self._reached)

    def _result(self, reached: Reached) -> ScenarioResult:
        return self.judge.result(reached, self.simpler, self.bounds, starts=self._begun)

    def _run_rounds(self) -> Reached:
        """The last set of scenarios that was complete."""
        current = self.round_of(max(self.solver.scenarios // 2, 2 * BLOCKS))
        guesses = self._guesses(current)
        self._begun = len(guesses)
        optima = current.optimise([(entries, 1) for entries in guesses], self.bounds)
        if self.options.starts:
            optima = self._with_faces(current, optima)
        reached = self._reached = Reached(round=current, optima=optima, gap=Gap())
        count, carried = self.solver.scenarios, CARRIED
        while not self.clock.is_over():
            before, current = optima[0].variables, self.round_of(count)
            begins = [(optimum.variables, optimum.count) for optimum in optima[:carried]]
            optima = current.optimise(begins, self.bounds)
            if self.clock.cut_short:  # not all of them: the round before was complete
                break
            reached = self._reach(current, before, optima)
            has_failed = not status_of(optima[0].result).ok
            if reached.gap.closed or has_failed or self._is_last(count):
                also_simpler = self._with_simpler(current, optima)
                if also_simpler is not optima:
                    reached = self._reach(current, before, also_simpler)
                break
            count *= 2
            carried = CARRIED if self.layout.size <= FEW else 1
        return reached

    def _reach(self, current: Round, before: np.ndarray, optima: list[Optimum]) -> Reached:
        """What a set gave, with the gap to unseen scenarios; kept."""
        gap = self.judge.gap(current, before, optima[0].variables)
        self._reached = Reached(round=current, optima=optima, gap=gap)
        return self._reached

    def _is_last(self, count: int) -> bool:
        return 2 * count > self.solver.most_scenarios

    def round_of(self, count: int) -> Round:
        """A fresh set of about ``count`` scenarios."""
        return Round(
            self.solver,
            self.program,
            count,
            self._rounds.spawn(1)[0],
            least=self._least,
            clock=self.clock,
            tell=self.options.tell,
        )

    def _guesses(self, first: Round) -> list[np.ndarray]:
        entries = self.options.entries(self.layout)

        def inside(point: np.ndarray) -> float:
            return first.cost(np.clip(point, *self.bounds.T))

        guesses = [] if entries is None else [entries]
        if self.options.starts:
            highest = first.rest + HIGHEST * first.unit
            starts = settled_starts(
                self.layout, self.options.starts, self._start_seed, inside, highest, first.length
            )
            guesses += [*self._embedded(), *starts]
        if not any(np.isfinite(inside(guess)) for guess in guesses):
            raise SolveError(PolicyStatus.DIVERGES.value, solution=None)
        return guesses

    def _embedded(self) -> list[np.ndarray]:
        """The best member of a simpler family that is no face of this one, as a start."""
        others = [contained for contained in self.program.family.contained if not contained.is_face]
        if not others or (self.bounds != self.layout.bounds).any():
            return []
        largest = others[-1]  # contains those before it
        if largest.family is None:
            return []
        result = self.solver.solve_contained(
            replace(self.program, family=largest.family),
            starts=self.options.starts,
            seed=self.options.seed,
            clock=self.clock,
            tell=self.options.tell,
        )
        if result is None:
            raise KeyboardInterrupt
        best = dict(result.coefficients)
        entries = np.clip(self.layout.join(largest.embed(best)), *self.bounds.T)
        self.simpler = Simpler(entries=entries, name=largest.name)
        return [self.layout.join(largest.embed(best, seed=self._start_seed))]

    def _with_faces(self, current: Round, optima: list[Optimum]) -> list[Optimum]:
        """The optima, with what is reached from the best member of the faces if that is cheaper."""
        if self.simpler is not None:
            return optima
        members: list[tuple[float, Simpler]] = []
        for contained in self.program.family.contained:
            if not contained.is_face or self.clock.is_over():
                continue
            face = narrowed(contained, self.bounds, self.layout)
            if face is None:
                continue
            end = current.optimise([(optima[0].variables, 1)], face, on_face=True)[0]
            member = Simpler(entries=end.variables, name=contained.name, face=face)
            members.append((end.cost, member))
        if not members:
            return optima
        _, self.simpler = min(members, key=lambda pair: pair[0])
        return self._with_cheaper(current, self.simpler, optima)

    def _with_simpler(self, current: Round, optima: list[Optimum]) -> list[Optimum]:
        """The optima on a set, with those from the best simpler rule on the same set."""
        if self.simpler is None or self.simpler.face is None:
            return optima
        (end, *_) = current.optimise([(self.simpler.entries, 1)], self.simpler.face, on_face=True)
        self.simpler = replace(self.simpler, entries=end.variables)
        return self._with_cheaper(current, self.simpler, optima)

    def _with_cheaper(
        self, current: Round, simpler: Simpler, optima: list[Optimum]
    ) -> list[Optimum]:
        if not current.cost(simpler.entries) < optima[0].cost:
            return optima
        reached = current.optimise([(simpler.entries, 1)], self.bounds)
        return sorted([*reached, *optima], key=lambda optimum: optimum.cost)
