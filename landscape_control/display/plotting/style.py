"""How everything looks: text sizes, panels, legends, colours of maps, and the look of each rule.

The looks of the rules stand in ``rule_styles``. No global setting of matplotlib is touched.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patheffects import AbstractPathEffect, Normal, Stroke
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from numpy.typing import ArrayLike

from ...support.arguments import Count, NonNegative, Positive, checked
from .rule_styles import RULES, RuleStyle, rule, shades  # noqa: F401 - style.rule(key)

INK, MUTED, FAINT, PAPER = "#1f2933", "#66717d", "#e3e7eb", "#ffffff"
LOW, HIGH, CONTOUR = "#c6d3df", "#fcfcfb", "#a9b6c2"  # low loss, high loss, contour lines
PAYS, COSTS = "#D55E00", "#43586d"  # the two sides of a bargain
TEXT, SMALL, TINY = 8.0, 7.0, 6.3  # points
FONT = "DejaVu Sans"  # travels with matplotlib and holds every symbol used here


BELIEF = COSTS  # mean and variance of what the learner believes, in every figure


def loss_map() -> colors.Colormap:
    """Muted colours of a landscape, valleys slate, heights paper."""
    return colors.LinearSegmentedColormap.from_list("loss", [LOW, "#dfe6ec", HIGH])


def signed_map() -> colors.Colormap:
    """Slate (negative) through paper to vermillion (positive)."""
    return colors.LinearSegmentedColormap.from_list(
        "signed", ["#8094a8", "#dbe2e8", "#fbfbfa", "#f6dcc9", "#e08a4d"]
    )


def halo(width: float = 1.2) -> list[AbstractPathEffect]:
    """Path effect: a thin paper outline, so that a path stays legible on contours and paths."""
    return [Stroke(linewidth=width, foreground=PAPER, alpha=0.9), Normal()]


def hollow(
    color: str, marker: str = "o", size: float = 4.2, line: str | tuple = "none"
) -> dict[str, Any]:
    """Options of ``Axes.plot`` for open markers, the sign of computed values."""
    return {
        "color": color,
        "linestyle": line,
        "marker": marker,
        "markersize": size,
        "markerfacecolor": PAPER,
        "markeredgewidth": 1.0,
    }


def legend_line(label: str, **look: Any) -> Line2D:
    """Legend handle of a line or marker; ``look`` as for ``Axes.plot``, see :func:`hollow`."""
    return Line2D([], [], label=label, **look)


@checked
def new_figure(width: Positive, height: Positive, *, row_gap: NonNegative = 0.06) -> Figure:
    """Empty figure, ``width`` x ``height`` inches; ``row_gap`` in panel heights.

    It is made without pyplot, which would keep every figure alive until it is closed.
    """
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.085, wspace=0.05, hspace=row_gap)
    return Figure(figsize=(width, height), dpi=150, facecolor=PAPER, layout=layout)


def literal(words: str) -> str:
    """Words for matplotlib as they stand: a "$" begins no mathematics.

    Half a surrogate pair, which no font has, becomes "?". For names and units of users and files;
    :func:`label`, :func:`legend`, :func:`note` and :func:`ticks_in_words` use it.
    """
    return words.encode("utf-8", "replace").decode("utf-8").replace("$", r"\$")


def ticks_in_words(axes: Axes, side: str, places: ArrayLike, words: Iterable[str]) -> None:
    """Words, each as it stands, at the ``places`` of the axis ``side`` ("x" or "y")."""
    getattr(axes, f"set_{side}ticks")(places, labels=[literal(word) for word in words])


def label(
    axes: Axes,
    x: str | None = None,
    y: str | None = None,
    *,
    title: str | None = None,
    letter: str = "",
) -> Axes:
    """Axis labels and a left-aligned title that begins with the bold panel letter."""
    if x is not None:
        axes.set_xlabel(literal(x))
    if y is not None:
        axes.set_ylabel(literal(y))
    if title is not None:
        opening = rf"$\mathbf{{{letter}}}$   " if letter else ""
        axes.set_title(
            opening + literal(title), loc="left", fontsize=TEXT + 0.5, color=INK, fontfamily=FONT
        )
    return dress(axes)


@checked
def dress(axes: Axes) -> Axes:
    """Give an Axes this project's spines, ticks and text sizes."""
    axes.set_facecolor(PAPER)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color=MUTED, linewidth=0.7)
    axes.tick_params(
        which="both",
        labelsize=SMALL,
        color=MUTED,
        labelcolor=INK,
        width=0.7,
        direction="out",
        labelfontfamily=FONT,
    )
    axes.tick_params(which="major", length=3.2, pad=2.5)
    axes.tick_params(which="minor", length=1.8)
    for text in (axes.xaxis.label, axes.yaxis.label):
        text.set(fontsize=TEXT, color=INK, fontfamily=FONT)
    axes.grid(visible=False)
    axes.set_axisbelow(True)
    return axes


def note(axes: Axes, x: float, y: float, text: str, **options: Any) -> Text:
    """Small text at (x, y); data coordinates unless ``transform`` says otherwise."""
    settings: dict[str, Any] = {
        "fontsize": SMALL,
        "color": INK,
        "fontfamily": FONT,
        "ha": "left",
        "va": "center",
        "zorder": 8,
    } | options
    return axes.text(x, y, literal(text), **settings)


@checked
def legend(
    axes: Axes | Figure, *, handles: Iterable[object] | None = None, **options: Any
) -> Legend:
    """Legend of an Axes or a Figure in small letters, without a frame."""
    settings: dict[str, Any] = {
        "fontsize": SMALL,
        "frameon": False,
        "labelcolor": INK,
        "handlelength": 2.1,
        "borderaxespad": 0.3,
        "labelspacing": 0.35,
        "columnspacing": 1.3,
        "handletextpad": 0.6,
        "title_fontsize": SMALL,
    } | options
    if handles is not None:
        settings["handles"] = list(handles)
    drawn = axes.legend(**settings)
    drawn.get_title().set(color=INK, fontfamily=FONT)
    for words in drawn.get_texts():
        words.set_text(literal(words.get_text()))
    return drawn


@checked
def legend_below(axes: Axes, *, columns: Count = 2, gap: float = 33.0, **options: Any) -> Legend:
    """Legend ``gap`` points under the panel, below its axis label, where it can cover nothing."""
    where = axes.transAxes + ScaledTranslation(0.0, -gap / 72, axes.figure.dpi_scale_trans)
    return legend(
        axes,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=where,
        ncols=columns,
        **options,
    )


@checked
def figure_legend(figure: Figure, *, columns: Count = 4) -> Legend:
    """One legend under all panels, every label once; fewer columns where the words are long."""
    unique: dict[str, object] = {}
    for panel in figure.axes:
        handles, labels = panel.get_legend_handles_labels()
        unique |= dict(zip(labels, handles, strict=True))
    width = figure.get_figwidth() - 0.2
    fits = [count for count in range(columns, 1, -1) if _legend_width(list(unique), count) < width]
    return legend(
        figure,
        handles=unique.values(),
        labels=list(unique),
        loc="outside lower center",
        ncols=max(fits, default=1),
    )


def _legend_width(labels: Sequence[str], columns: int) -> float:
    """Estimated width in inches: matplotlib fills column by column, the first ones longest."""
    tall, longer = divmod(len(labels), columns)
    ends = np.cumsum([0] + [tall + 1] * longer + [tall] * (columns - longer))
    parts = [labels[i:j] for i, j in zip(ends[:-1], ends[1:], strict=True)]
    longest = [max(map(len, part), default=0) for part in parts]
    # Widths of a letter and of a line with its gaps at the size SMALL.
    return sum(0.058 * length + 0.42 for length in longest)


def map_height(
    width: float,
    axis_1: ArrayLike,
    axis_2: ArrayLike,
    *,
    lowest: float = 2.0,
    highest: float = 5.5,
) -> float:
    """Height in inches of a map with equal axes in a column that wide, kept within limits."""
    panel = width - 0.75  # without the labels of the vertical axis
    return float(np.clip(panel * np.ptp(axis_2) / np.ptp(axis_1), lowest, highest))


def map_figure(
    width: float, share: float, axis_1: ArrayLike, axis_2: ArrayLike, *, rows: int = 2
) -> Figure:
    """Figure as high as a map with equal axes in ``share`` of the width, and its legend."""
    return new_figure(width, map_height(width * share, axis_1, axis_2) + 0.85 + 0.17 * rows)
