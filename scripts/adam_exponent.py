"""Adam's best coefficients over horizons and noises, with intervals: the whole map behind the claim
adam-exponent.

    python scripts/adam_exponent.py [--scenarios 400] [--horizons 5 10 20 40 80 160 320] [--noises 0
    0.1 0.3 1 3]
                                    [--random-starts] [--gated] [--csv FILE]

Prints one line per cell: p, β₁, β₂ with their 95 % intervals, beside the exponent q of the best
rule that knows the curvature and that of the full-information policy. ``--gated`` optimises the
gated rule that the claim holds Adam against. Takes minutes.
"""

import argparse
import csv

import numpy as np
from landscape_control.problems import _adam_exponent_programs as programs

from landscape_control.optimisation.scenarios import ScenarioSolver
from landscape_control.policies import AdamFamily

NAMES = ("exponent", "beta1", "beta2")
RANDOM = {"start_mean": 0.0, "start_variance": 1.0}


def optimised(horizon, noise, scenarios, family=None, task=(), **options):
    """A result by one number of scenarios; its optimism is printed, not refused."""
    posed = programs.program(horizon, noise, family=family, **dict(task))
    solver = ScenarioSolver(posed, scenarios=scenarios, most_scenarios=scenarios)
    return solver.solve(throw=False, **options)


def cell(horizon, noise, scenarios, task):
    """Everything printed of one cell."""
    family = AdamFamily(epsilon=programs.EPSILON, beta1=None if noise else 0.0)
    found = optimised(horizon, noise, scenarios, family, task, starts=4)
    plain = optimised(horizon, noise, scenarios, family, task, starts=4, fixed={"exponent": 0.0})
    row = {"horizon": horizon, "noise": noise}
    for name in NAMES:
        low, high = found.intervals.get(name, (0.0, 0.0))
        row |= {name: found.coefficients.get(name, 0.0), f"{name}_low": low, f"{name}_high": high}
    return row | {
        "known": programs.known_exponent(horizon, noise),
        "full_information": programs.full_information(horizon),
        "cost": found.cost,
        "standard_error": found.standard_error,
        "saving": 1 - found.cost / plain.cost,
        "optimism": found.optimism_gap / found.cost,
        "agreed": found.agreed,
        "status": str(found.status),
    }


def show(row):
    spans = "  ".join(
        f"{row[name]:7.4f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]" for name in NAMES
    )
    print(
        f"{row['horizon']:4d} {row['noise']:5g}  {spans}  {row['known']:7.3f}"
        f" {row['full_information']:6.3f}  {row['cost']:8.4f} ± {row['standard_error']:.4f} "
        f" {row['saving']:6.1%}  {row['status']}",
        flush=True,
    )


def gated(scenarios):
    """The gated rule of the claim, from heavy ball and other starts."""
    begin = programs.GATED.embed({"learning_rate": 0.01, "momentum": 0.9}, seed=1)
    result = optimised(40, 1.0, scenarios, programs.GATED, guess=begin, starts=3)
    print(result.summary())
    print({name: np.round(value, 4).tolist() for name, value in result.coefficients.items()})


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenarios", type=int, default=400)
    parser.add_argument("--horizons", type=int, nargs="+", default=[5, 10, 20, 40, 80, 160, 320])
    parser.add_argument("--noises", type=float, nargs="+", default=[0.0, 0.1, 0.3, 1.0, 3.0])
    parser.add_argument(
        "--random-starts", action="store_true", help="θ_0 ~ N(0, 1) in place of θ_0 = 1"
    )
    parser.add_argument("--gated", action="store_true", help="only optimise the gated rule")
    parser.add_argument("--csv", help="write the table here")
    given = parser.parse_args()
    if given.gated:
        return gated(2 * given.scenarios)
    print(
        f"{'T':>4} {'σ':>5}  {'p':>7} {'':16}{'β₁':>7} {'':16}{'β₂':>7} {'':16}{'q':>7}"
        f" {'p_full':>6}  cost, saved by p"
    )
    rows = []
    for horizon in given.horizons:
        for noise in given.noises:
            rows.append(
                cell(horizon, noise, given.scenarios, RANDOM if given.random_starts else {})
            )
            show(rows[-1])
    if given.csv:
        with open(given.csv, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return None


if __name__ == "__main__":
    main()
