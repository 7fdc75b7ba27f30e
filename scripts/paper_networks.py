"""The paper's Fig. 2 e, f: networks trained by SGD, Adam and the rule of its notebook.

    python scripts/paper_networks.py --data FOLDER [--panel e] [--seeds 3] [--epochs 10]
        [--output runs/networks] [--resume] [--only sgd ballistic] [--policy FILE]

FOLDER holds MNIST as IDX files (panel e) or the binary version of CIFAR-10 (panel f); --generated
takes made-up images in the place of MNIST. Beside the paper's three stand SGD, Adam and heavy ball
with rates from small grids, chosen on another seed, and in panel e the planned ballistic rule, heavy
ball whose rates, momentum and metric follow from measurements in the run; --only leaves all out but the recipes named,
--policy FILE adds a policy that lc.save wrote, run as it was planned. Everything is resumable, and
bit by bit so on one kind of processor: a checkpoint per run and epoch, result.nc and the picture
lie in OUTPUT/PANEL. A run of panel e takes some 3 s an epoch on one core, of panel f minutes.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

import landscape_control as lc
from landscape_control.display.plotting import overviews, save
from landscape_control.exports.source import policy_of
from landscape_control.support.errors import ProblemError
from landscape_control.training.datasets import generated_images, load_cifar10, load_mnist
from landscape_control.training.panels import PANELS, PUBLISHED_ACCURACY, PUBLISHED_LOSS
from landscape_control.training.pictures import curves_data
from landscape_control.training.recipes import Recipe
from landscape_control.training.study import study

LOADERS = {"e": load_mnist, "f": load_cifar10}


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="folder with the files of the data set")
    source.add_argument("--generated", action="store_true", help="made-up images, panel e only")
    parser.add_argument("--panel", choices=PANELS, default="e")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="by default 10 (e) or 25 (f)")
    parser.add_argument("--output", type=Path, default=Path("runs/networks"))
    parser.add_argument("--resume", action="store_true", help="go on in OUTPUT")
    parser.add_argument("--only", nargs="+", help="keys of the recipes and grids to keep")
    parser.add_argument("--policy", type=Path, help="file of a policy or of its optimisation")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    parser.add_argument("--device", default="cpu", help="of PyTorch, such as cuda")
    return parser.parse_args()


def chosen(panel, only, policy):
    """The panel with the recipes that are wanted."""
    if policy is not None:
        rule = policy_of(lc.load(policy), None, None)
        label = f"planned {rule.family.name}"
        planned = Recipe(
            key="planned", label=label, kind="policy", numbers={"lr": 1.0}, policy=rule,
            style="optimal",
        )  # fmt: skip
        panel = replace(panel, recipes=(*panel.recipes, planned))
    if only is None:
        return panel
    keys = [one.key for one in panel.recipes] + [one.recipe.key for one in panel.grids]
    for key in only:
        if key not in keys:
            raise SystemExit(f"--only: no recipe {key!r} among {', '.join(keys)}")
    return replace(
        panel,
        recipes=tuple(one for one in panel.recipes if one.key in only),
        grids=tuple(one for one in panel.grids if one.recipe.key in only),
    )


class Bar:
    """A progress function with a bar of epochs; epochs after a divergence count as done."""

    def __init__(self):
        self.shown = None

    def __call__(self, progress):
        if self.shown is None:
            self.shown = tqdm(total=progress.total, unit="epoch", mininterval=1.0)
        epoch, numbers = progress.epoch, progress.recipe.numbers
        rate = f"{numbers['lr']:g}" if "lr" in numbers else ""
        self.shown.set_postfix_str(
            f"{progress.recipe.key} {rate} seed {progress.seed}: loss {epoch.training_loss:.4f},"
            f" test {epoch.test_accuracy:.2f} %",
            refresh=False,
        )
        self.shown.update(progress.done - self.shown.n)

    def close(self):
        """End the bar, at its end whether or not the last runs diverged."""
        if self.shown is not None:
            self.shown.update(self.shown.total - self.shown.n)
            self.shown.close()


def tell(table, published):
    """One line per recipe and epoch: mean over seeds, and its deviation where there are several.

    Seeds without a number are counted, not averaged: the mean is that of the others.
    """
    for key in table["recipe"].values:
        row = table.sel(recipe=key)
        print(str(row["label"].values))
        for i, epoch in enumerate(table["epoch"].values):
            loss, accuracy = (row[name].values[:, i] for name in ("training_loss", "test_accuracy"))
            known = np.isfinite(loss) & np.isfinite(accuracy)
            gone = f"{(~known).sum()} of {len(loss)} seeds diverged"
            if not known.any():
                print(f"  epoch {epoch:2d}  {gone}")
                continue
            loss, accuracy = loss[known], accuracy[known]
            line = f"  epoch {epoch:2d}  loss {loss.mean():.4f}"
            line += f" ± {loss.std(ddof=1):.4f}" if len(loss) > 1 else ""
            line += f"  test {accuracy.mean():.2f} %"
            line += "" if known.all() else f"  (the others: {gone})"
            if key == "sgd" and i < len(published[0]):
                line += f"  (published {published[0][i]:.4f}, {published[1][i]:.2f} %)"
            print(line)
    for key, losses in json.loads(table.attrs["tuning"]).items():
        said = ", ".join(
            f"{rate}: " + ("diverged" if loss is None else f"{loss:.4f}")
            for rate, loss in losses.items()
        )
        finite = {rate: loss for rate, loss in losses.items() if loss is not None}
        best, rates = min(finite, key=finite.get), list(losses)
        edge = " (the edge of the grid: a better one may lie outside)"
        where = edge if best in (rates[0], rates[-1]) else ""
        print(f"{key}, loss of the last epoch by rate: {said}; best {best}{where}")


def main():
    options = parsed()
    if options.generated and options.panel != "e":
        raise SystemExit("--generated stands for MNIST: panel e only")
    if options.threads < 1:
        raise SystemExit("--threads: at least 1")
    import torch

    torch.set_num_threads(options.threads)
    panel = chosen(PANELS[options.panel], options.only, options.policy)
    data = generated_images() if options.generated else LOADERS[options.panel](options.data)
    folder, bar = options.output / options.panel, Bar()
    table = study(
        panel=panel,
        data=data,
        output=folder,
        seeds=options.seeds,
        epochs=options.epochs,
        resume=options.resume,
        progress=bar,
        device=options.device,
    )
    bar.close()
    is_published = data.name == "MNIST"
    published = (PUBLISHED_LOSS, PUBLISHED_ACCURACY) if is_published else ((), ())
    tell(table, published)
    picture = save(overviews.training_curves(curves_data(table, *published)), folder / "curves")[0]
    print(f"{folder / 'result.nc'}, {picture}")


if __name__ == "__main__":
    try:
        main()
    except ProblemError as error:
        raise SystemExit(str(error)) from None
