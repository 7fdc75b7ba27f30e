"""How fast a learner should forget: β₁ from the drift of the gradient, β₂ from the volatility of its
scale.
"""

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws


@draws(
    Key(name="ratios_theory", shape="D", meaning="ρ = q/s² of the closed form"),
    Key(name="forgetting_theory", shape="D", meaning="1 − β₁, root of (1 − β₁)²/β₁ = ρ"),
    Key(name="ratios", shape="P", meaning="ρ of the averages of least error"),
    Key(name="forgetting", shape="P", meaning="their 1 − β, by a minimiser"),
    Key(name="volatilities_theory", shape="U", meaning="ν of the closed forms"),
    Key(name="scale_forgetting_theory", shape="U", meaning="1 − β₂, root of (1 − β₂)²/β₂ = ν²/2"),
    Key(name="scale_forgetting_exact", shape="U", meaning="1 − β₂ of the local-scale model"),
    Key(name="volatilities", shape="V", meaning="ν of the simulated walks of the scale"),
    Key(name="scale_forgetting", shape="V", meaning="1 − β₂ of the best prediction there"),
    Key(name="scale_forgetting_errors", shape="V", meaning="its standard error"),
)
def discount_factors(d):
    """How fast a learner should forget: β₁ from the drift of the gradient, β₂ from the volatility
    of its scale.

    Panels: ``mean``, ``scale``.
    """
    figure = style.new_figure(7.4, 3.5)
    axes = figure.subplot_mosaic([["mean", "scale"]])
    tone, other = style.rule("belief_adam").color, style.rule("adam").color
    for name in axes:
        curves.log_axes(axes[name])
    axes["mean"].plot(d.ratios_theory, d.forgetting_theory, color=tone, label="(1 − β₁)²/β₁ = ρ")
    axes["mean"].plot(d.ratios, d.forgetting, label="average of least error", **style.hollow(tone))
    axes["scale"].plot(
        d.volatilities_theory, d.scale_forgetting_theory, color=tone, label="(1 − β₂)²/β₂ = ν²/2"
    )
    axes["scale"].plot(
        d.volatilities_theory,
        d.scale_forgetting_exact,
        color=other,
        linestyle=(0, (4, 1.6)),
        label="local-scale model",
    )
    axes["scale"].errorbar(
        d.volatilities,
        d.scale_forgetting,
        2 * d.scale_forgetting_errors,
        label="best for a walking scale, ± 2 s.e.",
        capsize=2,
        **style.hollow(tone),
    )
    axes["mean"].plot(1 / 90, 0.1, label="Adam's 0.9", **style.hollow(other, "P", 6.5))
    axes["scale"].set_ylim(0.004, 0.5)
    style.label(
        axes["mean"],
        "drift over noise ρ = q/s²",
        "forgetting 1 − β₁",
        title="of the mean",
        letter="a",
    )
    style.label(
        axes["scale"],
        "volatility ν of the log-precision",
        "forgetting 1 − β₂",
        title="of the scale",
        letter="b",
    )
    for name in axes:
        style.legend_below(axes[name], columns=1)
    return figure
