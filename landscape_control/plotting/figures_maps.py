"""Maps over noise and horizon: the three coefficients of the heavy-ball rule that is optimal under
gradient noise.
"""

import numpy as np
from matplotlib import colors
from matplotlib.ticker import LogLocator, MaxNLocator

from . import landscapes, style
from .data import Key, draws


@draws(
    Key(
        name="noises", shape="X", meaning="gradient noise σ of the columns, logarithmically spaced"
    ),
    Key(
        name="horizons",
        shape="Y",
        meaning="planning horizon 1/γ of the rows, logarithmically spaced",
    ),
    Key(
        name="step",
        shape="",
        meaning="time step Δt that turns friction into a momentum coefficient",
    ),
    Key(
        name="momentum",
        shape="Y X",
        meaning="computed momentum coefficient β = exp(−(r + λ + κh)Δt)",
        gaps=True,
    ),
    Key(name="learning_rate", shape="Y X", meaning="computed learning rate r s κ", gaps=True),
    Key(
        name="weight_decay",
        shape="Y X",
        meaning="computed weight decay r[λ + κh(1 − s)]",
        gaps=True,
    ),
    Key(
        name="momentum_theory",
        shape="Y X",
        meaning="its closed form, drawn as contours",
        group="theory",
    ),
    Key(
        name="learning_rate_theory",
        shape="Y X",
        meaning="closed form of the learning rate",
        group="theory",
    ),
    Key(
        name="weight_decay_theory",
        shape="Y X",
        meaning="closed form of the weight decay",
        group="theory",
    ),
)
def momentum_maps(d):
    """Momentum coefficient, learning rate and weight decay over noise and horizon: cells computed,
    contours theory.

    Learning rate and weight decay have logarithmic colours unless they vanish somewhere (no drift
    of the task, say).

    Panels: ``momentum``, ``learning_rate``, ``weight_decay``.
    """
    figure = style.new_figure(8.6, 3.0)
    names = (
        ("momentum", f"momentum β, Δt = {d.step:g}"),
        ("learning_rate", "learning rate"),
        ("weight_decay", "weight decay"),
    )
    axes = figure.subplot_mosaic([[name for name, _ in names]])
    for (name, title), letter in zip(names, "abc", strict=True):
        levels = _cells(
            figure, axes[name], d.noises, d.horizons, getattr(d, name), log=name != "momentum"
        )
        theory = getattr(d, f"{name}_theory")
        if theory is not None:
            axes[name].contour(
                d.noises, d.horizons, theory, levels=levels, colors=style.INK, linewidths=0.8
            )
        style.label(
            axes[name],
            "gradient noise σ",
            "horizon 1/γ" if letter == "a" else None,
            title=title,
            letter=letter,
        )
        axes[name].tick_params(axis="y", labelleft=letter == "a")
    if d.momentum_theory is not None:
        drawn = axes["momentum"].plot(
            [], [], color=style.INK, linewidth=0.8, label="theory, at the ticks of each scale"
        )
        style.legend_below(axes["momentum"], handles=drawn, columns=1)
    return figure


def _cells(figure, axes, noises, horizons, values, *, log):
    """Cells with their colour scale; returns the ticks of the scale, where theory draws its
    contours.
    """
    landscapes.heat_map(axes, noises, horizons, values, signed=False)
    cells, shown = axes.collections[-1], values[np.isfinite(values)]
    low, high = shown.min(), shown.max()
    log = log and low > 0
    cells.set_cmap(
        colors.LinearSegmentedColormap.from_list(
            "warm", style.signed_map()(np.linspace(0.5, 1, 32))
        )
    )
    cells.set_norm((colors.LogNorm if log else colors.Normalize)(low, high))
    scale = figure.colorbar(cells, ax=axes, pad=0.03, aspect=22, fraction=0.08)
    style.dress(scale.ax)
    scale.outline.set_visible(False)
    wide = log and high > 1e3 * low
    locator = LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)) if log else MaxNLocator(5)
    ticks = [tick for tick in locator.tick_values(low, high) if low < tick < high]
    scale.set_ticks(ticks, labels=[f"{tick:.2g}" for tick in ticks])
    scale.minorticks_off()
    return ticks
