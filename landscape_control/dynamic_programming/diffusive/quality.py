"""How good a grid solve is: errors from two grids, time spent at walls, where the closed loop flows
out, and the status they amount to.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import splu

from ..two_grids import difference, estimated_error
from .domain import Domain
from .result import GridStatus
from .scheme import Motion, Scheme

_WALL_SHARE = 1e-3  # discounted share of the time at walls from which on the box counts as left


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """Slices on one grid: values (K+1, N), the policies behind them, how the iteration ended."""

    scheme: Scheme
    to_go: np.ndarray
    values: np.ndarray
    motions: list[Motion]
    residual: float
    iterations: int


def errors_between(coarse: Solved, fine: Solved, domain: Domain):
    """((error of V, error of u), range of V) inside the core at t = 0, from the two grids
    (Richardson 1911).
    """
    grid, order = fine.scheme.grid, fine.scheme.order
    inside = _in_core(coarse.scheme.grid, domain)

    def error(ours, theirs):
        gap = difference(
            ours.reshape(-1, *grid.shape), theirs.reshape(-1, *coarse.scheme.grid.shape), grid
        )
        return estimated_error(float(gap.reshape(len(gap), -1)[:, inside].max()), order)

    errors = (
        error(fine.values[-1], coarse.values[-1]),
        error(fine.motions[-1].control, coarse.motions[-1].control),
    )
    return errors, float(np.ptp(coarse.values[-1][inside]))


def _in_core(grid, domain):
    slack = 1e-9 * np.ptp(domain.box, axis=1)
    inside = (grid.points >= domain.core[:, 0] - slack) & (grid.points <= domain.core[:, 1] + slack)
    return inside.all(axis=1)


def wall_share(solved: Solved, domain: Domain, start) -> float:
    """Discounted share of the time that the closed loop from the start spends at walls that it can
    reach.

    The occupation measure of the monotone scheme's Markov chain: one solve with the transposed
    generator. A finite horizon counts as the discount rate 1/T, under the policy at t = 0.
    """
    scheme = Scheme(system=solved.scheme.system, grid=solved.scheme.grid, order=1)
    rate = max(scheme.system.discount, 1 / scheme.system.horizon)
    matrix = rate * eye_array(len(scheme.grid.points)) - scheme.generator(solved.motions[-1])
    begin = np.zeros(len(scheme.grid.points))
    begin[
        np.ravel_multi_index(np.rint(scheme.grid.cells(start)).astype(int), scheme.grid.shape)
    ] = rate
    occupation = splu(csc_array(matrix.T)).solve(begin)
    at_wall = (scheme.walls & ~domain.unreachable[..., None]).any(axis=(0, 1))
    return float(np.clip(occupation[at_wall].sum(), 0, 1))


def outflow_boundaries(solved: Solved, domain: Domain) -> tuple[str, ...]:
    """Names of the boundaries through which the closed loop would flow somewhere beside the core, in
    words.
    """
    scheme, names = solved.scheme, solved.scheme.system.names
    velocity = np.vstack([solved.motions[-1].free, scheme.fields.drift[scheme.controlled :]])
    size = np.abs(velocity).max(axis=1, keepdims=True)
    found = []
    for axis, name in enumerate(names):
        others = np.delete(np.arange(len(names)), axis)
        points = scheme.grid.points[:, others]
        beside = ((points >= domain.core[others, 0]) & (points <= domain.core[others, 1])).all(
            axis=1
        )
        for side, sign in enumerate((-1, 1)):
            there = beside & scheme.walls[axis, side] & ~domain.unreachable[axis, side]
            if (sign * velocity[axis, there] > 1e-6 * size[axis, 0]).any():
                found.append(f"{name} = {domain.box[axis, side]:.4g}")
    return tuple(found)


def judge(fine: Solved, errors, spread, share, outward, limits) -> tuple[GridStatus, str]:
    """(status, message with all numbers); ``limits`` are (tolerance, accuracy) as in
    ``solve_grid``.
    """
    tolerance, accuracy = limits
    numbers = (
        f"error of V {errors[0]:.2g} of a range of {spread:.3g} in the core, error of u"
        f" {errors[1]:.2g}, last change {fine.residual:.1g}, {share:.1g} of the time at walls"
    )
    numbers += f"; the closed loop would leave through {', '.join(outward)}" if outward else ""
    finite = np.isfinite(fine.values[-1]).all()
    if finite and (share > _WALL_SHARE or outward):  # first, as it is a reason for all the rest
        status = GridStatus.DOMAIN_LEFT
    elif not (finite and fine.residual <= tolerance):
        status = GridStatus.ITERATION_LIMIT
    elif errors[0] > accuracy * spread:
        status = GridStatus.GRID_TOO_COARSE
    else:
        status = GridStatus.CONVERGED
    return status, f"{status.value} ({numbers})"
