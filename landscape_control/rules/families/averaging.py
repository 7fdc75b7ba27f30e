"""Averages of the iterates as the rule's answer: Polyak-Ruppert, and Schedule-Free.

The state carries the average as a difference, which is zero at the start: x - θ, or x - z.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...support.arguments import checked
from ...support.errors import ProblemError
from .coefficient import Coefficient
from .contained import Contained, face
from .decay import Wrapped
from .family import Clock, Family, State, Value, Values
from .linear import learning_rate

_AVERAGING = Coefficient(name="averaging", symbol="q", low=0.0, high=1.0, least=0.02, most=1.0)


def newest_weight(averaging: Value, clock: Clock) -> Value:
    """c_t = 1/(1 + qt), the weight of the newest iterate: with q = 1/(r+1) it is (r+1)/(t+r+1).

    q = 1 (r = 0) weighs all iterates equally, q = 0 (r = ∞) forgets all but the last; between them
    iterate t has a weight that grows as t^r, an average over the last 1/(r+1) of the steps.
    """
    return 1 / (1 + averaging * clock.step)


@checked
@dataclass(frozen=True, kw_only=True)
class Averaged(Wrapped):
    """A family that answers with an average of its iterates, x ← (1 - c_t) x + c_t θ.

    θ takes the inner family's steps and never sees x. With c_t = 1/(1 + qt), t = 0, 1, … and the
    coefficient ``averaging`` q, x_T = Σ_t w_t θ_{t+1} with w_t ∝ t^r nearly, r = 1/q - 1:
    Polyak-Ruppert averaging at q = 1, averages of the tail between, the last iterate at q = 0. The
    state is that of the inner family and x - θ.

    Source: B. T. Polyak, A. B. Juditsky, *Acceleration of stochastic approximation by averaging*,
    1992; D. Ruppert 1988; the weights: O. Shamir, T. Zhang, *Stochastic gradient descent for
    non-smooth optimization*, ICML 2013 (polynomial-decay averaging).

    Raises ProblemError for a family that averages already.
    """

    def __post_init__(self) -> None:
        taken = any(each.name == "averaging" for each in self.family.coefficients)
        if self.family.has_readout or taken:
            raise ProblemError(
                "family of Averaged",
                expected="a family that answers with θ itself, without a coefficient 'averaging'",
                received=self.family.name,
                advice="average once only",
            )

    has_readout = True

    @property
    def name(self) -> str:
        return f"averaged {self.family.name}"

    @property
    def formula(self) -> str:
        return f"{self.family.formula}, x = (1-c)x + cθ, c = 1/(1+qt)"

    @property
    def source(self) -> str:
        return f"{self.family.source}; Ruppert 1988, Polyak & Juditsky 1992"

    @property
    def contains(self) -> Mapping[str, str]:
        return {self.family.name: "averaging = 0", "Polyak-Ruppert averaging": "averaging = 1"}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return *self.family.coefficients, _AVERAGING

    @property
    def contained(self) -> tuple[Contained, ...]:
        plain = [
            face(inside.name, **dict(inside.held), averaging=0.0)
            for inside in self.family.contained
            if inside.is_face
        ]
        return *plain, face(self.family.name, averaging=0.0), *super().contained

    @property
    def state_size(self) -> int:
        return self.family.state_size + 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        *inner, behind = state  # x - θ
        move, following = super().step(coefficients, tuple(inner), gradient, parameters, clock)
        kept = 1 - newest_weight(coefficients["averaging"], clock)
        return move, (*following, kept * (behind - move))

    def readout(self, coefficients: Values, state: State, parameters: Value, clock: Clock) -> Value:
        return parameters + state[-1]


@checked
@dataclass(frozen=True, kw_only=True)
class ScheduleFree(Family):
    """y = (1-β)z + βx, z ← z - α g(y), x ← (1 - c_t)x + c_t z: gradients at y, x is the answer.

    θ is y, where gradients are taken. c_t = 1/(1 + qt), t = 0, 1, … with the coefficient
    ``averaging`` q, which is (r+1)/(t+r+1) with r = 1/q - 1; the published rule has r = 0. β = 0 is
    Polyak-Ruppert averaging of gradient descent, β → 1 its primal average; q = 0 is gradient
    descent, whatever β. With e = x - z as the only state,

        e' = (1 - c_t)(e + αg),  Δy = -αg + β(e' - e),  x = y + (1 - β)e.

    Its warm-up, which also weighs iterates by the squared rate, is not part of it.

    Source: A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky, *The road less
    scheduled*, NeurIPS 2024 (arXiv 2405.15682).
    """

    name = "Schedule-Free"
    formula = "y = (1-β)z + βx, z = z - αg(y), x = (1-c)x + cz, c = 1/(1+qt)"
    source = "Defazio et al. 2024"
    contains = {
        "gradient descent": "averaging = 0",
        "Polyak-Ruppert averaging": "momentum = 0",
        "primal averaging": "momentum → 1",
    }
    linear = True
    has_readout = True
    state_size = 1

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        mixed = Coefficient(
            name="momentum", symbol="β", low=0.0, high=0.9999, most=0.98, scale="one minus"
        )
        return learning_rate(False), mixed, _AVERAGING

    @property
    def contained(self) -> tuple[Contained, ...]:
        plain = face("gradient descent", momentum=0.0, averaging=0.0)
        return plain, face("averaged gradient descent", momentum=0.0)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        (ahead,) = state  # x - z
        down = coefficients["learning_rate"] * gradient
        kept = 1 - newest_weight(coefficients["averaging"], clock)
        following = kept * (ahead + down)
        return coefficients["momentum"] * (following - ahead) - down, (following,)

    def readout(self, coefficients: Values, state: State, parameters: Value, clock: Clock) -> Value:
        return parameters + (1 - coefficients["momentum"]) * state[0]
