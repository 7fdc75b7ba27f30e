"""Ready-made landscapes of the paper and of optimisation folklore."""

import casadi as ca
import numpy as np

from ..arrays import matrix, number, symmetric, vector, whole
from .landscape import Landscape


def quadratic(*, hessian, minimum=None) -> Landscape:
    """L(θ) = ½ (θ-μ)ᵀ H (θ-μ), VGR25 section on quadratic landscapes.

    Parameters
    ----------
    hessian : array (n, n), symmetric; a 1-D array is refused, write numpy.diag of it.
    minimum : array (n,), default 0: the stationary point μ.
    """
    hessian = matrix("hessian", hessian, (None, None))
    n = hessian.shape[0]
    hessian = symmetric("hessian", hessian, n)
    minimum = vector("minimum", np.zeros(n) if minimum is None else minimum, n)
    sparse = ca.DM(ca.sparsify(ca.DM(hessian)))

    def expression(theta):
        offset = theta - ca.DM(minimum)
        return ca.dot(offset, sparse @ offset) / 2

    definite = np.linalg.eigvalsh(hessian)[0] > 0
    return Landscape(
        dimension=n,
        expression=expression,
        name="quadratic",
        formula="½(θ-μ)ᵀH(θ-μ)",
        minima=minimum[None] if definite else None,
    )


def double_well(*, tilt: float = 0.5) -> Landscape:
    """L(θ) = (θ₁²-1)² + θ₂² - tilt·θ₁, the tilted double well of VGR25 Fig. 1 (tilt = ½).

    The minima solve 4θ₁(θ₁²-1) = tilt; there are two of them for |tilt| < 8/(3√3).
    """
    tilt = number("tilt", tilt)
    roots = np.roots([4.0, 0.0, -4.0, -tilt])
    real = np.sort(roots.real[np.abs(roots.imag) < 1e-9])
    minima = [[x, 0.0] for x in real if 12 * x**2 - 4 > 0]

    def expression(theta):
        return (theta[0] ** 2 - 1) ** 2 + theta[1] ** 2 - tilt * theta[0]

    return Landscape(
        dimension=2, expression=expression, name="double well", formula=f"(θ₁²-1)² + θ₂² - {tilt:g}·θ₁", minima=minima
    )


def rosenbrock(dimension: int = 2, *, steepness: float = 2.0, pull: float = 0.5) -> Landscape:
    """Coupled Rosenbrock valley Σᵢ steepness·(θᵢ₊₁-θᵢ²)² + pull·(1-θᵢ)², minimum at (1, …, 1)."""
    whole("rosenbrock dimension", dimension, low=2)
    steepness, pull = number("steepness", steepness, low=0, low_open=True), number("pull", pull, low=0, low_open=True)

    def expression(theta):
        head, tail = theta[:-1], theta[1:]
        return steepness * ca.sumsqr(tail - head**2) + pull * ca.sumsqr(1 - head)

    return Landscape(
        dimension=dimension,
        expression=expression,
        name="Rosenbrock",
        formula=f"Σᵢ {steepness:g}(θᵢ₊₁-θᵢ²)² + {pull:g}(1-θᵢ)²",
        minima=np.ones((1, dimension)),
    )
