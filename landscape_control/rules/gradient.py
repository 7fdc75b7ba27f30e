"""Rules that follow the slope of the loss: gradient descent and its variants."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ..model.objective import Objective
from ..model.problem import ControlProblem
from ..support.arguments import checked
from .information import Information, Observation
from .rule import Coefficient, Rule

_RATE = Coefficient(name="learning_rate", symbol="α", low=0.0)


def short_horizon_step(objective: Objective) -> float | None:
    """ηk(1 - e^{-γT})/γ + ηκe^{-γT}: step of the optimal policy to lowest order in the curvature.

    None if unbounded. It is ηk/γ for T = ∞ and ηkT for T → 0 without terminal cost (VGR25); the
    next order is ηk|G⁻¹H|/γ² or ηk|G⁻¹H|T²/3. A terminal cost counts only when it is the loss
    itself.
    """
    gamma, horizon = objective.discount, objective.horizon
    if math.isinf(horizon):
        return objective.learning_rate * objective.loss_weight / gamma if gamma > 0 else None
    span = horizon if gamma == 0 else -math.expm1(-gamma * horizon) / gamma
    end = 0.0
    if objective.terminal is not None:
        end = objective.terminal_weight * math.exp(-gamma * horizon)
    return objective.learning_rate * (objective.loss_weight * span + end)


def knows_ends(problem: ControlProblem) -> bool:
    """Whether the closed forms apply: the end is free and the terminal cost, if any, is the loss."""
    return problem.end is None and problem.objective.terminal in (None, "loss")


def uniform_metric(problem: ControlProblem) -> float | None:
    """g when G = g·I everywhere, else None."""
    if problem.learner.metric is None:
        return 1.0
    if not problem.model.constant["metric"]:
        return None
    metric = problem.model.metric(problem.start)[0]
    same = np.abs(metric - metric[0, 0] * np.eye(len(metric))).max() <= 1e-12 * metric[0, 0]
    return float(metric[0, 0]) if same else None


@checked
def gradient_descent() -> Rule:
    """u = -α Bᵀ∇L (Cauchy 1847).

    The optimum for short planning horizons when every direction costs the same.
    """
    return Rule(
        key="gradient_descent",
        name="gradient descent",
        formula="u = -α Bᵀ∇L  (B = I: u = -α∇L)",
        source=(
            "Cauchy 1847; VGR25, limit of short planning horizons: α → ηk/γ (T = ∞), ηkT (T → 0)"
        ),
        sees=frozenset({Information.GRADIENT}),
        coefficients=(_RATE,),
        directions=_slope,
        theory=_predict_descent,
    )


@checked
def decayed_gradient_descent() -> Rule:
    """u = -α Bᵀ∇L - β Bᵀθ, β ≥ 0: gradient descent with decoupled weight decay.

    Source: Loshchilov & Hutter 2019.
    """
    return Rule(
        key="decayed_gradient_descent",
        name="decayed gradient descent",
        formula="u = -α Bᵀ∇L - β Bᵀθ",
        source=(
            "Loshchilov & Hutter 2019 (decoupled weight decay); VGR25, section on default dynamics"
        ),
        sees=frozenset({Information.GRADIENT, Information.PARAMETERS}),
        coefficients=(_RATE, Coefficient(name="decay", symbol="β", low=0.0)),
        directions=partial(_side_by_side, (_slope, _towards_zero)),
        theory=_predict_nothing,
        contains=frozenset({"gradient_descent"}),
    )


@checked
def drift_compensated_gradient_descent() -> Rule:
    """u = -α Bᵀ∇L - δ B⁺f: gradient descent that also cancels a share δ of the drift."""
    return Rule(
        key="drift_compensated_gradient_descent",
        name="drift-compensated gradient descent",
        formula="u = -α Bᵀ∇L - δ B⁺f",
        source=(
            "VGR25, section on default dynamics; H = hI, f = -jθ: α = ηk/(R+γ), δ = (R-j)/(R+γ)"
            " exactly"
        ),
        sees=frozenset({Information.GRADIENT, Information.DRIFT}),
        coefficients=(_RATE, Coefficient(name="compensation", symbol="δ")),
        directions=partial(_side_by_side, (_slope, _against_drift)),
        theory=_predict_compensation,
        objection=_needs_drift,
        contains=frozenset({"gradient_descent"}),
    )


def _side_by_side(
    parts: Sequence[Callable[[Observation], np.ndarray]], seen: Observation
) -> np.ndarray:
    return np.concatenate([part(seen) for part in parts], axis=2)


def _slope(seen: Observation) -> np.ndarray:
    return -seen[Information.GRADIENT][:, :, None]


def _towards_zero(seen: Observation) -> np.ndarray:
    return -seen[Information.PARAMETERS][:, :, None]


def _against_drift(seen: Observation) -> np.ndarray:
    return -seen[Information.DRIFT][:, :, None]


def _needs_drift(problem: ControlProblem) -> str | None:
    return None if problem.model.has_drift else "no drift to compensate"


def _predict_nothing(problem: ControlProblem, hold: float) -> dict[str, float]:
    return {}


def _predict_descent(problem: ControlProblem, hold: float) -> dict[str, float]:
    price, step = uniform_metric(problem), short_horizon_step(problem.objective)
    if hold or price is None or step is None or not knows_ends(problem):
        return {}
    return {"learning_rate": step / price}


def _predict_compensation(problem: ControlProblem, hold: float) -> dict[str, float]:
    """Exact for weight decay on one curvature (H = hI, G = B = I, T = ∞).

    The limit of gradient descent otherwise.
    """
    rates = None if hold else _decay_rates(problem)
    if rates is None:
        return _predict_descent(problem, hold)
    decay, relaxation, discount, push = rates
    return {
        "learning_rate": push / (relaxation + discount),
        "compensation": (relaxation - decay) / (relaxation + discount),
    }


def _decay_rates(problem: ControlProblem) -> tuple[float, float, float, float] | None:
    """(j, R, γ, ηk) when f = -jθ on an isotropic bowl with G = B = I and T = ∞, else None."""
    objective, affine, learner = problem.objective, problem.model.drift_matrix, problem.learner
    plain = learner.metric is None and learner.actuation is None and math.isinf(objective.horizon)
    if not plain or affine is None or affine[1].any() or not problem.landscape.is_quadratic:
        return None
    drift_matrix, hessian = affine[0], problem.landscape.hessian(problem.start)[0]
    identity = np.eye(len(hessian))
    j, h = -drift_matrix[0, 0], hessian[0, 0]
    same_decay = np.array_equal(drift_matrix, -j * identity)
    if not (same_decay and np.allclose(hessian, h * identity, rtol=1e-12)):
        return None
    gamma, push = objective.discount, objective.learning_rate * objective.loss_weight
    # the positive root of R² + γR = ηkh + j(j + γ), the Riccati equation of one mode with drift
    relaxation = math.sqrt(gamma**2 / 4 + push * h + j * (j + gamma)) - gamma / 2
    return j, relaxation, gamma, push
