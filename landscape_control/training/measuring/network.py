"""A model of PyTorch as a function of one vector of weights, and the models that are refused."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NoReturn

import torch
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

from ...support.errors import ProblemError, shown


class Network:
    """The parameters that are measured, their names, and the way from a vector to them and back.

    Attributes
    ----------
    parameters : {name: tensor}, those that are not held
    scales : (P,) s in θ = s∘x, where x are the coordinates measured in; None for θ itself
    """

    def __init__(self, model: torch.nn.Module, frozen: str, scales: object):
        _check_model(model)
        self.model = model
        self.parameters = _measured_parameters(model, frozen)
        self.held = _held_parts(model, self.parameters)
        self.sizes = [tensor.numel() for tensor in self.parameters.values()]
        self.scales = None if scales is None else self._read_scales(scales)

    @property
    def tensors(self) -> list[torch.Tensor]:
        """The parameters, in the order of their names."""
        return list(self.parameters.values())

    def parts(self, vector: torch.Tensor) -> list[torch.Tensor]:
        """Directions in the weights, shaped like the parameters, from one in the coordinates x."""
        scaled = vector if self.scales is None else vector * self.scales
        pieces = scaled.split(self.sizes)
        return [piece.view_as(like) for piece, like in zip(pieces, self.tensors, strict=True)]

    def vector(self, gradients: Iterable[torch.Tensor | None]) -> torch.Tensor:
        """A gradient in the coordinates x, (P,); None counts as zero."""
        pieces = [
            torch.zeros_like(like).ravel() if gradient is None else gradient.ravel()
            for gradient, like in zip(gradients, self.tensors, strict=True)
        ]
        joined = torch.cat(pieces)
        return joined if self.scales is None else joined * self.scales

    def scale_of(self, name: str) -> torch.Tensor | None:
        """The factors s of one parameter, flat; None where θ itself is measured."""
        if self.scales is None:
            return None
        pieces = self.scales.split(self.sizes)
        return dict(zip(self.parameters, pieces, strict=True))[name]

    def by_layer(self, squares: torch.Tensor) -> torch.Tensor:
        """(…, layers): sums of (…, P) over each parameter tensor."""
        return torch.stack([part.sum(-1) for part in squares.split(self.sizes, dim=-1)], dim=-1)

    def _read_scales(self, scales: object) -> torch.Tensor:
        given = list(scales) if isinstance(scales, Iterable) else [scales]
        wanted = [tuple(tensor.shape) for tensor in self.tensors]
        received = [tuple(getattr(each, "shape", ())) for each in given]
        if wanted != received:
            _refuse(
                "scales",
                f"{len(wanted)} tensors shaped like the parameters, {wanted[:3]}…",
                f"{len(received)} of shapes {received[:3]}…",
                "pass one tensor of factors for each measured parameter, in their order",
            )
        pieces = [
            torch.as_tensor(each, dtype=like.dtype, device=like.device).ravel()
            for each, like in zip(given, self.tensors, strict=True)
        ]
        factors = torch.cat(pieces)
        if not (torch.isfinite(factors).all() and (factors > 0).all()):
            _refuse(
                "scales",
                "positive finite factors",
                f"smallest {factors.min().item():g}",
                "θ = s∘x needs s > 0; add a floor to what they are computed from",
            )
        return factors


def _check_model(model: object) -> None:
    if not isinstance(model, torch.nn.Module):
        _refuse("model", "a torch.nn.Module", shown(model), "wrap the function in a Module")
    for name, part in model.named_modules():
        is_normalising = isinstance(part, _BatchNorm) or (
            isinstance(part, _InstanceNorm) and part.track_running_stats
        )
        if getattr(part, "sparse", False):
            _refuse(
                "model",
                "dense gradients",
                f"{type(part).__name__} {name!r} with sparse gradients",
                "measure a copy whose layer has dense gradients",
            )
        is_random = isinstance(part, _DropoutNd) and part.p > 0
        if part.training and (is_normalising or is_random):
            reason = "depends on the other samples" if is_normalising else "is random"
            _refuse(
                "model",
                "a loss that is a mean over samples, the same at every call",
                f"{type(part).__name__} {name!r} in training mode, which {reason}",
                "call model.eval() to measure with stored statistics and without dropout",
            )


def _measured_parameters(model: torch.nn.Module, frozen: str) -> dict[str, torch.Tensor]:
    names = defaultdict(list)
    for name, tensor in model.named_parameters(remove_duplicate=False):
        names[id(tensor)].append(name)
    shared = [each for each in names.values() if len(each) > 1]
    if shared:
        _refuse(
            "model",
            "parameters that occur once",
            f"one tensor under the names {', '.join(shared[0])}",
            "copy shared weights, or hold them in one module that is called several times",
        )
    found = dict(model.named_parameters())
    held = [name for name, tensor in found.items() if not tensor.requires_grad]
    if held and frozen == "refuse":
        _refuse(
            "model",
            "parameters that are all trained",
            f"{len(held)} frozen, the first {held[0]!r}",
            "pass frozen='hold' to measure in the others alone, or call requires_grad_(True)",
        )
    found = {name: tensor for name, tensor in found.items() if tensor.requires_grad}
    _check_numbers(found)
    return found


def _check_numbers(parameters: dict[str, torch.Tensor]) -> None:
    if not parameters:
        _refuse("model", "at least one trained parameter", "none", "nothing could be measured")
    kinds = {(tensor.dtype, tensor.device) for tensor in parameters.values()}
    dtypes = {dtype for dtype, _ in kinds}
    if len(kinds) > 1 or not dtypes <= {torch.float32, torch.float64}:
        received = ", ".join(sorted(f"{dtype} on {device}" for dtype, device in kinds))
        _refuse(
            "model",
            "real parameters, all torch.float32 or all torch.float64, on one device",
            received,
            "convert it, e.g. model.float(); complex weights have no ordered curvatures",
        )
    for name, tensor in parameters.items():
        if not torch.isfinite(tensor).all():
            _refuse("model", "finite weights", f"{name!r} has others", "training has diverged")


def _held_parts(
    model: torch.nn.Module, measured: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Buffers and frozen parameters, for calls of the model as a function."""
    parts = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {name: tensor.detach() for name, tensor in parts.items() if name not in measured}


def check_buffers(network: Network, call: Callable) -> None:
    """Refuse a model that changes its buffers when it is called; they are put back."""
    before = {name: tensor.clone() for name, tensor in network.model.named_buffers()}
    call()
    for name, tensor in network.model.named_buffers():
        if not torch.equal(before[name], tensor):
            for each, kept in before.items():
                network.model.get_buffer(each).copy_(kept)
            _refuse(
                "model",
                "buffers that stay as they are when the model is called",
                f"{name!r}, which changes",
                "call model.eval() to measure with stored statistics",
            )


def _refuse(what: str, expected: str, received: str, advice: str) -> NoReturn:
    raise ProblemError(what, expected=expected, received=received, advice=advice)
