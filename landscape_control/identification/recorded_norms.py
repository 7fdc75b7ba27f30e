"""Steps at which the norm of the gradient of all weights is unknown, for rules that clip by it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..rules import CausalRule, Rule
from .histories import Histories
from .maps import RuleFit
from .recorded_arrays import FEWEST_STEPS, stretches
from .recorded_run import RecordedRun
from .recording import Recording

_AT = 1.001


def unknown_norms(recording: Recording) -> int:
    """At how many steps of all runs the norm is unknown."""
    return sum(int(np.count_nonzero(_is_unknown(run))) for run in recording.runs)


def _is_unknown(run: RecordedRun) -> np.ndarray:
    norms = run.gradient_norms
    return np.zeros(run.steps, bool) if norms is None else np.isnan(norms)


def coupling(rules: Sequence[CausalRule | Rule]) -> list[CausalRule]:
    """The rules that look at the norm of all gradients."""
    return [rule for rule in rules if isinstance(rule, CausalRule) and rule.family.couples]


def cut_at_unknown_norms(recording: Recording) -> Recording | None:
    """Runs that end before such a step and begin anew, with an unknown memory, behind it.

    None where nothing is left of them.
    """
    runs = []
    for run in recording.runs:
        for first, end in stretches(~_is_unknown(run)):
            if end - first >= FEWEST_STEPS:
                runs.append(run.of_steps(first, end))
    moving = tuple(run for run in runs if run.moves)
    if not moving:
        return None
    note = (
        f"At {unknown_norms(recording)} steps the norm of the gradient of all weights is unknown, for"
        " one of them was not recorded: they are left out, and runs go on behind them as ones with an"
        " unknown memory."
    )
    return replace(recording, runs=moving, notes=(*recording.notes, note))


def reason(recording: Recording) -> str:
    """Why a rule that clips is not fitted to runs that are not cut."""
    return (
        "needs the norm of the gradient of all weights, which is unknown at"
        f" {unknown_norms(recording)} steps"
    )


def of_product(row: RuleFit, seen: Histories) -> RuleFit:
    """The row with all α and c of its product, where gradients were cut at every step."""
    least = _least_norm(row, seen)
    if least is None:
        return row
    product = _product(row)
    open_ones = {"learning_rate": (product / least, np.inf), "largest_norm": (0.0, least)}
    return replace(row, intervals={**row.intervals, **open_ones}, identifiable=False)


def clip_words(row: RuleFit | None, seen: Histories) -> tuple[str, ...]:
    """That only α·c is determined, where gradients were cut at every step."""
    least = None if row is None else _least_norm(row, seen)
    if row is None or least is None:
        return ()
    return (
        f"The clip c is not above any norm that was seen, the least {least:.4g}: gradients were cut at"
        f" every step, and only the product α·c = {_product(row):.4g} is determined, not α and c.",
    )


def _product(row: RuleFit) -> float:
    return float(row.coefficients["learning_rate"] * row.coefficients["largest_norm"])


def _least_norm(row: RuleFit, seen: Histories) -> float | None:
    """The least norm that was seen, where the rule's clip is not above it."""
    scales = ("largest_norm", "learning_rate")
    is_clipped_descent = all(name in row.coefficients for name in scales)
    norms = seen.gradient_norms[seen.gradient_norms > 0]
    if not is_clipped_descent or not norms.size or _divides(row):
        return None
    least = float(norms.min())
    # where the fit ends, next to the first norm that would not be cut
    return least if row.coefficients["largest_norm"] <= _AT * least else None


def _divides(row: RuleFit) -> bool:
    """Whether the rule divides by the size of gradients, so that α and c have no product."""
    return "beta2" in row.coefficients
