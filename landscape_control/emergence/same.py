"""Whether two policy programs ask the same question, but for the family that answers it."""

from dataclasses import fields, is_dataclass

import numpy as np

_UNUSED = {
    "terminal": ("loss_weight",),
    "running": ("terminal_weight",),
    "both": (),
}  # by kind of cost


def differing_fields(first, second) -> list[str]:
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


def _differing(one, other, path, ignored):
    if one is other or path in ignored:
        return
    if is_dataclass(one) and type(one) is type(other):
        for name in (field.name for field in fields(one)):
            yield from _differing(
                getattr(one, name),
                getattr(other, name),
                f"{path}.{name}" if path else name,
                ignored,
            )
    elif not _equal(one, other):
        yield path


def _equal(one, other):
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and not any(
            True for pair in zip(one, other, strict=True) for _ in _differing(*pair, "entry", ())
        )
    if type(one) is not type(other) and not all(
        isinstance(value, int | float | np.number) for value in (one, other)
    ):
        return False
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else one == other
