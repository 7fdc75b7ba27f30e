"""Histories of a causal policy: the gradients it saw, where it stood, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..support.arguments import Entries, Index, checked
from ..support.arrays import freeze, whole
from ..support.drawable import Shown
from ..support.errors import ProblemError
from ..support.short_repr import short_repr
from .maps import Scatter


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Histories(Shown):
    """K histories of T steps of a policy on n weights, each from its own beginning, at rest.

    Attributes
    ----------
    gradients : (K, T, n), what was seen before each update
    updates : (K, T, n), Δθ
    parameters : (K, T, n) or None, θ at each observation, measured from where weight decay would
        pull to
    settle : first step whose update counts; earlier ones only feed the memory of the rules
    words : where the histories come from
    """

    gradients: Entries
    updates: Entries
    parameters: Entries | None = None
    settle: Index = 0
    words: str = "histories given"

    __repr__ = short_repr

    def __post_init__(self) -> None:
        shape = np.shape(self.gradients)
        for name in ("gradients", "updates", "parameters"):
            value = getattr(self, name)
            if value is None and name == "parameters":
                continue
            value = np.asarray(value, dtype=float)
            good = len(shape) == 3 and value.shape == shape and min(shape) > 0
            if not (good and np.isfinite(value).all()):
                raise ProblemError(
                    f"{name} of the histories",
                    expected="finite numbers (K, T, n), the same for all",
                    received=f"shape {value.shape}{' with NaN or infinity' if good else ''}",
                    advice="stack K histories of equal length; a single one is array[None]",
                )
            object.__setattr__(self, name, freeze(value))
        if whole("settle", self.settle, low=0) > shape[1] - 2:
            raise ProblemError(
                "settle",
                expected=f"at most {shape[1] - 2}, so that two updates of each history count",
                received=f"{self.settle}",
                advice="use longer histories, or settle less",
            )

    @property
    def count(self) -> int:
        """K."""
        return len(self.gradients)

    def chosen(self, rows: np.ndarray) -> "Histories":
        """Some of the histories."""
        return self._with(lambda array: array[rows])

    @checked
    def weight(self, index: Index) -> "Histories":
        """One of the weights, n = 1."""
        return self._with(lambda array: array[:, :, [index]])

    def _with(self, change: Callable[[np.ndarray], np.ndarray]) -> "Histories":
        parameters = None if self.parameters is None else change(self.parameters)
        return Histories(
            gradients=change(self.gradients),
            updates=change(self.updates),
            parameters=parameters,
            settle=self.settle,
            words=self.words,
        )

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray | None]:
        """(gradients, parameters) as (T, K·n), each weight of each history by itself."""
        parameters = None if self.parameters is None else _columns(self.parameters)
        return _columns(self.gradients), parameters

    @property
    def targets(self) -> np.ndarray:
        """The updates that count, in the order of :meth:`read`."""
        return self.read(_columns(self.updates))

    @property
    def groups(self) -> np.ndarray:
        """The history that each entry of ``targets`` belongs to."""
        _, steps, weights = self.gradients.shape
        return np.tile(np.repeat(np.arange(self.count), weights), steps - self.settle)

    def read(self, columns: np.ndarray) -> np.ndarray:
        """(…, T, K·n) -> (…, entries): what counts of anything that stands in columns."""
        counted = columns[..., self.settle :, :]
        return counted.reshape(*counted.shape[:-2], -1)

    @property
    def scatter(self) -> Scatter:
        """What counts, step after step, for drawing.

        Updates stand for controls, gradients for slopes, histories for starts.
        """
        weights = self.gradients.shape[2]
        places = np.zeros_like(self.gradients) if self.parameters is None else self.parameters
        points, controls, slopes = (
            freeze(self.read(_columns(array)).reshape(-1, weights))
            for array in (places, self.updates, self.gradients)
        )
        return Scatter(
            points=points, controls=controls, slopes=slopes, starts=self.groups[::weights]
        )

    @checked
    def split(self, seed: Index) -> tuple["Histories", "Histories"]:
        """(two thirds to fit, one third to score on); a history stays whole. A single one is both."""
        if self.count < 2:
            return self, self
        # updates of one history depend on each other: parts of it on both sides would leak
        order = np.random.default_rng(seed).permutation(self.count)
        held = max(1, self.count // 3)
        return self.chosen(np.sort(order[held:])), self.chosen(np.sort(order[:held]))


def _columns(array: np.ndarray) -> np.ndarray:
    return array.transpose(1, 0, 2).reshape(array.shape[1], -1)
