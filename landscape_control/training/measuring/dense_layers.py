"""Per-sample gradients of dense layers, by their structure: that of the matrix is δa'."""

from collections.abc import Callable

import torch

from .network import Network
from .samples import Samples

_FEW = 64


class DenseLayers:
    """The torch.nn.Linear layers of a model that see one row for each sample, once in a call.

    A sample's gradient is δa' in the matrix and δ in the bias, with a the layer's input and δ the
    derivative of the sample's loss with respect to its output. Its squared length is |δ|²|a|², and
    δ'Ca is its product with a matrix C: nothing of the size of the weights is formed for a sample
    (I. Goodfellow, *Efficient per-example gradient computations*, 2015).

    Attributes
    ----------
    names : of the parameters that are covered
    """

    def __init__(self, network: Network, loss: Callable, samples: Samples):
        self.network, self.loss = network, loss
        self.layers = {
            name: part
            for name, part in network.model.named_modules()
            if type(part) is torch.nn.Linear and self._parameters(name)
        }
        inputs, targets = samples.inputs[:_FEW], samples.targets[:_FEW]
        kept = self._fitting(inputs, targets)
        self.layers = {name: self.layers[name] for name in kept}
        self.names = {name for layer in self.layers for name in self._parameters(layer)}

    def squared_deviations(
        self, inputs: torch.Tensor, targets: torch.Tensor, centres: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """{name: (n,)} |g_s - c|² in the network's coordinates for centres c, flat."""
        found = {}
        for layer, (entering, slopes) in self._passes(inputs, targets).items():
            for name in self._parameters(layer):
                is_matrix = name.endswith("weight")
                found[name] = self._of_one(name, slopes, entering if is_matrix else None, centres)
        return found

    def _of_one(
        self,
        name: str,
        slopes: torch.Tensor,
        entering: torch.Tensor | None,
        centres: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        """|s∘g - c|² = |s∘g|² - 2 (s∘c)·g + |c|² with g = δa', or δ for a bias."""
        shape = self.network.parameters[name].shape
        centre, scale = centres[name].view(shape), self.network.scale_of(name)
        weighted = centre if scale is None else centre * scale.view(shape)
        if entering is None:
            rows = slopes if scale is None else slopes * scale.view(shape)
            return (rows - centre).double().square().sum(1)
        squares = _squared_length(slopes, entering, None if scale is None else scale.view(shape))
        along = ((slopes @ weighted) * entering).sum(1).double()
        length = centre.double().square().sum()
        return (squares - 2 * along + length).clamp(min=0.0)

    def _passes(self, inputs: torch.Tensor, targets: torch.Tensor) -> dict:
        """{layer: (a (n, in), δ (n, out))}, of layers that fit."""
        seen: dict[str, list] = {name: [] for name in self.layers}
        handles = [
            part.register_forward_hook(
                lambda _, given, output, name=name: seen[name].append((given[0], output))
            )
            for name, part in self.layers.items()
        ]
        try:
            total = self.loss(self.network.model(inputs), targets) * len(inputs)
        finally:
            for handle in handles:
                handle.remove()
        calls = {
            name: each[0]
            for name, each in seen.items()
            if len(each) == 1 and each[0][0].shape[:-1] == inputs.shape[:1]
        }
        if not calls:
            return {}
        outputs = [output for _, output in calls.values()]
        slopes = torch.autograd.grad(total, outputs, allow_unused=True, materialize_grads=True)
        return {
            name: (given.detach(), slope.detach())
            for (name, (given, _)), slope in zip(calls.items(), slopes, strict=True)
        }

    def _fitting(self, inputs: torch.Tensor, targets: torch.Tensor) -> list[str]:
        """Layers whose δa' add up to the gradient, as they do not where weights are used elsewhere."""
        passes = self._passes(inputs, targets)
        if not passes:
            return []
        total = self.loss(self.network.model(inputs), targets) * len(inputs)
        fitting = []
        for layer, (entering, slopes) in passes.items():
            made = {"weight": slopes.T @ entering, "bias": slopes.sum(0)}
            names = self._parameters(layer)
            tensors = [self.network.parameters[name] for name in names]
            gradients = torch.autograd.grad(
                total, tensors, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            ours = [made[name.rpartition(".")[2]] for name in names]
            if all(_agree(one, other) for one, other in zip(ours, gradients, strict=True)):
                fitting.append(layer)
        return fitting

    def _parameters(self, layer: str) -> list[str]:
        names = [f"{layer}.{part}" if layer else part for part in ("weight", "bias")]
        return [name for name in names if name in self.network.parameters]


def _squared_length(
    slopes: torch.Tensor, entering: torch.Tensor, scale: torch.Tensor | None
) -> torch.Tensor:
    """(n,): |s∘(δa')|²."""
    if scale is None:
        return slopes.double().square().sum(1) * entering.double().square().sum(1)
    return ((slopes.square() @ scale.square()) * entering.square()).sum(1).double()


def _agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    accuracy = 1e4 * torch.finfo(other.dtype).eps * other.abs().max()
    return bool((one - other).abs().max() <= accuracy)
