"""Closed forms for regimes in which the optimal policy is a named rule, with the next order.

Symbols as in :mod:`.formulas`: L = ½(θ-μ)ᵀH(θ-μ), f = 0, B = I, effort uᵀGu/2η, loss weight k,
discount γ, x = ηkh.
"""

import math
from typing import Annotated

import numpy as np

from ..support.arguments import (
    Discount,
    Duration,
    Horizon,
    LearningRate,
    LossWeight,
    Matrix,
    Numbers,
    Positive,
    TerminalWeight,
    Words,
    checked,
)
from ..support.arrays import number
from ..support.errors import ProblemError
from .formulas import bowl_function, relaxation_rate


@checked
def planning_horizon(discount: Discount = 0.0, horizon: Horizon = math.inf) -> float:
    """T_γ = ∫₀ᵀ e^{-γt}dt = (1 - e^{-γT})/γ: T at γ = 0, 1/γ at T = ∞.

    ProblemError when both leave it infinite.
    """
    discount = number("discount γ", discount, low=0)
    horizon = number("horizon T", horizon, low=0, low_open=True, allow_inf=True)
    if discount == 0 and math.isinf(horizon):
        raise ProblemError(
            "planning horizon",
            expected="a discount > 0 or a finite horizon",
            received="γ = 0 and T = ∞",
            advice=(
                "gradient descent is not a limit there: the optimal rule is ballistic, see"
                " ballistic_matrix"
            ),
        )
    return horizon if discount == 0 else -math.expm1(-discount * horizon) / discount


@checked
def gradient_descent_rate(
    discount: Discount = 0.0,
    horizon: Horizon = math.inf,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float:
    """α = ηk(1 - e^{-γT})/γ in u(0) = -αG⁻¹∇L, the optimal rule for γ → ∞ or T → 0 (Φ = 0).

    ηk/γ at T = ∞, ηkT at γ = 0; in between it is the exact gain to first order in the curvature.
    Source: VGR25 §3 for the two ends; the Riccati equation to first order in h.
    """
    return _product(learning_rate, loss_weight) * planning_horizon(discount, horizon)


@checked
def gradient_descent_error(
    curvature: Numbers,
    discount: Discount = 0.0,
    horizon: Horizon = math.inf,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float | np.ndarray:
    """ε in r = αh(1 - ε + …): the relative overshoot of gradient descent, to first order in h.

    ε = ηkh [1 - e^{-2γT} - 2γTe^{-γT}]/(γ²(1 - e^{-γT})): ηkh/γ² at T = ∞ (slope -2 in γ), ηkhT²/3
    at γ = 0 (slope +2 in T).
    Source: the Riccati equation to second order in h.
    """
    stiffness = _product(learning_rate, loss_weight) * np.asarray(curvature, dtype=float)
    short = planning_horizon(discount, horizon)
    if math.isinf(horizon):
        error = stiffness / discount**2
    else:
        phase = discount * horizon
        error = stiffness * horizon**3 * _overshoot(phase) / short
    return float(error) if np.ndim(error) == 0 else error


@checked
def short_horizon_error(
    curvature: Numbers,
    horizon: Annotated[Positive, Words(symbol="T")],
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> float | np.ndarray:
    """ηkhT²/3: the relative overshoot of the step -ηkT∇L for T → 0 at γ = 0.

    With γ > 0 the leading error of that step is γT/2, of slope +1; the step -ηk(1 - e^{-γT})/γ·∇L
    restores ηkhT²/3.
    """
    return gradient_descent_error(curvature, 0.0, horizon, learning_rate, loss_weight)


@checked
def ballistic_matrix(
    metric: Matrix,
    hessian: Matrix,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> np.ndarray:
    """N in u = -N∇L, the exact policy at γ = 0, T = ∞ (VGR25 §3).

    N = √(ηk) G^{-1/2}(G^{-1/2}HG^{-1/2})^{-1/2}G^{-1/2}, that is √(ηk)H^{-1/2} for G = I.
    ProblemError unless H is positive definite.
    """
    speed = math.sqrt(_product(learning_rate, loss_weight))
    return bowl_function(metric, hessian, lambda h: speed / np.sqrt(_convex(h)))


@checked
def newton_held_plan(
    metric: Matrix,
    hessian: Matrix,
    duration: Annotated[Duration, Words(symbol="Δt")],
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    loss_weight: LossWeight = 1.0,
) -> np.ndarray:
    """N = (I - e^{-RΔt})H⁻¹ in Δθ = -N∇L: a plan made at T = ∞ and held for Δt.

    H⁻¹, Newton's step, as Δt → ∞. R is :func:`~.formulas.relaxation_matrix`. For small Δt it is
    Δt·RH⁻¹. ProblemError unless H is positive definite.
    """
    duration = number("duration Δt", duration, low=0, low_open=True, allow_inf=True)

    def step(h: np.ndarray) -> np.ndarray:
        rate = np.atleast_1d(relaxation_rate(_convex(h), discount, learning_rate, loss_weight))
        return -np.expm1(-rate * duration) / h

    return bowl_function(metric, hessian, step)


@checked
def proximal_matrix(
    metric: Matrix,
    hessian: Matrix,
    horizon: Positive,
    discount: Discount = 0.0,
    learning_rate: LearningRate = 1.0,
    terminal_weight: TerminalWeight = 1.0,
) -> np.ndarray:
    """N = ητκ(G + ητκH)⁻¹, τ = (1 - e^{-γT})/γ, in θ(T) - θ(0) = -N∇L(θ(0)): no running loss, Φ =
    κL.

    The proximal step argmin |θ-θ₀|²_G/2ητ + κL, implicit Euler with step ητκ. τ is T at γ = 0; a
    discount makes late effort cheap but the end cheaper, and shortens it. The control is
    exponential in time, u ∝ e^{γt}.
    """
    step = learning_rate * terminal_weight * planning_horizon(discount, horizon)
    return bowl_function(metric, hessian, lambda h: step / (1 + step * h))


def _product(learning_rate: float, loss_weight: float) -> float:
    """ηk."""
    rate = number("learning_rate η", learning_rate, low=0, low_open=True)
    return rate * number("loss_weight k", loss_weight, low=0)


def _convex(curvatures: np.ndarray) -> np.ndarray:
    if np.min(curvatures) <= 0:
        raise ProblemError(
            "hessian H",
            expected="positive curvature in every direction",
            received=f"smallest curvature in the metric {np.min(curvatures):.6g}",
            advice=(
                "restrict the rule to the convex directions; flat ones have no Newton or ballistic"
                " step"
            ),
        )
    return curvatures


def _overshoot(phase: float) -> float:
    """[1 - e^{-2y} - 2ye^{-y}]/y³ = 2e^{-y}(sinh y - y)/y³, 1/3 at y = 0."""
    if phase < 0.5:
        series = sum(phase ** (2 * i) / math.factorial(2 * i + 3) for i in range(8))
        return 2 * math.exp(-phase) * series
    return (-math.expm1(-2 * phase) - 2 * phase * math.exp(-phase)) / phase**3
