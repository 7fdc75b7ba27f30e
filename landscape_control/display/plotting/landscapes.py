"""Building blocks: loss contours, marked points, fields. Each draws on an Axes and returns it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ...model.landscape import Landscape
from ...support.arguments import Count, Entries, Matrix, Points, Positive, Vector, checked
from ...support.errors import ProblemError
from . import style
from .places import Places, Side, grid_data, on_grid, planar


@checked
def contour_levels(loss: Entries, count: Count = 18, bend: float = 4.5) -> np.ndarray:
    """``count`` + 1 levels from min L to max L, exponentially denser near the bottom.

    There the minima differ from each other; ``bend`` is the logarithm of the ratio of the largest
    to the smallest step.
    """
    if not np.isfinite(loss).any():
        raise ProblemError(
            "loss",
            expected="an array with finite numbers",
            received=f"none in shape {np.shape(loss)}",
            advice="choose a box in which the loss can be computed",
        )
    known = loss[np.isfinite(loss)]
    low, high = float(np.min(known)), float(np.max(known))
    heights = np.expm1(bend * np.linspace(0, 1, count + 1))
    return low + (high - low) * heights / np.expm1(bend)


@checked
def loss_contours(
    axes: Axes,
    x: Entries,
    y: Entries,
    loss: Entries,
    *,
    levels: Vector | None = None,
    filled: bool = True,
) -> Axes:
    """Muted contours of a loss (Y, X) on x (X,), y (Y,); levels as of :func:`contour_levels`."""
    x, y, loss = np.asarray(x), np.asarray(y), np.asarray(loss)
    on_grid("loss", loss, x, y)
    levels = contour_levels(loss) if levels is None else np.asarray(levels)
    if filled:
        tones = style.loss_map()(np.linspace(0, 1, len(levels) - 1))
        areas = axes.contourf(x, y, loss, levels=levels, colors=tones, zorder=0)
        areas.set_edgecolor("face")  # no hairlines between the tones in PDF
        areas.set_linewidth(0.2)
    axes.contour(
        x,
        y,
        loss,
        levels=levels[1:-1],
        colors=style.CONTOUR,
        linewidths=0.45,
        linestyles="solid",
        zorder=1,
    )
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    return axes


@checked
def landscape_contours(
    axes: Axes,
    landscape: Landscape,
    box: Matrix,
    *,
    points: Side = 141,
    **options: Any,
) -> Axes:
    """Contours of ``landscape.loss`` in ``box`` ((low₁, high₁), (low₂, high₂)).

    ``options`` are those of :func:`loss_contours`.
    """
    grid = grid_data(landscape, box, points=points)
    return loss_contours(axes, grid["axis_1"], grid["axis_2"], grid["loss"], **options)


@checked
def minima(
    axes: Axes, points: Places, *, label: str | None = "minimum", rank: bool = False
) -> Axes:
    """Minima (M, 2) as ink stars; with ``rank`` the first, the lowest one, is drawn larger."""
    points = planar("points", points)
    sizes = np.full(len(points), 95)
    if rank:
        sizes[1:] = 45
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=sizes,
        marker="*",
        facecolor=style.INK,
        edgecolor=style.PAPER,
        linewidth=0.7,
        zorder=6,
        label=label,
    )
    return axes


@checked
def saddles(axes: Axes, points: Places, *, label: str | None = "saddle") -> Axes:
    """Saddles (S, 2) as ink crosses."""
    points = planar("points", points)
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=30,
        marker="x",
        color=style.INK,
        linewidth=1.3,
        zorder=6,
        label=label,
    )
    return axes


@checked
def start(axes: Axes, point: Points, *, label: str | None = "start") -> Axes:
    """Start θ₀ as an open ink circle; ``point`` (2,) or several (M, 2)."""
    points = planar("point", point)
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=42,
        facecolor=style.PAPER,
        edgecolor=style.INK,
        linewidth=1.3,
        zorder=7,
        label=label,
    )
    return axes


@checked
def attractor(
    axes: Axes,
    point: Points,
    *,
    color: str = style.INK,
    label: str | None = "attractor",
) -> Axes:
    """Where the drift lets the learner come to rest, as a diamond."""
    points = planar("point", point)
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=34,
        marker="D",
        facecolor=color,
        edgecolor=style.PAPER,
        linewidth=0.8,
        zorder=6,
        label=label,
    )
    return axes


@checked
def vector_field(
    axes: Axes,
    x: Entries,
    y: Entries,
    field: Entries,
    *,
    color: str = style.MUTED,
    every: Count = 1,
) -> Axes:
    """Directions of a field (Y, X, 2) on a grid x (X,), y (Y,), arrows of equal length."""
    field = np.asarray(field)[::every, ::every]
    length = np.linalg.norm(field, axis=-1, keepdims=True)
    unit = np.divide(field, length, out=np.zeros_like(field, dtype=float), where=length > 0)
    axes.quiver(
        np.asarray(x)[::every],
        np.asarray(y)[::every],
        unit[..., 0],
        unit[..., 1],
        color=color,
        alpha=0.75,
        pivot="mid",
        width=0.0032,
        scale=28,
        headwidth=3.6,
        headlength=4.2,
        headaxislength=3.8,
        zorder=2,
    )
    return axes


@checked
def arrows(
    axes: Axes,
    points: Entries,
    vectors: Entries,
    *,
    color: str,
    label: str | None = None,
    length: Positive = 0.16,
) -> Axes:
    """Unit arrows at points (K, 2) along vectors (K, 2); ``length`` in widths of the panel."""
    unit = np.asarray(vectors) / np.linalg.norm(vectors, axis=1, keepdims=True)
    axes.quiver(
        *np.transpose(points),
        *unit.T,
        color=color,
        scale=1 / length,
        scale_units="width",
        angles="xy",
        width=0.008,
        headwidth=3.6,
        headlength=4.2,
        headaxislength=3.9,
        zorder=5,
    )
    if label is not None:
        axes.plot(
            [],
            [],
            color=color,
            marker=r"$\rightarrow$",
            markersize=11,
            linestyle="none",
            label=label,
        )
    return axes
