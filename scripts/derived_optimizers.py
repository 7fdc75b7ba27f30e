"""Derived optimizers against tuned grids and learning-rate-free peers, at equal steps and equal time.

    python scripts/derived_optimizers.py [--data FOLDER] [--output runs/derived] [--seeds 3]
        [--only logistic digits_mlp] [--stage baselines derived longer] [--again derived] [--table]
        [--small]

FOLDER holds MNIST as IDX files; without it that part is left out. Stages: "baselines" trains SGD,
momentum, Adam, AdamW on 8 rates, constant and cosine, and the peers at their defaults; "derived" the
derived optimizer; "longer" the best of the others for as many steps as fit into the seconds that the
derived run took, its measuring included. Runs that are there are not made again, so that an
interrupted study goes on where it was; --again KIND makes those of a kind anew. --table trains
nothing and prints the tables from what is there; result.nc, tables.md and pictures lie in OUTPUT.
--small is three tasks on one seed with three rates in each grid, in about a minute.
"""

import argparse
from pathlib import Path

from derived_picture import ratios_data
from derived_results import OURS, by_task
from derived_studies import baselines, parts, small_parts
from derived_tables import all_tables
from tqdm import tqdm

import landscape_control as lc
from landscape_control.display.plotting import overviews, save
from landscape_control.support.errors import ProblemError
from landscape_control.training.comparison.methods import GRIDS
from landscape_control.training.comparison.runs import compete
from landscape_control.training.comparison.store import RunStore

STAGES = ("baselines", "derived", "longer")
RESULT = "result.nc"


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with the IDX files of MNIST")
    parser.add_argument("--output", type=Path, default=Path("runs/derived"))
    parser.add_argument("--seeds", type=int, help="at most so many of each task")
    parser.add_argument("--only", nargs="+", help="names of tasks")
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--again", nargs="+", default=(), help="kinds of methods to train anew")
    parser.add_argument("--table", action="store_true", help="train nothing, print the tables")
    parser.add_argument("--small", action="store_true", help="a small part of the study")
    return parser.parse_args()


def wanted(options):
    """The parts of the study that are asked for."""
    found = small_parts() if options.small else parts(data=options.data, most=options.seeds)
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
    """The runs of a part at the steps of its task, one seed after the other."""
    tasks = [part.make(seed=seed) for seed in range(seeds)]
    return [
        (task, method, seed, task.steps) for seed, task in enumerate(tasks) for method in methods
    ]


def equal_time(part, results, seeds):
    """The runs of the tuned methods and the peers for as many steps as the derived run's time has.

    That time, measuring and deriving included, and the time of a step of the others are those of
    the runs on seed 0, so that the steps stay the same when more seeds are trained.
    """
    spent = ("seconds", "measuring_seconds", "deriving_seconds")
    total = sum(results.values(OURS, name, [0])[0] for name in spent)
    jobs = []
    for method in longer_methods(results):
        one = results.values(method, "seconds", [0])[0] / results.steps
        steps = max(results.steps, round(total / one))
        jobs += [(part.make(seed=seed), method, seed, steps) for seed in range(seeds)]
    return jobs


def longer_methods(results):
    """The best of each grid, and the peers that keep up with them at equal steps."""
    members = [results.grid(kind) for kind in GRIDS]
    methods = [results.chosen(group, results.seeds(*group)) for group in members]
    free = ("prodigy", "schedule_free_sgd", "schedule_free_adamw")
    return [*methods, *(method for method in results.peers() if method.kind in free)]


def report(options, store):
    """The data set, the tables and the picture of what there is."""
    options.output.mkdir(parents=True, exist_ok=True)
    table = store.table()
    lc.save(table, options.output / RESULT)
    found = by_task(table)
    names = [part.name for part in parts(data=options.data or Path())]
    results = [found[name] for name in names if name in found]
    tables = all_tables(results)
    print(tables)
    (options.output / "tables.md").write_text(tables + "\n", encoding="utf-8")
    compared = [each for each in results if each.has(OURS)]
    groups = {
        "ratios": [each for each in compared if not each.task.startswith("quadratic")],
        "ratios_quadratics": [each for each in compared if each.task.startswith("quadratic")],
    }
    files = [options.output / RESULT]
    for name, group in groups.items():
        if group:
            figure = overviews.loss_ratios(ratios_data(group))
            files.append(save(figure, options.output / name)[0])
    print(f"\n{', '.join(map(str, files))}")


def main():
    options = parsed()
    import torch

    torch.set_num_threads(1)
    store = RunStore(options.output)
    chosen = list(wanted(options))
    for kind in options.again:
        count = store.set_aside(kind, {part.name for part in chosen})
        print(f"{count} runs of {kind} set aside")
    for part in () if options.table else chosen:
        if "baselines" in options.stage:
            methods = baselines(is_small=options.small)
            train(equal_steps(part, methods, part.seeds), store)
        if "derived" in options.stage:
            train(equal_steps(part, [OURS], part.derived_seeds), store)
        if "longer" in options.stage and part.longer_seeds:
            results = by_task(store.table())[part.name]
            train(equal_time(part, results, part.longer_seeds), store)
    report(options, store)


if __name__ == "__main__":
    try:
        main()
    except ProblemError as error:
        raise SystemExit(str(error)) from None
