"""Difference quotients on a tensor grid as sparse matrices, one axis at a time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from ..grid import Grid


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

    A quotient that would look through a wall is zero: motion outwards is stopped at the wall.
    """

    grid: Grid
    order: int
    continued: bool

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
        return self._along_axes(
            _second_continued if self.continued else _second_reflecting, power=2
        )

    def _along_axes(self, build, power=1):
        shape, result = self.grid.shape, []
        for axis, (count, h) in enumerate(zip(shape, self.grid.spacing, strict=True)):
            before, after = (
                sparse.eye_array(int(np.prod(part))) for part in (shape[:axis], shape[axis + 1 :])
            )
            matrix = sparse.csr_array(build(count)) / h**power
            result.append(sparse.csr_array(sparse.kron(sparse.kron(before, matrix), after)))
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
