"""One set of scenarios: what rules cost on it, and the best coefficients on it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import casadi as ca
import numpy as np

from ..planning.solver import BoundedOptimiser, Optimum, SolveClock, unfinished
from ..rules.families import GradientDescent, Policy
from ..support.errors import ProblemError
from .held_out import episode_costs
from .lowest import LeastCost
from .program import PolicyProgram
from .programs import ScenarioProgram, time_weights
from .progress import Reports
from .scenario_descent import FEWEST, NEAR, ScenarioDescent
from .scenario_sets import block_means, curvature_scale, draw
from .starting import coefficient_scales

BLOCKS = 10  # independent draws of the population, from whose spread standard errors are made
# costs that differ by less, relatively, are one optimum; the second where the average has kinks
CLOSE, ROUGHLY = 1e-7, 3e-3
# of the gain over standing still, and of J: below it what is left above the least is round-off
LEAST_GAIN, DIGITS = 1e-9, 1e-7


@dataclass(frozen=True, kw_only=True, eq=False)
class CompiledScenarios:
    """The program for one number of scenarios, and IPOPT on it where it has a Hessian."""

    program: ScenarioProgram
    optimiser: BoundedOptimiser | None


class Compiler(Protocol):
    """What a round needs of the solver: its programs, compiled once per number of scenarios."""

    def compiled(self, program: PolicyProgram, count: int) -> CompiledScenarios:
        """The program for about ``count`` scenarios."""


class Round:
    """One set of scenarios with its program.

    Attributes
    ----------
    built : ScenarioProgram
    drawn : the scenarios of every scene
    rest, unit : float, J of standing still on the set, and the size of such costs: J itself, or its
        spread over episodes
    rough : bool, whether an end had other minima close by: rules that follow signs make averages
        with kinks

    ``least`` is that of the unseen scenarios (None: of this set itself), ``clock`` says when to
    stop with the best so far, which ``tell`` reports.
    """

    def __init__(
        self,
        solver: Compiler,
        program: PolicyProgram,
        count: int,
        seed: np.random.SeedSequence,
        *,
        least: LeastCost | None = None,
        clock: SolveClock | None = None,
        tell: Reports | None = None,
    ):
        self._tell = Reports() if tell is None else tell
        self._tell.another_set()
        compiled = solver.compiled(program, count)
        self.built, self.optimiser = compiled.program, compiled.optimiser
        self.drawn = draw(program, count, blocks=BLOCKS, seed=seed)
        self.weights = np.stack(time_weights(program))
        self.numbers = self.built.numbers(self.weights, self.drawn)
        self.parameters = ca.DM(self.numbers)
        self.clock = SolveClock() if clock is None else clock
        self.program, self.count, self.rough = program, sum(self.built.counts), False
        self.length = 1 / curvature_scale(program, self.drawn)
        self._least: LeastCost | None = least
        self._scales: dict[bytes, float] = {}
        resting = standing_still(program)
        self.rest = float(self.block_costs(resting).mean())
        if self.built.positive:
            self.unit = self.rest
        else:
            self.unit = self.spread(resting) or abs(self.rest) or 1.0
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

    def cost(self, coefficients: np.ndarray) -> float:
        """J over the set; infinite where the rule diverges."""
        return self.cost_at(self.built.scale.variables(coefficients))

    def cost_at(self, x: np.ndarray) -> float:
        """The same of the program's variables."""
        cost = float(self.built.value(x, self.parameters))
        return cost if np.isfinite(cost) else np.inf

    def gradient_at(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """(J, ∂J/∂x (n,)) at the program's variables."""
        cost, slope = self.built.gradient(x, self.parameters)
        return float(cost), np.array(slope).ravel()

    def block_costs(self, policy: Policy) -> np.ndarray:
        """Mean cost on every block, (blocks,)."""
        return block_means(episode_costs(policy, self.program, self.drawn), self.drawn)

    def policy(self, coefficients: np.ndarray) -> Policy:
        """The rule with these coefficients (n,)."""
        return Policy(
            family=self.program.family,
            coefficients=self.built.layout.split(coefficients),
            horizon=self.program.steps,
        )

    def spread(self, policy: Policy) -> float:
        """Standard deviation of episodes about their mean; 0 where it overflows."""
        costs = np.concatenate(episode_costs(policy, self.program, self.drawn))
        shares = np.concatenate([scenarios.weights for scenarios in self.drawn])
        with np.errstate(invalid="ignore"):
            spread = np.sqrt(np.maximum(shares @ (costs - shares @ costs) ** 2, 0.0))
        return spread if np.isfinite(spread) else 0.0

    def scale(self, coefficients: np.ndarray) -> float:
        """What costs are relative to, the same in all units: J less the least that it could be.

        That is 0 on random quadratics. Losses of other landscapes count from anywhere: there the
        lowest points are searched. It is at most the spread of episodes about their mean, or the
        gain over standing still if that is more, and no less than what digits of both allow.
        """
        key = np.asarray(coefficients, dtype=float).tobytes()
        if key not in self._scales:
            self._scales[key] = self._scale(coefficients)
        return self._scales[key]

    def _scale(self, coefficients: np.ndarray) -> float:
        cost = self.cost(coefficients)
        if self.built.positive:
            return cost
        if self._least is None:
            self._least = LeastCost(self.program, self.drawn)
        policy, gain = self.policy(coefficients), abs(self.rest - cost)
        widest = max(self.spread(policy), gain) or 1.0
        if not math.isfinite(cost):
            return widest
        floor = max(LEAST_GAIN * gain, DIGITS * abs(cost))
        excess = min(self._least.excess(policy, cost), widest)
        return max(excess, floor) or widest

    def scale_at(self, x: np.ndarray) -> float:
        """The same at the program's variables."""
        return self.scale(self.built.scale.coefficients(x))

    def slope(self, coefficients: np.ndarray, bounds: np.ndarray) -> float:
        """Largest |∂J/∂x| over the scale, per change of a variable's own size.

        Slopes that lead out of a variable's range do not count.
        """
        slope = self.slope_at(self.built.scale.variables(coefficients), self._edges(bounds))
        return slope / self.scale(coefficients)

    def slope_at(self, x: np.ndarray, edges: np.ndarray) -> float:
        """Largest |∂J/∂x| per change of a variable's own size inside its ``edges`` (n, 2)."""
        _, slope = self.gradient_at(x)
        sizes = self.sizes(x)
        with np.errstate(invalid="ignore"):
            to_edge = np.where(slope > 0, x - edges[:, 0], edges[:, 1] - x)
            leads_out = to_edge <= NEAR * sizes
        return float(np.abs(np.where(leads_out, 0.0, slope * sizes)).max(initial=0.0))

    def sizes(self, x: np.ndarray) -> np.ndarray:
        """(n,): a change of order one of each variable x.

        1, or the coefficient's own scale where x is the coefficient.
        """
        scales = coefficient_scales(self.built.layout, x, self.length)
        return np.where(self.built.scale.kinds == "linear", scales, 1.0)

    def optimise(
        self,
        guesses: Iterable[tuple[np.ndarray, int]],
        bounds: np.ndarray,
        *,
        on_face: bool = False,
    ) -> list[Optimum]:
        """Distinct optima, best first; their ``variables`` are coefficients.

        Guesses carry how many starts led there. ``on_face`` of the family, kinks are not looked for
        again: whether there are any is known from where the family itself was optimised.
        """
        edges = self._edges(bounds)
        descent = ScenarioDescent(self, edges, close=CLOSE)
        ends: list[Optimum] = []
        for entries, count in guesses:
            begin = self.built.scale.variables(np.clip(entries, *bounds.T))
            if ends and self.clock.is_over():
                result = unfinished(begin, self.clock.stop_reason, cost=self.cost_at(begin))
            else:
                result = descent.end(begin)
            ends.append(Optimum(result=result, count=count))
            self._tell(self.program, result.cost, scenarios=self.count)
        ends.sort(key=_by_cost)
        if len(edges) <= FEWEST and not self.clock.cut_short:
            self.rough = self.rough or (not on_face and self._any_kinked(descent, ends))
        if self.rough and not self.clock.cut_short:
            ends = [replace(end, result=descent.searched(end.result)) for end in ends]
        return self._distinct(sorted(map(self._in_coefficients, ends), key=_by_cost))

    @staticmethod
    def _any_kinked(descent: ScenarioDescent, ends: Sequence[Optimum]) -> bool:
        # of the two best: kinks of bad ends do not matter
        return any(descent.is_kinked(end.variables) for end in ends[:2])

    def _in_coefficients(self, end: Optimum) -> Optimum:
        coefficients = self.built.scale.coefficients(end.variables)
        return replace(end, result=replace(end.result, variables=coefficients))

    def _distinct(self, ends: Iterable[Optimum]) -> list[Optimum]:
        """Ends, best first, with those that cost the same as the one before counted as it."""
        distinct: list[Optimum] = []
        closeness = ROUGHLY if self.rough else CLOSE
        for end in ends:
            if not distinct:
                distinct.append(end)
                continue
            best = distinct[-1]
            near = closeness * self.scale(best.variables)
            if not abs(end.cost - best.cost) <= near:  # infinite costs are not alike
                distinct.append(end)
                continue
            preferred = best
            if end.result.success and not best.result.success:
                preferred = end
            distinct[-1] = replace(preferred, count=best.count + end.count)
        return distinct

    def _edges(self, bounds: np.ndarray) -> np.ndarray:
        """(n, 2), the ranges of the program's variables."""
        return np.sort(self.built.scale.variables(bounds.T), axis=0).T


def _by_cost(optimum: Optimum) -> float:
    return optimum.cost


def standing_still(program: PolicyProgram) -> Policy:
    """The rule that never moves."""
    return Policy(
        family=GradientDescent(constant=True),
        coefficients={"learning_rate": 0.0},
        horizon=program.steps,
    )
