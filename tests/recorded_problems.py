"""Problems of every kind, for the tests of records: each field used somewhere, functions as well as
numbers.
"""

import math

import casadi as ca
import numpy as np
import planning_problems as planning
import reference_problems

import landscape_control as lc
from landscape_control.model.landscape import Discrete, LandscapeDistribution, Uniform
from landscape_control.model.observation import CurvatureNoise
from landscape_control.policies import GradientDescent, HeavyBall, PolicyProgram


def curved():
    """Everything that can be a function of θ is one."""
    return lc.ControlProblem(
        landscape=lc.double_well(tilt=0.3),
        learner=lc.Learner(
            metric=lambda t: ca.vertcat(
                ca.horzcat(1 + t[0] ** 2, 0.1 * ca.sin(t[1])), ca.horzcat(0.1 * ca.sin(t[1]), 1.5)
            ),
            drift=lambda t: ca.vertcat(-0.2 * t[1], 0.1 * ca.tanh(t[0])),
            actuation=lambda t: ca.vertcat(
                ca.horzcat(1, 0.2 * t[1]), ca.horzcat(0, ca.exp(-(t[0] ** 2) / 9) + 0.1)
            ),
        ),
        objective=lc.Objective(
            horizon=1.5,
            discount=0.3,
            learning_rate=0.7,
            loss_weight=1.1,
            terminal_weight=0.4,
            terminal=lambda t: ca.sqrt(1 + ca.sumsqr(t - 1)),
        ),
        start=[-0.6, 0.55],
    )


def linear_quadratic(seed, n, m):
    """The random problems of the exact references, as control problems."""
    given = reference_problems.random_problem(seed, n, m)

    def terminal(t):
        off = t - ca.DM(given.terminal_minimum)
        return ca.dot(off, ca.DM(given.terminal_hessian) @ off) / 2 + given.terminal_constant

    size = min(n, m)
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=given.hessian, minimum=given.minimum).above(
            -given.loss_constant
        ),
        learner=lc.Learner(
            metric=given.metric[:size, :size],
            actuation=given.actuation[:, :size],
            drift=lc.linear_drift(given.drift_matrix, given.drift_offset),
        ),
        objective=lc.Objective(
            horizon=1.2,
            discount=given.discount,
            learning_rate=given.learning_rate,
            loss_weight=given.loss_weight,
            terminal=terminal,
        ),
        start=np.ones(n),
    )


def shaped_noise():
    """Two parameters, two hidden variables, observations and noise that are functions."""
    landscape = lc.Landscape.from_expression(
        lambda t, phi, stiffness: stiffness * ca.sumsqr(t - phi) / 2,
        dimension=2,
        name="moving bowl",
        formula="½·{stiffness:g}|θ-φ|²",
        parameters={"stiffness": 1.3},
        hidden=lc.OrnsteinUhlenbeck(mean=[0.1, 0.2], rate=0.4, covariance=[[1.0, 0.2], [0.2, 0.5]]),
    )
    sees = lc.Observe(
        lambda t, phi: ca.vertcat(phi[0] - t[0], ca.sin(phi[1]) + t[1]),
        lambda t: 0.5 + 0.1 * t[0] ** 2,
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=sees),
        start=[1.0, -1.0],
        objective=lc.Objective(horizon=1.0, discount=0.3),
    )


KNOWN = {
    "double well": lc.ControlProblem(
        landscape=lc.double_well(),
        start=[-0.6, 0.55],
        end=[1.0, 0.1],
        objective=lc.Objective(horizon=4.0, discount=0.1),
    ),
    "rosenbrock": lc.ControlProblem(
        landscape=lc.rosenbrock(3),
        start=[-0.5, 0.5, 0.2],
        objective=lc.Objective(horizon=2.0, terminal="loss"),
    ),
    "endless": lc.ControlProblem(
        landscape=lc.double_well(),
        start=[-0.6, 0.55],
        objective=lc.Objective(horizon=math.inf, discount=1 / 3),
    ),
    "curved": curved(),
    "tiny numbers": lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[0.1 + 0.2]], minimum=[5e-324]),
        start=[-0.0],
        objective=lc.Objective(horizon=1 / 3, discount=1e-17),
    ),
    "kinked": lc.ControlProblem(
        landscape=lc.Landscape.from_expression(
            lambda t: ca.fmax(t[0], 0) ** 3 + ca.if_else(t[0] < 1, t[0] ** 2, 2 * t[0] - 1),
            dimension=1,
            allow_kinks=True,
        ),
        start=[0.5],
        objective=lc.Objective(horizon=1.0),
    ),
} | {
    f"linear-quadratic {n}x{m}": linear_quadratic(seed, n, m)
    for seed, n, m in reference_problems.SEEDS
}

HIDDEN = {
    "constant": planning.planned(lc.GaussianPrior([0.3], [2.0]), 2.0),
    "walk": planning.planned(lc.RandomWalk([0.3], [2.0], [0.5]), 2.0),
    "reverting": planning.planned(planning.moving(), math.inf),
    "jumps": planning.planned(planning.moving("jumps"), 2.0),
    "tasks": planning.planned(planning.two_tasks(), math.inf),
    "curvature": planning.unknown_curvature(1.0),
    "gain": planning.unknown_gain(0.5),
    "exact gradient": planning.planned(planning.moving(), 2.0, sees=lc.ExactGradient()),
    "noisy loss": planning.planned(planning.moving(), 2.0, sees=lc.NoisyLoss(0.3)),
    "shaped noise": shaped_noise(),
}


def program(family, horizon, **changes):
    task = changes.pop("task", None) or LandscapeDistribution.quadratic(
        curvatures=Uniform(0.05, 1.0), start_variance=0.7, start_mean=0.1
    )
    objective = lc.Objective(horizon=horizon, learning_rate=math.inf)
    return PolicyProgram(task=task, family=family, objective=objective, **changes)


PROGRAMS = {
    "descent": program(GradientDescent(constant=True), 10, sees=lc.NoisyGradient(0.1)),
    "heavy ball": program(HeavyBall(constant=False), 5, sees=CurvatureNoise(0.3), cost="both"),
    "few curvatures": program(
        HeavyBall(constant=True),
        5,
        cost="running",
        task=LandscapeDistribution.quadratic(
            curvatures=Discrete([0.1, 0.7, 1.0], [0.3, 0.3, 0.1]),
            start_variance=1.0,
            minimum=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.1, covariance=[1.0]),
        ),
    ),
}

EVERY = KNOWN | HIDDEN | PROGRAMS
