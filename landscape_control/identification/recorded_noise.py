"""A rule up to white noise in the recorded weights, whose size is known or estimated."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..rules import CausalRule
from .fitting import fit_causal_rule, starts_of
from .identification import Identification
from .maps import Conclusion, RuleFit
from .maps.formatting import percent
from .noise_estimate import nearest, nearest_noise
from .recording import Recording

Naming = Callable[..., Identification]
_ROUNDS = 3  # of estimating the noise and fitting with it
_SETTLED = 0.02  # relative change of the noise from one to the next


def with_noise(
    verdict: Identification, recording: Recording, named: Naming
) -> tuple[Identification, Recording]:
    """(verdict, recording with its noise): as it is, or with the noise of the weights estimated.

    Nothing is estimated where it is known, or a rule fits exactly without. A noise is granted only
    if a rule fits with it.
    """
    is_exact = (
        verdict.conclusion is not Conclusion.NONE_FITS
        and verdict.rows[0].error <= verdict.criteria.resolution
    )
    if recording.weight_noise is not None or is_exact:
        return verdict, recording
    unit = recording.histories(weight_noise=1.0)
    rows, noisy = verdict.rows, recording
    for _ in range(_ROUNDS):
        noise = nearest_noise(rows, unit)
        if noise is None:
            return verdict, recording
        before, noisy = noisy.weight_noise, replace(recording, weight_noise=noise.deviation)
        if before is not None and abs(noise.deviation - before) <= _SETTLED * before:
            break
        likely = nearest(rows)  # the noise is that under one of them
        rules = [row.rule for row in likely]
        rows = named(noisy.histories(), rules, starts_of(likely)).rows
    current = named(noisy.histories())
    if current.conclusion is Conclusion.NONE_FITS:
        return verdict, recording
    return current, noisy


def recalibrated(recording: Recording, row: RuleFit, seed: int) -> Recording:
    """The recording with its noise as large as a rule leaves it on everything, not on a part."""
    noise, rule = recording.weight_noise, row.rule
    if not noise or not isinstance(rule, CausalRule) or not rule.smooth:
        return recording
    seen = recording.histories()
    start = np.array([row.coefficients[name] for name in rule.names])
    fit = fit_causal_rule(rule, seen, seen, seed=seed, resamples=1, start=start)
    left = float(np.linalg.norm(seen.targets - fit.fitted))
    return replace(recording, weight_noise=noise * left / seen.noise)


def noise_words(verdict: Identification, recording: Recording, is_estimated: bool) -> str:
    """What the rule is up to, empty where the recorded weights have no noise."""
    noise = recording.weight_noise
    if not noise:
        return ""
    source = "as it was given"
    if is_estimated:
        source = "estimated from what the rule leaves, by restricted maximum likelihood"
    share = percent(float(np.sqrt(2) * noise / _true_size(recording)))
    name = "The rule" if verdict.best is None else verdict.best.name
    return (
        f"{name[:1].upper()}{name[1:]} up to white noise of standard deviation {noise:.3g} in the"
        f" recorded weights ({source}), which makes errors of {share} of rms Δθ in the updates,"
        " correlated -½ between neighbours."
    )


def _true_size(recording: Recording) -> float:
    """Rms of the updates without the part of it that is noise of the weights."""
    moved = np.concatenate([run.updates[run.known] for run in recording.runs])
    noise = recording.weight_noise or 0.0
    square = float(np.mean(moved**2)) - 2 * noise**2
    return float(np.sqrt(max(square, 1e-4 * float(np.mean(moved**2)))))
