"""A uniform grid over a box: nodes, spacing, coarsening and interpolation."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...support.arguments import Anywhere, Count, Matrix, checked
from ...support.arrays import freeze
from .interpolation import Spline, lower_branch


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
        """n, the number of axes."""
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N_1, …, N_n), nodes along each axis."""
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
        """Half as many intervals along each axis, rounded down.

        Every other node where the number of nodes is odd.
        """
        return Grid(axes=tuple(_halved(axis) for axis in self.axes))

    @property
    def shared_nodes(self) -> tuple[slice, ...]:
        """The index of the nodes that :meth:`coarser` keeps of a field (N_1, …).

        Needs odd numbers of nodes.
        """
        return (slice(None, None, 2),) * self.dimension

    def cells(self, theta: np.ndarray) -> np.ndarray:
        """Position in units of cells from the lower walls; θ (..., n)."""
        return (theta - self.box[:, 0]) / self.spacing

    @checked
    def wall_distance(self, theta: Anywhere) -> np.ndarray:
        """Distance to the nearest wall in cells, negative outside; θ (..., n) -> (...)."""
        cells = self.cells(theta)  # 0 at the lower walls, N_i - 1 at the upper ones
        return np.minimum(cells, np.array(self.shape) - 1 - cells).min(axis=-1)

    def interpolate(self, field: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """A field at points θ (S, n), linear between the nodes: shape (S,).

        Constant beyond the walls.
        """
        return Spline(field, order=1)(self.cells(theta))

    def value_at(self, field: np.ndarray, theta: np.ndarray) -> float:
        """A value function at one point θ (n,).

        Third order where it is smooth, and sharp at kinks (see :func:`lower_branch`).
        """
        return lower_branch(field, self.cells(theta))


class Interpolant:
    """The cubic spline through values on a grid, called with points (S, n).

    Values (N_1·…·N_n,) or (N_1, …); see :class:`Spline`.
    """

    def __init__(self, grid: Grid, values: np.ndarray):
        self.grid = grid
        self._spline = Spline(values.reshape(grid.shape), order=3)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values at points (S, n): shape (S,)."""
        return self._spline(self.grid.cells(points))


def _halved(axis: np.ndarray) -> np.ndarray:
    """Every other node; of an even number, half as many over the same length."""
    if len(axis) % 2:
        return axis[::2]
    return freeze(np.linspace(axis[0], axis[-1], len(axis) // 2))
