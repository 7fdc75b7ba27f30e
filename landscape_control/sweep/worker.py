"""The work of one process: carry out chunks of a plan, keeping its solvers; nothing a cell does stops the others."""

import time
import traceback
from collections import OrderedDict

import numpy as np

from ..errors import ProblemError, SolveError
from ..measures import Cell, as_measure, plain_value
from .adaptors import adaptor_of
from .columns import columns_of, pack, words
from .paths import with_values
from .plan import Plan

COMPUTED, REFUSED, RAISED, MEASURE, LOST, PENDING = "computed", "refused", "raised", "measure raised", "lost", "not run"
FINE = ("converged", COMPUTED)
MOST_SOLVERS = 4  # structures whose solvers a process keeps
LONGEST = 4000  # characters of a traceback that are kept

_KEPT: OrderedDict[str, "Workshop"] = OrderedDict()
_AT_HAND: dict[str, tuple] = {}  # measures that have no address, for this process and those forked from it


def run_chunk(text: str, index: int, measures: tuple | None = None) -> bytes:
    """The packed results of one chunk of a plan (its JSON text); ``measures`` where they cannot be found by address."""
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
        self.plan = plan
        self.measures = tuple(measures or map(as_measure, plan.measures))
        self.closed_form = plan.kind == "closed form"
        self.adaptor = adaptor_of(plan.problem, closed_form=self.closed_form)
        self.needed = any(measure.needs == "solution" for measure in self.measures) and not self.closed_form
        self._runners: OrderedDict = OrderedDict()

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
            row["found_from"] = ", ".join(getattr(getattr(solution, "best", None), "found_from", ()))
        for measure in self.measures:
            try:
                value = plain_value(measure(cell))
            except Exception as error:
                row |= failure(error, MEASURE, f"measure {measure.name!r}: ")
                continue
            parts = {f"{measure.name}.{key}": one for key, one in value.items()} if isinstance(value, dict) \
                else {measure.name: value}
            row |= {f"value {name}": one for name, one in parts.items()}
        return row

    def _formulas(self, cells):
        """All cells of a chunk at once, one structure at a time."""
        plan, columns = self.plan, {"cells": cells}
        groups = [plan.layout.structure(int(cell)) for cell in cells[:1]] if not plan.structural else \
            [plan.layout.structure(int(cell)) for cell in cells]
        pieces = [np.arange(len(cells))] if not plan.structural else \
            [np.flatnonzero([one == group for one in groups]) for group in dict.fromkeys(groups)]
        parts = [self._formula(cells[piece]) for piece in pieces]
        for name in parts[0][0]:
            column = np.concatenate([np.broadcast_to(found[name], size) for found, size in parts])
            columns[name] = column[np.argsort(np.concatenate(pieces))]
        count = len(cells)
        columns |= words("status", [COMPUTED]) | {"status": np.zeros(count, dtype=np.int32)}
        for name in ("message", "traceback", "found_from"):
            columns |= words(name, [""]) | {name: np.zeros(count, dtype=np.int32)}
        return columns | {"seconds": np.zeros(count)}

    def _formula(self, cells):
        values, _ = self.plan.values(int(cells[0]))
        outer = {path: value for path, value in values.items() if path not in self._numbers(values)}
        problem = with_values(self.plan.problem, outer)
        arrays = {path: array for path, array in self.plan.arrays(cells).items() if path not in outer}
        found = {}
        for measure in self.measures:
            value = measure.batch(problem, arrays)
            parts = {f"{measure.name}.{key}": one for key, one in value.items()} if isinstance(value, dict) \
                else {measure.name: value}
            found |= {f"value {name}": np.asarray(one) for name, one in parts.items()}
        return found, len(cells)


def failure(error: Exception, status: str, prefix: str = "") -> dict:
    """Status, message and traceback of a cell in which something was raised."""
    told = str(error) if isinstance(error, ProblemError | SolveError) else f"{type(error).__name__}: {error}"
    trace = "" if isinstance(error, ProblemError) else "".join(traceback.format_exception(error))[-LONGEST:]
    return {"status": status, "message": f"{prefix}{told}"[:LONGEST], "traceback": trace}


def lost_chunk(plan: Plan, index: int, message: str) -> bytes:
    """The results of a chunk that no process came back with."""
    cells = plan.layout.chunk(index)
    row = {"status": LOST, "message": message, "traceback": "", "found_from": "", "seconds": 0.0}
    return pack(columns_of(cells, [row] * len(cells)))


def _said(solution):
    value = getattr(solution.status, "value", "")
    return " ".join(f"{value}. {solution.message}".split()) if solution.message else str(value)
