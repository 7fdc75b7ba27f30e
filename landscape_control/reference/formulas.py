"""Closed forms for one quadratic mode, or a quadratic bowl: what the optimal learner does.

Throughout L = ½(θ-μ)ᵀH(θ-μ), effort uᵀGu/2η, loss weight k, discount γ; h is a curvature, x = ηkh.
Rates are per unit time. ``curvature`` and times may be arrays; they broadcast. Source of the
framework: VGR25 (Vastola, Gershman, Rajan, NeurIPS 2025, arXiv 2510.26997); of the Riccati
solutions: Anderson & Moore (1990).
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import eigh

from ..support.arguments import Discount, LearningRate, LossWeight, Matrix, Numbers, Vector, checked
from ..support.arrays import matrix, number, symmetric, vector
from ..support.errors import ProblemError


@checked
def relaxation_rate(
    curvature: Numbers,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float | np.ndarray:
    """r = √(γ²/4 + ηkh) - γ/2, the rate of θ̇ = -r(θ-μ) at T = ∞, f = 0, G = I (VGR25 §3).

    Theory: equation :eq:`relaxation`.

    Solves r² + γr = ηkh. Negative for a concave mode, which the learner then leaves. Raises
    ProblemError where γ²/4 + ηkh < 0: there the cost is unbounded below.
    """
    stiffness, discount = _stiffness(curvature, learning_rate, loss_weight), _discount(discount)
    # r = x/(√(γ²/4 + x) + γ/2): the difference of the definition loses digits for large γ
    below = _frequency(stiffness, discount) + discount / 2
    rate = np.zeros_like(stiffness)  # and 0 where there is no curvature, be γ 0 or not
    return _plain(np.divide(stiffness, below, out=rate, where=stiffness != 0))


@checked
def relaxation_matrix(
    metric: Matrix,
    hessian: Matrix,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> np.ndarray:
    """R in θ̇ = -R(θ-μ) at T = ∞, f = 0, B = I (VGR25 §3).

    Theory: equation :eq:`relaxation`.

    R = G^{-1/2}[(γ²/4 + ηkG^{-1/2}HG^{-1/2})^{1/2} - γ/2]G^{1/2}, the solution of R² + γR = ηkG⁻¹H
    with eigenvalues above -γ/2 (positive for H ≻ 0). The value Hessian is GR/η.
    """

    def rate(curvatures: np.ndarray) -> np.ndarray:
        return np.atleast_1d(relaxation_rate(curvatures, discount, learning_rate, loss_weight))

    return bowl_function(metric, hessian, rate) @ np.asarray(metric, dtype=float)


@checked
def finite_horizon_gain(
    curvature: Numbers,
    time_to_go: Numbers,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float | np.ndarray:
    """r_s in u = -r_s(θ-μ) with time-to-go s, free end, Φ = 0.

    Theory: equation :eq:`finitegain`.

    r_s = r(1 - e^{-2ws})/(1 + r/(r+γ) e^{-2ws}) with w = √(γ²/4 + ηkh):
    √(ηkh)·tanh(√(ηkh)s) at γ = 0, ηkh·s as h → 0, r as s → ∞ with an error that decays as e^{-2ws}.
    A concave mode beyond γ²/4 + ηkh < 0 has tan in place of tanh and a longest horizon, see
    :func:`longest_horizon`; ProblemError past it.
    Source: the scalar Riccati equation dr_s/ds = ηkh - γr_s - r_s².
    """
    stiffness, discount = _stiffness(curvature, learning_rate, loss_weight), _discount(discount)
    time_to_go = np.asarray(time_to_go, dtype=float)
    square = discount**2 / 4 + stiffness
    longest = np.asarray(longest_horizon(curvature, discount, learning_rate, loss_weight))
    if np.any((square < 0) & (time_to_go >= longest)):
        raise ProblemError(
            "time_to_go",
            expected="less than the longest horizon of a concave mode",
            received=f"{time_to_go}",
            advice="shorten it, or raise the discount; longest_horizon(...) gives the bound",
        )
    reach = _tangent(square, time_to_go)
    return _plain(stiffness * reach / (1 + discount / 2 * reach))


@checked
def longest_horizon(
    curvature: Numbers,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float | np.ndarray:
    """T* of a concave mode: planned beyond it, its cost is unbounded below.

    T* = (π - arctan(2ω/γ))/ω with ω = √(-ηkh - γ²/4). Free end, Φ = 0, f = 0. π/(2ω) at γ = 0, inf
    where γ²/4 + ηkh >= 0. A conjugate point: 1 + (γ/2)tan(ωs)/ω = 0.
    """
    stiffness, discount = _stiffness(curvature, learning_rate, loss_weight), _discount(discount)
    frequency = np.sqrt(np.maximum(-stiffness - discount**2 / 4, 0))
    longest = np.full_like(frequency, np.inf)
    angle = np.pi - np.arctan2(2 * frequency, discount)
    np.divide(angle, frequency, out=longest, where=frequency > 0)
    return _plain(longest)


@checked
def weight_decay_rate(
    curvature: Numbers,
    decay: Numbers,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float | np.ndarray:
    """√(γ²/4 + ηkh + j(j+γ)) - γ/2, the decay rate of the path when f = -jθ, T = ∞ (VGR25 Fig. 3d).

    Theory: equation :eq:`decay`.

    The stable root of s² - γs - (j² + jγ + ηkh) = 0, with its sign turned. The control contributes
    this rate less j.
    """
    decay = np.asarray(decay, dtype=float)
    pulled = _stiffness(curvature, learning_rate, loss_weight) + decay * (decay + discount)
    return relaxation_rate(pulled, discount)


@checked
def weight_decay_attractor(
    curvature: Numbers,
    decay: Numbers,
    minimum: Numbers,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float | np.ndarray:
    """ηkh/(ηkh + j(j+γ))·μ, where the path rests when f = -jθ, T = ∞ (VGR25 Fig. 3d).

    Theory: equation :eq:`decay`.

    It falls short of the minimum.
    """
    stiffness = _stiffness(curvature, learning_rate, loss_weight)
    decay = np.asarray(decay, dtype=float)
    share = stiffness / (stiffness + decay * (decay + discount))
    return _plain(share * np.asarray(minimum, dtype=float))


@checked
def rotation_attractor(
    curvature: float,
    rotation: Matrix,
    minimum: Vector,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> np.ndarray:
    """ηkh(ηkh + q² - γA)⁻¹μ, where the path rests when f = Aθ, Aᵀ = -A, AᵀA = q²I, H = hI, T = ∞
    (VGR25 Fig. 3c).

    The path spirals in as e^{(A-r)t}: decay rate r = :func:`relaxation_rate`, frequency q =
    :func:`spiral_frequency`.
    """
    frequency, rotation = spiral_frequency(rotation), np.asarray(rotation, dtype=float)
    stiffness = float(_stiffness(number("curvature", curvature), learning_rate, loss_weight))
    system = (stiffness + frequency**2) * np.eye(len(rotation)) - _discount(discount) * rotation
    return stiffness * np.linalg.solve(system, vector("minimum μ", minimum, len(rotation)))


@checked
def spiral_frequency(rotation: Matrix) -> float:
    """q of a rotation A with Aᵀ = -A and AᵀA = q²I; ProblemError for any other matrix."""
    rotation = matrix("rotation A", rotation, (None, None))
    square = rotation.T @ rotation
    frequency = math.sqrt(np.trace(square) / len(square))
    skew = np.abs(rotation + rotation.T).max()
    uneven = np.abs(square - frequency**2 * np.eye(len(square))).max()
    if skew > 1e-12 * frequency or uneven > 1e-12 * frequency**2:
        raise ProblemError(
            "rotation A",
            expected="Aᵀ = -A and AᵀA = q²I (one frequency, even dimension)",
            received=f"|A + Aᵀ| up to {skew:.3g}, |AᵀA - q²I| up to {uneven:.3g}",
            advice="use LinearQuadratic(drift_matrix=A, ...).infinite() for a general A",
        )
    return frequency


@checked
def preconditioner_exponent(rate: Numbers, discount: Discount = 0.0) -> float | np.ndarray:
    """p = 1 - d log r/d log h = r/(2r+γ), for the gain r(h) = c·h^{1-p}, T = ∞.

    Theory: equation :eq:`exponent`.

    0 is gradient descent (γ → ∞), ½ the ballistic rule (γ = 0).
    """
    rate, discount = np.asarray(rate, dtype=float), _discount(discount)
    return _plain(rate / (2 * rate + discount))


@checked
def shrink_factor(rate: Numbers, discount: Discount, reversion: Numbers) -> float | np.ndarray:
    """s = (r+γ)/(r+γ+λ) where the task reverts to μ₀ at rate λ and is believed at m.

    Theory: equation :eq:`task`.

    The learner aims at μ₀ + s(m-μ₀): u = -r[θ - μ₀ - s(m-μ₀)]. By certainty equivalence the same
    for tasks that jump at Poisson rate λ to a fresh draw with mean μ₀. Exact for LinearQuadratic
    with the state (θ, m), ṁ = -λ(m-μ₀), of which only θ can be pushed.
    """
    total = np.asarray(rate, dtype=float) + _discount(discount)
    return _plain(total / (total + np.asarray(reversion, dtype=float)))


@checked
def bowl_function(metric: Matrix, hessian: Matrix, function: Callable) -> np.ndarray:
    """G^{-1/2} φ(G^{-1/2}HG^{-1/2}) G^{-1/2} for a function φ of curvatures (n,) -> (n,).

    By the modes of Hv = hGv, with VᵀGV = I: then it is V φ(h) Vᵀ.
    """
    metric = matrix("metric G", metric, (None, None))
    metric = symmetric("metric G", metric, len(metric), definite=True)
    curvatures, modes = eigh(symmetric("hessian H", hessian, len(metric)), metric)
    return (modes * function(curvatures)) @ modes.T


def _stiffness(curvature: Numbers, learning_rate: float, loss_weight: float) -> np.ndarray:
    """x = ηkh."""
    rate = number("learning_rate η", learning_rate, low=0, low_open=True)
    return rate * number("loss_weight k", loss_weight, low=0) * np.asarray(curvature, dtype=float)


def _discount(discount: float) -> float:
    return number("discount γ", discount, low=0)


def _frequency(stiffness: np.ndarray, discount: float) -> np.ndarray:
    """√(γ²/4 + x)."""
    square = discount**2 / 4 + stiffness
    if np.any(square < 0) or not np.isfinite(square).all():
        raise ProblemError(
            "curvature at infinite horizon",
            expected="γ²/4 + ηkh >= 0",
            received=f"γ²/4 + ηkh down to {np.min(square):.6g}",
            advice="raise the discount or use a finite horizon: a concave mode pays for any effort",
        )
    return np.sqrt(square)


def _tangent(square: np.ndarray, time: np.ndarray) -> np.ndarray:
    """tanh(ws)/w with w² = square, continued through zero to tan(ωs)/ω."""
    root = np.sqrt(np.abs(square))
    phase = root * time
    tangent = np.where(square >= 0, np.tanh(phase), np.tan(np.where(square < 0, phase, 0.0)))
    # near zero both are s to first order
    return np.where(phase > 1e-8, tangent / np.where(root > 0, root, 1.0), time)


def _plain(values: np.ndarray) -> float | np.ndarray:
    return float(values) if np.ndim(values) == 0 else values
