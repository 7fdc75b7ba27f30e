"""The optimal step size under noise decays.

Which familiar schedule is nearest, and what it costs extra.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters, numbered, value_labels


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
def optimal_schedule(d: SimpleNamespace) -> Figure:
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
            paths.rule_series(panel, d.steps, row, rule=key, linewidth=1.3, zorder=2)
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
