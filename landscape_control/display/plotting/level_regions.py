"""Where a loss lies below levels, as outlines for pages that draw them themselves."""

import numpy as np
from matplotlib.figure import Figure

_DIGITS = 4  # of the coordinates


def below_levels(x: np.ndarray, y: np.ndarray, loss: np.ndarray, count: int) -> list[list]:
    """For each of ``count`` - 1 levels, highest first, the outlines of {loss < level}.

    Levels are quantiles, so that each shade covers the same area whatever the loss does far away.
    An outline is a list x₀, y₀, x₁, y₁ …; holes are outlines too, to be filled by the even-odd rule.
    """
    finite = np.where(np.isfinite(loss), loss, np.nanmax(loss[np.isfinite(loss)]))
    levels = np.unique(np.quantile(finite, np.arange(1, count) / count))[::-1]
    bottom = float(finite.min()) - 1.0
    axes = Figure().add_subplot()
    regions = []
    for level in levels:
        filled = axes.contourf(x, y, finite, levels=[bottom, float(level)])
        polygons = filled.get_paths()[0].to_polygons()
        regions.append([_flat(np.asarray(polygon)) for polygon in polygons])
    return regions


def _flat(polygon: np.ndarray) -> list[float]:
    return [float(f"{number:.{_DIGITS}g}") for number in np.ravel(polygon)]
