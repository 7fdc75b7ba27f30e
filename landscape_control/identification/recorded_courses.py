"""Recordings whose optimizer was set to a learning rate that changes."""

from collections.abc import Callable, Sequence

import numpy as np

from .identification import Identification
from .maps import Conclusion
from .maps.formatting import percent
from .recorded_run import RecordedRun
from .recording import Recording
from .schedule_naming import FEWEST, name_schedule

Naming = Callable[..., Identification]


def with_schedule(
    verdict: Identification, recording: Recording, named: Naming
) -> tuple[Identification, tuple[str, ...]]:
    """(verdict, notes): of the updates over the course of the learning rate, or as they are.

    An optimizer that does not follow the rate that it was set to is read as it is.
    """
    if not recording.is_scheduled:
        return verdict, ()
    if verdict.conclusion is Conclusion.NONE_FITS:
        plain = named(recording.histories(scheduled=False))
        if plain.conclusion is not Conclusion.NONE_FITS:
            return plain, (
                "The learning rate that the optimizer was set to changed, and the updates did not"
                " follow it.",
            )
    return verdict, (_course_words(recording.runs),)


def _course_words(runs: Sequence[RecordedRun]) -> str:
    courses = [run.course for run in runs if run.learning_rate is not None]
    first = " and ".join(dict.fromkeys(percent(float(course[0].max())) for course in courses))
    last = " and ".join(dict.fromkeys(percent(float(course[-1].max())) for course in courses))
    return (
        "The learning rate changes with time as the optimizer was set to, from"
        f" {first} to {last} of its largest value: α (and a decoupled decay w) is that at the"
        " largest, and the updates were read over this course."
    ) + "".join(f" It follows {name}." for name in _course_names(runs))


def _course_names(runs: Sequence[RecordedRun]) -> list[str]:
    """What the recorded courses are called, each once; short runs have none."""
    names: dict[str, None] = {}
    for run in runs:
        course = run.course[:, 0]
        if run.learning_rate is not None and len(course) >= FEWEST and np.ptp(course) > 0:
            rates = np.asarray(run.learning_rate)[:, 0]
            names[str(name_schedule(rates))] = None
    return list(names)
