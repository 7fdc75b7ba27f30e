"""Lengths of a path of polynomials from the scalar products of its nodes."""

import numpy as np

from ...planning.transcription.quadrature import gauss
from ...support.interpolation import differentiation_matrix, lagrange_matrix, node_index
from .grid import TimeGrid

_POINTS = 12  # Gauss points on an element, for |θ̇|, which is no polynomial


def squared_speeds(grid: TimeGrid, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(|θ̇|² (K, q), weights (K, q)) at Gauss points of every element.

    Of offsets (N+1, P): |θ̇|² is a quadratic form in the (degree+1)² scalar products of an element.
    """
    nodes = gauss(_POINTS)
    to_points = lagrange_matrix(grid.positions, nodes.points)
    slopes = to_points @ differentiation_matrix(grid.positions)
    widths = np.diff(grid.vertices)
    squares = []
    for own, width in zip(node_index(grid.elements, grid.degree), widths, strict=True):
        moved = offsets[own] - offsets[own[0]]  # differences: no cancellation far from the start
        products = moved @ moved.T
        squares.append(np.einsum("qi,ij,qj->q", slopes, products, slopes) / width**2)
    return np.maximum(squares, 0.0), widths[:, None] * nodes.weights


def kinetic_integrals(grid: TimeGrid, offsets: np.ndarray) -> np.ndarray:
    """(K,): ½∫|θ̇|² dt over every element."""
    squares, weights = squared_speeds(grid, offsets)
    integrals: np.ndarray = (weights * squares).sum(axis=1) / 2
    return integrals


def arc_lengths(grid: TimeGrid, offsets: np.ndarray) -> np.ndarray:
    """(K,): ∫|θ̇| dt over every element."""
    squares, weights = squared_speeds(grid, offsets)
    lengths: np.ndarray = (weights * np.sqrt(squares)).sum(axis=1)
    return lengths
