"""The results of a sweep as arrays over the grid, filled chunk by chunk, and as a labelled xarray.Dataset."""

import json
import math

import numpy as np

from ..measures import as_measure
from .columns import MISSING, names_of, vocabulary
from .paths import SEED, leaf
from .plan import Plan
from .worker import FINE, PENDING

WORDS = ("status", "message", "traceback", "found_from")  # there in every dataset
UNITS = {"objective.horizon": "time", "objective.discount": "1/time", "landscape.hidden.rate": "1/time"}
_NOTES = {"status": "how the cell ended; 'converged' and 'computed' are fine", "message": "what happened, in words",
          "traceback": "of what was raised in the cell", "found_from": "starts that led to the best plan"}
_LARGEST = 2**26  # bytes of a fixed-width array of words; longer ones are kept as objects
_LONGEST_ATTRIBUTE = 30000  # HDF5 keeps no attribute beyond 64 kB


class Table:
    """Values of all cells; memory is that of the dataset."""

    def __init__(self, plan: Plan):
        self.plan, self.cells = plan, plan.layout.cells
        self.filled = np.zeros(self.cells, dtype=bool)
        self.fine = np.zeros(self.cells, dtype=bool)
        self.seconds = 0.0
        self._arrays: dict[str, np.ndarray] = {}
        self._kinds: dict[str, set] = {}
        self._known: dict[str, dict[str, int]] = {name: {PENDING if name == "status" else "": 0} for name in WORDS}
        for name in WORDS:
            self._arrays[name] = np.zeros(self.cells, dtype=np.int32)

    def fill(self, columns: dict) -> None:
        """Take in the columns of a chunk."""
        cells = columns["cells"]
        for name in names_of(columns):
            if name == "seconds":
                self.seconds += float(columns[name].sum())
            else:
                self._fill(name.removeprefix("value "), cells, columns[name], columns.get(MISSING + name),
                           vocabulary(columns, name))
        self.filled[cells] = True
        fine = [word in FINE for word in vocabulary(columns, "status")]
        self.fine[cells] = np.array(fine)[columns["status"]]

    @property
    def failed(self) -> int:
        """Cells that are done and not fine."""
        return int((self.filled & ~self.fine).sum())

    def _fill(self, name, cells, values, absent, texts):
        kinds = self._kinds.setdefault(name, set())
        kinds.add("U" if texts is not None else values.dtype.kind)
        if absent is not None:
            kinds.add("missing")
            cells, values = cells[~absent], values[~absent]
        if texts is not None:
            values, name = self._coded(name, texts)[values], name if name in WORDS else f"words {name}"
        array = self._array(name, values, texts is not None)
        array[cells] = values

    def _coded(self, name, texts):
        known = self._known.setdefault(name, {"": 0})
        return np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)

    def _array(self, name, values, coded):
        if name not in self._arrays:
            shape = (self.cells, *values.shape[1:])
            self._arrays[name] = np.zeros(shape, dtype=np.int32) if coded else np.full(shape, np.nan)
        return self._arrays[name]

    def variables(self) -> dict[str, np.ndarray]:
        """{name: array over the grid}: measures first, then status and words."""
        found = {name: self._values(name) for name in self._kinds if name not in WORDS}
        found |= {name: self._words(name, self._arrays[name]) for name in WORDS}
        return {name: array.reshape(*self.plan.shape, *array.shape[1:]) for name, array in found.items()}

    def _values(self, name):
        kinds, numbers, codes = self._kinds[name], self._arrays.get(name), self._arrays.get(f"words {name}")
        if codes is not None:
            texts = self._words(name, codes)
            if numbers is None:
                return texts
            return np.where(np.isfinite(numbers), numbers.astype(str), texts).astype(object)
        if self.filled.all() and len(kinds) == 1 and kinds <= {"b", "i"}:
            return numbers.astype(bool if kinds == {"b"} else np.int64)
        return numbers

    def _words(self, name, codes):
        texts = list(self._known[name])
        longest = max(map(len, texts))
        return np.array(texts, dtype=object if 4 * longest * self.cells > _LARGEST else None)[codes]


def make_dataset(plan: Plan, table: Table, timings: dict, measures=None):
    """The xarray.Dataset of a table: labelled axes, units, and in ``attrs`` versions, settings, seed and fingerprint."""
    import xarray

    dims = tuple(axis.name for axis in plan.axes)
    described = {measure.name: measure for measure in measures or _found(plan.measures)}
    variables, coordinates = {}, {}
    for name, array in table.variables().items():
        stem, _, key = name.partition(".")
        extra, attributes = (), {"description": _NOTES.get(name, "")}
        if stem in described:
            measure = described[stem]
            extra = tuple(getattr(measure, "dims", ()))[:array.ndim - len(dims)]
            attributes = {"units": measure.unit(key), "description": measure.description}
        extra += tuple(f"{name}_{i}" for i in range(array.ndim - len(dims) - len(extra)))
        variables[name] = ((*dims, *extra), array, attributes)
    for axis in plan.axes:
        coordinates |= _coordinates(axis)
    return xarray.Dataset(variables, coords=coordinates, attrs=_attributes(plan, table, timings))


def _found(addresses):
    for address in addresses:
        try:
            yield as_measure(address)
        except ValueError:  # a function of a program that has ended: its results are here all the same
            continue


def _coordinates(axis):
    single = len(axis.paths) == 1 and axis.is_plain and axis.labels is None
    if single:
        path = axis.paths[0]
        return {axis.name: (axis.name, axis.columns[0], _about(path))}
    points = np.array(axis.labels) if axis.labels else np.arange(axis.size)
    found = {axis.name: (axis.name, points, {"long_name": ", ".join(axis.paths)})}
    leaves = [leaf(path) for path in axis.paths]
    for path, column in zip(axis.paths, axis.columns, strict=True):
        name = leaf(path) if leaves.count(leaf(path)) == 1 else path.replace(".", "_")
        if isinstance(column, np.ndarray) and name != axis.name:
            found[name] = (axis.name, column, _about(path))
    return found


def _about(path):
    return {"long_name": path, "units": UNITS.get(path, "")} if path != SEED else {"long_name": "seed"}


def _attributes(plan, table, timings):
    found = {"format": "landscape_control sweep 1", "kind": plan.kind, "fingerprint": plan.fingerprint, "seed": plan.seed,
             "starts": "solver's choice" if plan.starts is None else plan.starts,
             "axes": json.dumps({axis.name: axis.paths for axis in plan.axes}), "measures": json.dumps(plan.measures),
             "options": json.dumps(plan.options), "versions": json.dumps(plan.versions), "cells": table.cells,
             "failed": table.failed, "solver_seconds": table.seconds}
    if len(plan.specification) <= _LONGEST_ATTRIBUTE:
        found["specification"] = plan.specification
    return found | {name: value for name, value in timings.items() if not (isinstance(value, float) and math.isnan(value))}
