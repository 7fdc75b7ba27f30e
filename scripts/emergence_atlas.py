"""The emergence atlas in full: which family is best over horizon, curvature spread, discount and
task drift, against noise.

    python scripts/emergence_atlas.py [--output runs/atlas] [--cells 20] [--workers 2] [--only noise
    drift]

The maps are noise, schedule, spread, discount and drift. Each is a sweep in a folder of its own
that can be interrupted and resumed; its labelled data (result.nc) and its picture lie there. Small
versions of the first and the last are the claims emergence-atlas and emergence-atlas-drift, part of
``make reproduce``.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from landscape_control.problems import emergence_atlas_drift
from landscape_control.problems.emergence_atlas import FALLING, FAMILIES, atlas, problem, run
from landscape_control.problems.pictures import find_picture

import landscape_control as lc
from landscape_control.display.plotting import save
from landscape_control.sweeps import lines

NOISES = (0.01, 3.0)
STARTS = 4


def noise_map(cells):
    """Horizon against noise: constant coefficients, terminal loss, free movement."""
    horizons = np.unique(np.geomspace(1, 100, cells).round().astype(int))
    return problem(), FAMILIES, ("horizon", horizons), "horizon T"


def schedule_map(cells):
    """The same, where the learning rate may also fall like 1/t, alone or beside momentum."""
    program, families, vertical, words = noise_map(cells)
    beside = lc.policies.Scheduled(family=FAMILIES["heavy_ball"], shape=lc.policies.InverseTime())
    return program, families | FALLING | {"scheduled_heavy_ball": beside}, vertical, words


def spread_map(cells):
    """Curvature spread high/low against noise, at T = 20."""
    spreads = np.geomspace(1.5, 100, cells)
    named = {f"{spread:.4g}": lc.Uniform(1 / spread, 1.0) for spread in spreads}
    program = replace(problem(), objective=lc.Objective(horizon=20, learning_rate=math.inf))
    return program, FAMILIES, ("task.curvatures", named), "curvature spread"


def discount_map(cells):
    """Discount against noise, running loss over T = 50: impatience shortens the horizon from
    within.
    """
    program = replace(
        problem(), cost="running", objective=lc.Objective(horizon=50, learning_rate=math.inf)
    )
    return program, FAMILIES, ("discount", np.geomspace(0.01, 3.0, cells)), "discount γ"


def drift_map(cells):
    """Rate of a moving minimum against noise, running loss with effort, T = 50: weight decay is a
    family as well.
    """
    rates = np.geomspace(0.002, 0.5, cells)
    return (
        emergence_atlas_drift.problem(50),
        emergence_atlas_drift.FAMILIES,
        ("task.minimum.rate", rates),
        "task drift λ",
    )


MAPS = {
    "noise": noise_map,
    "schedule": schedule_map,
    "spread": spread_map,
    "discount": discount_map,
    "drift": drift_map,
}


def draw(dataset, families, words, folder):
    """The picture of one map."""
    values = np.array([float(value) for value in dataset[dataset["cost"].dims[1]].values])
    data = atlas(dataset, families) | {
        "horizons": values,
        "horizontal_name": "gradient noise σ",
        "vertical_name": words,
    }
    return save(find_picture("emergence_atlas")(data), folder / "atlas")[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/atlas"))
    parser.add_argument("--cells", type=int, default=20, help="cells along each axis")
    parser.add_argument(
        "--workers", type=int, default=None, help="processes; one per core by default"
    )
    parser.add_argument("--only", nargs="+", choices=MAPS, default=list(MAPS))
    options = parser.parse_args()
    for name in options.only:
        program, families, vertical, words = MAPS[name](options.cells)
        folder = options.output / name
        dataset = run(
            program,
            vertical,
            ("sees.noise", np.geomspace(*NOISES, options.cells)),
            starts=STARTS,
            families=families,
            store=folder,
            workers=options.workers,
            progress=lines(print),
        )
        picture = draw(dataset, families, words, folder)
        print(
            f"{name}: {dataset.attrs['cells']} cells, {dataset.attrs['failed']} failed; {picture}"
        )


if __name__ == "__main__":
    main()
