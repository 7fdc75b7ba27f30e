"""Local minima of a landscape, found from many seeds at once."""

import numpy as np
from scipy.integrate import solve_ivp

from .landscape import Landscape


def find_minima(landscape: Landscape, seeds, *, iterations: int = 60, tolerance: float = 1e-9) -> np.ndarray:
    """Distinct strict local minima reached from ``seeds`` (S, n), lowest loss first; shape (M, n).

    Saddle-free Newton on all seeds together: the step solves |∇²L| d = -∇L with the absolute values of the
    Hessian's eigenvalues, so that saddles repel (Dauphin et al. 2014), with step halving until the loss falls.
    Seeds that run away or stop at a degenerate point are dropped; an empty result means none was found.
    """
    points = np.array(np.atleast_2d(seeds), dtype=float)
    scale = np.ptp(points, axis=0).max() if len(points) > 1 else np.abs(points).max()
    scale = scale if scale > 0 else 1.0
    for _ in range(iterations):
        loss, gradient, hessian = landscape.derivatives(points)
        good = np.isfinite(loss) & np.isfinite(gradient).all(1) & np.isfinite(hessian).all((1, 2))
        points, loss, gradient, hessian = points[good], loss[good], gradient[good], hessian[good]
        if not len(points):
            return points
        values, vectors = np.linalg.eigh(hessian)
        size = np.maximum(np.abs(values), 1e-8 * np.abs(values).max(1, initial=1e-12)[:, None])
        step = -np.einsum("sij,sj,skj,sk->si", vectors, 1 / size, vectors, gradient, optimize=True)
        if (np.abs(step).max(1) <= tolerance * scale).all():
            break
        points = _descend(landscape, points, loss, step, 10 * scale)
    keep = (values[:, 0] > 1e-10 * np.abs(values).max(1)) & (np.abs(step).max(1) <= 1e-5 * scale)
    return distinct_points(points[keep], loss[keep], 1e-5 * scale)


def _descend(landscape, points, loss, step, longest):
    step = step * np.minimum(1.0, longest / np.maximum(np.linalg.norm(step, axis=1), 1e-300))[:, None]
    factor = np.ones(len(points))
    for _ in range(12):
        worse = ~(landscape.loss(points + factor[:, None] * step) <= loss)
        if not worse.any():
            break
        factor[worse] /= 2
    return points + factor[:, None] * step


def distinct_points(points: np.ndarray, loss: np.ndarray, distance: float) -> np.ndarray:
    """Of points (S, n) those further than ``distance`` from every better one, lowest loss first."""
    chosen: list[np.ndarray] = []
    for point in points[np.argsort(loss, kind="stable")]:
        if all(np.linalg.norm(point - other) > distance for other in chosen):
            chosen.append(point)
    return np.array(chosen).reshape(-1, points.shape[1])


def end_basin(landscape: Landscape, point, minima: np.ndarray) -> np.ndarray | None:
    """The local minimum that gradient flow θ̇ = -∇L reaches from ``point``; None if it is not one of ``minima``.

    A minimum joined to the point by a segment of positive curvature is accepted at once; otherwise the flow is followed.
    """
    if not len(minima) or not np.isfinite(point).all():
        return None
    distance = np.linalg.norm(minima - point, axis=1)
    nearest = minima[np.argmin(distance)]
    segment = point + np.linspace(0, 1, 9)[:, None] * (nearest - point)
    if landscape.dimension <= 20 and (np.linalg.eigvalsh(landscape.hessian(segment))[:, 0] > 0).all():
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
