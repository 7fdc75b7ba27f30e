"""Where beliefs change the rule: resetting for a moving task, probing against certainty
equivalence, the two-task chain.
"""

import numpy as np

from . import curves, landscapes, style
from .data import Key, draws
from .simulated import (
    band,
    floor_of,
    hidden_path,
    letters,
    numbered,
    simulated,
    switches,
    tick_values,
    value_labels,
)


@draws(
    Key(name="rates", shape="L", meaning="hazard rates λ of task switches"),
    Key(name="noises", shape="J", meaning="gradient noise σ of each panel"),
    Key(
        name="rules",
        shape="R",
        text=True,
        meaning=(
            "keys: no_reset, full_reset, l2_decay, shrink_and_perturb, each with its own best"
            " coefficients"
        ),
    ),
    Key(name="regrets", shape="J R L", meaning="mean J/J* − 1 against the optimum", gaps=True),
    Key(
        name="regret_errors",
        shape="J R L",
        meaning="standard errors of the regrets",
        group="errors",
        gaps=True,
    ),
    Key(
        name="regret_floor",
        shape="",
        meaning="regrets below it are drawn there, hollow",
        group="floor",
    ),
    Key(name="times", shape="N", meaning="times of the example", group="example"),
    Key(name="hidden", shape="N", meaning="true minimum of the current task", group="example"),
    Key(name="switches", shape="S", meaning="times of its switches", group="example"),
    Key(
        name="example_rules",
        shape="E",
        meaning="keys of the rules drawn, e.g. belief_optimal, no_reset",
        text=True,
        group="example",
    ),
    Key(
        name="weights", shape="E N", meaning="θ(t) of each rule on the same noise", group="example"
    ),
)
def resetting(d):
    """What each way of forgetting costs, over how often the task switches and how noisy the
    gradients are.

    Panels: ``regret_1`` ... ``regret_J``; ``weights`` if the example is given.
    """
    names, example = numbered("regret", len(d.noises)), d.weights is not None
    figure = style.new_figure(2.5 * max(len(names), 2) + 0.5, 2.9 + 2.2 * example)
    axes = figure.subplot_mosaic(
        [names] + [["weights"] * len(names)] * example, height_ratios=[1.15] + [1] * example
    )
    named, floor = letters(names + ["weights"] * example), floor_of(d.regrets, d.regret_floor)
    for j, (name, words) in enumerate(zip(names, value_labels("σ", d.noises), strict=True)):
        panel = curves.log_axes(axes[name])
        tick_values(panel, d.rates)
        if j:
            panel.sharey(axes[names[0]])
            panel.tick_params(axis="y", labelleft=False)
        for i, key in enumerate(d.rules):
            errors = None if d.regret_errors is None else d.regret_errors[j, i]
            simulated(panel, d.rates, d.regrets[j, i], errors, rule=key, floor=floor)
        style.label(
            panel,
            "hazard rate λ",
            None if j else "regret J/J* − 1",
            title=f"noise {words}",
            letter=named[name],
        )
    if example:
        _weights(axes["weights"], d, named["weights"])
    style.figure_legend(figure, columns=4)
    return figure


def _weights(axes, d, letter):
    hidden_path(axes, d.times, d.hidden, label="hidden minimum")
    switches(axes, d.switches)
    for key, path in zip(d.example_rules, d.weights, strict=True):
        look = style.rule(key)
        axes.plot(
            d.times,
            path,
            color=look.color,
            linestyle=look.line,
            linewidth=1.5,
            zorder=4,
            label=None if key in d.rules else look.label,
        )
    axes.set_xlim(d.times[[0, -1]])
    style.label(axes, "time t", "weight θ", title="weights chasing the task", letter=letter)


@draws(
    Key(
        name="noises",
        shape="X",
        meaning="observation noise σ of the columns, logarithmically spaced",
    ),
    Key(
        name="horizons",
        shape="Y",
        meaning="rows of the map, logarithmically spaced: horizon, or what vertical_name says",
    ),
    Key(
        name="information_value",
        shape="Y X",
        gaps=True,
        meaning=(
            "cost of certainty equivalence minus the optimum, relative to the optimum; NaN where"
            " not computed"
        ),
    ),
    Key(
        name="vertical_name",
        shape="",
        meaning="label of the rows, 'horizon T' when left out",
        text=True,
        group="rows",
    ),
    Key(name="times", shape="N", meaning="times of the example", group="probing"),
    Key(
        name="rules",
        shape="R",
        text=True,
        group="probing",
        meaning="keys, e.g. dynamic_programming, transcription, certainty_equivalent",
    ),
    Key(
        name="paths",
        shape="R N",
        meaning="θ(t) of each rule, mean over episodes or one episode",
        group="probing",
    ),
    Key(
        name="path_errors",
        shape="R N",
        meaning="standard errors of the mean paths",
        group="path errors",
    ),
    Key(
        name="spreads",
        shape="R N",
        meaning="what each rule is still unsure of: sd, or p(1 − p)",
        group="probing",
    ),
    Key(name="spread_name", shape="", meaning="label of the spreads", text=True, group="probing"),
    Key(name="parameters", shape="P", meaning="θ of the policy slices", group="policy"),
    Key(name="beliefs", shape="B", meaning="belief of each slice", group="policy"),
    Key(
        name="belief_name",
        shape="",
        meaning="symbol of the belief, e.g. p",
        text=True,
        group="policy",
    ),
    Key(name="controls", shape="B P", meaning="optimal u(θ, belief)", group="policy"),
    Key(
        name="certainty_controls",
        shape="B P",
        meaning="certainty-equivalent u(θ, belief)",
        group="policy",
    ),
    Key(
        name="methods",
        shape="M",
        meaning="keys of the methods held against the grid",
        text=True,
        group="methods",
    ),
    Key(name="method_noises", shape="Z", meaning="σ at which they were compared", group="methods"),
    Key(
        name="method_gaps",
        shape="M Z",
        meaning="J/J* − 1 of each method, J* from dynamic programming",
        group="methods",
        gaps=True,
    ),
    Key(
        name="method_errors",
        shape="M Z",
        meaning="their standard errors",
        group="method errors",
        gaps=True,
    ),
    Key(
        name="method_floor",
        shape="",
        meaning="gaps below it are drawn there, hollow",
        group="method floor",
    ),
)
def dual_effect(d):
    """Probing: what information is worth, how the optimal learner looks for it, and how close each
    method comes.

    Panels: ``map``; ``probing``, ``spread``, ``policy``, ``methods`` if given.
    """
    given = {
        "probing": d.paths,
        "spread": d.spreads,
        "policy": d.controls,
        "methods": d.method_gaps,
    }
    names = ["map", *(name for name, values in given.items() if values is not None)]
    rows = [names[:3], names[3:]] if len(names) > 3 else [names]
    figure, named = (
        style.new_figure(0.9 + 2.75 * len(rows[0]), 0.2 + 3.0 * len(rows)),
        letters(names),
    )
    axes = figure.subplot_mosaic(
        [[name for name in row for _ in range(6 // len(row))] for row in rows]
    )
    _value_map(figure, axes["map"], d, named["map"])
    drawing = {"probing": _probing, "spread": _spread, "policy": _policy, "methods": _methods}
    for name in names[1:]:
        drawing[name](axes[name], d, named[name])
    return figure


def _value_map(figure, axes, d, letter):
    landscapes.heat_map(axes, d.noises, d.horizons, d.information_value)
    cells, low = (
        axes.collections[-1],
        np.min(d.information_value, where=np.isfinite(d.information_value), initial=0.0),
    )
    scale = figure.colorbar(cells, ax=axes, pad=0.03, aspect=24, fraction=0.07)
    style.dress(scale.ax)
    scale.outline.set_visible(False)
    scale.ax.set_ylim(low, cells.norm.vmax)  # chance may carry a cell below zero, never far
    ticks = [tick for tick in _ticks(cells.norm.vmax) if tick >= low]
    scale.set_ticks(ticks, labels=[f"{tick:.2g}".replace("-", "−") for tick in ticks])
    scale.minorticks_off()
    style.label(
        axes,
        "observation noise σ",
        "horizon T" if d.vertical_name is None else d.vertical_name,
        title="value of information, ΔJ/J*",
        letter=letter,
    )
    if np.isnan(d.information_value).any():
        style.legend_below(axes, handles=[landscapes.hatched("not computed")], columns=1)


def _ticks(top):
    """Zero and, of either sign, 1-2-5 numbers that stay apart on the asinh scale of a heat map."""
    numbers = [
        digit * 10.0 ** (np.floor(np.log10(top)) - down) for down in range(3) for digit in (1, 2, 5)
    ]
    kept = [number for number in numbers if top / 25 < number <= top]
    return [*(-number for number in kept), 0.0, *kept]


def _probing(axes, d, letter):
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    for i, key in enumerate(d.rules):
        look = style.rule(key)
        axes.plot(
            d.times,
            d.paths[i],
            color=look.color,
            linestyle=look.line,
            linewidth=1.6,
            zorder=4,
            label=look.label,
        )
        if d.path_errors is not None:
            band(axes, d.times, d.paths[i], 2 * d.path_errors[i], look.color)
    axes.set_xlim(d.times[[0, -1]])
    style.label(axes, "time t", "weight θ", title="probing and not probing", letter=letter)
    style.legend_below(axes, columns=1)


def _spread(axes, d, letter):
    for key, row in zip(d.rules, d.spreads, strict=True):
        look = style.rule(key)
        axes.plot(
            d.times, row, color=look.color, linestyle=look.line, linewidth=1.6, label=look.label
        )
    axes.set_xlim(d.times[[0, -1]])
    axes.set_ylim(bottom=0)
    style.label(axes, "time t", d.spread_name, title="what it buys", letter=letter)


def _policy(axes, d, letter):
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    kinds = (
        ("belief_optimal", "optimal", d.controls),
        ("certainty_equivalent", "cert. equivalent", d.certainty_controls),
    )
    for key, short, controls in kinds:
        look, tones = style.rule(key), style.shades(key, len(d.beliefs))
        for row, tone, words in zip(
            controls, tones, value_labels(d.belief_name, d.beliefs), strict=True
        ):
            axes.plot(
                d.parameters,
                row,
                color=tone,
                linestyle=look.line,
                linewidth=1.4,
                zorder=3,
                label=f"{short}, {words}",
            )
    axes.set_xlim(d.parameters[[0, -1]])
    style.label(axes, "weight θ", "control u", title="policy u(θ, belief)", letter=letter)
    style.legend_below(axes, columns=2)


def _methods(axes, d, letter):
    curves.log_axes(axes)
    floor = floor_of(d.method_gaps, d.method_floor)
    for i, key in enumerate(d.methods):
        errors = None if d.method_errors is None else d.method_errors[i]
        simulated(axes, d.method_noises, d.method_gaps[i], errors, rule=key, floor=floor)
    tick_values(axes, d.method_noises)
    style.label(
        axes,
        "observation noise σ",
        "extra cost J/J* − 1",
        title="how close each method comes",
        letter=letter,
    )
    style.legend_below(axes, columns=1)


@draws(
    Key(name="beliefs_theory", shape="D", meaning="belief p of the theory line"),
    Key(name="controls_theory", shape="D", meaning="optimal control u(p) at one θ"),
    Key(name="beliefs", shape="P", meaning="p of the computed controls"),
    Key(
        name="methods",
        shape="M",
        text=True,
        meaning="keys: dynamic_programming, transcription, replanning",
    ),
    Key(name="controls", shape="M P", meaning="computed u(p) of each method", gaps=True),
    Key(
        name="controls_at_beliefs",
        shape="P",
        meaning="theory u(p) at the same p, for the errors",
        group="errors",
    ),
    Key(name="rates_theory", shape="E", meaning="switching rates of the theory line"),
    Key(
        name="factors_theory",
        shape="E",
        meaning="factor (r + γ)/(r + γ + λ), λ = sum of both switching rates",
    ),
    Key(name="rates", shape="L", meaning="switching rates of the computed factors"),
    Key(name="factors", shape="M L", meaning="computed factor s of each method", gaps=True),
)
def two_task_chain(d):
    """Two tasks with unequal minima: three methods on the theory line, and the factor over the
    switching rate.

    Panels: ``control``, ``error`` if the theory at the same beliefs is given, ``factor``.
    """
    names = ["control"] + ["error"] * (d.controls_at_beliefs is not None) + ["factor"]
    figure, named = style.new_figure(0.5 + 2.75 * len(names), 3.2), letters(names)
    axes = figure.subplot_mosaic([names])
    axes["control"].plot(
        d.beliefs_theory, d.controls_theory, color=style.INK, linewidth=1.3, label="theory"
    )
    axes["factor"].plot(d.rates_theory, d.factors_theory, color=style.INK, linewidth=1.3)
    for i, key in enumerate(d.methods):
        look, size = style.rule(key), 8.0 - 2.4 * i  # nested markers: equal results stay visible
        axes["control"].plot(
            d.beliefs, d.controls[i], label=look.label, zorder=4 + i, **_ring(look, size)
        )
        axes["factor"].plot(d.rates, d.factors[i], zorder=4 + i, **_ring(look, size))
        if d.controls_at_beliefs is not None:
            gap = np.abs(d.controls[i] - d.controls_at_beliefs)
            axes["error"].plot(
                d.beliefs, np.where(gap > 0, gap, np.nan), linewidth=0.8, **_ring(look, 4.6, "-")
            )
    curves.log_axes(axes["factor"], "x").set_ylim(0, 1.05)
    style.label(
        axes["control"],
        "belief p in task 2",
        "control u",
        title="control over belief",
        letter=named["control"],
    )
    style.label(
        axes["factor"],
        "switching rate λ",
        "shrink factor s",
        title="aim short",
        letter=named["factor"],
    )
    if d.controls_at_beliefs is not None:
        curves.log_axes(axes["error"], "y")
        style.label(
            axes["error"],
            "belief p in task 2",
            "distance from theory",
            title="how close",
            letter=named["error"],
        )
    style.figure_legend(figure, columns=4)
    return figure


def _ring(look, size, line="none"):
    return style.hollow(look.color, look.marker, size, line) | {"markerfacecolor": "none"}
