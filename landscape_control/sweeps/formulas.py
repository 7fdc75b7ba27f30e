"""Closed forms: the cells of a chunk at once, one structure after another.

What cannot be computed on one structure costs the cells of that structure only.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..support.errors import ProblemError
from .columns import NOTES, Columns, words_of
from .failures import COMPUTED, MEASURE, RAISED, REFUSED, failure, named_parts, note
from .measures import ALL, Measure
from .paths import SEED, with_values
from .plan import Plan


def formula_columns(plan: Plan, measures: Sequence[Measure], cells: np.ndarray) -> Columns:
    """Columns of the cells of a chunk."""
    borders = _borders(plan, cells)
    pieces = [_piece(plan, measures, cells[begin:end]) for begin, end in pairwise(borders)]
    notes = [row for row, _ in pieces]
    values = [arrays for _, arrays in pieces]
    sizes = np.diff(borders)
    columns = Columns(cells=cells, numbers={"seconds": np.zeros(len(cells))}, words={})
    for name in dict.fromkeys(name for arrays in values for name in arrays):
        columns.numbers[name] = np.concatenate(
            [
                arrays.get(name, np.full(size, np.nan))
                for arrays, size in zip(values, sizes, strict=True)
            ]
        )
        absent = np.repeat([name not in arrays for arrays in values], sizes)
        if absent.any():
            columns.missing[name] = absent
    for name in NOTES:
        columns.words[name] = words_of(row.get(name, "") for row in notes).repeated(sizes)
    return columns


def _borders(plan: Plan, cells: np.ndarray) -> list[int]:
    """Where in the cells another structure begins."""
    places = np.unravel_index(cells, plan.shape)
    other = np.zeros(len(cells) - 1, dtype=bool)
    for axis, place in zip(plan.axes, places, strict=True):
        if axis.name in plan.structural:
            other |= np.diff(place) != 0
    return [0, *(np.flatnonzero(other) + 1).tolist(), len(cells)]


def _piece(
    plan: Plan, measures: Sequence[Measure], cells: np.ndarray
) -> tuple[dict, dict[str, np.ndarray]]:
    """(what is said of these cells, {column: (N,)}); all are of one structure."""
    row = {"status": COMPUTED, "message": "", "traceback": "", "found_from": ""}
    columns: dict[str, np.ndarray] = {}
    outer = {path for axis in plan.axes if axis.name in plan.structural for path in axis.paths}
    values, _ = plan.values(int(cells[0]))
    structure = {path: value for path, value in values.items() if path in outer}
    try:
        problem = with_values(plan.problem, structure)
    except Exception as error:
        status = REFUSED if isinstance(error, ProblemError) else RAISED
        return row | failure(error, status), columns
    arrays = plan.arrays(cells)
    numbers = {path: array for path, array in arrays.items() if path not in outer and path != SEED}
    for measure in measures:
        assert measure.batch is not None, "a sweep of closed forms has formulas alone"
        is_ours = ALL.get(measure.name) is measure  # these take numbers of the objective only
        try:
            result = measure.batch(problem, numbers if is_ours else arrays)
            columns |= {
                name: np.broadcast_to(np.asarray(value, dtype=float), len(cells))
                for name, value in named_parts(measure, result).items()
            }
        except Exception as error:
            note(row, failure(error, MEASURE, f"measure {measure.name!r}"))
    return row, columns
