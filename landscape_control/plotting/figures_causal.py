"""Where momentum comes from when the curvature is unknown: orthogonal polynomials, terminal loss,
noise.
"""

import numpy as np

from . import curves, phase_diagrams, style
from .data import Key, draws
from .simulated import letters, tick_values, value_labels

_RATE, _MOMENTUM = style.rule("gradient_descent").color, style.rule("momentum").color


@draws(
    Key(name="names", shape="J", text=True, meaning="spectra of curvatures, in words"),
    Key(name="steps", shape="T", meaning="steps t = 0, 1, ..., T − 1"),
    Key(
        name="learning_rates",
        shape="J T",
        meaning="computed α_t of the optimal heavy ball, running loss, no noise",
    ),
    Key(name="momentum", shape="J T", meaning="computed β_t; without effect at t = 0", gaps=True),
    Key(
        name="learning_rates_theory",
        shape="J T",
        meaning="α_t of the three-term recurrence (Stieltjes procedure)",
    ),
    Key(name="momentum_theory", shape="J T", meaning="β_t of the recurrence", gaps=True),
    Key(name="learning_rate_limits", shape="J", meaning="Polyak's α"),
    Key(name="momentum_limits", shape="J", meaning="Polyak's β"),
    Key(name="span_horizons", shape="H", meaning="horizons T of the two families", group="span"),
    Key(name="heavy_ball_costs", shape="J H", meaning="optimal cost with heavy ball", group="span"),
    Key(
        name="span_costs",
        shape="J H",
        meaning="optimal cost with any combination of all past gradients",
        group="span",
    ),
    Key(
        name="late_steps",
        shape="D",
        meaning="steps t of the recurrence beyond those computed",
        group="late",
    ),
    Key(name="late_momentum", shape="J D", meaning="β_t of the recurrence there", group="late"),
)
def orthogonal_momentum(d):
    """The optimal heavy ball is the recurrence of orthogonal polynomials; its coefficients tend to
    Polyak's.

    Panels: ``learning_rate``, ``momentum``, ``limit`` (distance of β_t from Polyak's β), ``span``
    if given.
    """
    names = ["learning_rate", "momentum", "limit"] + ["span"] * (d.span_horizons is not None)
    figure, named = style.new_figure(0.4 + 2.35 * len(names), 3.1), letters(names)
    axes, tones = figure.subplot_mosaic([names]), style.shades("momentum", len(d.names))
    for i, tone in enumerate(tones):
        for name, theory, values, limits in (
            ("learning_rate", d.learning_rates_theory, d.learning_rates, d.learning_rate_limits),
            ("momentum", d.momentum_theory, d.momentum, d.momentum_limits),
        ):
            axes[name].axhline(
                limits[i], color=tone, linewidth=0.9, linestyle=(0, (1, 1.6)), zorder=1
            )
            axes[name].plot(d.steps, theory[i], color=tone, linewidth=1.4, zorder=3)
            axes[name].plot(d.steps, values[i], zorder=4, **style.hollow(tone, size=3.4))
        _approach(axes["limit"], d, i, tone)
    style.label(
        axes["learning_rate"],
        "step t",
        "learning rate α",
        title="α of each step",
        letter=named["learning_rate"],
    )
    style.label(
        axes["momentum"], "step t", "momentum β", title="β of each step", letter=named["momentum"]
    )
    style.label(
        axes["limit"],
        "step t",
        "|β − Polyak's β|",
        title="β tends to a limit",
        letter=named["limit"],
    )
    if d.span_horizons is not None:
        _span(axes["span"], d, tones)
        style.label(
            axes["span"],
            "horizon T",
            "optimal cost",
            title="more memory gains nothing",
            letter=named["span"],
        )
    dotted = axes["momentum"].plot(
        [], [], color=style.INK, linewidth=0.9, linestyle=(0, (1, 1.6)), label="Polyak's limit"
    )
    key = [
        axes["learning_rate"].plot([], [], color=tone, linewidth=2.0, label=name)[0]
        for tone, name in zip(tones, d.names, strict=True)
    ]
    style.legend_below(axes["learning_rate"], handles=key, columns=1)
    style.legend_below(
        axes["limit"],
        handles=curves.how_to_read(markers="computed", lines="recurrence") + dotted,
        columns=1,
    )
    return figure


def _approach(axes, d, i, tone):
    """|β_t - β_∞| of recurrence and program over t, log-log."""
    curves.log_axes(axes)
    tick_values(
        axes, np.concatenate([d.steps[d.steps >= 1], () if d.late_steps is None else d.late_steps])
    )
    gaps = (np.abs(values[i] - d.momentum_limits[i]) for values in (d.momentum_theory, d.momentum))
    theory, computed = (np.where(gap > 0, gap, np.nan) for gap in gaps)
    after = d.steps >= 1
    axes.plot(d.steps[after], theory[after], color=tone, linewidth=1.4, zorder=3)
    axes.plot(d.steps[after], computed[after], zorder=4, **style.hollow(tone, size=3.4))
    if d.late_steps is not None:
        gap = np.abs(d.late_momentum[i] - d.momentum_limits[i])  # drawn until round-off nears
        axes.plot(
            d.late_steps, np.where(gap > 1e-8, gap, np.nan), color=tone, linewidth=1.4, zorder=3
        )


def _span(axes, d, tones):
    curves.log_axes(axes, "x")
    tick_values(axes, d.span_horizons)
    for row, other, tone in zip(d.heavy_ball_costs, d.span_costs, tones, strict=True):
        axes.plot(d.span_horizons, row, color=tone, linewidth=1.4, zorder=3)
        axes.plot(d.span_horizons, other, zorder=4, **style.hollow(tone, "X", size=4.6))
    axes.set_ylim(0)
    handles = [
        axes.plot([], [], color=style.INK, linewidth=1.4, label="heavy ball")[0],
        axes.plot([], [], label="span of all gradients", **style.hollow(style.INK, "X", size=4.6))[
            0
        ],
    ]
    style.legend_below(axes, handles=handles, columns=1)


@draws(
    Key(name="steps", shape="T", meaning="steps t = 0, 1, ..., T − 1"),
    Key(
        name="descent_learning_rates",
        shape="T",
        meaning="α_t of the optimal gradient descent, in any order",
    ),
    Key(
        name="root_learning_rates",
        shape="T",
        meaning="1/roots of the optimal polynomial, in any order",
    ),
    Key(
        name="heavy_ball_momentum",
        shape="R T",
        meaning="β_t of heavy balls found from different starts",
        gaps=True,
    ),
    Key(name="heavy_ball_excess", shape="R", meaning="cost of each over the best, minus 1"),
    Key(name="curvatures", shape="C", meaning="h"),
    Key(name="descent_polynomial", shape="C", meaning="θ_T/θ_0 of gradient descent over h"),
    Key(name="heavy_ball_polynomial", shape="R C", meaning="the same of each heavy ball"),
    Key(name="horizons", shape="H", meaning="horizons T of the costs", group="horizon"),
    Key(
        name="descent_costs", shape="H", meaning="optimal cost of gradient descent", group="horizon"
    ),
    Key(name="heavy_ball_costs", shape="H", meaning="optimal cost of heavy ball", group="horizon"),
)
def terminal_not_identifiable(d):
    """With terminal loss alone gradient descent with the right steps costs what momentum costs: β
    is not identifiable.

    Panels: ``polynomial``, ``steps``, ``momentum``, ``cost`` if given.
    """
    names = ["polynomial", "steps", "momentum"] + ["cost"] * (d.horizons is not None)
    figure, named = style.new_figure(0.4 + 2.35 * len(names), 3.0), letters(names)
    axes, descent = figure.subplot_mosaic([names]), style.rule("gradient_descent")
    tones = style.shades("momentum", len(d.heavy_ball_momentum))
    axes["polynomial"].axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    axes["polynomial"].plot(
        d.curvatures,
        d.descent_polynomial,
        color=descent.color,
        linewidth=3.2,
        alpha=0.45,
        zorder=2,
        label="gradient descent",
    )
    for i, (row, tone) in enumerate(zip(d.heavy_ball_polynomial, tones, strict=True)):
        axes["polynomial"].plot(
            d.curvatures,
            row,
            color=tone,
            linewidth=1.2,
            zorder=3,
            linestyle=(2.0 * i, (2, 2)),
            label="heavy balls" if i == 0 else None,
        )
    order = np.arange(1, len(d.steps) + 1)
    axes["steps"].plot(
        order,
        np.sort(d.root_learning_rates),
        color=style.INK,
        linewidth=1.2,
        zorder=2,
        label="1/roots",
    )
    axes["steps"].plot(
        order,
        np.sort(d.descent_learning_rates),
        zorder=4,
        label="steps, sorted",
        **style.hollow(descent.color, "s", 4.0),
    )
    axes["steps"].set_ylim(0)
    for row, tone in zip(d.heavy_ball_momentum, tones, strict=True):
        axes["momentum"].plot(
            d.steps, row, color=tone, linewidth=1.3, marker="p", markersize=3.2, zorder=3
        )
    axes["momentum"].plot(
        [],
        [],
        color=_MOMENTUM,
        linewidth=1.3,
        marker="p",
        markersize=3.2,
        label=f"{len(tones)} starts, cost\nwithin {_excess(d.heavy_ball_excess)} of the best",
    )
    style.label(
        axes["polynomial"],
        "curvature h",
        "θ(T) / θ(0)",
        title="one polynomial",
        letter=named["polynomial"],
    )
    style.label(
        axes["steps"], "rank", "learning rate α", title="its roots are steps", letter=named["steps"]
    )
    style.label(
        axes["momentum"], "step t", "momentum β", title="many β, one cost", letter=named["momentum"]
    )
    if d.horizons is not None:
        _two_costs(axes["cost"], d, descent, named["cost"])
    for name in names:
        style.legend_below(axes[name], columns=1)
    return figure


def _excess(values):
    """The largest |excess| in words; what is below 1e-12 may be round-off."""
    return f"{max(np.max(np.abs(values)), 1e-12):.0e}".replace("e-0", "e-").replace("-", "−")


def _two_costs(axes, d, descent, letter):
    curves.log_axes(axes)
    axes.plot(
        d.horizons,
        d.descent_costs,
        color=descent.color,
        linewidth=2.6,
        alpha=0.5,
        label="gradient descent",
    )
    axes.plot(
        d.horizons, d.heavy_ball_costs, label="heavy ball", **style.hollow(_MOMENTUM, "p", 5.0)
    )
    tick_values(axes, d.horizons)
    style.label(axes, "horizon T", "optimal cost", title="at every horizon", letter=letter)


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
def noise_makes_momentum(d):
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
        panel, cells = phase_diagrams.number_map(
            axes[name],
            d.map_noises,
            d.map_horizons,
            values,
            log=False if name == "momentum_map" else None,
        )
        phase_diagrams.colour_bar(figure, panel, cells)
        style.label(
            panel,
            "gradient noise σ",
            "horizon T" if name == "momentum_map" else None,
            title=words,
            letter=named[name],
        )
