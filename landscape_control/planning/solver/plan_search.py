"""From guesses to plans: solved on a first mesh, compared, and refined as far as it matters.

And what starts beside these plans lead to.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...model.problem import ControlProblem, ends_late
from ...support.errors import ProblemError
from ..certificate.certificate import certified
from ..solution import Plan, Status
from .clock import clock
from .evidence import beside
from .guess import Guess
from .horizon_extension import settle_plan
from .mesh import fastest_rate
from .mesh_plan import MeshPlan
from .plans import USABLE, cost_scale, distinct
from .receding_windows import chain_plan, first_window, needs_windows
from .refinement import refine_plan, solve_on_first_mesh
from .rollouts import is_bound
from .subproblem import CompiledPrograms, Subproblem
from .variations import MOST_ROUNDS, varied

MOST_CONTINUED = 3  # plans that differ in the first of several windows


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanSearch:
    """How a Solver turns guesses into certified plans."""

    programs: CompiledPrograms
    tolerance: float
    max_elements: int
    max_doublings: int

    def plans(
        self, problem: ControlProblem, guesses: list[Guess], minima: np.ndarray
    ) -> list[Plan]:
        """A certified plan per guess.

        Guesses that lead to no admissible rest are left out if another one does.
        """
        subproblem = Subproblem(
            problem=problem,
            horizon=problem.objective.horizon,
            rest=None,
            tolerance=self.tolerance,
            max_elements=self.max_elements,
            fastest_rate=fastest_rate(problem, minima),
        )
        if math.isfinite(subproblem.horizon) and not needs_windows(subproblem):
            return self._refined(subproblem, self._drafts(subproblem, guesses))
        plans = self._in_parts(replace(subproblem, is_whole=False), guesses)
        return [certified(problem, plan, tolerance=self.tolerance) for plan in plans]

    def _drafts(self, subproblem: Subproblem, guesses: list[Guess]) -> list[MeshPlan]:
        """What the guesses lead to on a first mesh; of ours those that can be followed.

        Guesses are timed for a class of numbers: moved to another start one may leave the domain of
        the loss, which says nothing about the problem.
        """
        drafts: list[MeshPlan] = []
        refusals: list[ProblemError] = []
        for guess in _in_time(guesses):
            try:
                drafts.append(solve_on_first_mesh(self.programs, subproblem, guess))
            except ProblemError as refusal:
                if guess.is_asked_for:
                    raise
                refusals.append(refusal)
        if not drafts:
            raise refusals[0]  # that of the best aim
        return drafts

    def _in_parts(self, subproblem: Subproblem, guesses: list[Guess]) -> list[Plan]:
        """Plans that are solved window by window, or over longer and longer horizons."""
        settled: list[tuple[Plan, Guess]] = []
        refusals: list[ProblemError] = []
        is_finite = math.isfinite(subproblem.horizon)
        if is_finite and len(guesses) > 1 and not ends_late(subproblem.problem):
            guesses = self._that_differ(subproblem, guesses)
        # cheapest first; the others are refined further only where they turn out to be better
        for guess in _in_time(guesses):
            try:
                plan = self._in_steps(subproblem, guess, is_first=not settled)
            except ProblemError as refusal:
                refusals.append(refusal)
                continue
            settled.append((self._kept(plan), guess))
        if not settled:
            raise refusals[0]  # that of the best aim
        best, guess = min(settled, key=_finite_cost)
        if best.status is Status.REFINEMENT_CAP and guess is not settled[0][1]:
            settled.append((self._in_steps(subproblem, guess, is_first=True), guess))
        return [plan for plan, _ in settled]

    def _that_differ(self, subproblem: Subproblem, guesses: list[Guess]) -> list[Guess]:
        """The guesses to go on with after the first window.

        Nearly all of the cost is decided there: the cheapest that differ in it, and what fell below
        them without an end.
        """
        limited = replace(subproblem, max_elements=self._first_elements())
        plans: list[Plan] = []
        guess_of: dict[int, Guess] = {}  # by the identity of the plan
        for guess in _in_time(guesses):
            try:
                plan = first_window(self.programs, limited, guess)
            except ProblemError:  # said again by the whole plan, where no guess is left
                continue
            plans.append(plan)
            guess_of[id(plan)] = guess
        if not plans:
            return guesses
        chosen = [source for _, source in distinct(plans)][:MOST_CONTINUED]
        falling = [
            plan
            for plan in plans
            if plan.status not in USABLE and plan.cost < chosen[0].cost and plan not in chosen
        ]
        return [guess_of[id(plan)] for plan in [*chosen, *falling]]

    def _in_steps(self, subproblem: Subproblem, guess: Guess, *, is_first: bool) -> Plan:
        if not is_first:
            subproblem = replace(subproblem, max_elements=self._first_elements())
        if math.isfinite(subproblem.horizon):
            return chain_plan(self.programs, subproblem, guess)
        return settle_plan(self.programs, subproblem, guess, self.max_doublings)

    def _first_elements(self) -> int:
        """Cap of the refinement of plans that are not the best."""
        return min(self.max_elements, 4 * self.programs.transcription.elements)

    def off_saddles(
        self, problem: ControlProblem, plans: list[Plan], minima: np.ndarray
    ) -> list[Plan]:
        """What starts beside stationary plans that are no minima lead to."""
        guesses = [
            guess
            for plan in plans
            if plan.status is Status.NOT_A_MINIMUM
            for guess in beside(problem, plan)
        ]
        return self._further(problem, guesses, minima)

    def _further(
        self, problem: ControlProblem, guesses: list[Guess], minima: np.ndarray
    ) -> list[Plan]:
        """Plans from starts beside others: a refusal there says nothing about the problem."""
        try:
            return self.plans(problem, guesses, minima) if guesses else []
        except ProblemError:
            return []

    def beside_best(
        self,
        problem: ControlProblem,
        plans: list[Plan],
        guesses: list[Guess],
        minima: np.ndarray,
        seed: int,
    ) -> list[Plan]:
        """What variations of the best plan lead to, where not every path can be followed.

        The variations are appended to ``guesses``.
        """
        more: list[Plan] = []
        if not is_bound(problem):
            return more
        for number in range(MOST_ROUNDS):
            best = distinct(plans + more)[0][0]
            if best.status not in USABLE or clock().seconds_left() <= 0:
                break
            starts = varied(problem, best, seed + number)
            guesses += starts
            more += self._further(problem, starts, minima)
            again = distinct(plans + more)[0][0]
            if not again.cost < best.cost - self.tolerance * cost_scale(best) - best.cost_error:
                break
        return more

    def _refined(self, subproblem: Subproblem, drafts: list[MeshPlan]) -> list[Plan]:
        """Duplicates go before refinement; plans that are not the best are refined at most twice."""
        draft_of = {id(draft.plan): draft for draft in drafts}
        chosen = []
        for plan, source in distinct([draft.plan for draft in drafts]):
            draft = draft_of[id(source)]
            if plan is not source:  # merged with its duplicates
                draft = replace(draft, plan=plan)
            chosen.append(draft)
        caps = [self.max_elements] + [self._first_elements()] * len(chosen)
        refined = [
            refine_plan(self.programs, subproblem, draft, cap)
            for draft, cap in zip(chosen, caps, strict=False)
        ]
        limited = set(range(1, len(chosen)))
        while limited:  # the best so far may be one of them
            usable = [plan.cost if plan.status in USABLE else math.inf for plan in refined]
            best = int(np.argmin(usable))
            if best not in limited or refined[best].status is not Status.REFINEMENT_CAP:
                break
            limited.remove(best)
            refined[best] = refine_plan(self.programs, subproblem, chosen[best], self.max_elements)
        if len(chosen) == len(drafts) or refined[0].status not in USABLE:
            return refined
        # runs that failed beside others that did not: a cheaper path is worth another try
        cap = self._first_elements()
        for draft in drafts:
            if draft.plan.status in USABLE:
                continue
            plan = draft.plan
            if draft.examination.path_cost < refined[0].cost:
                plan = refine_plan(self.programs, subproblem, draft, cap)
            refined.append(plan)
        return refined

    @staticmethod
    def _kept(plan: Plan) -> Plan:
        """The plan, which an interruption will hand back."""
        clock().plans.append(plan)
        return plan


def _finite_cost(pair: tuple[Plan, Guess]) -> float:
    cost = pair[0].cost
    return cost if np.isfinite(cost) else np.inf


def _in_time(guesses: list[Guess]) -> Iterator[Guess]:
    """The guesses as long as there is time; the first one in any case."""
    for k, guess in enumerate(guesses):
        if k and clock().seconds_left() <= 0:
            clock().ran_out = True
            return
        yield guess
