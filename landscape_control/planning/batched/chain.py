"""Block-tridiagonal systems over the vertices of a mesh, for many cells at once.

Element k couples the vertices k and k+1 by a symmetric matrix, what static condensation has left of
it. The start is given; the vertices are eliminated one after the other.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...support.elementwise import Elementwise
from .elimination import eliminated, followed_back, unpacked


@dataclass(frozen=True, kw_only=True, eq=False)
class Chained:
    """What one pass over the vertices finds, for B cells.

    Attributes
    ----------
    step : (n, K+1, B), the solution, zero at the start (and at a fixed end)
    lowest : (B,), the smallest pivot
    fall : (B,), gᵀH⁻¹g of the vertices
    """

    step: np.ndarray
    lowest: np.ndarray
    fall: np.ndarray


@dataclass(kw_only=True, eq=False)
class Chain:
    """The elimination for n parameters."""

    dimension: int

    def __post_init__(self) -> None:
        n = self.dimension
        half, whole = n * (n + 1) // 2, n * (2 * n + 1)
        before, slope_before = ca.SX.sym("before", half), ca.SX.sym("slope_before", n)
        element, slope = ca.SX.sym("element", whole), ca.SX.sym("slope", 2 * n)
        matrix = unpacked(element, 2 * n)
        matrix[:n, :n] += unpacked(before, n)
        gradient = ca.vertcat(slope[:n] + slope_before, slope[n:])
        step = eliminated(matrix, gradient, n)
        outputs = [step.schur, step.slope, step.solved, step.factors, step.lowest, step.fall]
        arguments = [before, slope_before, element, slope]
        self._forward = Elementwise(ca.Function("forward", arguments, outputs))
        self._backward = followed_back(step, n)

        end = eliminated(unpacked(before, n), slope_before, n)
        outputs = [end.solved, end.factors, end.lowest, end.fall]
        self._last = Elementwise(ca.Function("last", [before, slope_before], outputs))
        self._at_end = followed_back(end, 0)
        # places of the right vertex's block in the upper half of an element
        rows, columns = np.triu_indices(2 * n)
        self._right = np.flatnonzero((rows >= n) & (columns >= n))

    def solve(
        self,
        elements: np.ndarray,
        slopes: np.ndarray,
        end: tuple[np.ndarray, np.ndarray] | None,
    ) -> Chained:
        """Solve for elements (n(2n+1), K, B) with gradients (2n, K, B).

        ``end`` is (Hessian (n(n+1)/2, B), gradient (n, B)) of what follows a free end; None for a
        fixed one.
        """
        n, (count, cells) = self.dimension, elements.shape[1:]
        lowest, fall = np.full(cells, np.inf), np.zeros(cells)
        before = elements[self._right, 0]
        slope = slopes[n:, 0].copy()
        solved: list[np.ndarray] = []
        factors: list[np.ndarray] = []
        for k in range(1, count):
            results = self._forward([before, slope, elements[:, k], slopes[:, k]])
            before, slope = results[0].copy(), results[1].copy()
            solved.append(results[2].copy())
            factors.append(results[3].copy())
            lowest = np.minimum(lowest, results[4][0])
            fall += results[5][0]

        step = np.zeros((n, count + 1, cells))
        if end is not None:
            last = self._last([before + end[0], slope + end[1]])
            lowest = np.minimum(lowest, last[2][0])
            fall += last[3][0]
            step[:, count] = self._at_end([last[0], last[1], np.empty((0, cells))])[0]
        for k in range(count - 1, 0, -1):
            following = step[:, k + 1]
            step[:, k] = self._backward([solved[k - 1], factors[k - 1], following])[0]
        return Chained(step=step, lowest=lowest, fall=fall)
