"""Node families on [0, 1] with their weights, differentiation and integration matrices."""

from dataclasses import dataclass
from functools import lru_cache

import casadi as ca
import numpy as np
from numpy.polynomial.legendre import Legendre, leggauss

from ...support.interpolation import differentiation_matrix, integration_matrix, lagrange_matrix


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """Points on [0, 1] and what follows from them.

    Attributes
    ----------
    points : (q,), increasing
    weights : (q,), ∫₀¹ y dx ≈ weights · y, exact for the interpolating polynomial
    """

    points: np.ndarray
    weights: np.ndarray


@lru_cache(maxsize=64)
def gauss(count: int) -> Nodes:
    """Gauss-Legendre points, exact for polynomials of degree 2·count - 1."""
    points, weights = leggauss(count)
    return Nodes(points=(points + 1) / 2, weights=weights / 2)


@lru_cache(maxsize=64)
def radau(count: int) -> Nodes:
    """Right Legendre-Gauss-Radau points (the last one is 1), exact to degree 2·count - 2."""
    return _with_weights(np.array(ca.collocation_points(count, "radau")))


@lru_cache(maxsize=64)
def lobatto(count: int) -> Nodes:
    """Legendre-Gauss-Lobatto points (0 and 1 included), exact to degree 2·count - 3."""
    inner = np.sort(Legendre.basis(count - 1).deriv().roots().real)
    return _with_weights((np.concatenate([[-1.0], inner, [1.0]]) + 1) / 2)


def _with_weights(points: np.ndarray) -> Nodes:
    """The points with the weights of their interpolating polynomial."""
    fine = gauss(len(points))
    return Nodes(points=points, weights=fine.weights @ lagrange_matrix(points, fine.points))


@lru_cache(maxsize=64)
def lobatto_matrices(count: int) -> tuple[np.ndarray, np.ndarray]:
    """(D, A): derivatives at the Lobatto points, and integrals from 0 to each of them.

    Both are of the interpolating polynomial.
    """
    points = lobatto(count).points
    return differentiation_matrix(points), integration_matrix(points, points)
