"""Rules that keep the sign of a gradient and drop its size: sign descent, signum and Lion."""

from dataclasses import dataclass

from ...support.arguments import Positive, checked
from .average import average_weight, averaged
from .coefficient import Coefficient
from .contained import Contained, face
from .elementwise import sign, sqrt
from .family import Clock, Family, State, Value, Values

_SMOOTHING = (
    "δ > 0 in units of the gradient, at least a third of a typical one: below δ the sign is linear;"
    " None for the sign itself, which cannot be optimised"
)


def _rate() -> Coefficient:
    """α, the length of a step."""
    return Coefficient(
        name="learning_rate", symbol="α", low=0.0, least=1e-3, most=1.0, scale="log", unit="u"
    )


def _beta(index: int, most: float) -> Coefficient:
    symbol = "β" + "₁₂"[index - 1]
    return Coefficient(
        name=f"beta{index}", symbol=symbol, low=0.0, high=0.9999, most=most, scale="one minus"
    )


@dataclass(frozen=True, kw_only=True)
class _Signed(Family):
    """Base of rules that take the sign of something.

    Within ``smoothing`` δ of 0 it is linear; with None it is the sign itself, by which nothing can
    be differentiated.
    """

    smoothing: Positive | None

    arguments = {"smoothing": _SMOOTHING}

    @property
    def differentiable(self) -> bool:
        return self.smoothing is not None

    def _sign(self, x: Value) -> Value:
        if self.smoothing is None:
            return sign(x)
        return x / sqrt(x**2 + self.smoothing**2)


@checked
@dataclass(frozen=True, kw_only=True)
class SignDescent(_Signed):
    """Δθ = -α y/√(y² + δ²): steps of one length α.

    Except for gradients below the ``smoothing`` δ, in units of y. Off the sign by a relative δ²/2y²
    for |y| ≫ δ. A program's cost, an average over scenarios, bends wherever some gradient passes 0,
    over a width δ; the bends even out only where many gradients lie within δ of 0. Take δ no
    smaller than a third of a typical |y| (of the noise σ, where it rules): at curvatures
    Uniform(0.05, 1), σ = 0.3, T = 10, all starts agree for δ = σ/3; for σ/10 about half of them and
    for σ/30 hardly two, "converged" up to 30 % above the best cost. So look at ``agreed``, and come
    down from a larger δ with ``guess`` to reach the sign itself.

    Source: M. Riedmiller, H. Braun, *RPROP*, 1993; J. Bernstein et al., *signSGD: compressed
    optimisation for non-convex
    problems*, ICML 2018.
    """

    name = "sign descent"
    source = "Riedmiller & Braun 1993; Bernstein et al. 2018"
    contains = {
        "signSGD": "smoothing → 0",
        "gradient descent": "smoothing → ∞ with learning_rate/smoothing held",
        "Adam family": "its point exponent = ½, beta1 = beta2 = 0, epsilon = smoothing²",
    }

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return (_rate(),)

    @property
    def formula(self) -> str:
        return "Δθ = -α sign(y)" if self.smoothing is None else "Δθ = -α y/√(y² + δ²)"

    @property
    def state_size(self) -> int:
        return 0

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        return -coefficients["learning_rate"] * self._sign(gradient), ()


@checked
@dataclass(frozen=True, kw_only=True)
class Lion(_Signed):
    """c = β₁m + (1-β₁)y, Δθ = -α c/√(c² + δ²), m = β₂m + (1-β₂)y.

    The sign of one average, while another one is kept. Lion proper is this with
    :class:`WeightDecay` around it and ``smoothing`` δ → 0. :class:`SignDescent` says how large δ
    has to be in a program, here with |c| for |y|: averages of noise are smaller than the noise, by
    √((1-β)/(1+β)) where β₁ = β₂ = β. Where c is far below δ the rule is linear with learning rate
    α/δ, and only that ratio matters.

    Source: X. Chen et al., *Symbolic discovery of optimization algorithms*, NeurIPS 2023, Algorithm
    2.
    """

    name = "Lion"
    formula = "Δθ = -α sign(β₁m + (1-β₁)y)"
    source = "Chen et al. 2023, Algorithm 2"
    contains = {
        "sign descent": "beta1 = 0",
        "Signum": "beta1 = beta2: the sign of the average of Bernstein et al. 2018",
        "heavy ball": "beta1 = beta2, smoothing → ∞ with learning_rate/smoothing held",
    }

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return _rate(), _beta(1, 0.95), _beta(2, 0.99)

    @property
    def contained(self) -> tuple[Contained, ...]:
        return (face("sign descent", beta1=0.0),)

    @property
    def state_size(self) -> int:
        return 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        beta1, beta2 = coefficients["beta1"], coefficients["beta2"]
        followed = averaged(beta1, state[0], gradient)
        kept = averaged(beta2, state[0], gradient)
        return -coefficients["learning_rate"] * self._sign(followed), (kept,)


@checked
@dataclass(frozen=True, kw_only=True)
class Signum(_Signed):
    """m = βm + (1-β)y, Δθ = -α m/√(m² + δ²): the sign of the average that is kept.

    Source: J. Bernstein et al., *signSGD: compressed optimisation for non-convex problems*, ICML
    2018.
    """

    name = "sign of momentum"
    formula = "m = βm + (1-β)y, Δθ = -α sign(m)"
    source = "Bernstein et al. 2018 (signum)"
    contains = {
        "sign descent": "momentum = 0",
        "heavy ball": "smoothing → ∞ with learning_rate/smoothing held",
    }

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return _rate(), average_weight("momentum", "β")

    @property
    def contained(self) -> tuple[Contained, ...]:
        return (face("sign descent", momentum=0.0),)

    @property
    def state_size(self) -> int:
        return 1

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        mean = averaged(coefficients["momentum"], state[0], gradient)
        return -coefficients["learning_rate"] * self._sign(mean), (mean,)
