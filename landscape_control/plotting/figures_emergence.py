"""Which causal rule emerges where: the LQG rule from the other side, Adam's exponent, the emergence
atlas.
"""

import numpy as np

from . import curves, phase_diagrams, style
from .data import Key, draws
from .simulated import band, letters, tick_values, value_labels

_COEFFICIENTS = (
    ("momentum", "momentum β"),
    ("learning_rate", "learning rate α"),
    ("weight_decay", "weight decay"),
)


@draws(
    Key(name="noises", shape="J", meaning="gradient noise σ of each curve"),
    Key(name="horizons", shape="H", meaning="horizon T of the policy program"),
    Key(name="momentum", shape="J H", meaning="β of the policy program"),
    Key(name="learning_rate", shape="J H", meaning="α of the policy program"),
    Key(name="weight_decay", shape="J H", meaning="weight decay of the policy program"),
    Key(name="momentum_exact", shape="J", meaning="β of the exact LQG rule at unit steps"),
    Key(name="learning_rate_exact", shape="J", meaning="its α"),
    Key(name="weight_decay_exact", shape="J", meaning="its weight decay"),
    Key(
        name="excess",
        shape="J H",
        meaning="cost of the exact rule in the program over the optimum, minus 1",
        group="cost",
    ),
)
def lqg_from_policies(d):
    """A moving minimum: as the horizon grows the policy program finds the exact LQG rule by itself.

    Panels: ``momentum``, ``learning_rate``, ``weight_decay``, ``gap`` (relative distance of each),
    ``cost`` if given.
    """
    names = ["momentum", "learning_rate", "weight_decay", "gap"] + ["cost"] * (d.excess is not None)
    figure, named = style.new_figure(0.4 + 2.1 * len(names), 3.0), letters(names)
    axes, tones = figure.subplot_mosaic([names]), style.shades("belief_optimal", len(d.noises))
    for name, words in _COEFFICIENTS:
        curves.log_axes(axes[name], "x")
        for row, limit, tone in zip(
            getattr(d, name), getattr(d, f"{name}_exact"), tones, strict=True
        ):
            axes[name].axhline(limit, color=tone, linewidth=1.2, zorder=2)
            axes[name].plot(d.horizons, row, zorder=4, **style.hollow(tone, size=4.0))
        tick_values(axes[name], d.horizons)
        style.label(axes[name], "horizon T", title=words, letter=named[name])
    for name in names[3:]:
        curves.log_axes(axes[name])
        tick_values(axes[name], d.horizons)
    _gaps(axes["gap"], d, tones)
    style.label(
        axes["gap"], "horizon T", "relative distance", title="convergence", letter=named["gap"]
    )
    if d.excess is not None:
        for row, tone in zip(d.excess, tones, strict=True):
            axes["cost"].plot(
                d.horizons,
                np.where(row > 0, row, np.nan),
                linewidth=1.2,
                **style.hollow(tone, size=4.0, line="-"),
            )
        style.label(
            axes["cost"],
            "horizon T",
            "extra cost of the exact rule",
            title="what that costs",
            letter=named["cost"],
        )
    key = [
        axes["momentum"].plot([], [], color=tone, linewidth=2, label=words)[0]
        for tone, words in zip(tones, value_labels("σ", d.noises), strict=True)
    ]
    style.legend_below(axes["momentum"], handles=key, columns=1)
    style.legend_below(
        axes["learning_rate"],
        handles=curves.how_to_read(markers="policy program", lines="exact LQG rule"),
        columns=1,
    )
    return figure


def _gaps(axes, d, tones):
    markers = {"momentum": "p", "learning_rate": "s", "weight_decay": "d"}
    for name, words in _COEFFICIENTS:
        for row, limit, tone in zip(
            getattr(d, name), getattr(d, f"{name}_exact"), tones, strict=True
        ):
            gap = np.abs(row - limit) / (abs(limit) or 1.0)
            axes.plot(
                d.horizons,
                np.where(gap > 0, gap, np.nan),
                linewidth=0.9,
                **style.hollow(tone, markers[name], size=3.8, line="-"),
            )
        axes.plot([], [], label=words, **style.hollow(style.INK, markers[name], size=3.8))
    style.legend_below(axes, columns=1)


@draws(
    Key(name="horizons", shape="H", meaning="horizon T of the Adam-family programs"),
    Key(name="regimes", shape="J", text=True, meaning="noise regime of each curve, in words"),
    Key(name="exponents", shape="J H", meaning="optimal exponent p of α m/(v + ε)^p"),
    Key(name="lower", shape="J H", meaning="lower end of its interval over scenarios"),
    Key(name="upper", shape="J H", meaning="upper end"),
    Key(name="horizons_theory", shape="D", meaning="T of the full-information curve"),
    Key(
        name="exponents_theory",
        shape="D",
        meaning="preconditioner exponent of the full-information policy",
    ),
    Key(name="discounts", shape="K", meaning="γ of programs of one horizon", group="discount"),
    Key(
        name="discount_exponents",
        shape="J K",
        meaning="their p, or NaN: not computed",
        gaps=True,
        group="discount",
    ),
    Key(name="discount_lower", shape="J K", meaning="lower ends", gaps=True, group="discount"),
    Key(name="discount_upper", shape="J K", meaning="upper ends", gaps=True, group="discount"),
    Key(
        name="discounts_theory",
        shape="E",
        meaning="γ of the full-information curve",
        group="discount",
    ),
    Key(
        name="discount_exponents_theory",
        shape="E",
        meaning="exponent of that policy there",
        group="discount",
    ),
    Key(name="first_moment", shape="J H", meaning="optimal β₁", gaps=True, group="moments"),
    Key(name="second_moment", shape="J H", meaning="optimal β₂", gaps=True, group="moments"),
)
def adam_exponent(d):
    """Which power of the second moment is best: none for short horizons, a square root for long
    ones under noise.

    Panels: ``exponent``, ``discount`` and ``moments`` if given.
    """
    names = (
        ["exponent"]
        + ["discount"] * (d.discounts is not None)
        + ["moments"] * (d.first_moment is not None)
    )
    figure, named = style.new_figure(0.9 + 2.7 * len(names), 3.3), letters(names)
    axes, colors = figure.subplot_mosaic([names]), _regime_colors(len(d.regimes))
    _exponents(
        axes["exponent"],
        d.horizons,
        (d.exponents, d.lower, d.upper),
        (d.horizons_theory, d.exponents_theory),
        colors,
        d.regimes,
    )
    style.label(
        axes["exponent"],
        "horizon T",
        "exponent p*",
        title="Adam's exponent",
        letter=named["exponent"],
    )
    if d.discounts is not None:
        _exponents(
            axes["discount"],
            d.discounts,
            (d.discount_exponents, d.discount_lower, d.discount_upper),
            (d.discounts_theory, d.discount_exponents_theory),
            colors,
            d.regimes,
        )
        style.label(
            axes["discount"],
            "discount γ",
            "exponent p*",
            title="and without patience",
            letter=named["discount"],
        )
    if d.first_moment is not None:
        _moments(axes["moments"], d, colors)
        style.label(
            axes["moments"], "horizon T", "1 − β", title="its two memories", letter=named["moments"]
        )
    for name in {"exponent", "moments"} & set(names):
        tick_values(axes[name], d.horizons)
    style.legend_below(axes["exponent"], columns=1)
    return figure


def _regime_colors(count):
    pool = [
        style.rule(key).color
        for key in ("adam_family", "gradient_descent", "newton", "momentum", "ballistic")
    ]
    return [pool[i % len(pool)] for i in range(count)]


def _exponents(axes, x, computed, theory, colors, names):
    curves.log_axes(axes, "x")
    for value, words in ((0.5, "½"), (0.25, "¼"), (0.0, "0")):
        axes.axhline(value, color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 1.6)), zorder=0.5)
        style.note(
            axes,
            0.012,
            value,
            words,
            transform=axes.get_yaxis_transform(),
            va="bottom",
            color=style.MUTED,
        )
    axes.plot(
        *theory,
        color=style.INK,
        linewidth=1.4,
        linestyle=(0, (5, 1.3)),
        zorder=2,
        label="full information",
    )
    for centre, low, high, color, words in zip(*computed, colors, names, strict=True):
        if not np.isfinite(centre).any():
            continue
        band(axes, x, (low + high) / 2, (high - low) / 2, color)
        axes.plot(
            x,
            centre,
            linewidth=1.4,
            label=words,
            zorder=4,
            **style.hollow(color, "h", size=4.6, line="-"),
        )
    every = np.concatenate([np.ravel(part) for part in (*computed, theory[1])])
    axes.set_ylim(min(-0.06, np.nanmin(every) - 0.04), max(0.62, np.nanmax(every) + 0.06))


def _moments(axes, d, colors):
    curves.log_axes(axes)
    for first, second, color in zip(d.first_moment, d.second_moment, colors, strict=True):
        axes.plot(d.horizons, 1 - first, linewidth=1.3, **style.hollow(color, "o", line="-"))
        axes.plot(
            d.horizons, 1 - second, linewidth=1.3, **style.hollow(color, "s", line=(0, (3, 1.2)))
        )
    for words, marker, line in (
        ("gradients, 1 − β₁", "o", "-"),
        ("squares, 1 − β₂", "s", (0, (3, 1.2))),
    ):
        axes.plot([], [], label=words, linewidth=1.3, **style.hollow(style.INK, marker, line=line))
    style.legend_below(axes, columns=1)


@draws(
    Key(name="noises", shape="X", meaning="gradient noise σ of the columns"),
    Key(name="horizons", shape="Y", meaning="horizon T of the rows"),
    Key(name="families", shape="F", text=True, meaning="keys of the families, simplest first"),
    Key(
        name="best",
        shape="Y X",
        meaning="place in families of the best by the parsimony rule",
        gaps=True,
    ),
    Key(
        name="coefficient_names",
        shape="C",
        text=True,
        meaning="names of the coefficients of the best family, with symbol",
    ),
    Key(
        name="coefficients",
        shape="C Y X",
        meaning="their values; NaN where that family has none such",
        gaps=True,
    ),
    Key(
        name="gain",
        shape="Y X",
        meaning="cost of the simplest family over that of the best, minus 1",
        gaps=True,
        group="gain",
    ),
    Key(
        name="warnings",
        shape="Y X",
        meaning="1 where starts disagree or the gain is within its error",
        group="warnings",
    ),
    Key(
        name="horizontal_name",
        shape="",
        text=True,
        meaning="of the horizontal axis, if not noise",
        group="axes",
    ),
    Key(
        name="vertical_name",
        shape="",
        text=True,
        meaning="of the vertical axis, if not horizon",
        group="axes",
    ),
)
def emergence_atlas(d):
    """The best family of causal rules over horizon and noise, and its coefficients: cells that
    failed are hatched.

    Panels: ``best``, ``gain`` if given, ``coefficient_1`` ... ``coefficient_C``.
    """
    names = (
        ["best"]
        + ["gain"] * (d.gain is not None)
        + [f"coefficient_{i + 1}" for i in range(len(d.coefficient_names))]
    )
    columns = min(2 if len(names) == 4 else 3, len(names))
    rows = [names[i : i + columns] for i in range(0, len(names), columns)]
    rows[-1] += ["."] * (columns - len(rows[-1]))
    figure, named = style.new_figure(0.5 + 2.9 * columns, 0.45 + 2.75 * len(rows)), letters(names)
    axes = figure.subplot_mosaic(rows)
    across, up = (
        ("gradient noise σ", "horizon T")
        if d.horizontal_name is None
        else (d.horizontal_name, d.vertical_name)
    )
    handles = phase_diagrams.region_map(
        axes["best"], d.noises, d.horizons, d.best, list(d.families)
    )
    if d.warnings is not None:
        mark = phase_diagrams.mark_cells(
            axes["best"], d.noises, d.horizons, d.warnings > 0.5, label="doubtful"
        )
        handles += [mark] if mark else []
    style.label(axes["best"], across, up, title="best family", letter=named["best"])
    maps = {} if d.gain is None else {"gain": (d.gain, "gain over the simplest")}
    maps |= {
        f"coefficient_{i + 1}": (values, words)
        for i, (values, words) in enumerate(zip(d.coefficients, d.coefficient_names, strict=True))
    }
    for name, (values, words) in maps.items():
        panel, cells = phase_diagrams.number_map(axes[name], d.noises, d.horizons, values)
        if np.isfinite(values).any():
            phase_diagrams.colour_bar(figure, panel, cells)
        style.label(
            panel,
            across,
            up if name in [row[0] for row in rows] else None,
            title=str(words),
            letter=named[name],
        )
    style.legend(figure, handles=handles, loc="outside lower center", ncols=min(len(handles), 5))
    return figure
