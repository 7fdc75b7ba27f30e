"""Building blocks: cells of a grid coloured by kind, regions outlined and named, marked cells."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from scipy.ndimage import distance_transform_edt
from scipy.ndimage import label as connected

from ...support.arguments import checked
from . import style
from .grid_cells import hatch, hatched, places_of, scale_axes
from .places import AxisValues, Cells, Names

_LEAST = 0.012  # regions smaller than this share of the map are named in the legend only
_LETTER, _LINE = 0.052, 0.11  # inches: width of a letter and height of a line of the size TINY
_MOST_BORDERS, _BORDERS_IN_A_PATH = 50_000, 1000
Sides = tuple[np.ndarray, np.ndarray]  # borders of the cells across and up


@checked
def region_map(
    axes: Axes,
    x: AxisValues,
    y: AxisValues,
    regions: Cells,
    names: Names,
    *,
    failed: bool = True,
    marked: Cells | None = None,
) -> list[Patch]:
    """Cells coloured by kind, each connected region outlined and named; returns legend handles.

    Parameters
    ----------
    regions : (Y, X), index into ``names``; negative or NaN where there is none: hatched
    names : keys of rules or families, or any words; colours and labels are those of the style sheet
    marked : (Y, X) bool, cells that carry a mark: names are written beside them
    """
    given = np.asarray(regions, dtype=float)
    indices = np.where(np.isfinite(given), given, -1).astype(int)
    sides = scale_axes(axes, x, y)
    hatch(axes)
    looks, tones = [style.rule(name) for name in names], tones_of(names)
    _colour_cells(axes, indices, sides, tones)
    handles = []
    free = np.ones(indices.shape, dtype=bool) if marked is None else ~np.asarray(marked, dtype=bool)
    for index in np.unique(indices[indices >= 0]):
        label = looks[index].label
        _name_regions(axes, (indices == index) & free, sides, label)
        patch = Patch(facecolor=tones[index], edgecolor=style.INK, linewidth=0.6, label=label)
        handles.append(patch)
    if failed and (indices < 0).any():
        handles.append(hatched())
    return handles


def _colour_cells(axes: Axes, indices: np.ndarray, sides: Sides, tones: list[str]) -> None:
    """The cells in the tones of their kinds, with lines where two kinds meet."""
    across, up = sides
    cells = axes.pcolormesh(
        across,
        up,
        np.ma.masked_less(indices, 0),
        cmap=colors.ListedColormap(tones),
        vmin=-0.5,
        vmax=len(tones) - 0.5,
        rasterized=True,
        zorder=0,
    )
    cells.set_label("_cells")
    _outline_regions(axes, indices, across, up)


def _outline_regions(axes: Axes, indices: np.ndarray, across: np.ndarray, up: np.ndarray) -> None:
    """Lines where two kinds meet, no wider than half a cell; none where they would hide the cells."""
    borders = _borders(indices, across, up)
    if len(borders) > _MOST_BORDERS:
        return
    pixels = min(axes.bbox.width / indices.shape[1], axes.bbox.height / indices.shape[0])
    cell = pixels * 72 / axes.figure.dpi  # in points
    look: dict[str, Any] = {
        "edgecolor": style.INK,
        "facecolor": "none",
        "linewidth": min(1.0, cell / 2),
        "capstyle": "round",
        "zorder": 3,
    }
    for begin in range(0, len(borders), _BORDERS_IN_A_PATH):
        vertices = borders[begin : begin + _BORDERS_IN_A_PATH].reshape(-1, 2)
        codes = np.tile([Path.MOVETO, Path.LINETO], len(vertices) // 2)
        patch = PathPatch(Path(vertices, codes), **look)
        patch.set_in_layout(False)  # it lies inside the map
        axes.add_artist(patch)


def tones_of(names: Iterable[str]) -> list[str]:
    """The colour of each kind's region: its own colour, light enough for ink on it."""
    looks = [style.rule(name) for name in names]
    return [_pale(look.color, rank) for look, rank in zip(looks, _ranks(looks), strict=True)]


@checked
def mark_cells(
    axes: Axes,
    x: AxisValues,
    y: AxisValues,
    mask: Cells,
    *,
    label: str = "warning",
) -> Line2D | None:
    """A small ink triangle in every cell of mask (Y, X); the legend handle, or None for none."""
    rows, columns = np.nonzero(np.asarray(mask))
    if not len(rows):
        return None
    across, up = places_of(x), places_of(y)
    size = float(np.clip(90 / max(len(across), len(up)), 1.6, 4.5))
    look: dict[str, Any] = {
        "linestyle": "none",
        "marker": "^",
        "markersize": size,
        "markerfacecolor": style.INK,
        "markeredgecolor": style.PAPER,
        "markeredgewidth": 0.4,
        "label": label,
    }
    axes.plot(across[columns], up[rows], zorder=6, **look)
    return Line2D([], [], **look | {"markersize": 4.5})


def _ranks(looks: Iterable[style.RuleStyle]) -> list[int]:
    """How many earlier kinds share the colour, so that they can be given another shade."""
    earlier: Counter[str] = Counter()
    ranks = []
    for look in looks:
        ranks.append(earlier[look.color])
        earlier[look.color] += 1
    return ranks


def _pale(color: str, rank: int) -> str:
    """A tone light enough for ink on it; kinds that share a colour get lighter and lighter."""
    full = np.array(colors.to_rgb(color))
    # How much of the colour is left; what is mixed in is white.
    shares = (0.62, 0.36, 0.2, 0.1)
    if np.mean(full) < 0.25:  # a dark colour gives a stronger tone
        shares = (0.4 * 0.8, 0.36 * 0.8, 0.2 * 0.8, 0.1 * 0.8)
    share = shares[min(rank, 3)]
    red, green, blue = share * full + (1 - share) * np.ones(3)
    return colors.to_hex((red, green, blue))


def _borders(regions: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(B, 2, 2) both ends (x, y) of the straight lines between cells of different kind.

    Borders of cells that follow each other are one line.
    """
    columns, first, end = _runs((regions[:, 1:] != regions[:, :-1]).T)
    at = x[columns + 1]
    upright = np.stack([np.stack([at, y[first]], -1), np.stack([at, y[end]], -1)], 1)
    rows, first, end = _runs(regions[1:] != regions[:-1])
    at = y[rows + 1]
    level = np.stack([np.stack([x[first], at], -1), np.stack([x[end], at], -1)], 1)
    return np.concatenate([upright, level])


def _runs(marked: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, first, last + 1) of the stretches of true entries in the rows of an array."""
    padded = np.pad(marked.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(padded, axis=1)
    rows, first = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    return rows, first, end


def _name_regions(axes: Axes, mask: np.ndarray, sides: Sides, label: str) -> None:
    """The name at the cell with most space of the largest connected part, if there is any."""
    part = _largest_part(mask)
    if part is None:
        return
    row, column = _widest_cell(part)
    left, right = _run(part[row], column)
    low, high = _run(part[:, column], row)
    panel = axes.bbox  # in pixels, which makes it good for subfigures, too
    wide = (right - left) / part.shape[1] * panel.width / axes.figure.dpi
    tall = (high - low) / part.shape[0] * panel.height / axes.figure.dpi
    text, turned = _folded(label, wide, tall)
    if not text:
        return
    if not turned:  # upright words are centred in their column, others stand in their row
        low, high = row, row + 1
    style.note(
        axes,
        _middle(sides[0], left, right, axes.get_xscale()),
        _middle(sides[1], low, high, axes.get_yscale()),
        text,
        ha="center",
        fontsize=style.TINY,
        path_effects=style.halo(1.6),
        linespacing=1.05,
        rotation=90 if turned else 0,
    )


def _largest_part(mask: np.ndarray) -> np.ndarray | None:
    """The largest connected part of a region, or None where it is too small for its name."""
    parts, count = connected(mask)
    if not count:
        return None
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]  # part 0 is the background
    if sizes.max() < _LEAST * mask.size:
        return None
    return parts == int(np.argmax(sizes)) + 1


def _widest_cell(part: np.ndarray) -> tuple[int, int]:
    """The cell (row, column) with most space around it, of several the one in their middle."""
    space = distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    # Words are wide: a long row counts more than distance from the border beyond two cells.
    merit = np.where(part, _run_lengths(part) * np.minimum(space, 2) + space, 0)
    best = np.argwhere(merit >= 0.97 * merit.max())
    from_middle = np.abs(best - best.mean(axis=0)).sum(axis=1)
    row, column = best[from_middle.argmin()]
    return row, column


def _run(inside: np.ndarray, place: int) -> tuple[int, int]:
    """(first, last + 1) of the stretch of true entries around it."""
    outside = np.flatnonzero(~inside)
    before, after = outside[outside < place], outside[outside > place]
    first = int(before[-1]) + 1 if len(before) else 0
    end = int(after[0]) if len(after) else len(inside)
    return first, end


def _run_lengths(part: np.ndarray) -> np.ndarray:
    """For every cell the length of its row's run inside the part."""
    lengths = np.zeros(part.shape)
    for row, inside in enumerate(part):
        parts, count = connected(inside)
        sizes = np.bincount(parts, minlength=count + 1)
        lengths[row] = np.where(inside, sizes[parts], 0)
    return lengths


def _folded(text: str, wide: float, tall: float) -> tuple[str, bool]:
    """(words, turned) as they fit into so many inches; ("", False) where they do not.

    Tried are one line, one word per line, and one upright line.
    """
    words = text.split()
    length = _LETTER * len(text)
    if length <= wide and tall >= _LINE:
        return text, False
    longest = max(map(len, words), default=0)
    if _LETTER * longest <= wide and _LINE * len(words) <= tall:
        return "\n".join(words), False
    if length <= tall and wide >= _LINE:
        return text, True
    return "", False


def _middle(borders: np.ndarray, first: int, end: int, scale: str) -> float:
    """Halfway between two borders on the scale of their axis."""
    low, high = borders[first], borders[end]
    if scale == "log":
        return float(np.sqrt(low * high))
    return float((low + high) / 2)
