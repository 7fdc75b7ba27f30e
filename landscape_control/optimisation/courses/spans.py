"""The same moments by spans of many steps: the rule's numbers are held over each span.

A search needs hundreds of courses, of which it compares the costs; over a span of 2^j steps with the
numbers of its middle, j doublings replace 2^j steps. What is returned in the end is always stepped.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .modes import Modes
from .moments import Outcome, answered, pairs, row_over_state, start_moments
from .rule_rows import RuleRows

Matrix = list[list[Any]]  # (B, M, C) at [i][j]; None where it is zero


@dataclass(frozen=True, kw_only=True, eq=False)
class Spans:
    """T steps cut into B spans of 2^j steps, shorter towards both ends.

    Attributes
    ----------
    powers : (B,) whole numbers j
    """

    powers: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """(B,), steps of each."""
        return 2**self.powers

    @property
    def begins(self) -> np.ndarray:
        """(B,), the first step of each."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def middles(self) -> np.ndarray:
        """(B,), the time at which the rule is read."""
        return self.begins + (self.lengths - 1) / 2


def spans_of(steps: int, count: int) -> Spans:
    """About ``count`` spans: the longest in the middle, doubling from one step at either end."""
    top = max(0, int(np.ceil(np.log2(steps / count))))
    ends = EARLY + LATE
    while top and ends * (2**top - 1) > steps // 2:
        top -= 1
    rise = [j for j in range(top) for _ in range(EARLY)]
    fall = [j for j in range(top) for _ in range(LATE)]
    left = steps - ends * (2**top - 1)
    middle = [top] * (left // 2**top)
    rest = [j for j in range(top) if (left % 2**top) >> j & 1]
    return Spans(powers=np.array([*sorted([*rise, *rest]), *middle, *sorted(fall, reverse=True)]))


EARLY, LATE = 4, 2  # spans of each length at the beginning and at the end


@np.errstate(all="ignore")  # courses that diverge end as infinities
def spanned(rows: RuleRows, modes: Modes, spans: Spans) -> Outcome:
    """The moments of a rule whose rows stand for the middles of spans."""
    matrices, heard = _powers(rows, modes, spans)
    moments = start_moments(modes, rows.sets)
    losses = np.empty((rows.times + 1, rows.sets))
    losses[0] = modes.shares @ moments[0][0]
    first = losses[0] + modes.floor
    lengths = spans.lengths
    for b in range(rows.times):
        matrix, gained = _one(matrices, b), _one(heard, b)
        moved = _congruence(matrix, moments)
        here, there = losses[b], modes.shares @ moved[0][0]
        if not modes.follows_loss:
            level: np.ndarray | float = 1.0
            losses[b + 1] = there + modes.shares @ gained[0][0]
        else:
            added = modes.shares @ gained[0][0]
            level, losses[b + 1] = _level(modes.floor, first, here, there, added, lengths[b])
        moments = _plus(moved, gained, level)
    return Outcome(costs=answered(rows, modes, moments), losses=losses)


def _level(
    floor: float,
    first: np.ndarray,
    here: np.ndarray,
    there: np.ndarray,
    added: np.ndarray,
    length: int,
) -> tuple[np.ndarray, np.ndarray]:
    """(mean level of the noise over a span, loss after it): the level falls geometrically in it."""
    share = (length - 1) / (2 * length)  # of the way, on average over the steps
    begin = (floor + here) / first
    level, end = begin, there + begin * added
    if share:
        for _ in range(2):
            level = begin ** (1 - share) * ((floor + end) / first) ** share
            end = there + level * added
    return level, end


def _powers(rows: RuleRows, modes: Modes, spans: Spans) -> tuple[Matrix, Matrix]:
    """A^k and Σ_{j<k} A^j n v nᵀ A^jᵀ of every span of k steps."""
    order = np.argsort(-spans.powers, kind="stable")  # the longest first
    matrix, heard = _one_step(rows, modes, order)
    for power in range(int(spans.powers.max())):
        count = int(np.sum(spans.powers > power))
        part, noise = _first(matrix, count), _first(heard, count)
        twice, square = _congruence(part, noise), _product(part, part)
        for old, new in zip(_flat(matrix), _flat(square), strict=True):
            if old is not None and new is not None:
                old[:count] = new
        for old, new in zip(_flat(heard), _flat(twice), strict=True):
            if old is not None and new is not None:
                old[:count] += new
    back = np.argsort(order, kind="stable")
    return _first(matrix, back), _first(heard, back)


def _one(matrix: Matrix, b: int) -> Matrix:
    """That of one span."""
    return [[None if entry is None else entry[b] for entry in row] for row in matrix]


def _flat(matrix: Matrix) -> list[np.ndarray | None]:
    return [entry for row in matrix for entry in row]


def _first(matrix: Matrix, which: int | np.ndarray) -> Matrix:
    """The first spans, or spans in another order."""
    places = slice(which) if isinstance(which, int) else which
    return [[None if entry is None else entry[places] for entry in row] for row in matrix]


def _one_step(rows: RuleRows, modes: Modes, order: np.ndarray) -> tuple[Matrix, Matrix]:
    """A and the upper triangle of n v nᵀ of one step in every span, (B, M, C)."""
    d, shape = rows.size, (rows.times, len(modes.curvatures), rows.sets)
    matrix: Matrix = [[None] * d for _ in range(d)]
    heard: Matrix = [[None] * d for _ in range(d)]
    for i in range(d):
        over: dict[int, Any] = dict(row_over_state(rows, modes.curvatures, order, i))
        if i == 0:
            over[0] = over.get(0, 0.0) + 1.0  # θ' = θ + Δθ
        for j, entry in over.items():
            matrix[i][j] = np.array(np.broadcast_to(entry, shape))
    for i, j in pairs(list(range(d))):
        gain = (rows.gains[i][order] * rows.gains[j][order])[:, None, :]
        heard[i][j] = np.array(np.broadcast_to(modes.noise * gain, shape))
    return _filled(matrix, shape), heard


def _filled(matrix: Matrix, shape: tuple[int, ...]) -> Matrix:
    """Zeros where a power of the matrix has an entry and the matrix itself has none."""
    present = np.array([[entry is not None for entry in row] for row in matrix])
    reached = np.linalg.matrix_power(present + np.eye(len(matrix)), len(matrix)) > 0
    for i, j in np.argwhere(reached & ~present):
        matrix[i][j] = np.zeros(shape)
    return matrix


def _product(left: Matrix, right: Matrix) -> Matrix:
    size = range(len(left))
    return [[_dot(left[i], [right[k][j] for k in size]) for j in size] for i in size]


def _congruence(matrix: Matrix, moments: Matrix) -> Matrix:
    """A S Aᵀ, of which the upper triangle of S is read and written."""
    size = range(len(matrix))
    columns = [[moments[min(k, j)][max(k, j)] for k in size] for j in size]
    half = [[_dot(matrix[i], columns[j]) for j in size] for i in size]
    return [[_dot(half[i], matrix[j]) if i <= j else None for j in size] for i in size]


def _dot(left: list[np.ndarray | None], right: list[np.ndarray | None]) -> np.ndarray | None:
    total = None
    for one, other in zip(left, right, strict=True):
        if one is not None and other is not None:
            product = one * other
            total = product if total is None else total + product
    return total


def _plus(moved: Matrix, gained: Matrix, level: np.ndarray | float) -> Matrix:
    """S' = A S Aᵀ + level·noise."""
    pair = zip(moved, gained, strict=True)
    return [
        [None if one is None else one + level * other for one, other in zip(*both, strict=True)]
        for both in pair
    ]
