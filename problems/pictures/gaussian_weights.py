"""Weights held as Gaussians with their Fisher metric.

Uncertain ones learn faster, consolidated ones are protected.
"""

from types import SimpleNamespace

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure, discount_labels
from ...display.plotting.simulated import band, family, letters


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
def gaussian_weights(d: SimpleNamespace) -> Figure:
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
