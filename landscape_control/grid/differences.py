"""One-sided derivatives of a grid function."""

import numpy as np

from .mesh import Grid


def one_sided(value: np.ndarray, grid: Grid, *, order: int) -> tuple[np.ndarray, np.ndarray]:
    """(D⁻V, D⁺V), the left and right derivatives along every axis, each (n, N_1, …, N_n).

    ``order`` 1 is the plain difference quotient, 3 the WENO3 reconstruction of Jiang & Peng (2000):
    third order where V is smooth, and close to a kink the weight moves to the smooth side. At a
    wall the derivative that would look outside is zero, as if V continued there with the wall's
    value: motion outwards is stopped at the wall free of charge.
    """
    minus, plus = np.empty((2, grid.dimension, *value.shape))
    along = _weno if order == 3 else _quotient
    for axis, h in enumerate(grid.spacing):
        left, right = along(np.moveaxis(value, axis, -1), h)
        left[..., 0] = right[..., -1] = 0.0
        minus[axis], plus[axis] = np.moveaxis(left, -1, axis), np.moveaxis(right, -1, axis)
    return minus, plus


def _quotient(value, h):
    left, right = np.zeros_like(value), np.zeros_like(value)
    left[..., 1:] = right[..., :-1] = np.diff(value) / h
    return left, right


def _weno(value, h):
    slope = np.diff(_extended(value)) / h  # node i lies between slope i+1 and slope i+2
    bend = np.diff(slope)
    size = bend**2
    size += (
        1e-6 * size.mean() + 1e-300
    )  # relative, so that the scheme does not depend on the units of V and θ
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
