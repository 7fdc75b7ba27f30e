"""Losses of small tanh networks over data sets, as landscapes of their weights."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Literal

import casadi as ca
import numpy as np

from ...support.arguments import Anywhere, ArrayLike, Count, Filled, NonNegative, Shape, checked
from ...support.errors import ProblemError
from ...support.numpy_functions import logaddexp
from .data_losses import Samples, data_loss
from .landscape import MOST_PARAMETERS, Landscape

Sizes = Annotated[Sequence[Count], Filled()]
Inputs = Annotated[ArrayLike, Shape((1, 2))]
LossName = Literal["squared", "logistic", "cross_entropy"]


def _squared(output: ca.SX, target: ca.SX) -> ca.SX:
    return ca.sumsqr(output - target) / 2


def _logistic(output: ca.SX, target: ca.SX) -> ca.SX:
    return logaddexp(0.0, -target * output)


def _cross_entropy(output: ca.SX, target: ca.SX) -> ca.SX:
    return ca.log(ca.sum1(ca.exp(output))) - ca.dot(output, target)


_LOSSES: dict[str, Callable[[ca.SX, ca.SX], ca.SX]] = {
    "squared": _squared,
    "logistic": _logistic,
    "cross_entropy": _cross_entropy,
}


@checked
def network_loss(
    sizes: Sizes,
    inputs: Samples,
    targets: Samples,
    *,
    loss: LossName = "squared",
    decay: NonNegative = 0.0,
    name: str = "tanh network",
) -> Landscape:
    """The loss of a tanh network as a function of all its weights, over N samples.

    L(θ) = (1/N) Σᵢ ℓ(ŷ(θ, xᵢ), yᵢ) + ½·decay·|θ|²,   ŷ = W_l h_{l-1} + b_l,
    h_j = tanh(W_j h_{j-1} + b_j),   h₀ = x

    θ holds W₁ row by row, b₁, W₂, b₂, …: the order of ``torch.nn.utils.parameters_to_vector`` for
    ``Sequential(Linear, Tanh, Linear, …)``, so that weights go over as they are. Predictions:
    :func:`network_outputs`.

    Symmetries (H. J. Sussmann, Neural Networks 5, 1992): L does not change when two units of a
    hidden layer change places, nor, at decay 0 and beyond, when all weights into and out of a unit
    change their sign. So a layer of m units gives every minimum 2^m·m! copies, and what a solve
    calls another basin may be the same network. Where a unit has no weights at all, or two units are
    equal, plans that keep the symmetry cannot leave it: start elsewhere.

    Samples are mapped, not unrolled, and derivatives exact, see :func:`data_loss`. Measured on one
    core: sizes (2, 3, 1), 13 weights, N = 1 000: built in 0.01 s; L in 0.05 ms, ∇L in 0.08 ms, all
    with ∇²L in 1 ms. Sizes (10, 20, 1), 241 weights: built in 1.1 s; 0.5, 0.8 and 210 ms: a Hessian
    costs n gradients. For more weights plan a PyTorch network with
    :func:`landscape_control.plan_training`.

    Parameters
    ----------
    sizes : units of each layer, inputs first and outputs last, such as (2, 3, 1)
    inputs : (N, sizes[0]), or (N,) for one
    targets : (N, sizes[-1]), or (N,) for one; "logistic" wants one output and labels ±1,
        "cross_entropy" classes 0 … sizes[-1] - 1, (N,)
    loss : ℓ: "squared" ½|ŷ - y|², "logistic" log(1 + e^{-yŷ}), "cross_entropy" log Σⱼ e^{ŷⱼ} - ŷ_y
    decay : ≥ 0, a parameter of the landscape
    name : how it is called in descriptions

    Raises ProblemError for fewer than two sizes, inputs or targets of another width, labels and
    classes that are none, and more than 10 000 weights.
    """
    sizes = tuple(sizes)
    weights = _checked_sizes(sizes)
    _check_width("inputs", inputs, sizes[0])
    of_one = _LOSSES[loss]

    def per_sample(theta: ca.SX, x: ca.SX, y: ca.SX) -> ca.SX:
        return of_one(_output(sizes, theta, x), y)

    return data_loss(
        per_sample,
        inputs,
        _targets(targets, loss, sizes[-1]),
        dimension=weights,
        penalty=lambda theta, decay: decay * ca.sumsqr(theta) / 2,
        parameters={"decay": decay},
        name=name,
        formula=(
            f"{loss.replace('_', ' ')} loss of a {'-'.join(map(str, sizes))} tanh network, mean over"
            f" {len(inputs)} samples + ½·{{decay:g}}·|θ|²"
        ),
    )


@checked
def network_outputs(sizes: Sizes, weights: Anywhere, inputs: Inputs) -> np.ndarray:
    """ŷ (S, N, sizes[-1]) of a tanh network for weights (S, n), in the order of
    :func:`network_loss`, and inputs (N, sizes[0]).

    Raises ProblemError for weights or inputs of another width.
    """
    sizes = tuple(sizes)
    wanted = _checked_sizes(sizes)
    rows = np.atleast_2d(weights)
    _check_width("weights", rows, wanted)
    _check_width("inputs", inputs, sizes[0])
    hidden = np.reshape(inputs, (1, len(inputs), -1))
    start = 0
    for layer, (before, after) in enumerate(pairwise(sizes)):
        stop = start + before * after
        matrix = rows[:, start:stop].reshape(-1, after, before)
        offset = rows[:, None, stop : stop + after]
        hidden = np.tanh(hidden) if layer else hidden
        hidden = hidden @ matrix.transpose(0, 2, 1) + offset
        start = stop + after
    return hidden


def _output(sizes: Sequence[int], theta: ca.SX, x: ca.SX) -> ca.SX:
    """ŷ of one sample, a column."""
    hidden = x
    start = 0
    for layer, (before, after) in enumerate(pairwise(sizes)):
        stop = start + before * after
        matrix = ca.reshape(theta[start:stop], before, after).T  # CasADi fills columns first
        hidden = ca.tanh(hidden) if layer else hidden
        hidden = matrix @ hidden + theta[stop : stop + after]
        start = stop + after
    return hidden


def _checked_sizes(sizes: tuple[int, ...]) -> int:
    """n, the number of weights."""
    if len(sizes) < 2:
        raise ProblemError(
            "sizes",
            expected="inputs and outputs at least, e.g. (2, 3, 1)",
            received=f"{sizes}",
            advice="name the number of inputs first and of outputs last",
        )
    weights = sum((before + 1) * after for before, after in pairwise(sizes))
    if weights > MOST_PARAMETERS:
        raise ProblemError(
            "sizes",
            expected=f"at most {MOST_PARAMETERS} weights",
            received=f"{weights}",
            advice="plan a PyTorch network with landscape_control.plan_training",
        )
    return weights


def _check_width(what: str, array: np.ndarray, width: int) -> None:
    received = array.shape[1] if array.ndim == 2 else 1
    if received != width:
        raise ProblemError(
            what,
            expected=f"{width} numbers in each row, as sizes say",
            received=f"shape {array.shape}",
            advice="sizes are (inputs, units of the hidden layers …, outputs)",
        )


def _targets(targets: np.ndarray, loss: str, outputs: int) -> np.ndarray:
    """What the loss of a sample compares with: numbers, labels, or one row (N, K) with a 1."""
    if loss == "cross_entropy":
        return _one_hot(targets, outputs)
    _check_width("targets", targets, outputs)
    if loss == "logistic":
        is_label = np.isin(targets, (-1.0, 1.0))
        if outputs != 1 or not is_label.all():
            raise ProblemError(
                "targets",
                expected="one output, and labels -1 and 1",
                received=f"{outputs} outputs, labels {np.unique(targets)[:5]}",
                advice="write 2*y - 1 for labels 0 and 1; for several classes give their numbers and the cross entropy",
            )
    return targets


def _one_hot(classes: np.ndarray, outputs: int) -> np.ndarray:
    flat = classes.ravel()
    is_class = (flat == np.round(flat)) & (flat >= 0) & (flat < outputs)
    if math.prod(classes.shape) != len(classes) or not is_class.all():
        raise ProblemError(
            "targets",
            expected=f"one class from 0 to {outputs - 1} for each sample",
            received=f"shape {classes.shape}, from {flat.min():g} to {flat.max():g}",
            advice="give the number of the class, (N,)",
        )
    return np.eye(outputs)[flat.astype(int)]
