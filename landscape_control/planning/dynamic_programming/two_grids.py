"""The error of a grid solve from a second one on the grid of twice the spacing (Richardson 1911)."""

import numpy as np

from .mesh import Grid

_SAFETY = 1.5  # on the difference of two grids, which is itself only an estimate


def difference(fine: np.ndarray, coarse: np.ndarray, grid: Grid) -> np.ndarray:
    """|fine - coarse| on the nodes of the coarse grid.

    Fields (…, N_1, …) on ``grid`` and on ``grid.coarser()``.
    """
    shared: tuple = (..., *grid.shared_nodes)
    return np.abs(fine[shared] - coarse)


def estimated_error(largest_difference: float, order: int) -> float:
    """The error of the finer grid where the scheme has this order.

    The difference divided by 2^order - 1, with a safety factor.

    At first order, the rate across kinks, the difference is the error of the finer grid (Roache
    1994, grid convergence index).
    """
    return _SAFETY / (2**order - 1) * largest_difference
