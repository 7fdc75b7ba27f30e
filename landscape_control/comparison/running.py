"""What it costs to let a rule steer: θ̇ = f + B û(θ) with the same prices as the optimum."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from ..arguments import AnyNumber, checked
from ..arrays import number
from ..problem import ControlProblem
from ..rules import Rule

_FAR = 1e4  # a path this many problem sizes away from its start has run off
_DOUBLINGS = 12
_SETTLED = 1e-7
# of the rule along one path; smooth closed loops need a few hundred, stiff ones some more
_EVALUATIONS = 5_000
_ACCURACY = {"method": "LSODA", "rtol": 1e-9, "atol": 1e-11}


@checked
@dataclass(frozen=True, kw_only=True)
class Run:
    """The cost of running one rule on one problem.

    Attributes
    ----------
    cost : J of the rule's path, None if it has none
    excess : (J_rule - J*)/|J*|, that is J_rule/J* - 1 for J* > 0; None without either cost
    reason : why there is no cost or no excess, empty otherwise
    """

    cost: AnyNumber | None
    excess: AnyNumber | None
    reason: str = ""


class _Lost(ArithmeticError):
    """The rule gave no number, or the path left every bound."""


@checked
def run_rule(
    problem: ControlProblem,
    rule: Rule,
    coefficients: object,
    *,
    optimum: AnyNumber | None = None,
) -> Run:
    """Integrate the rule's path from the problem's start with the running cost as an extra state.

    T = ∞: the horizon doubles until the cost, with the rest at a standstill charged as
    e^{-γτ}·(cost rate)/γ, no longer moves by 1e-7 of itself; a path that does not settle has no
    cost.
    """
    if problem.end is not None:
        return Run(cost=None, excess=None, reason="the end is fixed and the rule does not know it")
    path = _Path(problem, rule, coefficients)
    try:
        cost = path.endless() if math.isinf(problem.objective.horizon) else path.until_horizon()
    except _Lost as error:
        return Run(cost=None, excess=None, reason=str(error))
    return _against(number("cost of the rule", cost), optimum)


def _against(cost, optimum):
    if optimum is None:
        return Run(
            cost=cost,
            excess=None,
            reason="no optimum to compare with: the solve from the problem's start failed",
        )
    if optimum == 0:
        return Run(cost=cost, excess=None, reason="the optimal cost is zero")
    return Run(cost=cost, excess=(cost - optimum) / abs(optimum))


class _Path:
    """The closed loop of a rule on a problem, with the discounted running cost as last state."""

    def __init__(self, problem, rule, coefficients):
        self.problem, self.model, self.objective = problem, problem.model, problem.objective
        self.policy = rule.control(problem, coefficients)
        self.far, self.evaluations = _FAR * (1 + np.abs(problem.start).max()), 0

    def rate(self, t, state):
        """(θ̇, e^{-γt}·running cost)."""
        self.evaluations += 1
        if self.evaluations > _EVALUATIONS:
            raise _Lost(
                f"the path is too rough to follow beyond t = {t:.3g} (near where the rule is"
                " undefined)"
            )
        velocity, running = self.at(t, state[:-1])
        return np.append(velocity, math.exp(-self.objective.discount * t) * running)

    def at(self, t, theta):
        horizon = self.objective.horizon
        u = self.policy(theta, min(t, horizon * (1 - 1e-9)) if math.isfinite(horizon) else 0.0)
        if not (np.isfinite(u).all() and np.abs(theta).max() < self.far):
            what = (
                "the rule is undefined" if np.abs(theta).max() < self.far else "the path runs off"
            )
            place = (
                f", θ = {np.array2string(theta, precision=3, separator=', ')}"
                if len(theta) <= 3
                else ""
            )
            raise _Lost(f"{what} at t = {t:.3g}{place}")
        learner = self.problem.learner
        price = u if learner.metric is None else self.model.metric(theta)[0] @ u
        velocity = u if learner.actuation is None else self.model.actuation(theta)[0] @ u
        if learner.drift is not None:
            velocity = velocity + self.model.drift(theta)[0]
        effort = u @ price / (2 * self.objective.learning_rate)
        return velocity, effort + self.objective.loss_weight * self.problem.landscape.loss(theta)[0]

    def stretch(self, state, begin, end):
        result = solve_ivp(self.rate, (begin, end), state, **_ACCURACY)
        if not result.success:
            raise _Lost(
                f"the path could not be followed beyond t = {result.t[-1]:.3g}: {result.message}"
            )
        return result.y[:, -1]

    def until_horizon(self):
        horizon = self.objective.horizon
        state = self.stretch(np.append(self.problem.start, 0.0), 0.0, horizon)
        final = (
            self.objective.terminal_weight * self.model.terminal_cost(state[:-1])[0]
            if self.objective.terminal
            else 0.0
        )
        return state[-1] + math.exp(-self.objective.discount * horizon) * final

    def endless(self):
        state, begin, end, previous = (
            np.append(self.problem.start, 0.0),
            0.0,
            self._first_stretch(),
            math.inf,
        )
        for _ in range(_DOUBLINGS):
            state = self.stretch(state, begin, end)
            cost = state[-1] + self._rest(end, state[:-1])
            if abs(cost - previous) <= _SETTLED * abs(cost):
                return cost
            previous, begin, end = cost, end, 2 * end
        raise _Lost(f"the cost has not settled by t = {begin:.3g}")

    def _first_stretch(self):
        """A time on the scale of the fastest of discount and curvature at the start."""
        curvature = np.abs(
            np.linalg.eigvalsh(self.problem.landscape.hessian(self.problem.start)[0])
        ).max()
        scale = (
            math.sqrt(self.objective.learning_rate * self.objective.loss_weight * curvature)
            + self.objective.discount
        )
        return 10.0 / scale if scale > 0 else 10.0

    def _rest(self, t, theta):
        gamma = self.objective.discount
        return math.exp(-gamma * t) * self.at(t, theta)[1] / gamma if gamma > 0 else 0.0
