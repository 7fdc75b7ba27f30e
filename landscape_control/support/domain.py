"""Where an expression and its derivatives are finite, by interval arithmetic on its operations."""

import math
from collections.abc import Callable, Iterator

import casadi as ca

from .instructions import instructions

Interval = tuple[float, float]

_EVERYWHERE = (-math.inf, math.inf)
_NOT_NEGATIVE = (0.0, math.inf)
_RANGES = {
    ca.OP_SIN: (-1.0, 1.0), ca.OP_COS: (-1.0, 1.0), ca.OP_TANH: (-1.0, 1.0), ca.OP_ERF: (-1.0, 1.0),
    ca.OP_COSH: (1.0, math.inf), ca.OP_ATAN: (-math.pi / 2, math.pi / 2), ca.OP_SIGN: (-1.0, 1.0),
    ca.OP_ACOS: (0.0, math.pi), ca.OP_ASIN: (-math.pi / 2, math.pi / 2), ca.OP_ACOSH: (0.0, math.inf),
    ca.OP_LT: (0.0, 1.0), ca.OP_LE: (0.0, 1.0), ca.OP_EQ: (0.0, 1.0), ca.OP_NE: (0.0, 1.0), ca.OP_NOT: (0.0, 1.0),
}  # fmt: skip
_OPEN_DOMAINS = {  # where a function of one argument is smooth, without the ends
    ca.OP_LOG: (0.0, math.inf), ca.OP_SQRT: (0.0, math.inf), ca.OP_LOG1P: (-1.0, math.inf), ca.OP_ASIN: (-1.0, 1.0),
    ca.OP_ACOS: (-1.0, 1.0), ca.OP_ATANH: (-1.0, 1.0), ca.OP_ACOSH: (1.0, math.inf), ca.OP_TAN: (-math.pi / 2, math.pi / 2),
}  # fmt: skip


def is_total(function: ca.Function) -> bool:
    """Whether the SX ``function`` and its derivatives are finite everywhere, overflow aside.

    Every operation's range is bounded from those of its operands (Moore 1966). A logarithm, root,
    division or power counts as total where the bounds keep its operand off the singular point, as
    in log(1 + eˣ), √(x² + ε²) or 1/(1 + x²); where they do not decide it, the answer is no. ``e``
    to any power may underflow and counts as possibly zero.
    """
    return all(bounds is not None for _, _, bounds in ranges(function))


def ranges(function: ca.Function) -> Iterator[tuple[int, list[Interval], Interval | None]]:
    """(instruction, bounds of its operands, bounds of its outcome) of an SX function, in its order.

    The bounds of the outcome are None where it may be singular, and those of a constant that is not
    finite.
    """
    work = [_EVERYWHERE] * max(function.sz_w(), 1)

    for k, operation, inputs, outputs in instructions(function):
        if operation == ca.OP_OUTPUT:
            continue
        operands: list[Interval] = []
        bounds: Interval | None = _EVERYWHERE
        if operation == ca.OP_CALL:  # of what is not seen here
            bounds = None
        elif operation == ca.OP_CONST:
            value = float(function.instruction_constant(k))
            bounds = (value, value) if math.isfinite(value) else None
        elif operation != ca.OP_INPUT:
            operands = [work[i] for i in inputs]
            bounds = _bounds(operation, operands)

        # what follows a singular operation is not bounded by it: one None answers for all of it
        for place in outputs:
            if place >= 0:  # a result of a call that nobody uses has no place
                work[place] = _EVERYWHERE if bounds is None else bounds
        yield k, operands, bounds


def _bounds(operation: int, operands: list[Interval]) -> Interval | None:
    """The range of one operation; None where it may be singular."""
    first = operands[0]
    if operation in _OPEN_DOMAINS and not _is_inside(first, _OPEN_DOMAINS[operation]):
        return None
    if operation in _RANGES:
        return _RANGES[operation]
    if operation in _MONOTONE:
        low, high = first
        image = _MONOTONE[operation]
        return image(low), image(high)
    if operation in _ARITHMETIC:
        return _ARITHMETIC[operation](*operands)
    if operation in (ca.OP_ATAN2, ca.OP_HYPOT):
        return None
    return _EVERYWHERE


def _is_inside(bounds: Interval, domain: Interval) -> bool:
    """Whether bounds keep off the ends of an open domain; an infinite end is never reached."""
    low, high = domain
    above = low < bounds[0]
    below = bounds[1] < high or high == math.inf
    return above and below


def _exponential(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf  # e^710 overflows


def _logarithm(x: float) -> float:
    return math.log(x) if x < math.inf else x


def _logarithm_of_one_plus(x: float) -> float:
    return math.log1p(x) if x < math.inf else x


def _add(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: Interval, b: Interval) -> Interval:
    return _add(a, _negative(b))


def _negative(a: Interval) -> Interval:
    return -a[1], -a[0]


def _multiply(a: Interval, b: Interval) -> Interval:
    # 0·∞ is 0 here: the infinite end is a bound, which no finite operand takes
    products = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
    return min(products), max(products)


def _inverse(a: Interval) -> Interval | None:
    if a[0] <= 0 <= a[1]:
        return None
    return 1 / a[1], 1 / a[0]


def _divide(a: Interval, b: Interval) -> Interval | None:
    inverse = _inverse(b)
    return None if inverse is None else _multiply(a, inverse)


def _square(a: Interval) -> Interval:
    low, high = _absolute(a)
    return low * low, high * high


def _power(a: Interval, exponent: Interval) -> Interval | None:
    power = exponent[0]
    if power != exponent[1] or not float(power).is_integer():
        return _NOT_NEGATIVE if a[0] > 0 else None
    if power < 0 and a[0] <= 0 <= a[1]:
        return None
    if power == 2:
        return _square(a)
    # even powers, and all powers of what is not negative; the size is left open
    return _NOT_NEGATIVE if power % 2 == 0 or a[0] >= 0 else _EVERYWHERE


def _absolute(a: Interval) -> Interval:
    smaller, larger = sorted((abs(a[0]), abs(a[1])))
    return (0.0, larger) if a[0] <= 0 <= a[1] else (smaller, larger)


def _if_else_zero(_: Interval, b: Interval) -> Interval:
    return min(b[0], 0.0), max(b[1], 0.0)


def _larger(a: Interval, b: Interval) -> Interval:
    return max(a[0], b[0]), max(a[1], b[1])


def _smaller(a: Interval, b: Interval) -> Interval:
    return min(a[0], b[0]), min(a[1], b[1])


_MONOTONE: dict[int, Callable[[float], float]] = {
    ca.OP_ASSIGN: float,
    ca.OP_EXP: _exponential,
    ca.OP_TWICE: lambda x: 2 * x,
    ca.OP_SQRT: math.sqrt,
    ca.OP_LOG: _logarithm,
    ca.OP_LOG1P: _logarithm_of_one_plus,
    ca.OP_EXPM1: lambda x: _exponential(x) - 1,
}
_ARITHMETIC: dict[int, Callable[..., Interval | None]] = {
    ca.OP_ADD: _add,
    ca.OP_SUB: _subtract,
    ca.OP_MUL: _multiply,
    ca.OP_DIV: _divide,
    ca.OP_NEG: _negative,
    ca.OP_SQ: _square,
    ca.OP_INV: _inverse,
    ca.OP_POW: _power,
    ca.OP_CONSTPOW: _power,
    ca.OP_FABS: _absolute,
    ca.OP_IF_ELSE_ZERO: _if_else_zero,
    ca.OP_FMAX: _larger,
    ca.OP_FMIN: _smaller,
}
