"""Newton's method within the unit cube, from many starts side by side."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Local = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]

_FIRST, _LARGEST = 0.15, 0.5  # radii of trust, in the largest entry of a step
_LEAST = 1e-10  # radius, and length of a step, at which a search ends
_CLOSE = 1e-10  # of a value: where less is to be gained, slopes are compared and not values,
_FALL = 4.0  # and have to fall by this factor, as they do at a minimum but not in a flat tail
_FLOOR = 1e-9  # of the largest curvature, below which a direction counts as flat
_MOST_STEPS = 80


@dataclass(frozen=True, kw_only=True, eq=False)
class Descents:
    """Where S searches ended.

    Attributes
    ----------
    points : (S, P)
    values : (S,)
    slopes : (S, P)
    curvatures : (S, P, P)
    """

    points: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    curvatures: np.ndarray


def descend(local: Local, points: np.ndarray) -> Descents:
    """Local minima within [0, 1]^P from points (S, P).

    ``local`` gives values (S,), slopes (S, P) and curvatures (S, P, P); a value may be infinite. Each
    step goes down a quadratic model whose curvatures are taken by their size (a saddle is left), no
    further than a radius of trust; the radius grows with steps that lower the value and shrinks with
    those that do not. The last steps, which gain next to nothing, are judged by the slope: a search ends
    where it no longer falls. Entries at an end of the cube that would leave it stay there (D. P.
    Bertsekas, *Projected Newton methods*, SIAM J. Control 1982).
    """
    values, slopes, curvatures = local(points)
    radii = np.full(len(points), _FIRST)
    for _ in range(_MOST_STEPS):
        steps = _steps(points, slopes, curvatures, radii)
        trials = np.clip(points + steps, 0.0, 1.0)
        moves = trials - points
        lengths = np.abs(moves).max(axis=1)
        close = np.abs((slopes * moves).sum(axis=1)) < _CLOSE * np.abs(values)
        running = (lengths > _LEAST) & (radii > _LEAST)
        if not running.any():
            break
        found = local(trials[running])
        tried = np.flatnonzero(running)
        flatter = _FALL * np.abs(found[1]).max(axis=1) < np.abs(slopes[tried]).max(axis=1)
        better = np.where(close[tried], flatter, found[0] < values[tried])
        kept = tried[better]
        points[kept] = trials[kept]
        for own, new in zip((values, slopes, curvatures), found, strict=True):
            own[kept] = new[better]
        radii[kept] = np.minimum(2 * radii[kept], _LARGEST)
        failed = tried[~better]
        radii[failed] = np.where(close[failed], 0.0, lengths[failed] / 4)
    return Descents(points=points, values=values, slopes=slopes, curvatures=curvatures)


def _steps(
    points: np.ndarray, slopes: np.ndarray, curvatures: np.ndarray, radii: np.ndarray
) -> np.ndarray:
    """Steps (S, P) of the quadratic models, within the radii of trust."""
    held = ((points <= 0) & (slopes > 0)) | ((points >= 1) & (slopes < 0))
    usable = np.isfinite(curvatures).all(axis=(1, 2)) & np.isfinite(slopes).all(axis=1)
    slope = np.where(held | ~usable[:, None], 0.0, slopes)
    apart = held[:, :, None] | held[:, None, :] | ~usable[:, None, None]
    bend = np.where(apart, 0.0, curvatures)
    sizes, axes = np.linalg.eigh(bend)
    floor = np.maximum(_FLOOR * np.abs(sizes).max(axis=1, keepdims=True), 1e-300)
    turned = np.einsum("sij,si->sj", axes, slope) / np.maximum(np.abs(sizes), floor)
    steps = -np.einsum("sij,sj->si", axes, turned)
    longest = np.abs(steps).max(axis=1)
    shrink = np.minimum(1.0, radii / np.maximum(longest, 1e-300))
    return steps * shrink[:, None]
