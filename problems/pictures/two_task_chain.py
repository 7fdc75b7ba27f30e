"""Two tasks with unequal minima.

Three methods on the theory line, and the factor over the switching rate.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters


@draws(
    Key(name="beliefs_theory", shape="D", meaning="belief p of the theory line"),
    Key(name="controls_theory", shape="D", meaning="optimal control u(p) at one θ"),
    Key(name="beliefs", shape="P", meaning="p of the computed controls"),
    Key(
        name="methods",
        shape="M",
        text=True,
        meaning="keys: dynamic_programming, transcription, replanning",
    ),
    Key(name="controls", shape="M P", meaning="computed u(p) of each method", gaps=True),
    Key(
        name="controls_at_beliefs",
        shape="P",
        meaning="theory u(p) at the same p, for the errors",
        group="errors",
    ),
    Key(name="rates_theory", shape="E", meaning="switching rates of the theory line"),
    Key(
        name="factors_theory",
        shape="E",
        meaning="factor (r + γ)/(r + γ + λ), λ = sum of both switching rates",
    ),
    Key(name="rates", shape="L", meaning="switching rates of the computed factors"),
    Key(name="factors", shape="M L", meaning="computed factor s of each method", gaps=True),
)
def two_task_chain(d: SimpleNamespace) -> Figure:
    """Two tasks with unequal minima: three methods on the theory line, and the factor over the
    switching rate.

    Panels: ``control``, ``error`` if the theory at the same beliefs is given, ``factor``.
    """
    names = ["control"] + ["error"] * (d.controls_at_beliefs is not None) + ["factor"]
    figure, named = style.new_figure(0.5 + 2.75 * len(names), 3.2), letters(names)
    axes = figure.subplot_mosaic([names])
    axes["control"].plot(
        d.beliefs_theory, d.controls_theory, color=style.INK, linewidth=1.3, label="theory"
    )
    axes["factor"].plot(d.rates_theory, d.factors_theory, color=style.INK, linewidth=1.3)
    for i, key in enumerate(d.methods):
        look, size = style.rule(key), 8.0 - 2.4 * i  # nested markers: equal results stay visible
        axes["control"].plot(
            d.beliefs, d.controls[i], label=look.label, zorder=4 + i, **_ring(look, size)
        )
        axes["factor"].plot(d.rates, d.factors[i], zorder=4 + i, **_ring(look, size))
        if d.controls_at_beliefs is not None:
            gap = np.abs(d.controls[i] - d.controls_at_beliefs)
            axes["error"].plot(
                d.beliefs, np.where(gap > 0, gap, np.nan), linewidth=0.8, **_ring(look, 4.6, "-")
            )
    curves.log_axes(axes["factor"], "x").set_ylim(0, 1.05)
    style.label(
        axes["control"],
        "belief p in task 2",
        "control u",
        title="control over belief",
        letter=named["control"],
    )
    style.label(
        axes["factor"],
        "switching rate λ",
        "shrink factor s",
        title="aim short",
        letter=named["factor"],
    )
    if d.controls_at_beliefs is not None:
        curves.log_axes(axes["error"], "y")
        style.label(
            axes["error"],
            "belief p in task 2",
            "distance from theory",
            title="how close",
            letter=named["error"],
        )
    style.figure_legend(figure, columns=4)
    return figure


def _ring(look, size, line="none"):
    return style.hollow(look.color, look.marker, size, line) | {"markerfacecolor": "none"}
