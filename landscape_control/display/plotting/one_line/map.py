"""Paths on the contours of a landscape, or of a plane through it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ....model.problem import ControlProblem
from .. import landscapes, paths, style
from .courses import Course
from .raster import losses_over
from .sheet import plain_ticks, thinner
from .view import View

_POINTS = 121  # of the contours, along a side
_OFF = 0.05  # of the view: further from the plane a minimum is drawn hollow


def draw_map(
    panel: Axes,
    problem: ControlProblem,
    courses: Sequence[Course],
    view: View,
    marks: np.ndarray,
    title: str,
    *,
    letter: str,
) -> None:
    """Contours, paths with their time marks, start, minima, saddles, a fixed end."""
    plane = view.plane
    _contours(panel, problem, view)
    fixed = problem.end is not None
    for course, thin in zip(courses, thinner(courses), strict=True):
        paths.trajectory(
            panel,
            plane.project(course.parameters),
            rule=course.key,
            label=course.label,
            times=course.times,
            marks=marks,
            end=not fixed,
            **thin,
        )
    _stationary(panel, view)
    landscapes.start(panel, plane.project(problem.start)[0])
    if problem.end is not None:
        landscapes.attractor(panel, plane.project(problem.end)[0], label="fixed end")
    _explain_marks(panel, marks)
    if not view.equal:  # an entry without a sign
        panel.plot([], [], linestyle="none", label="the two axes have different scales")
    if plane.share is not None:
        share = f"{100 * plane.share:.3g} % of the paths' spread in it"
        panel.plot([], [], linestyle="none", label=f"contours: plane through the end, {share}")
    style.label(panel, *plane.labels, title=title, letter=letter)
    plain_ticks(panel)


def _contours(panel: Axes, problem: ControlProblem, view: View) -> None:
    x, y = (np.linspace(a, b, _POINTS) for a, b in view.box)
    loss = losses_over(problem.landscape, view.plane, x, y)
    loss[~np.isfinite(loss)] = np.nan  # outside of the domain: left blank
    known = loss[np.isfinite(loss)]
    levels = _levels(known) if known.size else np.zeros(2)
    if (np.diff(levels) > 0).all():  # a plateau has no contours
        landscapes.loss_contours(panel, x, y, loss, levels=levels)
    panel.set(xlim=view.box[0], ylim=view.box[1])
    if view.equal:
        panel.set_aspect("equal", anchor="N")


def _levels(known: np.ndarray) -> np.ndarray:
    """Levels dense near the bottom, up to the height below which nearly all of the map lies.

    A steep wall in a corner would leave the rest of the map one tone.
    """
    top = float(np.quantile(known, 0.97))
    levels = landscapes.contour_levels(np.minimum(known, top))
    levels[-1] = max(float(known.max()), levels[-1])
    return levels


def _stationary(panel: Axes, view: View) -> None:
    plane, around = view.plane, view.around
    largest_off = _OFF * float(np.ptp(view.box, axis=1).max())
    if len(around.minima):
        off = plane.distance(around.minima) > largest_off
        if not off.all():
            landscapes.minima(panel, plane.project(around.minima[~off]))
        if off.any():
            hollow = style.hollow(style.INK, "*", 9.0) | {"zorder": 6}
            places = plane.project(around.minima[off])
            panel.plot(*places.T, label="minimum, off this plane", **hollow)
    if len(around.saddles):
        near = plane.distance(around.saddles) <= largest_off
        if near.any():
            landscapes.saddles(panel, plane.project(around.saddles[near]))


def _explain_marks(panel: Axes, marks: np.ndarray) -> None:
    """A legend entry for the dots, where there are any."""
    if not len(marks):
        return
    look = style.hollow(style.INK, size=3.6)
    panel.plot([], [], label=f"dots: every Δt = {marks[0]:g}", **look)
