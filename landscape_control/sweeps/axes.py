"""Axes of a sweep: parameters, one or several together, over numbers, words or named variants."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn

import numpy as np

from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..support.arrays import whole
from ..support.errors import ProblemError
from .paths import SEED, leaf, parameters, resolve, with_values

Problem = ControlProblem | PolicyProgram
MOST_CHECKED = 2000  # distinct values of an axis that are tried on the problem one by one
MOST_CELLS = 20_000_000
_BYTES, _SECONDS = 200, 0.004  # per cell, in memory and to solve: measured, for estimates


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """One dimension of a sweep.

    Attributes
    ----------
    name : what the dimension is called
    paths : the parameters that vary along it, dotted; ("seed",) for seeds
    columns : for each path its values along the axis: an array of numbers, truth values or words,
        or a tuple of objects
    labels : names of the variants, or None
    """

    name: str
    paths: tuple[str, ...]
    columns: tuple
    labels: tuple[str, ...] | None = None

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self.columns[0])

    @property
    def is_plain(self) -> bool:
        """Whether all values are numbers, truth values or words."""
        return all(isinstance(column, np.ndarray) for column in self.columns)

    @cached_property
    def _lists(self) -> list:
        return [
            column.tolist() if isinstance(column, np.ndarray) else column for column in self.columns
        ]

    def row(self, index: int) -> dict:
        """{path: value} at one point."""
        return {path: column[index] for path, column in zip(self.paths, self._lists, strict=True)}


def read_axes(problem: Problem, axes: Mapping, taken: Collection[str] = ()) -> tuple[Axis, ...]:
    """The axes a user wrote, {name or (name, …): values or {label: value}}, tried on the problem.

    ``taken`` are names that dimensions must not have; an axis that would gets "_axis" behind its
    name.

    Raises
    ------
    ProblemError
        Unknown or repeated names, empty axes, values of a wrong kind, repeated values, values that
        the problem refuses (the message names the axis).
    """
    if not isinstance(axes, Mapping) or not axes:
        raise ProblemError(
            "axes",
            expected="at least one axis, {name: values}",
            received=repr(axes)[:80],
            advice='e.g. {"horizon": numpy.geomspace(0.1, 30, 40)}',
        )
    resolved = [_resolved(problem, name, values) for name, values in axes.items()]
    paths = [path for axis in resolved for path in axis.paths]
    for path in paths:
        inside = [other for other in paths if other.startswith(f"{path}.")]
        if paths.count(path) > 1:
            raise ProblemError(
                "axes",
                expected="every parameter on one axis only",
                received=f"{path!r} twice",
                advice="drop one of the two",
            )
        if inside and path not in (
            "landscape",
            "learner",
            "task",
            "family",
            "learner.sees",
            "sees",
        ):
            raise ProblemError(
                "axes",
                expected="independent parameters",
                received=f"{path!r} and {inside[0]!r}",
                advice="vary the whole or its parts, not both",
            )
    check_size("axes", math.prod(axis.size for axis in resolved))
    _refuse_weightless(problem, paths)
    for axis in resolved:
        _try_on(problem, axis)
    return tuple(_distinctly_named(resolved, taken))


def check_size(what: str, cells: int) -> None:
    """Refuse more cells than a sweep can hold, before anything is allocated for them."""
    if cells > MOST_CELLS:
        days = cells // round(86_400 / _SECONDS)
        raise ProblemError(
            what,
            expected=f"at most {MOST_CELLS} cells in a sweep",
            received=(
                f"{_short(cells)}: about {_short(cells * _BYTES // 10**9)} GB, and {_short(days)}"
                f" days on one core at {_SECONDS * 1000:g} ms a cell"
            ),
            advice="take fewer points, or split the sweep",
        )


def _short(count: int) -> str:
    """A whole number in few digits."""
    return str(count) if count < 10**15 else f"10^{int(math.log10(count))}"


def _resolved(problem: Problem, name: str | tuple[str, ...], values: Any) -> Axis:
    names = name if isinstance(name, tuple) else (name,)
    paths = tuple(resolve(problem, part) for part in names)
    known = parameters(problem)
    single = (
        isinstance(values, str | bytes | type)
        or not hasattr(values, "__iter__")
        or getattr(values, "ndim", 1) == 0
    )
    if single and not isinstance(values, Iterator | Set | Mapping):
        _refuse(
            name,
            "a list of values, or {label: value}",
            repr(values)[:80],
            "put the value into a list",
        )
    if hasattr(values, "__array__") and not isinstance(values, np.ndarray):  # a column of a table
        values = np.asarray(values)
    labels, rows = _labels_and_rows(name, values)
    if len(paths) == 1:
        # whole vectors: zip the entries
        if labels is None and np.ndim(rows[0]) == 1 and not isinstance(rows[0], str):
            current: Any = known.get(paths[0])
            vector = rows[0] if current is None else np.atleast_1d(current)
            paths = tuple(f"{paths[0]}.{i}" for i in range(len(vector)))
        else:
            rows = [(row,) for row in rows]
    elif labels is None and len(rows) == len(paths) and _is_columns(values, rows):
        _refuse(
            name,
            "one tuple of values per point",
            "what looks like a list of values per parameter",
            "write list(zip(first, second)), or numpy.column_stack([first, second])",
        )
    for row in rows:
        if not isinstance(row, (tuple, list, np.ndarray)) or len(row) != len(paths):
            _refuse(
                name,
                f"{len(paths)} values at each point",
                repr(row)[:80],
                "give one value per parameter",
            )
    columns = tuple(
        _column(name, path, known.get(path), column, labels)
        for path, column in zip(paths, zip(*rows, strict=True), strict=True)
    )
    axis = Axis(name="_".join(map(leaf, names)), paths=paths, columns=columns, labels=labels)
    if labels is None:
        _check_distinct(axis)
    return axis


def _refuse_weightless(problem: Problem, paths: Sequence[str]) -> None:
    """A weight on a terminal cost that there is not would give a flat axis."""
    weight, homes = "objective.terminal_weight", {"objective", "objective.terminal"}
    if (
        weight in paths
        and isinstance(problem, ControlProblem)
        and problem.objective.terminal is None
        and not homes & set(paths)
    ):
        _refuse(
            "terminal_weight",
            "a problem with a terminal cost",
            "terminal=None, on which no weight acts",
            "give the objective one, terminal='loss', say",
        )


def _labels_and_rows(
    name: str | tuple[str, ...], values: Any
) -> tuple[tuple[str, ...] | None, list]:
    """(labels or None, points)"""
    if hasattr(values, "__len__"):
        check_size(_called(name), len(values))
    labels = tuple(map(str, values)) if isinstance(values, Mapping) else None
    try:
        rows = list(values.values()) if labels else list(islice(values, MOST_CELLS + 1))
    except Exception as error:  # of a user's generator
        said = f"{type(error).__name__}: {error}"
        _refuse(name, "a list of values, or {label: value}", said, "put the values into a list")
    if len(rows) > MOST_CELLS:
        _refuse(name, f"at most {MOST_CELLS} values", "more of them, or no end", "take fewer")
    if not rows:
        _refuse(name, "at least one value", "an empty axis", "drop the axis or give it values")
    if labels and len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        _refuse(name, "different labels", f"several that read {twice!r}", "rename one of them")
    return labels, rows


def _is_columns(values: object, rows: list) -> bool:
    """Whether values stand one parameter after the other: arrays in a row, or lists in a tuple."""
    inner = (np.ndarray, list) if isinstance(values, tuple) else np.ndarray
    return not isinstance(values, np.ndarray) and all(isinstance(row, inner) for row in rows)


def _column(
    name: str | tuple[str, ...],
    path: str,
    current: object,
    values: Sequence,
    labels: tuple[str, ...] | None,
) -> np.ndarray | tuple:
    """An array of numbers, truth values or words; a tuple where labelled values are other things."""
    if path == SEED:
        return np.array([whole("axis 'seed'", value, low=0, high=2**63 - 1) for value in values])
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    is_bool = [isinstance(value, bool) for value in plain]
    if not any(is_bool) and all(isinstance(value, int | float) for value in plain):
        return _as_numbers(name, current, plain)
    if all(is_bool) or all(isinstance(value, str) for value in plain):
        return np.array(plain)
    if labels is None:
        _refuse(
            name,
            "numbers, words, or named variants {label: value}",
            f"{type(plain[0]).__name__}",
            "give variants names, {'calm': ..., 'rough': ...}, so that results can be labelled",
        )
    return tuple(plain)


def _as_numbers(name: str | tuple[str, ...], current: object, values: list) -> np.ndarray:
    huge = [value for value in values if isinstance(value, int) and abs(value) >= 2**63]
    if huge:
        # written out it may be longer than Python prints
        digits = int(math.log10(abs(huge[0]))) + 1
        _refuse(
            name,
            "numbers below 2^63, or floats",
            f"a whole number of {digits} digits",
            "take smaller ones",
        )
    if any(math.isnan(value) for value in values):
        _refuse(name, "numbers", "NaN", "drop it")
    # a parameter that counts keeps whole numbers, also where they were written as floats
    counts = isinstance(current, int) and not isinstance(current, bool)
    if counts and all(math.isfinite(value) and value == int(value) for value in values):
        return np.array([int(value) for value in values])
    return np.array(values, dtype=float)


def _check_distinct(axis: Axis) -> None:
    rows = list(zip(*axis._lists, strict=True))
    if len(set(rows)) < len(rows):
        twice: object = "some"
        if len(rows) < 10**4:  # the search is quadratic
            twice = next(row for i, row in enumerate(rows) if row in set(rows[:i]))
        _refuse(
            axis.name,
            "distinct values",
            f"{twice} more than once",
            "drop the repetition; to repeat draws use 'seed'",
        )


def _try_on(problem: Problem, axis: Axis) -> None:
    """Refuse an axis unless every distinct value makes a valid problem.

    Of long axes the extremes of each parameter, and some two hundred in between.
    """
    if axis.paths == (SEED,):
        return
    size = axis.size
    tried: Sequence[int] = range(size)
    if size > MOST_CHECKED:
        extremes = {
            int(pick(column))
            for column in axis.columns
            if isinstance(column, np.ndarray)
            for pick in (np.argmin, np.argmax)
        }
        tried = sorted({*range(0, size, -(-size // 200)), *extremes})
    for index in tried:
        changes = {path: value for path, value in axis.row(index).items() if path != SEED}
        try:
            with_values(problem, changes)
        except ProblemError as error:
            value = ", ".join(f"{value}" for value in changes.values())
            if axis.labels:
                value = axis.labels[index]
            raise ProblemError(
                f"axis {axis.name!r} at {value}: {error.what}",
                expected=error.expected,
                received=error.received,
                advice=error.advice,
            ) from error
        except (TypeError, ValueError) as error:
            _refuse(
                axis.name,
                "values that the problem accepts",
                f"{type(error).__name__}: {error}",
                "check their kind",
            )


def _distinctly_named(axes: Sequence[Axis], taken: Collection[str]) -> Iterator[Axis]:
    names = [axis.name for axis in axes]
    for axis in axes:
        name = axis.name if names.count(axis.name) == 1 else "_".join(axis.paths).replace(".", "_")
        yield replace(axis, name=f"{name}_axis" if name in taken else name)


def _called(name: str | tuple[str, ...]) -> str:
    name = name if isinstance(name, str) else ", ".join(map(str, name))
    return f"axis {name!r}"


def _refuse(name: str | tuple[str, ...], expected: str, received: str, advice: str) -> NoReturn:
    raise ProblemError(_called(name), expected=expected, received=received, advice=advice)
