"""Stores of many cells: how long they take to be read, resumed and drawn, in bytes and seconds.

The cells are made up: chunks go through the writer that sweeps use, and nothing is solved. Each row
is a fresh process, whose CPU time counts from its start, imports included.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from measuring import Row, fresh_process
from sweeps import STARTS, double_well

from landscape_control.sweeps.axes import read_axes
from landscape_control.sweeps.chosen_measures import chosen_measures
from landscape_control.sweeps.columns import Columns, words_of
from landscape_control.sweeps.plan import about, make_plan
from landscape_control.sweeps.problem_kinds import kind_of
from landscape_control.sweeps.store import Store

MEASURES = ["cost", "escaped", "straightness", "policy_rule"]
RULES = np.array(["gradient_descent", "natural_gradient", "none", "newton"], dtype=object)
GAPS = 500  # one of so many cells has failed

_BEGIN = """
import json, time
import landscape_control as lc

folder = {folder!r}

def memory(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 2**10
"""
_END = """
print(json.dumps({"seconds": time.process_time(), "cells": int(found["status"].size)}))
"""
_RESUME = "found = lc.resume(folder)"
_OPEN = "found = lc.load(folder)"
_RESULT = "found = lc.load(folder + '/result.nc')"
_SAVE = "found = lc.load(folder + '/result.nc'); lc.save(found, folder + '.nc')"
_DESCRIBE = (
    "found = lc.load(folder); from landscape_control.sweeps import describe; describe(found)"
)
_DRAW = f"""
from landscape_control.display.plotting import save, sweep_maps
found = lc.load(folder)
save(sweep_maps(found, {MEASURES}), folder + "_maps")
"""
_MEMORY = """
import h5netcdf, numpy, xarray
xarray.Dataset({"nothing": ("cell", [0.0])})
before = memory("VmRSS:")
found = lc.resume(folder)
peak = memory("VmHWM:") - before
print(json.dumps({"dataset": found.nbytes / 2**20, "peak": peak}))
"""


def rows(quick):
    """All rows."""
    side = 100 if quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        chunks = fill(store, side)
        cells = f"store of {side**2} cells in {chunks} chunks"
        found = [
            Row(what=f"{cells}: on disk, a cell", ours=bytes_of(store) / side**2, unit="B"),
            _timed(f"{cells}: resume that finds all chunks, and writes the result", store, _RESUME),
            _timed(f"{cells}: resume", store, _RESUME, None if quick else 5.0),
            _timed(f"{cells}: open the folder", store, _OPEN, None if quick else 5.0),
            _timed(f"{cells}: describe", store, _DESCRIBE, None if quick else 5.0),
        ]
        result = (store / "result.nc").stat().st_size
        return [
            *found,
            Row(what=f"{cells}: result.nc, a cell", ours=result / side**2, unit="B"),
            _timed(f"{cells}: load result.nc", store, _RESULT, None if quick else 4.0),
            _timed(f"{cells}: load and save it again", store, _SAVE, None if quick else 5.0),
            _timed(f"{cells}: four maps, PNG and PDF", store, _DRAW, None if quick else 15.0),
            *_memory(cells, store),
        ]


def _timed(what, store, code, limit=None):
    """A row for code in a fresh process: CPU seconds, with the imports."""
    found = fresh_process(_BEGIN.format(folder=str(store)) + code + _END)
    return Row(what=what, ours=found["seconds"], unit="s", limit=limit)


def _memory(cells, store):
    """The peak of a resume, beside the data set that it returns."""
    if not Path("/proc/self/status").exists():
        return []
    found = fresh_process(_BEGIN.format(folder=str(store)) + _MEMORY)
    what = f"{cells}: peak of resume beyond what was there (reference: data set)"
    return [Row(what=what, ours=found["peak"], reference=found["dataset"], unit="MB")]


def bytes_of(store):
    """What the chunks take on the disk."""
    return sum(chunk.stat().st_size for chunk in (store / "chunks").iterdir())


# --- cells that nobody solved


def fill(store, side):
    """Fill a store with made-up numbers; the number of its chunks."""
    plan = plan_of(side)
    with Store(store) as opened:
        plan = opened.begin(plan)
        for index in range(plan.layout.chunks):
            opened.keep(plan, index, made_up(plan.layout.chunk(index), side))
        opened.settle()
    return plan.layout.chunks


def plan_of(side):
    """The plan of a sweep of the double well over as many discounts as horizons."""
    measures, addresses = chosen_measures(MEASURES)
    problem = double_well()
    grid = {"discount": np.geomspace(0.03, 10, side), "horizon": np.geomspace(0.3, 8, side)}
    return make_plan(
        problem,
        read_axes(problem, grid),
        tuple(map(about, measures, addresses)),
        kind=kind_of(problem, closed_form=False),
        options={},
        starts=STARTS,
        seed=0,
    )


def made_up(cells, side):
    """Columns of these cells: numbers that do not compress, words in bands, some failures."""
    random, count = np.random.default_rng(int(cells[0])), len(cells)
    gaps = random.random(count) < 1 / GAPS
    x, y = (places / side for places in np.unravel_index(cells, (side, side)))
    band = np.floor(6 * np.abs(np.sin(3 * x + 2 * y * y) + 0.3 * np.cos(9 * y))).astype(int) % 4
    message = [
        f"refused. cell {cell}" if gap else "" for cell, gap in zip(cells, gaps, strict=True)
    ]
    starts = random.choice(["straight", "nearest minimum", "straight, nearest minimum"], count)
    words = {
        "status": np.where(gaps, "refused", "converged"),
        "message": message,
        "traceback": [""] * count,
        "found_from": starts,
        "solved_by": np.where(random.random(count) < 0.99, "newton", "fatrop"),
        "value policy_rule": np.where(gaps, "", RULES[band]),
    }
    numbers = {
        "seconds": 1e-3 * random.random(count),
        "value cost": np.where(gaps, np.nan, np.sin(3 * x) * y + 1e-9 * random.random(count)),
        "value escaped": band % 2 == 0,
        "value straightness": np.where(gaps, np.nan, random.random(count)),
    }
    missing = {name: gaps for name in (*numbers, *words) if name.startswith("value ")}
    return Columns(
        cells=cells,
        numbers=numbers,
        words={name: words_of(map(str, texts)) for name, texts in words.items()},
        missing=missing if gaps.any() else {},
    )


if __name__ == "__main__":
    print(json.dumps([row.record() for row in rows(quick=True)], indent=1))
