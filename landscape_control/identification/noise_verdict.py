"""Rules judged against noise of a known size: by the likelihood, not by how much is left over.

Where noise is a large part of the updates, what a rule leaves is mostly noise, the same for all
rules. What tells two of them apart is the difference of their χ², the squared whitened residuals in
units of the noise: it has the standard error 2d for rules that are d apart in these units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..rules import CausalRule
from .histories import Histories
from .maps import Criteria, RuleFit
from .maps.formatting import percent
from .rule_on_histories import RuleOnHistories

DECISIVE = 16.0  # difference of two χ² that refutes the larger: four standard errors of one number
_SURE = 10.0  # times its share of the updates, noise hides differences between rules
_HALF_A_DIGIT = np.sqrt(3)  # δ/2 in units of its rounding error δ/√12
_ROUNDED_AWAY = (
    "The updates are smaller than half the distance of neighbouring stored weights, so that many are"
    " rounded to nothing and others up, which follows the updates and is no noise: record the"
    " training with more digits of the weights, or with larger steps."
)
_MATERIAL = 0.2  # of rms Δθ: a richer rule that may differ by less is no other policy


@dataclass(frozen=True, kw_only=True, eq=False)
class _Predicted:
    """What one rule says of the updates: χ², and its updates themselves, white and as they are."""

    square: float
    white: np.ndarray
    plain: np.ndarray


def is_limited(histories: Histories, criteria: Criteria) -> bool:
    """Whether noise of known size hides differences that the criteria ask for.

    Noise of the weights always does: it is judged by what it leaves, not by how large it is.
    """
    if histories.whitening is not None:
        return True
    size = float(np.linalg.norm(histories.targets))
    return 2 * _SURE * histories.noise > criteria.threshold * size


class NoisyJudge:
    """Rules fitted to updates with errors of known size, held against each other."""

    def __init__(self, histories: Histories, criteria: Criteria) -> None:
        self.histories, self.exact, self.criteria = histories, histories.exact, criteria
        self.count = int(histories.counts.sum())
        self.unit = histories.noise / np.sqrt(self.count)
        self.targets = histories.targets / self.unit
        self._predicted: dict[str, _Predicted] = {}

    def rescored(self, rows: Sequence[RuleFit]) -> list[RuleFit]:
        """The rows with errors that noise has no part in, relative to rms Δθ.

        The best rule by χ² has what it leaves beyond the noise; a rule that is no worse to within
        the noise has the same, and any other its distance from the best one in addition.
        """
        for row in rows:
            self._of(row)
        best = min(rows, key=lambda row: self._predicted[row.key].square)
        left = self._left(best)
        first = self._predicted[best.key]
        size = max(float(np.linalg.norm(first.plain)), 1e-300)
        errors = []
        for row in rows:
            predicted = self._predicted[row.key]
            is_refuted = predicted.square - first.square > DECISIVE
            apart = float(np.linalg.norm(predicted.plain - first.plain)) / size
            errors.append(float(np.hypot(left, apart)) if is_refuted else left)
        return [
            replace(row, error=error, fit_error=max(error, left))
            for row, error in zip(rows, errors, strict=True)
        ]

    def undecided(self, rows: Sequence[RuleFit]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(keys of the rules that this noise does not tell apart, notes), the preferred one first.

        Empty where the preferred rule is the only one that fits: others are refuted, or are it.
        """
        first, predicted = rows[0], self._of(rows[0])
        explained = float(self.targets @ self.targets) - predicted.square
        if explained < DECISIVE + len(first.coefficients):
            return tuple(row.key for row in rows), (self._nothing_but_noise(explained),)
        if self._is_rounded_away(predicted):
            return tuple(row.key for row in rows if self._fits(row, predicted)), (_ROUNDED_AWAY,)
        others, needed = [], 0.0
        for row in rows[1:]:
            if not self._fits(row, predicted):
                continue
            factor = self._missing(first, row)
            if factor > 0:
                others.append(row.key)
                needed = max(needed, factor)
        if not others:
            return (), ()
        return (first.key, *others), (self._more(needed),)

    def _fits(self, row: RuleFit, first: _Predicted) -> bool:
        """Whether a rule is no worse than the preferred one, to within the noise."""
        return self._of(row).square - first.square <= DECISIVE

    def _is_rounded_away(self, predicted: _Predicted) -> bool:
        """Whether updates are so small beside the stored digits that rounding is no noise.

        Errors of s = δ/√12, δ the distance of neighbouring stored numbers, are independent of the
        updates where these are larger than that; an update below δ/2 is lost as often as not.
        """
        if self.histories.whitening is not None:
            return False
        moved = float(np.sqrt(predicted.plain @ predicted.plain / self.count))
        return moved < _HALF_A_DIGIT * np.sqrt(self._update_variance())

    def _of(self, row: RuleFit) -> _Predicted:
        """What the rule says, computed once; of a rule that came in later too."""
        if row.key not in self._predicted:
            self._predicted[row.key] = self._predict(row)
        return self._predicted[row.key]

    def _predict(self, row: RuleFit) -> _Predicted:
        run = RuleOnHistories(rule_of(row), self.histories)
        columns = np.nan_to_num(run.columns(coefficients_of(row)[None])[0])
        white = self.histories.read(columns) / self.unit
        # a number that is fitted takes one from χ², which it is no better a rule for
        square = float(np.sum((self.targets - white) ** 2)) + run.memory_numbers
        return _Predicted(square=square, white=white, plain=self.exact.read(columns))

    def _left(self, best: RuleFit) -> float:
        """What the best rule leaves beyond the noise, 0 unless it is four standard errors more."""
        predicted = self._predicted[best.key]
        excess = predicted.square - self.count
        if excess <= 4 * np.sqrt(2 * self.count):
            return 0.0
        size = max(float(self.targets @ self.targets) - self.count, 1.0)
        in_weights = np.sqrt(excess / size)
        residual = self.exact.targets - predicted.plain
        variance = self._update_variance()
        left = float(residual @ residual) - self.count * variance
        moved = max(float(predicted.plain @ predicted.plain), 1e-300)
        # squares of neighbours are correlated ¼: their sum has 3/2 of the usual variance
        is_sure = left > 4 * np.sqrt(3 * self.count) * variance
        in_updates = np.sqrt(left / moved) if is_sure else 0.0
        return float(max(in_weights, in_updates))

    def _update_variance(self) -> float:
        """Mean square of what the updates are off by."""
        seen, counts = self.histories, self.histories.counts
        total = 0.0
        if seen.errors is not None:
            total += float(np.mean(np.asarray(seen.errors)[counts] ** 2))
        if seen.weight_errors is not None:
            total += 2 * float(np.mean(np.asarray(seen.weight_errors)[counts] ** 2))
        return total

    def _missing(self, first: RuleFit, other: RuleFit) -> float:
        """How many times as many updates would decide between two rules, 0 where nothing is open."""
        one, two = self._of(first), self._of(other)
        size = max(float(np.linalg.norm(one.plain)), 1e-300)
        apart = float(np.linalg.norm(two.plain - one.plain)) / size
        if first.key not in other.rule.contains:
            if apart <= self.criteria.threshold:
                return 0.0
            distance = float(np.sum((two.white - one.white) ** 2))
            return max(DECISIVE / max(distance, 1e-300), 2.0)
        reach = float(np.hypot(apart, self._spread(other) / size))
        return max((reach / _MATERIAL) ** 2, 2.0) if reach > _MATERIAL else 0.0

    def _spread(self, row: RuleFit) -> float:
        """Standard error of a rule's updates, as a length, from that of its coefficients."""
        rule, at = rule_of(row), coefficients_of(row)
        if not rule.smooth or not at.size:
            return 0.0
        white = RuleOnHistories(rule, self.histories).jacobian(at) / self.unit
        plain = RuleOnHistories(rule, self.exact).jacobian(at)
        return _root_trace(plain, white)

    # ---- words

    def _nothing_but_noise(self, explained: float) -> str:
        factor = (DECISIVE + 4) / max(explained, 1.0)
        return f"{self._what()} explains these updates without any rule." + self._remedy(factor)

    def _more(self, factor: float) -> str:
        return f"{self._what()} hides what tells these rules apart." + self._remedy(factor)

    def _what(self) -> str:
        variance = self._update_variance()
        square = float(np.mean(self.exact.targets[self.exact.targets != 0] ** 2))
        share = percent(min(np.sqrt(variance / max(square, 1e-300)), 1.0))
        name = "Storing the weights with few digits"
        if self.histories.whitening is not None:
            name = "Noise of the recorded weights"
        return f"{name} is {share} of rms Δθ and"

    def _remedy(self, factor: float) -> str:
        return (
            f" About {factor:.2g} times as many updates would settle it, or weights recorded"
            f" {np.sqrt(factor):.2g} times as exactly."
        )


def _root_trace(plain: np.ndarray, white: np.ndarray) -> float:
    """√ of the trace of P(WᵀW)⁻¹Pᵀ; directions without effect do not count."""
    sizes = np.maximum(np.linalg.norm(white, axis=0), 1e-300)
    gram = (white / sizes).T @ (white / sizes)
    moved = (plain / sizes).T @ (plain / sizes)
    return float(np.sqrt(max(np.trace(np.linalg.pinv(gram, rcond=1e-12) @ moved), 0.0)))


def rule_of(row: RuleFit) -> CausalRule:
    """The rule of a row of histories."""
    assert isinstance(row.rule, CausalRule), "only causal rules are fitted to histories"
    return row.rule


def coefficients_of(row: RuleFit) -> np.ndarray:
    """(c,), in the order of the rule's names."""
    return np.array([row.coefficients[name] for name in rule_of(row).names])
