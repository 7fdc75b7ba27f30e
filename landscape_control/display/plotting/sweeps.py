"""Drawing sweeps: numbers as heat maps, words as phase diagrams, slices as curves with bands.

Building blocks draw on an Axes what ``sweep_data`` read; whole figures read and draw: maps of
several variables, small multiples over a third axis, slices.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...support.arguments import Count, checked
from . import curves, grid_cells, heat_maps, phase_diagrams, style
from .simulated import letters
from .sweep_data import SEED, kinds, read_map, read_slices, short, symbol_of, values_of


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
    if data.is_text:
        names = kinds(data.values) if names is None else list(names)
        places = {name: place for place, name in enumerate(names)}
        regions = np.array([[places.get(value, -1) for value in row] for row in data.values])
        handles, cells = phase_diagrams.region_map(axes, data.x, data.y, regions, names), None
    else:
        handles = []
        _, cells = heat_maps.number_map(axes, data.x, data.y, data.values, limits=limits, **options)
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
    """Draw what :func:`read_slices` returned: one shade per curve, mean ± ``width`` standard errors
    shaded.
    """
    numeric = (
        np.asarray(data.x).dtype.kind in "iuf"
        and np.isfinite(np.asarray(data.x, dtype=float)).all()
    )
    at = np.asarray(data.x, dtype=float) if numeric else np.arange(len(data.x))
    if numeric and grid_cells.is_geometric(data.x):
        curves.log_axes(axes, "x")
    elif not numeric:
        style.ticks_in_words(axes, "x", at, [short(value) for value in data.x])
    for mean, error, tone, words in zip(
        data.mean, data.error, style.shades(rule, len(data.mean)), data.labels, strict=True
    ):
        half = np.where(np.isfinite(error), width * error, 0.0)
        axes.fill_between(
            at, mean - half, mean + half, facecolor=tone, alpha=0.22, linewidth=0, zorder=1.5
        )
        axes.plot(
            at,
            mean,
            linewidth=1.4,
            label=words or None,
            zorder=3,
            **style.hollow(tone, size=3.4, line="-"),
        )
    return style.label(axes, data.x_label, data.y_label)


@checked
def sweep_maps(
    dataset: object,
    variables: str | Sequence[str],
    *,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
    columns: Count = 3,
) -> Figure:
    """One map per variable over two axes: words as phase diagrams with named regions, numbers as
    heat maps.

    Failed cells are hatched; where the sweep measured ``hidden_basin``, cells it warns of carry a
    triangle. Parameters as for :func:`~landscape_control.display.plotting.sweep_data.read_map`. Panels are
    labelled by their variables.
    """
    variables = [variables] if isinstance(variables, str) else list(dict.fromkeys(variables))
    maps = {name: read_map(dataset, name, x=x, y=y, at=at) for name in variables}
    figure, axes = _panels(variables, columns)
    handles = {}
    for letter, name in zip(letters(variables).values(), variables, strict=True):
        drawn = draw_map(axes[name], maps[name])
        if drawn.cells is not None and np.isfinite(maps[name].values).any():
            heat_maps.colour_bar(figure, axes[name], drawn.cells)
        _name(axes, name, variables, maps[name], maps[name].title, letter)
        handles |= {handle.get_label(): handle for handle in drawn.handles}
    return _with_legend(figure, handles)


@checked
def sweep_multiples(
    dataset: object,
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
    maps = [
        read_map(dataset, variable, x=x, y=y, at={**(at or {}), over: value}) for value in points
    ]
    names = [f"panel_{i + 1}" for i in range(len(maps))]
    figure, axes = _panels(names, columns)
    every = np.concatenate([data.values.ravel() for data in maps])
    shared = _shared(every, maps[0].is_text)
    handles, cells = {}, None
    for name, data, value in zip(names, maps, points, strict=True):
        drawn = draw_map(axes[name], data, **shared)
        _name(axes, name, names, data, f"{symbol_of(over)} = {short(value)}", "")
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
    dataset: object,
    variables: str | Sequence[str],
    *,
    along: str,
    by: str | None = None,
    at: Mapping | None = None,
    band: str = SEED,
) -> Figure:
    """Curves over one axis, a shade per value of another, mean ± one standard error over the axis
    ``band`` shaded.
    """
    variables = [variables] if isinstance(variables, str) else list(dict.fromkeys(variables))
    figure, axes = _panels(variables, 3)
    for letter, name in zip(letters(variables).values(), variables, strict=True):
        data = read_slices(dataset, name, along=along, by=by, at=at, band=band)
        draw_slices(axes[name], data)
        style.label(axes[name], title=data.y_label, letter=letter)
    if by is not None:
        style.figure_legend(figure, columns=5)
    return figure


def _panels(names, columns):
    columns = min(2 if len(names) == 4 and columns == 3 else columns, len(names))
    rows = [list(names[i : i + columns]) for i in range(0, len(names), columns)]
    rows[-1] += ["."] * (columns - len(rows[-1]))
    size = (4.6, 3.8) if len(names) == 1 else (0.6 + 3.0 * columns, 0.5 + 2.75 * len(rows))
    figure = style.new_figure(*size)
    return figure, figure.subplot_mosaic(rows)


def _name(axes, name, names, data, title, letter):
    style.label(axes[name], data.x_label, data.y_label, title=title, letter=letter)


def _shared(values, is_text):
    if is_text:
        return {"names": kinds(values)}
    known = values[np.isfinite(values)]
    return {"limits": (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)}


def _with_legend(figure, handles):
    if handles:
        words = max(map(len, handles))
        fits = max(1, int((figure.get_figwidth() - 0.2) / (0.058 * words + 0.42)))
        style.legend(
            figure,
            handles=handles.values(),
            loc="outside lower center",
            ncols=min(len(handles), fits),
        )
    return figure
