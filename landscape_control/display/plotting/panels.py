"""What several figures share: keys of a landscape, the map panel, rows with a table of numbers."""

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace

# The pictures of claims take these two types from here: only this package imports matplotlib.
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import evidence, landscapes, style
from .data import Key

GRID = (
    Key(name="axis_1", shape="X", meaning="grid of θ₁"),
    Key(name="axis_2", shape="Y", meaning="grid of θ₂"),
    Key(name="loss", shape="Y X", meaning="loss L on the grid"),
)
THETA_1, THETA_2 = "parameter θ₁", "parameter θ₂"


def optional(keys: Iterable[Key], group: str) -> tuple[Key, ...]:
    """The keys as a group that may be left out together."""
    return tuple(
        Key(name=key.name, shape=key.shape, meaning=key.meaning, group=group) for key in keys
    )


def discount_labels(discounts: Iterable[float]) -> list[str]:
    """Legend words for discounts, to two significant digits."""
    return [f"γ = {float(f'{value:.2g}'):g}" for value in discounts]


def map_panel(
    axes: Axes, d: SimpleNamespace, title: str, letter: str, *, equal: bool = True
) -> Axes:
    """Loss contours with both parameters named."""
    landscapes.loss_contours(axes, d.axis_1, d.axis_2, d.loss)
    if equal:
        axes.set_aspect("equal", anchor="N")
    return style.label(axes, THETA_1, THETA_2, title=title, letter=letter)


def rows_with_numbers(
    names: Sequence[str],
    labels: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    width: float,
    *,
    row: float = 0.3,
) -> tuple[Figure, dict[str, Axes]]:
    """Figure of the named panels, ``width`` inches together, beside a table; its panels by name."""
    table = evidence.columns_width(columns)
    longest = max(map(len, labels))
    figure_width = width + table + 0.062 * longest + 0.3  # inches; 0.062 a letter of a row's label
    figure = style.new_figure(figure_width, 0.95 + row * len(labels))
    widths = [width / len(names)] * len(names) + [table]
    axes = figure.subplot_mosaic([[*names, "numbers"]], width_ratios=widths, sharey=True)
    evidence.number_columns(axes["numbers"], columns)
    return figure, axes
