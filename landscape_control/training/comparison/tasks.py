"""What is trained: a network, its samples, the loss, and how many steps of which batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from ...support.arguments import Count, Index, checked
from ...support.errors import ProblemError
from ..batches import seed_of_epoch


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingTask:
    """A network to be trained for a fixed number of steps.

    Attributes
    ----------
    name : short, part of the names of files
    title : what it is called in tables and pictures
    steps : how many
    batch : samples per step
    inputs, targets : tensors of the training samples, one in each row
    test_inputs, test_targets : the same of the test samples
    network : function of a keyword ``seed`` that returns a torch.nn.Module
    loss : (outputs, targets) -> mean loss of a batch
    kind : "quadratic" in the weights, "convex" in them, or "network"
    has_classes : whether outputs are scores of classes, of which an accuracy can be told
    """

    name: str
    title: str
    steps: Count
    batch: Count
    inputs: Any
    targets: Any
    test_inputs: Any
    test_targets: Any
    network: Callable[..., Any]
    loss: Callable[[Any, Any], Any]
    kind: str
    has_classes: bool

    def __post_init__(self) -> None:
        if self.batch > len(self.inputs):
            raise ProblemError(
                f"batch of task {self.name!r}",
                expected=f"at most the {len(self.inputs)} samples for training",
                received=f"{self.batch}",
                advice="choose a smaller batch, or more samples",
            )

    def loader(self, seed: int) -> "ShuffledBatches":
        """Its batches in the order that a seed decides."""
        return ShuffledBatches(
            inputs=self.inputs, targets=self.targets, batch=self.batch, seed=seed
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all samples, in hexadecimal."""
        found = sha256()
        for part in (self.inputs, self.targets, self.test_inputs, self.test_targets):
            found.update(repr((tuple(part.shape), str(part.dtype))).encode())
            found.update(part.contiguous().numpy().tobytes())
        return found.hexdigest()


class ShuffledBatches:
    """Batches (inputs, targets), every epoch in an order of its own; a rest that fills none is left.

    Each iteration is one epoch, the next of those that the seed decides: two loaders of one seed
    give the same batches.
    """

    def __init__(self, *, inputs: Any, targets: Any, batch: int, seed: int) -> None:
        self.inputs, self.targets = inputs, targets
        self.batch, self.seed = batch, seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.inputs) // self.batch

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        self.epoch += 1
        return self._batches(self.epoch)

    def _batches(self, epoch: int) -> Iterator[tuple[Any, Any]]:
        import torch

        generator = torch.Generator().manual_seed(seed_of_epoch(self.seed, epoch))
        order = torch.randperm(len(self.inputs), generator=generator)
        for chosen in order[: len(self) * self.batch].split(self.batch):
            yield self.inputs[chosen], self.targets[chosen]


@checked
def endless(loader: ShuffledBatches) -> Iterator[tuple[Any, Any]]:
    """Batches of one epoch after the other."""
    while True:
        yield from loader


@checked
def mean_loss(task: TrainingTask, network: object, *, of: str, piece: Index = 2000) -> float:
    """Mean loss of the "training" or "test" samples, ``piece`` of them at a time."""
    import torch

    pairs = {
        "training": (task.inputs, task.targets),
        "test": (task.test_inputs, task.test_targets),
    }
    inputs, targets = pairs[of]
    total = 0.0
    with torch.no_grad():
        for some, wanted in zip(inputs.split(piece), targets.split(piece), strict=True):
            total += float(task.loss(network(some), wanted)) * len(some)  # type: ignore[operator]
    return total / len(inputs)


@checked
def accuracy(task: TrainingTask, network: object, *, piece: Index = 2000) -> float:
    """Percentage of the test samples whose class has the highest score."""
    import torch

    right = 0
    with torch.no_grad():
        pieces = zip(task.test_inputs.split(piece), task.test_targets.split(piece), strict=True)
        for some, wanted in pieces:
            scores = network(some)  # type: ignore[operator]
            right += int((scores.argmax(dim=1) == wanted).sum())
    return 100.0 * right / len(task.test_targets)
