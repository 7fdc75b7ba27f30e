"""Beliefs as data: a Gaussian, or probabilities of tasks, for one learner or many episodes."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ...support.arguments import ArrayLike, Entries, checked
from ...support.arrays import freeze
from ...support.errors import ProblemError

Belief = TypeVar("Belief")


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class GaussianBelief:
    """φ ~ N(mean, covariance).

    Attributes
    ----------
    mean : (p,), or (E, p) for E episodes
    covariance : (p, p), shared by all episodes, or (E, p, p)

    Raises
    ------
    ProblemError
        Shapes that do not match, NaN, a covariance that is not symmetric positive semidefinite.
    """

    mean: Entries
    covariance: Entries

    def __post_init__(self):
        mean = _numbers("belief mean", self.mean)
        covariance = _numbers("belief covariance", self.covariance)
        p = mean.shape[-1] if mean.ndim in (1, 2) else 0
        allowed = {(p, p), (*mean.shape[:-1], p, p)}
        if not p or covariance.shape not in allowed:
            raise ProblemError(
                "belief",
                expected="mean (p,) or (E, p) and covariance (p, p) or (E, p, p)",
                received=f"mean {mean.shape} and covariance {covariance.shape}",
                advice="give the covariance as a matrix, also for one hidden variable",
            )
        _check_covariance(covariance)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    @classmethod
    def trusted(cls, mean: np.ndarray, covariance: np.ndarray) -> "GaussianBelief":
        """Arrays that a filter just made, without the checks of the constructor."""
        return _bare(cls, mean=mean, covariance=covariance)


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class TaskBelief:
    """Probabilities of K tasks: (K,), or (E, K) for E episodes.

    Raises
    ------
    ProblemError
        NaN, negative entries, rows that do not sum to one.
    """

    probabilities: Entries

    def __post_init__(self):
        given = _numbers("task probabilities", self.probabilities)
        has_axes = given.ndim in (1, 2)
        if not has_axes or (given < 0).any() or np.abs(given.sum(-1) - 1).max(initial=0) > 1e-9:
            raise ProblemError(
                "task probabilities",
                expected="numbers >= 0 that sum to 1: (K,) or (E, K)",
                received=np.array2string(given, precision=4, threshold=20),
                advice="divide each row by its sum",
            )
        object.__setattr__(self, "probabilities", given)

    @classmethod
    def trusted(cls, probabilities: np.ndarray) -> "TaskBelief":
        """Probabilities that a filter just made, without the checks of the constructor."""
        return _bare(cls, probabilities=probabilities)

    def mean_and_covariance(self, tasks: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """First two moments of φ for tasks (K, p): shapes (..., p) and (..., p, p)."""
        tasks = np.asarray(tasks, dtype=float)
        mean = self.probabilities @ tasks
        offset = tasks - mean[..., None, :]
        return mean, np.swapaxes(offset * self.probabilities[..., None], -1, -2) @ offset


def _bare(cls: type[Belief], **arrays: np.ndarray) -> Belief:
    """A belief that holds these very arrays, read-only from now on."""
    belief = object.__new__(cls)
    for name, array in arrays.items():
        array.setflags(write=False)
        object.__setattr__(belief, name, array)
    return belief


def _numbers(what: str, value: ArrayLike) -> np.ndarray:
    try:
        array = freeze(value)
    except (TypeError, ValueError):
        raise ProblemError(
            what,
            expected="an array of numbers",
            received=type(value).__name__,
            advice=f"pass {what} as plain numbers",
        ) from None
    if not np.isfinite(array).all():
        raise ProblemError(
            what,
            expected="finite numbers",
            received="NaN or infinity",
            advice="check how the belief was computed",
        )
    return array


def _check_covariance(covariance: np.ndarray) -> None:
    gap = np.abs(covariance - np.swapaxes(covariance, -1, -2)).max(initial=0.0)
    lowest = np.linalg.eigvalsh(covariance).min(initial=0.0)
    scale = np.abs(covariance).max(initial=0.0)
    if gap > 1e-10 * scale or lowest < -1e-10 * scale:
        raise ProblemError(
            "belief covariance",
            expected="a symmetric positive semidefinite matrix",
            received=f"smallest eigenvalue {lowest:.3g}, asymmetry {gap:.3g}",
            advice=(
                "check signs; after arithmetic of your own take (P + Pᵀ)/2 and clip eigenvalues"
                " at 0"
            ),
        )
