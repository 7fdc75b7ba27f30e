"""Derived optimizers against tuned grids and learning-rate-free peers, at equal steps and equal time.

    python scripts/derived_optimizers.py [--data FOLDER] [--output runs/derived] [--seeds 3]
        [--only logistic digits_mlp] [--stage baselines derived longer] [--again derived] [--table]

FOLDER holds MNIST as IDX files; without it that part is left out. Stages: "baselines" trains SGD,
momentum, Adam, AdamW on 8 rates, constant and cosine, and the peers at their defaults; "derived" the
derived optimizer; "longer" the best of the others for as many steps as fit into the seconds that the
derived run took, its measuring included. Runs that are there are not made again, so that an
interrupted study goes on where it was; --again KIND makes those of a kind anew. --table trains
nothing and prints the tables from what is there; result.nc and the picture lie in OUTPUT.
"""

import argparse
from pathlib import Path

from derived_studies import baselines, derived, parts
from tqdm import tqdm

from landscape_control.support.errors import ProblemError
from landscape_control.training.comparison.runs import compete
from landscape_control.training.comparison.store import RunStore

STAGES = ("baselines", "derived", "longer")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with the IDX files of MNIST")
    parser.add_argument("--output", type=Path, default=Path("runs/derived"))
    parser.add_argument("--seeds", type=int, help="at most so many of each task")
    parser.add_argument("--only", nargs="+", help="names of tasks")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--again", nargs="+", default=(), help="kinds of methods to train anew")
    parser.add_argument("--table", action="store_true", help="train nothing, print the tables")
    return parser.parse_args()


def wanted(options):
    """The parts of the study that are asked for."""
    found = parts(data=options.data, most=options.seeds)
    if options.only is None:
        return found
    names = [part.name for part in found]
    for name in options.only:
        if name not in names:
            raise SystemExit(f"--only: no task {name!r} among {', '.join(names)}")
    return [part for part in found if part.name in options.only]


def train(jobs, store):
    """Make the runs that are not there yet: (task, method, seed, steps) of each."""
    with tqdm(total=len(jobs), unit="run", mininterval=1.0) as bar:
        for task, method, seed, steps in jobs:
            if store.find(task, method, seed, steps) is None:
                found = compete(task=task, method=method, seed=seed, steps=steps)
                store.keep(task, method, seed, found)
                bar.set_postfix_str(
                    f"{task.name} {method.key} seed {seed}: {found.training_loss:.4g}",
                    refresh=False,
                )
            bar.update()


def equal_steps(part, methods, seeds):
    """The runs of a part at the steps of its task."""
    tasks = [part.make(seed=seed) for seed in range(seeds)]
    return [
        (task, method, seed, task.steps) for method in methods for seed, task in enumerate(tasks)
    ]


def main():
    options = parsed()
    import torch

    torch.set_num_threads(1)
    store = RunStore(options.output)
    for kind in options.again:
        print(f"{store.forget(kind)} runs of {kind} removed")
    for part in wanted(options):
        if "baselines" in options.stage:
            train(equal_steps(part, baselines(), part.seeds), store)
        if "derived" in options.stage:
            train(equal_steps(part, derived(), part.derived_seeds), store)


if __name__ == "__main__":
    try:
        main()
    except ProblemError as error:
        raise SystemExit(str(error)) from None
