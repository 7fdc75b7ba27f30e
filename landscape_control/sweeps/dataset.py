"""The results of a sweep as a labelled xarray.Dataset."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import Axis
from .paths import SEED, leaf
from .plan import Plan
from .table import Table

if TYPE_CHECKING:
    import xarray

UNITS = {
    "objective.horizon": "time",
    "objective.discount": "1/time",
    "landscape.hidden.rate": "1/time",
}
_NOTES = {
    "status": "how the cell ended; 'converged' and 'computed' are fine",
    "message": "what happened, in words",
    "traceback": "of what was raised in the cell",
    "found_from": "starts that led to the best plan",
    "solved_by": "the optimiser; 'newton' solves many cells together",
}
_LONGEST_ATTRIBUTE = 30000  # HDF5 keeps no attribute beyond 64 kB


def make_dataset(plan: Plan, table: Table, timings: dict) -> "xarray.Dataset":
    """The dataset of a table: labelled axes, units; in ``attrs`` versions, settings, fingerprint."""
    import xarray

    described = {measure["name"]: measure for measure in plan.measures}
    variables: dict[str, tuple] = {}
    coordinates: dict[str, Any] = {}
    for name, array in table.variables().items():
        stem, _, key = name.partition(".")
        measure = described.get(stem, {})
        variables[name] = _variable(plan, name, array, measure, key)
        dims = variables[name][0]
        for dimension, labels in measure.get("coords", {}).items():
            if dimension in dims:
                coordinates[dimension] = list(labels)
    for axis in plan.axes:
        for name, values in _coordinates(axis).items():
            # xarray has one name for a variable or a coordinate
            coordinates[f"{name}_axis" if name in variables else name] = values
    return xarray.Dataset(variables, coords=coordinates, attrs=_attributes(plan, table, timings))


def _variable(
    plan: Plan, name: str, array: np.ndarray, measure: dict, key: str
) -> tuple[tuple[str, ...], np.ndarray, dict]:
    """(dims, values, attributes) of one variable."""
    dims = tuple(axis.name for axis in plan.axes)
    units = _of_part(measure.get("units", ""), key, "")
    # axes that the measure does not name are called after the variable
    count = array.ndim - len(dims)
    named = tuple(_of_part(measure.get("dims", ()), key, ()))
    numbered = tuple(f"{name}_{i}" for i in range(count))
    extra = (named if len(named) >= count else named + numbered)[:count]
    attributes = {"description": _NOTES.get(name) or measure.get("description", "")}
    if units:
        attributes["units"] = units
    return (*dims, *extra), array, attributes


def _of_part(meaning: Any, key: str, default: object) -> Any:
    """What a measure says of one of its parts; it may say the same of all."""
    return meaning.get(key, default) if isinstance(meaning, dict) else meaning


def _coordinates(axis: Axis) -> dict:
    """{name: (dimension, values, attributes)} of an axis: its points, and parameters along it."""
    if len(axis.paths) == 1 and axis.is_plain and axis.labels is None:
        path = axis.paths[0]
        return {axis.name: (axis.name, axis.columns[0], _about(path))}
    points = np.array(axis.labels) if axis.labels else np.arange(axis.size)
    coordinates = {axis.name: (axis.name, points, {"long_name": ", ".join(axis.paths)})}
    leaves = [leaf(path) for path in axis.paths]
    for path, column in zip(axis.paths, axis.columns, strict=True):
        name = leaf(path) if leaves.count(leaf(path)) == 1 else path.replace(".", "_")
        if isinstance(column, np.ndarray):
            label = f"{name}_value" if name == axis.name else name
            coordinates[label] = (axis.name, column, _about(path))
    return coordinates


def _about(path: str) -> dict[str, str]:
    if path == SEED:
        return {"long_name": "seed"}
    return {"long_name": path, "units": UNITS.get(path, "")}


def _attributes(plan: Plan, table: Table, timings: dict) -> dict:
    attributes = {
        "format": "landscape_control sweep 1",
        "kind": plan.kind,
        "fingerprint": plan.fingerprint,
        "seed": plan.seed,
        "starts": "solver's choice" if plan.starts is None else plan.starts,
        "axes": json.dumps({axis.name: axis.paths for axis in plan.axes}),
        "measures": json.dumps([measure["name"] for measure in plan.measures]),
        "options": json.dumps(plan.options),
        "versions": json.dumps(plan.versions),
        "cells": table.cells,
        "failed": table.failed,
        "solver_seconds": table.seconds,
    }
    if len(plan.specification) <= _LONGEST_ATTRIBUTE:
        attributes["specification"] = plan.specification
    return attributes | timings
