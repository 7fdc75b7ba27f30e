"""Whether two policy programs ask the same question, but for the family that answers it."""

from dataclasses import fields, is_dataclass

import numpy as np

from .program import PolicyProgram

# by kind of cost
_UNUSED = {"terminal": ("loss_weight",), "running": ("terminal_weight",), "both": ()}


def differing_fields(first: PolicyProgram, second: PolicyProgram) -> list[str]:
    """Dotted names of what differs between two programs, e.g. ["objective.discount",
    "task.curvatures"].

    Numbers by value; functions and other objects by identity. The family, and prices that do not
    enter, are left out.
    """
    if first.cost != second.cost:
        return ["cost"]
    ignored = {
        "family",
        "objective.terminal",
        *(f"objective.{name}" for name in _UNUSED[first.cost]),
    }
    return list(_differing(first, second, "", ignored))


def _differing(first, second, path, ignored):
    if first is second or path in ignored:
        return
    if is_dataclass(first) and type(first) is type(second):
        for name in (field.name for field in fields(first)):
            yield from _differing(
                getattr(first, name),
                getattr(second, name),
                f"{path}.{name}" if path else name,
                ignored,
            )
    elif not _equal(first, second):
        yield path


def _equal(first, second):
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        return len(first) == len(second) and not any(
            True for pair in zip(first, second, strict=True) for _ in _differing(*pair, "entry", ())
        )
    if type(first) is not type(second) and not all(
        isinstance(value, int | float | np.number) for value in (first, second)
    ):
        return False
    return bool(np.array_equal(first, second)) if isinstance(first, np.ndarray) else first == second
