"""Ready-made landscapes of the paper and of optimisation folklore."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import casadi as ca
import numpy as np

from ...support.arguments import ArrayLike, Shape, Vector, Whole, checked
from ...support.arrays import number, symmetric, vector
from .landscape import MOST_PARAMETERS, Landscape

Dimension = Annotated[int, Whole(low=2, high=MOST_PARAMETERS)]
Hessian = Annotated[ArrayLike, Shape((2,), most=MOST_PARAMETERS)]


@checked
def quadratic(*, hessian: Hessian, minimum: Vector | None = None) -> Landscape:
    """L(θ) = ½ (θ-μ)ᵀ H (θ-μ), VGR25 section on quadratic landscapes; its parameters are hessian
    and minimum.

    Parameters
    ----------
    hessian : array (n, n), symmetric; a 1-D array is refused, write numpy.diag of it.
    minimum : array (n,), default 0: the stationary point μ.
    """
    n = hessian.shape[0]
    hessian = symmetric("hessian", hessian, n)
    minimum = vector("minimum", np.zeros(n) if minimum is None else minimum, n)

    def expression(theta, hessian=hessian, minimum=minimum):
        offset = theta - minimum
        return ca.dot(offset, hessian @ offset) / 2

    return Landscape(
        dimension=n,
        expression=expression,
        name="quadratic",
        formula="½(θ-μ)ᵀH(θ-μ)",
        minima=partial(_quadratic_minima, n),
        parameters={"hessian": hessian, "minimum": minimum},
    )


def _quadratic_minima(
    dimension: int, hessian: np.ndarray, minimum: np.ndarray
) -> np.ndarray | None:
    """μ where H is positive definite."""
    hessian = symmetric("hessian", hessian, dimension)
    return minimum[None] if np.linalg.eigvalsh(hessian)[0] > 0 else None


@checked
def double_well(*, tilt: float = 0.5) -> Landscape:
    """L(θ) = (θ₁²-1)² + θ₂² - tilt·θ₁, the tilted double well of VGR25 Fig. 1 (tilt = ½).

    The minima solve 4θ₁(θ₁²-1) = tilt; there are two of them for |tilt| < 8/(3√3).
    """

    def expression(theta, tilt=tilt):
        return (theta[0] ** 2 - 1) ** 2 + theta[1] ** 2 - tilt * theta[0]

    return Landscape(
        dimension=2,
        expression=expression,
        name="double well",
        formula="(θ₁²-1)² + θ₂² - {tilt:g}·θ₁",
        minima=partial(_double_well_minima, 2),
        parameters={"tilt": tilt},
    )


def _double_well_minima(_: int, tilt: float) -> list[list[float]]:
    """The stable roots of 4θ₁(θ₁²-1) = tilt, at θ₂ = 0."""
    roots = np.roots([4.0, 0.0, -4.0, -tilt])
    real = np.sort(roots.real[np.abs(roots.imag) < 1e-9])
    return [[x, 0.0] for x in real if 12 * x**2 - 4 > 0]


@checked
def rosenbrock(dimension: Dimension = 2, *, steepness: float = 2.0, pull: float = 0.5) -> Landscape:
    """Coupled Rosenbrock valley Σᵢ steepness·(θᵢ₊₁-θᵢ²)² + pull·(1-θᵢ)², minimum at (1, …, 1)."""

    def expression(theta, steepness=steepness, pull=pull):
        head, tail = theta[:-1], theta[1:]
        return steepness * ca.sumsqr(tail - head**2) + pull * ca.sumsqr(1 - head)

    return Landscape(
        dimension=dimension,
        expression=expression,
        name="Rosenbrock",
        formula="Σᵢ {steepness:g}(θᵢ₊₁-θᵢ²)² + {pull:g}(1-θᵢ)²",
        minima=partial(_rosenbrock_minima, dimension),
        parameters={"steepness": steepness, "pull": pull},
    )


def _rosenbrock_minima(dimension: int, steepness: float, pull: float) -> np.ndarray:
    """(1, …, 1), for positive weights."""
    number("steepness", steepness, low=0, low_open=True)
    number("pull", pull, low=0, low_open=True)
    return np.ones((1, dimension))


@checked
def three_hump_camel(
    *, quadratic: float = 2.0, quartic: float = 1.05, sextic: float = 1 / 6, coupling: float = 1.0
) -> Landscape:
    """L(θ) = quadratic·θ₁² - quartic·θ₁⁴ + sextic·θ₁⁶ + coupling·θ₁θ₂ + θ₂², the three-hump camel.

    With the default numbers the lowest of its three minima is the origin, L = 0; the other two are
    ±(1.7476, -0.8738), L = 0.2986.

    Source: F. H. Branin, *Widely convergent method for finding multiple solutions of simultaneous
    nonlinear equations*, IBM J. Res. Dev. 1972.
    """

    def expression(theta, quadratic=quadratic, quartic=quartic, sextic=sextic, coupling=coupling):
        x, y = theta[0], theta[1]
        return quadratic * x**2 - quartic * x**4 + sextic * x**6 + coupling * x * y + y**2

    return Landscape(
        dimension=2,
        expression=expression,
        name="three-hump camel",
        formula="{quadratic:g}θ₁² - {quartic:g}θ₁⁴ + {sextic:g}θ₁⁶ + {coupling:g}θ₁θ₂ + θ₂²",
        minima=partial(_three_hump_camel_minima, 2),
        parameters={
            "quadratic": quadratic,
            "quartic": quartic,
            "sextic": sextic,
            "coupling": coupling,
        },
    )


def _three_hump_camel_minima(
    _: int, quadratic: float, quartic: float, sextic: float, coupling: float
) -> list[list[float]] | None:
    """θ₁ = 0 and 6·sextic θ₁⁴ - 4·quartic θ₁² + c = 0 where stable, at θ₂ = -coupling·θ₁/2.

    Along that line L = (c/2)θ₁² - quartic θ₁⁴ + sextic θ₁⁶, with c = 2·quadratic - coupling²/2.
    """
    slope = 2 * quadratic - coupling**2 / 2
    squares = np.roots([6 * sextic, -4 * quartic, slope])
    outer = np.sqrt(squares.real[(np.abs(squares.imag) < 1e-9) & (squares.real > 0)])
    places = sorted({0.0, *outer, *-outer})
    stable = [x for x in places if slope - 12 * quartic * x**2 + 30 * sextic * x**4 > 0]
    return [[x, -coupling * x / 2] for x in stable] or None


_MINIMA: dict[str, Callable[..., Any]] = {
    "quadratic": _quadratic_minima,
    "double well": _double_well_minima,
    "rosenbrock": _rosenbrock_minima,
    "three-hump camel": _three_hump_camel_minima,
}


def minima_rule(minima: object) -> str | None:
    """The name of a ready-made landscape's minima as a function; None for any other function."""
    own = getattr(minima, "func", None)
    return next((name for name, function in _MINIMA.items() if function is own), None)


def minima_by_rule(rule: str, dimension: int) -> Callable[..., Any] | None:
    """The function of the parameters with this name; None where there is none."""
    return partial(_MINIMA[rule], dimension) if rule in _MINIMA else None
