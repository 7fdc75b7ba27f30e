"""One weight, one mode whose minimum is hidden, noisy gradients: the problem of several claims."""

import math

import landscape_control as lc

CURVATURE, DISCOUNT, CENTRE, NOISE, START = 2.0, 0.3, 0.2, 0.8, 1.0


def noisy_bowl(
    hidden, *, curvature=CURVATURE, discount=DISCOUNT, horizon=math.inf, noise=NOISE, start=START
):
    """One weight, hidden minimum, noisy gradients."""
    landscape = lc.Landscape.from_expression(
        lambda theta, mu: 0.5 * curvature * (theta[0] - mu[0]) ** 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=[start],
        objective=lc.Objective(horizon=horizon, discount=discount),
    )
