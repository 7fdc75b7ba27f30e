"""Probing for a curvature: the policy, what it is worth, what p and v̂ show, and what learners lose."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import tick_values

LOOKS = {  # name of a learner: (rule whose look it has, words)
    "certain": ("certainty_equivalent", "Bayes, certainty equivalent"),
    "moving_average": ("moving_average", "averaged gradients"),
    "gain": ("belief_adam", "Adam's gain, V = c v̂"),
    "constant": ("linear_quadratic", "Bayes' gradient, one curvature"),
    "sgd": ("sgd", "SGD"),
    "adam": ("adam", "Adam"),
    "squares": ("rmsprop", "Bayes' gradient, curvature c v̂"),
}


@draws(
    Key(name="gradients", shape="P", meaning="E[gradient | y_0] of the policies"),
    Key(name="controls", shape="P", meaning="first step -u_0 of the optimum"),
    Key(name="foresight_controls", shape="P", meaning="of the plan that foresees it will know"),
    Key(name="certainty_controls", shape="P", meaning="of certainty equivalence"),
    Key(name="noises", shape="X", meaning="gradient noise σ, ascending"),
    Key(name="certainty_excess", shape="X", meaning="J/J* - 1 of certainty equivalence, exact"),
    Key(name="foresight_excess", shape="X", meaning="J/J* - 1 of foresight, exact"),
    Key(name="false_alarms", shape="2 Q", meaning="share of flat called steep, by p and by v̂"),
    Key(name="hits", shape="2 Q", meaning="share of steep called steep, by p and by v̂"),
    Key(name="learners", shape="L", text=True, meaning="names of learners, see LOOKS"),
    Key(name="excess", shape="L", meaning="J/J* - 1 of learners, on draws"),
    Key(name="excess_errors", shape="L", meaning="their standard errors"),
)
def inferred_curvature(d: SimpleNamespace) -> Figure:
    """Probing for a curvature: the policy, what it is worth, what p and v̂ show, what learners lose.

    Panels: ``policy``, ``worth``, ``shown``, ``learners``.
    """
    figure = style.new_figure(9.2, 6.2)
    axes = figure.subplot_mosaic([["policy", "worth"], ["shown", "learners"]])
    _policy(axes["policy"], d)
    _worth(axes["worth"], d)
    _shown(axes["shown"], d)
    _learners(axes["learners"], d)
    return figure


def _kinds():
    """Looks and words of the three learners with a belief."""
    optimum, certain = style.rule("belief_optimal"), style.rule("certainty_equivalent")
    return (
        ("optimum", optimum.color, optimum.line),
        ("foresight", style.rule("replanning").color, style.rule("replanning").line),
        ("certainty equivalent", certain.color, certain.line),
    )


def _policy(axes, d):
    rows = (d.controls, d.foresight_controls, d.certainty_controls)
    for row, (words, color, line) in zip(rows, _kinds(), strict=True):
        axes.plot(d.gradients, row, color=color, linestyle=line, label=words)
    axes.set_xlim(d.gradients[[0, -1]])
    axes.set_ylim(bottom=0)
    style.label(
        axes, "believed gradient E[g | y₀]", "first step −u₀", title="it moves farther", letter="a"
    )
    style.legend_below(axes, columns=3)


def _worth(axes, d):
    curves.log_axes(axes)
    for row, (words, color, line) in zip(
        (d.foresight_excess, d.certainty_excess), _kinds()[1:], strict=True
    ):
        axes.plot(d.noises, row, color=color, linestyle=line, marker="o", markersize=4, label=words)
    tick_values(axes, d.noises[::2])
    style.label(
        axes, "gradient noise σ", "extra cost J/J* − 1", title="what it is worth", letter="b"
    )
    style.legend_below(axes, columns=2)


def _shown(axes, d):
    looks = (("by p, Bayes", "belief_optimal"), ("by v̂", "adam"))
    for alarms, hits, (words, key) in zip(d.false_alarms, d.hits, looks, strict=True):
        look = style.rule(key)
        axes.plot(alarms, hits, color=look.color, linestyle=look.line, label=words)
    axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.9, zorder=0, label="by chance")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    style.label(
        axes, "flat taken for steep", "steep recognised", title="which curvature is it", letter="c"
    )
    style.legend_below(axes, columns=3)


def _learners(axes, d):
    places = np.arange(len(d.learners))[::-1]
    for place, name, value, error in zip(
        places, d.learners, d.excess, d.excess_errors, strict=True
    ):
        color = style.rule(LOOKS[name][0]).color
        axes.errorbar(100 * value, place, xerr=200 * error, capsize=2, **style.hollow(color))
    axes.set_yticks(places, [LOOKS[name][1] for name in d.learners])
    axes.set_xlim(left=0)
    style.label(
        axes, "extra cost over the optimum (%), ± 2 s.e.", None, title="what it costs", letter="d"
    )
