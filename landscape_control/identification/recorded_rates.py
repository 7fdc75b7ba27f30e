"""A learning rate for each weight: rules that are one but for the size of their steps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..rules import CausalRule, Rule
from .fitting import fit_causal_rule
from .histories import Histories
from .identification import Identification
from .maps.fitting import relative
from .recorded_run import RecordedRun
from .recording import Recording
from .rule_on_histories import RuleOnHistories

_ROUNDS = 12  # of fitting the rule and the rates in turn
_SETTLED = 1e-9
_PER_WEIGHT = 10  # updates of each weight, at least
_MOST_COEFFICIENTS = 2  # of a rule that is looked for, beside the nearest ones
_NEAREST = 3
_NEAR = 0.3  # relative error of the weights' paths: the rest may be noise
_SHOWN = 6


def with_rates(
    verdict: Identification, recording: Recording, seed: int
) -> tuple[Recording, np.ndarray] | None:
    """(recording with a learning rate of its own for each weight, these rates, the largest 1).

    None where no rule is near the updates with such rates, or where there is one weight only.
    """
    names, places = np.unique(recording.weight_numbers, return_inverse=True)
    # weights with small steps count by what noise of the recording may hide, all to the same extent
    seen = recording.histories(weight_noise=recording.weight_noise or 1.0)
    if len(names) < 2 or seen.counts.sum() < _PER_WEIGHT * len(names):
        return None
    least, best = np.inf, np.ones(len(names))
    for rule in _looked_for(verdict):
        rates, error = _in_turn(rule, seen, places, len(names), seed)
        if error < least:
            least, best = error, rates
    if least > _NEAR:
        return None
    runs = tuple(_scaled(run, names, best) for run in recording.runs)
    return replace(recording, runs=runs), best


def _looked_for(verdict: Identification) -> Sequence[CausalRule]:
    """Rules with a learning rate: those with few coefficients, and the nearest."""
    found = []
    for place, row in enumerate(verdict.rows):
        rule: Rule | CausalRule = row.rule
        if not isinstance(rule, CausalRule) or "learning_rate" not in (rule.proportional or ()):
            continue
        if rule.smooth and (place < _NEAREST or len(rule.names) <= _MOST_COEFFICIENTS):
            found.append(rule)
    return found


def _in_turn(
    rule: CausalRule, seen: Histories, places: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, float]:
    """(relative rates (W,), largest 1; error): rule and rates fitted in turn."""
    rates = np.ones(count)
    for _ in range(_ROUNDS):
        scaled = divided(seen, rates[places])
        fit = fit_causal_rule(rule, scaled, scaled, seed=seed, resamples=1)
        fitted = RuleOnHistories(rule, seen)(fit.coefficients[None])[0]
        before, rates = rates, _best_rates(seen, fitted, places, count)
        if np.abs(rates - before).max() <= _SETTLED:
            break
    each = fitted * rates[places][seen.groups]
    scale = float(each @ seen.targets) / max(float(each @ each), 1e-300)
    return rates, relative(seen.targets - scale * each, seen.targets)


def _best_rates(seen: Histories, fitted: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    groups = places[seen.groups]
    size = np.bincount(groups, fitted**2, minlength=count)
    product = np.bincount(groups, fitted * seen.targets, minlength=count)
    rates = np.maximum(product, 0.0) / np.maximum(size, 1e-300)
    return rates / rates.max() if rates.max() > 0 else np.ones(count)


def divided(seen: Histories, rates: np.ndarray) -> Histories:
    """Histories whose updates are over the relative rate (K,) of their weight."""
    divisor = np.where(rates > 0, rates, 1.0)[:, None, None]
    errors, noise = seen.errors, seen.weight_errors
    return replace(
        seen,
        updates=seen.updates / divisor,
        errors=None if errors is None else errors / divisor,
        weight_errors=None if noise is None else noise / divisor,
    )


def _scaled(run: RecordedRun, names: np.ndarray, rates: np.ndarray) -> RecordedRun:
    own = rates[np.searchsorted(names, run.own_numbers).clip(max=len(names) - 1)]
    return replace(run, relative_rates=np.where(own > 0, own, 1.0))


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
