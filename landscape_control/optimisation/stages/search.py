"""The search for coefficients of their own at every step, by stages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...planning.solver import SolveClock
from ...rules.families.family import Contained
from ...support.side_by_side import Asking, known
from ..compiled_moments import MomentPrograms
from ..moment_search import FEW, HIGHEST, MomentSearch, SolveOther
from ..program import PolicyProgram
from ..programs import moment_program_of
from ..search_options import SearchOptions
from ..stagewise import RANGE, SHORT, bounded, stretched
from ..starting import drawn_around, settled
from .programs import StagePrograms

SHORTER = 4  # what the horizon of a long program is divided by, to begin with
STEADY_ITERATIONS = 100  # for the best member with one number for all steps
LIKELY = 2  # optima of the shorter horizon that are followed


class StageSearch(MomentSearch):
    """From fresh starts for few steps, else from the optima of fewer steps, stretched in time.

    Never worse than the best member with one number for all steps, from which it is begun too where
    that costs less.
    """

    def __init__(
        self,
        program: PolicyProgram,
        programs: MomentPrograms,
        options: SearchOptions,
        clock: SolveClock,
        *,
        tolerance: float,
        solve_other: SolveOther,
    ):
        super().__init__(
            program,
            programs,
            options,
            clock,
            tolerance=tolerance,
            solve_other=solve_other,
        )
        self._tied: np.ndarray | None = None
        chosen = {*_names(self.options.fixed), *_names(self.options.within)}
        self._bounded = bounded(self.program, chosen)
        for each in self._bounded:
            self.bounds[self.layout.slices[each.name]] = RANGE
        self.inner = self.bounds
        self._is_free = not chosen

    def searching(self) -> Asking[None]:
        """From the optima of fewer steps and from the best steady member.

        Where Ctrl-C ends the former before there is an optimum, the member is the best so far.
        """
        if self._is_free:
            self._tied = yield from self._best_tied()
        entries = None if self.options.guess is None else self.options.entries(self.layout)
        for member in (self._tied, entries):
            self._admit(member)
        self.inner = self.bounds
        try:
            yield from super().searching()
        except KeyboardInterrupt:
            self.clock.interrupt()
            if self._tied is None and not self.optima:
                raise
        if self._tied is None:
            return
        is_cheaper = yield from self._is_cheaper(self._tied)
        if is_cheaper:
            reached = yield from self._optimise([self._tied], self.inner)
            self._keep(reached, 1)

    def _is_cheaper(self, member: np.ndarray) -> Asking[bool]:
        """Whether a member costs less than all optima so far."""
        if not self.optima:
            return True
        (cost,) = yield from self.programs.costing(self.program, self.nodes, [member])
        return cost < self.optima[0].cost - self.tolerance

    @property
    def range_note(self) -> str:
        """Those of them that have an effect."""
        names = [each.name for each in self._bounded if self.layout.blocks(each)]
        return "".join(self._note(name) for name in names)

    def _note(self, name: str) -> str:
        low, high = self.bounds[self.layout.slices[name]][0]
        return (
            f"; {name} is kept in [{low:.4g}, {high:.4g}], as under noise no rule is best where it"
            f" may have any value: within={{{name!r}: (low, high)}} asks for another range"
        )

    def _guesses(self) -> Asking[list[np.ndarray]]:
        given = yield from self._given()
        starts: list[np.ndarray] = []
        if self.options.starts:
            starts = yield from self._from_fewer_steps()
        if not starts and self.options.starts:
            starts = yield from self._fresh_starts()
        if not given and not starts:
            return (yield from super()._guesses())  # says why there are none
        return [*given, *starts]

    def _from_fewer_steps(self) -> Asking[list[np.ndarray]]:
        """The best optima of a fourth of the steps, at the same shares of the horizon."""
        per_step = any(np.ndim(value) for value in _values(self.options.fixed))
        if self.program.steps <= SHORT or per_step:
            return []
        horizon = self.program.steps // SHORTER
        objective = replace(self.program.objective, horizon=horizon)
        program = replace(self.program, objective=objective)
        options = replace(self.options, guess=None, quick=True)
        before = yield from self._solve_other(program, options)
        if before is None:
            return []
        self.begun_from = f"the best of {horizon} steps, where {before.agreement}"
        shorter = program.family.layout(horizon)
        found = [shorter.join(dict(each)) for _, each, _ in before.optima[:LIKELY]]
        return [stretched(self.layout, entries, shorter) for entries in found]

    def _admit(self, member: np.ndarray | None) -> None:
        """Widen the default ranges so that they hold a member."""
        if member is None:
            return
        for each in self._bounded:
            place = self.layout.slices[each.name]
            values = member[place]
            if len(values):
                low, high = self.bounds[place][0]
                self.bounds[place] = min(low, values.min()), max(high, values.max())

    def _best_tied(self) -> Asking[np.ndarray | None]:
        """The best member with the same numbers at every step."""
        for contained in self.program.family.contained:
            family = contained.family
            if family is None or any(each.varies for each in family.coefficients):
                continue
            steady = replace(self.program, family=family)
            return (yield from self._best_steady(contained, steady))
        return None

    def _best_steady(
        self, contained: Contained, program: PolicyProgram
    ) -> Asking[np.ndarray | None]:
        programs = StagePrograms(moment_program_of(program), most_iterations=STEADY_ITERATIONS)
        layout = programs.coefficients
        drawn = drawn_around(layout, FEW, self.options.seed, self._unit)
        costs = yield from programs.costing(program, self.nodes, drawn)
        starts = settled(drawn, np.array(costs), FEW, HIGHEST)
        if not len(starts):
            return None
        optima = yield from programs.optimising(
            program,
            self.nodes,
            starts,
            layout.bounds,
            self.tolerance,
            self.clock,
            self.told_of(program, programs),
        )
        values = layout.split(optima[0].variables)
        return self.layout.join(contained.embed(dict(values), seed=self.options.seed))

    def _best_embedded(self, contained: Contained) -> Asking[np.ndarray | None]:
        """None: the best steady member is looked at in any case."""
        return known(None)


def _names(option: object) -> set[str]:
    return set(option) if isinstance(option, Mapping) else set()


def _values(option: object) -> list[Any]:
    return list(option.values()) if isinstance(option, Mapping) else []
