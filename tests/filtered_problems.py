"""Problems of the tests of filters, with their numbers."""

import casadi as ca
import numpy as np

import landscape_control as lc

STEP = 0.15
HESSIAN = np.array([[1.4, 0.5], [0.5, 0.8]])
PRIOR = np.array([[0.9, 0.3], [0.3, 0.5]])


def problem(loss, hidden, sees, start=(0.7,)):
    landscape = lc.Landscape.from_expression(loss, dimension=len(start), hidden=hidden)
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=sees),
        start=start,
        objective=lc.Objective(horizon=1.0),
    )


def moving_minimum(theta, hidden):
    return ca.dot(theta - hidden, ca.DM(HESSIAN) @ (theta - hidden)) / 2


def from_here(noise):
    """An observation that is linear in φ, but shows more or less of it depending on θ."""
    return lc.Observe(
        lambda theta, hidden: ca.vertcat(hidden[0] + 2 * theta[0], 2 * theta[1] * hidden[1]),
        noise=noise,
    )


def one_minimum(theta, hidden):
    return 0.65 * (theta[0] - hidden[0]) ** 2


HIDDEN = {
    "constant": lc.GaussianPrior(mean=[0.2, -0.4], covariance=PRIOR),
    "random walk": lc.RandomWalk(
        mean=[0.2, -0.4], covariance=PRIOR, diffusion=[[0.5, -0.2], [-0.2, 0.3]]
    ),
    "mean-reverting": lc.OrnsteinUhlenbeck(
        mean=[0.2, -0.4],
        rate=0.8,
        covariance=PRIOR,
        start_mean=[1.0, 0.0],
        start_covariance=0.3 * PRIOR,
    ),
}
CHAIN = lc.TaskChain(
    rates=[[-1.0, 0.7, 0.3], [0.2, -0.5, 0.3], [0.9, 0.1, -1.0]],
    tasks=[-1.0, 0.4, 1.5],
    probabilities=[0.5, 0.2, 0.3],
)
