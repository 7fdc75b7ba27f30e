"""How everything looks: one colour, line and marker per rule, text sizes, panels. No global setting
is touched.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers, completed by Paul
Tol's indigo and wine; rules that share a colour differ in line and marker. Where the same rule is
drawn for several values of a parameter (discounts, say) it keeps its hue and changes its shade, see
:func:`shades`.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.transforms import ScaledTranslation

from ..arguments import Count, NonNegative, Positive, checked

INK, MUTED, FAINT, PAPER = "#1f2933", "#66717d", "#e3e7eb", "#ffffff"
LOW, HIGH, CONTOUR = "#c6d3df", "#fcfcfb", "#a9b6c2"  # low loss, high loss, contour lines
PAYS, COSTS = "#D55E00", "#43586d"  # the two sides of a bargain
TEXT, SMALL, TINY = 8.0, 7.0, 6.3  # points
FONT = "DejaVu Sans"  # travels with matplotlib and holds every symbol used here


@dataclass(frozen=True, kw_only=True)
class RuleStyle:
    """How one rule is drawn, wherever it is drawn.

    Attributes
    ----------
    label : words for legends
    color : hexadecimal
    line : matplotlib line style
    marker : matplotlib marker
    """

    label: str
    color: str
    line: str | tuple = "-"
    marker: str = "o"


RULES = MappingProxyType(
    {
        "optimal": RuleStyle(label="optimal plan", color="#D55E00", marker="o"),
        "gradient_descent": RuleStyle(label="gradient descent", color="#0072B2", marker="s"),
        "natural_gradient": RuleStyle(
            label="natural gradient", color="#56B4E9", line=(0, (6, 1.2)), marker="D"
        ),
        "newton": RuleStyle(label="Newton", color="#009E73", marker="^"),
        "held_newton": RuleStyle(
            label="held-plan Newton", color="#009E73", line=(0, (4, 1.5, 1, 1.5)), marker="v"
        ),
        "ballistic": RuleStyle(label="ballistic", color="#332288", line=(0, (5, 1.5)), marker="P"),
        "linear_quadratic": RuleStyle(
            label="linear-quadratic", color="#000000", line=(0, (3, 1.3)), marker="X"
        ),
        "momentum": RuleStyle(label="momentum", color="#CC79A7", marker="p"),
        "second_order": RuleStyle(
            label="second-order law", color="#882255", line=(0, (7, 1.5, 1.5, 1.5)), marker="h"
        ),
        "proximal": RuleStyle(label="proximal step", color="#E69F00", marker="*"),
        "none": RuleStyle(label="no rule fits", color="#bcc2c9", line=":", marker="x"),
        # under uncertainty: optimal in beliefs, methods that compute it, learners that see raw
        # gradients, ways to forget
        "belief_optimal": RuleStyle(
            label="optimal in beliefs", color="#D55E00", line="-", marker="o"
        ),
        "certainty_equivalent": RuleStyle(
            label="certainty equivalent", color="#0072B2", line=(0, (5, 1.2)), marker="v"
        ),
        "dynamic_programming": RuleStyle(
            label="dynamic programming", color="#000000", line="-", marker="o"
        ),
        "transcription": RuleStyle(
            label="transcription", color="#CC79A7", line=(0, (6, 1.2, 1.2, 1.2)), marker="s"
        ),
        "replanning": RuleStyle(label="replanning", color="#009E73", line=(0, (3, 1)), marker="^"),
        "belief_adam": RuleStyle(label="Adam from beliefs", color="#E69F00", line="-", marker="h"),
        "adam": RuleStyle(label="Adam", color="#332288", line="-", marker="P"),
        "adam_uncorrected": RuleStyle(
            label="Adam, no bias correction", color="#332288", line=(0, (1, 1)), marker="X"
        ),
        "rmsprop": RuleStyle(
            label="RMSProp", color="#56B4E9", line=(0, (5, 1.2, 1.2, 1.2)), marker="D"
        ),
        "sgd": RuleStyle(label="SGD", color="#0072B2", line=(0, (2.5, 1)), marker="s"),
        "moving_average": RuleStyle(
            label="moving average", color="#56B4E9", line=(0, (4, 1.5)), marker="D"
        ),
        "nesterov": RuleStyle(label="Nesterov", color="#882255", line=(0, (2, 1)), marker="<"),
        "no_reset": RuleStyle(label="no reset", color="#000000", line=(0, (1.2, 1.2)), marker="x"),
        "full_reset": RuleStyle(
            label="full reset at switches", color="#009E73", line=(0, (5, 1.2)), marker="^"
        ),
        "l2_decay": RuleStyle(
            label="L2 decay to the start", color="#0072B2", line=(0, (4, 1, 1.2, 1)), marker="d"
        ),
        "shrink_and_perturb": RuleStyle(
            label="shrink and perturb", color="#CC79A7", line=(0, (3, 1, 1, 1, 1, 1)), marker="p"
        ),
        # families of causal rules and schedules of their step
        "scheduled_descent": RuleStyle(
            label="scheduled descent", color="#56B4E9", line=(0, (5, 1.2)), marker="v"
        ),
        "heavy_ball": RuleStyle(label="heavy ball", color="#CC79A7", marker="p"),
        "first_order_span": RuleStyle(
            label="span of all gradients", color="#000000", line=(0, (1.2, 1.2)), marker="X"
        ),
        "adam_family": RuleStyle(label="Adam family", color="#E69F00", marker="h"),
        "adagrad": RuleStyle(label="AdaGrad", color="#009E73", line=(0, (3, 1.2)), marker="^"),
        "weight_decay": RuleStyle(
            label="weight decay", color="#882255", line=(0, (4, 1.2)), marker="d"
        ),
        "momentum_with_decay": RuleStyle(
            label="momentum with decay", color="#E69F00", line=(0, (4, 1.2)), marker="D"
        ),
        "sign_descent": RuleStyle(
            label="sign descent", color="#332288", line=(0, (2, 1)), marker=">"
        ),
        "lion": RuleStyle(label="Lion", color="#332288", line=(0, (6, 1.2)), marker="P"),
        "gated": RuleStyle(label="gated policy", color="#009E73", marker="*"),
        "neural": RuleStyle(label="neural policy", color="#009E73", line=(0, (1.2, 1)), marker="*"),
        "constant": RuleStyle(label="constant", color="#0072B2", line=(0, (5, 1.3)), marker="s"),
        "inverse_time": RuleStyle(label="1/t", color="#009E73", line=(0, (3, 1)), marker="^"),
        "cosine": RuleStyle(
            label="cosine", color="#CC79A7", line=(0, (6, 1.2, 1.2, 1.2)), marker="p"
        ),
        "warmup_stable_decay": RuleStyle(
            label="warm-up, stable, decay", color="#332288", line=(0, (1.5, 1)), marker="D"
        ),
        "chebyshev": RuleStyle(label="Chebyshev", color="#000000", line=(0, (4, 1.4)), marker="X"),
        "average_case": RuleStyle(
            label="best on average", color="#0072B2", line=(0, (5, 1.3)), marker="s"
        ),
    }
)
BELIEF = COSTS  # mean and variance of what the learner believes, in every figure
_PREFIXES = MappingProxyType(
    {  # variants keep the colour of what they vary
        "decayed_": ("decayed ", (0, (2, 1.2)), "d"),
        "drift_compensated_": ("drift-compensated ", (0, (5, 1, 1, 1, 1, 1)), "H"),
    }
)
_SPARE_LINES = ((0, (1, 1)), (0, (3, 1, 1, 1)), (0, (8, 2)), (0, (2, 2)))
_SPARE_MARKERS = "<>8"


@checked
def rule(key: str) -> RuleStyle:
    """Style of the rule called ``key``.

    ``decayed_`` and ``drift_compensated_`` variants take the colour of the rule they vary, with a
    line and marker of their own; a rule this table does not know is grey, with line and marker
    chosen by its name, always the same.
    """
    key = str(key)
    if key in RULES:
        return RULES[key]
    for prefix, (words, line, marker) in _PREFIXES.items():
        if key.startswith(prefix):
            base = rule(key.removeprefix(prefix))
            return RuleStyle(label=words + base.label, color=base.color, line=line, marker=marker)
    pick = zlib.crc32(key.encode("utf-8", "surrogatepass"))
    return RuleStyle(
        label=key.replace("_", " "),
        color="#555b63",
        line=_SPARE_LINES[pick % len(_SPARE_LINES)],
        marker=_SPARE_MARKERS[pick % len(_SPARE_MARKERS)],
    )


@checked
def shades(key: str, count: Count) -> list[str]:
    """``count`` shades of a rule's colour, dark to light: one rule at several values of a
    parameter.
    """
    base = np.array(colors.to_rgb(rule(key).color))
    ramp = colors.LinearSegmentedColormap.from_list(
        "shades", [0.28 * base, 0.75 * base, base, 0.5 + 0.5 * base]
    )
    where = [0.55] if count == 1 else np.linspace(0.0, 1.0, count)
    return [colors.to_hex(ramp(w)) for w in where]


def loss_map() -> colors.Colormap:
    """Muted colours of a landscape, valleys slate, heights paper."""
    return colors.LinearSegmentedColormap.from_list("loss", [LOW, "#dfe6ec", HIGH])


def signed_map() -> colors.Colormap:
    """Slate (negative) through paper to vermillion (positive)."""
    return colors.LinearSegmentedColormap.from_list(
        "signed", ["#8094a8", "#dbe2e8", "#fbfbfa", "#f6dcc9", "#e08a4d"]
    )


def halo(width: float = 1.2) -> list:
    """Path effect: a thin paper outline, so that a path stays legible on contours and on other
    paths.
    """
    return [Stroke(linewidth=width, foreground=PAPER, alpha=0.9), Normal()]


def hollow(color: str, marker: str = "o", size: float = 4.2, line: str = "none") -> dict:
    """Options of ``Axes.plot`` for open markers, the sign of computed values."""
    return {
        "color": color,
        "linestyle": line,
        "marker": marker,
        "markersize": size,
        "markerfacecolor": PAPER,
        "markeredgewidth": 1.0,
    }


@checked
def new_figure(width: Positive, height: Positive, *, row_gap: NonNegative = 0.06) -> Figure:
    """Empty figure of that size in inches, with constrained layout and without pyplot; ``row_gap``
    in panel heights.
    """
    figure = Figure(figsize=(width, height), dpi=150, facecolor=PAPER, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.085, wspace=0.05, hspace=row_gap)
    return figure


def literal(words: str) -> str:
    """Words for matplotlib as they stand: a "$" begins no mathematics, and half a surrogate pair,
    which no font has, is "?".

    For names and units of users and files; :func:`label`, :func:`legend`, :func:`note` and
    :func:`ticks_in_words` use it.
    """
    return words.encode("utf-8", "replace").decode("utf-8").replace("$", r"\$")


def ticks_in_words(axes, side: str, places, words: Iterable[str]):
    """Words, each as it stands, at the ``places`` of the axis ``side`` ("x" or "y")."""
    getattr(axes, f"set_{side}ticks")(places, labels=[literal(word) for word in words])


def label(
    axes, x: str | None = None, y: str | None = None, *, title: str | None = None, letter: str = ""
):
    """Axis labels and a left-aligned title that opens with the bold panel letter."""
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
def dress(axes: Axes):
    """Give an Axes the house's spines, ticks and text sizes."""
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


def note(axes, x: float, y: float, text: str, **options):
    """Small text at (x, y); data coordinates unless ``transform`` says otherwise."""
    settings = {
        "fontsize": SMALL,
        "color": INK,
        "fontfamily": FONT,
        "ha": "left",
        "va": "center",
        "zorder": 8,
    } | options
    return axes.text(x, y, literal(text), **settings)


@checked
def legend(axes: Axes | Figure, *, handles: Iterable[object] | None = None, **options: object):
    """Legend of an Axes or a Figure in the house's size, without a frame."""
    settings = {
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
def legend_below(axes: Axes, *, columns: Count = 2, gap: float = 33.0, **options: object):
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
def figure_legend(figure: Figure, *, columns: Count = 4):
    """One legend under all panels, every label once, in at most ``columns`` columns and fewer if
    the words are long.
    """
    drawn = [zip(*panel.get_legend_handles_labels(), strict=True) for panel in figure.axes]
    unique = {text: handle for pairs in drawn for handle, text in pairs}
    fits = [
        count
        for count in range(columns, 1, -1)
        if _legend_width(list(unique), count) < figure.get_figwidth() - 0.2
    ]
    return legend(
        figure,
        handles=unique.values(),
        labels=list(unique),
        loc="outside lower center",
        ncols=max(fits, default=1),
    )


def _legend_width(labels, columns):
    """Estimated width in inches: matplotlib fills column by column, the first ones longest."""
    tall, more = divmod(len(labels), columns)
    ends = np.cumsum([0] + [tall + 1] * more + [tall] * (columns - more))
    longest = [max(map(len, labels[i:j]), default=0) for i, j in zip(ends, ends[1:], strict=False)]
    return sum(0.058 * length + 0.42 for length in longest)


def map_height(width: float, axis_1, axis_2, *, lowest: float = 2.0, highest: float = 5.5) -> float:
    """Height in inches of a map with equal axes in a column that wide, kept within limits."""
    return float(np.clip((width - 0.75) * np.ptp(axis_2) / np.ptp(axis_1), lowest, highest))


def map_figure(width: float, share: float, axis_1, axis_2, *, rows: int = 2) -> Figure:
    """Figure whose height fits a map with equal axes in a column of ``share`` of the width and a
    legend of ``rows`` rows.
    """
    return new_figure(width, map_height(width * share, axis_1, axis_2) + 0.85 + 0.17 * rows)
