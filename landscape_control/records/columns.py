"""Results as flat columns: every number of a result under one name, with named axes."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..rules.candidate import Candidate
from ..support.short_repr import value_in_short
from .axis_names import DIMS, LABELS
from .kinds import is_recorded
from .readable import MAIN, is_part, member_in_words, parts_of

# the axis along which the parts of one kind lie, by class and field
_ALONG = {
    ("LinearisedRules", "rules"): "node",
    ("Recording", "runs"): "run",
    ("Verdict", "rows"): "rule",
    ("Identification", "rows"): "rule",
    ("RuleFit", "runs"): "problem",
}
# a mapping of arrays, one per coefficient: their axes
_OF_COEFFICIENTS = ("step", "entry")
_LEFT_OUT = ("made_with",)


@dataclass(kw_only=True, eq=False)
class Columns:
    """Numbers by name with their axes, and texts."""

    numbers: dict[str, tuple[tuple[str, ...], np.ndarray]] = field(default_factory=dict)
    meanings: dict[str, dict[str, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, dims: Sequence[str], values: np.ndarray) -> None:
        """A column; an axis that another column has with another length gets the name in front."""
        kept = []
        for axis, length in zip(dims, np.shape(values), strict=True):
            fits = self.lengths.get(axis, length) == length and axis != name
            label = axis if fits else f"{name}_{axis}"
            self.lengths[label] = length
            kept.append(label)
        self.numbers[name] = tuple(kept), values

    def separate(self) -> None:
        """Rename axes that are called as a column is: xarray takes that one for its coordinate."""
        for axis in [axis for axis in self.lengths if axis in self.numbers]:
            self.lengths[f"{axis}_index"] = self.lengths.pop(axis)
            for name, (dims, values) in self.numbers.items():
                renamed = tuple(f"{axis}_index" if each == axis else each for each in dims)
                self.numbers[name] = renamed, values


def columns_of(result: Any) -> Columns:
    """All numbers and texts of a result and of its parts."""
    columns = Columns()
    _read(columns, result, "")
    columns.separate()
    return columns


def _read(columns: Columns, value: Any, prefix: str) -> None:
    kind = type(value).__name__
    parts = parts_of(value)
    main = MAIN.get(kind)
    if main is not None:  # its own numbers are those of this part
        _read(columns, getattr(value, main), prefix)
        parts = {
            name: part for name, part in parts.items() if f"{prefix}{name}" not in _known(columns)
        }
    for name, part in parts.items():
        if part is not None and name not in _LEFT_OUT:
            _put(columns, kind, name, f"{prefix}{name}", part)


def _known(columns: Columns) -> set[str]:
    return {*columns.numbers, *columns.texts, "plans"}


def _put(columns: Columns, kind: str, name: str, label: str, part: Any) -> None:
    """One part of a result, whatever it is."""
    if isinstance(part, str):
        columns.texts[label] = part
    elif isinstance(part, enum.Enum):
        columns.texts[label] = member_in_words(part)
    elif isinstance(part, bool | int | float | np.generic):
        columns.add(label, (), np.asarray(part))
    elif isinstance(part, np.ndarray):
        columns.add(label, _axes(kind, name, label, part), part)
        columns.meanings[label] = LABELS.get(name, {})
    elif isinstance(part, Mapping):
        for key, entry in part.items():
            if isinstance(entry, np.ndarray) and entry.ndim <= len(_OF_COEFFICIENTS):
                columns.add(f"{label}_{key}", _OF_COEFFICIENTS[: entry.ndim], entry)
            elif entry is not None:
                _put(columns, kind, name, f"{label}_{key}", entry)
    elif kind == "RuleFit" and isinstance(part, Candidate):
        return  # its key and name stand there
    elif isinstance(part, ControlProblem | PolicyProgram | Candidate):
        columns.texts[label] = value_in_short(part)
    elif is_part(part):
        _read(columns, part, f"{label}_")
    elif isinstance(part, tuple | list):
        _put_sequence(columns, kind, name, label, part)
    else:
        columns.texts[label] = value_in_short(part)


def _axes(kind: str, name: str, label: str, array: np.ndarray) -> tuple[str, ...]:
    dims = DIMS.get(kind, {}).get(name, ())
    if len(dims) == array.ndim and ... not in dims:
        return dims
    return tuple(f"{label}_axis_{i + 1}" for i in range(array.ndim))


def _put_sequence(columns: Columns, kind: str, name: str, label: str, parts: Sequence) -> None:
    if not parts:
        return
    if all(map(is_recorded, parts)):
        _stack(columns, _ALONG.get((kind, name), name), label, parts)
        return
    if all(isinstance(part, bool | int | float) for part in parts):
        columns.add(label, (f"{label}_entry",), np.asarray(parts))
    elif all(isinstance(part, str) for part in parts):
        columns.add(label, (f"{label}_entry",), np.asarray(parts, dtype=object))
    else:
        for i, part in enumerate(parts):
            _put(columns, kind, name, f"{label}_{i + 1}", part)


def _stack(columns: Columns, axis: str, label: str, parts: Sequence) -> None:
    """Parts of one kind along an axis, NaN or "" where one of them has nothing."""
    each = [columns_of(part) for part in parts]
    # a field of rows is named by itself: rows_error says no more than error
    prefix = "" if axis in ("rule", "run") else f"{label}_"
    for name in dict.fromkeys(name for one in each for name in one.texts):
        texts = np.array([one.texts.get(name, "") for one in each], dtype=object)
        columns.add(f"{prefix}{name}", (axis,), texts)
    for name in dict.fromkeys(name for one in each for name in one.numbers):
        dims, values = _padded([one.numbers.get(name) for one in each])
        columns.add(f"{prefix}{name}", (axis, *dims), values)
        columns.meanings[f"{prefix}{name}"] = each[0].meanings.get(name, {})


def _padded(
    columns: Sequence[tuple[tuple[str, ...], np.ndarray] | None],
) -> tuple[tuple[str, ...], np.ndarray]:
    """Arrays of one name under each other, each as long as the longest."""
    known = [column for column in columns if column is not None]
    dims = max((column[0] for column in known), key=len)
    alike = [column[1] for column in known if len(column[0]) == len(dims)]
    shape = tuple(max(array.shape[i] for array in alike) for i in range(len(dims)))
    whole = len(alike) == len(columns) and all(array.shape == shape for array in alike)
    if whole:
        return dims, np.stack(alike)
    is_text = alike[0].dtype == object
    stacked = np.full(
        (len(columns), *shape), "" if is_text else np.nan, object if is_text else float
    )
    for i, column in enumerate(columns):
        if column is not None and len(column[0]) == len(dims):
            corner = (slice(i, i + 1), *(slice(length) for length in column[1].shape))
            stacked[corner] = column[1]
    return dims, stacked
