"""Grids of cells: borders around centres, axes scaled to them, hatches in empty cells."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from ...support.arguments import checked
from . import style

_FEW = 4  # values or fewer have a tick each and no others: a scale would claim places between


def is_geometric(values: ArrayLike) -> bool:
    """Whether an axis is better drawn logarithmically: positive, and evener in logarithms."""
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or len(values) < 3 or not (values > 0).all():
        return False
    finite = values[np.isfinite(values)]
    if len(finite) < 3:
        return False
    return _unevenness(np.log(finite)) < _unevenness(finite)


def _unevenness(values: np.ndarray) -> float:
    """Standard deviation of the steps between neighbours, in mean steps."""
    steps = np.diff(values)
    return float(np.std(steps) / np.abs(np.mean(steps)))


def edges(values: ArrayLike, log: bool) -> np.ndarray:
    """Borders (N+1,) of cells around centres (N,), halfway on the scale of the axis."""
    centres = np.asarray(values, dtype=float)
    if log:
        centres = np.log(centres)
    if len(centres) == 1:
        borders = centres[0] + np.array([-0.5, 0.5])
    else:
        middle = (centres[1:] + centres[:-1]) / 2
        first, last = 2 * centres[0] - middle[0], 2 * centres[-1] - middle[-1]
        borders = np.concatenate([[first], middle, [last]])
    return np.exp(borders) if log else borders


def scale_axes(axes: Axes, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Scales, limits and ticks for cells at x (X,), y (Y,); returns the borders.

    Words get ticks of their own.
    """
    return _scale_axis(axes, "x", np.asarray(x)), _scale_axis(axes, "y", np.asarray(y))


def _scale_axis(axes: Axes, name: Literal["x", "y"], values: np.ndarray) -> np.ndarray:
    numeric = is_numeric(values)
    log = numeric and is_geometric(values)
    centres = places_of(values)
    borders = edges(centres, log)
    getattr(axes, f"set_{name}scale")("log" if log else "linear")
    getattr(axes, f"set_{name}lim")(borders[0], borders[-1])
    if log:
        log_ticks(axes, name, borders)
    if numeric and len(values) <= _FEW:
        set_ticks = getattr(axes, f"set_{name}ticks")
        set_ticks(centres, labels=[f"{value:.4g}" for value in values])
        set_ticks([], minor=True)
    if not numeric:
        style.ticks_in_words(axes, name, centres, [_word(value) for value in values])
    return borders


def log_ticks(axes: Axes, name: Literal["x", "y"], borders: np.ndarray) -> None:
    """Ticks of a logarithmic side: decades, or a few plain numbers where there are hardly any."""
    axis = getattr(axes, f"{name}axis")
    axis.set_major_locator(LogLocator(base=10, numticks=7))
    axis.set_minor_formatter(NullFormatter())
    _few_decades(axes, name, borders)


def is_numeric(values: ArrayLike) -> bool:
    """Whether an axis holds finite numbers: words and infinity stand at places of their own."""
    values = np.asarray(values)
    return values.dtype.kind in "iuf" and bool(np.isfinite(values).all())


def places_of(values: ArrayLike) -> np.ndarray:
    """Where the values of an axis stand on it: numbers where they are, others one after another."""
    values = np.asarray(values)
    return values if is_numeric(values) else np.arange(len(values))


def _few_decades(axes: Axes, name: str, borders: np.ndarray) -> None:
    """Below two decades, ticks at 1, 2 and 5 times the powers of ten."""
    low, high = borders[0], borders[-1]
    if high / low < 100:
        places = LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(low, high)
        ticks = [tick for tick in places if low < tick < high]
        set_ticks = getattr(axes, f"set_{name}ticks")
        set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        set_ticks([], minor=True)


def _word(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.3g}".replace("inf", "∞")
    return str(value)


def hatch(axes: Axes) -> None:
    """Hatch the background, which shows where cells are left out."""
    axes.patch.set(facecolor=style.PAPER, hatch="////", edgecolor=style.CONTOUR)


@checked
def hatched(label: str = "no number") -> Patch:
    """Legend handle for the cells that hold no number."""
    return Patch(facecolor=style.PAPER, edgecolor=style.CONTOUR, hatch="////", label=label)
