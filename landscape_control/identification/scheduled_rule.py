"""A rule whose learning rate is free at every step, fitted to histories; and the name of its course."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares

from ..rules import CausalRule
from ..support.arguments import AnyNumber, Entries, checked
from ..support.arrays import freeze
from ..support.results import Result
from .histories import Histories
from .maps import Criteria
from .rule_on_histories import RuleOnHistories
from .schedule_naming import FEWEST, ScheduleReading, name_schedule

# from the simplest; what else divides by the gradient's size or decays is not told from a schedule
_TRIED = ("sgd", "heavy_ball", "nesterov", "adam")
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

    def __str__(self) -> str:
        symbols = {each.name: each.symbol for each in self.rule.coefficients}
        numbers = ", ".join(
            f"{symbols[name]} = {value:.4g}" for name, value in self.coefficients.items()
        )
        inside = f", {numbers}," if numbers else ""
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
        found = _FreeRates(by_key[key], train).fit(seed)
        error = _held_out_error(by_key[key], found, train, held)
        if best is None or error * criteria.margin < max(best[0], criteria.resolution):
            best = error, by_key[key], found
        if error <= criteria.resolution:
            break
    if best is None or best[0] > threshold:
        return None
    return _named(*best, train)


class _FreeRates:
    """Least squares of α_t and of the other coefficients of one rule."""

    def __init__(self, rule: CausalRule, histories: Histories) -> None:
        self.run = RuleOnHistories(rule, histories)
        self.rule, self.histories = rule, histories
        self.is_rate = np.array([name == "learning_rate" for name in rule.names])

    def fit(self, seed: int) -> np.ndarray:
        """The coefficients, 1 for the learning rate."""
        draws = self.run.draw(seed)
        draws[:, self.is_rate] = 1.0
        if self.is_rate.all():
            return draws[0]
        losses = [float(self.left(row) @ self.left(row)) for row in draws]
        low, high = self.run.bounds[~self.is_rate].T
        size = max(float(np.linalg.norm(self.run.targets)), 1e-300)

        def residual(free: np.ndarray) -> np.ndarray:
            return self.left(self._whole(free)) / size

        result = least_squares(
            residual,
            np.clip(draws[int(np.argmin(losses))][~self.is_rate], low + 1e-9, high - 1e-9),
            bounds=(low, high),
            x_scale="jac",
            xtol=1e-12,
            ftol=1e-12,
            gtol=1e-15,
            max_nfev=60,
        )
        return self._whole(result.x)

    def _whole(self, free: np.ndarray) -> np.ndarray:
        point = np.ones(len(self.is_rate))
        point[~self.is_rate] = free
        return point

    def left(self, coefficients: np.ndarray) -> np.ndarray:
        """What α_t û_t leaves, with the best rates."""
        unit = by_step(self.run, coefficients)
        targets = self.run.targets.reshape(unit.shape)
        return np.asarray(targets - rates_of(unit, targets)[:, None] * unit).ravel()


def by_step(run: RuleOnHistories, coefficients: np.ndarray) -> np.ndarray:
    """(T, K·n) updates of a rule that count."""
    steps = run.histories.gradients.shape[1] - run.histories.settle
    return run(coefficients[None])[0].reshape(steps, -1)


def rates_of(unit: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(T,) the multiples of unit updates (T, R) that are nearest to what was done, step by step."""
    size = (unit**2).sum(axis=1)
    return np.asarray((unit * targets).sum(axis=1) / np.where(size > 0, size, 1.0))


def _held_out_error(
    rule: CausalRule, coefficients: np.ndarray, train: Histories, held: Histories
) -> float:
    run, apart = RuleOnHistories(rule, train), RuleOnHistories(rule, held)
    unit = by_step(run, coefficients)
    rates = rates_of(unit, run.targets.reshape(unit.shape))
    predicted = (rates[:, None] * by_step(apart, coefficients)).ravel()
    return held.relative_error(held.targets - predicted)


def _named(
    error: float,
    rule: CausalRule,
    coefficients: np.ndarray,
    train: Histories,
) -> ScheduledRule:
    run = RuleOnHistories(rule, train)
    unit = by_step(run, coefficients)
    targets = run.targets.reshape(unit.shape)
    rates = rates_of(unit, targets)
    left = targets - rates[:, None] * unit
    spare = max(left.size - len(rates) - len(coefficients), 1)
    variance = float((left**2).sum()) / spare
    size = np.maximum((unit**2).sum(axis=1), 1e-300)
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
