"""What is counted over runs: the best of a grid, how many of it are better, ratios over seeds."""

import math
from dataclasses import dataclass

import numpy as np

from ...support.arguments import checked
from ...support.errors import ProblemError

LEVEL = 0.95  # of intervals over seeds


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of losses over seeds: geometric mean, and an interval (infinite with one seed)."""

    value: float
    low: float
    high: float
    seeds: int


@checked
def ratio(ours: np.ndarray, theirs: np.ndarray) -> Ratio:
    """ours/theirs, paired by seed.

    The interval is Student's, at 95 %, for the mean of log(ours/theirs) over the S seeds. A run of
    ours that diverged (infinite loss) makes the ratio infinite; one of theirs makes it 0, unless
    both did. There is no interval then.

    Raises ProblemError for different numbers of seeds, and for losses that are not positive.
    """
    from scipy.stats import t

    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.shape != theirs.shape or ours.ndim != 1 or len(ours) == 0:
        raise ProblemError(
            "losses of two methods",
            expected="one of each per seed",
            received=f"shapes {ours.shape} and {theirs.shape}",
            advice="train both on the same seeds",
        )
    if not (np.min(ours) > 0 and np.min(theirs) > 0):
        raise ProblemError(
            "losses of two methods",
            expected="positive numbers, of which a ratio can be told",
            received=f"{min(np.min(ours), np.min(theirs)):g}",
            advice="add the same positive number to both",
        )
    count = len(ours)
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        value = math.inf if not np.isfinite(ours).all() else 0.0
        return Ratio(value=value, low=0.0, high=math.inf, seeds=count)
    logs = np.log(ours / theirs)
    centre = float(np.mean(logs))
    if count == 1:
        return Ratio(value=math.exp(centre), low=0.0, high=math.inf, seeds=1)
    error = float(np.std(logs, ddof=1)) / math.sqrt(count)
    half = float(t.ppf((1 + LEVEL) / 2, count - 1)) * error
    return Ratio(
        value=math.exp(centre),
        low=math.exp(centre - half),
        high=math.exp(min(centre + half, 700.0)),
        seeds=count,
    )


@checked
def best(losses: np.ndarray) -> int:
    """The row of (M, S) losses, M methods on S seeds, with the least mean over the seeds.

    Where the methods are a grid this is the choice that a user could make only after training all,
    and looks a little better than it is.
    """
    return int(np.argmin(np.asarray(losses, float).mean(axis=1)))


@checked
def better(ours: np.ndarray, losses: np.ndarray) -> int:
    """How many rows of (M, S) losses have a smaller mean over the seeds than (S,) ours."""
    return int(np.sum(np.asarray(losses, float).mean(axis=1) < np.mean(ours)))


@checked
def dead(start: np.ndarray, final: np.ndarray, least: np.ndarray | float = 0.0) -> np.ndarray:
    """Which runs diverged, or ended above half of the way from their first loss to ``least``.

    With 0 that is half of the first loss. Where noise leaves a loss that no method gets below, the
    least that any method reached makes it the half of what there was to gain.
    """
    half = 0.5 * (np.asarray(start, float) + least)
    return ~(np.asarray(final, float) <= half)


@checked
def upper_share(failures: int, runs: int) -> float:
    """The largest share of failures that is consistent, at 95 %, with so many failures in so many runs.

    Clopper and Pearson: the share p at which at most ``failures`` of ``runs`` have probability 5 %.
    """
    from scipy.stats import beta

    return 1.0 if failures >= runs else float(beta.ppf(LEVEL, failures + 1, runs - failures))
