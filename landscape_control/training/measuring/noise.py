"""Squared lengths of centred per-sample gradients, layer by layer."""

from collections.abc import Callable, Iterator

import torch

from .network import Network
from .samples import FEWEST, Samples

_NUMBERS = 2**24  # of per-sample gradients that are held at a time


def squared_deviations(
    network: Network,
    loss: Callable,
    samples: Samples,
    mean: torch.Tensor,
    goes_on: Callable[[], bool],
) -> torch.Tensor:
    """(n, layers) float64: |g_s - ḡ|² of the samples in turn, of all of them if time allows.

    In the coordinates of ``network``; ``mean`` (P,) is ḡ. Ends after at least FEWEST samples once
    ``goes_on`` says no.
    """
    found: list[torch.Tensor] = []
    count = 0
    for gradients in _gradients(network, loss, samples):
        rows = [(part - centre).square_() for part, centre in _beside(network, gradients, mean)]
        sums = [part.sum(1, dtype=torch.float64) for part in rows]
        found.append(torch.stack(sums, dim=1))
        count += len(sums[0])
        if count >= FEWEST and not goes_on():
            break
    return torch.cat(found)


def _beside(network: Network, gradients: list[torch.Tensor], mean: torch.Tensor) -> Iterator:
    """Per-sample gradients (n, p) of each parameter with their mean (p,), in coordinates."""
    centres = mean.split(network.sizes)
    scales = (
        [None] * len(centres) if network.scales is None else network.scales.split(network.sizes)
    )
    for part, centre, scale in zip(gradients, centres, scales, strict=True):
        flat = part.reshape(len(part), -1)
        yield (flat if scale is None else flat * scale), centre


def _gradients(network: Network, loss: Callable, samples: Samples) -> Iterator[list[torch.Tensor]]:
    """Per-sample gradients of some samples at a time, (n, *shape) for each parameter.

    Batched by torch.func.vmap; one sample at a time where an operation of the model has no batched
    form, which gives the same numbers more slowly.
    """
    size = max(1, min(256, _NUMBERS // sum(network.sizes)))
    batched = _batched(network, loss)
    try:
        batched(samples.inputs[:2], samples.targets[:2])
    except (RuntimeError, NotImplementedError):
        batched = _one_by_one(network, loss)
    for inputs, targets in samples.pieces(size):
        yield batched(inputs, targets)


def _batched(network: Network, loss: Callable) -> Callable:
    def loss_of(values: dict, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        parts = values | network.held
        outputs = torch.func.functional_call(network.model, parts, (inputs[None],))
        return loss(outputs, targets[None])

    of_one = torch.func.grad(loss_of)
    of_many = torch.func.vmap(of_one, in_dims=(None, 0, 0))
    values = {name: tensor.detach() for name, tensor in network.parameters.items()}

    def gradients(inputs: torch.Tensor, targets: torch.Tensor) -> list[torch.Tensor]:
        found = of_many(values, inputs, targets)
        return [found[name] for name in network.parameters]

    return gradients


def _one_by_one(network: Network, loss: Callable) -> Callable:
    def gradients(inputs: torch.Tensor, targets: torch.Tensor) -> list[torch.Tensor]:
        rows = []
        for i in range(len(inputs)):
            value = loss(network.model(inputs[i : i + 1]), targets[i : i + 1])
            row = torch.autograd.grad(
                value, network.tensors, allow_unused=True, materialize_grads=True
            )
            rows.append(row)
        return [torch.stack(column) for column in zip(*rows, strict=True)]

    return gradients
