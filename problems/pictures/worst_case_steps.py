"""Planning for the worst curvature instead of the average one: Chebyshev's steps, and the silver ones if given."""

import numpy as np

from ...display.plotting import curves, evidence, style
from ...display.plotting.data import Key, draws
from ...display.plotting.simulated import letters


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
    Key(name="horizons", shape="H", meaning="horizons T of the worst cases"),
    Key(name="worst_computed", shape="H", meaning="least worst case, computed"),
    Key(name="worst_theory", shape="H", meaning="the same, known"),
    Key(
        name="worst_of_average", shape="H", meaning="worst case of the rule that is best on average"
    ),
    Key(
        name="silver_steps",
        shape="P",
        meaning="computed steps for all smooth convex functions",
        group="silver",
    ),
    Key(name="silver_steps_theory", shape="P", meaning="silver step sizes", group="silver"),
)
def worst_case_steps(d):
    """Planning for the worst curvature instead of the average one: Chebyshev's steps, and the
    silver ones if given.

    Panels: ``steps``, ``gain``, ``worst``, ``silver`` if given.
    """
    names = ["steps", "gain", "worst"] + ["silver"] * (d.silver_steps is not None)
    figure, named = style.new_figure(0.4 + 2.35 * len(names), 3.0), letters(names)
    axes, worst, average = (
        figure.subplot_mosaic([names]),
        style.rule("optimal"),
        style.rule("average_case"),
    )
    theory = style.rule("chebyshev")
    order = np.arange(1, len(d.steps) + 1)
    axes["steps"].plot(
        order, np.sort(d.chebyshev_steps), color=theory.color, linewidth=1.2, label="Chebyshev"
    )
    axes["steps"].plot(
        order,
        np.sort(d.minimax_steps),
        label="computed, sorted",
        **style.hollow(worst.color, size=4.0),
    )
    curves.log_axes(axes["steps"], "y")
    axes["gain"].axhline(
        np.max(d.minimax_gain), color=worst.color, linewidth=0.8, linestyle=(0, (1, 1.6)), zorder=1
    )
    axes["gain"].plot(
        d.curvatures,
        d.average_gain,
        color=average.color,
        linestyle=average.line,
        linewidth=1.4,
        label=average.label,
    )
    axes["gain"].plot(
        d.curvatures,
        d.minimax_gain,
        color=worst.color,
        linewidth=1.6,
        label="best in the worst case",
    )
    curves.log_axes(axes["worst"], "y")
    axes["worst"].plot(
        d.horizons, d.worst_theory, color=theory.color, linewidth=1.2, label="theory"
    )
    axes["worst"].plot(
        d.horizons,
        d.worst_of_average,
        color=average.color,
        marker=average.marker,
        markersize=3.6,
        linestyle=average.line,
        linewidth=1.2,
        label=average.label,
    )
    axes["worst"].plot(
        d.horizons,
        d.worst_computed,
        label="best in the worst case",
        **style.hollow(worst.color, size=4.4),
    )
    style.label(axes["steps"], "rank", "learning rate α", title="steps", letter=named["steps"])
    style.label(
        axes["gain"],
        "curvature h",
        "|θ(T) / θ(0)|",
        title="evenly bad everywhere",
        letter=named["gain"],
    )
    style.label(
        axes["worst"], "horizon T", "worst case", title="how fast it falls", letter=named["worst"]
    )
    if d.silver_steps is not None:
        _silver(axes["silver"], d, worst, theory, named["silver"])
    for name in names:
        style.legend_below(axes[name], columns=1)
    return figure


def _silver(axes, d, computed, theory, letter):
    order = np.arange(len(d.silver_steps))
    axes.vlines(order, 0, d.silver_steps_theory, color=theory.color, linewidth=1.0, zorder=2)
    axes.plot(
        order,
        d.silver_steps_theory,
        linestyle="none",
        marker="_",
        markersize=7,
        color=theory.color,
        label="silver",
    )
    axes.plot(
        order, d.silver_steps, label="computed", zorder=4, **style.hollow(computed.color, size=4.0)
    )
    axes.set_ylim(0, 1.1 * max(np.max(d.silver_steps), np.max(d.silver_steps_theory)))
    style.label(
        axes,
        "step t",
        "learning rate × smoothness",
        title=f"convex functions: {evidence.figures_of(float(len(order)), 3)} steps",
        letter=letter,
    )
