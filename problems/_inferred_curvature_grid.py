"""The value of a belief on a grid, for horizons too long to be nested."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter

from ._inferred_curvature_model import open_loop_cost

BEND = 1.0  # |a| and |d| up to which the nodes are about even, in units of the gradient


def spaced(reach, count):
    """Nodes (count,) on ± reach, even up to BEND and in ratios beyond."""
    return BEND * np.sinh(np.linspace(-1, 1, count) * np.arcsinh(reach / BEND))


def unit(values, reach):
    """Where values stand among such nodes, in [0, 1]; held at the ends."""
    bent = np.arcsinh(values / BEND) / np.arcsinh(reach / BEND)
    return np.clip((bent + 1) / 2, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Nodes in a = (g_1 + g_2)/2, d = g_1 - g_2 and z, p = sin²(πz/2); odd numbers of them.

    Attributes
    ----------
    means, differences, chances : numbers of nodes in a, d and z
    reach, range : largest |a| and |d|, in units of the gradient
    block : beliefs evaluated at once
    """

    means: int = 29
    differences: int = 25
    chances: int = 19
    reach: float = 16.0
    range: float = 28.0
    block: int = 400

    def nodes(self):
        """The three axes, (means,), (differences,), (chances,)."""
        chances = np.sin(np.pi * np.linspace(0, 1, self.chances) / 2) ** 2
        return spaced(self.reach, self.means), spaced(self.range, self.differences), chances

    def places(self, gradients, chance):
        """Fractional indices (3, ...) of beliefs, held at the edge where they are outside."""
        parts = (
            (unit(gradients.mean(0), self.reach), self.means),
            (unit(gradients[0] - gradients[1], self.range), self.differences),
            (2 / np.pi * np.arcsin(np.sqrt(chance)), self.chances),
        )
        return np.stack([place * (count - 1) for place, count in parts])


class Interpolated:
    """A value of beliefs, its ratio to the open-loop plan's cost interpolated by cubic splines.

    The ratio is in (0, 1], and tends to constants where |a| is large: it is held outside the grid.
    """

    def __init__(self, setting, grid: Grid, value: Any, step: int):
        self.setting, self.grid, self.step = setting, grid, step
        axes = np.meshgrid(*grid.nodes(), indexing="ij")
        half = [axis[grid.means // 2 :].ravel() for axis in axes]  # a ≥ 0: V is even in (a, d)
        gradients = np.stack([half[0] + half[1] / 2, half[0] - half[1] / 2])
        chance = np.clip(half[2], 1e-12, 1 - 1e-12)
        parts = range(0, chance.size, grid.block)
        ratio = np.concatenate(
            [value(gradients[:, i : i + grid.block], chance[i : i + grid.block]) for i in parts]
        ) / open_loop_cost(setting, gradients, chance, step)
        upper = ratio.reshape((-1, *axes[0].shape[1:]))
        whole = np.concatenate([upper[:0:-1, ::-1], upper])
        self.coefficients = spline_filter(whole, order=3, mode="nearest")

    def __call__(self, gradients, chance):
        """Value (...) at gradients (2, ...) and chance (...)."""
        places = self.grid.places(gradients, chance)
        ratio = map_coordinates(self.coefficients, places, order=3, prefilter=False, mode="nearest")
        return ratio * open_loop_cost(self.setting, gradients, chance, self.step)


def on_grid(setting, grid):
    """``between`` of the programs: interpolate the value of every step but the first and last."""
    return lambda value, step: Interpolated(setting, grid, value, step)
