"""Steps planned ahead: the optimal schedule under noise, and the worst case beside the average
case.
"""

import numpy as np

from . import curves, evidence, style
from .data import Key, draws
from .simulated import letters, numbered, value_labels


@draws(
    Key(name="noises", shape="J", meaning="gradient noise σ of each panel"),
    Key(name="steps", shape="T", meaning="steps t = 0, 1, ..., T − 1"),
    Key(name="learning_rates", shape="J T", meaning="optimal α_t"),
    Key(
        name="shapes",
        shape="R",
        text=True,
        meaning="keys: constant, inverse_time, cosine, warmup_stable_decay",
    ),
    Key(name="shape_learning_rates", shape="J R T", meaning="the best schedule of each shape"),
    Key(
        name="excess",
        shape="J R",
        meaning="cost of the best of each shape over the optimal cost, minus 1",
    ),
    Key(name="excess_errors", shape="J R", meaning="standard errors of the excess", group="errors"),
)
def optimal_schedule(d):
    """The optimal step size under noise decays; which familiar schedule is nearest, and what it
    costs extra.

    Panels: ``schedule_1`` ... ``schedule_J``, ``excess``.
    """
    names = [*numbered("schedule", len(d.noises)), "excess"]
    named = letters(names)
    figure = style.new_figure(0.6 + 2.2 * len(names), 3.1)
    axes = figure.subplot_mosaic([names])
    best = style.rule("optimal")
    for j, (name, words) in enumerate(zip(names[:-1], value_labels("σ", d.noises), strict=True)):
        panel = axes[name]
        for key, row in zip(d.shapes, d.shape_learning_rates[j], strict=True):
            look = style.rule(key)
            panel.plot(
                d.steps,
                row,
                color=look.color,
                linestyle=look.line,
                linewidth=1.3,
                zorder=2,
                label=look.label,
            )
        panel.plot(
            d.steps,
            d.learning_rates[j],
            color=best.color,
            linewidth=2.0,
            zorder=3,
            label="optimal schedule",
            path_effects=style.halo(3.2),
        )
        panel.set_ylim(
            0,
            1.12
            * max(np.max(d.learning_rates[j]), float(np.quantile(d.shape_learning_rates[j], 0.98))),
        )
        style.label(
            panel,
            "step t",
            "learning rate α" if j == 0 else None,
            title=f"noise {words}",
            letter=named[name],
        )
    _excess(axes["excess"], d)
    style.label(
        axes["excess"],
        "gradient noise σ",
        "extra cost",
        title="what each shape costs",
        letter=named["excess"],
    )
    style.figure_legend(figure, columns=6)
    return figure


def _excess(axes, d):
    known = d.excess[np.isfinite(d.excess) & (d.excess > 0)]
    floor = float(max(known.min() / 3, 1e-8)) if known.size else 1e-8
    curves.log_axes(axes, "xy")
    for r, key in enumerate(d.shapes):
        look, values = style.rule(key), np.maximum(d.excess[:, r], floor)
        axes.plot(
            d.noises,
            values,
            color=look.color,
            linestyle=look.line,
            linewidth=1.3,
            marker=look.marker,
            markersize=4.2,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.5,
            zorder=3,
        )
        if d.excess_errors is not None:
            half = 2 * d.excess_errors[:, r]
            axes.errorbar(
                d.noises,
                values,
                yerr=[np.minimum(half, values - floor), half],
                fmt="none",
                ecolor=look.color,
                elinewidth=0.9,
                capsize=1.6,
                zorder=2,
            )
    if len(d.noises) == 1:
        axes.set_xlim(d.noises[0] / 2, d.noises[0] * 2)
    axes.set_xticks(d.noises, labels=[f"{value:.3g}" for value in d.noises])
    axes.set_xticks([], minor=True)


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
