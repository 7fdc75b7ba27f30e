"""How unevenly two modes converge.

The ratio r₁/r₂ lies between √(h₁/h₂), far-sighted, and h₁/h₂, gradient descent (VGR25 Fig. 2d).
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Axes, Figure, discount_labels


@draws(
    Key(name="discounts", shape="G", meaning="γ of the computed ratios, all > 0"),
    Key(name="conditions", shape="K", meaning="condition numbers h₁/h₂"),
    Key(name="ratios", shape="K G", meaning="computed r₁/r₂"),
    Key(name="discounts_theory", shape="D", meaning="γ of the closed form, all > 0"),
    Key(name="ratios_theory", shape="K D", meaning="closed form over γ"),
    Key(name="conditions_theory", shape="E", meaning="condition numbers of the closed form"),
    Key(
        name="ratios_theory_conditions",
        shape="G E",
        meaning="closed form over the condition number",
    ),
)
def convergence_rates(d: SimpleNamespace) -> Figure:
    """How unevenly two modes converge (VGR25 Fig. 2d).

    r₁/r₂ lies between √(h₁/h₂), far-sighted, and h₁/h₂, gradient descent. Panels: ``discount``,
    ``condition`` (at most four discounts are shown there).
    """
    figure = style.new_figure(7.2, 3.2)
    axes = figure.subplot_mosaic([["discount", "condition"]])
    _over_discount(axes["discount"], d)
    _over_condition(axes["condition"], d)
    return figure


def _over_discount(panel: Axes, d: SimpleNamespace) -> None:
    curves.log_axes(panel)
    curves.theory_and_computed(
        panel,
        theory=(d.discounts_theory, d.ratios_theory),
        computed=(d.discounts, d.ratios),
        colors=style.shades("optimal", len(d.conditions)),
    )
    low, high = d.discounts_theory[[0, -1]]
    limits = (
        ("gradient_descent", (high / 6, high), d.conditions),
        ("ballistic", (low, low * 6), np.sqrt(d.conditions)),
    )
    for key, span, values in limits:
        panel.hlines(values, *span, color=style.rule(key).color, linewidth=5, alpha=0.3)
    for value in d.conditions:
        style.note(panel, high, 1.13 * value, f"h₁/h₂ = {value:g}", ha="right", va="bottom")
    panel.set_ylim(top=2 * d.conditions.max())
    title = "short sight converges unevenly"
    style.label(panel, "discount γ", "ratio of rates r₁/r₂", title=title, letter="a")


def _over_condition(panel: Axes, d: SimpleNamespace) -> None:
    curves.log_axes(panel)
    laws = (
        ("gradient_descent", 1.0, "gradient descent  h₁/h₂"),
        ("ballistic", 0.5, "far-sighted  √(h₁/h₂)"),
    )
    for key, power, name in laws:
        panel.plot(
            d.conditions_theory,
            d.conditions_theory**power,
            color=style.rule(key).color,
            linewidth=5,
            alpha=0.3,
            label=name,
            zorder=2,
        )
    count = len(d.discounts)
    pick = np.unique(np.linspace(0, count - 1, min(4, count)).round().astype(int))
    curves.theory_and_computed(
        panel,
        theory=(d.conditions_theory, d.ratios_theory_conditions[pick]),
        computed=(d.conditions, d.ratios[:, pick].T),
        colors=style.shades("optimal", len(pick)),
        labels=discount_labels(d.discounts[pick]),
    )
    title = "between two power laws"
    style.label(panel, "condition number h₁/h₂", "ratio of rates r₁/r₂", title=title, letter="b")
    style.legend(panel, loc="upper left")
