"""What the picture of the study of derived optimizers shows, from its runs."""

import numpy as np
from derived_results import OURS

from landscape_control.training.comparison.methods import GRIDS, LABELS, Method
from landscape_control.training.comparison.scores import ratio

RULES = {"sgd": "sgd", "momentum": "heavy_ball", "adam": "adam", "adamw": "adamw"}
FREE = {
    Method(kind="schedule_free_sgd"): "schedule_free",
    Method(kind="prodigy"): "proximal",
    Method(kind="adam", rate=1e-3): "rmsprop",
}


def ratios_data(results):
    """For ``overviews.loss_ratios``: tuned methods and peers over the derived run, by task."""
    rows = [_row(each) for each in results]
    longest = max(len(runs) for _, runs in rows)
    padded = [np.pad(runs, (0, longest - len(runs)), constant_values=np.nan) for _, runs in rows]
    found = np.array([[(one.value, one.low, one.high) for one in row] for row, _ in rows])
    return {
        "tasks": [each.task.replace("_", " ") for each in results],
        "methods": [f"{LABELS[kind]}, best of its grid" for kind in GRIDS]
        + [method.label for method in FREE],
        "rules": [*(RULES[kind] for kind in GRIDS), *FREE.values()],
        "ratios": found[..., 0],
        "low": found[..., 1],
        "high": found[..., 2],
        "runs": np.array(padded),
        "against": "the derived optimizer",
        "title": "equal steps: right of the line the derived optimizer is better",
    }


def _row(results):
    """Ratios of one task, and those of all members of its grids."""
    members = [method for kind in GRIDS for method in results.grid(kind)]
    seeds = results.seeds(OURS, *members)
    ours = results.values(OURS, seeds=seeds)
    tuned = results.tuned(seeds)
    compared = [*(tuned[kind] for kind in GRIDS), *FREE]
    found = [ratio(results.values(method, seeds=seeds), ours) for method in compared]
    return found, results.grid_losses(members, seeds).mean(axis=1) / ours.mean()
