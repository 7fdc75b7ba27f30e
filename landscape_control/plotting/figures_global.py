"""The whole view: when crossing a barrier pays, the grid's value function, one plan in full, all
claims at a glance.
"""

import numpy as np

from ..errors import ProblemError
from . import evidence, landscapes, paths, style
from .data import Key, draws
from .panels import GRID, map_panel, rows_with_numbers


def _optional(keys, group):
    return tuple(
        Key(name=key.name, shape=key.shape, meaning=key.meaning, group=group) for key in keys
    )


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
    *_optional(GRID, "example"),
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
def escape_horizon(d):
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
    landscapes.heat_map(panel, d.discounts, d.horizons, d.advantage)
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
            panel, handles=[landscapes.hatched("only one of the two plans exists")], columns=1
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
    column, row = np.meshgrid(
        np.linspace(0, 2, len(d.discounts)), np.linspace(0, 6, len(d.horizons))
    )  # words are wide
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


@draws(
    Key(name="axis_1", shape="X", meaning="grid of θ₁"),
    Key(name="axis_2", shape="Y", meaning="grid of θ₂"),
    Key(name="value", shape="Y X", meaning="V(θ, 0), the cost to go solved on the grid"),
    Key(name="path", shape="N 2", meaning="the certified plan"),
    Key(name="cost", shape="", meaning="J of the plan"),
    Key(name="grid_cost", shape="", meaning="V(θ₀, 0) on the grid"),
    Key(name="grid_error", shape="", meaning="estimated error of the grid at θ₀"),
    Key(
        name="other_path",
        shape="O 2",
        meaning="another stationary plan, not global",
        group="other plan",
    ),
    Key(name="other_cost", shape="", meaning="its J", group="other plan"),
    Key(name="minima", shape="M 2", meaning="minima of L, lowest first", group="minima"),
    Key(name="saddles", shape="S 2", meaning="saddle points of L", group="saddles"),
    Key(name="flow", shape="Y X 2", meaning="optimal θ̇ on the grid", group="flow"),
)
def global_value(d):
    """The grid's value function with the plan it certifies, and the costs of plan, rival and grid.

    Panels: ``value``, ``cost``.
    """
    figure = style.map_figure(7.6, 0.7, d.axis_1, d.axis_2, rows=1)
    axes = figure.subplot_mosaic([["value", "cost"]], width_ratios=[2.1, 1])
    panel, thin = axes["value"], max(1, len(d.axis_1) // 18)
    landscapes.loss_contours(panel, d.axis_1, d.axis_2, d.value)
    panel.set_aspect("equal", anchor="N")
    style.label(
        panel, "parameter θ₁", "parameter θ₂", title="cost to go V(θ) from every start", letter="a"
    )
    if d.flow is not None:
        inner = slice(thin // 2, None)
        landscapes.vector_field(
            panel, d.axis_1[inner], d.axis_2[inner], d.flow[inner, inner], every=thin
        )
    if d.other_path is not None:
        paths.trajectory(
            panel,
            d.other_path,
            color=style.COSTS,
            linestyle=(0, (4, 1.5)),
            label="another stationary plan",
        )
    paths.trajectory(panel, d.path, label="plan under test", linewidth=2.1)
    if d.minima is not None:
        landscapes.minima(panel, d.minima, rank=True)
    if d.saddles is not None:
        landscapes.saddles(panel, d.saddles)
    landscapes.start(panel, d.path[0])
    style.figure_legend(figure, columns=5)
    _cost_rows(axes["cost"], d)
    return figure


def _cost_rows(axes, d):
    rows = [("grid V(θ₀)", d.grid_cost, style.INK), ("plan", d.cost, style.PAYS)]
    rows += [] if d.other_path is None else [("other plan", d.other_cost, style.COSTS)]
    values = np.array([value for _, value, _ in rows])
    style.label(axes, "cost J", title="plan against grid", letter="b")
    axes.axvspan(
        d.grid_cost - d.grid_error, d.grid_cost + d.grid_error, color=style.FAINT, zorder=0
    )
    evidence.name_rows(axes, [name for name, _, _ in rows])
    for row, (_, value, color) in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        axes.plot(value, row, marker="o", color=color, markersize=6, linestyle="none", zorder=5)
        style.note(
            axes,
            value,
            row + 0.24,
            f"{value:.5g}" + f" ± {d.grid_error:.1g}" * (row == len(rows) - 1),
            ha="center",
        )
    reach = max(np.ptp(values), 4 * d.grid_error)
    axes.set_xlim(values.min() - 0.45 * reach, values.max() + 0.45 * reach)


@draws(
    Key(name="times", shape="N", meaning="node times"),
    Key(name="parameters", shape="N n", meaning="θ"),
    Key(name="controls", shape="N m", meaning="u"),
    Key(name="costates", shape="N n", meaning="current-value λ = ∂V/∂θ"),
    *_optional(GRID, "landscape"),
    Key(name="minima", shape="M 2", meaning="minima, lowest first", group="minima"),
    Key(name="title", shape="", meaning="what was solved", text=True, group="title"),
)
def plan_overview(d):
    """One plan in full: parameters, controls and costates over time, and its path on the contours
    when n = 2.

    Panels: ``map`` if the landscape is given, ``parameters``, ``controls``, ``costates``.
    """
    mapped = d.loss is not None
    if mapped and d.parameters.shape[1] != 2:
        raise ProblemError(
            "figure plan_overview",
            expected="two parameters when the landscape is given",
            received=f"{d.parameters.shape[1]}",
            advice="leave out axis_1, axis_2 and loss",
        )
    tall = style.map_height(7.4, d.axis_1, d.axis_2, highest=4.0) + 0.75 if mapped else 0.0
    figure = style.new_figure(7.4, tall + 2.6, row_gap=0.1)
    series = (
        ("parameters", "parameters θ", "θ"),
        ("controls", "controls u", "u"),
        ("costates", "costates λ = ∂V/∂θ", "λ"),
    )
    rows = [["map"] * 3] * mapped + [[name for name, _, _ in series]]
    axes = figure.subplot_mosaic(rows, height_ratios=[tall, 2.0] if mapped else None)
    if mapped:
        map_panel(axes["map"], d, "the plan" if d.title is None else d.title, "a")
        paths.trajectory(axes["map"], d.parameters, linewidth=2.1)
        if d.minima is not None:
            landscapes.minima(axes["map"], d.minima, rank=True)
        landscapes.start(axes["map"], d.parameters[0])
        style.legend_below(axes["map"], columns=3)
    elif d.title is not None:
        title = style.literal(d.title)
        figure.suptitle(
            title,
            x=0.01,
            ha="left",
            fontsize=style.TEXT + 1,
            color=style.INK,
            fontfamily=style.FONT,
        )
    for (name, words, symbol), letter in zip(series, "bcd" if mapped else "abc", strict=True):
        values = getattr(d, name)
        labels = (
            [f"{symbol}{chr(0x2080 + i + 1)}" for i in range(values.shape[1])]
            if values.shape[1] < 9
            else None
        )
        lines = ["-", (0, (4, 1.5)), (0, (1, 1.2))] * values.shape[1]
        paths.time_series(
            axes[name], d.times, values, labels=labels, lines=lines[: values.shape[1]]
        )
        style.label(axes[name], "time t", title=words, letter=letter)
        axes[name].set_xlim(d.times[[0, -1]])
        if labels and values.shape[1] > 1:
            style.legend_below(axes[name], columns=4)
    return figure


@draws(
    Key(name="claims", shape="C", meaning="names of the claims", text=True),
    Key(name="theory", shape="C", meaning="reference values"),
    Key(name="computed", shape="C", meaning="computed values", gaps=True),
    Key(
        name="errors",
        shape="C",
        meaning="distance from what the relation of the claim asks, 0 inside a bound",
        gaps=True,
    ),
    Key(name="tolerances", shape="C", meaning="largest error allowed, in the same units"),
)
def claims_overview(d):
    """All claims at a glance: how much of its tolerance each one uses, with the two numbers beside
    it.

    Panels: ``claims``, ``numbers``. Dots are met claims, crosses failed ones.
    """
    columns = {
        "theory": [evidence.figures_of(value, 5) for value in d.theory],
        "computed": [evidence.figures_of(value, 5) for value in d.computed],
    }
    figure, panels = rows_with_numbers(["claims"], list(d.claims), columns, 4.2, row=0.21)
    style.label(
        panels["claims"],
        "share of the tolerance used,  error / tolerance",
        title="theory against computation",
    )
    evidence.tolerance_used(panels["claims"], d.claims, d.errors, d.tolerances)
    return figure
