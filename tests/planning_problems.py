"""Problems with beliefs whose answers are known, for the tests of planning."""

import math

import casadi as ca
import numpy as np
import standard

import landscape_control as lc

CURVATURE, DISCOUNT, RATE, NOISE = 2.0, 0.3, 0.4, 0.8
RELAXATION = math.sqrt(DISCOUNT**2 / 4 + CURVATURE) - DISCOUNT / 2


def bowl_loss(theta, hidden):
    return 0.5 * CURVATURE * (theta[0] - hidden[0]) ** 2


def planned(
    hidden,
    horizon,
    *,
    loss=bowl_loss,
    start=1.0,
    discount=DISCOUNT,
    terminal=None,
    sees=None,
    end=None,
):
    """One weight, one hidden variable (or task), noisy gradients."""
    numbers = {"horizon": horizon, "discount": discount, "terminal": terminal}
    return standard.tracking(
        hidden=hidden,
        loss=loss,
        sees=sees or lc.NoisyGradient(NOISE),
        start=start,
        end=end,
        **numbers,
    )


def moving(kind="walk"):
    """A task that reverts to 0.2, started elsewhere and partly known."""
    start = {"start_mean": [-0.5], "start_covariance": [[0.7]]}
    if kind == "jumps":
        return lc.JumpProcess(rate=RATE, mean=[0.2], covariance=[1.0], **start)
    return lc.OrnsteinUhlenbeck(mean=[0.2], rate=RATE, covariance=[1.0], **start)


def two_tasks():
    """Minima at -1 and 2, left at different rates: stationary mean 0, approached at rate 0.9; a
    start that favours one.
    """
    return lc.TaskChain(
        rates=[[-0.3, 0.3], [0.6, -0.6]], tasks=[-1.0, 2.0], probabilities=[0.8, 0.2]
    )


def unknown_curvature(horizon):
    """½e^φθ²: the curvature is log-normal, and seen only away from the minimum."""
    return planned(
        lc.GaussianPrior([0.0], [1.0]),
        horizon,
        loss=lambda theta, phi: 0.5 * ca.exp(phi[0]) * theta[0] ** 2,
    )


def full_information_control(theta, mean, centre, rate, horizon):
    """First control of the linear-quadratic problem over (θ, m) with ṁ = -rate (m - centre), any
    horizon.
    """
    reference = lc.reference.LinearQuadratic(
        hessian=CURVATURE * np.array([[1.0, -1.0], [-1.0, 1.0]]),
        minimum=np.zeros(2),
        drift_matrix=np.diag([0.0, -rate]),
        drift_offset=[0.0, rate * centre],
        actuation=[[1.0], [0.0]],
        discount=DISCOUNT,
    )
    if math.isinf(horizon):
        return shrunk_control(theta, mean, centre, rate)
    return reference.finite(horizon).control(horizon, [theta, mean])[0]


def shrunk_control(theta, mean, centre, rate):
    """-r[θ - μ₀ - s(m - μ₀)]."""
    shrink = lc.reference.shrink_factor(rate=RELAXATION, discount=DISCOUNT, reversion=rate)
    return -RELAXATION * (theta - centre - shrink * (mean - centre))


def unknown_gain(mean, horizon=4.0):
    """½θ² - φθ with φ seen only as φθ: at θ = 0 nothing can be learned, and nothing in E[L] says
    that it should be.
    """
    return planned(
        lc.GaussianPrior([mean], [1.0]),
        horizon,
        loss=lambda theta, phi: 0.5 * theta[0] ** 2 - phi[0] * theta[0],
        start=0.0,
        sees=lc.Observe(lambda theta, phi: phi[0] * theta[0], 0.5),
    )
