"""Descents on one set of scenarios.

By a quasi-Newton method, Newton's method where that does not settle, and a search without slopes
where the average has kinks.
"""

from dataclasses import replace
from typing import Protocol

import casadi as ca
import numpy as np
from scipy.optimize import minimize

from ..planning.solver import BoundedOptimiser, RawResult, SolveClock, optima_from, unfinished
from ..rules.families import Policy
from .descents import filled, limited_memory, turns
from .program import PolicyProgram
from .programs import ScenarioProgram

# relative change of the cost, per relative change of a coefficient, that counts as none
STATIONARY = 1e-4
# distance from an edge of a range, on the variable's own scale, within which the edge itself is
# tried
NEAR = 1e-4
FEW = 8  # coefficients up to which Newton's method needs no help
FEWEST = 4  # most coefficients that are searched without slopes
WIDTH = WIDER = 0.3  # steps that test for kinks, times T at least 10, and that begin a search
SMALLER_UNITS = 6  # times that a descent is begun again in a smaller unit of cost
SIMPLICES = 4  # of a search without slopes, each half as wide as the one before


class Costs(Protocol):
    """What a descent needs of its :class:`Round`, whose class comes after this module."""

    program: PolicyProgram
    built: ScenarioProgram
    optimiser: BoundedOptimiser | None
    numbers: np.ndarray
    parameters: ca.DM
    rest: float
    unit: float
    clock: SolveClock

    def cost_at(self, x: np.ndarray) -> float: ...
    def gradient_at(self, x: np.ndarray) -> tuple[float, np.ndarray]: ...
    def slope_at(self, x: np.ndarray, edges: np.ndarray) -> float: ...
    def scale_at(self, x: np.ndarray) -> float: ...
    def sizes(self, x: np.ndarray) -> np.ndarray: ...
    def policy(self, coefficients: np.ndarray) -> Policy: ...
    def spread(self, policy: Policy) -> float: ...


class ScenarioDescent:
    """Descents in the variables of a round's program, between their ``edges`` (n, 2).

    Costs within ``close`` of each other, relatively, are the same.
    """

    def __init__(self, current: Costs, edges: np.ndarray, *, close: float):
        self.round, self.edges, self.clock, self._close = current, edges, current.clock, close

    def end(self, begin: np.ndarray) -> RawResult:
        """Where a descent from here ends; the guess itself where the user stops it before."""
        try:
            return self._settled(self._descend(begin, self.edges))
        except KeyboardInterrupt:
            self.clock.interrupt()
            return unfinished(begin, self.clock.stop_reason, cost=self.round.cost_at(begin))

    def _reference(self, x: np.ndarray) -> float:
        """The unit of cost in a descent from x."""
        current = self.round
        if current.built.positive:
            return current.rest
        gained = abs(current.rest - current.cost_at(x))
        spread = current.spread(current.policy(current.built.scale.coefficients(x)))
        least = 1e-6 * gained if np.isfinite(gained) else 0.0
        return max(spread, least) or current.unit

    def _descend(self, begin: np.ndarray, edges: np.ndarray) -> RawResult:
        """A descent, begun again in a smaller unit of cost once the cost is far below the first."""
        reference = self._reference(begin)
        end = self._descend_in(reference, begin, edges)
        for _ in range(SMALLER_UNITS):
            smaller = self._reference(end.variables)
            if not smaller < reference / 10 or self.clock.cut_short:
                break
            reference, end = smaller, self._descend_in(smaller, end.variables, edges)
        return end

    def _descend_in(self, reference: float, begin: np.ndarray, edges: np.ndarray) -> RawResult:
        """A quasi-Newton method; where that does not settle Newton's method by IPOPT from its end.

        Newton's method at once where coefficients are few and a landscape may have several wells:
        the first steps of the other are so long that round-off decides in which of them it ends.
        """
        optimiser = self.round.optimiser
        may_have_wells = not self.round.built.positive
        if may_have_wells and len(begin) <= FEW and optimiser is not None:
            return self._newton(optimiser, reference, begin, edges)
        first = self._quasi_newton(reference, begin, edges)
        if optimiser is None or self.clock.cut_short or self._is_settled(first, edges):
            return first
        last = self._newton(optimiser, reference, first.variables, edges)
        return last if last.success or last.cost < first.cost else first

    def _newton(
        self, optimiser: BoundedOptimiser, reference: float, begin: np.ndarray, edges: np.ndarray
    ) -> RawResult:
        optima = optima_from(
            optimiser,
            [begin],
            np.append(self.round.numbers, reference),
            bounds=edges,
            closeness=0.0,
            clock=self.clock,
        )
        return optima[0].result

    def _quasi_newton(self, reference: float, begin: np.ndarray, edges: np.ndarray) -> RawResult:
        built, parameters = self.round.built, self.round.parameters

        def scaled(x: np.ndarray) -> tuple[float, np.ndarray]:
            return built.scaled(x, parameters, reference)

        return limited_memory(scaled, begin, edges, self.clock)

    def _is_settled(self, end: RawResult, edges: np.ndarray) -> bool:
        allowed = STATIONARY / 10 * self.round.scale_at(end.variables)
        return self.round.slope_at(end.variables, edges) <= allowed

    def _settled(self, end: RawResult) -> RawResult:
        """The end of a descent with its cost J; on edges of its range where that costs nothing.

        Variables that are moved to an edge are held there, and the others optimised again.
        """
        end = replace(end, cost=self.round.cost_at(end.variables))
        if self.clock.cut_short:
            return end
        x, narrowed = self._on_edges(end)
        if (x == end.variables).all():
            return end
        again = self._descend(x, narrowed)
        cost = self.round.cost_at(again.variables)
        if not cost <= self._allowed(end):
            return end
        return replace(again, cost=cost, iterations=end.iterations + again.iterations)

    def _on_edges(self, end: RawResult) -> tuple[np.ndarray, np.ndarray]:
        """(x, ranges), variables close to an edge moved and held there where J stays as it is."""
        x, narrowed = end.variables, self.edges.copy()
        for i, size in enumerate(self.round.sizes(x)):
            for edge in self.edges[i]:
                if not (np.isfinite(edge) and abs(x[i] - edge) <= NEAR * size):
                    continue
                moved = np.where(np.arange(len(x)) == i, edge, x)
                if self.round.cost_at(moved) <= self._allowed(end):
                    x, narrowed[i] = moved, edge
        return x, narrowed

    def _allowed(self, end: RawResult) -> float:
        """What costs no more than an end does."""
        return end.cost + self._close * self.round.scale_at(end.variables)

    def is_kinked(self, x: np.ndarray) -> bool:
        """Whether there are several minima within WIDTH/T.

        Costs or slopes along an axis turn more than once there. Smooth costs of T steps may turn T
        times over the range of a coefficient, so that closer turns are kinks.
        """
        if not np.isfinite(self.round.cost_at(x)):
            return False
        width = WIDTH / max(self.round.program.steps, 10)
        for i, row in enumerate(np.diag(width * self.round.sizes(x))):
            low, high = self.edges[i]
            if not low + row[i] < x[i] < high - row[i]:
                continue
            line = [self.round.gradient_at(x + step * row) for step in np.linspace(-1, 1, 13)]
            costs, slopes = np.array([(cost, slope[i]) for cost, slope in line]).T
            if turns(np.diff(costs), abs(costs).max()) > 1 or turns(slopes, 0.0) > 1:
                return True
        return False

    def searched(self, end: RawResult) -> RawResult:
        """The best point near an end without slopes, by simplices (Nelder & Mead 1965).

        They begin WIDER, and again and again at half that size.
        """
        x, wide = end.variables, WIDER
        free, sizes = self.edges[:, 1] > self.edges[:, 0], self.round.sizes(x)

        def inside(part: np.ndarray) -> np.ndarray:
            return np.clip(filled(x, free, part), *self.edges.T)

        def cost(part: np.ndarray) -> float:
            return self.round.cost_at(inside(part))

        for _ in range(SIMPLICES):
            corners = np.vstack([x[free], x[free] + wide * np.diag(sizes[free])])
            options = {
                "initial_simplex": corners,
                "xatol": 1e-4 * sizes[free].max(),
                "fatol": 0.0,
                "maxfev": 100 * int(free.sum()),
            }
            best = minimize(cost, x[free], method="Nelder-Mead", options=options)
            x, wide = inside(best.x), wide / 2
        return replace(
            end,
            variables=x,
            cost=self.round.cost_at(x),
            success=True,
            reason="Searched without slopes",
        )
