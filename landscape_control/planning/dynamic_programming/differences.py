"""Finite differences of a grid function, one axis at a time.

Third-order WENO as arrays, and the linear quotients of first, second and fourth order as sparse
matrices.

A difference that would look through a wall is zero in all of them that are upwind, as if V
continued there with the wall's value: motion outwards is stopped at the wall free of charge.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from .mesh import Grid


def one_sided(value: np.ndarray, grid: Grid, *, order: int) -> tuple[np.ndarray, np.ndarray]:
    """(D⁻V, D⁺V), the left and right derivatives along every axis, each (n, N_1, …, N_n).

    ``order`` 1 is the plain difference quotient, 3 the WENO3 reconstruction of Jiang & Peng (2000):
    third order where V is smooth, and close to a kink the weight moves to the smooth side.
    """
    if order == 1:
        return Differences(grid=grid).one_sided(value)
    minus, plus = np.empty((2, grid.dimension, *value.shape))
    for axis, h in enumerate(grid.spacing):
        left, right = _weno(np.moveaxis(value, axis, -1), h)
        left[..., 0] = right[..., -1] = 0.0
        minus[axis], plus[axis] = np.moveaxis(left, -1, axis), np.moveaxis(right, -1, axis)
    return minus, plus


def _weno(value: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
    """(left, right) derivatives along the last axis."""
    slope = np.diff(_extended(value)) / h  # node i lies between slope i+1 and slope i+2
    bend = np.diff(slope)
    size = bend**2
    # relative, so that the scheme does not depend on the units of V and θ
    size += 1e-6 * size.mean() + 1e-300
    centred = (slope[..., 1:-2] + slope[..., 2:-1]) / 2
    turn = np.diff(bend) / 2
    ratio = size[..., :-1] / size[..., 1:]
    left = centred - turn[..., :-1] / (1 + 2 * ratio[..., :-1] ** 2)
    right = centred - turn[..., 1:] / (1 + 2 / ratio[..., 1:] ** 2)
    return left, right


def _extended(value: np.ndarray) -> np.ndarray:
    """Two ghost nodes at either end of the last axis by quadratic extrapolation."""
    result = np.empty((*value.shape[:-1], value.shape[-1] + 4))
    result[..., 2:-2] = value
    from_left, from_right = value[..., :3], value[..., :-4:-1]
    for inner, near, far in ((from_left, 1, 0), (from_right, -2, -1)):
        a, b, c = inner[..., 0], inner[..., 1], inner[..., 2]
        result[..., near] = 3 * a - 3 * b + c
        result[..., far] = 6 * a - 8 * b + 3 * c
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class Differences:
    """The sparse matrices that act on a grid function in C order (last axis fastest).

    Attributes
    ----------
    grid : Grid
    order : 1 or 2
        1: one-sided quotients. 2: second-order quotients from nodes ahead only, so that kinks
           upstream do not matter.
    continued : bool
        Second derivatives at a wall. True: the parabola through the three nearest nodes is
        continued (∂³V = 0), so that with order 2 every quadratic function is differentiated exactly
        everywhere. False: reflecting walls, which with order 1 keep the discrete maximum principle.
    """

    grid: Grid
    order: int = 1
    continued: bool = False

    @cached_property
    def ahead(self) -> list[sparse.csr_array]:
        """∂V/∂x_i as motion towards larger x_i sees it, one matrix per axis."""
        return self._along_axes(_ahead_first if self.order == 1 else _ahead_second)

    @cached_property
    def back(self) -> list[sparse.csr_array]:
        """∂V/∂x_i as motion towards smaller x_i sees it."""
        build = _ahead_first if self.order == 1 else _ahead_second
        return self._along_axes(_mirrored(build))

    @cached_property
    def central(self) -> list[sparse.csr_array]:
        """Second-order central ∂V/∂x_i, one-sided of second order at the walls."""
        return self._along_axes(_central)

    @cached_property
    def smooth(self) -> list[sparse.csr_array]:
        """Fourth-order central ∂V/∂x_i, third-order beside the walls.

        The gradient that policies are read off.
        """
        return self._along_axes(_smooth)

    @cached_property
    def second(self) -> list[sparse.csr_array]:
        """∂²V/∂x_i²."""
        build = _second_continued if self.continued else _second_reflecting
        return self._along_axes(build, power=2)

    def one_sided(
        self, value: np.ndarray, axes: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(D⁻V, D⁺V) of a grid function along the first ``axes`` axes, by default all.

        Each has the shape (axes, N_1, …).
        """
        flat = value.ravel()
        minus, plus = (
            np.stack([matrix @ flat for matrix in side[:axes]]).reshape(-1, *value.shape)
            for side in (self.back, self.ahead)
        )
        return minus, plus

    def transport(self, velocity: np.ndarray, first: int = 0) -> sparse.csr_array:
        """Σ v_i ∂_i along consecutive axes from ``first`` on; velocity (k, N).

        It looks where the motion goes.
        """
        size = velocity.shape[1]
        return sparse.csr_array(self._flow(velocity, first), shape=(size, size))

    def discounted_transport(self, discount: float, velocity: np.ndarray) -> sparse.csc_array:
        """γ - Σ v_i ∂_i, which takes the value of a deterministic policy to its running cost.

        See :meth:`transport`.
        """
        size = velocity.shape[1]
        entries, (rows, columns) = self._flow(velocity, 0)
        diagonal = np.arange(size)
        entries = np.concatenate([np.full(size, float(discount)), -entries])
        # entries at the same place are added up
        places = np.concatenate([diagonal, rows]), np.concatenate([diagonal, columns])
        return sparse.csc_array((entries, places), shape=(size, size))

    def _flow(
        self, velocity: np.ndarray, first: int
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Entries, and (rows, columns), of Σ v_i ∂_i along consecutive axes from ``first`` on.

        Only those of the quotient that looks where the motion goes: zeros in place of the other one
        would fill the factors of a solve.
        """
        rows, columns, weights, sources = self._upwind
        speeds = np.zeros((self.grid.dimension, 2, velocity.shape[1]))
        along = speeds[first : first + len(velocity)]
        np.maximum(velocity, 0, out=along[:, 0])
        np.minimum(velocity, 0, out=along[:, 1])
        entries = speeds.ravel()[sources] * weights
        moving = np.flatnonzero(entries)
        return entries[moving], (rows[moving], columns[moving])

    @cached_property
    def _upwind(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(rows, columns, weights, sources) of all quotients ahead and back.

        ``sources`` are the places of their nodes in an array (axes, 2, N) of speeds ahead and back.
        """
        size = int(np.prod(self.grid.shape))
        triples = [
            side.tocoo() for pair in zip(self.ahead, self.back, strict=True) for side in pair
        ]
        rows = [triple.row for triple in triples]
        return (
            np.concatenate(rows),
            np.concatenate([triple.col for triple in triples]),
            np.concatenate([triple.data for triple in triples]),
            np.concatenate([k * size + row for k, row in enumerate(rows)]),
        )

    def _along_axes(self, build: "Line", power: int = 1) -> list[sparse.csr_array]:
        """The matrix on a line, at every place of the other axes: one on the grid per axis."""
        shape, size = self.grid.shape, int(np.prod(self.grid.shape))
        matrices = []
        for axis, (count, h) in enumerate(zip(shape, self.grid.spacing, strict=True)):
            entries, rows, columns = build(count)
            # C order: along this axis nodes are ``after`` places apart
            before, after = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
            lines = np.add.outer(count * after * np.arange(before), np.arange(after)).ravel()
            places = tuple(np.add.outer(lines, after * index).ravel() for index in (rows, columns))
            entries = np.tile(entries * (1 / h**power), len(lines))
            matrices.append(sparse.csr_array((entries, places), shape=(size, size)))
        return matrices


def scaled_rows(factor: np.ndarray, matrix: sparse.csr_array) -> sparse.csr_array:
    """diag(factor) @ matrix."""
    result = matrix.copy()
    result.data = result.data * np.repeat(factor, np.diff(matrix.indptr))
    return result


Stencil = tuple[np.ndarray, np.ndarray, np.ndarray]  # entries, rows, columns
Line = Callable[[int], Stencil]  # of a line with so many nodes, at spacing 1


def _stencil(
    count: int,
    offsets: tuple[int, ...],
    weights: Sequence[float] | np.ndarray,
    edges: Mapping[int, tuple[tuple[int, ...], Sequence[float] | np.ndarray]],
) -> Stencil:
    """(entries, rows, columns) of the matrix (count, count) of a quotient on a line.

    It has ``weights`` at ``offsets`` from each node; ``edges`` maps nodes at the ends, negative
    ones counted from the last, to (columns, weights) of their own.
    """
    at_first = sum(node >= 0 for node in edges)
    at_last = len(edges) - at_first
    inner = np.arange(at_first, count - at_last)
    rows = [np.repeat(inner, len(offsets))]
    columns = [np.add.outer(inner, offsets).ravel()]
    entries = [np.tile(weights, len(inner))]
    for node, (own_columns, own_weights) in edges.items():
        rows.append(np.full(len(own_columns), node % count))
        columns.append(np.array(own_columns, dtype=int) % count)
        entries.append(np.array(own_weights))
    return np.concatenate(entries), np.concatenate(rows), np.concatenate(columns)


def _mirrored(build: Line) -> Line:
    """The quotient seen from the other end: minus the matrix with both axes reversed."""

    def mirrored(count: int) -> Stencil:
        entries, rows, columns = build(count)
        return -entries, count - 1 - rows, count - 1 - columns

    return mirrored


_NOTHING: tuple[tuple[int, ...], tuple[float, ...]] = ((), ())


def _ahead_first(count: int) -> Stencil:
    return _stencil(count, (0, 1), (-1.0, 1.0), {-1: _NOTHING})


def _ahead_second(count: int) -> Stencil:
    # one node before the wall there are not three nodes ahead: the central quotient
    beside_wall = ((-3, -1), (-0.5, 0.5))
    return _stencil(count, (0, 1, 2), (-1.5, 2.0, -0.5), {-2: beside_wall, -1: _NOTHING})


def _central(count: int) -> Stencil:
    first = ((0, 1, 2), (-1.5, 2.0, -0.5))
    last = ((-3, -2, -1), (0.5, -2.0, 1.5))
    return _stencil(count, (-1, 1), (-0.5, 0.5), {0: first, -1: last})


def _smooth(count: int) -> Stencil:
    four = (0, 1, 2, 3)
    at_wall, beside_wall = np.array([-11, 18, -9, 2]) / 6, np.array([-2, -3, 6, -1]) / 6
    mirrored = tuple(-1 - column for column in four)
    ends = {
        0: (four, at_wall),
        1: (four, beside_wall),
        -1: (mirrored, -at_wall),
        -2: (mirrored, -beside_wall),
    }
    return _stencil(count, (-2, -1, 1, 2), np.array([1, -8, 8, -1]) / 12, ends)


def _second_reflecting(count: int) -> Stencil:
    # the node behind the wall has the value of the one before it
    ends = {0: ((0, 1), (-2.0, 2.0)), -1: ((-1, -2), (-2.0, 2.0))}
    return _stencil(count, (-1, 0, 1), (1.0, -2.0, 1.0), ends)


def _second_continued(count: int) -> Stencil:
    parabola = (1.0, -2.0, 1.0)
    ends = {0: ((0, 1, 2), parabola), -1: ((-3, -2, -1), parabola)}
    return _stencil(count, (-1, 0, 1), parabola, ends)
