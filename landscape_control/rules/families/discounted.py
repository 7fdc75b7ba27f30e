"""The rule of a learner that discounts what it believes of mean and scale: Adam, derived."""

from dataclasses import dataclass

from ...support.arguments import Discount, NonNegative, Positive, checked
from .adaptive import RATE
from .average import average_weight
from .coefficient import Coefficient
from .contained import Contained, face
from .family import Clock, Family, State, Value, Values
from .modes import unstable_rate

_BETA1, _BETA2 = average_weight("beta1", "β₁"), average_weight("beta2", "β₂")
_FLOOR = 1e-60  # under ηkV: where all gradients were zero, or α is, nothing moves
_DISCOUNT = Coefficient(
    name="discount", symbol="γ", low=0.0, least=1e-3, most=10.0, scale="log", unit="1/step"
)
_START = Coefficient(
    name="start_rate", symbol="b₀", low=0.0, least=1e-6, most=10.0, scale="log", unit="y²"
)


@checked
@dataclass(frozen=True, kw_only=True)
class DiscountedBayes(Family):
    """Optimal step on the believed quadratic: Δθ = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m̂, V = c·v̂, with m̂
    and v̂ = b/a those of a :class:`~landscape_control.model.belief.DiscountedModel` with a diffuse
    mean.

    The ``learning_rate`` is α = √(ηk/c), so that ηk = cα². The ``discount`` γ is that per step and
    the ``curvature_scale`` c turns E[y²] into a curvature. Multiplied out (see
    :func:`.modes.unstable_rate`),

        Δθ = -α²m̂ / (√((γ/c)²/4 + α²v̂) + (γ/c)/2),

    so that α and γ/c are all that matters. At γ = 0 it is -α m̂/√v̂: from a diffuse start, a₀ = b₀ =
    0, Adam with ε = 0 and both bias corrections; it departs from that by the share γ/(2√(ηkV)).
    For large γ it is momentum descent at ηk/γ. With ``start_shape`` a₀ > 0 the scale has a proper
    start, and b₀ (``start_rate``) is a coefficient: the scale expected before the first gradient is
    E[y²] = b₀/a₀, and its trace fades as β₂ᵗ, where Adam's ε stays.

    Parameters
    ----------
    discount : γ ≥ 0; None makes it a coefficient
    start_shape : a₀ ≥ 0
    curvature_scale : c > 0, in units of curvature over squared gradient

    Raises
    ------
    ProblemError
        A negative discount or start_shape, a curvature_scale that is not positive.

    Source: discounting as in West & Harrison 1997, scale as in Shephard 1994; the gain of the
    quadratic as in VGR25 (arXiv 2510.26997).
    """

    discount: Discount | None = 0.0
    start_shape: NonNegative = 0.0
    curvature_scale: Positive = 1.0

    name = "discounted Bayes"
    formula = "Δθ = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m̂, V = c b/a, ηk = cα²"
    source = "West & Harrison 1997; Shephard 1994; VGR25"
    contains = {
        "Adam": "discount = 0, start_shape = 0: with ε = 0",
        "gradient descent": "discount → ∞, beta1 = 0: learning rate cα²/γ",
    }

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        proper = (_START,) if self.start_shape > 0 else ()
        free = (_DISCOUNT,) if self.discount is None else ()
        return RATE, _BETA1, _BETA2, *free, *proper

    @property
    def proportional(self) -> tuple[str, ...]:
        return ("learning_rate",) if self.discount == 0 else ()

    @property
    def contained(self) -> tuple[Contained, ...]:
        without_discount = (
            (face("the same without discount", discount=0.0),) if self.discount is None else ()
        )
        return (face("the same without an average of gradients", beta1=0.0), *without_discount)

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
        rate, shape = square, (1 - faded) / (1 - beta2) / 2
        if self.start_shape > 0:
            rate = rate + faded * coefficients["start_rate"]
            shape = shape + faded * self.start_shape
        drive = self.curvature_scale * coefficients["learning_rate"] ** 2
        stiffness = (drive * self.curvature_scale / shape) * rate + _FLOOR
        discount = coefficients["discount"] if self.discount is None else self.discount
        move = (-drive / weight) * total / unstable_rate(stiffness, discount)
        return move, (total, square)
