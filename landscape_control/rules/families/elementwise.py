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
    return _of_two(x, y, foreign="minimum", bound="max", casadi="fmin")


def larger(x: Value, y: Value) -> Value:
    """max(x, y)."""
    return _of_two(x, y, foreign="maximum", bound="min", casadi="fmax")


def total_square(x: Value) -> Value:
    """|x|² over the weights that learn together: the last axis of an array, all of a CasADi vector.

    Arrays keep that axis, with one entry.
    """
    if hasattr(x, "fmin"):  # of CasADi, a vector of all weights
        return (x.T @ x) if x.numel() > 1 else x * x
    return (x**2).sum(-1, keepdims=True)


def _of_two(x: Value, y: Value, *, foreign: str, bound: str, casadi: str) -> Value:
    """A function of two under its name in PyTorch and NumPy, as a one-sided clamp, and in CasADi."""
    for value, other in ((x, y), (y, x)):
        if hasattr(value, "clamp"):  # PyTorch's, which takes numbers and tensors by different names
            if hasattr(other, "clamp"):
                return getattr(value, foreign)(other)
            return value.clamp(**{bound: other})
        if hasattr(value, casadi):
            return getattr(value, casadi)(other)
    array = x if hasattr(x, "__array_namespace__") else y
    return getattr(_namespace(array), foreign)(x, y)


def _of(name: str, x: Value) -> Value:
    """CasADi and PyTorch objects carry the function as a method, JAX and NumPy have it as theirs."""
    if hasattr(x, name):
        return getattr(x, name)()
    return getattr(_namespace(x), name)(x)


def _namespace(x: Value) -> Any:
    """The module whose functions take ``x``: numpy for numbers, else as the array itself says."""
    return x.__array_namespace__() if hasattr(x, "__array_namespace__") else np
