"""Compiled moment programs: one structure, with a program per number of quadrature nodes."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar
from weakref import WeakKeyDictionary

import casadi as ca
import numpy as np

from ..planning.solver import (
    INTERRUPTED,
    TIME_LIMIT,
    BoundedOptimiser,
    Optimum,
    RawResult,
    SolveClock,
    optima_from,
)
from ..support.side_by_side import Asking, known
from .cost_derivatives import cost_derivatives
from .limits import UNLIMITED, CourseLimits
from .program import PolicyProgram
from .programs import (
    REFERENCE,
    ROUND_OFF,
    LimitRows,
    MomentProgram,
    is_free,
    limit_rows,
    pack,
    start_loss,
)
from .quadrature import largest_curvature
from .starting import stretch

LARGER = 100.0  # times ε, to see what of J is ε's

Built = TypeVar("Built")


class MomentPrograms:
    """One moment structure with its functions and optimisers, each made when first needed.

    Inside, curvatures are in units of the largest and learning rates in units of one over it, so
    that a task in other units takes the same path; coefficients and costs that come in and go out
    are the user's.

    Attributes
    ----------
    descends : bool, whether long programs are begun by a descent without Hessians
    """

    descends = True

    def __init__(
        self,
        moments: MomentProgram,
        *,
        hessian: str,
        options: dict,
        limits: CourseLimits = UNLIMITED,
    ):
        self.moments = moments
        self.coefficients = self.moments.coefficients
        self.hessian, self.options, self.build_seconds = hessian, options, 0.0
        self.limits = limits
        self._optimisers: dict[int, BoundedOptimiser] = {}
        self._rows: dict[int, LimitRows] = {}
        self._objectives: dict[int, ca.Function] = {}
        self._slopes: dict[int, ca.Function] = {}
        self._packed_of: WeakKeyDictionary[PolicyProgram, dict[int, np.ndarray]]
        self._packed_of = WeakKeyDictionary()

    def prepare(self, nodes: int) -> None:
        """Compile what a run with N nodes needs."""
        self.optimiser(nodes)

    def optimiser(self, nodes: int) -> BoundedOptimiser:
        """The compiled optimiser with N nodes."""
        return self._kept(self._optimisers, nodes, self._build_optimiser)

    def objective(self, program: PolicyProgram, nodes: int) -> Callable[[np.ndarray], float]:
        """log(J/standing still) as a function of the coefficients."""
        packed, units = self._packed(program, nodes), self._units(program)
        count = self.moments.count_nodes(packed)
        function = self._kept(self._objectives, count, self._build_objective)
        return lambda entries: float(function(entries * units, packed))

    def slope(
        self, program: PolicyProgram, nodes: int
    ) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        """The same with its gradient (n,)."""
        packed, units = self._packed(program, nodes), self._units(program)
        count = self.moments.count_nodes(packed)
        function = self._kept(self._slopes, count, self._build_slope)

        def both(entries: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = function(entries * units, packed)
            return float(value), np.array(slope).ravel() * units

        return both

    def costing(
        self, program: PolicyProgram, nodes: int, points: Sequence[np.ndarray] | np.ndarray
    ) -> Asking[list[float]]:
        """log(J/standing still) at some points."""
        objective = self.objective(program, nodes)
        return known([objective(point) for point in points])

    def sloping(
        self, program: PolicyProgram, nodes: int, points: Sequence[np.ndarray] | np.ndarray
    ) -> Asking[list[np.ndarray]]:
        """Its gradients (n,) at some points.

        They are exactly zero for coefficients without effect, such as momentum over a single step.
        """
        both = self.slope(program, nodes)
        return known([both(point)[1] for point in points])

    def cost(self, program: PolicyProgram, nodes: int, entries: np.ndarray) -> float:
        """J."""
        return self.cost_of(program, nodes, self.objective(program, nodes)(entries))

    def cost_of(self, program: PolicyProgram, nodes: int, objective: float) -> float:
        """J from the logarithm that is minimised."""
        floor = self._packed(program, nodes)[REFERENCE + 1]
        return float(max(np.exp(objective) - floor, 0.0) * self.at_rest(program, nodes))

    def round_off(self, program: PolicyProgram, nodes: int, entries: np.ndarray) -> float:
        """What J is uncertain by in double precision at most: the part of it that is ε's.

        J is linear in ε where that part is small beside the rest; a larger ε stands out of the
        round-off of J itself.
        """
        packed, units = self._packed(program, nodes), self._units(program)
        function = self._kept(
            self._objectives, self.moments.count_nodes(packed), self._build_objective
        )
        larger = packed.copy()
        larger[self.moments.round_off_place] *= LARGER
        logarithms = [float(function(entries * units, p)) for p in (packed, larger)]
        below, above = (self.cost_of(program, nodes, logarithm) for logarithm in logarithms)
        return max(above - below, 0.0) / (LARGER - 1)

    def curvature(
        self, program: PolicyProgram, nodes: int, entries: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """(J, ∂²J/∂c∂c'), without units."""
        cost, _, hessian = cost_derivatives(program, entries, nodes=nodes, moments=self.moments)
        return cost, hessian

    def at_rest(self, program: PolicyProgram, nodes: int) -> float:
        """J of never moving."""
        return float(self._packed(program, nodes)[REFERENCE] * largest_curvature(program))

    def node_count(self, program: PolicyProgram, nodes: int) -> int:
        """How many nodes there are when N are asked for: a discrete spectrum has its own."""
        return self.moments.count_nodes(self._packed(program, nodes))

    def learnt(self, program: PolicyProgram, nodes: int, end: RawResult) -> bool:
        """Whether the rule learns everything there is: J is zero to round-off.

        Where as few curvatures as steps can all be met; and where a run without noise and price
        ended for want of digits.
        """
        share = self.cost(program, nodes, end.variables) / self.at_rest(program, nodes)
        if self._packed(program, nodes)[REFERENCE + 1] == ROUND_OFF:
            return share <= 100 * ROUND_OFF  # however it ended: nothing can be better
        gave_up = not end.success and end.reason not in (TIME_LIMIT, INTERRUPTED)
        return gave_up and is_free(program) and share <= 10 * ROUND_OFF

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
        """Distinct optima from these guesses, best first; at least one run, however short, is made."""
        count = self.node_count(program, nodes)
        optimiser, units = self.optimiser(count), self._units(program)
        rows = None
        if self.limits.limited:
            rows = self._rows[count].ranges(self.limits, start_loss(program, nodes))
        optima = optima_from(
            optimiser,
            [guess * units for guess in guesses],
            self._packed(program, nodes),
            bounds=bounds * units[:, None],
            rows=rows,
            closeness=tolerance,
            clock=clock,
            tell=tell,
        )
        return tuple(in_units_of_the_user(optimum, units) for optimum in optima)

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
        """The same as a computation that may go on beside others; here it asks for nothing.

        ``tell`` is called with objectives on the way, as far as there is something to tell.
        """
        return known(self.optimise(program, nodes, guesses, bounds, tolerance, clock, tell))

    def _units(self, program: PolicyProgram) -> np.ndarray:
        """(n,): what coefficients are multiplied with inside."""
        return stretch(self.coefficients, largest_curvature(program))

    def _packed(self, program: PolicyProgram, nodes: int) -> np.ndarray:
        """The numbers of a program, kept as long as it is."""
        by_nodes = self._packed_of.setdefault(program, {})
        if nodes not in by_nodes:
            by_nodes[nodes] = pack(self.moments, program, nodes, largest_curvature(program))
        return by_nodes[nodes]

    def _kept(self, store: dict[int, Built], nodes: int, build: Callable[[int], Built]) -> Built:
        """What is built for N nodes, once; the time counts."""
        if nodes not in store:
            began = time.perf_counter()
            store[nodes] = build(nodes)
            self.build_seconds += time.perf_counter() - began
        return store[nodes]

    def _build_optimiser(self, nodes: int) -> BoundedOptimiser:
        exact = self.hessian == "exact" and not self.limits.limited
        nlp, derivatives = self.moments.nlp(nodes, exact=exact)
        if self.limits.limited:
            self._rows[nodes] = limit_rows(self.moments, self.limits, nodes, nlp["x"], nlp["p"])
            nlp = nlp | {"g": self._rows[nodes].rows}
        return BoundedOptimiser(
            nlp=nlp,
            hessian="exact" if exact else "limited-memory",
            derivatives=derivatives,
            options=self.options,
        )

    def _build_slope(self, nodes: int) -> ca.Function:
        nlp, derivatives = self.moments.nlp(nodes, exact=False)
        x, p = nlp["x"], nlp["p"]
        return ca.Function("slope", [x, p], list(derivatives["grad_f"](x, p)))

    def _build_objective(self, nodes: int) -> ca.Function:
        nlp = self.moments.nlp(nodes, exact=False)[0]
        return ca.Function("objective", [nlp["x"], nlp["p"]], [nlp["f"]])


def in_units_of_the_user(optimum: Optimum, units: np.ndarray) -> Optimum:
    """The same with coefficients that were multiplied with ``units`` as they were."""
    result = replace(optimum.result, variables=optimum.result.variables / units)
    return replace(optimum, result=result)
