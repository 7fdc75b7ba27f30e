"""Adam's first moment as a Kalman filter: the diffuse start against bias correction, and where β₁ comes from."""

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.simulated import family, value_labels


@draws(
    Key(name="steps", shape="T", meaning="steps t = 1, 2, ..."),
    Key(
        name="ratios",
        shape="J",
        meaning="ρ = q/s² of each transient, random walk a = 1, diffuse prior",
    ),
    Key(name="gains", shape="J T", meaning="Kalman gains K_t computed by the filter"),
    Key(
        name="adam_gains",
        shape="J T",
        meaning="(1 − β)/(1 − βᵗ) with the same steady gain, β = 1 − K",
    ),
    Key(name="coefficients", shape="A", meaning="autoregression a of each curve of β₁"),
    Key(name="ratios_computed", shape="P", meaning="ρ of the computed β₁"),
    Key(name="momentum", shape="A P", meaning="computed β₁ = (1 − K)a"),
    Key(name="ratios_theory", shape="D", meaning="ρ of the closed form"),
    Key(name="momentum_theory", shape="A D", meaning="closed form of β₁"),
)
def kalman_bias_correction(d):
    """Adam's first moment as a Kalman filter: the diffuse start against bias correction, and where
    β₁ comes from.

    Panels: ``transient``, ``difference``, ``momentum``.
    """
    names = ["transient", "difference", "momentum"]
    figure = style.new_figure(8.2, 3.3)
    axes, tones = figure.subplot_mosaic([names]), style.shades("belief_optimal", len(d.ratios))
    adam = style.rule("adam")
    pick = np.unique(np.geomspace(1, len(d.steps), 16).astype(int)) - 1
    for gains, other, tone, words in zip(
        d.gains, d.adam_gains, tones, value_labels("ρ", d.ratios), strict=True
    ):
        axes["transient"].plot(
            d.steps, other, color=adam.color, linewidth=1.2, linestyle=(0, (4, 1.6)), zorder=2
        )
        axes["transient"].plot(
            d.steps,
            gains,
            linewidth=1.1,
            zorder=3,
            label=words,
            markevery=list(pick),
            **style.hollow(tone, size=3.6, line="-"),
        )
        axes["difference"].plot(d.steps, gains / other - 1, color=tone, linewidth=1.4)
    axes["transient"].plot(
        [],
        [],
        color=adam.color,
        linewidth=1.2,
        linestyle=(0, (4, 1.6)),
        label="Adam, (1 − β)/(1 − βᵗ)",
    )
    for panel in (axes["transient"], axes["difference"]):
        curves.log_axes(panel, "x")
    curves.log_axes(axes["transient"], "y")
    axes["difference"].axhline(
        0, color=adam.color, linewidth=1.2, linestyle=(0, (4, 1.6)), zorder=1
    )
    family(
        axes["momentum"],
        d.ratios_theory,
        d.momentum_theory,
        d.ratios_computed,
        d.momentum,
        style.shades("adam", len(d.coefficients)),
        value_labels("a", d.coefficients),
        log="x",
    )
    axes["momentum"].set_ylim(0, 1.05)
    style.label(
        axes["transient"],
        "step t",
        "weight of the newest gradient",
        title="Kalman gain and Adam",
        letter="a",
    )
    style.label(
        axes["difference"],
        "step t",
        "Kalman gain / Adam's weight − 1",
        title="not identical",
        letter="b",
    )
    style.label(
        axes["momentum"],
        "signal to noise ρ = q/s²",
        "first moment β₁",
        title="β₁ = (1 − K)a",
        letter="c",
    )
    style.legend_below(axes["transient"], columns=2)
    style.legend_below(
        axes["momentum"],
        handles=axes["momentum"].get_legend_handles_labels()[0] + curves.how_to_read(),
        columns=2,
    )
    return figure
