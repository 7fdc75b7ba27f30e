"""All recipes of a panel on several seeds, tuned ones among them: resumable, one labelled data set."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..records import load, save
from ..support.arguments import Count, checked
from ..support.arguments import Path as PathName
from ..support.errors import ProblemError
from .datasets import ImageData
from .panels import Panel
from .recipes import Grid, Recipe, written
from .runs import Epoch, Run, train

if TYPE_CHECKING:
    import xarray

TUNING_SEED = 1000  # not among the seeds that are reported
RESULT, RUNS = "result.nc", "runs"

_CURVES = {
    "training_loss": ("mean cross entropy of the training images while the epoch runs", "nat"),
    "test_loss": ("mean cross entropy of the test images after the epoch", "nat"),
    "test_accuracy": ("test images that are right after the epoch", "percent"),
    "seconds": ("processor time of the epoch, without the test", "s"),
}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a study is: epochs that are done of all, and the run and epoch that just ended."""

    done: int
    total: int
    recipe: Recipe
    seed: int
    epoch: Epoch


@checked
def study(
    *,
    panel: Panel,
    data: ImageData,
    output: PathName,
    seeds: Count = 3,
    epochs: Count | None = None,
    resume: bool = False,
    progress: Callable[[Progress], object] | None = None,
    device: str = "cpu",
) -> "xarray.Dataset":
    """Train every recipe of a panel on the seeds 0, 1, ...; choose the rates of its grids before.

    A rate is chosen by the training loss over the last epoch on a seed of its own (1000), in runs
    as long as the reported ones; the test images have no part in it. The chosen one is then trained
    on the reported seeds like the others.

    Parameters
    ----------
    output : folder for the checkpoints of all runs, runs/KEY-seedN.pt (of grids KEY-RATE-seedN.pt,
        so that a longer study may choose another rate, of derived rules KEY-T-epochs-seedN.pt), and the result, result.nc
    seeds : how many
    epochs : of every run; by default those of the panel
    resume : go on in a folder that has runs: what is finished is not trained again, what was
        interrupted goes on from its last whole epoch. An earlier result with numbers that the new
        one lacks (of more recipes, seeds or epochs, other rates) is kept as result-1.nc, -2, ...
    progress : called after every epoch that was trained
    device : of PyTorch, such as "cuda"

    Returns
    -------
    xarray.Dataset over recipe, seed, epoch: training_loss, test_loss, test_accuracy, seconds, and
    diverged (recipe, seed), the epoch in which the loss was no finite number, 0 for none. Saved
    with ``lc.save``; its attributes say what was trained and how the rates were chosen.

    Raises ProblemError: data that the panel is not about, a folder with runs without ``resume``,
    runs of other settings in it, a grid of which every run diverged.
    """
    if data.name not in (panel.data, "generated"):
        raise ProblemError(
            f"data of panel {panel.name}",
            expected=panel.data,
            received=data.name,
            advice="load the data set that the panel is about",
        )
    if not panel.recipes and not panel.grids:
        raise ProblemError(
            f"panel {panel.name}",
            expected="a recipe or a grid at least",
            received="neither",
            advice="give the panel a tuple of recipes, or a grid of them",
        )
    length = panel.epochs if epochs is None else epochs
    trainer = _Trainer(
        panel=panel, data=data, folder=_folder(Path(output), resume), length=length, seeds=seeds
    )
    trainer.progress, trainer.device = progress, device
    chosen = [(recipe, _stem(recipe, length)) for recipe in panel.recipes]
    tuning: dict[str, dict[str, float | None]] = {}
    for grid in panel.grids:
        recipe, losses = _tuned(grid, trainer)
        chosen.append((recipe, _at_rate(recipe)))
        tuning[grid.recipe.key] = losses
    runs = [[trainer.run(recipe, seed, stem) for seed in range(seeds)] for recipe, stem in chosen]
    table = _table([recipe for recipe, _ in chosen], runs, length)
    table.attrs = {
        "panel": panel.name,
        "network": panel.network_name,
        "data": f"{data.name}, sha256 {data.digest}",
        "batch": panel.batch,
        "tuning": json.dumps(tuning),
        "tuning_seed": TUNING_SEED,
        "torch": _torch_version(),
    }
    _set_aside(Path(output) / RESULT, table)
    save(table, Path(output) / RESULT)
    return table


def _set_aside(path: Path, table: "xarray.Dataset") -> None:
    """Give an earlier result another name, result-1.nc and so on, unless the new one holds it all."""
    if not path.exists() or _holds(table, path):
        return
    number = 1
    while (kept := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists():
        number += 1
    path.rename(kept)


def _holds(table: "xarray.Dataset", path: Path) -> bool:
    """Whether every number of an earlier result stands in the table too."""
    try:
        earlier = load(path)
        names = ("recipe", "seed", "epoch")
        inside = {name: earlier[name].values for name in names}
        if any(not np.isin(inside[name], table[name].values).all() for name in names):
            return False
        part = table.sel(inside)
        return all(earlier[name].equals(part[name]) for name in earlier.data_vars)
    except (ProblemError, OSError, KeyError, TypeError, AttributeError):  # damaged, or another file
        return False


def _folder(output: Path, resume: bool) -> Path:
    """The folder of the checkpoints, made where it is not there."""
    runs = output / RUNS
    if any(runs.glob("*.pt")) and not resume:
        raise ProblemError(
            "output",
            expected="a new folder, or the wish to resume (--resume)",
            received=f"{output}, which has runs",
            advice="resume, or choose another folder",
        )
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProblemError(
            "output",
            expected="a folder that can be made",
            received=str(error),
            advice="choose another folder, or check the permissions",
        ) from error
    return runs


class _Trainer:
    """Trains into one folder and counts epochs."""

    progress: Callable[[Progress], object] | None = None
    device = "cpu"

    def __init__(
        self, *, panel: Panel, data: ImageData, folder: Path, length: int, seeds: int
    ) -> None:
        self.panel, self.data, self.folder, self.length = panel, data, folder, length
        count = sum(len(grid.rates) for grid in panel.grids)
        count += seeds * (len(panel.recipes) + len(panel.grids))
        self.done, self.total = 0, count * length

    def run(self, recipe: Recipe, seed: int, stem: str) -> Run:
        """One run, kept under ``stem``; epochs that were trained before count as done."""
        begun, trained = self.done, [0]

        def report(recipe: Recipe, seed: int, epoch: Epoch) -> None:
            trained[0] += 1
            if self.progress is not None:
                done = begun + epoch.number
                self.progress(
                    Progress(done=done, total=self.total, recipe=recipe, seed=seed, epoch=epoch)
                )

        run = train(
            panel=self.panel,
            recipe=recipe,
            data=self.data,
            seed=seed,
            epochs=self.length,
            checkpoint=self.folder / f"{stem}-seed{seed}.pt",
            report=report,
            device=self.device,
        )
        self.done = begun + self.length
        return run


def _tuned(grid: Grid, trainer: _Trainer) -> tuple[Recipe, dict[str, float | None]]:
    """The recipe at its best rate, and the loss of every rate, None where it diverged."""
    losses = {}
    for recipe in grid.recipes():
        run = trainer.run(recipe, TUNING_SEED, _at_rate(recipe))
        losses[recipe.numbers["lr"]] = float(
            run.curve("training_loss", trainer.length)[trainer.length - 1]
        )
    finite = {rate: loss for rate, loss in losses.items() if math.isfinite(loss)}
    if not finite:
        raise ProblemError(
            f"grid of {grid.recipe.key}",
            expected="a rate at which the loss stays finite",
            received=f"none among {', '.join(f'{rate:g}' for rate in losses)}",
            advice="add smaller rates",
        )
    best = min(finite, key=finite.__getitem__)
    words = f"{grid.recipe.label}, lr {written(best)}"
    stored = {written(rate): finite.get(rate) for rate in losses}
    return replace(grid.recipe.at(best), label=words), stored


def _stem(recipe: Recipe, length: int) -> str:
    """Its key, and where it is planned for a number of epochs that number."""
    return f"{recipe.key}-{length}-epochs" if recipe.is_derived else recipe.key


def _at_rate(recipe: Recipe) -> str:
    """Its key with its rate: runs at another rate are other runs."""
    return f"{recipe.key}-{written(recipe.numbers['lr'])}"


def _table(recipes: Iterable[Recipe], runs: list[list[Run]], length: int) -> "xarray.Dataset":
    """The curves of all runs, labelled."""
    import xarray

    recipes = list(recipes)
    dims = ("recipe", "seed", "epoch")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {}
    for name, (words, units) in _CURVES.items():
        values = np.array([[run.curve(name, length) for run in row] for row in runs])
        variables[name] = (dims, values, {"long_name": words, "units": units})
    diverged = np.array([[run.diverged or 0 for run in row] for row in runs])
    variables["diverged"] = (dims[:2], diverged, {"long_name": "epoch of divergence, 0: none"})
    coords = {
        "recipe": [recipe.key for recipe in recipes],
        "label": ("recipe", [recipe.label for recipe in recipes]),
        "style": ("recipe", [recipe.style for recipe in recipes]),
        "settings": ("recipe", [recipe.describe() for recipe in recipes]),
        "seed": np.arange(len(runs[0])),
        "epoch": np.arange(1, length + 1),
    }
    return xarray.Dataset(variables, coords)


def _torch_version() -> str:
    import torch

    return str(torch.__version__)
