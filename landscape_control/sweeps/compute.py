"""Carry out a plan: what the store has is taken from there, the rest is computed and kept, and all of
it becomes one dataset.

The way of a number: a measure gives it to the row of its cell, the rows of a chunk become columns
(columns.py), columns are put into arrays over the grid (table.py), and these arrays stand in the
dataset (dataset.py). Only where there is a store are columns packed as well, for the disk
(chunk_file.py); only where there are other processes do columns travel.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import nullcontext
from threading import Thread
from typing import TYPE_CHECKING

from ..support.arrays import whole
from ..support.errors import ProblemError
from ..support.processes import Lost, cores
from ..support.returned import called
from .dataset import make_dataset
from .execute import carry_out
from .layout import working_order
from .measures import Measure
from .plan import Plan
from .progress import Progress
from .store import Store
from .table import Table
from .versions import check_versions
from .worker import found_measure, lost_chunk

if TYPE_CHECKING:
    import xarray


def compute(
    plan: Plan,
    measures: tuple | None,
    folder: object,
    *,
    workers: int | None,
    executor: Executor | None,
    progress: Callable[[Progress], None] | None,
    retry_failed: bool = False,
    resumed: bool = False,
) -> "xarray.Dataset":
    """The dataset of a plan; what the store in ``folder`` already has is taken from there."""
    workers = cores() if workers is None else whole("workers", workers)
    began = time.perf_counter()
    with nullcontext() if folder is None else Store(folder) as store:
        if store is not None:
            plan = store.begin(plan, resumed=resumed)
        table = Table(plan)
        todo = list(range(plan.layout.chunks))
        if store is not None:
            todo = [index for index in todo if not _restored(store, index, table, retry_failed)]
        report = _reporter(progress, table, began)
        report()
        if todo:
            workers = min(workers, len(todo))
            _carry_out(plan, measures, store, table, todo, report, workers, executor)
        timings = {
            "wall_seconds": time.perf_counter() - began,
            "workers": workers if executor is None else type(executor).__name__,
        }
        dataset = make_dataset(plan, table, timings)
        if store is not None and (todo or not store.has_result()):
            store.finish(dataset)
    return dataset


def _restored(store: Store, index: int, table: Table, retry_failed: bool) -> bool:
    """Whether a chunk was in the store, and has been taken from there."""
    columns = store.read(index, table.plan)
    if columns is None or (retry_failed and columns.failures):
        return False
    table.fill(index, columns)
    return True


def _carry_out(
    plan: Plan,
    measures: tuple[Measure, ...] | None,
    store: Store | None,
    table: Table,
    todo: list[int],
    report: Callable[[], None],
    workers: int,
    executor: Executor | None,
) -> None:
    check_versions(plan.versions)
    measures = _found(plan) if measures is None else measures
    closing: tuple[int, ...] = ()
    if store is not None and store.descriptor is not None:
        closing = (store.descriptor,)
    finished = carry_out(
        plan, measures, working_order(todo), workers=workers, executor=executor, closing=closing
    )
    preparation = None
    try:
        for index, columns in finished:
            if isinstance(columns, Lost):
                columns = lost_chunk(plan, index, columns)
            if store is not None:
                store.keep(plan, index, columns)
            table.fill(index, columns)
            report()
            if preparation is None and workers > 1:  # workers are running: this process has time
                preparation = Thread(target=_prepare, args=(store is not None,))
                preparation.start()
        if store is not None:
            store.settle()
    finally:
        if preparation is not None:  # at its exit an interpreter must not find it inside HDF5
            preparation.join()
        finished.close()


def _prepare(with_file: bool) -> None:
    """Load what the end of a sweep needs."""
    import xarray

    if not with_file:
        return
    from ..records.netcdf import to_bytes
    from ..records.tables import to_table

    # a first one loads more
    to_bytes(to_table(xarray.Dataset({"nothing": ("cell", [0.0]), "word": ("cell", [""])})))


def _found(plan: Plan) -> tuple[Measure, ...]:
    """The measures of a plan by their addresses."""
    for measure in plan.measures:
        if not measure["address"]:
            raise ProblemError(
                "measure",
                expected=f"the function of {measure['name']!r}, which cannot be found by name",
                received="none",
                advice="pass the measures of the sweep again: resume(store, measure=[...])",
            )
    return tuple(map(found_measure, plan.measures))


def _reporter(
    progress: Callable[[Progress], None] | None, table: Table, began: float
) -> Callable[[], None]:
    restored = table.done

    def report() -> None:
        if progress is None:
            return
        now = Progress(
            done=table.done,
            total=table.cells,
            failed=table.failed,
            restored=restored,
            seconds=time.perf_counter() - began,
        )
        called(
            "progress",
            progress,
            now,
            where=f"{table.done} of {table.cells} cells",
            expected="a function of one Progress that runs",
        )

    return report
