"""Lower bounds of a function inside a box and everywhere outside it.

By interval arithmetic and bisection.
"""

import casadi as ca
import numpy as np

from .intervals import IntervalFunction
from .tails import TailFunction

_OCTAVES = 20  # shells of doubling size before the cones that reach to infinity
_MOST = 60_000  # boxes evaluated in one search
_BATCH = 2048


class LowerBounds:
    """Lower bounds of a scalar CasADi function of θ.

    They hold for every point, not only for samples.
    """

    def __init__(self, function: ca.Function):
        self.bounded = IntervalFunction(function)
        self.tail = TailFunction(self.bounded)

    def inside(self, box: np.ndarray, resolution: float) -> float:
        """A lower bound over the box (n, 2): branch and bound (Moore 1966).

        Boxes are bisected where the bound is lowest.

        Bisection stops where the bound is within ``resolution`` of a value of the function.
        """
        return self._least(box[None, :, 0], box[None, :, 1], np.ptp(box, axis=1), resolution)

    def outside(self, box: np.ndarray, resolution: float) -> float:
        """A lower bound over all θ that are not inside the box (n, 2); -∞ where none was found.

        Shells between boxes of doubling size are searched as in :meth:`inside`; what is beyond the
        last one is covered by cones around the box's centre (:class:`TailFunction`).
        """
        shells = [_shell(box, 2.0**k) for k in range(_OCTAVES)]
        low, high = (np.concatenate(ends) for ends in zip(*shells, strict=True))
        beyond = self._cones(box, 2.0**_OCTAVES)
        if beyond == -np.inf:
            return beyond
        return min(self._least(low, high, np.ptp(box, axis=1), resolution), beyond)

    def _least(self, low, high, unit, resolution):
        """The least lower bound over a set of boxes (S, n).

        The boxes with the lowest bounds are bisected first.
        """
        bounds, samples = self._evaluate(low, high)
        evaluated = len(low)
        while evaluated < _MOST:
            best = np.nanmin(samples) if np.isfinite(samples).any() else np.inf
            undecided = np.flatnonzero(bounds < best - resolution)
            if not len(undecided):
                break
            lowest_first = np.argsort(bounds[undecided], kind="stable")
            chosen = undecided[lowest_first[:_BATCH]]
            halves = _bisected(low[chosen], high[chosen], unit)
            evaluated_halves = self._evaluate(*halves)
            keep = np.ones(len(low), dtype=bool)
            keep[chosen] = False
            low, high = (
                np.concatenate([old[keep], new])
                for old, new in zip((low, high), halves, strict=True)
            )
            bounds, samples = (
                np.concatenate([old[keep], new])
                for old, new in zip((bounds, samples), evaluated_halves, strict=True)
            )
            evaluated += 2 * len(chosen)
        return float(bounds.min())

    def _evaluate(self, low, high):
        """(lower bounds, values at the centres); a value that is not a number says nothing."""
        centre = (low + high) / 2
        values = self.bounded(centre, centre)[1][:, 0]
        return self.bounded(low, high)[0][:, 0], values

    def _cones(self, box, reach):
        """A lower bound beyond ``reach`` times the box, over all directions."""
        centre, half = box.mean(axis=1), np.ptp(box, axis=1) / 2
        for count in (32, 512):  # narrower cones only where wide ones have no bound
            low, high = _directions(len(box), count)
            bounds = self.tail.below(centre, half * low, half * high, reach)
            if np.isfinite(bounds).all():
                break
        return float(bounds.min())


def _bisected(low, high, unit):
    """Both halves of every box, cut across its longest side in units (n,) of each axis."""
    rows, axis = np.arange(len(low)), np.argmax((high - low) / unit, axis=1)
    middle = (low[rows, axis] + high[rows, axis]) / 2
    left, right = high.copy(), low.copy()
    left[rows, axis] = right[rows, axis] = middle
    return np.concatenate([low, right]), np.concatenate([left, high])


def _shell(box, scale):
    """Boxes that cover what lies between two enlargements of ``box`` about its centre.

    By ``scale`` and by 2·``scale``.
    """
    centre, half = box.mean(axis=1), np.ptp(box, axis=1) / 2 * scale
    lows, highs = [], []
    for axis in range(len(box)):
        # axes before this one are covered by their own slabs
        reach = np.where(np.arange(len(box)) < axis, half, 2 * half)
        for side in (-1, 1):
            low, high = centre - reach, centre + reach
            near, far = centre[axis] + side * half[axis], centre[axis] + side * 2 * half[axis]
            low[axis], high[axis] = min(near, far), max(near, far)
            lows.append(low)
            highs.append(high)
    return np.array(lows), np.array(highs)


def _directions(dimension, count):
    """Boxes that cover the surface of the unit cube.

    On every face, ``count`` cells along each other axis.
    """
    edges, others = np.linspace(-1, 1, count + 1), dimension - 1
    cells = np.indices((count,) * others).reshape(others, count**others).T
    lows, highs = [], []
    for axis in range(dimension):
        for side in (-1.0, 1.0):
            lows.append(np.insert(edges[cells], axis, side, axis=1))
            highs.append(np.insert(edges[cells + 1], axis, side, axis=1))
    return np.concatenate(lows), np.concatenate(highs)
