"""The operations of an expression that switch or are singular, and where their operands say so."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import casadi as ca
import numpy as np

from ..domain import Interval, ranges
from ..instructions import applied, called, instructions

SWITCHES = {
    ca.OP_FABS: "fabs", ca.OP_SIGN: "sign", ca.OP_FMIN: "fmin", ca.OP_FMAX: "fmax", ca.OP_FLOOR: "floor",
    ca.OP_CEIL: "ceil", ca.OP_FMOD: "fmod", ca.OP_REMAINDER: "remainder", ca.OP_COPYSIGN: "copysign",
    ca.OP_IF_ELSE_ZERO: "if_else", ca.OP_LT: "<", ca.OP_LE: "<=", ca.OP_EQ: "==", ca.OP_NE: "!=",
    ca.OP_NOT: "logic_not", ca.OP_AND: "logic_and", ca.OP_OR: "logic_or",
}  # fmt: skip
# smooth inside their domains; at a point inside that only touches the edge, as √(x² + y²) at 0,
# they are not
SINGULAR = {
    ca.OP_SQRT: "sqrt", ca.OP_POW: "power", ca.OP_CONSTPOW: "power", ca.OP_LOG: "log", ca.OP_HYPOT: "hypot",
    ca.OP_ASIN: "asin", ca.OP_ACOS: "acos", ca.OP_ATAN2: "atan2", ca.OP_TAN: "tan",
}  # fmt: skip
_STEPS_ONLY = {
    ca.OP_SIGN, ca.OP_FLOOR, ca.OP_CEIL, ca.OP_LT, ca.OP_LE, ca.OP_EQ, ca.OP_NE, ca.OP_NOT, ca.OP_AND, ca.OP_OR,
}  # fmt: skip
_COMPARISONS = {ca.OP_FMIN, ca.OP_FMAX, ca.OP_LT, ca.OP_LE, ca.OP_EQ, ca.OP_NE}
# that change at zero of their first operand
_SIGNED = (ca.OP_FABS, ca.OP_SIGN, ca.OP_SQRT, ca.OP_POW, ca.OP_CONSTPOW, ca.OP_LOG, ca.OP_ATAN2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Switch:
    """An operation that switches where its ``operands`` vanish together.

    With a ``period``, also where they differ from zero by a whole number of periods.
    """

    name: str
    operands: ca.SX
    # whether it switches somewhere, so that it must be found; singular points need not exist
    certain: bool
    period: float = 0.0
    offset: float = 0.0
    at_zero: bool = True
    single: bool = False  # whether the value at the very point is another one: == and !=


def read_switches(function: ca.Function) -> tuple[ca.SX, ca.SX, list[Switch]]:
    """(all inputs as one column, one number made of all outputs, the switches)."""
    columns = [ca.SX.sym(f"x{i}", function.numel_in(i)) for i in range(function.n_in())]
    arguments = [ca.reshape(x, *function.size_in(i)) for i, x in enumerate(columns)]
    bounds = {k: operands for k, operands, _ in ranges(function)}
    work = [ca.SX(0)] * function.sz_w()
    # which entries are constant between jumps: where they feed a switch, it adds none
    steps = [False] * function.sz_w()
    outputs: list[ca.SX] = []
    switches: list[Switch] = []

    for step in instructions(function):
        k, operation, inputs, (place, *_) = step
        if operation == ca.OP_CONST:
            work[place] = ca.SX(function.instruction_constant(k))
            steps[place] = True
        elif operation == ca.OP_INPUT:
            work[place] = arguments[inputs[0]].nz[inputs[1]]
            steps[place] = False
        elif operation == ca.OP_OUTPUT:
            outputs.append(work[inputs[0]])
        elif operation == ca.OP_CALL:  # kinks of what is called are looked for by who knows it
            for target, result in called(function, step, [work[i] for i in inputs]):
                work[target] = result
                steps[target] = False
        else:
            operands = [work[i] for i in inputs]
            flat = [steps[i] for i in inputs]
            if not _never_switches(operation, bounds[k]):
                switches += _switches_of(operation, flat, operands)
            work[place] = applied(operation, operands)
            steps[place] = operation in _STEPS_ONLY or all(flat)

    # a sum of the outputs with weights of chance: kinks of two outputs do not cancel in it
    rng = np.random.default_rng(1)
    weights = [1.0, *rng.uniform(0.5, 1.5, len(outputs))][: len(outputs)]
    value = ca.SX(0)
    for weight, output in zip(weights, outputs, strict=True):
        value = value + weight * output
    return ca.vertcat(*columns), value, switches


def _never_switches(operation: int, bounds: list[Interval]) -> bool:
    """Whether the ranges of the operands show that the operation always takes the same side."""
    away = [low > 0 or high < 0 for low, high in bounds]
    if operation in _COMPARISONS:
        (low, high), (other_low, other_high) = bounds
        return high < other_low or other_high < low
    if operation == ca.OP_HYPOT:
        return any(away)
    if operation in (ca.OP_ASIN, ca.OP_ACOS):
        low, high = bounds[0]
        return low > -1 and high < 1
    return operation in _SIGNED and away[0]


def _switches_of(operation: int, flat: list[bool], operands: list[ca.SX]) -> Iterator[Switch]:
    """The switches of one operation.

    ``flat`` says which of its operands are constant but for jumps, which are made elsewhere.
    """
    first, second = operands[0], operands[-1]
    name = SWITCHES.get(operation) or SINGULAR.get(operation)
    if name is None or all(flat):
        return
    if operation in (ca.OP_POW, ca.OP_CONSTPOW) and _is_whole(second):
        return
    make = partial(Switch, name=name, certain=operation in SWITCHES)

    if operation in _COMPARISONS:
        yield make(operands=first - second, single=operation in (ca.OP_EQ, ca.OP_NE))
    elif operation in (ca.OP_FLOOR, ca.OP_CEIL):
        yield make(operands=first, period=1.0)
    elif operation == ca.OP_FMOD:
        yield make(operands=first / second, period=1.0, at_zero=False)
    elif operation == ca.OP_REMAINDER:
        yield make(operands=first / second, period=1.0, offset=0.5)
    elif operation == ca.OP_TAN:
        yield make(operands=first / np.pi, period=1.0, offset=0.5)
    elif operation == ca.OP_HYPOT:
        yield make(operands=ca.vertcat(first, second))
    elif operation == ca.OP_ATAN2:  # cot φ/2 vanishes where the angle φ jumps from π to -π
        yield make(operands=first / (ca.sqrt(first**2 + second**2) - second))
    elif operation in (ca.OP_ASIN, ca.OP_ACOS):
        yield make(operands=1 - first**2)
    elif operation in (ca.OP_COPYSIGN, ca.OP_AND, ca.OP_OR):
        for operand, is_flat in zip((first, second), flat, strict=True):
            if not is_flat:
                yield make(operands=operand, single=operation != ca.OP_COPYSIGN)
    elif not flat[0]:
        # a number taken for a truth value: zero is another case than all the others
        single = operation in (ca.OP_NOT, ca.OP_IF_ELSE_ZERO)
        yield make(operands=first, single=single)


def _is_whole(exponent: ca.SX) -> bool:
    if not exponent.is_constant():
        return False
    number = float(exponent)
    return number.is_integer() and number >= 0
