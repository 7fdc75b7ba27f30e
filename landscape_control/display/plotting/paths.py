"""Building blocks: paths, time series and energies. Each draws on an Axes and returns it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.interpolate import CubicSpline

from ...support.arguments import Entries, NonNegative, Vector, checked
from ...support.errors import ProblemError
from . import style
from .places import LineStyles, Marks, Names, Places, planar


@checked
def trajectory(
    axes: Axes,
    path: Places,
    *,
    rule: str = "optimal",
    label: str | None = None,
    times: Vector | None = None,
    marks: Marks = (),
    mark_labels: bool = False,
    end: bool = True,
    color: str | None = None,
    **line: Any,
) -> Axes:
    """A path (N, 2) in the style of its rule, dots at times, and the rule's marker at its end.

    Parameters
    ----------
    times : (N,), needed for ``marks``
    marks : times at which a dot is drawn (those outside the path are left out)
    mark_labels : write the time beside each dot
    line : further options of ``Axes.plot``
    """
    look, path = style.rule(rule), planar("path", path)
    color = look.color if color is None else color
    settings: dict[str, Any] = {
        "linestyle": look.line,
        "linewidth": 1.7,
        "zorder": 4,
        "label": look.label if label is None else label,
        "solid_capstyle": "round",
    } | line
    outline = style.halo(settings["linewidth"] + 1.4)
    axes.plot(path[:, 0], path[:, 1], color=color, path_effects=outline, **settings)
    if end:
        axes.plot(
            path[-1, 0],
            path[-1, 1],
            marker=look.marker,
            color=color,
            markersize=5.5,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.7,
            zorder=settings["zorder"] + 1.5,
            linestyle="none",
        )
    if len(marks):
        _time_marks(axes, np.asarray(times), path, marks, color, mark_labels)
    return axes


def _time_marks(
    axes: Axes,
    times: np.ndarray,
    path: np.ndarray,
    marks: Iterable[float],
    color: str,
    labels: bool,
) -> None:
    marks = np.asarray([mark for mark in marks if times[0] < mark < times[-1]])
    dots = np.column_stack([np.interp(marks, times, column) for column in path.T])
    kept = _apart(axes, dots, path[-1])
    marks, dots = marks[kept], dots[kept]
    axes.scatter(
        dots[:, 0],
        dots[:, 1],
        s=13,
        facecolor=style.PAPER,
        edgecolor=color,
        linewidth=1.0,
        zorder=5.2,
    )
    if not labels:
        return
    for i, (mark, dot) in enumerate(zip(marks, dots, strict=True)):
        axes.annotate(
            f"{mark:g}" if i else f"t = {mark:g}",
            dot,
            xytext=(0, 5),
            textcoords="offset points",
            fontsize=style.TINY,
            color=color,
            fontfamily=style.FONT,
            ha="center",
            va="bottom",
            zorder=8,
            path_effects=style.halo(1.6),
        )


def _apart(axes: Axes, dots: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Indices of the dots that stay clear of the previous one and of the end of the path."""
    size = np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())])
    kept: list[int] = []
    last = np.array([np.inf, np.inf])
    for i, dot in enumerate(dots / size):  # in shares of the panel, so that both axes count alike
        clear_of_last = np.linalg.norm(dot - last) > 0.05
        clear_of_end = np.linalg.norm(dot - end / size) > 0.03
        if clear_of_last and clear_of_end:
            kept.append(i)
            last = dot
    return np.array(kept, dtype=int)


def mark_times(horizon: float, count: int = 12) -> np.ndarray:
    """About ``count`` round times inside the horizon, for time marks."""
    least = horizon / count
    unit = 10.0 ** np.floor(np.log10(least))
    step = unit * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * unit >= least)
    return step * np.arange(1, int(horizon / step) + 1)


@checked
def time_series(
    axes: Axes,
    times: Entries,
    values: Entries,
    *,
    labels: Names | None = None,
    colors: Names | None = None,
    lines: LineStyles | None = None,
    **options: Any,
) -> Axes:
    """Curves over time: values (N,) or (N, d), one label, colour and line style each."""
    values = np.asarray(values)
    if np.ndim(times) != 1 or values.ndim not in (1, 2) or len(values) != len(times):
        raise ProblemError(
            "values",
            expected=f"shape (N,) or (N, d) at times (N,), N = {np.size(times)}",
            received=f"shape {values.shape}",
            advice="give a row of values for each time",
        )
    columns = values.reshape(len(values), -1).T
    count = len(columns)
    settings: dict[str, Any] = {"linewidth": 1.5} | options
    names: Sequence[str | None] = labels or [None] * count
    line_of = lines or ["-"] * count
    color_of = colors or style.shades("optimal", count)
    for column, name, color, line in zip(columns, names, color_of, line_of, strict=True):
        axes.plot(times, column, color=color, linestyle=line, label=name, **settings)
    return axes


@checked
def rule_series(
    axes: Axes,
    times: Entries,
    values: Entries,
    *,
    rule: str,
    label: str | None = None,
    **options: Any,
) -> Axes:
    """One curve (N,) over time in the style of its rule."""
    look = style.rule(rule)
    settings: dict[str, Any] = {
        "color": look.color,
        "linestyle": look.line,
        "linewidth": 1.6,
        "label": look.label if label is None else label,
    }
    axes.plot(times, values, **settings | options)
    return axes


@checked
def energy_panel(
    axes: Axes,
    times: Entries,
    kinetic: Entries,
    weighted_loss: Entries,
    discount: NonNegative,
    *,
    rest: float = 0.0,
) -> Axes:
    """The learner as a particle, VGR25 Fig. 1c: both energies, their sum, and the law it obeys.

    kinetic (N,) is K = |θ̇|²_G/2η, weighted_loss (N,) is kL, so that the potential is U = -kL. For
    zero drift and a constant metric E = K + U obeys dE/dt = (γ/η)|θ̇|²_G = 2γK: the law E(0) + 2γ∫K
    is drawn from the kinetic energy alone. ``rest`` is added to the potential, e.g. k·min L, which
    only shifts the picture.
    """
    times, kinetic = np.asarray(times), np.asarray(kinetic)
    potential = rest - np.asarray(weighted_loss)
    action = CubicSpline(times, kinetic).antiderivative()(times)  # ∫K dt
    law = kinetic[0] + potential[0] + 2 * discount * action
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    axes.plot(times, kinetic, color="#8c4510", linewidth=1.6, label="kinetic  |θ̇|²/2η")
    axes.plot(times, potential, color="#7d93a8", linewidth=1.6, label="potential  −kL")
    axes.plot(
        times, kinetic + potential, color=style.INK, linewidth=1.6, label="energy  E = kinetic − kL"
    )
    _law_markers(axes, times, law)
    axes.set_xlim(times[0], times[-1])
    return axes


def _law_markers(axes: Axes, times: np.ndarray, law: np.ndarray) -> None:
    """The law (N,) at thirteen of its times, as open markers over the energy that must meet it."""
    wanted = np.linspace(times[0], times[-1], 13)
    pick = np.unique(np.searchsorted(times, wanted).clip(max=len(times) - 1))
    axes.plot(
        times[pick],
        law[pick],
        linestyle="none",
        marker="o",
        markersize=4,
        markerfacecolor=style.PAPER,
        markeredgecolor=style.INK,
        markeredgewidth=0.9,
        clip_on=False,
        zorder=5,
        label="law  dE/dt = 2γ · kinetic",
    )


def evenly_spaced(path: np.ndarray, count: int) -> np.ndarray:
    """Indices of about ``count`` points of a path (N, n), evenly spaced along its length."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    marks = np.linspace(0, length[-1], count)
    return np.unique(np.searchsorted(length, marks).clip(max=len(path) - 1))
