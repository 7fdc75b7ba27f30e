"""From a user's function to one CasADi function, with its parameters as inputs; traced once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import casadi as ca
import numpy as np

from ...support.arrays import freeze
from ...support.errors import ProblemError, check_choice
from ...support.expressions import call_traced

_ADVICE = (
    "write the loss with NumPy or CasADi operations (numpy.exp, casadi.exp, ...) on the vector it is"
    " given"
)
MOST_ENTRIES = 1_000_000


def checked_parameters(parameters: Any) -> Mapping[str, float | np.ndarray]:
    """{name: float or read-only array}, finite; names are those of keyword arguments."""
    if not isinstance(parameters, Mapping) or not all(
        isinstance(name, str) and name.isidentifier() for name in parameters
    ):
        raise ProblemError(
            "landscape parameters",
            expected="a mapping from names to numbers",
            received=repr(parameters),
            advice='write parameters={"tilt": 0.5}; the loss takes them as keyword arguments',
        )
    checked = {name: _value(name, value) for name, value in parameters.items()}
    entries = sum(np.count_nonzero(value) for value in checked.values())
    if entries > MOST_ENTRIES:
        raise ProblemError(
            "landscape parameters",
            expected=f"at most {MOST_ENTRIES} entries that are not zero",
            received=f"{entries}",
            advice=(
                "each becomes an operation of its own; write the loss as a sum over "
                "fewer numbers, e.g. with a sparse or diagonal matrix"
            ),
        )
    return MappingProxyType(checked)


def changed_parameters(given: Mapping, changes: Mapping) -> dict:
    """The parameters with changes of the same shape; unknown names are refused."""
    changed = dict(given)
    for name, value in changes.items():
        if not given:
            raise ProblemError(
                "landscape parameter",
                expected="a landscape with parameters",
                received=repr(name),
                advice="declare it: Landscape.from_expression(..., parameters={...})",
            )
        check_choice("landscape parameter", name, given)
        value, shape = _value(name, value), np.shape(given[name])
        if np.size(value) == 1 and np.size(given[name]) == 1:
            value = np.reshape(value, shape)
        if np.shape(value) != shape:
            raise ProblemError(
                f"landscape parameter {name!r}",
                expected=f"shape {shape}",
                received=f"shape {np.shape(value)}",
                advice="build another landscape for other dimensions",
            )
        changed[name] = value
    return changed


def _value(name: str, value: Any) -> float | np.ndarray:
    try:
        array = freeze(value)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    is_other = isinstance(value, str | bytes | bool)  # NumPy would read a number from it
    if is_other or array.ndim > 2 or not array.size or not np.isfinite(array).all():
        raise ProblemError(
            f"landscape parameter {name!r}",
            expected="a finite number, or an array of them",
            received=repr(value),
            advice="give it a number that the loss is defined for",
        )
    return array if array.ndim else float(array)


def constants(parameters: Mapping) -> list[ca.DM]:
    """The parameters' values as CasADi numbers, matrices with their zeros left out."""
    return [ca.sparsify(ca.DM(v)) if np.ndim(v) == 2 else ca.DM(v) for v in parameters.values()]


def trace(expression: Callable, sizes: tuple[int, ...], parameters: Mapping) -> ca.Function:
    """The function of (θ[, φ], parameters …) that ``expression`` computes.

    What is not scalar, or has other symbols in it, is refused.
    """
    vectors = _symbols(sizes)
    symbols = [
        ca.SX.sym(name, value.sparsity())
        for name, value in zip(parameters, constants(parameters), strict=True)
    ]
    known = f" with the keyword arguments {', '.join(parameters)}" if parameters else ""
    value = call_traced(
        "loss expression",
        expression,
        vectors,
        keywords=dict(zip(parameters, symbols, strict=True)),
        wanted=f"a scalar, from a function of {_vectors(sizes)}{known}",
        advice=_ADVICE,
    )
    _check_value(value, vectors[0])
    return ca.Function("loss", [*vectors, *symbols], [ca.densify(value)])


def _symbols(sizes: tuple[int, ...]) -> list[ca.SX]:
    """θ, and φ where there are two sizes."""
    return [ca.SX.sym(name, size) for name, size in zip(("theta", "hidden"), sizes, strict=False)]


def _vectors(sizes: tuple[int, ...]) -> str:
    theta = f"a vector θ of length {sizes[0]}"
    return theta if len(sizes) == 1 else f"{theta} and one φ of length {sizes[1]}"


def _check_value(value: ca.SX, theta: ca.SX) -> None:
    if value.numel() != 1:
        raise ProblemError(
            "loss expression",
            expected="a scalar",
            received=f"shape {value.shape}",
            advice="sum or average the entries, e.g. casadi.sumsqr(...)",
        )
    if not ca.depends_on(value, theta):
        raise ProblemError(
            "loss expression",
            expected="an expression that depends on θ",
            received=f"the constant {value}",
            advice=_ADVICE,
        )


def with_numbers(traced: ca.Function, sizes: tuple[int, ...], parameters: Mapping) -> ca.Function:
    """The traced function of (θ[, φ]) alone, with the parameters' numbers in it."""
    if not parameters:
        return traced
    vectors = _symbols(sizes)
    return ca.Function("loss", vectors, [ca.densify(traced(*vectors, *constants(parameters)))])
