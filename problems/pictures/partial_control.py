"""Only some directions can be pushed.

The reachable line, the plan, and the angle between its update and −∇L.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np

from ...display.plotting import landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, Axes, Figure, map_panel

DASHED: dict[str, Any] = {"color": style.INK, "linestyle": (0, (5, 2.5))}


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
def partial_control(d: SimpleNamespace) -> Figure:
    """Only some directions can be pushed: the reachable line, the plan, its angle to −∇L.

    Panels: ``map``, ``angle``.
    """
    figure = style.map_figure(7.4, 0.54, d.axis_1, d.axis_2, rows=3)
    axes = figure.subplot_mosaic([["map", "angle"]], width_ratios=[1.2, 1])
    _map(axes["map"], d)
    _angle(axes["angle"], d)
    style.figure_legend(figure)
    return figure


def _map(panel: Axes, d: SimpleNamespace) -> None:
    map_panel(panel, d, "pushing along one direction", "a")
    for i, segment in enumerate(d.reachable):
        label = None if i else "reachable set"
        panel.plot(*segment.T, linewidth=0.9, zorder=2, label=label, **DASHED)
    if d.unrestricted is not None:
        pale, label = style.shades("optimal", 4)[3], "optimal, every direction free"
        paths.trajectory(panel, d.unrestricted, color=pale, label=label, end=False)
    paths.trajectory(panel, d.path, label="optimal, restricted", linewidth=2.2)
    pick = paths.evenly_spaced(d.path, 6)[:-1]
    arrows = (
        (d.descents, "gradient_descent", "−∇L"),
        (d.updates, "optimal", "update B u*"),
    )
    for vectors, key, label in arrows:
        color = style.rule(key).color
        landscapes.arrows(panel, d.path[pick], vectors[pick], color=color, label=label)
    landscapes.minima(panel, d.minimum)
    if d.constrained_minimum is not None:
        landscapes.attractor(panel, d.constrained_minimum, label="lowest reachable point")
    landscapes.start(panel, d.path[0])


def _angle(panel: Axes, d: SimpleNamespace) -> None:
    label = "angle of the optimal update"
    paths.rule_series(panel, d.times, d.angles, rule="optimal", label=label)
    label = "smallest reachable angle"
    panel.plot(d.times, d.smallest_angles, linewidth=1.2, label=label, **DASHED)
    panel.axhline(90, color=style.FAINT, linewidth=0.9, zorder=0)
    top = 30 * np.ceil(max(d.angles.max(), 90) / 30) + 7  # degrees
    panel.set(ylim=(0, top), yticks=np.arange(0, top, 30), xlim=d.times[[0, -1]])
    title = "not the gradient direction"
    style.label(panel, "time t", "angle to −∇L  (degrees)", title=title, letter="b")
