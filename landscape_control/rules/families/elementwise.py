"""Functions that NumPy arrays and CasADi symbols share, entry by entry.

Tensors of PyTorch and arrays of JAX have them too, so that a rule written with them runs on all four.
"""

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
    for value, other in ((x, y), (y, x)):
        if hasattr(value, "clamp"):  # PyTorch's, which takes numbers and tensors by different names
            return value.minimum(other) if hasattr(other, "clamp") else value.clamp(max=other)
        if hasattr(value, "fmin"):
            return value.fmin(other)
    array = x if hasattr(x, "__array_namespace__") else y
    return _namespace(array).minimum(x, y)


def _of(name: str, x: Value) -> Value:
    """CasADi and PyTorch objects carry the function as a method, JAX and NumPy have it as theirs."""
    if hasattr(x, name):
        return getattr(x, name)()
    return getattr(_namespace(x), name)(x)


def _namespace(x: Value) -> Any:
    """The module whose functions take ``x``: numpy for numbers, else as the array itself says."""
    return x.__array_namespace__() if hasattr(x, "__array_namespace__") else np
