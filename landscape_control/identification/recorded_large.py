"""Recordings of very many updates: all rules on a part, and those that come near on everything."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..rules import CausalRule, Rule
from .identification import Identification
from .maps import RuleFit
from .recorded_run import RecordedRun
from .recording import Recording

_LARGE = 20_000  # updates
_LONG = 1500  # steps, which are taken one after the other
_PART = 6000  # updates of the part
_SHORTEST, _LONGEST = 120, 600  # its steps
_WIDEST = 80  # its weights
_NEAR = 4.0  # times the error of the nearest rule on the part
_MOST = 8  # rules that are fitted to everything


def is_large(recording: Recording) -> bool:
    """Whether fitting all rules to all updates would take minutes."""
    updates = sum(run.updates.size for run in recording.runs)
    return updates > _LARGE or max(run.steps for run in recording.runs) > _LONG


def part_of(recording: Recording) -> Recording:
    """The first steps of some weights, spread over the runs; of runs in mid-run some steps."""
    live = [run for run in recording.runs if run.moves]
    runs = [live[i] for i in _spread(len(live), _WIDEST)]
    each = max(_WIDEST // len(runs), 1)
    widths = [min(run.updates.shape[1], each) for run in runs]
    steps = int(np.clip(_PART // sum(widths), _SHORTEST, _LONGEST))
    parts = []
    for run, width in zip(runs, widths, strict=True):
        chosen = np.array(_spread(run.updates.shape[1], width))
        parts.append(run.of_weights(chosen).of_steps(0, min(steps, run.steps)))
    moving = tuple(run for run in parts if run.moves)
    return replace(recording, runs=moving) if moving else recording


def _spread(count: int, most: int) -> list[int]:
    """At most so many of the numbers below a count, evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()


def near(verdict: Identification) -> list[RuleFit]:
    """The rows that come near on the part."""
    least = min(row.error for row in verdict.rows)
    reach = max(_NEAR * least, verdict.criteria.threshold)
    chosen = [row for row in verdict.rows if row.error <= reach]
    return sorted(chosen, key=lambda row: (row.error, row.rule.richness))[:_MOST]


def rules_of(rows: Sequence[RuleFit]) -> list[CausalRule | Rule]:
    """The rules of some rows."""
    return [row.rule for row in rows]


def like(recording: Recording, part: Recording) -> Recording:
    """The whole recording, read as its part was: with its noise and the rates of its weights."""
    rates: dict[int, float] = {}
    for run in part.runs:
        if run.relative_rates is not None:
            rates |= zip(run.own_numbers.tolist(), run.relative_rates.tolist(), strict=True)
    runs = [_rated(run, rates) for run in recording.runs] if rates else recording.runs
    return replace(recording, runs=tuple(runs), weight_noise=part.weight_noise)


def _rated(run: RecordedRun, rates: Mapping[int, float]) -> RecordedRun:
    """Weights whose rate is not known from the part are left out."""
    known = np.flatnonzero([number in rates for number in run.own_numbers])
    own = run.of_weights(known)
    return replace(own, relative_rates=np.array([rates[number] for number in own.own_numbers]))


def completed(
    verdict: Identification, rest: Sequence[RuleFit], part: Recording, recording: Recording
) -> Identification:
    """The verdict on everything, with the rules that were far off on the part."""
    known = {row.key for row in verdict.rows}
    further = tuple(row for row in rest if row.key not in known)
    used = sum(int(run.known.sum()) for run in part.runs)
    whole = sum(int(run.known.sum()) for run in recording.runs)
    note = (
        f"All rules were fitted to {used} of the {whole} updates, and the {len(verdict.rows)} that"
        " came near to all of them; errors of the others are those on the part."
    )
    return replace(verdict, rows=(*verdict.rows, *further), notes=(*verdict.notes, note))
