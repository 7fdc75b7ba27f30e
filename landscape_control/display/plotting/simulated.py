"""Building blocks for beliefs and simulations: bands, error bars, task switches, panel rows."""

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from . import curves, style


def band(
    axes: Axes,
    x: ArrayLike,
    centre: ArrayLike,
    half: ArrayLike,
    color: str,
    *,
    alpha: float = 0.18,
    label: str | None = None,
) -> Axes:
    """Shaded region centre ± half, arrays (N,); on a logarithmic axis its low edge is positive."""
    low, high = np.asarray(centre) - half, np.asarray(centre) + half
    if axes.get_yscale() == "log":
        low = np.maximum(low, 1e-3 * np.abs(centre) + 1e-300)
    axes.fill_between(
        x, low, high, facecolor=color, alpha=alpha, linewidth=0, zorder=1.5, label=label
    )
    return axes


def belief_band(
    axes: Axes,
    times: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    *,
    label: str | None = "belief, mean ± 2 sd",
) -> Axes:
    """Mean of a belief over time with ± 2 standard deviations; times, mean, variance (N,)."""
    band(axes, times, mean, 2 * np.sqrt(variance), style.BELIEF, alpha=0.2)
    axes.plot(times, mean, color=style.BELIEF, linewidth=1.5, zorder=3, label=label)
    return axes


def hidden_path(
    axes: Axes, times: ArrayLike, hidden: ArrayLike, *, label: str | None = "hidden truth"
) -> Axes:
    """The true hidden path (N,), in ink and thin: what the learner does not see."""
    axes.plot(
        times,
        hidden,
        color=style.INK,
        linewidth=0.9,
        linestyle=(0, (3, 1.2)),
        zorder=2.5,
        label=label,
    )
    return axes


def switches(axes: Axes, times: ArrayLike, *, label: str | None = "task switch") -> Axes:
    """Vertical lines at the times (S,) where the task switches, behind everything."""
    for i, time in enumerate(np.atleast_1d(times)):
        axes.axvline(
            time,
            color=style.MUTED,
            linewidth=0.9,
            linestyle=(0, (1, 1.6)),
            zorder=1,
            label=label if i == 0 else None,
        )
    return axes


def simulated(
    axes: Axes,
    x: ArrayLike,
    mean: ArrayLike,
    errors: ArrayLike | None = None,
    *,
    rule: str,
    label: str | None = None,
    floor: float | None = None,
) -> Axes:
    """Simulated means (S,) in the style of their rule, with bars of ± 2 standard errors (S,).

    Points that are NaN are left out.

    Values below ``floor`` (needed where a logarithmic axis meets zero or noise) are drawn there,
    hollow and without a bar.
    """
    look, x, mean = style.rule(rule), np.asarray(x), np.asarray(mean, dtype=float)
    known = np.isfinite(mean)
    shown = mean if floor is None else np.maximum(mean, floor)
    under = known & (shown > mean)
    axes.plot(
        x[known],
        shown[known],
        color=look.color,
        linestyle=look.line,
        linewidth=1.4,
        marker=look.marker,
        zorder=4,
        markersize=4.4,
        markeredgewidth=0.7,
        markeredgecolor=look.color if look.slender else style.PAPER,
        label=look.label if label is None else label,
    )
    axes.plot(x[under], shown[under], zorder=5, **style.hollow(look.color, look.marker, 4.2))
    if errors is not None:
        half = 2 * np.asarray(errors)
        _bars(axes, x, shown, half, known & ~under, floor=floor, color=look.color)
    return axes


def _bars(
    axes: Axes,
    x: np.ndarray,
    shown: np.ndarray,
    half: np.ndarray,
    inside: np.ndarray,
    *,
    floor: float | None,
    color: str,
) -> None:
    """Bars ± half at the points ``inside``; on a logarithmic axis they end above zero."""
    down = half
    if axes.get_yscale() == "log":
        lowest = shown * 1e-3 if floor is None else floor
        down = np.minimum(half, np.maximum(shown - lowest, 0))
    axes.errorbar(
        x[inside],
        shown[inside],
        yerr=np.array([down, half])[:, inside],
        fmt="none",
        ecolor=color,
        elinewidth=1.0,
        capsize=1.8,
        capthick=0.8,
        zorder=3.5,
    )


def family(
    axes: Axes,
    x_theory: np.ndarray,
    theory: np.ndarray,
    x: np.ndarray,
    computed: np.ndarray,
    tones: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    log: Literal["x", "y", "xy"] = "xy",
    errors: np.ndarray | None = None,
) -> Axes:
    """Theory lines (K, D) under computed open markers (K, S), one tone each.

    ``errors`` (K, S) are standard errors, drawn as bars of ± 2 of them.
    """
    curves.log_axes(axes, log)
    curves.theory_and_computed(
        axes, theory=(x_theory, theory), computed=(x, computed), colors=tones, labels=labels
    )
    if "x" in log:
        tick_values(axes, x)
    if errors is None:
        return axes
    bars: dict[str, Any] = {"fmt": "none", "elinewidth": 1.0, "capsize": 1.8, "zorder": 3.5}
    for row, half, tone in zip(computed, 2 * errors, tones, strict=False):
        axes.errorbar(x, row, yerr=half, ecolor=tone, **bars)
    return axes


def floor_of(values: ArrayLike, given: float | None) -> float | None:
    """``given``, or a third of the smallest positive value where others are zero or below.

    A logarithmic axis would lose those. None where all or none are positive.
    """
    known = np.asarray(values)[np.isfinite(values)]
    positive = known[known > 0]
    if given is not None or len(positive) in (0, len(known)):
        return given
    return float(positive.min() / 3)


def tick_values(axes: Axes, values: ArrayLike) -> Axes:
    """Ticks of a horizontal logarithmic axis below 1.5 decades: the values, as far as they fit.

    There the powers of ten would label one point or none; a wider axis keeps them.
    """
    values = np.sort(np.asarray(values, dtype=float))
    if values[-1] > 10**1.5 * values[0]:
        return axes
    gap = np.log(values[-1] / values[0]) / 7
    kept = [values[0]]
    for value in values[1:]:
        if np.log(value / kept[-1]) > gap:
            kept.append(value)
    axes.set_xticks(kept, labels=[f"{float(f'{value:.2g}'):g}" for value in kept])
    axes.set_xticks([], minor=True)
    return axes


def value_labels(symbol: str, values: ArrayLike) -> list[str]:
    """Legend words "σ = 0.3" to three significant digits."""
    return [f"{symbol} = {float(f'{value:.3g}'):g}" for value in np.atleast_1d(values)]


def numbered(stem: str, count: int) -> list[str]:
    """Panel names stem_1, stem_2, ..."""
    return [f"{stem}_{i + 1}" for i in range(count)]


def letters(names: Sequence[str]) -> dict[str, str]:
    """Panel letters by name in reading order; a lone panel has none, nor have those after z."""
    blank = dict.fromkeys(names, "")
    if len(names) < 2:
        return blank
    return blank | dict(zip(names, ascii_lowercase, strict=False))
