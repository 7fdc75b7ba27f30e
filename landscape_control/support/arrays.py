"""Checked, read-only arrays and numbers: the only place where raw input becomes data.

What counts as a real number, or an array of them: Python's and NumPy's integers and floats of any
width, ``Fraction`` and ``Decimal``, lists, tuples and ranges of them, CasADi's DM, and whatever
hands out a NumPy array of integers or floats (pandas, xarray, torch). What does not, because it
would only look right: complex numbers (also with a vanishing imaginary part), truth values, masked
entries, dates and times, text that reads as a number, sets, generators and mappings.
"""

import math
import numbers
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from .errors import ProblemError, shown

_DTYPE_WORDS = {
    "b": "truth values",
    "c": "complex numbers",
    "m": "time spans",
    "M": "dates",
    "U": "text",
    "S": "text",
}
_ADVICE = {
    "truth values": "write 1.0 and 0.0 where numbers are meant",
    "complex numbers": "if the imaginary part is round-off, pass the real part ({what}.real)",
    "masked entries": "fill them in (.filled(value)) or leave them out (.compressed())",
}


def freeze(values: Any) -> np.ndarray:
    """A read-only float array with its own memory."""
    array = np.array(values, dtype=float)
    array.setflags(write=False)
    return array


def number(
    what: str,
    value: Any,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    low_open: bool = False,
    high_open: bool = False,
    allow_inf: bool = False,
    allow_nan: bool = False,
) -> float:
    """A float in [low, high], without the ends that are open.

    Finite unless ``allow_inf``, no NaN unless ``allow_nan``.
    """
    if type(value) is float and low < value < high and not math.isinf(value):
        return value
    result = _float(value)
    if result is not None:
        if allow_nan and math.isnan(result):
            return result
        above = result > low if low_open else result >= low
        below = result < high if high_open else result <= high
        if above and below and (allow_inf or not math.isinf(result)):
            return result
    raise ProblemError(
        what,
        expected=range_words(low, high, low_open, high_open, allow_inf),
        received=shown(value),
        advice=_number_advice(what, value)
        if result is None
        else f"choose {what} inside that range",
    )


def range_words(
    low: float,
    high: float,
    low_open: bool = False,
    high_open: bool = False,
    allow_inf: bool = False,
) -> str:
    """The numbers that are accepted, in words."""
    limits = []
    if np.isfinite(low):
        limits.append(f"{'>' if low_open else '>='} {low:g}")
    if np.isfinite(high):
        limits.append(f"{'<' if high_open else '<='} {high:g}")
    if not limits:
        return "a number" if allow_inf else "a finite number"
    words = f"a number {' and '.join(limits)}"
    # a limit above says by itself that infinity is not accepted
    return words if np.isfinite(high) or allow_inf else f"{words}, finite"


def whole(what: str, value: Any, *, low: int | None = 1, high: int | None = None) -> int:
    """An integer >= low (any where None).

    And <= high, where more would not end in a reasonable time.
    """
    if type(value) is np.ndarray and value.ndim == 0:
        value = value[()]
    integer = isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)
    if not integer or (low is not None and value < low):
        words = "an integer" if low is None else f"an integer >= {low}"
        advice = f"choose {what} >= {low}" if integer else f"pass {what} as an integer"
        raise ProblemError(what, expected=words, received=shown(value), advice=advice)
    if high is not None and value > high:
        raise ProblemError(
            what,
            expected=f"at most {high}",
            received=shown(value),
            advice=f"choose {what} smaller: time and memory grow at least in proportion to it",
        )
    return int(value)


def flag(what: str, value: object) -> bool:
    """True or False, of Python or of NumPy; no other object stands for them."""
    if not isinstance(value, (bool, np.bool_)):
        raise ProblemError(
            what,
            expected="True or False",
            received=shown(value),
            advice=f"pass {what}=True or {what}=False",
        )
    return bool(value)


def vector(what: str, value: Any, size: int | None = None) -> np.ndarray:
    """A read-only finite vector; a vector stays 1-D even when it has one entry."""
    shape = "a 1-D array of numbers" if size is None else f"{size} numbers in a 1-D array"
    array = real_array(what, value, shape)
    if array.ndim == 0 and size in (None, 1):
        array = array.reshape(1)
    if array.ndim != 1 or (size is not None and array.size != size):
        raise ProblemError(
            what,
            expected=shape,
            received=f"shape {array.shape}",
            advice=f"give {what} one entry per dimension of the landscape",
        )
    return finite(what, array)


def matrix(what: str, value: Any, shape: tuple[int | None, int | None]) -> np.ndarray:
    """A read-only finite matrix; ``None`` in ``shape`` leaves that side free."""
    words = _matrix_words(*shape)
    array = real_array(what, value, words, keep_columns=True)
    fits = array.ndim == 2 and all(
        wanted in (None, size) for wanted, size in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ProblemError(
            what,
            expected=words,
            received=f"shape {array.shape}",
            advice=f"give {what} the rows and columns that are expected",
        )
    return finite(what, array)


def _matrix_words(rows: int | None, columns: int | None) -> str:
    if rows is None and columns is None:
        return "a matrix"
    if rows is None:
        return f"a matrix with {columns} column{'s' * (columns != 1)}"
    if columns is None:
        return f"a matrix with {rows} row{'s' * (rows != 1)}"
    return f"a {rows}x{columns} matrix"


def symmetric(what: str, value: Any, size: int, *, definite: bool = False) -> np.ndarray:
    """A symmetric matrix (positive definite when ``definite``), by its eigenvalues."""
    array = matrix(what, value, (size, size))
    gap = np.abs(array - array.T).max()
    if gap > 1e-10 * max(np.abs(array).max(), 1e-300):
        raise ProblemError(
            what,
            expected="a symmetric matrix",
            received=f"|M - M'| up to {gap:.3g}",
            advice=f"pass ({what} + {what}.T)/2 if the asymmetry is round-off",
        )
    if definite:
        lowest = np.linalg.eigvalsh(array)[0]
        if lowest <= 0:
            raise ProblemError(
                what,
                expected="a positive definite matrix",
                received=f"smallest eigenvalue {lowest:.3g}",
                advice=(
                    "add a small multiple of the identity, or drop the direction that costs nothing"
                ),
            )
    return array


def plain(value: Any) -> Any:
    """A CasADi matrix of numbers as a NumPy array, 1-D where it is one column.

    Anything else stays as it is.
    """
    if not hasattr(value, "full"):
        return value
    array = value.full()
    return array.ravel() if array.shape[1] == 1 else array


def real_array(what: str, value: Any, words: str, *, keep_columns: bool = False) -> np.ndarray:
    """A float array of any shape with its own memory.

    What is no array of real numbers is refused, see the module.
    """
    if hasattr(value, "full"):
        value = value.full() if keep_columns else plain(value)
    fault = unreal(value)
    if fault is None:
        try:
            return np.array(value, dtype=float)
        except (TypeError, ValueError):
            fault = "rows of different lengths"
        except OverflowError:
            fault = "numbers beyond 1.8e308"
    advice = _ADVICE.get(fault, "pass {what} as plain numbers").format(what=what)
    raise ProblemError(what, expected=words, received=fault, advice=advice)


def unreal(value: Any) -> str | None:
    """What in a value, an array or a number perhaps, is no real number; None where all of it is."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return None
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        return "masked entries"
    if isinstance(value, np.ndarray | np.generic):
        return _unreal_array(np.asarray(value))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _first_fault(value)
    if isinstance(value, bool):
        return "truth values"
    if isinstance(value, complex):
        return "complex numbers"
    if isinstance(value, numbers.Real | Decimal):
        return None
    if hasattr(value, "__array__") and not isinstance(value, type):
        return _foreign(value)
    return shown(value)


def finite(what: str, array: np.ndarray) -> np.ndarray:
    """The array, read-only, if all its entries are finite."""
    if not np.isfinite(array).all():
        first = tuple(map(int, np.argwhere(~np.isfinite(array))[0]))
        raise ProblemError(
            what,
            expected="finite numbers",
            received=f"NaN or infinity at index {first}",
            advice=f"find where {what} was computed and why it is not finite",
        )
    array.setflags(write=False)
    return array


def _first_fault(entries: Iterable) -> str | None:
    return next((fault for fault in map(unreal, entries) if fault is not None), None)


def _unreal_array(array: np.ndarray) -> str | None:
    kind = array.dtype.kind
    if kind in "iuf":
        return None
    if kind == "O":
        return _first_fault(array.flat)
    return _DTYPE_WORDS.get(kind, f"an array of type {array.dtype}")


def _foreign(value: Any) -> str | None:
    """The fault of what hands out a NumPy array, such as a column of a table.

    Symbols of CasADi have no numbers to hand out: they give an array of themselves.
    """
    try:
        array = np.asarray(value)
    except Exception:  # whatever the other library raises
        return shown(value)
    if array.dtype.kind == "O" and any(type(entry) is type(value) for entry in array.flat):
        return shown(value)
    return _unreal_array(array)


def _float(value: Any) -> float | None:
    """The float that an object stands for; None where it is not one real number."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, np.ndarray) or hasattr(value, "full") or hasattr(value, "__array__"):
        of_casadi = hasattr(value, "full")  # whose numbers are matrices of one entry
        given = value.full() if of_casadi else value
        if unreal(given) is not None:
            return None
        array = np.asarray(given)
        is_one = array.ndim == 0 or (of_casadi and array.size == 1)
        return float(array.item()) if is_one else None
    if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _number_advice(what: str, value: Any) -> str:
    fault = unreal(value) or ""
    return _ADVICE.get(fault, "pass {what} as one number").format(what=what)
