"""Kalman gains of a gradient that moves, beside the weights of Adam's first moment."""

from typing import Annotated

import numpy as np

from ..support.arguments import Count, NonNegative, Numbers, Range, Share, Words, checked
from ..support.arrays import number, whole

Persistence = Annotated[float, Range(low=-1, high=1)]
Ratio = Annotated[NonNegative, Words(symbol="ρ")]
Prior = Annotated[float, Range(low=0, allow_inf=True)]


@checked
def kalman_gain(ratio: Ratio, persistence: Persistence = 1.0) -> float:
    """Steady gain K of the Kalman filter for g_{t+1} = a g_t + N(0, q), y = g + N(0, s²).

    ρ = q/s² and |a| <= 1.

    The predicted variance p s² solves p² + (1 - a² - ρ)p - ρ = 0, and K = p/(1 + p). The filter
    m_t = (1-K)a m_{t-1} + K y_t has Adam's form with β₁ = (1-K)a (theory: Kalman 1960).
    """
    ratio, a = number("ratio ρ", ratio, low=0), number("persistence a", persistence, low=-1, high=1)
    half = (a * a + ratio - 1) / 2
    root = np.sqrt(half * half + ratio)
    # half + √(half² + ρ) in the form without cancellation
    predicted = half + root if half >= 0 else ratio / (root - half)
    return predicted / (1 + predicted)


@checked
def kalman_gain_walk(ratio: Numbers) -> float | np.ndarray:
    """K = (√(ρ²+4ρ) - ρ)/2, the steady gain for a random walk (a = 1); any shape, ρ = q/s² >= 0."""
    ratio = np.asarray(ratio, dtype=float)
    root = np.sqrt(ratio * (ratio + 4))
    with np.errstate(invalid="ignore"):
        # = (root - ratio)/2 without cancellation
        return np.where(ratio > 0, 2 * ratio / (root + ratio), 0.0)[()]


@checked
def kalman_transient(
    ratio: Ratio,
    steps: Count,
    persistence: Persistence = 1.0,
    prior: Prior = np.inf,
) -> np.ndarray:
    """Gains K_1 … K_steps (steps,) from a prior variance before the first observation.

    It is ``prior``·s²; infinite (diffuse) gives K_1 = 1.
    """
    gains = np.empty(whole("steps", steps))
    predicted = number("prior variance", prior, low=0, allow_inf=True)  # in units of s²
    for t in range(steps):
        gains[t] = 1.0 if np.isinf(predicted) else predicted / (1 + predicted)
        predicted = persistence**2 * gains[t] + ratio  # the posterior variance is K s²
    return gains


@checked
def adam_bias_correction(beta: Share, steps: Count) -> np.ndarray:
    """1/(1 - βᵗ) for t = 1 … steps, the factor on Adam's moments (Kingma & Ba 2015)."""
    beta = number("β", beta, low=0, high=1)
    if beta == 0:
        return np.ones(steps)
    counts = np.arange(1, whole("steps", steps) + 1)
    # 1 - e^{t log β}, accurate also where β is close to 1
    return 1 / -np.expm1(counts * np.log(beta))


@checked
def adam_gain(beta: Share, steps: Count) -> np.ndarray:
    """(1-β)/(1-βᵗ), t = 1 … steps: the newest gradient's weight in Adam's m̂.

    Compare :func:`kalman_transient`.

    Both start at 1; Adam's falls as 1/t and the Kalman gain of a nearly constant gradient too, but
    they approach their limits 1-β and K at different rates, βᵗ against ((1-K)a)²ᵗ.
    """
    return (1 - beta) * adam_bias_correction(beta, steps)
