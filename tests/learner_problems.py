"""The problems of the tests of learners on raw gradients, with their numbers."""

import math

import numpy as np
import standard

import landscape_control as lc

H, LAM, Q, SIGMA, GAMMA, ETA, MU = 1.5, 0.4, 0.8, 0.8, 0.5, 0.7, 0.3
STEP = 0.05


def bowl(hidden, *, noise=SIGMA, **changes):
    given = {"start": MU, "horizon": 2.0, "discount": GAMMA, "learning_rate": ETA} | changes
    return standard.tracking(H, hidden, sees=lc.NoisyGradient(noise), **given)


def steady_variance(step):
    """P before an observation, of P → a²PR/(h²P + R) + (1 - a²)q/2λ with R = σ²/step: the discrete
    Riccati equation.
    """
    a, noise = math.exp(-LAM * step), SIGMA**2 / step
    p = Q / (2 * LAM)
    for _ in range(5000):
        p = a * a * p * noise / (H * H * p + noise) + (1 - a * a) * Q / (2 * LAM)
    return p


MOVING = bowl(
    lc.OrnsteinUhlenbeck([MU], LAM, [Q / (2 * LAM)], start_covariance=[steady_variance(STEP)])
)
CURVED = lc.ControlProblem(
    landscape=lc.quadratic(hessian=np.diag([1.0, 0.05]), minimum=[0.0, 0.0]),
    start=[1.0, -1.0],
    objective=lc.Objective(horizon=2.0),
    learner=lc.Learner(sees=lc.NoisyGradient([[0.3, 0.1], [0.0, 0.2]])),
)


def textbook_momentum(y, rate, beta):
    u, updates = 0.0, []
    for g in y:
        u = beta * u - rate * g
        updates.append(u)
    return updates


def rates():
    r = math.sqrt(GAMMA**2 / 4 + ETA * H) - GAMMA / 2
    return r, (r + GAMMA) / (r + GAMMA + LAM)


def belief_rule(theta, belief, time):
    r, s = rates()
    return -r * (theta - MU - s * (belief.mean - MU))
