"""The results of a sweep as arrays over the grid, the same in whatever order chunks come."""

import numpy as np

from .columns import NOTES, SOLVED_BY, Columns
from .failures import FINE, MEASURE, PENDING
from .plan import Plan

_LARGEST = 2**22  # bytes of a fixed-width array of words; longer ones are kept as objects


class Table:
    """Values of all cells; memory is that of the dataset.

    Attributes
    ----------
    filled : (cells,) which are done
    done, failed : how many are, and how many of them are not fine
    seconds : spent on them, summed
    """

    def __init__(self, plan: Plan) -> None:
        self.plan, self.cells = plan, plan.layout.cells
        self.filled = np.zeros(self.cells, dtype=bool)
        self.done, self.failed, self.seconds = 0, 0, 0.0
        self._numbers: dict[str, _Numbers] = {}
        self._words = {
            name: _Words(self.cells, PENDING if name == "status" else "") for name in NOTES
        }

    def fill(self, chunk: int, columns: Columns) -> None:
        """Take in the columns of a chunk whose cells are not done yet."""
        cells = columns.cells
        self.seconds += float(columns.numbers["seconds"].sum())
        for name, values in columns.numbers.items():
            if name == "seconds":
                continue
            absent = columns.missing.get(name)
            given = slice(None) if absent is None else ~absent
            numbers = self._numbers.setdefault(name.removeprefix("value "), _Numbers(self.cells))
            numbers.fill(cells[given], values[given], chunk)
        for name, column in columns.words.items():
            self._words_of(name.removeprefix("value ")).fill(cells, column.codes, column.texts)
        self.filled[cells] = True
        self.done += len(cells)
        self.failed += columns.failures

    def _words_of(self, name: str) -> "_Words":
        """The variable of this name, made when it is first needed: it is as long as the grid."""
        if name not in self._words:
            self._words[name] = _Words(self.cells)
        return self._words[name]

    def variables(self) -> dict[str, np.ndarray]:
        """{name: array over the grid}: measures in their order, then status and words.

        Every measure has one, of NaN where it has no value in any cell. Of array values the shape
        is that of the first chunk in which there are any; cells of another shape are marked as
        failed.
        """
        self._mark_odd_shapes()
        rank = {measure["name"]: place for place, measure in enumerate(self.plan.measures)}

        def measure_of(name: str) -> str:  # "regret.newton" is a value of "regret"
            return name.partition(".")[0]

        values = (self._numbers.keys() | self._words.keys()) - set(NOTES)
        values |= rank.keys() - {measure_of(name) for name in values}
        in_order = sorted(values, key=lambda name: (rank.get(measure_of(name), len(rank)), name))
        arrays = {name: self._values(name) for name in in_order}
        # nothing is solved in closed forms, and older stores do not say by what
        said = [name for name in NOTES if name != SOLVED_BY or self._words[name].is_given]
        arrays |= {name: self._words[name].array() for name in said}
        return {
            name: array.reshape(*self.plan.shape, *array.shape[1:])
            for name, array in arrays.items()
        }

    def _values(self, name: str) -> np.ndarray:
        numbers, words = self._numbers.get(name), self._words.get(name)
        if numbers is None:
            return np.full(self.cells, np.nan) if words is None else words.array()
        array, given = numbers.array()
        if words is None:
            return array
        # a measure of numbers in some cells and of words in others: words throughout
        return np.where(given, array.astype(str), words.array()).astype(object)

    def _mark_odd_shapes(self) -> None:
        for name, numbers in self._numbers.items():
            for shape, cells in numbers.odd():
                fine = np.isin(self._words["status"].array()[cells], FINE)
                self.failed += int(fine.sum())
                self._words["status"].fill(cells[fine], 0, [MEASURE])
                said = f"measure {name!r}: values of shape {shape}, elsewhere {numbers.shape}"
                self._words["message"].fill(cells[fine], 0, [said])


class _Numbers:
    """One variable: an array for each shape that its values have, and which cells have one."""

    def __init__(self, cells: int) -> None:
        self.cells = cells
        # shape -> (first chunk, array, which cells have a value)
        self._by_shape: dict[tuple, tuple] = {}

    def fill(self, cells: np.ndarray, values: np.ndarray, chunk: int) -> None:
        if not len(cells):
            return
        shape = values.shape[1:]
        dtype = values.dtype if values.dtype.kind in "bi" else np.dtype(float)
        if shape not in self._by_shape:
            empty = np.zeros((self.cells, *shape), dtype=dtype)
            self._by_shape[shape] = (chunk, empty, np.zeros(self.cells, dtype=bool))
        first, array, given = self._by_shape[shape]
        if array.dtype != dtype:  # whole numbers in one chunk, and others in another
            array = array.astype(float, copy=False)
        array[cells] = values
        given[cells] = True
        self._by_shape[shape] = min(first, chunk), array, given

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the values in the first chunk."""
        return min(self._by_shape, key=lambda shape: self._by_shape[shape][0])

    def odd(self) -> list[tuple[tuple[int, ...], np.ndarray]]:
        """(shape, cells) of values of other shapes."""
        return [
            (shape, np.flatnonzero(given))
            for shape, (*_, given) in self._by_shape.items()
            if shape != self.shape
        ]

    def array(self) -> tuple[np.ndarray, np.ndarray]:
        """(values, which cells have one).

        Whole numbers and truth values stay such where every cell has one; else gaps are NaN.
        """
        _, array, given = self._by_shape[self.shape]
        if not given.all():
            array = array.astype(float, copy=False)
            array[~given] = np.nan
        return array, given


class _Words:
    """One variable of words: each kept once, and codes."""

    def __init__(self, cells: int, empty: str = "") -> None:
        self._known = {empty: 0}  # word -> its code
        self._codes = np.zeros(cells, dtype=np.uint8)  # wider once there are more words

    @property
    def is_given(self) -> bool:
        """Whether any cell has been given a word."""
        return len(self._known) > 1

    def fill(self, cells: np.ndarray, codes: np.ndarray | int, texts: list[str]) -> None:
        places = [self._known.setdefault(text, len(self._known)) for text in texts]
        needed = np.min_scalar_type(len(self._known) - 1)
        if needed.itemsize > self._codes.itemsize:
            self._codes = self._codes.astype(needed)
        self._codes[cells] = np.array(places, needed)[codes]

    def array(self) -> np.ndarray:
        texts = list(self._known)
        longest = max(map(len, texts))
        # NumPy keeps 4 bytes per character of the longest word in every cell
        is_large = 4 * longest * len(self._codes) > _LARGEST
        return np.array(texts, dtype=object if is_large else None)[self._codes]
