"""Block-tridiagonal systems over the vertices of a mesh, for many cells at once.

Element k couples the vertices k and k+1 by a symmetric matrix, what static condensation has left of
it. The start is given; the vertices are eliminated one after the other.
"""

from collections import OrderedDict
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...support.elementwise import Call, Elementwise, Rows, block_width, carry_out
from ...support.scratch import Scratch
from .elimination import eliminated, followed_back, unpacked

_KEPT = 8  # shapes of systems whose places are kept


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainPlaces:
    """Places in memory of the systems of B cells, and the operations between them.

    Attributes
    ----------
    elements : (n(2n+1), K, B), slopes : (2n, K, B), of the elements
    end : (Hessian (n(n+1)/2, B), gradient (n, B)) of what follows a free end; None for a fixed one
    step : (n, K+1, B), the solution, zero at the start (and at a fixed end)
    pivots : (…, B), the smallest ones of every vertex
    falls : (…, B), gᵀH⁻¹g of the vertices is their sum
    calls : the elimination
    """

    elements: np.ndarray
    slopes: np.ndarray
    end: tuple[np.ndarray, np.ndarray] | None
    step: np.ndarray
    pivots: np.ndarray
    falls: np.ndarray
    calls: list[Call]


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

        hessian, pull = ca.SX.sym("hessian", half), ca.SX.sym("pull", n)
        end = eliminated(unpacked(before + hessian, n), slope_before + pull, n)
        outputs = [end.solved, end.factors, end.lowest, end.fall]
        arguments = [before, slope_before, hessian, pull]
        self._last = Elementwise(ca.Function("last", arguments, outputs))
        self._at_end = followed_back(end, 0)
        # places of the right vertex's block in the upper half of an element
        rows, columns = np.triu_indices(2 * n)
        self._right = np.flatnonzero((rows >= n) & (columns >= n))
        self._known: OrderedDict[tuple[int, int, bool], ChainPlaces] = OrderedDict()

    def places(
        self,
        elements: np.ndarray,
        slopes: np.ndarray,
        end: tuple[np.ndarray, np.ndarray] | None,
    ) -> ChainPlaces:
        """The elimination bound to elements (n(2n+1), K, B) with gradients (2n, K, B)."""
        n, (count, cells) = self.dimension, elements.shape[1:]
        vertices = count - 1 + (end is not None)
        pivots, falls = np.empty((vertices, cells)), np.empty((vertices, cells))
        step = np.zeros((n, count + 1, cells))
        before: Rows = [elements[row, 0] for row in self._right]
        slope: Rows = [slopes[row, 0] for row in range(n, 2 * n)]
        scratch = Scratch()
        forwards: list[Call] = []
        backwards: list[list[Call]] = []
        for k in range(1, count):
            results = [np.empty((size, cells)) for size in self._forward.sizes[:4]]
            outputs = [*results, pivots[None, k - 1], falls[None, k - 1]]
            arguments = [before, slope, elements[:, k], slopes[:, k]]
            scratch.restart()
            forwards += self._forward.calls(arguments, outputs, scratch)
            before, slope, *solved = results
            following = [*solved, step[:, k + 1]]
            backwards.append(self._backward.calls(following, [step[:, k]], scratch))
        if end is not None:
            solved = [np.empty((size, cells)) for size in self._last.sizes[:2]]
            outputs = [*solved, pivots[None, -1], falls[None, -1]]
            forwards += self._last.calls([before, slope, *end], outputs, scratch)
            following = [*solved, np.empty((0, cells))]
            backwards.append(self._at_end.calls(following, [step[:, count]], scratch))
        calls = forwards + [call for calls in reversed(backwards) for call in calls]
        return ChainPlaces(
            elements=elements,
            slopes=slopes,
            end=end,
            step=step,
            pivots=pivots,
            falls=falls,
            calls=calls,
        )

    def smallest_pivots(self, elements: np.ndarray, end: np.ndarray | None) -> np.ndarray:
        """(B,) of elements (n(2n+1), K, B), and the Hessian (n(n+1)/2, B) of what follows a free
        end; NaN where one is.
        """
        count, total = elements.shape[1:]
        width = block_width(total, count)
        places = self._own_places(count, width, end is not None)
        smallest = np.full(total, np.inf)
        for begin in range(0, total, width):
            size = min(width, total - begin)
            here = slice(begin, begin + size)
            places.elements[..., :size] = elements[..., here]
            if places.end is not None and end is not None:
                places.end[0][:, :size] = end[:, here]
            carry_out(places.calls)
            smallest[here] = places.pivots[:, :size].min(axis=0, initial=np.inf)
        return smallest

    def _own_places(self, count: int, width: int, has_end: bool) -> ChainPlaces:
        key = count, width, has_end
        if key not in self._known:
            n = self.dimension
            end = np.zeros((n * (n + 1) // 2, width)), np.zeros((n, width))
            self._known[key] = self.places(
                np.zeros((n * (2 * n + 1), count, width)),
                np.zeros((2 * n, count, width)),
                end if has_end else None,
            )
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]
