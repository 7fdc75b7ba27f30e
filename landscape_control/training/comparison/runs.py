"""One run of a method on a task: its final losses, and what it took."""

import math
import time
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from ...support.arguments import Count, Index, checked
from .methods import DERIVED, Method
from .tasks import TrainingTask, accuracy, endless, mean_loss


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    start_loss : mean loss of the training samples before the first step
    training_loss, test_loss : mean losses after the last step, of the weights that the method
        answers with, such as an average of iterates; infinite where the run diverged
    test_accuracy : percent; NaN where the task has no classes or the run diverged
    diverged : the step whose loss was no finite number, 0 for none
    steps : that were asked for
    seconds : processor time of the steps, without what follows
    measuring_seconds, deriving_seconds : processor time of measuring and deriving, 0 where nothing is
    measurements, lost_steps : how many measurements, and steps that were taken back
    predicted_loss : training loss after the last step, by the last plan that was made; NaN where none
        was predicted
    words : the decisions of the run, where it makes any
    """

    start_loss: float
    training_loss: float
    test_loss: float
    test_accuracy: float
    diverged: int
    steps: int
    seconds: float
    measuring_seconds: float = 0.0
    deriving_seconds: float = 0.0
    measurements: int = 0
    lost_steps: int = 0
    predicted_loss: float = math.nan
    words: str = ""

    @property
    def total_seconds(self) -> float:
        """Training, measuring and deriving."""
        return self.seconds + self.measuring_seconds + self.deriving_seconds


FIELDS = tuple(field.name for field in fields(Outcome) if field.name != "words")


@checked
def compete(
    *, task: TrainingTask, method: Method, seed: Index = 0, steps: Count | None = None
) -> Outcome:
    """Train the network of a task by a method.

    The seed decides the starting weights and the order of the samples: methods that are compared at
    one seed start alike and see the same batches.

    Parameters
    ----------
    steps : by default those of the task; a cosine schedule ends with them
    """
    steps = task.steps if steps is None else steps
    if method.kind == DERIVED:
        from .derived_runs import derived_run

        return derived_run(task, seed, steps)
    network = task.network(seed=seed)
    network.train()
    start_loss = mean_loss(task, network, of="training")
    average = _average(network) if method.kind == "dog_averaged" else None
    optimizer = method.optimizer(network.parameters())
    groups, rates = optimizer.param_groups, [group["lr"] for group in optimizer.param_groups]
    is_scheduled = method.schedule != "constant"
    batches = islice(endless(task.loader(seed)), steps)
    if hasattr(optimizer, "train"):
        optimizer.train()
    diverged, begun = 0, time.process_time()
    for step, (inputs, targets) in enumerate(batches):
        if is_scheduled:
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate * method.rate_factor(step, steps)
        optimizer.zero_grad(set_to_none=True)
        loss = task.loss(network(inputs), targets)
        if not math.isfinite(loss.item()):
            diverged = step + 1
            break
        loss.backward()
        optimizer.step()
        if average is not None:
            average.step()
    seconds = time.process_time() - begun
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    answer = network if average is None else average.averaged_model
    return outcome(
        task,
        answer,
        start_loss=start_loss,
        diverged=diverged,
        steps=steps,
        seconds=seconds,
    )


def outcome(task: TrainingTask, network: Any, *, diverged: int, **about: Any) -> Outcome:
    """The outcome of a run whose answer is ``network``."""
    network.eval()
    losses = {
        name: math.inf if diverged else mean_loss(task, network, of=name)
        for name in ("training", "test")
    }
    is_finite = all(math.isfinite(loss) for loss in losses.values())
    return Outcome(
        training_loss=losses["training"] if is_finite else math.inf,
        test_loss=losses["test"] if is_finite else math.inf,
        test_accuracy=accuracy(task, network) if task.has_classes and is_finite else math.nan,
        diverged=diverged if diverged or is_finite else about["steps"],
        **about,
    )


def _average(network: Any) -> Any:
    """DoG's average of the iterates, which its authors tell to use."""
    from dog import PolynomialDecayAverager

    return PolynomialDecayAverager(network)
