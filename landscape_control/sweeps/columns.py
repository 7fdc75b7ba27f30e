"""Results of a chunk of cells in memory: an array for each variable, with an entry for each cell."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from .failures import FINE

SOLVED_BY = "solved_by"
# words in every chunk and dataset
NOTES = (
    "status",
    "message",
    "traceback",
    "found_from",
    SOLVED_BY,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """A column of words: every word once, and for each cell which one it has.

    Attributes
    ----------
    texts : the words
    codes : (N,) places in ``texts``, or 0 where all cells have the same word
    """

    texts: list[str]
    codes: np.ndarray | int = 0

    def repeated(self, counts: np.ndarray) -> "Words":
        """Of columns in which entry i stands ``counts[i]`` times."""
        if isinstance(self.codes, int):
            return self
        return Words(texts=self.texts, codes=np.repeat(self.codes, counts))


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """Results of N cells.

    Attributes
    ----------
    cells : (N,) flat C-order indices in the grid
    numbers : {name: (N, ...)}: "seconds", and "value NAME" of measures
    words : {name: Words}: status, message, traceback, found_from, solved_by, and "value NAME" of measures
    missing : {name: (N,) truth values}, which cells have no value, where some have none
    """

    cells: np.ndarray
    numbers: dict[str, np.ndarray]
    words: dict[str, Words]
    missing: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        """Cells that are not fine."""
        status = self.words["status"]
        wrong = np.array([text not in FINE for text in status.texts])
        return int(np.broadcast_to(wrong[status.codes], len(self.cells)).sum())


def columns_of(cells: np.ndarray, rows: list[dict]) -> Columns:
    """Columns from rows {"status": ..., "value <name>": ..., ...}; some may lack entries."""
    columns = Columns(cells=np.asarray(cells, dtype=np.int64), numbers={}, words={})
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        given = [value for value in values if value is not None]
        if len(given) < len(values):
            columns.missing[name] = np.array([value is None for value in values])
        if any(isinstance(value, str) for value in given):
            columns.words[name] = words_of("" if value is None else str(value) for value in values)
        elif any(map(np.ndim, given)):
            columns.numbers[name] = _stacked(values, given)
        else:
            columns.numbers[name] = _number_column(values, given)
    return columns


def words_of(texts: Iterable[str]) -> Words:
    """The column of these words, one for each cell."""
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(text, len(known)) for text in texts], dtype=np.int32)
    return Words(texts=list(known), codes=codes if len(known) > 1 else 0)


def _number_column(values: list, given: list) -> np.ndarray:
    types = {type(value) for value in given}
    fits_64_bits = types == {int} and all(-(2**63) <= value < 2**63 for value in given)
    dtype: type = float
    gap: float = np.nan
    if types == {bool}:
        dtype, gap = bool, False
    elif fits_64_bits:
        dtype, gap = np.int64, 0
    return np.array([gap if value is None else value for value in values], dtype=dtype)


def _stacked(values: list, given: list) -> np.ndarray:
    """Arrays of one shape; values of another shape than the first are refused by NumPy."""
    stacked = np.full((len(values), *np.shape(given[0])), np.nan)
    for place, value in enumerate(values):
        if value is not None:
            stacked[place] = value
    return stacked
