"""The data of the picture adam_from_beliefs.

Distances at shared coefficients, and runs of one example.
"""

import math

import numpy as np

from ..simulation import SGD, Adam, RMSProp
from ._adam_from_beliefs_learners import (
    BETA2,
    CURVATURES,
    DISCOUNTS,
    DRIVE,
    FREE,
    GAIN,
    NOISES,
    STEP,
    distance,
    from_beliefs,
    learner,
    run,
    updates,
)


def picture(gradients, regrets, errors) -> dict:
    """Data of the figure adam_from_beliefs: distances at shared coefficients, regrets at the best,
    one episode.
    """
    return {
        "discounts": DISCOUNTS,
        "noises": NOISES,
        "rules": ["adam", "rmsprop", "sgd"],
        "distances": np.array([distances(noise, gradients[noise]) for noise in NOISES]),
        "regret_rules": list(FREE),
        "regrets": regrets,
        "regret_errors": errors,
        **example(),
    }


def distances(noise: float, paths) -> np.ndarray:
    """(3, K): updates of Adam, RMSProp (α = √(ηk/c)) and SGD (ηk/γ) from Adam from beliefs, other
    coefficients shared.
    """
    rate, table = noise * math.sqrt(DRIVE / STEP), []
    for discount in DISCOUNTS:
        ours = updates(from_beliefs(noise, discount), paths)
        others = (
            Adam(learning_rate=rate, beta1=1 - GAIN, beta2=BETA2),
            RMSProp(learning_rate=rate, decay=BETA2),
            SGD(learning_rate=DRIVE / discount),
        )
        table.append([distance(updates(one, paths), ours) for one in others])
    return np.array(table).T


def example() -> dict:
    """σ = 0.3, γ = 0.2: paths of one episode and mean losses of 40."""
    noise, discount, count = 0.3, 0.2, 200
    rollouts = [
        run(
            learner(rule, noise, discount), noise, discount, episodes=40, seed=5, keep_paths=40
        ).paths
        for rule in FREE
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
        "example_rules": list(FREE),
        "example_paths": tracks,
        "example_times": rollouts[0].times[:count],
        "example_losses": np.array(loss),
    }
