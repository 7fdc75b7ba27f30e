"""Steps of hidden processes by their exact laws, many episodes at once, equal steps prepared once.

A step is a function state -> (state, φ (E, p)). Draws come in the order of ``Hidden.sample``.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import expm

if TYPE_CHECKING:
    from .hidden import Hidden

# state -> (state, φ (E, p))
Stepper = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def transition(hidden: "Hidden", step: float) -> tuple[np.ndarray, np.ndarray]:
    """e^{-Λ step} and the covariance gained over the step (Van Loan 1978)."""
    p = hidden.dimension
    generator = np.block(
        [[-hidden.reversion, hidden.diffusion], [np.zeros((p, p)), hidden.reversion.T]]
    )
    blocks = expm(generator * step)
    return blocks[:p, :p], blocks[:p, p:] @ blocks[:p, :p].T


def diffusing(hidden: "Hidden", rng: np.random.Generator, episodes: int, step: float) -> Stepper:
    """Steps of a linear diffusion: φ ← μ₀ + e^{-Λ step}(φ - μ₀) + noise."""
    decay, covariance = transition(hidden, step)
    rests = (decay == np.eye(len(decay))).all()
    spread = partial(_gaussian, rng, episodes, _root(covariance)) if covariance.any() else None
    return partial(_diffuse, hidden.centre, None if rests else _compact(decay), spread)


def jumping(
    mean: np.ndarray,
    covariance: np.ndarray,
    chance: float,
    rng: np.random.Generator,
    episodes: int,
) -> Stepper:
    """Steps that draw φ afresh from N(mean, covariance), each with a ``chance``."""
    spread = partial(_gaussian, rng, episodes, _root(covariance))
    return partial(_jump, mean, rng, chance, spread)


def switching(tasks: np.ndarray, transitions: np.ndarray, rng: np.random.Generator) -> Stepper:
    """Steps among finitely many values; the state is the number of the task."""
    ladder = np.cumsum(transitions, axis=1)[:, :-1]
    return partial(_switch, tasks, ladder, rng)


def _diffuse(
    centre: np.ndarray,
    decay: np.ndarray | None,
    spread: Callable[[], np.ndarray] | None,
    state: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    if decay is not None:
        state = centre + _times(state - centre, decay)
    state = state if spread is None else state + spread()
    return state, state


def _jump(
    mean: np.ndarray,
    rng: np.random.Generator,
    chance: float,
    spread: Callable[[], np.ndarray],
    state: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    jumps = rng.random(len(state)) < chance
    state = np.where(jumps[:, None], mean + spread(), state)
    return state, state


def _switch(
    tasks: np.ndarray, ladder: np.ndarray, rng: np.random.Generator, state: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    state = (rng.random(len(state))[:, None] > ladder[state]).sum(1)
    return state, tasks[state]


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return _compact(vectors * np.sqrt(np.maximum(values, 0.0)))


def _compact(matrix: np.ndarray) -> np.ndarray:
    """The diagonal of a diagonal matrix, else the matrix: products with it cost accordingly."""
    return matrix if np.any(matrix - np.diag(np.diag(matrix))) else np.diag(matrix)


def _times(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return rows * matrix if matrix.ndim == 1 else rows @ matrix.T


def _gaussian(rng: np.random.Generator, episodes: int, root: np.ndarray) -> np.ndarray:
    return _times(rng.standard_normal((episodes, len(root))), root)
