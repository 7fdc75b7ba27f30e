"""Moment programs solved stage by stage: Newton's method with exact Hessians, in NumPy."""

import math
from collections.abc import Callable, Iterable

import numpy as np

from ...planning.solver import Optimum, RawResult, SolveClock, merged_optima
from ..compiled_moments import LARGER, MomentPrograms, in_units_of_the_user
from ..program import PolicyProgram
from ..programs import REFERENCE, MomentProgram
from .controls import Controls
from .hessian import hessian
from .newton import minimised
from .recursion import Forward, Numbers, Recursion
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
        self._controls = Controls(self.coefficients)

    @property
    def is_numpy(self) -> bool:
        """Whether NumPy has all operations of the rule."""
        return self._stage.system.is_numpy and self._stage.bend.is_numpy

    def prepare(self, nodes: int) -> None:
        """Nothing to compile."""

    def objective(self, program: PolicyProgram, nodes: int) -> Callable[[np.ndarray], float]:
        function, units = self._function(program, nodes), self._units(program)
        return lambda entries: function.value(entries * units)

    def slope(
        self, program: PolicyProgram, nodes: int
    ) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        function, units = self._function(program, nodes), self._units(program)

        def both(entries: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = function.slope(entries * units)
            return value, slope * units

        return both

    def cost(self, program: PolicyProgram, nodes: int, entries: np.ndarray) -> float:
        """J itself: where it is far below the floor, its logarithm does not hold its digits."""
        packed, units = self._packed(program, nodes), self._units(program)
        return self._function_of(packed).cost(entries * units) * self._unit_of(program, nodes)

    def round_off(self, program: PolicyProgram, nodes: int, entries: np.ndarray) -> float:
        units, packed = self._units(program), self._packed(program, nodes)
        larger = packed.copy()
        larger[self.moments.round_off_place] *= LARGER
        below, above = (self._function_of(p).cost(entries * units) for p in (packed, larger))
        gained = max(above - below, 0.0) * self._unit_of(program, nodes)
        return gained / (LARGER - 1)

    def curvature(
        self, program: PolicyProgram, nodes: int, entries: np.ndarray
    ) -> tuple[float, np.ndarray]:
        function, units = self._function(program, nodes), self._units(program)
        cost, bend = function.curvature(entries * units)
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
    ) -> tuple[Optimum, ...]:
        clock = SolveClock() if clock is None else clock
        function, units = self._function(program, nodes), self._units(program)
        ends: list[Optimum] = []
        for guess in guesses:
            if ends and clock.is_over():
                break
            try:
                end = self._run(function, guess * units, bounds * units[:, None], tolerance, clock)
            except KeyboardInterrupt:  # before this run knew what its start costs
                clock.interrupt()
                if not ends:
                    raise
                break
            ends.append(in_units_of_the_user(Optimum(result=end, count=1), units))
        return merged_optima(ends, tolerance)

    def _run(
        self,
        function: "LogCost",
        begin: np.ndarray,
        bounds: np.ndarray,
        tolerance: float,
        clock: SolveClock,
    ) -> RawResult:
        end = minimised(
            function,
            begin,
            bounds,
            enough=ENOUGH * tolerance,
            most=self.most_iterations,
            clock=clock,
        )
        reason = "no step promises more"
        if not end.finished:
            reason = clock.stop_reason if clock.cut_short else "SOLVER_RET_LIMITED"
        nothing = np.empty(0)  # there are no rows of constraints
        return RawResult(
            variables=end.x,
            multipliers=nothing,
            constraints=nothing,
            cost=end.value,
            iterations=end.iterations,
            success=end.finished,
            reason=reason,
            log="",
        )

    def _unit_of(self, program: PolicyProgram, nodes: int) -> float:
        """What J inside is multiplied with."""
        return float(self.at_rest(program, nodes) / self._packed(program, nodes)[REFERENCE])

    def _function(self, program: PolicyProgram, nodes: int) -> "LogCost":
        return self._function_of(self._packed(program, nodes))

    def _function_of(self, packed: np.ndarray) -> "LogCost":
        return LogCost(self._stage, self._controls, Numbers.of(self.moments, packed))


class LogCost:
    """log(J/reference + floor) of the entries of a layout, with derivatives."""

    def __init__(self, stage: Stage, controls: Controls, numbers: Numbers):
        self.numbers, self._controls = numbers, controls
        self._recursion = Recursion(stage, numbers)
        self._last: tuple[Forward, np.ndarray, np.ndarray, float] | None = None

    def cost(self, entries: np.ndarray) -> float:
        """J."""
        return self._forward(entries).cost

    def value(self, entries: np.ndarray) -> float:
        """∞ where the rule diverges."""
        return self._logarithm(self._forward(entries).cost)

    def slope(self, entries: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient (n,); what :meth:`bend` needs is kept."""
        forward = self._forward(entries)
        value = self._logarithm(forward.cost)
        if not math.isfinite(value):
            return value, np.zeros(len(entries))
        costates = self._recursion.costates(forward)
        level = forward.cost + self.numbers.floor * self.numbers.reference
        slope = self._controls.gathered(self._recursion.slope(forward, costates)) / level
        self._last = forward, costates, slope, level
        return value, slope

    def bend(self) -> np.ndarray:
        """(n, n), the Hessian where the slope was taken last."""
        assert self._last is not None  # asked for after a slope only
        forward, costates, slope, level = self._last
        bend = hessian(self._recursion, self._controls, forward, costates)
        return bend / level - np.outer(slope, slope)

    def curvature(self, entries: np.ndarray) -> tuple[float, np.ndarray]:
        """(J, ∂²J/∂c∂c')."""
        forward = self._forward(entries)
        costates = self._recursion.costates(forward)
        return forward.cost, hessian(self._recursion, self._controls, forward, costates)

    def _forward(self, entries: np.ndarray) -> Forward:
        return self._recursion.forward(self._controls.of(entries))

    def _logarithm(self, cost: float) -> float:
        share = cost / self.numbers.reference + self.numbers.floor
        return math.log(share) if share > 0 and math.isfinite(share) else math.inf
