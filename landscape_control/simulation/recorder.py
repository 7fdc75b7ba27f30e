"""Keeping paths of some episodes."""

import numpy as np

from ..support.arrays import whole
from .actors import Actor
from .rollout import Paths


class Recorder:
    """Paths of the first episodes of a rollout, allocated at the first step."""

    def __init__(self, keep: bool | int, episodes: int, count: int):
        if keep is True:
            self.kept = episodes
        elif keep is False:
            self.kept = 0
        else:
            self.kept = min(whole("keep_paths", keep, low=0), episodes)
        self._count = count
        self._arrays: dict[str, np.ndarray] = {}

    def note(
        self,
        k: int,
        theta: np.ndarray,
        u: np.ndarray,
        hidden: np.ndarray,
        seen: np.ndarray,
        actor: Actor,
    ) -> None:
        """What holds at the k-th node and over the step after it."""
        if not self.kept:
            return
        values = {"parameters": theta, "controls": u, "hidden": hidden, "observations": seen}
        moments = actor.moments()
        if moments is not None:
            values["belief_means"], values["belief_variances"] = moments
        # the arrays that a rollout passes may be reused at the next step: their values are copied
        for name, value in values.items():
            self._array(name, value)[:, k] = value[: self.kept]

    def finish(self, theta: np.ndarray, hidden: np.ndarray) -> None:
        """The last node, at which nothing is seen or done any more."""
        if self.kept:
            self._arrays["parameters"][:, -1] = theta[: self.kept]
            self._arrays["hidden"][:, -1] = hidden[: self.kept]

    def paths(self, step: float) -> Paths | None:
        """Everything kept, read-only."""
        if not self.kept:
            return None
        for array in self._arrays.values():
            array.setflags(write=False)
        return Paths(times=step * np.arange(self._count + 1), **self._arrays)

    def _array(self, name: str, value: np.ndarray) -> np.ndarray:
        if name not in self._arrays:
            # what holds at nodes has one entry more than what holds over steps
            length = self._count + 1 if name in ("parameters", "hidden") else self._count
            self._arrays[name] = np.empty((self.kept, length, value.shape[1]))
        return self._arrays[name]
