"""Settings of a solve that come from a file: which are taken, and which must be given again.

Those that can do no harm are taken, by name and range. An optimiser's own options can name files to
write and libraries to load, so they are never taken from a file.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import ProblemError

Check = Callable[[Any], bool]


def _number(low: float, high: float) -> Check:
    return lambda value: _is_number(value) and low < value <= high


def _whole(low: int, high: int) -> Check:
    return lambda value: _is_number(value) and isinstance(value, int) and low <= value <= high


def _word(*words: str) -> Check:
    return lambda value: isinstance(value, str) and value in words


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
TAKEN: dict[str, Check] = {
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
    """Names of the settings that a file cannot supply.

    These are unknown ones, those out of range, and an optimiser's options.
    """
    return tuple(
        name
        for name, value in settings.items()
        if not _is_taken(name, value) and not _is_empty(value)
    )


def _is_taken(name: str, value: Any) -> bool:
    return name in TAKEN and TAKEN[name](value)


def _is_empty(value: Any) -> bool:
    """None, or a table or list of nothing: it says no more than that the setting was left out."""
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


def refuse_withheld(what: str, names: Sequence[str], how: str) -> None:
    """Refuse to solve with settings of a file that must be given again.

    ``how`` is a call with {} in the place of these settings.
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


def _equal(stored: Any, given: Any) -> bool:
    """Whether a value is the stored one; files have lists for tuples, and text for infinity."""
    if isinstance(stored, Mapping) and isinstance(given, Mapping):
        same_names = stored.keys() == given.keys()
        return same_names and all(_equal(stored[name], given[name]) for name in stored)
    if isinstance(stored, list | tuple) and isinstance(given, list | tuple):
        return len(stored) == len(given) and all(map(_equal, stored, given))
    if isinstance(stored, str) and isinstance(given, float) and not math.isfinite(given):
        return stored == str(given)
    of_one_kind = type(stored) is type(given) or (_is_number(stored) and _is_number(given))
    return of_one_kind and stored == given
