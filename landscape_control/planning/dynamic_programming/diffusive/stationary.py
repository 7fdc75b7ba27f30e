"""The steady state of the stochastic HJB equation by policy iteration on nested grids."""

import numpy as np

from ..mesh import Grid, Interpolant
from ..policy_iteration import iterated, nested_grids
from .diffusion import ControlledDiffusion
from .linear import Resolvent
from .scheme import Motion, Scheme
from .solved import Solved

_COARSEST = 11  # nodes per axis where the nested iteration begins
_LINEAR = 1e-10  # accuracy of single linear solves
_CALM = 6  # policy iterations before crests are held
_MOST = 60  # policy iterations per grid


def stationary_levels(
    system: ControlledDiffusion, grid: Grid, *, order: int, tolerance: float
) -> tuple[Solved, Solved]:
    """(coarse, fine): the steady states on the grid of twice the spacing and on ``grid``.

    Policy iteration (Howard 1960): evaluate a policy by one linear solve, (γ - 𝓛)V = ℓ + effort,
    then read the next policy off V; it is Newton's method on the discrete HJB equation. It begins
    with the monotone first-order scheme on the coarsest grid, from which it converges from any
    start, and stops when V changes by less than ``tolerance`` of its range.
    """
    coarsest, *finer = nested_grids(grid, _COARSEST, at_least=2)
    value = np.zeros(len(coarsest.points))
    for start_order in sorted({1, order}):  # the monotone scheme first
        scheme = Scheme(system=system, grid=coarsest, order=start_order)
        level = policy_iteration(scheme, value, tolerance)
        value = level.value
    levels = [level]
    for here in finer:
        scheme = Scheme(system=system, grid=here, order=order)
        level = policy_iteration(scheme, _carried(level, here), tolerance)
        levels.append(level)
    return levels[-2], levels[-1]


def policy_iteration(scheme: Scheme, value: np.ndarray, tolerance: float) -> Solved:
    """Howard's iteration from a first guess of V; keeps the value that changed least."""
    resolvent = Resolvent(scheme, 1e-3 * tolerance)
    motion: Motion | None = None

    def policy_of(value: np.ndarray, count: int) -> Motion:
        if motion is None or count <= _CALM:
            return scheme.policy(value)
        # crests of V settle to the node last: from now on, what was beside a crest stays so
        return scheme.policy(value, motion.parting)

    def improved(value: np.ndarray, count: int) -> np.ndarray:
        nonlocal motion
        motion = policy_of(value, count)
        right = scheme.fields.loss + motion.effort
        return resolvent.solve(scheme.system.discount, motion, right, value)

    settled = iterated(value, improved, tolerance=tolerance, most=_MOST)
    return Solved.steady(
        scheme=scheme,
        value=settled.value,
        motion=policy_of(settled.value, settled.iterations),
        change=settled.change,
        iterations=settled.iterations,
    )


def _carried(level: Solved, grid: Grid) -> np.ndarray:
    """V of one grid on the nodes of a finer one."""
    return Interpolant(level.scheme.grid, level.value)(grid.points)


def evaluated(scheme: Scheme, motion: Motion) -> Solved:
    """The value of a given policy: one linear solve."""
    right = scheme.fields.loss + motion.effort
    value = Resolvent(scheme, _LINEAR).solve(
        scheme.system.discount, motion, right, np.zeros_like(right)
    )
    return Solved.steady(scheme=scheme, value=value, motion=motion, change=0.0, iterations=1)
