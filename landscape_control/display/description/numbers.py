"""All numbers of a result, one a line."""

import enum
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...model.problem import ControlProblem
from ...optimisation.program import PolicyProgram
from ...records.readable import is_part, member_in_words, parts_of
from ...rules.candidate import Candidate
from ...support.number_words import array_in_words, number_in_words
from ...support.short_repr import value_in_short

_INDENT = "  "
_PARTS = 40  # of one kind that are described; what follows is counted


def describe(result: Any) -> str:
    """See :meth:`landscape_control.support.results.Result.describe`."""
    lines = [type(result).__name__, *_lines(result)]
    return "\n".join(lines)


def _lines(value: Any) -> Iterator[str]:
    for name, part in parts_of(value).items():
        yield from _named(name, part)


def _named(name: str, part: Any) -> Iterator[str]:
    """One line, or a title with lines indented below it."""
    title = name.replace("_", " ")
    if isinstance(part, ControlProblem | PolicyProgram):
        yield title
        yield from (_INDENT + line for line in part.describe().splitlines())
    elif isinstance(part, Mapping):
        yield from _group(title, part)
    elif isinstance(part, str) and "\n" in part:
        yield title
        yield from (_INDENT + line for line in part.splitlines())
    elif is_part(part) and not isinstance(part, Candidate) and list(parts_of(part)):
        yield title
        yield from (_INDENT + line for line in _lines(part))
    elif isinstance(part, tuple | list) and any(map(_needs_lines, part)):
        for i, each in enumerate(part[:_PARTS]):
            yield from _named(f"{title} {i + 1} of {len(part)}", each)
        if len(part) > _PARTS:
            yield f"{title}: and {len(part) - _PARTS} more"
    else:
        yield f"{title}: {in_words(part)}"


def _group(title: str, parts: Mapping) -> Iterator[str]:
    if not parts:
        yield f"{title}: none"
        return
    yield title
    for name, part in parts.items():
        yield from (_INDENT + line for line in _named(str(name), part))


def _needs_lines(part: object) -> bool:
    return isinstance(part, Mapping | np.ndarray) or (
        is_part(part) and not isinstance(part, Candidate)
    )


def in_words(value: Any) -> str:
    """A number, a text or an array; numbers to 10 digits."""
    if value is None:
        return "none"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, float | np.floating):
        return number_in_words(float(value))
    if isinstance(value, enum.Enum):
        return member_in_words(value)
    if isinstance(value, str):
        return value or "none"
    if isinstance(value, np.ndarray):
        return array_in_words(value)
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(map(in_words, value)) or "none"
    if isinstance(value, Candidate):
        return f"{value.name}, {value.formula}"
    return value_in_short(value)
