"""How low the losses of some samples can be, whatever the network says."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize

from ...support.errors import ProblemError
from ..measuring.outputs import mean_loss

_FEW = 128  # samples that show whether losses can be negative
_ROUNDS, _ITERATIONS = 10, 10  # of the search
_LEFT = 2e-3  # share of the fall that may be left at the end of the search


def least_loss(loss_fn: Callable, outputs: torch.Tensor, targets: torch.Tensor) -> float:
    """min(0, inf_z L(z)) over outputs z (n, …): below it no network brings the mean loss.

    0 for cross-entropy, squared errors and all other losses that are never negative. Of a convex
    loss that can be, such as the negative log-likelihood of counts, the minimum over the outputs of
    every sample, by L-BFGS from those at hand. Raises ProblemError where it falls on and on.
    """
    few = slice(None, None, max(1, len(outputs) // _FEW))
    if _lowest(loss_fn, outputs[few], targets[few]) == 0:
        return 0.0
    return _lowest(loss_fn, outputs, targets)


@torch.enable_grad()
def _lowest(loss_fn: Callable, outputs: torch.Tensor, targets: torch.Tensor) -> float:

    def total(point: np.ndarray) -> tuple[float, np.ndarray]:
        free = torch.as_tensor(point).to(outputs).view_as(outputs).requires_grad_(True)
        loss = mean_loss(loss_fn, free, targets) * len(targets)
        (slope,) = torch.autograd.grad(loss, free)
        return loss.item(), slope.double().cpu().numpy().ravel()

    point = start = outputs.detach().double().cpu().numpy().ravel()
    begin = total(start)[0] / len(targets)
    options = {"maxiter": _ITERATIONS, "ftol": 0.0, "gtol": 1e-9}
    for _ in range(_ROUNDS):
        found = minimize(total, point, jac=True, method="L-BFGS-B", options=options)
        point, end = found.x, found.fun / len(targets)
        # of a convex loss no more is left than the slope times the way to the minimum
        left = float(np.abs(found.jac) @ np.abs(point - start)) / len(targets)
        if left <= _LEFT * (begin - end):
            return 0.0 if end >= 0 else end - left
    if end >= 0:
        return 0.0
    raise ProblemError(
        "loss_fn",
        expected="a loss that is convex in the outputs and bounded below",
        received=f"{end:.3g} after {_ROUNDS * _ITERATIONS} steps in the outputs alone, still"
        " falling",
        advice="a loss without a lowest value has no optimal training; add what bounds it",
    )
