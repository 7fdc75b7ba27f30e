"""Linear-quadratic problems with beliefs, and their cost from moment equations, for the tests of exact LQG."""

import math

import casadi as ca
import numpy as np
import standard
from scipy.integrate import solve_ivp

import landscape_control as lc


def one_mode(*, rate=0.4, noise=0.8, hidden=None, **changes):
    hidden = hidden or lc.OrnsteinUhlenbeck(mean=[0.3], rate=rate, covariance=[1.0])
    given = {"discount": 0.5} | changes
    return standard.tracking(1.3, hidden, sees=lc.NoisyGradient(noise), **given)


def relaxation(curvature, discount):
    return math.sqrt(discount**2 / 4 + curvature) - discount / 2


def general(*, horizon=math.inf, discount=0.7, hidden=None, terminal=None):
    """Two parameters, three hidden variables, everything the linear-quadratic class allows."""
    rng = np.random.default_rng(5)
    square, cross = rng.normal(size=(2, 2)), rng.normal(size=(2, 3))
    hessian, own = square @ square.T + 0.5 * np.eye(2), rng.normal(size=(3, 3))
    spread = rng.normal(size=(3, 3))
    hidden = hidden or lc.OrnsteinUhlenbeck(
        mean=[0.2, -0.5, 0.1], rate=0.6, covariance=spread @ spread.T / 3
    )

    def loss(theta, phi):
        return (
            ca.bilin(hessian, theta, theta) / 2
            + ca.bilin(cross, theta, phi)
            + ca.bilin(own @ own.T, phi, phi) / 2
            + 0.3 * theta[0]
            - 0.2 * phi[1]
            + 0.7
        )

    sees = lc.Observe(
        lambda theta, phi: ca.vertcat(theta[0] + phi[0] - 2 * phi[2], phi[1] + 0.4, phi[0]),
        noise=[0.5, 0.9, 1.2],
    )
    learner = lc.Learner(
        sees=sees,
        metric=[[2.0, 0.3], [0.3, 1.0]],
        actuation=[[1.0, 0.4], [0.0, 1.5]],
        drift=lc.linear_drift([[-0.2, 0.5], [-0.5, 0.1]], [0.3, -0.1]),
    )
    objective = lc.Objective(
        horizon=horizon,
        discount=discount,
        learning_rate=0.8,
        loss_weight=1.4,
        terminal=terminal,
        terminal_weight=1.0 if terminal is None else 0.6,
    )
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(loss, dimension=2, hidden=hidden),
        learner=learner,
        objective=objective,
        start=[0.8, -0.4],
    )


def moment_cost(problem, solution, *, scale=1.0, until=None):
    """E[J] by integrating the first two moments of (θ, z, m) in closed loop: no Riccati value
    function enters.

    ``scale`` multiplies the gain on the belief, to see what another policy costs.
    """
    model, objective, moments = solution.linear, problem.objective, solution.linear.hidden
    (matrix, offset), own_z = model.drift, model.sight[1]
    n, d = model.cross.shape
    end = objective.horizon if until is None else until
    quadratic, linear, constant = model.own
    joint = np.block([[model.hessian, model.cross], [model.cross.T, quadratic]])
    slope = np.append(model.slope, linear)
    root = np.linalg.inv(model.noise)
    info = own_z.T @ root @ own_z

    def loss(mean, second):
        part = second[: n + d, : n + d]
        return 0.5 * np.sum(joint * part) + slope @ mean[: n + d] + constant

    def rates(time, state):
        size = n + 2 * d
        mean, second = state[:size], state[size : size + size**2].reshape(size, size)
        covariance = state[size + size**2 : -1].reshape(d, d)
        gain, belief_gain, push = solution.gains(time)
        belief_gain = scale * belief_gain
        kalman = covariance @ own_z.T @ root
        closed, zero = model.actuation, np.zeros((d, d))
        drift = np.block(
            [
                [matrix - closed @ gain, np.zeros((n, d)), -closed @ belief_gain],
                [np.zeros((d, n)), -moments.reversion, zero],
                [np.zeros((d, n)), kalman @ own_z, -moments.reversion - kalman @ own_z],
            ]
        )
        shift = np.concatenate([offset + closed @ push, moments.push, moments.push])
        hidden_mean = mean[n : n + d]
        hidden_noise = moments.spread(
            hidden_mean, second[n : n + d, n : n + d] - np.outer(hidden_mean, hidden_mean)
        )
        noise = np.zeros((size, size))
        noise[n : n + d, n : n + d] = hidden_noise
        noise[n + d :, n + d :] = covariance @ info @ covariance
        moved = drift @ second + np.outer(shift, mean)
        effort_law = np.hstack([-gain, np.zeros((len(gain), d)), -belief_gain])
        pushed = np.outer(effort_law @ mean, push)
        control_second = (
            effort_law @ second @ effort_law.T + pushed + pushed.T + np.outer(push, push)
        )
        effort = np.sum(model.metric * control_second) / (2 * objective.learning_rate)
        running = effort + objective.loss_weight * loss(mean, second)
        reverting = moments.reversion @ covariance
        riccati = hidden_noise - reverting - reverting.T - covariance @ info @ covariance
        return np.concatenate(
            [
                drift @ mean + shift,
                np.ravel(moved + moved.T + noise),
                np.ravel(riccati),
                [math.exp(-objective.discount * time) * running],
            ]
        )

    mean = np.concatenate([problem.start, moments.mean, moments.mean])
    second = np.outer(mean, mean)
    second[n : n + d, n : n + d] += moments.covariance
    start = np.concatenate([mean, second.ravel(), moments.covariance.ravel(), [0.0]])
    last = solve_ivp(rates, (0.0, end), start, "LSODA", rtol=1e-9, atol=1e-11).y[:, -1]
    cost = last[-1]
    if objective.terminal == "loss":
        size = n + 2 * d
        cost += (
            math.exp(-objective.discount * end)
            * objective.terminal_weight
            * loss(last[:size], last[size : size + size**2].reshape(size, size))
        )
    return cost
