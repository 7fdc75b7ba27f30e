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
    """``count`` Gauss points and weights on [0, 1], and the matrices that give values and slopes
    there from the nodes.
    """
    points, weights = np.polynomial.legendre.leggauss(count)
    points, nodes = (points + 1) / 2, np.array(positions)
    to_points = lagrange_matrix(nodes, points)
    return points, weights / 2, to_points, to_points @ differentiation_matrix(nodes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """Constant matrices of K elements with these nodes, to be applied from the right to rows of
    values.
    """

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
    index, fractions = node_index(count, len(positions) - 1), np.array(positions)
    q, size = len(points), index[-1, -1] + 1
    columns = np.arange(count)[:, None] * q + np.arange(q)
    rows, columns = np.broadcast_arrays(index[:, :, None], columns[:, None, :])
    vertex = np.minimum(np.arange(size) // (len(positions) - 1), count - 1)
    ahead = fractions[np.arange(size) - vertex * (len(positions) - 1)]
    nodes = np.arange(size)
    return Mesh(
        points=ca.DM(np.tile(points, count)),
        weights=ca.DM(np.tile(weights, count)),
        to_points=_sparse(rows, columns, np.broadcast_to(to_points.T, rows.shape), size, count * q),
        slopes=_sparse(rows, columns, np.broadcast_to(slopes.T, rows.shape), size, count * q),
        spread=ca.kron(ca.DM.eye(count), ca.DM.ones(1, q)),
        to_nodes=_sparse(
            np.concatenate([vertex, vertex + 1]),
            np.tile(nodes, 2),
            np.concatenate([1 - ahead, ahead]),
            count + 1,
            size,
        ),
        partial=ca.DM(integration_matrix(points, points)),
    )


def _sparse(rows, columns, values, height, width):
    entries = [np.ravel(one).tolist() for one in (rows, columns, values)]
    return ca.DM.triplet(*entries, height, width)
