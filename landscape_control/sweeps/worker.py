"""The work of one process: carry out chunks of a plan, keeping its solvers; nothing a cell does
stops the others.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..support.errors import ProblemError
from .columns import Columns, columns_of
from .failures import COMPUTED, LOST, MEASURE, USABLE, failure, named_parts, note
from .formulas import formula_columns
from .identity import UNKNOWN, code_of, why_other
from .jobs import Job, improved
from .measures import Cell, Measure, as_measure, plain_value
from .paths import with_values
from .plan import Plan
from .problem_kinds import FormulaRunner, kind_of
from .versions import check_versions

HIDDEN = "value hidden_basin"  # the measure whose warnings are followed up
MOST_SOLVERS = 4  # structures whose solvers a process keeps

# executors may run threads; the solvers are shared and CasADi has no use for them
_ONE_AT_A_TIME = threading.RLock()
_KEPT: OrderedDict[str, "ChunkWorker"] = OrderedDict()
# plans by their digest, in processes that were given them when they began
_TEXTS: dict[str, str] = {}
# measures that have no address, for this process and those forked from it
_AT_HAND: dict[str, tuple] = {}


def run_chunk(plan: str, measures: tuple | None, index: int) -> Columns:
    """The results of one chunk of a plan (its JSON text, or the digest of one that this process was
    given).

    ``measures`` are given where they cannot be found by address.
    """
    text = _TEXTS.get(plan, plan)
    with _ONE_AT_A_TIME:
        if text not in _KEPT:
            _KEPT[text] = ChunkWorker(Plan.from_text(text), measures or _AT_HAND.get(text))
            while len(_KEPT) > 2:
                _KEPT.popitem(last=False)
        return _KEPT[text].chunk(index)


def hold(digest: str, text: str) -> None:
    """Keep the text of a plan in this process, so that chunks need to bring only its digest."""
    _TEXTS[digest] = text


@contextmanager
def lent(text: str, measures: tuple) -> Iterator[None]:
    """The block, and processes that are forked in it, have the measures of a plan at hand."""
    _AT_HAND[text] = measures
    try:
        yield
    finally:
        del _AT_HAND[text]


def forget(text: str) -> None:
    """Drop the solvers kept for a plan."""
    _KEPT.pop(text, None)


class ChunkWorker:
    """The problem of a plan, made anew from its text, its measures, and the solvers used last."""

    def __init__(self, plan: Plan, measures=None):
        check_versions(plan.versions)
        self.plan = plan
        self.measures = tuple(measures or map(found_measure, plan.measures))
        self.closed_form = plan.kind == "closed form"
        self.kind = kind_of(plan.problem, closed_form=self.closed_form)
        self.needed = (
            any(measure.needs == "solution" for measure in self.measures) and not self.closed_form
        )
        self._runners: OrderedDict = OrderedDict()

    def chunk(self, index: int) -> Columns:
        """Columns of all cells of a chunk."""
        cells = self.plan.layout.chunk(index)
        with _ONE_AT_A_TIME:
            if self.closed_form:
                return formula_columns(self.plan, self.measures, cells)
            return self._solved(cells)

    def _solved(self, cells):
        """Rows of all cells: solved one after another, then looked at again from the other side,
        measured, and mended.
        """
        self._shapes: dict[str, tuple] = {}  # of array values, in this chunk
        jobs, before = [], None
        for cell in cells.tolist():
            job = Job(cell=cell, structure=self.plan.layout.structure(cell))
            shared = before is not None and before.structure == job.structure
            neighbour = before.known if shared else None
            self._solve(job, neighbour)
            job.known = job.solution if job.usable else neighbour
            jobs.append(job)
            before = job
        self._compare(jobs, range(len(jobs) - 1, 0, -1), -1)
        for job in jobs:
            self._measure(job)
        self._mend(jobs)
        return columns_of(cells, [job.row for job in jobs])

    def _solve(self, job, neighbour):
        began = time.perf_counter()
        try:
            job.values, job.seed = self.plan.values(job.cell)
            job.runner, job.numbers = (
                self._runner(job.structure, job.values),
                self._varying(job.values),
            )
            if self.needed:
                job.solution = job.runner.solve(job.numbers, job.seed, neighbour)
        except (Exception, SystemExit) as error:
            job.failed(error)
        job.seconds += time.perf_counter() - began

    def _compare(self, jobs, order, step):
        """Try the plan of each of these cells in the cell ``step`` further on; the cells that it
        made better.
        """
        better = []
        for i in order:
            source, job = jobs[i], jobs[i + step]
            if not (
                source.usable and job.solution is not None and source.structure == job.structure
            ):
                continue
            began = time.perf_counter()
            if job.replaced(improved(job, source.solution)):
                better.append(i + step)
            job.seconds += time.perf_counter() - began
        return better

    def _measure(self, job):
        began = time.perf_counter()
        if job.row is None:
            try:
                problem = getattr(job.solution, "problem", None) or with_values(
                    self.plan.problem, job.values
                )
                cell = Cell(
                    problem=problem, solution=job.solution, solver=job.runner.solver, seed=job.seed
                )
                job.row = self._row(cell)
            except (Exception, SystemExit) as error:
                job.failed(error)
        job.row["seconds"] = job.seconds = job.seconds + time.perf_counter() - began

    def _mend(self, jobs):
        """Where a second look found a better basin, its plan is kept, offered to the neighbours on
        both sides, and measured."""
        flagged = [
            i
            for i, job in enumerate(jobs)
            if job.row.get(HIDDEN) is True and hasattr(job.runner, "second_look")
        ]
        for i in flagged:
            job, began = jobs[i], time.perf_counter()
            job.replaced(job.runner.second_look(job.numbers, job.seed, job.solution))
            job.seconds += time.perf_counter() - began
            for step in (1, -1):
                changed = [i] if job.row is None else []
                while changed and 0 <= changed[0] + step < len(jobs):
                    changed = self._compare(jobs, changed, step)
        for job in jobs:
            if job.row is None:
                self._measure(job)

    def _runner(self, structure, values):
        """The runner of a structure; what made it fail is remembered too."""
        if structure not in self._runners:
            outer = {
                path: value for path, value in values.items() if path not in self._varying(values)
            }
            try:
                made = (
                    self.kind.runner(
                        with_values(self.plan.problem, outer), self.plan.options, self.plan.starts
                    )
                    if self.needed
                    else FormulaRunner()
                )
            except ProblemError as error:
                made = error
            self._runners[structure] = made
            if len(self._runners) > MOST_SOLVERS:
                self._runners.popitem(last=False)
        if isinstance(self._runners[structure], Exception):
            raise self._runners[structure]
        return self._runners[structure]

    def _varying(self, values):
        outer = {
            path
            for axis in self.plan.axes
            if axis.name in self.plan.structural
            for path in axis.paths
        }
        return {path: value for path, value in values.items() if path not in outer}

    def _row(self, cell):
        row = {"status": COMPUTED, "message": "", "traceback": "", "found_from": ""}
        if cell.solution is not None:
            solution = cell.solution
            row |= {
                "status": str(solution.status),
                "message": "" if solution.status.ok else _said(solution),
            }
            row["found_from"] = _named(
                sorted(getattr(getattr(solution, "best", None), "found_from", ()))
            )
        usable = row["status"] in USABLE
        for measure in self.measures:
            # numbers of what is no answer look like answers
            if measure.needs == "solution" and not usable:
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
        for name, part in parts.items():
            shape = np.shape(part)
            if self._shapes.setdefault(name, shape) != shape:
                raise ProblemError(
                    f"value of {measure.name!r}",
                    expected=f"the shape {self._shapes[name]} of other cells",
                    received=f"{shape}",
                    advice="return arrays of one shape",
                )
        return parts


def found_measure(planned: dict) -> Measure:
    """A measure of a plan by its address; raises ProblemError if it is no longer what it was."""
    measure = as_measure(planned["address"])
    check_code(planned, measure)
    return measure


def check_code(planned: dict, measure, *, vouched: bool = False) -> None:
    """Refuse a measure whose code is not that of the plan; ``vouched``: the user says it is where
    nobody can know.
    """
    why = why_other(planned["code"], code_of(measure))
    if why and not (vouched and planned["code"] == UNKNOWN):
        raise ProblemError(
            f"measure {planned['name']!r}",
            expected="the function that the sweep was started with",
            received=f"one that {why}",
            advice=(
                "restore that function, or start again in another folder; "
                "what is finished can be read with load_store"
            ),
        )


def lost_chunk(plan: Plan, index: int, message: str) -> Columns:
    """The results of a chunk that no process came back with."""
    cells = plan.layout.chunk(index)
    row = {"status": LOST, "message": message, "traceback": "", "found_from": "", "seconds": 0.0}
    return columns_of(cells, [row] * len(cells))


def _named(starts, shown=3):
    more = [f"{len(starts) - shown} more"] if len(starts) > shown else []
    return ", ".join([*starts[:shown], *more])


def _said(solution):
    value = getattr(solution.status, "value", "")
    return " ".join(f"{value}. {solution.message}".split()) if solution.message else str(value)
