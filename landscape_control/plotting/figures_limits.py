"""Where optimal control meets known rules: limits as rates, the proximal step, natural gradient,
partial control.
"""

import numpy as np

from . import curves, landscapes, paths, style
from .data import Key, draws
from .panels import GRID, map_panel


@draws(
    Key(name="discounts", shape="G", meaning="γ, T = ∞"),
    Key(
        name="discount_errors",
        shape="G",
        meaning="relative distance |u* − u_GD| / |u_GD| of the optimal policy",
    ),
    Key(name="discount_predictions", shape="G", meaning="ηk‖G⁻¹H‖/γ²", group="discount prediction"),
    Key(
        name="discount_slope",
        shape="",
        meaning="measured slope, by default that of all points",
        group="discount slope",
    ),
    Key(name="horizons", shape="H", meaning="T, γ = 0"),
    Key(name="horizon_errors", shape="H", meaning="relative distance to −ηkT G⁻¹∇L at t = 0"),
    Key(name="horizon_predictions", shape="H", meaning="ηk‖G⁻¹H‖T²/3", group="horizon prediction"),
    Key(
        name="horizon_slope",
        shape="",
        meaning="measured slope, by default that of all points",
        group="horizon slope",
    ),
)
def gradient_descent_limits(d):
    """How fast the optimal policy becomes gradient descent: slope −2 in the discount, +2 in the
    horizon.

    Panels: ``discount``, ``horizon``.
    """
    figure = style.new_figure(7.2, 3.2)
    axes = figure.subplot_mosaic([["discount", "horizon"]])
    curves.rate_plot(
        axes["discount"],
        d.discounts,
        d.discount_errors,
        slope=-2,
        prediction=d.discount_predictions,
        measured=d.discount_slope,
    )
    curves.rate_plot(
        axes["horizon"],
        d.horizons,
        d.horizon_errors,
        slope=2,
        prediction=d.horizon_predictions,
        measured=d.horizon_slope,
    )
    distance = "relative distance to gradient descent"
    style.label(
        axes["discount"],
        "discount γ  (horizon T = ∞)",
        distance,
        title="impatient: γ → ∞",
        letter="a",
    )
    style.label(
        axes["horizon"],
        "horizon T  (discount γ = 0)",
        distance,
        title="short-sighted: T → 0",
        letter="b",
    )
    style.legend(axes["discount"], loc="upper right")
    style.legend(axes["horizon"], loc="upper left")
    return figure


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
def proximal_limit(d):
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
def natural_gradient(d):
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
    spread = d.optimal_second[_even(d.optimal_second, 14)]
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


def _even(path, count):
    """Indices of about ``count`` points evenly spaced along a path."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    return np.unique(
        np.searchsorted(length, np.linspace(0, length[-1], count)).clip(max=len(path) - 1)
    )


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
    pick = _even(d.path, 6)[:-1]
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
