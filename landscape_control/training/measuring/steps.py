"""The steps of a measurement, in PyTorch, from a model to plain numbers."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...support.errors import ProblemError
from .measurement import Measurement
from .network import Network, check_buffers
from .noise import squared_deviations
from .pair import Nodes, Run, gradient_nodes, model_of_samples, noise_nodes, standard_error
from .products import Curvature
from .samples import check_rows, take

_NOISE_UNTIL, _GRADIENT_UNTIL = 0.35, 0.75  # shares of the seconds


class _Clock:
    """Whether a share of the time is left."""

    def __init__(self, seconds: float):
        self.seconds, self.began, self.stopped = seconds, time.perf_counter(), False

    def until(self, share: float) -> Callable[[], bool]:
        """A function that says no once this share of the seconds is over."""

        def goes_on() -> bool:
            has_time = self.spent < share * self.seconds
            self.stopped = self.stopped or not has_time
            return has_time

        return goes_on

    @property
    def spent(self) -> float:
        return time.perf_counter() - self.began


def measured(
    model: torch.nn.Module,
    loss: Callable,
    loader: object,
    *,
    samples: int,
    noise_samples: int | None,
    products: int,
    draws: int,
    seconds: float,
    majorant: float | None,
    scales: object,
    frozen: str,
    seed: int,
) -> Measurement:
    """See :func:`landscape_control.measure`."""
    if torch.is_inference_mode_enabled():
        raise ProblemError(
            "measure",
            expected="a call outside torch.inference_mode, in which nothing is differentiated",
            received="one inside it",
            advice="use torch.no_grad there, or measure before",
        )
    clock = _Clock(seconds)
    network = Network(model, frozen, scales)
    data = take(loader, max(samples, noise_samples or samples), network.tensors[0])
    first, for_noise = data.first(samples), data.first(noise_samples or samples)
    # attention by plain matrix products, as the fused kernels have no second derivatives
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        check_buffers(network, lambda: check_rows(model, data))
        curvature = Curvature(network, loss, first, majorant)
        gradient = curvature.gradient()
        _check_gradient(gradient)
        in_time = clock.until(_NOISE_UNTIL)
        deviations = squared_deviations(network, loss, for_noise, gradient, in_time)
        from_gradient = products - draws * max(1, products // 3 // draws)
        run = Run(curvature, gradient, from_gradient, clock.until(_GRADIENT_UNTIL))
        noise = _Noise(run, deviations.cpu().numpy())
        of_draws = _draw(curvature, gradient, run, noise, draws, products, seed, clock.until(1.0))
    nodes = gradient_nodes(run)
    rest, flat_noise = noise_nodes(of_draws, noise.remainder, noise.remainder_error)
    return Measurement(
        **vars(nodes.followed_by(rest)),
        **_totals(run, nodes, curvature.losses.cpu().numpy()),
        **noise.numbers(flat_noise),
        **_layers(network, gradient, run),
        gradient_bias=0.0 if first.whole else noise.trace / len(first),
        loss_kind=curvature.kind,
        majorant=curvature.share,
        batch_size=data.batch_size,
        samples=len(first),
        whole=first.whole,
        products=curvature.products,
        draws=len(of_draws),
        stopped=clock.stopped,
        seconds=clock.spent,
    )


class _Noise:
    """tr C and what of it the eigenvectors of a run do not hold.

    Gradients of n samples are centred on the mean of N of them: E |g_s - g|² is tr C times 1 - 1/N
    for those N and 1 + 1/N for the others.
    """

    def __init__(self, run: Run, deviations: np.ndarray):
        known = run.curvature.count
        inside = min(known, len(deviations))
        count = inside * (1 - 1 / known) + (len(deviations) - inside) * (1 + 1 / known)
        self.deviations, self.factor = deviations, len(deviations) / count
        total = deviations.sum(1)
        self.trace = float(self.factor * total.mean())
        self.error = float(self.factor * standard_error(total))
        modes = run.projections[:, run.converged]
        of_modes = ((modes - modes.mean(0)) ** 2).sum(1)[:inside]
        rest = np.maximum(total[:inside] - of_modes, 0.0)
        share = float(rest.mean() / total[:inside].mean()) if self.trace else 0.0
        rounding = 1e4 * float(torch.finfo(run.images.dtype).eps)
        self.remainder = share * self.trace if share > rounding else 0.0
        self.remainder_error = float(standard_error(rest) / rest.mean()) if self.remainder else 0.0

    def numbers(self, flat: float) -> dict:
        """The fields of a Measurement."""
        return {
            "noise_trace": self.trace,
            "noise_trace_error": self.error,
            "noise_samples": len(self.deviations),
            "flat_noise": min(1.0, flat / self.trace) if self.trace else 0.0,
            "layer_noise": self.factor * self.deviations.mean(0),
            "layer_noise_errors": self.factor * standard_error(self.deviations),
        }


def _draw(
    curvature: Curvature,
    gradient: torch.Tensor,
    run: Run,
    noise: _Noise,
    draws: int,
    products: int,
    seed: int,
    goes_on: Callable[[], bool],
) -> list[Run]:
    """Runs from random-sign sums of centred gradients, outside the eigenvectors of the first."""
    if not noise.remainder:
        return []
    modes = run.space.ritz(np.flatnonzero(run.converged))
    generator = torch.Generator().manual_seed(seed)
    runs: list[Run] = []
    for _ in range(draws):
        if runs and not goes_on():
            break
        drawn = torch.randint(0, 2, (curvature.count,), generator=generator)
        signs = (2 * drawn - 1).to(gradient)
        start = curvature.gradient(signs) - signs.mean() * gradient
        for _ in range(2):
            start = start - modes.T @ (modes @ start)
        steps = max(1, products // 3 // draws)
        if start.norm() > 0:
            runs.append(Run(curvature, start, steps, goes_on, modes))
    return runs


def _totals(run: Run, nodes: Nodes, losses: np.ndarray) -> dict:
    loss, square = float(losses.mean()), run.space.length**2
    along = run.projections @ run.space.vectors[0] * run.space.length  # g_s·g
    flat = 1 - nodes.gradient.sum() / square
    return {
        "gradient_nodes": len(nodes.curvatures),
        "loss": loss,
        "loss_error": float(standard_error(losses)),
        "floor": loss - float((nodes.gradient / nodes.curvatures).sum() / 2),
        "floor_error": float(standard_error(model_of_samples(run, losses))),
        "gradient_square": square,
        "gradient_square_error": float(2 * standard_error(along)),
        "flat_gradient": float(min(max(flat, 0.0), 1.0)),
    }


def _layers(network: Network, gradient: torch.Tensor, run: Run) -> dict:
    leading = run.space.ritz(np.array([0]))[0]
    return {
        "weights": sum(network.sizes),
        "layers": tuple(network.parameters),
        "layer_weights": np.array(network.sizes, dtype=float),
        "layer_gradient": _shares(network, gradient),
        "layer_leading": _shares(network, leading),
    }


def _shares(network: Network, vector: torch.Tensor) -> np.ndarray:
    return network.by_layer(vector.double().square()).cpu().numpy()


def _check_gradient(gradient: torch.Tensor) -> None:
    if not torch.isfinite(gradient).all():
        raise ProblemError(
            "model",
            expected="a finite gradient",
            received="one with infinite or undefined entries",
            advice="training has diverged, or the loss has no derivative here",
        )
    if not gradient.norm() > 0:
        raise ProblemError(
            "model",
            expected="weights with a gradient that is not zero",
            received="a zero gradient",
            advice="there is nothing to descend: measure before training has ended",
        )
