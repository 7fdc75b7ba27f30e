"""Belief-space direct transcription: one deterministic plan through (θ, belief), with feedback around it.

Platt et al. 2010 ("maximum likelihood observations"), van den Berg et al. 2012 (feedback by the second variation).
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import make_interp_spline

from ..arrays import whole
from ..belief import belief_model
from ..errors import ProblemError, SolveError, check_choice
from ..problem import ControlProblem
from ..solution import Plan, Status
from ..solver import Solver
from .belief_space import BeliefSpace, belief_space
from .coordinates import BeliefLayout
from .second_variation import SecondVariation, second_variation
from .solution import BeliefSolution

ASSUMES = ("the path is planned as if every innovation were zero: observations sharpen a Gaussian belief but never move "
           "its mean, so information is valued only through the covariance in the expected loss; surprises are met by "
           "linear feedback around the plan, and the cost adds their price to second order. Exact for problems that "
           "are linear, quadratic and Gaussian")
ASSUMES_TASKS = ("the path is planned as if every innovation were zero: task probabilities relax by the chain's rates "
                 "alone, so no value is put on information; surprises are met by linear feedback around the plan. The cost "
                 "is exact for carrying out the plan without looking, hence an upper bound on the best")


@dataclass(frozen=True, kw_only=True, eq=False)
class TranscribedSolution(BeliefSolution):
    """A plan through (θ, belief) and the time-varying linear policy u = u(t) - K(t)(z - z(t)) around it.

    Attributes
    ----------
    plan : Plan over z = (θ, belief coordinates); its ``parameters`` are z at the nodes
    plans : every distinct plan found, best first
    variation : SecondVariation, S and K along the plan
    planned_cost : float, J of the plan without innovations
    innovation_cost : float, ½∫e^{-γt} tr(S D Dᵀ)dt. ``cost`` is the sum of both for a Gaussian belief; for tasks it is the
        planned cost, because along a plan that never learns the second-order price is far too large
    layout : BeliefLayout, how z's belief part is read
    dimension : int, n
    """

    plan: Plan
    plans: tuple[Plan, ...]
    variation: SecondVariation
    planned_cost: float
    innovation_cost: float
    layout: BeliefLayout
    dimension: int

    times = property(lambda self: self.plan.times, doc="Node times, (N+1,).")
    parameters = property(lambda self: self.plan.parameters[:, :self.dimension], doc="θ at the nodes, (N+1, n).")
    controls = property(lambda self: self.plan.controls, doc="u at the nodes, (N+1, m).")

    @property
    def estimates(self) -> np.ndarray:
        """Planned belief means (N+1, p), or task probabilities (N+1, K)."""
        n, d = self.dimension, self.layout.estimate
        if self.layout.kind != "tasks":
            return self.plan.parameters[:, n:n + d]
        known = self.plan.parameters[:, n:n + d - 1]
        return np.column_stack([known, 1 - known.sum(1)])

    @property
    def covariances(self) -> np.ndarray | None:
        """Planned belief covariances (N+1, p, p); None where the covariance is no state of the plan."""
        if self.layout.kind != "mean and covariance":
            return None
        d = self.layout.estimate
        rows, cols = np.tril_indices(d)
        full = np.empty((len(self.times), d, d))
        lower = self.plan.parameters[:, self.dimension + d:self.dimension + self.layout.size]
        full[:, rows, cols] = full[:, cols, rows] = lower
        return full

    def _control(self, theta, estimate, covariance, time):
        nominal, control, gain = self._nominal(time)
        n, size = self.dimension, self.layout.size
        belief = self.layout.read(estimate, covariance, nominal[n:n + size])
        offset = np.hstack([theta, belief]) - nominal[:n + size]
        return control - offset @ gain[:, :n + size].T

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Transcriber:
    """A belief space and its Solver: built once, solved from many (θ, belief)."""

    space: BeliefSpace
    solver: Solver = field(repr=False)

    def plans(self, aims: int, seed: int) -> tuple[Plan, ...]:
        """Plans from the start and prior, one per aim, best first; duplicates (same cost and first control) merged."""
        found, refusals = [], []
        for guess in self._guesses(aims, seed):
            try:
                found.append(self.solver.solve(guess=guess, throw=False).best)
            except ProblemError as refusal:
                refusals.append(refusal)
        if not found:
            raise refusals[-1]
        found.sort(key=lambda plan: (not plan.status.ok, plan.status is not Status.REFINEMENT_CAP, plan.cost))
        return tuple(plan for i, plan in enumerate(found) if not any(_same(plan, other) for other in found[:i]))

    def _guesses(self, aims, seed):
        """Paths (N+1, states), equally spaced in time: θ straight to an aim, the belief as its filter then has it."""
        space, horizon = self.space, self.space.problem.objective.horizon
        fractions = np.linspace(0, 1, 65)
        start = self.space.problem.start
        settled = settled_belief(space, start) if math.isinf(horizon) else None
        for aim in space.aims(space.coordinates.start if settled is None else settled, aims, seed):
            if settled is not None:
                rest = space.join(aim, settled_belief(space, aim), 0.0)
                yield space.start + fractions[:, None] * (rest - space.start)
                continue
            theta = start + fractions[:, None] * (aim - start)
            yield space.join(theta, space.followed(theta, space.coordinates.start, horizon), fractions * horizon)


def belief_solver(expanded: ControlProblem, tolerance: float, options: dict) -> Solver:
    """A Solver that takes every step to its end.

    Beliefs that move by linear equations are met in one step, whose multipliers are not final; the optimisers would call
    the next step tiny and leave the multipliers as they are.
    """
    chosen = {"tiny_step_tol": 0.0} | options.get("options", {})
    return Solver(expanded, tolerance=tolerance, **{**options, "options": chosen})


def settled_belief(space: BeliefSpace, theta) -> np.ndarray:
    """Where the belief coordinates settle when θ stays and nothing surprises."""
    b, span = np.array(space.coordinates.start), 10.0
    for _ in range(14):
        rate = space.motion(theta[None], b[None])[0].ravel()
        if np.abs(rate).max() <= 1e-10 * (1 + np.abs(b).max()):
            break
        flow = solve_ivp(lambda _, b: space.motion(theta[None], b[None])[0].ravel(), (0, span), b, method="LSODA",
                         rtol=1e-9, atol=1e-12)
        b, span = flow.y[:, -1], 2 * span
    return b


def solve_transcribed(problem: ControlProblem, *, covariance: str = "state", tolerance: float = 1e-6, aims: int = 3,
                      seed: int = 0, throw: bool = True, **options) -> TranscribedSolution:
    """Plan in belief space by direct transcription; T may be infinite where belief and weights come to rest.

    Parameters
    ----------
    covariance : "state", or "steady" to hold the covariance at its Kalman-Bucy value P∞ (fewer states; no transient)
    aims : int, how many places (minima of the expected loss first, then random ones) the multi-start heads for
    tolerance, options : as for :class:`~landscape_control.solver.Solver`

    Raises
    ------
    ProblemError
        For a problem without hidden variables, with a fixed end, or one that the belief room or the solver refuses.
    SolveError
        If the best plan has not converged and ``throw`` is true.
    """
    check_hidden(problem)
    check_choice("covariance", covariance, ("state", "steady"))
    space = belief_space(problem, belief_model(problem), covariance)
    transcriber = Transcriber(space=space, solver=belief_solver(space.expanded, tolerance, options))
    plans = transcriber.plans(whole("aims", aims), seed)
    solution = with_feedback(space, plans)
    if throw and not solution.status.ok:
        raise SolveError(f"{solution.status.value}. {solution.message}".rstrip(), solution)
    return solution


def with_feedback(space: BeliefSpace, plans: tuple[Plan, ...]) -> TranscribedSolution:
    """The solution around the best of the plans."""
    plan, problem = plans[0], space.problem
    variation = second_variation(space.expanded, plan)
    price = _innovation_cost(space, plan, variation)
    status, message = plan.status, plan.message
    if variation.conjugate is not None and status.ok:
        status, message = Status.NOT_STATIONARY, (
            f"the plan is no local minimum: its second variation breaks down at t = {variation.conjugate:.4g}; "
            "try more aims")
    layout = space.coordinates.layout
    tasks = layout.kind == "tasks"
    return TranscribedSolution(
        cost=float(plan.cost if tasks else plan.cost + price), planned_cost=float(plan.cost), innovation_cost=price,
        status=status, message=message, method="belief-space transcription", assumes=ASSUMES_TASKS if tasks else ASSUMES,
        problem=problem, plan=plan, plans=plans, variation=variation, layout=layout, dimension=problem.dimension)


def _innovation_cost(space, plan, variation):
    n, discount = space.problem.dimension, space.problem.objective.discount
    rows = slice(n, n + space.size)
    diffusion = space.diffusion(plan.at(variation.times)[0])
    cost = variation.innovation_cost(discount, diffusion, rows)
    if plan.tail is not None:  # at rest for ever after
        last = variation.innovation_rate(diffusion, rows)[-1]
        cost += math.exp(-discount * plan.times[-1]) * last / discount if discount else math.inf * last
    return cost


def _same(plan, other):
    scale = np.abs(other.controls).max() + 1e-12
    same_control = np.abs(plan.controls[0] - other.controls[0]).max() <= 1e-4 * scale
    return same_control and abs(plan.cost - other.cost) <= 1e-6 * abs(other.cost)


def check_hidden(problem) -> None:
    """Refuse what is no problem with hidden variables."""
    if not isinstance(problem, ControlProblem) or problem.is_known:
        raise ProblemError("problem", expected="a ControlProblem with hidden variables",
                           received="a known landscape" if isinstance(problem, ControlProblem) else type(problem).__name__,
                           advice="declare hidden=... on the landscape, or use landscape_control.solve for known ones")
