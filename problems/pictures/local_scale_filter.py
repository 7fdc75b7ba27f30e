"""A scale that moves, as it is believed from gradients: exact filter, particles, another memory."""

import numpy as np

from ...display.plotting import style
from ...display.plotting.data import Key, draws


@draws(
    Key(name="steps", shape="T", meaning="steps t = 1, 2, ..."),
    Key(name="gradients", shape="T", meaning="y_t"),
    Key(name="scales", shape="T", meaning="E[φ_t | y]^{-1/2} by particles"),
    Key(name="scale_errors", shape="T", meaning="their standard errors"),
    Key(name="scales_theory", shape="T", meaning="√(b/a) of the exact filter"),
    Key(name="scales_other", shape="T", meaning="√(b/a) with another memory"),
    Key(name="discounts", shape="2", meaning="β of the two filters"),
)
def local_scale_filter(d):
    """A scale that moves, as it is believed from gradients: exact filter, particles, another
    memory.

    Panels: ``scale``.
    """
    figure = style.new_figure(5.4, 3.5)
    axes = figure.subplot_mosaic([["scale"]])["scale"]
    tone = style.rule("belief_adam").color
    right, wrong = (f"filter, β = {value:g}" for value in d.discounts)
    axes.vlines(d.steps, 0, np.abs(d.gradients), color=style.FAINT, linewidth=3, label="|y|")
    axes.plot(d.steps, d.scales_theory, color=tone, label=right)
    axes.plot(d.steps, d.scales_other, color=style.MUTED, linestyle=(0, (4, 1.6)), label=wrong)
    axes.errorbar(
        d.steps,
        d.scales,
        2 * d.scale_errors,
        label="particles, ± 2 s.e.",
        capsize=2,
        **style.hollow(tone),
    )
    axes.set_ylim(0, 1.05 * np.abs(d.gradients).max())
    style.label(axes, "step t", "believed scale √(b/a)", title="a scale that moves")
    style.legend_below(axes, columns=2)
    return figure
