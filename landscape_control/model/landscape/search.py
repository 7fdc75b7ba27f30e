"""Local minima of a landscape, found from many seeds at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from ...support.arguments import Count, Points, Positive, checked
from .landscape import Landscape


@checked
def find_minima(
    landscape: Landscape, seeds: Points, *, iterations: Count = 60, tolerance: Positive = 1e-9
) -> np.ndarray:
    """Distinct strict local minima reached from ``seeds`` (S, n), lowest loss first; shape (M, n).

    Seeds that run away or stop at a degenerate point are dropped, see :func:`descend`; an empty
    result means none was found.
    """
    result = descend(
        landscape.loss, landscape.derivatives, seeds, iterations=iterations, tolerance=tolerance
    )
    return distinct_points(
        result.points[result.strict], result.values[result.strict], 1e-5 * result.scale
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Descended:
    """Where S seeds ended: points (S, n), values (S,), and which are strict local minima (S,).

    ``settled`` also holds minima with directions in which the function is flat to second order,
    such as valleys.
    """

    points: np.ndarray
    values: np.ndarray
    strict: np.ndarray
    settled: np.ndarray
    scale: float


@np.errstate(all="ignore")  # a step may leave the domain; such seeds are dropped
def descend(
    value: Callable[[np.ndarray], np.ndarray],
    derivatives: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]],
    seeds: Points,
    *,
    iterations: int = 60,
    tolerance: float = 1e-9,
    centre: np.ndarray | None = None,
    reach: float = np.inf,
) -> Descended:
    """Follow ``value`` downhill from ``seeds`` (S, n), no further than ``reach`` from ``centre``.

    Saddle-free Newton on all seeds together: the step solves |∇²L| d = -∇L with the absolute values
    of the Hessian's eigenvalues, so that saddles repel (Dauphin et al. 2014), with step halving
    until the function falls. ``value`` maps (S, n) to (S,), ``derivatives`` to value, gradient and
    Hessian. Seeds at which they are not finite are dropped.
    """
    points = np.array(np.atleast_2d(seeds), dtype=float)
    scale = np.ptp(points, axis=0).max() if len(points) > 1 else np.abs(points).max()
    scale = scale if scale > 0 else 1.0
    longest = min(10 * scale, reach)
    for _ in range(iterations):
        loss, gradient, hessian = derivatives(points)
        good = np.isfinite(loss) & np.isfinite(gradient).all(1) & np.isfinite(hessian).all((1, 2))
        points, loss, gradient, hessian = points[good], loss[good], gradient[good], hessian[good]
        if not len(points):
            nothing = np.zeros(0, dtype=bool)
            return Descended(
                points=points, values=loss, strict=nothing, settled=nothing, scale=scale
            )
        values, vectors = np.linalg.eigh(hessian)
        floor = 1e-8 * np.abs(values).max(1, initial=1e-12)[:, None]
        size = np.maximum(np.abs(values), floor)
        along = np.matmul(gradient[:, None, :], vectors) / size[:, None, :]
        step = -np.matmul(vectors, along.transpose(0, 2, 1))[:, :, 0]
        if (np.abs(step).max(1) <= tolerance * scale).all():
            break
        before, points = points, _descend(value, points, loss, step, longest)
        if centre is not None:
            points = _inside(points, centre, reach)
        if np.abs(points - before).max() <= tolerance * scale:
            break
    still = np.abs(step).max(1) <= 1e-5 * scale
    largest = np.abs(values).max(1)
    strict = (values[:, 0] > 1e-10 * largest) & still
    flat = np.abs(gradient).max(1) <= 1e-9 * scale * largest
    settled = (values[:, 0] > -1e-6 * largest) & (still | flat)
    if len(points) and len(loss) == len(points):
        loss = value(points)
    return Descended(points=points, values=loss, strict=strict, settled=settled, scale=scale)


def _descend(
    value: Callable[[np.ndarray], np.ndarray],
    points: np.ndarray,
    loss: np.ndarray,
    step: np.ndarray,
    longest: float,
) -> np.ndarray:
    """The points a step on, none longer than ``longest``, halved until the function falls."""
    length = np.maximum(np.linalg.norm(step, axis=1), 1e-300)
    step = step * np.minimum(1.0, longest / length)[:, None]
    factor = np.ones(len(points))
    for _ in range(12):
        worse = ~(value(points + factor[:, None] * step) <= loss)  # NaN is worse too
        if not worse.any():
            break
        factor[worse] /= 2
    return points + factor[:, None] * step


def _inside(points: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray:
    """Points beyond ``reach`` brought back to that distance."""
    offset = points - centre
    distance = np.linalg.norm(offset, axis=1)
    return centre + offset * np.minimum(1.0, reach / np.maximum(distance, 1e-300))[:, None]


def distinct_points(points: np.ndarray, loss: np.ndarray, distance: float) -> np.ndarray:
    """Of points (S, n) those further than ``distance`` from every better one, lowest loss first."""
    return unrepeated(points[np.argsort(loss, kind="stable")], distance)


def unrepeated(points: np.ndarray, distance: float) -> np.ndarray:
    """Of points (S, n), in their order, those further than ``distance`` from all kept before."""
    chosen = np.empty((0, points.shape[1]))
    for point in points:
        if not (np.linalg.norm(chosen - point, axis=1) <= distance).any():
            chosen = np.vstack([chosen, point[None]])
    return chosen


def end_basin(landscape: Landscape, point: np.ndarray, minima: np.ndarray) -> np.ndarray | None:
    """The local minimum, of ``minima``, that gradient flow θ̇ = -∇L reaches from ``point``, or None.

    A minimum joined to the point by a segment of positive curvature is accepted at once; otherwise
    the flow is followed.
    """
    if not len(minima) or not np.isfinite(point).all():
        return None
    distance = np.linalg.norm(minima - point, axis=1)
    nearest = minima[np.argmin(distance)]
    segment = point + np.linspace(0, 1, 9)[:, None] * (nearest - point)
    is_small = landscape.dimension <= 20
    if is_small and (np.linalg.eigvalsh(landscape.hessian(segment))[:, 0] > 0).all():
        return nearest
    stiffness = np.abs(landscape.hessian(point)).max() + 1e-12
    flow = solve_ivp(
        lambda _, x: -landscape.gradient(x)[0],
        (0.0, 1e4 / stiffness),
        np.array(point),
        method="LSODA",
        rtol=1e-4,
        atol=1e-8 * (1 + np.abs(point).max()),
    )
    gap = np.linalg.norm(minima - flow.y[:, -1], axis=1)
    return minima[np.argmin(gap)] if gap.min() < 1e-2 * (1 + np.abs(minima).max()) else None
