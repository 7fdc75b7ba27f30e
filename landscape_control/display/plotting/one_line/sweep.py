"""A sweep in one call: maps over two axes, curves over one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ....support.arguments import Count, checked
from ....support.errors import ProblemError, shown
from ....sweeps.summary import check_dataset
from .. import heat_maps, style
from ..sweep_choice import measured
from ..sweep_data import NUMBERS, SEED, TEXT, DatasetLike, axes_of, read_map, read_slices
from ..sweeps import draw_map, draw_slices, named, sweep_maps, sweep_slices
from .sheet import GivenAxes, finished, given_axes


@checked
def plot_sweep(
    dataset: DatasetLike,
    variables: str | Sequence[str] | Mapping | None = None,
    axes: GivenAxes = None,
    *,
    at: Mapping | None = None,
    by: str | None = None,
    columns: Count = 3,
) -> Axes:
    """What a sweep measured: maps over its two free axes, or curves over one.

    Words are named regions, numbers colours; failed cells are hatched. Seeds are averaged over.

    Parameters
    ----------
    variables : names of measures, or {name: variable} derived from them, e.g. {"excess":
        sweep.cost - 1}; None is all that have one value per cell and are not the same in every cell
    axes : None for a figure of its own; or one Axes per variable
    at : {axis: value} of axes to be held, the nearest value is taken
    by : an axis whose values become curves, instead of a map
    columns : panels in a row

    Returns
    -------
    Axes
        of the first variable; a notebook shows the whole figure.

    Raises
    ------
    ProblemError
        More than two free axes; nothing that varies; a name that the sweep does not have.
    """
    check_dataset(dataset)
    if isinstance(variables, Mapping):
        dataset = _with_derived(dataset, variables)
        variables = list(variables)
    held = dict(at or {})
    free = [name for name in axes_of(dataset) if name not in {*held, SEED}]
    if by is not None:
        free = [name for name in free if name != by]
    names = _chosen(dataset, variables, curves=len(free) == 1)
    if not 1 <= len(free) <= 2 or (by is not None and len(free) != 1):
        raise ProblemError(
            "axes of the sweep",
            expected="one or two that are neither held nor curves",
            received=", ".join(free) or "none",
            advice="hold the others, e.g. at={'horizon': 2.0}, or leave out `at`",
        )
    panels = given_axes(axes, names)
    if panels is None:
        if len(free) == 1:
            figure = sweep_slices(dataset, names, along=free[0], by=by, at=held)
        else:
            figure = sweep_maps(dataset, names, at=held, columns=columns)
        return finished(figure.axes[0], figure)
    for name, panel in panels.items():
        _draw(panel, dataset, name, free, held, by)
    return finished(panels[names[0]], None)


def _with_derived(dataset: Any, variables: Mapping) -> Any:
    for name, values in variables.items():
        if not set(axes_of(dataset)) <= set(getattr(values, "dims", ())):
            raise ProblemError(
                f"variables[{name!r}]",
                expected="a variable over the sweep's axes, computed from its measures",
                received=shown(values),
                advice="e.g. {'excess': sweep.cost - sweep.cost.min()}",
            )
    return dataset.assign(dict(variables))


def _draw(
    panel: Axes, dataset: Any, name: str, free: list[str], held: dict, by: str | None
) -> None:
    if len(free) == 1:
        data = read_slices(dataset, name, along=free[0], by=by, at=held)
        draw_slices(panel, data)
        style.label(panel, title=data.y_label)
        if by is not None:
            style.legend(panel)
        return
    cells = read_map(dataset, name, at=held)
    drawn = draw_map(panel, cells)
    style.label(panel, cells.x_label, cells.y_label, title=cells.title)
    if drawn.cells is not None and np.isfinite(cells.values).any():
        heat_maps.colour_bar(panel.figure, panel, drawn.cells)
    if drawn.handles:
        style.legend_below(panel, handles=drawn.handles)


def _chosen(dataset: Any, variables: str | Sequence[str] | None, *, curves: bool) -> list[str]:
    if variables is not None:
        return named(variables)
    names = measured(dataset, NUMBERS if curves else TEXT + NUMBERS)
    if not names:
        raise ProblemError(
            "variables",
            expected="a measure with one value per cell that varies",
            received=", ".join(map(str, dataset.data_vars)) or "none",
            advice="sweep with measure='cost', say, or name the variable to draw",
        )
    return names
