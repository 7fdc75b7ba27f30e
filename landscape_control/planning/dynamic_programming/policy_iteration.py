"""Howard's policy iteration on nested grids, the stationary solve of every problem here.

Evaluate a policy by one linear solve, read the next policy off its value: Newton's method on the
discrete Hamilton-Jacobi-Bellman equation (Howard 1960). What an improvement of V is, each problem
says itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .mesh import Grid


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """The value that changed least when it was computed.

    With the size of that change in units of the range of V, and how many iterations were done.
    """

    value: np.ndarray
    change: float
    iterations: int


def iterated(
    value: np.ndarray,
    improved: Callable[[np.ndarray, int], np.ndarray],
    *,
    tolerance: float,
    most: int,
) -> Settled:
    """Improve a value until it changes by no more than ``tolerance`` of its range.

    At most ``most`` times.

    ``improved(value, count)`` returns the next value after ``count`` improvements. A value that is
    not finite ends the iteration, ∞ is the change if it is the first.
    """
    best, least, count = value, np.inf, 0
    while count < most and least > tolerance:
        new = improved(value, count)
        largest = np.abs(new - value).max()
        change = float(largest / max(np.ptp(new), 1e-300))
        value, count = new, count + 1
        if not np.isfinite(change):
            break
        if change < least:
            best, least = new, change
    return Settled(value=best, change=least, iterations=count)


def nested_grids(grid: Grid, coarsest: int, at_least: int = 1) -> list[Grid]:
    """Grids from coarse to fine, the last being ``grid``.

    Halved while every axis keeps ``coarsest`` nodes; ``at_least`` so many.

    The border of a basin moves one cell per policy iteration, so coarse grids go first.
    """
    grids = [grid]
    coarser = grid.coarser()
    while min(coarser.shape) >= coarsest or len(grids) < at_least:
        grids.insert(0, coarser)
        coarser = coarser.coarser()
    return grids
