"""Common random numbers: hidden paths and noise that depend on the seed and the time grid, never on
the policy.
"""

from functools import partial

import numpy as np
from scipy.linalg import expm

from ..landscape import Hidden, JumpProcess, TaskChain


class Randomness:
    """Hidden variables and observation noise of many episodes, one step at a time.

    Three independent streams are spawned from the seed (``numpy.random.SeedSequence``): hidden
    variables, observation noise, and the policy's own draws. A policy that draws more or fewer
    numbers changes neither of the others. Each step is made of ``draws`` equal parts, so that a
    rollout with half the step and half the draws sees the same paths.

    Attributes
    ----------
    hidden : (E, p), φ now
    policy : the policy's own generator
    """

    def __init__(
        self,
        hidden: Hidden | None,
        *,
        seed: int,
        episodes: int,
        step: float,
        draws: int,
        observations: int,
    ):
        streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3)]
        self._paths, self._noise, self.policy = streams
        self._draws, self._buffer = draws, np.empty((episodes, observations))
        self.hidden, self._advance = np.empty((episodes, 0)), None
        if hidden is not None:
            self._values, self.hidden, self._advance = _process(
                hidden, self._paths, episodes, step / draws
            )

    def noise(self) -> np.ndarray:
        """ξ of the coming step, (E, q), standard normal; the array is reused by the next call."""
        self._noise.standard_normal(out=self._buffer)
        if self._draws > 1:
            for _ in range(self._draws - 1):
                self._buffer += self._noise.standard_normal(self._buffer.shape)
            self._buffer /= np.sqrt(self._draws)
        return self._buffer

    def advance(self) -> None:
        """Move the hidden variables on by one step, by their exact law."""
        if self._advance is not None:
            for _ in range(self._draws):
                self._values, self.hidden = self._advance(self._values)


def _process(hidden, rng, episodes, step):
    """(state, φ (E, p), state -> (state, φ)) with the law, and the draws, of ``hidden.sample`` on
    equal steps.
    """
    if isinstance(hidden, TaskChain):
        tasks = hidden.sample_tasks(rng, episodes, np.zeros(1))[:, 0]
        ladder = np.cumsum(expm(hidden.rates * step), axis=1)[:, :-1]
        return tasks, hidden.tasks[tasks], partial(_switch, hidden.tasks, ladder, rng)
    values = hidden.sample(rng, episodes, np.zeros(1))[:, 0]
    if isinstance(hidden, JumpProcess):
        spread = partial(_gaussian, rng, episodes, _root(hidden.covariance))
        return values, values, partial(_jump, hidden, rng, -np.expm1(-hidden.rate * step), spread)
    decay, covariance = _transition(hidden, step)
    decay = None if (decay == np.eye(len(decay))).all() else _compact(decay)
    spread = partial(_gaussian, rng, episodes, _root(covariance)) if covariance.any() else None
    return values, values, partial(_diffuse, hidden.centre, decay, spread)


def _switch(tasks, ladder, rng, state):
    state = (rng.random(len(state))[:, None] > ladder[state]).sum(1)
    return state, tasks[state]


def _jump(hidden, rng, chance, spread, state):
    jumps = rng.random(len(state)) < chance
    state = np.where(jumps[:, None], hidden.mean + spread(), state)
    return state, state


def _diffuse(centre, decay, spread, state):
    if decay is not None:
        state = centre + _times(state - centre, decay)
    state = state if spread is None else state + spread()
    return state, state


def _transition(hidden, step):
    """e^{-Λ step} and the covariance gained over the step (Van Loan 1978)."""
    p = hidden.dimension
    generator = np.block(
        [[-hidden.reversion, hidden.diffusion], [np.zeros((p, p)), hidden.reversion.T]]
    )
    blocks = expm(generator * step)
    return blocks[:p, :p], blocks[:p, p:] @ blocks[:p, :p].T


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
