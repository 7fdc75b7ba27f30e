"""One quadratic mode: relaxation in time, and its rate against curvature between the two limits
(VGR25 Fig. 2a, b).
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure, discount_labels


@draws(
    Key(name="learning_rate", shape="", meaning="η"),
    Key(name="loss_weight", shape="", meaning="k"),
    Key(name="discounts", shape="K", meaning="γ of each curve"),
    Key(name="times", shape="T", meaning="times of the computed points"),
    Key(name="paths", shape="K T", meaning="computed θ(t) - μ of one mode"),
    Key(name="times_theory", shape="U", meaning="times of the closed form"),
    Key(name="paths_theory", shape="K U", meaning="(θ₀ - μ) e^{-rt}"),
    Key(name="curvatures", shape="C", meaning="h of the computed rates"),
    Key(name="rates", shape="K C", meaning="computed relaxation rates r"),
    Key(name="curvatures_theory", shape="D", meaning="h of the closed form"),
    Key(name="rates_theory", shape="K D", meaning="√(γ²/4 + ηkh) - γ/2"),
)
def quadratic_modes(d: SimpleNamespace) -> Figure:
    """One quadratic mode: relaxation in time, and its rate against curvature between the two limits
    (VGR25 Fig. 2a, b).

    Panels: ``relaxation``, ``rate``.
    """
    figure = style.new_figure(7.2, 3.6)
    axes = figure.subplot_mosaic([["relaxation", "rate"]])
    tones, names = style.shades("optimal", len(d.discounts)), discount_labels(d.discounts)
    axes["relaxation"].axhline(0, color=style.FAINT, linewidth=0.8)
    curves.theory_and_computed(
        axes["relaxation"],
        theory=(d.times_theory, d.paths_theory),
        computed=(d.times, d.paths),
        colors=tones,
        labels=names,
    )
    style.label(
        axes["relaxation"],
        "time t",
        "distance to the minimum θ − μ",
        title="relaxation of one mode",
        letter="a",
    )
    style.legend_below(axes["relaxation"], columns=3)
    strength, h = d.learning_rate * d.loss_weight, d.curvatures_theory
    curves.log_axes(axes["rate"])
    far = style.rule("ballistic")
    axes["rate"].plot(
        h, np.sqrt(strength * h), color=far.color, alpha=0.3, linewidth=5, label="ballistic  √(ηkh)"
    )
    near = style.rule("gradient_descent")
    for i, discount in enumerate(d.discounts[d.discounts > 0]):
        valid = h <= max(discount**2 / strength, 2 * h[0])
        axes["rate"].plot(
            h[valid],
            strength * h[valid] / discount,
            color=near.color,
            alpha=0.3,
            linewidth=5,
            label=None if i else "gradient descent  ηkh/γ",
        )
    curves.theory_and_computed(
        axes["rate"], theory=(h, d.rates_theory), computed=(d.curvatures, d.rates), colors=tones
    )
    axes["rate"].set_ylim(0.6 * d.rates_theory.min(), 2.2 * d.rates_theory.max())
    style.label(
        axes["rate"],
        "curvature h",
        "relaxation rate r",
        title="from linear to square root",
        letter="b",
    )
    handles = axes["rate"].get_legend_handles_labels()[0] + curves.how_to_read()
    style.legend_below(axes["rate"], handles=handles, columns=2)
    return figure
