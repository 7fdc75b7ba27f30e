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
    longest: float | None,
    max_evaluations: int,
) -> tuple[FlowSteps, bool]:
    """(steps, whether the loss was reached): see :func:`gradient_flow`."""
    with torch.enable_grad():
        loss = NetworkLoss(model, loss_fn, loader)
        start = np.zeros(loss.count)
        value, gradient = loss.at(start)
        flow = _Flow(loss, _units(value, gradient, until_loss))
        steps = FlowSteps(start=loss.start.double().cpu().numpy(), offset=start)
        steps.add(0.0, value, np.append(start, 0.0))
        run = RK45(
            flow.slope,
            0.0,
            np.zeros(loss.count + 1),
            LONGEST if longest is None else longest / flow.units.time,
            rtol=accuracy,
            atol=accuracy * _smallest(loss.count),
        )
        while run.status == "running" and loss.evaluations < max_evaluations:
            run.step()
            value, _ = loss.at(flow.offset(run.y))
            if value <= until_loss:
                _add_end(steps, run, flow, until_loss)
                break
            steps.add(*flow.point(run.t, value, run.y))
        steps.evaluations = loss.evaluations
        return steps, steps.losses[-1] <= until_loss


LONGEST = 1e6  # in units of time
_SMALL = 1e-3  # of the unit of length: ways below it are not resolved to ``accuracy``


@dataclass(frozen=True)
class Units:
    """What a straight way down at the first slope would take: a length of weights, and a time."""

    length: float
    time: float


def _units(value: float, gradient: np.ndarray, until_loss: float) -> Units:
    """ℓ = (L - until)/|∇L| and ℓ/|∇L|; refuses a loss that is not below, or no slope at all."""
    if not value > until_loss:
        raise ProblemError(
            "until_loss",
            expected=f"a loss below {value:g}, that of the start",
            received=f"{until_loss:g}",
            advice="gradient flow only goes down",
        )
    slope = float(np.linalg.norm(gradient))
    if not (np.isfinite(slope) and slope > 0):
        raise ProblemError(
            "model",
            expected="a start with a finite gradient that is not zero",
            received=f"|gradient| {slope:g}",
            advice="gradient flow stays at a stationary point: start elsewhere",
        )
    length = (value - until_loss) / slope
    return Units(length=length, time=length / slope)


def _smallest(count: int) -> np.ndarray:
    """(P+1,): for the P weights together, as they are judged by their mean square, and the arc."""
    return np.append(np.full(count, _SMALL / np.sqrt(count)), _SMALL)


@dataclass(frozen=True, eq=False)
class _Flow:
    """The flow of (θ - θ_0, arc length), both and time in their units."""

    loss: NetworkLoss
    units: Units

    def offset(self, state: np.ndarray) -> np.ndarray:
        """(P,): θ - θ_0."""
        offset: np.ndarray = state[:-1] * self.units.length
        return offset

    def point(self, time: float, value: float, state: np.ndarray) -> tuple:
        """What ``FlowSteps.add`` takes."""
        return time * self.units.time, value, state * self.units.length

    def slope(self, _: float, state: np.ndarray) -> np.ndarray:
        """(P+1,): its derivative."""
        _, gradient = self.loss.at(self.offset(state))
        speed = gradient * (self.units.time / self.units.length)
        return np.append(-speed, np.linalg.norm(speed))


def _add_end(steps: FlowSteps, run: RK45, flow: _Flow, until_loss: float) -> None:
    """The point of the last step at which the loss is the one asked for."""
    within = run.dense_output()

    def above(time: float) -> float:
        return flow.loss.at(flow.offset(within(time)))[0] - until_loss

    begin, end = run.t_old, run.t
    # at either end of the step the loss may be the one asked for to rounding
    if above(begin) <= 0:
        time = begin
    elif above(end) >= 0:
        time = end
    else:
        time = brentq(above, begin, end, rtol=1e-10)
    steps.add(*flow.point(float(time), until_loss, within(time)))
