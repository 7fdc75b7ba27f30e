"""The plans of dual_effect: the bowl whose curvature is hidden, on grids and simulated."""

import math
from functools import cache

import numpy as np

import landscape_control as lc

from ..planning.dynamic_programming.diffusive.baseline import certainty_equivalence
from ..planning.dynamic_programming.diffusive.solve import solve_grid
from ..simulation import paired_difference, simulate

CURVATURES, MINIMA, SWITCHING = np.array([0.3, 3.0]), np.array([1.0, -1.0]), 0.05
NOISES, DISCOUNTS, BLIND = np.array([0.1, 0.3, 1.0, 3.0]), np.array([0.1, 0.2, 0.4]), math.inf
BOX, POINTS, FINE = [(-1.6, 1.6), (0.0, 1.0)], (25, 97), (41, 241)
# SPAN/γ is simulated
EPISODES, SEED, STANDARD_ERRORS, STEP, SPAN = (400, 4, 4.0, 0.1, 6.0)
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
def answer(noise: float, discount: float, points: tuple[int, int] = POINTS):
    """The optimum, the certainty-equivalent learner, and what that costs more."""
    return certainty_equivalence(posed(noise, discount), points=points, box=BOX)


@cache
def grid(noise: float, discount: float):
    """Dynamic programming, on the same box for all noises."""
    if noise == BLIND:
        return answer(MAIN[0], discount).plan
    if noise in NOISES:
        return answer(noise, discount).optimum
    return solve_grid(posed(noise, discount), points=POINTS, box=BOX)


def run(policy, noise: float, discount: float, *, draws: int = 1, **options):
    """A rollout of SPAN/γ on common random numbers."""
    settings = {
        "episodes": EPISODES,
        "seed": SEED,
        "step": STEP * draws / 2,
        "draws_per_step": draws,
        "horizon": SPAN / discount,
    } | options
    return simulate(posed(noise, discount), policy, **settings)


def relative(rollout, optimum):
    """(J/J* - 1, its standard error) on common random numbers."""
    mean, error = paired_difference(rollout, optimum)
    return mean / optimum.cost, error / optimum.cost


def excess_seen(noise: float, discount: float) -> tuple[float, float]:
    """(E ∫ e^{-γt}(u_ce - u*)²/2 dt, its standard error) along simulated paths of the
    certainty-equivalent learner.
    """
    found = answer(noise, discount, FINE)
    rollout = run(found.plan.policy, noise, discount, draws=2, keep_paths=EPISODES)
    paths, total = rollout.paths, np.zeros(EPISODES)
    for k, time in enumerate(paths.times[:-1]):
        chance = (paths.belief_means[:, k, :1] - CURVATURES[1]) / (CURVATURES[0] - CURVATURES[1])
        belief = np.hstack([chance, 1 - chance])
        best = found.optimum.policy(paths.parameters[:, k], belief)
        off = found.plan.policy(paths.parameters[:, k], belief) - best
        total += math.exp(-discount * time) * STEP * off[:, 0] ** 2 / 2
    return total.mean(), total.std(ddof=1) / math.sqrt(EPISODES)


def control(policy, theta: float, chance: float) -> float:
    """u(θ, p₁)."""
    return float(policy([theta], np.array([chance, 1 - chance]))[0])
