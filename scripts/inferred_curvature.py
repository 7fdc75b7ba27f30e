"""What probing for a hidden curvature is worth over horizons and noises, and what learners without a
belief about curvature cost at the longest: the table behind the claim inferred-curvature.

    python scripts/inferred_curvature.py [--steps 2 3 4 5] [--noises 0.3 1 3] [--learners]

Prints J* with its error from a coarser computation, and the excess over it of certainty equivalence and of the
plan that foresees what it will know; with --learners, of families of learners at the last number
of steps and σ = 1, tuned on other draws, with standard errors and their free numbers. A few minutes.
"""

import argparse
from dataclasses import replace
from functools import partial

from landscape_control.problems._inferred_curvature_grid import Grid, on_grid
from landscape_control.problems._inferred_curvature_learners import (
    draw,
    first_control,
    kinds,
    mean_and_error,
    optimal,
    run,
    tuned,
)
from landscape_control.problems._inferred_curvature_model import (
    Setting,
    certainty_equivalent,
    foreseeing,
)
from landscape_control.problems._inferred_curvature_programs import (
    Accuracy,
    policy_values,
    total_cost,
    values,
)

COARSE, FINE = Grid(), Grid(means=41, differences=37, chances=27)
ACCURACY, ROUGH = Accuracy(nodes=14, scan=9, rounds=1), Accuracy(nodes=11, scan=9, rounds=1)
TRAINING, FRESH, EPISODES = 2048, 11, 8192


def costs(setting, grid, accuracy=ACCURACY):
    """(J*, J of certainty equivalence, J of foresight) on a grid; nested up to T = 3."""
    between = (on_grid(setting, grid),) if setting.steps > 3 else ()
    policies = (partial(certainty_equivalent, setting), partial(foreseeing, setting))
    found = [values(setting, accuracy, *between)]
    found += [policy_values(setting, accuracy, policy, *between) for policy in policies]
    return [total_cost(setting, one[0]) for one in found]


def show_costs(setting):
    """One line of the table."""
    best, certain, foresight = costs(setting, FINE)
    error = abs(best - costs(setting, COARSE, ROUGH)[0])
    print(
        f"T = {setting.steps}  σ = {setting.noise:<4g}  J* = {best:8.4f} ± {error:.4f}"
        f"   certainty equivalence {certain / best - 1:+.4f}   foresight {foresight / best - 1:+.4f}",
        flush=True,
    )


def show_learners(setting):
    """Excess of every family on fresh draws over the optimum on the same ones."""
    between = (on_grid(setting, FINE),) if setting.steps > 3 else ()
    found = values(setting, ACCURACY, *between)
    fresh, training = draw(setting, EPISODES, FRESH), draw(setting, TRAINING, 0)
    start = first_control(setting, ACCURACY, found[1])
    best = run(setting, optimal(setting, ACCURACY, found, start), fresh).costs
    mean, error = mean_and_error(best)
    print(
        f"optimum on draws: {mean:.4f} ± {error:.4f}, its value {total_cost(setting, found[0]):.4f}"
    )
    for name, family in kinds(setting).items():
        free = tuned(setting, family, training, 1500)
        own = run(setting, family[0](free), fresh).costs
        excess, error = mean_and_error(own - best)
        numbers = ", ".join(f"{value:.5f}" for value in free)
        print(
            f"{name:15s} {own.mean():.4f}  excess {excess / mean:.4f} ± {error / mean:.4f}"
            f"   [{numbers}]",
            flush=True,
        )


def main():
    """Read the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=[2, 3, 4, 5])
    parser.add_argument("--noises", type=float, nargs="+", default=[0.3, 1.0, 3.0])
    parser.add_argument("--learners", action="store_true")
    chosen = parser.parse_args()
    if chosen.learners:
        show_learners(Setting(steps=chosen.steps[-1]))
        return
    for steps in chosen.steps:
        for noise in chosen.noises:
            show_costs(replace(Setting(steps=steps), noise=noise))


if __name__ == "__main__":
    main()
