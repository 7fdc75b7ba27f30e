"""The exponent of Adam without bias correction, between those of the curvature and the schedule."""

from types import SimpleNamespace

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import tick_values


@draws(
    Key(name="horizons", shape="H", meaning="horizon T"),
    Key(name="bare", shape="H", meaning="best p without bias correction"),
    Key(name="bare_errors", shape="H", meaning="its standard errors"),
    Key(name="apart", shape="H", meaning="best p where the schedule (1-β₂ᵗ)^-s is given apart"),
    Key(name="schedule", shape="H", meaning="its s"),
    Key(name="schedule_errors", shape="H", meaning="standard errors of s"),
    Key(name="corrected", shape="H", meaning="best p with bias correction"),
    Key(name="known", shape="H", meaning="q of the rule that knows the curvature"),
    Key(name="apart_cost", shape="H", meaning="cost over that of the bare rule, less 1"),
    Key(name="corrected_cost", shape="H", meaning="the same with bias correction"),
    Key(name="undivided_cost", shape="H", meaning="the same of a schedule with p = 0"),
)
def adam_without_correction(d: SimpleNamespace) -> Figure:
    """The exponent of Adam without bias correction, between those of the curvature and the
    schedule.

    Panels: ``exponent``, ``cost``.
    """
    figure = style.new_figure(7.4, 3.7)
    axes = figure.subplot_mosaic([["exponent", "cost"]])
    _exponents(axes["exponent"], d)
    _costs(axes["cost"], d)
    for panel in axes.values():
        curves.log_axes(panel, "x")
        tick_values(panel, d.horizons)
        style.legend_below(panel, columns=1)
    return figure


def _exponents(axes, d):
    axes.axhline(0.5, color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 1.6)))
    for values, errors, words, key, marker in (
        (d.schedule, d.schedule_errors, "s, schedule given apart", "newton", "D"),
        (d.bare, d.bare_errors, "p without correction", "adam_family", "h"),
        (d.apart, None, "p, schedule given apart", "gradient_descent", "s"),
        (d.corrected, None, "p with correction", "momentum", "o"),
    ):
        color = style.rule(key).color
        look = style.hollow(color, marker, 4.6, line="-")
        axes.plot(d.horizons, values, label=words, zorder=4, **look)
        if errors is not None:
            axes.errorbar(d.horizons, values, 2 * errors, color=color, linestyle="none", capsize=2)
    dashed = {"color": style.INK, "linestyle": (0, (5, 1.3))}
    axes.plot(d.horizons, d.known, label="q, curvature known", **dashed)
    axes.set_ylim(0, None)
    style.label(axes, "horizon T", "best exponent", title="one number for two", letter="a")


def _costs(axes, d):
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    for values, words, key, marker in (
        (d.apart_cost, "schedule given apart", "gradient_descent", "s"),
        (d.corrected_cost, "with correction", "momentum", "o"),
        (d.undivided_cost, "a schedule, p = 0", "newton", "D"),
    ):
        look = style.hollow(style.rule(key).color, marker, 4.6, line="-")
        axes.plot(d.horizons, 100 * values, label=words, **look)
    style.label(
        axes, "horizon T", "cost beyond no correction, %", title="against no correction", letter="b"
    )
