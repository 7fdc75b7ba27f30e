"""Rules with signs fitted: whole ranges of their coefficients give the same updates.

Their squared error is piecewise constant. A cross-entropy search (Rubinstein 1999) closes in, then
the ties are followed to their ends.

Draws are made in log(1 - β), in which the momenta 0.9, 0.99 and 0.999 are equally far apart.
"""

from dataclasses import dataclass

import numpy as np

from .rule_on_histories import DIGITS, RuleOnHistories

_ROUNDS, _POOL = 12, 128  # rounds of closing in, and draws in each
_MOST_ALONG = 80  # rounds along the ties
_PATIENCE = 6  # rounds in a row that may widen the ties by less than _STILL
_STILL = 0.02  # in log(1 - β)
_NEIGHBOURS = 12
_EXPLAINED = 0.1  # of the targets' squared length: beyond it a rule is too far off to have a range
_ELITE = 16  # sets that draws start from
_CLOSE, _WIDE = 0.7, 2.0  # spread of the draws in units of that of the elite, of the ties


def fit_ties(run: RuleOnHistories, seed: int, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """(sets that fit best, all alike (B, c), intervals (c, 2)).

    The ties are followed until several rounds of draws in a row no longer widen them: the interval
    of a rule with signs is as wide as its ties are, and ends where the draws do if they stop early.
    Those of a rule that leaves a tenth of the squared updates unexplained are not followed: it is
    refuted, and how far a wrong rule is alike says nothing. Of histories with many weights, some are
    enough to see that.
    """
    rng = np.random.default_rng(seed)
    size = run.targets @ run.targets
    tried = _cross_entropy_search(run.coarse, rng, seed)
    if run.coarse is not run:
        size_of_some = run.coarse.targets @ run.coarse.targets
        if tried.squares.min() > _EXPLAINED * size_of_some:
            run, size = run.coarse, size_of_some
        else:
            tried = _cross_entropy_search(run, rng, seed)
    if tried.squares.min() <= _EXPLAINED * size:
        tried = _follow_ties(run, tried, size, rng)
    tied = tried.sets[_ties(tried.squares, size)]
    return tied, _tied_intervals(tried, size, resamples, seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tried:
    """Sets of coefficients (B, c), their squared errors (B,), and those per history (B, K)."""

    sets: np.ndarray
    squares: np.ndarray
    parts: np.ndarray

    def extended(self, run: RuleOnHistories, moved: np.ndarray) -> "_Tried":
        """With further draws, clipped into the admissible ranges."""
        more = _try(run, np.clip(moved, *run.bounds.T))
        return _Tried(
            sets=np.concatenate([self.sets, more.sets]),
            squares=np.concatenate([self.squares, more.squares]),
            parts=np.concatenate([self.parts, more.parts]),
        )


def _try(run: RuleOnHistories, sets: np.ndarray) -> _Tried:
    fitted, squares, parts = run.solve_by_history(sets)
    return _Tried(sets=fitted, squares=squares, parts=parts)


def _cross_entropy_search(run: RuleOnHistories, rng: np.random.Generator, seed: int) -> _Tried:
    """Rounds of draws from a Gaussian with the shape of the best sets so far."""
    tried = _try(run, run.draw(seed))
    for _ in range(_ROUNDS):
        elite = np.argsort(tried.squares)[:_ELITE]
        tried = tried.extended(run, _around(tried.sets[elite], _CLOSE, rng))
    return tried


def _follow_ties(
    run: RuleOnHistories, tried: _Tried, size: float, rng: np.random.Generator
) -> _Tried:
    """Rounds of draws along the sets that tie, until several in a row hardly widen their range."""
    reached, still = _widths(tried, size), 0
    for _ in range(_MOST_ALONG):
        tied = _ties(tried.squares, size)
        if tied.sum() == 1:  # nothing ties: the subject is not such a rule
            break
        tried = tried.extended(run, _along(tried.sets[tied], rng))
        before, reached = reached, _widths(tried, size)
        is_wider = (reached > before + _STILL).any()
        still = 0 if is_wider else still + 1
        if still == _PATIENCE:
            break
    return tried


def _logs(sets: np.ndarray) -> np.ndarray:
    """log(1 - β) of every coefficient."""
    return np.log(np.maximum(1 - sets, 1e-12))


def _widths(tried: _Tried, size: float) -> np.ndarray:
    """Ranges of the sets that fit alike, in log(1 - β), (c,)."""
    return np.ptp(_logs(tried.sets[_ties(tried.squares, size)]), axis=0)


def _around(sets: np.ndarray, wide: float, rng: np.random.Generator) -> np.ndarray:
    """Draws around some sets, from a Gaussian of their own shape, ``wide`` times as wide."""
    logs = _logs(sets)
    # a combination of the centred sets with standard normal weights has their covariance
    centred = (logs - logs.mean(0)) / np.sqrt(len(sets))
    steps = wide * rng.standard_normal((_POOL, len(sets))) @ centred
    return 1 - np.exp(logs[rng.integers(len(sets), size=_POOL)] + steps)


def _along(tied: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws along sets that tie, half of them from the ends, in the direction of two neighbours.

    The ties of a rule with signs lie along thin curves, which a draw of their overall shape would
    leave.
    """
    logs = _logs(tied)
    spread = np.ptp(logs, axis=0)
    scaled = logs / np.where(spread > 0, spread, 1.0)
    ends = np.concatenate([scaled.argmin(axis=0), scaled.argmax(axis=0)])
    anywhere = rng.integers(len(tied), size=_POOL)
    at_an_end = rng.choice(ends, size=_POOL)
    centres = np.where(np.arange(_POOL) % 2, anywhere, at_an_end)
    distance = ((scaled[centres][:, None] - scaled) ** 2).sum(axis=2)
    count = min(_NEIGHBOURS + 1, len(tied))
    near = np.argpartition(distance, count - 1, axis=1)[:, :count]  # in any order
    rows = np.arange(_POOL)
    first = near[rows, rng.integers(near.shape[1], size=_POOL)]
    second = near[rows, rng.integers(near.shape[1], size=_POOL)]
    steps = _WIDE * rng.standard_normal((_POOL, 1)) * (logs[first] - logs[second])
    return 1 - np.exp(logs[centres] + steps)


def _ties(squares: np.ndarray, size: float) -> np.ndarray:
    """Which sets are as good as the best, up to round-off of the targets' squared length ``size``."""
    return squares <= squares.min() + 1e-12 * size


def best_explaining(tied: np.ndarray, apart: RuleOnHistories) -> np.ndarray:
    """Of the sets that fit alike, the most central of those that do best on the histories held out."""
    squares = apart.squared_errors(tied)
    tied = tied[_ties(squares, apart.targets @ apart.targets)]
    middle = (tied.min(0) + tied.max(0)) / 2
    offset = (tied - middle) / (np.ptp(tied, axis=0) + 1e-300)
    return tied[np.argmin((offset**2).sum(1))]


def _tied_intervals(tried: _Tried, size: float, resamples: int, seed: int) -> np.ndarray:
    """(c, 2): the range of the ties, at its 2.5 and 97.5 % over bootstraps of the histories."""
    rng = np.random.default_rng(seed)
    count = tried.parts.shape[1]
    low, high = [], []
    for _ in range(resamples):
        # how often each history is drawn; the errors of a set are sums over histories
        weights = np.bincount(rng.integers(count, size=count), minlength=count)
        tied = tried.sets[_ties(tried.parts @ weights, size)]
        low.append(tied.min(0))
        high.append(tied.max(0))
    accuracy = DIGITS * np.abs(tried.sets).max(0)
    least = np.quantile(low, 0.025, axis=0) - accuracy
    most = np.quantile(high, 0.975, axis=0) + accuracy
    return np.column_stack([least, most])
