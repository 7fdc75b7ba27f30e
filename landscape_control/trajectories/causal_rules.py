"""Paths of causal rules on exact gradients, simulated step by step."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..model.problem import ControlProblem
from ..rules import CausalRule
from ..rules.families.coefficient import vector_of
from ..simulation.natural_units import Units
from ..simulation.rollout import Rollout
from ..simulation.simulate import simulate
from ..simulation.stepping import rollout_step
from ..support.arrays import freeze
from .path import Trajectory
from .side_by_side import SideBySide, with_finite_horizon

_MOST_STEPS = 1000  # of the default step: more would make the search slow
_SETTLED = 1e-4  # of the cost: T = ∞ is simulated until twice the time adds less than this
_DOUBLINGS = 5


def default_step(problem: ControlProblem, horizon: float) -> float:
    """That of :func:`simulate`, or a thousandth of the horizon where it would be shorter."""
    fine, _ = rollout_step(with_finite_horizon(problem, horizon), horizon, None)
    return max(fine, horizon / _MOST_STEPS)


def causal_path(
    problem: ControlProblem,
    rule: CausalRule,
    coefficients: Mapping[str, float],
    *,
    tuned: bool,
    step: float,
    horizon: float,
) -> Trajectory:
    """The path of a causal rule with these coefficients.

    Those per step, such as a weight decay, are rates here: admissible up to 1/step.
    """
    per_time = Units(gradient=1.0, parameter=1.0, speed=1.0, time=1.0, step=step)
    admissible = tuple(map(per_time.measured, rule.coefficients))
    vector_of(admissible, dict(coefficients), rule=rule.name)
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
    rollout = simulate(with_finite_horizon(problem, horizon), learner, **settings)
    if math.isfinite(problem.objective.horizon):
        return rollout, ""
    for _ in range(_DOUBLINGS):
        horizon = 2 * horizon
        longer = simulate(with_finite_horizon(problem, horizon), learner, **settings)
        settled = abs(longer.cost - rollout.cost) <= _SETTLED * abs(longer.cost)
        rollout = longer
        if settled or len(longer.diverged):
            return rollout, ""
    return rollout, f"J counts t ≤ {horizon:.3g}, where it has not settled"
