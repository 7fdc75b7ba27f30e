"""What NumPy's functions mean for entries that are symbols: by name, entry by entry and of matrices."""

import operator
from collections.abc import Callable
from typing import Any

import casadi as ca
import numpy as np


def logaddexp(a: Any, b: Any) -> Any:
    """m + log(e^{a-m} + e^{b-m}), whose slopes do not depend on the one of m.

    So they are right where a = b too, which max(a, b) + log1p(e^{-|a - b|}) has none of: there the
    second derivative of log(1 + e^x) would be 0, not 1/4. For b far above or below a = 0 as exact.
    """
    larger = ca.fmax(a, b)
    return larger + ca.log1p(ca.expm1(a - larger) + ca.exp(b - larger))


def _log_expit(x: Any) -> Any:
    return -logaddexp(0.0, -x)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return ca.if_else(x < 0, 0.0, ca.if_else(x > 0, 1.0, at_zero))


def _clipped(x: Any, low: Any, high: Any) -> Any:
    return ca.fmin(ca.fmax(x, low), high)


def _xlogy(x: Any, y: Any) -> Any:
    return x * ca.log(y)


# universal functions of NumPy and SciPy, by name: of one entry, of two, or of three. Arithmetic is
# not among them: NumPy does it with the operators of the entries themselves.
ELEMENTWISE: dict[str, tuple[Callable, int]] = {
    "absolute": (ca.fabs, 1), "fabs": (ca.fabs, 1), "sign": (ca.sign, 1), "floor": (ca.floor, 1), "ceil": (ca.ceil, 1),
    "exp": (ca.exp, 1), "exp2": (lambda x: 2.0**x, 1), "expm1": (ca.expm1, 1), "log": (ca.log, 1),
    "log2": (lambda x: ca.log(x) / np.log(2), 1), "log10": (ca.log10, 1), "log1p": (ca.log1p, 1),
    "sqrt": (ca.sqrt, 1), "cbrt": (lambda x: ca.sign(x) * ca.fabs(x) ** (1 / 3), 1), "square": (lambda x: x * x, 1),
    "reciprocal": (lambda x: 1 / x, 1), "conjugate": (lambda x: x, 1),
    "sin": (ca.sin, 1), "cos": (ca.cos, 1), "tan": (ca.tan, 1), "arcsin": (ca.asin, 1), "arccos": (ca.acos, 1),
    "arctan": (ca.atan, 1), "sinh": (ca.sinh, 1), "cosh": (ca.cosh, 1), "tanh": (ca.tanh, 1), "arcsinh": (ca.asinh, 1),
    "arccosh": (ca.acosh, 1), "arctanh": (ca.atanh, 1), "deg2rad": (lambda x: x * np.pi / 180, 1),
    "radians": (lambda x: x * np.pi / 180, 1), "rad2deg": (lambda x: x * 180 / np.pi, 1),
    "degrees": (lambda x: x * 180 / np.pi, 1), "arctan2": (ca.atan2, 2), "hypot": (ca.hypot, 2),
    "maximum": (ca.fmax, 2), "minimum": (ca.fmin, 2), "fmax": (ca.fmax, 2), "fmin": (ca.fmin, 2),
    "fmod": (ca.fmod, 2), "remainder": (lambda a, b: a - b * ca.floor(a / b), 2),
    "copysign": (ca.copysign, 2), "heaviside": (_heaviside, 2), "logaddexp": (logaddexp, 2),
    "logaddexp2": (lambda a, b: logaddexp(a * np.log(2), b * np.log(2)) / np.log(2), 2), "clip": (_clipped, 3),
    "greater": (operator.gt, 2), "greater_equal": (operator.ge, 2), "less": (operator.lt, 2),
    "less_equal": (operator.le, 2), "equal": (operator.eq, 2), "not_equal": (operator.ne, 2),
    "logical_and": (ca.logic_and, 2), "logical_or": (ca.logic_or, 2), "logical_not": (ca.logic_not, 1),
    "bitwise_and": (ca.logic_and, 2), "bitwise_or": (ca.logic_or, 2), "invert": (ca.logic_not, 1),
    # of scipy.special
    "expit": (lambda x: 1 / (1 + ca.exp(-x)), 1), "log_expit": (_log_expit, 1),
    "logit": (lambda p: ca.log(p / (1 - p)), 1), "erf": (ca.erf, 1), "erfc": (lambda x: 1 - ca.erf(x), 1),
    "xlogy": (_xlogy, 2), "xlog1py": (lambda x, y: x * ca.log1p(y), 2),
}  # fmt: skip
# that NumPy carries out entry by entry with Python's operators
ARITHMETIC = {
    "add", "subtract", "multiply", "divide", "true_divide", "power", "float_power", "negative", "positive", "matmul",
    "vecdot", "matvec", "vecmat",
}  # fmt: skip


def where(condition: Any, one: Any, other: Any) -> np.ndarray:
    """One entry or the other."""
    choose = np.frompyfunc(ca.if_else, 3, 1)
    parts = (np.asarray(part, dtype=object) for part in (condition, one, other))
    return np.asarray(choose(*parts), dtype=object)


def norm(x: Any, ord: Any = None, axis: int | None = None, keepdims: bool = False) -> Any:  # noqa: A002
    """Of vectors: 1, 2 and inf; of matrices the root of the sum of squares.

    Raises TypeError for others.
    """
    if ord not in (None, 1, 2, np.inf, "fro") or (np.ndim(x) > 1 and axis is None and ord == 2):
        raise TypeError(f"the norm {ord!r} of symbols")
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))


def to_casadi(array: Any) -> ca.SX:
    """Numbers and symbols of up to two axes as CasADi's: a column of one axis."""
    array = np.asarray(array, dtype=object)
    rows, columns = array.shape if array.ndim == 2 else (array.size, 1)
    entries = [ca.SX(entry) for entry in array.ravel(order="F")]
    return ca.reshape(ca.vertcat(ca.SX(0, 1), *entries), rows, columns)


def from_casadi(matrix: ca.SX, axes: int) -> np.ndarray:
    """CasADi's entries as an array of objects of so many axes."""
    rows, columns = matrix.shape
    entries = np.empty((rows, columns), dtype=object)
    for i in range(rows):
        for j in range(columns):
            entries[i, j] = matrix[i, j]
    return entries.reshape({0: (), 1: (rows * columns,), 2: (rows, columns)}[axes])


def solve(a: Any, b: Any) -> np.ndarray:
    return from_casadi(ca.solve(to_casadi(a), to_casadi(b)), np.ndim(b))


def inv(a: Any) -> np.ndarray:
    return from_casadi(ca.inv(to_casadi(a)), 2)


def det(a: Any) -> np.ndarray:
    return from_casadi(ca.det(to_casadi(a)), 0)


# functions of NumPy that are not made of others
ARRAY_FUNCTIONS: dict[Callable, Callable] = {
    np.where: where,
    np.linalg.norm: norm,
    np.linalg.solve: solve,
    np.linalg.inv: inv,
    np.linalg.det: det,
}
