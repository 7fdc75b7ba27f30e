"""xarray data sets as groups, so that sweeps are stored, checked and read like every other record."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..support.errors import ProblemError
from .coded_texts import WORDS, add_coded, coded
from .groups import Group, Variable

if TYPE_CHECKING:
    import xarray

_COORDINATES = "coordinates"  # xarray's own name for them


def is_table(value: object) -> bool:
    """Whether a value is an xarray.Dataset, without importing xarray to find out."""
    xarray = sys.modules.get("xarray")
    return xarray is not None and isinstance(value, xarray.Dataset)


def to_table(dataset: "xarray.Dataset") -> Group:
    """The group of a data set of numbers, truth values and texts."""
    group = Group(attributes=_said("dataset", dataset.attrs))
    taken = {*map(str, dataset.variables), *map(str, dataset.sizes)}
    for name, array in dataset.variables.items():
        _add(group, str(name), array, taken)
    group.attributes[_COORDINATES] = " ".join(sorted(map(str, dataset.coords)))
    return group


def _add(group: Group, name: str, array: "xarray.Variable", taken: set[str]) -> None:
    """Put a variable into a group; ``taken`` are the names of all variables and axes."""
    values = array.values
    dims, attributes = tuple(map(str, array.dims)), _said(name, array.attrs)
    codes = coded(values) if values.dtype.kind in "UO" else None
    if codes is None:
        group.variables[name] = Variable(
            dims=dims, values=_storable(name, values), attributes=attributes
        )
    else:
        variable = Variable(dims=dims, values=codes[0], attributes=attributes)
        add_coded(group, name, variable, codes[1], taken)


def from_table(group: Group) -> "xarray.Dataset":
    """The data set of a group. Raises ProblemError, which names the variable, for one that is none."""
    import xarray

    if group.groups:
        raise _refusal(next(iter(group.groups)), "variables alone, in a data set", "a group")
    listed = group.attributes.pop(_COORDINATES, None)
    lengths: dict[str, int] = {}  # of the axes
    if not isinstance(listed, str):
        raise _refusal(
            "top group",
            f"an attribute {_COORDINATES!r} that lists the coordinates",
            "none, or no text",
        )
    for name, variable in group.variables.items():
        if variable.dims is None:
            raise _refusal(name, "names for its axes", "none")
        for axis, length in zip(variable.dims, variable.values.shape, strict=True):
            if lengths.setdefault(axis, length) != length:
                raise _refusal(name, f"{lengths[axis]} values along the axis {axis!r}", f"{length}")
    missing = set(listed.split()) - group.variables.keys()
    if missing:
        raise _refusal("top group", f"the coordinate {min(missing)!r}", "none of that name")
    variables = {name: (v.dims, v.values, v.attributes) for name, v in group.variables.items()}
    try:
        return xarray.Dataset(variables, attrs=group.attributes).set_coords(listed.split())
    except ValueError as error:
        raise _refusal(
            "top group", "variables that make one data set", f"others ({error!s:.120})"
        ) from error


def _refusal(place: str, expected: str, received: str) -> ProblemError:
    return ProblemError(
        place,
        expected=expected,
        received=received,
        advice=(
            "the file was not written by landscape_control, or was changed: save the data set again"
        ),
    )


def _storable(name: object, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "biuf":
        return values
    if values.dtype.kind == "U" or (
        values.dtype.kind == "O" and all(isinstance(one, str) for one in values.ravel())
    ):
        return values.astype(object)
    raise ProblemError(
        f"variable {name!r}",
        expected="numbers, truth values or texts",
        received=f"dtype {values.dtype}",
        advice="turn its entries into one of these",
    )


def _said(name: object, attributes: Mapping) -> dict[str, str | int | float]:
    for key, value in attributes.items():
        if key == WORDS:
            raise ProblemError(
                f"attribute {key!r} of {name!r}",
                expected="a name that records do not use themselves",
                received=f"{key!r}",
                advice="rename it",
            )
        if not isinstance(value, str | int | float | np.number) or isinstance(value, bool):
            raise ProblemError(
                f"attribute {key!r} of {name!r}",
                expected="a text or a number",
                received=repr(value),
                advice="write json.dumps of it",
            )
    return {
        str(key): value.item() if isinstance(value, np.number) else value
        for key, value in attributes.items()
    }
