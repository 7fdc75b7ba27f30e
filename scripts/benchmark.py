"""Speed against a reference, as ratios within one run: ``python scripts/benchmark.py [--quick]
[--json FILE] [--profile]``.

The references are NumPy/SciPy Newtons on the same discretised action, solved by
scipy.linalg.solveh_banded (reference_newton.py). Targets are held against ``general``, which takes
any landscape as NumPy functions L, ∇L, ∇²L with full n x n blocks, as one writes it once for all
problems, and forms mesh times and guess from the new numbers. ``lean`` has the sparsity of each
landscape's ∇²L written into it and gets mesh and guess ready-made: it is shown for information and
has no target. Neither returns more than θ and the cost; ours returns a Solution with controls,
costates, status and error estimate. The authors' method is 60 000 Adam steps (first_order.py),
timed as lean NumPy and, where installed, in PyTorch. Planning with beliefs (beliefs.py) is held to
known problems with as many states, ``simulate`` to a hand-written NumPy loop, grids and replanning
to absolute times. Policy programs (policies.py) are held to absolute times beside hand-written
programs under L-BFGS-B, sweeps (sweeps.py) to absolute times and to the time of their cells, cells
solved together (together.py) to an absolute time, with a Newton in C beside them, stores of many
cells (stores.py) to absolute times.

Times are medians of interleaved runs with one BLAS thread, ratios medians over rounds. A missed
target is said plainly but is not a failure: the exit status is 0.
"""

import os

# before NumPy is imported; the fresh processes inherit it
os.environ.update(
    OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", VECLIB_MAXIMUM_THREADS="1"
)

import argparse
import cProfile
import json
import platform
import pstats
import textwrap

import against_reference
import behaviour
import beliefs
import casadi
import cluster
import numpy as np
import policies
import scipy
import stores
import sweeps
import together
from measuring import HEADINGS, aligned

import landscape_control as lc

NOTES = (
    "general: knows only L, ∇L, ∇²L (full blocks) of the landscape; targets are held against it.",
    "lean: sparsity of each ∇²L written in, mesh and guess ready-made; for information, no target.",
    (
        "60000 Adam steps: authors' method; the row held against lean NumPy is the hard one,"
        " PyTorch is what VGR25 used."
    ),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions and sizes: a minute less, noisier"
    )
    parser.add_argument("--json", metavar="FILE", help="also write every number to FILE")
    parser.add_argument(
        "--profile",
        action="store_true",
        help="only show where one re-solve of Figure 1 spends its time",
    )
    options = parser.parse_args()
    if options.profile:
        profile_resolve()
        return
    machine = describe_machine()
    print("  ".join(f"{name} {value}" for name, value in machine.items()))
    rows = report(
        "against the reference Newton and the authors' method",
        against_reference_rows(options.quick),
    )
    rows += report("start-up, memory and growth", behaviour_rows(options.quick))
    rows += report("planning and simulating with beliefs", beliefs.rows(options.quick))
    rows += report("optimising causal rules", policies.rows(options.quick))
    rows += report("sweeps", sweeps.rows(options.quick))
    rows += report("stores of many cells", stores.rows(options.quick))
    rows += report("cells solved together", together.rows(options.quick))
    estimate = cluster.estimate(options.quick)
    records = behaviour.transcriptions(options.quick)
    print(
        "\n".join(
            [
                "",
                *aligned(
                    behaviour.TRANSCRIPTION_HEADINGS, map(behaviour.transcription_cells, records)
                ),
            ]
        )
    )
    judge(rows)
    print("\n".join(["", *NOTES, "", textwrap.fill(estimate, 120)]))
    if options.json:
        result = {
            "machine": machine,
            "quick": options.quick,
            "rows": [row.record() for row in rows],
            "transcriptions": records,
            "cluster": estimate,
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1, ensure_ascii=False)


def against_reference_rows(quick):
    return [
        *against_reference.figure_1(quick),
        *against_reference.rosenbrock(10, quick, tolerance=1e-8, limit=3.0),
        *against_reference.rosenbrock(50, quick, tolerance=1e-6, limit=2.0),
        *against_reference.authors_method(quick),
    ]


def behaviour_rows(quick):
    valley = against_reference.valley(10)
    return [
        *behaviour.start_up(quick),
        *behaviour.growth(
            lc.double_well(), against_reference.FIGURE_1, [1.0575, 0.0], "n = 2", quick
        ),
        *behaviour.growth(lc.rosenbrock(10), valley, np.ones(10), "n = 10", quick),
    ]


def report(title, rows):
    print("\n".join(["", title, *aligned(HEADINGS, [row.cells() for row in rows])]), flush=True)
    return rows


def judge(rows):
    judged = [row for row in rows if row.met is not None]
    missed = [row.what for row in judged if not row.met]
    print(f"\n{len(judged) - len(missed)} of {len(judged)} targets met.")
    print("\n".join(f"MISSED: {what}" for what in missed))


def describe_machine():
    return {
        "landscape_control": lc.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "casadi": casadi.__version__,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def profile_resolve(count=500):
    contest = against_reference.figure_1_contest()
    variants = against_reference.nearby(against_reference.FIGURE_1, 10)
    profiler = cProfile.Profile()
    for i in range(2 * count):
        if i == count:  # the first half warms every cache up
            profiler.enable()
        contest.ours(variants[i % len(variants)], contest.previous)
    profiler.disable()
    pstats.Stats(profiler).strip_dirs().sort_stats("cumulative").print_stats(40)
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
