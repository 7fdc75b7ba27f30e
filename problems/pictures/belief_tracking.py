"""A belief follows a hidden task, and weights follow the belief."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import paths, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import belief_band, hidden_path, letters, switches


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
def belief_tracking(d: SimpleNamespace) -> Figure:
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
    # a lone gradient may lie anywhere
    axes.set_ylim(seen.min() - 0.15 * np.ptp(seen), seen.max() + 0.15 * np.ptp(seen))
    words = "what the learner believes" if d.title is None else d.title
    style.label(axes, None, "hidden minimum μ", title=words, letter=letter)


def _weights_panel(axes, d):
    chased, words = (d.mean, None) if d.aim is None else (d.aim, "aim μ₀ + s(m − μ₀)")
    axes.plot(d.times, chased, color=style.BELIEF, linewidth=0.9, alpha=0.55, zorder=2, label=words)
    hidden_path(axes, d.times, d.hidden, label=None)
    for key, path in zip(d.rules, d.weights, strict=True):
        paths.rule_series(axes, d.times, path, rule=key, linewidth=1.7, zorder=4)
    style.label(axes, None, "weight θ", title="what the weights do", letter="b")
