"""What the optimal learner makes of one observed gradient, beside its best classical
equivalents.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters, numbered, simulated, tick_values, value_labels


@draws(
    Key(name="lags", shape="G", meaning="time since the gradient was observed"),
    Key(name="noises", shape="J", meaning="σ of each panel"),
    Key(
        name="kernels",
        shape="J G",
        meaning="impulse response of the optimal update to an observed gradient",
    ),
    Key(
        name="equivalents",
        shape="E",
        text=True,
        meaning="keys of the equivalents: momentum, moving_average, nesterov",
    ),
    Key(
        name="equivalent_kernels",
        shape="E J G",
        meaning="impulse response of the best equivalent of each kind",
    ),
    Key(name="errors", shape="E J", meaning="relative L2 error of each equivalent"),
    Key(
        name="error_floor",
        shape="",
        meaning="errors below are said and not drawn (1e-12 if left out)",
        group="floor",
    ),
)
def kernels(d: SimpleNamespace) -> Figure:
    """What the optimal learner makes of one observed gradient, beside its best classical
    equivalents.

    Panels: ``kernel_1`` ... ``kernel_J``, ``errors``.
    """
    names = [*numbered("kernel", len(d.noises)), "errors"]
    named = letters(names)
    figure = style.new_figure(0.6 + 2.15 * len(names), 3.1)
    axes = figure.subplot_mosaic([names], width_ratios=[1.0] * len(d.noises) + [1.15])
    for i, (name, words) in enumerate(zip(names[:-1], value_labels("σ", d.noises), strict=True)):
        _kernel(axes[name], d, i)
        style.label(
            axes[name],
            "time since the gradient",
            "update per gradient" if i == 0 else None,
            title=f"noise {words}",
            letter=named[name],
        )
    panel = curves.log_axes(axes["errors"])
    floor = 1e-12 if d.error_floor is None else d.error_floor
    shown = np.where(d.errors > floor, d.errors, np.nan)
    for key, row in zip(d.equivalents, shown, strict=True):
        if np.isfinite(row).any():
            simulated(panel, d.noises, row, rule=key, label="_" + key)
    tick_values(panel, d.noises)
    _say_what_is_below(panel, d, shown, floor)
    style.label(
        panel,
        "gradient noise σ",
        "relative error",
        title="how good a match",
        letter=named["errors"],
    )
    style.figure_legend(figure, columns=4)
    return figure


def _say_what_is_below(panel, d, shown, floor):
    """The vertical range, and under the curves the names of equivalents without an error to draw."""
    below = [
        style.rule(key).label
        for key, row in zip(d.equivalents, shown, strict=True)
        if not np.isfinite(row).any()
    ]
    least = np.nanmin(shown) if np.isfinite(shown).any() else 0.1
    panel.set_ylim(least / (30 if below else 3), max(1.5, 2 * d.errors.max()))
    if below:
        words = f"{', '.join(below)}:\nat most {floor:g}"
        middle = float(np.sqrt(d.noises[0] * d.noises[-1]))
        style.note(panel, middle, least / 12, words, ha="center", fontsize=style.TINY)


def _kernel(axes, d, i):
    axes.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    look = style.rule("belief_optimal")
    axes.plot(
        d.lags,
        d.kernels[i],
        color=look.color,
        linewidth=2.6,
        alpha=0.55,
        zorder=2,
        label=look.label,
    )
    for turn, (key, kernel) in enumerate(
        zip(d.equivalents, d.equivalent_kernels[:, i], strict=True)
    ):
        # they take turns
        look, dashes = (
            style.rule(key),
            (
                3.0 * turn,
                (3.0, 3.0 * max(len(d.equivalents) - 1, 1)),
            ),
        )
        axes.plot(d.lags, kernel, color=look.color, linestyle=dashes, linewidth=1.5, zorder=3)
        axes.plot(
            [], [], color=look.color, linestyle=(0, (3, 1.5)), linewidth=1.5, label=look.label
        )
    axes.set_xlim(d.lags[[0, -1]])
    axes.locator_params(nbins=5)
