"""How large the noise of recorded weights is, from what a rule leaves of the updates.

What is left of a rule has two parts: white errors of the weights, with variance σ², which make
neighbouring updates err by opposite amounts, and errors of the updates themselves, with variance τ²,
which stay in the weights for ever. Both by restricted maximum likelihood (H. D. Patterson and
R. Thompson, *Recovery of inter-block information when block sizes are unequal*, 1971), which does
not count the rule's own coefficients as noise explained.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from ..rules import CausalRule
from .fitting import fit_causal_rule
from .histories import Histories
from .maps import RuleFit
from .noise_verdict import DECISIVE
from .residual import recorded_inputs, shares
from .rule_on_histories import RuleOnHistories

_PLAIN = 4.0  # the same, two standard errors
_CONSIDERED = 5  # rules, the nearest ones
_MOST = 40_000  # updates that the size of the noise is read from


@dataclass(frozen=True, kw_only=True)
class NoiseEstimate:
    """Errors of recorded weights and of updates, where a rule is right.

    Attributes
    ----------
    deviation : σ, standard deviation of the white noise of the weights
    left : τ, of what the updates are off by beside it
    deviance : -2 log restricted likelihood, up to a constant
    gain : how much smaller it is than without noise of the weights
    """

    deviation: float
    left: float
    deviance: float
    gain: float


def nearest_noise(rows: Sequence[RuleFit], seen: Histories) -> NoiseEstimate | None:
    """The noise under the likeliest of the nearest rules, None where there is none to speak of.

    ``seen`` has noise of size 1 in its weights. There is none where errors of the updates explain
    as much, or where what looks like noise goes with the gradients, as a missing term of the rule.
    """
    seen = _part(seen)
    likely = nearest(rows)
    if not likely:
        return None
    found = [(noise_under(row, seen), row) for row in likely]
    noise, row = min(found, key=lambda pair: pair[0].deviance)
    if noise.gain <= DECISIVE or not noise.deviation > 0:
        return None
    if not _goes_with_inputs(row, seen, noise):
        return noise
    # numbers that were fitted as if there were no noise may be at fault
    row = _refitted(row, seen, noise)
    noise = noise_under(row, seen)
    return None if _goes_with_inputs(row, seen, noise) else noise


def _refitted(row: RuleFit, seen: Histories, noise: NoiseEstimate) -> RuleFit:
    """The row with the coefficients that are likeliest under this noise."""
    rule = row.rule
    assert isinstance(rule, CausalRule), "only causal rules are fitted to histories"
    noisy = _with_noise(seen, noise)
    fit = fit_causal_rule(rule, noisy, noisy, seed=0, resamples=1)
    numbers = dict(zip(rule.names, fit.coefficients.tolist(), strict=True))
    return replace(row, coefficients=numbers)


def _with_noise(seen: Histories, noise: NoiseEstimate) -> Histories:
    return seen.noisy(noise.deviation * np.asarray(seen.weight_errors), noise.left)


def nearest(rows: Sequence[RuleFit]) -> list[RuleFit]:
    """The rules under which the noise is looked for."""
    smooth = [row for row in rows if isinstance(row.rule, CausalRule) and row.rule.smooth]
    return sorted(smooth, key=lambda row: row.error)[:_CONSIDERED]


def noise_under(row: RuleFit, seen: Histories) -> NoiseEstimate:
    """The noise if this rule, refitted to first order, is the one."""
    residual, tangent, fitted_numbers = _left_over(row, _part(seen))
    weights, places = _pattern(seen)
    degrees = max(int(places.sum()) - fitted_numbers, 1)

    def fitted(share: float) -> tuple[float, float]:
        """(-2 log restricted likelihood, variance) with this share of the noise in the weights."""
        white = seen.whitened_by(np.sqrt(share / 2) * weights, float(np.sqrt(1 - share)))
        left = white(residual)[places]
        columns = white(np.moveaxis(tangent, -1, 0))[:, places].T
        basis, triangle = np.linalg.qr(columns)
        left = left - basis @ (basis.T @ left)
        variance = max(float(left @ left), 1e-300) / degrees
        information = 2 * np.log(np.maximum(np.abs(np.diag(triangle)), 1e-300)).sum()
        return degrees * np.log(variance) + white.log_determinant + information, variance

    least = minimize_scalar(
        lambda angle: fitted(np.sin(angle) ** 2)[0],
        bounds=(0.0, np.pi / 2),
        method="bounded",
        options={"xatol": 1e-3},
    )
    share = float(np.sin(least.x) ** 2)
    candidates = {each: fitted(each) for each in (0.0, share, 1.0)}
    share = min(candidates, key=lambda each: candidates[each][0])
    if candidates[1.0][0] <= candidates[share][0] + _PLAIN:
        share = 1.0  # errors of the updates that are not sure would take from those of the weights
    deviance, variance = candidates[share]
    return NoiseEstimate(
        deviation=float(np.sqrt(share * variance / 2)),
        left=float(np.sqrt((1 - share) * variance)),
        deviance=float(deviance),
        gain=float(candidates[0.0][0] - deviance),
    )


def _part(seen: Histories) -> Histories:
    """As many of the histories as the estimate needs."""
    steps, weights = seen.gradients.shape[1:]
    most = max(_MOST // (steps * weights), 1)
    return seen if seen.count <= most else seen.chosen(np.arange(most))


def _pattern(seen: Histories) -> tuple[np.ndarray, np.ndarray]:
    """(how the weights' noise enters each update, which count), each (T, K·n)."""
    assert seen.weight_errors is not None, "noise of size 1 in the weights"
    columns = np.asarray(seen.weight_errors).transpose(1, 0, 2)
    weights = columns.reshape(len(columns), -1)
    counted = seen.counts.transpose(1, 0, 2).reshape(weights.shape)
    return weights, counted


def _left_over(row: RuleFit, seen: Histories) -> tuple[np.ndarray, np.ndarray, int]:
    """What the rule leaves (T, R), what a change of its coefficients explains (T, R, c), and how many
    numbers were fitted.
    """
    rule = row.rule
    assert isinstance(rule, CausalRule), "only causal rules are fitted to histories"
    at = np.array([row.coefficients[name] for name in rule.names])
    plain = seen.exact
    run = RuleOnHistories(rule, plain)
    fitted, tangent = run.linearised(at)
    shape = (seen.gradients.shape[1] - seen.settle, -1)
    padded = ((seen.settle, 0), (0, 0))
    residual = np.pad((plain.targets - fitted).reshape(shape), padded)
    free = np.linalg.norm(tangent, axis=0) > 0
    columns = [np.pad(each.reshape(shape), padded) for each in tangent[:, free].T]
    fitted_numbers = len(columns) + run.memory_numbers
    if not columns:
        return residual, np.empty((*residual.shape, 0)), fitted_numbers
    return residual, np.stack(columns, axis=-1), fitted_numbers


def _goes_with_inputs(row: RuleFit, seen: Histories, noise: NoiseEstimate) -> bool:
    """Whether what looks like noise goes with what the rule saw."""
    rule = row.rule
    assert isinstance(rule, CausalRule), "only causal rules are fitted to histories"
    noisy = _with_noise(seen, noise)
    at = np.array([row.coefficients[name] for name in rule.names])
    fitted, tangent = RuleOnHistories(rule, noisy).linearised(at)
    inputs = recorded_inputs(noisy, fitted)
    count = int(noisy.counts.sum())
    explained = shares(noisy.targets, fitted, tangent, inputs)
    return any(share * count > DECISIVE + inputs[what].shape[1] for what, share in explained)
