"""Building blocks: policy samples against rules, coefficients with intervals, theory against
computation.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from ...support.arguments import Entries, Positive, checked
from . import style

MET, FAILED = style.RULES["newton"].color, style.RULES["optimal"].color


@checked
def policy_scatter(
    axes: Axes,
    descent: Entries,
    controls: Entries,
    *,
    groups: object = None,
    group_labels: object = None,
    gain: float | None = None,
    rule: str = "gradient_descent",
    gain_label: str | None = None,
) -> Axes:
    """Controls u* (S,) against -∇L (S,), shaded by group (S,), with the line u = gain · (-∇L) of a
    fitted rule.
    """
    descent, controls = np.asarray(descent), np.asarray(controls)
    groups = np.zeros(len(descent)) if groups is None else np.asarray(groups)
    kinds = np.unique(groups)
    names = [None] * len(kinds) if group_labels is None else group_labels
    axes.locator_params(nbins=6)
    _cross(axes)
    for kind, shade, name in zip(kinds, style.shades("optimal", len(kinds)), names, strict=True):
        inside = groups == kind
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
    rules: object,
    labels: object = None,
) -> Axes:
    """What each rule predicts (R, S) against the optimal controls (S,): a rule that fits lies on
    the diagonal.
    """
    controls, predicted = np.asarray(controls), np.atleast_2d(predicted)
    _cross(axes)
    reach = np.array([controls.min(), controls.max()])
    axes.plot(reach, reach, color=style.INK, linewidth=1.0, zorder=2)
    size = float(np.clip(4000 / len(controls), 7, 15))
    axes.locator_params(nbins=6)
    for i, (row, key, name) in enumerate(
        zip(predicted, rules, labels or [None] * len(predicted), strict=True)
    ):
        look = style.rule(key)
        axes.scatter(
            controls,
            row,
            s=size,
            marker=look.marker,
            facecolor=look.color if look.marker in "xX+P" else "none",
            edgecolor=look.color,
            linewidth=0.9,
            alpha=0.85,
            zorder=4 - i / len(rules),
            label=name or look.label,
        )
    return axes


def _cross(axes):
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    axes.axvline(0, color=style.FAINT, linewidth=0.8, zorder=0)


@checked
def forest(
    axes: Axes,
    labels: object,
    estimates: Entries,
    lower: Entries,
    upper: Entries,
    *,
    theory: object = None,
    rules: object = None,
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
        look = style.rule(key)
        axes.plot(
            [low, high],
            [row, row],
            color=look.color,
            linewidth=2.0,
            solid_capstyle="butt",
            zorder=3,
        )
        face, edge = (look.color, style.PAPER) if compared else (style.PAPER, look.color)
        axes.plot(
            value,
            row,
            marker=look.marker,
            color=look.color,
            markersize=5.5,
            markerfacecolor=face,
            markeredgecolor=edge,
            markeredgewidth=0.9,
            zorder=4,
            linestyle="none",
        )
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


@checked
def dot_rows(
    axes: Axes,
    labels: object,
    values: Entries,
    *,
    rules: object = None,
    colors: object = None,
    log: bool = True,
    floor: Positive | None = None,
    write: bool = False,
) -> Axes:
    """One dot per row, first on top, on a stem from the left edge; with ``write`` the value stands
    beside it.

    Values (R,); those below ``floor`` are drawn there, hollow; where one is infinite or NaN, words
    say so.
    """
    values, rows = np.asarray(values, dtype=float), np.arange(len(labels))[::-1]
    looks = [style.rule(key) for key in (["optimal"] * len(rows) if rules is None else rules)]
    colors = [look.color for look in looks] if colors is None else colors
    if log:
        axes.set_xscale("log")
    shown = values if floor is None else np.maximum(values, floor)
    for row, value, drawn, look, color in zip(rows, values, shown, looks, colors, strict=True):
        if not np.isfinite(value):
            axes.annotate(
                "diverges" if value > 0 else "not available",
                (0.02, row),
                xycoords=axes.get_yaxis_transform(),
                fontsize=style.TINY,
                color=style.MUTED,
                fontfamily=style.FONT,
                va="center",
            )
            continue
        axes.hlines(
            row,
            floor if floor is not None else 0,
            drawn,
            color=color,
            linewidth=1.1,
            alpha=0.45,
            zorder=2,
        )
        edge, face = (color, style.PAPER) if drawn > value else (style.PAPER, color)
        axes.plot(
            drawn,
            row,
            color=color,
            marker=look.marker,
            markersize=6,
            linestyle="none",
            zorder=4,
            markeredgewidth=1.0,
            markeredgecolor=edge,
            markerfacecolor=face,
        )
        if write:
            axes.annotate(
                figures_of(value, 2),
                (drawn, row),
                xytext=(6, 0),
                textcoords="offset points",
                fontsize=style.TINY,
                color=style.INK,
                fontfamily=style.FONT,
                va="center",
            )
    return name_rows(axes, labels)


@checked
def tolerance_used(
    axes: Axes,
    labels: object,
    errors: Entries,
    tolerances: Entries,
    *,
    floor: Positive = 0.0001,
) -> Axes:
    """One row per claim: error / tolerance on a logarithmic axis, where 1 is the limit; met ones
    dots, failed ones crosses.

    Errors and tolerances (C,) in the same units; shares below ``floor`` are drawn there, hollow.
    """
    errors, tolerances = np.asarray(errors, dtype=float), np.asarray(tolerances, dtype=float)
    used = np.divide(
        errors, tolerances, out=np.where(errors > 0, np.inf, 0.0), where=tolerances > 0
    )
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


def _lengths(columns):
    return [
        max(len(str(text)) for text in (heading, *words)) + 3 for heading, words in columns.items()
    ]


@checked
def number_columns(axes: Axes, columns: Mapping[str, Sequence[object]]) -> Axes:
    """Columns of words beside rows, ``columns`` mapping a heading to its C words, as wide as their
    longest words.

    Meant for a panel of its own that shares its vertical axis with the rows.
    """
    axes.axis("off")
    starts = np.cumsum([0, *_lengths(columns)])
    for at, (heading, words) in zip(starts / starts[-1], columns.items(), strict=False):
        rows = np.arange(len(words))[::-1]
        for row, text in zip([rows[0] + 0.85, *rows], [heading, *words], strict=True):
            style.note(
                axes,
                at,
                row,
                str(text),
                transform=axes.get_yaxis_transform(),
                color=style.MUTED if text is heading else style.INK,
            )
    return axes


@checked
def name_rows(axes: Axes, labels: Sequence[str]) -> Axes:
    """Name the rows of the vertical axis, first on top: row i of R stands at R - 1 - i."""
    rows = np.arange(len(labels))[::-1]
    style.ticks_in_words(axes, "y", rows, labels)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(axis="y", length=0)
    return axes
