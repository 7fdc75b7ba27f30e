"""What a derived run measures: on the same samples each time, in one metric or several."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..measuring import Measurement, measure
from ..measuring.network import Network, check_buffers
from ..measuring.outputs import QUADRATIC, Outputs, check_depends, kind_of_loss
from ..measuring.samples import check_rows, take
from .least_loss import least_loss
from .metric import Tensors, factors, second_moments
from .standstill import unreached

_ROUNDING = 1e-4  # of second differences of outputs in single precision
Data = list[tuple[torch.Tensor, torch.Tensor]]


@dataclasses.dataclass(kw_only=True)
class Probe:
    """Samples that are drawn once, with the model and the loss that are measured on them.

    Losses are measured above ``least``, since noise and what is left to gain are in proportion to
    that.

    Attributes
    ----------
    least : 0, or where losses can be negative the lowest mean loss that outputs could reach
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
    least: float = 0.0

    @property
    def options(self) -> dict[str, Any]:
        """What decides how is measured, in plain values, the samples left out."""
        names = ("whole", "batch_size", "products", "majorant", "seed")
        return {name: getattr(self, name) for name in names}

    def above(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean loss above ``least``."""
        loss: torch.Tensor = self.loss_fn(outputs, targets)
        return loss - self.least if self.least else loss

    def measured(self, scales: Tensors | None, products: int) -> Measurement:
        """The measurement in coordinates θ = s∘x."""
        found = measure(
            self.model,
            self.above,
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
        self, base: Measurement, exponents: Sequence[float], products: int
    ) -> tuple[dict[float, Measurement], dict[float, Tensors | None]]:
        """({p: measurement}, {p: D^-p}) with D from the same samples; ``base`` is that of p = 0."""
        moments = self._moments() if any(exponents) else []
        metrics = {p: factors(moments, p) for p in exponents}
        found = {}
        for p, metric in metrics.items():
            scales = None if metric is None else [each.sqrt() for each in metric]
            found[p] = base if scales is None else self.measured(scales, products)
        return found, metrics

    def unreached(self) -> list[str]:
        """Names of the parameters whose gradient is zero on all samples."""
        return unreached(self.model, self.above, self.data)

    @torch.no_grad()
    def loss(self) -> float:
        """The mean loss of the samples at the present weights."""
        sizes = [len(inputs) for inputs, _ in self.data]
        losses = [float(self.above(self.model(inputs), targets)) for inputs, targets in self.data]
        return sum(n * value for n, value in zip(sizes, losses, strict=True)) / sum(sizes)

    @torch.no_grad()
    def has_linear_outputs(self) -> bool:
        """Whether z is linear in the weights: the curvature then changes by the loss alone.

        Along a drawn direction d as long as the weights z(2d) - 2z(d) + z(0) is then zero.
        """
        weights = list(self.model.parameters())
        start = [weight.detach().clone() for weight in weights]
        generator = torch.Generator().manual_seed(self.seed)
        drawn = [torch.randn(weight.shape, generator=generator).to(weight) for weight in weights]
        length = sum(float(weight.square().sum()) for weight in start) ** 0.5
        size = max(length, 1.0) / sum(float(each.square().sum()) for each in drawn) ** 0.5
        outputs = []
        try:
            for k in range(3):
                for weight, origin, direction in zip(weights, start, drawn, strict=True):
                    weight.copy_(origin + k * size * direction)
                outputs.append(self.model(self.data[0][0]).double())
        finally:
            for weight, origin in zip(weights, start, strict=True):
                weight.copy_(origin)
        second = (outputs[2] - 2 * outputs[1] + outputs[0]).abs().max()
        return bool(second <= _ROUNDING * max(each.abs().max() for each in outputs))

    def model_kind(self) -> str:
        """ "quadratic" where L is quadratic in the weights, "linear" where the outputs are, "other"."""
        if not self.has_linear_outputs():
            return "other"
        inputs, targets = self.data[0]
        with torch.enable_grad():
            outputs = Outputs(self.above, self.model(inputs), targets)
            kind, _ = kind_of_loss(self.above, outputs, targets)
        return QUADRATIC if kind == QUADRATIC else "linear"

    def _moments(self) -> Tensors:
        return second_moments(self.model, self.above, self.data, self.batch_size)


def probe_of(
    model: torch.nn.Module, loss_fn: Callable, loader: Any, samples: int, **settings: Any
) -> Probe:
    """Draw the samples; the loader's own shuffling is left as if nothing had been drawn."""
    network = Network(model, "refuse", None)
    seed = settings["seed"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        drawn = take(loader, samples, network.tensors[0])
    data = list(drawn.pieces(drawn.batch_size))
    check_buffers(network, lambda: check_rows(model, drawn))
    check_depends(loss_fn, network, drawn)
    with torch.no_grad():
        outputs = torch.cat([model(inputs) for inputs, _ in data])
    return Probe(
        model=model,
        least=least_loss(loss_fn, outputs, drawn.targets),
        loss_fn=loss_fn,
        data=data,
        whole=drawn.whole,
        batch_size=drawn.batch_size,
        **settings,
    )
