"""With terminal loss alone gradient descent with the right steps costs what momentum costs.

So β is not identifiable.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Axes, Figure
from ...display.plotting.simulated import letters, tick_values

_RATE, _MOMENTUM = style.rule("gradient_descent").color, style.rule("momentum").color

DESCENT = style.rule("gradient_descent")


@draws(
    Key(name="steps", shape="T", meaning="steps t = 0, 1, ..., T − 1"),
    Key(
        name="descent_learning_rates",
        shape="T",
        meaning="α_t of the optimal gradient descent, in any order",
    ),
    Key(
        name="root_learning_rates",
        shape="T",
        meaning="1/roots of the optimal polynomial, in any order",
    ),
    Key(
        name="heavy_ball_momentum",
        shape="R T",
        meaning="β_t of heavy balls found from different starts",
        gaps=True,
    ),
    Key(name="heavy_ball_excess", shape="R", meaning="cost of each over the best, minus 1"),
    Key(name="curvatures", shape="C", meaning="h"),
    Key(name="descent_polynomial", shape="C", meaning="θ_T/θ_0 of gradient descent over h"),
    Key(name="heavy_ball_polynomial", shape="R C", meaning="the same of each heavy ball"),
    Key(name="horizons", shape="H", meaning="horizons T of the costs", group="horizon"),
    Key(
        name="descent_costs", shape="H", meaning="optimal cost of gradient descent", group="horizon"
    ),
    Key(name="heavy_ball_costs", shape="H", meaning="optimal cost of heavy ball", group="horizon"),
)
def terminal_not_identifiable(d: SimpleNamespace) -> Figure:
    """With terminal loss alone gradient descent with the right steps costs what momentum costs.

    So β is not identifiable. Panels: ``polynomial``, ``steps``, ``momentum``, ``cost`` if given.
    """
    names = ["polynomial", "steps", "momentum"]
    if d.horizons is not None:
        names.append("cost")
    figure, letter_of = style.new_figure(0.4 + 2.35 * len(names), 3.0), letters(names)
    axes = figure.subplot_mosaic([names])
    tones = style.shades("momentum", len(d.heavy_ball_momentum))
    _polynomials(axes["polynomial"], d, tones, letter_of["polynomial"])
    _steps(axes["steps"], d, letter_of["steps"])
    _momenta(axes["momentum"], d, tones, letter_of["momentum"])
    if d.horizons is not None:
        _two_costs(axes["cost"], d, letter_of["cost"])
    for name in names:
        style.legend_below(axes[name], columns=1)
    return figure


def _polynomials(panel: Axes, d: SimpleNamespace, tones: list[str], letter: str) -> None:
    panel.axhline(0, color=style.FAINT, linewidth=0.8, zorder=0)
    panel.plot(
        d.curvatures,
        d.descent_polynomial,
        color=DESCENT.color,
        linewidth=3.2,
        alpha=0.45,
        zorder=2,
        label="gradient descent",
    )
    for i, (row, tone) in enumerate(zip(d.heavy_ball_polynomial, tones, strict=True)):
        panel.plot(
            d.curvatures,
            row,
            color=tone,
            linewidth=1.2,
            zorder=3,
            linestyle=(2.0 * i, (2, 2)),  # each dash begins elsewhere, so that all stay visible
            label="heavy balls" if i == 0 else None,
        )
    style.label(panel, "curvature h", "θ(T) / θ(0)", title="one polynomial", letter=letter)


def _steps(panel: Axes, d: SimpleNamespace, letter: str) -> None:
    order = np.arange(1, len(d.steps) + 1)
    roots, steps = np.sort(d.root_learning_rates), np.sort(d.descent_learning_rates)
    panel.plot(order, roots, color=style.INK, linewidth=1.2, zorder=2, label="1/roots")
    look = style.hollow(DESCENT.color, "s", 4.0)
    panel.plot(order, steps, zorder=4, label="steps, sorted", **look)
    panel.set_ylim(0)
    style.label(panel, "rank", "learning rate α", title="its roots are steps", letter=letter)


def _momenta(panel: Axes, d: SimpleNamespace, tones: list[str], letter: str) -> None:
    look = {"linewidth": 1.3, "marker": "p", "markersize": 3.2}
    for row, tone in zip(d.heavy_ball_momentum, tones, strict=True):
        panel.plot(d.steps, row, color=tone, zorder=3, **look)
    excess = _excess(d.heavy_ball_excess)
    entry = f"{len(tones)} starts, cost\nwithin {excess} of the best"
    panel.plot([], [], color=_MOMENTUM, label=entry, **look)
    style.label(panel, "step t", "momentum β", title="many β, one cost", letter=letter)


def _excess(values: np.ndarray) -> str:
    """The largest |excess| in words; what is below 1e-12 may be round-off."""
    return f"{max(np.max(np.abs(values)), 1e-12):.0e}".replace("e-0", "e-").replace("-", "−")


def _two_costs(axes: Axes, d: SimpleNamespace, letter: str) -> None:
    curves.log_axes(axes)
    axes.plot(
        d.horizons,
        d.descent_costs,
        color=DESCENT.color,
        linewidth=2.6,
        alpha=0.5,
        label="gradient descent",
    )
    axes.plot(
        d.horizons, d.heavy_ball_costs, label="heavy ball", **style.hollow(_MOMENTUM, "p", 5.0)
    )
    tick_values(axes, d.horizons)
    style.label(axes, "horizon T", "optimal cost", title="at every horizon", letter=letter)
