"""When does it pay to leave the nearer minimum? A sweep of the double well over discount and
horizon. Copy and change.

    python scripts/escape_sweep.py [--output runs/escape] [--cells 20] [--workers 2]

The folder holds the labelled data (result.nc), a picture of the maps, and atlas.html: a page that
shows, for the cell one points at, the optimal trajectory beside the classic rules. Interrupt it and
start it again: it goes on where it was.
"""

import argparse
from pathlib import Path

import numpy as np

import landscape_control as lc
from landscape_control.display.plotting import save, sweep_maps
from landscape_control.display.report import write_atlas
from landscape_control.sweeps import lines

PROBLEM = lc.ControlProblem(
    landscape=lc.double_well(),
    start=[-0.6, 0.55],
    objective=lc.Objective(horizon=4.0, discount=0.1),
)
MEASURES = [
    "cost",
    "escaped",
    "policy_rule",
    "cheapest_rule",
    "best_regret",
    "hidden_basin",
    "trajectory",
    "rule_trajectories",
]
SHOWN = ["cost", "escaped", "policy_rule", "cheapest_rule"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/escape"))
    parser.add_argument("--cells", type=int, default=20, help="cells along each axis")
    parser.add_argument(
        "--workers", type=int, default=None, help="processes; one per core by default"
    )
    options = parser.parse_args()
    axes = {
        "discount": np.geomspace(0.03, 10.0, options.cells),
        "horizon": np.geomspace(0.3, 8.0, options.cells),
    }
    atlas = lc.sweep(
        PROBLEM,
        axes,
        measure=MEASURES,
        store=options.output,
        workers=options.workers,
        progress=lines(print),
    )
    picture, _ = save(sweep_maps(atlas, SHOWN), options.output / "maps")
    write_atlas(atlas, options.output / "atlas.html")
    escaped = float((atlas["escaped"] > 0).mean())
    print(
        f"leaving pays in {escaped:.0%} of {atlas.attrs['cells']} cells; {picture},"
        f" {options.output / 'atlas.html'}"
    )


if __name__ == "__main__":
    main()
