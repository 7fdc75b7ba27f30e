"""The policies of which_causal_rule: optimisers written out, an optimal learner, a planned path."""

import math

import numpy as np

import landscape_control as lc

from ..identification import Histories
from ..optimisation import optimize_policy
from ..rules.families import HeavyBall
from . import _torch_conventions as written

# {key of the rule: (the optimiser with PyTorch's arguments, its numbers in this package's terms)}
NAMED = {
    "sgd": (lambda: written.sgd(lr=0.2), {"learning_rate": 0.2}),
    "heavy_ball": (
        lambda: written.sgd(lr=0.1, momentum=0.9),
        {"learning_rate": 0.1, "momentum": 0.9},
    ),
    "nesterov": (
        lambda: written.sgd(lr=0.1, momentum=0.9, nesterov=True),
        {"learning_rate": 0.1, "momentum": 0.9},
    ),
    "adam": (
        lambda: written.adam(lr=0.05),
        {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    ),
    "adamw": (
        lambda: written.adam(lr=0.05, decoupled_decay=0.4),
        {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "decay": 0.02},
    ),
    "rmsprop": (
        lambda: written.rmsprop(lr=0.02, alpha=0.99, eps=0.05),
        {"learning_rate": 0.02, "beta2": 0.99, "epsilon": 0.05},
    ),
    "ballistic_optimiser": (
        lambda: written.clipped(written.ballistic(lr=0.02, beta=0.99, eps=1e-3), max_norm=5.0),
        {"learning_rate": 0.02, "beta2": 0.99, "epsilon": 1e-3},
    ),
    "lion": (
        lambda: written.lion(lr=0.03, betas=(0.9, 0.99)),
        {"learning_rate": 0.03, "beta1": 0.9, "beta2": 0.99},
    ),
}
NEGLIGIBLE = {  # ε without effect: one rule, wherever it stands
    "rmsprop": lambda: written.rmsprop(lr=0.02, alpha=0.99, eps=1e-8),
    "ballistic_optimiser": lambda: written.ballistic(lr=0.02, beta=0.99, eps=1e-10),
}
NAMELESS = {
    "AMSGrad, β₂ = 0.5": lambda: written.adam(lr=0.05, betas=(0.9, 0.5), amsgrad=True),
    "SGD with its gradient clipped": lambda: written.clipped(written.sgd(lr=0.2), max_norm=0.5),
    "dampened momentum": lambda: written.sgd(lr=0.1, momentum=0.7, dampening=0.5),
    "Adam plus heavy ball": lambda: _summed(
        written.adam(lr=0.05), written.sgd(lr=0.1, momentum=0.5)
    ),
}
DAMPENED = {"learning_rate": 0.1 * (1 - 0.5), "momentum": 0.7}

CURVATURES, DISCOUNT, STEP = np.array([0.5, 1.0, 4.0]), 1.0, 0.05  # of the planned path


def histories(step, *, count=18, steps=12, settle=0, seed=7) -> Histories:
    """What an optimiser saw and did on noisy gradients of quadratics."""
    gradients, updates, places = written.recorded(step, histories=count, steps=steps, seed=seed)
    return Histories(gradients=gradients, updates=updates, parameters=places, settle=settle)


def _summed(*steps):
    """The sum of what several optimisers would do."""
    return lambda theta, gradient: theta + sum(step(theta, gradient) - theta for step in steps)


def problem() -> lc.ControlProblem:
    """The bowl whose optimal path is recorded."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(CURVATURES)),
        start=np.ones(3),
        objective=lc.Objective(horizon=math.inf, discount=DISCOUNT),
    )


def recorded_path() -> Histories:
    """Gradients and updates along the optimal path."""
    path = lc.solve(problem()).at(STEP * np.arange(41))[0]
    return Histories(
        gradients=problem().landscape.gradient(path[:-1])[None],
        updates=np.diff(path, axis=0)[None],
        parameters=path[None, :-1],
    )


def moving_task() -> lc.ControlProblem:
    """A hidden minimum that moves about 0.3, seen through noisy gradients."""
    hidden = lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.65 * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=math.inf, discount=0.5),
    )


def emergent():
    """Heavy ball with constant coefficients, optimised for the loss after 30 steps."""
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0)
    return optimize_policy(
        task,
        HeavyBall(constant=True),
        lc.Objective(horizon=30, learning_rate=math.inf),
        sees=lc.NoisyGradient(0.3),
    )
