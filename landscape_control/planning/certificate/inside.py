"""A plan inside its elements: Gauss points between the nodes, and how to get there."""

from dataclasses import dataclass
from functools import lru_cache

import casadi as ca
import numpy as np

from ...support.interpolation import (
    differentiation_matrix,
    integration_matrix,
    lagrange_matrix,
    node_index,
)


@lru_cache(maxsize=64)
def inner_matrices(positions: tuple[float, ...], count: int) -> tuple[np.ndarray, ...]:
    """``count`` Gauss points and weights on [0, 1], and the matrices from nodes to points.

    The two matrices (count, d+1) give values, and slopes in the fraction of the element.
    """
    points, weights = np.polynomial.legendre.leggauss(count)
    points, nodes = (points + 1) / 2, np.array(positions)
    to_points = lagrange_matrix(nodes, points)
    return points, weights / 2, to_points, to_points @ differentiation_matrix(nodes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """Constant matrices of K elements, to be applied from the right to rows of values."""

    points: ca.DM  # (Kq, 1), of every element on [0, 1]
    weights: ca.DM  # (Kq, 1)
    to_points: ca.DM  # (N+1, Kq), nodes to points
    slopes: ca.DM  # (N+1, Kq), nodes to slopes in the fraction of the element
    spread: ca.DM  # (K, Kq), a number of an element to its points; transposed, sums over points
    to_nodes: ca.DM  # (K+1, N+1), vertices to nodes
    partial: ca.DM  # (q, q), integrals from the left end of an element to its points


@lru_cache(maxsize=32)
def mesh_matrices(positions: tuple[float, ...], count: int, inside: int) -> Mesh:
    """The matrices of ``count`` elements with these nodes and so many Gauss points inside each."""
    points, weights, to_points, slopes = inner_matrices(positions, inside)
    degree, fractions = len(positions) - 1, np.array(positions)
    index = node_index(count, degree)
    q, size = len(points), int(index[-1, -1]) + 1
    own = np.arange(count)[:, None] * q + np.arange(q)  # numbers of the points of every element
    rows, columns = np.broadcast_arrays(index[:, :, None], own[:, None, :])

    def per_element(matrix: np.ndarray) -> ca.DM:
        """The same matrix (q, d+1) for every element, between its own nodes and points."""
        values = np.broadcast_to(matrix.T, rows.shape)
        return _sparse(rows, columns, values, size, count * q)

    # a node is between the vertices of its element, by its fraction
    nodes = np.arange(size)
    vertex = np.minimum(nodes // degree, count - 1)
    ahead = fractions[nodes - vertex * degree]
    to_nodes = _sparse(
        np.concatenate([vertex, vertex + 1]),
        np.tile(nodes, 2),
        np.concatenate([1 - ahead, ahead]),
        count + 1,
        size,
    )
    return Mesh(
        points=ca.DM(np.tile(points, count)),
        weights=ca.DM(np.tile(weights, count)),
        to_points=per_element(to_points),
        slopes=per_element(slopes),
        spread=ca.kron(ca.DM.eye(count), ca.DM.ones(1, q)),
        to_nodes=to_nodes,
        partial=ca.DM(integration_matrix(points, points)),
    )


def _sparse(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray, height: int, width: int
) -> ca.DM:
    """A matrix with these entries."""
    return ca.DM.triplet(
        rows.ravel().tolist(), columns.ravel().tolist(), values.ravel().tolist(), height, width
    )
