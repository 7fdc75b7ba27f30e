"""Rounds of more and more scenarios: optimise, judge on held-out scenarios, add scenarios until both agree."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import casadi as ca
import numpy as np
from scipy.optimize import minimize

from ..arrays import whole
from ..errors import ProblemError, SolveError
from ..policies import GradientDescent, Policy
from ..solver.policies import Optimum, PolicyStatus, RawResult, optima_from, status_of
from ..transcription.moment_model import time_weights
from .held_out import HeldOut, episode_costs, mean_and_error
from .intervals import confidence_intervals
from .result import PolicyResult
from .scenario_checks import certify_scenarios, identify_scenarios
from .scenario_sets import block_means, draw
from .starting import at_bound, bounds_with, guess_entries, settled_starts

BLOCKS, HELD_OUT_BLOCKS = 10, 20  # independent draws of the population, from whose spread standard errors are made
CARRIED = 3  # distinct optima that are followed when scenarios are added
FEW = 8  # coefficients up to which Newton's method needs no help
LONGEST = 1000  # iterations without a Hessian
CLOSE = 1e-7  # costs that differ by less, relatively, are one optimum


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ScenarioResult(PolicyResult):
    """A PolicyResult from scenarios: ``cost`` is the unbiased mean over held-out scenarios, ± ``standard_error``.

    Attributes beyond PolicyResult's
    ----------
    in_sample_cost : float, J on the scenarios it was fitted to
    gap_error : float, standard error of ``optimism_gap``
    scenarios, held_out : int, how many the rule was fitted to, and judged on
    intervals : {name: (low, high)}, 95 % confidence intervals of the coefficients over the draw of scenarios: how much they
        would differ had others been drawn, not what is optimal for one landscape; empty where there is no exact Hessian
    """

    in_sample_cost: float
    gap_error: float
    scenarios: int
    held_out: int
    intervals: Mapping[str, tuple]

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "intervals", MappingProxyType(dict(self.intervals)))

    def __getstate__(self):
        return super().__getstate__() | {"intervals": dict(self.intervals)}

    def __setstate__(self, state):
        super().__setstate__(state)
        object.__setattr__(self, "intervals", MappingProxyType(state["intervals"]))


class Round:
    """One set of scenarios with its program."""

    def __init__(self, solver, program, count, seed):
        self.built, self.optimiser = solver.compiled(program, count)
        self.drawn = draw(program, count, blocks=BLOCKS, seed=seed)
        self.weights = np.stack(time_weights(program))
        self.numbers = self.built.numbers(self.weights, self.drawn)
        self.program, self.count = program, sum(self.built.counts)

    def cost(self, coefficients) -> float:
        """J over the set; infinite where the rule diverges."""
        found = float(self.built.value(self.built.scale.variables(coefficients), self.numbers))
        return found if np.isfinite(found) else np.inf

    def block_costs(self, policy) -> np.ndarray:
        return block_means(episode_costs(policy, self.program, self.drawn), self.drawn)

    def optimise(self, guesses, bounds) -> list[Optimum]:
        """Distinct optima, best first; their ``variables`` are coefficients. Guesses carry how many starts led there."""
        scale, found = self.built.scale, []
        edges = np.sort(scale.variables(bounds.T), axis=0).T
        for entries, count in guesses:
            begin = scale.variables(np.clip(entries, *bounds.T))
            one = self._descend(begin, edges)
            entries = scale.coefficients(one.variables)
            reached = self.cost(entries)
            found.append(Optimum(result=replace(one, variables=entries, cost=reached), count=count))
        found.sort(key=lambda one: one.cost)
        distinct = []
        for one in found:
            if distinct and abs(one.cost - distinct[-1].cost) <= CLOSE * abs(one.cost):
                kept = distinct[-1] if distinct[-1].result.success or not one.result.success else one
                distinct[-1] = replace(kept, count=distinct[-1].count + one.count)
            else:
                distinct.append(one)
        return distinct

    def _descend(self, begin, edges) -> RawResult:
        """Newton's method by IPOPT; where there are many coefficients, from where a quasi-Newton method has led."""
        first = None
        if len(begin) > FEW:
            first = limited_memory(self.built.gradient, self.numbers, begin, edges)
            begin = first.variables
        if self.built.hessian is None:
            return first
        last = optima_from(self.optimiser, [begin], self.numbers, bounds=edges, closeness=0.0)[0].result
        return last if first is None or last.success or last.cost < first.cost else first


def limited_memory(gradient: ca.Function, numbers: np.ndarray, begin: np.ndarray, bounds: np.ndarray) -> RawResult:
    """Minimise from one start by SciPy's L-BFGS-B: gradients alone, robust where coefficients are many."""
    parameters, nothing = ca.DM(numbers), np.empty(0)

    def both(x):
        cost, slope = gradient(x, parameters)
        return (float(cost), np.array(slope).ravel()) if np.isfinite(float(cost)) else (1e300, np.zeros(len(x)))

    end = minimize(both, begin, jac=True, method="L-BFGS-B", bounds=bounds,
                   options={"maxiter": LONGEST, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-8})
    limited = end.nit >= LONGEST
    return RawResult(variables=end.x, multipliers=nothing, constraints=nothing, cost=float(end.fun), iterations=end.nit,
                     success=bool(end.success), reason="SOLVER_RET_LIMITED" if limited else str(end.message), log="")


class Search:
    """One solve: rounds of more and more scenarios."""

    def __init__(self, solver, program, seed, fixed):
        self.solver, self.program = solver, program
        held, starts, self.rounds = np.random.SeedSequence(whole("seed", seed, low=0)).spawn(3)
        self.held = HeldOut.drawn(program, solver.held_out, blocks=HELD_OUT_BLOCKS, seed=held)
        self.start_seed = int(starts.generate_state(1)[0])
        self.layout = program.family.layout(program.steps)
        self.bounds = bounds_with(self.layout, fixed)

    def run(self, guess, starts):
        current, count = self._round(max(self.solver.scenarios // 2, 2 * BLOCKS)), self.solver.scenarios
        guesses = self._guesses(current, guess, starts)
        found = current.optimise([(one, 1) for one in guesses], self.bounds)
        while True:
            before, current = found[0].variables, self._round(count)
            found = current.optimise([(one.variables, one.count) for one in found[:CARRIED]], self.bounds)
            result = self._result(current, before, found, len(guesses))
            if result.status is not PolicyStatus.OPTIMISM or 2 * count > self.solver.most_scenarios:
                return result
            count = 2 * count

    def _round(self, count):
        return Round(self.solver, self.program, count, self.rounds.spawn(1)[0])

    def _guesses(self, first, guess, starts):
        entries = guess_entries(self.layout, guess)
        if entries is None and starts == 0:
            raise ProblemError("starts", expected="at least one start, or a guess", received="starts = 0 and no guess",
                               advice="give starts=8, or guess=an earlier result")
        rest = Policy(family=GradientDescent(constant=True), coefficients={"learning_rate": 0.0}, horizon=self.program.steps)
        limit = 10 * first.block_costs(rest).mean()
        within = lambda one: first.cost(np.clip(one, *self.bounds.T))  # noqa: E731
        found = list(settled_starts(self.layout, starts, self.start_seed, within, limit)) if starts else []
        found = ([] if entries is None else [entries]) + found
        if not any(np.isfinite(within(one)) for one in found):
            raise SolveError(PolicyStatus.DIVERGES.value, solution=None)
        return found

    def _gap(self, current, before, after):
        """Optimism and its standard error, from differences to a rule that has seen neither set: that of the set before.

        J_out(ĉ) - J_in(ĉ) differs from [J_out(ĉ) - J_out(c)] + [J_in(c) - J_in(ĉ)] by J_out(c) - J_in(c), which is zero on
        average for a c chosen independently of both sets; without it the error is a small fraction.
        """
        policies = [self._policy(one) for one in (before, after)]
        with np.errstate(invalid="ignore"):  # inf - inf of diverging rules is no finite gap
            out = np.subtract(*(self.held.block_costs(one, self.program) for one in policies[::-1]))
            inside = np.subtract(*(current.block_costs(one) for one in policies))
        (gain, first), (loss, second) = mean_and_error(inside), mean_and_error(out)
        return gain + loss, float(np.hypot(first, second))

    def _policy(self, entries):
        return Policy(family=self.program.family, coefficients=self.layout.split(entries), horizon=self.program.steps)

    def _result(self, current, before, found, starts):
        best, split = found[0], self.layout.split
        gap, gap_error = self._gap(current, before, best.variables)
        cost, error = self.held.cost(self._policy(best.variables), self.program)
        status = status_of(best.result) if np.isfinite(cost) else PolicyStatus.DIVERGES
        if status.ok and not gap + 2 * gap_error <= self.solver.tolerance * abs(cost):
            status = PolicyStatus.OPTIMISM
        edge = at_bound(self.layout, best.variables, self.bounds)
        free = ~np.isin(self.layout.labels, edge) & (self.bounds[:, 0] < self.bounds[:, 1])
        return ScenarioResult(
            program=self.program, coefficients=split(best.variables), cost=cost, standard_error=error, status=status,
            optimism_gap=gap, gap_error=gap_error, in_sample_cost=best.cost, starts=starts, agreed=best.count,
            optima=tuple((one.cost, split(one.variables), one.count) for one in found), at_bound=edge, method="scenarios",
            fixed=tuple(label for label, (low, high) in zip(self.layout.labels, self.bounds, strict=True) if low == high),
            nodes=current.count, scenarios=current.count, held_out=self.held.count,
            intervals=confidence_intervals(current, best.variables, free), build_seconds=0.0, solve_seconds=0.0,
            tolerance=self.solver.tolerance, message=f"{best.result.reason} after {best.result.iterations} iterations",
            _certify=partial(certify_scenarios, current, free), _identify=partial(identify_scenarios, current, free),
        )
