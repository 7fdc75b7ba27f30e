"""The search for the best coefficients by exact moments.

From fresh starts and a guess, by way of shorter horizons and simpler families, and again from near
the best.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from ..planning.solver import Optimum, SolveClock, merged_optima
from ..rules.families.contained import narrowed
from ..rules.families.family import Contained
from ..support.errors import SolveError
from ..support.side_by_side import Asking
from .compiled_moments import MomentPrograms
from .moment_descent import descended, needs_descent
from .program import PolicyProgram
from .programs.variables import Scale
from .quadrature import first_nodes, is_long, largest_curvature
from .replays import diverging
from .result import PolicyResult
from .search_options import SearchOptions
from .starting import drawn_around, nearby_starts, settled
from .status import PolicyStatus

# coefficients of rules that are optimised again from nearby, and how often
FEW, ROUNDS = 4, 4
SHORTER = 4  # what the horizon of a long program is divided by, to begin with
BESIDE = 1e-3  # relative distance from a guess at which slopes are taken too
SLOPES_AT = 3  # guesses at which a coefficient must have no slope to count as one without effect
HIGHEST = math.log(10.0)  # of log(J/standing still) at a start


class SolveOther(Protocol):
    """Solves a program that helps with another one."""

    def __call__(
        self, program: PolicyProgram, options: SearchOptions
    ) -> Asking[PolicyResult | None]: ...


class MomentSearch:
    """One search with the programs of one moment structure.

    Its steps ask for what they need to know of costs, so that searches can go on side by side.

    Parameters
    ----------
    program, options, clock : of this solve
    programs : MomentPrograms, compiled
    tolerance : float, costs that differ by less, relatively, are one optimum
    solve_other : (program, options) -> result of a program that helps with this one, or
        None

    Attributes
    ----------
    bounds, inner : (n, 2), the ranges of the coefficients; the same with those that have no effect
        held as near to zero as they may be
    nodes : int, quadrature nodes
    optima : distinct optima so far, best first; empty before the first run
    begun : int, how many starts led to them
    begun_from : str, in words what the starts are where they are not drawn
    undercut : bool, whether a place where the search began costs less than all optima
    """

    def __init__(
        self,
        program: PolicyProgram,
        programs: MomentPrograms,
        options: SearchOptions,
        clock: SolveClock,
        *,
        tolerance: float,
        solve_other: "SolveOther",
    ):
        self.program, self.programs = program, programs
        self.options, self.clock, self.tolerance = options, clock, tolerance
        self._solve_other = solve_other
        self.layout, self.nodes = programs.coefficients, first_nodes(program)
        self._unit = 1 / largest_curvature(program)
        self.bounds = options.bounds(self.layout)
        self.inner = self.bounds
        self.optima: tuple[Optimum, ...] = ()
        self.begun = 0
        self.begun_from = ""
        self.undercut = False

    def searching(self) -> Asking[None]:
        """Fill ``optima``; a KeyboardInterrupt between two runs leaves there what was found."""
        guesses = yield from self._guesses()
        try:
            self.inner = yield from self._without_idle(guesses[:SLOPES_AT])
            reached = yield from self._optimise(guesses, self.inner)
        except KeyboardInterrupt:  # before the first run: it ends where the best guess is
            self.clock.interrupt()
            reached = yield from self._optimise(guesses, self.inner)
        self._keep(reached, len(guesses))
        if self.clock.cut_short:
            return
        undercut = yield from self._is_undercut(guesses)
        if undercut and self.options.starts:  # Newton steps have left for a plain
            fresh = yield from self._fresh_starts()
            reached = yield from self._optimise(fresh, self.inner)
            self._keep(reached, len(fresh))
            undercut = yield from self._is_undercut(guesses)
        self.undercut = undercut
        if self.options.quick or self.clock.is_over() or not self.options.starts:
            return
        # a single start has nothing to agree with
        if self._most_disagree() or len(guesses) == 1:
            reached = yield from self._from_contained()
            self._keep(reached, sum(optimum.count for optimum in reached))
        if self.layout.size <= FEW and not is_long(self.program):
            yield from self._from_nearby(len(guesses))

    @property
    def range_note(self) -> str:
        """Which coefficients stay in a range by default, in words, or ""."""
        return ""

    def _costs(self, points: Sequence[np.ndarray] | np.ndarray) -> Asking[list[float]]:
        """log(J/standing still) at the places inside the bounds that are nearest to some points."""
        inside = [np.clip(point, *self.bounds.T) for point in points]
        return self.programs.costing(self.program, self.nodes, inside)

    def _is_undercut(self, guesses: Sequence[np.ndarray]) -> Asking[bool]:
        """Whether one of the guesses costs less than the best optimum."""
        if self.programs.limits.limited:  # a guess need not keep the limits
            return False
        begun = yield from self._costs(guesses)
        return min(begun) < self.optima[0].cost - self.tolerance

    def _guesses(self) -> Asking[list[np.ndarray]]:
        given = yield from self._given()
        if self.options.starts and not is_long(self.program):
            coarse = yield from self._from_coarser()
            if coarse:
                return [*given, *coarse]
        starts: list[np.ndarray] = []
        if self.options.starts:
            starts = yield from self._fresh_starts()
        if not given and not starts:
            raise SolveError(PolicyStatus.DIVERGES.value)
        if self.options.starts and is_long(self.program):
            shorter = yield from self._from_shorter()
            starts = shorter or starts
        return [*given, *starts]

    def _given(self) -> Asking[list[np.ndarray]]:
        """The guess, if there is one; refused where the rule diverges."""
        entries = self.options.entries(self.layout)
        if entries is None:
            return []
        (cost,) = yield from self.programs.costing(self.program, self.nodes, [entries])
        if not math.isfinite(cost):
            raise diverging(self.program.family, self.layout.split(entries), self.program)
        return [entries]

    def _fresh_starts(self) -> Asking[list[np.ndarray]]:
        options = self.options
        drawn = drawn_around(self.layout, options.starts, options.seed, self._unit)
        costs = yield from self._costs(drawn)
        return list(settled(drawn, np.array(costs), options.starts, HIGHEST))

    def _from_coarser(self) -> Asking[list[np.ndarray]]:
        """The optima of the same family with fewer numbers, instead of fresh starts.

        A course in time with many knots has optima side by side, and a run from anywhere takes
        long.
        """
        coarser = self.program.family.coarser
        # limits of the finer family may mean another thing in the coarser one
        is_limited = bool(self.options.fixed or self.options.within)
        if coarser is None or coarser.family is None or is_limited:
            return []
        options = replace(self.options, guess=None, quick=True)
        program = replace(self.program, family=coarser.family)
        before = yield from self._solve_other(program, options)
        if before is None:
            return []
        self.begun_from = f"the best with fewer numbers, where {before.agreement}"
        found = [coarser.embed(dict(coefficients)) for _, coefficients, _ in before.optima[:FEW]]
        return [self.layout.join(values) for values in found]

    def _from_shorter(self) -> Asking[list[np.ndarray]]:
        """The optima of a fourth of the horizon, instead of fresh starts where runs are long."""
        horizon = self.program.steps // SHORTER
        objective = replace(self.program.objective, horizon=horizon)
        program = replace(self.program, objective=objective)
        # a course in time has its own way of starting, by fewer numbers
        quick = program.family.coarser is not None
        options = replace(self.options, guess=None, quick=quick)
        before = yield from self._solve_other(program, options)
        if before is None:
            return []
        self.begun_from = f"the best of {horizon} steps, where {before.agreement}"
        return [self.layout.join(dict(coefficients)) for _, coefficients, _ in before.optima[:FEW]]

    def _without_idle(self, points: Sequence[np.ndarray]) -> Asking[np.ndarray]:
        """The ranges, of no width for coefficients without effect: as small as they may be.

        Slopes are taken beside the points, which may be optima: there they vanish too.
        """
        rng = np.random.default_rng([self.options.seed, 2])
        beside = [point * (1 + BESIDE * rng.standard_normal(len(point))) for point in points]
        inside = [np.clip(point, *self.bounds.T) for point in beside]
        slopes = yield from self.programs.sloping(self.program, self.nodes, [*points, *inside])
        idle = ~np.any(slopes, axis=0)
        inner = self.bounds.copy()
        inner[idle] = np.clip(0.0, self.bounds[idle, 0], self.bounds[idle, 1])[:, None]
        return inner

    def _from_nearby(self, first: int) -> Asking[None]:
        """Rounds of starts near the best, as long as most starts disagree and each round improves.

        ``first`` is how many starts there were.
        """
        rng = np.random.default_rng([self.options.seed, 1])
        improving = True
        while improving and not self.clock.is_over():
            best = self.optima[0]
            may_go_on = self.begun < ROUNDS * first and best.result.success
            if not (may_go_on and self._most_disagree()):
                break
            starts = nearby_starts(self.layout, best.variables, (first + 1) // 2, rng, self._unit)
            reached = yield from self._optimise(starts, self.inner)
            improving = not reached[0].cost >= best.cost - self.tolerance
            self._keep(reached, len(starts))

    def _from_contained(self) -> Asking[tuple[Optimum, ...]]:
        """Optima reached from members of simpler families that cost less than the best so far."""
        highest = self.optima[0].cost - self.tolerance
        members = yield from self._contained_members()
        costs = yield from self.programs.costing(self.program, self.nodes, members)
        cheaper = [begin for begin, cost in zip(members, costs, strict=True) if cost < highest]
        if not cheaper:
            return ()
        return (yield from self._optimise(cheaper, self.inner))

    def _contained_members(self) -> Asking[list[np.ndarray]]:
        members = []
        for contained in self.program.family.contained:
            if self.clock.is_over():
                break
            find = self._best_on_face if contained.is_face else self._best_embedded
            member = yield from find(contained)
            if member is not None:
                members.append(member)
        return members

    def _best_on_face(self, contained: Contained) -> Asking[np.ndarray | None]:
        bounds = narrowed(contained, self.inner, self.layout)
        if bounds is None:
            return None
        reached = yield from self._optimise([self.optima[0].variables], bounds)
        return reached[0].variables

    def _best_embedded(self, contained: Contained) -> Asking[np.ndarray | None]:
        # narrowed ranges of the richer family say nothing about those of the simpler one
        is_narrowed = not (self.inner == self.layout.bounds).all()
        if is_narrowed or contained.family is None:
            return None
        options = SearchOptions(starts=FEW, seed=self.options.seed, tell=self.options.tell)
        simple = yield from self._solve_other(
            replace(self.program, family=contained.family), options
        )
        if simple is None:
            return None
        embedded = contained.embed(dict(simple.coefficients), seed=self.options.seed)
        return self.layout.join(embedded)

    def _optimise(
        self, guesses: Sequence[np.ndarray] | np.ndarray, bounds: np.ndarray
    ) -> Asking[tuple[Optimum, ...]]:
        programs = self.programs
        is_descended = programs.descends and not programs.limits.limited
        if is_descended and needs_descent(self.program, self.nodes):
            guesses = descended(
                self.programs.slope(self.program, self.nodes),
                Scale(self.layout),
                guesses,
                bounds,
                self.clock,
            )
        return programs.optimising(
            self.program,
            self.nodes,
            guesses,
            bounds,
            self.tolerance,
            self.clock,
            self.told_of(self.program, programs),
        )

    def _keep(self, optima: tuple[Optimum, ...], begun: int) -> None:
        known = self.optima
        self.optima = merged_optima([*known, *optima], self.tolerance) if known else optima
        self.begun += begun
        tell = self.told_of(self.program, self.programs)
        if tell is not None:
            tell(self.optima[0].cost)

    def told_of(
        self, program: PolicyProgram, programs: MomentPrograms
    ) -> Callable[[float], None] | None:
        """Reports log(J/standing still) of a program; None where nobody is told."""
        if self.options.tell.progress is None:
            return None
        return lambda cost: self.options.tell(program, programs.cost_of(program, self.nodes, cost))

    def _most_disagree(self) -> bool:
        return 2 * self.optima[0].count < self.begun
