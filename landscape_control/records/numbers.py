"""Numbers as JSON text that keeps every bit: finite floats by their shortest exact form, the others
by name.
"""

import math

import numpy as np

from ..support.arrays import freeze
from .limits import MOST_AXES
from .plain_text import count, listed, mapping, refuse

_NAMES = ("inf", "-inf", "nan")


def number_to_tree(value: float) -> float | str:
    """A float for JSON: itself, or "inf", "-inf", "nan"."""
    value = float(value)
    return value if math.isfinite(value) else str(value)


def number_from_tree(tree: object, what: str = "number") -> float:
    """The float of :func:`number_to_tree`."""
    if isinstance(tree, str) and tree in _NAMES:
        return float(tree)
    if isinstance(tree, bool) or not isinstance(tree, int | float):
        refuse(what, f"a number, or one of {', '.join(_NAMES)}", f"{tree!r:.60}")
    return float(tree)


def array_to_tree(array: np.ndarray) -> dict:
    """{"shape": [...], "values": [...]}, row by row."""
    array = np.asarray(array, dtype=float)
    values = array.ravel().tolist()
    if not np.isfinite(array).all():
        values = list(map(number_to_tree, values))
    return {"shape": list(array.shape), "values": values}


def array_from_tree(tree: object, what: str = "array") -> np.ndarray:
    """The read-only array of :func:`array_to_tree`."""
    tree = mapping(tree, what, "shape", "values")
    values, shape = listed(tree["values"], what), listed(tree["shape"], what)
    if len(shape) > MOST_AXES:
        refuse(what, f"an array of at most {MOST_AXES} axes", f"{len(shape)}")
    shape = [count(length, what, 0, 2**40) for length in shape]
    if math.prod(shape) != len(values):
        refuse(what, f"{math.prod(shape)} values for the shape {shape}", f"{len(values)}")
    return freeze(
        np.array([number_from_tree(value, what) for value in values], dtype=float).reshape(shape)
    )
