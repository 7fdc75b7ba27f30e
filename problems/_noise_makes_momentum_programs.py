"""The programs of noise_makes_momentum.

The best constant coefficients over noise and horizon, and a search that shares no code with them.
"""

import math

import numpy as np
from scipy.optimize import minimize

import landscape_control as lc

from ..model.landscape import LandscapeDistribution, Uniform
from ..optimisation import PolicySolver
from ..optimisation.program import PolicyProgram
from ..rules.families import GradientDescent, HeavyBall

SPECTRUM, NOISE = Uniform(0.05, 1.0), 0.3
HORIZONS, NOISES = (
    (2, 3, 5, 10, 17, 30, 55, 100),
    (
        0.01,
        0.03,
        0.1,
        0.3,
        1.0,
        2.0,
        3.0,
        5.0,
        10.0,
        30.0,
    ),
)
CURVES, KNOWN = (2, 5, 10, 30, 100), {10: 0.47, 100: 0.9}  # β at σ = NOISE
TOLERANCE = 2e-6  # 300 midpoints
BALL, DESCENT = HeavyBall(constant=True), GradientDescent(constant=True)


def program(horizon, family):
    """Terminal loss of a family, movement free."""
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=SPECTRUM, start_variance=1.0),
        family=family,
        objective=lc.Objective(horizon=horizon, learning_rate=math.inf),
        sees=lc.NoisyGradient(NOISE),
    )


def solver(horizon, family=BALL, tolerance=1e-6) -> PolicySolver:
    """One horizon and family; the noise is a number of each solve."""
    return PolicySolver(program(horizon, family), tolerance=tolerance)


def maps():
    """α and β (horizons, noises), and the relative gain over gradient descent (horizons, 3) for σ =
    0.1, 0.3, 1.
    """
    rates, momenta, gains = [], [], []
    for horizon in HORIZONS:
        ball, found = solver(horizon), []
        for noise in NOISES:
            found.append(
                ball.solve(
                    noise=noise, guess=found[-1] if found else None, starts=0 if found else 3
                )
            )
        rates.append([one.coefficients["learning_rate"] for one in found])
        momenta.append([one.coefficients["momentum"] for one in found])
        gains.append(
            [
                1 - one.cost / ball.solve(noise=noise, fixed={"momentum": 0.0}, starts=1).cost
                for one, noise in zip(found, NOISES, strict=True)
                if 0.1 <= noise <= 1.0
            ]
        )
    return np.array(rates), np.array(momenta), np.array(gains)


def searched(horizon, noise, start):
    """(α, β) by Nelder-Mead on E L(θ_T) from impulse responses, by 300 midpoints."""
    h = 0.05 + 0.95 * (np.arange(300) + 0.5) / 300

    def cost(point):
        alpha, beta = point
        theta, move, kick, kicked, noisy = (
            np.ones_like(h),
            0.0,
            np.full_like(h, -alpha),
            -alpha,
            0.0,
        )
        for _ in range(horizon):
            noisy = noisy + kick**2
            move, kicked = beta * move - alpha * h * theta, beta * kicked - alpha * h * kick
            theta, kick = theta + move, kick + kicked
        return np.mean(h / 2 * (theta**2 + noise**2 * noisy))

    return minimize(
        cost, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-16, "maxiter": 600}
    ).x
