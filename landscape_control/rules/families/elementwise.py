"""Functions of one argument that NumPy arrays and CasADi symbols share, entry by entry."""

from typing import Any

import numpy as np

Value = Any  # a number, a NumPy array or a CasADi symbol


def sqrt(x: Value) -> Value:
    """√x."""
    return _of("sqrt", x)


def sign(x: Value) -> Value:
    """-1, 0 or 1: NumPy's and CasADi's convention at 0."""
    return _of("sign", x)


def exp(x: Value) -> Value:
    """eˣ."""
    return _of("exp", x)


def tanh(x: Value) -> Value:
    """tanh x."""
    return _of("tanh", x)


def arcsinh(x: Value) -> Value:
    """log(x + √(x² + 1)): odd, x for small x and ±log 2|x| for large."""
    return _of("arcsinh", x)


def log1p(x: Value) -> Value:
    """log(1 + x)."""
    return _of("log1p", x)


def cos(x: Value) -> Value:
    """cos x."""
    return _of("cos", x)


def smaller(x: Value, y: Value) -> Value:
    """min(x, y)."""
    for symbol, other in ((x, y), (y, x)):
        if hasattr(symbol, "fmin"):
            return symbol.fmin(other)
    return np.minimum(x, y)


def _of(name: str, x: Value) -> Value:
    """CasADi objects carry the function as a method; anything else is NumPy's."""
    return getattr(x, name)() if hasattr(x, name) else getattr(np, name)(x)
