"""Plans in words: each decision with the number that it was taken by."""

import numpy as np

from ..measuring import Measurement
from .planning import RULES, StagePlan


def measured_words(found: Measurement) -> str:
    """Loss, curvature and noise of a measurement."""
    return (
        f"loss {found.loss:.4g} ± {found.loss_error:.1g} (one standard error), largest curvature"
        f" {found.curvatures[0]:.4g}, |g|² {found.gradient_square:.3g}, noise trace"
        f" {found.noise_trace:.3g} per sample"
    )


def signal_to_noise(found: Measurement, batch_size: int) -> float:
    """|g|²B/tr C of batches of B samples."""
    return found.gradient_square * batch_size / max(found.noise_trace, 1e-300)


def plan_words(
    plan: StagePlan, found: Measurement, batch_size: int
) -> list[tuple[str, dict[str, float]]]:
    """(words, numbers) of momentum, rate, averaging, exponent and prediction."""
    rates, ratio = plan.rates, signal_to_noise(found, batch_size)
    lines = [
        (
            f"momentum {plan.momentum:.3g}: the gradient's signal-to-noise is {ratio:.2g} and"
            f" {plan.steps} steps remain",
            {"momentum": plan.momentum, "exponent": plan.exponent, "signal_to_noise": ratio},
        ),
        (
            f"rate {rates[0]:.3g} to {rates.max():.3g} to {rates[-1]:.3g}: {plan.share:.2g} of the"
            f" edge of stability at λ_max {plan.top:.3g}, at most {plan.cap:.2g}, and the predicted"
            f" loss at most {plan.rise:.3g} of the present one",
            {"rate": rates[0], "share": plan.share, "cap": plan.cap},
        ),
    ]
    of_rules = {rule: _least(plan, rule) for rule in RULES}
    others = [
        f"{value:.4g} ({rule})"
        for rule, value in of_rules.items()
        if rule != plan.rule and value < np.inf
    ]
    if others:
        words = f"{plan.rule}: predicted {of_rules[plan.rule]:.4g} against {', '.join(others)}"
        lines.append((words, {}))
    lines += _exponent_words(plan)
    lines.append((f"loss predicted after the last step {plan.loss:.4g}", {"predicted": plan.loss}))
    return lines


def _exponent_words(plan: StagePlan) -> list[tuple[str, dict[str, float]]]:
    exponents = sorted({p for p, _ in plan.predictions})
    if len(exponents) == 1:
        return []
    least = {
        p: min(value for (q, _), value in plan.predictions.items() if q == p) for p in exponents
    }
    others = ", ".join(f"{least[p]:.4g} ({p:g})" for p in exponents if p != plan.exponent)
    return [(f"exponent {plan.exponent:g}: {least[plan.exponent]:.4g} against {others}", {})]


def _least(plan: StagePlan, rule: str) -> float:
    return min((v for (_, name), v in plan.predictions.items() if name == rule), default=np.inf)
