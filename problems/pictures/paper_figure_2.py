"""Panel for panel as VGR25 Fig. 2a-d: paths and losses of one parameter, paths in a bowl, ratio of
rates.
"""

from ...display.plotting import curves, landscapes, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, discount_labels, map_panel


@draws(
    Key(name="discounts", shape="K", meaning="γ of each curve and path"),
    Key(name="times", shape="T", meaning="times of the computed points of one parameter"),
    Key(name="paths", shape="K T", meaning="computed θ(t) of one parameter"),
    Key(name="losses", shape="K T", meaning="computed L(θ(t))"),
    Key(name="times_theory", shape="U", meaning="times of the closed form"),
    Key(name="paths_theory", shape="K U", meaning="closed form of θ(t)"),
    Key(name="losses_theory", shape="K U", meaning="closed form of L(θ(t))"),
    Key(name="minimum_1d", shape="", meaning="μ of the one parameter"),
    *GRID,
    Key(name="minimum", shape="2", meaning="μ in the plane"),
    Key(name="plane_paths", shape="K P 2", meaning="computed θ(t) in the plane"),
    Key(name="plane_paths_theory", shape="K Q 2", meaning="closed form of θ(t) in the plane"),
    Key(name="ratio_discounts", shape="G", meaning="γ of the computed ratios, all > 0"),
    Key(name="ratios", shape="G", meaning="computed r₂/r₁"),
    Key(name="ratio_discounts_theory", shape="D", meaning="γ of the closed form, all > 0"),
    Key(name="ratios_theory", shape="D", meaning="closed form of r₂/r₁"),
    Key(name="condition", shape="", meaning="h₂/h₁"),
)
def paper_figure_2(d):
    """How far ahead the learner looks, at the numbers of VGR25 Fig. 2a-d.

    Panels: ``path``, ``loss``, ``map``, ``ratio``. Lines are theory, points computed.
    """
    figure = style.new_figure(7.3, 6.6)
    axes = figure.subplot_mosaic([["path", "loss"], ["map", "ratio"]])
    tones, names = style.shades("optimal", len(d.discounts)), discount_labels(d.discounts)
    axes["path"].axhline(d.minimum_1d, color=style.FAINT, linewidth=0.8)
    for panel, theory, computed in (
        ("path", d.paths_theory, d.paths),
        ("loss", d.losses_theory, d.losses),
    ):
        curves.theory_and_computed(
            axes[panel],
            theory=(d.times_theory, theory),
            computed=(d.times, computed),
            colors=tones,
            labels=names,
        )
    style.label(axes["path"], "time t", "parameter θ", title="one parameter", letter="a")
    style.label(axes["loss"], "time t", "loss L", title="its loss", letter="b")
    _plane(axes["map"], d, tones)
    _ratio(axes["ratio"], d)
    handles = axes["path"].get_legend_handles_labels()[0] + curves.how_to_read()
    style.legend(figure, handles=handles, loc="outside lower center", ncols=5)
    return figure


def _plane(axes, d, tones):
    """Panel c."""
    map_panel(axes, d, "two parameters", "c")
    for tone, theory, computed in zip(tones, d.plane_paths_theory, d.plane_paths, strict=True):
        axes.plot(*theory.T, color=tone, linewidth=1.5, path_effects=style.halo(2.4), zorder=3)
        axes.plot(*computed.T, zorder=4, **style.hollow(tone, size=3.6))
    landscapes.minima(axes, d.minimum)
    landscapes.start(axes, d.plane_paths[0, 0])


def _ratio(axes, d):
    """Panel d."""
    curves.log_axes(axes, "x")
    low, high = d.ratio_discounts_theory[[0, -1]]
    limits = (  # each named where the curve is far from it
        ("gradient_descent", d.condition, low, "left", "top", 0.975),
        ("ballistic", d.condition**0.5, high, "right", "bottom", 1.04),
    )
    for key, value, place, side, edge, offset in limits:
        look = style.rule(key)
        axes.axhline(value, color=look.color, alpha=0.3, linewidth=5, zorder=1)
        style.note(axes, place, offset * value, f"{look.label}, {value:g}", ha=side, va=edge)
    curves.theory_and_computed(
        axes,
        theory=(d.ratio_discounts_theory, d.ratios_theory[None]),
        computed=(d.ratio_discounts, d.ratios[None]),
        colors=style.shades("optimal", 1),
    )
    axes.set_ylim(0.9 * d.condition**0.5, 1.06 * d.condition)
    style.label(
        axes,
        "discount γ",
        "ratio of rates r₂/r₁",
        title=f"h₂/h₁ = {d.condition:g}",
        letter="d",
    )
