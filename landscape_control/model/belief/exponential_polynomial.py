"""Reads an expression as a sum of polynomials times exponentials of affine functions."""

from collections.abc import Callable
from dataclasses import dataclass

import casadi as ca

from ...support.instructions import applied, called, instructions

_MOST_TERMS, _HIGHEST_DEGREE = 40, 16


@dataclass(frozen=True)
class Term:
    """factor(φ)·e^{exponent(φ)}: a polynomial of at most this degree; an affine exponent, or None."""

    factor: ca.SX
    degree: int
    exponent: ca.SX | None = None


Terms = list[Term]  # their sum


class _NotRecognised(Exception):  # noqa: N818 - a signal inside this module
    pass


def terms_of(expression: ca.SX, symbols: ca.SX) -> Terms | None:
    """The terms of ``expression`` in ``symbols``; None where it is not such a sum.

    Other symbols count as constants. Read from the expression's operations, so that the answer is a
    proof: the degree is an upper bound.
    """
    chosen = [symbols[i] for i in range(symbols.numel())]
    rest = [s for s in ca.symvar(expression) if not any(ca.is_equal(s, x) for x in chosen)]
    others = ca.vertcat(ca.SX(0, 1), *rest)
    function = ca.Function("read", [symbols, others], [ca.densify(expression)])
    try:
        return _walk(function, symbols, others)
    except _NotRecognised:
        return None


def _walk(function: ca.Function, symbols: ca.SX, others: ca.SX) -> Terms:
    """The terms of the function's one output, operation by operation."""
    work: dict[int, Terms] = {}
    for step in instructions(function):
        k, operation, inputs, outputs = step
        if operation == ca.OP_INPUT:
            source, element = inputs
            is_chosen = source == 0
            variable = symbols[element] if is_chosen else others[element]
            work[outputs[0]] = [Term(variable, 1 if is_chosen else 0)]
        elif operation == ca.OP_CONST:
            work[outputs[0]] = [Term(ca.SX(function.instruction_constant(k)), 0)]
        elif operation == ca.OP_OUTPUT:
            return work[inputs[0]]
        elif operation == ca.OP_CALL:
            values = [work[i] for i in inputs]
            if not all(map(_is_constant, values)):
                raise _NotRecognised
            for place, result in called(function, step, [value[0].factor for value in values]):
                work[place] = [Term(result, 0)]
        else:
            work[outputs[0]] = _apply(operation, [work[i] for i in inputs])
    return [Term(ca.SX(0), 0)]


def _apply(operation: int, values: list[Terms]) -> Terms:
    if operation in _RULES:
        return _checked(_RULES[operation](*values))
    if not all(map(_is_constant, values)):
        raise _NotRecognised
    factors = [value[0].factor for value in values]
    return [Term(applied(operation, factors), 0)]


def _checked(terms: Terms) -> Terms:
    if len(terms) > _MOST_TERMS or max(term.degree for term in terms) > _HIGHEST_DEGREE:
        raise _NotRecognised
    return terms


def _is_constant(value: Terms) -> bool:
    return len(value) == 1 and value[0].degree == 0 and value[0].exponent is None


def _scale(value: Terms, factor: float) -> Terms:
    return [Term(term.factor * factor, term.degree, term.exponent) for term in value]


def _add(first: Terms, second: Terms) -> Terms:
    """The sum, with its polynomials as one term."""
    polynomials = [term for term in (*first, *second) if term.exponent is None]
    others = [term for term in (*first, *second) if term.exponent is not None]
    if not polynomials:
        return others
    total = ca.SX(0)
    for term in polynomials:
        total = total + term.factor
    return [Term(total, max(term.degree for term in polynomials)), *others]


def _multiply(first: Terms, second: Terms) -> Terms:
    total: Terms = []
    for a in first:
        for b in second:
            exponent = _sum(a.exponent, b.exponent)
            total = _add(total, [Term(a.factor * b.factor, a.degree + b.degree, exponent)])
    return total


def _sum(first: ca.SX | None, second: ca.SX | None) -> ca.SX | None:
    if first is None or second is None:
        return first if second is None else second
    return first + second


def _invert(value: Terms) -> Terms:
    if len(value) > 1 or value[0].degree:
        raise _NotRecognised
    exponent = value[0].exponent
    return [Term(1 / value[0].factor, 0, None if exponent is None else -exponent)]


def _exponential(value: Terms) -> Terms:
    if _is_constant(value):
        return [Term(ca.exp(value[0].factor), 0)]
    if len(value) > 1 or value[0].degree > 1 or value[0].exponent is not None:
        raise _NotRecognised
    return [Term(ca.SX(1), 0, value[0].factor)]


def _integer_power(value, power):
    exponent = (
        float(power[0].factor) if _is_constant(power) and power[0].factor.is_constant() else -1.0
    )
    if _is_constant(value) and _is_constant(power):
        return [Term(value[0].factor ** power[0].factor, 0)]
    if exponent != int(exponent) or not 1 <= exponent <= _HIGHEST_DEGREE:
        raise _NotRecognised
    total = value
    for _ in range(int(exponent) - 1):
        total = _checked(_multiply(total, value))
    return total


_RULES: dict[int, Callable[..., Terms]] = {
    ca.OP_ADD: _add,
    ca.OP_SUB: lambda a, b: _add(a, _scale(b, -1)),
    ca.OP_MUL: _multiply,
    ca.OP_SQ: lambda a: _multiply(a, a),
    ca.OP_NEG: lambda a: _scale(a, -1),
    ca.OP_TWICE: lambda a: _scale(a, 2),
    ca.OP_INV: _invert,
    ca.OP_EXP: _exponential,
    ca.OP_DIV: lambda a, b: _multiply(a, _invert(b)),
    ca.OP_POW: _integer_power,
    ca.OP_CONSTPOW: _integer_power,
}
