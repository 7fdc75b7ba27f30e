"""Linear families: gradient descent, heavy ball, Nesterov, spans of past gradients."""

from dataclasses import dataclass

from .coefficient import Coefficient
from .family import Family


def learning_rate(varies: bool) -> Coefficient:
    """α, a length per gradient; starts between 0.01 and 3."""
    return Coefficient(name="learning_rate", symbol="α", least=1e-2, most=3.0, scale="log", varies=varies)


def momentum(varies: bool) -> Coefficient:
    """β; without effect on the first step. A constant one stays inside (-1, 1), where a rule can settle."""
    free = {} if varies else {"low": -0.9999, "high": 0.9999}
    return Coefficient(name="momentum", symbol="β", least=0.0, most=0.95, scale="one minus", varies=varies, first=1, **free)


@dataclass(frozen=True, kw_only=True)
class GradientDescent(Family):
    """Δθ_t = -α_t y_t, with one α (``constant``) or one per step.

    Source: A. Cauchy 1847; with noisy gradients H. Robbins, S. Monro, *A stochastic approximation method*, 1951.
    """

    constant: bool

    name = "gradient descent"
    formula = "Δθ = -α y"
    source = "Cauchy 1847; Robbins & Monro 1951"
    linear = True

    @property
    def coefficients(self):
        return (learning_rate(not self.constant),)

    @property
    def state_size(self):
        return 0

    def step(self, coefficients, state, gradient, parameters, clock):
        return -coefficients["learning_rate"] * gradient, ()


@dataclass(frozen=True, kw_only=True)
class HeavyBall(Family):
    """Δθ_t = β_t Δθ_{t-1} - α_t y_t, Δθ_{-1} = 0.

    Source: B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964.
    """

    constant: bool

    name = "heavy ball"
    formula = "Δθ = βΔθ - α y"
    source = "Polyak 1964"
    contains = {"gradient descent": "momentum = 0"}
    linear = True

    @property
    def coefficients(self):
        return learning_rate(not self.constant), momentum(not self.constant)

    @property
    def state_size(self):
        return 1

    def step(self, coefficients, state, gradient, parameters, clock):
        update = coefficients["momentum"] * state[0] - coefficients["learning_rate"] * gradient
        return update, (update,)
