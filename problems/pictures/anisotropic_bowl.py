"""Paths down an anisotropic bowl, between gradient descent and Newton (VGR25 Fig. 2c)."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, Figure, map_panel


@draws(
    *GRID,
    Key(name="minimum", shape="2", meaning="μ"),
    Key(
        name="modes",
        shape="2 2",
        meaning="unit eigenvectors of the Hessian as columns, flattest first",
    ),
    Key(name="discounts", shape="K", meaning="γ of each optimal path"),
    Key(name="paths", shape="K T 2", meaning="optimal θ(t)"),
    Key(name="gradient_descent_path", shape="P 2", meaning="gradient descent"),
    Key(name="newton_path", shape="Q 2", meaning="Newton: straight to the minimum"),
)
def anisotropic_bowl(d: SimpleNamespace) -> Figure:
    """Paths down an anisotropic bowl, between gradient descent and Newton (VGR25 Fig. 2c).

    Panels: ``map`` and ``modes``, the same paths as distance along the steep against the flat mode
    on logarithmic axes,
    where the slope of a path is the ratio of its two rates.
    """
    figure = style.map_figure(7.4, 0.55, d.axis_1, d.axis_2)
    axes = figure.subplot_mosaic([["map", "modes"]], width_ratios=[1.2, 1])
    tones = style.shades("optimal", len(d.discounts))
    drawn = [
        ("gradient_descent", d.gradient_descent_path, None, None),
        ("newton", d.newton_path, None, None),
    ]
    drawn += [
        ("optimal", path, tone, f"optimal, γ = {g:g}")
        for path, tone, g in zip(d.paths, tones, d.discounts, strict=True)
    ]
    map_panel(axes["map"], d, "paths to the minimum", "a")
    floor = 3e-3 * np.linalg.norm(d.paths[0, 0] - d.minimum)
    for rule, path, tone, name in drawn:
        paths.trajectory(axes["map"], path, rule=rule, color=tone, label=name, end=False)
        along = np.abs((path - d.minimum) @ d.modes)
        kept = along[(along > floor * np.array([1, 0.02])).all(1)]
        look = style.rule(rule)
        slope = curves.measured_slope(*kept.T)
        axes["modes"].plot(
            *kept.T,
            color=tone or look.color,
            linestyle=look.line,
            linewidth=1.5,
            label=f"_{slope:.3g}",
        )
    landscapes.minima(axes["map"], d.minimum)
    landscapes.start(axes["map"], d.paths[0, 0])
    style.figure_legend(figure)
    curves.log_axes(axes["modes"])
    style.legend(
        axes["modes"],
        handles=axes["modes"].lines,
        labels=[line.get_label()[1:] for line in axes["modes"].lines],
        loc="lower right",
        title="slope",
    )
    axes["modes"].invert_xaxis()
    style.label(
        axes["modes"],
        "distance along the flat mode",
        "distance along the steep mode",
        title="slope = ratio of the two rates",
        letter="b",
    )
    return figure
