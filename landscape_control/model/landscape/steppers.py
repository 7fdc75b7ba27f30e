"""Steps of hidden processes by their exact laws, many episodes at once, equal steps prepared once.

A step is a function state -> (state, φ (E, p)). Draws come in the order of ``Hidden.sample``.
"""

from functools import partial

import numpy as np
from scipy.linalg import expm


def transition(hidden, step) -> tuple[np.ndarray, np.ndarray]:
    """e^{-Λ step} and the covariance gained over the step (Van Loan 1978)."""
    p = hidden.dimension
    generator = np.block(
        [[-hidden.reversion, hidden.diffusion], [np.zeros((p, p)), hidden.reversion.T]]
    )
    blocks = expm(generator * step)
    return blocks[:p, :p], blocks[:p, p:] @ blocks[:p, :p].T


def diffusing(hidden, rng, episodes, step):
    """Steps of a linear diffusion: φ ← μ₀ + e^{-Λ step}(φ - μ₀) + noise."""
    decay, covariance = transition(hidden, step)
    decay = None if (decay == np.eye(len(decay))).all() else _compact(decay)
    spread = partial(_gaussian, rng, episodes, _root(covariance)) if covariance.any() else None
    return partial(_diffuse, hidden.centre, decay, spread)


def jumping(mean, covariance, chance, rng, episodes):
    """Steps that draw φ afresh from N(mean, covariance), each with a ``chance``."""
    spread = partial(_gaussian, rng, episodes, _root(covariance))
    return partial(_jump, mean, rng, chance, spread)


def switching(tasks, transitions, rng):
    """Steps among finitely many values; the state is the number of the task."""
    ladder = np.cumsum(transitions, axis=1)[:, :-1]
    return partial(_switch, tasks, ladder, rng)


def _diffuse(centre, decay, spread, state):
    if decay is not None:
        state = centre + _times(state - centre, decay)
    state = state if spread is None else state + spread()
    return state, state


def _jump(mean, rng, chance, spread, state):
    jumps = rng.random(len(state)) < chance
    state = np.where(jumps[:, None], mean + spread(), state)
    return state, state


def _switch(tasks, ladder, rng, state):
    state = (rng.random(len(state))[:, None] > ladder[state]).sum(1)
    return state, tasks[state]


def _root(covariance):
    values, vectors = np.linalg.eigh(covariance)
    return _compact(vectors * np.sqrt(np.maximum(values, 0.0)))


def _compact(matrix):
    """The diagonal of a diagonal matrix, else the matrix: products with it cost accordingly."""
    return matrix if np.any(matrix - np.diag(np.diag(matrix))) else np.diag(matrix)


def _times(rows, matrix):
    return rows * matrix if matrix.ndim == 1 else rows @ matrix.T


def _gaussian(rng, episodes, root):
    return _times(rng.standard_normal((episodes, len(root))), root)
