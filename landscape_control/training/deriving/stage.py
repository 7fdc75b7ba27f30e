"""A stage: the steps between two measurements, where it began, and what its batches say."""

import math
from dataclasses import dataclass, field

import torch

Tensors = list[torch.Tensor]
_WINDOW = 8  # batch losses whose mean is compared


@dataclass(kw_only=True)
class Stage:
    """Where a stage began and how it goes.

    Attributes
    ----------
    begun, until : counts of steps; the next measurement is due at ``until``
    is_last : whether the plan is for all the rest
    loss, deviation : measured at the start, and the standard deviation of a batch's loss there
    top : largest curvature at the start, p = 0
    kept : weights to go back to, and how many steps had been made there
    kept_at : that count
    kept_loss : the loss of the samples that are measured there
    recent : the last batch losses
    """

    begun: int
    until: int
    is_last: bool
    loss: float
    deviation: float
    top: float
    kept: Tensors
    kept_at: int
    kept_loss: float
    recent: list[float] = field(default_factory=list)

    def is_alarmed(self, value: float, alarm: float, deviations: float) -> bool:
        """Whether the mean of the last batch losses, this one included, is too high by far."""
        if not math.isfinite(value):
            return True
        self.recent = [*self.recent[-_WINDOW + 1 :], value]
        mean = sum(self.recent) / len(self.recent)
        error = self.deviation / math.sqrt(len(self.recent))
        return mean > alarm * self.loss + deviations * error

    @property
    def is_calm(self) -> bool:
        """Whether a full window of batch losses lies about the measured one or below it."""
        full = len(self.recent) == _WINDOW
        return full and sum(self.recent) / _WINDOW <= self.loss
