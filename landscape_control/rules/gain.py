"""Closed forms of one mode: how hard the optimal learner pulls on a direction of curvature h."""

import math

import numpy as np

from ..model.objective import Objective
from ..support.arguments import Numbers, checked
from .families.modes import unstable_rate


def relaxation_rate(curvature: np.ndarray, objective: Objective) -> np.ndarray:
    """r = √(γ²/4 + ηkh) - γ/2, the rate at which a mode of curvature h relaxes when T = ∞.

    Source: VGR25, quadratic landscapes. ``curvature`` is an eigenvalue of G^(-1/2) H G^(-1/2), any
    shape; NaN where γ²/4 + ηkh < 0 (the mode oscillates away). Nothing is checked here: it stands
    in right-hand sides of differential equations.
    """
    curvature = np.asarray(curvature, dtype=float)
    stiffness = objective.learning_rate * objective.loss_weight * curvature
    plannable = objective.discount**2 / 4 + stiffness >= 0
    stiffness = np.where(plannable, stiffness, 0.0)
    above = unstable_rate(stiffness, objective.discount)
    rate = np.divide(stiffness, above, out=np.zeros_like(stiffness), where=stiffness != 0)
    return np.where(plannable, rate, np.nan)


@checked
def optimal_step(curvature: Numbers, objective: Objective) -> np.ndarray:
    """φ = gain / curvature of the optimal first control u = -φ(h) ∂L, finite also at h = 0.

    ``curvature`` h has any shape. With time-to-go T, w = √(γ²/4 + ηkh), C = cosh(wT), S =
    sinh(wT)/w and terminal cost κL:
        φ = [ηk S + ηκ (C - γS/2)] / [C + (γ/2 + ηκh) S],
    the scalar Riccati solution (Anderson & Moore, *Optimal Control: Linear Quadratic Methods*, ch.
    3); T = ∞ gives ηk / (w + γ/2) = r/h. For h < 0 with imaginary w the hyperbolic functions become
    circular. NaN beyond the conjugate point, where no optimal first control exists.
    """
    return step_of_modes(np.asarray(curvature, dtype=float), objective)


def step_of_modes(curvature: np.ndarray, objective: Objective) -> np.ndarray:
    """:func:`optimal_step` without its checks, for the right-hand sides of differential equations."""
    eta, half = objective.learning_rate, objective.discount / 2
    weight = objective.terminal_weight if objective.terminal is not None else 0.0
    c, s = _stretch(half**2 + eta * objective.loss_weight * curvature, objective.horizon)
    below = c + (half + eta * weight * curvature) * s
    above = eta * (objective.loss_weight * s + weight * (c - half * s))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((below > 0) & np.isfinite(below), above / below, np.nan)


@checked
def optimal_gain(curvature: Numbers, objective: Objective) -> np.ndarray:
    """h·φ(h): the rate at which the optimal first control reduces a displacement along a mode."""
    return np.asarray(curvature, dtype=float) * optimal_step(curvature, objective)


def _stretch(square: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray]:
    """(C, S) of w² = ``square``, up to a common positive factor.

    (1, tanh(wT)/w) for w² ≥ 0, which does not overflow; (cos, sin/v) for w² = -v² before vT = π.
    """
    size = np.sqrt(np.abs(square))
    if math.isinf(horizon):
        with np.errstate(divide="ignore"):
            inverse = 1 / size
        return np.where(square >= 0, 1.0, np.nan), np.where(square >= 0, inverse, np.nan)
    angle = size * horizon
    with np.errstate(divide="ignore", invalid="ignore"):
        real = np.where(angle > 0, np.tanh(angle) / size, horizon)
        turn = np.where(angle < np.pi, np.sin(angle) / size, np.nan)
    return np.where(square >= 0, 1.0, np.cos(angle)), np.where(square >= 0, real, turn)
