"""How the package behaves beside its speed in one solve: start-up, memory, growth with the mesh,
the transcriptions.
"""

import statistics

import numpy as np
from against_reference import FIGURE_1, as_problem, nearby, valley
from measuring import Row, fresh_process, interleave
from reference_losses import DoubleWell
from reference_newton import fine_cost

import landscape_control as lc

_IMPORT = """
import json, sys, time
began = time.perf_counter()
import landscape_control as lc
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "loaded": sum(m in sys.modules for m in ("matplotlib", "skfmm", "tqdm"))}))
"""
# ru_maxrss of a process started by vfork counts its parent too, hence /proc where there is one
_SOLVE = """
import json, resource, sys, time
import landscape_control as lc

def peak():
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 2**10
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)

before, began = peak(), time.perf_counter()
objective = lc.Objective(horizon=4.0, discount=0.1)
solution = lc.solve(lc.ControlProblem(landscape={landscape}, objective=objective, start={start}), tolerance=1e-6, {options})
solved = time.perf_counter() - began
passed = solution.certificate.passed
print(json.dumps({{"solved": solved, "certified": time.perf_counter() - began, "failed": not passed,
                  "before": before, "peak": peak()}}))
"""


def start_up(quick):
    """Import, the cold Figure 1 problem and n = 200, each in fresh processes (the best of them),
    with peak memory.
    """
    imports, few = 5 if quick else 11, 3 if quick else 5
    started = _best(_IMPORT, imports)
    cold = _best(
        _SOLVE.format(
            landscape="lc.double_well()", start=FIGURE_1.start.tolist(), options="starts=2"
        ),
        imports,
    )
    large = _best(
        _SOLVE.format(landscape="lc.rosenbrock(200)", start=valley(200).start.tolist(), options=""),
        few,
    )
    return [
        Row(
            what=f"import landscape_control (best of {imports})",
            ours=1e3 * started["seconds"],
            limit=600.0,
        ),
        Row(
            what="optional packages that the import loads",
            ours=float(started["loaded"]),
            unit="",
            limit=0.0,
        ),
        Row(
            what=f"Figure 1 cold: build, two starts, certificate (best of {imports})",
            ours=1e3 * cold["certified"],
            limit=60.0,
        ),
        Row(
            what="Figure 1 cold: certificates not passed",
            ours=float(cold["failed"]),
            unit="",
            limit=0.0,
        ),
        Row(
            what=f"Rosenbrock n = 200 cold: build + solve (best of {few})",
            ours=1e3 * large["solved"],
        ),
        Row(
            what="Rosenbrock n = 200 cold: build + solve + certificate",
            ours=1e3 * large["certified"],
            limit=1000.0,
        ),
        Row(
            what="Rosenbrock n = 200 cold: certificates not passed",
            ours=float(large["failed"]),
            unit="",
            limit=0.0,
        ),
        Row(
            what="peak memory, Figure 1 (reference: after import)",
            ours=cold["peak"],
            reference=cold["before"],
            unit="MB",
        ),
        Row(
            what="peak memory, n = 200 (reference: after import)",
            ours=large["peak"],
            reference=large["before"],
            unit="MB",
        ),
    ]


def _best(code, runs):
    """The smallest of every number over several fresh processes: other processes only ever add."""
    results = [fresh_process(code) for _ in range(runs)]
    return {name: min(result[name] for result in results) for name in results[0]}


def growth(landscape, numbers, target, name, quick):
    """Exponents p of solve time per iteration and of build time ~ elements^p, fitted from 16
    elements on.

    Linear cost that outgrows the caches shows as about 1.1 to 1.2 over such a range, hence the
    limit.
    """
    counts = [16, 32, 64] if quick else [16, 32, 64, 128, 256]
    line, problem = np.array([numbers.start, target]), as_problem(landscape, numbers)
    solvers, builds, iterations = {}, {count: [] for count in counts}, {}
    for count in 3 * counts:  # three rounds: the smallest build counts, the last solver is kept
        solvers[count] = _fixed_mesh(problem, lc.DiscretisedAction(elements=count))
        solution = solvers[count].solve(guess=line)
        builds[count].append(solution.build_seconds)
        iterations[count] = solution.best.iterations
    builds = [min(builds[count]) for count in counts]
    seconds = interleave(
        {c: lambda s=s: s.solve(guess=line) for c, s in solvers.items()}, 3 if quick else 9
    )
    solves = [min(seconds[count]) / iterations[count] for count in counts]
    few, many = counts[0], counts[-1]
    sizes = f"{many} elements (reference: {few})"
    return [
        Row(
            what=f"{name}: exponent of solve time in elements",
            ours=_slope(counts, solves),
            unit="",
            limit=1.25,
        ),
        Row(
            what=f"{name}: exponent of build time in elements",
            ours=_slope(counts, builds),
            unit="",
            limit=1.25,
        ),
        Row(
            what=f"{name}: solve per iteration, {sizes}",
            ours=1e3 * solves[-1],
            reference=1e3 * solves[0],
        ),
        Row(what=f"{name}: build, {sizes}", ours=1e3 * builds[-1], reference=1e3 * builds[0]),
    ]


def _slope(counts, seconds):
    return float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])


def _fixed_mesh(problem, method, solver="auto"):
    return lc.Solver(problem, method=method, solver=solver, tolerance=1.0)


TRANSCRIPTIONS = {
    "action, 8 x degree 5": lc.DiscretisedAction(elements=8, degree=5),
    "Radau collocation, 12 x degree 4": lc.Collocation(elements=12, degree=4),
    "Gauss collocation, 12 x degree 4": lc.Collocation(elements=12, degree=4, points="gauss"),
    "shooting, 32 x constant u": lc.MultipleShooting(elements=32, degree=0),
    "shooting, 400 x constant u": lc.MultipleShooting(elements=400, degree=0),
    "shooting, 32 x linear u": lc.MultipleShooting(elements=32, degree=1),
}
TRANSCRIPTION_HEADINGS = [
    "Figure 1 on a fixed mesh",
    "optimiser",
    "cost error",
    "order",
    "build",
    "re-solve",
    "iterations",
]


def transcriptions(quick):
    """Every transcription with every optimiser on Figure 1: plain records, ``error`` instead of
    numbers if it failed.
    """
    problem, moved = as_problem(lc.double_well(), FIGURE_1), nearby(FIGURE_1, 1)[0]
    seen = lc.solve(problem)
    exact = fine_cost(
        DoubleWell(),
        moved,
        lambda t: seen.at(np.minimum(t / moved.horizon, 1.0) * FIGURE_1.horizon)[0],
    )
    changes = {"horizon": moved.horizon, "discount": moved.discount, "start": moved.start}
    records = []
    for name, method in TRANSCRIPTIONS.items():
        for plugin in ("fatrop", "ipopt"):
            record = {"transcription": name, "optimiser": plugin, "order": method.order}
            solver = _fixed_mesh(problem, method, plugin)
            try:
                first = solver.solve(guess=seen)
                last = solver.solve(guess=seen, **changes)
                seconds = interleave(
                    {"ours": lambda s=solver: s.solve(guess=seen, **changes)}, 5 if quick else 30
                )["ours"]
                record |= {
                    "cost_error": abs(last.cost - exact),
                    "build_ms": 1e3 * first.build_seconds,
                    "resolve_ms": 1e3 * statistics.median(seconds),
                    "iterations": last.best.iterations,
                }
            except lc.SolveError as failure:
                record["error"] = str(failure)
            records.append(record)
    return records


def transcription_cells(record):
    """One record as texts under TRANSCRIPTION_HEADINGS."""
    if "error" in record:
        return [
            record["transcription"],
            record["optimiser"],
            "failed",
            str(record["order"]),
            "",
            "",
            "",
        ]
    return [
        record["transcription"],
        record["optimiser"],
        f"{record['cost_error']:.1e}",
        str(record["order"]),
        f"{record['build_ms']:.3g} ms",
        f"{record['resolve_ms']:.3g} ms",
        str(record["iterations"]),
    ]
