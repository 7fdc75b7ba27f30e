"""Piecewise polynomials through given nodes, evaluated anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


def broken_line(nodes: np.ndarray, values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Points (S,) -> (S, n), linear between ``values`` (K, n) at ascending ``nodes`` (K,).

    Constant beyond the last ones.
    """

    def at(points: np.ndarray) -> np.ndarray:
        return np.column_stack([np.interp(points, nodes, column) for column in values.T])

    return at


def lagrange_matrix(nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Matrix (S, K) from values at ``nodes`` (K,) to the interpolating polynomial at ``points``.

    Barycentric formula Σⱼ wⱼ yⱼ/(x - xⱼ) / Σⱼ wⱼ/(x - xⱼ) (Berrut & Trefethen 2004): stable for
    Gauss-type nodes.
    """
    weights = _barycentric_weights(nodes)
    gap = points[:, None] - nodes[None, :]
    exact = gap == 0
    gap[exact] = 1.0
    terms = weights / gap
    terms[exact.any(axis=1)] = 0.0  # at a node the value is that of the node
    terms[exact] = 1.0
    return terms / terms.sum(axis=1, keepdims=True)


def differentiation_matrix(nodes: np.ndarray) -> np.ndarray:
    """D with (D y)_i = derivative at node i of the polynomial through (nodes, y)."""
    weights = _barycentric_weights(nodes)
    difference = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(difference, 1.0)
    matrix = weights[None, :] / weights[:, None] / difference
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))  # the derivative of a constant is 0, exactly
    return matrix


def _barycentric_weights(nodes: np.ndarray) -> np.ndarray:
    """wⱼ = 1/Π_{i≠j}(xⱼ - xᵢ)."""
    difference = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(difference, 1.0)
    return 1.0 / difference.prod(axis=1)


def integration_matrix(nodes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Rows of integrals from 0 to each of ``ends`` of the polynomial through values at ``nodes``."""
    points, weights = np.polynomial.legendre.leggauss(len(nodes))  # on [-1, 1]
    points, weights = (points + 1) / 2, weights / 2
    return np.array([x * weights @ lagrange_matrix(nodes, x * points) for x in ends])


@lru_cache(maxsize=64)
def node_index(elements: int, degree: int) -> np.ndarray:
    """Node numbers (K, degree + 1) of every element, shared ends twice."""
    index = np.arange(elements)[:, None] * degree + np.arange(degree + 1)
    index.setflags(write=False)
    return index


@dataclass(frozen=True, kw_only=True, eq=False)
class PiecewisePolynomial:
    """Polynomials on consecutive elements that share their end nodes.

    ``vertices`` (K+1,) are the elements' ends, ``positions`` (d+1,) the nodes of one element as
    fractions of it (first 0, last 1), ``values`` (K·d + 1, c) one row per node.
    """

    vertices: np.ndarray
    positions: np.ndarray
    values: np.ndarray

    def __call__(self, times: np.ndarray) -> np.ndarray:
        degree = len(self.positions) - 1
        element = np.searchsorted(self.vertices[1:-1], times, side="right")
        begin, end = self.vertices[element], self.vertices[element + 1]
        matrix = lagrange_matrix(self.positions, (times - begin) / (end - begin))
        nodes = element[:, None] * degree + np.arange(degree + 1)
        return np.einsum("sj,sjc->sc", matrix, self.values[nodes])
