"""How unevenly two modes converge: r₁/r₂ between √(h₁/h₂), far-sighted, and h₁/h₂, gradient descent (VGR25 Fig. 2d)."""

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import discount_labels


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
def convergence_rates(d):
    """How unevenly two modes converge: r₁/r₂ between √(h₁/h₂), far-sighted, and h₁/h₂, gradient
    descent (VGR25 Fig. 2d).

    Panels: ``discount``, ``condition`` (at most four discounts are shown there).
    """
    figure = style.new_figure(7.2, 3.2)
    axes = figure.subplot_mosaic([["discount", "condition"]])
    tones = style.shades("optimal", len(d.conditions))
    curves.log_axes(axes["discount"])
    curves.theory_and_computed(
        axes["discount"],
        theory=(d.discounts_theory, d.ratios_theory),
        computed=(d.discounts, d.ratios),
        colors=tones,
    )
    low, high = d.discounts_theory[[0, -1]]
    limits = (
        ("gradient_descent", (high / 6, high), d.conditions),
        ("ballistic", (low, low * 6), np.sqrt(d.conditions)),
    )
    for key, span, values in limits:
        axes["discount"].hlines(values, *span, color=style.rule(key).color, linewidth=5, alpha=0.3)
    for value in d.conditions:
        style.note(
            axes["discount"], high, 1.13 * value, f"h₁/h₂ = {value:g}", ha="right", va="bottom"
        )
    axes["discount"].set_ylim(top=2 * d.conditions.max())
    style.label(
        axes["discount"],
        "discount γ",
        "ratio of rates r₁/r₂",
        title="short sight converges unevenly",
        letter="a",
    )

    pick = np.unique(
        np.linspace(0, len(d.discounts) - 1, min(4, len(d.discounts))).round().astype(int)
    )
    curves.log_axes(axes["condition"])
    laws = (
        ("gradient_descent", 1.0, "gradient descent  h₁/h₂"),
        ("ballistic", 0.5, "far-sighted  √(h₁/h₂)"),
    )
    for key, power, name in laws:
        axes["condition"].plot(
            d.conditions_theory,
            d.conditions_theory**power,
            color=style.rule(key).color,
            linewidth=5,
            alpha=0.3,
            label=name,
            zorder=2,
        )
    curves.theory_and_computed(
        axes["condition"],
        theory=(d.conditions_theory, d.ratios_theory_conditions[pick]),
        computed=(d.conditions, d.ratios[:, pick].T),
        colors=style.shades("optimal", len(pick)),
        labels=discount_labels(d.discounts[pick]),
    )
    style.label(
        axes["condition"],
        "condition number h₁/h₂",
        "ratio of rates r₁/r₂",
        title="between two power laws",
        letter="b",
    )
    style.legend(axes["condition"], loc="upper left")
    return figure
