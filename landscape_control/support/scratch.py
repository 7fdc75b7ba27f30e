"""Memory for what is computed at one time, used again for what is computed at another."""

import math

import numpy as np


class Scratch:
    """Arrays that share their memory with those handed out before the last :meth:`restart`."""

    def __init__(self) -> None:
        self._memory: list[np.ndarray] = []
        self._next = 0

    def restart(self) -> None:
        """Hand out the memory from the beginning again."""
        self._next = 0

    def array(self, *shape: int) -> np.ndarray:
        """A contiguous array of any content."""
        size = math.prod(shape)
        if self._next == len(self._memory):
            self._memory.append(np.zeros(size))
        elif self._memory[self._next].size < size:
            self._memory[self._next] = np.zeros(size)
        memory = self._memory[self._next]
        self._next += 1
        return memory[:size].reshape(shape)
