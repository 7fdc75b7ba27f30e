"""Random linear-quadratic problems, and their costs written straight from the problem statement."""

import dataclasses

import numpy as np

from landscape_control.reference import LinearQuadratic

# (n, m): square, rank-deficient and redundant actuation
SHAPES = [(1, 1), (2, 2), (3, 2), (4, 1), (3, 5)]
SEEDS = [(seed, n, m) for seed, (n, m) in enumerate(SHAPES)]


def positive(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T / size + 0.3 * np.eye(size)


def random_problem(seed, n, m, discount=0.4, **changes):
    """Every field random and non-trivial, so that one that is ignored shows."""
    rng = np.random.default_rng(seed)
    fields = {
        "hessian": positive(rng, n),
        "minimum": rng.normal(size=n),
        "metric": positive(rng, m),
        "drift_matrix": rng.normal(size=(n, n)),
        "drift_offset": rng.normal(size=n),
        "actuation": rng.normal(size=(n, m)),
        "learning_rate": 0.7,
        "loss_weight": 1.3,
        "discount": discount,
        "terminal_hessian": positive(rng, n),
        "terminal_minimum": rng.normal(size=n),
        "terminal_constant": 0.3,
        "loss_constant": 0.2,
    }
    return LinearQuadratic(**{**fields, **changes})


def without_end(problem):
    return dataclasses.replace(
        problem, terminal_hessian=None, terminal_minimum=None, terminal_constant=0.0
    )


def running_cost(p, theta, u):
    off = theta - p.minimum
    loss = 0.5 * np.einsum("...i,ij,...j->...", off, p.hessian, off) + p.loss_constant
    return (
        np.einsum("...i,ij,...j->...", u, p.metric, u) / (2 * p.learning_rate)
        + p.loss_weight * loss
    )


def terminal_cost(p, theta):
    off = theta - p.terminal_minimum
    return 0.5 * off @ p.terminal_hessian @ off + p.terminal_constant


def velocity(p, theta, u):
    return theta @ p.drift_matrix.T + p.drift_offset + u @ p.actuation.T
