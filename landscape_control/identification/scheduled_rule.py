"""A rule whose learning rate is free at every step, fitted to histories; and the name of its course."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..rules import CausalRule
from ..support.arguments import AnyNumber, Entries, checked
from ..support.arrays import freeze
from ..support.results import Result
from .free_rates import FreeRates
from .histories import Histories
from .maps import Criteria
from .schedule_naming import FEWEST, ScheduleReading, name_schedule

# from the simplest; what else divides by the gradient's size or decays is not told from a schedule
_TRIED = ("sgd", "heavy_ball", "nesterov", "adam", "amsgrad", "rmsprop_with_momentum")
_PER_STEP = 8  # updates that count of one step, for its rate and an error to be read from
_PER_EXACT_STEP = 2  # the same, of a rule that explains histories held out exactly


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ScheduledRule(Result):
    """Δθ_t = α_t û_t: a rule of the library with a learning rate of each step's own.

    Attributes
    ----------
    rule : CausalRule, whose update at learning rate 1 is û
    coefficients : {name: number} of the others
    rates, deviations : (T,), α_t and their standard deviations
    error : relative rms error on histories held out
    schedule : ScheduleReading, what course the rates take
    """

    rule: CausalRule
    coefficients: dict[str, AnyNumber]
    rates: Entries = field(repr=False)
    deviations: Entries = field(repr=False)
    error: AnyNumber
    schedule: ScheduleReading

    @property
    def headline(self) -> str:
        """The rule with the course of its learning rate, in one line."""
        course = "α of each step its own"
        if self.schedule.best is not None:
            fitted = self.schedule.best.fitted
            course = f"α follows {self.schedule.best.name} from {fitted[0]:.4g} to {fitted[-1]:.4g}"
        numbers = f", {self._numbers}" if self._numbers else ""
        return f"{self.rule.name}, {course}{numbers}"

    @property
    def _numbers(self) -> str:
        symbols = {each.name: each.symbol for each in self.rule.coefficients}
        return ", ".join(
            f"{symbols[name]} = {value:.4g}" for name, value in self.coefficients.items()
        )

    def __str__(self) -> str:
        inside = f", {self._numbers}," if self._numbers else ""
        return (
            f"With a learning rate of its own at every step it is {self.rule.name}{inside} (held-out"
            f" error {self.error:.1e}); the rates α_t follow {self.schedule}."
        )


def scheduled_rule(
    rules: Sequence[CausalRule], train: Histories, held: Histories, *, seed: int, criteria: Criteria
) -> ScheduledRule | None:
    """The simplest of a few rules that explains the histories with a rate at each step, or None.

    Rates are shared by all histories, each step's by least squares; it takes several histories, or
    weights, at every step, and a rule that is exact where there are only a few.
    """
    steps = train.gradients.shape[1]
    counted = train.counts.sum(axis=(0, 2))
    if train.spans is not None or train.weight_errors is not None:
        return None  # an update is then not that of one step alone
    if held is train or train.settle or steps < FEWEST or counted.min() < _PER_EXACT_STEP:
        return None
    threshold = criteria.threshold if counted.min() >= _PER_STEP else criteria.resolution
    by_key = {rule.key: rule for rule in rules}
    best = None
    for key in _TRIED:
        if key not in by_key:
            continue
        found = _free_rates(by_key[key], train).fit(seed)
        error = _held_out_error(by_key[key], found, train, held)
        if best is None or error * criteria.margin < max(best[0], criteria.resolution):
            best = error, by_key[key], found
        if error <= criteria.resolution:
            break
    if best is None or best[0] > threshold:
        return None
    return _named(*best, train)


def _free_rates(rule: CausalRule, histories: Histories) -> FreeRates:
    """With a rate for each step."""
    counted = histories.gradients.shape[1] - histories.settle
    each = histories.count * histories.gradients.shape[2]
    return FreeRates(rule, histories, np.repeat(np.arange(counted), each), counted)


def _held_out_error(
    rule: CausalRule, coefficients: np.ndarray, train: Histories, held: Histories
) -> float:
    run, apart = _free_rates(rule, train), _free_rates(rule, held)
    rates = run.rates_of(run.unit_updates(coefficients))
    predicted = rates[apart.groups] * apart.unit_updates(coefficients)
    return held.relative_error(held.targets - predicted)


def _named(
    error: float,
    rule: CausalRule,
    coefficients: np.ndarray,
    train: Histories,
) -> ScheduledRule:
    run = _free_rates(rule, train)
    unit = run.unit_updates(coefficients)
    rates, left = run.rates_of(unit), run.left(coefficients)
    spare = max(left.size - len(rates) - len(coefficients), 1)
    variance = float((left**2).sum()) / spare
    size = np.maximum(np.bincount(run.groups, unit**2), 1e-300)
    deviations = np.sqrt(variance / size)
    others = {
        name: float(value)
        for name, value in zip(rule.names, coefficients, strict=True)
        if name != "learning_rate"
    }
    return ScheduledRule(
        rule=rule,
        coefficients=others,
        rates=freeze(rates),
        deviations=freeze(deviations),
        error=error,
        schedule=name_schedule(rates, errors=deviations),
    )
