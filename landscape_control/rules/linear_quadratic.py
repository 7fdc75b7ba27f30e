"""The linear-quadratic optimum of the landscape as it looks from where the learner stands."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..planning.linear_quadratic import (
    FiniteHorizonPolicy,
    InfiniteHorizonPolicy,
    LinearQuadraticProblem,
)
from ..support.arguments import checked
from ..support.errors import ProblemError
from .gain import step_of_modes
from .gradient import knows_ends
from .information import Information, Observation
from .rule import Coefficient, Rule
from .spectral import along_modes

if TYPE_CHECKING:
    from ..model.objective import Objective
    from ..model.problem import ControlProblem

_WORST_CONDITION = 1e12  # of a Hessian whose minimum μ is still a number


@checked
def linear_quadratic() -> Rule:
    """u = -c K(θ)(θ - μ(θ)): optimal control of the landscape expanded at θ.

    L is taken to second order there, f to first. Without drift it is -c W φ(h) WᵀBᵀ∇L with φ(h) =
    r/h for T = ∞ and r_s/h with time-to-go s, see :func:`landscape_control.rules.optimal_step`, so
    that no Hessian is inverted; with drift, the Riccati solution of
    :class:`~..linear_quadratic.LinearQuadraticProblem`. c = 1 is exact on quadratics with linear
    drift, constant G and B. Undefined (NaN) where the expansion has no optimal plan: γ²/4 + ηkh < 0
    for T = ∞ and f = 0, beyond a conjugate point for finite T, a singular Hessian with drift.
    """
    return Rule(
        key="linear_quadratic",
        name="linear-quadratic optimum",
        formula="u = -c R H⁻¹∇L,  R² + γR = ηk G⁻¹H",
        source=(
            "Anderson & Moore 1990; VGR25, quadratic landscapes: r = √(γ²/4 + ηkh) - γ/2, r_s for"
            " finite horizons"
        ),
        sees=frozenset(
            {
                Information.GRADIENT,
                Information.HESSIAN,
                Information.METRIC,
                Information.DRIFT,
                Information.DRIFT_JACOBIAN,
                Information.OBJECTIVE,
            }
        ),
        coefficients=(Coefficient(name="scale", symbol="c", low=0.0),),
        directions=_directions,
        theory=_predict,
        objection=_object,
        contains=frozenset(
            {"gradient_descent", "natural_gradient", "newton", "ballistic", "proximal"}
        ),
    )


def _directions(seen: Observation) -> np.ndarray:
    objective = seen[Information.OBJECTIVE]
    drift, jacobian = seen[Information.DRIFT], seen[Information.DRIFT_JACOBIAN]
    if not (drift.any() or jacobian.any()):
        return along_modes(seen, lambda curvature: step_of_modes(curvature, objective))
    gradient, hessian = seen[Information.GRADIENT], seen[Information.HESSIAN]
    points = zip(gradient, hessian, seen[Information.METRIC], drift, jacobian, strict=True)
    return np.array([_with_drift(*point, objective) for point in points])[:, :, None]


def _with_drift(
    gradient: np.ndarray,
    hessian: np.ndarray,
    metric: np.ndarray,
    drift: np.ndarray,
    jacobian: np.ndarray,
    objective: "Objective",
) -> np.ndarray:
    """Optimal first control of the expansion at one point, by Riccati equations; NaN if none."""
    undefined = np.full(len(gradient), np.nan)
    if not all(np.isfinite(part).all() for part in (gradient, hessian, metric, drift, jacobian)):
        return undefined
    if np.linalg.cond(hessian) > _WORST_CONDITION:
        return undefined
    offset = np.linalg.solve(hessian, gradient)  # θ - μ
    carried = jacobian @ offset
    at_minimum = drift - carried  # f(μ)
    # on quadratics every point asks for one and the same policy, but for the last digits
    hessian, metric, jacobian = (
        _rounded(part, np.abs(part).max()) for part in (hessian, metric, jacobian)
    )
    at_minimum = _rounded(at_minimum, max(np.abs(drift).max(), np.abs(carried).max()))
    try:
        policy = _policy(
            len(gradient),
            *(tuple(part.ravel()) for part in (hessian, metric, jacobian, at_minimum)),
            objective.learning_rate,
            objective.loss_weight,
            objective.discount,
            objective.terminal_weight if objective.terminal is not None else 0.0,
            objective.horizon,
        )
    except (ProblemError, np.linalg.LinAlgError):
        return undefined
    if isinstance(policy, InfiniteHorizonPolicy):
        return policy.control(offset)
    return policy.control(objective.horizon, offset)


def _rounded(array: np.ndarray, size: float) -> np.ndarray:
    """To 13 digits of ``size``."""
    return np.round(array / size, 13) * size if size > 0 else array


@lru_cache(maxsize=256)
def _policy(
    n: int,
    hessian: tuple[float, ...],
    metric: tuple[float, ...],
    drift_matrix: tuple[float, ...],
    drift_offset: tuple[float, ...],
    learning_rate: float,
    loss_weight: float,
    discount: float,
    end: float,
    horizon: float,
) -> FiniteHorizonPolicy | InfiniteHorizonPolicy:
    """The solution of one expansion; matrices as tuples, which can be looked up."""
    curvature = np.reshape(hessian, (n, n))
    exact = LinearQuadraticProblem(
        hessian=(curvature + curvature.T) / 2,
        minimum=np.zeros(n),
        metric=np.reshape(metric, (n, n)),
        drift_matrix=np.reshape(drift_matrix, (n, n)),
        drift_offset=np.array(drift_offset),
        learning_rate=learning_rate,
        loss_weight=loss_weight,
        discount=discount,
        terminal_hessian=end * curvature if end else None,
    )
    return exact.infinite() if math.isinf(horizon) else exact.finite(horizon)


def _object(problem: "ControlProblem") -> str | None:
    if problem.end is not None:
        return "a fixed end"
    if not knows_ends(problem):
        return "a terminal cost other than the loss"
    if problem.model.has_drift and not problem.model.is_invertible:
        return "a drift with an actuation that cannot push every direction"
    return None


def _predict(problem: "ControlProblem", hold: float) -> dict[str, float]:
    """c = 1 where the expansion is the problem itself."""
    model = problem.model
    is_fixed = model.constant["metric"] and model.constant["actuation"]
    is_exact = problem.landscape.is_quadratic and is_fixed and model.drift_matrix is not None
    return {"scale": 1.0} if is_exact and not hold else {}
