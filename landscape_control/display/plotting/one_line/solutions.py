"""A plan of one's own problem on its landscape, beside what learning rules do there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import HashableList

from ....model.problem import ControlProblem
from ....planning.solution import Solution
from ....support.arguments import Count, checked
from ....support.errors import ProblemError
from ....trajectories import Trajectory
from .. import style
from ..paths import mark_times
from .courses import Course, of_plan, of_trajectory, rule_courses
from .line import draw_line
from .map import draw_map
from .series import draw_controls, draw_losses
from .sheet import GivenAxes, below_axes, finished, given_axes
from .view import view_of

if TYPE_CHECKING:
    Rules = Sequence[object] | None
else:
    Rules = object

_PANELS = ("path", "loss", "control")
_WIDTH = 7.4  # inches
_WIDE = 0.62  # height over width of a map that stands alone in its row


@checked
def plot_solution(
    solution: Solution,
    axes: GivenAxes = None,
    *,
    rules: Rules = None,
    directions: object = None,
    plans: Count = 1,
    title: str | None = None,
) -> Axes:
    """The optimal plan on the landscape's contours, beside learning rules from the same start.

    Drawn are the paths with dots at equal times, the start, the minima and saddles nearby; loss and
    size of the control over time; in the legend what each path costs, J, and the coefficients of
    the rules, which are those of least J. One parameter is drawn over time, on shades of its loss.

    Parameters
    ----------
    axes : None for a figure of its own with three panels (path, loss, control), one Axes for the
        path alone, or three
    rules : what to compare with: names, rules, learners, policies, or paths from
        ``lc.trajectory``, with coefficients of your own. None is gradient descent, momentum and,
        where directions have different prices, the natural gradient; () is none
    directions : for more than two parameters: two of them, e.g. (0, 3), or two directions, shape
        (2, n); None is the principal directions of the paths. Contours are those of the plane
        through the plan's end
    plans : how many of the solution's distinct plans, best first
    title : None names the landscape

    Returns
    -------
    Axes
        of the path; ``.figure`` has all panels: ``solution.plot().figure.savefig("plan.pdf")``. A
        notebook shows the figure.

    Raises
    ------
    ProblemError
        A solution without its problem (from a pickle), or with numbers that are not finite;
        directions or axes that do not fit; a rule that does not apply.
    """
    problem = _problem_of(solution)
    courses = [of_plan(solution, plan, i) for i, plan in enumerate(solution.plans[:plans])]
    others, missing = rule_courses(solution, problem, rules)
    if title is None:
        title = _title(problem, solution)
    return _drawn(problem, [*courses, *others], axes, directions, title, missing)


@checked
def plot_trajectory(
    path: Trajectory,
    axes: GivenAxes = None,
    *,
    directions: object = None,
    title: str | None = None,
) -> Axes:
    """The path of one rule on the landscape's contours, its loss and control over time.

    Options as for ``Solution.plot``; ``solution.plot(rules=[path])`` draws it beside the plan.
    """
    problem = path.problem
    title = problem.landscape.name if title is None else title
    return _drawn(problem, [of_trajectory(path)], axes, directions, title, [])


def _drawn(
    problem: ControlProblem,
    courses: list[Course],
    axes: GivenAxes,
    directions: object,
    title: str,
    missing: list[str],
) -> Axes:
    panels = given_axes(axes, _PANELS)
    view = None if problem.dimension == 1 else view_of(problem, courses, directions)
    figure, ratio = None, 0.8 if view is None else view.ratio
    wide = ratio < _WIDE
    if panels is None:
        figure, panels = _new_sheet(ratio, len(courses))
    path, letter = panels["path"], "" if figure is None else "a"
    end = max(float(course.times[-1]) for course in courses)
    if view is None:
        draw_line(path, problem, courses, title, letter=letter)
    else:
        draw_map(path, problem, courses, view, mark_times(end, 8), title, letter=letter)
    if missing:  # an entry without a sign
        path.plot([], [], linestyle="none", label="not drawn: " + "; ".join(missing))
    if len(panels) > 1:
        draw_losses(panels["loss"], problem, courses, end, below=figure is None or wide)
        draw_controls(panels["control"], problem, courses, end)
    if figure is None:
        below_axes(path)
    else:
        style.figure_legend(figure, columns=2)
    return finished(path, figure)


def _new_sheet(ratio: float, count: int) -> tuple[Figure, dict[str, Axes]]:
    """Panels beside a map, or below one that is wide; as high as the map needs."""
    legend = 0.17 * (count + 3)
    rows: list[HashableList[str]]
    if ratio < _WIDE:
        height = _WIDTH * 0.9 * ratio + 0.8
        rows = [["path", "path"], ["loss", "control"]]
        figure = style.new_figure(_WIDTH, height + 2.2 + legend, row_gap=0.06)
        return figure, figure.subplot_mosaic(rows, height_ratios=[height, 1.9])
    rows = [["path", "loss"], ["path", "control"]]
    height = min(max(0.53 * _WIDTH * ratio + 0.8, 3.6), 5.2)
    figure = style.new_figure(_WIDTH, height + legend, row_gap=0.06)
    return figure, figure.subplot_mosaic(rows, width_ratios=[1.6, 1.0])


def _problem_of(solution: Solution) -> ControlProblem:
    if solution.problem is None:
        raise ProblemError(
            "solution",
            expected="a solution with its problem",
            received="one whose problem was left behind in a pickle",
            advice=(
                "keep solutions with solution.save(path) and landscape_control.load(path), or solve"
                " again"
            ),
        )
    best = solution.best
    if not (np.isfinite(best.parameters).all() and np.isfinite(best.controls).all()):
        raise ProblemError(
            "solution",
            expected="finite parameters and controls",
            received=f"NaN or infinity in a plan that is {best.status}",
            advice=f"see solution.message: {best.message}",
        )
    return solution.problem


def _title(problem: ControlProblem, solution: Solution) -> str:
    objective = problem.objective
    horizon = "∞" if np.isinf(objective.horizon) else f"{objective.horizon:g}"
    words = f"{problem.landscape.name}, T = {horizon}, γ = {objective.discount:g}"
    return words if solution.status.ok else f"{words}: {solution.status}"
