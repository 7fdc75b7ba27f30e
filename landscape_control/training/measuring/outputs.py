"""The loss as a function of the outputs: its Hessian, and Böhning's bound where there is one."""

from collections.abc import Callable

import torch

from ...support.errors import ProblemError, shown
from .network import Network
from .samples import Samples

SOFTMAX, QUADRATIC, OTHER = "softmax cross-entropy", "quadratic", "other"
SHARE = 0.05  # of the majorant; with less, confident wrong outputs look flat


class Outputs:
    """Outputs z (n, …) of some samples with their targets, and the sum of their losses.

    Attributes
    ----------
    values : z
    slopes : ∂ℓ_s/∂z_s, shaped like z, with the graph of its derivatives
    losses : (n,) ℓ_s
    """

    def __init__(self, loss: Callable, values: torch.Tensor, targets: torch.Tensor):
        self.values = values.detach().requires_grad_(True)
        mean = mean_loss(loss, self.values, targets)
        self.losses = _losses(loss, self.values, targets, mean)
        total = mean * len(values)
        (self.slopes,) = torch.autograd.grad(
            total, self.values, create_graph=True, materialize_grads=True
        )

    def hessian(self, directions: torch.Tensor) -> torch.Tensor:
        """∂²ℓ_s/∂z_s² u_s for u shaped like z, by differentiating the slopes."""
        if not self.slopes.requires_grad:  # a loss linear in the outputs
            return torch.zeros_like(directions)
        try:
            (product,) = torch.autograd.grad(
                self.slopes, self.values, directions, retain_graph=True, materialize_grads=True
            )
        except RuntimeError as error:
            raise ProblemError(
                "loss_fn",
                expected="a loss that PyTorch differentiates twice in the outputs",
                received=shown(str(error), 200),
                advice="write the loss in operations with second derivatives",
            ) from error
        return product

    def majorant(self, directions: torch.Tensor, axis: int) -> torch.Tensor:
        """(I - 11'/K)u/2 over the K classes along ``axis``, which bounds diag p - pp'.

        Of a loss that is a mean over places of each sample, divided by their number. D. Böhning,
        *Multinomial logistic regression algorithm*, 1992.
        """
        centred = directions - directions.mean(axis, keepdim=True)
        return centred / (2 * _places(self.values, axis))


def mean_loss(loss: Callable, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean loss of some samples, which must be one real number."""
    mean = _called(loss, outputs, targets)
    if not torch.is_tensor(mean) or mean.ndim or not mean.is_floating_point():
        raise ProblemError(
            "loss_fn",
            expected="one real number, the mean loss of a batch",
            received=shown(getattr(mean, "shape", mean)),
            advice="average over the batch, as losses of torch.nn do by default",
        )
    if outputs.requires_grad and not mean.requires_grad:
        raise ProblemError(
            "loss_fn",
            expected="a loss that PyTorch differentiates in the outputs",
            received=f"{mean.item():g}, without a graph",
            advice="compute it from the outputs, without detach() and item()",
        )
    return mean


def _called(loss: Callable, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The loss of some samples; what it does not take is refused in the words of PyTorch."""
    try:
        return loss(outputs, targets)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        raise ProblemError(
            "loss_fn",
            expected="a function of the model's outputs and the loader's targets",
            received=f"{type(error).__name__}: {shown(str(error), 200)}, for outputs of shape"
            f" {tuple(outputs.shape)} and targets of shape {tuple(targets.shape)}",
            advice="check the targets: their shape, their type, and classes from 0",
        ) from error


def check_depends(loss: Callable, network: Network, samples: Samples) -> None:
    """Refuse a loss of the weights themselves, whose gradient is not that through the outputs."""
    inputs, targets = samples.inputs[:2], samples.targets[:2]
    with torch.no_grad():
        outputs = network.model(inputs)
    mean = mean_loss(loss, outputs, targets)
    if not mean.requires_grad:
        return
    direct = torch.autograd.grad(mean, network.tensors, allow_unused=True)
    names = [
        name for name, each in zip(network.parameters, direct, strict=True) if each is not None
    ]
    if names:
        raise ProblemError(
            "loss_fn",
            expected="a loss that depends on the weights through the model's outputs alone",
            received=f"one that takes {names[0]!r} itself",
            advice="leave out penalties of the weights: measure the loss of the data",
        )


def _losses(
    loss: Callable, values: torch.Tensor, targets: torch.Tensor, mean: torch.Tensor
) -> torch.Tensor:
    """Losses of the samples one by one; they must average to that of all."""
    with torch.no_grad():
        singles = [
            loss(values[i : i + 1], targets[i : i + 1]).reshape(()) for i in range(len(values))
        ]
    losses = torch.stack(singles)
    if not torch.isfinite(losses).all():
        worst = int((~torch.isfinite(losses)).nonzero()[0])
        raise ProblemError(
            "loss_fn",
            expected="finite losses",
            received=f"{losses[worst].item()} of a sample",
            advice="training has diverged, or the loss is infinite at these outputs",
        )
    difference = abs(losses.double().mean() - mean.detach().double()).item()
    size = losses.double().abs().mean().item()
    if difference > 1e4 * torch.finfo(values.dtype).eps * size:
        raise ProblemError(
            "loss_fn",
            expected="the mean of the losses of single samples",
            received=f"{mean.item():g}, while they average to {losses.mean().item():g}",
            advice=(
                "average over the batch, without class weights; a loss that compares samples with"
                " each other has no per-sample gradients"
            ),
        )
    return losses.double()


def kind_of_loss(loss: Callable, outputs: Outputs, targets: torch.Tensor) -> tuple[str, int]:
    """(which loss it is by its Hessian in the outputs, axis of the classes)."""
    generator = torch.Generator(device="cpu").manual_seed(0)
    drawn = torch.randn(outputs.values.shape, generator=generator, dtype=torch.float64)
    directions = drawn.to(outputs.values)
    product = outputs.hessian(directions)
    accuracy = 1e4 * torch.finfo(product.dtype).eps
    for axis in (1, -1) if outputs.values.ndim > 1 else ():
        is_choice = outputs.values.shape[axis] > 1
        if is_choice and _is_close(
            product, _softmax_hessian(outputs.values, directions, axis), accuracy
        ):
            return SOFTMAX, axis
    moved = Outputs(loss, outputs.values.detach() + directions, targets)
    if _is_close(product, moved.hessian(directions), accuracy):
        return QUADRATIC, 1
    return OTHER, 1


def _softmax_hessian(values: torch.Tensor, directions: torch.Tensor, axis: int) -> torch.Tensor:
    """(diag p - pp')u, divided by the number of places of each sample."""
    shares = values.detach().softmax(axis)
    mean = (shares * directions).sum(axis, keepdim=True)
    return shares * (directions - mean) / _places(values, axis)


def _places(values: torch.Tensor, axis: int) -> float:
    return values[0].numel() / values.shape[axis]


def _is_close(one: torch.Tensor, other: torch.Tensor, accuracy: float) -> bool:
    return bool((one - other).abs().max() <= accuracy * other.abs().max())


def majorant_share(asked: float | None, kind: str) -> float:
    """The share of the majorant: SHARE for softmax cross-entropy unless another is asked for."""
    if kind == SOFTMAX:
        return SHARE if asked is None else asked
    if asked and kind == OTHER:
        raise ProblemError(
            "majorant",
            expected="0 or None for a loss without a known bound of its Hessian in the outputs",
            received=f"{asked:g}",
            advice="Böhning's bound is that of softmax cross-entropy on logits",
        )
    return 0.0
