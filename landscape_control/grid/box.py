"""The box the grid covers: given, or around everything the learner could want to visit."""

import numpy as np

from ..arrays import freeze, matrix
from ..errors import ProblemError
from ..landscape import find_minima
from .mesh import Grid

_CLEARANCE = 3  # cells that start and end must keep from the walls: the width of the difference stencils


def derived_box(problem, plans, margin: float) -> np.ndarray:
    """Bounding box of start, end, the minima of L and the given plans, widened on every side; (n, 2).

    Every wall moves out by ``margin`` times the longest side of the bounding box. Minima are the landscape's own or,
    if it names none, those found by Newton's method from a lattice of seeds around the rest: within three times their
    extent or 1 + |θ|, whichever is more, and no higher than the highest loss met there.
    """
    points = [problem.start[None]] + ([] if problem.end is None else [problem.end[None]])
    points = np.vstack(points + [plan.parameters for plan in plans])
    points = np.vstack([points, _minima(problem.landscape, points)])
    low, high = points.min(axis=0), points.max(axis=0)
    longest = (high - low).max()
    if longest <= 0:
        raise ProblemError("grid box", expected="a start away from the only place worth going to",
                           received="nothing but one point", advice="pass box=[(low, high), …]")
    return freeze(np.column_stack([low - margin * longest, high + margin * longest]))


def given_box(problem, box) -> np.ndarray:
    """A user's box, checked: (n, 2), or one pair (low, high) in one dimension."""
    n = problem.dimension
    box = matrix("box", np.atleast_2d(np.asarray(box, dtype=float)), (n, 2))
    if (box[:, 0] >= box[:, 1]).any():
        raise ProblemError("box", expected="low < high along every axis", received=str(box.tolist()),
                           advice="write box=[(low, high), …]")
    return box


def refuse_outside(problem, grid: Grid) -> None:
    """Refuse a start or end that is outside the box or closer to a wall than the difference stencils."""
    for name, point in (("start", problem.start), ("end", problem.end)):
        if point is not None and grid.wall_distance(point) < _CLEARANCE:
            raise ProblemError(f"{name} in the grid's box", expected=f"at least {_CLEARANCE} cells from every wall",
                               received=f"{name} {np.round(point, 4).tolist()} in the box {np.round(grid.box, 4).tolist()} "
                                        f"with cells of {np.round(grid.spacing, 4).tolist()}",
                               advice="enlarge the box or the margin, or take more points")


def _minima(landscape, points):
    """The landscape's own minima, else those found inside a cube of three times the reach of the points around them."""
    if landscape.minima is not None:
        return landscape.minima
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = 3 * max(np.ptp(points, axis=0).max(), 1 + np.abs(points).max())
    axes = [np.linspace(c - reach, c + reach, 15) for c in centre]
    seeds = np.stack([c.ravel() for c in np.meshgrid(*axes, indexing="ij")], axis=1)
    found = find_minima(landscape, np.vstack([points[:1], seeds]))
    found = found[(np.abs(found - centre) <= reach).all(axis=1)]
    return found[landscape.loss(found) <= landscape.loss(points).max()] if len(found) else found
