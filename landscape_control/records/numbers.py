"""Numbers as JSON text that keeps every bit: finite floats by their shortest exact form, the others by name."""

import math

import numpy as np

from ..arrays import freeze


def number_to_tree(value: float):
    """A float for JSON: itself, or "inf", "-inf", "nan"."""
    value = float(value)
    return value if math.isfinite(value) else str(value)


def number_from_tree(tree) -> float:
    """The float of :func:`number_to_tree`."""
    return float(tree)


def array_to_tree(array: np.ndarray) -> dict:
    """{"shape": [...], "values": [...]}, row by row."""
    array = np.asarray(array, dtype=float)
    values = array.ravel().tolist()
    if not np.isfinite(array).all():
        values = list(map(number_to_tree, values))
    return {"shape": list(array.shape), "values": values}


def array_from_tree(tree) -> np.ndarray:
    """The read-only array of :func:`array_to_tree`."""
    return freeze(np.array([float(value) for value in tree["values"]]).reshape(tree["shape"]))
