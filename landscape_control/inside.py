"""A plan inside its elements: the polynomials it was computed with, on Gauss points between the nodes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .interpolation import differentiation_matrix, lagrange_matrix, node_index


@dataclass(frozen=True, kw_only=True, eq=False)
class FinePath:
    """Values at q Gauss points inside each of K elements: arrays (K, q, …)."""

    times: np.ndarray
    weights: np.ndarray  # (K, q), in time units
    theta: np.ndarray
    velocity: np.ndarray
    controls: np.ndarray
    costates: np.ndarray


def fine_path(plan) -> FinePath:
    """θ, θ̇, u, λ of a plan (or a transcription's path) at degree + 2 Gauss points per element."""
    points, weights, to_points, slopes = inner_matrices(tuple(plan.positions), plan.degree + 2)
    lengths = np.diff(plan.vertices)
    n, m = plan.parameters.shape[1], plan.controls.shape[1]
    nodes = np.hstack([plan.parameters, plan.controls, plan.costates])[
        node_index(len(lengths), plan.degree)
    ]
    inside = to_points @ nodes
    return FinePath(
        times=plan.vertices[:-1, None] + lengths[:, None] * points,
        weights=lengths[:, None] * weights,
        theta=inside[..., :n],
        velocity=slopes @ nodes[..., :n] / lengths[:, None, None],
        controls=inside[..., n : n + m],
        costates=inside[..., n + m :],
    )


@lru_cache(maxsize=64)
def inner_matrices(positions: tuple[float, ...], count: int) -> tuple[np.ndarray, ...]:
    """``count`` Gauss points and weights on [0, 1], and the matrices that give values and slopes there from the nodes."""
    points, weights = np.polynomial.legendre.leggauss(count)
    points, nodes = (points + 1) / 2, np.array(positions)
    to_points = lagrange_matrix(nodes, points)
    return points, weights / 2, to_points, to_points @ differentiation_matrix(nodes)
