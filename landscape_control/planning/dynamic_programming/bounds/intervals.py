"""Interval arithmetic on CasADi instructions.

Bounds of a function over many boxes at once, rounded outwards.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import casadi as ca
import numpy as np
from scipy import special

from ....support.instructions import instructions, operations

_ROUNDING = 2e-15  # relative, a few units in the last place: more than any library function is off
_UNDERFLOW = 1e-300
_LARGEST = 1e300
_PARTIAL = {
    ca.OP_LOG,
    ca.OP_LOG1P,
    ca.OP_SQRT,
    ca.OP_POW,
    ca.OP_CONSTPOW,
    ca.OP_ASIN,
    ca.OP_ACOS,
    ca.OP_ACOSH,
    ca.OP_ATANH,
}


class Interval(NamedTuple):
    """Lower and upper ends, arrays (S,) or numbers; ends may be infinite."""

    low: np.ndarray | np.float64
    high: np.ndarray | np.float64


Rule = Callable[..., Interval]  # intervals of the arguments -> interval of the results


class IntervalFunction:
    """Bounds of a CasADi function of one vector over boxes (Moore 1966).

    Every instruction is replaced by its set of possible results, so that the bounds hold for all
    points of a box, rounding included. They are too wide where a variable occurs more than once, by
    an amount proportional to the size of the box. An instruction that is not known gives (-∞, ∞):
    never a bound that is not true. Where the function is not defined on a part of a box, the bounds
    are those of the part where it is.
    """

    def __init__(self, function: ca.Function):
        theta = ca.SX.sym("theta", function.size1_in(0))
        # equal factors become one, so that x·x is seen to be a square
        shared = ca.cse(ca.densify(function(theta)))
        self.function = ca.Function("bounded", [theta], [shared])
        self.entries = self.function.numel_out(0)
        self.evaluate = evaluator(self.function)

    def __call__(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(lower, upper) bounds over boxes: shapes (S, entries).

        The corners of the boxes are ``low`` and ``high`` (S, n).
        """
        inputs = [
            Interval(*ends) for ends in zip(np.transpose(low), np.transpose(high), strict=True)
        ]
        bounds = np.empty((2, len(low), self.entries))
        with np.errstate(all="ignore"):  # infinite ends make NaN, which the rules read as "unknown"
            results = interpret(self.function, inputs, self.evaluate, constant)
            for entry, result in enumerate(results):
                bounds[0, :, entry], bounds[1, :, entry] = result
        return bounds[0], bounds[1]


def interpret(
    function: ca.Function, inputs: Sequence, evaluate: Callable, constant: Callable[[float], object]
) -> list:
    """The outputs of a CasADi function of one vector.

    Its instructions are carried out by ``evaluate(operation, *values)``.
    """
    work: list = [None] * max(function.sz_w(), 1)
    outputs: list = [None] * function.numel_out(0)
    for number, operation, given, to in instructions(function):
        if operation == ca.OP_OUTPUT:
            outputs[to[1]] = work[given[0]]
            continue
        if operation == ca.OP_INPUT:
            value = inputs[given[1]]
        elif operation == ca.OP_CONST:
            value = constant(function.instruction_constant(number))
        elif operation == ca.OP_MUL and given[0] == given[1]:
            # a product of two intervals forgets that both factors are the same number
            value = evaluate(ca.OP_SQ, work[given[0]])
        else:
            value = evaluate(operation, *(work[place] for place in given))
        for place in to:
            if place >= 0:  # a result of a call that nobody uses has no place
                work[place] = value
    return outputs


def constant(value: float) -> Interval:
    """A number as an interval; what is not a number can be anything."""
    if np.isnan(value):
        return Interval(np.float64(-np.inf), np.float64(np.inf))
    return Interval(np.float64(value), np.float64(value))


def evaluator(function: ca.Function) -> Callable[..., Interval]:
    """``evaluate(operation, *intervals)`` for the instructions of one function.

    fmin and fmax pass over an argument that is not a number, so that in a function that is not
    defined everywhere their result can be the other argument: both ends are then the hull's.
    """
    present = operations(function)
    rules = OPERATIONS
    if present & _PARTIAL:
        rules = OPERATIONS | {ca.OP_FMIN: _hull, ca.OP_FMAX: _hull}

    def evaluate(operation: int, *values: Interval) -> Interval:
        return rules.get(operation, _anything)(*values)

    return evaluate


def _hull(x: Interval, y: Interval) -> Interval:
    return Interval(np.minimum(x.low, y.low), np.maximum(x.high, y.high))


def outwards(
    low: np.ndarray | np.float64,
    high: np.ndarray | np.float64,
    least: float = -np.inf,
    most: float = np.inf,
) -> Interval:
    """Ends moved outwards by more than the rounding error.

    But not beyond what is known of the result.

    Zero as a lower end is kept (its sign tells a negative result that was too small to represent),
    so that what is not negative stays so when it is multiplied by something unbounded.
    """
    lower = low - _ROUNDING * np.abs(low) - _UNDERFLOW * _inexact(low, np.signbit(low))
    higher = high + _ROUNDING * np.abs(high) + _UNDERFLOW * _inexact(high, ~np.signbit(high))
    low = np.where(np.isfinite(low), lower, low)
    high = np.where(np.isfinite(high), higher, high)
    # ∞ - ∞ is not a number: nothing is known of that end
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    # an overflow is finite, but larger than this
    low, high = np.minimum(low, _LARGEST), np.maximum(high, -_LARGEST)
    return Interval(np.clip(low, least, most), np.clip(high, least, most))


def _inexact(end, zero_is_rounded):
    """Whether an end may have lost digits to underflow."""
    return np.where(end == 0, zero_is_rounded, np.abs(end) < 1e-280)


def _anything(*values: Interval) -> Interval:
    shape = np.broadcast_shapes(*(np.shape(value.low) for value in values))
    return Interval(np.full(shape, -np.inf), np.full(shape, np.inf))


def add(x: Interval, y: Interval) -> Interval:
    """x + y."""
    return outwards(x.low + y.low, x.high + y.high)


def negative(x: Interval) -> Interval:
    """-x."""
    return Interval(-x.high, -x.low)


def _subtract(x: Interval, y: Interval) -> Interval:
    return add(x, negative(y))


def multiply(x: Interval, y: Interval) -> Interval:
    """x·y; zero times infinity is zero, since the ends stand for finite numbers."""
    corners = (x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high)
    products = np.array(np.broadcast_arrays(*corners))
    products[np.isnan(products)] = 0.0
    return outwards(products.min(axis=0), products.max(axis=0))


def square(x: Interval) -> Interval:
    """x²."""
    return _even(np.square, 0.0)(x)


def _inverse(x: Interval) -> Interval:
    """1/x; anything where x may be zero inside the interval."""
    through_zero = (x.low < 0) & (x.high > 0)
    low = np.where(x.high == 0, -np.inf, 1 / x.high)
    high = np.where(x.low == 0, np.inf, 1 / x.low)
    return outwards(np.where(through_zero, -np.inf, low), np.where(through_zero, np.inf, high))


def _increasing(
    function: Callable,
    least: float = -np.inf,
    most: float = np.inf,
    domain: tuple[float, float] = (-np.inf, np.inf),
) -> Rule:
    """The rule of an increasing function.

    Arguments are cut to its domain, and a box wholly outside the domain tells nothing.
    """

    first, last = domain

    def bounds(x: Interval) -> Interval:
        outside = (x.high < first) | (x.low > last)
        low, high = np.clip(x.low, first, last), np.clip(x.high, first, last)
        result = outwards(function(low), function(high), least, most)
        return Interval(
            np.where(outside, -np.inf, result.low), np.where(outside, np.inf, result.high)
        )

    return bounds


def _decreasing(function: Callable, domain: tuple[float, float]) -> Rule:
    increasing = _increasing(lambda value: -function(value), domain=domain)
    return lambda x: negative(increasing(x))


def _even(function: Callable, least: float) -> Rule:
    """A function of |x| that increases with |x|."""

    def bounds(x: Interval) -> Interval:
        ends = np.abs(x.low), np.abs(x.high)
        smallest = np.where((x.low <= 0) & (x.high >= 0), 0.0, np.minimum(*ends))
        return outwards(function(smallest), function(np.maximum(*ends)), least=least)

    return bounds


def _wave(shift: float) -> Rule:
    """sin(x + shift): the extremes are at ±1 where a crest or a trough lies in the interval."""

    def bounds(x: Interval) -> Interval:
        low, high = x.low + shift, x.high + shift
        # x + shift is rounded before the sine is taken
        slack = 1e-15 * (1 + np.maximum(np.abs(low), np.abs(high)))
        crest = _holds(low - slack, high + slack, np.pi / 2)
        trough = _holds(low - slack, high + slack, -np.pi / 2)
        at_low, at_high = np.sin(low), np.sin(high)
        ends = outwards(np.minimum(at_low, at_high) - slack, np.maximum(at_low, at_high) + slack)
        return Interval(
            np.where(trough, -1.0, ends.low).clip(-1, 1),
            np.where(crest, 1.0, ends.high).clip(-1, 1),
        )

    return bounds


def _holds(low, high, phase):
    """Whether a point phase + 2πj lies in the interval.

    True where an end is infinite or too large to tell.
    """
    turns = np.floor((high - phase) / (2 * np.pi)) > np.floor((low - phase) / (2 * np.pi))
    return turns | ~(np.abs(low) < 1e12) | ~(np.abs(high) < 1e12)


def _tangent(x: Interval) -> Interval:
    above, below = _holds(x.low, x.high, np.pi / 2), _holds(x.low, x.high, -np.pi / 2)
    pole = above | below | (x.high - x.low >= np.pi)
    ends = outwards(np.tan(x.low), np.tan(x.high))
    return Interval(np.where(pole, -np.inf, ends.low), np.where(pole, np.inf, ends.high))


def _power(x: Interval, y: Interval) -> Interval:
    """x**y: integer powers by their parity, other powers for x ≥ 0, where they are defined."""
    exponent = np.ravel(y.low)[0]
    fixed = np.all(y.low == exponent) and np.all(y.high == exponent)
    if not fixed:
        return _exponential(multiply(y, _logarithm(x)))
    if exponent < 0:
        return _inverse(_power(x, Interval(-y.high, -y.low)))
    is_whole = exponent == np.rint(exponent)
    if is_whole and exponent % 2 == 0:
        return _even(lambda value: value**exponent, 0.0)(x)
    if is_whole:
        return _increasing(lambda value: value**exponent)(x)
    return _increasing(lambda value: value**exponent, least=0.0, domain=(0, np.inf))(x)


def _compare(surely: Callable, never: Callable) -> Rule:
    """1 where the comparison surely holds, 0 where it never does, else [0, 1]."""
    return lambda x, y: Interval(1.0 * surely(x, y), 1.0 - never(x, y))


def _not(x: Interval) -> Interval:
    surely_zero, perhaps_zero = (x.low == 0) & (x.high == 0), (x.low <= 0) & (x.high >= 0)
    return Interval(1.0 * surely_zero, 1.0 * perhaps_zero)


def _if_else_zero(condition: Interval, x: Interval) -> Interval:
    """x where the condition is not zero, else 0."""
    surely = (condition.low > 0) | (condition.high < 0)
    never = (condition.low == 0) & (condition.high == 0)
    low = np.where(never, 0.0, np.minimum(x.low, 0.0))
    high = np.where(never, 0.0, np.maximum(x.high, 0.0))
    return Interval(np.where(surely, x.low, low), np.where(surely, x.high, high))


def _atan2(x: Interval, y: Interval) -> Interval:
    half_turn = np.full(np.shape(x.low + y.low), np.pi)
    return Interval(-half_turn, half_turn)


_exponential = _increasing(np.exp, least=0.0)
_logarithm = _increasing(np.log, domain=(0, np.inf))

OPERATIONS: dict[int, Rule] = {
    ca.OP_ASSIGN: lambda x: x, ca.OP_ADD: add, ca.OP_SUB: _subtract, ca.OP_NEG: negative, ca.OP_MUL: multiply,
    ca.OP_DIV: lambda x, y: multiply(x, _inverse(y)), ca.OP_INV: _inverse, ca.OP_SQ: square,
    ca.OP_TWICE: lambda x: Interval(2 * x.low, 2 * x.high), ca.OP_EXP: _exponential, ca.OP_LOG: _logarithm,
    ca.OP_POW: _power, ca.OP_CONSTPOW: _power, ca.OP_SQRT: _increasing(np.sqrt, least=0.0, domain=(0, np.inf)),
    ca.OP_SIN: _wave(0.0), ca.OP_COS: _wave(np.pi / 2), ca.OP_TAN: _tangent,
    ca.OP_ASIN: _increasing(np.arcsin, domain=(-1, 1)), ca.OP_ACOS: _decreasing(np.arccos, domain=(-1, 1)),
    ca.OP_ATAN: _increasing(np.arctan), ca.OP_SINH: _increasing(np.sinh), ca.OP_COSH: _even(np.cosh, 1.0),
    ca.OP_TANH: _increasing(np.tanh, -1.0, 1.0), ca.OP_ASINH: _increasing(np.arcsinh),
    ca.OP_ACOSH: _increasing(np.arccosh, domain=(1, np.inf)), ca.OP_ATANH: _increasing(np.arctanh, domain=(-1, 1)),
    ca.OP_LOG1P: _increasing(np.log1p, domain=(-1, np.inf)), ca.OP_EXPM1: _increasing(np.expm1, least=-1.0),
    ca.OP_ERF: _increasing(special.erf, -1.0, 1.0), ca.OP_FLOOR: _increasing(np.floor), ca.OP_CEIL: _increasing(np.ceil),
    ca.OP_FABS: _even(np.abs, 0.0), ca.OP_SIGN: lambda x: Interval(np.sign(x.low), np.sign(x.high)),
    ca.OP_HYPOT: lambda x, y: OPERATIONS[ca.OP_SQRT](add(square(x), square(y))),
    ca.OP_ATAN2: _atan2,
    ca.OP_FMIN: lambda x, y: Interval(np.minimum(x.low, y.low), np.minimum(x.high, y.high)),
    ca.OP_FMAX: lambda x, y: Interval(np.maximum(x.low, y.low), np.maximum(x.high, y.high)),
    ca.OP_LT: _compare(lambda x, y: x.high < y.low, lambda x, y: x.low >= y.high),
    ca.OP_LE: _compare(lambda x, y: x.high <= y.low, lambda x, y: x.low > y.high),
    ca.OP_NOT: _not, ca.OP_IF_ELSE_ZERO: _if_else_zero,
}  # fmt: skip
