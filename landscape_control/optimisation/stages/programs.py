"""Moment programs solved stage by stage: Newton's method with exact Hessians, in NumPy."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np

from ...planning.solver import Optimum, RawResult, SolveClock, merged_optima
from ...support.side_by_side import Asking, driven, together
from ..compiled_moments import LARGER, MomentPrograms, in_units_of_the_user
from ..program import PolicyProgram
from ..programs import REFERENCE, MomentProgram
from .controls import Controls
from .costs import Lane, StageCosts, answered
from .newton import End, Question, minimising
from .numbers import Numbers
from .stage import Stage

ENOUGH = 1e-3  # of the tolerance: what a step may still promise where a run ends


class StagePrograms(MomentPrograms):
    """The same as its base class, by passes over the steps in which all modes go along.

    Nothing of the length of the horizon is compiled.
    """

    descends = False

    def __init__(self, moments: MomentProgram, *, most_iterations: int):
        super().__init__(moments, hessian="exact", options={"max_iter": most_iterations})
        self.most_iterations = most_iterations
        self._stage = Stage(moments.family, moments.horizon, moments.layout)
        self.costs = StageCosts(self._stage, Controls(self.coefficients))

    @property
    def is_numpy(self) -> bool:
        """Whether NumPy has all operations of the rule."""
        return self._stage.system.is_numpy and self._stage.bend.is_numpy

    def prepare(self, nodes: int) -> None:
        """Nothing to compile."""

    def objective(self, program: PolicyProgram, nodes: int) -> Callable[[np.ndarray], float]:
        def value(entries: np.ndarray) -> float:
            (cost,) = answered(self._questions("value", program, nodes, [entries]))
            return cost

        return value

    def slope(
        self, program: PolicyProgram, nodes: int
    ) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        units = self._units(program)

        def both(entries: np.ndarray) -> tuple[float, np.ndarray]:
            ((value, slope),) = answered(self._questions("slope", program, nodes, [entries]))
            return value, slope * units

        return both

    def cost(self, program: PolicyProgram, nodes: int, entries: np.ndarray) -> float:
        """J itself: where it is far below the floor, its logarithm does not hold its digits."""
        numbers, units = self._numbers(program, nodes), self._units(program)
        return self.costs.cost(numbers, entries * units) * self._unit_of(program, nodes)

    def round_off(self, program: PolicyProgram, nodes: int, entries: np.ndarray) -> float:
        units, packed = self._units(program), self._packed(program, nodes)
        larger = packed.copy()
        larger[self.moments.round_off_place] *= LARGER
        numbers = [Numbers.of(self.moments, each) for each in (packed, larger)]
        below, above = (self.costs.cost(each, entries * units) for each in numbers)
        gained = max(above - below, 0.0) * self._unit_of(program, nodes)
        return gained / (LARGER - 1)

    def curvature(
        self, program: PolicyProgram, nodes: int, entries: np.ndarray
    ) -> tuple[float, np.ndarray]:
        numbers, units = self._numbers(program, nodes), self._units(program)
        cost, bend = self.costs.curvature(numbers, entries * units)
        unit = self._unit_of(program, nodes)
        return cost * unit, bend * np.outer(units, units) * unit

    def optimise(
        self,
        program: PolicyProgram,
        nodes: int,
        guesses: Iterable[np.ndarray],
        bounds: np.ndarray,
        tolerance: float,
        clock: SolveClock | None = None,
        tell: Callable[[float], None] | None = None,
    ) -> tuple[Optimum, ...]:
        clock = SolveClock() if clock is None else clock
        runs = self.optimising(program, nodes, list(guesses), bounds, tolerance, clock, tell)
        return driven(runs, answered)

    def costing(
        self, program: PolicyProgram, nodes: int, points: Sequence[np.ndarray] | np.ndarray
    ) -> Asking[list[float]]:
        return (yield self._questions("value", program, nodes, points))

    def sloping(
        self, program: PolicyProgram, nodes: int, points: Sequence[np.ndarray] | np.ndarray
    ) -> Asking[list[np.ndarray]]:
        answers = yield self._questions("slope", program, nodes, points)
        units = self._units(program)
        return [slope * units for _, slope in answers]

    def _questions(
        self,
        kind: Literal["value", "slope"],
        program: PolicyProgram,
        nodes: int,
        points: Sequence[np.ndarray] | np.ndarray,
    ) -> list[Question]:
        of, units = self._lane(program, nodes), self._units(program)
        return [Question(kind=kind, of=of, point=point * units) for point in points]

    def optimising(
        self,
        program: PolicyProgram,
        nodes: int,
        guesses: Sequence[np.ndarray] | np.ndarray,
        bounds: np.ndarray,
        tolerance: float,
        clock: SolveClock,
        tell: Callable[[float], None] | None = None,
    ) -> Asking[tuple[Optimum, ...]]:
        """The same as runs that ask for what they need to know, as many side by side as pays.

        After an interruption the ends of those that knew what their start costs.
        """
        of, units = self._lane(program, nodes), self._units(program)
        ends: list[Optimum] = []
        size = self.costs.lanes(of.numbers)
        for first in range(0, len(guesses), size):
            if ends and clock.is_over():
                break
            runs = [
                minimising(
                    of,
                    guess * units,
                    bounds * units[:, None],
                    enough=ENOUGH * tolerance,
                    most=self.most_iterations,
                    clock=clock,
                    tell=tell,
                )
                for guess in guesses[first : first + size]
            ]
            try:
                found = yield from together(runs)
            except KeyboardInterrupt:  # before any of these runs knew what its start costs
                clock.interrupt()
                if not ends:
                    raise
                break
            ends += [self._optimum(end, units, clock) for end in found if isinstance(end, End)]
        return merged_optima(ends, tolerance)

    def _optimum(self, end: End, units: np.ndarray, clock: SolveClock) -> Optimum:
        reason = "no step promises more"
        if not end.finished:
            reason = clock.stop_reason if clock.cut_short else "SOLVER_RET_LIMITED"
        nothing = np.empty(0)  # there are no rows of constraints
        result = RawResult(
            variables=end.x,
            multipliers=nothing,
            constraints=nothing,
            cost=end.value,
            iterations=end.iterations,
            success=end.finished,
            reason=reason,
            log="",
        )
        return in_units_of_the_user(Optimum(result=result, count=1), units)

    def _unit_of(self, program: PolicyProgram, nodes: int) -> float:
        """What J inside is multiplied with."""
        return float(self.at_rest(program, nodes) / self._packed(program, nodes)[REFERENCE])

    def _lane(self, program: PolicyProgram, nodes: int) -> Lane:
        return Lane(costs=self.costs, numbers=self._numbers(program, nodes))

    def _numbers(self, program: PolicyProgram, nodes: int) -> Numbers:
        return Numbers.of(self.moments, self._packed(program, nodes))
