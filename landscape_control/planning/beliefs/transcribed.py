"""Belief-space direct transcription: one deterministic plan through (θ, belief).

With feedback around it.

Platt et al. 2010 ("maximum likelihood observations"), van den Berg et al. 2012 (feedback by the
second variation).
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.interpolate import make_interp_spline

from ...model.belief import belief_model
from ...model.problem import ControlProblem
from ...support.arguments import AnyNumber, Count, Index, Positive, checked
from ...support.arrays import number, whole
from ...support.errors import ProblemError, check_choice
from ..solution import Plan, Status
from .assumptions import ASSUMES, ASSUMES_PRICED, ASSUMES_TASKS
from .belief_space import BeliefSpace, belief_space
from .confirmation import CostKind
from .coordinates import BeliefLayout
from .innovations import check_priceable, price_innovations
from .second_variation import SecondVariation, second_variation
from .solution import BeliefSolution, delivered
from .transcriber import Transcriber, belief_solver, with_optimiser

INNOVATIONS = ("mean", "second order")


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TranscribedSolution(BeliefSolution):
    """A plan through (θ, belief), and a time-varying linear policy around it.

    u = u(t) - K(t)(z - z(t)).

    Attributes
    ----------
    plan : Plan over z = (θ, belief coordinates); its ``parameters`` are z at the nodes
    plans : every distinct plan found, best first
    variation : SecondVariation, S and K along the plan
    planned_cost : float, J of the plan without innovations
    innovation_cost : float
        ½∫e^{-γt} tr(S D Dᵀ)dt. ``cost`` is the sum of both, except for tasks whose innovations are
        not priced in the plan: along a plan that never learns this price is far too large, and
        ``cost`` is the planned one.
    layout : BeliefLayout, how z's belief part is read
    dimension : int, n
    response : float
        How much of the linear answer to beliefs is given. It holds near the plan alone; where
        beliefs will move far, a part of it, or 0, which carries the plan out without answering to
        them, may be the better policy. No cost is planned unless it is 1.
    """

    plan: Plan
    plans: tuple[Plan, ...]
    variation: SecondVariation
    planned_cost: AnyNumber
    innovation_cost: AnyNumber
    layout: BeliefLayout
    dimension: int
    response: AnyNumber = 1.0

    @property
    def times(self) -> np.ndarray:
        """Node times, (N+1,)."""
        return self.plan.times

    @property
    def parameters(self) -> np.ndarray:
        """θ at the nodes, (N+1, n)."""
        return self.plan.parameters[:, : self.dimension]

    @property
    def controls(self) -> np.ndarray:
        """u at the nodes, (N+1, m)."""
        return self.plan.controls

    @property
    def estimates(self) -> np.ndarray:
        """Planned belief means (N+1, p), or task probabilities (N+1, K)."""
        n, d = self.dimension, self.layout.estimate
        if self.layout.kind != "tasks":
            return self.plan.parameters[:, n : n + d]
        known = self.plan.parameters[:, n : n + d - 1]
        return np.column_stack([known, 1 - known.sum(1)])

    @property
    def covariances(self) -> np.ndarray | None:
        """Planned belief covariances (N+1, p, p).

        None where the covariance is no state of the plan.
        """
        if self.layout.kind != "mean and covariance":
            return None
        d = self.layout.estimate
        rows, cols = np.tril_indices(d)
        full = np.empty((len(self.times), d, d))
        lower = self.plan.parameters[:, self.dimension + d : self.dimension + self.layout.size]
        full[:, rows, cols] = full[:, cols, rows] = lower
        return full

    def _control(
        self,
        theta: np.ndarray,
        estimate: np.ndarray,
        covariance: np.ndarray | None,
        time: float,
    ) -> np.ndarray:
        nominal, control, gain = self._nominal(time)
        n, size = self.dimension, self.layout.size
        # a bare mean is taken to have the planned covariance
        belief = self.layout.read(estimate, covariance, nominal[n : n + size])
        # a clock behind z has no offset
        offset = np.hstack([theta, belief]) - nominal[: n + size]
        offset[:, n:] *= self.response
        return control - offset @ gain[:, : n + size].T

    @property
    def policy_name(self) -> str:
        """The method, with the response where that is not the whole."""
        if self.response == 1.0:
            return self.method
        return f"{self.method} with response {self.response:g}"

    @checked
    def answering(self, response: float) -> "TranscribedSolution":
        """The same plan with another part of the answer to beliefs, whose cost is not planned."""
        if response == 1.0:
            return self
        return replace(
            self,
            response=response,
            cost=math.nan,
            cost_kind=CostKind.NONE,
            confirmation=None,
            tried=(),
        )

    def _nominal(self, time):
        """(z, u, K) at a time; after an infinite-horizon plan, the rest that it settles to."""
        tail = self.plan.tail
        if tail is not None and time > self.plan.times[-1]:
            return tail.steady_state, tail.steady_control, tail.gain
        state, control, _ = self.plan.at(time)
        return state, control, self._gains(time)

    @cached_property
    def _gains(self):
        return make_interp_spline(self.variation.times, self.variation.gains, k=3)


@checked
def solve_transcribed(
    problem: ControlProblem,
    *,
    innovations: str = "mean",
    covariance: str = "state",
    tolerance: Positive = 1e-06,
    aims: Count = 3,
    rounds: Count = 20,
    response: float = 1.0,
    seed: Index = 0,
    throw: bool = True,
    **options: object,
) -> TranscribedSolution:
    """Plan in belief space by direct transcription.

    T may be infinite where belief and weights come to rest.

    Parameters
    ----------
    innovations : "mean" (zero, their mean) or "second order" (priced in the plan, see
        ``innovations.py``; finite horizons)
    covariance : "state", or "steady" to hold the covariance at its Kalman-Bucy value P∞ (fewer
        states; no transient)
    aims : int, how many places (minima of the expected loss first, then random ones) the
        multi-start heads for
    rounds : int, how often the price of innovations may be revised; if that fails, what is kept is
        the plan without prices
    response : between 0 and 1, how much of the linear answer to beliefs the policy gives, see
        ``TranscribedSolution``
    tolerance, options : as for :class:`~landscape_control.planning.solver.Solver`

    Raises
    ------
    ProblemError
        For a problem without hidden variables, with a fixed end, or one that the filters or the
        solver refuses.
    SolveError
        If the best plan has not converged and ``throw`` is true.
    """
    check_hidden(problem)
    options = with_optimiser(problem, options)
    check_choice("covariance", covariance, ("state", "steady"))
    if check_choice("innovations", innovations, INNOVATIONS) == "second order":
        check_priceable(problem.objective)
    space = belief_space(problem, belief_model(problem), covariance)
    transcriber = Transcriber(space=space, solver=belief_solver(space.expanded, tolerance, options))
    plans = transcriber.plans(whole("aims", aims), seed)
    if innovations == "second order" and plans[0].status.ok:
        solution = _priced(space, plans[0], tolerance, whole("rounds", rounds), options)
    else:
        solution = _unpriced(space, plans)
    solution = solution.answering(number("response", response, low=0, high=1))
    return delivered(solution, throw)


def _unpriced(space: BeliefSpace, plans: tuple[Plan, ...]) -> TranscribedSolution:
    plan, variation = plans[0], second_variation(space.expanded, plans[0])
    price = _innovation_cost(space, plan, variation)
    if space.coordinates.layout.kind == "tasks":
        cost, kind, assumes = plan.cost, CostKind.UPPER_BOUND, ASSUMES_TASKS
    else:
        cost, kind, assumes = plan.cost + price, CostKind.APPROXIMATE, ASSUMES
    return _solution(
        space,
        plans,
        variation,
        cost=float(cost),
        cost_kind=kind,
        planned_cost=float(plan.cost),
        innovation_cost=price,
        assumes=assumes,
        status=plan.status,
        message=plan.message,
    )


def _priced(space, plan, tolerance, rounds, options):
    unpriced = plan
    plan, variation, status, message = price_innovations(space, plan, tolerance, rounds, options)
    if not status.ok:
        return replace(_unpriced(space, (unpriced,)), status=status, message=message)
    price = _innovation_cost(space, plan, variation)
    return _solution(
        space,
        (plan,),
        variation,
        cost=float(plan.cost),
        planned_cost=float(plan.cost - price),
        innovation_cost=price,
        assumes=ASSUMES_PRICED,
        status=status,
        message=message,
    )


def _solution(space, plans, variation, *, status, message, **own):
    if variation.conjugate is not None and status.ok:
        status = Status.NOT_STATIONARY
        message = (
            "the plan is no local minimum: its second variation breaks down at t ="
            f" {variation.conjugate:.4g}; pass a larger aims=..."
        )
    return TranscribedSolution(
        status=status,
        message=message,
        method="belief-space transcription",
        problem=space.problem,
        plan=plans[0],
        plans=plans,
        variation=variation,
        layout=space.coordinates.layout,
        dimension=space.problem.dimension,
        **own,
    )


def _innovation_cost(space: BeliefSpace, plan: Plan, variation: SecondVariation) -> float:
    """½∫e^{-γt} tr(SDDᵀ)dt over the horizon, an infinite one included."""
    n, discount = space.problem.dimension, space.problem.objective.discount
    rows = slice(n, n + space.size)
    states, _, _ = plan.at(variation.times)
    diffusion = space.diffusion(states)
    cost = variation.innovation_cost(discount, diffusion, rows)
    if plan.tail is None:
        return cost
    last = variation.innovation_rate(diffusion, rows)[-1]  # at rest for ever after
    if discount == 0:
        return cost + math.inf * last
    return cost + math.exp(-discount * plan.times[-1]) * last / discount


def check_hidden(problem: object) -> None:
    """Refuse what is no problem with hidden variables."""
    if not isinstance(problem, ControlProblem):
        received = type(problem).__name__
    elif problem.is_known:
        received = "a known landscape"
    else:
        return
    raise ProblemError(
        "problem",
        expected="a ControlProblem with hidden variables",
        received=received,
        advice=(
            "declare hidden=... on the landscape, or use landscape_control.solve for known ones"
        ),
    )
