"""Beyond which (γ, T) it pays to cross the barrier, with the two competing plans of one point
beside it.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import grid_cells, heat_maps, landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, Figure, map_panel, optional


@draws(
    Key(name="discounts", shape="G", meaning="γ of the columns, logarithmically spaced"),
    Key(name="horizons", shape="H", meaning="T of the rows, logarithmically spaced"),
    Key(
        name="advantage",
        shape="H G",
        gaps=True,
        meaning=(
            "J_stay − J_cross, positive where crossing pays; NaN where one of the two plans does"
            " not exist"
        ),
    ),
    Key(name="boundary_discounts", shape="B", meaning="γ along the boundary"),
    Key(name="boundary_horizons", shape="B", meaning="escape horizon T at these γ"),
    *optional(GRID, "example"),
    Key(name="minima", shape="M 2", meaning="minima, lowest first", group="example"),
    Key(name="saddles", shape="S 2", meaning="saddle points", group="example"),
    Key(name="example_discount", shape="", meaning="γ of the example", group="example"),
    Key(name="example_horizon", shape="", meaning="T of the example", group="example"),
    Key(name="staying_path", shape="P 2", meaning="best plan that stays", group="example"),
    Key(name="crossing_path", shape="Q 2", meaning="best plan that crosses", group="example"),
    Key(name="staying_times", shape="P", meaning="its times", group="example"),
    Key(
        name="staying_spent",
        shape="P",
        meaning="its cost so far, ∫₀ᵗ e^{-γs}(|u|²_G/2η + kL) ds",
        group="example",
    ),
    Key(
        name="crossing_times", shape="Q", meaning="times of the plan that crosses", group="example"
    ),
    Key(name="crossing_spent", shape="Q", meaning="its cost so far", group="example"),
)
def escape_horizon(d: SimpleNamespace) -> Figure:
    """Beyond which (γ, T) it pays to cross the barrier, with the two competing plans of one point
    beside it.

    Panels: ``map``; ``plans`` and ``spent`` if the example is given. Cells without a number are
    hatched.
    """
    shown = d.staying_path is not None
    figure = style.new_figure(7.8 if shown else 4.4, 4.2 if shown else 3.6)
    axes = figure.subplot_mosaic(
        [["map", "plans"], ["map", "spent"]] if shown else [["map"]],
        width_ratios=[1.1, 1] if shown else None,
    )
    panel = axes["map"]
    heat_maps.heat_map(panel, d.discounts, d.horizons, d.advantage)
    scale = figure.colorbar(panel.collections[-1], ax=panel, pad=0.02, aspect=28, fraction=0.06)
    style.dress(scale.ax)
    scale.set_label(
        "advantage of crossing, J(stay) − J(cross)", fontsize=style.TEXT, color=style.INK
    )
    scale.outline.set_visible(False)
    panel.plot(
        d.boundary_discounts,
        d.boundary_horizons,
        color=style.INK,
        linewidth=1.8,
        path_effects=style.halo(3.2),
    )
    style.label(
        panel,
        "discount γ",
        "horizon T",
        title="escape horizon of the double well",
        letter="a" if shown else "",
    )
    _region_words(panel, d)
    if np.isnan(d.advantage).any():
        style.legend_below(
            panel, handles=[grid_cells.hatched("only one of the two plans exists")], columns=1
        )
    if shown:
        panel.plot(
            d.example_discount, d.example_horizon, zorder=6, **style.hollow(style.INK, size=6)
        )
        _two_plans(axes["plans"], axes["spent"], d)
    return figure


def _region_words(axes, d):
    """Name both regions at the deepest cell of each, the one farthest from every other cell and
    from the frame.
    """
    # words are wide
    column, row = np.meshgrid(
        np.linspace(0, 2, len(d.discounts)), np.linspace(0, 6, len(d.horizons))
    )
    cells = np.stack([column, row], axis=-1)
    for region, words in ((d.advantage > 0, "crossing pays"), (d.advantage <= 0, "staying pays")):
        if region.any():
            here, there = cells[region], cells[~region]
            frame = np.min([here, [2, 6] - here], axis=(0, 2))
            apart = np.array([np.hypot(*(there - cell).T).min(initial=np.inf) for cell in here])
            deepest = here[np.argmax(np.minimum(frame, apart))] / [2, 6]
            style.note(
                axes, *deepest, words, transform=axes.transAxes, ha="center", fontsize=style.TEXT
            )


def _two_plans(plans, spent, d):
    map_panel(plans, d, f"two plans at γ = {d.example_discount:g}, T = {d.example_horizon:g}", "b")
    spent.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    for name, words, color in (
        ("staying", "stays", style.COSTS),
        ("crossing", "crosses", style.PAYS),
    ):
        times, cost = getattr(d, f"{name}_times"), getattr(d, f"{name}_spent")
        paths.trajectory(
            plans,
            getattr(d, f"{name}_path"),
            color=color,
            label=f"plan that {words}",
            linewidth=2.0,
        )
        spent.plot(times, cost, color=color, linewidth=1.7, label=f"{words}, J = {cost[-1]:.4g}")
    landscapes.minima(plans, d.minima, rank=True)
    landscapes.saddles(plans, d.saddles)
    landscapes.start(plans, d.staying_path[0])
    spent.set_xlim(0, d.example_horizon)
    style.label(spent, "time t", "cost so far", title="an investment and its return", letter="c")
    style.legend_below(spent, columns=2)
