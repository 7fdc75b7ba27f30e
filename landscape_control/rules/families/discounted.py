"""The rule of a learner that discounts what it believes of mean and scale: Adam, derived."""

from dataclasses import dataclass

from ...support.arguments import Discount, NonNegative, checked
from .adaptive import RATE
from .average import average_weight
from .coefficient import Coefficient
from .contained import Contained, face
from .elementwise import sqrt
from .family import Clock, Family, State, Value, Values

_BETA1, _BETA2 = average_weight("beta1", "β₁"), average_weight("beta2", "β₂")
_FLOOR = 1e-30  # under b, in units of y²: where all gradients were zero, nothing moves
_START = Coefficient(name="start_rate", symbol="b₀", low=0.0, least=1e-6, most=10.0, scale="log")


@checked
@dataclass(frozen=True, kw_only=True)
class DiscountedBayes(Family):
    """Optimal step on the believed quadratic: Δθ = -α² m/(√(γ²/4 + α²V) + γ/2), V = b/a, with m and
    (a, b) those of a :class:`~landscape_control.model.belief.DiscountedModel` with a diffuse mean.

    α² is ηk per step, γ the ``discount`` per step. At γ = 0 it is -α m/√V: from a diffuse start,
    a₀ = b₀ = 0, Adam with ε = 0 and both bias corrections; for large γ it is momentum descent at
    α²/γ. With ``start_shape`` a₀ > 0 the scale has a proper start, and b₀ (``start_rate``) is a
    coefficient: the scale expected before the first gradient is E[y²] = b₀/a₀, and its trace fades
    as β₂ᵗ, where Adam's ε stays.

    Source: discounting as in West & Harrison 1997, scale as in Shephard 1994; the gain of the
    quadratic as in VGR25 (arXiv 2510.26997).
    """

    discount: Discount = 0.0
    start_shape: NonNegative = 0.0

    name = "discounted Bayes"
    formula = "Δθ = -α² m/(√(γ²/4 + α²b/a) + γ/2)"
    source = "West & Harrison 1997; Shephard 1994; VGR25"
    contains = {
        "Adam": "discount = 0, start_shape = 0: with ε = 0",
        "gradient descent": "discount → ∞, beta1 = 0: learning rate α²/γ",
    }
    proportional = ()

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        proper = (_START,) if self.start_shape > 0 else ()
        return RATE, _BETA1, _BETA2, *proper

    @property
    def contained(self) -> tuple[Contained, ...]:
        return (face("the same without an average of gradients", beta1=0.0),)

    @property
    def state_size(self) -> int:
        return 2

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        beta1, beta2 = coefficients["beta1"], coefficients["beta2"]
        count = clock.step + 1
        # w m and b, as sums of what was seen, and w and a, which only count
        total = beta1 * state[0] + gradient
        square = beta2 * state[1] + gradient**2 / 2
        weight = (1 - beta1**count) / (1 - beta1)
        faded = beta2**count
        rate = square + faded * coefficients.get("start_rate", 0.0) + _FLOOR
        shape = (1 - faded) / (1 - beta2) / 2 + faded * self.start_shape
        drive, half = coefficients["learning_rate"] ** 2, self.discount / 2
        resistance = sqrt(half**2 + drive * rate / shape) + half
        return -drive * total / weight / resistance, (total, square)
