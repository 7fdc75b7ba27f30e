"""Loss and size of the control over time, one curve per path."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ....model.problem import ControlProblem
from .. import curves, style
from .courses import Course
from .numbers import spread_over
from .sheet import plain_ticks, thinner
from .surroundings import at_rest

_DECADES = 5  # of a logarithmic axis
_HIGHEST = 3.0  # in spans of the plan's values: rules that go further are cut off


def draw_losses(
    panel: Axes, problem: ControlProblem, courses: Sequence[Course], end: float, *, below: bool
) -> None:
    """L(θ(t)); logarithmic where it is positive and falls by more than three decades.

    ``below``: whether the time is written below; else the panel under it says it.
    """
    values = [problem.landscape.loss(course.parameters) for course in courses]
    _draw(panel, courses, values, end, log=True)
    style.label(panel, "time t" if below else None, "loss L(θ)", title="loss", letter="b")
    plain_ticks(panel)


def draw_controls(
    panel: Axes, problem: ControlProblem, courses: Sequence[Course], end: float
) -> None:
    """√(uᵀGu), what is paid for."""
    values = [_size(problem, course) for course in courses]
    _draw(panel, courses, values, end, log=False)
    plain = problem.learner.metric is None
    words = "control |u|" if plain else "control |u| = √(uᵀGu)"
    style.label(panel, "time t", words, title="control", letter="c")
    plain_ticks(panel)


def _size(problem: ControlProblem, course: Course) -> np.ndarray:
    u = course.controls
    if problem.learner.metric is None:
        with np.errstate(over="ignore"):
            return np.linalg.norm(u, axis=1)
    price = problem.model.metric(course.parameters)
    price = np.broadcast_to(price, (len(u), *price.shape[-2:]))
    return np.sqrt(np.einsum("si,sij,sj->s", u, price, u))


def _draw(
    panel: Axes, courses: Sequence[Course], values: Sequence[np.ndarray], end: float, *, log: bool
) -> None:
    panel.set_xlim(0, end)
    if all(at_rest(course.parameters) for course in courses):
        panel.yaxis.set_visible(False)
        middle = {"transform": panel.transAxes, "ha": "center"}
        style.note(panel, 0.5, 0.5, "θ stays where it is", **middle)
        return
    for course, curve, options in zip(courses, values, thinner(courses), strict=True):
        look = style.rule(course.key)
        settings = {"color": look.color, "linestyle": look.line, "linewidth": 1.5}
        panel.plot(course.times, curve, **settings | options)
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    if not every.size:
        return
    lowest, largest = float(every.min()), float(every.max())
    own = values[0][np.isfinite(values[0])]
    span = float(np.ptp(own)) if own.size else 0.0
    if span > 0:  # rules that leave the range of the plan are cut off
        lowest = max(lowest, float(own.min()) - _HIGHEST * span)
        largest = min(largest, float(own.max()) + _HIGHEST * span)
    top = largest
    if log and spread_over(every):
        curves.log_axes(panel, "y")
        panel.set_ylim(max(lowest, top * 10.0**-_DECADES) / 2, 2 * top)
    elif top > lowest:
        margin = 0.06 * (top - lowest)
        from_zero = 0 <= lowest < 0.5 * top
        panel.set_ylim(0 if from_zero else lowest - margin, top + margin)
