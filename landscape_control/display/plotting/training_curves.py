"""The picture of networks in training: loss and accuracy over epochs, by rule, bands over seeds."""

from types import SimpleNamespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from . import paths, style
from .data import Key, draws
from .several_results import data_of_runs
from .simulated import band

_LINES = ("-", (0, (4, 1.2)), (0, (1.2, 1.2)))  # of recipes that share one look


@draws(
    Key(name="epochs", shape="E", meaning="number of each epoch, 1 for the first"),
    Key(name="labels", shape="R", meaning="words of each recipe", text=True),
    Key(name="rules", shape="R", meaning="key of the look of each recipe", text=True),
    Key(
        name="training_loss",
        shape="R S E",
        meaning="mean loss of the training images while the epoch runs, by recipe and seed",
        gaps=True,
    ),
    Key(
        name="test_accuracy",
        shape="R S E",
        meaning="percentage of test images that are right after it",
        gaps=True,
    ),
    Key(name="title", shape="", meaning="network and data", text=True, group="title"),
    Key(name="published_epochs", shape="P", meaning="published epochs of SGD", group="published"),
    Key(name="published_loss", shape="P", meaning="published loss of SGD", group="published"),
    Key(
        name="published_accuracy",
        shape="P",
        meaning="published accuracy of SGD in percent",
        group="published",
    ),
    of_several=data_of_runs,
)
def training_curves(d: SimpleNamespace) -> Figure:
    """Networks in training: loss and test accuracy over epochs, means over seeds.

    The bands reach from the lowest to the highest seed; with one seed there is none. Epochs in which
    a seed has no number are left out, and a rule without any other stands in the legend alone, as
    diverged. Published numbers are open circles.

    Takes its data, or a list of runs: those of one recipe are its seeds.

    Panels: ``loss``, ``accuracy``.
    """
    figure = style.new_figure(7.4, 3.0 + 0.17 * len(d.labels))
    axes = figure.subplot_mosaic([["loss", "accuracy"]])
    axes["loss"].set_yscale("log")
    _panel(axes["loss"], d, d.training_loss, d.published_loss)
    _panel(axes["accuracy"], d, d.test_accuracy, d.published_accuracy)
    words = "" if d.title is None else f": {d.title}"
    style.label(axes["loss"], "epoch", "training loss", title=f"loss{words}", letter="a")
    style.label(axes["accuracy"], "epoch", "test accuracy in %", title="accuracy", letter="b")
    style.figure_legend(figure, columns=2)
    return figure


def _panel(
    axes: Axes, d: SimpleNamespace, values: np.ndarray, published: np.ndarray | None
) -> None:
    """Mean and band of every recipe over the epochs."""
    rules = list(d.rules)
    for i, (rule, label, seeds) in enumerate(zip(rules, d.labels, values, strict=True)):
        line = _LINES[rules[:i].count(rule) % len(_LINES)]
        known = np.isfinite(seeds).all(axis=0)
        label = label if known.any() else f"{label} (diverged)"
        epochs, seeds = d.epochs[known], seeds[:, known]
        paths.rule_series(
            axes, epochs, seeds.mean(axis=0), rule=rule, label=label, linestyle=line, zorder=3
        )
        if len(seeds) > 1 and known.any():
            low, high = seeds.min(axis=0), seeds.max(axis=0)
            color = style.rule(rule).color
            band(axes, epochs, (low + high) / 2, (high - low) / 2, color)
    if published is not None:
        look = style.hollow(style.rule("sgd").color, "o", 4.2)
        axes.plot(d.published_epochs, published, zorder=4, label="SGD, lr 0.1, published", **look)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
