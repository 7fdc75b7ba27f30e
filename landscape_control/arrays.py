"""Checked, read-only arrays and numbers: the only place where raw input becomes data."""

import math

import numpy as np

from .errors import ProblemError


def freeze(array) -> np.ndarray:
    """A read-only float array with its own memory."""
    array = np.array(array, dtype=float)
    array.setflags(write=False)
    return array


def number(what: str, value, *, low=-np.inf, high=np.inf, low_open=False, allow_inf=False) -> float:
    """A float in [low, high] (or (low, high] with ``low_open``), finite unless ``allow_inf``."""
    try:
        if isinstance(value, str | bytes | bool):
            raise TypeError
        result, advice = float(value), f"choose {what} inside that range"
    except (TypeError, ValueError):
        result, advice = math.nan, f"pass {what} as one number"
    if (result > low if low_open else result >= low) and result <= high and (allow_inf or not math.isinf(result)):
        return result
    bound = f"a number {'>' if low_open else '>='} {low:g}" if np.isfinite(low) else "a number"
    bound += f" and <= {high:g}" if np.isfinite(high) else ("" if allow_inf else ", finite")
    raise ProblemError(what, expected=bound, received=repr(value), advice=advice)


def whole(what: str, value, *, low=1, high=None) -> int:
    """An integer >= low, and <= high where more would not end in a reasonable time."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise ProblemError(what, expected=f"an integer >= {low}", received=repr(value), advice=f"pass {what} as an integer")
    if high is not None and value > high:
        raise ProblemError(what, expected=f"at most {high}", received=repr(value),
                           advice=f"choose {what} smaller: time and memory grow at least in proportion to it")
    return int(value)


def flag(what: str, value) -> bool:
    """True or False, of Python or of NumPy; no other object stands for them."""
    if not isinstance(value, (bool, np.bool_)):
        raise ProblemError(what, expected="True or False", received=repr(value), advice=f"pass {what}=True or {what}=False")
    return bool(value)


def vector(what: str, value, size: int | None = None) -> np.ndarray:
    """A read-only finite vector; a vector stays 1-D even when it has one entry."""
    shape = "a 1-D array of numbers" if size is None else f"{size} numbers in a 1-D array"
    array = _numeric(what, plain(value), shape)
    if array.ndim == 0 and size in (None, 1):
        array = array.reshape(1)
    if array.ndim != 1 or (size is not None and array.size != size):
        raise ProblemError(
            what,
            expected=shape,
            received=f"shape {array.shape}",
            advice=f"give {what} one entry per dimension of the landscape",
        )
    return _finite(what, array)


def matrix(what: str, value, shape: tuple[int | None, int | None]) -> np.ndarray:
    """A read-only finite matrix; ``None`` in ``shape`` leaves that side free."""
    words = "a {}x{} matrix".format(*("?" if s is None else s for s in shape))
    array = _numeric(what, value, words)
    if array.ndim != 2 or any(s is not None and s != a for s, a in zip(shape, array.shape, strict=True)):
        raise ProblemError(
            what,
            expected=words,
            received=f"shape {array.shape}",
            advice=f"check the dimensions of {what} against the landscape and the actuation",
        )
    return _finite(what, array)


def symmetric(what: str, value, size: int, *, definite: bool = False) -> np.ndarray:
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
                advice="add a small multiple of the identity, or drop the direction that costs nothing",
            )
    return array


def plain(value):
    """A CasADi matrix of numbers as a NumPy array, 1-D where it is one column; anything else as it is."""
    if not hasattr(value, "full"):
        return value
    array = value.full()
    return array.ravel() if array.shape[1] == 1 else array


def _numeric(what, value, words):
    try:
        return np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise ProblemError(
            what, expected=words, received=type(value).__name__, advice=f"pass {what} as plain numbers"
        ) from None


def _finite(what, array):
    if not np.isfinite(array).all():
        raise ProblemError(
            what,
            expected="finite numbers",
            received=f"NaN or infinity at index {tuple(map(int, np.argwhere(~np.isfinite(array))[0]))}",
            advice=f"find where {what} was computed and why it is not finite",
        )
    array.setflags(write=False)
    return array
