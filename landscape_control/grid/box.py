"""The box the grid covers: given, or around everything the learner could want to visit."""

import math

import casadi as ca
import numpy as np

from ..arrays import freeze, matrix
from ..errors import ProblemError
from ..landscape import find_minima
from .lower_bounds import LowerBounds
from .mesh import Grid

_SMALLEST = 0.1  # of the reach: less is no scale of the problem
_CLEARANCE = (
    3  # cells that start and end must keep from the walls: the width of the difference stencils
)


def derived_box(problem, plans, margin: float) -> np.ndarray:
    """Bounding box of start, end, the minima of L and the given plans, widened on every side; (n,
    2).

    Every wall moves out by ``margin`` times the longest side of the bounding box. Minima are the
    landscape's own or, if it names none, those found by Newton's method from a lattice of seeds
    around the rest: within three times their extent or 1 + |θ|, whichever is more, and no higher
    than the highest loss met there. A bounding box that is much smaller than a plan can go for what
    it can gain takes that scale instead, see :func:`_reach`.
    """
    points = [problem.start[None]] + ([] if problem.end is None else [problem.end[None]])
    points = np.vstack(points + [plan.parameters for plan in plans])
    points = np.vstack([points, _minima(problem.landscape, points)])
    low, high = points.min(axis=0), points.max(axis=0)
    longest = max((high - low).max(), _SMALLEST * _reach(problem))
    return freeze(np.column_stack([low - margin * longest, high + margin * longest]))


def _reach(problem) -> float:
    """How far a plan can go for all it can gain: R²γ/(2ηm(e^{γτ}-1)) = kΔL(1-e^{-γτ})/γ + ΔΦ, τ the
    shorter of T and 1/γ.

    ΔL and ΔΦ are what the functions at the start exceed their lower bounds by (interval
    arithmetic), and m is the largest entry of BG⁻¹Bᵀ at the start. Where there is no gain, no bound
    or no end to τ, 1 + |θ₀|.
    """
    objective, model, start = problem.objective, problem.model, problem.start
    size = 1 + np.abs(start).max()
    span = min(objective.horizon, 1 / objective.discount if objective.discount > 0 else math.inf)
    if math.isinf(span):
        return size
    theta = ca.SX.sym("theta", problem.dimension)
    gain = 0.0
    if objective.loss_weight > 0:
        gain += objective.loss_weight * span * _fall(model.loss_at(theta), theta, start, size)
    if problem.end is None and objective.terminal is not None:
        gain += objective.terminal_weight * _fall(model.terminal_at(theta), theta, start, size)
    actuation, metric = model.actuation(start)[0], model.metric(start)[0]
    mobility = np.abs(actuation @ np.linalg.solve(metric, actuation.T)).max()
    reach = math.sqrt(2 * objective.learning_rate * mobility * gain * span)
    return reach if 1e-6 * size < reach < math.inf else size


def _fall(expression, theta, start, size):
    """What a function exceeds its lower bound by at the start."""
    function = ca.Function("falling", [theta], [ca.densify(expression)])
    value, cube = float(function(start)), np.column_stack([start - size, start + size])
    bounds, resolution = LowerBounds(function), 1e-2 * abs(value)
    return max(value - min(bounds.inside(cube, resolution), bounds.outside(cube, resolution)), 0.0)


def given_box(problem, box) -> np.ndarray:
    """A user's box, checked: (n, 2), or one pair (low, high) in one dimension."""
    n = problem.dimension
    box = matrix("box", np.atleast_2d(np.asarray(box, dtype=float)), (n, 2))
    if (box[:, 0] >= box[:, 1]).any():
        raise ProblemError(
            "box",
            expected="low < high along every axis",
            received=str(box.tolist()),
            advice="write box=[(low, high), …]",
        )
    return box


def refuse_outside(problem, grid: Grid) -> None:
    """Refuse a start or end that is outside the box or closer to a wall than the difference
    stencils.
    """
    for name, point in (("start", problem.start), ("end", problem.end)):
        if point is not None and grid.wall_distance(point) < _CLEARANCE:
            raise ProblemError(
                f"{name} in the grid's box",
                expected=f"at least {_CLEARANCE} cells from every wall",
                received=(
                    f"{name} {np.round(point, 4).tolist()} in the box"
                    f" {np.round(grid.box, 4).tolist()} with cells of"
                    f" {np.round(grid.spacing, 4).tolist()}"
                ),
                advice="enlarge the box or the margin, or take more points",
            )


def _minima(landscape, points):
    """The landscape's own minima, else those found inside a cube of three times the reach of the
    points around them.
    """
    if landscape.minima is not None:
        return landscape.minima
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = 3 * max(np.ptp(points, axis=0).max(), 1 + np.abs(points).max())
    axes = [np.linspace(c - reach, c + reach, 15) for c in centre]
    seeds = np.stack([c.ravel() for c in np.meshgrid(*axes, indexing="ij")], axis=1)
    found = find_minima(landscape, np.vstack([points[:1], seeds]))
    found = found[(np.abs(found - centre) <= reach).all(axis=1)]
    return found[landscape.loss(found) <= landscape.loss(points).max()] if len(found) else found
