"""Building blocks: cells of a grid coloured by kind, regions outlined and named, marked cells."""

from collections.abc import Iterable

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.ndimage import distance_transform_edt
from scipy.ndimage import label as connected

from ...support.arguments import checked
from . import style
from .grid_cells import hatch, hatched, scale_axes

_LEAST = 0.012  # regions smaller than this share of the map are named in the legend only


@checked
def region_map(
    axes: Axes,
    x: object,
    y: object,
    regions: object,
    names: object,
    *,
    failed: bool = True,
) -> list:
    """Cells coloured by kind, each connected region outlined and named inside. Returns legend
    handles.

    Parameters
    ----------
    regions : (Y, X), index into ``names``; negative or NaN where there is none: hatched
    names : keys of rules or families, or any words; colours and labels are those of the style sheet
    """
    regions = np.where(np.isfinite(np.asarray(regions, dtype=float)), regions, -1).astype(int)
    sides = scale_axes(axes, x, y)
    hatch(axes)
    looks, tones = [style.rule(name) for name in names], tones_of(names)
    axes.pcolormesh(
        *sides,
        np.ma.masked_less(regions, 0),
        cmap=colors.ListedColormap(tones),
        vmin=-0.5,
        vmax=len(names) - 0.5,
        rasterized=True,
        zorder=0,
    ).set_label("_cells")
    axes.add_collection(
        LineCollection(
            _borders(regions, *sides), colors=style.INK, linewidths=1.0, zorder=3, capstyle="round"
        ),
        autolim=False,
    )
    handles, present = [], np.unique(regions[regions >= 0])
    for kind in present:
        _name_regions(axes, regions == kind, sides, looks[kind])
        handles.append(
            Patch(
                facecolor=tones[kind], edgecolor=style.INK, linewidth=0.6, label=looks[kind].label
            )
        )
    if failed and (regions < 0).any():
        handles.append(hatched())
    return handles


def tones_of(names: Iterable[str]) -> list[str]:
    """The colour of each kind's region: its own colour, light enough for ink on it."""
    looks = [style.rule(name) for name in names]
    return [_pale(look.color, rank) for look, rank in zip(looks, _ranks(looks), strict=True)]


@checked
def mark_cells(
    axes: Axes,
    x: object,
    y: object,
    mask: object,
    *,
    label: str = "warning",
) -> Line2D | None:
    """A small ink triangle in every cell of mask (Y, X); the legend handle, or None where there is
    nothing to mark.
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    spots = [
        (
            np.asarray(side)
            if np.asarray(side).dtype.kind in "iuf"
            and np.isfinite(np.asarray(side, dtype=float)).all()
            else np.arange(len(side))
        )
        for side in (x, y)
    ]
    size = float(np.clip(90 / max(len(spots[0]), len(spots[1])), 1.6, 4.5))
    options = {
        "linestyle": "none",
        "marker": "^",
        "markersize": size,
        "markerfacecolor": style.INK,
        "markeredgecolor": style.PAPER,
        "markeredgewidth": 0.4,
        "label": label,
    }
    axes.plot(spots[0][columns], spots[1][rows], zorder=6, **options)
    return Line2D([], [], **options | {"markersize": 4.5})


def _ranks(looks):
    """How many earlier kinds share the colour, so that they can be given another shade."""
    seen: dict[str, int] = {}
    return [
        seen.update({look.color: seen.get(look.color, -1) + 1}) or seen[look.color]
        for look in looks
    ]


def _pale(color, rank):
    """A tone light enough for ink on it; kinds that share a colour get lighter and lighter."""
    dark = np.mean(colors.to_rgb(color)) < 0.25
    share = (0.4 if dark else 0.62, 0.36, 0.2, 0.1)[min(rank, 3)] * (0.8 if dark else 1.0)
    return colors.to_hex(share * np.array(colors.to_rgb(color)) + (1 - share) * np.ones(3))


def _borders(regions, x, y):
    """Segments between cells of different kind."""
    lines = []
    for row, column in zip(*np.nonzero(regions[:, 1:] != regions[:, :-1]), strict=True):
        lines.append([(x[column + 1], y[row]), (x[column + 1], y[row + 1])])
    for row, column in zip(*np.nonzero(regions[1:] != regions[:-1]), strict=True):
        lines.append([(x[column], y[row + 1]), (x[column + 1], y[row + 1])])
    return lines


def _name_regions(axes, mask, sides, look):
    """The name at the cell with most space of the largest connected part, if there is any."""
    parts, count = connected(mask)
    sizes = [np.count_nonzero(parts == part + 1) for part in range(count)]
    if not sizes or max(sizes) < _LEAST * mask.size:
        return
    part = parts == int(np.argmax(sizes)) + 1
    space = distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    # words are wide: prefer long rows
    wide = np.where(part, _run_lengths(part) * np.minimum(space, 2) + space, 0)
    spots = np.argwhere(wide >= 0.97 * wide.max())
    row, column = spots[np.abs(spots - spots.mean(axis=0)).sum(axis=1).argmin()]
    left, right = _run(part[row], column)
    low, high = _run(part[:, column], row)
    size = axes.figure.get_size_inches() * [axes.get_position().width, axes.get_position().height]
    wide, tall = (right - left) / part.shape[1] * size[0], (high - low) / part.shape[0] * size[1]
    text, turned = _folded(look.label, wide, tall)
    across = _middle(sides[0], left, right, axes.get_xscale())
    up = _middle(sides[1], *((low, high) if turned else (row, row + 1)), axes.get_yscale())
    if text:
        style.note(
            axes,
            across,
            up,
            text,
            ha="center",
            fontsize=style.TINY,
            path_effects=style.halo(1.6),
            linespacing=1.05,
            rotation=90 if turned else 0,
        )


def _run(inside, place):
    """(first, last + 1) of the stretch of true entries around it."""
    outside = np.flatnonzero(~inside)
    before, after = outside[outside < place], outside[outside > place]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) if len(after) else len(inside)


def _run_lengths(part):
    """For every cell the length of its row's run inside the part."""
    lengths = np.zeros(part.shape)
    for row, inside in enumerate(part):
        parts, count = connected(inside)
        sizes = np.bincount(parts, minlength=count + 1)
        lengths[row] = np.where(inside, sizes[parts], 0)
    return lengths


def _folded(text, wide, tall):
    """(words, turned) as they fit into so many inches: on one line, one word per line, upright; ""
    where they do not.
    """
    letter, line, words = 0.052, 0.11, text.split()
    if len(text) * letter <= wide and line <= tall:
        return text, False
    if max(map(len, words), default=0) * letter <= wide and line * len(words) <= tall:
        return "\n".join(words), False
    return (text, True) if line <= wide and len(text) * letter <= tall else ("", False)


def _middle(side, first, last, scale):
    low, high = side[first], side[last]
    return float(np.sqrt(low * high)) if scale == "log" else float((low + high) / 2)
