"""Updates that are a rule's plus something else: white noise, or what other weights see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..rules import CausalRule
from ..support.arguments import AnyNumber, checked
from ..support.results import Result
from .histories import Histories
from .maps import RuleFit
from .maps.formatting import percent
from .permutations import common_to_columns, goes_with, lag_one, white_in_time
from .rule_on_histories import RuleOnHistories

LEVEL = 0.01  # false alarms of all tests of one answer together
_FEWEST = 20  # steps and
_ENTRIES = 200  # updates held out, to tell noise from a rule that is not here
_MOST_STEPS = 600
_MOST_ENTRIES = 60_000
_OF_WEIGHTS = -0.3  # correlation of neighbouring steps, -½ where nothing else is left
_EXCHANGED = 6  # histories, at least, between which norms are exchanged
_TREND = 5  # degree of the polynomial in time that is taken out of norms
_BLOCK = 8  # steps, at least, whose squared errors are one number of the comparison of two rules
_WHITE, _INPUTS, _SIZE = "white in time", "independent of the gradients", "of one size"
_COMMON, _COUPLED = "independent between weights", "independent of the other weights' gradients"


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class RandomUpdates(Result):
    """A rule, and what the updates are beside it.

    Attributes
    ----------
    fit : RuleFit, the simplest rule that none of the others beats on histories held out
    alike : keys of other rules with as few numbers that are not beaten either
    deviation, interval : standard deviation of what it leaves, per update, with a 95 % interval
    share : the same over the rms of the updates
    tests : {what holds if it is noise: p}, by permutation on histories held out
    lag_one : correlation of what is left at neighbouring steps: 0 for noise of the updates, -½ for
        noise of the recorded weights
    level : of false alarms of all tests together; each is held against its share of it
    """

    fit: RuleFit
    alike: tuple[str, ...]
    deviation: AnyNumber
    interval: tuple[AnyNumber, AnyNumber]
    share: AnyNumber
    tests: Mapping[str, AnyNumber]
    lag_one: AnyNumber
    level: AnyNumber = LEVEL

    @property
    def rejected(self) -> tuple[str, ...]:
        """What does not hold."""
        return tuple(what for what, p in self.tests.items() if p <= self.level / len(self.tests))

    @property
    def is_white(self) -> bool:
        """Whether what is left passes for white noise that is independent of everything seen."""
        return not self.rejected

    @property
    def is_telling(self) -> bool:
        """Whether it says more than that no rule fits: white noise, or noise of another kind."""
        of_weights = _WHITE in self.rejected and self.lag_one < _OF_WEIGHTS
        return self.is_white or of_weights or _COUPLED in self.rejected or _COMMON in self.rejected

    @property
    def temperature(self) -> float:
        """τ of Langevin dynamics Δθ = -α y + √(2ατ) ξ with the rule's learning rate α."""
        rate = float(self.fit.coefficients.get("learning_rate", np.nan))
        return self.deviation**2 / (2 * rate) if rate > 0 else np.nan

    def __str__(self) -> str:
        low, high = self.interval
        numbers = ", ".join(
            f"{each.symbol} = {self.fit.coefficients[each.name]:.4g}"
            f" [{self.fit.intervals[each.name][0]:.4g}, {self.fit.intervals[each.name][1]:.4g}]"
            for each in self.fit.rule.coefficients
        )
        size = f"sd {self.deviation:.4g} [{low:.4g}, {high:.4g}] per update"
        if not self.is_white:
            return self._not_white(size)
        words = (
            f"It is {self.fit.name}, {numbers}, plus white noise of {size} ({percent(self.share)} of"
            " the updates): σ√h with the length h of a step, as in Langevin dynamics of temperature"
            f" {self.temperature:.3g}. On histories held out what is left is {', '.join(self.tests)}"
            f" (false alarms {percent(self.level)}, all tests together)."
        )
        if self.alike:
            others = ", ".join(key.replace("_", " ") for key in self.alike)
            words += f" With this noise it is not told apart from {others}."
        return words

    def _not_white(self, size: str) -> str:
        words = (
            f"What the nearest rule, {self.fit.name}, leaves ({size}) is no white noise beside it: it"
            f" is not {', nor '.join(self.rejected)} (false alarms {percent(self.level)})."
        )
        if _WHITE in self.rejected and self.lag_one < _OF_WEIGHTS:
            words += (
                f" Its correlation from step to step is {self.lag_one:.2f}, as noise of the recorded"
                " weights gives (-0.5)."
            )
        return words


def random_updates(
    rows: Sequence[RuleFit], train: Histories, held: Histories, *, seed: int
) -> RandomUpdates | None:
    """The rule below the noise and the noise, None where too little is held out to say.

    A rule is beaten where another one's squared errors on histories held out are smaller by more
    than chance: a one-sided t test over blocks of steps at the level of 1 %, shared among the others.
    """
    sample = _whole_steps(held)
    if held is train or sample is None or held.spans is not None:
        return None
    lefts = {row.key: _left(row, sample)[0] for row in rows}
    row, alike = _unbeaten(rows, lefts)
    left, run = _left(row, sample)
    tests = _tests(row, left, run, sample, np.random.default_rng(seed))
    deviation = float(np.sqrt(np.mean(left**2)))
    # the variance of N independent numbers of this kurtosis is known to √((κ-1)/N) of itself
    kurtosis = float(np.mean(left**4)) / max(deviation**4, 1e-300)
    half = 1.96 * 0.5 * np.sqrt(max(kurtosis - 1, 0.0) / left.size)
    return RandomUpdates(
        fit=row,
        alike=alike,
        deviation=deviation,
        interval=(deviation * float(np.exp(-half)), deviation * float(np.exp(half))),
        share=deviation / max(float(np.sqrt(np.mean(run.targets**2))), 1e-300),
        tests=tests,
        lag_one=lag_one(left),
    )


def _whole_steps(histories: Histories) -> Histories | None:
    """The steps at which every update counts, without weights, and no more than are affordable."""
    counts = np.asarray(histories.counts[:, histories.settle :]).all(axis=(0, 2))
    counts = np.atleast_1d(counts)
    ends = np.flatnonzero(~counts)
    length = histories.settle + (int(ends[0]) if ends.size else len(counts))
    length = min(length, histories.settle + _MOST_STEPS)
    weights = histories.gradients.shape[2]
    most = max(_MOST_ENTRIES // (max(length, 1) * weights), 1)
    chosen = histories
    if histories.count > most:
        chosen = histories.chosen(np.linspace(0, histories.count - 1, most).astype(int))
    steps = length - histories.settle
    if steps < _FEWEST or steps * chosen.count * weights < _ENTRIES:
        return None
    parameters = chosen.parameters
    return replace(
        chosen,
        gradients=np.asarray(chosen.gradients)[:, :length],
        updates=np.asarray(chosen.updates)[:, :length],
        parameters=None if parameters is None else np.asarray(parameters)[:, :length],
        norms=chosen.gradient_norms[:, :length],
        errors=None,
        weight_errors=None,
    )


def _left(row: RuleFit, sample: Histories) -> tuple[np.ndarray, RuleOnHistories]:
    """((T, C) of the updates that the rule leaves, its run)."""
    rule = row.rule
    assert isinstance(rule, CausalRule), "only causal rules are fitted to histories"
    run = RuleOnHistories(rule, sample)
    predicted = run(np.array([[row.coefficients[name] for name in rule.names]]))[0]
    steps = sample.gradients.shape[1] - sample.settle
    return (run.targets - predicted).reshape(steps, -1), run


def _unbeaten(
    rows: Sequence[RuleFit], lefts: Mapping[str, np.ndarray]
) -> tuple[RuleFit, tuple[str, ...]]:
    """(the simplest rule that none beats, keys of the others of as few numbers that none beats)."""
    level = LEVEL / max(len(rows) - 1, 1)
    losses = {key: _block_losses(left) for key, left in lefts.items()}

    def is_beaten(row: RuleFit) -> bool:
        gains = (losses[row.key] - losses[other.key] for other in rows if other is not row)
        return any(_p_of_mean(gain) <= level for gain in gains)

    standing = [row for row in rows if not is_beaten(row)]
    ordered = sorted(
        standing or rows, key=lambda row: (row.rule.richness[0], float(losses[row.key].sum()))
    )
    first = ordered[0]
    alike = [row.key for row in ordered[1:] if len(row.rule.names) == len(first.rule.names)]
    return first, tuple(alike)


def _block_losses(left: np.ndarray) -> np.ndarray:
    """Sums of squares over blocks of steps of each column."""
    begins = np.arange(0, len(left) - _BLOCK + 1, _BLOCK)
    return np.add.reduceat(left**2, begins, axis=0).ravel()


def _p_of_mean(gains: np.ndarray) -> float:
    """One-sided p of a mean that is not above zero, by Student's t."""
    from scipy.special import stdtr

    spread = float(gains.std(ddof=1))
    if not spread > 0:
        return 1.0 if gains.mean() <= 0 else 0.0
    count = len(gains)
    return float(stdtr(count - 1, -gains.mean() / spread * np.sqrt(count)))


def _tests(
    row: RuleFit,
    left: np.ndarray,
    run: RuleOnHistories,
    sample: Histories,
    rng: np.random.Generator,
) -> dict[str, float]:
    names = row.rule.names
    tangent = np.nan_to_num(run.jacobian(np.array([row.coefficients[name] for name in names])))
    settle = sample.settle
    seen = run.gradients[settle:]
    fitted = run.targets.reshape(left.shape) - left
    before = np.vstack([np.zeros_like(seen[:1]), seen[:-1]])
    inputs = [seen, before, fitted, np.sign(seen), seen**3]
    # numbers of the rule that are a little off leave nothing that goes with these
    cleared = [_cleared(each.ravel(), tangent).reshape(left.shape) for each in inputs]
    size = np.abs(seen) - np.abs(seen).mean(axis=0)
    square = left**2 - (left**2).mean(axis=0)
    tests = {
        _WHITE: white_in_time(left, rng),
        _INPUTS: goes_with(left, cleared, rng),
        _SIZE: goes_with(square, [size, size**2 - (size**2).mean(axis=0)], rng),
    }
    if left.shape[1] > 1:
        tests[_COMMON] = common_to_columns(left, rng)
    others = np.sqrt(np.maximum(sample.square_columns[settle:] - seen**2, 0.0))
    if (others > 1e-9 * np.sqrt(sample.square_columns[settle:]).max()).any():
        logs = np.log(np.abs(seen) + 1e-9 * np.abs(seen).max() + 1e-300)
        own = [seen, np.sign(seen), seen**3, seen * logs, fitted * logs]
        alone = np.column_stack([tangent, *(each.ravel() for each in own)])
        tests[_COUPLED] = _of_others(left, fitted, others, alone, sample.count, rng)
    return tests


def _of_others(
    left: np.ndarray,
    fitted: np.ndarray,
    others: np.ndarray,
    alone: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> float:
    """p of a gain of the rule that does not depend on the norm of the other weights' gradients.

    ``alone`` (R, f) is what the weight's own gradient could explain, which is taken out first: it is
    large where those of the others are. Norms are exchanged between histories, so that what changes
    with time alone is no coupling. Where all histories have the same norms, as the weights of one
    training run have, they are exchanged between steps, less a polynomial in time.
    """
    gain = _cleared(left.ravel(), alone).reshape(left.shape) * fitted
    logs = np.log(others + 1e-3 * others.mean() + 1e-300)
    by_history = logs.reshape(len(logs), count, -1)
    if count >= _EXCHANGED and np.ptp(by_history.mean(axis=2), axis=1).max() > 0.1:
        centred = by_history - by_history.mean(axis=1, keepdims=True)
        rows = [_of_histories(each) for each in (centred, centred**2)]
        return goes_with(_of_histories(gain.reshape(centred.shape)), rows, rng)
    times = np.linspace(-1, 1, len(logs))
    trend = np.polynomial.legendre.legvander(times, _TREND)
    steady = _without(logs, trend)
    return goes_with(gain, [steady, _without(steady**2, trend)], rng)


def _of_histories(array: np.ndarray) -> np.ndarray:
    """(T, K, n) -> (K, T·n), less the mean over histories."""
    rows = array.transpose(1, 0, 2).reshape(array.shape[1], -1)
    return np.asarray(rows - rows.mean(axis=0))


def _without(array: np.ndarray, trend: np.ndarray) -> np.ndarray:
    """What of an array (T, C) no combination of the columns (T, f) explains."""
    return np.asarray(array - trend @ np.linalg.lstsq(trend, array, rcond=None)[0])


def _cleared(array: np.ndarray, tangent: np.ndarray) -> np.ndarray:
    """What of an array (R,) is orthogonal to the columns of a tangent (R, f)."""
    size = np.linalg.norm(tangent, axis=0)
    kept = tangent[:, size > 0] / size[size > 0]
    if not kept.shape[1]:
        return array
    return np.asarray(array - kept @ np.linalg.lstsq(kept, array, rcond=1e-9)[0])
