"""The best family of causal rules over horizon and noise, and its coefficients.

Cells that failed are hatched.
"""

from types import SimpleNamespace

import numpy as np

from ...display.plotting import heat_maps, phase_diagrams, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure
from ...display.plotting.simulated import letters


@draws(
    Key(name="noises", shape="X", meaning="gradient noise σ of the columns"),
    Key(name="horizons", shape="Y", meaning="horizon T of the rows"),
    Key(name="families", shape="F", text=True, meaning="keys of the families, simplest first"),
    Key(
        name="best",
        shape="Y X",
        meaning="place in families of the best by the parsimony rule",
        gaps=True,
    ),
    Key(
        name="coefficient_names",
        shape="C",
        text=True,
        meaning="names of the coefficients of the best family, with symbol",
    ),
    Key(
        name="coefficients",
        shape="C Y X",
        meaning="their values; NaN where that family has none such",
        gaps=True,
    ),
    Key(
        name="gain",
        shape="Y X",
        meaning="cost of the simplest family over that of the best, minus 1",
        gaps=True,
        group="gain",
    ),
    Key(
        name="warnings",
        shape="Y X",
        meaning="1 where starts disagree or the gain is within its error",
        group="warnings",
    ),
    Key(
        name="horizontal_name",
        shape="",
        text=True,
        meaning="of the horizontal axis, if not noise",
        group="axes",
    ),
    Key(
        name="vertical_name",
        shape="",
        text=True,
        meaning="of the vertical axis, if not horizon",
        group="axes",
    ),
)
def emergence_atlas(d: SimpleNamespace) -> Figure:
    """The best family of causal rules over horizon and noise, and its coefficients: cells that
    failed are hatched.

    Panels: ``best``, ``gain`` if given, ``coefficient_1`` ... ``coefficient_C``.
    """
    names = (
        ["best"]
        + ["gain"] * (d.gain is not None)
        + [f"coefficient_{i + 1}" for i in range(len(d.coefficient_names))]
    )
    columns = min(2 if len(names) == 4 else 3, len(names))
    rows = [names[i : i + columns] for i in range(0, len(names), columns)]
    rows[-1] += ["."] * (columns - len(rows[-1]))
    figure, named = style.new_figure(0.5 + 2.9 * columns, 0.45 + 2.75 * len(rows)), letters(names)
    axes = figure.subplot_mosaic(rows)
    across, up = (
        ("gradient noise σ", "horizon T")
        if d.horizontal_name is None
        else (d.horizontal_name, d.vertical_name)
    )
    handles = phase_diagrams.region_map(
        axes["best"],
        d.noises,
        d.horizons,
        d.best,
        list(d.families),
        marked=None if d.warnings is None else d.warnings > 0.5,
    )
    if d.warnings is not None:
        mark = phase_diagrams.mark_cells(
            axes["best"], d.noises, d.horizons, d.warnings > 0.5, label="doubtful"
        )
        handles += [mark] if mark else []
    style.label(
        axes["best"], across, up, title="family of least expected cost", letter=named["best"]
    )
    maps = {} if d.gain is None else {"gain": (d.gain, "gain over the simplest")}
    maps |= {
        f"coefficient_{i + 1}": (values, words)
        for i, (values, words) in enumerate(zip(d.coefficients, d.coefficient_names, strict=True))
    }
    for name, (values, words) in maps.items():
        panel, cells = heat_maps.number_map(axes[name], d.noises, d.horizons, values)
        if np.isfinite(values).any():
            heat_maps.colour_bar(figure, panel, cells)
        style.label(
            panel,
            across,
            up if name in [row[0] for row in rows] else None,
            title=str(words),
            letter=named[name],
        )
    style.legend(figure, handles=handles, loc="outside lower center", ncols=min(len(handles), 5))
    return figure
