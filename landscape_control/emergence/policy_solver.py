"""PolicySolver: one structure built once, solved again and again for other numbers."""

import math
import time
from dataclasses import replace
from typing import Literal

import numpy as np

from ..arguments import Count, Duration, Index, Positive, checked
from ..errors import ProblemError, SolveError, SolveInterrupted
from ..policies import PolicyProgram
from ..policies.contained import narrowed
from ..solver import SECONDS, SolveClock, merged_optima
from .certificate import certify_policy
from .identifiability import cost_derivatives, identify_coefficients
from .programs import check_linear, check_paid, layout_of
from .quadrature import Machinery, enough_nodes, first_nodes, is_long, largest_curvature
from .renumber import renumbered
from .replay import diverging
from .result import PolicyResult
from .starting import (
    at_bound,
    bounds_with,
    escaping,
    guess_entries,
    held,
    nearby_starts,
    settled_starts,
)
from .status import PolicyStatus, status_of, stopped

FEW, ROUNDS = 4, 4  # coefficients of rules that are optimised again from nearby, and how often
# a coefficient that runs away ends where twice as much of it saves less than about this share of
# the cost
FELT = 1e-3
SHORTER = 4  # what the horizon of a long program is divided by, to begin with
# quadrature is refined until its error is this much below the tolerance: coefficients settle after
# costs
SETTLED = 1e-3


@checked
class PolicySolver:
    """Optimises one family for one horizon; noise, prices, discount, spectrum and task are numbers
    of each solve.

    Linear families on random quadratics only (exact moments); :func:`optimize_policy` turns to
    scenarios for the rest.

    Parameters
    ----------
    program : PolicyProgram
    tolerance : float, allowed quadrature error of J over J
    most_nodes : int, where refining the quadrature stops
    hessian : "exact" or "limited-memory"
    most_iterations : int, of one start
    time_limit : float, seconds of one solve, building not included; what is found by then is
    returned with status TIME_LIMIT

    Attributes
    ----------
    build_seconds : float, time spent building so far
    """

    def __init__(
        self,
        program: PolicyProgram,
        *,
        tolerance: Positive = 1e-6,
        most_nodes: Count = 640,
        hessian: Literal["exact", "limited-memory"] = "exact",
        most_iterations: Count = 500,
        time_limit: Duration = SECONDS,
    ):
        check_linear(program)
        self.program = program
        self.tolerance, self.time_limit = tolerance, time_limit
        self.most_nodes, self.most_iterations, self.hessian = most_nodes, most_iterations, hessian
        self._machineries: dict = {}
        self.build_seconds = 0.0
        self._machinery(program).optimiser(first_nodes(program))
        self.build_seconds = self._machinery(program).build_seconds

    def __reduce__(self):
        raise ProblemError(
            "PolicySolver",
            expected="something that can be copied or pickled",
            received="a PolicySolver, which holds compiled functions",
            advice=(
                "copy or pickle its program (or use program.save and landscape_control.load), and"
                " build another PolicySolver of it where it is needed"
            ),
        )

    @checked
    def changed(self, **numbers: object) -> PolicyProgram:
        """The program with other numbers: noise, sees, cost, those of the objective and those of
        the task.
        """
        return renumbered(self.program, numbers, caller="PolicySolver.solve")

    @checked
    def solve(
        self,
        *,
        guess: object = None,
        starts: Index = 8,
        seed: Index = 0,
        fixed: object = None,
        within: object = None,
        throw: bool = True,
        **numbers: object,
    ) -> PolicyResult:
        """Optimise for these numbers without rebuilding; ``numbers`` as in :meth:`changed`.

        Parameters
        ----------
        guess : None, {name: value} or PolicyResult, optimised from as well
        starts : int, fresh starting points; 0 trusts the guess. Where most disagree, rounds of half
        as many follow near
            the best (rules with few coefficients), until one finds nothing better
        fixed : {name: value} of coefficients held where they are, e.g. {"momentum": 0.0} for
        gradient descent within : {name: (low, high)}, narrower ranges of coefficients, e.g.
        {"momentum": (0.0, 1.0)} throw : whether a solve that fails raises SolveError (its
        ``solution`` is the result) or returns with its status

        Raises ProblemError for numbers that cannot be used, SolveError as said, and on Ctrl-C
        SolveInterrupted, a KeyboardInterrupt whose ``solution`` is the best result so far (None
        before the first run of the optimiser).
        """
        program = self.changed(**numbers)
        check_linear(program)
        check_paid(program)
        began, built = time.perf_counter(), self.build_seconds
        machinery = self._machinery(program)
        bounds = bounds_with(machinery.coefficients, fixed, within)
        clock, optima = SolveClock(limit=self.time_limit), None
        try:
            guesses = self._guesses(machinery, program, guess, starts, seed, bounds)
            if starts and is_long(program):
                guesses = self._from_shorter(
                    program, guesses, starts, clock, seed=seed, fixed=fixed, within=within
                )
            optima = self._optima(machinery, program, guesses, bounds, seed, clock)
            result = self._result(machinery, program, optima, bounds, clock)
        except KeyboardInterrupt as stop:  # between two runs of the optimiser
            clock.interrupt()
            result = (
                None if optima is None else self._result(machinery, program, optima, bounds, clock)
            )
            if result is None:
                raise SolveInterrupted(PolicyStatus.INTERRUPTED.value, solution=None) from stop
        self.build_seconds = sum(one.build_seconds for one in self._machineries.values())
        spent = time.perf_counter() - began - (self.build_seconds - built)
        result = replace(result, build_seconds=self.build_seconds, solve_seconds=spent)
        if clock.interrupted:
            raise SolveInterrupted(f"{result.status.value} ({result.message})", solution=result)
        if throw and not result.status.ok:
            raise SolveError(f"{result.status.value} ({result.message})", solution=result)
        return result

    def _machinery(self, program) -> Machinery:
        layout = layout_of(program)
        if layout not in self._machineries:
            self._machineries[layout] = Machinery(
                program.family,
                program.steps,
                layout,
                self.hessian,
                {"max_iter": self.most_iterations},
            )
        return self._machineries[layout]

    def _guesses(self, machinery, program, guess, starts, seed, bounds):
        entries, nodes = guess_entries(machinery.coefficients, guess, starts), first_nodes(program)
        objective, layout = machinery.objective(program, nodes), machinery.coefficients
        if entries is not None and not math.isfinite(objective(entries)):
            raise diverging(program.family, layout.split(entries), program)

        def inside(one):
            return objective(np.clip(one, bounds[:, 0], bounds[:, 1]))

        found, unit = [] if entries is None else [entries], 1 / largest_curvature(program)
        found += (
            list(settled_starts(layout, starts, seed, inside, math.log(10.0), unit))
            if starts
            else []
        )
        if not found:
            raise SolveError(PolicyStatus.DIVERGES.value)
        return found

    def _from_shorter(self, program, guesses, starts, clock, **options):
        """The optima of a fourth of the horizon instead of fresh starts, where each run is long:
        most of the way is there."""
        shorter = replace(
            program, objective=replace(program.objective, horizon=program.steps // SHORTER)
        )
        before, layout = (
            self._solved(shorter, clock, starts=starts, **options),
            program.family.layout(program.steps),
        )
        if before is None:
            return guesses
        found = [layout.join(dict(coefficients)) for _, coefficients, _ in before.optima[:FEW]]
        return [*guesses[: len(guesses) - starts], *found]

    def _optima(self, machinery, program, guesses, bounds, seed, clock):
        """(distinct optima, how many starts, bounds): where most starts of a small rule disagree,
        also from nearby.
        """
        first, layout, unit = (
            first_nodes(program),
            machinery.coefficients,
            1 / largest_curvature(program),
        )
        inner, rng = bounds.copy(), np.random.default_rng([seed, 1])
        idle = machinery.without_effect(program, first, guesses[:3])
        inner[idle] = np.clip(0.0, bounds[idle, 0], bounds[idle, 1])[:, None]  # as small as may be
        optima = machinery.optimise(program, first, guesses, inner, self.tolerance, clock)
        begun, alone = len(guesses), len(guesses) == 1 or layout.size > FEW or is_long(program)
        if not clock.is_over() and len(guesses) > 1 and 2 * optima[0].count < begun:
            more = self._from_contained(machinery, program, inner, optima[0], clock, seed)
            begun, optima = (
                begun + sum(one.count for one in more),
                merged_optima([*optima, *more], self.tolerance),
            )
        while (
            not (alone or clock.is_over())
            and 2 * optima[0].count < begun < ROUNDS * len(guesses)
            and (optima[0].result.success)
        ):
            nearby = nearby_starts(layout, optima[0].variables, (len(guesses) + 1) // 2, rng, unit)
            more = machinery.optimise(program, first, nearby, inner, self.tolerance, clock)
            begun, alone = begun + len(nearby), more[0].cost >= optima[0].cost - self.tolerance
            optima = merged_optima([*optima, *more], self.tolerance)
        return optima, begun, inner

    def _from_contained(self, machinery, program, bounds, best, clock, seed):
        """Optima reached from members of simpler families that cost less than the best that was
        found.
        """
        first, layout, begins = first_nodes(program), machinery.coefficients, []
        for one in program.family.contained:
            if clock.is_over():
                break
            if one.is_face:
                held = narrowed(one, bounds, layout)
                inside = (
                    ()
                    if held is None
                    else machinery.optimise(
                        program, first, [best.variables], held, self.tolerance, clock
                    )
                )
                begins += [inside[0].variables] if inside else []
            elif (bounds == layout.bounds).all():
                simple = self._solved(
                    replace(program, family=one.family), clock, starts=FEW, seed=seed
                )
                begins += (
                    [layout.join(one.embed(dict(simple.coefficients), seed=seed))] if simple else []
                )
        objective = machinery.objective(program, first)
        cheaper = [one for one in begins if objective(one) < best.cost - self.tolerance]
        return (
            machinery.optimise(program, first, cheaper, bounds, self.tolerance, clock)
            if cheaper
            else ()
        )

    def _solved(self, program, clock, **options):
        """The result for a program that helps with this one, as far as the clock allows; None where
        there is none.
        """
        solver = PolicySolver(
            program,
            tolerance=self.tolerance,
            most_nodes=self.most_nodes,
            hessian=self.hessian,
            most_iterations=self.most_iterations,
            time_limit=clock.seconds_for_part(0.5),
        )
        try:
            return solver.solve(throw=False, **options)
        except SolveInterrupted as stop:
            clock.interrupt()
            return stop.solution

    def _result(self, machinery, program, reached, bounds, clock):
        first, layout = first_nodes(program), machinery.coefficients
        optima, begun, inner = reached
        best, error, nodes = self._refine(machinery, program, optima[0], inner, first, clock)
        entries, cost = best.variables, machinery.cost(program, nodes, best.variables)
        learnt = machinery.learnt(program, nodes, best)
        runaway = "" if learnt else self._runaway(machinery, program, nodes, entries)
        alike = [
            one
            for one in optima
            if one is optima[0] or learnt and machinery.learnt(program, first, one.result)
        ]
        agreed = sum(one.count for one in alike)
        others = tuple(
            (machinery.cost_of(program, first, one.cost), layout.split(one.variables), one.count)
            for one in optima
            if one not in alike
        )
        return PolicyResult(
            program=program,
            coefficients=layout.split(entries),
            cost=cost,
            cost_error=error,
            nodes=machinery.node_count(program, nodes),
            status=(
                PolicyStatus.CONVERGED if learnt else self._judge(best, error, cost, runaway, clock)
            ),
            starts=begun,
            agreed=agreed,
            optima=((cost, layout.split(entries), agreed), *others),
            at_bound=at_bound(layout, entries, bounds),
            fixed=held(layout, bounds),
            method="exact moments",
            build_seconds=0.0,
            solve_seconds=0.0,
            tolerance=self.tolerance,
            learnt=learnt,
            standing_still=machinery.at_rest(program, nodes),
            message=f"{best.reason} after {best.iterations} iterations{runaway}",
            _certify=certify_policy,
            _identify=identify_coefficients,
        )

    def _runaway(self, machinery, program, nodes, entries):
        """Coefficients that are far out, in words, where the cost is all but flat: an optimum far
        out is felt.
        """
        layout = machinery.coefficients
        words = escaping(layout, entries, 1 / largest_curvature(program))
        if not words or machinery.hessian != "exact":
            return words
        cost, _, hessian = cost_derivatives(
            program, entries, nodes=nodes, moments=machinery.moments
        )
        relative = hessian * np.outer(entries, entries) / max(cost, np.finfo(float).tiny)
        felt = np.isfinite(relative).all() and np.linalg.eigvalsh(relative)[0] > FELT
        return "" if felt else words

    def _judge(self, best, error, cost, runaway, clock):
        status = stopped(status_of(best), clock)
        if status in (PolicyStatus.TIME_LIMIT, PolicyStatus.INTERRUPTED):
            return status
        if runaway and status is not PolicyStatus.DIVERGES:
            return PolicyStatus.NOT_ATTAINED
        return (
            PolicyStatus.QUADRATURE_CAP if status.ok and error > self.tolerance * cost else status
        )

    def _refine(self, machinery, program, optimum, bounds, nodes, clock):
        """(result, quadrature error of J, nodes): nodes doubled until J at the coefficients no
        longer moves.
        """
        best = optimum.result
        while True:
            cost = machinery.cost(program, nodes, best.variables)
            finer = enough_nodes(program, nodes)
            if finer is None or not math.isfinite(cost):
                return best, 0.0, nodes
            error = abs(machinery.cost(program, finer, best.variables) - cost)
            if (
                error <= SETTLED * self.tolerance * cost
                or finer > self.most_nodes
                or clock.is_over()
            ):
                return best, error, nodes
            nodes = finer
            best = machinery.optimise(
                program, nodes, [best.variables], bounds, self.tolerance, clock
            )[0].result
