"""A rule that is linear in past gradients, read off what it did: its kernel, lag by lag."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...support.arguments import AnyNumber, Entries, Matrix, Words, checked
from ...support.arrays import freeze
from ...support.errors import ProblemError
from ...support.results import Result
from ..histories import Histories

LONGEST = 200  # steps of each history that are read, from its beginning
_MOST_ENTRIES = 4_000_000  # of the table of shifted gradients
_AS_GOOD = 1.05  # errors within this factor are one: fewer lags are preferred
_DIGITS = 1e-9  # relative accuracy of the least squares themselves
_SINGULAR = 1e-10  # of the largest eigenvalue of the scaled normal equations


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LagStatistics:
    """What histories say of Δθ_t = -Σ_{j<L} k_j y_{t-j}: the least squares of any kernel.

    Attributes
    ----------
    gram : (L, L), Σ y_{t-i} y_{t-j} over what counts
    moment : (L,), -Σ y_{t-j} Δθ_t
    energy : Σ Δθ²
    per_history : (K, L), the same moment of each history's residual at the free kernel, from which
        intervals are taken
    kernel : (L,), the free kernel, all lags at once
    """

    gram: Matrix
    moment: Entries
    energy: AnyNumber
    per_history: Matrix
    kernel: Entries

    def best(self, lags: int) -> np.ndarray:
        """(lags,), the least squares with that many lags."""
        return np.linalg.lstsq(self.gram[:lags, :lags], self.moment[:lags], rcond=None)[0]

    def covariance(self, tangent: np.ndarray) -> np.ndarray:
        """(p, p) of the p numbers of a kernel with ∂k/∂p (L, p).

        Histories are independent, and what is left of one of them may be anything (the
        cluster-robust covariance; K.-Y. Liang, S. Zeger, *Longitudinal data analysis using
        generalized linear models*, Biometrika 1986).
        """
        bread = np.linalg.pinv(tangent.T @ self.gram @ tangent)
        scores = self.per_history @ tangent
        count = len(scores)
        return bread @ (scores.T @ scores) @ bread * count / max(count - 1, 1)

    @property
    def student(self) -> float:
        """Half a 95 % interval over a standard deviation, with K - 1 degrees of freedom."""
        from scipy.special import stdtrit

        return float(stdtrit(max(len(self.per_history) - 1, 1), 0.975))


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LagFit(Result):
    """The kernel with the fewest lags that explains histories held out as well as any.

    Attributes
    ----------
    lags : (J,), k_0 … k_{J-1} of Δθ_t = -Σ k_j y_{t-j}, in units of a learning rate
    intervals : (J, 2), 95 %, over histories
    error : relative rms error on histories held out
    """

    lags: Entries
    intervals: Matrix
    error: AnyNumber


SomeHistories = Annotated[Histories, Words(expected="histories of a causal policy")]


def beginnings(histories: Histories) -> Histories:
    """The first steps of each history, as many as are read."""
    if histories.gradients.shape[1] <= LONGEST and histories.spans is None:
        return histories
    if histories.spans is not None:
        raise ProblemError(
            "spans of the histories",
            expected="an update of each step, from which lags are read",
            received="updates that cover several steps",
            advice="record every step",
        )

    def first(array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else np.asarray(array)[:, :LONGEST]

    errors = first(histories.errors)
    if errors is not None and not np.isfinite(errors).any():
        return histories
    return Histories(
        gradients=np.asarray(histories.gradients)[:, :LONGEST],
        updates=np.asarray(histories.updates)[:, :LONGEST],
        parameters=first(histories.parameters),
        settle=min(histories.settle, LONGEST - 2),
        words=histories.words,
        errors=errors,
        norms=first(histories.norms),
        weight_errors=first(histories.weight_errors),
    )


def shifted(histories: Histories, lags: int) -> np.ndarray:
    """(R, lags): -y_{t-j} for every update that counts, zero before the first gradient."""
    columns, _ = histories.columns
    table = np.zeros((lags, *columns.shape))
    for lag in range(lags):
        table[lag, lag:] = -columns[: len(columns) - lag]
    return histories.read(table).T


@checked
def lag_statistics(histories: SomeHistories) -> LagStatistics:
    """The normal equations of all lags up to the length of the histories.

    Raises ProblemError where gradients are zero at every step.
    """
    lags = histories.gradients.shape[1]
    if not np.any(histories.gradients):
        raise ProblemError(
            "histories",
            expected="gradients that are not zero at every step",
            received="zeros",
            advice="record what the policy saw",
        )
    chosen = _affordable(histories, lags)
    table, targets = shifted(chosen, lags), chosen.targets
    gram, moment = table.T @ table, table.T @ targets
    kernel = np.linalg.lstsq(gram, moment, rcond=None)[0]
    left = (targets - table @ kernel)[:, None] * table
    order = np.argsort(chosen.groups, kind="stable")
    begins = np.flatnonzero(np.diff(chosen.groups[order], prepend=-1))
    return LagStatistics(
        gram=freeze(gram),
        moment=freeze(moment),
        energy=float(targets @ targets),
        per_history=freeze(np.add.reduceat(left[order], begins)),
        kernel=freeze(kernel),
    )


def _affordable(histories: Histories, lags: int) -> Histories:
    """As many of the histories as the table of shifted gradients has room for, evenly picked."""
    size = histories.gradients[0].size * lags
    most = max(_MOST_ENTRIES // size, 2)
    if histories.count <= most:
        return histories
    return histories.chosen(np.linspace(0, histories.count - 1, most).astype(int))


def error_of(kernel: np.ndarray, histories: Histories) -> float:
    """Relative rms error of Δθ_t = -Σ k_j y_{t-j} on histories."""
    from scipy.signal import fftconvolve  # half a second of imports

    gradients, _ = histories.columns
    whole = np.zeros(len(gradients))
    whole[: len(kernel)] = kernel[: len(gradients)]
    predicted = -fftconvolve(gradients, whole[:, None], axes=0)[: len(gradients)]
    return histories.relative_error(histories.targets - histories.read(predicted))


def is_determined(statistics: LagStatistics, lags: int) -> bool:
    """Whether that many lags can be told apart on these gradients."""
    block = statistics.gram[:lags, :lags]
    size = np.sqrt(np.maximum(np.diag(block), 1e-300))
    values = np.linalg.eigvalsh(block / np.outer(size, size))
    return bool(values[0] > _SINGULAR * values[-1])


def fit_lags(statistics: LagStatistics, held: Histories) -> LagFit:
    """The fewest lags that explain histories held out within 5 % of the best number of lags."""
    fits = [
        (lags, statistics.best(lags))
        for lags in _lengths(len(statistics.moment))
        if is_determined(statistics, lags)
    ]
    errors = [error_of(kernel, held) for _, kernel in fits]
    if not fits:
        raise ProblemError(
            "gradients of the histories",
            expected="gradients of which none follows from those before",
            received="gradients that do not tell the lags of a kernel apart",
            advice="add noise on the gradients, or histories from more starts",
        )
    enough = max(_AS_GOOD * min(errors), _DIGITS)
    place = next(i for i, error in enumerate(errors) if error <= enough)
    lags, kernel = fits[place]
    covariance = statistics.covariance(np.eye(len(statistics.moment))[:, :lags])
    half = statistics.student * np.sqrt(np.diag(covariance)) + _DIGITS * np.abs(kernel).max()
    return LagFit(
        lags=freeze(kernel),
        intervals=freeze(np.column_stack([kernel - half, kernel + half])),
        error=errors[place],
    )


def _lengths(most: int) -> Sequence[int]:
    """Numbers of lags that are tried: each about √2 times the one before, and all."""
    lengths = {int(round(2 ** (k / 2))) for k in range(2 * most.bit_length())}
    return sorted({length for length in lengths if length < most} | {most})
