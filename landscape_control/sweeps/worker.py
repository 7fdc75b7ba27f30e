"""The work of one process: carry out chunks of a plan, keeping its solvers; nothing a cell does stops the others."""

import threading
import time
from collections import OrderedDict

import numpy as np

from ..errors import ProblemError
from ..measures import Cell, as_measure, plain_value
from .adaptors import FormulaRunner, adaptor_of
from .columns import columns_of, owned, pack
from .failures import COMPUTED, LOST, MEASURE, RAISED, REFUSED, USABLE, failure, named_parts, note
from .formulas import formula_columns
from .identity import UNKNOWN, code_of, why_other
from .paths import with_values
from .plan import Plan
from .versions import check_versions

MOST_SOLVERS = 4  # structures whose solvers a process keeps

_ONE_AT_A_TIME = threading.Lock()  # executors may run threads; the solvers are shared and CasADi has no use for them
_KEPT: OrderedDict[str, "Workshop"] = OrderedDict()
_TEXTS: dict[str, str] = {}  # plans by their digest, in processes that were given them when they began
_AT_HAND: dict[str, tuple] = {}  # measures that have no address, for this process and those forked from it


def run_chunk(plan: str, index: int, measures: tuple | None = None) -> bytes:
    """The packed results of one chunk of a plan (its JSON text, or the digest of one that this process was given).

    ``measures`` where they cannot be found by address.
    """
    text = _TEXTS.get(plan, plan)
    with _ONE_AT_A_TIME:
        if text not in _KEPT:
            _KEPT[text] = Workshop(Plan.from_text(text), measures or _AT_HAND.get(text))
            while len(_KEPT) > 2:
                _KEPT.popitem(last=False)
        return pack(_KEPT[text].chunk(index))


def hold(digest: str, text: str) -> None:
    """Keep the text of a plan in this process, so that chunks need to bring only its digest."""
    _TEXTS[digest] = text


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
        self.measures = tuple(measures or map(found_measure, plan.measures))
        self.closed_form = plan.kind == "closed form"
        self.adaptor = adaptor_of(plan.problem, closed_form=self.closed_form)
        self.needed = any(measure.needs == "solution" for measure in self.measures) and not self.closed_form
        self._runners: OrderedDict = OrderedDict()

    def chunk(self, index: int) -> dict:
        """Columns of all cells of a chunk."""
        cells = self.plan.layout.chunk(index)
        columns = formula_columns(self.plan, self.measures, cells) if self.closed_form else self._solved(cells)
        return owned(columns, self.plan.digest, index)

    def _solved(self, cells):
        rows, structure, neighbour = [], None, None
        self._shapes: dict[str, tuple] = {}  # of array values, in this chunk
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
            runner, numbers = self._runner(structure, values), self._varying(values)
            if self.needed:
                solution = runner.solve(numbers, seed, neighbour)
            problem = getattr(solution, "problem", None) or with_values(self.plan.problem, values)
            row = self._row(Cell(problem=problem, solution=solution, solver=runner.solver, seed=seed))
        except (Exception, SystemExit) as error:
            row = failure(error, REFUSED if isinstance(error, ProblemError) else RAISED)
        row["seconds"] = time.perf_counter() - began
        return row, solution if solution is not None and solution.status.ok else neighbour

    def _runner(self, structure, values):
        """The runner of a structure; what made it fail is remembered too."""
        if structure not in self._runners:
            outer = {path: value for path, value in values.items() if path not in self._varying(values)}
            try:
                made = self.adaptor.runner(with_values(self.plan.problem, outer), self.plan.options, self.plan.starts) \
                    if self.needed else FormulaRunner()
            except ProblemError as error:
                made = error
            self._runners[structure] = made
            if len(self._runners) > MOST_SOLVERS:
                self._runners.popitem(last=False)
        if isinstance(self._runners[structure], Exception):
            raise self._runners[structure]
        return self._runners[structure]

    def _varying(self, values):
        outer = {path for axis in self.plan.axes if axis.name in self.plan.structural for path in axis.paths}
        return {path: value for path, value in values.items() if path not in outer}

    def _row(self, cell):
        row = {"status": COMPUTED, "message": "", "traceback": "", "found_from": ""}
        if cell.solution is not None:
            solution = cell.solution
            row |= {"status": str(solution.status), "message": "" if solution.status.ok else _said(solution)}
            row["found_from"] = _named(sorted(getattr(getattr(solution, "best", None), "found_from", ())))
        usable = row["status"] in USABLE
        for measure in self.measures:
            if measure.needs == "solution" and not usable:  # numbers of what is no answer look like answers
                continue
            try:
                parts = self._parts(measure, plain_value(measure(cell)))
            except (Exception, SystemExit) as error:
                note(row, failure(error, MEASURE, f"measure {measure.name!r}"))
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


def found_measure(planned: dict):
    """A measure of a plan by its address; raises ProblemError if it is no longer what it was."""
    measure = as_measure(planned["address"])
    check_code(planned, measure)
    return measure


def check_code(planned: dict, measure, *, vouched: bool = False) -> None:
    """Refuse a measure whose code is not that of the plan; ``vouched``: the user says it is where nobody can know."""
    why = why_other(planned["code"], code_of(measure))
    if why and not (vouched and planned["code"] == UNKNOWN):
        raise ProblemError(f"measure {planned['name']!r}", expected="the function that the sweep was started with",
                           received=f"one that {why}", advice="restore that function, or start again in another folder; "
                           "what is finished can be read with load_store")


def lost_chunk(plan: Plan, index: int, message: str) -> bytes:
    """The results of a chunk that no process came back with."""
    cells = plan.layout.chunk(index)
    row = {"status": LOST, "message": message, "traceback": "", "found_from": "", "seconds": 0.0}
    return pack(owned(columns_of(cells, [row] * len(cells)), plan.digest, index))


def _named(starts, shown=3):
    more = [f"{len(starts) - shown} more"] if len(starts) > shown else []
    return ", ".join([*starts[:shown], *more])


def _said(solution):
    value = getattr(solution.status, "value", "")
    return " ".join(f"{value}. {solution.message}".split()) if solution.message else str(value)
