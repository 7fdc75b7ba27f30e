"""Only some directions can be pushed: the reachable line, the plan, and the angle between its update and −∇L."""

import numpy as np

from ...display.plotting import landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, map_panel


@draws(
    *GRID,
    Key(name="times", shape="T", meaning="times of the optimal plan"),
    Key(name="path", shape="T 2", meaning="optimal θ(t) with rank-deficient B"),
    Key(
        name="reachable",
        shape="L 2 2",
        meaning="segments (two points each) of the reachable set θ₀ + range B",
    ),
    Key(
        name="unrestricted",
        shape="U 2",
        meaning="optimal path when every direction can be pushed",
        group="unrestricted",
    ),
    Key(name="updates", shape="T 2", meaning="optimal update B u* along the path"),
    Key(name="descents", shape="T 2", meaning="−∇L along the path"),
    Key(name="angles", shape="T", meaning="angle between B u* and −∇L, degrees"),
    Key(
        name="smallest_angles",
        shape="T",
        meaning="smallest angle any update in range B can have, degrees",
    ),
    Key(name="minimum", shape="2", meaning="minimum of L"),
    Key(
        name="constrained_minimum",
        shape="2",
        meaning="lowest point of the reachable set",
        group="constrained minimum",
    ),
)
def partial_control(d):
    """Only some directions can be pushed: the reachable line, the plan, and the angle between its
    update and −∇L.

    Panels: ``map``, ``angle``.
    """
    figure = style.map_figure(7.4, 0.54, d.axis_1, d.axis_2, rows=3)
    axes = figure.subplot_mosaic([["map", "angle"]], width_ratios=[1.2, 1])
    panel = map_panel(axes["map"], d, "pushing along one direction", "a")
    for i, segment in enumerate(d.reachable):
        panel.plot(
            *segment.T,
            color=style.INK,
            linewidth=0.9,
            linestyle=(0, (5, 2.5)),
            zorder=2,
            label=None if i else "reachable set",
        )
    if d.unrestricted is not None:
        paths.trajectory(
            panel,
            d.unrestricted,
            color=style.shades("optimal", 4)[3],
            label="optimal, every direction free",
            end=False,
        )
    paths.trajectory(panel, d.path, label="optimal, restricted", linewidth=2.2)
    pick = paths.evenly_spaced(d.path, 6)[:-1]
    landscapes.arrows(
        panel,
        d.path[pick],
        d.descents[pick],
        color=style.rule("gradient_descent").color,
        label="−∇L",
    )
    landscapes.arrows(
        panel, d.path[pick], d.updates[pick], color=style.rule("optimal").color, label="update B u*"
    )
    landscapes.minima(panel, d.minimum)
    if d.constrained_minimum is not None:
        landscapes.attractor(panel, d.constrained_minimum, label="lowest reachable point")
    landscapes.start(panel, d.path[0])
    paths.rule_series(
        axes["angle"], d.times, d.angles, rule="optimal", label="angle of the optimal update"
    )
    axes["angle"].plot(
        d.times,
        d.smallest_angles,
        color=style.INK,
        linewidth=1.2,
        linestyle=(0, (5, 2.5)),
        label="smallest reachable angle",
    )
    axes["angle"].axhline(90, color=style.FAINT, linewidth=0.9, zorder=0)
    top = 30 * np.ceil(max(d.angles.max(), 90) / 30) + 7
    axes["angle"].set(ylim=(0, top), yticks=np.arange(0, top, 30), xlim=d.times[[0, -1]])
    style.label(
        axes["angle"],
        "time t",
        "angle to −∇L  (degrees)",
        title="not the gradient direction",
        letter="b",
    )
    style.figure_legend(figure)
    return figure
