"""The operations of an expression that switch or are singular, and where their operands say so."""

from collections.abc import Iterator
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..domain import ranges

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
    """An operation and its ``operands``, which vanish together where it switches, up to whole
    numbers of ``period``.
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
    inputs = [
        ca.SX.sym(f"x{i}", function.size1_in(i) * function.size2_in(i))
        for i in range(function.n_in())
    ]
    shaped = [ca.reshape(one, *function.size_in(i)) for i, one in enumerate(inputs)]
    x = ca.vertcat(*inputs)
    rng = np.random.default_rng(1)
    bounds = {k: operands for k, operands, _ in ranges(function)}
    work, outputs, switches = [None] * function.sz_w(), [], []
    # which entries are constant between jumps: where they feed a switch, it adds none
    steps = [False] * function.sz_w()
    for k in range(function.n_instructions()):
        kind, to, given = (
            function.instruction_id(k),
            function.instruction_output(k),
            function.instruction_input(k),
        )
        if kind == ca.OP_CONST:
            work[to[0]], steps[to[0]] = ca.SX(function.instruction_constant(k)), True
        elif kind == ca.OP_INPUT:
            work[to[0]], steps[to[0]] = shaped[given[0]].nz[given[1]], False
        elif kind == ca.OP_OUTPUT:
            outputs.append(work[given[0]])
        else:
            operands, flat = [work[i] for i in given], [steps[i] for i in given]
            if not _never_switches(kind, bounds[k]):
                switches += _switches_of(kind, flat, *operands)
            work[to[0]] = (
                ca.SX.binary(kind, *operands)
                if len(operands) == 2
                else ca.SX.unary(kind, *operands)
            )
            steps[to[0]] = kind in _STEPS_ONLY or all(flat)
    weights = [1.0, *rng.uniform(0.5, 1.5, len(outputs))][: len(outputs)]
    value = sum((weight * one for weight, one in zip(weights, outputs, strict=True)), ca.SX(0))
    return x, value, switches


def _never_switches(kind, bounds):
    """Whether the ranges of the operands show that the operation always takes the same side."""
    away = [low > 0 or high < 0 for low, high in bounds]
    if kind in _COMPARISONS:
        (low, high), (other_low, other_high) = bounds
        return high < other_low or other_high < low
    if kind == ca.OP_HYPOT:
        return any(away)
    if kind in (ca.OP_ASIN, ca.OP_ACOS):
        return bounds[0][0] > -1 and bounds[0][1] < 1
    return away[0] if kind in _SIGNED else False


def _switches_of(kind, flat, first, second=None) -> Iterator[Switch]:
    """The switches of one operation; ``flat`` says which of its operands are constant but for
    jumps, made elsewhere.
    """
    name, certain = SWITCHES.get(kind) or SINGULAR.get(kind), kind in SWITCHES
    if name is None or all(flat) or (kind in (ca.OP_POW, ca.OP_CONSTPOW) and _is_whole(second)):
        return
    if kind in _COMPARISONS:
        single = kind in (ca.OP_EQ, ca.OP_NE)
        yield Switch(name=name, operands=first - second, certain=certain, single=single)
    elif kind in (ca.OP_FLOOR, ca.OP_CEIL):
        yield Switch(name=name, operands=first, certain=certain, period=1.0)
    elif kind == ca.OP_FMOD:
        yield Switch(name=name, operands=first / second, certain=certain, period=1.0, at_zero=False)
    elif kind == ca.OP_REMAINDER:
        yield Switch(name=name, operands=first / second, certain=certain, period=1.0, offset=0.5)
    elif kind == ca.OP_TAN:
        yield Switch(name=name, operands=first / np.pi, certain=certain, period=1.0, offset=0.5)
    elif kind == ca.OP_HYPOT:
        yield Switch(name=name, operands=ca.vertcat(first, second), certain=certain)
    elif kind == ca.OP_ATAN2:  # cot φ/2 vanishes where the angle φ jumps from π to -π
        yield Switch(
            name=name, operands=first / (ca.sqrt(first**2 + second**2) - second), certain=certain
        )
    elif kind in (ca.OP_ASIN, ca.OP_ACOS):
        yield Switch(name=name, operands=1 - first**2, certain=certain)
    elif kind in (ca.OP_COPYSIGN, ca.OP_AND, ca.OP_OR):
        for operand, still in zip((first, second), flat, strict=True):
            if not still:
                yield Switch(
                    name=name, operands=operand, certain=certain, single=kind != ca.OP_COPYSIGN
                )
    elif kind == ca.OP_NOT or kind == ca.OP_IF_ELSE_ZERO:
        # a number taken for a truth value: zero is another case than all the others
        if not flat[0]:
            yield Switch(name=name, operands=first, certain=certain, single=True)
    elif not flat[0]:
        yield Switch(name=name, operands=first, certain=certain)


def _is_whole(exponent):
    return exponent.is_constant() and float(exponent).is_integer() and float(exponent) >= 0
