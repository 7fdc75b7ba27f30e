"""Paths of causal rules on exact gradients, simulated step by step; their coefficients, tuned."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import casadi as ca
import numpy as np
from scipy.stats import qmc

from ..model.landscape import Landscape
from ..model.observation import ExactGradient
from ..model.problem import ControlProblem
from ..model.problem.model import Model
from ..planning.solution import Solution
from ..rules import CausalRule
from ..rules.families import Clock, Coefficient
from ..simulation.coefficient_scales import Scale
from ..simulation.raw_learner import RawLearner
from ..simulation.rollout import Rollout
from ..simulation.simulate import simulate
from ..simulation.stepping import rollout_step
from ..support.arrays import freeze
from .path import Trajectory

_MOST_STEPS = 1000  # of the default step: more would make the search slow
_FIRST, _ROUNDS, _EACH = 128, 7, 48  # candidates of the first round, later rounds, and of each
_SETTLED = 1e-4  # of the cost: T = ∞ is simulated until twice the time adds less than this
_DOUBLINGS = 5
_DECADES = 2  # of the learning rate, to both sides of what the plan suggests


@dataclass(frozen=True, eq=False)
class PushableSlope(ExactGradient):
    """The learner sees Bᵀ∇L exactly: the slope along the directions that it can push."""

    model: Model

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        gradient = super().expression(landscape, theta, hidden)
        return ca.SX(self.model.actuation_at(theta)).T @ gradient


@dataclass(frozen=True, kw_only=True, eq=False)
class SideBySide(RawLearner):
    """A causal rule with C sets of coefficients at once: episode c has those of row c.

    u is a rate, Δθ = u·step, as for the learners of the simulation.
    """

    rule: CausalRule
    values: Mapping[str, np.ndarray]  # (C, 1) each

    formula: ClassVar[str] = "u_t = rule(y_0 … y_t)"
    source: ClassVar[str] = "the rule's"

    def init(self, episodes: int, dimension: int) -> tuple:
        size = self.rule.family.state_size
        return 0, tuple(np.zeros((episodes, dimension)) for _ in range(size))

    def update(
        self, state: tuple, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, tuple]:
        count, carried = state
        clock = Clock(step=count, horizon=1)  # a causal rule of the catalogue has no horizon
        u, carried = self.rule.family.step(self.values, carried, observation, theta, clock)
        return u, (count + 1, carried)

    @property
    def has_answer(self) -> bool:
        return self.rule.family.has_readout

    def answer(self, state: tuple, theta: np.ndarray) -> np.ndarray:
        count, carried = state
        clock = Clock(step=max(count - 1, 0), horizon=1)
        return self.rule.family.readout(self.values, carried, theta, clock)


def default_step(problem: ControlProblem, horizon: float) -> float:
    """That of :func:`simulate`, or a thousandth of the horizon where it would be shorter."""
    fine, _ = rollout_step(_ending(problem, horizon), horizon, None)
    return max(fine, horizon / _MOST_STEPS)


def tuned_causal(
    problem: ControlProblem, rule: CausalRule, solution: Solution, *, step: float, horizon: float
) -> dict[str, float]:
    """The coefficients of least J: Sobol points of the admissible ranges, then boxes that shrink.

    All candidates of a round run side by side.
    """
    posed = _ending(problem, horizon)
    bounds = rule.coefficients
    scales = [Scale(bound, _range(posed, rule, bound, solution)) for bound in bounds]
    unit = qmc.Sobol(len(bounds), seed=0, scramble=False)
    centre, width = np.full(len(bounds), 0.5), 0.5
    lowest = math.inf
    for count in [_FIRST, *[_EACH] * _ROUNDS]:
        offsets = 2 * unit.random(count) - 1
        points = np.clip(centre + width * offsets, 0, 1)
        points = np.vstack([points, centre])
        costs = _costs(posed, rule, scales, points, step)
        best = int(np.argmin(costs))
        if costs[best] < lowest:
            centre, lowest = points[best], costs[best]
        width *= 0.5
    values = [scale.value(position) for scale, position in zip(scales, centre, strict=True)]
    return dict(zip(rule.names, values, strict=True))


def _range(
    problem: ControlProblem, rule: CausalRule, bound: Coefficient, solution: Solution
) -> tuple[float, float]:
    """Where a coefficient is searched.

    A learning rate has a unit: it is searched around that at which the rule's first step is as
    large as the controls of the plan.
    """
    if bound.name != "learning_rate":
        return bound.least, bound.most
    gradient = problem.landscape.gradient(problem.start)
    if problem.learner.actuation is not None:
        gradient = gradient @ problem.model.actuation(problem.start)[0]
    values = {each.name: np.array([[each.least]]) for each in rule.coefficients}
    values["learning_rate"] = np.ones((1, 1))
    learner = SideBySide(rule=rule, values=values)
    state = learner.init(1, gradient.shape[1])
    with np.errstate(all="ignore"):
        first, _ = learner.update(state, gradient, problem.start[None], 1.0)
    size = float(np.sqrt(np.mean(np.square(first))))
    wanted = float(np.sqrt(np.mean(np.square(solution.controls))))
    guess = wanted / size if size > 0 and wanted > 0 else 1.0
    return guess * 10.0**-_DECADES, guess * 10.0**_DECADES


def _costs(
    problem: ControlProblem,
    rule: CausalRule,
    scales: Sequence[Scale],
    points: np.ndarray,
    step: float,
) -> np.ndarray:
    """J (C,) at points of the unit cube; infinite where a path runs off."""
    columns = [
        scale.continued(column)[:, None] for scale, column in zip(scales, points.T, strict=True)
    ]
    learner = SideBySide(rule=rule, values=dict(zip(rule.names, columns, strict=True)))
    rollout = simulate(problem, learner, episodes=len(points), step=step, throw=False)
    return np.where(np.isfinite(rollout.costs), rollout.costs, np.inf)


def causal_path(
    problem: ControlProblem,
    rule: CausalRule,
    coefficients: Mapping[str, float],
    *,
    tuned: bool,
    step: float,
    horizon: float,
) -> Trajectory:
    """The path of a causal rule with these coefficients."""
    rule.vector(dict(coefficients))
    values = {name: np.full((1, 1), float(value)) for name, value in coefficients.items()}
    return simulated_path(
        problem,
        SideBySide(rule=rule, values=values),
        step=step,
        horizon=horizon,
        key=rule.key,
        name=rule.name,
        coefficients=dict(coefficients),
        symbols={each.name: each.symbol for each in rule.coefficients},
        tuned=tuned,
    )


def simulated_path(
    problem: ControlProblem, learner: object, *, step: float | None, horizon: float, **about: Any
) -> Trajectory:
    """The path of whatever :func:`simulate` takes, one episode on exact gradients."""
    rollout, reason = _followed(problem, learner, step, horizon)
    paths = rollout.paths
    assert paths is not None, "they were asked for"
    good = np.isfinite(paths.parameters[0]).all(1) & (paths.times <= horizon * (1 + 1e-9))
    count = len(good) if good.all() else int(np.argmin(good))
    controls = np.vstack([paths.controls[0], paths.controls[0][-1:]])  # held to the last time
    diverged = len(rollout.diverged) > 0
    if diverged:
        reason = f"the path runs off by t = {rollout.diverged_by:.3g}"
    return Trajectory(
        cost=None if diverged else rollout.cost,
        reason=reason,
        times=freeze(paths.times[:count]),
        parameters=freeze(paths.parameters[0][:count]),
        controls=freeze(controls[:count]),
        step=rollout.step,
        problem=problem,
        **about,
    )


def _followed(
    problem: ControlProblem, learner: object, step: float | None, horizon: float
) -> tuple[Rollout, str]:
    """(a rollout with its path, how far its cost counts).

    T = ∞: the simulated time doubles until that no longer adds to the cost.
    """
    settings: dict[str, Any] = {"episodes": 1, "keep_paths": True, "step": step, "throw": False}
    rollout = simulate(_ending(problem, horizon), learner, **settings)
    if math.isfinite(problem.objective.horizon):
        return rollout, ""
    for _ in range(_DOUBLINGS):
        horizon = 2 * horizon
        longer = simulate(_ending(problem, horizon), learner, **settings)
        settled = abs(longer.cost - rollout.cost) <= _SETTLED * abs(longer.cost)
        rollout = longer
        if settled or len(longer.diverged):
            return rollout, ""
    return rollout, f"J counts t ≤ {horizon:.3g}, where it has not settled"


def _ending(problem: ControlProblem, horizon: float) -> ControlProblem:
    """The problem with exact slopes to be seen, and T = ∞ cut off at a horizon."""
    sees = ExactGradient()
    if problem.learner.actuation is not None:
        sees = PushableSlope(problem.model)
    learner = replace(problem.learner, sees=sees)
    posed = problem.changed(learner=learner)
    if math.isfinite(problem.objective.horizon):
        return posed
    return posed.changed(horizon=horizon, terminal=None)
