"""A learning rate for each weight: rules that are one but for the size of their steps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..rules import CausalRule, Rule
from .free_rates import FreeRates
from .histories import Histories
from .identification import Identification
from .maps.fitting import relative
from .recorded_run import RecordedRun
from .recording import Recording

_PER_WEIGHT = 10  # updates of each weight, at least
_SIMPLE = 2  # coefficients of a rule that is always looked for
_ALWAYS = (
    "adam",
    "amsgrad",
    "rmsprop_with_momentum",
    "clipped_sgd",
    "clipped_heavy_ball",
)  # and these, of more
_NEAREST = 3
_NEAR = 0.3  # relative error of the weights' paths: the rest may be noise
_EXACT = 1e-5  # the same, below which no further rule is looked for
_SHOWN = 6


def with_rates(
    verdict: Identification, recording: Recording, seed: int
) -> tuple[Recording, np.ndarray] | None:
    """(recording with a learning rate of its own for each weight, these rates, the largest 1).

    A weight whose rate is zero is left out. None where no rule is near the updates with such rates,
    or where there is one weight only.
    """
    names, places = np.unique(recording.weight_numbers, return_inverse=True)
    # weights with small steps count by what noise of the recording may hide, all to the same extent
    seen = recording.histories(weight_noise=recording.weight_noise or 1.0)
    if len(names) < 2 or seen.counts.sum() < _PER_WEIGHT * len(names):
        return None
    least, best = np.inf, np.ones(len(names))
    for rule in _looked_for(verdict):
        rates, error = _fitted_rates(rule, seen, places, len(names), seed)
        if error < least:
            least, best = error, rates
        if least <= _EXACT:
            break
    if least > _NEAR:
        return None
    scaled = [_scaled(run, names, best) for run in recording.runs]
    return replace(recording, runs=tuple(run for run in scaled if run.moves)), best


def _looked_for(verdict: Identification) -> Sequence[CausalRule]:
    """Rules with a learning rate: those with few coefficients, and the nearest; simplest first."""
    found = []
    for place, row in enumerate(verdict.rows):
        rule: Rule | CausalRule = row.rule
        if not isinstance(rule, CausalRule) or "learning_rate" not in (rule.proportional or ()):
            continue
        is_looked_for = place < _NEAREST or len(rule.names) <= _SIMPLE or rule.key in _ALWAYS
        if rule.smooth and is_looked_for:
            found.append(rule)
    return sorted(found, key=lambda rule: rule.richness)


def _fitted_rates(
    rule: CausalRule, seen: Histories, places: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, float]:
    """(relative rates (W,), largest 1; error): rule and rates fitted together."""
    free = FreeRates(rule, seen, places[seen.groups], count)
    coefficients = free.fit(seed)
    rates = np.maximum(free.rates_of(free.unit_updates(coefficients)), 0.0)
    error = relative(free.left(coefficients), seen.targets)
    if not rates.max() > 0:
        return np.ones(count), np.inf
    return rates / rates.max(), error


def _scaled(run: RecordedRun, names: np.ndarray, rates: np.ndarray) -> RecordedRun:
    own = np.zeros(len(run.own_numbers))
    known = np.isin(run.own_numbers, names)
    own[known] = rates[np.searchsorted(names, run.own_numbers[known])]
    moving = run.of_weights(np.flatnonzero(own > 0))
    return replace(moving, relative_rates=own[own > 0])


def rate_words(verdict: Identification, rates: np.ndarray) -> str:
    """That each weight has a learning rate of its own, and which."""
    if verdict.best is None or "learning_rate" not in verdict.best.coefficients:
        return "Each weight has a learning rate of its own."
    largest = verdict.best.coefficients["learning_rate"]
    each = [f"{largest * rate:.4g}" for rate in rates[:_SHOWN]]
    rest = f", ... ({len(rates)} weights)" if len(rates) > _SHOWN else ""
    return (
        "Each weight has a learning rate of its own, and α is that of the fastest:"
        f" {', '.join(each)}{rest}, from {largest * rates.min():.4g} to {largest:.4g}."
    )
