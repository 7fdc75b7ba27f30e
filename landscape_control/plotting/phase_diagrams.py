"""Building blocks: cells of a grid coloured by number or by kind, regions outlined and named,
warnings and failures.
"""

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from scipy.ndimage import distance_transform_edt
from scipy.ndimage import label as connected

from ..arguments import Entries, checked
from . import style

_LEAST = 0.012  # regions smaller than this share of the map are named in the legend only


def is_geometric(values) -> bool:
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


def edges(values, log: bool) -> np.ndarray:
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


def scale_axes(axes: Axes, x, y) -> tuple[np.ndarray, np.ndarray]:
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


@checked
def number_map(
    axes: Axes,
    x: object,
    y: object,
    values: Entries,
    *,
    log: bool | None = None,
    signed: bool = False,
    limits: object = None,
):
    """Cells coloured by numbers (Y, X); those without one are hatched. Returns (Axes, coloured
    cells) for a colour bar.

    ``log`` colours logarithmically, by default where all numbers are positive and span two decades;
    ``signed`` is symmetric around zero.
    """
    values = np.ma.masked_invalid(np.asarray(values, dtype=float))
    sides = scale_axes(axes, x, y)
    _hatch(axes)
    low, high = (float(values.min()), float(values.max())) if values.count() else (0.0, 1.0)
    low, high = (low, high) if limits is None else limits
    log = (low > 0 and high > 100 * low) if log is None else log and low > 0
    if signed:
        top = max(abs(low), abs(high)) or 1.0
        norm, tones = colors.Normalize(-top, top), style.signed_map()
    else:
        norm = (colors.LogNorm if log else colors.Normalize)(
            low, high if high > low else low + (abs(low) or 1.0)
        )
        tones = warm_map()
    mesh = axes.pcolormesh(*sides, values, cmap=tones, norm=norm, rasterized=True, zorder=0)
    mesh.set_label("_cells")
    return axes, mesh


def warm_map() -> colors.Colormap:
    """Paper (low) through pale orange to deep vermillion (high): told apart in grey and by
    colour-blind readers.
    """
    return colors.LinearSegmentedColormap.from_list(
        "warm", ["#fbfbfa", "#f6dcc9", "#e5a06a", "#b5551f", "#5f2408"]
    )


def colour_bar(figure, axes: Axes, cells):
    """Slim colour bar beside a map, in the house's dress."""
    bar = figure.colorbar(cells, ax=axes, pad=0.03, aspect=22, fraction=0.08)
    style.dress(bar.ax)
    bar.outline.set_visible(False)
    low, high = cells.norm.vmin, cells.norm.vmax
    log = isinstance(cells.norm, colors.LogNorm)
    wide = log and high > 1e3 * low
    values = cells.get_array()
    whole = not log and np.ma.allequal(values, values.round())
    locator = (
        LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=8)
        if log
        else MaxNLocator(5, integer=whole)
    )
    ticks = [tick for tick in locator.tick_values(low, high) if low <= tick <= high]
    bar.set_ticks(ticks, labels=[f"{tick:.3g}" for tick in ticks])
    bar.minorticks_off()
    return bar


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
    _hatch(axes)
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
        handles.append(hatch_handle())
    return handles


def tones_of(names) -> list[str]:
    """The colour of each kind's region: its own colour, light enough for ink on it."""
    looks = [style.rule(name) for name in names]
    return [_pale(look.color, rank) for look, rank in zip(looks, _ranks(looks), strict=True)]


def hatch_handle(label: str = "no number") -> Patch:
    """Legend handle of the cells without a number."""
    return Patch(facecolor=style.PAPER, edgecolor=style.CONTOUR, hatch="////", label=label)


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


def _hatch(axes):
    axes.patch.set(facecolor=style.PAPER, hatch="////", edgecolor=style.CONTOUR)


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
    """The name at the roomiest cell of the largest connected part, if there is room at all."""
    parts, count = connected(mask)
    sizes = [np.count_nonzero(parts == part + 1) for part in range(count)]
    if not sizes or max(sizes) < _LEAST * mask.size:
        return
    part = parts == int(np.argmax(sizes)) + 1
    room = distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    wide = np.where(
        part, _run_lengths(part) * np.minimum(room, 2) + room, 0
    )  # words are wide: prefer long rows
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
