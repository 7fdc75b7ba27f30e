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
    """

    costs: np.ndarray
    losses: np.ndarray


@np.errstate(all="ignore")  # courses that diverge end as infinities
def stepped(rows: RuleRows, modes: Modes) -> Outcome:
    """Every step of a rule whose rows stand for the times 0 … T-1."""
    moments = start_moments(modes, rows.sets)
    losses = np.empty((rows.times + 1, rows.sets))
    losses[0] = modes.shares @ moments[0][0]
    levels = modes.levels(losses[0])
    advance = _Steps(rows, modes)
    for t in range(rows.times):
        moments = advance(moments, t, levels(losses[t]))
        losses[t + 1] = modes.shares @ moments[0][0]
    return Outcome(costs=answered(rows, modes, moments), losses=losses)


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


class _Steps:
    """S' = A S Aᵀ + n v nᵀ: θ' = θ + Δθ, and rows that are equal are worked out once.

    What does not depend on the moments is made for many steps together.
    """

    def __init__(self, rows: RuleRows, modes: Modes):
        self.rows, self.modes = rows, modes
        self.size, self.same = range(rows.size), rows.same
        self.distinct = sorted(set(rows.same))
        self.pairs = pairs(self.distinct)
        self.slopes = modes.multiplicative * modes.curvatures**2
        self.block = max(1, ELEMENTS // (len(modes.curvatures) * rows.sets))

    def __call__(self, moments: Moments, t: int, level: np.ndarray | float) -> Moments:
        """S at t + 1."""
        if t % self.block == 0:
            self._prepare(np.arange(t, min(t + self.block, self.rows.times)))
        k = t % self.block
        columns = [[moments[min(i, j)][max(i, j)] for i in self.size] for j in self.size]
        over = {i: [(j, entries[k]) for j, entries in row] for i, row in self._over.items()}
        # E (row_i·x) x_j, then E (row_i·x)(row_l·x) with the noise that both hear
        with_state = {i: [_weighted(row, column) for column in columns] for i, row in over.items()}
        with_rows = {}
        for i, other in self.pairs:
            added = self._heard[i, other][k] * level
            if self.modes.multiplicative:
                added += self._gains[i, other][k] * (self.slopes * moments[0][0])
            added += _weighted(over[other], with_state[i])
            with_rows[i, other] = added
        return self._moved(moments, with_state, with_rows)

    def _moved(self, moments: Moments, with_state: dict, with_rows: dict) -> Moments:
        same = self.same
        moved: Moments = [[moments[0][0] for _ in self.size] for _ in self.size]
        drift = with_state[0][0]  # E Δθ θ
        further = drift + with_rows[0, 0]
        for j in self.size[1:]:
            with_theta = further if same[j] == 0 else with_state[same[j]][0] + with_rows[0, same[j]]
            moved[0][j] = with_theta
            for i in range(1, j + 1):
                moved[i][j] = with_rows[min(same[i], same[j]), max(same[i], same[j])]
        moved[0][0] = moments[0][0] + drift
        moved[0][0] += further
        return moved

    def _prepare(self, times: np.ndarray) -> None:
        """The rows and the noise they hear at these times, {row: [(column, [entries])]}."""
        rows, modes = self.rows, self.modes
        made = {i: row_over_state(rows, modes.curvatures, times, i) for i in self.distinct}
        self._over = {i: [(j, list(part)) for j, part in row.items()] for i, row in made.items()}
        gains = {
            (i, other): (rows.gains[i][times] * rows.gains[other][times])[:, None]
            for i, other in self.pairs
        }
        self._heard = {pair: list(modes.noise * gain) for pair, gain in gains.items()}
        self._gains = {pair: list(gain) for pair, gain in gains.items()}


ELEMENTS = 20_000  # numbers in an array that is made for many steps


def _weighted(row: list[tuple[int, np.ndarray]], values: list[np.ndarray]) -> np.ndarray:
    """Σ_j row_j values_j."""
    j, entry = row[0]
    total = entry * values[j]
    for j, entry in row[1:]:
        total += entry * values[j]
    return total
