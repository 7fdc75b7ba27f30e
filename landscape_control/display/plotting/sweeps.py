"""Drawing sweeps: numbers as heat maps, words as phase diagrams, slices as curves with bands.

Building blocks draw on an Axes what ``sweep_data`` read; whole figures read and draw: maps of
several variables, small multiples over a third axis, slices.
"""

import textwrap
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import HashableList

from ...support.arguments import Count, checked
from ...support.errors import ProblemError
from . import curves, grid_cells, heat_maps, phase_diagrams, style
from .simulated import letters
from .sweep_data import SEED, DatasetLike, kinds, read_map, read_slices, short, symbol_of, values_of

_TITLE = 38  # letters of a title that a panel is wide


def draw_map(
    axes: Axes,
    data: SimpleNamespace,
    *,
    names: Sequence[str] | None = None,
    limits: tuple[float, float] | None = None,
    warn: bool = True,
    **options: Any,
) -> SimpleNamespace:
    """Draw what :func:`read_map` returned, numbers as a heat map and words as a phase diagram.

    Returns ``handles`` for a legend and ``cells`` for a colour bar (None for words); ``names``
    fixes the order and so the colours of words, ``limits`` the range of numbers.
    """
    handles: list[Artist] = []
    cells = None
    if data.is_text:
        names = kinds(data.values) if names is None else list(names)
        index_of = {name: index for index, name in enumerate(names)}
        regions = np.array([[index_of.get(word, -1) for word in row] for row in data.values])
        handles += phase_diagrams.region_map(
            axes, data.x, data.y, regions, names, marked=data.warned if warn else None
        )
    else:
        floor = getattr(data, "floor", 0.0)
        _, cells = heat_maps.number_map(
            axes, data.x, data.y, data.values, limits=limits, floor=floor, **options
        )
        if np.isnan(data.values).any():
            handles.append(grid_cells.hatched())
    if warn:
        mark = phase_diagrams.mark_cells(
            axes, data.x, data.y, data.warned, label="a better basin was overlooked"
        )
        handles += [mark] if mark else []
    return SimpleNamespace(handles=handles, cells=cells)


def draw_slices(
    axes: Axes, data: SimpleNamespace, *, rule: str = "optimal", width: float = 1.0
) -> Axes:
    """Draw what :func:`read_slices` returned: a shade per curve, mean ± ``width`` errors shaded."""
    places = grid_cells.places_of(data.x)
    if not grid_cells.is_numeric(data.x):
        style.ticks_in_words(axes, "x", places, [short(value) for value in data.x])
    elif grid_cells.is_geometric(data.x):
        curves.log_axes(axes, "x")
    shade: dict[str, Any] = {"alpha": 0.22, "linewidth": 0, "zorder": 1.5}
    tones = style.shades(rule, len(data.mean))
    for mean, error, tone, label in zip(data.mean, data.error, tones, data.labels, strict=True):
        half = np.where(np.isfinite(error), width * error, 0.0)  # NaN: one seed has no spread
        axes.fill_between(places, mean - half, mean + half, facecolor=tone, **shade)
        look = style.hollow(tone, size=3.4, line="-")
        axes.plot(places, mean, linewidth=1.4, label=label or None, zorder=3, **look)
    return style.label(axes, data.x_label, data.y_label)


@checked
def sweep_maps(
    dataset: DatasetLike,
    variables: str | Sequence[str],
    *,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
    columns: Count = 3,
) -> Figure:
    """One map per variable over two axes: words as named regions, numbers as heat maps.

    Failed cells are hatched; where the sweep measured ``hidden_basin``, cells it warns of carry a
    triangle. Parameters as for :func:`~landscape_control.display.plotting.sweep_data.read_map`.
    Panels are labelled by their variables.
    """
    variables = named(variables)
    maps = {name: read_map(dataset, name, x=x, y=y, at=at) for name in variables}
    figure, axes = _panels(variables, columns)
    handles: dict[str, Artist] = {}
    for name, letter in letters(variables).items():
        data, panel = maps[name], axes[name]
        drawn = draw_map(panel, data)
        if drawn.cells is not None and np.isfinite(data.values).any():
            heat_maps.colour_bar(figure, panel, drawn.cells)
        style.label(panel, data.x_label, data.y_label, title=folded(data.title), letter=letter)
        handles |= {handle.get_label(): handle for handle in drawn.handles}
    return _with_legend(figure, handles)


@checked
def sweep_multiples(
    dataset: DatasetLike,
    variable: str,
    *,
    over: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
    columns: Count = 3,
) -> Figure:
    """The same map once per value of a third axis, with the same colours throughout."""
    points = values_of(dataset, over)
    others = dict(at or {})
    maps = [read_map(dataset, variable, x=x, y=y, at=others | {over: value}) for value in points]
    names = [f"panel_{i + 1}" for i in range(len(maps))]
    figure, axes = _panels(names, columns)
    every = np.concatenate([data.values.ravel() for data in maps])
    shared = _shared(every, maps[0].is_text)
    handles: dict[str, Artist] = {}
    cells = None
    for name, data, value in zip(names, maps, points, strict=True):
        drawn = draw_map(axes[name], data, **shared)
        title = f"{symbol_of(over)} = {short(value)}"
        style.label(axes[name], data.x_label, data.y_label, title=title)
        handles |= {handle.get_label(): handle for handle in drawn.handles}
        cells = drawn.cells
    if cells is not None:
        bar = heat_maps.colour_bar(figure, [axes[name] for name in names], cells)
        style.label(bar.ax, y=maps[0].title)
    else:
        figure.suptitle(
            style.literal(maps[0].title),
            fontsize=style.TEXT + 0.5,
            color=style.INK,
            fontfamily=style.FONT,
        )
    return _with_legend(figure, handles)


@checked
def sweep_slices(
    dataset: DatasetLike,
    variables: str | Sequence[str],
    *,
    along: str,
    by: str | None = None,
    at: Mapping | None = None,
    band: str = SEED,
) -> Figure:
    """Curves over one axis, a shade per value of another.

    Shaded is the mean ± one standard error over the axis ``band``.
    """
    variables = named(variables)
    figure, axes = _panels(variables, 3)
    for name, letter in letters(variables).items():
        data = read_slices(dataset, name, along=along, by=by, at=at, band=band)
        draw_slices(axes[name], data)
        style.label(axes[name], title=folded(data.y_label), letter=letter)
    if by is not None:
        style.figure_legend(figure, columns=5)
    return figure


def folded(title: str) -> str:
    """A title in lines that are no wider than a panel."""
    return textwrap.fill(title, _TITLE)


def named(variables: str | Sequence[str]) -> list[str]:
    """Each name once; refuses none."""
    names = [variables] if isinstance(variables, str) else list(dict.fromkeys(variables))
    if not names:
        raise ProblemError(
            "variables",
            expected="at least one measure, by name",
            received="none",
            advice="name what the sweep measured, e.g. 'cost'",
        )
    return names


def _panels(names: Sequence[str], columns: int) -> tuple[Figure, dict[str, Axes]]:
    """A figure with a panel per name, row by row; four stand two by two."""
    if len(names) == 4 and columns == 3:
        columns = 2
    columns = min(columns, len(names))
    rows: list[HashableList[str]] = [
        list(names[i : i + columns]) for i in range(0, len(names), columns)
    ]
    rows[-1] += ["."] * (columns - len(rows[-1]))  # "." is matplotlib's empty place
    width, height = 0.6 + 3.0 * columns, 0.5 + 2.75 * len(rows)
    if len(names) == 1:  # a lone panel may be larger
        width, height = 4.6, 3.8
    figure = style.new_figure(width, height)
    return figure, figure.subplot_mosaic(rows)


def _shared(values: np.ndarray, is_text: bool) -> dict[str, Any]:
    """What panels have in common: the order of words, or the range of numbers."""
    if is_text:
        return {"names": kinds(values)}
    known = values[np.isfinite(values)]
    if not known.size:
        return {"limits": (0.0, 1.0)}
    return {"limits": (float(known.min()), float(known.max()))}


def _with_legend(figure: Figure, handles: Mapping[str, Artist]) -> Figure:
    if handles:
        longest = max(map(len, handles))
        entry_width = 0.058 * longest + 0.42  # inches
        fits = max(1, int((figure.get_figwidth() - 0.2) / entry_width))
        columns = min(len(handles), fits)
        style.legend(figure, handles=handles.values(), loc="outside lower center", ncols=columns)
    return figure
