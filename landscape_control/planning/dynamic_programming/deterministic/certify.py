"""certify_global: is the best plan of the local solver the global optimum?"""

import time
from collections.abc import Sequence

import numpy as np

from ....model.problem import ControlProblem
from ....support.arguments import Count, Duration, Index, Points, Positive, checked
from ....support.arrays import freeze
from ....support.call_settings import settings_kept
from ....support.errors import ProblemError
from ...solution import Plan, Solution
from ...solver import Solver, solve
from ...solver.clock import running_clock
from ..box import derived_box, given_box, node_counts, refuse_outside
from ..march import MOST_STEPS
from ..mesh import Grid
from ..two_grids import difference, estimated_error
from .box_search import searched_box
from .certificate import GlobalCertificate
from .outside import Bounded, Statements, range_near
from .path import follow
from .value import ValueFunction, refuse_dimension, value_function
from .verdict import USABLE, Evidence

POINTS = {1: 401, 2: 101}
_WALL = 1.5  # cells: a path this close to a wall is taken to touch it
# cells that start and end must keep from the walls: the width of the difference stencils
_CLEARANCE = 3


@settings_kept
@checked
def certify_global(
    problem: ControlProblem,
    solution: Solution | Plan | None = None,
    *,
    points: Count | Sequence[Count] | None = None,
    margin: Positive = 0.5,
    box: Points | None = None,
    loss_at_least: float | None = None,
    terminal_at_least: float | None = None,
    seed: Index = 0,
    time_limit: Duration = 300.0,
) -> GlobalCertificate:
    """Hold the best plan against the Hamilton-Jacobi-Bellman equation on a grid.

    For one or two parameters.

    The grid's value at the start is compared with the plan's cost, and the optimal paths read off
    the grid, from the start and from one cell to either side of it, are handed to the local solver
    as guesses:

    * a cheaper plan than the given one comes out: "not global", with the better plan;
    * plan and grid agree within the grid error, no guess leads anywhere cheaper or costlier, and
      nothing outside the box or between the nodes of the grid can pay: "global";
    * anything else, or a path that comes to a wall of the box: "undecided", with the reason.

    What cannot be seen on the grid is bounded. Lower bounds of L and Φ inside and outside the box
    come from interval arithmetic (:class:`LowerBounds`) or from the user. A plan that leaves the
    box costs at least the explicit bound of :func:`least_cost_of_leaving`; and the equation is
    solved once more with all of the outside relaxed to one point, and the loss between the nodes
    bounded below (:class:`Beyond`, :class:`BetweenNodes`): a value that no plan undercuts. The box
    is grown until either shows that leaving cannot pay, up to 86 times its first size, then nodes
    are added until the second holds between them too, up to 1601 nodes in one dimension, 151 x 151
    in two. Losses that are not bounded below, or for which no bound was found, are never called
    global: "not certified: nothing known outside the box".

    Parameters
    ----------
    problem : ControlProblem with n ≤ 2
    solution : Solution (its best plan is judged), Plan, or None to solve the problem first
    points
        Odd number of nodes per axis, or one for each; default 101 in two dimensions, 401 in one.
    margin
        The first box, derived from start, end, minima of L and all plans, is widened on every side
        by this fraction of its longest side; reported in the result.
    box : [(low, high), …] instead of the derived box; it is not grown
    loss_at_least, terminal_at_least
        Numbers that L and Φ nowhere fall below, where interval arithmetic finds none or weaker
        ones; on trust, after a comparison with samples in and around the box.
    seed : of the multi-start, when ``solution`` is None
    time_limit : seconds for the grids; boxes stop growing when half of it is spent

    Raises
    ------
    ProblemError
        n > 2; a stated lower bound that samples contradict; a start or end outside the box;
        functions not finite or G not positive definite somewhere in the box; a fixed end without an
        invertible actuation; T = ∞ with γ = 0 outside the eikonal case (``eikonal_value``); speeds
        that no grid can follow, or not within the time limit.
    """
    began = time.perf_counter()
    refuse_dimension(problem)
    counts = node_counts(
        points,
        problem.dimension,
        default=POINTS[problem.dimension],
        least=21,
        advice="one entry per parameter",
    )
    plans = _plans(problem, solution, seed)
    usable = [plan for plan in plans if plan.status in USABLE]
    widened: float | None = None  # by how much a derived box exceeds the places named; None: given
    if box is None:
        box, widened = derived_box(problem, usable, margin), margin
    else:
        box = given_box(box, problem.dimension, "write box=[(low, high), …]")
    ends = {"start": problem.start}
    if problem.end is not None:
        ends["end"] = problem.end
    refuse_outside(Grid.over(box, counts), ends, clearance=_CLEARANCE)
    with running_clock(time_limit):
        bounded = Bounded(problem, Statements.of(problem, loss_at_least, terminal_at_least))
        bounded.refuse_false_statements(Grid.over(box, counts))
        cheapest = min((plan.cost + 3 * plan.cost_error for plan in usable), default=np.inf)
        if widened is None:
            outside, coarse = bounded.examine(box, counts, cheapest, steps=MOST_STEPS)
        else:
            box, counts, outside, coarse = searched_box(bounded, box, counts, cheapest)
        grid = Grid.over(box, counts)
        fine = value_function(problem, grid)
        times, paths = follow(fine, _starts(problem, grid))
    through_walls = 0.0 if outside.excluded else outside.through_walls
    evidence = Evidence(
        plan=plans[0],
        polished=_polished(problem, times, paths, grid),
        grid_value=fine.at(problem.start),
        grid_error=_error_near(problem.start, fine, coarse) + through_walls,
        left_box=bool(_nearest_wall(grid, paths[:, 0], plans[0]) < _WALL),
        outside=outside,
        scale=range_near(problem.start, fine),
    )
    verdict, reason, better = evidence.judged()
    return GlobalCertificate(
        verdict=verdict,
        message=f"{reason} {_box_in_words(grid, widened, outside.boxes)} {outside.sentence}",
        plan_cost=plans[0].cost,
        grid_value=evidence.grid_value,
        grid_error=evidence.grid_error,
        better_plan=better,
        axes=grid.axes,
        value=freeze(fine.now),
        box=freeze(box),
        margin=widened,
        outside=outside,
        times=freeze(times),
        path=freeze(paths[:, 0]),
        left_box=evidence.left_box,
        method=fine.method,
        seconds=time.perf_counter() - began,
    )


def _plans(problem, solution, seed) -> tuple[Plan, ...]:
    if solution is None:
        solution = solve(problem, seed=seed, throw=False)
    if not isinstance(solution, Solution | Plan):
        raise ProblemError(
            "solution",
            expected="a Solution, a Plan or None",
            received=type(solution).__name__,
            advice="pass what solve(problem) returned",
        )
    plans = solution.plans if isinstance(solution, Solution) else (solution,)
    first, start = plans[0].parameters[0], problem.start
    slack = 1e-6 * (1 + np.abs(first).max())
    if first.shape != start.shape or np.abs(first - start).max() > slack:
        raise ProblemError(
            "solution",
            expected=f"a solution of this problem, from {problem.start.tolist()}",
            received=f"a plan from {first.tolist()}",
            advice="solve this problem, or leave it out",
        )
    return plans


def _error_near(start, fine: ValueFunction, coarse: ValueFunction) -> float:
    """The error near the start, taken to be of first order.

    From the largest difference of the two grids at the start and at the coarse nodes within two
    cells of it.
    """
    centre = np.rint(coarse.grid.cells(start)).astype(int)
    window = tuple(slice(max(c - 2, 0), c + 3) for c in centre)
    around = difference(fine.now, coarse.now, fine.grid)[window].max()
    largest = max(around, abs(fine.at(start) - coarse.at(start)))
    return float(estimated_error(largest, order=1) + fine.unsettled)


def _starts(problem, grid):
    """The start, and one cell to either side of it.

    Near the border of two basins these lead to different plans.
    """
    one_cell = np.diag(grid.spacing)
    return problem.start + np.vstack([np.zeros(grid.dimension), one_cell, -one_cell])


def _nearest_wall(grid, path, plan):
    """How many cells the path or the plan stays away from the walls."""
    return min(grid.wall_distance(path).min(), grid.wall_distance(plan.parameters).min())


def _polished(problem, times, paths, grid) -> list[Plan]:
    """The local solver's plans from the distinct grid paths, cheapest first."""
    solver, plans = Solver(problem), []
    followed: list[np.ndarray] = []
    for path in np.moveaxis(paths, 1, 0):
        # paths that keep within three cells of one another lead to the same plan
        if all((np.abs(path - other) / grid.spacing).max() > 3 for other in followed):
            followed.append(path)
            plans.append(_polish(solver, _guess(problem, times, path)))
    usable = [plan for plan in plans if plan is not None and plan.status in USABLE]
    return sorted(usable, key=lambda plan: plan.cost)


def _polish(solver, guess) -> Plan | None:
    try:
        return solver.solve(guess=guess, throw=False).best
    except ProblemError:
        # infinite horizon: no rest where this path ends, so it says nothing about the plan
        return None


def _guess(problem, times, path, count=201):
    """The path equally spaced in time, sheared onto the start.

    Joined to a fixed end by a straight line.
    """
    if problem.end is not None:
        times, path = np.append(times, problem.objective.horizon), np.vstack([path, problem.end])
    even = np.linspace(0, times[-1], count)
    theta = np.column_stack([np.interp(even, times, column) for column in path.T])
    return theta + (1 - even / times[-1])[:, None] * (problem.start - theta[0])


def _box_in_words(grid, margin, boxes):
    walls = " x ".join(f"[{low:.4g}, {high:.4g}]" for low, high in grid.box)
    nodes = " x ".join(map(str, grid.shape))
    origin = "given"
    if margin is not None:
        origin = f"start, end, minima and plans with margin {margin:g} of its longest side"
    if boxes > 1:
        origin += f", the last of {boxes} tried"
    return f"Box {walls} ({origin}), {nodes} nodes."
