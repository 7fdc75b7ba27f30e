"""The work of one process: carry out chunks of a plan, keeping its solvers; nothing a cell does stops the others."""

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from ..errors import ProblemError, SolveError
from ..measures import Cell, as_measure, plain_value
from .adaptors import adaptor_of
from .columns import CELLS, WORDS, columns_of, pack, words_column
from .paths import with_values
from .plan import Plan
from .versions import check_versions

COMPUTED, REFUSED, RAISED, MEASURE, LOST, PENDING = "computed", "refused", "raised", "measure raised", "lost", "not run"
FINE = ("converged", COMPUTED)
MOST_SOLVERS = 4  # structures whose solvers a process keeps
LONGEST = 4000  # characters of a traceback that are kept

_ONE_AT_A_TIME = threading.Lock()  # executors may run threads; the solvers are shared and CasADi has no use for them
_KEPT: OrderedDict[str, "Workshop"] = OrderedDict()
_AT_HAND: dict[str, tuple] = {}  # measures that have no address, for this process and those forked from it


def run_chunk(text: str, index: int, measures: tuple | None = None) -> bytes:
    """The packed results of one chunk of a plan (its JSON text); ``measures`` where they cannot be found by address."""
    with _ONE_AT_A_TIME:
        if text not in _KEPT:
            _KEPT[text] = Workshop(Plan.from_text(text), measures or _AT_HAND.get(text))
            while len(_KEPT) > 2:
                _KEPT.popitem(last=False)
        return pack(_KEPT[text].chunk(index))


def lend(text: str, measures: tuple) -> None:
    """Keep the measures of a plan at hand for this process and its forks, until :func:`forget`."""
    _AT_HAND[text] = measures


def forget(text: str) -> None:
    """Drop the solvers and measures kept for a plan."""
    _AT_HAND.pop(text, None)
    _KEPT.pop(text, None)


class Workshop:
    """The problem of a plan, made anew from its text, its measures, and the solvers used last."""

    def __init__(self, plan: Plan, measures=None):
        check_versions(plan.versions)
        self.plan = plan
        self.measures = tuple(measures or (as_measure(one["address"]) for one in plan.measures))
        self.closed_form = plan.kind == "closed form"
        self.adaptor = adaptor_of(plan.problem, closed_form=self.closed_form)
        self.needed = any(measure.needs == "solution" for measure in self.measures) and not self.closed_form
        self._runners: OrderedDict = OrderedDict()
        self._shapes: dict[str, tuple] = {}

    def chunk(self, index: int) -> dict:
        """Columns of all cells of a chunk."""
        cells = self.plan.layout.chunk(index)
        if self.closed_form:
            return self._formulas(cells)
        rows, structure, neighbour = [], None, None
        for cell in cells.tolist():
            here = self.plan.layout.structure(cell)
            row, neighbour = self._cell(cell, here, neighbour if here == structure else None)
            structure = here
            rows.append(row)
        return columns_of(cells, rows)

    def _cell(self, cell, structure, neighbour):
        """(row, solution): the neighbour stays the last one that was solved."""
        began, solution = time.perf_counter(), None
        try:
            values, seed = self.plan.values(cell)
            runner, numbers = self._runner(structure, values), self._numbers(values)
            if self.needed:
                solution = runner.solve(numbers, seed, neighbour)
            problem = getattr(solution, "problem", None) or with_values(self.plan.problem, values)
            row = self._row(Cell(problem=problem, solution=solution, solver=runner.solver, seed=seed))
        except Exception as error:
            row = failure(error, REFUSED if isinstance(error, ProblemError) else RAISED)
        row["seconds"] = time.perf_counter() - began
        return row, solution if solution is not None and solution.status.ok else neighbour

    def _runner(self, structure, values):
        """The runner of a structure; what made it fail is remembered too."""
        if structure not in self._runners:
            outer = {path: value for path, value in values.items() if path not in self._numbers(values)}
            try:
                made = self.adaptor.runner(with_values(self.plan.problem, outer), self.plan.options, self.plan.starts) \
                    if self.needed else self._bare()
            except ProblemError as error:
                made = error
            self._runners[structure] = made
            if len(self._runners) > MOST_SOLVERS:
                self._runners.popitem(last=False)
        if isinstance(self._runners[structure], Exception):
            raise self._runners[structure]
        return self._runners[structure]

    @staticmethod
    def _bare():
        from .adaptors import FormulaRunner

        return FormulaRunner()

    def _numbers(self, values):
        outer = {path for axis in self.plan.axes if axis.name in self.plan.structural for path in axis.paths}
        return {path: value for path, value in values.items() if path not in outer}

    def _row(self, cell):
        row = {"status": COMPUTED, "message": "", "traceback": "", "found_from": ""}
        if cell.solution is not None:
            solution = cell.solution
            row |= {"status": str(solution.status), "message": "" if solution.status.ok else _said(solution)}
            row["found_from"] = _named(sorted(getattr(getattr(solution, "best", None), "found_from", ())))
        for measure in self.measures:
            try:
                parts = self._parts(measure, plain_value(measure(cell)))
            except Exception as error:
                _note(row, failure(error, MEASURE, f"measure {measure.name!r}"))
                continue
            row |= parts
        return row

    def _parts(self, measure, value):
        """{column: value}; arrays must have one shape in all cells."""
        parts = named_parts(measure, value)
        for name, one in parts.items():
            if self._shapes.setdefault(name, np.shape(one)) != np.shape(one):
                raise ProblemError(f"value of {measure.name!r}", expected=f"the shape {self._shapes[name]} of other cells",
                                   received=f"{np.shape(one)}", advice="return arrays of one shape")
        return parts

    def _formulas(self, cells):
        """All cells of a chunk at once, one structure at a time."""
        layout = self.plan.layout
        structures = [layout.structure(cell) for cell in cells.tolist()] if self.plan.structural else [()] * len(cells)
        borders = [0, *(i for i in range(1, len(cells)) if structures[i] != structures[i - 1]), len(cells)]
        try:
            parts = [self._formula(cells[begin:end]) for begin, end in pairwise(borders)]
        except Exception as error:
            row = {"found_from": "", "seconds": 0.0, **failure(error, MEASURE)}
            return columns_of(cells, [row] * len(cells))
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        words = {"status": [COMPUTED], "message": [""], "traceback": [""], "found_from": [""]}
        return {CELLS: cells, **columns, "seconds": np.zeros(len(cells)), WORDS: words_column(words)}

    def _formula(self, cells):
        values, _ = self.plan.values(int(cells[0]))
        outer = {path: value for path, value in values.items() if path not in self._numbers(values)}
        problem = with_values(self.plan.problem, outer)
        arrays = {path: array for path, array in self.plan.arrays(cells).items() if path not in outer}
        found = {}
        for measure in self.measures:
            found |= named_parts(measure, measure.batch(problem, arrays))
        return {name: np.broadcast_to(np.asarray(one, dtype=float), len(cells)) for name, one in found.items()}


def named_parts(measure, value) -> dict:
    """{column: value} of a measure's value; several values are called name.key."""
    if isinstance(value, Mapping):
        return {f"value {measure.name}.{key}": one for key, one in value.items()}
    return {f"value {measure.name}": value}


def _note(row, raised):
    """Put what a measure raised into a row; a solver's own failure keeps the status."""
    status = raised["status"] if row["status"] in FINE else row["status"]
    joined = {name: "; ".join(filter(None, (row[name], raised[name]))) for name in ("message", "traceback")}
    row |= {"status": status, **joined}


def failure(error: Exception, status: str, prefix: str = "") -> dict:
    """Status, message and traceback of a cell in which something was raised."""
    told = str(error) if isinstance(error, ProblemError | SolveError) else f"{type(error).__name__}: {error}"
    told = f"{prefix}: {told}" if prefix and not told.startswith(prefix) else told
    trace = "" if isinstance(error, ProblemError) else "".join(traceback.format_exception(error))[-LONGEST:]
    return {"status": status, "message": told[:LONGEST], "traceback": trace}


def lost_chunk(plan: Plan, index: int, message: str) -> bytes:
    """The results of a chunk that no process came back with."""
    cells = plan.layout.chunk(index)
    row = {"status": LOST, "message": message, "traceback": "", "found_from": "", "seconds": 0.0}
    return pack(columns_of(cells, [row] * len(cells)))


def _named(starts, shown=3):
    more = [f"{len(starts) - shown} more"] if len(starts) > shown else []
    return ", ".join([*starts[:shown], *more])


def _said(solution):
    value = getattr(solution.status, "value", "")
    return " ".join(f"{value}. {solution.message}".split()) if solution.message else str(value)
