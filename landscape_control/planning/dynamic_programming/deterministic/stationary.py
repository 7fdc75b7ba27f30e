"""The steady state of the HJB equation: γV + H(θ, ∇V) = 0.

For an infinite horizon with discount γ > 0.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csc_array, dia_array
from scipy.sparse.linalg import splu

from ..bounds.beyond import Beyond
from ..differences import Differences, one_sided
from ..hamiltonian import Hamiltonian
from ..mesh import Grid
from ..policy_iteration import iterated, nested_grids
from .march import ORDER

_COARSEST = 13  # nodes per axis where the nested iteration begins
# of the defect corrections; full steps can cycle where the direction of motion flips
_DAMPING = 0.8


def stationary_value(
    levels: Callable[[Grid], Hamiltonian],
    grid: Grid,
    *,
    discount: float,
    beyond: Beyond | None = None,
    tolerance: float = 1e-7,
) -> tuple[np.ndarray, float]:
    """(V, unsettled): the steady state on ``grid``, and the last correction's size.

    In units of V.

    Policy iteration (Howard 1960) on the first-order upwind scheme, which converges monotonically
    from any start, then defect correction (Hemker 1986): the residual of the third-order scheme is
    driven to zero through the matrix of the first-order one. Both replace the time march to the
    steady state, which would need a time of many 1/γ. The border of a basin moves one cell per
    policy iteration, so coarse grids go first. ``levels`` gives the Hamiltonian on a grid. With
    ``beyond`` (:class:`Beyond`) all nodes on the walls share one value, that of the outside.
    """
    grids = nested_grids(grid, _COARSEST)
    coarser = grids[0]
    value = np.zeros(coarser.shape)
    for level in grids:
        value = coarser.interpolate(value, level.points).reshape(level.shape)
        problem = _Level(levels(level), level, discount, beyond)
        # the border of a basin crosses the grid at one cell per iteration
        most = 20 + max(level.shape)
        value = iterated(value, problem.newton, tolerance=tolerance, most=most).value
        coarser = level
    # a damped step is smaller than the defect that it corrects
    settled = iterated(value, problem.corrected, tolerance=_DAMPING * tolerance, most=40)
    correction = settled.change / _DAMPING
    return settled.value, correction * float(np.ptp(settled.value))


class _Level:
    """The equation on one grid, and the two improvements of V through its first-order matrix."""

    def __init__(
        self, hamiltonian: Hamiltonian, grid: Grid, discount: float, beyond: Beyond | None
    ):
        self.hamiltonian, self.grid = hamiltonian, grid
        self.discount, self.beyond = discount, beyond
        self.quotients = Differences(grid=grid, order=1)

    def newton(self, value: np.ndarray, _: int) -> np.ndarray:
        """The value of the policy read off V, both to first order."""
        return value - self._correction(value, *self.quotients.one_sided(value))

    def corrected(self, value: np.ndarray, _: int) -> np.ndarray:
        """V less the damped defect of the third-order scheme, carried through the same matrix."""
        sides = one_sided(value, self.grid, order=ORDER)
        return value - _DAMPING * self._correction(value, *sides)

    def _correction(self, value, minus, plus):
        energy, velocity = self.hamiltonian.upwind(minus, plus)
        residual = self.discount * value + energy
        motion = velocity.reshape(len(velocity), -1)
        matrix = self.quotients.discounted_transport(self.discount, motion)
        if self.beyond is not None:
            residual, matrix = _shared(
                value, residual, matrix, self.beyond.running, self.grid, self.discount
            )
        return splu(matrix).solve(residual.ravel()).reshape(value.shape)


def _shared(value, residual, matrix, running, grid, discount):
    """The residual and the matrix with one value on all wall nodes.

    That of staying outside at cost ``running`` for ever, or of re-entering where it is best.

    The rows of the wall nodes are replaced: γ(V - V_w) = 0 with w the best node to re-enter at,
    whose own row is kept, or γV = running where no node is better than that.
    """
    walls = np.flatnonzero(grid.walls)
    level = value.ravel()[walls]
    # -H there is what re-entering costs per unit time: the least is taken
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
    # the rows of tied nodes make room for the ties
    rows_kept = dia_array((kept[None], [0]), shape=(size, size))
    return residual, csc_array(rows_kept @ matrix + ties)
