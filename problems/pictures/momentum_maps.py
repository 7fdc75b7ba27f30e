"""Momentum coefficient, learning rate and weight decay over noise and horizon.

Cells computed, contours theory.
"""

from types import SimpleNamespace

from ...display.plotting import heat_maps, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure


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
def momentum_maps(d: SimpleNamespace) -> Figure:
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
        levels = heat_maps.scaled_cells(
            axes[name], d.noises, d.horizons, getattr(d, name), log=name != "momentum"
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
