"""The plans of dual_effect: the bowl whose curvature is hidden, on grids and simulated."""

import math
from functools import cache

import numpy as np

import landscape_control as lc

from ..planning.dynamic_programming.diffusive.solve import solve_grid
from ..simulation import paired_difference, simulate

CURVATURES, MINIMA, SWITCHING = np.array([0.3, 3.0]), np.array([1.0, -1.0]), 0.05
NOISES, DISCOUNTS, BLIND = np.array([0.1, 0.3, 1.0, 3.0]), np.array([0.1, 0.2, 0.4]), 1e6
# SPAN/γ is simulated
POINTS, EPISODES, MANY, SEED, STANDARD_ERRORS, STEP, SPAN = (61, 600, 1800, 4, 4.0, 0.1, 6.0)
LOUD, SHORT = np.array([16.0, 32.0, 64.0]), 15.0
SAMPLES = [(x, p) for x in (-1.0, 0.0, 0.6) for p in (0.2, 0.5, 0.8)]
MAIN = (1.0, 0.1)  # σ and γ of the example
SAME = (CURVATURES * MINIMA) @ [1, -1] / (CURVATURES @ [1, -1])  # θ°


@cache
def chain() -> lc.TaskChain:
    """Both tasks, equally likely."""
    return lc.TaskChain(
        rates=SWITCHING * np.array([[-1.0, 1.0], [1.0, -1.0]]),
        tasks=np.column_stack([CURVATURES, MINIMA]),
    )


@cache
def posed(noise: float, discount: float) -> lc.ControlProblem:
    """The two bowls."""
    landscape = lc.Landscape.from_expression(
        lambda theta, task: task[0] * (theta[0] - task[1]) ** 2 / 2, dimension=1, hidden=chain()
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=[0.0],
        objective=lc.Objective(horizon=math.inf, discount=discount),
    )


@cache
def grid(noise: float, discount: float):
    """Dynamic programming, on the same box for all noises."""
    return solve_grid(posed(noise, discount), points=POINTS, box=[(-1.6, 1.6), (0.0, 1.0)])


def run(policy, noise: float, discount: float, *, draws: int = 1, **options):
    """A rollout of SPAN/γ on common random numbers."""
    settings = {
        "episodes": EPISODES,
        "seed": SEED,
        "step": STEP * draws / 2,
        "draws_per_step": draws,
    } | options
    return simulate(posed(noise, discount), policy, horizon=SPAN / discount, **settings)


def pair(noise: float, discount: float):
    """Rollouts of the optimal and of the certainty-equivalent learner."""
    return tuple(
        run(grid(planned, discount).policy, noise, discount, draws=2) for planned in (noise, BLIND)
    )


def relative(rollout, optimum):
    """(J/J* - 1, its standard error) on common random numbers."""
    mean, error = paired_difference(rollout, optimum)
    return mean / optimum.cost, error / optimum.cost


def control(policy, theta: float, chance: float) -> float:
    """u(θ, p₁)."""
    return float(policy([theta], np.array([chance, 1 - chance]))[0])
