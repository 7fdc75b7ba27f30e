"""Cells of a grid coloured by numbers, and their colour bars."""

from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import Locator, LogLocator, MaxNLocator

from ...support.arguments import Entries, checked
from . import style
from .accuracies import lowest_colour
from .grid_cells import edges, hatch, log_ticks, scale_axes
from .places import AxisValues, Limits, on_grid


@checked
def heat_map(
    axes: Axes,
    x: Entries,
    y: Entries,
    values: Entries,
    *,
    signed: bool = True,
    limit: float | None = None,
) -> Axes:
    """Cells coloured by values (Y, X) on cell centres x (X,), y (Y,), log-log; NaN is hatched.

    Returns the Axes. With ``signed`` the colours are symmetric around zero, up to ``limit`` (by
    default the largest |value|), and follow asinh of the value, so that small values of either
    sign still show. The coloured cells are ``axes.collections[-1]``.
    """
    on_grid("values", values, x, y)
    across, up = edges(x, log=True), edges(y, log=True)
    values = np.ma.masked_invalid(values)
    top = limit if limit is not None else float(np.abs(values).max() or 1.0)
    axes.set(xscale="log", yscale="log")
    hatch(axes)
    scale: colors.Normalize
    if signed:
        tones = style.signed_map()
        scale = colors.AsinhNorm(top / 50, -top, top)
    else:
        tones = style.loss_map()
        scale = colors.Normalize(float(values.min()), float(values.max()))
    mesh = axes.pcolormesh(across, up, values, cmap=tones, norm=scale, rasterized=True, zorder=0)
    mesh.set_label("_cells")
    axes.set(xlim=across[[0, -1]], ylim=up[[0, -1]])
    log_ticks(axes, "x", across)
    log_ticks(axes, "y", up)
    return axes


@checked
def number_map(
    axes: Axes,
    x: AxisValues,
    y: AxisValues,
    values: Entries,
    *,
    log: bool | None = None,
    signed: bool = False,
    limits: Limits | None = None,
    floor: float = 0.0,
) -> tuple[Axes, QuadMesh]:
    """Cells coloured by numbers (Y, X); those without one are hatched.

    Returns (Axes, coloured cells) for a colour bar. ``log`` colours logarithmically, by default
    where all numbers are positive and span two decades; ``signed`` is symmetric around zero.
    Logarithmic colours begin at ``floor``, what the numbers are good to, where that is more than 0:
    numbers of either sign below it have its colour.
    """
    values = np.ma.masked_invalid(np.asarray(values, dtype=float))
    sides = scale_axes(axes, x, y)
    hatch(axes)
    low, high = limits if limits is not None else _extent(values)
    begin = None if signed else lowest_colour(low, high, floor, log)
    norm: colors.Normalize
    if signed:
        top = max(abs(low), abs(high)) or 1.0
        norm, tones = colors.Normalize(-top, top), style.signed_map()
    elif begin is not None:
        norm, tones = colors.LogNorm(begin, high), warm_map()
        values = np.ma.where(values < begin, begin / 2, values)  # drawn, though it has no logarithm
    else:
        top = high if high > low else low + (abs(low) or 1.0)  # one number alone needs a range
        norm, tones = colors.Normalize(low, top), warm_map()
    mesh = axes.pcolormesh(*sides, values, cmap=tones, norm=norm, rasterized=True, zorder=0)
    mesh.set_label("_cells")
    return axes, mesh


def _extent(values: np.ma.MaskedArray) -> tuple[float, float]:
    if not values.count():
        return 0.0, 1.0
    return float(values.min()), float(values.max())


def _norm(low: float, high: float, log: bool) -> colors.Normalize:
    """Linear, or logarithmic where that is wanted and all numbers are positive."""
    if log and low > 0:
        return colors.LogNorm(low, high)
    return colors.Normalize(low, high)


def _has_below(cells: ScalarMappable) -> bool:
    """Whether there are numbers below the lowest colour."""
    values: np.ma.MaskedArray = np.ma.asarray(cells.get_array())
    return bool(values.count() and values.min() < cells.get_clim()[0])


def warm_map() -> colors.Colormap:
    """Paper (low) through pale orange to deep vermillion (high), which differ in grey, too."""
    return colors.LinearSegmentedColormap.from_list(
        "warm", ["#fbfbfa", "#f6dcc9", "#e5a06a", "#b5551f", "#5f2408"]
    )


def colour_bar(figure: Figure | SubFigure, axes: Axes | list[Axes], cells: QuadMesh) -> Colorbar:
    """Slim colour bar beside a map, with the texts of the panels."""
    bar = _slim_bar(figure, axes, cells)
    low, high = cells.get_clim()
    locator: Locator
    if isinstance(cells.norm, colors.LogNorm):
        locator = _log_locator(low, high, numticks=8)
    else:
        values: np.ma.MaskedArray = np.ma.asarray(cells.get_array())
        locator = MaxNLocator(5, integer=bool(np.ma.allequal(values, values.round())))
    ticks = [tick for tick in locator.tick_values(low, high) if low <= tick <= high]
    labels = [f"{tick:.3g}" for tick in ticks]
    if _has_below(cells):  # its lowest colour is that of all below it, too
        ticks = [low, *(tick for tick in ticks if tick > 2 * low)]
        labels = [f"≤ {low:.3g}", *(f"{tick:.3g}" for tick in ticks[1:])]
    bar.set_ticks(ticks, labels=labels)
    bar.minorticks_off()
    return bar


@checked
def scaled_cells(axes: Axes, x: Entries, y: Entries, values: Entries, *, log: bool) -> list[float]:
    """Cells as by :func:`heat_map` in warm colours, with their colour bar beside them.

    ``log`` colours logarithmically where all values are positive. Returns the ticks of the bar,
    where contours of a theory can be drawn.
    """
    heat_map(axes, x, y, values, signed=False)
    cells = axes.collections[-1]
    shown = values[np.isfinite(values)]
    low, high = shown.min(), shown.max()
    log = log and low > 0
    warm_half = style.signed_map()(np.linspace(0.5, 1, 32))
    cells.set_cmap(colors.LinearSegmentedColormap.from_list("warm", warm_half))
    cells.set_norm(_norm(low, high, log))
    bar = _slim_bar(axes.figure, axes, cells)
    locator = _log_locator(low, high) if log else MaxNLocator(5)
    ticks = [tick for tick in locator.tick_values(low, high) if low < tick < high]
    bar.set_ticks(ticks, labels=[f"{tick:.2g}" for tick in ticks])
    bar.minorticks_off()
    return ticks


def _slim_bar(
    figure: Figure | SubFigure, axes: Axes | list[Axes], cells: ScalarMappable
) -> Colorbar:
    extend = "min" if _has_below(cells) else "neither"
    bar = figure.colorbar(cells, ax=axes, pad=0.03, aspect=22, fraction=0.08, extend=extend)
    style.dress(bar.ax)
    bar.outline.set_visible(False)
    return bar


def _log_locator(low: float, high: float, **options: Any) -> LogLocator:
    """Ticks at powers of ten, and below three decades also at 2 and 5 times them."""
    subs = (1.0,) if high > 1e3 * low else (1.0, 2.0, 5.0)
    return LogLocator(subs=subs, **options)
