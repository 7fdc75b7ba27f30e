"""Numbers and arrays in words: all entries of short arrays, of long ones what can be read."""

import numpy as np

_WRITTEN_OUT = 12  # entries of an array; of a longer one its range and ends


def number_in_words(value: float, digits: int = 10) -> str:
    return f"{value:.{digits}g}"


def array_in_words(values: np.ndarray, digits: int = 10, most: int = _WRITTEN_OUT) -> str:
    """Every entry of a short array; of a long one its shape, ends, range and mean.

    Of a long symmetric matrix the range of its eigenvalues.
    """
    flat = values.ravel()
    if flat.size <= most:
        shape = "" if values.ndim < 2 else f" ({_shape(values)})"
        return f"({', '.join(number_in_words(value, digits) for value in flat)}){shape}"
    known = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    missing = flat.size - known.size
    if not missing and _is_symmetric(values):
        eigenvalues = np.linalg.eigvalsh(values)
        return (
            f"symmetric {_shape(values)} matrix, eigenvalues from {eigenvalues[0]:.6g} to"
            f" {eigenvalues[-1]:.6g}, mean {eigenvalues.mean():.6g}"
        )
    ends = number_in_words(flat[0], digits), number_in_words(flat[-1], digits)
    words = f"{_shape(values)} numbers, first {ends[0]}, last {ends[1]}"
    if known.size:
        words += f", from {known.min():.6g} to {known.max():.6g}, mean {known.mean():.6g}"
    return f"{words}, {missing} not finite" if missing else words


def _is_symmetric(values: np.ndarray) -> bool:
    is_square = values.ndim == 2 and values.shape[0] == values.shape[1]
    return is_square and values.dtype.kind == "f" and np.array_equal(values, values.T)


def _shape(values: np.ndarray) -> str:
    return " x ".join(map(str, values.shape))
