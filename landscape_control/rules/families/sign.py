"""Rules that keep the sign of a gradient and drop its size: sign descent and Lion, with a smooth
sign.
"""

from dataclasses import dataclass

from ...arguments import Positive, checked
from .coefficient import Coefficient
from .contained import face
from .elementwise import sqrt
from .family import Family

_SMOOTHING = (
    "δ > 0 in units of the gradient, at least a third of a typical one: below δ the sign is linear"
)


def _rate() -> Coefficient:
    """α, the length of a step."""
    return Coefficient(name="learning_rate", symbol="α", low=0.0, least=1e-3, most=1.0, scale="log")


def _beta(index: int, most: float) -> Coefficient:
    symbol = "β" + "₁₂"[index - 1]
    return Coefficient(
        name=f"beta{index}", symbol=symbol, low=0.0, high=0.9999, most=most, scale="one minus"
    )


def _smooth_sign(x, smoothing):
    return x / sqrt(x**2 + smoothing**2)


@checked
@dataclass(frozen=True, kw_only=True)
class SignDescent(Family):
    """Δθ = -α y/√(y² + δ²): steps of one length α, except for gradients below the ``smoothing`` δ,
    in units of y.

    Off the sign by a relative δ²/2y² for |y| ≫ δ. A program's cost, an average over scenarios,
    bends wherever some gradient passes 0, over a width δ; the bends even out only where many
    gradients lie within δ of 0. Take δ no smaller than a third of a typical |y| (of the noise σ,
    where it rules): at curvatures Uniform(0.05, 1), σ = 0.3, T = 10, all starts agree for δ = σ/3;
    for σ/10 about half of them and for σ/30 hardly two, "converged" up to 30 % above the best cost.
    So look at ``agreed``, and come down from a larger δ with ``guess`` to reach the sign itself.

    Source: M. Riedmiller, H. Braun, *RPROP*, 1993; J. Bernstein et al., *signSGD: compressed
    optimisation for non-convex
    problems*, ICML 2018.
    """

    smoothing: Positive

    name = "sign descent"
    formula = "Δθ = -α y/√(y² + δ²)"
    source = "Riedmiller & Braun 1993; Bernstein et al. 2018"
    contains = {
        "signSGD": "smoothing → 0",
        "gradient descent": "smoothing → ∞ with learning_rate/smoothing held",
        "Adam family": "its point exponent = ½, beta1 = beta2 = 0, epsilon = smoothing²",
    }

    arguments = {"smoothing": _SMOOTHING}

    @property
    def coefficients(self):
        return (_rate(),)

    @property
    def state_size(self):
        return 0

    def step(self, coefficients, state, gradient, parameters, clock):
        return -coefficients["learning_rate"] * _smooth_sign(gradient, self.smoothing), ()


@checked
@dataclass(frozen=True, kw_only=True)
class Lion(Family):
    """c = β₁m + (1-β₁)y, Δθ = -α c/√(c² + δ²), m = β₂m + (1-β₂)y: the sign of one average, another
    one kept.

    Lion proper is this with :class:`WeightDecay` around it and ``smoothing`` δ → 0.
    :class:`SignDescent` says how large δ has to be in a program, here with |c| for |y|: averages of
    noise are smaller than the noise, by √((1-β)/(1+β)) where β₁ = β₂ = β. Where c is far below δ
    the rule is linear with learning rate α/δ, and only that ratio is felt.

    Source: X. Chen et al., *Symbolic discovery of optimization algorithms*, NeurIPS 2023, Algorithm
    2.
    """

    smoothing: Positive

    name = "Lion"
    formula = "Δθ = -α sign(β₁m + (1-β₁)y)"
    source = "Chen et al. 2023, Algorithm 2"
    contains = {
        "sign descent": "beta1 = 0",
        "Signum": "beta1 = beta2: the sign of the average of Bernstein et al. 2018",
        "heavy ball": "beta1 = beta2, smoothing → ∞ with learning_rate/smoothing held",
    }

    arguments = {"smoothing": _SMOOTHING}

    @property
    def coefficients(self):
        return _rate(), _beta(1, 0.95), _beta(2, 0.99)

    @property
    def contained(self):
        return (face("sign descent", beta1=0.0),)

    @property
    def state_size(self):
        return 1

    def step(self, coefficients, state, gradient, parameters, clock):
        beta1, beta2 = coefficients["beta1"], coefficients["beta2"]
        looked = beta1 * state[0] + (1 - beta1) * gradient
        kept = beta2 * state[0] + (1 - beta2) * gradient
        return -coefficients["learning_rate"] * _smooth_sign(looked, self.smoothing), (kept,)
