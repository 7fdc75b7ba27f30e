"""Learners that adapt to the local landscape: Adam composed from beliefs, weights held as
Gaussians.
"""

from . import curves, landscapes, paths, style
from .data import Key, draws
from .panels import THETA_1, THETA_2, discount_labels
from .simulated import (
    band,
    family,
    floor_of,
    letters,
    numbered,
    simulated,
    tick_values,
    value_labels,
)


@draws(
    Key(name="discounts", shape="K", meaning="γ, positive"),
    Key(name="noises", shape="J", meaning="gradient noise σ of each column of panels"),
    Key(
        name="rules",
        shape="R",
        text=True,
        meaning="keys of what is held against Adam from beliefs: adam, rmsprop, sgd",
    ),
    Key(
        name="distances",
        shape="J R K",
        gaps=True,
        meaning=(
            "relative distance of the rule's updates from those of Adam from beliefs, on the same"
            " gradients"
        ),
    ),
    Key(
        name="regret_rules",
        shape="Q",
        text=True,
        meaning="keys of the rules run, e.g. belief_adam, adam, rmsprop, sgd",
    ),
    Key(name="regrets", shape="J Q K", meaning="mean J/J* − 1 against the optimum", gaps=True),
    Key(
        name="regret_errors",
        shape="J Q K",
        meaning="standard errors of the regrets",
        group="regret errors",
        gaps=True,
    ),
    Key(name="axis_1", shape="X", meaning="grid of θ₁", group="example"),
    Key(name="axis_2", shape="Y", meaning="grid of θ₂", group="example"),
    Key(name="loss", shape="Y X", meaning="loss L on the grid", group="example"),
    Key(
        name="example_rules",
        shape="E",
        meaning="keys of the rules drawn",
        text=True,
        group="example",
    ),
    Key(
        name="example_paths",
        shape="E N 2",
        meaning="their paths under the same gradient noise",
        group="example",
    ),
    Key(name="example_times", shape="N", meaning="times of the paths", group="example"),
    Key(
        name="example_losses",
        shape="E N",
        meaning="loss along the paths (mean over episodes, say)",
        group="example",
    ),
    Key(
        name="distance_floor",
        shape="",
        meaning="distances below it are drawn there, hollow",
        group="distance floor",
    ),
    Key(
        name="regret_floor",
        shape="",
        meaning="regrets below it are drawn there, hollow",
        group="regret floor",
    ),
)
def adam_from_beliefs(d):
    """Adam composed from beliefs, beside Adam, RMSProp and SGD: distance of the updates, regret,
    one example.

    Panels: ``distance_1`` ... ``distance_J``, ``regret_1`` ... ``regret_J``; ``map`` and ``loss``
    if the example is given.
    """
    count, example = len(d.noises), d.loss is not None
    top, middle = numbered("distance", count), numbered("regret", count)
    rows = [[name for name in row for _ in range(2)] for row in (top, middle)]
    rows += [["map"] * count + ["loss"] * count] if example else []
    figure = style.new_figure(2.55 * max(count, 2) + 0.4, 4.7 + 2.6 * example)
    axes, named = figure.subplot_mosaic(rows), letters(top + middle + ["map", "loss"] * example)
    _share_scale(axes, top, d.discounts)
    _share_scale(axes, middle, d.discounts)
    nearest, lowest = floor_of(d.distances, d.distance_floor), floor_of(d.regrets, d.regret_floor)
    for j, words in enumerate(value_labels("σ", d.noises)):
        for key, row in zip(d.rules, d.distances[j], strict=True):
            simulated(axes[top[j]], d.discounts, row, rule=key, floor=nearest)
        for i, key in enumerate(d.regret_rules):
            errors = None if d.regret_errors is None else d.regret_errors[j, i]
            simulated(axes[middle[j]], d.discounts, d.regrets[j, i], errors, rule=key, floor=lowest)
        style.label(
            axes[top[j]],
            None,
            None if j else "distance of updates",
            title=f"noise {words}",
            letter=named[top[j]],
        )
        style.label(
            axes[middle[j]],
            "discount γ",
            None if j else "regret J/J* − 1",
            title="",
            letter=named[middle[j]],
        )
    if example:
        _example(axes["map"], axes["loss"], d, named)
    style.figure_legend(figure, columns=6)
    return figure


def _share_scale(axes, names, discounts):
    for name in names:
        curves.log_axes(axes[name])
        tick_values(axes[name], discounts)
        axes[name].set_xlim(discounts.min() / 1.4, discounts.max() * 1.4)
        axes[name].tick_params(axis="y", labelleft=name == names[0])
    for name in names[1:]:
        axes[name].sharey(axes[names[0]])


def _example(panel, loss, d, named):
    landscapes.loss_contours(panel, d.axis_1, d.axis_2, d.loss)
    for key, path, values in zip(d.example_rules, d.example_paths, d.example_losses, strict=True):
        words = "_listed" if key in {*d.rules, *d.regret_rules} else None
        paths.trajectory(panel, path, rule=key, linewidth=1.4, label=words)
        paths.rule_series(loss, d.example_times, values, rule=key, linewidth=1.4, label="_listed")
    landscapes.start(panel, d.example_paths[0, 0])
    curves.log_axes(loss, "y")
    loss.set_xlim(d.example_times[[0, -1]])
    style.label(panel, THETA_1, THETA_2, title="the same noise, four rules", letter=named["map"])
    style.label(loss, "time t", "loss L", title="loss on the way", letter=named["loss"])


@draws(
    Key(name="discounts", shape="K", meaning="γ of each curve"),
    Key(
        name="variances", shape="V", meaning="variance v_i of the weights whose speed was computed"
    ),
    Key(
        name="speeds",
        shape="K V",
        meaning="computed |μ̇_i| per unit of slope ∂E[L]/∂μ_i",
        gaps=True,
    ),
    Key(name="variances_theory", shape="D", meaning="v of the closed form"),
    Key(
        name="speeds_theory",
        shape="K D",
        meaning="(ηk/γ) v, the short-horizon optimum, or the exact speed",
    ),
    Key(
        name="names",
        shape="W",
        meaning="what the drawn weights are, e.g. uncertain",
        text=True,
        group="paths",
    ),
    Key(name="times", shape="N", meaning="times of the paths", group="paths"),
    Key(name="means", shape="W N", meaning="means μ_i(t)", group="paths"),
    Key(name="path_variances", shape="W N", meaning="variances v_i(t)", group="paths"),
    Key(name="target", shape="", meaning="minimum both are drawn to", group="paths"),
)
def gaussian_weights(d):
    """Weights held as Gaussians with their Fisher metric: uncertain ones learn faster, consolidated
    ones are protected.

    Panels: ``speed``; ``paths`` if given.
    """
    names = ["speed"] + ["paths"] * (d.means is not None)
    figure, named = style.new_figure(0.4 + 3.3 * len(names), 3.2), letters(names)
    axes = figure.subplot_mosaic([names])
    family(
        axes["speed"],
        d.variances_theory,
        d.speeds_theory,
        d.variances,
        d.speeds,
        style.shades("natural_gradient", len(d.discounts)),
        discount_labels(d.discounts),
    )
    style.label(
        axes["speed"],
        "variance v of the weight",
        "speed per unit of slope",
        title="uncertain weights move faster",
        letter=named["speed"],
    )
    handles = axes["speed"].get_legend_handles_labels()[0]
    style.legend_below(axes["speed"], handles=handles + curves.how_to_read(), columns=2)
    if d.means is not None:
        _weight_paths(axes["paths"], d, named["paths"])
    return figure


def _weight_paths(axes, d, letter):
    axes.axhline(
        d.target,
        color=style.INK,
        linewidth=0.9,
        linestyle=(0, (3, 1.2)),
        label="minimum of the new task",
    )
    lines = ("-", (0, (5, 1.3)), (0, (1.2, 1)), (0, (4, 1, 1, 1)))
    for i, (tone, words) in enumerate(
        zip(style.shades("belief_optimal", len(d.names))[::-1], d.names, strict=True)
    ):
        band(axes, d.times, d.means[i], 2 * d.path_variances[i] ** 0.5, tone, alpha=0.16)
        axes.plot(
            d.times, d.means[i], color=tone, linewidth=1.6, linestyle=lines[i % 4], label=str(words)
        )
    axes.set_xlim(d.times[[0, -1]])
    style.label(
        axes,
        "time t",
        "weight, mean ± 2 sd",
        title="consolidated weights are protected",
        letter=letter,
    )
    style.legend_below(axes, columns=1)
