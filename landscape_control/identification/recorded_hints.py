"""What a recording would be if it had been recorded otherwise than was said, where no rule fits."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..rules import CausalRule, Rule
from .identification import Identification
from .maps import Conclusion
from .maps.formatting import percent
from .recorded_arrays import FEWEST_STEPS
from .recorded_large import is_large, part_of
from .recorded_noise import with_noise
from .recorded_run import RecordedRun
from .recording import Recording
from .rule_on_histories import RuleOnHistories

Naming = Callable[..., Identification]
_NEAREST = 3
_SIMPLE = ("sgd", "heavy_ball", "nesterov", "adam")
_BETTER = 5.0  # times less is left where another way of recording is the right one
_LEAST = 1e-3  # of rms Δθ: what leaves less needs no other way
_LARGE = 0.7  # of the noise that was given, below which what is left is no such noise
_WHERE = "The gradient of a row is that seen at its weights, before they move on."


def hints(verdict: Identification, recording: Recording, named: Naming) -> tuple[str, ...]:
    """What was found, and what to give, where the recording was not what it was said to be."""
    part = part_of(recording) if is_large(recording) else recording
    if recording.weight_noise and _noise_is_wrong(verdict, part):
        return _of_noise(part, named)
    if verdict.scheduled is not None or verdict.kernel is not None:
        return ()
    if verdict.rows[0].error <= _LEAST or recording.weight_noise:
        return ()
    rules = _few(verdict)
    for other, words in _otherwise(part):
        found = named(other.histories(), rules)
        if found.best is not None and _BETTER * found.best.error <= verdict.rows[0].error:
            what = f"it is {found.best.name} (error {percent(found.best.error)})"
            return (words.format(what),)
    return ()


def _few(verdict: Identification) -> list[CausalRule | Rule]:
    rows = verdict.rows
    return [row.rule for i, row in enumerate(rows) if i < _NEAREST or row.key in _SIMPLE]


def _otherwise(recording: Recording) -> Iterator[tuple[Recording, str]]:
    """(the recording read in another way, what to say if it is right)."""
    if any(run.at_rest for run in recording.runs):
        late = tuple(replace(run, at_rest=False) for run in recording.runs)
        yield (
            replace(recording, runs=late),
            "Read as runs that do not begin at rest {}: if they begin in mid-course, say"
            " at_rest=False.",
        )
    long = [run for run in recording.runs if run.steps > FEWEST_STEPS]
    for rows, where, instead in ((1, "late", "before"), (-1, "early", "after")):
        if long:
            yield (
                replace(recording, runs=tuple(_shifted(run, rows) for run in long)),
                f"Each gradient stands one row too {where}: with that of the row {instead}"
                f" {{}}. {_WHERE}",
            )


def _shifted(run: RecordedRun, rows: int) -> RecordedRun:
    """The run whose gradients were recorded so many rows late."""
    assert run.gradients is not None, "refused before"
    kept = run.of_steps(0, run.steps - 1) if rows > 0 else run.of_steps(1, run.steps)
    moved = slice(1, None) if rows > 0 else slice(None, -1)
    norms = None if run.gradient_norm is None else run.gradient_norm[moved]
    # the first gradient was not recorded where they stand too early
    begins = run.at_rest and rows > 0
    return replace(kept, gradients=run.gradients[moved], gradient_norm=norms, at_rest=begins)


def _noise_is_wrong(verdict: Identification, recording: Recording) -> bool:
    return verdict.conclusion is Conclusion.NONE_FITS or _share(verdict, recording) < _LARGE


def _share(verdict: Identification, recording: Recording) -> float:
    """What the nearest rule leaves, over the noise that was given."""
    row, seen = verdict.rows[0], recording.histories()
    assert isinstance(row.rule, CausalRule), "only causal rules are fitted to histories"
    at = np.array([[row.coefficients[name] for name in row.rule.names]])
    left = float(np.linalg.norm(seen.targets - RuleOnHistories(row.rule, seen)(at)[0]))
    return left / max(seen.noise, 1e-300)


def _of_noise(recording: Recording, named: Naming) -> tuple[str, ...]:
    """That the noise that was given is not the one of the recording, where another one is."""
    given = recording.weight_noise or 0.0
    free = replace(recording, weight_noise=None)
    found, read = with_noise(named(free.histories()), free, named)
    noise = read.weight_noise or 0.0
    is_other = noise < _LARGE * given or noise > given / _LARGE
    if found.best is None or not is_other:
        return ()
    return (
        f"The weights do not have the noise that was given, {given:.3g}: with {noise:.3g}, as it is"
        f" estimated, it is {found.best.name}. Give that, or no weight_noise: it is then estimated.",
    )
