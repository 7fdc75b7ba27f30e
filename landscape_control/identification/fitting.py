"""Fitting a causal rule: every candidate is run on the subject's own inputs, its coefficients
shared by all histories.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from ..comparison.fitting import condition_number, fit_linear, relative
from ..rules import CausalRule
from .histories import Histories

_DRAWS = 64  # sets of coefficients tried before the best are refined
_REFINED = 2
_NUDGE = 1e-6
_ROUNDS, _POOL = 12, 128  # for rules with signs: rounds of closing in, and draws in each
_MOST_ALONG, _PATIENCE = (
    80,
    6,
)  # rounds along the ties, and how many in a row may widen them by less than …
_NEIGHBOURS = 12
_STILL = 0.02  # … in log(1 - β)
_ELITE, _CLOSE, _WIDE = (
    16,
    0.7,
    2.0,
)  # sets that draws start from; spread of the draws in units of theirs, in both phases
_DIGITS = 1e-7  # relative accuracy of the minimiser, below which no interval is stated


@dataclass(frozen=True, kw_only=True, eq=False)
class CausalFit:
    """A rule fitted to histories.

    Attributes
    ----------
    coefficients : (c,)
    intervals : (c, 2), central 95 % of the bootstrap over histories
    error : relative rms error on histories held out
    fit_error : the same on the histories fitted
    condition : condition number of the scaled Jacobian of the updates in the coefficients
    fitted : the rule's updates on the histories fitted, in the order of their targets
    """

    coefficients: np.ndarray
    intervals: np.ndarray
    error: float
    fit_error: float
    condition: float
    fitted: np.ndarray


def fit_causal_rule(
    rule: CausalRule, train: Histories, held: Histories, *, seed: int, resamples: int
) -> CausalFit:
    """Least squares of the updates over the admissible coefficients, and what it says about them.

    An output-error fit: the rule runs by its own memory on the gradients that the subject saw, so
    that the subject's previous updates explain nothing. The coefficients in which the update is
    proportional are solved for exactly at each of many draws of the others; the best draws are
    refined together. Intervals: bootstrap over histories of the problem linearised at the optimum.

    A rule with signs fits all the same over a whole range of coefficients. Its error is that of the
    member of the range that does best on the histories held out: the rule is refuted if no member
    explains them. Intervals: the range, bootstrapped.
    """
    run, apart = Run(rule, train), Run(rule, held)
    if rule.smooth:
        coefficients, intervals = _smooth(run, seed, resamples)
    else:
        tied, intervals = _by_zooming(run, seed, resamples)
        coefficients = _explaining(tied, apart)
    fitted = run(coefficients[None])[0]
    return CausalFit(
        coefficients=coefficients,
        intervals=intervals,
        error=relative(held.targets - apart(coefficients[None])[0], held.targets),
        fit_error=relative(train.targets - fitted, train.targets),
        condition=condition_number(run.jacobian(coefficients)) if rule.smooth else 1.0,
        fitted=fitted,
    )


class Run:
    """A rule on histories: sets of coefficients (B, c) -> the updates that count (B, R)."""

    def __init__(self, rule, histories):
        self.rule, self.histories, self.targets = rule, histories, histories.targets
        self.gradients, self.parameters = histories.columns
        self.bounds = np.array([(one.low, one.high) for one in rule.coefficients])
        self._kept = None
        self.linear = np.array([one.name in rule.proportional for one in rule.coefficients])

    def __call__(self, coefficients):
        updates = self.histories.read(
            self.rule.updates(coefficients, self.gradients, self.parameters)
        )
        return np.where(np.isfinite(updates), updates, 1e150)

    def jacobian(self, coefficients):
        """(R, c) by central differences, one-sided at a bound."""
        return self.linearised(coefficients)[1]

    def linearised(self, coefficients):
        """(updates (R,), their Jacobian (R, c)) from one run of all sets side by side; the last
        result is kept.
        """
        if self._kept is None or not np.array_equal(self._kept[0], coefficients):
            self._kept = coefficients.copy(), self._linearise(coefficients)
        return self._kept[1]

    def _linearise(self, coefficients):
        steps = _NUDGE * np.maximum(np.abs(coefficients), 1e-3)
        ahead = np.minimum(coefficients + steps, self.bounds[:, 1])
        behind = np.maximum(coefficients - steps, self.bounds[:, 0])
        count = len(coefficients)
        sets = np.tile(coefficients, (2 * count + 1, 1))
        sets[np.arange(count), np.arange(count)] = ahead
        sets[count + np.arange(count), np.arange(count)] = behind
        values = self(sets)
        return values[-1], ((values[:count] - values[count:-1]) / (ahead - behind)[:, None]).T

    def draw(self, seed):
        """(B, c): the coefficients that are not solved for, spread over the ranges where starts are
        sensible.
        """
        free = [
            one
            for one, linear in zip(self.rule.coefficients, self.linear, strict=True)
            if not linear
        ]
        if not free:
            return np.ones((1, len(self.linear)))
        from scipy.stats import qmc  # a second of imports

        uniform = qmc.Sobol(len(free), seed=seed).random(_DRAWS)
        sets = np.ones((_DRAWS, len(self.linear)))
        sets[:, ~self.linear] = np.column_stack(
            [one.draw(u) for one, u in zip(free, uniform.T, strict=True)]
        )
        return sets

    def solve_linear(self, sets):
        """(sets with their proportional coefficients fitted, squared errors (B,), updates per unit
        (B, l, R)).
        """
        places = np.flatnonzero(self.linear)
        units = np.repeat(sets[:, None], len(places), axis=1)
        units[:, :, places] = np.eye(len(places))
        features = self(units.reshape(-1, sets.shape[1])).reshape(len(sets), len(places), -1)
        gram, moment = features @ features.transpose(0, 2, 1), features @ self.targets
        sets, best = sets.copy(), np.empty((len(sets), len(places)))
        for i in range(len(sets)):
            best[i] = _nonnegative(gram[i], moment[i])
        sets[:, places] = best
        square = (
            np.einsum("bi,bij,bj->b", best, gram, best)
            - 2 * (best * moment).sum(1)
            + self.targets @ self.targets
        )
        return sets, np.where(np.isfinite(square), square, np.inf), features


def _nonnegative(gram, moment):
    """argmin ½cᵀGc - mᵀc over c >= 0, one or two entries."""
    size = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    if len(size) == 1:
        return np.maximum(moment / size**2, 0.0)
    scaled, wanted = gram / np.outer(size, size), moment / size
    free = np.linalg.lstsq(scaled, wanted, rcond=1e-13)[0]
    if (free >= 0).all():
        return free / size
    alone = np.diag(np.maximum(wanted, 0.0))
    return alone[np.argmax(np.maximum(wanted, 0.0))] / size


def _smooth(run, seed, resamples):
    sets, squares, _ = run.solve_linear(run.draw(seed))
    floor = 1e-24 * (run.targets @ run.targets)
    best, least = None, np.inf
    for start in sets[np.argsort(squares)[:_REFINED]]:
        found, square = _refine(run, start)
        if square < least:
            best, least = found, square
        if least <= floor:
            break
    jacobian, residual = run.jacobian(best), run.targets - run(best[None])[0]
    linearised = fit_linear(
        jacobian,
        residual + jacobian @ best,
        run.histories.groups,
        run.bounds,
        folds=2,
        resamples=resamples,
        seed=seed,
    )
    around = np.column_stack(
        [np.minimum(linearised.intervals[:, 0], best), np.maximum(linearised.intervals[:, 1], best)]
    )
    accuracy = _DIGITS * np.maximum(np.abs(best), np.where(run.linear, 0.0, 1e-3))
    return best, np.clip(around + accuracy[:, None] * [-1, 1], *run.bounds.T[:, :, None])


def _refine(run, start):
    if run.linear.all():
        return start, float(((run.targets - run(start[None])[0]) ** 2).sum())
    low, high = run.bounds.T
    inside = np.clip(
        start, low + 1e-10 * (1 + np.abs(low)), high - 1e-10 * np.minimum(1 + np.abs(high), 1e10)
    )
    size = np.linalg.norm(run.targets)
    result = least_squares(
        lambda c: (run.linearised(c)[0] - run.targets) / size,
        inside,
        jac=lambda c: run.jacobian(c) / size,
        bounds=(low, high),
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-9,
        gtol=1e-15,
        max_nfev=40,
    )
    return _onto_bounds(run, result.x, 2 * result.cost * size**2)


def _onto_bounds(run, found, square):
    """The same with coefficients next to a bound put on it, one by one, where that costs nothing."""
    slack = 1e-9 * square + 1e-18 * (run.targets @ run.targets)
    for i, bounds in enumerate(run.bounds):
        for bound in bounds[np.isfinite(bounds)]:
            if 0 < abs(found[i] - bound) <= 1e-4:
                moved = found.copy()
                moved[i] = bound
                there = float(((run.targets - run(moved[None])[0]) ** 2).sum())
                if there <= square + slack:
                    found, square = moved, min(there, square)
    return found, square


def _by_zooming(run, seed, resamples):
    """(sets that fit best, all alike (B, c), intervals): draws around the best so far, then along
    the ties.

    The ties are followed until several rounds of draws in a row no longer widen them: the interval
    of a rule with signs is as wide as its ties are, and ends where the draws do if they stop early.
    """
    rng, size = np.random.default_rng(seed), run.targets @ run.targets
    sets, squares, features = run.solve_linear(run.draw(seed))
    found = [sets, squares, _parts(run, sets, features)]
    for _ in range(_ROUNDS):
        elite = np.argsort(found[1])[:_ELITE]
        _extend(run, found, _around(found[0][elite], _CLOSE, rng))
    reached, still = _widths(found, size), 0
    for _ in range(_MOST_ALONG):
        tied = _ties(found[1], size)
        if tied.sum() == 1:  # nothing ties: the subject is not such a rule
            break
        _extend(run, found, _along(found[0][tied], rng))
        before, reached = reached, _widths(found, size)
        still = still + 1 if (reached <= before + _STILL).all() else 0
        if still == _PATIENCE:
            break
    sets, squares, parts = found
    return sets[_ties(squares, size)], _tied_intervals(sets, parts, size, resamples, seed)


def _extend(run, found, moved):
    """Add draws to the sets found, with their errors."""
    sets, squares, parts = found
    moved, errors, features = run.solve_linear(np.clip(moved, *run.bounds.T))
    found[:] = [
        np.concatenate([sets, moved]),
        np.concatenate([squares, errors]),
        np.concatenate([parts, _parts(run, moved, features)]),
    ]


def _widths(found, size):
    """Ranges of the sets that fit alike, in log(1 - β), (c,)."""
    sets, squares, _ = found
    return np.ptp(np.log(np.maximum(1 - sets[_ties(squares, size)], 1e-12)), axis=0)


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


def _explaining(tied, apart):
    """Of the sets that fit alike, the most central of those that do best on the histories held out."""
    squares = ((apart(tied) - apart.targets) ** 2).sum(1)
    tied = tied[_ties(squares, apart.targets @ apart.targets)]
    middle = (tied.min(0) + tied.max(0)) / 2
    return tied[np.argmin((((tied - middle) / (np.ptp(tied, axis=0) + 1e-300)) ** 2).sum(1))]


def _tied_intervals(sets, parts, size, resamples, seed):
    rng, count = np.random.default_rng(seed), parts.shape[1]
    low, high = [], []
    for _ in range(resamples):
        weights = np.bincount(rng.integers(count, size=count), minlength=count)
        tied = sets[_ties(parts @ weights, size)]
        low.append(tied.min(0))
        high.append(tied.max(0))
    accuracy = _DIGITS * np.abs(sets).max(0)
    return np.column_stack(
        [np.quantile(low, 0.025, axis=0) - accuracy, np.quantile(high, 0.975, axis=0) + accuracy]
    )
