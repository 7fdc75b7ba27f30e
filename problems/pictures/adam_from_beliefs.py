"""Adam composed from beliefs, beside Adam, RMSProp and SGD.

Distance of the updates, regret, one example.
"""

from types import SimpleNamespace

from ...display.plotting import curves, landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import THETA_1, THETA_2, Figure
from ...display.plotting.simulated import (
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
        name="example_place",
        shape="2",
        meaning="(σ, γ) of the example, said in its title",
        group="example place",
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
def adam_from_beliefs(d: SimpleNamespace) -> Figure:
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
    where = "" if d.example_place is None else "σ = {:g}, γ = {:g}: ".format(*d.example_place)
    style.label(panel, THETA_1, THETA_2, title=f"{where}the same noise", letter=named["map"])
    style.label(
        loss, "time t", "loss L", title="loss on the way, effort left out", letter=named["loss"]
    )
