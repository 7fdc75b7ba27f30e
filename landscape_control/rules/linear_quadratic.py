"""The linear-quadratic optimum of the landscape as it looks from where the learner stands."""

import math
from functools import lru_cache

import numpy as np

from ..planning.linear_quadratic import LinearQuadraticProblem
from ..support.arguments import checked
from ..support.errors import ProblemError
from .gain import step_of_modes
from .gradient import knows_ends
from .information import Information
from .rule import Coefficient, Rule
from .spectral import along_modes


@checked
def linear_quadratic() -> Rule:
    """u = -c K(θ)(θ - μ(θ)): optimal control of the second-order expansion of L (first-order of f)
    at θ.

    Without drift it is -c W φ(h) WᵀBᵀ∇L with φ(h) = r/h for T = ∞ and r_s/h with time-to-go s, see
    :func:`landscape_control.rules.optimal_step`, so that no Hessian is inverted; with drift, the
    Riccati solution of :class:`~..linear_quadratic.LinearQuadraticProblem`. c = 1 is exact on
    quadratics with linear drift, constant G and B. Undefined (NaN) where the expansion has no
    optimal plan: γ²/4 + ηkh < 0 for T = ∞ and f = 0, beyond a conjugate point for finite T, a
    singular Hessian with drift.
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


def _directions(seen):
    objective, drift, jacobian = (
        seen[Information.OBJECTIVE],
        seen[Information.DRIFT],
        seen[Information.DRIFT_JACOBIAN],
    )
    if not (drift.any() or jacobian.any()):
        return along_modes(seen, lambda curvature: step_of_modes(curvature, objective))
    parts = (seen[kind] for kind in (Information.GRADIENT, Information.HESSIAN, Information.METRIC))
    rows = [_drifting(*row, objective) for row in zip(*parts, drift, jacobian, strict=True)]
    return np.array(rows)[:, :, None]


def _drifting(gradient, hessian, metric, drift, jacobian, objective):
    """Optimal first control of the expansion at one point, by Riccati equations; NaN where there is
    none.
    """
    undefined = np.full(len(gradient), np.nan)
    if not all(np.isfinite(part).all() for part in (gradient, hessian, metric, drift, jacobian)):
        return undefined
    if np.linalg.cond(hessian) > 1e12:
        return undefined
    offset = np.linalg.solve(hessian, gradient)  # θ - μ
    at_rest = drift - jacobian @ offset  # f(μ)
    numbers = [_rounded(part, np.abs(part).max()) for part in (hessian, metric, jacobian)]
    numbers.append(_rounded(at_rest, max(np.abs(drift).max(), np.abs(jacobian @ offset).max())))
    prices = (objective.learning_rate, objective.loss_weight, objective.discount)
    end = objective.terminal_weight if objective.terminal is not None else 0.0
    try:
        policy = _policy(
            len(gradient),
            *(tuple(part.ravel()) for part in numbers),
            *prices,
            end,
            objective.horizon,
        )
    except (ProblemError, np.linalg.LinAlgError):
        return undefined
    return (
        policy.control(offset)
        if math.isinf(objective.horizon)
        else policy.control(objective.horizon, offset)
    )


def _rounded(array, size):
    """To 13 digits of ``size``: on quadratics every point then asks for the same Riccati solution."""
    return np.round(array / size, 13) * size if size > 0 else array


@lru_cache(maxsize=256)
def _policy(
    n,
    hessian,
    metric,
    drift_matrix,
    drift_offset,
    learning_rate,
    loss_weight,
    discount,
    end,
    horizon,
):
    hessian, metric, drift_matrix = (
        np.reshape(part, (n, n)) for part in (hessian, metric, drift_matrix)
    )
    exact = LinearQuadraticProblem(
        hessian=(hessian + hessian.T) / 2,
        minimum=np.zeros(n),
        metric=metric,
        drift_matrix=drift_matrix,
        drift_offset=drift_offset,
        learning_rate=learning_rate,
        loss_weight=loss_weight,
        discount=discount,
        terminal_hessian=end * hessian if end else None,
    )
    return exact.infinite() if math.isinf(horizon) else exact.finite(horizon)


def _object(problem):
    if problem.end is not None:
        return "a fixed end"
    if not knows_ends(problem):
        return "a terminal cost other than the loss"
    if problem.model.has_drift and not problem.model.is_invertible:
        return "a drift with an actuation that cannot push every direction"
    return None


def _predict(problem, hold):
    model = problem.model
    same = (
        problem.landscape.is_quadratic and model.constant["metric"] and model.constant["actuation"]
    )
    return {"scale": 1.0} if same and model.drift_matrix is not None and not hold else {}
