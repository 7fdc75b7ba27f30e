"""Rules that optimizers of networks make of Adam and RMSProp: AMSGrad, NAdam, RMSProp with momentum."""

from dataclasses import dataclass

from ...support.arguments import checked
from .adaptive import OUTER_EPSILON, RATE
from .average import average_weight, averaged, bias_corrected
from .coefficient import Coefficient
from .contained import Contained, face
from .elementwise import larger, sqrt
from .family import Clock, Family, State, Value, Values

_BETA1 = average_weight("beta1", "β₁")
_BETA2 = average_weight("beta2", "β₂")


@checked
@dataclass(frozen=True, kw_only=True)
class AMSGrad(Family):
    """m = β₁m + (1-β₁)y, v = β₂v + (1-β₂)y², V = max(V, v), Δθ = -α m̂/(√V̂ + ε).

    At the t-th step m̂ = m/(1-β₁ᵗ) and V̂ = V/(1-β₂ᵗ): the step never grows by a shrinking v, but
    the correction of V still shrinks it at first. That is what PyTorch does; the paper has no
    corrections, and optax takes the maximum of what is corrected, which ``corrected_first`` is. It is
    Adam wherever v has not fallen yet.

    Source: S. J. Reddi, S. Kale, S. Kumar, *On the convergence of Adam and beyond*, ICLR 2018;
    torch.optim.Adam(amsgrad=True).
    """

    corrected_first: bool = False

    name = "AMSGrad"
    formula = "Δθ = -α m̂/(√max v + ε)"
    source = "Reddi et al. 2018; PyTorch's Adam with amsgrad"
    contains = {"Adam": "wherever v grows from step to step"}
    state_size = 3

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return RATE, _BETA1, _BETA2, OUTER_EPSILON

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        beta1, beta2 = coefficients["beta1"], coefficients["beta2"]
        mean = averaged(beta1, state[0], gradient)
        square = averaged(beta2, state[1], gradient**2)
        if self.corrected_first:
            largest = larger(state[2], bias_corrected(beta2, square, clock))
            size = sqrt(largest)
        else:
            largest = larger(state[2], square)
            size = sqrt(bias_corrected(beta2, largest, clock))
        corrected = bias_corrected(beta1, mean, clock)
        move = -coefficients["learning_rate"] * corrected / (size + coefficients["epsilon"])
        return move, (mean, square, largest)


@checked
@dataclass(frozen=True, kw_only=True)
class NAdam(Family):
    """Adam that looks ahead: Δθ_t = -α [(1-μ_t)/(1-Πμ) y + μ_{t+1}/(1-μ_{t+1}Πμ) m]/(√v̂ + ε).

    m and v are Adam's averages, v̂ = v/(1-β₂ᵗ), Πμ = μ_1 … μ_t, and μ_t = β₁(1 - ½ 0.96^{tψ}) rises
    from β₁/2 to β₁ with the coefficient ``momentum_decay`` ψ, 0.004 in PyTorch. Where ψ is so large
    that μ_t = β₁ it is the rule of optax, without that schedule.

    Source: T. Dozat, *Incorporating Nesterov momentum into Adam*, ICLR workshop 2016;
    torch.optim.NAdam.
    """

    name = "NAdam"
    formula = "Δθ = -α[(1-μ)y/(1-Πμ) + μ'm/(1-μ'Πμ)]/(√v̂ + ε), μ = β₁(1 - ½0.96^{tψ})"
    source = "Dozat 2016; torch.optim.NAdam"
    contains = {"RMSProp with bias correction": "beta1 = 0"}
    state_size = 3

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        growth = Coefficient(
            name="momentum_decay", symbol="ψ", low=0.0, least=1e-3, most=10.0, scale="log"
        )
        return RATE, _BETA1, _BETA2, OUTER_EPSILON, growth

    @property
    def contained(self) -> tuple[Contained, ...]:
        return (face("RMSProp with bias correction", beta1=0.0),)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        beta1, beta2 = coefficients["beta1"], coefficients["beta2"]
        mean = averaged(beta1, state[0], gradient)
        square = averaged(beta2, state[1], gradient**2)

        def weight(count: Value) -> Value:
            return beta1 * (1 - 0.5 * 0.96 ** (count * coefficients["momentum_decay"]))

        now, ahead = weight(clock.step + 1), weight(clock.step + 2)
        # kept as 1 - Πμ, because every state is zero before the first step
        missing = 1 - (1 - state[2]) * now
        missing_ahead = 1 - (1 - missing) * ahead
        direction = (1 - now) / missing * gradient + ahead / missing_ahead * mean
        size = sqrt(bias_corrected(beta2, square, clock)) + coefficients["epsilon"]
        return -coefficients["learning_rate"] * direction / size, (mean, square, missing)


@checked
@dataclass(frozen=True, kw_only=True)
class RMSPropMomentum(Family):
    """v = β₂v + (1-β₂)y², b = μb + y/(√v + ε), Δθ = -α b: RMSProp inside heavy ball.

    The momentum remembers normalised gradients, where Adam normalises the average.

    Source: T. Tieleman, G. Hinton, *Lecture 6.5: rmsprop*, 2012; with momentum A. Graves, *Generating
    sequences with recurrent neural networks*, 2013, without its centring;
    torch.optim.RMSprop(momentum=μ).
    """

    name = "RMSProp with momentum"
    formula = "v = β₂v + (1-β₂)y², b = μb + y/(√v + ε), Δθ = -α b"
    source = "Tieleman & Hinton 2012; PyTorch's RMSprop with momentum"
    contains = {"RMSProp": "momentum = 0"}
    state_size = 2

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        momentum = average_weight("momentum", "μ")
        return RATE, _BETA2, OUTER_EPSILON, momentum

    @property
    def contained(self) -> tuple[Contained, ...]:
        return (face("RMSProp", momentum=0.0),)

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        square = averaged(coefficients["beta2"], state[0], gradient**2)
        normalised = gradient / (sqrt(square) + coefficients["epsilon"])
        buffer = coefficients["momentum"] * state[1] + normalised
        return -coefficients["learning_rate"] * buffer, (square, buffer)
