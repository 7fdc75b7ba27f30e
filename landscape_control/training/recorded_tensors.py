"""What a recorder of an optimizer of PyTorch refuses, and the weights that it draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch

from ..support.errors import ProblemError

_SAME = 1e-5  # relative distance within which gradients are multiples of each other, in float32


@dataclass(kw_only=True, eq=False)
class RecordedTensor:
    """The recorded weights of one parameter tensor.

    Attributes
    ----------
    places : flat indices of the recorded weights
    computed : (their gradients, |gradient|² of the whole tensor) of the last backward, or None
    always : whether there was a gradient at every step
    """

    parameter: torch.nn.Parameter
    group: int
    places: torch.Tensor
    computed: tuple[torch.Tensor, torch.Tensor] | None = None
    always: bool = True

    def read(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.take(tensor.detach(), self.places)


def checked_optimizer(optimizer: object) -> torch.optim.Optimizer:
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ProblemError(
            "optimizer",
            expected="a torch.optim.Optimizer",
            received=type(optimizer).__name__,
            advice="what is recorded elsewhere is Recording(runs=[RecordedRun(...)])",
        )
    if any(_has_stepped(state) for state in optimizer.state.values()):
        refuse(
            "optimizer",
            "one that has not stepped yet, whose memory is empty",
            "one that has stepped",
            "attach the recorder before the first step: what the optimizer remembers is not seen",
        )
    return optimizer


def settings_of(optimizer: torch.optim.Optimizer) -> list[dict[str, str]]:
    """{name: value as text} for each parameter group, without its learning rate."""
    # schedulers keep notes of their own in the groups: initial_lr, max_lr, base_momentum, ...
    names = set(optimizer.defaults) - {"lr"}
    return [
        {name: str(value) for name, value in group.items() if name in names}
        for group in optimizer.param_groups
    ]


def _has_stepped(state: dict[str, Any]) -> bool:
    """Whether the memory of one tensor holds anything; AdaGrad makes its memory before it steps."""
    if "step" in state:
        return float(state["step"]) > 0
    tensors = [value for value in state.values() if isinstance(value, torch.Tensor)]
    return any(bool((tensor != 0).any()) for tensor in tensors)


def sampled(
    optimizer: torch.optim.Optimizer, weights: int, seed: int
) -> tuple[list[RecordedTensor], int]:
    """(the tensors with their recorded weights, how many weights there are in all)."""
    parameters = [
        (number, parameter)
        for number, group in enumerate(optimizer.param_groups)
        for parameter in group["params"]
        if parameter.requires_grad
    ]
    total = sum(parameter.numel() for _, parameter in parameters)
    if not total:
        refuse(
            "optimizer",
            "weights that need a gradient",
            "none",
            "pass it the parameters of a model that are to be trained",
        )
    if any(parameter.is_complex() for _, parameter in parameters):
        refuse("weights", "real numbers", "complex ones", "record the real and imaginary parts")
    draws = np.random.default_rng(seed).choice(total, min(weights, total), replace=False)
    chosen, tensors, first = np.sort(draws), [], 0
    for number, parameter in parameters:
        end = first + parameter.numel()
        own = chosen[(chosen >= first) & (chosen < end)] - first
        places = torch.as_tensor(own, device=parameter.device)
        # tensors without a recorded weight count in the norm of the gradient
        tensors.append(RecordedTensor(parameter=parameter, group=number, places=places))
        first = end
    return tensors, total


def keeper(tensor: RecordedTensor) -> Callable[[torch.Tensor], None]:
    def keep(parameter: torch.Tensor) -> None:
        gradient = parameter.grad
        if gradient is not None:
            check_gradient(gradient)
            tensor.computed = tensor.read(gradient), square(gradient)

    return keep


def check_gradient(gradient: torch.Tensor) -> None:
    if gradient.is_sparse:
        refuse(
            "gradient",
            "dense tensors",
            "a sparse one",
            "build the embedding with dense gradients: sparse ones leave weights out step by step",
        )


def check_still_there(optimizer: torch.optim.Optimizer, tensors: Sequence[RecordedTensor]) -> None:
    held = {id(each) for group in optimizer.param_groups for each in group["params"]}
    for tensor in tensors:
        size = tensor.parameter.numel()
        inside = not len(tensor.places) or int(tensor.places[-1]) < size
        if id(tensor.parameter) not in held or not inside:
            refuse(
                "weights of the optimizer",
                "those that it had when the recorder was attached",
                "other or smaller tensors",
                "attach a recorder after the last change of the model, before the first step",
            )


def square(gradient: torch.Tensor) -> torch.Tensor:
    return torch.linalg.vector_norm(gradient.detach(), dtype=torch.float64) ** 2


def joined(parts: Sequence[torch.Tensor]) -> np.ndarray:
    return np.concatenate([part.double().cpu().numpy() for part in parts])


def is_multiple(computed: np.ndarray, received: np.ndarray, norms: np.ndarray) -> bool:
    """Whether the gradients received are those computed times |received|/|computed|."""
    if np.array_equal(computed, received):
        return True
    factor = norms[1] / max(norms[0], 1e-300)
    gap = np.abs(received - factor * computed).max(initial=0.0)
    return bool(gap <= _SAME * factor * np.abs(computed).max(initial=0.0))


def refuse(where: str, expected: str, received: str, advice: str) -> NoReturn:
    raise ProblemError(where, expected=expected, received=received, advice=advice)
