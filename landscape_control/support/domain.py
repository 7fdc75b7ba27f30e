"""Where an expression and its derivatives are finite, read off its operations by interval
arithmetic.
"""

import math

import casadi as ca

_EVERYWHERE = (-math.inf, math.inf)
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
    """Whether the SX ``function`` and its derivatives are finite for all finite arguments, overflow
    aside.

    Every operation's range is bounded from those of its operands (Moore 1966). A logarithm, root,
    division or power counts as total where the bounds keep its operand off the singular point, as
    in log(1 + eˣ), √(x² + ε²) or 1/(1 + x²); where they do not decide it, the answer is no. ``e``
    to any power may underflow and counts as possibly zero.
    """
    return all(bounds is not None for _, _, bounds in ranges(function))


def ranges(function: ca.Function):
    """(instruction, bounds of its operands, bounds of its outcome) for the operations of an SX
    function in their order.

    The bounds of the outcome are None where it may be singular, and those of a constant that is not
    finite.
    """
    work = [_EVERYWHERE] * max(function.sz_w(), 1)
    for k in range(function.n_instructions()):
        operation, outcome = function.instruction_id(k), function.instruction_output(k)
        if operation == ca.OP_OUTPUT:
            continue
        operands, bounds = [], _EVERYWHERE
        if operation == ca.OP_CONST:
            value = float(function.instruction_constant(k))
            bounds = (value, value) if math.isfinite(value) else None
        elif operation != ca.OP_INPUT:
            operands = [work[i] for i in function.instruction_input(k)]
            bounds = _bounds(operation, operands)
        work[outcome[0]] = _EVERYWHERE if bounds is None else bounds
        yield k, operands, bounds


def _bounds(operation, operands):
    """The range of one operation; None where it may be singular."""
    first = operands[0]
    if operation in _OPEN_DOMAINS:
        low, high = _OPEN_DOMAINS[operation]
        if not low < first[0] <= first[1] < high and not (low < first[0] and high == math.inf):
            return None
    if operation in _RANGES:
        return _RANGES[operation]
    if operation in _MONOTONE:
        return tuple(_MONOTONE[operation](end) for end in first)
    if operation in _ARITHMETIC:
        return _ARITHMETIC[operation](*operands)
    if operation in (ca.OP_ATAN2, ca.OP_HYPOT):
        return None
    return _EVERYWHERE


def _exponential(x):
    return math.exp(x) if x < 700 else math.inf


def _add(a, b):
    return a[0] + b[0], a[1] + b[1]


def _negative(a):
    return -a[1], -a[0]


def _multiply(a, b):
    products = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
    return min(products), max(products)


def _inverse(a):
    if a[0] <= 0 <= a[1]:
        return None
    return 1 / a[1], 1 / a[0]


def _divide(a, b):
    inverse = _inverse(b)
    return None if inverse is None else _multiply(a, inverse)


def _square(a):
    largest = max(abs(a[0]), abs(a[1]))
    least = 0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))
    return least * least, largest * largest


def _power(a, exponent):
    if exponent[0] != exponent[1] or not float(exponent[0]).is_integer():
        return (0.0, math.inf) if a[0] > 0 else None
    whole = int(exponent[0])
    if whole < 0 and a[0] <= 0 <= a[1]:
        return None
    if whole % 2 == 0:
        return _square(a) if whole == 2 else (0.0, math.inf)
    return (0.0, math.inf) if a[0] >= 0 else _EVERYWHERE


def _absolute(a):
    return (0.0, max(-a[0], a[1])) if a[0] <= 0 <= a[1] else tuple(sorted(map(abs, a)))


def _if_else_zero(_, b):
    return min(b[0], 0.0), max(b[1], 0.0)


_MONOTONE = {
    ca.OP_ASSIGN: lambda x: x, ca.OP_EXP: _exponential, ca.OP_TWICE: lambda x: 2 * x, ca.OP_SQRT: math.sqrt,
    ca.OP_LOG: lambda x: math.log(x) if x < math.inf else x, ca.OP_LOG1P: lambda x: math.log1p(x) if x < math.inf else x,
    ca.OP_EXPM1: lambda x: _exponential(x) - 1,
}  # fmt: skip
_ARITHMETIC = {
    ca.OP_ADD: _add, ca.OP_SUB: lambda a, b: _add(a, _negative(b)), ca.OP_MUL: _multiply, ca.OP_DIV: _divide,
    ca.OP_NEG: _negative, ca.OP_SQ: _square, ca.OP_INV: _inverse, ca.OP_POW: _power, ca.OP_CONSTPOW: _power,
    ca.OP_FABS: _absolute, ca.OP_IF_ELSE_ZERO: _if_else_zero,
    ca.OP_FMAX: lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    ca.OP_FMIN: lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
}  # fmt: skip
