"""What lies around paths: the box that is drawn, the minima and saddles in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ....model.landscape import Landscape, find_minima
from ....model.landscape.data_losses import thinned
from ....model.landscape.saddles import find_saddles

_NEAR = 1.5  # in extents of the paths: minima this far away are drawn
_CLOSE = 0.25  # where there are more than _MANY, only those as close as this
_MANY = 8
_GRID = 11  # seeds along a side
_FAR = 2.0  # in extents of the first path: what other paths do beyond is not in view
_FEW_SAMPLES = 500  # of a loss over many: stationary points are looked for on these first
_AT_REST = 1e-8  # of the size of θ: a path that moves by less stays where it is


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
    points = within_view(paths)
    low, high = points.min(0), points.max(0)
    extent = extent_of(points)
    seeds = _seeds(points, low, high, extent)
    minima = _minima(landscape, seeds)
    nearby = _inside(minima, low, high, _NEAR * extent)
    if len(nearby) > _MANY:
        nearby = _inside(minima, low, high, _CLOSE * extent)
    minima = nearby
    in_view = np.vstack([points, minima])
    low, high = in_view.min(0), in_view.max(0)
    between = [(a + b) / 2 for i, a in enumerate(minima) for b in minima[:i]]
    saddles = _searched(
        find_saddles, landscape, np.vstack([seeds, *[row[None] for row in between]])
    )
    margin = 0.15 * extent_of(in_view)
    saddles = _inside(saddles, low, high, margin)
    return Surroundings(low=low, high=high, minima=minima, saddles=saddles)


def _inside(points: np.ndarray, low: np.ndarray, high: np.ndarray, margin: float) -> np.ndarray:
    """Those of the points in a box with a margin."""
    return points[((points >= low - margin) & (points <= high + margin)).all(1)]


def within_view(paths: Sequence[np.ndarray]) -> np.ndarray:
    """The points (S, n) of the first path, and those of others that are not far away from it."""
    first = paths[0]
    away = _FAR * extent_of(first)
    low, high = first.min(0) - away, first.max(0) + away
    others = [path[((path >= low) & (path <= high)).all(1)] for path in paths[1:]]
    return np.vstack([first, *others])


def at_rest(points: np.ndarray) -> bool:
    """Whether a path moves by no more than rounding."""
    size = float(np.abs(points).max())
    return float(np.ptp(points, axis=0).max()) <= _AT_REST * size


def extent_of(points: np.ndarray) -> float:
    """The longest side of a box around points; a tenth of their size where they are all the same."""
    if not at_rest(points):
        return float(np.ptp(points, axis=0).max())
    size = float(np.abs(points).max())
    return 0.1 * (size if size > 0 else 1.0)


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
    if minima is None:
        return _searched(find_minima, landscape, seeds)
    minima = np.asarray(minima)
    return minima[np.argsort(landscape.loss(minima), kind="stable")] if len(minima) else minima


def _searched(
    search: Callable[[Landscape, np.ndarray], np.ndarray], landscape: Landscape, seeds: np.ndarray
) -> np.ndarray:
    """What a search finds, lowest loss first; over many samples from what it finds over some."""
    few = thinned(landscape, _FEW_SAMPLES)
    if few is not None:
        seeds = search(few, seeds)
    return search(landscape, seeds) if len(seeds) else seeds
