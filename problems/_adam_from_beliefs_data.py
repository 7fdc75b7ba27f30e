"""Paths, updates on them, and the data of the picture adam_from_beliefs."""

import math

import numpy as np

from ..simulation import SGD, Adam, RMSProp, simulate
from ._adam_from_beliefs_learners import (
    CELLS,
    CURVATURES,
    DISCOUNTS,
    DRIVE,
    NOISES,
    RULES,
    STEP,
    Cell,
    from_beliefs,
    learner,
)

SHOWN = (1.0, 0.8)  # (σ, γ) of the example


def gradients_of(cell: Cell):
    """Paths of eight episodes of SGD, whose gradients every rule is fed."""
    one = SGD(learning_rate=0.05)
    return simulate(cell.problem, one, episodes=8, seed=11, keep_paths=True, **cell.settings).paths


def updates(one, paths) -> np.ndarray:
    """u (S, N, n) of a learner fed the observations of the paths."""
    state, moves = one.init(*paths.observations[:, 0].shape), np.empty_like(paths.observations)
    for k in range(moves.shape[1]):
        moves[:, k], state = one.update(
            state, paths.observations[:, k], paths.parameters[:, k], STEP
        )
    return moves


def distance(one, other) -> float:
    """rms|u - u'| / rms|u'|."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def picture(regrets: np.ndarray, errors: np.ndarray) -> dict:
    """Data of the figure adam_from_beliefs: distances at shared coefficients, regrets (J, Q, K) at
    the best, one episode.
    """
    return {
        "discounts": DISCOUNTS,
        "noises": NOISES,
        "rules": ["adam", "rmsprop", "sgd"],
        "distances": np.array([distances(noise) for noise in NOISES]),
        "regret_rules": list(RULES),
        "regrets": regrets,
        "regret_errors": errors,
        **example(),
    }


def distances(noise: float) -> np.ndarray:
    """(3, K): updates of Adam, RMSProp (α = √(ηk/c)) and SGD (ηk/γ) from Adam from beliefs, other
    coefficients shared.
    """
    paths = gradients_of(Cell(noise=noise, discount=0.8))
    rate, table = math.sqrt(DRIVE / CELLS[noise, 0.8].curvature_scale), []
    for discount in DISCOUNTS:
        ours = updates(from_beliefs(CELLS[noise, discount]), paths)
        others = (
            Adam(learning_rate=rate, beta1=0.9, beta2=0.99),
            RMSProp(learning_rate=rate, decay=0.99),
            SGD(learning_rate=DRIVE / discount),
        )
        table.append([distance(updates(one, paths), ours) for one in others])
    return np.array(table).T


def example() -> dict:
    """Paths of one episode and mean losses of 40."""
    cell, count = CELLS[SHOWN], 200
    rollouts = [
        simulate(
            cell.problem,
            learner(rule, cell),
            episodes=40,
            seed=5,
            keep_paths=40,
            step=STEP,
            horizon=count * STEP,
        ).paths
        for rule in RULES
    ]
    # the hidden minimum nearest to (1, 1)
    shown = int(np.argmin(np.abs(rollouts[0].hidden[:, 0] - 1).sum(1)))
    goal = rollouts[0].hidden[shown, 0]
    loss = [
        (CURVATURES * (paths.parameters - paths.hidden) ** 2 / 2).sum(-1).mean(0)[:count]
        for paths in rollouts
    ]
    tracks = np.array([paths.parameters[shown, :count] for paths in rollouts])
    low, high = (
        np.minimum(tracks.min((0, 1)), goal) - 0.3,
        np.maximum(tracks.max((0, 1)), goal) + 0.3,
    )
    axis_1, axis_2 = np.linspace(low, high, 61).T
    height = (
        CURVATURES[0] * (axis_1 - goal[0]) ** 2 + CURVATURES[1] * (axis_2[:, None] - goal[1]) ** 2
    ) / 2
    return {
        "axis_1": axis_1,
        "axis_2": axis_2,
        "loss": height,
        "example_place": np.array(SHOWN),
        "example_rules": list(RULES),
        "example_paths": tracks,
        "example_times": rollouts[0].times[:count],
        "example_losses": np.array(loss),
    }
