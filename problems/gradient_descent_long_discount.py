"""A learner that discounts strongly does gradient descent: how fast the optimal policy gets there
(T = ∞, γ → ∞).

Problem    A small logistic regression with ridge, L = Σᵢ log(1 + e^{-zᵢ·θ}) + |θ|²/20, constant
           metric G with correlations,
           f = 0, B = I, T = ∞; the same with a metric that changes with θ; one quadratic mode,
           where ‖G⁻¹H‖ is attained.
Formula    u*(θ₀) = -(ηk/γ) [I - (ηk/γ²) G⁻¹H + …] G⁻¹∇L:  the first control is natural gradient
                                                           descent up to a relative
           error (ηk/γ²)·|G⁻¹H v|/|v| with v = G⁻¹∇L, at most (ηk/γ²)·‖G⁻¹H‖ (lengths in the
           metric). When G depends on θ, H is the covariant Hessian ∇²L - Γ·∇L: reparametrisation
           must not change how fast the limit is approached.
Source     VGR25 (arXiv 2510.26997), short planning horizons; the next order by expanding λ = (k∇L +
           λ̇ + …)/γ.
Relation   limit with rate: slope -2 in γ to 0.01, fitted over 100 ≤ γ ≤ 560;
           equal: the constant in front at the largest γ, to 0.1 %;  at most: the same against
           ηk‖G⁻¹H‖.
"""

import math

import casadi as ca
import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope

LEARNING_RATE, LOSS_WEIGHT = 0.5, 3.0
# zᵢ = label × features
SAMPLES = np.array([[1.2, 0.4], [-0.3, 1.5], [0.8, -1.1], [2.0, 0.9], [-1.4, -0.6], [0.5, 1.0]])
START = np.array([-0.8, 1.1])
METRIC = np.array([[2.0, 0.6], [0.6, 0.5]])
DISCOUNTS = np.logspace(0.5, 2.75, 10)
LIMIT = DISCOUNTS >= 99  # there ηk‖G⁻¹H‖/γ², the size of the next order, is below 2e-3
# the error of u has to stay far below the distances, 1e-5
METHOD = lc.DiscretisedAction(elements=16, degree=8)


def logistic(theta):
    return ca.sum1(ca.log(1 + ca.exp(-ca.DM(SAMPLES) @ theta))) + ca.sumsqr(theta) / 20


LOGISTIC = lc.Landscape.from_expression(
    logistic, dimension=2, name="logistic regression", formula="Σᵢ log(1 + e^{-zᵢ·θ}) + |θ|²/20"
)


def curved_metric(theta):
    """G(θ) = diag(e^{θ₂}, 1): a plane whose first direction costs more upwards."""
    return ca.diag(ca.vertcat(ca.exp(theta[1]), 1))


def covariant_hessian(gradient, hessian, theta):
    """∇²L - Γ·∇L for :func:`curved_metric`, whose Christoffel symbols are Γ¹₁₂ = ½ and Γ²₁₁ =
    -½e^{θ₂}.
    """
    return hessian + 0.5 * np.array(
        [[np.exp(theta[1]) * gradient[1], -gradient[0]], [-gradient[0], 0.0]]
    )


def problem(metric=METRIC):
    """Logistic regression with γ = 10."""
    objective = lc.Objective(
        horizon=math.inf, discount=10.0, learning_rate=LEARNING_RATE, loss_weight=LOSS_WEIGHT
    )
    return lc.ControlProblem(
        landscape=LOGISTIC, learner=lc.Learner(metric=metric), objective=objective, start=START
    )


def mode():
    """One curvature h = 4 with metric g = 0.5."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[4.0]]),
        learner=lc.Learner(metric=[[0.5]]),
        start=[1.3],
        objective=problem().objective,
    )


def local_geometry(case):
    """G, ∇L and the (covariant) Hessian at the start."""
    theta = case.start
    _, gradient, hessian = (part[0] for part in case.landscape.derivatives(theta))
    curved = not case.model.constant["metric"]
    return (
        case.model.metric(theta)[0],
        gradient,
        covariant_hessian(gradient, hessian, theta) if curved else hessian,
    )


def distances(case, step_sizes, controls):
    """|u* + αG⁻¹∇L| / |αG⁻¹∇L| in the metric, for step sizes α (S,) and first controls (S, n)."""
    metric, gradient, _ = local_geometry(case)
    descent = -np.multiply.outer(step_sizes, np.linalg.solve(metric, gradient))
    length = np.linalg.cholesky(metric)
    return np.linalg.norm((controls - descent) @ length, axis=1) / np.linalg.norm(
        descent @ length, axis=1
    )


def constants(case):
    """ηk|G⁻¹Hv|/|v| with v = G⁻¹∇L, and its bound ηk‖G⁻¹H‖, lengths in the metric."""
    metric, gradient, hessian = local_geometry(case)
    length = np.linalg.cholesky(metric).T
    direction = np.linalg.solve(metric, gradient)
    bent = np.linalg.solve(metric, hessian @ direction)
    norm = np.abs(np.linalg.eigvals(np.linalg.solve(metric, hessian))).max()
    strength = LEARNING_RATE * LOSS_WEIGHT
    return (
        strength * np.linalg.norm(length @ bent) / np.linalg.norm(length @ direction),
        strength * norm,
    )


def limit_checks(case, words, errors):
    measured = errors[-1] * DISCOUNTS[-1] ** 2
    slope = Check(
        quantity=f"slope in γ of the relative distance to gradient descent, {words}",
        theory=-2,
        computed=fitted_slope(DISCOUNTS[LIMIT], errors[LIMIT]),
        relation="limit",
        tolerance=0.01,
    )
    constant, bound = constants(case)
    return (
        slope,
        constant_check(f"γ² × that distance, ηk|G⁻¹Hv|/|v|, {words}", constant, measured),
        bound_check(f"γ² × that distance against ηk‖G⁻¹H‖, {words}", bound, measured),
    )


def constant_check(quantity, constant, measured):
    """The constant in front of a limit, to 0.1 %."""
    return Check(
        quantity=quantity,
        theory=constant,
        computed=measured,
        relation="equal",
        tolerance=1e-3,
        measure="relative",
    )


def bound_check(quantity, bound, measured):
    """The constant in front of a limit against its bound, to 0.1 %."""
    return Check(
        quantity=quantity,
        theory=bound,
        computed=measured,
        relation="at most",
        tolerance=1e-3,
        measure="relative",
    )


def first_steps(case):
    """Distances (G,) of the first control to the step (ηk/γ)G⁻¹∇L."""
    solver = lc.Solver(case, method=METHOD, tolerance=1e-9)
    controls = np.array([solver.solve(discount=discount).controls[0] for discount in DISCOUNTS])
    return distances(case, LEARNING_RATE * LOSS_WEIGHT / DISCOUNTS, controls)


def evaluate():
    """Measure the first control in three problems over γ."""
    cases = {
        "logistic, constant G": problem(),
        "logistic, G(θ)": problem(curved_metric),
        "one mode, h/g = 8": mode(),
    }
    errors = {words: first_steps(case) for words, case in cases.items()}
    checks = [
        check for words, case in cases.items() for check in limit_checks(case, words, errors[words])
    ]
    return Evidence(
        checks=tuple(checks),
        data={
            "discounts": DISCOUNTS,
            "discount_errors": errors["logistic, constant G"],
            "discount_predictions": constants(problem())[0] / DISCOUNTS**2,
            "discount_slope": checks[0].computed,
        },
        reference="closed form",
        bound="before",
    )


CLAIM = Claim(
    name="gradient-descent-long-discount",
    theme="short and long horizons",
    title="Strong discounting gives gradient descent, at second order in 1/γ",
    statement="u* = -(ηk/γ)G⁻¹∇L with relative error (ηk/γ²)·|G⁻¹Hv|/|v|, v = G⁻¹∇L",
    source="VGR25 (arXiv 2510.26997), short planning horizons; next order derived",
    relations=("limit", "equal", "at most"),
    evaluate=evaluate,
)
