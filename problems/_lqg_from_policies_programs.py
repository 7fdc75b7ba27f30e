"""The programs of lqg_from_policies: heavy ball with decay for a moving minimum, and the rule by two
Riccati equations that it is held against.
"""

import math
from functools import lru_cache

import numpy as np
from scipy.linalg import solve_discrete_are

import landscape_control as lc

from ..model.landscape import Discrete, LandscapeDistribution
from ..optimisation import PolicySolver
from ..optimisation.program import PolicyProgram
from ..rules.families import HeavyBall, Nesterov, WeightDecay

CURVATURE, DRIFT, NOISE, PRICE, DISCOUNT = 0.8, 0.1, 1.0, 0.2, 0.05
RATES = (0.0, 0.05, 0.3)
DECAYED = WeightDecay(family=HeavyBall(constant=True))
FAMILIES = (DECAYED, WeightDecay(family=Nesterov(constant=True)), HeavyBall(constant=True))
REVERSION, PATIENCE, TIME = 0.4, 0.5, 18.0  # λ, γ and T where steps shrink
# where bounds set at CURVATURE and CURVATURES are confirmed
SECOND, SECOND_CURVATURES = 1.0, (0.2, 0.5, 1.2)
CURVATURES, NOISES, HORIZONS = (0.1, 0.3, 1.0), (0.3, 1.0, 3.0), (10, 20, 50, 100, 200)


def moving(rate, variance=None, diffusion=DRIFT):
    """The minimum, which starts with that variance, or from its stationary law."""
    if rate == 0:
        return lc.RandomWalk(mean=[0.0], covariance=[[variance]], diffusion=[[diffusion]])
    start = {} if variance is None else {"start_mean": [0.0], "start_covariance": [[variance]]}
    return lc.OrnsteinUhlenbeck(mean=[0.0], rate=rate, covariance=[diffusion / (2 * rate)], **start)


def steady_variance(rate, step=1.0, noise=NOISE):
    """(a, P, K): factor of μ a step, variance before an observation, Kalman gain."""
    a = math.exp(-rate * step)
    gained = DRIFT * (step if rate == 0 else -math.expm1(-2 * rate * step) / (2 * rate))
    seen = noise**2 / CURVATURE**2 / step
    variance = solve_discrete_are([[a]], [[1.0]], [[gained]], [[seen]])[0, 0]
    return a, variance, variance / (variance + seen)


def riccati(rate, discount=DISCOUNT, noise=NOISE):
    """(b, α, c) of the LQG rule with unit steps."""
    a, _, gain = steady_variance(rate, noise=noise)
    root = math.exp(-discount / 2)
    dynamics, push = root * np.diag([1.0, a]), root * np.array([[1.0], [0.0]])
    loss, price = CURVATURE * np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[1 / PRICE]])
    value = solve_discrete_are(dynamics, push, loss, price)
    pull, minus_shift = np.linalg.solve(price + push.T @ value @ push, push.T @ value @ dynamics)[0]
    kept = a * (1 - gain)
    return np.array(
        [kept * (1 - pull), -minus_shift * gain / CURVATURE, pull * (1 - kept) + minus_shift * gain]
    )


def together(coefficients):
    """(b, α, c) from decoupled α, β, w: what two pairs (β, w) share."""
    alpha, beta, decay = (
        coefficients.get(name, 0.0) for name in ("learning_rate", "momentum", "decay")
    )
    return np.array([beta * (1 - decay), alpha, decay * (1 - beta)])


def decoupled(kept, alpha, pull):
    """α, β, w with these b, α, c; of the two pairs (β, w) the one with less decay."""
    both = 1 - kept + pull
    decay = (both - math.sqrt(both**2 - 4 * pull)) / 2
    return {"learning_rate": alpha, "momentum": kept / (1 - decay), "decay": decay}


def program(minimum, horizon, family=DECAYED) -> PolicyProgram:
    """Running loss from rest at 0."""
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(
            curvatures=Discrete([CURVATURE]), start_variance=0.0, minimum=minimum
        ),
        family=family,
        sees=lc.NoisyGradient(NOISE),
        cost="running",
        objective=lc.Objective(horizon=horizon, discount=DISCOUNT, learning_rate=PRICE),
    )


@lru_cache(maxsize=8)
def solver(horizon, family=DECAYED) -> PolicySolver:
    """One horizon and family; the minimum and all prices are numbers of each solve."""
    return PolicySolver(program(moving(0.0, 1.0), horizon, family), tolerance=1e-10)


def best(minimum, horizon, family=DECAYED, **options):
    """The best coefficients of a family."""
    return solver(horizon, family).solve(minimum=minimum, **options)
