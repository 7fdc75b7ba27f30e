"""One number between gradient descent (p = 0) and ballistic, Adam-like motion (p = ½)."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure, discount_labels


@draws(
    Key(name="learning_rate", shape="", meaning="η"),
    Key(name="loss_weight", shape="", meaning="k"),
    Key(name="discounts", shape="K", meaning="γ of each curve, T = ∞"),
    Key(name="curvatures", shape="C", meaning="h of the computed exponents"),
    Key(
        name="exponents",
        shape="K C",
        meaning="p = 1 − d log r/d log h measured from the numerical policy",
    ),
    Key(name="curvatures_theory", shape="D", meaning="h of the closed form"),
    Key(name="exponents_theory", shape="K D", meaning="r/(2r + γ)"),
    Key(
        name="horizons",
        shape="H",
        meaning="T of the computed exponents at one curvature",
        group="horizon",
    ),
    Key(
        name="horizon_discounts",
        shape="J",
        meaning="γ of each curve over the horizon",
        group="horizon",
    ),
    Key(name="horizon_exponents", shape="J H", meaning="computed p(γ, T)", group="horizon"),
    Key(name="horizons_theory", shape="E", meaning="T of the closed form", group="horizon"),
    Key(
        name="horizon_exponents_theory",
        shape="J E",
        meaning="closed form of p(γ, T)",
        group="horizon",
    ),
)
def preconditioner(d: SimpleNamespace) -> Figure:
    """One number between gradient descent (p = 0) and ballistic, Adam-like motion (p = ½).

    Panels: ``curvature``; ``collapse``, all points over ηkh/γ² on the one curve ½ − ½/√(1 + 4x);
    ``horizon`` if given.
    """
    names = ["curvature", "collapse"] + ["horizon"] * (d.horizons is not None)
    figure = style.new_figure(2.85 * len(names) + 0.35, 3.2)
    axes = figure.subplot_mosaic([names], sharey=True)
    tones = style.shades("optimal", len(d.discounts))
    curves.exponent_curves(
        axes["curvature"],
        theory=(d.curvatures_theory, d.exponents_theory),
        computed=(d.curvatures, d.exponents),
        colors=tones,
        labels=discount_labels(d.discounts),
    )
    style.label(
        axes["curvature"],
        "curvature h",
        "preconditioner exponent p",
        title="far sight normalises",
        letter="a",
    )
    _landmark_words(axes["curvature"])
    _collapse(axes["collapse"], d, tones)
    if d.horizons is not None:
        curves.exponent_curves(
            axes["horizon"],
            theory=(d.horizons_theory, d.horizon_exponents_theory),
            computed=(d.horizons, d.horizon_exponents),
            colors=style.shades("optimal", len(d.horizon_discounts)),
            labels=discount_labels(d.horizon_discounts),
        )
        style.label(axes["horizon"], "horizon T", title="finite horizons", letter="c")
        style.legend_below(axes["horizon"], columns=3)
    style.legend_below(axes["curvature"], columns=3)
    return figure


def _landmark_words(axes):
    landmarks = (
        (0.512, "ballistic", "ballistic, p = ½"),
        (-0.046, "gradient_descent", "gradient descent, p = 0"),
    )
    for value, key, words in landmarks:
        style.note(
            axes,
            0.02,
            value,
            words,
            transform=axes.get_yaxis_transform(),
            va="bottom",
            color=style.rule(key).color,
        )


def _collapse(axes, d, tones):
    strength, finite = d.learning_rate * d.loss_weight, d.discounts > 0
    patience = strength * d.curvatures[None] / d.discounts[finite, None] ** 2
    x = np.geomspace(patience.min(initial=1e-2) / 3, patience.max(initial=1e2) * 3, 200)
    curves.log_axes(axes, "x")
    curves.exponent_axis(axes)
    axes.plot(
        x,
        0.5 - 0.5 / np.sqrt(1 + 4 * x),
        color=style.INK,
        linewidth=1.3,
        zorder=2,
        label="½ − ½/√(1 + 4x)",
    )
    for row, points, tone in zip(
        patience, d.exponents[finite], np.array(tones)[finite], strict=True
    ):
        axes.plot(row, points, zorder=4, **style.hollow(tone))
    style.label(
        axes, "x = ηkh/γ²  (curvature over squared discount)", title="one curve for all", letter="b"
    )
    style.legend_below(axes, handles=axes.lines[2:3] + curves.how_to_read()[:1], columns=2)
