"""Sweeps: a whole command, its overhead, basins, closed forms, resuming, two workers, and memory.

The sweep is the double well of Figure 1 with a free end over 20 discounts and 20 horizons, two
starts per cell, as the command ``landscape-control sweep`` in a fresh process. Its time over the
time its cells took, divided by the cores, is the overhead. That every cell is in the better basin
is checked afterwards, against many other starts.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import Row, fresh_process

import landscape_control as lc

START, CORES, STARTS = [-0.6, 0.55], 2, 2
# starts that check a cell, and by how much (relatively) a plan must be cheaper to count
MANY, BETTER = (24, 1e-6)

_FILE = f"""
import landscape_control as lc
problem = lc.ControlProblem(landscape=lc.double_well(), objective=lc.Objective(horizon=4.0, discount=0.1), start={START})
"""
_GRID = """
import json, time
import numpy as np
import landscape_control as lc

def memory(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 2**10

well = lc.ControlProblem(landscape=lc.double_well(), objective=lc.Objective(horizon=4.0, discount=0.1), start={start})
bowl = lc.ControlProblem(landscape=lc.quadratic(hessian=np.diag([0.5, 3.0]), minimum=[0.0, 0.0]), start=[1.0, 1.0],
                         objective=lc.Objective(horizon=4.0, discount=0.1))

def grid(points, discounts=None):
    return {{"discount": np.geomspace(0.01, 3, discounts or points), "horizon": np.geomspace(0.5, 10, points)}}

"""
_MILLION = """
found = lc.sweep(bowl, grid({points}), measure=["exact_cost"], store={store!r})
print(json.dumps({{"cells": int(found["status"].size), "failed": int(found.attrs["failed"]),
                  "wall": found.attrs["wall_seconds"]}}))
"""
_STORE = """
found = lc.sweep(bowl, grid({points}, {discounts}), measure=["exact_cost"], store={store!r}, chunk=97)
print(json.dumps({{"cells": int(found["status"].size)}}))
"""
_SCALING = """
found = lc.sweep(well, grid({points}), measure=["cost"], starts={starts}, workers={workers})
print(json.dumps(found.attrs["wall_seconds"]))
"""
_MEMORY = """
import tracemalloc
import h5netcdf, xarray
lc.sweep(bowl, grid(10), measure=["exact_cost"], workers=2)
tracemalloc.start()
before = memory("VmRSS:")
found = lc.sweep(bowl, grid({points}), measure=["exact_cost"], workers=2, chunk=65536)
kept, peak = tracemalloc.get_traced_memory()
print(json.dumps({{"dataset": found.nbytes / 2**20, "traced": peak / 2**20, "resident": memory("VmHWM:") - before}}))
"""


def rows(quick):
    """All rows."""
    return [
        *command(quick),
        *closed_forms(quick),
        *resuming(quick),
        *scaling(quick),
        *memory(quick),
    ]


# --- a whole command


def command(quick):
    """The command from process start to exit, its overhead over its cells, and the basins
    it found.
    """
    count = 6 if quick else 20
    with tempfile.TemporaryDirectory() as folder:
        runs = [run_command(folder, f"run{i}", count) for i in range(2 if quick else 7)]
        dataset = lc.load(Path(folder) / "run0")
        wrong, worst = overlooked(dataset)
        wall = statistics.median(run["whole"] for run in runs)
        least = min(run["whole"] for run in runs)
        overhead = statistics.median(
            run["wall_seconds"] * CORES / run["solver_seconds"] for run in runs
        )
        inside = statistics.median(run["wall_seconds"] for run in runs)
        shared = statistics.median(run["solver_seconds"] for run in runs) / CORES
        alone = solving_alone(dataset)
    what = f"sweep {count} x {count}, {STARTS} starts, {CORES} workers"
    return [
        Row(
            what=f"{what}: whole command (best {least:.2f} s)",
            ours=wall,
            unit="s",
            limit=None if quick else 2.5,
        ),
        Row(
            what=f"{what}: running; reference: its cells' own time / {CORES}",
            ours=1e3 * inside,
            reference=1e3 * shared,
            ratio=overhead,
            limit=None if quick else 1.5,
        ),
        Row(
            what=f"{what}: cells' own time; reference: the solver in a loop",
            ours=1e3 * shared * CORES,
            reference=1e3 * alone,
            ratio=shared * CORES / alone,
        ),
        Row(
            what=f"{what}: cells in the worse basin, against {MANY} starts",
            ours=float(wrong),
            unit="",
            limit=0.0,
        ),
        Row(
            what=f"{what}: largest excess over {MANY} starts, relative (information)",
            ours=worst,
            unit="",
        ),
    ]


def run_command(folder, name, count):
    """What ``landscape-control sweep --json`` says, and how long it took as a whole."""
    file = Path(folder) / "well.py"
    file.write_text(_FILE, encoding="utf-8")
    axes = [f"--axis=discount=0.01:3:{count}log", f"--axis=horizon=0.5:10:{count}log"]
    settings = [
        f"--starts={STARTS}",
        f"--workers={CORES}",
        f"--store={Path(folder) / name}",
        "--json",
    ]
    arguments = [str(file), *axes, "--measure=cost", "--measure=end_basin", *settings]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "landscape_control.display.cli", "sweep", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"the command failed:\n{done.stderr}")
    return json.loads(done.stdout) | {"whole": seconds}


def double_well():
    """The problem of the command's file."""
    return lc.ControlProblem(
        landscape=lc.double_well(), objective=lc.Objective(horizon=4.0, discount=0.1), start=START
    )


def overlooked(dataset):
    """(cells whose cost many other starts beat, largest relative excess)."""
    solver, excess = lc.Solver(double_well()), []
    for i, discount in enumerate(dataset["discount"].values):
        for j, horizon in enumerate(dataset["horizon"].values):
            best = solver.solve(discount=discount, horizon=horizon, starts=MANY, seed=1).cost
            excess.append((float(dataset["cost"][i, j]) - best) / (1e-12 + abs(best)))
    return sum(one > BETTER for one in excess), max(excess)


def solving_alone(dataset):
    """Seconds of the same cells in a plain loop over ``Solver.solve``, cold."""
    solver = lc.Solver(double_well())
    solver.solve(starts=STARTS)
    began = time.perf_counter()
    for discount in dataset["discount"].values:
        for horizon in dataset["horizon"].values:
            solver.solve(discount=discount, horizon=horizon, starts=STARTS)
    return time.perf_counter() - began


# --- many cells


def _fresh(code, **values):
    began = time.perf_counter()
    found = fresh_process(_GRID.format(start=START) + code.format(**values))
    return found, time.perf_counter() - began


def closed_forms(quick):
    """A million cells of exact quadratic answers, process and imports included, without and with a
    store.
    """
    points, found = 100 if quick else 1000, []
    with tempfile.TemporaryDirectory() as folder:
        for words, store in (("in memory", None), ("in a store", str(Path(folder) / "store"))):
            run, whole = _fresh(_MILLION, points=points, store=store)
            found.append(
                Row(
                    what=f"closed forms, {run['cells']} cells, whole process, {words}",
                    ours=whole,
                    unit="s",
                    limit=None if quick else 10.0,
                )
            )
            found.append(
                Row(
                    what=f"closed forms {words}: cells that failed",
                    ours=float(run["failed"]),
                    unit="",
                    limit=0.0,
                )
            )
    return found


def resuming(quick):
    """The command ``resume`` on a finished store whose many chunks are as small as those of solved
    cells are.
    """
    points, discounts = (100, 100) if quick else (400, 250)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        found, _ = _fresh(_STORE, points=points, discounts=discounts, store=str(store))
        chunks, seconds = len(list((store / "chunks").iterdir())), []
        for _ in range(2 if quick else 5):
            began = time.perf_counter()
            subprocess.run(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "landscape_control.display.cli",
                    "resume",
                    str(store),
                    "--json",
                ],
                capture_output=True,
                check=True,
            )
            seconds.append(time.perf_counter() - began)
    return [
        Row(
            what=f"resume of {found['cells']} finished cells in {chunks} chunks, whole command",
            ours=statistics.median(seconds),
            unit="s",
            limit=None if quick else 2.0,
        )
    ]


def scaling(quick):
    """One worker against two, each in a process of its own: a sweep that follows another cannot
    fork.
    """
    points = 10 if quick else 40
    pairs = [
        [
            _fresh(_SCALING, points=points, starts=STARTS, workers=workers)[0]
            for workers in (1, CORES)
        ]
        for _ in range(1 if quick else 3)
    ]
    one, two = (statistics.median(pair[i] for pair in pairs) for i in range(2))
    return [
        Row(
            what=f"sweep {points} x {points}, running: {CORES} workers; reference: 1 worker",
            ours=1e3 * two,
            reference=1e3 * one,
            ratio=statistics.median(pair[1] / pair[0] for pair in pairs),
        )
    ]


def memory(quick):
    """The parent beyond the dataset it returns, for many cells against few."""
    if not Path("/proc/self/status").exists():
        return []
    few, many = (
        _fresh(_MEMORY, points=points)[0] for points in ((100, 300) if quick else (300, 1000))
    )
    cells = [one**2 for one in ((100, 300) if quick else (300, 1000))]
    beyond = [one["traced"] - one["dataset"] for one in (few, many)]
    return [
        Row(
            what=f"parent's peak beyond its dataset, {cells[1]} cells (reference: {cells[0]})",
            ours=beyond[1],
            reference=beyond[0],
            unit="MB",
        ),
        Row(
            what=f"parent's resident growth, {cells[1]} cells (reference: dataset)",
            ours=many["resident"],
            reference=many["dataset"],
            unit="MB",
        ),
    ]
