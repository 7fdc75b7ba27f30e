"""One training run: a network, a recipe, a seed; kept epoch by epoch, so that it can be resumed."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..support.arguments import Count, Index, checked
from ..support.arguments import Path as PathName
from .batches import Batches
from .checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from .datasets import ImageData
from .networks import torch_module
from .panels import Panel
from .recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """How one epoch of a run went.

    Attributes
    ----------
    number : 1 for the first
    training_loss : mean cross entropy of the training images, each when its batch came
    test_loss, test_accuracy : after the epoch, on the test images; the accuracy in percent
    seconds : processor time, the test left out
    """

    number: int
    training_loss: float
    test_loss: float
    test_accuracy: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run, finished or not.

    ``epochs`` are those that were trained. ``diverged`` : the epoch in which the loss stopped being
    a finite number, which is the last that was begun, or None.
    """

    recipe: Recipe
    seed: int
    epochs: tuple[Epoch, ...]
    diverged: int | None = None

    def curve(self, name: str, length: int) -> np.ndarray:
        """(length,) one number per epoch, by its name in :class:`Epoch`; NaN where there is none."""
        found = [getattr(epoch, name) for epoch in self.epochs[:length]]
        return np.array(found + [math.nan] * (length - len(found)))


Report = Callable[[Recipe, int, Epoch], object]


@checked
def train(
    *,
    panel: Panel,
    recipe: Recipe,
    data: ImageData,
    seed: Index = 0,
    epochs: Count | None = None,
    checkpoint: PathName | None = None,
    report: Report | None = None,
) -> Run:
    """Train a network by a recipe and return its curves.

    Cross entropy, mean over a batch; its gradient is clipped as the recipe says, then the optimizer
    makes a step. The seed decides the starting weights, and with the number of the epoch the order
    and the augmentation of the images.

    Parameters
    ----------
    epochs : by default those of the panel
    checkpoint : file that holds network, optimizer and curves after every epoch, written whole or
        not at all. One that is there is gone on from: on one kind of processor with one number of
        threads the run is then bit by bit the run without the stop. It does not depend on
        ``epochs``: a longer run goes on from a shorter one
    report : called with recipe, seed and epoch after every epoch that was trained

    Raises ProblemError for a checkpoint of another run, or a damaged one, and where PyTorch is not
    installed. A loss that is no finite number ends the run and is recorded in it.
    """
    torch = torch_module()
    length = panel.epochs if epochs is None else epochs
    network = panel.network(seed=seed)
    optimizer = recipe.optimizer(network.parameters())
    done: list[Epoch] = []
    diverged = None
    identity = identity_of(panel, recipe, data, seed)
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        kept = read_checkpoint(path, identity)
        network.load_state_dict(kept.network)
        optimizer.load_state_dict(kept.optimizer)
        done, diverged = [Epoch(**each) for each in kept.epochs], kept.diverged
    if len(done) >= length or diverged is not None:
        return Run(recipe=recipe, seed=seed, epochs=tuple(done[:length]), diverged=diverged)
    batches = Batches(data, batch=panel.batch, shifts=panel.shifts, seed=seed)
    for number in range(len(done) + 1, length + 1):
        begun = time.process_time()
        loss = _train_epoch(torch, network, optimizer, batches.training(number), recipe.clip)
        seconds = time.process_time() - begun
        if loss is None:
            diverged = number
        else:
            test_loss, accuracy = _tested(torch, network, batches)
            done.append(
                Epoch(
                    number=number,
                    training_loss=loss,
                    test_loss=test_loss,
                    test_accuracy=accuracy,
                    seconds=seconds,
                )
            )
        if path is not None:
            write_checkpoint(
                path,
                Checkpoint(
                    identity=identity,
                    network=network.state_dict(),
                    optimizer=optimizer.state_dict(),
                    epochs=[vars(each) for each in done],
                    diverged=diverged,
                ),
            )
        if diverged is not None:
            break
        if report is not None:
            report(recipe, seed, done[-1])
    return Run(recipe=recipe, seed=seed, epochs=tuple(done), diverged=diverged)


def identity_of(panel: Panel, recipe: Recipe, data: ImageData, seed: int) -> dict[str, str]:
    """What decides a run, in words: two runs with the same are the same, epoch by epoch."""
    return {
        "network": panel.network_name,
        "data": f"{data.name} {data.digest}",
        "batch": f"{panel.batch}, shifts {panel.shifts}",
        "recipe": recipe.describe(),
        "seed": str(seed),
    }


def _train_epoch(torch: Any, network: Any, optimizer: Any, batches: Any, clip: Any) -> float | None:
    """Mean loss of the images of one epoch as they were trained on; None where it is not finite."""
    network.train()
    total, count = 0.0, 0
    for images, labels in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(network(images), labels)
        value = loss.item()
        if not math.isfinite(value):
            return None
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(network.parameters(), max_norm=clip)
        optimizer.step()
        total += value * len(labels)
        count += len(labels)
    return total / count


def _tested(torch: Any, network: Any, batches: Batches) -> tuple[float, float]:
    """Mean loss and percentage of right answers on the test images."""
    network.eval()
    loss, right, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in batches.test():
            scores = network(images)
            loss += torch.nn.functional.cross_entropy(scores, labels, reduction="sum").item()
            right += (scores.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    return loss / count, 100.0 * right / count
