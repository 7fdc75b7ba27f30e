"""One course step by step: the moments of a mode as one vector, and every step as one matrix on it.

What :mod:`.moments` does for many courses at once, with a tenth of the calls for a single one.
"""

from collections.abc import Iterator

import numpy as np

from .modes import Modes
from .moments import Moments, Outcome, answered, pairs, row_over_state, start_moments
from .rule_rows import RuleRows

ELEMENTS = 1_000_000  # numbers in an array that is made for many steps


@np.errstate(all="ignore")  # courses that diverge end as infinities
def stepped_one(rows: RuleRows, modes: Modes) -> Outcome:
    """Every step of the only course of ``rows``, which stand for the times 0 … T-1."""
    places = pairs(list(range(rows.size)))
    start = start_moments(modes, 1)
    moments = np.array([start[i][j][:, 0] for i, j in places])  # (K, M)
    losses = np.empty(rows.times + 1)
    losses[0] = modes.shares @ moments[0]
    follows, floor = modes.follows_loss, modes.floor
    first, level, t = losses[0] + floor, 1.0, 0
    for matrices, heard in _blocks(rows, modes, places):
        for matrix, noise in zip(matrices, heard, strict=True):
            if follows:
                level = (losses[t] + floor) / first
            moments = np.add.reduce(matrix * moments, 1)
            moments += level * noise
            t += 1
            losses[t] = modes.shares @ moments[0]
    end: Moments = [[None] * rows.size for _ in range(rows.size)]  # type: ignore[list-item]
    for (i, j), moment in zip(places, moments, strict=True):
        end[i][j] = moment[:, None]
    return Outcome(costs=np.atleast_1d(answered(rows, modes, end)), losses=losses[:, None])


def _blocks(
    rows: RuleRows, modes: Modes, places: list[tuple[int, int]]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(matrices (B, K, K, M), noise (B, K, M)) of consecutive steps."""
    count = max(1, ELEMENTS // (len(places) ** 2 * len(modes.curvatures)))
    for begin in range(0, rows.times, count):
        times = np.arange(begin, min(begin + count, rows.times))
        yield _matrices(rows, modes, places, times)


def _matrices(
    rows: RuleRows, modes: Modes, places: list[tuple[int, int]], times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """S'_ij = Σ_kl A_ik A_jl S_kl, with S_kl = S_lk, and the noise that rows i and j both hear."""
    size, modes_count = rows.size, len(modes.curvatures)
    step = np.zeros((size, size, len(times), modes_count))
    for i in range(size):
        for j, entry in row_over_state(rows, modes.curvatures, times, i).items():
            step[i, j] = entry[..., 0]
    step[0, 0] += 1.0  # θ' = θ + Δθ
    matrices = np.empty((len(times), len(places), len(places), modes_count))
    heard = np.empty((len(times), len(places), modes_count))
    slopes = (modes.multiplicative * modes.curvatures**2)[:, 0]
    for row, (i, j) in enumerate(places):
        for column, (k, n) in enumerate(places):
            product = step[i, k] * step[j, n]
            matrices[:, row, column] = product if k == n else product + step[i, n] * step[j, k]
        gain = rows.gains[i][times] * rows.gains[j][times]  # (B, 1)
        heard[:, row] = gain * modes.noise[:, 0]
        if modes.multiplicative:
            matrices[:, row, 0] += gain * slopes
    return matrices, heard
