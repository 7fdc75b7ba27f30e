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

    def of(self, entries: np.ndarray) -> np.ndarray:
        """(m, T); zero where a coefficient has no effect yet."""
        return np.append(entries, 0.0)[self.places]

    def gathered(self, slopes: np.ndarray) -> np.ndarray:
        """(n,) from numbers (T, m) of the controls: those of one entry are added."""
        flat = np.bincount(self.places.T.ravel(), slopes.ravel(), minlength=self.size + 1)
        return flat[: self.size]
