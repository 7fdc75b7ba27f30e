"""The box a grid covers, and how many nodes it has.

It is given, or lies around everything the learner could want to visit.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import casadi as ca
import numpy as np

from ...model.landscape import find_minima
from ...model.problem import ControlProblem
from ...support.arrays import freeze, matrix, whole
from ...support.errors import ProblemError
from ..solution import Plan
from .bounds.lower_bounds import LowerBounds
from .fields import largest_mobility
from .mesh import Grid

Points = int | Sequence[int]  # nodes per axis, or for all of them

_SMALLEST = 0.1  # of the reach: less is no scale of the problem
_ROUNDING = 1e-9  # cells: a point this close to a wall is on it


def derived_box(problem: ControlProblem, plans: Iterable[Plan], margin: float) -> np.ndarray:
    """Bounding box of start, end, the minima of L and the given plans, widened; (n, 2).

    Every wall moves out by ``margin`` times the longest side of the bounding box. Minima are the
    landscape's own or, if it names none, those found by Newton's method from a lattice of seeds
    around the rest: within three times their extent or 1 + |θ|, whichever is more, and no higher
    than the highest loss met there. A bounding box that is much smaller than a plan can go for what
    it can gain takes that scale instead, see :func:`_reach`.
    """
    places = [problem.start[None], *(plan.parameters for plan in plans)]
    if problem.end is not None:
        places.insert(1, problem.end[None])
    points = np.vstack(places)
    points = np.vstack([points, _minima(problem.landscape, points)])
    low, high = points.min(axis=0), points.max(axis=0)
    longest = max((high - low).max(), _SMALLEST * _reach(problem))
    return freeze(np.column_stack([low - margin * longest, high + margin * longest]))


def _reach(problem: ControlProblem) -> float:
    """How far a plan can go for all it can gain.

    R²γ/(2ηm(e^{γτ}-1)) = kΔL(1-e^{-γτ})/γ + ΔΦ, τ the shorter of T and 1/γ.

    ΔL and ΔΦ are what the functions at the start exceed their lower bounds by (interval
    arithmetic), and m is the largest entry of BG⁻¹Bᵀ at the start. Where there is no gain, no bound
    or no end to τ, 1 + |θ₀|.
    """
    objective, model, start = problem.objective, problem.model, problem.start
    size = 1 + float(np.abs(start).max())
    faded = 1 / objective.discount if objective.discount > 0 else math.inf
    span = min(objective.horizon, faded)
    if math.isinf(span):
        return size
    theta = ca.SX.sym("theta", problem.dimension)
    gain = 0.0
    if objective.loss_weight > 0:
        gain += objective.loss_weight * span * _fall(model.loss_at(theta), theta, start, size)
    if problem.end is None and objective.terminal is not None:
        gain += objective.terminal_weight * _fall(model.terminal_at(theta), theta, start, size)
    reach = math.sqrt(2 * objective.learning_rate * largest_mobility(problem) * gain * span)
    return reach if 1e-6 * size < reach < math.inf else size


def _fall(expression, theta, start, size):
    """What a function exceeds its lower bound by at the start."""
    function = ca.Function("falling", [theta], [ca.densify(expression)])
    value, bounds = float(function(start)), LowerBounds(function)
    cube = np.column_stack([start - size, start + size])
    resolution = 1e-2 * abs(value)  # a scale is wanted, not a sharp bound
    lowest = min(bounds.inside(cube, resolution), bounds.outside(cube, resolution))
    return max(value - lowest, 0.0)


def given_box(box: object, dimension: int, advice: str) -> np.ndarray:
    """A user's box, checked: (dimension, 2), or one pair (low, high) in one dimension."""
    box = matrix("box", np.atleast_2d(np.asarray(box, dtype=float)), (dimension, 2))
    if (box[:, 0] >= box[:, 1]).any():
        raise ProblemError(
            "box", expected="low < high along every axis", received=str(box.tolist()), advice=advice
        )
    return box


def node_counts(
    points: Points | None, dimension: int, *, default: Points, least: int, advice: str
) -> tuple[int, ...]:
    """Odd numbers of nodes, one per axis, of at least ``least``; one number stands for all axes."""
    given = tuple(np.atleast_1d(default if points is None else points).tolist())
    counts = given * dimension if len(given) == 1 else given
    if len(counts) != dimension:
        raise ProblemError(
            "points", expected=f"one number, or {dimension}", received=repr(points), advice=advice
        )
    for count in counts:
        if whole("points per axis", count, low=least) % 2 == 0:
            raise ProblemError(
                "points per axis",
                expected="an odd number (every other node makes the coarser grid)",
                received=str(count),
                advice=f"use {count + 1}",
            )
    return counts


def refuse_outside(grid: Grid, points: Mapping[str, np.ndarray], clearance: int = 0) -> None:
    """Refuse named points that are outside the box of a grid.

    Or closer to its walls than ``clearance`` cells.
    """
    expected = f"at least {clearance} cells from every wall" if clearance else "a point inside"
    for name, point in points.items():
        if grid.wall_distance(point) >= clearance - _ROUNDING:
            continue
        place, box, cells = (
            np.round(numbers, 4).tolist() for numbers in (point, grid.box, grid.spacing)
        )
        raise ProblemError(
            f"{name} in the grid's box",
            expected=expected,
            received=f"{name} {place} in the box {box} with cells of {cells}",
            advice="enlarge the box or the margin, or take more points",
        )


def _minima(landscape, points):
    """The landscape's own minima, else those found around the points.

    Inside a cube of three times the reach of the points.
    """
    if landscape.minima is not None:
        return landscape.minima
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = 3 * max(np.ptp(points, axis=0).max(), 1 + np.abs(points).max())
    axes = [np.linspace(c - reach, c + reach, 15) for c in centre]
    seeds = np.stack([c.ravel() for c in np.meshgrid(*axes, indexing="ij")], axis=1)
    minima = find_minima(landscape, np.vstack([points[:1], seeds]))
    minima = minima[(np.abs(minima - centre) <= reach).all(axis=1)]
    if not len(minima):
        return minima
    # nobody climbs above every place named to stand in a higher minimum
    return minima[landscape.loss(minima) <= landscape.loss(points).max()]
