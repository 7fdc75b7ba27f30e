"""Plans in words: each decision with the number that it was taken by."""

import numpy as np

from ..measuring import Measurement
from .planning import RULES, StagePlan


def measured_words(found: Measurement) -> str:
    """Loss, curvature and noise of a measurement."""
    return (
        f"loss {found.loss:.4g} ± {found.loss_error:.1g}, largest curvature"
        f" {found.curvatures[0]:.4g}, |g|² {found.gradient_square:.3g}, noise trace"
        f" {found.noise_trace:.3g} per sample"
    )


def signal_to_noise(found: Measurement, batch_size: int) -> float:
    """|g|²B/tr C of batches of B samples."""
    return found.gradient_square * batch_size / max(found.noise_trace, 1e-300)


def plan_words(plan: StagePlan, found: Measurement, batch_size: int) -> list[str]:
    """Rate, momentum, averaging, exponent and prediction."""
    rates = plan.rates
    ratio = signal_to_noise(found, batch_size)
    lines = [
        f"momentum {plan.momentum:.3g}: the gradient's signal-to-noise is {ratio:.2g} and"
        f" {plan.steps} steps remain",
        f"rate {rates[0]:.3g} to {rates.max():.3g} to {rates[-1]:.3g}: {plan.share:.2g} of the edge"
        f" of stability at λ_max {plan.top:.3g}, at most {plan.cap:.2g}",
    ]
    best = {rule: _least(plan, rule) for rule in RULES if _least(plan, rule) < np.inf}
    others = ", ".join(f"{value:.4g} ({rule})" for rule, value in best.items() if rule != plan.rule)
    if others:
        lines.append(f"{plan.rule}: predicted {best[plan.rule]:.4g} against {others}")
    exponents = sorted({p for p, _ in plan.predictions})
    if len(exponents) > 1:
        of = {p: min(v for (q, _), v in plan.predictions.items() if q == p) for p in exponents}
        rest = ", ".join(f"{of[p]:.4g} ({p:g})" for p in exponents if p != plan.exponent)
        lines.append(f"exponent {plan.exponent:g}: {of[plan.exponent]:.4g} against {rest}")
    lines.append(f"loss predicted after the last step {plan.loss:.4g}")
    return lines


def _least(plan: StagePlan, rule: str) -> float:
    return min((v for (_, name), v in plan.predictions.items() if name == rule), default=np.inf)
