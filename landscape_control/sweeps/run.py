"""sweep, resume, load_store: a grid of problems solved on all cores, kept on disk, handed back as
one labelled dataset.
"""

import math
import pickle
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from threading import Thread
from typing import Annotated

from ..arguments import Count, Index, Words, checked
from ..arguments import Path as PathName
from ..arrays import whole
from ..errors import ProblemError
from ..measures import ALL, as_measure
from ..policies import PolicyProgram
from ..problem import ControlProblem
from ..recorded_settings import check_given, refuse_withheld, withheld
from ..returned import called
from .adaptors import adaptor_of
from .axes import read_axes
from .columns import NOTES, unpack
from .dataset import make_dataset
from .execute import Lost, cannot_travel, carry_out
from .layout import working_order
from .plan import Plan, about, make_plan
from .processes import cores, start_method
from .progress import Progress
from .store import Store, bytes_of_results, chunks_of, read_plan
from .table import Table, failures
from .versions import check_versions
from .worker import check_code, forget, found_measure, lend, lost_chunk

ALWAYS_FOR_CELLS, BYTES_PER_BYTE_OF_RESULTS = (
    2**27,
    40,
)  # memory for a data set, whatever is on the disk; per byte there
BYTES_PER_CELL, BYTES_PER_VALUE = 80, 16  # of a data set while it is put together (measured)

_PROGRESS = Annotated[
    Callable[[Progress], None] | None,
    Words(
        expected="a function of a Progress, or None", advice="use landscape_control.sweeps.bar()"
    ),
]


@checked
def sweep(
    problem: ControlProblem | PolicyProgram,
    axes: Mapping,
    *,
    measure: object,
    store: PathName | None = None,
    workers: Count | None = None,
    seed: Index = 0,
    executor: Executor | None = None,
    progress: _PROGRESS = None,
    options: Mapping[str, object] | None = None,
    starts: Index | None = None,
    chunk: Count | None = None,
):
    """Solve a problem on a grid of its parameters and measure every solution.

    Parameters
    ----------
    problem : ControlProblem or PolicyProgram, the base
    axes : {name: values}
        A name is a dotted path ("objective.horizon", "learner.sees.noise", "start.0",
        "task.curvatures.low") or its last part where that is unique; a tuple of names moves them
        together, {("horizon", "discount"): [(1, 0.1), ...]}. Values are numbers, or named variants
        {"calm": object, ...}. "seed" is an axis too.
    measure : one or several measures: by name ("cost"), a Measure, "module:function", or a function
    of a solution store : folder, new or empty; what is finished survives there, and the same call
    (or :func:`resume`) goes on from it.
        A sweep is another one too if a measure of the same name has other code.
    workers : processes; None is one per core, 1 stays in this process. The numbers do not depend on
    it. seed : of the multi-start and of measures that draw executor : any
    concurrent.futures.Executor in place of ``workers``, e.g. dask.distributed's
    Client(...).get_executor() progress : called with a :class:`Progress` after every chunk; see
    :func:`bar` and :func:`lines` options : of the solver, e.g. {"tolerance": 1e-8, "method":
    "collocation"} starts : cold starts per cell; None leaves the choice to the solver chunk : cells
    that are handed out together at most; None chooses

    Returns
    -------
    xarray.Dataset
        A dimension per axis, a variable per measure, and in every cell ``status``, ``message``,
        ``traceback`` and ``found_from``. A cell that fails says so there; the sweep goes on.
        Measures of a solution have a value (not NaN, not "") only where it converged, or stopped at
        a cap with its discretisation the only doubt.

    Raises
    ------
    ProblemError
        Unknown axes and measures, values out of a parameter's domain, a store of another sweep, one
        in use, one that cannot be written to.
    """
    measures, addresses = _measures(measure)
    adaptor = adaptor_of(
        problem,
        closed_form=all(one.batch is not None for one in measures),
        any_path=not any(ALL.get(one.name) is one for one in measures),
    )
    axes = read_axes(problem, axes, {*NOTES, *(one.name for one in measures)})
    plan = make_plan(
        problem,
        axes,
        tuple(map(about, measures, addresses)),
        adaptor=adaptor,
        options=options or {},
        starts=starts,
        seed=seed,
        most=chunk,
    )
    adaptor.check(problem, plan.options, starts)
    return _run(plan, measures, store, workers=workers, executor=executor, progress=progress)


@checked
def resume(
    store: PathName,
    *,
    measure: object = None,
    workers: Count | None = None,
    executor: Executor | None = None,
    retry_failed: bool = False,
    progress: _PROGRESS = None,
    options: Mapping[str, object] | None = None,
):
    """Finish a sweep from its folder; damaged chunks are computed again, and with ``retry_failed``
    those with failed cells.

    ``measure`` is needed only for functions that cannot be found by their address, in the order
    they were given; ``options`` for options of the solver that are never taken from a file, such as
    those of an optimiser: give them as to :func:`sweep`. Returns the dataset that an uninterrupted
    run gives. Raises ProblemError as :func:`sweep` does.
    """
    plan = read_plan(store)
    _check_settings(plan, options)
    names = [one["name"] for one in plan.measures]
    if measure is None:
        _check_addresses(plan)
    measures = None if measure is None else _measures(measure)[0]
    if measures is not None and [one.name for one in measures] != names:
        raise ProblemError(
            "measure",
            expected=f"the measures of the store: {', '.join(names)}",
            received=", ".join(one.name for one in measures),
            advice="pass the same functions again",
        )
    for planned, one in zip(plan.measures, measures or (), strict=False):
        check_code(planned, one, vouched=True)
    return _run(
        plan,
        measures,
        store,
        workers=workers,
        executor=executor,
        progress=progress,
        retry_failed=retry_failed,
        resumed=True,
    )


def _check_settings(plan, given):
    """Refuse to solve with settings that only a file asks for."""
    if given is not None and not isinstance(given, Mapping):
        raise ProblemError(
            "options",
            expected="the options of the sweep, {name: value}",
            received=type(given).__name__,
            advice='e.g. options={"options": {"max_iter": 500}}',
        )
    check_given("options of the store", plan.options, given or {})
    refuse_withheld(
        "resume",
        [name for name in withheld(plan.options) if name not in (given or {})],
        "resume(store, options={{{}}})",
    )


def _check_addresses(plan):
    """Refuse functions of Python itself, named by a file, in the place of a user's measures: they
    may do anything.
    """
    for planned in plan.measures:
        module, sign, _ = planned["address"].partition(":")
        if sign and module.partition(".")[0] in {
            *sys.stdlib_module_names,
            *sys.builtin_module_names,
        }:
            raise ProblemError(
                f"measure {planned['name']!r}",
                expected="a function of your own",
                received=f"{planned['address']!r}, of Python's library, in a file",
                advice="if you want it, pass it: resume(store, measure=[...])",
            )


@checked
def load_store(folder: PathName, *, most_bytes: Count | None = None):
    """The dataset of a sweep's folder as far as it is; cells that have not been computed have the
    status "not run".

    ``most_bytes`` is what it may take in memory, by default 128 MB, or forty times the size of the
    results if that is more: a few results, or none, do not make a grid of a hundred million cells.
    Raises ProblemError for a larger one.
    """
    plan = read_plan(folder)
    most = (
        max(ALWAYS_FOR_CELLS, BYTES_PER_BYTE_OF_RESULTS * bytes_of_results(folder))
        if most_bytes is None
        else most_bytes
    )
    needed = plan.cells * (BYTES_PER_CELL + BYTES_PER_VALUE * (len(plan.measures) + len(plan.axes)))
    _check_memory(folder, plan, needed, most)
    table, shapes = Table(plan), set()
    for _, columns in chunks_of(folder, plan):
        for name, column in columns.items():
            if column.ndim > 1 and (name, column.shape[1:]) not in shapes:
                shapes.add((name, column.shape[1:]))
                needed += BYTES_PER_VALUE * plan.cells * math.prod(column.shape[1:])
        _check_memory(folder, plan, needed, most)
        table.fill(columns)
    return make_dataset(plan, table, {})


def _check_memory(folder, plan, needed, most):
    if needed > most:
        raise ProblemError(
            f"store {str(folder)!r}",
            expected=f"a data set of at most {most / 2**20:.0f} MB for the results that are there",
            received=f"{plan.cells} cells that take {needed / 2**20:.0f} MB",
            advice=(
                "a folder that unfolds to so much may be damaged or hostile; if you know where it"
                f" comes from, load(folder, most_bytes={2 * needed}) takes it"
            ),
        )


def _run(
    plan: Plan, measures, folder, *, workers, executor, progress, retry_failed=False, resumed=False
):
    workers = cores() if workers is None else whole("workers", workers)
    if executor is not None and not hasattr(executor, "submit"):
        raise ProblemError(
            "executor",
            expected="a concurrent.futures.Executor",
            received=type(executor).__name__,
            advice="for Dask pass Client(...).get_executor()",
        )
    began = time.perf_counter()
    with nullcontext() if folder is None else Store(folder) as store:
        if store is not None:
            plan = store.begin(plan, resumed=resumed)
        table = Table(plan)
        todo = [
            index
            for index in range(plan.layout.chunks)
            if not _restored(store, index, table, retry_failed)
        ]
        report = _reporter(progress, table, began)
        report()
        if todo:
            workers = min(workers, len(todo))
            _compute(plan, measures, store, table, todo, report, workers, executor)
        timings = {
            "wall_seconds": time.perf_counter() - began,
            "workers": workers if executor is None else type(executor).__name__,
        }
        dataset = make_dataset(plan, table, timings)
        if store is not None and (todo or not store.has_result()):
            store.finish(dataset)
    return dataset


def _restored(store, index, table, retry_failed) -> bool:
    columns = None if store is None else store.read(index, table.plan)
    if columns is None:
        return False
    if retry_failed and failures(columns):
        return False
    table.fill(columns)
    return True


def _compute(plan, measures, store, table, todo, report, workers, executor):
    check_versions(plan.versions)
    order = working_order(todo)
    remote = executor is not None or (workers > 1 and start_method() == "spawn")
    measures = _found(plan) if measures is None else measures
    carried = _carried(plan, measures, executor) if remote else None
    lend(plan.text, measures)
    closing = () if store is None else (store.descriptor,)
    preparation = None
    try:
        for index, packed in carry_out(
            plan, carried, order, workers=workers, executor=executor, closing=closing
        ):
            if isinstance(packed, Lost):
                packed = lost_chunk(plan, index, packed)
            if store is not None:
                store.keep(index, packed)
            table.fill(unpack(packed))
            report()
            if preparation is None and workers > 1:  # workers are running: this process has time
                preparation = Thread(target=_prepare, args=(store is not None,))
                preparation.start()
        if store is not None:
            store.settle()
    finally:
        if preparation is not None:  # at its exit an interpreter must not find it inside HDF5
            preparation.join()
        forget(plan.text)


def _prepare(with_file):
    """Load what the end of a sweep needs."""
    import xarray

    if not with_file:
        return
    from ..records.netcdf import to_bytes
    from ..records.tables import to_table

    to_bytes(
        to_table(xarray.Dataset({"nothing": ("cell", [0.0]), "word": ("cell", [""])}))
    )  # a first one loads more


def _found(plan):
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


def _carried(plan, measures, executor):
    """The measures, where they must travel with the work because a fresh process would not find
    them by address.
    """
    if all(one["address"] and not one["address"].startswith("__main__:") for one in plan.measures):
        return None
    if executor is None or isinstance(
        executor, ProcessPoolExecutor
    ):  # others may know better what they can send
        try:
            pickle.dumps(measures)
        except Exception as error:
            raise cannot_travel(error) from error
    return measures


def _measures(given):
    """(measures, their addresses)"""
    given = given if isinstance(given, list | tuple) else [given]
    if not given:
        raise ProblemError(
            "measure",
            expected="at least one measure",
            received="none",
            advice='e.g. measure=["cost"]',
        )
    measures = tuple(as_measure(one) for one in given)
    names = [one.name for one in measures]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ProblemError(
            "measure",
            expected="different names",
            received=", ".join(names),
            advice=(
                f"keep one {twice[0]!r}"
                if twice[0] in ALL
                else (
                    "give functions names of their own: def final(solution): ..., "
                    "or measures.Measure(name='final', function=lambda cell: ...)"
                )
            ),
        )
    if set(names) & set(NOTES):
        raise ProblemError(
            "measure",
            expected=f"other names than {', '.join(NOTES)}",
            received=", ".join(names),
            advice="these are variables of every sweep; rename the function",
        )
    return measures, [
        one if isinstance(one, str) else measure.address
        for one, measure in zip(given, measures, strict=True)
    ]


def _reporter(progress, table, began):
    restored = table.done

    def report():
        if progress is not None:
            called(
                "progress",
                progress,
                Progress(
                    done=table.done,
                    total=table.cells,
                    failed=table.failed,
                    restored=restored,
                    seconds=time.perf_counter() - began,
                ),
                where=f"{table.done} of {table.cells} cells",
                expected="a function of one Progress that runs",
            )

    return report
