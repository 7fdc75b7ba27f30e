"""A lower bound of a function on a cone that reaches to infinity.

Polynomials in the distance with interval coefficients.
"""

from math import comb
from typing import NamedTuple

import casadi as ca
import numpy as np

from .intervals import (
    Interval,
    IntervalFunction,
    add,
    constant,
    interpret,
    multiply,
    negative,
    square,
)

_HIGHEST = 16  # degree; beyond it only the plain interval is kept
_ROUNDING = 1e-13  # relative to the sum of the moduli of the terms


Terms = dict[int, Interval]  # coefficients of a polynomial in r, by degree


class Tail(NamedTuple):
    """A number on the cone.

    An interval that holds for all r ≥ R, and a polynomial Σ cⱼ rʲ with interval coefficients.
    """

    whole: Interval
    terms: dict[int, Interval]


class TailFunction:
    """Lower bounds of a CasADi function of θ on cones.

    On θ = centre + r·d, r ≥ R, d in a box of directions.

    Plain intervals with infinite ends lose everything as soon as two infinite terms are subtracted,
    as in (x²-1)² - x/2. Here every intermediate result that is a polynomial in θ is carried as a
    polynomial in r whose coefficients are intervals over the directions. Its smallest value over r
    ≥ R is its value at R where all its derivatives at R are non-negative. Other operations take the
    interval that holds for all r ≥ R, and give a constant interval.
    """

    def __init__(self, bounded: IntervalFunction):
        self.function, self.evaluate = bounded.function, bounded.evaluate

    def below(
        self, centre: np.ndarray, low: np.ndarray, high: np.ndarray, reach: float
    ) -> np.ndarray:
        """Lower bounds (S,) of the first output at r ≥ ``reach``.

        For directions between ``low`` and ``high`` (S, n).
        """
        inputs = []
        for middle, *ends in zip(centre, low.T, high.T, strict=True):
            inputs.append(_tail({0: constant(middle), 1: Interval(*ends)}, reach))
        # two ways of bounding that are sharp for different functions: the better one counts
        with np.errstate(all="ignore"):
            ways = [self._follow(inputs, reach, highest_square) for highest_square in (_HIGHEST, 1)]
        return np.max([np.broadcast_to(way.whole.low, len(low)) for way in ways], axis=0)

    def _follow(self, inputs, reach, highest_square):
        """The first output, with high squares as constants in [0, ∞).

        Squares of more than ``highest_square``-th degree: so no cross term spoils the sign.
        """

        def evaluate(operation, *values):
            whole = self.evaluate(operation, *(value.whole for value in values))
            if operation == ca.OP_SQ and max(values[0].terms) > highest_square:
                return Tail(whole, {0: whole})
            terms = _terms(operation, values, self.evaluate)
            if terms is None or max(terms) > _HIGHEST:
                return Tail(whole, {0: whole})
            return _tail(terms, reach, whole)

        def number(value: float) -> Tail:
            return Tail(constant(value), {0: constant(value)})

        return interpret(self.function, inputs, evaluate, number)[0]


def _terms(operation, values, evaluate):
    """The result as a polynomial in r, or None where the operation does not give one."""
    if operation in _POLYNOMIAL:
        return _POLYNOMIAL[operation](*(value.terms for value in values))
    if operation == ca.OP_DIV and set(values[1].terms) == {0}:
        inverse = evaluate(ca.OP_INV, values[1].terms[0])
        return {degree: multiply(value, inverse) for degree, value in values[0].terms.items()}
    return None


def _tail(terms, reach, whole=None):
    """A polynomial with the interval of its values on r ≥ R, no wider than ``whole``."""
    low, high = _least(terms, reach), -_least(_negative(terms), reach)
    if whole is not None:
        low, high = np.maximum(low, whole.low), np.minimum(high, whole.high)
    return Tail(Interval(low, high), terms)


def _least(terms, reach):
    """A lower bound of Σ cⱼ rʲ over r ≥ R.

    Its value at R where no derivative at R is negative, else -∞.
    """
    degree = max(terms)
    shifted = []
    for order in range(degree + 1):
        parts = [
            comb(j, order) * reach ** (j - order) * value.low
            for j, value in terms.items()
            if j >= order
        ]
        total = sum(parts) - _ROUNDING * sum(np.abs(part) for part in parts)
        shifted.append(np.where(np.isnan(total), -np.inf, total))
    # ``shifted`` are the coefficients of (r - R)ʲ, the derivatives at R over j!
    shape = np.shape(sum(shifted))
    not_falling = [np.broadcast_to(np.asarray(part) >= -0.0, shape) for part in shifted[1:]]
    return np.where(np.all(not_falling, axis=0), shifted[0], -np.inf)


def _sum(first: Terms, second: Terms) -> Terms:
    return {j: _plus(first.get(j), second.get(j)) for j in {*first, *second}}


def _plus(x, y):
    if x is None:
        return y
    return x if y is None else add(x, y)


def _negative(terms: Terms) -> Terms:
    return {j: negative(value) for j, value in terms.items()}


def _product(first: Terms, second: Terms) -> Terms:
    total: Terms = {}
    for i, x in first.items():
        for j, y in second.items():
            total[i + j] = _plus(total.get(i + j), multiply(x, y))
    return total


def _square(terms: Terms) -> Terms:
    """(Σ cⱼ rʲ)², the squares of the coefficients not negative."""
    total: Terms = {}
    degrees = sorted(terms)
    for place, i in enumerate(degrees):
        total[2 * i] = _plus(total.get(2 * i), square(terms[i]))
        for j in degrees[place + 1 :]:
            twice = multiply(constant(2.0), multiply(terms[i], terms[j]))
            total[i + j] = _plus(total.get(i + j), twice)
    return total


_POLYNOMIAL = {
    ca.OP_ASSIGN: lambda x: x,
    ca.OP_ADD: _sum,
    ca.OP_SUB: lambda x, y: _sum(x, _negative(y)),
    ca.OP_NEG: _negative,
    ca.OP_MUL: _product,
    ca.OP_SQ: _square,
    ca.OP_TWICE: lambda x: {j: multiply(constant(2.0), value) for j, value in x.items()},
}
