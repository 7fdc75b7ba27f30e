"""The programs of noise_makes_momentum.

The best constant coefficients over noise and horizon, and a search that shares no code with them.
"""

import math

import numpy as np
from scipy.optimize import minimize, minimize_scalar

import landscape_control as lc

from ..model.landscape import LandscapeDistribution, Uniform
from ..optimisation import PolicySolver
from ..optimisation.program import PolicyProgram
from ..rules.families import GradientDescent, HeavyBall

SPECTRUM, NOISE = Uniform(0.05, 1.0), 0.3
HORIZONS = (2, 3, 5, 10, 30, 100)
NOISES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
CURVES, KNOWN = (2, 5, 10, 30, 100), {10: 0.47, 100: 0.9}  # β at σ = NOISE
TOLERANCE = 2e-6  # 300 midpoints
BALL, DESCENT = HeavyBall(constant=True), GradientDescent(constant=True)


def program(horizon, family, spectrum=SPECTRUM):
    """Terminal loss of a family, movement free."""
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=spectrum, start_variance=1.0),
        family=family,
        objective=lc.Objective(horizon=horizon, learning_rate=math.inf),
        sees=lc.NoisyGradient(NOISE),
    )


def solver(horizon, family=BALL, tolerance=1e-6, spectrum=SPECTRUM) -> PolicySolver:
    """One horizon and family; the noise is a number of each solve."""
    return PolicySolver(program(horizon, family, spectrum), tolerance=tolerance)


def maps(horizons=HORIZONS, noises=NOISES, spectrum=SPECTRUM):
    """α and β (horizons, noises), and the relative gain over gradient descent (horizons, 3) for σ =
    0.1, 0.3, 1.
    """
    rates, momenta, gains = [], [], []
    for horizon in horizons:
        ball, found = solver(horizon, spectrum=spectrum), []
        for noise in noises:  # from random starts first, then from the noise before
            guess = found[-1] if found else None
            found.append(ball.solve(noise=noise, guess=guess, starts=0 if found else 3))
        rates.append([one.coefficients["learning_rate"] for one in found])
        momenta.append([one.coefficients["momentum"] for one in found])
        gains.append(
            [
                1 - one.cost / ball.solve(noise=noise, fixed={"momentum": 0.0}, starts=1).cost
                for one, noise in zip(found, noises, strict=True)
                if 0.1 <= noise <= 1.0
            ]
        )
    return np.array(rates), np.array(momenta), np.array(gains)


def peak(horizon):
    """(σ, β*) at the peak of β* over σ: a search over all σ from 0.3 to 30, each solve from random
    starts.
    """
    ball = solver(horizon, tolerance=1e-9)

    def negative_momentum(log_noise):
        return -ball.solve(noise=float(np.exp(log_noise)), starts=1).coefficients["momentum"]

    found = minimize_scalar(
        negative_momentum, bounds=np.log([0.3, 30.0]), method="bounded", options={"xatol": 3e-3}
    )
    return float(np.exp(found.x)), float(-found.fun)


def searched(horizon, noise):
    """(α, β) by Nelder-Mead on E L(θ_T) from impulse responses, by 300 midpoints.

    In log α and log(1 - β), from α = 0.1 and β = ½ whatever the answer.
    """
    h = 0.05 + 0.95 * (np.arange(300) + 0.5) / 300

    def cost(logs):
        alpha, beta = np.exp(logs[0]), 1 - np.exp(logs[1])
        theta, move = np.ones_like(h), 0.0
        kick, kicked, noisy = np.full_like(h, -alpha), -alpha, 0.0
        for _ in range(horizon):
            noisy = noisy + kick**2
            move, kicked = beta * move - alpha * h * theta, beta * kicked - alpha * h * kick
            theta, kick = theta + move, kick + kicked
        return np.mean(h / 2 * (theta**2 + noise**2 * noisy))

    found = minimize(
        cost,
        np.log([0.1, 0.5]),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-16, "maxiter": 600},
    )
    return np.exp(found.x[0]), 1 - np.exp(found.x[1])
