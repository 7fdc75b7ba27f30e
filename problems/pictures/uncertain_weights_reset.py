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
    Key(name="discounts", shape="G", meaning="discounts γ of the last panel"),
    Key(name="lost_by_discount", shape="R G", meaning="the same over discounts"),
    Key(name="sight", shape="2", meaning="σ and λ of the last panel"),
    Key(name="near", shape="", meaning="what counts as near-optimal"),
)
def uncertain_weights_reset(d: SimpleNamespace) -> Figure:
    """What resets at announced switches lose against the optimum, over how often tasks switch and
    how far the learner looks ahead.

    Panels: ``lost_1`` ... ``lost_J``, ``discount``.
    """
    names = [*numbered("lost", len(d.noises)), "discount"]
    figure, named = style.new_figure(2.6 * len(names) + 0.4, 3.5), letters(names)
    axes = figure.subplot_mosaic([names])
    titles = [*(f"noise {words}" for words in value_labels("σ", d.noises))]
    titles.append(f"σ = {d.sight[0]:g}, λ = {d.sight[1]:g}")
    tables = [*((d.hazards, lost) for lost in d.lost), (d.discounts, d.lost_by_discount)]
    floor = min(d.lost.min(), d.lost_by_discount.min()) / 1.6
    for name, title, (x, table) in zip(names, titles, tables, strict=True):
        panel, first = curves.log_axes(axes[name]), name == names[0]
        panel.axhspan(floor, d.near, color=style.INK, alpha=0.06, linewidth=0)
        for key, lost in zip(d.rules, table, strict=True):
            _curve(panel, x, lost, style.rule(key), named=first)
        panel.set_ylim(floor, 1.0)
        panel.tick_params(axis="y", labelleft=first)
        style.label(
            panel,
            "discount γ" if name == "discount" else "hazard rate λ",
            "lost share of what learning gains" if first else None,
            title=title,
            letter=named[name],
        )
    style.note(axes[names[0]], d.hazards[0], floor * 1.3, "near-optimal")
    style.figure_legend(figure, columns=3)
    return figure


def _curve(panel, x, lost, look, *, named):
    panel.plot(
        x,
        lost,
        color=look.color,
        linestyle=look.line,
        marker=look.marker,
        markersize=4.5,
        label=look.label if named else "_listed",
    )
