"""Planning for the worst curvature instead of the average one.

Chebyshev's steps, and the silver ones if given.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, evidence, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Axes, Figure
from ...display.plotting.simulated import letters

WORST, AVERAGE = style.rule("optimal"), style.rule("average_case")
THEORY = style.rule("chebyshev")


@draws(
    Key(name="steps", shape="T", meaning="steps t = 0, 1, ..., T − 1"),
    Key(
        name="minimax_steps",
        shape="T",
        meaning="computed α_t that make the worst curvature least, in any order",
    ),
    Key(
        name="chebyshev_steps",
        shape="T",
        meaning="1/Chebyshev nodes of the spectrum's interval, in any order",
    ),
    Key(name="curvatures", shape="C", meaning="h"),
    Key(name="minimax_gain", shape="C", meaning="|θ_T/θ_0| over h, worst case made least"),
    Key(
        name="average_gain",
        shape="C",
        meaning="|θ_T/θ_0| over h of the rule that is best on average",
    ),
    Key(name="horizons", shape="H", meaning="horizons T of the largest (θ_T/θ_0)²"),
    Key(name="worst_computed", shape="H", meaning="least largest (θ_T/θ_0)² over h, computed"),
    Key(name="worst_theory", shape="H", meaning="the same, known"),
    Key(
        name="worst_of_average",
        shape="H",
        meaning="largest (θ_T/θ_0)² of the rule that is best on average",
    ),
    Key(
        name="silver_steps",
        shape="P",
        meaning="computed steps for all smooth convex functions",
        group="silver",
    ),
    Key(name="silver_steps_theory", shape="P", meaning="silver step sizes", group="silver"),
)
def worst_case_steps(d: SimpleNamespace) -> Figure:
    """Planning for the worst curvature instead of the average one.

    Chebyshev's steps, and the silver ones if given. Panels: ``steps``, ``gain``, ``worst``,
    ``silver`` if given.
    """
    names = ["steps", "gain", "worst"]
    if d.silver_steps is not None:
        names.append("silver")
    figure, letter_of = style.new_figure(0.4 + 2.35 * len(names), 3.0), letters(names)
    axes = figure.subplot_mosaic([names])
    panels = {"steps": _steps, "gain": _gain, "worst": _worst, "silver": _silver}
    for name in names:
        panels[name](axes[name], d, letter_of[name])
        style.legend_below(axes[name], columns=1)
    return figure


def _steps(panel: Axes, d: SimpleNamespace, letter: str) -> None:
    order = np.arange(1, len(d.steps) + 1)
    known, computed = np.sort(d.chebyshev_steps), np.sort(d.minimax_steps)
    panel.plot(order, known, color=THEORY.color, linewidth=1.2, label="Chebyshev")
    panel.plot(order, computed, label="computed, sorted", **style.hollow(WORST.color, size=4.0))
    curves.log_axes(panel, "y")
    style.label(panel, "rank", "learning rate α", title="steps", letter=letter)


def _gain(panel: Axes, d: SimpleNamespace, letter: str) -> None:
    panel.plot(
        d.curvatures,
        d.average_gain,
        color=AVERAGE.color,
        linestyle=AVERAGE.line,
        linewidth=1.4,
        label=AVERAGE.label,
    )
    name = "best in the worst case"
    panel.plot(d.curvatures, d.minimax_gain, color=WORST.color, linewidth=1.6, label=name)
    title = "evenly bad everywhere"
    style.label(panel, "curvature h", "|θ(T) / θ(0)|", title=title, letter=letter)


def _worst(panel: Axes, d: SimpleNamespace, letter: str) -> None:
    curves.log_axes(panel, "y")
    panel.plot(d.horizons, d.worst_theory, color=THEORY.color, linewidth=1.2, label="theory")
    panel.plot(
        d.horizons,
        d.worst_of_average,
        color=AVERAGE.color,
        marker=AVERAGE.marker,
        markersize=3.6,
        linestyle=AVERAGE.line,
        linewidth=1.2,
        label=AVERAGE.label,
    )
    look = style.hollow(WORST.color, size=4.4)
    panel.plot(d.horizons, d.worst_computed, label="best in the worst case", **look)
    style.label(
        panel, "horizon T", "largest (θ(T) / θ(0))²", title="how fast it falls", letter=letter
    )


def _silver(axes: Axes, d: SimpleNamespace, letter: str) -> None:
    order = np.arange(len(d.silver_steps))
    axes.vlines(order, 0, d.silver_steps_theory, color=THEORY.color, linewidth=1.0, zorder=2)
    axes.plot(
        order,
        d.silver_steps_theory,
        linestyle="none",
        marker="_",
        markersize=7,
        color=THEORY.color,
        label="silver",
    )
    axes.plot(
        order, d.silver_steps, label="computed", zorder=4, **style.hollow(WORST.color, size=4.0)
    )
    axes.set_ylim(0, 1.1 * max(np.max(d.silver_steps), np.max(d.silver_steps_theory)))
    style.label(
        axes,
        "step t",
        "learning rate × smoothness",
        title=f"convex functions: {evidence.figures_of(float(len(order)), 3)} steps",
        letter=letter,
    )
