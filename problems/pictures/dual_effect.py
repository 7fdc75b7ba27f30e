"""Probing: what information is worth, how the optimal learner looks for it, and how close each
method comes.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, grid_cells, heat_maps, paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import (
    band,
    floor_of,
    letters,
    simulated,
    tick_values,
    value_labels,
)


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
def dual_effect(d: SimpleNamespace) -> Figure:
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
    heat_maps.heat_map(axes, d.noises, d.horizons, d.information_value)
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
        title="cost of not probing, ΔJ/J*",
        letter=letter,
    )
    if np.isnan(d.information_value).any():
        style.legend_below(axes, handles=[grid_cells.hatched("not computed")], columns=1)


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
        paths.rule_series(axes, d.times, d.paths[i], rule=key, zorder=4)
        if d.path_errors is not None:
            band(axes, d.times, d.paths[i], 2 * d.path_errors[i], style.rule(key).color)
    axes.set_xlim(d.times[[0, -1]])
    style.label(axes, "time t", "weight θ", title="probing and not probing", letter=letter)
    style.legend_below(axes, columns=1)


def _spread(axes, d, letter):
    for key, row in zip(d.rules, d.spreads, strict=True):
        paths.rule_series(axes, d.times, row, rule=key)
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
