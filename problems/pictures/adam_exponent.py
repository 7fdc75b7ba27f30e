"""Which power of the second moment is best.

None for short horizons, a square root for long ones under noise.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import band, letters, tick_values


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
    Key(
        name="second_moment",
        shape="J H",
        meaning="optimal β₂ inside its range, or NaN",
        gaps=True,
        group="moments",
    ),
    Key(
        name="second_at_bound",
        shape="J H",
        meaning="1 where β₂ ended at the bound of its range, else 0",
        group="moments",
    ),
)
def adam_exponent(d: SimpleNamespace) -> Figure:
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
        if np.isfinite(second).any():
            axes.plot(d.horizons, 1 - second, **style.hollow(color, "s"))
    axes.plot([], [], label="gradients, 1 − β₁", linewidth=1.3, **_in_ink("o", line="-"))
    if np.isfinite(d.second_moment).any():
        axes.plot([], [], label="squares, 1 − β₂", **_in_ink("s"))
    if (d.second_at_bound > 0).any():  # a bound is no result: it is said, not drawn
        axes.plot([], [], linestyle="none", label=_bound_in_words(d))
    style.legend_below(axes, columns=1)


def _in_ink(marker, **look):
    return style.hollow(style.INK, marker, **look)


def _bound_in_words(d):
    """From which horizon on β₂ ended at the bound of its range, in how many regimes."""
    rows = (d.second_at_bound > 0).any(1)
    first = min(d.horizons[row > 0].min() for row in d.second_at_bound[rows])
    return f"β₂ → 1, the bound of its range,\nin {rows.sum()} of {len(rows)} cases, from T = {first:g} on"
