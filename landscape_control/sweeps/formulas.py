"""Closed forms: the cells of a chunk at once, one structure after another; what one cannot do costs
its own cells only.
"""

from itertools import pairwise

import numpy as np

from ..support.errors import ProblemError
from .columns import NOTES, Columns, words_of
from .failures import COMPUTED, MEASURE, RAISED, REFUSED, failure, named_parts, note
from .measures import ALL
from .paths import SEED, with_values


def formula_columns(plan, measures, cells) -> Columns:
    """Columns of the cells of a chunk."""
    borders = _borders(plan, cells)
    pieces = [_piece(plan, measures, cells[begin:end]) for begin, end in pairwise(borders)]
    sizes = np.diff(borders)
    columns = Columns(cells=cells, numbers={"seconds": np.zeros(len(cells))}, words={})
    for name in dict.fromkeys(name for _, values in pieces for name in values):
        absent = np.repeat([name not in values for _, values in pieces], sizes)
        columns.numbers[name] = np.concatenate(
            [
                values.get(name, np.full(size, np.nan))
                for (_, values), size in zip(pieces, sizes, strict=True)
            ]
        )
        if absent.any():
            columns.missing[name] = absent
    for name in NOTES:
        columns.words[name] = words_of([row[name] for row, _ in pieces]).repeated(sizes)
    return columns


def _borders(plan, cells):
    """Where in the cells another structure begins."""
    places = np.unravel_index(cells, plan.shape)
    other = np.zeros(len(cells) - 1, dtype=bool)
    for axis, place in zip(plan.axes, places, strict=True):
        if axis.name in plan.structural:
            other |= np.diff(place) != 0
    return [0, *(np.flatnonzero(other) + 1).tolist(), len(cells)]


def _piece(plan, measures, cells):
    """(what is said of these cells, {column: (N,)}); all are of one structure."""
    row, columns = {"status": COMPUTED, "message": "", "traceback": "", "found_from": ""}, {}
    outer = {path for axis in plan.axes if axis.name in plan.structural for path in axis.paths}
    values, _ = plan.values(int(cells[0]))
    try:
        problem = with_values(
            plan.problem, {path: value for path, value in values.items() if path in outer}
        )
    except Exception as error:
        status = REFUSED if isinstance(error, ProblemError) else RAISED
        return row | failure(error, status), columns
    arrays = plan.arrays(cells)
    numbers = {path: array for path, array in arrays.items() if path not in outer and path != SEED}
    for measure in measures:
        ours = ALL.get(measure.name) is measure  # these take numbers of the objective only
        try:
            parts = named_parts(measure, measure.batch(problem, numbers if ours else arrays))
            columns |= {
                name: np.broadcast_to(np.asarray(value, dtype=float), len(cells))
                for name, value in parts.items()
            }
        except Exception as error:
            note(row, failure(error, MEASURE, f"measure {measure.name!r}"))
    return row, columns
