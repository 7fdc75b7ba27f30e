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


def clip_words(row: RuleFit | None, seen: Histories) -> tuple[str, ...]:
    """That only α·c is determined, where gradients were cut at every step."""
    if row is None or "largest_norm" not in row.coefficients:
        return ()
    norms = seen.gradient_norms[seen.gradient_norms > 0]
    largest = row.coefficients["largest_norm"]
    if not norms.size or largest >= norms.min() or "learning_rate" not in row.coefficients:
        return ()
    product = row.coefficients["learning_rate"] * largest
    return (
        f"The clip c is below every norm that was seen, the least {norms.min():.4g}: gradients were cut"
        f" at every step, and only the product α·c = {product:.4g} is determined, not α and c.",
    )
