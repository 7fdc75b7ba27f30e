"""Optimal plan against classic rules over the double well, its energies, the loss along time (VGR25
Fig. 1b, c).
"""

from types import SimpleNamespace

from ...display.plotting import landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, Figure, map_panel

_FIXED = {
    "color": style.shades("optimal", 4)[0],
    "linestyle": (0, (2, 1.6)),
    "linewidth": 1.2,
    "label": "optimal plan, end fixed",
}


@draws(
    *GRID,
    Key(name="minima", shape="M 2", meaning="minima, lowest first"),
    Key(name="saddles", shape="S 2", meaning="saddle points", group="saddles"),
    Key(name="discount", shape="", meaning="γ"),
    Key(name="optimal_times", shape="N", meaning="node times of the optimal plan, free end"),
    Key(name="optimal_path", shape="N 2", meaning="θ along it"),
    Key(name="optimal_loss", shape="N", meaning="L along it"),
    Key(name="optimal_kinetic", shape="N", meaning="|θ̇|²_G/2η along it"),
    Key(name="optimal_weighted_loss", shape="N", meaning="kL along it"),
    Key(
        name="fixed_end_times",
        shape="F",
        meaning="the plan with its end fixed at the minimum",
        group="fixed end",
    ),
    Key(name="fixed_end_path", shape="F 2", meaning="θ along it", group="fixed end"),
    Key(name="fixed_end_loss", shape="F", meaning="L along it", group="fixed end"),
    Key(
        name="gradient_descent_times", shape="P", meaning="times of gradient descent, same horizon"
    ),
    Key(name="gradient_descent_path", shape="P 2", meaning="θ along it"),
    Key(name="gradient_descent_loss", shape="P", meaning="L along it"),
    Key(
        name="momentum_times",
        shape="Q",
        meaning="times of the heavy ball, same horizon",
        group="momentum",
    ),
    Key(name="momentum_path", shape="Q 2", meaning="θ along it", group="momentum"),
    Key(name="momentum_loss", shape="Q", meaning="L along it", group="momentum"),
)
def double_well(d: SimpleNamespace) -> Figure:
    """Optimal plan against classic rules over the double well, its energies, the loss along time
    (VGR25 Fig. 1b, c).

    Panels: ``map``, ``energy``, ``loss``.
    """
    tall = style.map_height(7.2, d.axis_1, d.axis_2, highest=4.0)
    figure = style.new_figure(7.2, tall + 4.1, row_gap=0.1)
    axes = figure.subplot_mosaic(
        [["map", "map"], ["energy", "loss"]], height_ratios=[tall + 0.7, 2.4]
    )
    _double_well_map(map_panel(axes["map"], d, "optimal plan and classic rules", "a"), d)
    paths.energy_panel(
        axes["energy"], d.optimal_times, d.optimal_kinetic, d.optimal_weighted_loss, d.discount
    )
    style.label(
        axes["energy"],
        "time t",
        "energy",
        title=f"the learner as a particle, γ = {d.discount:g}",
        letter="b",
    )
    style.legend_below(axes["energy"], columns=2)
    for rule in ("momentum", "gradient_descent", "optimal"):
        if getattr(d, f"{rule}_times") is not None:
            paths.rule_series(
                axes["loss"], getattr(d, f"{rule}_times"), getattr(d, f"{rule}_loss"), rule=rule
            )
    if d.fixed_end_times is not None:
        paths.rule_series(
            axes["loss"], d.fixed_end_times, d.fixed_end_loss, rule="optimal", **_FIXED
        )
    axes["loss"].set_xlim(d.optimal_times[0], d.optimal_times[-1])
    style.label(axes["loss"], "time t", "loss L", title="climbing first pays later", letter="c")
    style.legend_below(axes["map"], columns=4)
    return figure


def _double_well_map(axes, d):
    marks = paths.mark_times(d.optimal_times[-1])
    for name in ("momentum", "gradient_descent"):
        if getattr(d, f"{name}_path") is not None:
            paths.trajectory(
                axes,
                getattr(d, f"{name}_path"),
                rule=name,
                times=getattr(d, f"{name}_times"),
                marks=marks,
            )
    paths.trajectory(
        axes,
        d.optimal_path,
        label="optimal plan, end free",
        times=d.optimal_times,
        marks=marks,
        mark_labels=True,
        linewidth=2.4,
    )
    if d.fixed_end_path is not None:
        axes.plot(*d.fixed_end_path.T, zorder=4.5, **_FIXED)
    landscapes.minima(axes, d.minima, rank=True)
    if d.saddles is not None:
        landscapes.saddles(axes, d.saddles)
    landscapes.start(axes, d.optimal_path[0])
