"""Piecewise polynomials through given nodes, evaluated anywhere."""

from dataclasses import dataclass

import numpy as np


def lagrange_matrix(nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Matrix (len(points), len(nodes)) that maps values at ``nodes`` to the interpolating polynomial at ``points``.

    Barycentric formula (Berrut & Trefethen 2004): stable for Gauss-type nodes.
    """
    difference = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(difference, 1.0)
    weights = 1.0 / difference.prod(axis=1)
    gap = points[:, None] - nodes[None, :]
    exact = gap == 0
    gap[exact] = 1.0
    terms = weights / gap
    terms[exact.any(axis=1)] = 0.0
    terms[exact] = 1.0
    return terms / terms.sum(axis=1, keepdims=True)


def differentiation_matrix(nodes: np.ndarray) -> np.ndarray:
    """D with (D y)_i = derivative at node i of the polynomial through (nodes, y)."""
    difference = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(difference, 1.0)
    weights = 1.0 / difference.prod(axis=1)
    matrix = weights[None, :] / weights[:, None] / difference
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


def integration_matrix(nodes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Rows of integrals from 0 to each of ``ends`` of the polynomial through values at ``nodes``."""
    points, weights = np.polynomial.legendre.leggauss(len(nodes))
    points, weights = (points + 1) / 2, weights / 2
    return np.array([x * weights @ lagrange_matrix(nodes, x * points) for x in ends])


@dataclass(frozen=True, kw_only=True, eq=False)
class PiecewisePolynomial:
    """Polynomials of one degree on consecutive elements that share their end nodes.

    ``nodes`` has K·degree + 1 entries, ``values`` one row per node, ``vertices`` K+1 entries.
    """

    vertices: np.ndarray
    nodes: np.ndarray
    values: np.ndarray
    degree: int

    def __call__(self, times: np.ndarray) -> np.ndarray:
        count = len(self.vertices) - 1
        element = np.clip(np.searchsorted(self.vertices, times, side="right") - 1, 0, count - 1)
        result = np.empty((len(times), self.values.shape[1]))
        for k in np.unique(element):
            mine, span = element == k, slice(k * self.degree, (k + 1) * self.degree + 1)
            start, width = self.vertices[k], self.vertices[k + 1] - self.vertices[k]
            matrix = lagrange_matrix((self.nodes[span] - start) / width, (times[mine] - start) / width)
            result[mine] = matrix @ self.values[span]
        return result
