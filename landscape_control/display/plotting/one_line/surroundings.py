"""What lies around paths: the box that is drawn, the minima and saddles in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....model.landscape import Landscape, find_minima
from ....model.landscape.saddles import find_saddles

_NEAR = 1.5  # in extents of the paths: minima this far away are drawn
_GRID = 11  # seeds along a side


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """Of paths in θ (N, n): minima (M, n), lowest first, saddles (S, n), and what is to be in view.

    ``low`` and ``high`` (n,) enclose the paths and the minima near them, without a margin.
    """

    low: np.ndarray
    high: np.ndarray
    minima: np.ndarray
    saddles: np.ndarray


def surroundings(landscape: Landscape, paths: Sequence[np.ndarray]) -> Surroundings:
    """Minima and saddles within reach of the paths; those a landscape declares are not searched."""
    points = np.vstack(paths)
    low, high = points.min(0), points.max(0)
    extent = float((high - low).max())
    if extent == 0:
        extent = 0.1 * max(float(np.abs(points).max()), 1.0)
    seeds = _seeds(points, low, high, extent)
    minima = _minima(landscape, seeds)
    reach = _NEAR * extent
    near = ((minima >= low - reach) & (minima <= high + reach)).all(1)
    minima = minima[near]
    in_view = np.vstack([points, minima])
    low, high = in_view.min(0), in_view.max(0)
    between = [(a + b) / 2 for i, a in enumerate(minima) for b in minima[:i]]
    saddles = find_saddles(landscape, np.vstack([seeds, *[row[None] for row in between]]))
    margin = 0.15 * float((high - low).max())
    inside = ((saddles >= low - margin) & (saddles <= high + margin)).all(1)
    return Surroundings(low=low, high=high, minima=minima, saddles=saddles[inside])


def _seeds(points: np.ndarray, low: np.ndarray, high: np.ndarray, extent: float) -> np.ndarray:
    """Points (S, n) in and around the box of the paths."""
    n = points.shape[1]
    reach = _NEAR * extent
    if n <= 2:
        sides = [np.linspace(a - reach, b + reach, _GRID) for a, b in zip(low, high, strict=True)]
        return np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, n)
    some = points[np.linspace(0, len(points) - 1, 24).astype(int)]
    drawn = np.random.default_rng(0).normal(size=some.shape)
    return np.vstack([some, some + extent / np.sqrt(n) * drawn])


def _minima(landscape: Landscape, seeds: np.ndarray) -> np.ndarray:
    minima = landscape.minima
    minima = find_minima(landscape, seeds) if minima is None else np.asarray(minima)
    return minima[np.argsort(landscape.loss(minima), kind="stable")] if len(minima) else minima
