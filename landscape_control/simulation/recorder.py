"""Keeping paths of some episodes."""

import numpy as np

from ..support.arrays import whole
from .rollout import Paths


class Recorder:
    """Paths of the first episodes of a rollout, allocated at the first step."""

    def __init__(self, keep: bool | int, episodes: int, count: int):
        self.kept = (
            episodes
            if keep is True
            else 0
            if keep is False
            else min(whole("keep_paths", keep, low=0), episodes)
        )
        self._count, self._arrays = count, {}

    def note(self, k, theta, u, hidden, seen, actor):
        """What holds at the k-th node and over the step after it."""
        if not self.kept:
            return
        values = {"parameters": theta, "controls": u, "hidden": hidden, "observations": seen}
        moments = actor.moments()
        if moments is not None:
            values["belief_means"], values["belief_variances"] = moments
        for name, value in values.items():
            self._array(name, value)[:, k] = value[: self.kept]

    def finish(self, theta, hidden):
        """The last node."""
        if self.kept:
            self._arrays["parameters"][:, -1], self._arrays["hidden"][:, -1] = (
                theta[: self.kept],
                hidden[: self.kept],
            )

    def paths(self, step) -> Paths | None:
        """Everything kept, read-only."""
        if not self.kept:
            return None
        for array in self._arrays.values():
            array.setflags(write=False)
        return Paths(times=step * np.arange(self._count + 1), **self._arrays)

    def _array(self, name, value):
        if name not in self._arrays:
            length = self._count + (name in ("parameters", "hidden"))
            self._arrays[name] = np.empty((self.kept, length, value.shape[1]))
        return self._arrays[name]
