"""Probabilities of two or three tasks as coordinates that fill a box, and their equations."""

from collections.abc import Callable

import casadi as ca
import numpy as np

from ....model.belief.tasks import TaskModel
from ....support.expressions import Expression

PROBABILITIES = {"probability": ("p₁",), "probabilities": ("p₁", "p₂/(1-p₁)")}
# what the first of three tasks leaves, at least, where the others' exchange is divided by it
_LEFT = 1e-3


def broken(chances: np.ndarray) -> np.ndarray:
    """(p₁, p₂/(1 - p₁)) of probabilities (…, 3); half where the first task is certain."""
    first = chances[..., 0]
    rest = chances[..., 1] + chances[..., 2]
    second = np.divide(chances[..., 1], rest, out=np.full_like(rest, 0.5), where=rest > 0)
    return np.stack([first, second], axis=-1)


def joined(z: np.ndarray) -> np.ndarray:
    """Probabilities (…, K) of z (…, K - 1): what the first leaves is shared by the others."""
    chances, left = [], np.ones(z.shape[:-1])
    for share in np.moveaxis(z, -1, 0):
        chances.append(left * share)
        left = left * (1 - share)
    return np.stack([*chances, left], axis=-1)


def task_symbols(model: TaskModel) -> Callable[[Expression, Expression], tuple]:
    """(θ, z) -> (E[L], b, D)."""

    def of_two(theta, z):
        chances = ca.vertcat(z, 1 - z)
        return (
            model.symbolic_expected_loss(theta, chances),
            model.symbolic_probability_drift(chances)[0],
            ca.SX(model.symbolic_probability_diffusion(theta, chances))[0, :],
        )

    def of_three(theta, z):
        """Of a = p₁ and b = p₂/(1 - p₁), by Itô's rule from Wonham's filter:

        da = (Qᵀp)₁dt + a(1 - a)(h₁ - h̃)dI ,                 h̃ = b h₂ + (1 - b)h₃ ,
        db = [((Qᵀp)₂ + b(Qᵀp)₁)/(1 - a) + ab(1 - b)(h₁ - h̃)·(h₂ - h₃)]dt + b(1 - b)(h₂ - h₃)dI .
        """
        first, second = z[0], z[1]
        left = 1 - first
        chances = ca.vertcat(first, left * second, left * (1 - second))
        seen = model.symbolic_observations(theta)
        from_others = seen[:, 0] - seen[:, 1:] @ ca.vertcat(second, 1 - second)
        between = seen[:, 1] - seen[:, 2]
        exchange = model.symbolic_probability_drift(chances)
        spread = second * (1 - second)
        drift = ca.vertcat(
            exchange[0],
            (exchange[1] + second * exchange[0]) / ca.fmax(left, _LEFT)
            + first * spread * ca.dot(from_others, between),
        )
        root = ca.vertcat((first * left * from_others).T, (spread * between).T)
        return model.symbolic_expected_loss(theta, chances), drift, root

    return of_two if model.size == 2 else of_three
