"""The optimal heavy ball is the recurrence of orthogonal polynomials.

Its coefficients tend to Polyak's.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters, tick_values


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
def orthogonal_momentum(d: SimpleNamespace) -> Figure:
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
