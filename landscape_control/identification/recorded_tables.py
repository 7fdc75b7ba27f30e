"""Recordings in tables and datasets: arrays of weights, gradients and times for each run."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..support.errors import ProblemError, check_choice

# what a column may be called, in the order in which it is looked for
NAMES = {
    "run": ("run", "episode", "seed"),
    "time": ("step", "time", "t"),
    "weight": ("weight", "parameter", "name"),
    "value": ("value", "weights", "theta", "parameters"),
    "gradient": ("gradient", "gradients", "observation", "observations"),
}
DOUBLE = np.dtype(float)
_NEEDED = ("time", "value")
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """One run as arrays.

    Attributes
    ----------
    weights, gradients : (T+1, n), NaN where missing; gradients may lack the last row, or be None
    times : (T+1,) or None
    digits : the type in which the weights were stored
    """

    weights: np.ndarray
    gradients: np.ndarray | None
    times: np.ndarray | None
    digits: np.dtype = DOUBLE


def tables_of(weights: object, gradients: object, times: object) -> list[Table]:
    """Runs of arrays, checked: one (T+1, n), or several."""
    parts = _parts(weights)
    runs, digits = _several(weights, "weights"), [digits_of(part) for part in parts]
    slopes = [None] * len(runs) if gradients is None else _several(gradients, "gradients")
    clocks = [None] * len(runs) if times is None else _clocks(times, len(runs))
    for name, given in (("gradients", slopes), ("times", clocks)):
        if len(given) != len(runs):
            raise ProblemError(
                f"{name} of a recording",
                expected=f"those of {len(runs)} runs, as many as of the weights",
                received=f"{len(given)} runs",
                advice="give one array for each run, in the same order",
            )
    tables = []
    for number, (places, seen, clock) in enumerate(zip(runs, slopes, clocks, strict=True)):
        rows, count = places.shape
        fits = seen is None or (seen.shape[1] == count and seen.shape[0] in (rows, rows - 1))
        timed = clock is None or clock.shape == (rows,)
        if not fits or not timed:
            wrong = clock if fits else seen
            shape = () if wrong is None else wrong.shape
            raise ProblemError(
                f"{'gradients' if not fits else 'times'} of run {number}",
                expected=f"{(rows - 1, count)} or {(rows, count)}" if not fits else f"({rows},)",
                received=f"shape {shape}, with weights {places.shape}",
                advice="between two rows of the weights (T+1, n) lies one update; its gradient is"
                " the one seen at the first of them",
            )
        tables.append(Table(weights=places, gradients=seen, times=clock, digits=digits[number]))
    return tables


def _several(arrays: object, name: str) -> list[np.ndarray]:
    """One run (T+1, n) or (T+1,), or several in a list or along a first axis."""
    runs = []
    for part in _parts(arrays):
        array = _real(part)
        if array.ndim not in (1, 2) or array.size == 0 or np.isinf(array).any():
            raise ProblemError(
                f"{name} of a recording",
                expected="numbers (T+1, n), NaN where one is missing, or a list of such runs",
                received=type(part).__name__ if array.ndim == 0 else f"shape {array.shape}",
                advice="one row per time and one column per weight",
            )
        runs.append(array[:, None] if array.ndim == 1 else array)
    return runs


def _real(part: Any) -> np.ndarray:
    """Real numbers as an array, () for what is none."""
    try:
        if np.iscomplexobj(part):
            return np.empty(())
        return np.array(part, dtype=float)
    except (TypeError, ValueError):
        return np.empty(())


def _parts(arrays: object) -> list[object]:
    """The runs in what was given."""
    is_list = isinstance(arrays, list | tuple) and arrays and np.ndim(arrays[0]) > 0
    if is_list and not isinstance(arrays[0], np.ndarray) and np.ndim(arrays[0]) == 1:  # type: ignore[index]
        return [arrays]  # rows of numbers
    if is_list or np.ndim(arrays) == 3:  # type: ignore[arg-type]  # whatever it is
        return list(arrays)  # type: ignore[call-overload]
    return [arrays]


def digits_of(array: object) -> np.dtype:
    """The floating-point type of an array, float64 for what is none."""
    kind = getattr(array, "dtype", DOUBLE)
    return kind if isinstance(kind, np.dtype) and kind.kind == "f" else DOUBLE


def _clocks(times: object, runs: int) -> list[np.ndarray]:
    """(T+1,) for each run: given once for all of them, or for each."""
    is_list = isinstance(times, list | tuple) and times and np.ndim(times[0]) > 0
    if is_list or np.ndim(times) == 2:  # type: ignore[arg-type]
        return [_clock(part) for part in times]  # type: ignore[attr-defined]
    return [_clock(times)] * runs


def _clock(times: object) -> np.ndarray:
    clock = _real(times)
    if clock.ndim != 1:
        raise ProblemError(
            "times of a recording",
            expected="numbers (T+1,), or a list of such runs",
            received=type(times).__name__ if clock.ndim == 0 else f"shape {clock.shape}",
            advice="one number for each row of the weights",
        )
    return clock


def from_csv(path: str | PathLike, columns: Mapping[str, str]) -> tuple[list[Table], list[str]]:
    """(runs, names of the weights) of a CSV file in long format: one line per weight and time."""
    source = Path(path)
    header, rows = _lines(source)
    if not rows:
        raise ProblemError(
            f"lines of {source.name}",
            expected="a header and one line per weight and time",
            received="no lines of numbers",
            advice="write columns run, step, weight, value, gradient",
        )
    places = _chosen(columns, header, f"columns of {source.name}")
    _check_lengths(header, rows, source.name)
    _check_single(header, list(places.values()), source.name)
    cells = {
        kind: [row[header.index(name)].strip() for row in rows] for kind, name in places.items()
    }
    return _long(cells, source.name)


def _lines(source: Path) -> tuple[list[str], list[list[str]]]:
    """(header, rows) of a file whose entries are apart by commas, semicolons or tabs."""
    if not source.is_file():
        what = "is a folder" if source.is_dir() else "does not exist"
        raise ProblemError(
            "path",
            expected="a CSV file",
            received=f"{source}, which {what}",
            advice="check the name and the folder",
        )
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(
            f"text of {source.name}",
            expected="UTF-8",
            received=f"a byte at {error.start} that is none of it",
            advice="save the table as CSV in UTF-8",
        ) from None
    lines = text.splitlines()
    first = lines[0] if lines else ""
    between = max(_SEPARATORS, key=first.count)
    reader = csv.reader(lines, delimiter=between)
    header = [name.strip() for name in next(reader, [])]
    return header, [row for row in reader if row]


def _check_lengths(header: Sequence[str], rows: Sequence[Sequence[str]], file: str) -> None:
    """Every line has its entries, and none beyond: a decimal comma would make two of one number."""
    for number, row in enumerate(rows):
        beyond = any(cell.strip() for cell in row[len(header) :])
        if len(row) >= len(header) and not beyond:
            continue
        raise ProblemError(
            f"line {number + 2} of {file}",
            expected=f"{len(header)} entries",
            received=f"{len(row)}",
            advice="write numbers with a decimal point, not a comma"
            if beyond
            else "leave missing numbers empty, with their commas",
        )


def _check_single(header: Sequence[str], used: Sequence[str], file: str) -> None:
    twice = [name for name in used if list(header).count(name) > 1]
    if twice:
        raise ProblemError(
            f"columns of {file}",
            expected="one of each name",
            received=f"several called {twice[0]}",
            advice="give each column a name of its own",
        )


def _chosen(given: Mapping[str, str], present: Sequence[str], what: str) -> dict[str, str]:
    """{kind of column: its name}, by the names given or the first usual one that is there."""
    for kind, name in given.items():
        check_choice("columns", kind, list(NAMES))
        check_choice(what, name, list(present))
    lower = {name.lower(): name for name in reversed(present)}
    found = dict(given)
    for kind, usual in NAMES.items():
        match = next((lower[name] for name in usual if name in lower), None)
        if kind not in found and match is not None:
            found[kind] = match
    for kind in _NEEDED:
        if kind not in found:
            raise ProblemError(
                what,
                expected=f"one for the {kind}, called {' or '.join(NAMES[kind])}",
                received=", ".join(present) or "none",
                advice=f'name it with columns={{"{kind}": "..."}}',
            )
    return found


def _long(cells: Mapping[str, list[str]], file: str) -> tuple[list[Table], list[str]]:
    count = len(cells["value"])
    run_names, run = _labels(cells.get("run", ["0"] * count))
    names, weight = _labels(cells.get("weight", ["0"] * count))
    times = _numbers(cells["time"], "time", file)
    values = _numbers(cells["value"], "value", file)
    slopes = _numbers(cells["gradient"], "gradient", file) if "gradient" in cells else None
    tables = []
    for number, name in enumerate(run_names):
        chosen = np.flatnonzero(run == number)
        own, step = np.unique(times[chosen], return_inverse=True)
        places = np.ravel(step) * len(names) + weight[chosen]
        if len(np.unique(places)) < len(places):
            raise ProblemError(
                f"run {name} of {file}",
                expected="one line per weight and time",
                received="several lines for the same weight at the same time",
                advice="name the column that tells the runs, or the weights, apart",
            )
        tables.append(
            Table(
                weights=_grid(places, values[chosen], len(own), len(names)),
                gradients=None
                if slopes is None
                else _grid(places, slopes[chosen], len(own), len(names)),
                times=own,
            )
        )
    return tables, names


def _labels(entries: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """(labels in the order of their first appearance, the number of each entry's)."""
    numbers: dict[str, int] = {}
    index = [numbers.setdefault(entry, len(numbers)) for entry in entries]
    return list(numbers), np.array(index)


def _numbers(entries: Sequence[str], kind: str, file: str) -> np.ndarray:
    try:
        numbers = np.array([float(entry) if entry else np.nan for entry in entries])
        received = "infinity" if np.isinf(numbers).any() else ""
    except ValueError as error:
        received = str(error).removeprefix("could not convert string to float: ")
    if received:
        raise ProblemError(
            f"column of the {kind} in {file}",
            expected="finite numbers, or nothing where one is missing",
            received=received,
            advice="write numbers with a decimal point",
        )
    return numbers


def _grid(places: np.ndarray, values: np.ndarray, steps: int, weights: int) -> np.ndarray:
    grid = np.full(steps * weights, np.nan)
    grid[places] = values
    return grid.reshape(steps, weights)


def from_dataset(dataset: object, columns: Mapping[str, str]) -> tuple[list[Table], list[str]]:
    """(runs, names of the weights) of a dataset with weights over (run,) step or time (, weight)."""
    import xarray

    if not isinstance(dataset, xarray.Dataset):
        raise ProblemError(
            "dataset",
            expected="an xarray.Dataset with the weights as a variable",
            received=type(dataset).__name__,
            advice="Recording.from_arrays takes arrays; array.to_dataset() makes a dataset of one",
        )
    present = [str(name) for name in (*dataset.data_vars, *dataset.dims, *dataset.coords)]
    names = _chosen(columns, list(dict.fromkeys(present)), "names in the dataset")
    values = _ordered(dataset[names["value"]], names)
    slopes = _ordered(dataset[names["gradient"]], names) if "gradient" in names else None
    clock = dataset.coords.get(names["time"])
    times = None if clock is None else np.asarray(clock, dtype=float)
    tables = []
    for number, weights in enumerate(values):
        gradients = None if slopes is None else slopes[number]
        tables.append(
            Table(
                weights=weights,
                gradients=gradients,
                times=times,
                digits=digits_of(dataset[names["value"]]),
            )
        )
    axis = names.get("weight")
    labels = dataset.coords.get(axis) if axis else None
    if labels is None:
        return tables, [str(number) for number in range(values.shape[2])]
    return tables, [str(label) for label in np.asarray(labels)]


def _ordered(array: Any, names: Mapping[str, str]) -> np.ndarray:
    """(runs, times, weights) of a labelled array, with axes of length 1 where it has none."""
    wanted = [names.get(kind, kind) for kind in ("run", "time", "weight")]
    further = [str(axis) for axis in array.dims if axis not in wanted]
    if further or wanted[1] not in array.dims:
        raise ProblemError(
            f"axes of {array.name}",
            expected=f"{wanted[1]}, and {wanted[0]} and {wanted[2]} where there are several",
            received=", ".join(map(str, array.dims)),
            advice='name them with columns={"run": ..., "time": ..., "weight": ...}',
        )
    missing = [axis for axis in wanted if axis not in array.dims]
    return np.asarray(array.expand_dims(missing).transpose(*wanted), dtype=float)
