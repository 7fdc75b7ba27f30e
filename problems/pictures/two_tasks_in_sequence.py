"""Two tasks in sequence with a loss on both: paths, and what each rule loses."""

from types import SimpleNamespace

from ...display.plotting import curves, landscapes, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure


@draws(
    Key(name="axis_1", shape="X", meaning="weights θ₁ of the map"),
    Key(name="axis_2", shape="Y", meaning="weights θ₂ of the map"),
    Key(name="old_loss", shape="Y X", meaning="L_A, the task that was learned before"),
    Key(name="new_loss", shape="Y X", meaning="L_B, the task that is seen"),
    Key(name="old", shape="2", meaning="minimum of task A, where all paths start"),
    Key(name="new", shape="2", meaning="minimum of task B"),
    Key(name="path_rules", shape="P", text=True, meaning="keys of the rules whose paths are drawn"),
    Key(name="paths", shape="P N 2", meaning="θ(t) on task B of each"),
    Key(
        name="rules", shape="R", text=True, meaning="keys of the rules, at their best coefficients"
    ),
    Key(name="angles", shape="A", meaning="angle of H_A's axes to the weights, degrees"),
    Key(name="lost_by_angle", shape="R A", meaning="(J - J*)/(J_stay - J*) of each rule"),
    Key(name="discounts", shape="G", meaning="discount rates γ"),
    Key(name="lost_by_discount", shape="R G", meaning="the same over discounts"),
)
def two_tasks_in_sequence(d: SimpleNamespace) -> Figure:
    """Two tasks in sequence with a loss on both: paths, and what each rule loses.

    Panels: ``map``, ``angle``, ``discount``.
    """
    figure = style.new_figure(10.4, 4.1)
    axes = figure.subplot_mosaic([["map", "angle", "discount"]], width_ratios=[1.15, 1, 1])
    _map(axes["map"], d)
    for i, key in enumerate(d.rules):
        look = style.rule(key)
        for name, x, lost in (
            ("angle", d.angles, d.lost_by_angle[i]),
            ("discount", d.discounts, d.lost_by_discount[i]),
        ):
            axes[name].plot(
                x,
                lost,
                color=look.color,
                linestyle=look.line,
                marker=look.marker,
                markersize=4.5,
                label=look.label if name == "angle" else "_listed",
            )
    _note_coinciding(axes["angle"], d)
    curves.log_axes(axes["discount"], "x")
    axes["angle"].set_xticks(d.angles)
    axes["discount"].sharey(axes["angle"])
    axes["discount"].tick_params(axis="y", labelleft=False)
    style.label(
        axes["angle"],
        "angle of H_A to the weights (degrees)",
        "lost share of what moving can gain",
        title="each rule at its best",
        letter="b",
    )
    style.label(axes["discount"], "discount γ", None, title="H_A turned by 22.5°", letter="c")
    style.figure_legend(figure, columns=5)
    return figure


def _note_coinciding(axes, d):
    """Say which rules cost what plain descent costs: their curves lie on its curve."""
    plain = d.lost_by_angle[list(d.rules).index("gradient_descent")]
    same = [
        style.rule(key).label
        for key, lost in zip(d.rules, d.lost_by_angle, strict=True)
        if abs(lost - plain).max() < 0.005
    ]
    if len(same) > 1:
        words = ",\n".join(same) + "\nlie on one curve"
        style.note(axes, d.angles[0], plain.max() + 0.03, words, va="bottom")


def _map(axes, d):
    landscapes.loss_contours(axes, d.axis_1, d.axis_2, d.old_loss)
    levels = landscapes.contour_levels(d.new_loss, 7)
    axes.contour(d.axis_1, d.axis_2, d.new_loss, levels=levels, colors="#9aa1a9", linewidths=0.7)
    for key, path in zip(d.path_rules, d.paths, strict=True):
        look = style.rule(key)
        words = "_listed" if key in d.rules else look.label
        axes.plot(*path.T, color=look.color, linestyle=look.line, linewidth=1.7, label=words)
        axes.plot(*path[-1], color=look.color, marker=look.marker, markersize=5.5)
    landscapes.start(axes, d.old, label="minimum of task A, start")
    landscapes.minima(axes, d.new, label="minimum of task B")
    axes.set_aspect("equal", anchor="N")
    style.label(
        axes, "weight θ₁", "weight θ₂", title="paths on task B: shaded L_A, lines L_B", letter="a"
    )
