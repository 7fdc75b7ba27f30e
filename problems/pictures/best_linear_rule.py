"""Which linear rule is near-optimal over noise and drift, and what the two simplest ones lose."""

from types import SimpleNamespace

from ...display.plotting import heat_maps, phase_diagrams, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure


@draws(
    Key(
        name="noises", shape="X", meaning="gradient noise σ of the columns, logarithmically spaced"
    ),
    Key(name="rates", shape="Y", meaning="task drift λ of the rows, logarithmically spaced"),
    Key(
        name="rules",
        shape="R",
        text=True,
        meaning="keys of the rules, SGD and heavy ball among them",
    ),
    Key(
        name="best",
        shape="Y X",
        meaning="place in rules of the simplest one that is near-optimal",
        gaps=True,
    ),
    Key(
        name="regrets",
        shape="R Y X",
        meaning="cost of each rule at its best over the optimum, minus 1",
        gaps=True,
    ),
)
def best_linear_rule(d: SimpleNamespace) -> Figure:
    """Which linear rule is near-optimal over noise and drift, and what SGD and heavy ball without decay
    lose by being simple.

    Panels: ``best``, ``sgd``, ``heavy_ball``.
    """
    figure = style.new_figure(8.6, 3.2)
    axes = figure.subplot_mosaic([["best", "sgd", "heavy_ball"]])
    handles = phase_diagrams.region_map(axes["best"], d.noises, d.rates, d.best, d.rules)
    style.legend_below(axes["best"], handles=handles, columns=2)
    titles = {"best": "simplest near-optimal rule"}
    for key in ("sgd", "heavy_ball"):
        lost = 100 * d.regrets[list(d.rules).index(key)]
        heat_maps.scaled_cells(axes[key], d.noises, d.rates, lost, log=False)
        titles[key] = f"regret of {style.rule(key).label} (%)"
    for letter, (name, title) in zip("abc", titles.items(), strict=True):
        drift = "task drift λ" if letter == "a" else None
        style.label(axes[name], "gradient noise σ", drift, title=title, letter=letter)
        axes[name].tick_params(axis="y", labelleft=letter == "a")
    return figure
