"""The steps of gradient flow, in PyTorch and SciPy."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.integrate import RK45
from scipy.optimize import brentq

from ...support.errors import ProblemError
from .network_loss import NetworkLoss


@dataclass(kw_only=True, eq=False)
class FlowSteps:
    """What was passed so far: times, losses, lengths, and the present offset from the start (P,)."""

    start: np.ndarray
    offset: np.ndarray
    times: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    evaluations: int = 0

    def add(self, time: float, loss: float, state: np.ndarray) -> None:
        """One step: (θ - θ_0, length) at a time."""
        self.times.append(time)
        self.losses.append(loss)
        self.offset = state[:-1]
        self.lengths.append(float(state[-1]))


def integrated(
    model: torch.nn.Module,
    loss_fn: Callable,
    loader: object,
    until_loss: float,
    accuracy: float,
    longest: float,
    max_evaluations: int,
) -> tuple[FlowSteps, bool]:
    """(steps, whether the loss was reached): see :func:`gradient_flow`."""
    with torch.enable_grad():
        loss = NetworkLoss(model, loss_fn, loader)

        def slope(_: float, state: np.ndarray) -> np.ndarray:
            _, gradient = loss.at(state[:-1])
            return np.append(-gradient, np.linalg.norm(gradient))

        start = np.zeros(loss.count + 1)
        steps = FlowSteps(start=loss.start.double().cpu().numpy(), offset=start[:-1])
        steps.add(0.0, loss.at(start[:-1])[0], start)
        if not steps.losses[0] > until_loss:
            raise ProblemError(
                "until_loss",
                expected=f"a loss below {steps.losses[0]:g}, that of the start",
                received=f"{until_loss:g}",
                advice="gradient flow only goes down",
            )
        run = RK45(slope, 0.0, start, longest, rtol=accuracy, atol=accuracy * 1e-2)
        while run.status == "running" and loss.evaluations < max_evaluations:
            run.step()
            value, _ = loss.at(run.y[:-1])
            if value <= until_loss:
                _add_end(steps, run, loss, until_loss)
                break
            steps.add(run.t, value, run.y)
        steps.evaluations = loss.evaluations
        return steps, steps.losses[-1] <= until_loss


def _add_end(steps: FlowSteps, run: RK45, loss: NetworkLoss, until_loss: float) -> None:
    """The point of the last step at which the loss is the one asked for."""
    within = run.dense_output()

    def above(time: float) -> float:
        return loss.at(within(time)[:-1])[0] - until_loss

    begin, end = run.t_old, run.t
    # at either end of the step the loss may be the one asked for to rounding
    if above(begin) <= 0:
        time = begin
    elif above(end) >= 0:
        time = end
    else:
        time = brentq(above, begin, end, rtol=1e-10)
    steps.add(float(time), until_loss, within(time))
