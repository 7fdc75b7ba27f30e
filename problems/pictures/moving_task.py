"""The learner of a moving task aims short of what it believes.

Shrink factor s and its two limits.
"""

from types import SimpleNamespace

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure, discount_labels
from ...display.plotting.simulated import family, letters


@draws(
    Key(name="discounts", shape="K", meaning="γ of each curve"),
    Key(name="rates", shape="L", meaning="reversion or hazard rates λ of the computed factors"),
    Key(
        name="factors_ornstein_uhlenbeck",
        shape="K L",
        meaning="computed s, Ornstein-Uhlenbeck task",
        gaps=True,
    ),
    Key(
        name="factors_jumps",
        shape="K L",
        meaning="computed s, task that jumps to a fresh draw",
        gaps=True,
    ),
    Key(name="rates_theory", shape="D", meaning="λ of the closed form"),
    Key(name="factors_theory", shape="K D", meaning="(r + γ)/(r + γ + λ)"),
    Key(name="small_rates", shape="A", meaning="λ → 0 of the limit", group="slow tasks"),
    Key(
        name="small_rate_gaps",
        shape="2 A",
        meaning="computed 1 − s: Ornstein-Uhlenbeck, jumps",
        group="slow tasks",
    ),
    Key(name="small_rate_predictions", shape="A", meaning="λ/(r + γ)", group="slow tasks"),
    Key(name="large_discounts", shape="B", meaning="γ → ∞ of the limit", group="short sight"),
    Key(
        name="large_discount_gaps",
        shape="2 B",
        meaning="computed 1 − s, same rows",
        group="short sight",
    ),
    Key(name="large_discount_predictions", shape="B", meaning="λ/γ", group="short sight"),
)
def moving_task(d: SimpleNamespace) -> Figure:
    """The learner of a moving task aims short of what it believes: shrink factor s and its two
    limits.

    Panels: ``factor``; ``slow`` and ``short`` if their limits are given.
    """
    limits = [("slow", d.small_rates), ("short", d.large_discounts)]
    names = ["factor"] + [name for name, x in limits if x is not None]
    figure = style.new_figure(3.3 + 2.6 * (len(names) - 1), 3.3)
    axes = figure.subplot_mosaic([names], width_ratios=[1.3] + [1.0] * (len(names) - 1))
    panel, tones = axes["factor"], style.shades("belief_optimal", len(d.discounts))
    family(
        panel,
        d.rates_theory,
        d.factors_theory,
        d.rates,
        d.factors_ornstein_uhlenbeck,
        tones,
        log="x",
    )
    for row, tone, words in zip(d.factors_jumps, tones, discount_labels(d.discounts), strict=True):
        panel.plot(d.rates, row, zorder=4.2, **style.hollow(tone, "x", 4.6))
        panel.plot([], [], color=tone, linewidth=1.4, label=words)
    panel.set_ylim(0, 1.05)
    panel.plot([], [], label="Ornstein-Uhlenbeck", **style.hollow(style.INK))
    panel.plot([], [], label="jumps", **style.hollow(style.INK, "x"))
    style.label(
        panel,
        "rate λ at which the task moves",
        "shrink factor s",
        title="aim short of what you believe",
        letter=letters(names)["factor"],
    )
    style.legend_below(panel, columns=3)
    if "slow" in names:
        _limit(axes["slow"], d.small_rates, d.small_rate_gaps, d.small_rate_predictions)
        style.label(
            axes["slow"], "rate λ", "gap 1 − s", title="slow tasks", letter=letters(names)["slow"]
        )
    if "short" in names:
        _limit(
            axes["short"],
            1 / d.large_discounts,
            d.large_discount_gaps,
            d.large_discount_predictions,
        )
        style.label(
            axes["short"],
            "horizon 1/γ",
            "gap 1 − s",
            title="short sight",
            letter=letters(names)["short"],
        )
    return figure


def _limit(axes, x, gaps, predictions):
    axes.plot(
        x,
        predictions,
        color=style.INK,
        linewidth=1.2,
        linestyle=(0, (4, 2)),
        zorder=2,
        label="theory",
    )
    curves.rate_plot(axes, x, gaps[0], slope=1, rule="belief_optimal", label="Ornstein–Uhlenbeck")
    slope = curves.measured_slope(x, gaps[1])
    axes.plot(
        x,
        gaps[1],
        label=f"jumps, slope {slope:+.2f}".replace("-", "−"),
        zorder=4.2,
        **style.hollow(style.rule("belief_optimal").color, "x", 5.0),
    )
    style.legend_below(axes, columns=1)
