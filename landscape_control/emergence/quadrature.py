"""Compiled moment programs per number of quadrature nodes, and how many nodes are enough."""

import math
import time
from dataclasses import replace

import casadi as ca
import numpy as np

from ..policies import PolicyProgram
from ..sees import ExactGradient
from ..solver import INTERRUPTED, TIME_LIMIT, BoundedOptimiser, optima_from
from .programs import REFERENCE, ROUND_OFF, MomentProgram, is_free, pack
from .starting import stretch

FIRST = 40
LONG = 20_000  # modes times steps from which each run of the optimiser takes long


def first_nodes(program: PolicyProgram) -> int:
    """Nodes to begin with: as many as make a polynomial cost exact, or enough that no coefficient
    can exploit gaps.

    Without noise the cost of T steps oscillates T times over the spectrum, and too few nodes breed
    optima of their own.
    """
    exact, size = program.steps + 1, program.family.layout(program.steps).size
    return exact if isinstance(program.sees, ExactGradient) else min(exact, max(FIRST, size + 1))


def enough_nodes(program: PolicyProgram, nodes: int) -> int | None:
    """The next finer number of nodes, or None where the quadrature has no error.

    With noise variance h^m, m whole, a mode's cost is a polynomial of degree at most 2T + max(1, m)
    in its curvature, and Gauss quadrature with N nodes is exact to degree 2N - 1.
    """
    power = 2 * getattr(program.sees, "power", 0.0)
    polynomial = power == int(power) and power >= 0
    degree = 2 * program.steps + max(1, int(power)) if polynomial else math.inf
    return None if program.task.curvatures.exact or 2 * nodes - 1 >= degree else 2 * nodes


def is_long(program: PolicyProgram) -> bool:
    """Whether each run of the optimiser is long, and what is best over a shorter horizon is a place
    to begin.
    """
    steady = not any(one.varies for one in program.family.coefficients)
    return steady and first_nodes(program) * program.steps > LONG


def largest_curvature(program: PolicyProgram) -> float:
    """The unit of curvatures inside."""
    return program.task.curvatures.support[1]


class Machinery:
    """One moment structure with its functions and optimisers, each made when first needed.

    Inside, curvatures are in units of the largest and learning rates in units of one over it, so
    that a task in other units takes the same path; coefficients and costs that come in and go out
    are the user's.
    """

    def __init__(self, family, horizon, layout, hessian, options):
        self.moments = MomentProgram(family=family, horizon=horizon, layout=layout)
        self.coefficients = self.moments.coefficients
        self.hessian, self.options, self.build_seconds = hessian, options, 0.0
        self._optimisers, self._objectives, self._slopes, self._last = {}, {}, {}, (None, {})

    def optimiser(self, nodes: int) -> BoundedOptimiser:
        """The compiled optimiser with N nodes."""
        return self._kept(self._optimisers, nodes, self._build_optimiser)

    def objective(self, program: PolicyProgram, nodes: int):
        """log(J/standing still) as a function of the coefficients."""
        packed, units = self._packed(program, nodes), self._units(program)
        function = self._kept(
            self._objectives, self.moments.count_nodes(packed), self._build_objective
        )
        return lambda entries: float(function(entries * units, packed))

    def without_effect(self, program: PolicyProgram, nodes: int, points) -> np.ndarray:
        """(n,) bool: coefficients whose slope is exactly zero at every point, such as momentum over
        a single step.
        """
        function = self._kept(self._slopes, self.node_count(program, nodes), self._build_slope)
        slopes = [
            np.array(function(one * self._units(program), self._packed(program, nodes))).ravel()
            for one in points
        ]
        return ~np.any(slopes, axis=0)

    def cost(self, program: PolicyProgram, nodes: int, entries) -> float:
        """J."""
        return self.cost_of(program, nodes, self.objective(program, nodes)(entries))

    def cost_of(self, program, nodes, objective: float) -> float:
        """J from the logarithm that is minimised."""
        floor = self._packed(program, nodes)[REFERENCE + 1]
        return float(max(np.exp(objective) - floor, 0.0) * self.at_rest(program, nodes))

    def at_rest(self, program: PolicyProgram, nodes: int) -> float:
        """J of never moving."""
        return float(self._packed(program, nodes)[REFERENCE] * largest_curvature(program))

    def node_count(self, program: PolicyProgram, nodes: int) -> int:
        """How many nodes there are when N are asked for: a discrete spectrum has its own."""
        return self.moments.count_nodes(self._packed(program, nodes))

    def learnt(self, program: PolicyProgram, nodes: int, optimum) -> bool:
        """Whether the rule learns everything there is: J is zero to round-off.

        Where as few curvatures as steps can all be met; and where a run without noise and price
        ended for want of digits.
        """
        share = self.cost(program, nodes, optimum.variables) / self.at_rest(program, nodes)
        if (
            self._packed(program, nodes)[REFERENCE + 1] == ROUND_OFF
        ):  # however it ended: nothing can be better
            return share <= 100 * ROUND_OFF
        ended = not optimum.success and optimum.reason not in (TIME_LIMIT, INTERRUPTED)
        return ended and is_free(program) and share <= 10 * ROUND_OFF

    def optimise(self, program, nodes, guesses, bounds, tolerance, clock=None):
        """Distinct optima from these guesses, best first; at least one run, however short, is made."""
        optimiser, units = self.optimiser(self.node_count(program, nodes)), self._units(program)
        found = optima_from(
            optimiser,
            [one * units for one in guesses],
            self._packed(program, nodes),
            bounds=bounds * units[:, None],
            closeness=tolerance,
            clock=clock,
        )
        return tuple(
            replace(one, result=replace(one.result, variables=one.variables / units))
            for one in found
        )

    def _units(self, program):
        return stretch(self.coefficients, largest_curvature(program))

    def _packed(self, program, nodes):
        if self._last[0] is not program:
            self._last = program, {}
        if nodes not in self._last[1]:
            self._last[1][nodes] = pack(self.moments, program, nodes, largest_curvature(program))
        return self._last[1][nodes]

    def _kept(self, store, nodes, build):
        if nodes not in store:
            began = time.perf_counter()
            store[nodes] = build(nodes)
            self.build_seconds += time.perf_counter() - began
        return store[nodes]

    def _build_optimiser(self, nodes):
        nlp, derivatives = self.moments.nlp(nodes, exact=self.hessian == "exact")
        return BoundedOptimiser(
            nlp=nlp, hessian=self.hessian, derivatives=derivatives, options=self.options
        )

    def _build_slope(self, nodes):
        nlp, derivatives = self.moments.nlp(nodes, exact=False)
        return ca.Function(
            "slope", [nlp["x"], nlp["p"]], [derivatives["grad_f"](nlp["x"], nlp["p"])[1]]
        )

    def _build_objective(self, nodes):
        nlp = self.moments.nlp(nodes, exact=False)[0]
        return ca.Function("objective", [nlp["x"], nlp["p"]], [nlp["f"]])
