"""Rounds of more and more scenarios: optimise, judge on held-out scenarios, add scenarios until
both agree.
"""

import math
from dataclasses import replace
from functools import partial
from importlib import import_module

import numpy as np

from ..arrays import whole
from ..errors import SolveError
from ..policies.contained import narrowed
from ..solver import Optimum, SolveClock
from .compared import Compared
from .held_out import HeldOut, mean_and_error
from .intervals import confidence_intervals
from .lowest import LeastCost
from .scenario_checks import certify_scenarios, identify_scenarios
from .scenario_result import ScenarioResult
from .scenario_round import BLOCKS, FEW, STATIONARY, Round, standing_still
from .starting import at_bound, bounds_with, guess_entries, held, settled_starts
from .status import PolicyStatus, status_of, stopped

HELD_OUT_BLOCKS, MORE = 20, 100  # of one set of held-out scenarios; sets drawn at most
# distinct optima that are followed when scenarios are added; of many coefficients the best alone
# after once
CARRIED = 3


class Search:
    """One solve: rounds of more and more scenarios.

    Attributes
    ----------
    plain, plain_name : the best member of a simpler family inside this one, (n,), and what it is;
    None where there is none
    """

    def __init__(self, solver, program, seed, fixed, within=None, clock=None):
        self.solver, self.program = solver, program
        self._held, starts, self.rounds, self._fresh = np.random.SeedSequence(
            whole("seed", seed, low=0)
        ).spawn(4)
        self.held, self.start_seed = self._unseen(self._held), int(starts.generate_state(1)[0])
        self.layout = program.family.layout(program.steps)
        self.bounds = bounds_with(self.layout, fixed, within)
        self.clock, self.seed = SolveClock() if clock is None else clock, seed
        self.least = None if program.task.is_quadratic else LeastCost(program, self.held.scenarios)
        self.plain, self.plain_name, self._face, self._reached = None, "heavy ball", None, None

    def run(self, guess, starts):
        """The result; after Ctrl-C that of the best so far, or KeyboardInterrupt where there is
        nothing yet.
        """
        try:
            return self._run(guess, starts)
        except KeyboardInterrupt:
            self.clock.interrupt()
            if self._reached is None:
                raise
            return self._result(*self._reached)

    def _run(self, guess, starts):
        current, count = (
            self._round(max(self.solver.scenarios // 2, 2 * BLOCKS)),
            self.solver.scenarios,
        )
        guesses = self._guesses(current, guess, starts)
        found, carried = current.optimise([(one, 1) for one in guesses], self.bounds), CARRIED
        found = self._with_faces(current, found) if starts else found
        self._reached = current, found, len(guesses), (math.nan, math.inf, False)
        while not self.clock.is_over():
            before, current = found[0].variables, self._round(count)
            found = current.optimise(
                [(one.variables, one.count) for one in found[:carried]], self.bounds
            )
            if self.clock.cut_short:  # not all of them: the round before was complete
                break
            closed = self._reach(current, before, found, len(guesses))
            if (
                closed
                or not status_of(found[0].result).ok
                or 2 * count > self.solver.most_scenarios
            ):
                richer, found = found, self._with_plain(current, found)
                if found is not richer:
                    self._reach(current, before, found, len(guesses))
                break
            count, carried = 2 * count, CARRIED if self.layout.size <= FEW else 1
        return self._result(*self._reached)

    def _reach(self, current, before, found, starts) -> bool:
        """Keep what a set gave, and say whether the gap to unseen scenarios is closed."""
        gap, error = self._gap(current, before, found[0].variables)
        allowed = self.solver.tolerance * current.scale(found[0].variables)
        closed = gap + 2 * error <= allowed and self._is_typical(
            current, found[0].variables, allowed
        )
        self._reached = current, found, starts, (gap, error, closed)
        return closed

    def _unseen(self, seed):
        return HeldOut.drawn(self.program, self.solver.held_out, blocks=HELD_OUT_BLOCKS, seed=seed)

    def _round(self, count):
        return Round(
            self.solver,
            self.program,
            count,
            self.rounds.spawn(1)[0],
            least=self.least,
            clock=self.clock,
        )

    def _guesses(self, first, guess, starts):
        entries = guess_entries(self.layout, guess, starts)
        highest = first.rest + 9 * first.unit

        def within(one):
            return first.cost(np.clip(one, *self.bounds.T))

        found = (
            list(
                settled_starts(self.layout, starts, self.start_seed, within, highest, first.length)
            )
            if starts
            else []
        )
        found = (
            ([] if entries is None else [entries])
            + (self._embedded(starts) if starts else [])
            + found
        )
        if not any(np.isfinite(within(one)) for one in found):
            raise SolveError(PolicyStatus.DIVERGES.value, solution=None)
        return found

    def _with_faces(self, current, found):
        """The optima with what is reached from the best member of simpler families that are faces
        of this one, if cheaper."""
        ends = []
        for one in self.program.family.contained if self.plain is None else ():
            bounds = narrowed(one, self.bounds, self.layout) if one.is_face else None
            if bounds is not None and not self.clock.is_over():
                ends.append(
                    (current.optimise([(found[0].variables, 1)], bounds)[0], one.name, bounds)
                )
        if not ends:
            return found
        end, self.plain_name, self._face = min(ends, key=lambda one: one[0].cost)
        self.plain = end.variables
        return self._with_cheaper(current, found)

    def _embedded(self, starts):
        """The best member of a simpler family that is no face of this one, as a start: as it is
        found by itself.
        """
        others = [one for one in self.program.family.contained if not one.is_face]
        if not others or (self.bounds != self.layout.bounds).any():
            return []
        one, solve = (
            others[-1],
            import_module(".optimise", __package__),
        )  # the last contains those before it
        simple = replace(self.program, family=one.family)
        options = (
            {}
            if solve.has_moments(simple)
            else {
                "starts": starts,
                "scenarios": self.solver.scenarios,
                "most_scenarios": self.solver.most_scenarios,
                "held_out": self.solver.held_out,
                "tolerance": self.solver.tolerance,
            }
        )
        result = solve.solve_program(
            simple,
            seed=self.seed,
            throw=False,
            time_limit=self.clock.seconds_for_part(0.5),
            **options,
        )
        best, self.plain_name = dict(result.coefficients), one.name
        self.plain = np.clip(self.layout.join(one.embed(best)), *self.bounds.T)
        return [self.layout.join(one.embed(best, seed=self.start_seed))]

    def _with_plain(self, current, found):
        """The optima on a set, with those reached from the best member of the simpler family on the
        same set.
        """
        if self._face is None:
            return found
        self.plain = current.optimise([(self.plain, 1)], self._face)[0].variables
        return self._with_cheaper(current, found)

    def _with_cheaper(self, current, found):
        if not current.cost(self.plain) < found[0].cost:
            return found
        return sorted(
            [*current.optimise([(self.plain, 1)], self.bounds), *found], key=lambda one: one.cost
        )

    def _gap(self, current, before, after):
        """Optimism and its standard error, from differences to a rule that has seen neither set:
        that of the set before.

        J_out(ĉ) - J_in(ĉ) differs from [J_out(ĉ) - J_out(c)] + [J_in(c) - J_in(ĉ)] by J_out(c) -
        J_in(c), which is zero on average for a c chosen independently of both sets; without it the
        error is a small fraction.
        """
        policies = [current.policy(one) for one in (before, after)]
        with np.errstate(invalid="ignore"):  # inf - inf of diverging rules is no finite gap
            out = np.subtract(*(self.held.block_costs(one, self.program) for one in policies[::-1]))
            inside = np.subtract(*(current.block_costs(one) for one in policies))
        (gain, first), (loss, second) = mean_and_error(inside), mean_and_error(out)
        return gain + loss, math.hypot(first, second)

    def _is_typical(self, current, coefficients, allowed) -> bool:
        """Whether unseen scenarios cost no more than the set does, within four standard errors: its
        tails are met there.
        """
        policy = current.policy(coefficients)
        (unseen, first), (seen, second) = (
            mean_and_error(one)
            for one in (self.held.block_costs(policy, self.program), current.block_costs(policy))
        )
        return unseen - seen <= allowed + 4 * math.hypot(first, second)

    def _compared(self, current, best) -> Compared:
        """The rule found and the simpler one on the same unseen scenarios, more of them until cost
        and order are known.
        """
        entries = [best.variables] + ([] if self.plain is None else [self.plain])
        allowed = self.solver.tolerance * min(current.scale(one) for one in entries)
        found = Compared(self.program, [current.policy(one) for one in entries], self.held, allowed)
        for _ in range(MORE - 1):
            if found.is_known() or self.clock.is_over():
                break
            found.meet(self._unseen(self._held.spawn(1)[0]))
        return found

    def _standing(self, current, found):
        """(optima, comparison of the first), the first being the cheapest on its set that does not
        cost more than the simpler rule.

        The cheapest of all, where there is none.
        """
        compared = first = self._compared(current, found[0])
        for k, one in enumerate(found[:CARRIED]):
            compared = first if k == 0 else self._compared(current, one)
            if not compared.first_is_worse:
                return [one, *found[:k], *found[k + 1 :]], compared
        return found, first

    def _fallen_back(self, current, best) -> tuple[Optimum, str]:
        """The simpler rule, where it costs less on unseen scenarios, and what is to be said of it."""
        return self._preferred(current, best, self._compared(current, best))

    def _preferred(self, current, best, compared):
        if self.plain is None or not compared.first_is_worse:
            return best, compared.doubt(self.plain_name)
        reached = replace(best.result, variables=self.plain, cost=current.cost(self.plain))
        return Optimum(result=reached, count=best.count), compared.fallen_back(self.plain_name)

    def _result(self, current, found, starts, gap):
        found, compared = self._standing(current, found)
        best, note = self._preferred(current, found[0], compared)
        scale, split, simpler = (
            current.scale(best.variables),
            self.layout.split,
            best is not found[0],
        )
        cost, error = mean_and_error(compared.of_better)
        bounds = self.bounds if self._face is None or not simpler else self._face
        edge = at_bound(self.layout, best.variables, self.bounds)
        free = ~np.isin(self.layout.labels, edge) & (bounds[:, 0] < bounds[:, 1])
        closed = gap[2] or simpler
        status, words = self._status(
            current, best, starts, closed, (cost, error, scale), bounds, compared
        )
        return ScenarioResult(
            program=self.program,
            coefficients=split(best.variables),
            cost=cost,
            standard_error=error,
            status=status,
            optimism_gap=gap[0],
            gap_error=gap[1],
            in_sample_cost=best.cost,
            starts=starts,
            agreed=best.count,
            optima=(
                (cost, split(best.variables), best.count),
                *(self._other(current, one) for one in found[1:]),
            ),
            at_bound=edge,
            method="scenarios",
            fixed=held(self.layout, self.bounds),
            nodes=current.count,
            scenarios=current.count,
            held_out=compared.count,
            scale=scale,
            rough=current.rough,
            standing_still=self.held.cost(standing_still(self.program), self.program)[0],
            intervals=confidence_intervals(current, best.variables, free),
            build_seconds=0.0,
            solve_seconds=0.0,
            tolerance=self.solver.tolerance,
            compared=note,
            message=(
                f"{best.result.reason} after {best.result.iterations}"
                f" iterations{words}{'; ' if note else ''}{note}"
            ),
            _certify=partial(certify_scenarios, current, free),
            _identify=partial(identify_scenarios, current, free),
        )

    def _other(self, current, one):
        return (
            self.held.cost(current.policy(one.variables), self.program)[0],
            self.layout.split(one.variables),
            one.count,
        )

    def _status(self, current, best, starts, closed, judged, bounds, compared):
        """(status, what the message adds)."""
        cost, error, scale = judged
        if not np.isfinite(cost):
            return PolicyStatus.DIVERGES, ""
        status = stopped(status_of(best.result), self.clock)
        if self.clock.cut_short:
            return status, ""
        unknown = 2 * error > self.solver.tolerance * scale
        if compared.first_is_clearly_worse and not unknown:
            return PolicyStatus.FELL_BACK, ""
        if not status.ok:
            return status, ""
        slope = current.slope(best.variables, bounds)
        if current.rough:
            if best.count == 1 and starts > 1:
                return (
                    PolicyStatus.NOT_STATIONARY,
                    "; the average has kinks and no two searches agree: smooth the rule more",
                )
        elif slope > STATIONARY:
            return (
                PolicyStatus.NOT_STATIONARY,
                f"; a coefficient changed by s still changes the cost by {slope:.1g} s",
            )
        if unknown:
            return (
                PolicyStatus.OPTIMISM,
                f"; the cost itself is known to ± {2 * error:.2g} only: raise held_out",
            )
        return (status if closed and not compared.is_open else PolicyStatus.OPTIMISM), ""
