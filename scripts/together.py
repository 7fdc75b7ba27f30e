"""Cells solved together: per cell, in one process, beside a Newton for this one landscape in C.

The limit (compiled_newton.c) is compiled with the system's C compiler where there is one: Newton
from the same two starts on the same meshes, without error estimate, certificate or anything else.
"""

import ctypes
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import Row

import landscape_control as lc
from landscape_control.planning.batched import BatchSolver
from landscape_control.planning.batched.compiled import KNOWN
from landscape_control.planning.solver.guesses import default_guesses
from landscape_control.planning.solver.mesh import fastest_rate, initial_vertices
from landscape_control.planning.transcription.quadrature import lobatto, lobatto_matrices

START, STARTS, MANY, BETTER = [-0.6, 0.55], 2, 24, 1e-6
ELEMENTS, DEGREE = 8, 5
ROUNDS = 3


def rows(quick):
    """The 400-cell sweep of the double well, a larger one, and more parameters."""
    few, many = (8, 16) if quick else (20, 100)
    return [*_sweeps(few, 0.4, quick), *_sweeps(many, None, quick), *_against_one_by_one(quick)]


def _problem():
    return lc.ControlProblem(
        landscape=lc.double_well(),
        objective=lc.Objective(horizon=4.0, discount=0.1),
        start=START,
    )


def _grid(points):
    return {"discount": np.geomspace(0.01, 3, points), "horizon": np.geomspace(0.5, 10, points)}


def _sweeps(points, limit, quick):
    """Milliseconds per cell of a whole sweep in this process, when it has compiled nothing for its
    structure, and when it has.
    """
    grid = _grid(points)
    first, seconds, reference = [], [], []
    compiled = compiled_newton()

    def swept():
        began = time.process_time()
        found = lc.sweep(_problem(), grid, measure=["cost", "end_basin"], starts=STARTS, workers=1)
        return time.process_time() - began, found

    for _ in range(1 if quick else ROUNDS):
        KNOWN.clear()
        first.append(swept()[0])
        again, found = swept()
        seconds.append(again)
        if compiled is not None:
            reference.append(_compiled_seconds(compiled, _problem(), grid))
    cells = points**2
    ours = 1e3 * np.median(seconds) / cells
    limits = 1e3 * np.median(reference) / cells if reference else None
    by = found["solved_by"].values
    what = f"sweep {points} x {points} in process, {STARTS} starts, a cell"
    return [
        Row(
            what=f"{what}; limit: Newton in C, two starts, no certificate",
            ours=ours,
            reference=limits,
            limit=None if quick else limit,
        ),
        Row(
            what=f"{what}, the first of its structure",
            ours=1e3 * np.median(first) / cells,
            reference=limits,
        ),
        Row(
            what=f"{what}: solved one by one, of {cells}",
            ours=float((by != "newton").sum()),
            unit="",
        ),
        Row(
            what=f"{what}: in a worse basin than {MANY} starts, of a sample",
            ours=float(_overlooked(found, 40 if quick else 100)),
            unit="",
            limit=0.0,
        ),
    ]


def _against_one_by_one(quick):
    """Cells of the Rosenbrock valley, solved together against the Solver in a loop; the time to
    compile for them is counted.
    """
    found = []
    for dimension in (3, 5) if quick else (3, 6, 10):
        start = np.resize([-0.6, 0.55], dimension)
        solver = lc.Solver(
            lc.ControlProblem(
                landscape=lc.rosenbrock(dimension),
                objective=lc.Objective(horizon=2.0, discount=0.1),
                start=start,
            )
        )
        rng = np.random.default_rng(0)
        count = 256 if dimension == 3 else 1024
        horizons = np.exp(rng.uniform(-1, 1.5, count))
        discounts = np.exp(rng.uniform(-4, 0, count))
        cells = [
            {"horizon": horizon, "discount": discount}
            for horizon, discount in zip(horizons, discounts, strict=True)
        ]
        few = cells[:16]
        together = (
            _seconds(lambda: BatchSolver(solver).solve(cells, starts=STARTS))  # noqa: B023
            / count
        )
        solver.solve(starts=STARTS)
        alone = _seconds(lambda: [solver.solve(starts=STARTS, **own) for own in few]) / len(few)  # noqa: B023
        found.append(
            Row(
                what=f"Rosenbrock n = {dimension}, a cell of {count}; reference: one by one",
                ours=1e3 * together,
                reference=1e3 * alone,
                ratio=together / alone,
                limit=0.5,
            )
        )
    return found


def _seconds(run):
    began = time.process_time()
    run()
    return time.process_time() - began


def _overlooked(found, sample):
    """Cells of a sample that many other starts beat."""
    solver, rng = lc.Solver(_problem()), np.random.default_rng(0)
    shape = found["cost"].shape
    wrong = 0
    for cell in rng.choice(found["cost"].size, sample, replace=False):
        i, j = np.unravel_index(cell, shape)
        numbers = {
            "discount": float(found["discount"][i]),
            "horizon": float(found["horizon"][j]),
        }
        best = solver.solve(starts=MANY, seed=1, **numbers).cost
        wrong += float(found["cost"][i, j]) - best > BETTER * (1e-12 + abs(best))
    return wrong


# --- the limit


def compiled_newton():
    """The function of compiled_newton.c; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source = Path(__file__).with_name("compiled_newton.c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "newton.so"
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, str(source), "-lm", "-o", str(library)], check=True)
        return ctypes.CDLL(str(library)).newton


def _compiled_seconds(function, problem, grid):
    """Seconds that it takes for all cells; meshes and guesses are ready-made."""
    nodes, (derivative, _) = lobatto(DEGREE + 1), lobatto_matrices(DEGREE + 1)
    solver = lc.Solver(problem)
    tasks = []
    for discount in grid["discount"]:
        for horizon in grid["horizon"]:
            own = problem.changed(discount=float(discount), horizon=float(horizon))
            places = solver.surveys.of(own, 0)
            rate = fastest_rate(own, places.minima)
            fractions = initial_vertices(ELEMENTS, float(horizon), rate)
            inner = fractions[:-1, None] + np.diff(fractions)[:, None] * nodes.points[:-1]
            at = np.append(inner.ravel(), 1.0)
            guesses = [
                np.ascontiguousarray(guess.states(at, 1.0))
                for guess in default_guesses(own, places, STARTS, 0)
            ]
            tasks.append((horizon * fractions, float(discount), guesses))
    given = [_pointer(np.ascontiguousarray(a)) for a in (nodes.points, nodes.weights, derivative)]
    cost = ctypes.c_double()
    began = time.process_time()
    for vertices, discount, guesses in tasks:
        for guess in guesses:
            function(
                ELEMENTS,
                DEGREE,
                *given,
                _pointer(vertices),
                ctypes.c_double(discount),
                _pointer(guess),
                ctypes.byref(cost),
            )
    return time.process_time() - began


def _pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
