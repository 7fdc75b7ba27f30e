"""The programs of adam_exponent.

Adam's family over random quadratics, and what a learner that knows the curvature does.
"""

import math
from functools import cache

import numpy as np
from scipy.optimize import minimize

import landscape_control as lc

from ..model.landscape import LandscapeDistribution, LogUniform
from ..model.observation import CurvatureNoise
from ..optimisation.program import PolicyProgram
from ..optimisation.scenarios import ScenarioSolver
from ..rules.families import AdamFamily, GatedPolicy

LOW, HIGH, PRICE, EPSILON = 0.01, 1.0, 0.05, 1e-8
HORIZONS, NOISES, DISCOUNTS = (5, 20, 80), (0.0, 0.3, 1.0), (0.05, 0.2, 1.0)
SCENARIOS, HELD_OUT, SEED = 200, 4000, 7
NAMES = ("learning_rate", "exponent", "beta1", "beta2")
TEXTBOOK = {"exponent": 0.5, "beta1": 0.9, "beta2": 0.999}
GATED = GatedPolicy(hidden=1, gradient_scale=0.3, sees_clock=False)
GATE = {
    "learning_rate": 0.0624,
    "momentum": 0.8877,  # by scripts/adam_exponent.py, T = 40, σ = 1
    "weights": [
        -4.4399,
        1.2871,
        1.4162,
        -2.5926,
        -0.8252,
        -0.9187,
        -6.2746,
        4.4994,
        2.2042,
        0.4671,
    ],
}


def program(horizon, noise, discount=0.0, family=None, **task) -> PolicyProgram:
    """The question; ``task`` changes the distribution, e.g. start_mean=0, start_variance=1."""
    known = {"curvatures": LogUniform(LOW, HIGH), "start_mean": 1.0, "start_variance": 0.0} | task
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(**known),
        family=family or AdamFamily(epsilon=EPSILON),
        objective=lc.Objective(horizon=horizon, discount=discount, learning_rate=PRICE),
        cost="both",
        sees=CurvatureNoise(noise, 0.5),
    )


@cache
def solver(horizon, averaging=True, scenarios=SCENARIOS) -> ScenarioSolver:
    """Noise, discount and task are numbers of each solve; without noise nothing is averaged, β₁ =
    0.
    """
    family = AdamFamily(epsilon=EPSILON) if averaging else AdamFamily(epsilon=EPSILON, beta1=0.0)
    # costs are compared on other scenarios, whatever the optimism
    return ScenarioSolver(
        program(horizon, 1.0, family=family),
        scenarios=scenarios,
        most_scenarios=scenarios,
        held_out=HELD_OUT,
        tolerance=0.3,
    )


@cache
def adam(horizon, noise, **changes):
    """The best member of the Adam family: from two starts for short horizons, else from the best
    of a shorter one.
    """
    guess = dict(adam(20, noise, **changes).coefficients) if horizon > 20 else None
    return solver(horizon, noise > 0).solve(
        noise=noise, guess=guess, starts=0 if guess else 2, **changes
    )


def full_information(horizon, discount=0.0) -> float:
    """p_full: 1 less the slope in log h of the first gain of the Riccati recursion, θ seen."""
    h, weights = nodes()
    value = 2 * h  # of ½Pθ² one step before the end: running plus terminal loss
    for _ in range(horizon - 1):
        value = np.exp(-discount) * value
        value = h + value / (1 + PRICE * value)
    value = np.exp(-discount) * value
    return (
        1
        - np.polyfit(np.log(h), np.log(PRICE * value / (1 + PRICE * value)), 1, w=np.sqrt(weights))[
            0
        ]
    )


def nodes(count=40):
    """Gauss quadrature of the spectrum."""
    return LogUniform(LOW, HIGH).nodes(count)


def known_cost(variables, horizon, noise, discount) -> float:
    """log J of Δθ = -α h^{-q} m̂ from the second moments of (θ, m).

    Variables log α, -log(1-β₁), q.
    """
    (h, weights), (rate, lag, q) = nodes(), variables
    beta = 1 - math.exp(-lag)
    square, cross, mean, cost = np.ones_like(h), np.zeros_like(h), np.zeros_like(h), 0.0
    for t in range(horizon):
        seen = (1 - beta) ** 2 * (h**2 * square + noise**2 * h)
        mean = beta**2 * mean + 2 * beta * (1 - beta) * h * cross + seen
        cross = beta * cross + (1 - beta) * h * square
        gain = math.exp(rate) * h**-q / (1 - beta ** (t + 1))
        cost = cost + math.exp(-discount * t) * gain**2 * mean / (2 * PRICE)
        square, cross = square - 2 * gain * cross + gain**2 * mean, cross - gain * mean
        cost = cost + math.exp(-discount * (t + 1)) * h * square / 2 * (
            2.0 if t == horizon - 1 else 1.0
        )
    return math.log(weights @ cost)


@cache
def known_exponent(horizon, noise, discount=0.0) -> float:
    """q of the best rule that knows h."""
    begin = [math.log(0.1), 1.5 if noise else 0.0, 0.3]
    lags = (0.0, 7.0 if noise else 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        return minimize(
            known_cost,
            begin,
            args=(horizon, noise, discount),
            method="L-BFGS-B",
            bounds=[(-9, 1), lags, (-1.5, 1.5)],
            options={"ftol": 1e-13, "gtol": 1e-8},
        ).x[2]
