"""A belief that forgets by a factor: mean and scale of a gradient, entry by entry.

Two beliefs side by side, each exact in its own model. Of the mean: y = g + N(0, s²), where before
each observation the variance of g is divided by the mean's discount β₁ (West & Harrison's
discounting). Of the scale: y ~ N(0, 1/φ), where before each observation φ is multiplied by
Beta(β₂a, (1 - β₂)a)/β₂, so that its Gamma(a, b) becomes Gamma(β₂a, β₂b) exactly (Shephard's
local-scale model). The scale is that of the whole gradient about zero: 1/φ stands for E[y²] =
g² + s², as in Adam, and does not know the mean.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln, polygamma

from ...support.arguments import (
    Count,
    Entries,
    NonNegative,
    Numbers,
    Positive,
    Share,
    Words,
    checked,
)
from ...support.arrays import freeze
from ...support.errors import ProblemError

MeanDiscount = Annotated[Share, Words(symbol="β₁")]
ScaleDiscount = Annotated[Share, Words(symbol="β₂")]
Drift = Annotated[NonNegative, Words(symbol="ρ")]
_LOGIT_END = 18.0  # |log (1-β)/β| up to which a discount is looked for: 1 - β from 1.5e-8


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class DiscountedBelief:
    """g ~ N(mean, s²/weight) and φ ~ Gamma(shape, rate), independently for every entry.

    Attributes
    ----------
    mean : (n,) or (E, n) for E episodes, in units of the gradient
    weight : how many gradients the mean is worth, s² over its variance; 0 is a diffuse mean
    shape : a; 2a observations are what the scale is worth; 0 is a diffuse scale
    rate : b, as ``mean``, in units of the gradient squared

    Raises
    ------
    ProblemError
        Arrays of different shapes, NaN, a negative rate.
    """

    mean: Entries
    weight: NonNegative
    shape: NonNegative
    rate: Entries

    def __post_init__(self) -> None:
        mean, rate = freeze(self.mean), freeze(self.rate)
        if mean.ndim not in (1, 2) or rate.shape != mean.shape:
            raise ProblemError(
                "discounted belief",
                expected="mean and rate (n,) or (E, n), of one shape",
                received=f"mean {mean.shape} and rate {rate.shape}",
                advice="give one rate for every entry of the mean",
            )
        if not np.isfinite(mean).all() or not np.isfinite(rate).all() or (rate < 0).any():
            raise ProblemError(
                "discounted belief",
                expected="finite means, and rates >= 0",
                received=f"smallest rate {np.min(rate, initial=0):g}, or NaN or infinity",
                advice="check the gradients that it was made from",
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "rate", rate)

    @property
    def square(self) -> np.ndarray:
        """b/a, the believed E[y²]: 1/E[φ], as ``mean``; Adam's v̂ from a diffuse start.

        Raises ProblemError for a diffuse scale, shape = 0, before the first observation.
        """
        if self.shape == 0:
            raise ProblemError(
                "scale of a discounted belief",
                expected="shape a > 0",
                received="a diffuse scale, a = 0",
                advice="observe a gradient first, or start with start_shape > 0",
            )
        return freeze(self.rate / self.shape)


@checked
@dataclass(frozen=True, kw_only=True)
class DiscountedModel:
    """The filter of a :class:`DiscountedBelief`: predict, then update, once per gradient.

    Theory: equation :eq:`adam`.

    predict   w → β₁w,  (a, b) → (β₂a, β₂b)
    update    w += 1,  m += (y - m)/w,  a += ½,  b += y²/2

    From the diffuse start, w = a = b = 0, after t gradients
        m = Σ β₁^{t-i} y_i / Σ β₁^{t-i},   b/a = Σ β₂^{t-i} y_i² / Σ β₂^{t-i}:
    Adam's m̂ and v̂, both bias corrections included. A proper start adds a₀β₂ᵗ to a and b₀β₂ᵗ to b
    (and w₀β₁ᵗ to the weight): what ε and warm-up imitate.

    Attributes
    ----------
    mean_discount : β₁ in [0, 1]; see :func:`discount_of_drift`
    scale_discount : β₂ in [0, 1]; see :func:`discount_of_volatility`
    start_mean, start_weight : belief of the mean before the first gradient
    start_shape, start_rate : a₀ and b₀; b₀/a₀ is the scale E[y²] expected, 2a₀ gradients' worth

    Raises ProblemError for a start_rate > 0 with start_shape = 0, which is no distribution.

    Source: M. West, J. Harrison, *Bayesian Forecasting and Dynamic Models*, 1997, discounting;
    N. Shephard, *Local scale models*, J. Econometrics 60 (1994); D. P. Kingma, J. Ba, ICLR 2015.
    """

    mean_discount: MeanDiscount
    scale_discount: ScaleDiscount
    start_mean: float = 0.0
    start_weight: NonNegative = 0.0
    start_shape: NonNegative = 0.0
    start_rate: NonNegative = 0.0

    def __post_init__(self) -> None:
        if self.start_rate > 0 and self.start_shape == 0:
            raise ProblemError(
                "start_shape",
                expected="a number > 0 where start_rate is given",
                received="0",
                advice="start_rate/start_shape is the E[y²] expected before the first gradient",
            )

    @checked
    def initial(self, dimension: Count, episodes: Count | None = None) -> DiscountedBelief:
        """The start, with mean (dimension,), or (episodes, dimension)."""
        size = (dimension,) if episodes is None else (episodes, dimension)
        return DiscountedBelief(
            mean=np.full(size, self.start_mean),
            weight=self.start_weight,
            shape=self.start_shape,
            rate=np.full(size, self.start_rate),
        )

    @checked
    def predict(self, belief: DiscountedBelief) -> DiscountedBelief:
        """The belief before the next gradient: the same means, worth less."""
        return DiscountedBelief(
            mean=belief.mean,
            weight=self.mean_discount * belief.weight,
            shape=self.scale_discount * belief.shape,
            rate=self.scale_discount * belief.rate,
        )

    @checked
    def update(self, belief: DiscountedBelief, gradient: Entries) -> DiscountedBelief:
        """The belief after a gradient, as ``belief.mean``, was seen."""
        seen = np.asarray(gradient, dtype=float)
        if seen.shape != belief.mean.shape:
            raise ProblemError(
                "gradient",
                expected=f"shape {belief.mean.shape}, that of the belief",
                received=f"shape {seen.shape}",
                advice="one number for every weight and episode",
            )
        weight = belief.weight + 1
        return DiscountedBelief(
            mean=belief.mean + (seen - belief.mean) / weight,
            weight=weight,
            shape=belief.shape + 0.5,
            rate=belief.rate + seen**2 / 2,
        )

    @checked
    def after(self, gradients: Numbers) -> tuple[DiscountedBelief, ...]:
        """The beliefs after each of the gradients (T, n), or (T, E, n) of E episodes, from the
        start.
        """
        seen = np.asarray(gradients, dtype=float)
        if seen.ndim not in (2, 3) or not seen.size:
            raise ProblemError(
                "gradients",
                expected="gradients (T, n) or (T, E, n), one after the other",
                received=f"shape {seen.shape}",
                advice="for one weight, gradients[:, None]",
            )
        beliefs = [self.initial(seen.shape[-1], seen.shape[1] if seen.ndim == 3 else None)]
        for gradient in seen:
            beliefs.append(self.update(self.predict(beliefs[-1]), gradient))
        return tuple(beliefs[1:])

    @checked
    def log_density(self, belief: DiscountedBelief, gradient: Entries) -> np.ndarray:
        """log p(y) under the scale belief, before it is updated: Student's t with 2a degrees of
        freedom and squared scale b/a, entry by entry.

        Raises ProblemError for a diffuse scale, under which no y has a density.
        """
        a, b, y = belief.shape, belief.square * belief.shape, np.asarray(gradient, dtype=float)
        if (b == 0).any():
            raise ProblemError(
                "log_density",
                expected="a belief with rate b > 0",
                received="b = 0",
                advice="observe a gradient that is not zero first, or start with start_rate > 0",
            )
        spread = gammaln(a + 0.5) - gammaln(a) - np.log(2 * np.pi * b) / 2
        return spread - (a + 0.5) * np.log1p(y**2 / (2 * b))


@checked
def discount_of_drift(ratio: Drift) -> float:
    """β₁ = 1 + ρ/2 - √(ρ + ρ²/4), the mean's discount for ρ = q/s², drift variance per step over
    noise variance.

    The root of (1 - β₁)²/β₁ = ρ in (0, 1]: with it the discounted filter ends as the steady Kalman
    filter of a random walk, whose gain is 1 - β₁. Source: Kalman 1960.
    """
    return float(1 / (1 + ratio / 2 + np.sqrt(ratio + ratio**2 / 4)))  # no difference of equals


@checked
def drift_of_discount(discount: MeanDiscount) -> float:
    """ρ = (1 - β₁)²/β₁, see :func:`discount_of_drift`; infinite at β₁ = 0."""
    return (1 - discount) ** 2 / discount if discount > 0 else np.inf


@checked
def volatility_of_discount(discount: ScaleDiscount) -> float:
    """ν = √(ψ′(β₂a) - ψ′(a)), a = ½/(1 - β₂): what log φ moves per step, as standard deviation.

    In the local-scale model with its shape settled, a → ½/(1 - β₂). ν² = 2(1 - β₂)²/β₂·(1 + O(1 -
    β₂)): the law of β₁ again, with 2, the variance of y²φ, in place of the noise. The log of the
    scale φ^{-½} moves half as much. Source: Shephard 1994; ψ′ is the trigamma function.
    """
    if discount in (0.0, 1.0):
        return 0.0 if discount == 1 else np.inf
    settled = 0.5 / (1 - discount)
    return float(np.sqrt(polygamma(1, discount * settled) - polygamma(1, settled)))


@checked
def discount_of_volatility(volatility: Annotated[Positive, Words(symbol="ν")]) -> float:
    """β₂ of a log-precision that moves by ν per step: the inverse of
    :func:`volatility_of_discount`, close to the root of (1 - β₂)²/β₂ = ν²/2 for small ν.

    Raises ProblemError for a ν that asks for 1 - β₂ below 1.5e-8 or β₂ below it.
    """

    def excess(logit: float) -> float:
        discount = 1 / (1 + np.exp(logit))
        return float(np.log(volatility_of_discount(float(discount)) / volatility))

    if excess(-_LOGIT_END) > 0 or excess(_LOGIT_END) < 0:
        raise ProblemError(
            "volatility ν",
            expected="a number between 2.2e-8 and 1e8 or so",
            received=f"{volatility:g}",
            advice="use scale_discount=1 for a scale that does not move, 0 for one without memory",
        )
    return float(1 / (1 + np.exp(brentq(excess, -_LOGIT_END, _LOGIT_END, xtol=1e-14))))
