"""A plan inside its elements: Gauss points between the nodes, and how to get there."""

from functools import lru_cache

import numpy as np

from .interpolation import differentiation_matrix, lagrange_matrix


@lru_cache(maxsize=64)
def inner_matrices(positions: tuple[float, ...], count: int) -> tuple[np.ndarray, ...]:
    """``count`` Gauss points and weights on [0, 1], and the matrices that give values and slopes there from the nodes."""
    points, weights = np.polynomial.legendre.leggauss(count)
    points, nodes = (points + 1) / 2, np.array(positions)
    to_points = lagrange_matrix(nodes, points)
    return points, weights / 2, to_points, to_points @ differentiation_matrix(nodes)
