"""The option --axis: names and values of an axis, from text."""

import math
import re
import sys
from typing import Any, NoReturn, TypeGuard

import numpy as np

from ...support.errors import ProblemError

Value = int | float | bool | str  # of a parameter, as read from the command line


def read_axis(text: str) -> tuple[str | tuple[str, ...], list]:
    """(name, values) of an axis; (names, rows) where several parameters move together.

    NAME=LOW:HIGH:COUNT[log|lin], NAME=VALUE,VALUE,… or NAME/NAME=VALUE/VALUE,…
    """
    name, sign, values = text.partition("=")
    if not (name and sign and values):
        _refuse(text, "NAME=VALUES")
    if "/" in name:
        return _zipped(text, name, values)
    span = re.fullmatch(r"([^:,]+):([^:,]+):([0-9]+)(log|lin)?", values)
    if span is None:
        if ":" in values:
            _refuse(text, "LOW:HIGH:COUNT, LOW:HIGH:COUNTlog, or values with commas between them")
        parts = [part.strip() for part in values.split(",")]
        return name.strip(), _alike([_value(part) for part in parts if part])
    low, high, count, logarithmic = span[1], span[2], span[3], span[4] == "log"
    return name.strip(), _points(text, _value(low), _value(high), _count(count), logarithmic)


def _points(text: str, low: Value, high: Value, count: int, logarithmic: bool) -> list:
    """``count`` numbers from low to high; integers where both ends and all steps are."""
    needed = (
        "finite numbers LOW:HIGH and a COUNT >= 1; both > 0 where they are spaced logarithmically"
    )
    if not (_is_finite(low) and _is_finite(high)) or count < 1:
        _refuse(text, needed)
    if logarithmic:
        if min(low, high) <= 0:
            _refuse(text, needed)
        return np.geomspace(low, high, count).tolist()
    points = np.linspace(low, high, count).tolist()
    whole_ends = isinstance(low, int) and isinstance(high, int)
    if whole_ends and all(point == int(point) for point in points):
        return [int(point) for point in points]
    return points


def _is_finite(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and math.isfinite(value)


def _count(digits: str) -> int:
    from ...sweeps.axes import check_size

    count = int(digits[:400])  # longer ones are refused all the same
    check_size("--axis", count)
    return count


def _zipped(text: str, name: str, values: str) -> tuple[tuple[str, ...], list]:
    """Parameters that move together: a value for each at every point."""
    names = tuple(part.strip() for part in name.split("/"))
    points = [point for point in values.split(",") if point.strip()]
    rows = [tuple(_value(part.strip()) for part in point.split("/")) for point in points]
    if any(len(row) != len(names) for row in rows):
        example = "/".join("1" * len(names))
        _refuse(text, f"{len(names)} values at each point, as in {name}={example},…")
    return names, rows


def variants(name: str | tuple[str, ...], values: list) -> list | dict[str, Any]:
    """The values of an axis; families of rules by their names."""
    is_family = isinstance(name, str) and name.rpartition(".")[2] == "family"
    if not is_family or not all(isinstance(value, str) for value in values):
        return values
    from ...rules.catalogue import family_by_name

    return {value: family_by_name(value) for value in values}


def _value(text: str) -> Value:
    """A whole number, a number, a truth value, or the word itself."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if abs(number) > sys.float_info.max and "inf" not in text.lower():
            _refuse(text[:40], "numbers up to 1.8e308, or inf")
        return number
    return {"true": True, "false": False}.get(text.lower(), text)


def _alike(values: list) -> list:
    """All of them words where one is: a coordinate has one type."""
    if any(isinstance(value, str) for value in values):
        return [str(value) for value in values]
    return values


def _refuse(text: str, expected: str) -> NoReturn:
    raise ProblemError(
        "--axis", expected=expected, received=repr(text), advice="e.g. --axis horizon=0.1:30:40log"
    )
