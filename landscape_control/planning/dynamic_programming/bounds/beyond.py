"""What is known of the loss beyond the walls and between the nodes.

For a value that no plan undercuts.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np
from scipy.ndimage import maximum_filter

from ....model.problem import ControlProblem
from ....support.instructions import operations
from ....support.kinks import SWITCHES
from ..mesh import Grid
from .intervals import IntervalFunction


@dataclass(frozen=True, kw_only=True, eq=False)
class BetweenNodes:
    """How low the loss and the terminal cost can be between the nodes of a grid.

    The interpolant of L between the corners of a cell with sides h exceeds L by at most Σ h_i²
    max(∂²L/∂θ_i², 0)/8, with the curvature's upper bound over the cell from interval arithmetic: a
    narrow well that all nodes miss is seen. Where L has kinks the lower bound over the cells around
    a node is taken.

    Attributes
    ----------
    loss, terminal : CasADi functions of θ, L and Φ
    lowest : float, a lower bound of L inside the box
    finer : Grid whose cells are meant; the functions are wanted on the grid of every other node
    """

    loss: ca.Function
    terminal: ca.Function
    lowest: float
    finer: Grid

    def lowered_loss(self, loss: np.ndarray, grid: Grid) -> np.ndarray:
        """L at all nodes (S,), less what the interpolant can exceed it by; not below ``lowest``.

        In the cells around each node.
        """
        return np.maximum(loss - self._excess(self.loss, grid).ravel(), self.lowest)

    def lowered_end(self, terminal: np.ndarray, grid: Grid, weight: float) -> np.ndarray:
        """κΦ at all nodes (N_1, …), less what the interpolant can exceed it by."""
        if weight == 0:
            return terminal
        return terminal - weight * self._excess(self.terminal, grid)

    def _excess(self, function: ca.Function, grid: Grid) -> np.ndarray:
        if grid.shape != self.finer.coarser().shape:
            # a level of a nested iteration, only to begin with
            return _excess(function, grid)
        excess = maximum_filter(_excess(function, self.finer), size=3, mode="nearest")
        return excess[self.finer.shared_nodes]


@dataclass(frozen=True, kw_only=True, eq=False)
class Beyond:
    """Lower bounds for plans that leave the box.

    They turn the Hamilton-Jacobi-Bellman equation in a box into one for all plans, wherever they
    go.

    The outside is relaxed to a single point: once there, a plan moves free of charge to any place
    on the walls and pays kL_out per unit time, the least the loss can be outside. All nodes on the
    walls then share one value D(s), s = T - t,

        D(0) = min(κΦ_out, κΦ on the walls),
        dD/ds = min(kL_out - γD, the rate of V at the wall nodes),

    and since every plan of the problem is also a plan of the relaxed one, the relaxed value is
    nowhere above the true one.

    Attributes
    ----------
    running : float, kL_out
    terminal : float, κ times the least Φ outside
    nodes : BetweenNodes or None, to bound the functions between the nodes as well
    """

    running: float
    terminal: float
    nodes: BetweenNodes | None = None

    def lowered_loss(self, loss: np.ndarray, grid: Grid) -> np.ndarray:
        """The loss at all nodes (S,), with what it can be between them."""
        return loss if self.nodes is None else self.nodes.lowered_loss(loss, grid)

    def begin(self, value: np.ndarray, problem: ControlProblem, grid: Grid) -> np.ndarray:
        """V at the end with one value on all walls.

        Plans with a fixed end have to be inside by then.
        """
        value, outside = np.array(value), np.inf
        if problem.end is None:
            outside = self.terminal
            if self.nodes is not None:
                value = self.nodes.lowered_end(value, grid, problem.objective.terminal_weight)
        value[grid.walls] = min(value[grid.walls].min(), outside)
        return value

    def share(self, change: np.ndarray, outside: float, grid: Grid) -> None:
        """Give all wall nodes the least rate of change among theirs and that of staying outside."""
        change[grid.walls] = min(change[grid.walls].min(), outside)


def _excess(function: ca.Function, grid: Grid) -> np.ndarray:
    """The most the interpolant between the nodes can exceed a function by, over the cells that
    touch each node; (N_1, …).
    """
    theta = ca.SX.sym("theta", grid.dimension)
    value, smooth = function(theta), not _has_kinks(function)
    wanted = ca.diag(ca.hessian(value, theta)[0]) if smooth else value
    lower, upper = (
        Grid(axes=ends).points
        for ends in (
            tuple(axis[:-1] for axis in grid.axes),
            tuple(axis[1:] for axis in grid.axes),
        )
    )
    low, high = IntervalFunction(ca.Function("wanted", [theta], [wanted]))(lower, upper)
    cells = tuple(count - 1 for count in grid.shape)
    if smooth:
        # Σ h_i² max(∂²L/∂θ_i², 0)/8
        excess = np.maximum(high, 0.0) @ grid.spacing**2 / 8
        return _around(excess.reshape(cells))
    values = np.array(function.map(len(grid.points))(grid.points.T)).reshape(grid.shape)
    return values + _around(-low[:, 0].reshape(cells))


def _around(cells: np.ndarray) -> np.ndarray:
    """The largest entry among the cells that touch each node; one more entry along every axis."""
    for axis in range(cells.ndim):
        edges = [(1, 0) if i == axis else (0, 0) for i in range(cells.ndim)]
        before = np.pad(cells, edges, constant_values=-np.inf)
        after = np.pad(cells, [pair[::-1] for pair in edges], constant_values=-np.inf)
        cells = np.maximum(before, after)
    return cells


def _has_kinks(function: ca.Function) -> bool:
    """Whether a function uses an operation whose derivatives do not tell all of its changes."""
    return not operations(function).isdisjoint(SWITCHES)
