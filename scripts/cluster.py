"""A written estimate: millions of cells on a Dask cluster with a thousand workers, from what their
parts cost on this machine; and a real sweep of cheap cells on a cluster of local processes.

Nothing here is timed on a cluster of many machines. Measured are a cell of the double well's sweep,
what a worker does once before it, the time that parent and scheduler spend on a task that carries
the plan and brings back the numbers of a chunk, on keeping a chunk and on filling the table. Workers
and parent (with the scheduler beside it) work at the same time: the one that needs longest binds.
"""

import math
import pickle
import statistics
import tempfile
import time

import numpy as np
from measuring import fresh_process
from sweeps import CORES, STARTS, double_well

import landscape_control as lc
from landscape_control.sweeps.axes import read_axes
from landscape_control.sweeps.bundles import SECONDS, Bundles
from landscape_control.sweeps.plan import Plan, about, make_plan
from landscape_control.sweeps.problem_kinds import kind_of
from landscape_control.sweeps.store import Store
from landscape_control.sweeps.table import Table
from landscape_control.sweeps.worker import ChunkWorker

SIDES, WORKERS = (1000, 3163), (10, 100, 1000)  # of the grids; of the clusters
ASSUMED = 1e-3  # seconds of the scheduler on a task, where Dask is not installed


def estimate(quick):
    """A paragraph: what was measured, and what binds for each grid and each cluster."""
    parts = measured_parts(quick)
    task, source = task_seconds(parts["text"], parts["packed"], 50 if quick else 300)
    parts["task"] = task
    sentences = [
        (
            f"Sweeps on Dask, estimated from this machine: a worker imports and builds for"
            f" {parts['start']:.2g} s, once; a cell of the double well takes it"
            f" {1e3 * parts['cell']:.2g} ms. A task carries the plan,"
            f" {len(parts['text']) / 1024:.3g} kB, and brings back {parts['packed'] / 1024:.2g} kB"
            f" for the {parts['cells']} cells of a chunk. Parent and scheduler spend"
            f" {1e3 * task:.2g} ms on a task ({source}), the parent"
            f" {1e3 * parts['keep']:.2g} ms on keeping a chunk and {1e3 * parts['take in']:.2g} ms on"
            f" filling its table."
        ),
        *(in_words(side**2, workers, parts) for side in SIDES for workers in WORKERS),
        (
            f"Chunks that take less than {SECONDS:g} s are handed out in bundles."
            f" {cheap_cells(quick)}"
        ),
    ]
    return " ".join(sentences)


def in_words(cells, workers, parts):
    """What binds a grid of so many cells on so many workers."""
    chunk = kind_of(double_well(), closed_form=False).chunk(double_well(), cells, group=cells)
    chunks = math.ceil(cells / chunk)
    sizes = bundles_of(chunks, chunk, workers, chunk * parts["cell"])
    scale = chunk / parts["cells"]  # keeping and taking in grow with the cells of a chunk
    needs = {
        "workers": parts["start"] + chunk * parts["cell"] * math.ceil(chunks / workers),
        "parent": len(sizes) * parts["task"] + chunks * scale * (parts["keep"] + parts["take in"]),
    }
    first = max(needs, key=needs.get)
    listed = ", ".join(f"{name} {seconds:.2g} s" for name, seconds in needs.items())
    return (
        f"{cells:.0e} cells, {workers} workers: {chunks} chunks of {chunk} cells in {len(sizes)}"
        f" tasks; {listed}: {first} bind{'s' if first == 'parent' else ''}."
    )


def bundles_of(chunks, cells, workers, seconds):
    """Sizes of the bundles of so many chunks that take so long each."""
    bundles, sizes = Bundles(range(chunks), cells_per_chunk=cells, workers=lambda: workers), []
    bundles.note(seconds, 1)
    while bundles.left:
        sizes.append(len(bundles.made[bundles.take()]))
    return sizes


def measured_parts(quick):
    """Seconds, bytes and the plan's text of the double well's sweep."""
    problem, measure, side = double_well(), lc.measures.cost, SIDES[0]
    grid = {"discount": np.geomspace(0.01, 3, side), "horizon": np.geomspace(0.5, 10, side)}
    kind, described = kind_of(problem, closed_form=False), (about(measure, measure.name),)
    plan = make_plan(
        problem,
        read_axes(problem, grid),
        described,
        kind=kind,
        options={},
        starts=STARTS,
        seed=0,
    )
    first, seconds, columns = of_the_worker(plan, 2 if quick else 4)
    cell = statistics.median(seconds) / len(columns.cells)
    imports = fresh_process(
        "import time; began = time.perf_counter(); import json, landscape_control.planning.solver\n"
        "print(json.dumps(time.perf_counter() - began))"
    )
    return {
        "cell": cell,
        "cells": len(columns.cells),
        "start": imports + max(first - statistics.median(seconds), 0.0),
        "text": plan.text,
        "packed": len(pickle.dumps(columns)),
    } | of_the_parent(plan, columns, 50 if quick else 200)


def of_the_worker(plan, count):
    """(seconds of the first chunk with what comes before it, of some others; results of one)."""
    began, seconds = time.process_time(), []
    worker = ChunkWorker(Plan.from_text(plan.text))
    for index in np.linspace(0, plan.layout.chunks - 1, count + 1).astype(int):
        columns = worker.chunk(index)
        seconds.append(time.process_time() - began)
        began = time.process_time()
    return seconds[0], seconds[1:], columns


def of_the_parent(plan, columns, times):
    """Seconds of this process per chunk: to keep it, and to take it into the table."""
    table = Table(plan)
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        store.begin(plan)
        began = time.process_time()
        for index in range(times):
            store.keep(plan, index, columns)
        store.settle()
        kept = time.process_time() - began
    began = time.process_time()
    for _ in range(times):
        table.fill(0, columns)
    return {"keep": kept / times, "take in": (time.process_time() - began) / times}


def task_seconds(text, size, count):
    """(seconds of the parent and its scheduler per task that carries ``text`` and brings back so
    many bytes, in words where that is from).
    """
    cluster = local_cluster()
    if cluster is None:
        return ASSUMED, "assumed: Dask is not installed here"
    from dask.distributed import Client

    with cluster, Client(cluster) as client:
        executor = client.get_executor()
        for future in [executor.submit(str.ljust, text, size) for _ in range(10)]:
            future.result()
        began = time.process_time()
        for future in [executor.submit(str.ljust, text, size) for _ in range(count)]:
            future.result()
        return (time.process_time() - began) / count, f"Dask with {CORES} local workers"


def cheap_cells(quick):
    """A sweep of exact answers in chunks as small as those of solved cells, on local processes."""
    cluster = local_cluster()
    if cluster is None:
        return ""
    from dask.distributed import Client

    side, chunk = (100 if quick else 316), 97
    bowl = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([0.5, 3.0]), minimum=[0.0, 0.0]),
        start=[1.0, 1.0],
        objective=lc.Objective(horizon=4.0, discount=0.1),
    )
    grid = {"discount": np.geomspace(0.01, 3, side), "horizon": np.geomspace(0.5, 10, side)}
    with cluster, Client(cluster) as client:
        executor = client.get_executor()
        few = {name: values[:2] for name, values in grid.items()}
        lc.sweep(bowl, few, measure="exact_cost", executor=executor)  # workers import
        began, spent = time.perf_counter(), time.process_time()
        lc.sweep(bowl, grid, measure="exact_cost", executor=executor, chunk=chunk)
        seconds, spent = time.perf_counter() - began, time.process_time() - spent
    chunks = math.ceil(side**2 / chunk)
    return (
        f"A real sweep of {side**2} exact cells in {chunks} chunks on {CORES} local Dask workers"
        f" took {seconds:.2g} s; parent and scheduler spent {1e3 * spent / chunks:.2g} ms a chunk."
    )


def local_cluster():
    """Dask on the cores of this machine, None where it is not installed."""
    try:
        from dask.distributed import LocalCluster
    except ImportError:
        return None
    return LocalCluster(
        n_workers=CORES, threads_per_worker=1, processes=True, dashboard_address=None
    )
