"""Building blocks: computed points over theory lines, rates on logarithmic axes, exponents."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from ...support.arguments import Entries, Positive, checked
from . import style
from .places import Curves, LineStyles, Names


@checked
def theory_and_computed(
    axes: Axes,
    *,
    theory: Curves,
    computed: Curves,
    colors: Names,
    labels: Names | None = None,
    markers: Names | None = None,
    lines: LineStyles | None = None,
) -> Axes:
    """Lines for theory, open markers for what was computed, one colour per curve.

    Parameters
    ----------
    theory, computed : pairs (x, y) with x (D,) and y (K, D)
    colors, labels, markers, lines : K entries each
    """
    count = len(colors)
    marker_of = markers or ["o"] * count
    line_of = lines or ["-"] * count
    for i, color in enumerate(colors):
        marker, line = marker_of[i], line_of[i]
        axes.plot(theory[0], theory[1][i], color=color, linewidth=1.4, linestyle=line, zorder=3)
        axes.plot(computed[0], computed[1][i], zorder=4, **style.hollow(color, marker))
        if labels and labels[i] is not None:
            # One entry for both: an empty curve that has the line and the marker.
            both = style.hollow(color, marker, line=line)
            axes.plot([], [], linewidth=1.4, label=labels[i], **both)
    return axes


@checked
def how_to_read(*, markers: str = "computed", lines: str = "theory") -> list[Line2D]:
    """Two legend handles in ink: what markers mean, what lines mean."""
    return [
        Line2D([], [], label=markers, **style.hollow(style.INK)),
        Line2D([], [], color=style.INK, linewidth=1.4, label=lines),
    ]


@checked
def log_axes(axes: Axes, which: Literal["x", "y", "xy"] = "xy") -> Axes:
    """Logarithmic scale with at most six labelled decades and unlabelled minor ticks."""
    for name in which:
        getattr(axes, f"set_{name}scale")("log")
        side = getattr(axes, f"{name}axis")
        side.set_major_locator(LogLocator(base=10, numticks=7))
        side.set_minor_formatter(NullFormatter())
    return axes


@checked
def measured_slope(x: Entries, y: Entries) -> float:
    """Slope of log y against log x by least squares over y > 0; NaN of fewer than two points."""
    good = np.asarray(y) > 0
    if good.sum() < 2:
        return float("nan")
    log_x, log_y = np.log(np.asarray(x)[good]), np.log(np.asarray(y)[good])
    slope, _ = np.polyfit(log_x, log_y, 1)
    return float(slope)


@checked
def rate_plot(
    axes: Axes,
    x: Entries,
    error: Entries,
    *,
    slope: float,
    rule: str = "gradient_descent",
    prediction: Entries | None = None,
    measured: float | None = None,
    label: str | None = None,
) -> Axes:
    """Errors (S,) on log-log axes, with their measured slope and a triangle of the predicted one.

    ``prediction`` (S,) draws the predicted error itself; ``measured`` is the slope to print, by
    default that of all points. Errors that are exactly zero are left out.
    """
    good = np.asarray(error) > 0  # a logarithmic axis has no place for an error of zero
    x, error = np.asarray(x)[good], np.asarray(error)[good]
    if measured is None:
        measured = measured_slope(x, error)
    look = style.rule(rule)
    log_axes(axes)
    if prediction is not None:
        axes.plot(
            x,
            np.asarray(prediction)[good],
            color=style.INK,
            linewidth=1.2,
            linestyle=(0, (4, 2)),
            zorder=2,
            label="predicted error",
        )
    name = "computed" if label is None else label
    entry = f"{name}, slope {measured:+.2f}".replace("-", "−")
    axes.plot(x, error, zorder=4, label=entry, **style.hollow(look.color, look.marker, 4.6))
    return slope_triangle(axes, x, error, slope)


@checked
def slope_triangle(axes: Axes, x: Entries, y: Entries, slope: float) -> Axes:
    """Right triangle of the given slope under the curve (x, y), labelled with the slope."""
    logs, log_y = np.log10(x), np.log10(y)
    middle = (logs.min() + logs.max()) / 2
    half = (logs.max() - logs.min()) / 9
    left, right = 10 ** (middle - half), 10 ** (middle + half)
    order = np.argsort(x)
    height = 10 ** np.interp(middle, logs[order], log_y[order])
    shift = 10 ** (-0.1 * np.ptp(log_y))  # below the curve
    low, high = (height * shift * (at / 10**middle) ** slope for at in (left, right))
    # The right angle lies under the hypotenuse, and the slope is written beside it.
    if slope > 0:
        corner, offset, side = (right, low), (4, 0), "left"
    else:
        corner, offset, side = (left, high), (-4, 0), "right"
    axes.fill(
        *zip((left, low), (right, high), corner, strict=True),
        facecolor=style.FAINT,
        edgecolor=style.MUTED,
        linewidth=0.8,
        zorder=1,
    )
    axes.annotate(
        f"{slope:+g}".replace("-", "−"),
        (corner[0], np.sqrt(low * high)),
        xytext=offset,
        ha=side,
        va="center",
        textcoords="offset points",
        fontsize=style.SMALL,
        color=style.INK,
        fontfamily=style.FONT,
    )
    return axes


@checked
def exponent_axis(axes: Axes, *, top: Positive = 0.5) -> Axes:
    """Axis of the exponent p with its landmarks: 0 gradient descent, ½ ballistic, 1 Newton."""
    landmarks = [(0.0, "gradient_descent"), (0.5, "ballistic"), (1.0, "newton")]
    for value, key in landmarks:
        if value <= top + 1e-9:
            look = style.rule(key)
            axes.axhline(
                value, color=look.color, linewidth=1.0, linestyle=look.line, alpha=0.8, zorder=1
            )
    axes.set_ylim(-0.12 * top, 1.12 * top)
    return axes


@checked
def exponent_curves(
    axes: Axes,
    *,
    theory: Curves,
    computed: Curves,
    colors: Names,
    labels: Names | None = None,
    markers: Names | None = None,
    top: Positive = 0.5,
) -> Axes:
    """Exponents p = 1 - d log r/d log h over curvature, discount or horizon, with landmarks."""
    log_axes(axes, "x")
    exponent_axis(axes, top=top)
    return theory_and_computed(
        axes, theory=theory, computed=computed, colors=colors, labels=labels, markers=markers
    )
