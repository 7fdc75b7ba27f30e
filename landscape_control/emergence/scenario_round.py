"""One set of scenarios: the best coefficients on it, from several guesses, also where the average
cost is rough.
"""

import math
from dataclasses import replace

import casadi as ca
import numpy as np
from scipy.optimize import minimize

from ..errors import ProblemError
from ..policies import GradientDescent, Policy, PolicyProgram
from ..solver import Optimum, RawResult, SolveClock, optima_from, unfinished
from .descents import filled, limited_memory, turns
from .held_out import episode_costs
from .lowest import LeastCost
from .programs import time_weights
from .scenario_sets import block_means, curvature_scale, draw
from .starting import coefficient_scales

BLOCKS = 10  # independent draws of the population, from whose spread standard errors are made
FEW = 8  # coefficients up to which Newton's method needs no help
CLOSE, ROUGHLY = (
    1e-7,
    3e-3,
)  # costs that differ by less, relatively, are one optimum; the second where the average is rough
STATIONARY = (
    1e-4  # relative change of the cost, per relative change of a coefficient, that counts as none
)
# distance from an edge of a range, on the variable's own scale, within which the edge itself is
# tried
NEAR = 1e-4
LEARNT, DIGITS = (
    1e-9,
    1e-7,
)  # of the gain over standing still, and of J: what is left above the least is not told from none
FEWEST = 4  # most coefficients that are searched without slopes
WIDTH = WIDER = 0.3  # steps that test for kinks, times T at least 10, and that begin a search


class Round:
    """One set of scenarios with its program.

    Attributes
    ----------
    rest, unit : float, J of standing still on the set, and the size of such costs: J itself, or its
    spread over episodes rough : bool, whether an end had other minima close by: rules that follow
    signs make averages with kinks

    ``least`` is that of the unseen scenarios (None: of this set itself), ``clock`` says when to
    stop with the best so far.
    """

    def __init__(self, solver, program, count, seed, *, least=None, clock=None):
        self.built, self.optimiser = solver.compiled(program, count)
        self.drawn = draw(program, count, blocks=BLOCKS, seed=seed)
        self.weights = np.stack(time_weights(program))
        self.numbers = self.built.numbers(self.weights, self.drawn)
        self._least, self._scales, self.clock = least, {}, SolveClock() if clock is None else clock
        self.program, self.count, self.rough = program, sum(self.built.counts), False
        self._parameters, self.length = (
            ca.DM(self.numbers),
            1 / curvature_scale(program, self.drawn),
        )
        self.rest = float(self.block_costs(standing_still(program)).mean())
        self.unit = (
            self.rest
            if self.built.positive
            else self._spread(standing_still(program)) or abs(self.rest) or 1.0
        )
        if not (math.isfinite(self.rest) and self.unit > 0):
            raise ProblemError(
                "cost",
                expected="a positive cost of standing still",
                received=f"{self.rest:g}",
                advice=(
                    "nothing is paid for the loss: check loss_weight, terminal_weight and the"
                    " discount"
                ),
            )

    def cost(self, coefficients) -> float:
        """J over the set; infinite where the rule diverges."""
        return self._cost_at(self.built.scale.variables(coefficients))

    def block_costs(self, policy) -> np.ndarray:
        return block_means(episode_costs(policy, self.program, self.drawn), self.drawn)

    def policy(self, coefficients) -> Policy:
        return Policy(
            family=self.program.family,
            coefficients=self.built.layout.split(coefficients),
            horizon=self.program.steps,
        )

    def scale(self, coefficients) -> float:
        """What costs are relative to, the same in all units: J less the least that it could be,
        which is 0 on random quadratics.

        Losses of other landscapes count from anywhere: there the lowest points are searched. It is
        at most the spread of episodes about their mean, or the gain over standing still if that is
        more, and no less than what digits of both allow.
        """
        key = np.asarray(coefficients, dtype=float).tobytes()
        if key not in self._scales:
            self._scales[key] = self._scale(coefficients)
        return self._scales[key]

    def _scale(self, coefficients):
        cost = self.cost(coefficients)
        if self.built.positive:
            return cost
        if self._least is None:
            self._least = LeastCost(self.program, self.drawn)
        policy, gain = self.policy(coefficients), abs(self.rest - cost)
        widest = max(self._spread(policy), gain) or 1.0
        if not math.isfinite(cost):
            return widest
        floor = max(LEARNT * gain, DIGITS * abs(cost))
        return max(min(self._least.excess(policy, cost), widest), floor) or widest

    def slope(self, coefficients, bounds) -> float:
        """Largest |∂J/∂x| over the scale, per change of a variable's own size, that does not lead
        out of its range.
        """
        return self._slope_at(
            self.built.scale.variables(coefficients), self._edges(bounds)
        ) / self.scale(coefficients)

    def _slope_at(self, x, edges):
        slope, sizes = np.array(self.built.gradient(x, self._parameters)[1]).ravel(), self.sizes(x)
        with np.errstate(invalid="ignore"):
            outward = np.where(slope > 0, x - edges[:, 0], edges[:, 1] - x) <= NEAR * sizes
        return float(np.abs(np.where(outward, 0.0, slope * sizes)).max(initial=0.0))

    def sizes(self, x) -> np.ndarray:
        """(n,): a change of order one of each variable x: 1, or the coefficient's own scale where x
        is the coefficient.
        """
        scales = coefficient_scales(self.built.layout, x, self.length)
        return np.where(self.built.scale.kinds == "linear", scales, 1.0)

    def optimise(self, guesses, bounds) -> list[Optimum]:
        """Distinct optima, best first; their ``variables`` are coefficients. Guesses carry how many
        starts led there.
        """
        edges, found = self._edges(bounds), []
        for entries, count in guesses:
            begin = self.built.scale.variables(np.clip(entries, *bounds.T))
            end = (
                self._not_run(begin) if found and self.clock.is_over() else self._end(begin, edges)
            )
            found.append(Optimum(result=end, count=count))
        found.sort(key=lambda one: one.cost)
        if (
            len(edges) <= FEWEST
            and not self.clock.cut_short
            and any(self._kinked(one.variables, edges) for one in found[:2])
        ):
            self.rough = True
            found = [replace(one, result=self._searched(one.result, edges)) for one in found]
        found = [
            replace(
                one,
                result=replace(one.result, variables=self.built.scale.coefficients(one.variables)),
            )
            for one in found
        ]
        return self._distinct(sorted(found, key=lambda one: one.cost))

    def _end(self, begin, edges) -> RawResult:
        try:
            return self._settled(self._descend(begin, edges), edges)
        except KeyboardInterrupt:  # between two runs
            self.clock.interrupt()
            return self._not_run(begin)

    def _not_run(self, begin) -> RawResult:
        """A guess as it is."""
        return unfinished(begin, self.clock.stop_reason, cost=self._cost_at(begin))

    def _distinct(self, found):
        distinct = []
        for one in found:
            near = (
                (ROUGHLY if self.rough else CLOSE) * self.scale(distinct[-1].variables)
                if distinct
                else 0.0
            )
            if distinct and abs(one.cost - distinct[-1].cost) <= near:
                kept = (
                    distinct[-1] if distinct[-1].result.success or not one.result.success else one
                )
                distinct[-1] = replace(kept, count=distinct[-1].count + one.count)
            else:
                distinct.append(one)
        return distinct

    def _edges(self, bounds):
        return np.sort(self.built.scale.variables(bounds.T), axis=0).T

    def _cost_at(self, x):
        found = float(self.built.value(x, self._parameters))
        return found if np.isfinite(found) else np.inf

    def _spread(self, policy):
        costs = np.concatenate(episode_costs(policy, self.program, self.drawn))
        shares = np.concatenate([one.weights for one in self.drawn])
        with np.errstate(invalid="ignore"):
            found = np.sqrt(np.maximum(shares @ (costs - shares @ costs) ** 2, 0.0))
        return found if np.isfinite(found) else 0.0

    def _reference(self, x) -> float:
        """The unit of cost in a descent from x."""
        if self.built.positive:
            return self.rest
        gained = abs(self.rest - self._cost_at(x))
        spread = self._spread(self.policy(self.built.scale.coefficients(x)))
        return max(spread, 1e-6 * gained if np.isfinite(gained) else 0.0) or self.unit

    def _descend(self, begin, edges) -> RawResult:
        """A descent, begun again in a smaller unit of cost where the cost has left the first one
        far behind.
        """
        reference = self._reference(begin)
        found = self._descend_in(reference, begin, edges)
        for _ in range(6):
            smaller = self._reference(found.variables)
            if not smaller < reference / 10 or self.clock.cut_short:
                break
            reference, found = smaller, self._descend_in(smaller, found.variables, edges)
        return found

    def _descend_in(self, reference, begin, edges) -> RawResult:
        """Newton's method by IPOPT; where there are many coefficients, a quasi-Newton method leads
        there first.
        """
        first = None
        if len(begin) > FEW or self.optimiser is None:
            first = limited_memory(
                lambda x: self.built.scaled(x, self._parameters, reference),
                begin,
                edges,
                self.clock,
            )
            begin = first.variables
        if self.optimiser is None or (
            first is not None and (self.clock.cut_short or self._is_settled(first, edges))
        ):
            return first
        numbers = np.append(self.numbers, reference)
        last = optima_from(
            self.optimiser, [begin], numbers, bounds=edges, closeness=0.0, clock=self.clock
        )[0].result
        return last if first is None or last.success or last.cost < first.cost else first

    def _is_settled(self, one, edges):
        scale = self.scale(self.built.scale.coefficients(one.variables))
        return self._slope_at(one.variables, edges) <= STATIONARY / 10 * scale

    def _settled(self, one: RawResult, edges) -> RawResult:
        """The end of a descent with its cost J; on edges of its range where that costs nothing,
        optimised again there.
        """
        one = replace(one, cost=self._cost_at(one.variables))
        if self.clock.cut_short:
            return one
        x, narrowed = one.variables, edges.copy()
        for i, size in enumerate(self.sizes(x)):
            for edge in edges[i]:
                if np.isfinite(edge) and abs(x[i] - edge) <= NEAR * size:
                    moved = np.where(np.arange(len(x)) == i, edge, x)
                    if self._cost_at(moved) <= one.cost + self._close(one):
                        x, narrowed[i] = moved, edge
        if (x == one.variables).all():
            return one
        again = self._descend(x, narrowed)
        again = replace(
            again, cost=self._cost_at(again.variables), iterations=one.iterations + again.iterations
        )
        return again if again.cost <= one.cost + self._close(one) else one

    def _close(self, one):  # what counts as no change of a cost
        return CLOSE * self.scale(self.built.scale.coefficients(one.variables))

    def _kinked(self, x, edges) -> bool:
        """Whether there are several minima within WIDTH/T: costs or slopes along an axis turn more
        than once.

        Smooth costs of T steps may turn T times over the range of a coefficient, so that closer
        turns are kinks.
        """
        if not np.isfinite(self._cost_at(x)):
            return False
        for i, row in enumerate(np.diag(WIDTH / max(self.program.steps, 10) * self.sizes(x))):
            if edges[i, 0] + row[i] < x[i] < edges[i, 1] - row[i]:
                line = [
                    self.built.gradient(x + step * row, self._parameters)
                    for step in np.linspace(-1, 1, 13)
                ]
                costs, slopes = np.array([(float(cost), float(slope[i])) for cost, slope in line]).T
                if turns(np.diff(costs), abs(costs).max()) > 1 or turns(slopes, 0.0) > 1:
                    return True
        return False

    def _searched(self, one: RawResult, edges) -> RawResult:
        """The best point near an end without slopes, by simplices that begin WIDER and again at
        half that size.
        """
        x, wide = one.variables, WIDER
        free, sizes = edges[:, 1] > edges[:, 0], self.sizes(x)

        def cost(part):
            return self._cost_at(np.clip(np.where(free, filled(x, free, part), x), *edges.T))

        for _ in range(4):
            corners = np.vstack([x[free], x[free] + wide * np.diag(sizes[free])])
            end = minimize(
                cost,
                x[free],
                method="Nelder-Mead",
                options={
                    "initial_simplex": corners,
                    "xatol": 1e-4 * sizes[free].max(),
                    "fatol": 0.0,
                    "maxfev": 100 * int(free.sum()),
                },
            )
            x, wide = np.clip(filled(x, free, end.x), *edges.T), wide / 2
        return replace(
            one, variables=x, cost=self._cost_at(x), success=True, reason="Searched without slopes"
        )


def standing_still(program: PolicyProgram) -> Policy:
    """The rule that never moves."""
    return Policy(
        family=GradientDescent(constant=True),
        coefficients={"learning_rate": 0.0},
        horizon=program.steps,
    )
