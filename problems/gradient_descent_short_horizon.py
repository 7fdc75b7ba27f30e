"""A learner with little time left does gradient descent: how fast the optimal policy gets there (T
→ 0, no terminal cost).

Problem    As in gradient_descent_long_discount, with γ = 0 and a finite horizon T, free end; and
           once with γ > 0.
Formula    u*(θ₀) = -ηkT [I - (ηkT²/3) G⁻¹H + …] G⁻¹∇L at t = 0:  gradient descent up to a relative
                                                                  error
           (ηkT²/3)·|G⁻¹H v|/|v| with v = G⁻¹∇L, at most (ηkT²/3)·‖G⁻¹H‖ (lengths in the metric; H
           covariant if G depends on θ). With a discount the step is ηk(1 - e^{-γT})/γ; against ηkT
           the error would be γT/2, of slope 1 only.
Source     VGR25 (arXiv 2510.26997), short planning horizons; the next order by expanding the
           costate in T.
Relation   limit with rate: slope +2 in T to 0.01, fitted where ηk‖G⁻¹H‖T² < 0.05;  the slope 1
    of the uncorrected step too;
           equal: the constant in front at the shortest horizon, to 0.1 %;  at most: the same
           against ηk‖G⁻¹H‖/3.

Both limits are drawn in one picture.
"""

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..reference import gradient_descent_error, gradient_descent_rate
from . import gradient_descent_long_discount as long_discount

LEARNING_RATE, LOSS_WEIGHT = long_discount.LEARNING_RATE, long_discount.LOSS_WEIGHT
HORIZONS = np.logspace(-2.5, 0.5, 13)
SHORT = HORIZONS < 0.06
DISCOUNT = 2.0
# the error of u has to stay far below the distances, 1e-5
METHOD = lc.DiscretisedAction(elements=4, degree=8)


def problem():
    """Logistic regression with a constant metric, γ = 0, T = 1."""
    return long_discount.problem().changed(horizon=1.0, discount=0.0)


def first_steps(case, discount=0.0):
    """First controls (S, n) at every horizon."""
    solver = lc.Solver(case.changed(horizon=1.0, discount=discount), method=METHOD, tolerance=1e-10)
    return np.array([solver.solve(horizon=horizon).controls[0] for horizon in HORIZONS])


def step_sizes(discount):
    return np.array(
        [
            gradient_descent_rate(discount, horizon, LEARNING_RATE, LOSS_WEIGHT)
            for horizon in HORIZONS
        ]
    )


def limit_checks(case, words, errors):
    measured = errors[0] / HORIZONS[0] ** 2
    slope = Check(
        quantity=f"slope in T of the relative distance to gradient descent, {words}",
        theory=2,
        computed=fitted_slope(HORIZONS[SHORT], errors[SHORT]),
        relation="limit",
        tolerance=0.01,
    )
    constant, bound = (value / 3 for value in long_discount.constants(case))
    name, against = f"that distance / T², ηk|G⁻¹Hv|/3|v|, {words}", "that distance / T² against"
    return (
        slope,
        long_discount.constant_check(name, constant, measured),
        long_discount.bound_check(f"{against} ηk‖G⁻¹H‖/3, {words}", bound, measured),
    )


def discounted_checks():
    """At γ > 0: distance ε(γ, T) ≈ ηkhT²/3 for the step ηk(1 - e^{-γT})/γ; slope 1 and constant γ/2
    for the step ηkT.
    """
    case = problem()
    controls = first_steps(case, DISCOUNT)
    corrected = long_discount.distances(case, step_sizes(DISCOUNT), controls)
    plain = long_discount.distances(case, step_sizes(0.0), controls)
    curvature = long_discount.constants(case)[0] / (LEARNING_RATE * LOSS_WEIGHT)
    expected = gradient_descent_error(curvature, DISCOUNT, HORIZONS[0], LEARNING_RATE, LOSS_WEIGHT)
    return (
        Check(
            quantity=f"distance to the step ηk(1-e^{{-γT}})/γ at the shortest T, γ = {DISCOUNT:g}",
            theory=expected,
            computed=corrected[0],
            relation="equal",
            tolerance=1e-3,
            measure="relative",
        ),
        Check(
            quantity=f"slope in T of the distance to the step ηkT, γ = {DISCOUNT:g}",
            theory=1,
            computed=fitted_slope(HORIZONS[SHORT], plain[SHORT]),
            relation="limit",
            tolerance=0.01,
        ),
        Check(
            quantity=f"distance / T to the step ηkT, γ/2, γ = {DISCOUNT:g}",
            theory=DISCOUNT / 2,
            computed=plain[0] / HORIZONS[0],
            relation="equal",
            tolerance=1e-3,
            measure="relative",
        ),
    )


def evaluate():
    """Measure the first control in the same three problems over T, then once with a discount."""
    cases = {
        "logistic, constant G": long_discount.problem(),
        "one mode, h/g = 8": long_discount.mode(),
        "logistic, G(θ)": long_discount.problem(long_discount.curved_metric),
    }
    errors = {
        words: long_discount.distances(case, step_sizes(0.0), first_steps(case))
        for words, case in cases.items()
    }
    checks = [
        check for words, case in cases.items() for check in limit_checks(case, words, errors[words])
    ]
    discount_data = dict(long_discount.evaluate().data)
    return Evidence(
        checks=(*checks, *discounted_checks()),
        data=discount_data
        | {
            "horizons": HORIZONS,
            "horizon_errors": errors["logistic, constant G"],
            "horizon_slope": checks[0].computed,
            "horizon_predictions": long_discount.constants(problem())[0] * HORIZONS**2 / 3,
        },
        reference="closed form",
        bound="before",
    )


CLAIM = Claim(
    name="gradient-descent-short-horizon",
    theme="short and long horizons",
    title="A short horizon gives gradient descent, at second order in T",
    statement="u* = -ηkT G⁻¹∇L with relative error (ηkT²/3)·|G⁻¹Hv|/|v|, v = G⁻¹∇L",
    source="VGR25 (arXiv 2510.26997), short planning horizons; next order derived",
    relations=("limit", "equal", "at most"),
    evaluate=evaluate,
    picture="gradient_descent_limits",
)
