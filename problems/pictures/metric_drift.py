"""Geometry and default dynamics reshape the optimal path: VGR25 Fig. 3a-d, at γ = 0 and γ > 0."""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import curves, landscapes, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import GRID, Figure, discount_labels, map_panel

_CASES = (
    ("isotropic", "isotropic metric", "a"),
    ("metric", "anisotropic metric", "b"),
    ("rotation", "rotating drift", "c"),
    ("decay", "weight decay", "d"),
)


_MARKERS = "os^D"


@draws(
    *GRID,
    Key(name="minimum", shape="2", meaning="μ"),
    Key(name="discounts", shape="K", meaning="γ of each set of paths"),
    *(
        key
        for case, words, _ in _CASES
        for key in (
            Key(
                name=f"{case}_paths",
                shape="K M T 2",
                meaning=f"computed θ(t) from M starts, {words}",
            ),
            Key(name=f"{case}_theory", shape="K M U 2", meaning="closed form on its own times"),
            Key(name=f"{case}_attractors", shape="K 2", meaning="where it comes to rest"),
        )
    ),
)
def metric_drift(d: SimpleNamespace) -> Figure:
    """Geometry and default dynamics reshape the optimal path: VGR25 Fig. 3a-d, at γ = 0 and γ > 0.

    Panels: ``isotropic``, ``metric``, ``rotation``, ``decay``. Lines are theory, points computed;
    one shade, line style
    and marker per γ.
    """
    figure = style.new_figure(
        7.3, 2 * min(max(2.8 * np.ptp(d.axis_2) / np.ptp(d.axis_1), 1.8), 4.0) + 2.0
    )
    axes = figure.subplot_mosaic([["isotropic", "metric"], ["rotation", "decay"]])
    tones = style.shades("optimal", len(d.discounts) + 1)[:-1]
    lines = ["-", (0, (3.5, 1.4)), (0, (1, 1.2))] + ["-"] * len(d.discounts)
    for case, words, letter in _CASES:
        panel = map_panel(axes[case], d, words, letter)
        theory, computed = getattr(d, f"{case}_theory"), getattr(d, f"{case}_paths")
        for i, tone in enumerate(tones):
            for curve, points in zip(theory[i], computed[i], strict=True):
                panel.plot(
                    *curve.T,
                    color=tone,
                    linestyle=lines[i],
                    linewidth=1.5,
                    path_effects=style.halo(2.4),
                    zorder=3,
                )
                panel.plot(*points.T, zorder=4, **style.hollow(tone, _MARKERS[i % 4], 3.6))
        landscapes.minima(panel, d.minimum)
        landscapes.start(panel, computed[0, :, 0])
        for tone, point in zip(tones, getattr(d, f"{case}_attractors"), strict=True):
            if np.linalg.norm(point - d.minimum) > 1e-3 * np.ptp(d.axis_1):
                landscapes.attractor(panel, point, color=tone, label="attractor under drift")
    handles = _drift_legend(axes["decay"], d.discounts, tones, lines)
    style.legend(figure, handles=handles, loc="outside lower center", ncols=4)
    return figure


def _drift_legend(panel, discounts, tones, lines):
    kinds = zip(tones, lines, _MARKERS * len(tones), discount_labels(discounts), strict=False)
    handles = [
        style.legend_line(name, linewidth=1.5, **style.hollow(tone, marker, 3.6, line=line))
        for tone, line, marker, name in kinds
    ]
    marked = {
        text: handle
        for handle, text in zip(*panel.get_legend_handles_labels(), strict=True)
        if text in ("start", "minimum", "attractor under drift")
    }
    return handles + curves.how_to_read() + list(marked.values())
