"""Curvature hidden and the minimum known, in continuous time: the package's grid of (θ, p)."""

import math
from functools import cache

import numpy as np

import landscape_control as lc

from ..planning.dynamic_programming.diffusive.evaluation import evaluate_policy
from ..planning.dynamic_programming.diffusive.solve import solve_grid

CURVATURES, SWITCHING, DISCOUNT, POINTS, BLIND = (0.3, 3.0), 0.05, 0.1, 41, 1e6
PLACE = 0.5  # where controls are compared, at p = ½


@cache
def posed(noise: float) -> lc.ControlProblem:
    """L = ½hθ², h switching between two curvatures; θ_0 = 1, T = ∞."""
    switching = SWITCHING * np.array([[-1.0, 1.0], [1.0, -1.0]])
    tasks = lc.TaskChain(rates=switching, tasks=np.reshape(CURVATURES, (2, 1)))
    landscape = lc.Landscape.from_expression(
        lambda theta, task: task[0] * theta[0] ** 2 / 2, dimension=1, hidden=tasks
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=[1.0],
        objective=lc.Objective(horizon=math.inf, discount=DISCOUNT),
    )


@cache
def solved(noise: float):
    """Dynamic programming, on one box for all noises."""
    return solve_grid(posed(noise), points=POINTS, box=[(-1.5, 1.5), (0.0, 1.0)])


def control(policy) -> float:
    """u at PLACE and p = ½."""
    return float(policy([PLACE], np.array([0.5, 0.5]))[0])


@cache
def compared(noise: float) -> tuple[float, float]:
    """(J_ce/J* - 1, u*/u_ce - 1); certainty equivalence plans as if nothing were to be seen."""
    best, blind = solved(noise), solved(BLIND)
    excess = evaluate_policy(posed(noise), blind.policy, best).cost / best.cost - 1
    return excess, control(best.policy) / control(blind.policy) - 1
