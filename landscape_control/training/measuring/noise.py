"""Squared lengths of centred per-sample gradients, layer by layer."""

from collections.abc import Callable

import torch

from .dense_layers import DenseLayers
from .network import Network
from .products import CHUNK
from .samples import FEWEST, Samples

_NUMBERS = 2**24  # of per-sample gradients that are held at a time


def squared_deviations(
    network: Network,
    loss: Callable,
    samples: Samples,
    centre: torch.Tensor,
    goes_on: Callable[[], bool],
) -> torch.Tensor:
    """(n, layers) float64: |g_s - c|² of the samples in turn, of all of them if time allows.

    In the coordinates of ``network``; c is ``centre`` (P,). Ends after at least FEWEST samples once
    ``goes_on`` says no. In dense layers the gradients are products that need not be formed.
    """
    dense = DenseLayers(network, loss, samples)
    others = [name for name in network.parameters if name not in dense.names]
    numbers = sum(network.parameters[name].numel() for name in others)
    size = min(CHUNK, max(FEWEST, _NUMBERS // max(1, numbers)))
    centres = dict(zip(network.parameters, centre.split(network.sizes), strict=True))
    gradients = _per_sample(network, loss, samples, others)
    found: list[torch.Tensor] = []
    for inputs, targets in samples.pieces(size):
        columns = dense.squared_deviations(inputs, targets, centres)
        for name, part in gradients(inputs, targets).items():
            flat = part.reshape(len(part), -1)
            scale = network.scale_of(name)
            rest = (flat if scale is None else flat * scale) - centres[name]
            columns[name] = torch.linalg.vector_norm(rest, dim=1).double() ** 2
        found.append(torch.stack([columns[name] for name in network.parameters], dim=1))
        if not goes_on():
            break
    return torch.cat(found)


def _per_sample(network: Network, loss: Callable, samples: Samples, names: list[str]) -> Callable:
    """A function from inputs and targets to per-sample gradients {name: (n, *shape)}.

    Batched by torch.func.vmap; one sample at a time where an operation of the model has no batched
    form, which gives the same numbers more slowly.
    """
    if not names:
        return lambda inputs, targets: {}
    batched = _batched(network, loss, names)
    try:
        batched(samples.inputs[:2], samples.targets[:2])
    except (RuntimeError, NotImplementedError):
        return _one_by_one(network, loss, names)
    return batched


def _batched(network: Network, loss: Callable, names: list[str]) -> Callable:
    values = {name: network.parameters[name].detach() for name in names}
    held = network.held | {
        name: tensor.detach() for name, tensor in network.parameters.items() if name not in values
    }

    def loss_of(varied: dict, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        outputs = torch.func.functional_call(network.model, varied | held, (inputs[None],))
        return loss(outputs, targets[None])

    of_many = torch.func.vmap(torch.func.grad(loss_of), in_dims=(None, 0, 0))

    def gradients(inputs: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
        return of_many(values, inputs, targets)

    return gradients


def _one_by_one(network: Network, loss: Callable, names: list[str]) -> Callable:
    tensors = [network.parameters[name] for name in names]

    def gradients(inputs: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
        rows = []
        for i in range(len(inputs)):
            value = loss(network.model(inputs[i : i + 1]), targets[i : i + 1])
            row = torch.autograd.grad(value, tensors, allow_unused=True, materialize_grads=True)
            rows.append(row)
        columns = [torch.stack(column) for column in zip(*rows, strict=True)]
        return dict(zip(names, columns, strict=True))

    return gradients
