"""One training run: a network, a recipe, a seed; kept epoch by epoch, so that it can be resumed."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..support.arguments import Count, Index, checked
from ..support.arguments import Path as PathName
from ..support.errors import ProblemError, shown
from .batches import Batches, seed_of_epoch
from .checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from .datasets import CLASSES, ImageData
from .networks import seeded, torch_module
from .panels import Panel
from .planned_rule import planned_rule
from .recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """How one epoch of a run went.

    Attributes
    ----------
    number : 1 for the first
    training_loss : mean cross entropy of the training images, each when its batch came
    test_loss, test_accuracy : after the epoch, on the test images; the accuracy in percent. Of the
        weights that the rule answers with, such as an average of iterates
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


_OF_LAYERS = 2**62  # between the seeds of batches and of what layers draw
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
    device: str = "cpu",
) -> Run:
    """Train a network by a recipe and return its curves.

    Cross entropy, mean over a batch; its gradient is clipped as the recipe says, then the optimizer
    makes a step. The seed decides the starting weights, and with the number of the epoch the order
    and the augmentation of the images, and what layers such as dropout draw on the CPU.

    Parameters
    ----------
    epochs : by default those of the panel
    checkpoint : file that holds network, optimizer and curves after every epoch, written whole or
        not at all. One that is there is gone on from: on the "cpu", on one kind of processor with
        one number of threads, the run is then bit by bit the run without the stop. It does not
        depend on ``epochs``: a longer run goes on from a shorter one, but for a derived rule, which
        is planned for so many
    report : called with recipe, seed and epoch after every epoch that was trained
    device : of PyTorch, such as "cuda"

    Raises ProblemError for a checkpoint of another run, or a damaged one, a device that is not
    there, and where PyTorch is not installed. A loss that is no finite number, in training or in
    the test after it, ends the run and is recorded in it.
    """
    length = panel.epochs if epochs is None else epochs
    training = _Training(
        panel=panel, recipe=recipe, data=data, seed=seed, length=length, device=device
    )
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        training.restore(path)
    while len(training.done) < length and training.diverged is None:
        training.advance()
        if path is not None:
            training.keep(path)
        if report is not None and training.diverged is None:
            report(recipe, seed, training.done[-1])
    done = tuple(training.done[:length])
    return Run(recipe=recipe, seed=seed, epochs=done, diverged=training.diverged)


class _Training:
    """A run under way: its network, its optimizer, and the epochs that are done."""

    def __init__(
        self,
        *,
        panel: Panel,
        recipe: Recipe,
        data: ImageData,
        seed: int,
        length: int,
        device: str,
    ) -> None:
        self.torch = torch_module()
        place = _device(self.torch, device)
        self.recipe, self.seed = recipe, seed
        self.identity = identity_of(panel, recipe, data, seed, length)
        self.network = panel.network(seed=seed).to(place)
        self.batches = Batches(
            data, batch=panel.batch, shifts=panel.shifts, seed=seed, device=place
        )
        self.done: list[Epoch] = []
        self.diverged: int | None = None
        _check_fit(self.torch, self.network, self.batches)
        self.optimizer = self._optimizer(length)

    def _optimizer(self, length: int) -> Any:
        if self.recipe.is_derived:
            return planned_rule(self.network, self.batches, length)
        return self.recipe.optimizer(self.network.parameters())

    def restore(self, path: Path) -> None:
        """Go on where a checkpoint stands."""
        kept = read_checkpoint(path, self.identity)
        self.network.load_state_dict(kept.network)
        self.optimizer.load_state_dict(kept.optimizer)
        self.done = [Epoch(**each) for each in kept.epochs]
        self.diverged = kept.diverged

    def keep(self, path: Path) -> None:
        """Write a checkpoint."""
        write_checkpoint(
            path,
            Checkpoint(
                identity=self.identity,
                network=self.network.state_dict(),
                optimizer=self.optimizer.state_dict(),
                epochs=[vars(each) for each in self.done],
                diverged=self.diverged,
            ),
        )

    def advance(self) -> None:
        """One epoch more, or the note that the loss stopped being a finite number in it."""
        number = len(self.done) + 1
        begun = time.process_time()
        with seeded(self.torch, (seed_of_epoch(self.seed, number) + _OF_LAYERS) % 2**63):
            loss = self._trained(number)
        seconds = time.process_time() - begun
        if loss is None:
            self.diverged = number
            return
        test_loss, accuracy = self._tested()
        if not math.isfinite(test_loss):  # as the training loss of the next batch would be
            self.diverged = number
            return
        epoch = Epoch(
            number=number,
            training_loss=loss,
            test_loss=test_loss,
            test_accuracy=accuracy,
            seconds=seconds,
        )
        self.done.append(epoch)

    def _trained(self, epoch: int) -> float | None:
        """Mean loss of the images of one epoch as they were trained on; None if not finite."""
        torch, network = self.torch, self.network
        network.train()
        total, count = 0.0, 0
        for images, labels in self.batches.training(epoch):
            self.optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            value = loss.item()
            if not math.isfinite(value):
                return None
            loss.backward()
            if self.recipe.clip is not None:
                torch.nn.utils.clip_grad_norm_(network.parameters(), max_norm=self.recipe.clip)
            self._step(loss)
            total += value * len(labels)
            count += len(labels)
        return total / count

    def _step(self, loss: Any) -> None:
        """A step by the gradients at hand; a derived rule judges its plan by the batch's loss."""
        if self.recipe.is_derived:
            self.optimizer.step(loss)
        else:
            self.optimizer.step()

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """The network with the weights that a rule of the library answers with."""
        is_ours = hasattr(self.optimizer, "eval")  # the optimizers of PyTorch have nothing to ask
        if is_ours:
            self.optimizer.eval()
        try:
            yield
        finally:
            if is_ours:
                self.optimizer.train()

    def _tested(self) -> tuple[float, float]:
        """Mean loss and percentage of right answers on the test images."""
        torch, network = self.torch, self.network
        network.eval()
        loss, right, count = 0.0, 0, 0
        with torch.no_grad(), self._answers():
            for images, labels in self.batches.test():
                scores = network(images)
                summed = torch.nn.functional.cross_entropy(scores, labels, reduction="sum")
                loss += summed.item()
                right += (scores.argmax(dim=1) == labels).sum().item()
                count += len(labels)
        return loss / count, 100.0 * right / count


def _check_fit(torch: Any, network: Any, batches: Batches) -> None:
    """Refuse a network that does not take these images, or has fewer outputs than classes."""
    images, _ = next(batches.test(batch=2))
    network.eval()
    try:
        with torch.no_grad():
            scores = network(images)
            received = f"scores of shape {tuple(scores.shape)}"
            fits = scores.ndim == 2 and len(scores) == len(images) and scores.shape[1] >= CLASSES
    except RuntimeError as error:
        received, fits = shown(str(error), 300), False
    if not fits:
        raise ProblemError(
            "network of the panel",
            expected=f"{CLASSES} scores for each image of shape {tuple(images.shape[1:])}",
            received=received,
            advice="choose the network by the size of the images, or other data",
        )


def _device(torch: Any, device: str) -> Any:
    """The device of PyTorch by its name, tried out."""
    try:
        place = torch.device(device)
        torch.zeros(1, device=place).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ProblemError(
            "device",
            expected="one that PyTorch has here, such as 'cpu' or 'cuda'",
            received=f"{device!r}: {shown(str(error))}",
            advice="train on 'cpu', or install PyTorch for the device",
        ) from error
    return place


def identity_of(
    panel: Panel, recipe: Recipe, data: ImageData, seed: int, length: int
) -> dict[str, str]:
    """What decides a run, in words: two runs with the same are the same, epoch by epoch."""
    horizon = {"planned for": f"{length} epochs"} if recipe.is_derived else {}
    return {
        **horizon,
        "network": panel.network_name,
        "data": f"{data.name} {data.digest}",
        "batch": f"{panel.batch}, shifts {panel.shifts}",
        "recipe": recipe.describe(),
        "seed": str(seed),
    }
