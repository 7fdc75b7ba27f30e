"""Expected value of a loss under a Gaussian over its hidden variables.

A CasADi function of (θ, mean, covariance). Exact where the loss is a sum of polynomials in φ times
exponentials of affine functions of φ (log-normal scales):

    E[q(φ) e^{aᵀφ + b}] = e^{aᵀm + b + aᵀPa/2} · exp(½ Σ Pᵢⱼ∂ᵢ∂ⱼ) q  at  m + Pa ,

a series that ends with the degree of q and is smooth at P = 0. Hidden variables that enter in
another way are integrated by Gauss-Hermite; the others stay exact, conditional on them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import casadi as ca
import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from ...support.errors import ProblemError
from .exponential_polynomial import Terms, terms_of

NODES = {1: 24, 2: 12, 3: 8}  # Gauss-Hermite points per hidden variable that needs them
# added variance, in units of the hidden variable's own, that keeps Cholesky smooth at P = 0
_RIDGE = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Expectation:
    """``function`` (θ, mean (p), covariance (p, p)) -> E[L].

    ``integrated`` lists the variables that need Gauss-Hermite, with ``nodes`` points in each.
    """

    function: ca.Function
    integrated: tuple[int, ...]
    nodes: int

    @property
    def is_exact(self) -> bool:
        return not self.integrated

    @property
    def method(self) -> str:
        """How the expectation is computed, in words."""
        if self.is_exact:
            return (
                "exact (polynomials times exponentials of affine functions of the hidden variables)"
            )
        names = ", ".join(f"hidden[{i}]" for i in self.integrated)
        return (
            f"Gauss-Hermite with {self.nodes} points in each of {names}, exact in the other hidden"
            " variables"
        )


def gaussian_expectation(
    expression: ca.SX,
    theta: ca.SX,
    hidden: ca.SX,
    scale: np.ndarray,
    nodes: int | None = None,
) -> Expectation:
    """E of a scalar ``expression`` in the symbols θ and φ.

    ``scale`` (p,) are typical variances of φ.
    """
    p = hidden.numel()
    mean, covariance = ca.SX.sym("mean", p), ca.SX.sym("covariance", p, p)
    closed = _closed_variables(expression, hidden)
    rest = [i for i in range(p) if i not in closed]
    if not rest:
        terms, count = terms_of(expression, hidden), 0
        assert terms is not None  # all variables are closed ones
        value = _closed_form(terms, hidden, mean, covariance)
    else:
        count = _node_count(rest, nodes)
        value = _conditional(
            expression,
            (hidden, closed, rest),
            (mean, covariance),
            np.asarray(scale, dtype=float),
            count,
        )
    function = ca.Function("expected_loss", [theta, mean, covariance], [ca.densify(value)])
    return Expectation(function=function, integrated=tuple(rest), nodes=count)


def _closed_variables(expression: ca.SX, hidden: ca.SX) -> list[int]:
    """Hidden variables over which the expectation has a closed form, given the others.

    All of them where the expression has one in all together; otherwise chosen greedily: each is
    taken that has one together with those before it.
    """
    if terms_of(expression, hidden) is not None:
        return list(range(hidden.numel()))
    closed: list[int] = []
    for i in range(hidden.numel()):
        together = ca.vertcat(*[hidden[j] for j in [*closed, i]])
        if terms_of(expression, together) is not None:
            closed.append(i)
    return closed


def _node_count(rest: list[int], nodes: int | None) -> int:
    if len(rest) > max(NODES):
        names = ", ".join(f"hidden[{i}]" for i in rest)
        raise ProblemError(
            "expected loss",
            received=f"{len(rest)}: {names}",
            expected=(
                f"at most {max(NODES)} hidden variables in other than polynomials and exponentials"
            ),
            advice=(
                "write the loss as polynomials and exponentials of the hidden variables, or use"
                " tasks"
            ),
        )
    return NODES[len(rest)] if nodes is None else nodes


def _closed_form(terms: Terms, hidden: ca.SX, mean: ca.SX, covariance: ca.SX) -> ca.SX:
    """Σ over terms q(φ)·e^{ℓ(φ)} of their expectations under N(mean, covariance)."""
    total = ca.SX(0)
    for term in terms:
        series = _heat_series(term.factor, term.degree, hidden, covariance)
        if term.exponent is None:
            total += ca.substitute(series, hidden, mean)
            continue
        slope = ca.gradient(term.exponent, hidden)
        tilted = mean + covariance @ slope
        at_mean = ca.substitute(term.exponent, hidden, mean)
        weight = ca.exp(at_mean + ca.dot(slope, covariance @ slope) / 2)
        total += weight * ca.substitute(series, hidden, tilted)
    return total


def _heat_series(factor: ca.SX, degree: int, hidden: ca.SX, covariance: ca.SX) -> ca.SX:
    """exp(½ Σ Pᵢⱼ∂ᵢ∂ⱼ) of a polynomial of this degree: it ends after degree/2 terms."""
    total = power = ca.SX(factor)
    for k in range(1, degree // 2 + 1):
        power = ca.sum1(ca.sum2(ca.hessian(power, hidden)[0] * covariance)) / (2 * k)
        total = total + power
    return total


def _conditional(
    expression: ca.SX,
    variables: tuple[ca.SX, list[int], list[int]],
    moments: tuple[ca.SX, ca.SX],
    scale: np.ndarray,
    count: int,
) -> ca.SX:
    """Gauss-Hermite over the variables without closed form; closed form over the others given them."""
    hidden, closed, rest = variables
    mean, covariance = moments
    inner, outer = (ca.vertcat(*[hidden[i] for i in chosen]) for chosen in (closed, rest))
    ridge = _RIDGE * np.maximum(scale[rest], np.finfo(float).tiny)
    curvature = ca.diag(ca.hessian(expression, outer)[0])
    # the ridge's own effect, to second order in it
    corrected = expression - ca.dot(ca.DM(ridge), curvature) / 2
    root = ca.chol(covariance[rest, rest] + ca.diag(ca.DM(ridge))).T
    cross = ca.solve(root, covariance[rest, closed]).T if closed else ca.SX(0, len(rest))
    left = covariance[closed, closed] - cross @ cross.T if closed else ca.SX(0, 0)
    inner_mean = mean[closed] if closed else ca.SX(0, 1)
    given = _given_outer(corrected, inner, outer, len(closed))
    points, weights = hermegauss(count)
    total = ca.SX(0)
    for index in product(range(count), repeat=len(rest)):
        z = ca.DM(points[list(index)])
        weight = np.prod(weights[list(index)]) / (2 * np.pi) ** (len(rest) / 2)
        total += weight * given(mean[rest] + root @ z, inner_mean + cross @ z, left)
    return total


def _given_outer(
    expression: ca.SX, inner: ca.SX, outer: ca.SX, size: int
) -> Callable[[ca.SX, ca.SX, ca.SX], ca.SX]:
    """(outer values, mean, covariance of the inner ones) -> expectation over the inner ones."""
    if not size:
        return lambda outer_value, *_: ca.substitute(expression, outer, outer_value)
    centre, covariance = ca.SX.sym("centre", size), ca.SX.sym("left", size, size)
    terms = terms_of(expression, inner)
    assert terms is not None  # the inner variables are those with a closed form
    value = _closed_form(terms, inner, centre, covariance)

    def evaluate(outer_value: ca.SX, centre_value: ca.SX, left: ca.SX) -> ca.SX:
        symbols = ca.veccat(outer, centre, covariance)
        return ca.substitute(value, symbols, ca.veccat(outer_value, centre_value, left))

    return evaluate
