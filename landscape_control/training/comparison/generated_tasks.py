"""Training tasks whose samples are drawn: regressions, noisy labels, sequences.

The seed of each decides its samples as well as its starting weights. PyTorch is needed.
"""

from functools import partial
from typing import Any

import numpy as np

from ...support.arguments import Index, checked
from ..networks import seeded, torch_module
from .tasks import TrainingTask

_SAMPLES = 2000


@checked
def noisy_logistic(*, seed: Index = 0) -> TrainingTask:
    """Softmax regression, 50 inputs, 10 classes, a fifth of the training labels wrong.

    Inputs are standard normal; the class is the largest of 10 linear functions with standard normal
    coefficients; a wrong label is one of the other nine. The test labels are all right.
    """
    rng = np.random.default_rng((seed, 1))
    inputs = rng.standard_normal((2 * _SAMPLES, 50))
    classes = (inputs @ rng.standard_normal((50, 10))).argmax(axis=1)
    labels = classes.copy()
    wrong = rng.random(len(labels)) < 0.2
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, wrong.sum())) % 10
    return _task(
        name="logistic",
        title="noisy logistic regression",
        steps=500,
        batch=32,
        arrays=(inputs[:_SAMPLES], labels[:_SAMPLES], inputs[_SAMPLES:], classes[_SAMPLES:]),
        network=partial(_linear, inputs=50, outputs=10, bias=True),
        kind="convex",
    )


@checked
def ill_conditioned_regression(*, seed: Index = 0) -> TrainingTask:
    """Linear regression, 100 inputs whose covariance has condition number 1e4.

    The eigenvalues λ of the covariance are evenly spaced in their logarithm from 1 to 1e-4, in
    random directions; the true coefficients along them are normal with variance λ^(-1/2), and the
    noise of the targets has variance 0.1. The loss is ½ (prediction - target)².
    """
    rng = np.random.default_rng((seed, 2))
    spectrum = np.logspace(0, -4, 100)
    return _regression(
        rng,
        name="regression",
        title="ill-conditioned regression",
        spectrum=spectrum,
        coefficients=spectrum**-0.25 * rng.standard_normal(100),
        noise=0.1,
        is_rotated=True,
        steps=1000,
        batch=16,
    )


@checked
def random_quadratic(*, seed: Index = 0) -> TrainingTask:
    """Linear regression about which everything is drawn.

    20 to 200 inputs; covariance with eigenvalues i^(-a), a in [0.5, 2], or evenly spaced in their
    logarithm down to a condition number of 10 to 1e4; coefficients normal with variance λ^(-2b), b in
    [0, 0.5]; noise that makes 0.1 to 10 % of the loss at zero; directions random or those of the
    inputs; batches of 8, 16, 32 or 64; 300 to 1000 steps.
    """
    rng = np.random.default_rng((seed, 3))
    size = int(rng.integers(20, 201))
    ranks = np.arange(size)
    is_power_law = rng.random() < 0.5
    exponent, decades = rng.uniform(0.5, 2), rng.uniform(1, 4)
    power_law = (1.0 + ranks) ** -exponent
    even = 10 ** (-decades * ranks / (size - 1))
    spectrum = power_law if is_power_law else even
    coefficients = spectrum ** -rng.uniform(0, 0.5) * rng.standard_normal(size)
    explained = float(np.sum(spectrum * coefficients**2))
    return _regression(
        rng,
        name=f"quadratic{seed}",
        title=f"random quadratic {seed}",
        spectrum=spectrum,
        coefficients=coefficients,
        noise=explained * 10 ** rng.uniform(-3, -1),
        is_rotated=bool(rng.random() < 0.5),
        batch=int(rng.choice([8, 16, 32, 64])),
        steps=int(rng.integers(300, 1001)),
    )


def _regression(
    rng: np.random.Generator,
    *,
    spectrum: np.ndarray,
    coefficients: np.ndarray,
    noise: float,
    is_rotated: bool,
    **about: Any,
) -> TrainingTask:
    """Targets y = x·w + ε with covariance of x, w along its eigenvectors, and variance of ε given."""
    size = len(spectrum)
    along = np.sqrt(spectrum) * rng.standard_normal((2 * _SAMPLES, size))
    targets = along @ coefficients + np.sqrt(noise) * rng.standard_normal(2 * _SAMPLES)
    directions, _ = np.linalg.qr(rng.standard_normal((size, size)))
    inputs = along @ directions.T if is_rotated else along
    arrays = (inputs[:_SAMPLES], targets[:_SAMPLES], inputs[_SAMPLES:], targets[_SAMPLES:])
    network = partial(_linear, inputs=size, outputs=1, bias=False)
    return _task(arrays=arrays, network=network, kind="quadratic", **about)


@checked
def markov_sequences(*, seed: Index = 0) -> TrainingTask:
    """Which of six Markov chains made a sequence: 20 of eight symbols, read by a recurrent network.

    Each row of each chain's transition matrix is uniform over the distributions on eight symbols.
    Inputs are indicator vectors of the symbols; a gated recurrent unit with 32 states reads them,
    and a linear layer scores the chains from its last state: 4 230 weights.
    """
    rng = np.random.default_rng((seed, 4))
    chains, symbols, length = 6, 8, 20
    transitions = rng.dirichlet(np.ones(symbols), size=(chains, symbols)).cumsum(axis=-1)
    labels = rng.integers(chains, size=2 * _SAMPLES)
    states = [rng.integers(symbols, size=2 * _SAMPLES)]
    for _ in range(length - 1):
        draws = rng.random((2 * _SAMPLES, 1))
        rows = transitions[labels, states[-1]]
        states.append((draws > rows[:, :-1]).sum(axis=1))
    inputs = np.eye(symbols)[np.stack(states, axis=1)]
    return _task(
        name="sequences",
        title="recurrent network on sequences",
        steps=500,
        batch=32,
        arrays=(inputs[:_SAMPLES], labels[:_SAMPLES], inputs[_SAMPLES:], labels[_SAMPLES:]),
        network=partial(_recurrent, inputs=symbols, states=32, outputs=chains),
        kind="network",
    )


def _task(*, arrays: tuple[np.ndarray, ...], network: Any, kind: str, **about: Any) -> TrainingTask:
    torch = torch_module()
    inputs, targets, test_inputs, test_targets = arrays
    has_classes = np.issubdtype(targets.dtype, np.integer)
    dtype = torch.int64 if has_classes else torch.float32
    return TrainingTask(
        inputs=torch.tensor(inputs, dtype=torch.float32),
        targets=torch.tensor(targets, dtype=dtype),
        test_inputs=torch.tensor(test_inputs, dtype=torch.float32),
        test_targets=torch.tensor(test_targets, dtype=dtype),
        network=network,
        loss=torch.nn.functional.cross_entropy if has_classes else half_square,
        kind=kind,
        has_classes=has_classes,
        **about,
    )


def half_square(outputs: Any, targets: Any) -> Any:
    """½ (output - target)², mean over a batch; outputs (n, 1)."""
    return 0.5 * (outputs[:, 0] - targets).square().mean()


def _linear(*, inputs: int, outputs: int, bias: bool, seed: int) -> Any:
    torch = torch_module()
    with seeded(torch, seed):
        return torch.nn.Linear(inputs, outputs, bias=bias)


def _recurrent(*, inputs: int, states: int, outputs: int, seed: int) -> Any:
    from .recurrent import Recurrent

    with seeded(torch_module(), seed):
        return Recurrent(inputs=inputs, states=states, outputs=outputs)
