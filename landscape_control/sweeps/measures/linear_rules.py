"""Which linear rule is near-optimal where the minimum is hidden: every rule at its own best
coefficients, exactly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ...model.problem import ControlProblem
from ...rules import CausalRule, causal
from ...rules.families import Nesterov, Policy
from ...simulation import SGD, ExactTuned, HeavyBall, PolicyLearner, RawLearner, WeightDecay
from ...simulation.exact_optimum import optimum_on
from ...simulation.exact_search import best_on
from ...simulation.linear_loop import LinearLoop, time_grid
from ...support.arguments import AnyNumber, Positive, checked

LINEAR_KEYS = ("sgd", "sgd_weight_decay", "heavy_ball", "nesterov", "heavy_ball_weight_decay")
_INNER = "learner."  # how a wrapper calls the coefficients of what it wraps
_STARTS = 3
_SLOWEST = 1e-6  # of the steps of a rule, in units of the one at which it becomes unstable
_DECAYS = 1e-3, 1e5  # in units of the curvature
_TIE = 1e-12  # of the optimum, below it no regret is told from round-off


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LinearRuleCost:
    """One rule at its best coefficients on one problem.

    Attributes
    ----------
    rule : CausalRule
    coefficients : {name: value}, per unit of time as the learners of :mod:`.simulation` have them
    cost : J, exactly, at this step
    regret : (J - J*)/|J*|, with J* the optimum of all linear rules at the same step
    tuned : ExactTuned, how the coefficients were found
    determined : whether the cost tells the coefficients, as of a RuleCost
    """

    rule: CausalRule
    coefficients: Mapping[str, AnyNumber]
    cost: AnyNumber
    regret: AnyNumber
    tuned: ExactTuned = field(repr=False)
    determined: bool = True


@checked
def linear_rule_costs(
    problem: ControlProblem, *, step: Positive | None = None, horizon: Positive | None = None
) -> tuple[LinearRuleCost, ...]:
    """SGD and heavy ball, both without and with weight decay, and Nesterov, each with the coefficients
    of least expected cost.

    Regrets are against :func:`exact_optimum` at the same step, not against the cost of exact LQG in
    continuous time: the two differ by O(Δt), which may be more than what rules differ by. Decay pulls
    to where the expected loss is least under the resting law of the hidden variables (μ₀ of a
    quadratic with an Ornstein-Uhlenbeck minimum), as the optimal rule does.

    The step is part of the question. A rule that feeds gradients through to its movement pays for
    their noise as 1/Δt, and the momentum of the optimal rule is 1 - O(Δt): the finer the step, the
    more momentum pays.

    Parameters
    ----------
    problem : as of :func:`exact_cost`
    step : Δt; None is that of :func:`simulate`
    horizon : as of :func:`exact_cost`

    Raises
    ------
    ProblemError
        As :func:`exact_cost` and :func:`exact_optimum`.
    SolveError
        A rule without finite cost.
    """
    grid = time_grid(problem, step, horizon, None)
    loop = LinearLoop(problem, grid)
    optimum = optimum_on(loop)
    known = {rule.key: rule for rule in causal()}
    rows = []
    for key, learner in _learners(loop).items():
        tuned = best_on(loop, learner, list(learner.coefficients), _ranges(loop, learner), _STARTS)
        excess = (tuned.cost - optimum) / max(abs(optimum), 1e-300)
        rows.append(
            LinearRuleCost(
                rule=known[key],
                coefficients={
                    name.removeprefix(_INNER): value for name, value in tuned.coefficients.items()
                },
                cost=tuned.cost,
                regret=0.0 if abs(excess) < _TIE else excess,
                tuned=tuned,
            )
        )
    return tuple(rows)


@lru_cache(maxsize=4)
def known_rows(problem: ControlProblem, step: float | None) -> dict[str, LinearRuleCost]:
    """The rules of one problem by key, searched for once for all measures that ask."""
    horizon = problem.objective.horizon
    rows = linear_rule_costs(problem, step=step, horizon=None if math.isinf(horizon) else horizon)
    return {row.rule.key: row for row in rows}


def _learners(loop: LinearLoop) -> dict[str, RawLearner]:
    """The rules of LINEAR_KEYS, where their searches begin."""
    rate = 0.1 / (_curvature(loop) * loop.grid.step)
    sgd, ball = SGD(learning_rate=rate), HeavyBall(learning_rate=rate / 4, momentum=0.5)
    centre = tuple(loop.model.minimum(loop.model.hidden.centre[None])[0])
    decay = 0.1 * _curvature(loop)
    start = {"learning_rate": rate / 4 * loop.grid.step, "momentum": 0.5}
    policy = Policy(family=Nesterov(constant=True), coefficients=start, horizon=1)
    learners = {
        "sgd": sgd,
        "sgd_weight_decay": WeightDecay(learner=sgd, decay=decay, centre=centre),
        "heavy_ball": ball,
        "nesterov": PolicyLearner(policy=policy, step=loop.grid.step),
        "heavy_ball_weight_decay": WeightDecay(learner=ball, decay=decay, centre=centre),
    }
    return {key: learners[key] for key in LINEAR_KEYS}


def _ranges(loop: LinearLoop, learner: RawLearner) -> dict[str, tuple[float, float]]:
    """Ranges wide enough for any problem: in units of its own curvature and of the step."""
    curvature, step = _curvature(loop), loop.grid.step
    largest = 4 / curvature if isinstance(learner, PolicyLearner) else 4 / (curvature * step)
    wide = {
        "learning_rate": (_SLOWEST * largest, largest),
        "momentum": (0.0, 0.9999),
        "decay": (_DECAYS[0] * curvature, _DECAYS[1] * curvature),
    }
    return {name: wide[name.removeprefix(_INNER)] for name in learner.coefficients}


def _curvature(loop: LinearLoop) -> float:
    """The largest |curvature| of the loss, as far as u moves it."""
    felt = loop.model.hessian @ loop.push / loop.grid.step
    return float(np.linalg.norm(felt, 2))
