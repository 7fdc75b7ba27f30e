"""The results of a sweep as arrays over the grid, filled chunk by chunk, and as a labelled xarray.Dataset."""

import json

import numpy as np

from .columns import CELLS, MISSING, names_of, words_of
from .paths import SEED, leaf
from .plan import Plan
from .worker import FINE, MEASURE, PENDING

WORDS = ("status", "message", "traceback", "found_from")  # there in every dataset
UNITS = {"objective.horizon": "time", "objective.discount": "1/time", "landscape.hidden.rate": "1/time"}
_NOTES = {"status": "how the cell ended; 'converged' and 'computed' are fine", "message": "what happened, in words",
          "traceback": "of what was raised in the cell", "found_from": "starts that led to the best plan"}
_LARGEST = 2**26  # bytes of a fixed-width array of words; longer ones are kept as objects
_LONGEST_ATTRIBUTE = 30000  # HDF5 keeps no attribute beyond 64 kB


class Table:
    """Values of all cells; memory is that of the dataset.

    Attributes
    ----------
    filled : (cells,) which are done
    done, failed : how many are, and how many of them are not fine
    seconds : spent on them, summed
    """

    def __init__(self, plan: Plan):
        self.plan, self.cells = plan, plan.layout.cells
        self.filled = np.zeros(self.cells, dtype=bool)
        self.done, self.failed, self.seconds = 0, 0, 0.0
        self._arrays = {name: np.zeros(self.cells, dtype=np.int32) for name in WORDS}
        self._kinds: dict[str, set] = {}
        self._known: dict[str, dict[str, int]] = {name: {PENDING if name == "status" else "": 0} for name in WORDS}

    def fill(self, columns: dict) -> None:
        """Take in the columns of a chunk whose cells are not done yet."""
        cells, words = columns[CELLS], words_of(columns)
        self.seconds += float(columns["seconds"].sum())
        for name in names_of(columns):
            if name != "seconds":
                self._fill_numbers(name.removeprefix("value "), cells, columns[name], columns.get(MISSING + name))
        for name, texts in words.items():
            self._fill_words(name.removeprefix("value "), cells, columns.get(name, 0), texts, columns.get(MISSING + name))
        self.filled[cells] = True
        self.done += len(cells)
        self.failed += failures(columns)

    def _fill_numbers(self, name, cells, values, absent):
        kinds = self._kinds.setdefault(name, set())
        kinds.add(values.dtype.kind)
        if absent is not None:
            kinds.add("missing")
            cells, values = cells[~absent], values[~absent]
        array = self._arrays.setdefault(name, None)
        if array is None:
            array = self._arrays[name] = np.full((self.cells, *values.shape[1:]), np.nan)
        if array.shape[1:] == values.shape[1:]:
            array[cells] = values
        else:
            kinds.add("missing")
            self._words_at("status", cells, MEASURE)
            self._words_at("message", cells, f"measure {name!r}: shape {values.shape[1:]}, elsewhere {array.shape[1:]}")

    def _fill_words(self, name, cells, codes, texts, absent):
        if name not in WORDS:
            self._kinds.setdefault(name, set()).add("U" if absent is None else "missing")
            name = f"words {name}"
        known = self._known.setdefault(name, {"": 0})
        array = self._arrays.setdefault(name, None)
        if array is None:
            array = self._arrays[name] = np.zeros(self.cells, dtype=np.int32)
        array[cells] = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)[codes]

    def _words_at(self, name, cells, text):
        known = self._known[name]
        self._arrays[name][cells] = known.setdefault(text, len(known))

    def variables(self) -> dict[str, np.ndarray]:
        """{name: array over the grid}: measures in their order, then status and words."""
        rank = {measure["name"]: place for place, measure in enumerate(self.plan.measures)}
        names = sorted(set(self._kinds) - set(WORDS), key=lambda name: (rank.get(name.partition(".")[0], len(rank)), name))
        found = {name: self._values(name) for name in names}
        found |= {name: self._words(name, self._arrays[name]) for name in WORDS}
        return {name: array.reshape(*self.plan.shape, *array.shape[1:]) for name, array in found.items()}

    def _values(self, name):
        kinds, numbers, codes = self._kinds[name], self._arrays.get(name), self._arrays.get(f"words {name}")
        if codes is not None:
            texts = self._words(f"words {name}", codes)
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


def failures(columns: dict) -> int:
    """Cells of a chunk that are not fine."""
    wrong = np.array([word not in FINE for word in words_of(columns)["status"]])
    return int(np.broadcast_to(wrong[columns.get("status", 0)], len(columns[CELLS])).sum())


def make_dataset(plan: Plan, table: Table, timings: dict):
    """The xarray.Dataset of a table: labelled axes, units, and in ``attrs`` versions, settings, seed and fingerprint."""
    import xarray

    described = {measure["name"]: measure for measure in plan.measures}
    variables, coordinates = {}, {}
    for name, array in table.variables().items():
        stem, _, key = name.partition(".")
        variables[name] = _variable(plan, name, array, described.get(stem, {}), key)
        for dimension, labels in described.get(stem, {}).get("coords", {}).items():
            if dimension in variables[name][0]:
                coordinates[dimension] = list(labels)
    for axis in plan.axes:
        coordinates |= {f"{name}_axis" if name in variables else name: values for name, values in _coordinates(axis).items()}
    return xarray.Dataset(variables, coords=coordinates, attrs=_attributes(plan, table, timings))


def _variable(plan, name, array, measure, key):
    """(dims, values, attributes) of one variable."""
    dims = tuple(axis.name for axis in plan.axes)
    units, extra = (value.get(key, default) if isinstance(value := measure.get(what, default), dict) else value
                    for what, default in (("units", ""), ("dims", ())))
    count = array.ndim - len(dims)
    extra = (*extra, *(f"{name}_{i}" for i in range(count)))[:count] if len(extra) < count else tuple(extra)[:count]
    attributes = {"description": _NOTES.get(name) or measure.get("description", "")}
    return (*dims, *extra), array, attributes | ({"units": units} if units else {})


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
    found = {
        "format": "landscape_control sweep 1", "kind": plan.kind, "fingerprint": plan.fingerprint, "seed": plan.seed,
        "starts": "solver's choice" if plan.starts is None else plan.starts,
        "axes": json.dumps({axis.name: axis.paths for axis in plan.axes}),
        "measures": json.dumps([measure["name"] for measure in plan.measures]), "options": json.dumps(plan.options),
        "versions": json.dumps(plan.versions), "cells": table.cells, "failed": table.failed,
        "solver_seconds": table.seconds}
    if len(plan.specification) <= _LONGEST_ATTRIBUTE:
        found["specification"] = plan.specification
    return found | timings
