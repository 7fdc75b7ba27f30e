"""The work of one process: carry out chunks of a plan, keeping its solvers.

Nothing that a cell does stops the others.
"""

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..support.collector import paused_collector
from ..support.errors import ProblemError
from .columns import Columns, columns_of
from .failures import COMPUTED, LOST, MEASURE, USABLE, failure, named_parts, note
from .formulas import formula_columns
from .identity import UNKNOWN, code_of, why_other
from .jobs import Job, improved
from .measures import Cell, Measure, as_measure, plain_value
from .paths import with_values
from .plan import Plan
from .problem_kinds import FormulaRunner, Runner, kind_of
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


def run_chunks(
    plan: str, measures: tuple | None, indices: Sequence[int]
) -> tuple[list[Columns], float]:
    """(results of some chunks, seconds they took), see :func:`run_chunk`."""
    began = time.perf_counter()
    found = [run_chunk(plan, measures, index) for index in indices]
    return found, time.perf_counter() - began


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

    def __init__(self, plan: Plan, measures: Sequence[Measure] | None = None) -> None:
        check_versions(plan.versions)
        self.plan = plan
        self.measures = tuple(measures or map(found_measure, plan.measures))
        self.closed_form = plan.kind == "closed form"
        self.kind = kind_of(plan.problem, closed_form=self.closed_form)
        is_solved = any(measure.needs == "solution" for measure in self.measures)
        self.needed = is_solved and not self.closed_form
        self._outer = {  # parameters of which another value needs another solver
            path for axis in plan.axes if axis.name in plan.structural for path in axis.paths
        }
        self._runners: OrderedDict[tuple[int, ...], Runner | ProblemError] = OrderedDict()

    def chunk(self, index: int) -> Columns:
        """Columns of all cells of a chunk."""
        cells = self.plan.layout.chunk(index)
        with _ONE_AT_A_TIME:
            if self.closed_form:
                return formula_columns(self.plan, self.measures, cells)
            return self._solved(cells)

    def _solved(self, cells: np.ndarray) -> Columns:
        """All cells: solved one after another, compared backwards, measured, and mended."""
        self._shapes: dict[str, tuple] = {}  # of array values, in this chunk
        structures = self.plan.layout.structures(cells)
        jobs = [
            Job(cell=cell, structure=structure)
            for cell, structure in zip(cells.tolist(), structures, strict=True)
        ]
        for job in jobs:
            self._prepare(job)
        for _, group in itertools.groupby(jobs, key=lambda job: job.structure):
            neighbour = None
            own = list(group)
            self._solve_together(own)
            for job in own:
                self._solve(job, neighbour)
                neighbour = job.known = job.solution if job.usable else neighbour
        self._compare(jobs, range(len(jobs) - 1, 0, -1), -1)
        for job in jobs:
            self._measure(job)
        self._mend(jobs)
        return columns_of(cells, [job.measured for job in jobs])

    def _prepare(self, job: Job) -> None:
        began = time.perf_counter()
        try:
            job.values, job.seed = self.plan.values(job.cell)
            job.runner = self._runner(job.structure, job.values)
            job.numbers = self._varying(job.values)
        except (Exception, SystemExit) as error:
            job.failed(error)
        job.seconds += time.perf_counter() - began

    def _solve_together(self, jobs: list[Job]) -> None:
        """Cells of one structure at once, as far as its runner can, where there are many."""
        ready = [job for job in jobs if job.row is None]
        if not (self.needed and ready and hasattr(ready[0].runner, "solve_together")):
            return
        # of the plan: chunks may be of any size
        if self.plan.layout.group < ready[0].runner.least_together:
            return
        began = time.perf_counter()
        with paused_collector():
            found = ready[0].runner.solve_together([(job.numbers, job.seed) for job in ready])
        share = (time.perf_counter() - began) / len(ready)
        for job, solution in zip(ready, found, strict=True):
            job.together = solution
            job.seconds += share

    def _solve(self, job: Job, neighbour: Any) -> None:
        if job.row is not None or not self.needed:
            return
        began = time.perf_counter()
        try:
            if job.together is None:
                job.solution = job.runner.solve(job.numbers, job.seed, neighbour)
            else:
                job.solution = job.together
                if neighbour is not None:
                    job.solution = improved(job, neighbour)
        except (Exception, SystemExit) as error:
            job.failed(error)
        job.seconds += time.perf_counter() - began

    def _compare(self, jobs: list[Job], order: Iterable[int], step: int) -> list[int]:
        """Try the plan of each of these cells ``step`` cells further on; returns what got better."""
        better = []
        for i in order:
            source, job = jobs[i], jobs[i + step]
            if not source.usable or job.solution is None or source.structure != job.structure:
                continue
            began = time.perf_counter()
            if job.replaced(improved(job, source.solution)):
                better.append(i + step)
            job.seconds += time.perf_counter() - began
        return better

    def _measure(self, job: Job) -> None:
        began = time.perf_counter()
        if job.row is None:
            try:
                problem = getattr(job.solution, "problem", None)
                if not problem:
                    problem = with_values(self.plan.problem, job.values)
                cell = Cell(
                    problem=problem, solution=job.solution, solver=job.runner.solver, seed=job.seed
                )
                job.row = self._row(cell)
            except (Exception, SystemExit) as error:
                job.failed(error)
        job.seconds += time.perf_counter() - began
        job.measured["seconds"] = job.seconds

    def _mend(self, jobs: list[Job]) -> None:
        """Where a second look finds a better basin, keep its plan and offer it to both sides."""
        flagged = [
            i
            for i, job in enumerate(jobs)
            if job.measured.get(HIDDEN) is True and hasattr(job.runner, "second_look")
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

    def _runner(self, structure: tuple[int, ...], values: dict) -> Runner:
        """The runner of a structure; what made it fail is remembered too."""
        if structure not in self._runners:
            made: Runner | ProblemError
            try:
                made = self._made(values)
            except ProblemError as error:
                made = error
            self._runners[structure] = made
            if len(self._runners) > MOST_SOLVERS:
                self._runners.popitem(last=False)
        runner = self._runners[structure]
        if isinstance(runner, ProblemError):
            raise runner
        return runner

    def _made(self, values: dict) -> Runner:
        if not self.needed:
            return FormulaRunner()
        outer = {path: value for path, value in values.items() if path in self._outer}
        problem = with_values(self.plan.problem, outer)
        return self.kind.runner(problem, self.plan.options, self.plan.starts)

    def _varying(self, values: dict) -> dict:
        """The values that a runner of this structure takes as numbers."""
        return {path: value for path, value in values.items() if path not in self._outer}

    def _row(self, cell: Cell) -> dict:
        row = {"status": COMPUTED, "message": "", "traceback": "", "found_from": ""}
        if cell.solution is not None:
            solution = cell.solution
            row["status"] = str(solution.status)
            row["solved_by"] = str(getattr(solution, "solver", ""))
            if not solution.status.ok:
                row["message"] = _said(solution)
            best = getattr(solution, "best", None)
            row["found_from"] = _named(sorted(getattr(best, "found_from", ())))
        usable = row["status"] in USABLE
        for measure in self.measures:
            # of a solution that is none a number would look like an answer
            if measure.needs == "solution" and not usable:
                continue
            try:
                value = measure(cell)
                if type(value) is not float:  # most are
                    value = plain_value(value)
                parts = self._parts(measure, value)
            except (Exception, SystemExit) as error:
                note(row, failure(error, MEASURE, f"measure {measure.name!r}"))
                continue
            row |= parts
        return row

    def _parts(self, measure: Measure, value: object) -> dict:
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


def check_code(planned: dict, measure: Measure, *, vouched: bool = False) -> None:
    """Refuse a measure whose code is not that of the plan.

    ``vouched``: the user says that it is, where nobody can know.
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


def _named(starts: Sequence[str], shown: int = 3) -> str:
    named = list(starts[:shown])
    if len(starts) > shown:
        named.append(f"{len(starts) - shown} more")
    return ", ".join(named)


def _said(solution: Any) -> str:
    value = getattr(solution.status, "value", "")
    if not solution.message:
        return str(value)
    return " ".join(f"{value}. {solution.message}".split())
