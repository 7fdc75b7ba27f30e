"""Finite differences of a grid function: third-order WENO as arrays, and the linear quotients of
first, second and fourth order as sparse matrices, one axis at a time.

A difference that would look through a wall is zero in all of them that are upwind, as if V
continued there with the wall's value: motion outwards is stopped at the wall free of charge.
"""

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


def _weno(value, h):
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


def _extended(value):
    """Two ghost nodes at either end of the last axis by quadratic extrapolation."""
    result = np.empty((*value.shape[:-1], value.shape[-1] + 4))
    result[..., 2:-2] = value
    for inner, ghosts in ((value[..., :3], (1, 0)), (value[..., :-4:-1], (-2, -1))):
        a, b, c = inner[..., 0], inner[..., 1], inner[..., 2]
        result[..., ghosts[0]] = 3 * a - 3 * b + c
        result[..., ghosts[1]] = 6 * a - 8 * b + 3 * c
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
        return self._along_axes(lambda count: -build(count)[::-1, ::-1])

    @cached_property
    def central(self) -> list[sparse.csr_array]:
        """Second-order central ∂V/∂x_i, one-sided of second order at the walls."""
        return self._along_axes(_central)

    @cached_property
    def smooth(self) -> list[sparse.csr_array]:
        """Fourth-order central ∂V/∂x_i, third-order beside the walls: the gradient that policies
        are read off.
        """
        return self._along_axes(_smooth)

    @cached_property
    def second(self) -> list[sparse.csr_array]:
        """∂²V/∂x_i²."""
        build = _second_continued if self.continued else _second_reflecting
        return self._along_axes(build, power=2)

    def one_sided(self, value: np.ndarray, axes: int | None = None) -> tuple[np.ndarray, ...]:
        """(D⁻V, D⁺V) of a grid function along the first ``axes`` axes (all of them by default),
        each (axes, \\*value.shape).
        """
        flat = value.ravel()
        return tuple(
            np.stack([matrix @ flat for matrix in side[:axes]]).reshape(-1, *value.shape)
            for side in (self.back, self.ahead)
        )

    def transport(self, velocity: np.ndarray, first: int = 0) -> sparse.csr_array:
        """Σ v_i ∂_i along consecutive axes from ``first`` on, looking where the motion goes;
        velocity (k, N).
        """
        matrix = sparse.csr_array((velocity.shape[1],) * 2)
        last = first + len(velocity)
        sides = zip(velocity, self.ahead[first:last], self.back[first:last], strict=True)
        for v, ahead, back in sides:
            matrix = matrix + scaled_rows(np.maximum(v, 0), ahead)
            matrix = matrix + scaled_rows(np.minimum(v, 0), back)
        return matrix

    def _along_axes(self, build, power=1):
        shape, result = self.grid.shape, []
        for axis, (count, h) in enumerate(zip(shape, self.grid.spacing, strict=True)):
            before, after = (
                sparse.eye_array(int(np.prod(part))) for part in (shape[:axis], shape[axis + 1 :])
            )
            matrix = sparse.csr_array(build(count)) / h**power
            result.append(sparse.csr_array(sparse.kron(sparse.kron(before, matrix), after)))
        return result


def scaled_rows(factor: np.ndarray, matrix: sparse.csr_array) -> sparse.csr_array:
    """diag(factor) @ matrix."""
    result = matrix.copy()
    result.data = result.data * np.repeat(factor, np.diff(matrix.indptr))
    return result


def _band(count, offsets, weights):
    return sum(
        weight * np.eye(count, k=offset) for offset, weight in zip(offsets, weights, strict=True)
    )


def _ahead_first(count):
    matrix = _band(count, (0, 1), (-1.0, 1.0))
    matrix[-1] = 0
    return matrix


def _ahead_second(count):
    matrix = _band(count, (0, 1, 2), (-1.5, 2.0, -0.5))
    matrix[-2, -3:] = -0.5, 0.0, 0.5
    matrix[-1] = 0
    return matrix


def _central(count):
    matrix = _band(count, (-1, 1), (-0.5, 0.5))
    matrix[0, :3] = -1.5, 2.0, -0.5
    matrix[-1, -3:] = 0.5, -2.0, 1.5
    return matrix


def _smooth(count):
    matrix = _band(count, (-2, -1, 1, 2), np.array([1, -8, 8, -1]) / 12)
    matrix[0, :4] = np.array([-11, 18, -9, 2]) / 6
    matrix[1, :4] = np.array([-2, -3, 6, -1]) / 6
    matrix[-1, -4:] = -matrix[0, 3::-1]
    matrix[-2, -4:] = -matrix[1, 3::-1]
    return matrix


def _second_reflecting(count):
    matrix = _band(count, (-1, 0, 1), (1.0, -2.0, 1.0))
    matrix[0, :2] = matrix[-1, :-3:-1] = -2.0, 2.0
    return matrix


def _second_continued(count):
    matrix = _band(count, (-1, 0, 1), (1.0, -2.0, 1.0))
    matrix[0], matrix[-1] = matrix[1], matrix[-2]
    return matrix
