"""Rules on raw noisy gradients: impulse responses and equivalents, Kalman gain and bias correction,
the noise sweep.
"""

import numpy as np

from . import curves, style
from .data import Key, draws
from .simulated import family, letters, numbered, simulated, tick_values, value_labels


@draws(
    Key(name="lags", shape="G", meaning="time since the gradient was observed"),
    Key(name="noises", shape="J", meaning="σ of each panel"),
    Key(
        name="kernels",
        shape="J G",
        meaning="impulse response of the optimal update to an observed gradient",
    ),
    Key(
        name="equivalents",
        shape="E",
        text=True,
        meaning="keys of the equivalents: momentum, moving_average, nesterov",
    ),
    Key(
        name="equivalent_kernels",
        shape="E J G",
        meaning="impulse response of the best equivalent of each kind",
    ),
    Key(name="errors", shape="E J", meaning="relative L2 error of each equivalent"),
    Key(
        name="error_floor",
        shape="",
        meaning="errors below are drawn there, hollow (1e-12 if left out)",
        group="floor",
    ),
)
def kernels(d):
    """What the optimal learner makes of one observed gradient, beside its best classical
    equivalents.

    Panels: ``kernel_1`` ... ``kernel_J``, ``errors``.
    """
    names = [*numbered("kernel", len(d.noises)), "errors"]
    named = letters(names)
    figure = style.new_figure(0.6 + 2.15 * len(names), 3.1)
    axes = figure.subplot_mosaic([names], width_ratios=[1.0] * len(d.noises) + [1.15])
    for i, (name, words) in enumerate(zip(names[:-1], value_labels("σ", d.noises), strict=True)):
        _kernel(axes[name], d, i)
        style.label(
            axes[name],
            "time since the gradient",
            "update per gradient" if i == 0 else None,
            title=f"noise {words}",
            letter=named[name],
        )
    panel = curves.log_axes(axes["errors"])
    floor = 1e-12 if d.error_floor is None else d.error_floor
    for key, row in zip(d.equivalents, d.errors, strict=True):
        simulated(panel, d.noises, row, rule=key, floor=floor, label="_" + key)
    tick_values(panel, d.noises)
    panel.set_ylim(floor / 3, max(1.5, 2 * d.errors.max()))
    style.label(
        panel,
        "gradient noise σ",
        "relative error",
        title="how good a match",
        letter=named["errors"],
    )
    style.figure_legend(figure, columns=4)
    return figure


def _kernel(axes, d, i):
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    look = style.rule("belief_optimal")
    axes.plot(
        d.lags,
        d.kernels[i],
        color=look.color,
        linewidth=2.6,
        alpha=0.55,
        zorder=2,
        label=look.label,
    )
    for turn, (key, kernel) in enumerate(
        zip(d.equivalents, d.equivalent_kernels[:, i], strict=True)
    ):
        look, dashes = (
            style.rule(key),
            (
                3.0 * turn,
                (3.0, 3.0 * max(len(d.equivalents) - 1, 1)),
            ),
        )  # they take turns
        axes.plot(d.lags, kernel, color=look.color, linestyle=dashes, linewidth=1.5, zorder=3)
        axes.plot(
            [], [], color=look.color, linestyle=(0, (3, 1.5)), linewidth=1.5, label=look.label
        )
    axes.set_xlim(d.lags[[0, -1]])
    axes.locator_params(nbins=5)


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


@draws(
    Key(name="horizons", shape="K", meaning="T of each curve (infinity allowed)", gaps=True),
    Key(name="noises", shape="S", meaning="σ of the computed steps"),
    Key(
        name="steps",
        shape="K S",
        meaning="computed effective step on the raw gradient, −∂u/∂y",
        gaps=True,
    ),
    Key(name="noises_theory", shape="D", meaning="σ of the theory lines"),
    Key(name="steps_theory", shape="K D", meaning="theory of the effective step"),
    Key(name="noise_free_steps", shape="K", meaning="step on an exact gradient, σ → 0"),
    Key(
        name="step_errors",
        shape="K S",
        meaning="standard errors of the computed steps",
        group="errors",
    ),
)
def noise_sweep(d):
    """How the step on the raw gradient falls with its noise, at several horizons.

    Panels: ``step``, ``share``.
    """
    figure = style.new_figure(6.6, 3.3)
    axes, tones = (
        figure.subplot_mosaic([["step", "share"]]),
        style.shades("belief_optimal", len(d.horizons)),
    )
    labels = [words.replace("inf", "∞") for words in value_labels("T", d.horizons)]
    family(
        axes["step"],
        d.noises_theory,
        d.steps_theory,
        d.noises,
        d.steps,
        tones,
        labels,
        errors=d.step_errors,
    )
    free = d.noise_free_steps[:, None]
    family(
        axes["share"],
        d.noises_theory,
        d.steps_theory / free,
        d.noises,
        d.steps / free,
        tones,
        log="x",
        errors=None if d.step_errors is None else d.step_errors / np.abs(free),
    )
    axes["share"].axhline(1, color=style.MUTED, linewidth=0.9, linestyle=(0, (1, 1.6)), zorder=1)
    axes["share"].set_ylim(0, 1.08)
    style.label(
        axes["step"],
        "gradient noise σ",
        "effective step −∂u/∂y",
        title="noise shortens the step",
        letter="a",
    )
    style.label(
        axes["share"],
        "gradient noise σ",
        "share of the noise-free step",
        title="the same, relative",
        letter="b",
    )
    handles = axes["step"].get_legend_handles_labels()[0]
    style.legend_below(axes["step"], handles=handles, columns=3)
    style.legend_below(axes["share"], handles=curves.how_to_read(), columns=2)
    return figure
