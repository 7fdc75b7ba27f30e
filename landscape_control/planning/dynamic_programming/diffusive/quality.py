"""How good a grid solve is, and the status that this amounts to.

Errors from two grids, time spent at walls, and where the closed loop flows out.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import splu

from ..mesh import Grid
from ..two_grids import difference, estimated_error
from .domain import Domain
from .result import GridStatus
from .scheme import Scheme
from .solved import Solved

_WALL_SHARE = 1e-3  # discounted share of the time at walls from which on the box counts as left


@dataclass(frozen=True, kw_only=True, eq=False)
class Quality:
    """How good the finer of two grid solves is.

    Attributes
    ----------
    error, policy_error : estimated errors of V and u inside the core at t = 0, from the two grids
    spread : range of V there
    wall_share : see :func:`wall_share`
    outflow : names of boundaries, see :func:`outflow_boundaries`
    change : size of the last change in the policy iteration
    is_finite : whether V is
    """

    error: float
    policy_error: float
    spread: float
    wall_share: float
    outflow: tuple[str, ...]
    change: float
    is_finite: bool

    @classmethod
    def of(cls, coarse: Solved, fine: Solved, domain: Domain, start: np.ndarray) -> "Quality":
        """From the solves on the grid of twice the spacing and on the grid itself."""
        grid, coarse_grid, order = fine.scheme.grid, coarse.scheme.grid, fine.scheme.order
        inside = in_core(coarse_grid, domain)

        def error(on_fine: np.ndarray, on_coarse: np.ndarray) -> float:
            on_fine = on_fine.reshape(-1, *grid.shape)
            on_coarse = on_coarse.reshape(-1, *coarse_grid.shape)
            largest = difference(on_fine, on_coarse, grid)[:, inside].max()
            return estimated_error(float(largest), order)

        return cls(
            error=error(fine.value, coarse.value),
            policy_error=error(fine.motion.control, coarse.motion.control),
            spread=float(np.ptp(coarse.value[inside.ravel()])),
            wall_share=wall_share(coarse, domain, start),
            outflow=outflow_boundaries(fine, domain),
            change=fine.change,
            is_finite=bool(np.isfinite(fine.value).all()),
        )

    def judged(self, tolerance: float, accuracy: float) -> tuple[GridStatus, str]:
        """(status, message with all numbers); tolerance and accuracy as in ``solve_grid``."""
        numbers = (
            f"error of V {self.error:.2g} of a range of {self.spread:.3g} in the core, error of u"
            f" {self.policy_error:.2g}, last change {self.change:.1g}, {self.wall_share:.1g} of the"
            " time at walls"
        )
        if self.outflow:
            numbers += f"; the closed loop would leave through {', '.join(self.outflow)}"
        status = self._status(tolerance, accuracy)
        return status, f"{status.value} ({numbers})"

    def _status(self, tolerance, accuracy):
        leaves = self.wall_share > _WALL_SHARE or bool(self.outflow)
        if self.is_finite and leaves:  # first, as it is a reason for all the rest
            return GridStatus.DOMAIN_LEFT
        if not (self.is_finite and self.change <= tolerance):
            return GridStatus.ITERATION_LIMIT
        if self.error > accuracy * self.spread:
            return GridStatus.GRID_TOO_COARSE
        return GridStatus.CONVERGED


def in_core(grid: Grid, domain: Domain) -> np.ndarray:
    """Which nodes lie in the core, (N_1, …)."""
    slack = 1e-9 * np.ptp(domain.box, axis=1)
    inside = (grid.points >= domain.core[:, 0] - slack) & (grid.points <= domain.core[:, 1] + slack)
    return inside.all(axis=1).reshape(grid.shape)


def wall_share(solved: Solved, domain: Domain, start: np.ndarray) -> float:
    """Discounted share of the time that the closed loop from the start spends at walls that it can
    reach.

    The occupation measure of the monotone scheme's Markov chain: one solve with the transposed
    generator. A finite horizon counts as the discount rate 1/T, under the policy at t = 0.
    """
    system, grid = solved.scheme.system, solved.scheme.grid
    scheme = Scheme(system=system, grid=grid, order=1)
    rate = max(system.discount, 1 / system.horizon)
    matrix = rate * eye_array(len(grid.points)) - scheme.generator(solved.motion)
    nearest_node = np.rint(grid.cells(start)).astype(int)
    begin = np.zeros(len(grid.points))
    begin[np.ravel_multi_index(nearest_node, grid.shape)] = rate
    occupation = splu(csc_array(matrix.T)).solve(begin)
    at_wall = (scheme.walls & ~domain.unreachable[..., None]).any(axis=(0, 1))
    return float(np.clip(occupation[at_wall].sum(), 0, 1))


def outflow_boundaries(solved: Solved, domain: Domain) -> tuple[str, ...]:
    """Names of the boundaries through which the closed loop would flow somewhere beside the core."""
    scheme, names = solved.scheme, solved.scheme.system.names
    velocity = np.vstack([solved.motion.free, scheme.fields.drift[scheme.controlled :]])
    size = np.abs(velocity).max(axis=1, keepdims=True)
    boundaries = []
    for axis, name in enumerate(names):
        # nodes that lie in the core along all other axes
        others = np.delete(np.arange(len(names)), axis)
        points, core = scheme.grid.points[:, others], domain.core[others]
        beside = ((points >= core[:, 0]) & (points <= core[:, 1])).all(axis=1)
        for side, sign in enumerate((-1, 1)):
            there = beside & scheme.walls[axis, side] & ~domain.unreachable[axis, side]
            if (sign * velocity[axis, there] > 1e-6 * size[axis, 0]).any():
                boundaries.append(f"{name} = {domain.box[axis, side]:.4g}")
    return tuple(boundaries)
