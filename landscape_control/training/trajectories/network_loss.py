"""The mean loss of all samples as a function of one vector of weights, with two derivatives."""

from collections.abc import Callable

import numpy as np
import torch

from ..measuring.network import Network, check_buffers
from ..measuring.outputs import Outputs, check_depends, mean_loss
from ..measuring.samples import check_rows, take

MOST_SAMPLES = 10**7
CHUNK = 4096  # samples whose activations are one graph


class NetworkLoss:
    """L(θ) over all samples of a loader, at offsets x = θ - θ_0 from the model's weights.

    The network is called as a function of its weights; the model keeps its own. Gradients are made
    one node of a path after another: on a CPU as fast as all in one batch, in a node's memory.

    Attributes
    ----------
    start : (P,) θ_0
    count : P
    evaluations : gradients made so far
    """

    def __init__(self, model: torch.nn.Module, loss_fn: Callable, loader: object):
        self.network = Network(model, "refuse", None)
        self.loss_fn = loss_fn
        first = self.network.tensors[0]
        data = take(loader, MOST_SAMPLES, first, fewest=1)
        check_buffers(self.network, lambda: check_rows(model, data))
        check_depends(loss_fn, self.network, data)
        self.pieces = [(len(part[0]) / len(data), *part) for part in data.pieces(CHUNK)]
        if len(self.pieces) > 1:  # whose losses are added up, which a mean over samples allows
            few = data.first(64)
            Outputs(loss_fn, model(few.inputs), few.targets)
        self.start = self.network.vector(tensor.detach() for tensor in self.network.tensors)
        self.count, self.evaluations = len(self.start), 0

    def at(self, offset: np.ndarray) -> tuple[float, np.ndarray]:
        """(L, ∇L (P,)) at an offset."""
        self.evaluations += 1
        weights = self._weights(offset).requires_grad_(True)
        total, gradient = 0.0, torch.zeros_like(self.start)
        for share, inputs, targets in self.pieces:
            mean = self._mean(weights, inputs, targets)
            (slope,) = torch.autograd.grad(mean, weights, materialize_grads=True)
            total += share * mean.item()
            gradient += share * slope
        return total, gradient.double().cpu().numpy()

    def product(self, offset: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """∇²L d (P,) at an offset, by differentiating ∇L·d."""
        weights = self._weights(offset).requires_grad_(True)
        along = torch.as_tensor(direction).to(self.start)
        total = torch.zeros_like(self.start)
        for share, inputs, targets in self.pieces:
            mean = self._mean(weights, inputs, targets)
            (slope,) = torch.autograd.grad(mean, weights, create_graph=True, materialize_grads=True)
            if slope.requires_grad:  # else the loss is linear here
                (curved,) = torch.autograd.grad(slope @ along, weights, materialize_grads=True)
                total += share * curved
        return total.double().cpu().numpy()

    def _weights(self, offset: np.ndarray) -> torch.Tensor:
        return self.start + torch.as_tensor(offset).to(self.start)

    def _mean(
        self, weights: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        network = self.network
        named = dict(zip(network.parameters, network.parts(weights), strict=True))
        outputs = torch.func.functional_call(network.model, {**network.held, **named}, (inputs,))
        return mean_loss(self.loss_fn, outputs, targets)
