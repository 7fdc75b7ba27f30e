"""Whether a user's function means the same for CasADi's vectors and for NumPy's arrays.

Most does: arithmetic, elementary functions, products of matrices. But ``A * theta`` takes a column
θ in CasADi and a row in NumPy, and a mask of truth values is read by CasADi as indices 0 and 1.
"""

import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import casadi as ca
import numpy as np

_ROUND_OFF = 1e-9
_POINTS = 6  # at which both are compared
_DEEPEST = 3  # functions inside of one another, or called by one another, that are looked through
_PACKAGE = __package__.partition(".")[0]


def names_casadi(function: Callable) -> bool:
    """Whether a function, or one that it calls or holds, uses CasADi by name.

    So do, as far as can be seen, objects that are called, whose code is not looked at, and the
    library's own.
    """
    return _names_casadi(function, 0)


def _names_casadi(function: Any, depth: int) -> bool:
    while isinstance(function, partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType) or _is_of_casadi(function):
        return True
    known = dict(function.__globals__)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        try:
            known[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    codes = list(_codes(function.__code__, 0))
    names = {name for code in codes for name in (*code.co_names, *code.co_freevars)}
    if "casadi" in names:
        return True
    values = [known[name] for name in names if name in known]
    if any(_is_of_casadi(value) for value in values):
        return True
    helpers = [value for value in values if isinstance(value, types.FunctionType)]
    return depth < _DEEPEST and any(_names_casadi(helper, depth + 1) for helper in helpers)


def _codes(code: types.CodeType, depth: int) -> Iterator[types.CodeType]:
    """The code of a function and of those written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType) and depth < _DEEPEST:
            yield from _codes(constant, depth + 1)


def _is_of_casadi(value: object) -> bool:
    """Whether a value is CasADi, one of its functions or objects, or an object of this library."""
    if isinstance(value, types.ModuleType):
        return value.__name__.partition(".")[0] == "casadi"
    own = str(getattr(value, "__module__", "")).partition(".")[0]
    of = type(value).__module__.partition(".")[0]
    return own in ("casadi", _PACKAGE) or of in ("casadi", _PACKAGE)


def two_meanings(
    function: Callable,
    expression: ca.SX,
    arguments: Sequence[ca.SX],
    keywords: Mapping[str, ca.SX],
    numbers: Collection[int],
) -> tuple[np.ndarray, np.ndarray] | None:
    """(what NumPy makes of it, what CasADi makes of it) at a point where these differ, or None.

    Both are evaluated at a few points, some of positive numbers only. A function that does not take
    numbers, or returns another number of them, is not judged.
    """
    symbols = [*arguments, *keywords.values()]
    value = ca.Function("value", symbols, [ca.densify(expression)])
    rng = np.random.default_rng(3)
    for k in range(_POINTS):
        points = [rng.uniform(0.2, 0.9, symbol.shape) for symbol in symbols]
        if k % 2:
            points = [rng.normal(size=point.shape) for point in points]
        by_casadi = np.array(value(*points)).ravel(order="F")

        given = [_shaped(points[i], is_number=i in numbers) for i in range(len(arguments))]
        rest = zip(keywords, points[len(arguments) :], strict=True)
        named = {name: _shaped(point, is_number=point.size == 1) for name, point in rest}
        try:
            with np.errstate(all="ignore"):
                by_numpy = np.asarray(function(*given, **named), dtype=float).ravel(order="F")
        except Exception:  # what a user's function does with numbers is not asked for here
            return None
        if by_numpy.shape != by_casadi.shape:
            return None
        if _differ(by_numpy, by_casadi):
            return by_numpy, by_casadi
    return None


def _differ(one: np.ndarray, other: np.ndarray) -> bool:
    if not np.isfinite([one, other]).all():  # outside of the domain
        return False
    return bool(np.abs(one - other).max() > _ROUND_OFF * (1 + np.abs(other).max()))


def _shaped(point: np.ndarray, *, is_number: bool) -> Any:
    if is_number:
        return float(point.item())
    return point.ravel() if point.shape[1] == 1 else point
