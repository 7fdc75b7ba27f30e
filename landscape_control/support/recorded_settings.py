"""Settings of a solve that come from a file: those that can do no harm are taken, by name and
range; others are asked for.

An optimiser's own options can name files to write and libraries to load, so they are never taken
from a file.
"""

import math
from collections.abc import Mapping

from .errors import ProblemError


def _number(low, high):
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and low < value <= high
    )


def _whole(low, high):
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    )


def _word(*words):
    return lambda value: isinstance(value, str) and value in words


def _flag(value):
    return isinstance(value, bool)


_DAY = 86400.0  # seconds
_METHODS = (
    "auto",
    "action",
    "collocation",
    "shooting",
    "lqg",
    "transcription",
    "replanning",
    "dynamic programming",
    "exact LQG",
    "belief-space transcription",
)
# name -> whether a value may come from a file; ranges hold whatever ends in a reasonable time
TAKEN = {
    "accuracy": _number(0, 1e3),
    "aims": _whole(0, 64),
    "confirm": _flag,
    "covariance": _word("auto", "state", "steady", "coordinate"),
    "held_out": _whole(1, 10**5),
    "hessian": _word("exact", "limited-memory"),
    "inner": _word("belief", "certainty equivalent"),
    "innovations": _word("mean", "second order"),
    "keep_log": _flag,
    "margin": _number(-1e-300, 100),
    "max_doublings": _whole(1, 30),
    "max_elements": _whole(1, 4096),
    "method": _word(*_METHODS),
    "most_iterations": _whole(1, 10**4),
    "most_nodes": _whole(1, 5000),
    "most_scenarios": _whole(1, 10**5),
    "order": _whole(1, 2),
    "scenarios": _whole(1, 10**5),
    "seed": _whole(0, 2**63 - 1),
    "solver": _word("auto", "fatrop", "ipopt"),
    "starts": _whole(0, 1000),
    "steps": _whole(1, 10**4),
    "time_limit": _number(0, _DAY),
    "tolerance": _number(0, 1e3),
}


def withheld(settings: Mapping) -> tuple[str, ...]:
    """Names of the settings that a file cannot supply: unknown ones, those out of range, an
    optimiser's options.
    """
    return tuple(
        name
        for name, value in settings.items()
        if not (name in TAKEN and TAKEN[name](value)) and not _says_nothing(value)
    )


def _says_nothing(value) -> bool:
    return value is None or (isinstance(value, Mapping | tuple | list) and not value)


def check_given(what: str, stored: Mapping, given: Mapping) -> None:
    """Refuse settings given again that are not those with which the stored results were made."""
    for name, value in given.items():
        if name not in stored:
            raise ProblemError(
                what,
                expected=f"{', '.join(stored) or 'none'}",
                received=repr(name),
                advice="give those again that the file names, with the same values",
            )
        if not _equal(stored[name], value):
            raise ProblemError(
                f"{what}, {name!r}",
                expected=f"{stored[name]!r:.200}, with which the results in the file were made",
                received=f"{value!r:.200}",
                advice="give the same value, or solve anew with another one",
            )


def refuse_withheld(what: str, names, how: str) -> None:
    """Refuse to solve with settings that came from a file and must be given again; ``how`` is a
    call with room for them.
    """
    if names:
        call = how.format(", ".join(f"{name}=…" for name in names))
        raise ProblemError(
            what,
            expected="settings that a file may supply (numbers and words within their ranges)",
            received=(
                f"also {', '.join(map(repr, names))}, which are never taken from a file: options of"
                " an optimiser can write files and load libraries"
            ),
            advice=f"look at them in the file, and give them again if you want them: {call}",
        )


def _equal(one, other) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, str) and isinstance(other, float) and not math.isfinite(other):
        return one == str(other)
    return type(one) is type(other) and one == other or _both_numbers(one, other) and one == other


def _both_numbers(*values) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
