"""The picture of a training run by a derived optimizer: losses, rates, momentum, curvature."""

from types import SimpleNamespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import curves, style
from .data import Key, draws
from .several_results import data_of_derived

_MOST = 600  # points of a line: single batches of long runs are drawn as means


@draws(
    Key(name="steps", shape="T", meaning="number of each step, 1 for the first"),
    Key(name="batch_loss", shape="T", meaning="loss of each batch; NaN where unknown", gaps=True),
    Key(name="rate", shape="T", meaning="factor of the newest gradient; 0 in lost steps"),
    Key(name="measured_at", shape="M", meaning="steps made before each measurement"),
    Key(name="measured_loss", shape="M", meaning="measured loss"),
    Key(name="curvature", shape="M", meaning="measured largest curvature"),
    Key(name="planned_at", shape="S", meaning="steps made before each plan"),
    Key(name="momentum", shape="S", meaning="momentum of each plan"),
    Key(name="exponent", shape="S", meaning="exponent p of the metric of each plan"),
    Key(
        name="rolled_back_at",
        shape="R",
        meaning="steps at which the weights went back",
        group="rolled back",
    ),
    of_several=data_of_derived,
)
def derived_run(d: SimpleNamespace) -> Figure:
    """A run of a derived optimizer: loss, rate, momentum with exponent, largest curvature.

    Lines are batches (means of neighbours where there are many), open circles measurements, crosses
    on the loss steps at which the weights went back.

    Takes its data, or the optimizer itself.

    Panels: ``loss``, ``rate``, ``momentum``, ``curvature``.
    """
    figure = style.new_figure(7.4, 5.2, row_gap=0.1)
    axes = figure.subplot_mosaic([["loss", "rate"], ["momentum", "curvature"]])
    _loss(axes["loss"], d)
    ink, computed = style.INK, style.rule("optimal").color
    made = d.rate > 0
    axes["rate"].plot(d.steps[made], d.rate[made], color=computed, linewidth=1.2, zorder=3)
    curves.log_axes(axes["rate"], "y")
    ends = np.append(d.planned_at, d.steps[-1])
    axes["momentum"].stairs(d.momentum, ends, baseline=None, color=computed, label="momentum β")
    axes["momentum"].stairs(
        d.exponent, ends, baseline=None, color=ink, linestyle=(0, (4, 1.2)), label="exponent p"
    )
    axes["momentum"].set_ylim(-0.03, 1.03)
    axes["curvature"].plot(d.measured_at, d.curvature, **style.hollow(computed, "o", line="-"))
    curves.log_axes(axes["curvature"], "y")
    for letter, (name, words) in zip(
        "abcd",
        {
            "loss": "training loss",
            "rate": "learning rate α",
            "momentum": "momentum, exponent",
            "curvature": "largest curvature",
        }.items(),
        strict=True,
    ):
        style.label(axes[name], "step", words, letter=letter)
    style.legend(axes["loss"])
    style.legend(axes["momentum"])
    return figure


def _loss(axes: Axes, d: SimpleNamespace) -> None:
    """Batches, measurements, and where the weights went back."""
    width = max(1, len(d.steps) // _MOST)
    whole = len(d.steps) // width * width
    loss = d.batch_loss[:whole].reshape(-1, width).mean(axis=1)
    steps = d.steps[:whole].reshape(-1, width).mean(axis=1)
    color = style.rule("optimal").color
    words = "batches" if width == 1 else f"means of {width} batches"
    axes.plot(steps, loss, color=color, linewidth=0.7, alpha=0.6, zorder=2, label=words)
    look = style.hollow(style.INK, "o", 4.2)
    axes.plot(d.measured_at, d.measured_loss, zorder=4, label="measured", **look)
    if d.rolled_back_at is not None and len(d.rolled_back_at):
        at = np.interp(d.rolled_back_at, d.measured_at, d.measured_loss)
        axes.plot(
            d.rolled_back_at, at, "x", color=style.INK, markersize=6, zorder=5, label="rolled back"
        )
    curves.log_axes(axes, "y")
