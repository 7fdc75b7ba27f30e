"""Building blocks: policies against rules, coefficients with intervals, theory against numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ...support.arguments import Entries, Positive, checked
from . import style
from .places import Names

MET, FAILED = style.RULES["newton"].color, style.RULES["optimal"].color


@checked
def policy_scatter(
    axes: Axes,
    descent: Entries,
    controls: Entries,
    *,
    groups: Entries | None = None,
    group_labels: Names | None = None,
    gain: float | None = None,
    rule: str = "gradient_descent",
    gain_label: str | None = None,
) -> Axes:
    """Controls u* (S,) against -∇L (S,), shaded by group (S,), with the line u = gain · (-∇L)."""
    descent, controls = np.asarray(descent), np.asarray(controls)
    groups = np.zeros(len(descent)) if groups is None else np.asarray(groups)
    present = np.unique(groups)
    names: Sequence[str | None] = [None] * len(present) if group_labels is None else group_labels
    tones = style.shades("optimal", len(present))
    axes.locator_params(nbins=6)
    _cross(axes)
    for group, shade, name in zip(present, tones, names, strict=True):
        inside = groups == group
        axes.scatter(
            descent[inside],
            controls[inside],
            s=11,
            color=shade,
            alpha=0.75,
            linewidth=0,
            zorder=3,
            label=name,
        )
    if gain is not None:
        reach = np.array([descent.min(), descent.max()])
        look = style.rule(rule)
        axes.plot(
            reach,
            gain * reach,
            color=look.color,
            linestyle=look.line,
            linewidth=1.5,
            zorder=4,
            label=look.label if gain_label is None else gain_label,
        )
    return axes


@checked
def prediction_scatter(
    axes: Axes,
    controls: Entries,
    predicted: Entries,
    *,
    rules: Names,
    labels: Names | None = None,
) -> Axes:
    """What each rule predicts (R, S) against the optimal controls (S,).

    A rule that fits lies on the diagonal.
    """
    controls, predicted = np.asarray(controls), np.atleast_2d(predicted)
    _cross(axes)
    reach = np.array([controls.min(), controls.max()])
    axes.plot(reach, reach, color=style.INK, linewidth=1.0, zorder=2)
    size = float(np.clip(4000 / len(controls), 7, 15))  # smaller dots where there are many
    axes.locator_params(nbins=6)
    names: Sequence[str | None] = labels or [None] * len(predicted)
    for i, (row, key, name) in enumerate(zip(predicted, rules, names, strict=True)):
        look = style.rule(key)
        axes.scatter(
            controls,
            row,
            s=size,
            marker=look.marker,
            facecolor=look.color if look.slender else "none",
            edgecolor=look.color,
            linewidth=0.9,
            alpha=0.85,
            zorder=4 - i / len(rules),  # the best rule on top
            label=name or look.label,
        )
    return axes


def _cross(axes: Axes) -> None:
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    axes.axvline(0, color=style.FAINT, linewidth=0.8, zorder=0)


@checked
def forest(
    axes: Axes,
    labels: Names,
    estimates: Entries,
    lower: Entries,
    upper: Entries,
    *,
    theory: Entries | None = None,
    rules: Names | None = None,
) -> Axes:
    """One row per coefficient, first on top: estimate with interval, theory as an ink bar.

    All arrays (C,); where ``theory`` is NaN the estimate is drawn hollow.
    """
    estimates, rows = np.asarray(estimates), np.arange(len(labels))[::-1]
    rules = ["optimal"] * len(rows) if rules is None else rules
    known = np.full(len(rows), True) if theory is None else np.isfinite(theory)
    for row, value, low, high, key, compared in zip(
        rows, estimates, lower, upper, rules, known, strict=True
    ):
        color = style.rule(key).color
        interval: dict[str, Any] = {"linewidth": 2.0, "solid_capstyle": "butt", "zorder": 3}
        axes.plot([low, high], [row, row], color=color, **interval)
        _dot(axes, value, row, key, color, size=5.5, edge_width=0.9, hollow=not compared)
    if theory is not None:
        axes.vlines(
            np.asarray(theory)[known],
            rows[known] - 0.33,
            rows[known] + 0.33,
            color=style.INK,
            linewidth=1.3,
            zorder=2,
            label="theory",
        )
    return name_rows(axes, labels)


def _dot(
    axes: Axes,
    value: float,
    row: float,
    rule: str,
    color: str,
    *,
    size: float,
    edge_width: float,
    hollow: bool,
) -> None:
    """The marker of a rule in a row; hollow where there is nothing to hold it against."""
    face, edge = (style.PAPER, color) if hollow else (color, style.PAPER)
    axes.plot(
        value,
        row,
        marker=style.rule(rule).marker,
        color=color,
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=edge_width,
        zorder=4,
        linestyle="none",
    )


@checked
def dot_rows(
    axes: Axes,
    labels: Names,
    values: Entries,
    *,
    rules: Names | None = None,
    colors: Names | None = None,
    log: bool = True,
    floor: Positive | None = None,
    write: bool = False,
) -> Axes:
    """One dot per row, first on top, on a stem from the left edge.

    With ``write`` the value stands beside its dot. Values (R,); those below ``floor`` are drawn
    there, hollow; where one is infinite or NaN, words say so.
    """
    values, rows = np.asarray(values, dtype=float), np.arange(len(labels))[::-1]
    keys = ["optimal"] * len(rows) if rules is None else rules
    colors = [style.rule(key).color for key in keys] if colors is None else colors
    if log:
        axes.set_xscale("log")
    shown = values if floor is None else np.maximum(values, floor)
    left = 0 if floor is None else floor
    stem: dict[str, Any] = {"linewidth": 1.1, "alpha": 0.45, "zorder": 2}
    small: dict[str, Any] = {"fontsize": style.TINY, "fontfamily": style.FONT, "va": "center"}
    for row, value, drawn, key, color in zip(rows, values, shown, keys, colors, strict=True):
        if not np.isfinite(value):
            text = "diverges" if value > 0 else "not available"
            edge = axes.get_yaxis_transform()  # a share of the width, and a row
            axes.annotate(text, (0.02, row), xycoords=edge, color=style.MUTED, **small)
            continue
        axes.hlines(row, left, drawn, color=color, **stem)
        _dot(axes, drawn, row, key, color, size=6, edge_width=1.0, hollow=drawn > value)
        if write:
            axes.annotate(
                figures_of(value, 2),
                (drawn, row),
                xytext=(6, 0),
                textcoords="offset points",
                color=style.INK,
                **small,
            )
    return name_rows(axes, labels)


@checked
def tolerance_used(
    axes: Axes,
    labels: Names,
    errors: Entries,
    tolerances: Entries,
    *,
    floor: Positive = 0.0001,
) -> Axes:
    """One row per claim: error / tolerance, where 1 is the limit; failed ones are crosses.

    Errors and tolerances (C,) in the same units; shares below ``floor`` are drawn there, hollow.
    """
    errors, tolerances = np.asarray(errors, dtype=float), np.asarray(tolerances, dtype=float)
    exact = np.where(errors > 0, np.inf, 0.0)  # where nothing is tolerated
    used = np.divide(errors, tolerances, out=exact, where=tolerances > 0)
    met = used <= 1
    shown = np.minimum(np.nan_to_num(used, nan=np.inf), 1e4)
    dot_rows(
        axes,
        labels,
        shown,
        floor=floor,
        colors=[MET if good else FAILED for good in met],
        rules=["optimal" if good else "linear_quadratic" for good in met],
    )
    axes.axvline(1.0, color=style.INK, linewidth=1.0, zorder=1)
    axes.set_xlim(floor / 1.6, max(3.0, 3 * float(shown.max())))
    return axes


def figures_of(value: float, digits: int = 4) -> str:
    """A number in words for tables: "0.4142", "∞", or "—" for NaN."""
    if np.isnan(value):
        return "—"
    return f"{value:.{digits}g}".replace("inf", "∞").replace("-", "−")


def columns_width(columns: Mapping[str, Sequence[str]]) -> float:
    """Width in inches that :func:`number_columns` needs."""
    return 0.062 * float(sum(_lengths(columns)))


def _lengths(columns: Mapping[str, Sequence[object]]) -> list[int]:
    """Letters that each column needs, with a gap of three."""
    return [
        max(len(str(text)) for text in (heading, *entries)) + 3
        for heading, entries in columns.items()
    ]


@checked
def number_columns(axes: Axes, columns: Mapping[str, Sequence[object]]) -> Axes:
    """Columns of words beside rows: ``columns`` maps a heading to its C words.

    Each is as wide as its longest words. Meant for a panel of its own that shares its vertical axis
    with the rows.
    """
    axes.axis("off")
    starts = np.cumsum([0, *_lengths(columns)])
    across = axes.get_yaxis_transform()  # a share of the width, and a row
    for left, (heading, entries) in zip(starts / starts[-1], columns.items(), strict=False):
        rows = np.arange(len(entries))[::-1]
        style.note(axes, left, rows[0] + 0.85, heading, transform=across, color=style.MUTED)
        for row, entry in zip(rows, entries, strict=True):
            style.note(axes, left, row, str(entry), transform=across, color=style.INK)
    return axes


@checked
def name_rows(axes: Axes, labels: Sequence[str]) -> Axes:
    """Name the rows of the vertical axis, first on top: row i of R stands at R - 1 - i."""
    rows = np.arange(len(labels))[::-1]
    style.ticks_in_words(axes, "y", rows, labels)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(axis="y", length=0)
    return axes
