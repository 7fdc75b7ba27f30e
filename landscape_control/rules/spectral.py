"""Rules that treat each eigen-direction of the curvature by itself.

With g = Bᵀ∇L, H = BᵀL''B and M = G^(-1/2) H G^(-1/2) = Σ h vvᵀ they all read

    u = -c G^(-1/2) φ(M) G^(-1/2) g

and differ in φ alone:  1 (natural gradient), 1/h (Newton), 1/√h (ballistic), (1 - e^{-rΔt})/(hΔt)
(held-plan Newton) and the optimal gain per curvature (linear-quadratic). The preconditioner
exponent is p = -d log φ / d log h.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import numpy as np

from ..support.arguments import Positive, Shape, Words, checked
from ..support.arrays import number
from ..support.errors import ProblemError
from .gain import relaxation_rate
from .gradient import knows_ends, short_horizon_step
from .information import Information, Observation
from .rule import Coefficient, Rule

if TYPE_CHECKING:
    from ..model.objective import Objective
    from ..model.problem import ControlProblem

_HELD_LIMITS = frozenset(
    {"newton", "linear_quadratic", "natural_gradient", "gradient_descent", "ballistic", "proximal"}
)
_CURVED = frozenset({Information.GRADIENT, Information.HESSIAN, Information.METRIC})


Matrices = Annotated[np.ndarray, Shape((2, 3), allow_nan=True)]


@checked
def metric_modes(hessian: Matrices, metric: Matrices) -> tuple[np.ndarray, np.ndarray]:
    """(h, W): curvatures (S, m), ascending, and eigen-directions (S, m, m) in the metric.

    h are the eigenvalues of G^(-1/2) H G^(-1/2) = V diag(h) Vᵀ, and the columns of W = G^(-1/2)V
    the directions: WᵀGW = I and HW = GW diag(h).
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


def along_modes(seen: Observation, factor: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """-W φ(h) Wᵀg, shape (S, m, 1); NaN in rows whose Hessian or metric cannot be used."""
    gradient, hessian = seen[Information.GRADIENT], seen[Information.HESSIAN]
    metric = seen[Information.METRIC]
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
    floor = 1e-13 * np.abs(curvature).max(axis=1, initial=0.0)  # round-off of the largest
    return np.where((curvature[:, 0] > floor)[:, None], curvature, np.nan)


@checked
def natural_gradient() -> Rule:
    """u = -α G⁻¹Bᵀ∇L (Amari 1998): the optimum for short planning horizons.

    Gradient descent when G = I.
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
    """u = -α (BᵀHB)⁻¹Bᵀ∇L: Newton's direction.

    Undefined (NaN) where the Hessian is not positive definite.
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
    """u = -c (I - e^{-RΔt})H⁻¹∇L / Δt: the mean control of a plan held for Δt = ``hold``.

    The plan is that of the infinite horizon: Newton's step for Δt → ∞, the linear-quadratic rule
    for Δt → 0. Undefined (NaN) where a mode has no decaying plan.
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
    """u = -α G^(-1/2)(G^(-1/2)HG^(-1/2))^(-1/2)G^(-1/2)∇L, the optimum without discount or deadline.

    For G = I it is -α H^(-1/2)∇L.
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


def _held(hold: float, seen: Observation) -> np.ndarray:
    objective = seen[Information.OBJECTIVE]

    def factor(curvature: np.ndarray) -> np.ndarray:
        rate = relaxation_rate(curvature, objective)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(rate == 0, 1.0, -np.expm1(-rate * hold) / (rate * hold))
            return share * np.where(curvature == 0, _flat(objective), rate / curvature)

    return along_modes(seen, factor)


def _needs_running_loss(problem: "ControlProblem") -> str | None:
    return None if problem.objective.loss_weight > 0 else "no running loss to plan for"


def _predict_held(held: float, problem: "ControlProblem", hold: float) -> dict[str, float]:
    exact = math.isinf(problem.objective.horizon) and not problem.model.has_drift
    return {"scale": 1.0} if exact and math.isclose(hold, held) else {}


def _flat(objective: "Objective") -> float:
    """r/h in the limit h → 0: ηk/γ."""
    if not objective.discount:
        return np.nan
    return objective.learning_rate * objective.loss_weight / objective.discount


def _natural(seen: Observation) -> np.ndarray:
    return -np.linalg.solve(seen[Information.METRIC], seen[Information.GRADIENT][:, :, None])


def _newton(seen: Observation) -> np.ndarray:
    # the metric cancels in Newton's direction, so that the rule need not see it
    gradient, hessian = seen[Information.GRADIENT], seen[Information.HESSIAN]
    identity = np.broadcast_to(np.eye(gradient.shape[1]), hessian.shape)
    flat = Observation(
        values={
            Information.GRADIENT: gradient,
            Information.HESSIAN: hessian,
            Information.METRIC: identity,
        }
    )
    return along_modes(flat, lambda curvature: 1 / positive(curvature))


def _ballistic(seen: Observation) -> np.ndarray:
    return along_modes(seen, lambda curvature: 1 / np.sqrt(positive(curvature)))


def _predict_natural(problem: "ControlProblem", hold: float) -> dict[str, float]:
    step = short_horizon_step(problem.objective)
    if hold or step is None or not knows_ends(problem):
        return {}
    return {"learning_rate": step}


def _predict_newton(problem: "ControlProblem", hold: float) -> dict[str, float]:
    """1/Δt for a plan held for Δt → ∞ (T = ∞, f = 0)."""
    settled = math.isinf(problem.objective.horizon) and not problem.model.has_drift
    return {"step": 1 / hold} if hold and settled else {}


def _predict_ballistic(problem: "ControlProblem", hold: float) -> dict[str, float]:
    objective = problem.objective
    never_ends = objective.discount == 0 and math.isinf(objective.horizon)
    if hold or not never_ends or problem.model.has_drift:
        return {}
    return {"rate": math.sqrt(objective.learning_rate * objective.loss_weight)}
