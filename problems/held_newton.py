"""A plan that is held for long is a Newton step: large moves see through the curvature, small ones
do not.

Problem    L = ½(θ-μ)ᵀH(θ-μ) in three dimensions, H and metric G correlated, f = 0, B = I, T = ∞, γ
           = 0 and γ > 0.
           The learner plans once, with gradient and Hessian at θ₀, and follows the plan blindly for
           a time Δt.
Formula    Δθ = θ(Δt) - θ₀ = -(I - e^{-RΔt})H⁻¹∇L(θ₀),   R² + γR = ηkG⁻¹H with positive eigenvalues.
           Δt → ∞: Newton's step -H⁻¹∇L, whatever G, γ and η; the distance falls as e^{-r₁Δt} with
           the slowest rate r₁. Δt → 0: -Δt·RH⁻¹∇L, the policy itself; at second order, ½Δt²R²H⁻¹∇L.
Source     VGR25 (arXiv 2510.26997), quadratic landscapes: the discretised learner.
Relation   equal: Δθ at 12 durations to 1e-9 of |H⁻¹∇L|;
           limit with rate: log distance to Newton's step over Δt has slope -r₁ to 1e-5, fitted
           where the other modes have died; distance to the policy's step has slope 2 in Δt to
           0.005, with its constant to 0.1 %.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..reference import newton_held_plan, relaxation_matrix

HESSIAN = np.array([[1.5, 0.4, 0.0], [0.4, 0.3, -0.1], [0.0, -0.1, 5.0]])
METRIC = np.array([[1.0, 0.3, 0.2], [0.3, 1.5, 0.0], [0.2, 0.0, 0.6]])
MINIMUM, START = np.array([0.5, -0.2, 0.1]), np.array([-1.0, 1.1, 0.9])
LEARNING_RATE, LOSS_WEIGHT = 1.2, 0.8
DISCOUNTS = (0.0, 0.5)
DURATIONS = np.logspace(-2, 1.2, 12)
LATE = np.linspace(5, 8, 7)  # in units of 1/r₁
EARLY = np.logspace(-3, -2, 5)  # in units of 1/max|R|
METHOD = lc.DiscretisedAction(elements=16, degree=8)


def problem():
    """The learner that plans for ever, γ = 0."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=HESSIAN, minimum=MINIMUM),
        learner=lc.Learner(metric=METRIC),
        start=START,
        objective=lc.Objective(
            horizon=math.inf, learning_rate=LEARNING_RATE, loss_weight=LOSS_WEIGHT
        ),
    )


def checks_of(plan, discount):
    """Move the plan makes in Δt against the formula, and how it leaves the policy's step and
    reaches Newton's.
    """
    gradient = problem().landscape.gradient(START)[0]
    newton = -np.linalg.solve(HESSIAN, gradient)
    rates = relaxation_matrix(METRIC, HESSIAN, discount, LEARNING_RATE, LOSS_WEIGHT)
    slowest = np.linalg.eigvals(rates).real.min()

    moves = plan.at(DURATIONS)[0] - START
    theory = np.array(
        [
            -newton_held_plan(METRIC, HESSIAN, duration, discount, LEARNING_RATE, LOSS_WEIGHT)
            @ gradient
            for duration in DURATIONS
        ]
    )
    late, early = LATE / slowest, EARLY / np.abs(rates).max()
    to_newton = np.linalg.norm(plan.at(late)[0] - START - newton, axis=1)
    to_policy = np.linalg.norm(plan.at(early)[0] - START - np.outer(early, plan.at(0.0)[1]), axis=1)
    bend = np.linalg.norm(rates @ rates @ newton) / 2
    return (
        Check(
            quantity=f"largest |Δθ - theory| / |H⁻¹∇L|, γ = {discount:g}",
            theory=0.0,
            relation="equal",
            tolerance=1e-9,
            computed=np.abs(moves - theory).max() / np.linalg.norm(newton),
        ),
        Check(
            quantity=f"slope of log|Δθ + H⁻¹∇L| in Δt, γ = {discount:g}",
            theory=-slowest,
            relation="limit",
            tolerance=1e-5,
            computed=fitted_slope(np.exp(late), to_newton),
        ),
        Check(
            quantity=f"slope of |Δθ - Δt·u*| in Δt → 0, γ = {discount:g}",
            theory=2,
            relation="limit",
            tolerance=0.005,
            computed=fitted_slope(early, to_policy),
        ),
        Check(
            quantity=f"|Δθ - Δt·u*| / Δt², ½|R²H⁻¹∇L|, γ = {discount:g}",
            theory=bend,
            relation="equal",
            tolerance=1e-3,
            computed=to_policy[0] / early[0] ** 2,
            measure="relative",
        ),
    )


def evaluate():
    """One plan per discount, followed for different times."""
    solver = lc.Solver(problem(), method=METHOD, tolerance=1e-9)
    checks = [
        check
        for discount in DISCOUNTS
        for check in checks_of(solver.solve(discount=discount), discount)
    ]
    return Evidence(checks=tuple(checks), reference="closed form", bound="after")


CLAIM = Claim(
    name="held-newton",
    theme="short and long horizons",
    title="A plan held for long is a Newton step",
    statement="Δθ = -(I - e^{-RΔt})H⁻¹∇L, which tends to -H⁻¹∇L as e^{-r₁Δt}",
    source="VGR25 (arXiv 2510.26997), quadratic landscapes",
    relations=("equal", "limit"),
    evaluate=evaluate,
)
