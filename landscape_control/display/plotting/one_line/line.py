"""One parameter over time, on shades of its loss."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ....model.problem import ControlProblem
from .. import landscapes, paths, style
from .courses import Course
from .sheet import plain_ticks, thinner
from .surroundings import extent_of, surroundings

_POINTS = 241
_TONES = 9  # of the shades


def draw_line(
    panel: Axes, problem: ControlProblem, courses: Sequence[Course], title: str, *, letter: str
) -> None:
    """θ(t) of every path; minima and the maxima between them as marks at the right edge."""
    landscape = problem.landscape
    around = surroundings(landscape, [course.parameters for course in courses])
    end = max(float(course.times[-1]) for course in courses)
    low, high = float(around.low[0]), float(around.high[0])
    size = extent_of(np.array([[low], [high]]))
    theta = np.linspace(low - 0.15 * size, high + 0.15 * size, _POINTS)
    with np.errstate(all="ignore"):
        loss = np.ma.masked_invalid(landscape.loss(theta[:, None]))
    known = loss.compressed()
    levels = landscapes.contour_levels(known, _TONES) if known.size else np.zeros(2)
    if (np.diff(levels) > 0).all():
        shades = np.ma.column_stack([loss, loss])
        landscapes.loss_contours(panel, np.array([0.0, end]), theta, shades, levels=levels)
    for course, options in zip(courses, thinner(courses), strict=True):
        track = np.column_stack([course.times, course.parameters[:, 0]])
        paths.trajectory(panel, track, rule=course.key, label=course.label, **options)
    if len(around.minima):
        _at_right(panel, end, around.minima[:, 0], "*", 10.0, "minimum")
    if len(around.saddles):
        _at_right(panel, end, around.saddles[:, 0], "x", 5.5, "maximum between basins")
    landscapes.start(panel, (0.0, float(problem.start[0])))
    if problem.end is not None:
        landscapes.attractor(panel, (end, float(problem.end[0])), label="fixed end")
    panel.set(xlim=(0, end), ylim=(theta[0], theta[-1]))
    for drawn in panel.collections:
        if drawn.get_label() in ("start", "fixed end"):
            drawn.set_clip_on(False)
    style.label(
        panel, "time t", "parameter θ (shades: its loss, low is dark)", title=title, letter=letter
    )
    plain_ticks(panel)


def _at_right(
    panel: Axes, end: float, values: np.ndarray, marker: str, size: float, label: str
) -> None:
    panel.plot(
        np.full(len(values), end),
        values,
        linestyle="none",
        marker=marker,
        markersize=size,
        color=style.INK,
        markeredgecolor=style.INK if marker == "x" else style.PAPER,
        markeredgewidth=1.2 if marker == "x" else 0.7,
        clip_on=False,
        zorder=6.8,
        label=label,
    )
