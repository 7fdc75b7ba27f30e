"""What each way of forgetting costs, over how often the task switches and how noisy the gradients
are.
"""

from types import SimpleNamespace

from ...display.plotting import curves, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import (
    floor_of,
    hidden_path,
    letters,
    numbered,
    simulated,
    switches,
    tick_values,
    value_labels,
)


@draws(
    Key(name="rates", shape="L", meaning="hazard rates λ of task switches"),
    Key(name="noises", shape="J", meaning="gradient noise σ of each panel"),
    Key(
        name="rules",
        shape="R",
        text=True,
        meaning=(
            "keys: no_reset, full_reset, l2_decay, shrink_and_perturb, each with its own best"
            " coefficients"
        ),
    ),
    Key(name="regrets", shape="J R L", meaning="mean J/J* − 1 against the optimum", gaps=True),
    Key(
        name="regret_errors",
        shape="J R L",
        meaning="standard errors of the regrets",
        group="errors",
        gaps=True,
    ),
    Key(
        name="regret_floor",
        shape="",
        meaning="regrets below it are drawn there, hollow",
        group="floor",
    ),
    Key(name="times", shape="N", meaning="times of the example", group="example"),
    Key(name="hidden", shape="N", meaning="true minimum of the current task", group="example"),
    Key(name="switches", shape="S", meaning="times of its switches", group="example"),
    Key(
        name="example_rules",
        shape="E",
        meaning="keys of the rules drawn, e.g. belief_optimal, no_reset",
        text=True,
        group="example",
    ),
    Key(
        name="weights", shape="E N", meaning="θ(t) of each rule on the same noise", group="example"
    ),
)
def resetting(d: SimpleNamespace) -> Figure:
    """What each way of forgetting costs, over how often the task switches and how noisy the
    gradients are.

    Panels: ``regret_1`` ... ``regret_J``; ``weights`` if the example is given.
    """
    names, example = numbered("regret", len(d.noises)), d.weights is not None
    figure = style.new_figure(2.5 * max(len(names), 2) + 0.5, 2.9 + 2.2 * example)
    axes = figure.subplot_mosaic(
        [names] + [["weights"] * len(names)] * example, height_ratios=[1.15] + [1] * example
    )
    named, floor = letters(names + ["weights"] * example), floor_of(d.regrets, d.regret_floor)
    for j, (name, words) in enumerate(zip(names, value_labels("σ", d.noises), strict=True)):
        panel = curves.log_axes(axes[name])
        tick_values(panel, d.rates)
        if j:
            panel.sharey(axes[names[0]])
            panel.tick_params(axis="y", labelleft=False)
        for i, key in enumerate(d.rules):
            errors = None if d.regret_errors is None else d.regret_errors[j, i]
            simulated(panel, d.rates, d.regrets[j, i], errors, rule=key, floor=floor)
        shown = d.regrets[d.regrets > 0]
        if len(shown):  # a bar that reaches down to zero does not set the scale
            panel.set_ylim(bottom=shown.min() / 3)
        style.label(
            panel,
            "hazard rate λ",
            None if j else "regret J/J* − 1",
            title=f"noise {words}",
            letter=named[name],
        )
    if example:
        _weights(axes["weights"], d, named["weights"])
    style.figure_legend(figure, columns=4)
    return figure


def _weights(axes, d, letter):
    hidden_path(axes, d.times, d.hidden, label="hidden minimum")
    switches(axes, d.switches)
    for key, path in zip(d.example_rules, d.weights, strict=True):
        words = "_listed" if key in d.rules else None
        paths.rule_series(axes, d.times, path, rule=key, linewidth=1.5, zorder=4, label=words)
    axes.set_xlim(d.times[[0, -1]])
    style.label(axes, "time t", "weight θ", title="weights chasing the task", letter=letter)
