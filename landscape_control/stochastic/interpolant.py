"""Cubic spline interpolation of a grid function, vectorised over points."""

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter

from ..grid import Grid

# nodes continued beyond every wall: the spline filter's own boundary rule has decayed to 1e-6 over
# them
_GHOSTS = 10


class Interpolant:
    """The cubic spline through values on a grid; beyond the walls it keeps the value at the nearest
    wall point.

    Outside its walls the grid function is continued by the parabola through the three nearest
    nodes, so that quadratic functions are reproduced up to the walls.
    """

    def __init__(self, grid: Grid, values: np.ndarray):
        self.grid = grid
        padded = values.reshape(grid.shape)
        for axis in range(grid.dimension):
            padded = _continued(padded, axis)
        self._coefficients = spline_filter(padded, order=3, mode="mirror")

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values at points (S, d): shape (S,)."""
        cells = np.clip(self.grid.cells(points), 0, np.array(self.grid.shape) - 1)
        return map_coordinates(
            self._coefficients, (cells + _GHOSTS).T, order=3, mode="mirror", prefilter=False
        )


def _continued(values, axis):
    """The parabola through the three outermost nodes of either end, at ghost nodes 1, 2, …"""
    values = np.moveaxis(values, axis, -1)
    j = np.arange(1, _GHOSTS + 1)
    weights = np.stack([(j + 1) * (j + 2) / 2, -j * (j + 2), j * (j + 1) / 2])
    left, right = values[..., :3] @ weights, values[..., :-4:-1] @ weights
    return np.moveaxis(np.concatenate([left[..., ::-1], values, right], axis=-1), -1, axis)
