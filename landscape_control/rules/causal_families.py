"""Steps of the classic causal rules that no policy family holds exactly: as they are run, signs and
roots unsmoothed.
"""

from dataclasses import dataclass

import numpy as np

from .families import Coefficient, Family, HeavyBall

RATE = Coefficient(name="learning_rate", symbol="α", low=0.0, least=1e-3, most=3.0, scale="log")
DECAY = Coefficient(name="decay", symbol="w", low=0.0, least=1e-4, most=0.5, scale="log")
EPSILON = Coefficient(
    name="epsilon", symbol="ε", low=0.0, high=1.0, least=1e-8, most=0.1, scale="log"
)


def average(name: str, symbol: str) -> Coefficient:
    """β of an exponential average; 0 forgets at once."""
    return Coefficient(
        name=name, symbol=symbol, low=0.0, high=0.99999, least=0.0, most=0.999, scale="one minus"
    )


@dataclass(frozen=True, kw_only=True)
class DecayInside(HeavyBall):
    """Δθ_t = βΔθ_{t-1} - α y_t - wθ: the pull enters the momentum (L2 regularisation; optimal for a
    moving task).
    """

    constant: bool = True

    reads_parameters = True

    name = "heavy ball with weight decay"
    formula = "Δθ = βΔθ - α y - wθ"

    @property
    def coefficients(self):
        return *super().coefficients, DECAY

    def step(self, coefficients, state, gradient, parameters, clock):
        update, _ = super().step(coefficients, state, gradient, parameters, clock)
        update = update - coefficients["decay"] * parameters
        return update, (update,)


@dataclass(frozen=True, kw_only=True)
class CorrectedAverage(Family):
    """m = βm + (1-β)y, Δθ_t = -α m/(1-βᵗ): the mean of the gradients so far, fading."""

    name = "bias-corrected momentum"
    formula = "Δθ = -α m̂"

    @property
    def coefficients(self):
        return RATE, average("momentum", "β")

    @property
    def state_size(self):
        return 1

    def step(self, coefficients, state, gradient, parameters, clock):
        beta = coefficients["momentum"]
        mean = beta * state[0] + (1 - beta) * gradient
        return -coefficients["learning_rate"] * mean / (1 - beta ** (clock.step + 1)), (mean,)


@dataclass(frozen=True, kw_only=True)
class RootMeanSquare(Family):
    """-α m̂/(√v̂ + ε): Adam; without ``averaged`` m̂ = y (RMSProp); without ``corrected`` the
    averages start from zero.
    """

    averaged: bool
    corrected: bool

    name = "Adam"
    formula = "Δθ = -α m̂/(√v̂ + ε)"

    @property
    def coefficients(self):
        first = (average("beta1", "β₁"),) if self.averaged else ()
        return RATE, *first, average("beta2", "β₂"), EPSILON

    @property
    def state_size(self):
        return 2

    def step(self, coefficients, state, gradient, parameters, clock):
        beta1, beta2 = coefficients["beta1"] if self.averaged else 0.0, coefficients["beta2"]
        mean = beta1 * state[0] + (1 - beta1) * gradient
        square = beta2 * state[1] + (1 - beta2) * gradient**2
        count = clock.step + 1
        first, second = (1 - beta1**count, 1 - beta2**count) if self.corrected else (1.0, 1.0)
        update = (
            -coefficients["learning_rate"]
            * (mean / first)
            / (np.sqrt(square / second) + coefficients["epsilon"])
        )
        return update, (mean, square)


@dataclass(frozen=True, kw_only=True)
class AccumulatedSquares(Family):
    """v = v + y², Δθ = -α y/(√v + ε)."""

    name = "AdaGrad"
    formula = "Δθ = -α y/(√Σy² + ε)"

    @property
    def coefficients(self):
        return RATE, EPSILON

    @property
    def state_size(self):
        return 1

    def step(self, coefficients, state, gradient, parameters, clock):
        square = state[0] + gradient**2
        return -coefficients["learning_rate"] * gradient / (
            np.sqrt(square) + coefficients["epsilon"]
        ), (square,)


@dataclass(frozen=True, kw_only=True)
class Sign(Family):
    """-α sign(y); with one ``averages`` -α sign(m) (signum); with two -α sign(β₁m + (1-β₁)y), m =
    β₂m + (1-β₂)y (Lion).
    """

    averages: int

    name = "sign descent"
    formula = "Δθ = -α sign(y)"

    @property
    def coefficients(self):
        named = ((), (average("momentum", "β"),), (average("beta1", "β₁"), average("beta2", "β₂")))
        return RATE, *named[self.averages]

    @property
    def state_size(self):
        return 1

    def step(self, coefficients, state, gradient, parameters, clock):
        slow = (
            coefficients[("momentum", "momentum", "beta2")[self.averages]] if self.averages else 0.0
        )
        fast = coefficients["beta1"] if self.averages == 2 else slow
        looked_at = fast * state[0] + (1 - fast) * gradient
        return -coefficients["learning_rate"] * np.sign(looked_at), (
            slow * state[0] + (1 - slow) * gradient,
        )
