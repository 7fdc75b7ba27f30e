"""The grid's value function with the plan it certifies, and the costs of plan, rival and grid."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import evidence, landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure


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
def global_value(d: SimpleNamespace) -> Figure:
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
