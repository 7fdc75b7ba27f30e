"""Rounds of more and more scenarios: optimise, judge on held-out scenarios, add scenarios until both agree."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from types import MappingProxyType

import numpy as np

from ..arrays import whole
from ..errors import SolveError
from ..policies import HeavyBall
from ..solver.policies import Optimum, PolicyStatus, status_of
from .held_out import HeldOut, mean_and_error
from .intervals import confidence_intervals
from .result import PolicyResult
from .scenario_checks import certify_scenarios, identify_scenarios
from .scenario_round import BLOCKS, FEW, STATIONARY, Round, standing_still
from .starting import at_bound, bounds_with, guess_entries, held, settled_starts

HELD_OUT_BLOCKS, MORE = 20, 100  # of one set of held-out scenarios; sets drawn at most
CARRIED = 3  # distinct optima that are followed when scenarios are added; of many coefficients the best alone after once


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ScenarioResult(PolicyResult):
    """A PolicyResult from scenarios: ``cost`` is the unbiased mean over held-out scenarios, ± ``standard_error``.

    So are ``standing_still`` and the costs of ``optima``, whose order is that of their costs in sample.

    Attributes beyond PolicyResult's
    ----------
    in_sample_cost : float, J on the scenarios it was fitted to
    gap_error : float, standard error of ``optimism_gap``
    scenarios, held_out : int, how many the rule was fitted to, and judged on
    scale : float, what tolerance, optimism and slopes are relative to: J on random quadratics; elsewhere, where losses count
        from anywhere, the spread of episodes about their mean or the gain over standing still, whichever is more
    rough : bool, whether the average cost has kinks closer together than its optimum can be located (rules that follow signs
        with little smoothing): then it is searched without slopes, and intervals come from wide differences
    intervals : {name: (low, high)}, 95 % confidence intervals of the coefficients over the draw of scenarios: how much they
        would differ had others been drawn, not what is optimal for one landscape; empty where there is no exact Hessian
    """

    in_sample_cost: float
    gap_error: float
    scenarios: int
    held_out: int
    scale: float = math.nan
    rough: bool = False
    intervals: Mapping[str, tuple]

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "intervals", MappingProxyType(dict(self.intervals)))

    def __getstate__(self):
        return super().__getstate__() | {"intervals": dict(self.intervals)}

    def __setstate__(self, state):
        super().__setstate__(state)
        object.__setattr__(self, "intervals", MappingProxyType(state["intervals"]))


class Search:
    """One solve: rounds of more and more scenarios."""

    def __init__(self, solver, program, seed, fixed, within=None):
        self.solver, self.program = solver, program
        self._held, starts, self.rounds, self._fresh = np.random.SeedSequence(whole("seed", seed, low=0)).spawn(4)
        self.held, self.start_seed = self._unseen(self._held), int(starts.generate_state(1)[0])
        self.layout = program.family.layout(program.steps)
        self.bounds = bounds_with(self.layout, fixed, within)
        self.plain = None  # a simpler rule that the family contains, as coefficients

    def run(self, guess, starts):
        current, count = self._round(max(self.solver.scenarios // 2, 2 * BLOCKS)), self.solver.scenarios
        guesses = self._guesses(current, guess, starts)
        found, carried = current.optimise([(one, 1) for one in guesses], self.bounds), CARRIED
        while True:
            before, current = found[0].variables, self._round(count)
            found = current.optimise([(one.variables, one.count) for one in found[:carried]], self.bounds)
            gap, error = self._gap(current, before, found[0].variables)
            allowed = self.solver.tolerance * current.scale(found[0].variables)
            closed = gap + 2 * error <= allowed and self._is_typical(current, found[0].variables, allowed)
            if closed or not status_of(found[0].result).ok or 2 * count > self.solver.most_scenarios:
                return self._result(current, found, len(guesses), (gap, error, closed))
            count, carried = 2 * count, CARRIED if self.layout.size <= FEW else 1

    def _unseen(self, seed):
        return HeldOut.drawn(self.program, self.solver.held_out, blocks=HELD_OUT_BLOCKS, seed=seed)

    def _round(self, count):
        return Round(self.solver, self.program, count, self.rounds.spawn(1)[0])

    def _guesses(self, first, guess, starts):
        entries = guess_entries(self.layout, guess, starts)
        limit = first.rest + 9 * first.unit

        def within(one):
            return first.cost(np.clip(one, *self.bounds.T))

        found = list(settled_starts(self.layout, starts, self.start_seed, within, limit, first.length)) if starts else []
        found = ([] if entries is None else [entries]) + (self._embedded() if starts else []) + found
        if not any(np.isfinite(within(one)) for one in found):
            raise SolveError(PolicyStatus.DIVERGES.value, solution=None)
        return found

    def _embedded(self):
        """The best heavy ball as a member of a family that contains it: nothing richer should end above it."""
        if not hasattr(self.program.family, "embed"):
            return []
        family, solve = self.program.family, import_module(".optimise", __package__).solve_program
        simple = replace(self.program, family=HeavyBall(constant=True))
        best = dict(solve(simple, seed=self.start_seed, throw=False).coefficients)
        self.plain = np.clip(self.layout.join(family.embed(best)), *self.bounds.T)
        return [self.layout.join(family.embed(best, seed=self.start_seed))]

    def _gap(self, current, before, after):
        """Optimism and its standard error, from differences to a rule that has seen neither set: that of the set before.

        J_out(ĉ) - J_in(ĉ) differs from [J_out(ĉ) - J_out(c)] + [J_in(c) - J_in(ĉ)] by J_out(c) - J_in(c), which is zero on
        average for a c chosen independently of both sets; without it the error is a small fraction.
        """
        policies = [current.policy(one) for one in (before, after)]
        with np.errstate(invalid="ignore"):  # inf - inf of diverging rules is no finite gap
            out = np.subtract(*(self.held.block_costs(one, self.program) for one in policies[::-1]))
            inside = np.subtract(*(current.block_costs(one) for one in policies))
        (gain, first), (loss, second) = mean_and_error(inside), mean_and_error(out)
        return gain + loss, math.hypot(first, second)

    def _is_typical(self, current, coefficients, allowed) -> bool:
        """Whether unseen scenarios cost no more than the set does, within four standard errors: its tails are met there."""
        policy = current.policy(coefficients)
        (unseen, first), (seen, second) = (mean_and_error(one) for one in (
            self.held.block_costs(policy, self.program), current.block_costs(policy)))
        return unseen - seen <= allowed + 4 * math.hypot(first, second)

    def _judged(self, policy, scale):
        """(J, standard error, scenarios) over unseen scenarios, more of them until two standard errors are allowed."""
        blocks, count = self.held.block_costs(policy, self.program), self.held.count
        for _ in range(MORE - 1):
            if not math.isfinite(scale) or not 2 * mean_and_error(blocks)[1] > self.solver.tolerance * scale:
                break
            more = self._unseen(self._held.spawn(1)[0])
            blocks, count = np.append(blocks, more.block_costs(policy, self.program)), count + more.count
        return *mean_and_error(blocks), count

    def _fallen_back(self, current, best) -> tuple[Optimum, str]:
        """The simpler rule, where scenarios that neither was chosen on say that it costs less."""
        if self.plain is None:
            return best, ""
        fresh = self._unseen(self._fresh)
        costs = [fresh.cost(current.policy(one), self.program)[0] for one in (best.variables, self.plain)]
        if costs[0] <= costs[1]:
            return best, ""
        reached = replace(best.result, variables=self.plain, cost=current.cost(self.plain))
        return Optimum(result=reached, count=best.count), "; no better than the heavy ball it contains, which is returned"

    def _result(self, current, found, starts, gap):
        best, note = self._fallen_back(current, found[0])
        scale, policy, split = current.scale(best.variables), current.policy(best.variables), self.layout.split
        cost, error, count = self._judged(policy, scale)
        edge = at_bound(self.layout, best.variables, self.bounds)
        free = ~np.isin(self.layout.labels, edge) & (self.bounds[:, 0] < self.bounds[:, 1])
        status, words = self._status(current, best, starts, gap[2] or bool(note), (cost, error, scale))
        return ScenarioResult(
            program=self.program, coefficients=split(best.variables), cost=cost, standard_error=error, status=status,
            optimism_gap=gap[0], gap_error=gap[1], in_sample_cost=best.cost, starts=starts, agreed=best.count,
            optima=((cost, split(best.variables), best.count), *(self._other(current, one) for one in found[1:])),
            at_bound=edge, method="scenarios", fixed=held(self.layout, self.bounds), nodes=current.count,
            scenarios=current.count, held_out=count, scale=scale, rough=current.rough,
            standing_still=self.held.cost(standing_still(self.program), self.program)[0],
            intervals=confidence_intervals(current, best.variables, free), build_seconds=0.0, solve_seconds=0.0,
            tolerance=self.solver.tolerance,
            message=f"{best.result.reason} after {best.result.iterations} iterations{words}{note}",
            _certify=partial(certify_scenarios, current, free), _identify=partial(identify_scenarios, current, free),
        )

    def _other(self, current, one):
        return self.held.cost(current.policy(one.variables), self.program)[0], self.layout.split(one.variables), one.count

    def _status(self, current, best, starts, closed, judged):
        """(status, what the message adds)."""
        cost, error, scale = judged
        if not np.isfinite(cost):
            return PolicyStatus.DIVERGES, ""
        status = status_of(best.result)
        if not status.ok:
            return status, ""
        slope = current.slope(best.variables, self.bounds)
        if current.rough:
            if best.count == 1 and starts > 1:
                return PolicyStatus.NOT_STATIONARY, "; the average has kinks and no two searches agree: smooth the rule more"
        elif slope > STATIONARY:
            return PolicyStatus.NOT_STATIONARY, f"; a coefficient changed by s still changes the cost by {slope:.1g} s"
        if 2 * error > self.solver.tolerance * scale:
            return PolicyStatus.OPTIMISM, f"; the cost itself is known to ± {2 * error:.2g} only: raise held_out"
        return (status if closed else PolicyStatus.OPTIMISM), ""
