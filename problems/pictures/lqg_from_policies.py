"""A moving minimum: as the horizon grows the policy program finds the exact LQG rule by itself."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters, tick_values, value_labels

_COEFFICIENTS = (
    ("momentum", "momentum β"),
    ("learning_rate", "learning rate α"),
    ("weight_decay", "weight decay"),
)


@draws(
    Key(name="noises", shape="J", meaning="gradient noise σ of each curve"),
    Key(name="horizons", shape="H", meaning="horizon T of the policy program"),
    Key(name="momentum", shape="J H", meaning="β of the policy program"),
    Key(name="learning_rate", shape="J H", meaning="α of the policy program"),
    Key(name="weight_decay", shape="J H", meaning="weight decay of the policy program"),
    Key(name="momentum_exact", shape="J", meaning="β of the exact LQG rule at unit steps"),
    Key(name="learning_rate_exact", shape="J", meaning="its α"),
    Key(name="weight_decay_exact", shape="J", meaning="its weight decay"),
    Key(
        name="excess",
        shape="J H",
        meaning="cost of the exact rule in the program over the optimum, minus 1",
        group="cost",
    ),
)
def lqg_from_policies(d: SimpleNamespace) -> Figure:
    """A moving minimum: as the horizon grows the policy program finds the exact LQG rule by itself.

    Panels: ``momentum``, ``learning_rate``, ``weight_decay``, ``gap`` (relative distance of each),
    ``cost`` if given.
    """
    names = ["momentum", "learning_rate", "weight_decay", "gap"] + ["cost"] * (d.excess is not None)
    figure, named = style.new_figure(0.4 + 2.1 * len(names), 3.0), letters(names)
    axes, tones = figure.subplot_mosaic([names]), style.shades("belief_optimal", len(d.noises))
    for name, words in _COEFFICIENTS:
        curves.log_axes(axes[name], "x")
        for row, limit, tone in zip(
            getattr(d, name), getattr(d, f"{name}_exact"), tones, strict=True
        ):
            axes[name].axhline(limit, color=tone, linewidth=1.2, zorder=2)
            axes[name].plot(d.horizons, row, zorder=4, **style.hollow(tone, size=4.0))
        tick_values(axes[name], d.horizons)
        style.label(axes[name], "horizon T", title=words, letter=named[name])
    for name in names[3:]:
        curves.log_axes(axes[name])
        tick_values(axes[name], d.horizons)
    _gaps(axes["gap"], d, tones)
    style.label(
        axes["gap"], "horizon T", "relative distance", title="convergence", letter=named["gap"]
    )
    if d.excess is not None:
        for row, tone in zip(d.excess, tones, strict=True):
            axes["cost"].plot(
                d.horizons,
                np.where(row > 0, row, np.nan),
                linewidth=1.2,
                **style.hollow(tone, size=4.0, line="-"),
            )
        style.label(
            axes["cost"],
            "horizon T",
            "extra cost of the exact rule",
            title="what that costs",
            letter=named["cost"],
        )
    key = [
        axes["momentum"].plot([], [], color=tone, linewidth=2, label=words)[0]
        for tone, words in zip(tones, value_labels("σ", d.noises), strict=True)
    ]
    style.legend_below(axes["momentum"], handles=key, columns=1)
    style.legend_below(
        axes["learning_rate"],
        handles=curves.how_to_read(markers="policy program", lines="exact LQG rule"),
        columns=1,
    )
    return figure


def _gaps(axes, d, tones):
    markers = {"momentum": "p", "learning_rate": "s", "weight_decay": "d"}
    for name, words in _COEFFICIENTS:
        for row, limit, tone in zip(
            getattr(d, name), getattr(d, f"{name}_exact"), tones, strict=True
        ):
            gap = np.abs(row - limit) / (abs(limit) or 1.0)
            axes.plot(
                d.horizons,
                np.where(gap > 0, gap, np.nan),
                linewidth=0.9,
                **style.hollow(tone, markers[name], size=3.8, line="-"),
            )
        axes.plot([], [], label=words, **style.hollow(style.INK, markers[name], size=3.8))
    style.legend_below(axes, columns=1)
