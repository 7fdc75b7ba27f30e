"""Rules that treat each eigen-direction of the curvature by itself: natural gradient, Newton,
ballistic, linear-quadratic.

With g = Bᵀ∇L, H = BᵀL''B and M = G^(-1/2) H G^(-1/2) = Σ h vvᵀ they all read  u = -c G^(-1/2) φ(M)
G^(-1/2) g  and
differ in φ alone:  1 (natural gradient), 1/h (Newton), 1/√h (ballistic), (1 - e^{-rΔt})/(hΔt)
(held-plan Newton) and the optimal gain per curvature (linear-quadratic). The preconditioner
exponent is p = -d log φ / d log h.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np

from ..support.arguments import Positive, Shape, Words, checked
from ..support.arrays import number
from ..support.errors import ProblemError
from .gain import relaxation_rate
from .gradient import knows_ends, short_horizon_step
from .information import Information, Observation
from .rule import Coefficient, Rule

_HELD_LIMITS = frozenset(
    {"newton", "linear_quadratic", "natural_gradient", "gradient_descent", "ballistic", "proximal"}
)
_CURVED = frozenset({Information.GRADIENT, Information.HESSIAN, Information.METRIC})


Matrices = Annotated[np.ndarray, Shape((2, 3), allow_nan=True)]


@checked
def metric_modes(hessian: Matrices, metric: Matrices) -> tuple[np.ndarray, np.ndarray]:
    """(h, W): h (S, m) ascending, the eigenvalues of G^(-1/2) H G^(-1/2); W = G^(-1/2)V (S, m, m),
    so that WᵀGW = I.

    Columns of W are the eigen-directions of the curvature in the metric; HW = GW diag(h).
    """
    if hessian.ndim != 3 or hessian.shape != metric.shape or hessian.shape[1] != hessian.shape[2]:
        raise ProblemError(
            "metric",
            expected="as many square matrices as there are Hessians, of one size",
            received=f"shape {metric.shape} for {hessian.shape}",
            advice="give one per Hessian, (S, n, n)",
        )
    values, vectors = np.linalg.eigh(metric)
    root = np.einsum("sij,sj,skj->sik", vectors, 1 / np.sqrt(values), vectors)
    curvature, rotation = np.linalg.eigh(root @ hessian @ root)
    return curvature, root @ rotation


def along_modes(seen: Observation, factor: Callable) -> np.ndarray:
    """-W φ(h) Wᵀg, shape (S, m, 1); NaN in rows whose Hessian or metric cannot be used."""
    gradient, hessian, metric = (
        seen[Information.GRADIENT],
        seen[Information.HESSIAN],
        seen[Information.METRIC],
    )
    result = np.full((*gradient.shape, 1), np.nan)
    usable = (
        np.isfinite(gradient).all(1)
        & np.isfinite(hessian).all((1, 2))
        & np.isfinite(metric).all((1, 2))
    )
    if usable.any():
        curvature, basis = metric_modes(hessian[usable], metric[usable])
        result[usable, :, 0] = -np.einsum(
            "sij,sj,skj,sk->si", basis, factor(curvature), basis, gradient[usable]
        )
    return result


def positive(curvature: np.ndarray) -> np.ndarray:
    """The curvatures, with rows of an indefinite or singular Hessian replaced by NaN."""
    floor = 1e-13 * np.abs(curvature).max(axis=1, initial=0.0)
    return np.where((curvature[:, 0] > floor)[:, None], curvature, np.nan)


@checked
def natural_gradient() -> Rule:
    """u = -α G⁻¹Bᵀ∇L (Amari 1998): the optimum for short planning horizons; gradient descent when G
    = I.
    """
    return Rule(
        key="natural_gradient",
        name="natural gradient",
        formula="u = -α G⁻¹Bᵀ∇L",
        source=(
            "Amari 1998; VGR25, short planning horizon with G the Fisher metric: α → ηk/γ (T = ∞),"
            " ηkT (T → 0)"
        ),
        sees=frozenset({Information.GRADIENT, Information.METRIC}),
        coefficients=(Coefficient(name="learning_rate", symbol="α", low=0.0),),
        directions=_natural,
        theory=_predict_natural,
        contains=frozenset({"gradient_descent"}),
    )


@checked
def newton() -> Rule:
    """u = -α (BᵀHB)⁻¹Bᵀ∇L: Newton's direction, undefined (NaN) where the Hessian is not positive
    definite.
    """
    return Rule(
        key="newton",
        name="Newton",
        formula="u = -α H⁻¹∇L  (B ≠ I: -α (BᵀHB)⁻¹Bᵀ∇L)",
        source="Nocedal & Wright 2006, ch. 3; VGR25: a plan held for a large Δt moves by -H⁻¹∇L",
        sees=frozenset({Information.GRADIENT, Information.HESSIAN}),
        coefficients=(Coefficient(name="step", symbol="α", low=0.0),),
        directions=_newton,
        theory=_predict_newton,
    )


@checked
def held_newton(*, hold: Annotated[Positive, Words(symbol="Δt")]) -> Rule:
    """u = -c (I - e^{-RΔt})H⁻¹∇L / Δt: mean control over the first Δt = ``hold`` of the
    infinite-horizon plan.

    Newton's step for Δt → ∞, the linear-quadratic rule for Δt → 0. Undefined (NaN) where a mode has
    no decaying plan.
    """
    hold = number("hold Δt", hold, low=0, low_open=True)
    return Rule(
        key="held_newton",
        name=f"held-plan Newton (Δt = {hold:g})",
        formula="u = -c (I - e^{-RΔt}) H⁻¹∇L / Δt",
        source="VGR25: Δθ = -(I - e^{-RΔt})H⁻¹∇L for a plan held for Δt",
        sees=_CURVED | {Information.OBJECTIVE},
        coefficients=(Coefficient(name="scale", symbol="c", low=0.0),),
        directions=partial(_held, hold),
        theory=partial(_predict_held, hold),
        objection=_needs_running_loss,
        contains=_HELD_LIMITS,
    )


@checked
def ballistic() -> Rule:
    """u = -α G^(-1/2)(G^(-1/2)HG^(-1/2))^(-1/2)G^(-1/2)∇L, G = I: -α H^(-1/2)∇L: no discount, no
    deadline.
    """
    return Rule(
        key="ballistic",
        name="ballistic rule",
        formula="u = -α G^(-1/2)(G^(-1/2)HG^(-1/2))^(-1/2)G^(-1/2)∇L",
        source="VGR25, γ = 0 and T = ∞: α = √(ηk); speed √(2ηkL), the square root of Adam",
        sees=_CURVED,
        coefficients=(Coefficient(name="rate", symbol="α", low=0.0),),
        directions=_ballistic,
        theory=_predict_ballistic,
    )


def _held(hold, seen):
    objective = seen[Information.OBJECTIVE]

    def factor(curvature):
        rate = relaxation_rate(curvature, objective)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(rate == 0, 1.0, -np.expm1(-rate * hold) / (rate * hold))
            return share * np.where(curvature == 0, _flat(objective), rate / curvature)

    return along_modes(seen, factor)


def _needs_running_loss(problem):
    return None if problem.objective.loss_weight > 0 else "no running loss to plan for"


def _predict_held(held, problem, hold):
    exact = math.isinf(problem.objective.horizon) and not problem.model.has_drift
    return {"scale": 1.0} if exact and math.isclose(hold, held) else {}


def _flat(objective):
    return (
        objective.learning_rate * objective.loss_weight / objective.discount
        if objective.discount
        else np.nan
    )


def _natural(seen):
    return -np.linalg.solve(seen[Information.METRIC], seen[Information.GRADIENT][:, :, None])


def _newton(seen):
    identity = np.broadcast_to(
        np.eye(seen[Information.GRADIENT].shape[1]), seen[Information.HESSIAN].shape
    )
    flat = Observation(
        values={
            Information.GRADIENT: seen[Information.GRADIENT],
            Information.HESSIAN: seen[Information.HESSIAN],
            Information.METRIC: identity,
        }
    )
    return along_modes(flat, lambda curvature: 1 / positive(curvature))


def _ballistic(seen):
    return along_modes(seen, lambda curvature: 1 / np.sqrt(positive(curvature)))


def _predict_natural(problem, hold):
    step = short_horizon_step(problem.objective)
    return {} if hold or step is None or not knows_ends(problem) else {"learning_rate": step}


def _predict_newton(problem, hold):
    """1/Δt for a plan held for Δt → ∞ (T = ∞, f = 0)."""
    settled = math.isinf(problem.objective.horizon) and not problem.model.has_drift
    return {"step": 1 / hold} if hold and settled else {}


def _predict_ballistic(problem, hold):
    objective = problem.objective
    exact = (
        objective.discount == 0
        and math.isinf(objective.horizon)
        and not problem.model.has_drift
        and not hold
    )
    return {"rate": math.sqrt(objective.learning_rate * objective.loss_weight)} if exact else {}
