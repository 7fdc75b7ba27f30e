"""Where the metric is not the Hessian: three rules, three directions, and what each of them feels."""

import numpy as np

from ...display.plotting import landscapes, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID


@draws(
    *GRID,
    Key(name="minimum", shape="2", meaning="where the model fits best"),
    Key(name="start", shape="2", meaning="where the rules are asked"),
    Key(name="rules", shape="R", meaning="keys of the rules", text=True),
    Key(name="moves", shape="R 2", meaning="update of each rule at the start, any length"),
    Key(name="cases", shape="C", meaning="what was exchanged, in words", text=True),
    Key(name="changes", shape="C R", meaning="computed relative change of each rule"),
    Key(name="changes_theory", shape="C R", meaning="the same by the formulas"),
)
def metric_is_not_hessian(d):
    """Where the metric is not the Hessian: three rules, three directions, and what each of them
    feels.

    Panels: ``map``, ``change``.
    """
    figure = style.map_figure(7.4, 0.55, d.axis_1, d.axis_2)
    axes = figure.subplot_mosaic([["map", "change"]], width_ratios=[1.2, 1])
    landscapes.loss_contours(axes["map"], d.axis_1, d.axis_2, d.loss)
    axes["map"].set_aspect("equal", anchor="N")
    for key, move in zip(d.rules, d.moves, strict=True):
        look = style.rule(key)
        landscapes.arrows(
            axes["map"], d.start[None], move[None], color=look.color, label=look.label, length=0.24
        )
    landscapes.minima(axes["map"], d.minimum)
    landscapes.start(axes["map"], d.start)
    style.label(axes["map"], "location m", "log-scale ρ", title="a wrong model's loss", letter="a")
    _changes(axes["change"], d)
    style.figure_legend(figure)
    return figure


def _changes(axes, d):
    """Bars of theory with computed points, a group for each exchanged matrix."""
    places = np.arange(len(d.cases))[:, None] + 0.25 * (np.arange(len(d.rules)) - 1)
    for key, place, theory, computed in zip(
        d.rules, places.T, d.changes_theory.T, d.changes.T, strict=True
    ):
        tone = style.rule(key).color
        axes.bar(place, theory, width=0.2, color=tone, alpha=0.35)
        axes.plot(place, computed, **style.hollow(tone))
    style.ticks_in_words(axes, "x", np.arange(len(d.cases)), d.cases)
    style.label(
        axes,
        None,
        "relative change of the rule",
        title="bars theory, points computed",
        letter="b",
    )
