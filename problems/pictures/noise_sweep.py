"""How the step on the raw gradient falls with its noise, at several horizons."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import family, value_labels


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
def noise_sweep(d: SimpleNamespace) -> Figure:
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
