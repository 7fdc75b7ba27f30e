"""What rules cost on unseen scenarios: the gap, the comparison, the status and the result."""

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..planning.solver import Optimum, SolveClock
from ..rules.families import Policy
from .compared import Compared
from .held_out import HeldOut, mean_and_error
from .intervals import confidence_intervals
from .program import PolicyProgram
from .scenario_checks import certify_scenarios, identify_scenarios
from .scenario_descent import STATIONARY
from .scenario_result import ScenarioResult
from .scenario_round import Round, standing_still
from .starting import at_bound, held
from .status import PolicyStatus, status_of, stopped

HELD_OUT_BLOCKS = 20  # of one set of held-out scenarios
MORE = 100  # sets of held-out scenarios drawn at most
# distinct optima that are followed when scenarios are added; of many coefficients the best alone
# after once
CARRIED = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Simpler:
    """The best member of a simpler family that the family contains.

    Attributes
    ----------
    entries : (n,), its coefficients in the richer family
    name : what the simpler family is
    face : (n, 2), the ranges that hold it there, where it is a face; else None
    """

    entries: np.ndarray
    name: str
    face: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Gap:
    """How much more a rule costs on unseen scenarios than on its set: the optimism.

    ``error`` is its standard error; ``closed`` says whether both are as small as allowed.
    """

    optimism: float = math.nan
    error: float = math.inf
    closed: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Reached:
    """What one set of scenarios gave: its distinct optima, best first, and the gap of the best."""

    round: Round
    optima: list[Optimum]
    gap: Gap


class ScenarioJudge:
    """Judges the rules of one search, on scenarios that none of them was fitted to.

    Parameters
    ----------
    program, clock : of this solve
    seed : of the unseen scenarios
    count : int, unseen scenarios of one set
    tolerance : float, relative to the scale of costs

    Attributes
    ----------
    held : HeldOut, the first set
    """

    def __init__(
        self,
        program: PolicyProgram,
        seed: np.random.SeedSequence,
        *,
        count: int,
        tolerance: float,
        clock: SolveClock,
    ):
        self.program, self.tolerance, self.clock = program, tolerance, clock
        self._seed, self._count = seed, count
        self._layout = program.family.layout(program.steps)
        self.held = self._unseen(seed)

    def _unseen(self, seed: np.random.SeedSequence) -> HeldOut:
        return HeldOut.drawn(self.program, self._count, blocks=HELD_OUT_BLOCKS, seed=seed)

    def gap(self, current: Round, before: np.ndarray, after: np.ndarray) -> Gap:
        """The gap of coefficients ``after`` that were fitted to a set, from those ``before`` it."""
        optimism, error = self._optimism(current, before, after)
        allowed = self.tolerance * current.scale(after)
        closed = optimism + 2 * error <= allowed and self._is_typical(current, after, allowed)
        return Gap(optimism=optimism, error=error, closed=closed)

    def _optimism(
        self, current: Round, before: np.ndarray, after: np.ndarray
    ) -> tuple[float, float]:
        """Optimism of ĉ = ``after`` and its standard error, from differences to c = ``before``.

        J_out(ĉ) - J_in(ĉ) differs from [J_out(ĉ) - J_out(c)] + [J_in(c) - J_in(ĉ)] by J_out(c) -
        J_in(c), which is zero on average for a c chosen independently of both sets; without it the
        error is a small fraction.
        """
        earlier, later = current.policy(before), current.policy(after)
        with np.errstate(invalid="ignore"):  # inf - inf of diverging rules is no finite gap
            out = self._unseen_costs(later) - self._unseen_costs(earlier)
            inside = current.block_costs(earlier) - current.block_costs(later)
        (gain, gain_error), (loss, loss_error) = mean_and_error(inside), mean_and_error(out)
        return gain + loss, math.hypot(gain_error, loss_error)

    def _unseen_costs(self, policy: Policy) -> np.ndarray:
        return self.held.block_costs(policy, self.program)

    def _is_typical(self, current: Round, coefficients: np.ndarray, allowed: float) -> bool:
        """Whether unseen scenarios cost no more than the set does, within four standard errors.

        Otherwise the set has missed the tails of the costs.
        """
        policy = current.policy(coefficients)
        unseen, unseen_error = mean_and_error(self._unseen_costs(policy))
        seen, seen_error = mean_and_error(current.block_costs(policy))
        return unseen - seen <= allowed + 4 * math.hypot(unseen_error, seen_error)

    def compared(self, current: Round, best: Optimum, simpler: Simpler | None) -> Compared:
        """The rule found and the simpler one on the same unseen scenarios.

        More of them are drawn until cost and order are known.
        """
        rules = [best.variables]
        if simpler is not None:
            rules.append(simpler.entries)
        allowed = self.tolerance * min(current.scale(entries) for entries in rules)
        policies = [current.policy(entries) for entries in rules]
        comparison = Compared(self.program, policies, self.held, allowed)
        for _ in range(MORE - 1):
            if comparison.is_known() or self.clock.is_over():
                break
            comparison.meet(self._unseen(self._seed.spawn(1)[0]))
        return comparison

    def preferred(
        self, current: Round, best: Optimum, simpler: Simpler | None, compared: Compared
    ) -> tuple[Optimum, str]:
        """The simpler rule, where it costs less on unseen scenarios, and what is to be said of it."""
        if simpler is None:
            return best, ""
        if not compared.first_is_worse:
            return best, compared.doubt(simpler.name)
        cost = current.cost(simpler.entries)
        end = replace(best.result, variables=simpler.entries, cost=cost)
        return Optimum(result=end, count=best.count), compared.fallen_back(simpler.name)

    def _standing(
        self, current: Round, optima: list[Optimum], simpler: Simpler | None
    ) -> tuple[list[Optimum], Compared]:
        """(optima, comparison of the first).

        The first is the cheapest on its set that does not cost more than the simpler rule on unseen
        scenarios; the cheapest of all, where there is none.
        """
        of_cheapest = self.compared(current, optima[0], simpler)
        if not of_cheapest.first_is_worse:
            return optima, of_cheapest
        for k, optimum in enumerate(optima[1:CARRIED], start=1):
            compared = self.compared(current, optimum, simpler)
            if not compared.first_is_worse:
                return [optimum, *optima[:k], *optima[k + 1 :]], compared
        return optima, of_cheapest

    def result(
        self, reached: Reached, simpler: Simpler | None, bounds: np.ndarray, *, starts: int
    ) -> ScenarioResult:
        """What a search returns, its times left blank.

        ``bounds`` (n, 2) are the ranges of its coefficients, ``starts`` how many it began from.
        """
        current, gap, layout = reached.round, reached.gap, self._layout
        optima, compared = self._standing(current, reached.optima, simpler)
        best, note = self.preferred(current, optima[0], simpler, compared)
        ranges = bounds
        if best is not optima[0]:  # nothing is left to be closed: the simpler rule was known before
            gap = replace(gap, closed=True)
            if simpler is not None and simpler.face is not None:
                ranges = simpler.face
        cost, error = mean_and_error(compared.of_better)
        status, more = self._status(current, best, starts, gap, ranges, compared)
        ended = f"{best.result.reason} after {best.result.iterations} iterations{more}"
        at_edge = at_bound(layout, best.variables, bounds)
        free = ~np.isin(layout.labels, at_edge) & (ranges[:, 0] < ranges[:, 1])
        coefficients = layout.split(best.variables)
        return ScenarioResult(
            program=self.program,
            coefficients=coefficients,
            cost=cost,
            standard_error=error,
            status=status,
            optimism_gap=gap.optimism,
            gap_error=gap.error,
            in_sample_cost=best.cost,
            starts=starts,
            agreed=best.count,
            optima=(
                (cost, coefficients, best.count),
                *(self._listed(current, optimum) for optimum in optima[1:]),
            ),
            at_bound=at_edge,
            method="scenarios",
            fixed=held(layout, bounds),
            nodes=current.count,
            scenarios=current.count,
            held_out=compared.count,
            scale=current.scale(best.variables),
            rough=current.rough,
            standing_still=self.held.cost(standing_still(self.program), self.program)[0],
            intervals=confidence_intervals(current, best.variables, free),
            build_seconds=0.0,
            solve_seconds=0.0,
            tolerance=self.tolerance,
            compared=note,
            message=f"{ended}; {note}" if note else ended,
            _certify=partial(certify_scenarios, current, free),
            _identify=partial(identify_scenarios, current, free),
        )

    def _listed(self, current: Round, optimum: Optimum) -> tuple:
        cost, _ = self.held.cost(current.policy(optimum.variables), self.program)
        return cost, self._layout.split(optimum.variables), optimum.count

    def _status(
        self,
        current: Round,
        best: Optimum,
        starts: int,
        gap: Gap,
        ranges: np.ndarray,
        compared: Compared,
    ) -> tuple[PolicyStatus, str]:
        """(status, what the message adds)."""
        cost, error = mean_and_error(compared.of_better)
        if not np.isfinite(cost):
            return PolicyStatus.DIVERGES, ""
        status = stopped(status_of(best.result), self.clock)
        if self.clock.cut_short:
            return status, ""
        unknown = 2 * error > self.tolerance * current.scale(best.variables)
        if compared.first_is_clearly_worse and not unknown:
            return PolicyStatus.FELL_BACK, ""
        if not status.ok:
            return status, ""
        moving = self._what_still_moves(current, best, starts, ranges)
        if moving:
            return PolicyStatus.NOT_STATIONARY, moving
        if unknown:
            doubt = f"; the cost itself is known to ± {2 * error:.2g} only: raise held_out"
            return PolicyStatus.OPTIMISM, doubt
        if not gap.closed or compared.is_open:
            return PolicyStatus.OPTIMISM, ""
        return status, ""

    @staticmethod
    def _what_still_moves(current: Round, best: Optimum, starts: int, ranges: np.ndarray) -> str:
        """Why the coefficients are not stationary; "" where they are."""
        if current.rough:
            if best.count == 1 and starts > 1:
                return "; the average has kinks and no two searches agree: smooth the rule more"
            return ""
        slope = current.slope(best.variables, ranges)
        if slope > STATIONARY:
            return f"; a coefficient changed by s still changes the cost by {slope:.1g} s"
        return ""
