"""What resets at announced switches lose against the optimum, over how often tasks switch."""

from types import SimpleNamespace

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters, numbered, value_labels


@draws(
    Key(name="hazards", shape="L", meaning="hazard rates λ of task switches"),
    Key(name="noises", shape="J", meaning="gradient noise σ of each panel"),
    Key(
        name="rules",
        shape="R",
        text=True,
        meaning="keys of the rules, each at its own best coefficients in every cell",
    ),
    Key(name="lost", shape="J R L", meaning="(J - J*)/(J_rest - J*), exactly"),
    Key(name="near", shape="", meaning="what counts as near-optimal"),
)
def uncertain_weights_reset(d: SimpleNamespace) -> Figure:
    """What resets at announced switches lose against the optimum, over how often tasks switch.

    Panels: ``lost_1`` ... ``lost_J``.
    """
    names = numbered("lost", len(d.noises))
    figure, named = style.new_figure(2.9 * len(names) + 0.4, 3.5), letters(names)
    axes = figure.subplot_mosaic([names])
    for j, (name, words) in enumerate(zip(names, value_labels("σ", d.noises), strict=True)):
        panel = curves.log_axes(axes[name])
        panel.axhspan(d.lost.min() / 2, d.near, color=style.INK, alpha=0.06, linewidth=0)
        for key, lost in zip(d.rules, d.lost[j], strict=True):
            look = style.rule(key)
            panel.plot(
                d.hazards,
                lost,
                color=look.color,
                linestyle=look.line,
                marker=look.marker,
                markersize=4.5,
                label=look.label if not j else "_listed",
            )
        panel.set_ylim(d.lost.min() / 2, 1.0)
        panel.tick_params(axis="y", labelleft=not j)
        style.label(
            panel,
            "hazard rate λ",
            None if j else "lost share of what learning gains",
            title=f"noise {words}",
            letter=named[name],
        )
    style.note(axes[names[0]], d.hazards[0], d.lost.min() * 0.62, "near-optimal")
    style.figure_legend(figure, columns=3)
    return figure
