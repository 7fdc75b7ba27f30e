"""The picture of a comparison of optimizers: their final losses relative to one of them, by task."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...support.errors import ProblemError
from . import evidence, style
from .data import Key, draws
from .several_results import data_of_ratios

_WIDEST = 300.0  # ratios beyond it, either way, are drawn at it, hollow
_SPREAD = 0.6  # share of a row that its marks take


@draws(
    Key(name="tasks", shape="T", meaning="words of each task, first on top", text=True),
    Key(name="methods", shape="M", meaning="words of each method that is compared", text=True),
    Key(name="rules", shape="M", meaning="key of the look of each method", text=True),
    Key(
        name="ratios",
        shape="T M",
        meaning="final loss of each method over that of the one it is compared with",
        gaps=True,
    ),
    Key(name="low", shape="T M", meaning="lower ends of the intervals", gaps=True),
    Key(name="high", shape="T M", meaning="upper ends of the intervals", gaps=True),
    Key(name="runs", shape="T G", meaning="the ratios of all runs of all grids", gaps=True),
    Key(name="against", shape="", meaning="words of what they are compared with", text=True),
    Key(name="title", shape="", meaning="what is compared", text=True, group="title"),
    of_several=data_of_ratios,
)
def loss_ratios(d: SimpleNamespace) -> Figure:
    """Final losses relative to one method, a row for each task: right of 1 that one is better.

    A mark for each method with its interval over seeds, where there is one; below them, as ticks,
    every member of the grids from which the tuned ones were chosen. Ratios beyond 300 or below
    1/300, and runs that diverged, are drawn at the edge, hollow.

    Takes its data, or {task: {method: outcomes, one a seed}}: the first method is the one that the
    others are compared with.

    Panels: ``ratios``.
    """
    _check(d)
    figure = style.new_figure(7.4, 1.3 + 0.62 * len(d.tasks) + 0.1 * len(d.methods))
    axes = figure.subplot_mosaic([["ratios"]])["ratios"]
    axes.set_xscale("log")
    rows = np.arange(len(d.tasks))[::-1].astype(float)
    axes.axvline(1.0, color=style.INK, linewidth=0.9, zorder=1)
    places = np.linspace(_SPREAD / 2, -_SPREAD / 2, len(d.methods) + 1)
    for j, (label, rule) in enumerate(zip(d.methods, d.rules, strict=True)):
        _marks(axes, rows + places[j], d.ratios[:, j], d.low[:, j], d.high[:, j], rule, label)
    for row, runs in zip(rows, d.runs, strict=True):
        known = np.clip(runs[~np.isnan(runs)], 1 / _WIDEST, _WIDEST)
        height = np.full(len(known), row + places[-1])
        axes.plot(known, height, "|", color=style.MUTED, markersize=5, markeredgewidth=0.7)
    evidence.name_rows(axes, list(d.tasks))
    words = "" if d.title is None else d.title
    style.label(axes, f"final training loss / that of {d.against}", title=words)
    style.figure_legend(figure, columns=3)
    return figure


def _check(d: SimpleNamespace) -> None:
    """Refuse ratios of which no logarithm is."""
    for name in ("ratios", "runs"):
        values = getattr(d, name)
        if np.any(values < 0):
            raise ProblemError(
                f"figure loss_ratios, {name}",
                expected="numbers ≥ 0, NaN for none",
                received=f"{np.nanmin(values):g}",
                advice="pass ratios of positive losses",
            )


def _marks(
    axes: Axes,
    heights: np.ndarray,
    ratios: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    rule: str,
    label: str,
) -> None:
    """One method in all rows."""
    look = style.rule(rule)
    is_inside = (ratios > 1 / _WIDEST) & (ratios < _WIDEST)
    has_interval = is_inside & np.isfinite(low) & np.isfinite(high) & (low > 0)
    ends = (np.clip(end[has_interval], 1 / _WIDEST, _WIDEST) for end in (low, high))
    axes.hlines(heights[has_interval], *ends, color=look.color, linewidth=1.2, zorder=2)
    known = ~np.isnan(ratios)
    drawn = np.clip(ratios, 1 / _WIDEST, _WIDEST)
    plain: dict[str, Any] = {"linestyle": "none", "color": look.color, "markersize": 5, "zorder": 3}
    inside = known & is_inside
    axes.plot(drawn[inside], heights[inside], marker=look.marker, label=label, **plain)
    outside = known & ~is_inside
    if outside.any():
        hollow = style.hollow(look.color, look.marker, 5)
        axes.plot(drawn[outside], heights[outside], zorder=3, **hollow)
