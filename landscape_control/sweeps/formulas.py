"""Closed forms: the cells of a chunk at once, one structure after another; what one cannot do costs
its own cells only.
"""

from itertools import pairwise

import numpy as np

from ..errors import ProblemError
from ..measures import ALL
from .columns import CELLS, MISSING, NOTES, TEXTS, words_column
from .failures import COMPUTED, MEASURE, RAISED, REFUSED, failure, named_parts, note
from .paths import SEED, with_values


def formula_columns(plan, measures, cells) -> dict:
    """Columns of the cells of a chunk."""
    borders = _borders(plan, cells)
    pieces = [_piece(plan, measures, cells[begin:end]) for begin, end in pairwise(borders)]
    sizes = np.diff(borders)
    columns = {CELLS: cells, "seconds": np.zeros(len(cells))}
    for name in dict.fromkeys(name for _, found in pieces for name in found):
        absent = np.repeat([name not in found for _, found in pieces], sizes)
        columns[name] = np.concatenate(
            [
                found.get(name, np.full(size, np.nan))
                for (_, found), size in zip(pieces, sizes, strict=True)
            ]
        )
        if absent.any():
            columns[MISSING + name] = absent
    words = {}
    for name in NOTES:
        known: dict[str, int] = {}
        codes = [known.setdefault(row[name], len(known)) for row, _ in pieces]
        words[name] = list(known)
        if len(known) > 1:
            columns[name] = np.repeat(np.array(codes, dtype=np.int32), sizes)
    return columns | {TEXTS: words_column(words)}


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
    row, found = {"status": COMPUTED, "message": "", "traceback": "", "found_from": ""}, {}
    outer = {path for axis in plan.axes if axis.name in plan.structural for path in axis.paths}
    values, _ = plan.values(int(cells[0]))
    try:
        problem = with_values(
            plan.problem, {path: value for path, value in values.items() if path in outer}
        )
    except Exception as error:
        return row | failure(error, REFUSED if isinstance(error, ProblemError) else RAISED), found
    arrays = plan.arrays(cells)
    numbers = {path: array for path, array in arrays.items() if path not in outer and path != SEED}
    for measure in measures:
        ours = ALL.get(measure.name) is measure  # these take numbers of the objective only
        try:
            parts = named_parts(measure, measure.batch(problem, numbers if ours else arrays))
            found |= {
                name: np.broadcast_to(np.asarray(one, dtype=float), len(cells))
                for name, one in parts.items()
            }
        except Exception as error:
            note(row, failure(error, MEASURE, f"measure {measure.name!r}"))
    return row, found
