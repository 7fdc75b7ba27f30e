"""Refusals, and what every kind of result is checked for: shapes, order, finite and positive numbers."""

import math
from collections.abc import Mapping
from typing import NoReturn

import numpy as np

from ..support.errors import ProblemError


def refuse(place: str, expected: str, received: str) -> NoReturn:
    """Refuse the contents of a field."""
    raise ProblemError(
        place,
        expected=expected,
        received=received,
        advice=(
            "the file was not written by landscape_control, or was changed since: save the result"
            " again"
        ),
    )


def check_shape(values: Mapping, name: str, shape: tuple) -> None:
    value = values.get(name)
    if value is not None and value.shape != shape:
        refuse(name, f"an array of shape {shape}", f"shape {value.shape}")


def check_ascending(name: str, array: np.ndarray) -> None:
    if len(array) < 2 or not (np.diff(array) > 0).all() or not np.isfinite(array).all():
        refuse(
            name,
            "at least two finite numbers in increasing order",
            f"{array!r:.60}".replace("\n", " "),
        )


def check_finite(name: str, value: float | np.ndarray) -> None:
    if not np.isfinite(value).all():
        refuse(name, "finite numbers, as the status says that it converged", "NaN or infinity")


def check_positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        refuse(name, "a number > 0", f"{value:g}")


def check_counted(values: Mapping, name: str) -> None:
    if not 0 <= values.get(name, 0) < math.inf:
        refuse(name, "a number >= 0", f"{values[name]:g}")
