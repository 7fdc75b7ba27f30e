"""Adam's first moment as a Kalman filter.

The diffuse start against bias correction, and where β₁ comes from.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Axes, Figure
from ...display.plotting.simulated import family, value_labels

ADAM: dict[str, Any] = {
    "color": style.rule("adam").color,
    "linewidth": 1.2,
    "linestyle": (0, (4, 1.6)),
}


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
def kalman_bias_correction(d: SimpleNamespace) -> Figure:
    """Adam's first moment as a Kalman filter: the diffuse start against bias correction.

    Also where β₁ comes from. Panels: ``transient``, ``difference``, ``momentum``.
    """
    figure = style.new_figure(8.2, 3.3)
    axes = figure.subplot_mosaic([["transient", "difference", "momentum"]])
    tones = style.shades("belief_optimal", len(d.ratios))
    _transient(axes["transient"], d, tones)
    _difference(axes["difference"], d, tones)
    _momentum(axes["momentum"], d)
    return figure


def _transient(panel: Axes, d: SimpleNamespace, tones: list[str]) -> None:
    # Markers at steps that are evenly spaced on a logarithmic axis.
    pick = np.unique(np.geomspace(1, len(d.steps), 16).astype(int)) - 1
    names = value_labels("ρ", d.ratios)
    for gains, other, tone, name in zip(d.gains, d.adam_gains, tones, names, strict=True):
        panel.plot(d.steps, other, zorder=2, **ADAM)
        look = style.hollow(tone, size=3.6, line="-")
        panel.plot(
            d.steps, gains, linewidth=1.1, zorder=3, label=name, markevery=list(pick), **look
        )
    panel.plot([], [], label="Adam, (1 − β)/(1 − βᵗ)", **ADAM)
    curves.log_axes(panel)
    title = "Kalman gain and Adam"
    style.label(panel, "step t", "weight of the newest gradient", title=title, letter="a")
    style.legend_below(panel, columns=2)


def _difference(panel: Axes, d: SimpleNamespace, tones: list[str]) -> None:
    for gains, other, tone in zip(d.gains, d.adam_gains, tones, strict=True):
        panel.plot(d.steps, gains / other - 1, color=tone, linewidth=1.4)
    curves.log_axes(panel, "x")
    panel.axhline(0, zorder=1, **ADAM)
    title = "not identical"
    style.label(panel, "step t", "Kalman gain / Adam's weight − 1", title=title, letter="b")


def _momentum(panel: Axes, d: SimpleNamespace) -> None:
    family(
        panel,
        d.ratios_theory,
        d.momentum_theory,
        d.ratios_computed,
        d.momentum,
        style.shades("adam", len(d.coefficients)),
        value_labels("a", d.coefficients),
        log="x",
    )
    panel.set_ylim(0, 1.05)
    x, y = "signal to noise ρ = q/s²", "first moment β₁"
    style.label(panel, x, y, title="β₁ = (1 − K)a", letter="c")
    handles = panel.get_legend_handles_labels()[0] + curves.how_to_read()
    style.legend_below(panel, handles=handles, columns=2)
