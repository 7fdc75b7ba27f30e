"""Whether two policy programs ask the same question, but for the family that answers it."""

from collections.abc import Collection, Iterator
from dataclasses import fields, is_dataclass

import numpy as np

from .program import PolicyProgram

# by kind of cost
_UNUSED = {"terminal": ("loss_weight",), "running": ("terminal_weight",), "both": ()}


def differing_fields(first: PolicyProgram, second: PolicyProgram) -> list[str]:
    """Dotted names of what differs between two programs, e.g. ["objective.discount"].

    Numbers by value; functions and other objects by identity. The family, and prices that do not
    enter, are left out.
    """
    if first.cost != second.cost:
        return ["cost"]
    unused = {f"objective.{name}" for name in _UNUSED[first.cost]}
    ignored = {"family", "objective.terminal", *unused}
    return list(_differing(first, second, "", ignored))


def _differing(first: object, second: object, path: str, ignored: Collection[str]) -> Iterator[str]:
    """The same for any two objects that stand at a path."""
    if first is second or path in ignored:
        return
    if is_dataclass(first) and type(first) is type(second):
        for field in fields(first):
            own, other = getattr(first, field.name), getattr(second, field.name)
            inner = f"{path}.{field.name}" if path else field.name
            yield from _differing(own, other, inner, ignored)
    elif not _equal(first, second):
        yield path


def _equal(first: object, second: object) -> bool:
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        if len(first) != len(second):
            return False
        pairs = zip(first, second, strict=True)
        return not any(list(_differing(own, other, "entry", ())) for own, other in pairs)
    are_numbers = all(isinstance(value, int | float | np.number) for value in (first, second))
    if type(first) is not type(second) and not are_numbers:
        return False
    if isinstance(first, np.ndarray):
        return np.array_equal(first, np.asarray(second))
    return first == second
