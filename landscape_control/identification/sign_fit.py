"""Rules with signs: their squared error is piecewise constant, so that whole ranges of coefficients fit
alike. A cross-entropy search (Rubinstein 1999) closes in, then the ties are followed to their ends.
"""

from dataclasses import dataclass

import numpy as np

from .rule_on_histories import DIGITS, RuleOnHistories

_ROUNDS, _POOL = 12, 128  # rounds of closing in, and draws in each
_MOST_ALONG = 80  # rounds along the ties
_PATIENCE = 6  # rounds in a row that may widen the ties by less than _STILL
_STILL = 0.02  # in log(1 - β)
_NEIGHBOURS = 12
_ELITE = 16  # sets that draws start from
_CLOSE, _WIDE = 0.7, 2.0  # spread of the draws in units of that of the elite, of the ties


def fit_ties(run: RuleOnHistories, seed: int, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """(sets that fit best, all alike (B, c), intervals): draws around the best so far, then along
    the ties.

    The ties are followed until several rounds of draws in a row no longer widen them: the interval
    of a rule with signs is as wide as its ties are, and ends where the draws do if they stop early.
    """
    rng, size = np.random.default_rng(seed), run.targets @ run.targets
    found = _cross_entropy_search(run, rng, seed)
    found = _follow_ties(run, found, size, rng)
    tied = found.sets[_ties(found.squares, size)]
    return tied, _tied_intervals(found, size, resamples, seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tried:
    """Sets of coefficients (B, c), their squared errors (B,), and those per history (B, K)."""

    sets: np.ndarray
    squares: np.ndarray
    parts: np.ndarray

    def extended(self, run, moved) -> "_Tried":
        """With further draws, clipped into the admissible ranges."""
        more = _try(run, np.clip(moved, *run.bounds.T))
        return _Tried(
            sets=np.concatenate([self.sets, more.sets]),
            squares=np.concatenate([self.squares, more.squares]),
            parts=np.concatenate([self.parts, more.parts]),
        )


def _try(run, sets):
    sets, squares, features = run.solve_linear(sets)
    return _Tried(sets=sets, squares=squares, parts=_parts(run, sets, features))


def _cross_entropy_search(run, rng, seed):
    """Rounds of draws from a Gaussian with the shape of the best sets so far."""
    found = _try(run, run.draw(seed))
    for _ in range(_ROUNDS):
        elite = np.argsort(found.squares)[:_ELITE]
        found = found.extended(run, _around(found.sets[elite], _CLOSE, rng))
    return found


def _follow_ties(run, found, size, rng):
    """Rounds of draws along the sets that tie, until several in a row hardly widen their range."""
    reached, still = _widths(found, size), 0
    for _ in range(_MOST_ALONG):
        tied = _ties(found.squares, size)
        if tied.sum() == 1:  # nothing ties: the subject is not such a rule
            break
        found = found.extended(run, _along(found.sets[tied], rng))
        before, reached = reached, _widths(found, size)
        still = still + 1 if (reached <= before + _STILL).all() else 0
        if still == _PATIENCE:
            break
    return found


def _widths(found, size):
    """Ranges of the sets that fit alike, in log(1 - β), (c,)."""
    tied = found.sets[_ties(found.squares, size)]
    return np.ptp(np.log(np.maximum(1 - tied, 1e-12)), axis=0)


def _around(sets, wide, rng):
    """Draws around some sets, from a Gaussian of their own shape, ``wide`` times as wide, in log(1
    - β).
    """
    logs = np.log(np.maximum(1 - sets, 1e-12))
    centred = (logs - logs.mean(0)) / np.sqrt(len(sets))
    steps = wide * rng.standard_normal((_POOL, len(sets))) @ centred
    return 1 - np.exp(logs[rng.integers(len(sets), size=_POOL)] + steps)


def _along(tied, rng):
    """Draws along sets that tie, half of them from the ends: steps in the direction of two
    neighbours, in log(1 - β).

    The ties of a rule with signs lie along thin curves, which a draw of their overall shape would
    leave.
    """
    logs = np.log(np.maximum(1 - tied, 1e-12))
    spread = np.ptp(logs, axis=0)
    scaled = logs / np.where(spread > 0, spread, 1.0)
    ends = np.concatenate([scaled.argmin(axis=0), scaled.argmax(axis=0)])
    centres = np.where(
        np.arange(_POOL) % 2, rng.integers(len(tied), size=_POOL), rng.choice(ends, size=_POOL)
    )
    distance = ((scaled[centres][:, None] - scaled) ** 2).sum(axis=2)
    near = np.argsort(distance, axis=1)[:, : _NEIGHBOURS + 1]
    rows = np.arange(_POOL)
    first = near[rows, rng.integers(near.shape[1], size=_POOL)]
    second = near[rows, rng.integers(near.shape[1], size=_POOL)]
    steps = _WIDE * rng.standard_normal((_POOL, 1)) * (logs[first] - logs[second])
    return 1 - np.exp(logs[centres] + steps)


def _parts(run, sets, features):
    """Squared error per history, (B, K)."""
    fitted = np.einsum("bl,blr->br", sets[:, run.linear], features)
    square, groups = (run.targets - fitted) ** 2, run.histories.groups
    return np.array([np.bincount(groups, row, minlength=run.histories.count) for row in square])


def _ties(squares, size):
    """Which sets are as good as the best; ``size`` is the squared length of the targets, whose
    round-off counts as zero.
    """
    return squares <= squares.min() + 1e-12 * size


def best_explaining(tied: np.ndarray, apart: RuleOnHistories) -> np.ndarray:
    """Of the sets that fit alike, the most central of those that do best on the histories held out."""
    squares = ((apart(tied) - apart.targets) ** 2).sum(1)
    tied = tied[_ties(squares, apart.targets @ apart.targets)]
    middle = (tied.min(0) + tied.max(0)) / 2
    offset = (tied - middle) / (np.ptp(tied, axis=0) + 1e-300)
    return tied[np.argmin((offset**2).sum(1))]


def _tied_intervals(found, size, resamples, seed):
    """(c, 2): the range of the ties, at its 2.5 and 97.5 % over bootstraps of the histories."""
    rng, count = np.random.default_rng(seed), found.parts.shape[1]
    low, high = [], []
    for _ in range(resamples):
        weights = np.bincount(rng.integers(count, size=count), minlength=count)
        tied = found.sets[_ties(found.parts @ weights, size)]
        low.append(tied.min(0))
        high.append(tied.max(0))
    accuracy = DIGITS * np.abs(found.sets).max(0)
    least = np.quantile(low, 0.025, axis=0) - accuracy
    most = np.quantile(high, 0.975, axis=0) + accuracy
    return np.column_stack([least, most])
