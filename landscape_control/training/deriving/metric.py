"""Diagonal metrics D^p of a network from second moments of batch gradients, as Adam measures them."""

from collections.abc import Callable, Sequence

import torch

Tensors = list[torch.Tensor]
_SMALL = 16  # samples in each of the batches whose gradients are compared
_MOST = 32  # of such batches


def second_moments(
    model: torch.nn.Module,
    loss_fn: Callable,
    data: Sequence[tuple[torch.Tensor, torch.Tensor]],
    batch_size: int,
) -> Tensors:
    """E g² of batches of ``batch_size``, weight by weight, in units of its mean over all weights.

    From k batches of b samples with gradients g_j: D = ḡ² + (b/B) Var g_j, which is E g² of batches
    of B samples drawn independently. D of a weight has few degrees of freedom: it is averaged with
    one observation at the mean of its parameter tensor, (k D + D̄)/(k + 1), which also keeps weights
    that no sample reached from an infinite factor.
    """
    inputs = torch.cat([each for each, _ in data])[: _SMALL * _MOST]
    targets = torch.cat([each for _, each in data])[: _SMALL * _MOST]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    total, squares, count = _zeros(weights), _zeros(weights), 0
    for part in zip(inputs.split(_SMALL), targets.split(_SMALL), strict=True):
        if len(part[0]) < _SMALL:
            continue
        gradients = _gradients(model, loss_fn, weights, *part)
        torch._foreach_add_(total, gradients)
        torch._foreach_addcmul_(squares, gradients, gradients)
        count += 1
    found = []
    for summed, square in zip(total, squares, strict=True):
        mean = summed / count
        spread = (square / count - mean**2).clamp(min=0.0) * count / max(1, count - 1)
        moment = mean**2 + spread * _SMALL / batch_size
        found.append((count * moment + moment.mean()) / (count + 1))
    everything = torch.cat([each.ravel() for each in found]).mean()
    smallest = torch.finfo(everything.dtype).tiny
    return [(each / everything).clamp(min=smallest**0.25) for each in found]


def factors(moments: Tensors, exponent: float) -> Tensors | None:
    """D^{-p}, by which gradients are multiplied; None for p = 0."""
    return None if exponent == 0 else [each**-exponent for each in moments]


def _gradients(
    model: torch.nn.Module,
    loss_fn: Callable,
    weights: Tensors,
    inputs: torch.Tensor,
    targets: torch.Tensor,
) -> Tensors:
    with torch.enable_grad():
        loss = loss_fn(model(inputs), targets)
        return list(torch.autograd.grad(loss, weights, allow_unused=True, materialize_grads=True))


def _zeros(weights: Tensors) -> Tensors:
    return [torch.zeros_like(weight) for weight in weights]
