"""Beliefs as state: tracking a hidden task, aiming short of it, momentum and weight decay from
noise.
"""

import numpy as np

from . import curves, style
from .data import Key, draws
from .panels import discount_labels
from .simulated import belief_band, family, hidden_path, letters, switches, value_labels


@draws(
    Key(name="times", shape="N", meaning="times t"),
    Key(name="hidden", shape="N", meaning="true hidden path μ(t)"),
    Key(name="mean", shape="N", meaning="belief mean m(t)"),
    Key(name="variance", shape="N", meaning="belief variance P(t)"),
    Key(
        name="variance_theory",
        shape="N",
        meaning="P(t) of the Riccati equation",
        group="Riccati equation",
    ),
    Key(
        name="estimates",
        shape="M",
        meaning="what each noisy gradient alone says, θ − y/h",
        group="observations",
    ),
    Key(name="estimate_times", shape="M", meaning="their times", group="observations"),
    Key(
        name="rules",
        shape="R",
        meaning="keys of the rules whose weights are drawn",
        text=True,
        group="weights",
    ),
    Key(name="weights", shape="R N", meaning="θ(t) of each rule", group="weights"),
    Key(name="switches", shape="S", meaning="times of task switches or resets", group="switches"),
    Key(
        name="aim", shape="N", meaning="where the optimal learner aims, μ₀ + s(m − μ₀)", group="aim"
    ),
    Key(name="title", shape="", meaning="what was tracked", text=True, group="title"),
)
def belief_tracking(d):
    """A belief follows a hidden task, and weights follow the belief.

    Panels: ``belief``; ``weights`` and ``variance`` if given.
    """
    names = (
        ["belief"]
        + ["weights"] * (d.weights is not None)
        + ["variance"] * (d.variance_theory is not None)
    )
    heights = {"belief": 2.0, "weights": 2.0, "variance": 1.2}
    named = letters(names)
    figure = style.new_figure(6.8, 0.7 + 1.05 * sum(heights[name] for name in names))
    axes = figure.subplot_mosaic(
        [[name] for name in names], sharex=True, height_ratios=[heights[name] for name in names]
    )
    _belief_panel(axes["belief"], d, named["belief"])
    if d.weights is not None:
        _weights_panel(axes["weights"], d)
    if d.variance_theory is not None:
        axes["variance"].plot(
            d.times, d.variance_theory, color=style.INK, linewidth=1.4, label="Riccati equation"
        )
        pick = np.unique(np.linspace(0, len(d.times) - 1, 30).astype(int))
        axes["variance"].plot(
            d.times[pick],
            d.variance[pick],
            label="variance of the filter",
            zorder=4,
            **style.hollow(style.BELIEF),
        )
        axes["variance"].set_ylim(0, 1.12 * max(d.variance.max(), d.variance_theory.max()))
        style.label(
            axes["variance"], None, "variance P", title="how sure it is", letter=named["variance"]
        )
    for panel in axes.values():
        panel.set_xlim(d.times[[0, -1]])
        if d.switches is not None:
            switches(panel, d.switches)
    axes[names[-1]].set_xlabel("time t")
    style.figure_legend(figure, columns=5)
    return figure


def _belief_panel(axes, d, letter):
    if d.estimates is not None:
        axes.scatter(
            d.estimate_times,
            d.estimates,
            s=5,
            color=style.CONTOUR,
            alpha=0.7,
            linewidth=0,
            zorder=1.2,
            label="one noisy gradient alone",
        )
    belief_band(axes, d.times, d.mean, d.variance)
    hidden_path(axes, d.times, d.hidden)
    seen = np.concatenate(
        [d.hidden, d.mean - 2 * np.sqrt(d.variance), d.mean + 2 * np.sqrt(d.variance)]
    )
    axes.set_ylim(
        seen.min() - 0.15 * np.ptp(seen), seen.max() + 0.15 * np.ptp(seen)
    )  # a lone gradient may lie anywhere
    words = "what the learner believes" if d.title is None else d.title
    style.label(axes, None, "hidden minimum μ", title=words, letter=letter)


def _weights_panel(axes, d):
    chased, words = (d.mean, None) if d.aim is None else (d.aim, "aim μ₀ + s(m − μ₀)")
    axes.plot(d.times, chased, color=style.BELIEF, linewidth=0.9, alpha=0.55, zorder=2, label=words)
    hidden_path(axes, d.times, d.hidden, label=None)
    for key, path in zip(d.rules, d.weights, strict=True):
        look = style.rule(key)
        axes.plot(
            d.times,
            path,
            color=look.color,
            linestyle=look.line,
            linewidth=1.7,
            zorder=4,
            label=look.label,
        )
    style.label(axes, None, "weight θ", title="what the weights do", letter="b")


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
def moving_task(d):
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


_COEFFICIENTS = (
    ("friction", "friction", "r + λ + κh"),
    ("learning_rate", "learning rate", "rsκ"),
    ("weight_decay", "weight decay", "r[λ + κh(1−s)]"),
)


@draws(
    Key(name="discounts", shape="K", meaning="γ of each curve"),
    Key(name="noises", shape="S", meaning="σ of the computed coefficients"),
    Key(name="friction", shape="K S", meaning="computed friction", gaps=True),
    Key(name="learning_rate", shape="K S", meaning="computed learning rate", gaps=True),
    Key(name="weight_decay", shape="K S", meaning="computed weight decay", gaps=True),
    Key(name="noises_theory", shape="D", meaning="σ of the closed forms"),
    Key(name="friction_theory", shape="K D", meaning="r + λ + κh"),
    Key(name="learning_rate_theory", shape="K D", meaning="r s κ"),
    Key(name="weight_decay_theory", shape="K D", meaning="r[λ + κh(1 − s)]"),
    Key(
        name="conditions",
        shape="C",
        meaning="condition numbers of several dimensions",
        group="shared",
    ),
    Key(
        name="shared_noises",
        shape="J",
        meaning="σ of each curve over the condition number",
        group="shared",
    ),
    Key(
        name="shared_distances",
        shape="J C",
        group="shared",
        meaning="distance of the friction matrix from the nearest multiple of I, ‖F − βI‖/‖F‖",
    ),
    Key(
        name="shared_regrets",
        shape="J C",
        gaps=True,
        group="shared",
        meaning="J/J* − 1 of the best rule with one shared β",
    ),
    Key(
        name="shared_regret_errors",
        shape="J C",
        meaning="their standard errors",
        group="shared errors",
    ),
)
def momentum_from_noise(d):
    """Heavy-ball momentum with weight decay is the exact rule for noisy gradients: its coefficients
    over noise and horizon.

    Panels: ``friction``, ``learning_rate``, ``weight_decay``; ``shared`` and ``shared_cost`` if
    given.
    """
    lower = ["shared", "shared_cost"] if d.shared_distances is not None else []
    names = [name for name, _, _ in _COEFFICIENTS]
    rows = [[name for name in names for _ in range(2)]]
    rows += [[name for name in lower for _ in range(3)]] if lower else []
    figure = style.new_figure(7.9, 2.9 + 2.6 * bool(lower))
    axes, tones = figure.subplot_mosaic(rows), style.shades("belief_optimal", len(d.discounts))
    for (name, words, formula), letter in zip(_COEFFICIENTS, "abc", strict=True):
        family(
            axes[name],
            d.noises_theory,
            getattr(d, f"{name}_theory"),
            d.noises,
            getattr(d, name),
            tones,
        )
        style.label(axes[name], "gradient noise σ", words, title=formula, letter=letter)
    handles = [
        axes["friction"].plot([], [], linewidth=1.4, label=words, **style.hollow(tone, line="-"))[0]
        for tone, words in zip(tones, discount_labels(d.discounts), strict=True)
    ]
    style.legend_below(axes["friction"], handles=handles, columns=2)
    style.legend_below(axes["learning_rate"], handles=curves.how_to_read(), columns=2)
    if d.shared_distances is not None:
        _shared(axes["shared"], d, d.shared_distances, None)
        _shared(axes["shared_cost"], d, d.shared_regrets, d.shared_regret_errors)
        words = "condition number of the Hessian"
        style.label(
            axes["shared"],
            words,
            "distance ‖F − βI‖/‖F‖",
            title="one β for all directions?",
            letter="d",
        )
        style.label(
            axes["shared_cost"],
            words,
            "extra cost J/J* − 1",
            title="what one shared β costs",
            letter="e",
        )
    return figure


def _shared(axes, d, values, errors):
    curves.log_axes(axes, "x")
    looks = zip(
        values,
        style.shades("momentum", len(values)),
        value_labels("σ", d.shared_noises),
        strict=True,
    )
    for i, (row, tone, words) in enumerate(looks):
        half = None if errors is None else 2 * errors[i]
        axes.errorbar(
            d.conditions,
            row,
            yerr=half,
            color=tone,
            linewidth=1.4,
            marker="p",
            markersize=4.4,
            label=words,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.6,
            capsize=1.8,
        )
    axes.set_ylim(bottom=0)
    style.legend_below(axes, columns=len(values))
