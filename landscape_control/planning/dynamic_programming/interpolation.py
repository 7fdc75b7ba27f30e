"""Interpolation between the nodes of a grid function, in units of cells from the first node.

Three rules, for three purposes: linear (prolongation to a finer grid, velocities along a path: no
overshoot), cubic splines (values and policies of diffusions, which are smooth), and parabolas that
stop at kinks (the value of a known problem at one point, where two branches of V may cross).
"""

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter

# nodes continued beyond every wall: the spline filter's own boundary rule has decayed to 1e-6 over
# them
_GHOSTS = 10


class Spline:
    """The spline of order 1 or 3 through values (N_1, …) on a grid.

    Beyond the first and last nodes it keeps the value at the nearest wall point.

    A cubic spline continues the grid function outside its walls by the parabola through the three
    nearest nodes, so that quadratic functions are reproduced up to the walls.
    """

    def __init__(self, values: np.ndarray, *, order: int):
        self._order, self._last = order, np.array(values.shape) - 1
        self._ghosts, self._coefficients = 0, values
        if order > 1:
            self._ghosts = _GHOSTS
            padded = values
            for axis in range(values.ndim):
                padded = _continued(padded, axis)
            self._coefficients = spline_filter(padded, order=order, mode="mirror")

    def __call__(self, cells: np.ndarray) -> np.ndarray:
        """Values at positions in cells (S, d): shape (S,)."""
        inside = np.clip(cells, 0, self._last)
        return map_coordinates(
            self._coefficients,
            (inside + self._ghosts).T,
            order=self._order,
            mode="mirror",
            prefilter=False,
        )


def lower_branch(values: np.ndarray, cells: np.ndarray) -> float:
    """A grid function (N_1, …) at one position in cells (n,).

    Third order where it is smooth, and sharp at kinks, where it is the lower of two smooth
    branches.

    Six nodes along every axis, one axis after the other. A kink of V is the crossing of two smooth
    branches, V being the lower. If it lies in the cell of the point (both parabolas across are more
    bent than those beside), the branches are extended into the cell and the lower one is taken
    (essentially non-oscillatory interpolation with subcell resolution, Harten 1989).
    """
    below = np.clip(np.floor(cells).astype(int), 2, np.array(values.shape) - 4)
    patch = values[tuple(slice(i - 2, i + 4) for i in below)]
    for x in reversed(cells - below):
        patch = np.apply_along_axis(_smoother_side, -1, patch, x)
    return float(patch)


def _smoother_side(values: np.ndarray, x: float) -> float:
    """Six values at -2 … 3 to the value at x in [0, 1], by the parabola on the smoother side."""
    bend = np.abs(np.diff(values, 2))  # centred at -1, 0, 1, 2
    kink_in_the_cell = bend[1:3].min() > max(bend[0], bend[3])
    if kink_in_the_cell:
        # both branches extended into the cell, from nodes that lie wholly on their side
        left, right = values[:3] @ _parabola(x + 2), values[3:] @ _parabola(x - 1)
        return min(left, right)
    first = 1 if bend[1] <= bend[2] else 2
    return values[first : first + 3] @ _parabola(x + 2 - first)


def _parabola(x: float) -> np.ndarray:
    """Weights that take values at 0, 1, 2 to the parabola's value at x."""
    return np.array([(x - 1) * (x - 2) / 2, x * (2 - x), x * (x - 1) / 2])


def _continued(values: np.ndarray, axis: int) -> np.ndarray:
    """The parabola through the three outermost nodes of either end, at ghost nodes 1, 2, …"""
    values = np.moveaxis(values, axis, -1)
    j = np.arange(1, _GHOSTS + 1)
    weights = np.stack([(j + 1) * (j + 2) / 2, -j * (j + 2), j * (j + 1) / 2])
    left, right = values[..., :3] @ weights, values[..., :-4:-1] @ weights
    padded = np.concatenate([left[..., ::-1], values, right], axis=-1)
    return np.moveaxis(padded, -1, axis)
