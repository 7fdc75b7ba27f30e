"""The picture of planned paths of networks beside gradient flow to the same loss."""

from types import SimpleNamespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import paths, style
from .data import Key, draws
from .several_results import data_of_network_paths

_SPREAD = 0.24  # of the seeds' dots about the row of a ratio


@draws(
    Key(name="plan_lengths", shape="S N", meaning="length of each plan up to N points of it"),
    Key(name="plan_losses", shape="S N", meaning="loss there"),
    Key(name="flow_lengths", shape="S M", meaning="length of each gradient flow up to M points"),
    Key(name="flow_losses", shape="S M", meaning="loss there"),
    Key(name="labels", shape="R", meaning="words of each ratio", text=True),
    Key(name="ratios", shape="S R", meaning="planned to flow, by seed"),
    Key(name="means", shape="R", meaning="mean ratio over seeds"),
    Key(name="half_widths", shape="R", meaning="half width of its interval", gaps=True),
    Key(name="title", shape="", meaning="network and data", text=True, group="title"),
    of_several=data_of_network_paths,
)
def network_paths(d: SimpleNamespace) -> Figure:
    """Planned paths of a network and gradient flow: loss over length, and ratios over seeds.

    Every seed is a line in the first panel and a dot in each row of the second, whose bars are
    intervals of the mean. A ratio of 1, no difference, is the line.

    Takes its data, or a list of pairs (plan, gradient flow), one a seed.

    Panels: ``loss``, ``ratios``.
    """
    figure = style.new_figure(7.4, 3.2)
    axes = figure.subplot_mosaic([["loss", "ratios"]])
    axes["loss"].set_yscale("log")
    for rule, label, lengths, losses in (
        ("gradient_descent", "gradient flow", d.flow_lengths, d.flow_losses),
        ("optimal", "optimal plan", d.plan_lengths, d.plan_losses),
    ):
        for along, loss in zip(lengths, losses, strict=True):
            paths.rule_series(axes["loss"], along, loss, rule=rule, label=label, linewidth=0.9)
    words = "" if d.title is None else f": {d.title}"
    style.label(
        axes["loss"], "length of the path", "training loss", title=f"loss{words}", letter="a"
    )
    _ratios(axes["ratios"], d)
    style.label(axes["ratios"], "planned / gradient flow", title="ratios over seeds", letter="b")
    style.figure_legend(figure, columns=4)
    return figure


def _ratios(axes: Axes, d: SimpleNamespace) -> None:
    """A row for each ratio, the first on top."""
    rows = -np.arange(len(d.labels), dtype=float)
    beside = np.linspace(-_SPREAD, _SPREAD, len(d.ratios)) if len(d.ratios) > 1 else np.zeros(1)
    for place, row in enumerate(rows):
        axes.plot(
            d.ratios[:, place],
            row + beside,
            linestyle="none",
            marker=".",
            markersize=4,
            color=style.MUTED,
            label=None if place else "seeds",
        )
    known = np.where(np.isfinite(d.half_widths), d.half_widths, 0.0)
    axes.errorbar(
        d.means,
        rows,
        xerr=known,
        linestyle="none",
        marker="o",
        markersize=4.5,
        capsize=3,
        color=style.rule("optimal").color,
        label="mean, 95 % interval",
        zorder=4,
    )
    axes.axvline(1.0, color=style.MUTED, linewidth=0.8, zorder=1)
    style.ticks_in_words(axes, "y", rows, d.labels)
    axes.set_ylim(rows[-1] - 0.6, 0.6)
