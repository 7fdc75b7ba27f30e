"""Only the final loss counts.

The optimal end is the proximal step, and the explicit gradient step for short horizons.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, Figure, map_panel


@draws(
    *GRID,
    Key(name="start", shape="2", meaning="θ₀"),
    Key(name="horizons", shape="T", meaning="horizons of the computed plans, terminal cost only"),
    Key(name="ends", shape="T 2", meaning="computed θ(T)"),
    Key(name="proximal", shape="T 2", meaning="argmin |θ−θ₀|²_G/2ηT + κL at the same horizons"),
    Key(
        name="gradient_descent",
        shape="T 2",
        meaning="explicit step θ₀ − ηκT G⁻¹∇L(θ₀) at the same horizons",
    ),
    Key(
        name="proximal_curve", shape="S 2", meaning="proximal points over a fine range of horizons"
    ),
    Key(
        name="gradient_descent_curve",
        shape="R 2",
        meaning="explicit steps over a fine range of horizons",
    ),
    Key(
        name="gradient_descent_slope",
        shape="",
        group="slope",
        meaning="measured slope of |θ(T) − gradient step| in T, by default that of all points",
    ),
    Key(name="minimum", shape="2", meaning="minimum the proximal curve heads for", group="minimum"),
)
def proximal_limit(d: SimpleNamespace) -> Figure:
    """Only the final loss counts: the optimal end is the proximal step, and the explicit gradient
    step for short horizons.

    Panels: ``map``, ``distance``.
    """
    figure = style.map_figure(7.4, 0.54, d.axis_1, d.axis_2)
    axes = figure.subplot_mosaic([["map", "distance"]], width_ratios=[1.2, 1])
    map_panel(axes["map"], d, "ends of optimal plans", "a")
    paths.trajectory(
        axes["map"],
        d.gradient_descent_curve,
        rule="gradient_descent",
        label="explicit gradient step",
        end=False,
    )
    paths.trajectory(
        axes["map"],
        d.proximal_curve,
        rule="proximal",
        label="proximal step",
        end=False,
        linewidth=2.2,
    )
    look = style.rule("optimal")
    axes["map"].plot(
        *d.ends.T,
        zorder=6,
        label="optimal end θ(T), computed",
        **style.hollow(look.color, look.marker, 4.6),
    )
    landscapes.start(axes["map"], d.start)
    if d.minimum is not None:
        landscapes.minima(axes["map"], d.minimum)
    error = np.linalg.norm(d.ends - d.proximal, axis=1)
    gap = np.linalg.norm(d.ends - d.gradient_descent, axis=1)
    curves.rate_plot(
        axes["distance"],
        d.horizons,
        gap,
        slope=2,
        measured=d.gradient_descent_slope,
        label="distance to the gradient step",
    )
    near = style.rule("proximal")
    axes["distance"].plot(
        d.horizons,
        np.maximum(error, 1e-16),
        color=near.color,
        linestyle="none",
        marker=near.marker,
        markersize=5.5,
        label="distance to the proximal step",
    )
    style.label(
        axes["distance"],
        "horizon T",
        "distance of the optimal end θ(T)",
        title="equal to one, near the other",
        letter="b",
    )
    style.figure_legend(figure)
    return figure
