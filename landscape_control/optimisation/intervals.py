"""Confidence intervals of coefficients over the draw of scenarios."""

from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from .scenario_round import Round

LEVEL = 0.95
FLAT = 1e-7  # of the largest stiffness: below it a direction is flat
WIDE = (0.1, 0.2, 0.4)  # steps of differences where an average has kinks


def confidence_intervals(current: Round, entries: np.ndarray, free: np.ndarray) -> dict[str, tuple]:
    """{name: (low, high)} at 95 %, floats or arrays like the coefficients.

    Empty without an exact Hessian. The optimum of a sample average varies with covariance H⁻¹
    Cov(∇J) H⁻¹ (P. J. Huber, *The behavior of maximum likelihood estimates under nonstandard
    conditions*, 1967; A. Shapiro, Annals of Operations Research, 1991). Cov(∇J) comes from the
    means over the independent blocks, quantiles from Student's t. It is taken in the variables of
    the program and carried to the coefficients, so that intervals stay in their ranges.
    Coefficients held at a bound have width zero; coefficients that the cost does not depend on have
    the whole range.

    Parameters
    ----------
    current : round of scenarios, with its program ``built``, scenarios ``drawn`` and stage
        ``weights``
    entries : (n,), the optimum
    free : (n,) bool, coefficients that are not at a bound
    """
    built = current.built
    if built.curvature is None:
        return {}
    x = built.scale.variables(entries)
    low, high = x.copy(), x.copy()
    if free.any():
        blocks = 1 + int(current.drawn[0].blocks.max())
        quantile = stdtrit(blocks - 1, 0.5 + LEVEL / 2)
        reach = quantile * standard_errors(current, x, free)
        low[free], high[free] = x[free] - reach, x[free] + reach
    bounds = built.layout.bounds.T
    lows, highs = (
        built.layout.split(np.clip(built.scale.coefficients(end), *bounds)) for end in (low, high)
    )
    return {name: (lows[name], highs[name]) for name in lows}


def standard_errors(current: Round, x: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Of the free variables at an optimum x.

    Infinite for those that the cost does not depend on, for all at a saddle.
    """
    if current.rough:
        return rough_errors(current, x, free)
    sizes = current.sizes(x)[free]
    hessian = current.built.bent(x, current.numbers)[np.ix_(free, free)] * np.outer(sizes, sizes)
    return sizes * _sandwich(hessian, block_gradients(current, x)[:, free] * sizes)


def rough_errors(current: Round, x: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The same from differences of block means over steps as wide as the errors they give.

    Kinks average out over such steps. Added to them, as squares, is the way to the minimum of the
    wide parabola: the least of the kinks may lie off it.
    """
    sizes = current.sizes(x)[free]
    for width in WIDE:
        hessian, slopes = wide_differences(current, x, free, width)
        errors = _sandwich(hessian, slopes)
        if np.isfinite(errors).all() and (errors <= width).all():
            break
    if not np.isfinite(errors).all():
        return errors
    return sizes * np.hypot(errors, np.linalg.solve(hessian, slopes.mean(0)))


@np.errstate(invalid="ignore")
def wide_differences(
    current: Round, x: np.ndarray, free: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """(∇²J (m, m), ∇J of every block (blocks, m)), free variables over their sizes.

    By differences of NumPy's costs.
    """
    scale, ranges = current.built.scale, current.built.layout.bounds.T

    def costs(step: np.ndarray | float) -> np.ndarray:
        coefficients = np.clip(scale.coefficients(x + step), *ranges)
        return current.block_costs(current.policy(coefficients))

    rows = width * np.diag(current.sizes(x))[free]
    ups, downs = ([costs(sign * row) for row in rows] for sign in (1, -1))
    hessian, here = np.empty((len(rows), len(rows))), costs(0.0).mean()
    for i, row in enumerate(rows):
        hessian[i, i] = (ups[i].mean() - 2 * here + downs[i].mean()) / width**2
        for j, other in enumerate(rows[:i]):
            # ∂²J/∂x_i∂x_j ≈ [J(+,+) - J(+,-) - J(-,+) + J(-,-)] / 4w²
            corners = [
                costs(row + other),
                -costs(row - other),
                -costs(other - row),
                costs(-row - other),
            ]
            mixed = sum(corner.mean() for corner in corners) / (4 * width**2)
            hessian[i, j] = hessian[j, i] = mixed
    return hessian, (np.array(ups) - np.array(downs)).T / (2 * width)


def _sandwich(hessian: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """√diag(H⁻¹ Cov H⁻¹) over the directions in which the cost is curved.

    Infinite for variables with a part in any other direction; for all where the cost falls along
    some direction or is not finite.
    """
    if not (np.isfinite(hessian).all() and np.isfinite(slopes).all()):
        return np.full(len(hessian), np.inf)
    stiffness, directions = np.linalg.eigh(hessian)
    smallest = FLAT * stiffness[-1]
    if stiffness[0] < -smallest:
        return np.full(len(hessian), np.inf)
    curved = stiffness > smallest
    along, flat = directions[:, curved], directions[:, ~curved]
    # where the optimum of each block alone would be, from that of all
    shifts = (slopes - slopes.mean(0)) @ along / stiffness[curved] @ along.T
    errors = np.sqrt((shifts**2).sum(0) / (len(slopes) - 1) / len(slopes))
    return np.where((flat**2).sum(1) > FLAT, np.inf, errors)


def block_gradients(current: Round, x: np.ndarray) -> np.ndarray:
    """∇J of every block of scenarios on its own, (blocks, n)."""
    blocks = 1 + int(current.drawn[0].blocks.max())
    return np.array([_gradient_of_block(current, x, block, blocks) for block in range(blocks)])


def _gradient_of_block(current: Round, x: np.ndarray, block: int, blocks: int) -> np.ndarray:
    # the others get no weight: the program is built for a number of scenarios
    alone = [
        replace(drawn, weights=drawn.weights * blocks * (drawn.blocks == block))
        for drawn in current.drawn
    ]
    numbers = current.built.numbers(current.weights, alone)
    return np.array(current.built.gradient(x, numbers)[1]).ravel()
