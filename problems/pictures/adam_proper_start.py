"""A learner whose belief about the scale of gradients starts proper warms up by itself."""

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws


@draws(
    Key(name="steps", shape="T", meaning="steps t = 1, 2, ..."),
    Key(name="memory", shape="", meaning="1/(1 − β₂), steps"),
    Key(name="scales", shape="K", meaning="κ: E[y²] expected over E[y²] met"),
    Key(name="factors", shape="K T", meaning="computed 1/√(b/a), share of the final step"),
    Key(name="factors_theory", shape="K T", meaning="1/√(1 + (κ − 1)β₂ᵗ)"),
    Key(name="adam", shape="T", meaning="|Δθ|/α of Adam with the ε of the same first step"),
)
def adam_proper_start(d):
    """A learner whose belief about the scale of gradients starts proper warms up by itself.

    Panels: ``warmup``, ``gap``.
    """
    figure = style.new_figure(7.4, 3.5)
    axes = figure.subplot_mosaic([["warmup", "gap"]])
    tones, time = style.shades("belief_adam", len(d.scales) + 1)[:-1], d.steps / d.memory
    pick = np.unique(np.linspace(0, len(time) - 1, 15).astype(int))
    names = [f"κ = {scale:g}" for scale in d.scales]
    curves.theory_and_computed(
        axes["warmup"],
        theory=(time, d.factors_theory),
        computed=(time[pick], d.factors[:, pick]),
        colors=tones,
        labels=names,
    )
    adam = style.rule("adam")
    ramp = np.minimum(time / 2, 1)
    axes["warmup"].plot(time, d.adam, color=adam.color, label="Adam, ε of the same first step")
    axes["warmup"].plot(
        time, ramp, color=style.MUTED, linestyle=(0, (1, 1.2)), label="linear over 2/(1 − β₂)"
    )
    axes["warmup"].set_ylim(0, 1.05)
    curves.log_axes(axes["gap"], "y")
    for theory, computed, tone in zip(d.factors_theory, d.factors, tones, strict=True):
        axes["gap"].plot(time, 1 - theory, color=tone)
        axes["gap"].plot(time[pick], 1 - computed[pick], **style.hollow(tone))
    axes["gap"].plot(time, 1 - d.adam, color=adam.color)
    words = "time t in memories, (1 − β₂)t"
    style.label(
        axes["warmup"], words, "share of the final step", title="a start warms up", letter="a"
    )
    style.label(axes["gap"], words, "what is missing", title="and is forgotten", letter="b")
    handles = axes["warmup"].get_legend_handles_labels()[0] + curves.how_to_read()
    style.legend(figure, handles=handles, loc="outside lower center", ncols=4)
    return figure
