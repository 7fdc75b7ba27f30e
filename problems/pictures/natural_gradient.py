"""A Gaussian model with its Fisher metric.

One optimal plan in every parametrisation, unlike gradient descent.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, landscapes, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure, map_panel


@draws(
    Key(name="axis_1", shape="X", meaning="grid of the mean m"),
    Key(name="axis_2", shape="Y", meaning="grid of the width σ"),
    Key(name="loss", shape="Y X", meaning="loss L on the grid"),
    Key(
        name="names",
        shape="2",
        meaning="the two parametrisations, e.g. (m, σ) and (m, log σ)",
        text=True,
    ),
    Key(
        name="optimal_first",
        shape="N 2",
        meaning="optimal plan with Fisher metric found in the first, as (m, σ)",
    ),
    Key(
        name="optimal_second", shape="O 2", meaning="the same found in the second, mapped to (m, σ)"
    ),
    Key(
        name="gradient_descent_first",
        shape="P 2",
        meaning="plain gradient descent in the first, as (m, σ)",
    ),
    Key(
        name="gradient_descent_second",
        shape="Q 2",
        meaning="plain gradient descent in the second, mapped to (m, σ)",
    ),
    Key(
        name="natural_gradient",
        shape="R 2",
        meaning="natural gradient flow, the limit of a large discount",
        group="natural gradient",
    ),
    Key(name="minimum", shape="2", meaning="minimum in (m, σ)", group="minimum"),
    Key(name="times", shape="T", meaning="times of the distances"),
    Key(
        name="optimal_distance",
        shape="T",
        meaning="distance in (m, σ) between the two optimal plans",
    ),
    Key(
        name="gradient_descent_distance",
        shape="T",
        meaning="distance in (m, σ) between the two gradient descents",
    ),
)
def natural_gradient(d: SimpleNamespace) -> Figure:
    """A Gaussian model with its Fisher metric: one optimal plan in every parametrisation, unlike
    gradient descent.

    Panels: ``map``, ``distance``.
    """
    figure = style.new_figure(7.4, 4.0)
    axes = figure.subplot_mosaic([["map", "distance"]], width_ratios=[1.3, 1])
    panel = map_panel(axes["map"], d, "one model, two coordinate systems", "a", equal=False)
    style.label(panel, "mean m", "width σ")
    for suffix, name, line in zip(("first", "second"), d.names, ("-", (0, (3, 1.3))), strict=True):
        paths.trajectory(
            panel,
            getattr(d, f"gradient_descent_{suffix}"),
            rule="gradient_descent",
            linestyle=line,
            label=f"gradient descent in {name}",
        )
    if d.natural_gradient is not None:
        paths.trajectory(panel, d.natural_gradient, rule="natural_gradient", end=False)
    paths.trajectory(
        panel, d.optimal_first, label=f"optimal, found in {d.names[0]}", linewidth=2.1, end=False
    )
    spread = d.optimal_second[paths.evenly_spaced(d.optimal_second, 14)]
    panel.plot(
        *spread.T,
        zorder=6,
        label=f"optimal, found in {d.names[1]}",
        **style.hollow(style.rule("optimal").color, size=4.6),
    )
    landscapes.start(panel, d.optimal_first[0])
    if d.minimum is not None:
        landscapes.minima(panel, d.minimum)
    style.figure_legend(figure)
    curves.log_axes(axes["distance"], "y")
    for key, words in (("gradient_descent", "gradient descent"), ("optimal", "optimal plan")):
        gap = getattr(d, f"{key}_distance")
        gap = np.where(gap > 0, gap, np.nan) if (gap > 0).any() else np.full_like(gap, 1e-16)
        paths.rule_series(axes["distance"], d.times, gap, rule=key)
        style.note(
            axes["distance"],
            d.times[-1],
            1.6 * np.nanmax(gap),
            words,
            color=style.rule(key).color,
            ha="right",
            va="bottom",
        )
    axes["distance"].set_ylim(top=20 * axes["distance"].get_ylim()[1])
    style.label(
        axes["distance"],
        "time t",
        "distance between the two paths",
        title="invariance, measured",
        letter="b",
    )
    return figure
