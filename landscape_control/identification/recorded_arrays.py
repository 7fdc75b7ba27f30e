"""Weights over time, with gaps, as updates: what of a recording can be used, and where it begins anew.

A rule with memory needs every gradient since its memory began. Where a gradient is missing, what
follows is a run of its own that starts with a memory nobody recorded. Where only weights are
missing, the updates in between are known by their sum.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..support.errors import ProblemError

FEWEST_STEPS = 5  # of a run: with fewer, momentum and its first steps are one
_WHOLE = 1e-3  # how far from whole numbers of steps times may be


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """Steps without a missing gradient, of weights that miss none.

    Attributes
    ----------
    weights : (n,), which of the recording's weights
    first : step at which it begins
    parameters, gradients, updates : (T, n), updates NaN where they are not known
    spans : (T, n), number of steps that each update covers
    at_rest : whether the optimizer's memory is empty at its first step
    """

    weights: np.ndarray
    first: int
    parameters: np.ndarray
    gradients: np.ndarray
    updates: np.ndarray
    spans: np.ndarray
    at_rest: bool


def pieces(weights: np.ndarray, gradients: np.ndarray, at_rest: bool) -> Iterator[Piece]:
    """All pieces of at least five steps of weights (T+1, n), seen gradients (T, n), NaN missing."""
    missing = np.isnan(gradients)
    patterns, kinds = np.unique(missing, axis=1, return_inverse=True)
    for kind, pattern in enumerate(patterns.T):
        chosen = np.flatnonzero(np.ravel(kinds) == kind)
        for first, end in stretches(~pattern):
            if end - first < FEWEST_STEPS:
                continue
            places = weights[first : end + 1][:, chosen]
            updates, spans = updates_of(places)
            if np.isnan(updates).all():
                continue
            yield Piece(
                weights=chosen,
                first=first,
                parameters=filled(places[:-1]),
                gradients=gradients[first:end][:, chosen],
                updates=updates,
                spans=spans,
                at_rest=at_rest and first == 0,
            )


def updates_of(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(updates (T, n), spans (T, n)) of weights (T+1, n) of which some are NaN.

    An update stands at the last of the steps since the weight was recorded before; the others, and
    all before the first recorded weight, are NaN.
    """
    steps, count = len(weights) - 1, weights.shape[1]
    updates, spans = np.full((steps, count), np.nan), np.ones((steps, count))
    known = np.isfinite(weights)
    last = np.where(known[0], 0, -1)
    place = np.where(known[0], weights[0], 0.0)
    for t in range(1, steps + 1):
        ends = known[t] & (last >= 0)
        updates[t - 1, ends] = (weights[t] - place)[ends]
        spans[t - 1, ends] = (t - last)[ends]
        last = np.where(known[t], t, last)
        place = np.where(known[t], weights[t], place)
    return updates, spans


def filled(places: np.ndarray) -> np.ndarray:
    """Weights with straight lines over what is missing, which is for rules that pull on them only."""
    result, steps = places.copy(), np.arange(len(places))
    for column in result.T:
        known = np.isfinite(column)
        if known.any() and not known.all():
            column[~known] = np.interp(steps[~known], steps[known], column[known])
    return np.nan_to_num(result)


def stretches(known: np.ndarray) -> list[tuple[int, int]]:
    """[first, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def on_steps(
    times: np.ndarray, weights: np.ndarray, gradients: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """(weights, gradients, durations): samples at times (T+1,) on steps of equal length.

    Times that are whole multiples of their shortest distance are steps, with samples missing in
    between. Others are samples of a continuous course: every interval is a step, and its duration
    (T,), in units of the longest, is how far the weights had time to go.
    """
    gaps = np.diff(times)
    if not (np.isfinite(times).all() and (gaps > 0).all()):
        raise ProblemError(
            "times of a recording",
            expected="finite numbers that increase",
            received="times that repeat, decrease or are missing",
            advice="sort the samples of each run by time, one sample per time",
        )
    multiples = gaps / gaps.min()
    if (np.abs(multiples - np.round(multiples)) > _WHOLE * multiples).any():
        return weights, gradients, gaps / gaps.max()
    if (multiples < 1.5).all():
        return weights, gradients, None
    places = np.concatenate([[0], np.cumsum(np.round(multiples).astype(int))])
    count = int(places[-1]) + 1
    wider = np.full((count, weights.shape[1]), np.nan)
    wider[places] = weights
    if gradients is None:
        return wider, None, None
    seen = np.full((count, weights.shape[1]), np.nan)
    seen[places[: len(gradients)]] = gradients
    return wider, seen[:-1] if len(gradients) < len(places) else seen, None


def trimmed(
    weights: np.ndarray, gradients: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Without the rows before the first recorded weight and after the last, which padding may be."""
    known = np.flatnonzero(np.isfinite(weights).any(axis=1))
    if not known.size:
        return weights[:0], gradients
    rows = slice(int(known[0]), int(known[-1]) + 1)
    return weights[rows], None if gradients is None else gradients[rows]


def norms_of(gradients: np.ndarray) -> np.ndarray:
    """(T,), |y| of gradients (T, n), NaN where one of them is missing."""
    # in the order of size, so that the sum does not depend on that of the weights
    return np.asarray(np.sqrt(np.sort(gradients**2, axis=1).sum(axis=1)))
