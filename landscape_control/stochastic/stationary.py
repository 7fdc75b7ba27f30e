"""The steady state of the stochastic HJB equation by policy iteration on nested grids."""

from dataclasses import dataclass

import numpy as np

from ..grid import Grid
from .diffusion import ControlledDiffusion
from .interpolant import Interpolant
from .linear import Resolvent
from .scheme import Motion, Scheme

_COARSEST = 11  # nodes per axis where the nested iteration begins
_LINEAR = 1e-10  # accuracy of single linear solves
_CALM = 6  # policy iterations before crests are held
_MOST = 60  # policy iterations per grid


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """What the iteration found on one grid: value (N,), policy, size of the last change in units of
    the range of V.
    """

    scheme: Scheme
    value: np.ndarray
    motion: Motion
    change: float
    iterations: int


def stationary_levels(
    system: ControlledDiffusion, grid: Grid, *, order: int, tolerance: float
) -> tuple[Level, Level]:
    """(coarse, fine): the steady states on the grid of twice the spacing and on ``grid``.

    Policy iteration (Howard 1960): evaluate a policy by one linear solve, (γ - 𝓛)V = ℓ + effort,
    then read the next policy off V; it is Newton's method on the discrete HJB equation. It begins
    with the monotone first-order scheme on the coarsest grid, from which it converges from any
    start, and stops when V changes by less than ``tolerance`` of its range.
    """
    grids = [grid]
    while (
        len(grids) < 2
        or min(grids[0].shape) >= 2 * _COARSEST - 1
        and all(count % 2 for count in grids[0].shape)
    ):
        grids.insert(0, grids[0].coarser())
    level, levels = None, []
    for k, here in enumerate(grids):
        orders = (1, order) if k == 0 and order > 1 else (order,)
        value = np.zeros(here.points.shape[0]) if level is None else _carried(level, here)
        for each in orders:
            level = policy_iteration(Scheme(system=system, grid=here, order=each), value, tolerance)
            value = level.value
        levels.append(level)
    return levels[-2], levels[-1]


def policy_iteration(scheme: Scheme, value: np.ndarray, tolerance: float) -> Level:
    """Howard's iteration from a first guess of V; keeps the value that changed least."""
    resolvent = Resolvent(scheme, 1e-3 * tolerance)
    best, least, count, motion = value, np.inf, 0, None
    while count < _MOST and least > tolerance:
        # crests of V settle to the node last: from some iteration on, what was beside a crest stays
        # so
        motion = scheme.policy(value, motion.parting if count > _CALM else None)
        new = resolvent.solve(
            scheme.system.discount, motion, scheme.fields.loss + motion.effort, value
        )
        change = float(np.abs(new - value).max() / max(np.ptp(new), 1e-300))
        value, count = new, count + 1
        if not np.isfinite(change):
            break
        if change < least:
            best, least = new, change
    final = scheme.policy(best, motion.parting if count > _CALM else None)
    return Level(scheme=scheme, value=best, motion=final, change=least, iterations=count)


def _carried(level, grid):
    return Interpolant(level.scheme.grid, level.value)(grid.points)


def evaluated(scheme: Scheme, motion: Motion) -> Level:
    """The value of a given policy: one linear solve."""
    right = scheme.fields.loss + motion.effort
    value = Resolvent(scheme, _LINEAR).solve(
        scheme.system.discount, motion, right, np.zeros_like(right)
    )
    return Level(scheme=scheme, value=value, motion=motion, change=0.0, iterations=1)
