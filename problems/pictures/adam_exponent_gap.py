"""Which property of v̂ keeps Adam's exponent below that of known curvature."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import tick_values

_EXACT = (  # key, words, colour's rule, line
    ("known", "σ²h: q", "ballistic", (0, (5, 1.3))),
    ("level", "E v̂ at the end", "momentum", "-"),
    ("clock", "its mean course", "newton", "-"),
    ("expected", "E v̂: all bias", "gradient_descent", "-"),
)


@draws(
    Key(name="horizons", shape="H", meaning="horizon T"),
    Key(name="known", shape="H", meaning="exponent with σ²h in place of v̂"),
    Key(name="level", shape="H", meaning="with E[v̂_T | h], constant in time"),
    Key(name="clock", shape="H", meaning="with σ²h times the course common to all curvatures"),
    Key(name="expected", shape="H", meaning="with E[v̂_t | h]"),
    Key(name="own", shape="H", meaning="with v̂ itself, simulated"),
    Key(name="own_errors", shape="H", meaning="standard errors"),
    Key(name="noise_alone", shape="H", meaning="with v̂ freed of its bias, simulated"),
    Key(name="shares", shape="H", meaning="share of the signal in E v̂_T"),
    Key(name="elasticities", shape="H", meaning="d log E v̂_T/d log h"),
)
def adam_exponent_gap(d: SimpleNamespace) -> Figure:
    """Which property of v̂ keeps Adam's exponent below that of known curvature.

    Panels: the exponent p by what stands in place of v̂; how much of q - p each accounts for; the
    regime.
    """
    figure = style.new_figure(9.6, 3.6)
    axes = figure.subplot_mosaic([["exponent", "parts", "regime"]])
    _exponents(axes["exponent"], d)
    _parts(axes["parts"], d)
    _regime(axes["regime"], d)
    for panel in axes.values():
        curves.log_axes(panel, "x")
        tick_values(panel, d.horizons)
        style.legend_below(panel, columns=1)
    return figure


def _exponents(axes, d):
    for key, words, rule, line in _EXACT:
        color = style.rule(rule).color
        axes.plot(d.horizons, getattr(d, key), color=color, linestyle=line, label=words)
    for key, words, rule, marker in (
        ("own", "v̂: Adam", "adam_family", "h"),
        ("noise_alone", "v̂ without its bias", "adam", "D"),
    ):
        look = style.hollow(style.rule(rule).color, marker, 5)
        axes.plot(d.horizons, getattr(d, key), label=words, zorder=5, **look)
    color = style.rule("adam_family").color
    axes.errorbar(d.horizons, d.own, 2 * d.own_errors, color=color, linestyle="none", capsize=2)
    style.label(axes, "horizon T", "exponent p*", title="in place of v̂", letter="a")


def _parts(axes, d):
    width = {"linewidth": 1.4}
    for value, words, rule in (
        (d.known - d.expected, "all of its bias", "gradient_descent"),
        (d.known - d.clock, "its mean course", "newton"),
        (d.known - d.level, "its level at the end", "momentum"),
    ):
        axes.plot(d.horizons, value, color=style.rule(rule).color, label=words, **width)
    noise = d.expected - d.own
    look = style.hollow(style.rule("adam_family").color, "h", 5, line=(0, (3, 1.2)))
    axes.plot(d.horizons, noise, label="its noise", **look)
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    style.label(axes, "horizon T", "lowers p by", title="what lowers p", letter="b")


def _regime(axes, d):
    color = style.rule("adam_family").color
    axes.plot(d.horizons, d.shares, label="share of the signal in E v̂", **_look(color, "o"))
    other = style.rule("momentum").color
    rise = np.asarray(d.elasticities) - 1
    axes.plot(d.horizons, rise, label="κ − 1, κ = d log E v̂/d log h", **_look(other, "s"))
    axes.set_ylim(0, None)
    style.label(axes, "horizon T", "at the end", title="the regime, σ = 1", letter="c")


def _look(color, marker):
    return style.hollow(color, marker, 4.4, line="-")
