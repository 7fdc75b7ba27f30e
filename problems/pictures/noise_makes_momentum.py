"""Terminal loss, constant coefficients: how much momentum pays, by noise and horizon."""

from types import SimpleNamespace

from ...display.plotting import curves, heat_maps, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters, value_labels


@draws(
    Key(name="horizons", shape="K", meaning="T of each curve"),
    Key(name="noises", shape="S", meaning="gradient noise σ"),
    Key(name="momentum", shape="K S", meaning="optimal constant β", gaps=True),
    Key(name="learning_rates", shape="K S", meaning="optimal constant α", gaps=True),
    Key(name="map_horizons", shape="Y", meaning="T of the rows of the maps", group="map"),
    Key(name="map_noises", shape="X", meaning="σ of their columns", group="map"),
    Key(
        name="map_momentum", shape="Y X", meaning="β over horizon and noise", gaps=True, group="map"
    ),
    Key(
        name="map_learning_rates",
        shape="Y X",
        meaning="α over horizon and noise",
        gaps=True,
        group="map",
    ),
    Key(
        name="reference_horizons",
        shape="R",
        meaning="horizons of known values of β",
        group="reference",
    ),
    Key(name="reference_noises", shape="R", meaning="their noises", group="reference"),
    Key(
        name="reference_momentum",
        shape="R",
        meaning="the known values, drawn as crosses",
        group="reference",
    ),
)
def noise_makes_momentum(d: SimpleNamespace) -> Figure:
    """Terminal loss, constant coefficients: how much momentum pays, by noise and horizon.

    Panels: ``momentum``, ``learning_rate``, and if given ``momentum_map``, ``learning_rate_map``.
    """
    rows = [["momentum", "learning_rate"]]
    rows += [["momentum_map", "learning_rate_map"]] * (d.map_horizons is not None)
    figure = style.new_figure(6.8, 3.1 * len(rows))
    axes, named = figure.subplot_mosaic(rows), letters([name for row in rows for name in row])
    tones = style.shades("momentum", len(d.horizons))
    for name, values in (("momentum", d.momentum), ("learning_rate", d.learning_rates)):
        for row, tone, words in zip(values, tones, value_labels("T", d.horizons), strict=True):
            axes[name].plot(
                d.noises,
                row,
                color=tone,
                linewidth=1.4,
                marker="p",
                markersize=3.6,
                label=words,
                markeredgecolor=style.PAPER,
                markeredgewidth=0.4,
            )
        curves.log_axes(axes[name], "x" if name == "momentum" else "xy")
    if d.reference_noises is not None:
        axes["momentum"].plot(
            d.reference_noises,
            d.reference_momentum,
            linestyle="none",
            marker="x",
            color=style.INK,
            markersize=6,
            markeredgewidth=1.4,
            zorder=6,
            label="known values",
        )
    style.label(
        axes["momentum"],
        "gradient noise σ",
        "momentum β*",
        title="how much momentum pays",
        letter=named["momentum"],
    )
    style.label(
        axes["learning_rate"],
        "gradient noise σ",
        "learning rate α*",
        title="and how long a step",
        letter=named["learning_rate"],
    )
    style.legend_below(axes["momentum"], columns=3)
    if d.map_horizons is not None:
        _maps(figure, axes, d, named)
    return figure


def _maps(figure, axes, d, named):
    for name, values, words in (
        ("momentum_map", d.map_momentum, "momentum β*"),
        ("learning_rate_map", d.map_learning_rates, "learning rate α*"),
    ):
        panel, cells = heat_maps.number_map(
            axes[name],
            d.map_noises,
            d.map_horizons,
            values,
            log=False if name == "momentum_map" else None,
        )
        heat_maps.colour_bar(figure, panel, cells)
        style.label(
            panel,
            "gradient noise σ",
            "horizon T" if name == "momentum_map" else None,
            title=words,
            letter=named[name],
        )
