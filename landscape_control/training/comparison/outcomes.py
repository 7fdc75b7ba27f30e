"""How a run of a method on a task ended, and what it took."""

import math
from dataclasses import dataclass, fields
from typing import Any

from .tasks import TrainingTask, accuracy, mean_loss


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
