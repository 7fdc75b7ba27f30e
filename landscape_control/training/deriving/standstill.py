"""Words about a network that does not learn: no gradient reaches its weights, or its loss stays."""

from collections.abc import Callable

import torch

_SHOWN = 4  # names in one line


def unreached(
    model: torch.nn.Module, loss_of: Callable, data: list[tuple[torch.Tensor, torch.Tensor]]
) -> list[str]:
    """Names of the parameters whose gradient is exactly zero on every batch of ``data``.

    The batch's mean gradient is looked at; that of samples which cancel exactly counts as zero.
    """
    named = dict(model.named_parameters())
    silent = set(named)
    for inputs, targets in data:
        left = [name for name in named if name in silent]
        if not left:
            return []
        with torch.enable_grad():
            loss = loss_of(model(inputs), targets)
            found = torch.autograd.grad(loss, [named[name] for name in left], allow_unused=True)
        pairs = zip(left, found, strict=True)
        silent -= {name for name, each in pairs if each is not None and bool(each.any())}
    return [name for name in named if name in silent]


def unreached_words(names: list[str], samples: int) -> str:
    """What to make of them."""
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"the gradient of {shown}{more} is zero on all {samples} samples, so that nothing moves"
        " them: units before them or after them that answer to no sample, or weights after them"
        " that are zero"
    )


def still_words(loss: float, first_loss: float, steps: int) -> str:
    """For a run whose loss is about that at the start."""
    return (
        f"the loss is {loss:.4g} after {steps} steps and was {first_loss:.4g} at the start: this"
        " network has learned little or nothing so far; other starting weights may"
    )
