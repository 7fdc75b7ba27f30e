"""Planned courses beside `lc.optimize_policy` and a search from 24 starts, on random problems.

    .venv/bin/python scripts/course_study.py --problems 24 --output results/course_study.json

Spectra, starts, noise (that follows the loss or not), floors and horizons are drawn; each problem is
planned for heavy ball and for Schedule-Free with a rate by three pieces, without limits, or with
--cap and --rise. Resumable:
problems that the file has are not repeated. Prints every problem, the worst last. Part of the table is
frozen beside the claim course-search.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
from landscape_control.problems._course_study import FAMILIES, drawn

import landscape_control as lc
from landscape_control.optimisation import exact_cost
from landscape_control.optimisation.courses.planner import evaluations
from landscape_control.optimisation.courses.search import best_of, improved

STARTS = 24


def compared(seed: int, name: str, limit: dict[str, float]) -> dict:
    """Costs and CPU seconds of the three searches on one problem."""
    task, sees, floor, steps = drawn(seed)
    family, row = FAMILIES[name], {"seed": seed, "family": name, "steps": steps}
    began = time.process_time()
    limits = lc.CourseLimits(floor=floor, **limit)
    course = lc.plan_course(task, family, steps=steps, sees=sees, limits=limits)
    row |= {"course": course.cost, "course_seconds": time.process_time() - began}
    began = time.process_time()
    objective = lc.Objective(horizon=steps, learning_rate=math.inf)
    result = lc.optimize_policy(
        task, family, objective, sees=sees, starts=4, limits=limits, throw=False
    )
    row |= {"policy": checked_cost(result), "policy_seconds": time.process_time() - began}
    began = time.process_time()
    exact, _ = evaluations(course.program, limits)
    points = exact.variables.starts(family, 4 * STARTS, seed=1)
    ends = [improved(exact, one, most=40, enough=1e-7) for one in best_of(exact, points, STARTS)]
    least = min((end.cost for end in ends if end.excess <= 1e-6), default=math.inf)
    row["starts"] = exact.modes.start_loss * math.exp(least)
    row |= {"begun": len(ends), "starts_seconds": time.process_time() - began}
    return row


def checked_cost(result: lc.PolicyResult) -> float:
    """The cost of its policy by the propagation of mean and covariance; ∞ where that overflows."""
    if not all(np.isfinite(np.ravel(value)).all() for value in result.coefficients.values()):
        return math.inf
    try:
        return exact_cost(result.policy, result.program)
    except lc.ProblemError:
        return math.inf


def shown(row: dict) -> str:
    over = row["course"] / min(row["policy"], row["starts"]) - 1
    return (
        f"{over:+9.5f}  {row['family']:13s} seed {row['seed']:3d} T {row['steps']:4d}  course"
        f" {row['course']:.6g} ({row['course_seconds']:.2f} s), policy {row['policy']:.6g}"
        f" ({row['policy_seconds']:.1f} s), {row['begun']} starts {row['starts']:.6g}"
        f" ({row['starts_seconds']:.1f} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=24)
    parser.add_argument("--output", type=Path, default=Path("results/course_study.json"))
    parser.add_argument("--cap", type=float, default=math.inf)
    parser.add_argument("--rise", type=float, default=math.inf)
    given = parser.parse_args()
    limit = {"cap": given.cap, "rise": given.rise}
    rows = json.loads(given.output.read_text()) if given.output.exists() else []
    done = {(row["seed"], row["family"]) for row in rows}
    given.output.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(given.problems):
        for name in FAMILIES:
            if (seed, name) not in done:
                rows.append(compared(seed, name, limit))
                print(shown(rows[-1]), flush=True)
                given.output.write_text(json.dumps(rows, indent=1))
    rows.sort(key=lambda row: row["course"] / min(row["policy"], row["starts"]))
    print("sorted, the worst last:", *map(shown, rows), sep="\n")


if __name__ == "__main__":
    main()
