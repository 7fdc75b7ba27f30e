"""Common random numbers: hidden paths and noise.

They depend on the seed and the time grid, never on the policy.
"""

import numpy as np

from ..model.landscape import Hidden


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
        self.hidden = np.empty((episodes, 0))
        self._advance = None
        if hidden is not None:
            law = hidden.stepper(self._paths, episodes, step / draws)
            self._values, self.hidden, self._advance = law

    def noise(self) -> np.ndarray:
        """ξ of the coming step, (E, q), standard normal; the array is reused by the next call."""
        self._noise.standard_normal(out=self._buffer)
        if self._draws > 1:  # a sum of d standard normal numbers has variance d
            for _ in range(self._draws - 1):
                self._buffer += self._noise.standard_normal(self._buffer.shape)
            self._buffer /= np.sqrt(self._draws)
        return self._buffer

    def advance(self) -> None:
        """Move the hidden variables on by one step, by their exact law."""
        if self._advance is not None:
            for _ in range(self._draws):
                self._values, self.hidden = self._advance(self._values)
