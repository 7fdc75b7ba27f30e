"""Second moments of many sets of coefficients on all modes at once, one step after the other."""

from dataclasses import dataclass

import numpy as np

from .modes import Modes
from .rule_rows import RuleRows

Moments = list[list[np.ndarray]]  # E x_i x_j at [i][j] for i <= j, each (M, C)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What C courses come to.

    Attributes
    ----------
    costs : (C,), excess loss of the answer after the last step
    losses : (B+1, C), excess loss where gradients are taken, from the start on
    moments : E x xᵀ at the end
    """

    costs: np.ndarray
    losses: np.ndarray
    moments: Moments


@np.errstate(all="ignore")  # courses that diverge end as infinities
def stepped(rows: RuleRows, modes: Modes) -> Outcome:
    """Every step of a rule whose rows stand for the times 0 … T-1."""
    moments = start_moments(modes, rows.sets)
    losses = np.empty((rows.times + 1, rows.sets))
    losses[0] = modes.shares @ moments[0][0]
    first = losses[0] + modes.floor
    for t in range(rows.times):
        level = (losses[t] + modes.floor) / first if modes.follows_loss else 1.0
        moments = _step(rows, modes, moments, t, level)
        losses[t + 1] = modes.shares @ moments[0][0]
    return Outcome(costs=answered(rows, modes, moments), losses=losses, moments=moments)


def start_moments(modes: Modes, sets: int) -> Moments:
    """Those of C courses that start alike."""
    size = modes.start.shape[1]
    return [
        [np.tile(modes.start[:, i, j][:, None], sets) for j in range(size)] for i in range(size)
    ]


def answered(rows: RuleRows, modes: Modes, moments: Moments) -> np.ndarray:
    """(C,): Σ shares·E(answer)²."""
    if rows.answer is None:
        return modes.shares @ moments[0][0]
    square = 0.0
    for i, left in enumerate(rows.answer):
        for j, right in enumerate(rows.answer):
            square = square + left * right * moments[min(i, j)][max(i, j)]
    return modes.shares @ square


def _step(
    rows: RuleRows, modes: Modes, moments: Moments, t: int, level: np.ndarray | float
) -> Moments:
    """S' = A S Aᵀ + n v nᵀ: θ' = θ + Δθ, and rows that are equal are worked out once."""
    d, same = rows.size, rows.same
    distinct = sorted(set(same))
    over = {i: row_over_state(rows, modes.curvatures, t, i) for i in distinct}
    with_state = {i: [_sum(over[i], moments, j) for j in range(d)] for i in distinct}
    with_rows = {}
    for i, k in pairs(distinct):
        product = _combined(over[k], with_state[i])
        heard = rows.gains[i][t] * rows.gains[k][t]
        with_rows[i, k] = product + _noise(modes, moments[0][0], heard, level)
    moved: Moments = [[moments[0][0]] * d for _ in range(d)]
    drift = with_state[0][0]  # E Δθ θ
    moved[0][0] = moments[0][0] + drift + (drift + with_rows[0, 0])
    for j in range(1, d):
        moved[0][j] = with_state[same[j]][0] + with_rows[0, same[j]]
        for i in range(1, j + 1):
            moved[i][j] = with_rows[min(same[i], same[j]), max(same[i], same[j])]
    return moved


def row_over_state(
    rows: RuleRows, curvatures: np.ndarray, t: int | np.ndarray, i: int
) -> dict[int, np.ndarray]:
    """{j: what multiplies x_j in row i}: (M, C) for θ, whose gradient is y = hθ, else (1, C).

    At one time t; (B, M, C) and (B, 1, C) at B times.
    """
    entries = {j: entry[t][..., None, :] for j, entry in rows.own[i].items()}
    if not rows.silent[i]:
        seen = curvatures * rows.gains[i][t][..., None, :]
        entries[0] = entries[0] + seen if 0 in entries else seen
    return entries


def pairs(places: list[int]) -> list[tuple[int, int]]:
    """(i, k) with i <= k."""
    return [(i, k) for i in places for k in places if i <= k]


def _sum(row: dict, moments: Moments, j: int) -> np.ndarray:
    """E (row·x) x_j."""
    total: np.ndarray | float = 0.0
    for k, entry in row.items():
        product = entry * moments[min(j, k)][max(j, k)]
        total = product if isinstance(total, float) else total + product
    return np.asarray(total)


def _combined(row: dict, of_entries: list[np.ndarray]) -> np.ndarray:
    """Σ_j row_j of_entries_j."""
    total: np.ndarray | float = 0.0
    for j, entry in row.items():
        product = entry * of_entries[j]
        total = product if isinstance(total, float) else total + product
    return np.asarray(total)


def _noise(
    modes: Modes, square: np.ndarray, heard: np.ndarray, level: np.ndarray | float
) -> np.ndarray:
    """What the noise adds: (its variance at this level, and its share of (hθ)²) times ``heard``."""
    added = modes.noise * (level * heard)
    if modes.multiplicative:
        added = added + (modes.multiplicative * modes.curvatures**2) * square * heard
    return added
