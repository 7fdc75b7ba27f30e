"""A written estimate: a million cells on a Dask cluster with a thousand workers, from what their
parts cost on this machine.

Nothing here is timed on a cluster. Measured are a cell of the double well's sweep, what a worker
does once before it, the round trip through Dask of a task that carries the plan, the bytes of task
and answer, the table that the parent fills and the file that it writes. Workers, the parent (with
the scheduler beside it) and the disk work at the same time: the one that needs longest binds.
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
from landscape_control.sweeps.execute import AHEAD
from landscape_control.sweeps.plan import Plan, about, make_plan
from landscape_control.sweeps.problem_kinds import kind_of
from landscape_control.sweeps.store import Store
from landscape_control.sweeps.table import Table
from landscape_control.sweeps.worker import ChunkWorker

WORKERS, SIDE, SMALL = 1000, 1000, 64  # of the cluster; of the grid; cells of a small chunk


def estimate(quick):
    """A paragraph for chunks as ``sweep`` makes them, and for small ones."""
    parts = measured_parts(200 if quick else 1000)
    round_trip, source = task_seconds(parts["text"], 100 if quick else 1000)
    handling = round_trip + parts["take in"]
    carried, cell = len(parts["text"]) + parts["packed"], parts["cell"]
    sentences = [
        (
            f"{SIDE**2} cells on {WORKERS} Dask workers, estimated from this machine: a worker"
            f" imports and builds for {parts['start']:.2g} s, once; a cell takes it"
            f" {1e3 * cell:.2g} ms. A task carries the plan, {len(parts['text']) / 1024:.3g} kB,"
            f" and brings back {parts['packed'] / 1024:.2g} kB for {SMALL} cells. Parent and"
            f" scheduler spend {1e3 * round_trip:.2g} ms on a task ({source}), the parent"
            f" {1e3 * parts['take in']:.2g} ms on filling its table; the file is on the disk after"
            f" {1e3 * parts['keep']:.2g} ms."
        ),
        *(in_words(cells, cell, handling, parts, carried) for cells in (parts["chunk"], SMALL)),
        (
            f"The parent keeps {WORKERS} workers busy if a chunk lasts {WORKERS * handling:.2g} s:"
            f" {WORKERS * handling / cell:.0f} of these cells, or fewer dearer ones. At most"
            f" {parts['ahead']} chunks are in flight."
        ),
    ]
    return " ".join(sentences)


def in_words(cells, cell, handling, parts, carried):
    """What binds with chunks of so many cells."""
    chunks = math.ceil(SIDE**2 / cells)
    rounds = math.ceil(chunks / min(WORKERS, parts["ahead"]))
    needs = {
        "the workers": parts["start"] + rounds * cells * cell,
        "the parent": chunks * handling,
        "the disk": chunks * parts["keep"],
    }
    first, ideal = max(needs, key=needs.get), SIDE**2 * cell / WORKERS
    listed = ", ".join(f"{name} {seconds:.2g} s" for name, seconds in needs.items())
    return (
        f"With {chunks} chunks of {cells} cells {listed}: {first} would bind first ({ideal:.2g} s"
        f" if the work were spread evenly over {WORKERS} workers that are ready; {rounds}"
        f" {'round' if rounds == 1 else 'rounds'} of chunks;"
        f" {chunks * carried / needs[first] / 2**20:.2g} MB/s)."
    )


def measured_parts(times):
    """Seconds, bytes and the plan's text of the double well's sweep."""
    problem, measure = double_well(), lc.measures.cost
    grid = {"discount": np.geomspace(0.01, 3, SIDE), "horizon": np.geomspace(0.5, 10, SIDE)}
    kind, read = kind_of(problem, closed_form=False), (about(measure, measure.name),)
    plan = make_plan(
        problem,
        read_axes(problem, grid),
        read,
        kind=kind,
        options={},
        starts=STARTS,
        seed=0,
        most=SMALL,
    )
    seconds, columns = of_the_worker(plan)
    imports = fresh_process(
        "import time; began = time.perf_counter(); import json, landscape_control.planning.solver\n"
        "print(json.dumps(time.perf_counter() - began))"
    )
    return {
        "cell": statistics.median(seconds) / SMALL,
        "start": imports + max(seconds[0] - statistics.median(seconds), 0.0),
        "text": plan.text,
        "packed": len(pickle.dumps(columns)),
        "chunk": kind.chunk(problem, SIDE**2),
        "ahead": AHEAD,
    } | of_the_parent(plan, columns, times)


def of_the_worker(plan):
    """(seconds of some chunks, the first with what comes before it; the results of one)."""
    began, seconds = time.perf_counter(), []
    worker = ChunkWorker(Plan.from_text(plan.text))
    for index in np.linspace(0, plan.layout.chunks - 1, 9).astype(int):
        columns = worker.chunk(index)
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
    return seconds, columns


def of_the_parent(plan, columns, times):
    """Seconds per chunk until it is on the disk, and to take it into the table."""
    table = Table(plan)
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        store.begin(plan)
        began = time.perf_counter()
        for index in range(times):
            store.keep(plan, index, columns)
        store.settle()
        kept = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(times):
        table.fill(0, columns)
    return {"keep": kept / times, "take in": (time.perf_counter() - began) / times}


def task_seconds(text, count):
    """(seconds of the parent and its scheduler per task that carries ``text``, in words where that
    is from).
    """
    try:
        from dask.distributed import Client, LocalCluster
    except ImportError:
        return 1e-3, "assumed: Dask is not installed here"
    cluster = LocalCluster(
        n_workers=CORES, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, Client(cluster) as client:
        executor = client.get_executor()
        for one in [executor.submit(len, text) for _ in range(10)]:
            one.result()
        began = time.perf_counter()
        for one in [executor.submit(len, text) for _ in range(count)]:
            one.result()
        return (time.perf_counter() - began) / count, f"Dask with {CORES} local workers"
