"""Whole figures of a sweep: maps of several variables, small multiples over a third axis, slices
with bands.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..arguments import Count, checked
from . import phase_diagrams, style, sweeps
from .simulated import letters


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
    triangle. Parameters as for :func:`~landscape_control.plotting.sweeps.read_map`. Panels are
    labelled by their variables.
    """
    variables = [variables] if isinstance(variables, str) else list(dict.fromkeys(variables))
    maps = {name: sweeps.read_map(dataset, name, x=x, y=y, at=at) for name in variables}
    figure, axes = _panels(variables, columns)
    handles = {}
    for letter, name in zip(letters(variables).values(), variables, strict=True):
        drawn = sweeps.draw_map(axes[name], maps[name])
        if drawn.cells is not None and np.isfinite(maps[name].values).any():
            phase_diagrams.colour_bar(figure, axes[name], drawn.cells)
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
    points = sweeps.values_of(dataset, over)
    maps = [
        sweeps.read_map(dataset, variable, x=x, y=y, at={**(at or {}), over: value})
        for value in points
    ]
    names = [f"panel_{i + 1}" for i in range(len(maps))]
    figure, axes = _panels(names, columns)
    every = np.concatenate([data.values.ravel() for data in maps])
    shared = _shared(every, maps[0].is_text)
    handles, cells = {}, None
    for name, data, value in zip(names, maps, points, strict=True):
        drawn = sweeps.draw_map(axes[name], data, **shared)
        _name(axes, name, names, data, f"{sweeps.symbol_of(over)} = {sweeps.short(value)}", "")
        handles |= {handle.get_label(): handle for handle in drawn.handles}
        cells = drawn.cells
    if cells is not None:
        bar = phase_diagrams.colour_bar(figure, [axes[name] for name in names], cells)
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
    band: str = sweeps.SEED,
) -> Figure:
    """Curves over one axis, a shade per value of another, mean ± one standard error over the axis
    ``band`` shaded.
    """
    variables = [variables] if isinstance(variables, str) else list(dict.fromkeys(variables))
    figure, axes = _panels(variables, 3)
    for letter, name in zip(letters(variables).values(), variables, strict=True):
        data = sweeps.read_slices(dataset, name, along=along, by=by, at=at, band=band)
        sweeps.draw_slices(axes[name], data)
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
        return {"names": sweeps.kinds(values)}
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
