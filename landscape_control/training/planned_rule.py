"""The planned ballistic rule in a training run: measured, planned and followed step by step.

VGR25 plans the path of θ with a velocity as state. On a network its quadratic model is measured, and
the rule is heavy ball in a measured metric,

    v_{t+1} = β v_t - α_t D^-p g_t,    θ_{t+1} = θ_t + v_{t+1},

whose β, α_t and p minimise the expected loss after the last step of the training.
"""

from collections.abc import Iterator
from typing import Any

from .batches import Batches
from .deriving import derive_optimizer


class _FirstEpoch:
    """The batches of the first epoch, of which the optimizer draws what it measures."""

    def __init__(self, batches: Batches):
        self._batches = batches

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._batches.training(1)


def planned_rule(network: Any, batches: Batches, epochs: int) -> Any:
    """The optimizer of ``epochs`` passes over the training images, which has measured once."""
    import torch

    per_epoch = -(-len(batches.labels) // batches.batch)
    return derive_optimizer(
        network,
        torch.nn.functional.cross_entropy,
        _FirstEpoch(batches),
        steps=epochs * per_epoch,
        averaging="never",
        seed=batches.seed,
    )
