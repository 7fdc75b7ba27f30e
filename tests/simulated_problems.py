"""The moving bowl of the tests of simulations, with its numbers."""

import numpy as np
import standard

import landscape_control as lc

# curvature, reversion, diffusion, noise, γ, η, k
H, LAM, Q, SIGMA, GAMMA, ETA, K = (1.5, 0.4, 0.8, 0.8, 0.5, 0.7, 1.2)
MU = 0.3


def steady_variance():
    """P of 0 = -2λP + q - h²P²/σ²."""
    a = (H / SIGMA) ** 2
    return (-LAM + np.sqrt(LAM**2 + a * Q)) / a


def gains():
    r = np.sqrt(GAMMA**2 / 4 + ETA * K * H) - GAMMA / 2
    return r, (r + GAMMA) / (r + GAMMA + LAM)


def moving_bowl(*, horizon=np.inf, discount=GAMMA, sees=None, hidden=None, drift=None, **objective):
    if hidden is None:
        hidden = lc.OrnsteinUhlenbeck(
            [MU], LAM, [Q / (2 * LAM)], start_covariance=[steady_variance()]
        )
    numbers = {"discount": discount, "learning_rate": ETA, "loss_weight": K} | objective
    sees = sees or lc.NoisyGradient(SIGMA)
    return standard.tracking(
        H, hidden, sees=sees, drift=drift, start=MU, horizon=horizon, **numbers
    )


def certainty_equivalent(theta, belief, time):
    r, s = gains()
    return -r * (theta - MU - s * (belief.mean - MU))


PROBLEM, SHORT = moving_bowl(), moving_bowl(horizon=2.0)
