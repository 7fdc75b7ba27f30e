"""Learners that hold a belief about the local gradient and curvature.

What Adam is when it is derived.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..rules.families.average import averaged
from ..rules.families.modes import unstable_rate
from ..support.arguments import checked
from ..support.arrays import number
from .gains import kalman_gain
from .optimisers import EPSILON, MOMENTUM, RATE
from .raw_learner import Bound, RawLearner

Filter = tuple[np.ndarray, np.ndarray]  # mean (E, n), predicted variance in units of the noise's

RATIO = Bound(least=1e-6, most=1e2)
PERSISTENCE = Bound(least=0.0, most=1.0, scale="linear", low=-1.0, high=1.0)


def _first_variance(ratio: float, persistence: float, diffuse: bool) -> np.float64:
    """Predicted variance of the gradient before the first observation.

    In units of the noise variance.
    """
    if diffuse:
        return np.float64(np.inf)
    gain = kalman_gain(ratio, persistence)
    return np.float64(gain / (1 - gain))  # where the gain is steady, K = p/(1 + p)


def _filtered(state: Filter, observation: np.ndarray, ratio: float, persistence: float) -> Filter:
    """One Kalman step: (mean, predicted variance) -> (mean, next predicted variance)."""
    mean, variance = state
    with np.errstate(divide="ignore"):
        gain = 1 / (1 + 1 / variance)  # 1 for a diffuse belief, 0 for a certain one
    mean = (1 - gain) * persistence * mean + gain * observation
    return mean, persistence**2 * gain + ratio


@checked
@dataclass(frozen=True, kw_only=True)
class KalmanMomentum(RawLearner):
    """u = -α m with the Kalman mean m_t = (1-K_t)a m_{t-1} + K_t y_t of a moving gradient.

    The gradient moves as g_{t+1} = a g_t + N(0, q).

    Momentum is β₁ = (1-K)a: nothing else is free once ρ = q/s² (``ratio``, drift of the gradient
    against its noise, per step) and the ``persistence`` a are known. With ``diffuse`` the first
    gain is 1 and falls to K, without it K is steady.

    Source: R. E. Kalman 1960; J. Vuckovic, *Kalman gradient descent*, arXiv 1810.12273 (2018).
    """

    learning_rate: float
    ratio: float
    persistence: float = 1.0
    diffuse: bool = True

    formula: ClassVar[str] = "m = (1-K)a m + K y, u = -α m"
    source: ClassVar[str] = "Kalman 1960; Vuckovic 2018"
    bounds: ClassVar[dict] = {"learning_rate": RATE, "ratio": RATIO, "persistence": PERSISTENCE}

    def init(self, episodes: int, dimension: int) -> tuple[np.ndarray, np.float64]:
        variance = _first_variance(self.ratio, self.persistence, self.diffuse)
        return np.zeros((episodes, dimension)), variance

    def update(
        self, state: Filter, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, Filter]:
        mean, variance = _filtered(state, observation, self.ratio, self.persistence)
        return -self.learning_rate * mean, (mean, variance)


@checked
@dataclass(frozen=True, kw_only=True)
class BeliefAdam(RawLearner):
    """Optimal control of the believed local quadratic, entry by entry.

    u = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m.

    m is the Kalman mean of the gradient, as in :class:`KalmanMomentum`; V = c·v the believed
    curvature, with v_t = β₂v_{t-1} + (1-β₂)y_t² (over 1-β₂ᵗ with ``bias_correction``): curvature ≈
    Fisher information ≈ E[y²] for a log-likelihood loss. ``curvature_scale`` c turns E[y²] into a
    curvature: observations that average a unit-rate score over a step have E[y²] = Fisher/step, so
    c = step. Evaluated as u = -ηk m/(√(γ²/4 + ηkV) + γ/2 + √(ηk)ε): for γ = 0, K = 1 - β₁ and a = 1
    it is Adam with α = √(ηk/c); for γ → ∞ it is momentum descent at ηk/γ. ``drive`` is ηk.

    Source: theory of beliefs about gradient and curvature; compare L. Aitchison, *Bayesian
    filtering unifies adaptive and non-adaptive neural network optimization methods*, NeurIPS 2020.
    """

    drive: float
    discount: float
    ratio: float
    persistence: float = 1.0
    beta2: float = 0.999
    curvature_scale: float = 1.0
    epsilon: float = 1e-8
    diffuse: bool = True
    bias_correction: bool = True

    formula: ClassVar[str] = "u = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m"
    source: ClassVar[str] = (
        "optimal control of a believed quadratic; Aitchison 2020 for the beliefs"
    )
    bounds: ClassVar[dict] = {
        "drive": Bound(least=1e-4, most=1e2, unit="u/yt"),
        "ratio": RATIO,
        "persistence": PERSISTENCE,
        "beta2": MOMENTUM,
        "curvature_scale": Bound(least=1e-6, most=1e6, unit="1/yθ"),
        "epsilon": EPSILON,
    }

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "discount", number("discount γ", self.discount, low=0))

    def init(self, episodes: int, dimension: int) -> tuple:
        zero = np.zeros((episodes, dimension))
        variance = _first_variance(self.ratio, self.persistence, self.diffuse)
        return (zero, variance), zero, 0

    def update(
        self, state: tuple, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, tuple]:
        belief, v, count = state
        belief, count = _filtered(belief, observation, self.ratio, self.persistence), count + 1
        v = averaged(self.beta2, v, observation**2)
        share = 1 - self.beta2**count if self.bias_correction else 1.0
        curvature = self.curvature_scale * v / share
        floor = np.sqrt(self.drive) * self.epsilon
        resistance = unstable_rate(self.drive * curvature, self.discount) + floor
        mean, _ = belief
        return -self.drive * mean / resistance, (belief, v, count)
