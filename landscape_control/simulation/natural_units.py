"""What gradients, weights and times measure in a problem, before anything is planned or tuned."""

import math
from dataclasses import dataclass, replace

import casadi as ca
import numpy as np

from ..model.problem import ControlProblem
from ..model.problem.mobility import mobility
from ..rules.families.coefficient import Coefficient
from .raw_learner import RawLearner
from .stepping import rates_seen, spectral_norm

_SAMPLES = 64  # hidden landscapes looked at


@dataclass(frozen=True, kw_only=True)
class Units:
    """The sizes that the ranges of coefficients are measured in.

    Ranges are stated for gradients, weights and speeds of order one and for times of order one; a
    search in a problem looks in as many of that problem's own.

    Attributes
    ----------
    gradient : of what the learner sees
    parameter : of the weights' displacements
    speed : of u
    time : in which the optimal learner relaxes
    step : between two updates
    """

    gradient: float
    parameter: float
    speed: float
    time: float
    step: float

    def of(self, coefficient: Coefficient) -> float:
        """The unit of a coefficient in the numbers of the problem."""
        sizes = {
            "1": 1.0,
            "y": self.gradient,
            "y²": self.gradient**2,
            "θ": self.parameter,
            "y/θ": self.gradient / self.parameter,
            "1/yθ": 1 / (self.gradient * self.parameter),
            "u": self.speed,
            "u/y": self.speed / self.gradient,
            "u/yt": self.speed / self.gradient / self.time,
            "t": self.time,
            "1/t": 1 / self.time,
            "1/step": 1 / self.step,
        }
        return sizes[coefficient.unit]

    def measured(self, coefficient: Coefficient) -> Coefficient:
        """The coefficient with its ranges in the numbers of the problem."""
        size = self.of(coefficient)
        limits = {
            name: getattr(coefficient, name) * size for name in ("low", "high", "least", "most")
        }
        return replace(coefficient, **limits)


def natural_units(problem: ControlProblem, learner: RawLearner, step: float) -> Units:
    """The units in which a learner's coefficients are tuned on a problem.

    With h the largest curvature at the start, over hidden landscapes, the optimal u on a gradient y
    is about -α y, α = ηk τ, and it relaxes within τ = 1/(γ/2 + √(γ²/4 + ηkh) + 1/T). Gradients are
    what is seen at the start, the noise of one observation included. A learner that is made for one
    step Δt has coefficients per step: τ is counted in steps for it.
    """
    objective, model, start = problem.objective, problem.model, problem.start
    discount, weight = objective.discount, objective.loss_weight
    moved = mobility(model.actuation(start)[0], model.metric(start)[0])
    price = objective.learning_rate * spectral_norm(moved)
    curvature, _ = rates_seen(problem)
    relaxation = discount / 2 + math.sqrt(discount**2 / 4 + price * weight * curvature)
    rate = relaxation + 1 / objective.horizon
    time = 1 / rate if rate > 0 else 1.0
    gradient = _observation_size(problem, step)
    speed = price * weight * time * gradient
    parameter = speed * time
    if learner.own_step is not None:
        return Units(
            gradient=gradient,
            parameter=parameter,
            speed=speed * learner.own_step,
            time=time / learner.own_step,
            step=1.0,
        )
    return Units(gradient=gradient, parameter=parameter, speed=speed, time=time, step=step)


def _observation_size(problem: ControlProblem, step: float) -> float:
    """Root mean square of an entry of y at the start, over hidden landscapes; 1 where all are 0."""
    hidden, sees = problem.landscape.hidden, problem.learner.sees
    theta = ca.SX.sym("theta", problem.dimension)
    phi = ca.SX.sym("hidden", 0 if hidden is None else hidden.dimension)
    if sees is None:
        seen = ca.gradient(problem.landscape.symbolic(theta, phi), theta)
        root = ca.SX(seen.numel(), 1)
    else:
        seen = ca.SX(sees.expression(problem.landscape, theta, None if hidden is None else phi))
        root = ca.SX(sees.root(theta, seen.numel()))
    mean = ca.sumsqr(seen) / seen.numel()
    noise = ca.sumsqr(root) / seen.numel() / step
    size = ca.Function("size", [theta, phi], [mean + noise])
    samples = np.empty((1, 0))
    if hidden is not None:
        samples = hidden.sample(np.random.default_rng(0), _SAMPLES, np.zeros(1))[:, 0]
    squares = [float(size(problem.start, values)) for values in samples]
    usable = [square for square in squares if math.isfinite(square)]
    largest = math.sqrt(np.mean(usable)) if usable else 0.0
    return largest if largest > 0 else 1.0
