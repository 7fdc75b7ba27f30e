"""The steady state of the HJB equation: γV + H(θ, ∇V) = 0, for an infinite horizon with discount γ
> 0.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csc_array, dia_array
from scipy.sparse.linalg import splu

from .hamiltonian import Hamiltonian
from .march import ORDER, upwind
from .mesh import Grid

_COARSEST = 13  # nodes per axis where the nested iteration begins
_DAMPING = (
    0.8  # of the defect corrections; full steps can cycle where the direction of motion flips
)


def stationary_value(
    levels: Callable[[Grid], Hamiltonian],
    grid: Grid,
    *,
    discount: float,
    beyond=None,
    tolerance: float = 1e-7,
) -> tuple[np.ndarray, float]:
    """(V, unsettled): the steady state on ``grid``, and the size of the last correction, in units
    of V.

    Policy iteration (Howard 1960) on the first-order upwind scheme, which converges monotonically
    from any start, then defect correction (Hemker 1986): the residual of the third-order scheme is
    driven to zero through the matrix of the first-order one. Both replace the time march to the
    steady state, which would need a time of many 1/γ. The border of a basin moves one cell per
    policy iteration, so coarse grids go first. ``levels`` gives the Hamiltonian on a grid. With
    ``beyond`` (:class:`Beyond`) all nodes on the walls share one value, that of the outside.
    """
    coarse = [
        tuple(count // 2**k + 1 for count in grid.shape)
        for k in range(int(np.log2(max(grid.shape))), 0, -1)
    ]
    value, last = None, None
    for level in [Grid.over(grid.box, counts) for counts in coarse if min(counts) >= _COARSEST] + [
        grid
    ]:
        value = (
            np.zeros(level.shape)
            if value is None
            else last.interpolate(value, level.points).reshape(level.shape)
        )
        hamiltonian = levels(level)
        value, _ = _iterate(
            value,
            hamiltonian,
            level,
            discount,
            tolerance,
            beyond,
            order=1,
            most=20 + max(level.shape),
        )
        last = level
    return _iterate(
        value,
        hamiltonian,
        grid,
        discount,
        tolerance,
        beyond,
        order=ORDER,
        most=40,
        damping=_DAMPING,
    )


def _iterate(value, hamiltonian, grid, discount, tolerance, beyond, *, order, most, damping=1.0):
    """Newton-like steps through the first-order matrix until the correction is a small part of the
    range of V.
    """
    best, least = value, np.inf
    for _ in range(most):
        energy, velocity = upwind(value, hamiltonian, grid, order=order)
        residual, matrix = discount * value + energy, _policy_matrix(velocity, grid, discount)
        if beyond is not None:
            residual, matrix = _shared(value, residual, matrix, beyond.running, grid, discount)
        correction = splu(matrix).solve(residual.ravel()).reshape(grid.shape)
        value = value - damping * correction
        change = float(np.abs(correction).max())
        if change < least:
            best, least = value, change
        if change <= tolerance * np.ptp(value):
            break
    return best, least


def _shared(value, residual, matrix, running, grid, discount):
    """Wall nodes share one value: that of staying outside at cost ``running`` for ever, or of
    re-entering where it is best.

    The rows of the wall nodes are replaced: γ(V - V_w) = 0 with w the best node to re-enter at,
    whose own row is kept, or γV = running where no node is better than that.
    """
    walls = np.flatnonzero(grid.walls)
    level = value.ravel()[walls]
    best = walls[np.argmax(residual.ravel()[walls] - discount * level)]
    enters = residual.ravel()[best] > discount * value.ravel()[best] - running
    tied = np.setdiff1d(walls, [best]) if enters else walls
    kept = np.ones(grid.walls.size)
    kept[tied] = 0
    size, replaced = grid.walls.size, np.full(len(tied), float(discount))
    ties = csc_array((replaced, (tied, tied)), shape=(size, size))
    if enters:
        ties = ties - csc_array((replaced, (tied, np.full(len(tied), best))), shape=(size, size))
    residual = residual.copy()
    target = value.ravel()[best] * discount if enters else running
    residual.ravel()[tied] = discount * value.ravel()[tied] - target
    return residual, csc_array(dia_array((kept[None], [0]), shape=(size, size)) @ matrix + ties)


def _policy_matrix(velocity, grid, discount):
    """γ - v·D, with first-order differences taken in the direction of motion and no motion through
    walls.
    """
    index = np.arange(velocity[0].size).reshape(grid.shape)
    rows, columns, entries = (
        [index.ravel()],
        [index.ravel()],
        [np.full(index.size, float(discount))],
    )
    for axis, h in enumerate(grid.spacing):
        for sign in (-1, 1):
            here, there = _neighbours(index, axis, sign)
            rate = np.maximum(sign * velocity[axis].ravel()[here], 0) / h
            rows += [here, here]
            columns += [here, there]
            entries += [rate, -rate]
    joined = (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns)))
    return csc_array(joined, shape=(index.size, index.size))


def _neighbours(index, axis, sign):
    count = index.shape[axis]
    inner, shifted = (
        (np.arange(count - 1), np.arange(1, count))
        if sign > 0
        else (np.arange(1, count), np.arange(count - 1))
    )
    return np.take(index, inner, axis).ravel(), np.take(index, shifted, axis).ravel()
