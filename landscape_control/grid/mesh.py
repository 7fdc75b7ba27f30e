"""A uniform grid over a box: nodes, spacing, coarsening and interpolation."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import map_coordinates

from ..arguments import Anywhere, Count, Matrix, checked
from ..arrays import freeze


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Equally spaced nodes over a box, one axis per parameter.

    Attributes
    ----------
    axes : n arrays, the node coordinates (N_i,)

    A field on the grid has shape (N_1, …, N_n), a vector field (n, N_1, …, N_n).
    """

    axes: tuple[np.ndarray, ...]

    @classmethod
    @checked
    def over(cls, box: Matrix, points: tuple[Count, ...]) -> "Grid":
        """The grid with ``points[i]`` nodes between ``box[i, 0]`` and ``box[i, 1]``."""
        return cls(
            axes=tuple(
                freeze(np.linspace(low, high, count))
                for (low, high), count in zip(box, points, strict=True)
            )
        )

    @property
    def dimension(self) -> int:
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis) for axis in self.axes)

    @cached_property
    def spacing(self) -> np.ndarray:
        """h, the distance of neighbouring nodes along each axis, (n,)."""
        return np.array([axis[1] - axis[0] for axis in self.axes])

    @cached_property
    def box(self) -> np.ndarray:
        """Lower and upper wall of each axis, (n, 2)."""
        return np.array([[axis[0], axis[-1]] for axis in self.axes])

    @cached_property
    def points(self) -> np.ndarray:
        """All nodes, (N_1·…·N_n, n), last axis running fastest."""
        return np.stack([c.ravel() for c in np.meshgrid(*self.axes, indexing="ij")], axis=1)

    @cached_property
    def walls(self) -> np.ndarray:
        """Which nodes lie on a wall of the box, (N_1, …)."""
        inner = np.zeros(self.shape, dtype=bool)
        inner[(slice(1, -1),) * self.dimension] = True
        return ~inner

    def coarser(self) -> "Grid":
        """Every other node (needs an odd number of nodes along each axis)."""
        return Grid(axes=tuple(axis[::2] for axis in self.axes))

    def cells(self, theta: np.ndarray) -> np.ndarray:
        """Position in units of cells from the lower walls; θ (..., n)."""
        return (theta - self.box[:, 0]) / self.spacing

    @checked
    def wall_distance(self, theta: Anywhere) -> np.ndarray:
        """Distance to the nearest wall in cells, negative outside; θ (..., n) -> (...)."""
        cells = self.cells(theta)
        return np.minimum(cells, np.array(self.shape) - 1 - cells).min(axis=-1)

    def interpolate(self, field: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """A field at points θ (S, n), linear between the nodes: shape (S,). Constant beyond the
        walls.
        """
        at = np.clip(self.cells(theta), 0, np.array(self.shape) - 1)
        return map_coordinates(field, at.T, order=1, mode="nearest")

    def value_at(self, field: np.ndarray, theta: np.ndarray) -> float:
        """A value function at one point θ (n,): third order where it is smooth, and sharp at kinks
        (see :func:`_branch`).
        """
        below = np.clip(np.floor(self.cells(theta)).astype(int), 2, np.array(self.shape) - 4)
        offset = self.cells(theta) - below
        patch = field[tuple(slice(i - 2, i + 4) for i in below)]
        for x in reversed(offset):
            patch = np.apply_along_axis(_branch, -1, patch, x)
        return float(patch)


def _branch(values, x):
    """Six values at -2 … 3 to the value at x in [0, 1], by the parabola on the smoother side.

    A kink of V is the crossing of two smooth branches, V being the lower. If it lies between 0 and
    1 (both parabolas across are more bent than those beside), the branches are extended into the
    cell and the lower one is taken (essentially non-oscillatory interpolation with subcell
    resolution, Harten 1989).
    """
    bend = np.abs(np.diff(values, 2))  # centred at -1, 0, 1, 2
    if bend[1:3].min() > max(bend[0], bend[3]):
        return min(values[:3] @ _parabola(x + 2), values[3:] @ _parabola(x - 1))
    first = 1 if bend[1] <= bend[2] else 2
    return values[first : first + 3] @ _parabola(x + 2 - first)


def _parabola(x):
    """Weights that take values at 0, 1, 2 to the parabola's value at x."""
    return np.array([(x - 1) * (x - 2) / 2, x * (2 - x), x * (x - 1) / 2])
