"""Grids of cells: borders around centres, axes scaled to them, and hatches where a cell holds nothing."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from ...support.arguments import checked
from . import style


def is_geometric(values: ArrayLike) -> bool:
    """Whether an axis is better drawn logarithmically: positive, and evener in logarithms than in
    numbers.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or len(values) < 3 or not (values > 0).all():
        return False
    even, uneven = (
        np.diff(np.log(values[np.isfinite(values)])),
        np.diff(values[np.isfinite(values)]),
    )
    return bool(
        len(even) > 1
        and np.std(even) / np.abs(np.mean(even)) < np.std(uneven) / np.abs(np.mean(uneven))
    )


def edges(values: ArrayLike, log: bool) -> np.ndarray:
    """Borders (N+1,) of cells around centres (N,), in the middle between neighbours on the scale of
    the axis.
    """
    at = np.log(np.asarray(values, dtype=float)) if log else np.asarray(values, dtype=float)
    if len(at) == 1:
        borders = at[0] + np.array([-0.5, 0.5])
    else:
        middle = (at[1:] + at[:-1]) / 2
        borders = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(borders) if log else borders


def scale_axes(axes: Axes, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Scales, limits and ticks for cells at x (X,), y (Y,); returns the borders. Words get ticks of
    their own.
    """
    borders = []
    for name, values in (("x", x), ("y", y)):
        values = np.asarray(values)
        numeric = values.dtype.kind in "iuf" and np.isfinite(values).all()
        log = numeric and is_geometric(values)
        at = values if numeric else np.arange(len(values))
        side = edges(at, log)
        getattr(axes, f"set_{name}scale")("log" if log else "linear")
        getattr(axes, f"set_{name}lim")(side[0], side[-1])
        if log:
            getattr(axes, f"{name}axis").set_major_locator(LogLocator(base=10, numticks=7))
            getattr(axes, f"{name}axis").set_minor_formatter(NullFormatter())
            _few_decades(axes, name, side)
        if not numeric:
            style.ticks_in_words(axes, name, at, [_word(value) for value in values])
        borders.append(side)
    return tuple(borders)


def _few_decades(axes, name, side):
    """Below two decades, ticks at 1, 2 and 5 times the powers of ten."""
    if side[-1] / side[0] < 100:
        ticks = [
            t
            for t in LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(side[0], side[-1])
            if side[0] < t < side[-1]
        ]
        getattr(axes, f"set_{name}ticks")(ticks, labels=[f"{tick:g}" for tick in ticks])
        getattr(axes, f"set_{name}ticks")([], minor=True)


def _word(value):
    return (
        f"{value:.3g}".replace("inf", "∞")
        if isinstance(value, (float, np.floating))
        else str(value)
    )


def hatch(axes: Axes) -> None:
    """Hatch the background, which shows where cells are left out."""
    axes.patch.set(facecolor=style.PAPER, hatch="////", edgecolor=style.CONTOUR)


@checked
def hatched(label: str = "no number") -> Patch:
    """Legend handle for the cells that hold no number."""
    return Patch(facecolor=style.PAPER, edgecolor=style.CONTOUR, hatch="////", label=label)
