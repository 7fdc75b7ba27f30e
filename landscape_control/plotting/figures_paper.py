"""The pictures of VGR25 (arXiv 2510.26997), Figures 1 and 2, panel for panel in our own drawing.

Data common to several figures: ``axis_1`` (X,), ``axis_2`` (Y,) and ``loss`` (Y, X), the landscape
on a grid, with loss[j, i] = L(axis_1[i], axis_2[j]). Each function lists all its keys;
``data.read`` checks them. Figure 3 is in ``figures_drift``.
"""

import numpy as np

from . import curves, landscapes, paths, style
from .data import Key, draws
from .panels import GRID, discount_labels, map_panel

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
def double_well(d):
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


@draws(
    Key(name="learning_rate", shape="", meaning="η"),
    Key(name="loss_weight", shape="", meaning="k"),
    Key(name="discounts", shape="K", meaning="γ of each curve"),
    Key(name="times", shape="T", meaning="times of the computed points"),
    Key(name="paths", shape="K T", meaning="computed θ(t) - μ of one mode"),
    Key(name="times_theory", shape="U", meaning="times of the closed form"),
    Key(name="paths_theory", shape="K U", meaning="(θ₀ - μ) e^{-rt}"),
    Key(name="curvatures", shape="C", meaning="h of the computed rates"),
    Key(name="rates", shape="K C", meaning="computed relaxation rates r"),
    Key(name="curvatures_theory", shape="D", meaning="h of the closed form"),
    Key(name="rates_theory", shape="K D", meaning="√(γ²/4 + ηkh) - γ/2"),
)
def quadratic_modes(d):
    """One quadratic mode: relaxation in time, and its rate against curvature between the two limits
    (VGR25 Fig. 2a, b).

    Panels: ``relaxation``, ``rate``.
    """
    figure = style.new_figure(7.2, 3.6)
    axes = figure.subplot_mosaic([["relaxation", "rate"]])
    tones, names = style.shades("optimal", len(d.discounts)), discount_labels(d.discounts)
    axes["relaxation"].axhline(0, color=style.FAINT, linewidth=0.8)
    curves.theory_and_computed(
        axes["relaxation"],
        theory=(d.times_theory, d.paths_theory),
        computed=(d.times, d.paths),
        colors=tones,
        labels=names,
    )
    style.label(
        axes["relaxation"],
        "time t",
        "distance to the minimum θ − μ",
        title="relaxation of one mode",
        letter="a",
    )
    style.legend_below(axes["relaxation"], columns=3)
    strength, h = d.learning_rate * d.loss_weight, d.curvatures_theory
    curves.log_axes(axes["rate"])
    far = style.rule("ballistic")
    axes["rate"].plot(
        h, np.sqrt(strength * h), color=far.color, alpha=0.3, linewidth=5, label="ballistic  √(ηkh)"
    )
    near = style.rule("gradient_descent")
    for i, discount in enumerate(d.discounts[d.discounts > 0]):
        valid = h <= max(discount**2 / strength, 2 * h[0])
        axes["rate"].plot(
            h[valid],
            strength * h[valid] / discount,
            color=near.color,
            alpha=0.3,
            linewidth=5,
            label=None if i else "gradient descent  ηkh/γ",
        )
    curves.theory_and_computed(
        axes["rate"], theory=(h, d.rates_theory), computed=(d.curvatures, d.rates), colors=tones
    )
    axes["rate"].set_ylim(0.6 * d.rates_theory.min(), 2.2 * d.rates_theory.max())
    style.label(
        axes["rate"],
        "curvature h",
        "relaxation rate r",
        title="from linear to square root",
        letter="b",
    )
    handles = axes["rate"].get_legend_handles_labels()[0] + curves.how_to_read()
    style.legend_below(axes["rate"], handles=handles, columns=2)
    return figure


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
def anisotropic_bowl(d):
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


@draws(
    Key(name="discounts", shape="G", meaning="γ of the computed ratios, all > 0"),
    Key(name="conditions", shape="K", meaning="condition numbers h₁/h₂"),
    Key(name="ratios", shape="K G", meaning="computed r₁/r₂"),
    Key(name="discounts_theory", shape="D", meaning="γ of the closed form, all > 0"),
    Key(name="ratios_theory", shape="K D", meaning="closed form over γ"),
    Key(name="conditions_theory", shape="E", meaning="condition numbers of the closed form"),
    Key(
        name="ratios_theory_conditions",
        shape="G E",
        meaning="closed form over the condition number",
    ),
)
def convergence_rates(d):
    """How unevenly two modes converge: r₁/r₂ between √(h₁/h₂), far-sighted, and h₁/h₂, gradient
    descent (VGR25 Fig. 2d).

    Panels: ``discount``, ``condition`` (at most four discounts are shown there).
    """
    figure = style.new_figure(7.2, 3.2)
    axes = figure.subplot_mosaic([["discount", "condition"]])
    tones = style.shades("optimal", len(d.conditions))
    curves.log_axes(axes["discount"])
    curves.theory_and_computed(
        axes["discount"],
        theory=(d.discounts_theory, d.ratios_theory),
        computed=(d.discounts, d.ratios),
        colors=tones,
    )
    low, high = d.discounts_theory[[0, -1]]
    limits = (
        ("gradient_descent", (high / 6, high), d.conditions),
        ("ballistic", (low, low * 6), np.sqrt(d.conditions)),
    )
    for key, span, values in limits:
        axes["discount"].hlines(values, *span, color=style.rule(key).color, linewidth=5, alpha=0.3)
    for value in d.conditions:
        style.note(
            axes["discount"], high, 1.13 * value, f"h₁/h₂ = {value:g}", ha="right", va="bottom"
        )
    axes["discount"].set_ylim(top=2 * d.conditions.max())
    style.label(
        axes["discount"],
        "discount γ",
        "ratio of rates r₁/r₂",
        title="short sight converges unevenly",
        letter="a",
    )

    pick = np.unique(
        np.linspace(0, len(d.discounts) - 1, min(4, len(d.discounts))).round().astype(int)
    )
    curves.log_axes(axes["condition"])
    laws = (
        ("gradient_descent", 1.0, "gradient descent  h₁/h₂"),
        ("ballistic", 0.5, "far-sighted  √(h₁/h₂)"),
    )
    for key, power, name in laws:
        axes["condition"].plot(
            d.conditions_theory,
            d.conditions_theory**power,
            color=style.rule(key).color,
            linewidth=5,
            alpha=0.3,
            label=name,
            zorder=2,
        )
    curves.theory_and_computed(
        axes["condition"],
        theory=(d.conditions_theory, d.ratios_theory_conditions[pick]),
        computed=(d.conditions, d.ratios[:, pick].T),
        colors=style.shades("optimal", len(pick)),
        labels=discount_labels(d.discounts[pick]),
    )
    style.label(
        axes["condition"],
        "condition number h₁/h₂",
        "ratio of rates r₁/r₂",
        title="between two power laws",
        letter="b",
    )
    style.legend(axes["condition"], loc="upper left")
    return figure
