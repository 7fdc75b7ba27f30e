"""Symbols as a NumPy array, so that a loss written with NumPy can be read as an expression.

The array holds one CasADi symbol per entry. NumPy's arithmetic, indexing, shapes and products work
on arrays of objects; functions that need more are replaced, see
:mod:`~landscape_control.support.numpy_functions`. What asks for the value of a symbol (``if``, a
mask, ``float``) raises :class:`NoValueError`, which says what to write instead.
"""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import casadi as ca
import numpy as np

from .numpy_functions import ARITHMETIC, ARRAY_FUNCTIONS, ELEMENTWISE, from_casadi, to_casadi


class NoValueError(TypeError):
    """A symbol has no value yet; ``advice`` says what to write instead."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


_UFUNCS = {
    name: np.frompyfunc(function, count, 1) for name, (function, count) in ELEMENTWISE.items()
}
_ELEMENTARY = (
    "write it with sums, products and elementary functions of NumPy's or CasADi's;"
    " numpy.logaddexp.reduce(x) is log Σ exp x"
)
_CONDITION = (
    "write numpy.where(condition, a, b) or casadi.if_else for 'if', numpy.maximum and numpy.minimum"
    " (casadi.fmax, casadi.fmin) for max() and min(), numpy.logical_and (casadi.logic_and) for 'and'"
)


class SymbolArray(np.ndarray):
    """An array of CasADi symbols and numbers, of any shape."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [_plain(given) for given in inputs]
        for name in ("out", "where"):
            if name in options:
                options[name] = _plain_option(options[name])
        name = ufunc.__name__
        replaced = _UFUNCS.get(name)
        is_users = name.endswith("(vectorized)")  # numpy.vectorize, numpy.frompyfunc
        if replaced is None and name not in ARITHMETIC and not is_users:
            raise NoValueError(f"numpy.{name} cannot be computed of symbols", _ELEMENTARY)
        if replaced is not None and method == "reduce":
            return _wrapped(_reduced(replaced, *plain, **options))
        options.pop("dtype", None)
        return _wrapped(getattr(replaced or ufunc, method)(*plain, **options))

    def __array_function__(
        self, function: Callable, types: Any, arguments: Any, options: Any
    ) -> Any:
        try:
            if function in ARRAY_FUNCTIONS:
                return _wrapped(ARRAY_FUNCTIONS[function](*arguments, **options))
            return _wrapped(super().__array_function__(function, types, arguments, options))
        except NoValueError:
            raise
        except (TypeError, RuntimeError) as error:  # of NumPy, of CasADi: a comparison
            name = f"{function.__module__}.{function.__name__}"
            raise NoValueError(f"{name} cannot be computed of symbols", _ELEMENTARY) from error

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, SymbolArray | ca.SX) for part in keys):
            raise NoValueError(
                "a condition on symbols cannot choose entries",
                "write numpy.where(condition, x, 0) in place of x[condition]",
            )
        return _wrapped(super().__getitem__(key))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __SX__(self) -> ca.SX:  # noqa: N802  (the name under which CasADi looks for it)
        return to_casadi(self)

    def __bool__(self) -> bool:
        return self._no_value("the truth value of symbols is not known", _CONDITION)

    def __float__(self) -> float:
        return self._no_value(
            "symbols are no numbers yet",
            "write numpy.sin or casadi.sin, … in place of math.sin, float(…), int(…), and"
            " numpy.stack([a, b]) in place of filling numpy.zeros(2)",
        )

    __int__ = __index__ = __complex__ = __float__  # type: ignore[assignment]

    @staticmethod
    def _no_value(message: str, advice: str) -> NoReturn:
        raise NoValueError(message, advice)


def as_symbols(symbols: ca.SX, *, is_number: bool = False) -> SymbolArray:
    """CasADi's symbols as NumPy would hand them over: a column as a vector, a matrix as it is.

    With ``is_number`` one symbol is a number, without axes.
    """
    axes = 0 if is_number else 1 if symbols.size2() == 1 else 2
    array: SymbolArray = from_casadi(symbols, axes).view(SymbolArray)
    return array


def expression_of(value: Any) -> Any:
    """An array of symbols as a CasADi expression; what is none as it is."""
    is_array = isinstance(value, np.ndarray) and value.dtype == object and value.ndim <= 2
    return to_casadi(value) if is_array else value


def _plain(value: Any) -> Any:
    """An array of objects for NumPy: of symbols in an array, and of CasADi's own vectors."""
    if isinstance(value, SymbolArray):
        return value.view(np.ndarray)
    if isinstance(value, ca.SX | ca.DM):
        return from_casadi(ca.SX(value), _axes(value))
    return value


def _axes(symbols: ca.SX | ca.DM) -> int:
    """A single entry has no axes, a column one."""
    return 0 if symbols.numel() == 1 else 1 if symbols.size2() == 1 else 2


def _plain_option(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, tuple) else _plain(value)


def _wrapped(value: Any) -> Any:
    """Results of symbols as arrays of symbols, single ones without axes."""
    if isinstance(value, list | tuple):
        return type(value)(map(_wrapped, value))
    if isinstance(value, ca.SX):
        single = np.empty((), dtype=object)
        single[()] = value
        return single.view(SymbolArray)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value.view(SymbolArray)
    return value


def _reduced(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    *,
    keepdims: bool = False,
    dtype: Any = None,
    **options: Any,
) -> Any:
    """Along several axes one after the other: NumPy does not know that the order does not matter."""
    axes = range(np.ndim(array)) if axis is None else axis
    axes = axes if isinstance(axes, tuple | range) else (axes,)
    last_first = sorted((a % np.ndim(array) for a in axes), reverse=True)
    for along in last_first:
        array = ufunc.reduce(array, axis=along, keepdims=keepdims, **options)
    return array
