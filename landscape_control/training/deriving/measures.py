"""What a derived run measures: on the same samples each time, in one metric or several."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..measuring import Measurement, measure
from ..measuring.network import Network
from ..measuring.samples import take
from .metric import Tensors, factors, second_moments

_ROUNDING = 1e-4  # of third differences of losses in single precision
Data = list[tuple[torch.Tensor, torch.Tensor]]


@dataclasses.dataclass(kw_only=True)
class Probe:
    """Samples that are drawn once, with the model and the loss that are measured on them.

    Attributes
    ----------
    data : batches (inputs, targets)
    whole : whether these are all samples of the loader
    batch_size : B of training
    """

    model: torch.nn.Module
    loss_fn: Callable
    data: Data
    whole: bool
    batch_size: int
    products: int
    majorant: float | None
    seed: int

    def measured(self, scales: Tensors | None, products: int) -> Measurement:
        """The measurement in coordinates θ = s∘x."""
        found = measure(
            self.model,
            self.loss_fn,
            self.data,
            samples=max(16, sum(len(inputs) for inputs, _ in self.data)),
            products=products,
            majorant=self.majorant,
            scales=scales,
            seed=self.seed,
        )
        if self.whole:
            return found
        bias = found.noise_trace / found.samples
        return dataclasses.replace(found, whole=False, gradient_bias=bias)

    def in_metrics(
        self, exponents: Sequence[float], products: int
    ) -> tuple[dict[float, Measurement], dict[float, Tensors | None]]:
        """({p: measurement}, {p: D^-p}) with D from the same samples."""
        moments = self._moments() if any(exponents) else []
        metrics = {p: factors(moments, p) for p in exponents}
        found = {}
        for p, metric in metrics.items():
            scales = None if metric is None else [each.sqrt() for each in metric]
            found[p] = self.measured(scales, products)
        return found, metrics

    def is_quadratic(self) -> bool:
        """Whether L is quadratic in the weights, so that one model of it holds everywhere.

        Along the gradient and a drawn direction d, as long as the weights, the third difference
        L(3d) - 3L(2d) + 3L(d) - L(0) is then zero.
        """
        network = Network(self.model, "refuse", None)
        generator = torch.Generator().manual_seed(self.seed)
        gradient = self._gradient(network)
        drawn = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
        start = [tensor.detach().clone() for tensor in network.tensors]
        size = torch.cat([tensor.ravel() for tensor in start]).norm().clamp(min=1.0)
        try:
            for direction in (gradient, drawn.to(gradient)):
                step = direction * (size / direction.norm())
                losses = [self._loss_at(network, start, k * step) for k in range(4)]
                third = losses[3] - 3 * losses[2] + 3 * losses[1] - losses[0]
                if not abs(third) <= _ROUNDING * max(map(abs, losses)):
                    return False
        finally:
            self._loss_at(network, start, torch.zeros_like(gradient))
        return True

    def _gradient(self, network: Network) -> torch.Tensor:
        inputs, targets = self.data[0]
        with torch.enable_grad():
            loss = self.loss_fn(self.model(inputs), targets)
        return network.vector(torch.autograd.grad(loss, network.tensors, allow_unused=True))

    @torch.no_grad()
    def _loss_at(self, network: Network, start: Tensors, move: torch.Tensor) -> float:
        for tensor, origin, part in zip(network.tensors, start, network.parts(move), strict=True):
            tensor.copy_(origin + part)
        inputs, targets = self.data[0]
        return float(self.loss_fn(self.model(inputs), targets))

    def _moments(self) -> Tensors:
        return second_moments(self.model, self.loss_fn, self.data, self.batch_size)


def probe_of(
    model: torch.nn.Module, loss_fn: Callable, loader: Any, samples: int, **settings: Any
) -> Probe:
    """Draw the samples; the loader's own shuffling is left as if nothing had been drawn."""
    like = Network(model, "refuse", None).tensors[0]
    seed = settings["seed"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        drawn = take(loader, samples, like)
    data = list(drawn.pieces(drawn.batch_size))
    return Probe(
        model=model,
        loss_fn=loss_fn,
        data=data,
        whole=drawn.whole,
        batch_size=drawn.batch_size,
        **settings,
    )
