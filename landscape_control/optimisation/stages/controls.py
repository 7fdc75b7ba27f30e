"""The vector of a layout's coefficients as the controls of every step, and back."""

import numpy as np

from ...rules.families import Layout


class Controls:
    """Which entry of the vector is which coefficient of which step.

    Attributes
    ----------
    places : (m, T) whole numbers: the entry that a coefficient is at a step; n, one beyond the last,
        where it has no effect yet
    first : (n,), the first step at which each entry has an effect
    varies : (n,), whether it is of that step alone
    are_steady : whether all entries are coefficients of every step
    """

    def __init__(self, layout: Layout):
        self.size = layout.size
        rows = []
        for each in layout.coefficients:
            place = layout.slices[each.name]
            own = np.arange(place.start, place.stop).reshape(-1, each.size)
            if each.varies:
                before = np.full((layout.horizon - len(own), each.size), self.size)
                steps = np.concatenate([before, own])
            else:
                steps = np.repeat(own, layout.horizon, axis=0)
            rows.append(steps.T)
        self.places = np.concatenate(rows)
        counts = np.bincount(self.places.ravel(), minlength=self.size + 1)[: self.size]
        self.varies = counts == 1
        self.first = np.zeros(self.size, dtype=int)
        for t in range(layout.horizon - 1, -1, -1):
            here = self.places[:, t]
            self.first[here[here < self.size]] = t
        in_order = np.arange(self.size)[:, None]
        self.are_steady = len(self.places) == self.size and bool((self.places == in_order).all())

    def of(self, points: np.ndarray) -> np.ndarray:
        """(m, T, L) of points (L, n); zero where a coefficient has no effect yet."""
        nothing = np.zeros((len(points), 1))
        return np.moveaxis(np.hstack([points, nothing])[:, self.places], 0, 2)

    def gathered(self, slopes: np.ndarray) -> np.ndarray:
        """(L, n) from numbers (T, m, L) of the controls: those of one entry are added."""
        if self.are_steady:
            return slopes.sum(axis=0).T
        places = self.places.T.ravel()
        lanes = slopes.reshape(-1, slopes.shape[2]).T
        sums = [np.bincount(places, lane, minlength=self.size + 1) for lane in lanes]
        return np.array(sums)[:, : self.size]
