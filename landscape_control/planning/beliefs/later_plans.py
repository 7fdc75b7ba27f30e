"""What the plans of replanning after the first are made of: the problem they solve, and their guess."""

from dataclasses import replace

import casadi as ca
import numpy as np

from ...model.problem import ControlProblem
from ..solution import Plan
from .belief_space import BeliefSpace
from .episode_plans import EpisodePath

_NODES = 65  # samples of the plan before that start the next solve


def truncated(expanded: ControlProblem, plan: Plan, horizon: float) -> ControlProblem:
    """The infinite-horizon problem up to ``horizon``.

    With the cost to go of the plan's tail as terminal cost.
    """
    tail = plan.tail
    assert tail is not None, "of an infinite horizon"
    rest = ca.DM(tail.steady_state)

    def cost_to_go(z):
        offset = z - rest
        linear = ca.dot(ca.DM(tail.steady_costate), offset)
        return linear + ca.dot(offset, ca.DM(tail.value_hessian) @ offset) / 2

    objective = replace(
        expanded.objective, horizon=horizon, terminal=cost_to_go, terminal_weight=1.0
    )
    return replace(expanded, objective=objective)


def shifted(
    space: BeliefSpace,
    plan: Plan | EpisodePath,
    elapsed: float,
    horizon: float,
    state: np.ndarray,
) -> np.ndarray:
    """What is left of the last plan from the present θ, with the belief that goes with it.

    Rows equally spaced in time.
    """
    fractions, n = np.linspace(0.0, 1.0, _NODES), space.problem.dimension
    times = fractions * horizon
    theta = plan.parameters_at(np.minimum(elapsed + times, plan.times[-1]))[:, :n]
    # noise has moved θ off the plan: the gap closes linearly until the end
    theta = theta + (1 - fractions)[:, None] * (state[:n] - theta[0])
    beliefs = space.followed(theta, state[n : n + space.size], horizon)
    return space.join(theta, beliefs, times)
