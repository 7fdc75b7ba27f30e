"""Results as data sets of xarray and tables of pandas."""

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..support.errors import ProblemError, check_choice
from .columns import Columns, columns_of

if TYPE_CHECKING:
    import pandas
    import xarray

# what a variable of this name is a coordinate of
_COORDINATES = ("times", "to_go", "key")
# axes of rows, those that a table is mostly wanted along first
_USUAL = ("rule", "episode", "node", "step", "mode")
_MOST_COLUMNS = 20  # of one variable
# recordings are long tables: a row per weight and step
_LONG = {"Recording": ("run", "step", "weight"), "RecordedRun": ("step", "weight"),
         "Histories": ("history", "step", "weight")}  # fmt: skip


def to_xarray(result: Any) -> "xarray.Dataset":
    """See :meth:`landscape_control.support.results.Result.to_xarray`."""
    import xarray

    columns = columns_of(result)
    variables = {
        name: (dims, values, columns.meanings.get(name, {}))
        for name, (dims, values) in columns.numbers.items()
    }
    dataset = xarray.Dataset(variables, attrs={"type": type(result).__name__} | columns.texts)
    return dataset.set_coords([name for name in _COORDINATES if name in dataset.variables])


def to_dataframe(result: Any, axis: str | None = None) -> "pandas.DataFrame":
    """See :meth:`landscape_control.support.results.Result.to_dataframe`."""
    import pandas

    columns = columns_of(result)
    long = _LONG.get(type(result).__name__)
    if axis is None and long is not None:
        return _long_table(columns, long)
    counted = Counter(dims[0] for dims, _ in columns.numbers.values() if dims)
    if axis is None:
        axis = _most_useful(counted)
    if axis is None:
        row = {name: values.item() for name, (_, values) in columns.numbers.items()}
        return pandas.DataFrame([row])
    _check_axis(axis, counted)
    table: dict[str, np.ndarray] = {}
    for name, (dims, values) in columns.numbers.items():
        if dims[:1] != (axis,) or not _is_narrow(values):
            continue
        for place in np.ndindex(values.shape[1:]):
            label = f"{name}[{', '.join(map(str, place))}]" if place else name
            table[label] = values[(slice(None), *place)]
    return pandas.DataFrame(table)


def _most_useful(counted: Counter) -> str | None:
    """The axis of rows that most people mean, else the one with the most columns."""
    for axis in _USUAL:
        if axis in counted:
            return axis
    return counted.most_common(1)[0][0] if counted else None


def _is_narrow(values: np.ndarray) -> bool:
    """Whether a table has room for it."""
    return math.prod(values.shape[1:]) <= _MOST_COLUMNS


def _check_axis(axis: str, counted: Counter) -> None:
    if axis not in counted:
        check_choice("axis of the table", axis, sorted(counted))
        raise ProblemError(
            "axis of the table",
            expected=f"one of {', '.join(sorted(counted))}",
            received=repr(axis),
            advice="to_xarray() shows all axes",
        )


def _long_table(columns: Columns, axes: tuple[str, ...]) -> "pandas.DataFrame":
    """A row for every place along these axes; shorter columns are repeated."""
    import pandas

    shape = tuple(columns.lengths[axis] for axis in axes)
    places = np.indices(shape).reshape(len(axes), -1)
    table = dict(zip(axes, places, strict=True))
    for name, (dims, values) in columns.numbers.items():
        if dims and set(dims) <= set(axes) and name not in axes:
            inserted = tuple(axis in dims for axis in axes)
            wide = values.reshape(
                [length if kept else 1 for length, kept in zip(shape, inserted, strict=True)]
            )
            table[name] = np.broadcast_to(wide, shape).ravel()
    frame = pandas.DataFrame(table)
    # behind the end of a shorter run there is nothing
    return frame.dropna(subset=[name for name in ("updates",) if name in frame], ignore_index=True)
