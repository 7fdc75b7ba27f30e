"""Saddles of a landscape: where the gradient vanishes and the curvature has both signs."""

import numpy as np

from ...support.arguments import Count, Points, checked
from .landscape import Landscape
from .search import unrepeated

_LONGEST = 0.25  # of the extent of the seeds, the longest Newton step


@checked
@np.errstate(all="ignore")  # a step may leave the domain; such seeds are dropped
def find_saddles(landscape: Landscape, seeds: Points, *, iterations: Count = 60) -> np.ndarray:
    """Distinct stationary points with a direction of negative curvature, reached from ``seeds``
    (S, n), lowest loss first; shape (M, n). For n = 1 these are the maxima between basins.

    Newton's method on ∇L = 0 from all seeds together, its steps shortened; for n > 1 points at
    which all curvatures are negative (maxima) are left out.
    """
    points = np.array(np.atleast_2d(seeds), dtype=float)
    extent = np.ptp(points, axis=0).max()
    extent = extent if extent > 0 else 1.0
    arrived = np.empty((0, points.shape[1]))
    for _ in range(iterations):
        _, gradient, hessian = landscape.derivatives(points)
        good = np.isfinite(gradient).all(1) & np.isfinite(hessian).all((1, 2))
        points, gradient, hessian = points[good], gradient[good], hessian[good]
        step = -(np.linalg.pinv(hessian) @ gradient[:, :, None])[:, :, 0]
        length = np.linalg.norm(step, axis=1)
        shortened = np.minimum(1.0, _LONGEST * extent / np.maximum(length, 1e-300))
        points = points + step * shortened[:, None]
        still = length <= 1e-8 * extent
        arrived = np.vstack([arrived, points[still]])
        points = points[~still]
        if not len(points):
            break
    points = arrived
    loss, _, hessian = landscape.derivatives(points)
    curvatures = np.linalg.eigvalsh(np.where(np.isfinite(hessian), hessian, 0.0))
    largest = np.abs(curvatures).max(1)
    falls = curvatures[:, 0] < -1e-6 * largest
    rises = curvatures[:, -1] > 1e-6 * largest
    kept = falls & (rises | (landscape.dimension == 1)) & np.isfinite(loss)
    order = np.argsort(loss[kept], kind="stable")
    return unrepeated(points[kept][order], 1e-5 * extent)
