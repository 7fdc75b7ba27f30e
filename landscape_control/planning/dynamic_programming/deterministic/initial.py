"""Where the march begins: the value at the smallest time-to-go."""

import numpy as np

from ....model.problem import ControlProblem
from ....model.problem.mobility import mobility
from ....support.errors import ProblemError
from ..mesh import Grid

# how many cells the last stretch to a fixed end is long: its error falls faster than the grid error
_CELLS = 0.5


def initial_value(problem: ControlProblem, grid: Grid) -> tuple[np.ndarray, float]:
    """(V, s): V at time-to-go s, where the march begins.

    Free end: V = κΦ at s = 0. Fixed end: the short-time action of straight paths at s > 0.

    For a fixed end V(θ, T) is infinite except at the end, so the march starts a little earlier,
    with the exact cost of the straight path at constant speed v = (θ_T - θ)/s,

        V = ∫₀ˢ e^{-γτ} [ (v - f)ᵀ(BG⁻¹Bᵀ)⁻¹(v - f)/2η + kL ] dτ + e^{-γs} κΦ(θ_T),

    by Gauss quadrature. It is the cost of a path that can be walked, hence never below the true
    value, and exceeds it by O(s³) (ηk²|∇L|²s³/24 without drift). s is chosen proportional to the
    grid spacing.
    """
    if problem.end is None:
        terminal = problem.objective.terminal_weight * problem.model.terminal_cost(grid.points)
        return terminal.reshape(grid.shape), 0.0
    stretch = short_time(problem, grid)
    return _straight_action(problem, grid, stretch), stretch


def short_time(problem: ControlProblem, grid: Grid) -> float:
    """s in which a path from start to end at constant speed walks half a cell.

    Or one across a tenth of the box, if that is longer.
    """
    extent = np.ptp(grid.box, axis=1)
    distance = np.maximum(np.abs(problem.end - problem.start), extent / 10) / grid.spacing
    return problem.objective.horizon * min(_CELLS / distance.max(), 0.25)


def _straight_action(problem, grid, stretch):
    objective, points = problem.objective, grid.points
    nodes, weights = np.polynomial.legendre.leggauss(5)
    speed = (problem.end - points) / stretch
    total = np.zeros(len(points))
    for fraction, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        at = points + fraction * stretch * speed
        push = speed - problem.model.drift(at)
        pulled = np.linalg.solve(_checked_mobility(problem, at), push[..., None])[..., 0]
        effort = np.einsum("si,si->s", push, pulled)
        loss = problem.landscape.loss(at)
        cost = effort / (2 * objective.learning_rate) + objective.loss_weight * loss
        total += weight * stretch * np.exp(-objective.discount * fraction * stretch) * cost
    end_cost = objective.terminal_weight * problem.model.terminal_cost(problem.end)[0]
    return (total + np.exp(-objective.discount * stretch) * end_cost).reshape(grid.shape)


def _checked_mobility(problem, points):
    """BG⁻¹Bᵀ at points; refused where it is singular.

    A straight path could then cost infinitely much.
    """
    pushes = mobility(problem.model.actuation(points), problem.model.metric(points))
    values = np.linalg.eigvalsh(pushes)
    singular = values[:, 0] <= 1e-10 * values[:, -1]
    if singular.any():
        where = np.round(points[int(np.argmax(singular))], 4).tolist()
        raise ProblemError(
            "grid certificate with a fixed end",
            expected="an actuation B that pushes every direction",
            received=f"B G⁻¹ Bᵀ without full rank at θ = {where}",
            advice=(
                "free the end and add a terminal cost (terminal=..., terminal_weight=...) around it"
            ),
        )
    return pushes
