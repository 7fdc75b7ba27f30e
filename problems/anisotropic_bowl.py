"""Down an anisotropic bowl: far sight straightens the path, short sight bends it (VGR25 Fig. 2c).

Problem    L = ½(θ-μ)ᵀH(θ-μ) in the plane, curvatures 0.5 and 4.5 along tilted axes, f = 0, G = B =
           I, T = ∞, several γ.
Formula    θ(t) = μ + e^{-Rt}(θ₀-μ),   R = (γ²/4 + ηkH)^{1/2} - γ/2.
           Steep distance ∝ (flat distance)^ρ, ρ = r₁/r₂: h₁/h₂ = 9 for gradient descent, √(h₁/h₂) =
           3 at γ = 0, and 1, the straight line, only for Newton's rule.
Source     VGR25 (arXiv 2510.26997), Fig. 2c.
Relation   equal: the computed path to 1e-8 of the starting distance, the exponent ρ measured from
           it to 1e-7 relative;
           at most: the first step's angle to Newton's, against that of the next γ and of gradient
           descent.
"""

import math

import numpy as np
from scipy.linalg import expm

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..reference import relaxation_matrix, relaxation_rate

CURVATURES = np.array([0.5, 4.5])  # flat, steep
TILT = math.radians(25)
# columns, flattest first
MODES = np.array([[math.cos(TILT), -math.sin(TILT)], [math.sin(TILT), math.cos(TILT)]])
HESSIAN = MODES @ np.diag(CURVATURES) @ MODES.T
MINIMUM = np.array([0.3, -0.2])
START = MINIMUM + MODES @ [-1.6, 1.2]
DISCOUNTS = (0.0, 1.0, 4.0)
METHOD = lc.DiscretisedAction(elements=16, degree=8)


def problem():
    """The learner that plans for ever, γ = 0."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=HESSIAN, minimum=MINIMUM),
        start=START,
        objective=lc.Objective(horizon=math.inf),
    )


def path_theory(discount, times):
    rates = relaxation_matrix(np.eye(2), HESSIAN, discount)
    return MINIMUM + expm(-rates * times[:, None, None]) @ (START - MINIMUM)


def angle(first, second):
    """Degrees between two vectors."""
    return math.degrees(math.acos(first @ second / np.linalg.norm(first) / np.linalg.norm(second)))


def checks_of(plan, discount):
    times = np.linspace(0, plan.times[-1], 200)
    path = plan.at(times)[0]
    gap = np.linalg.norm(path - path_theory(discount, times), axis=1).max() / np.linalg.norm(
        START - MINIMUM
    )
    rates = relaxation_rate(CURVATURES, discount)
    flat, steep = np.abs((plan.at(np.linspace(0, 6 / rates[1], 40))[0] - MINIMUM) @ MODES).T
    return (
        Check(
            quantity=f"largest |θ(t) - theory| / |θ₀-μ|, γ = {discount:g}",
            theory=0.0,
            computed=gap,
            relation="equal",
            tolerance=1e-8,
        ),
        Check(
            quantity=f"exponent of steep against flat distance, γ = {discount:g}",
            theory=rates[1] / rates[0],
            computed=fitted_slope(flat, steep),
            relation="equal",
            tolerance=1e-7,
            measure="relative",
        ),
    )


def evaluate():
    """Solve once per discount; compare the paths, their bend, and the order of their first
    steps.
    """
    solver = lc.Solver(problem(), method=METHOD, tolerance=1e-9)
    plans = [solver.solve(discount=discount) for discount in DISCOUNTS]
    checks = [
        check
        for plan, discount in zip(plans, DISCOUNTS, strict=True)
        for check in checks_of(plan, discount)
    ]
    newton, descent = MINIMUM - START, -HESSIAN @ (START - MINIMUM)
    turns = [angle(plan.at(0.0)[1], newton) for plan in plans] + [angle(descent, newton)]
    for i, bound in enumerate(turns[1:]):
        words = (
            f"that at γ = {DISCOUNTS[i + 1]:g}"
            if i + 1 < len(DISCOUNTS)
            else "that of gradient descent"
        )
        checks.append(
            Check(
                quantity=(
                    f"first step's angle to Newton's at γ = {DISCOUNTS[i]:g}, degrees, against"
                    f" {words}"
                ),
                theory=bound,
                computed=turns[i],
                relation="at most",
                tolerance=0.0,
                reference="same code, other data",
                bound="before",
            )
        )

    axes = np.linspace(-2.1, 1.0, 80), np.linspace(-1.2, 0.9, 60)
    x, y = np.meshgrid(*axes)
    loss = problem().landscape.loss(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    spans = [
        np.linspace(0, 6 / relaxation_rate(CURVATURES[0], discount), 300) for discount in DISCOUNTS
    ]
    fade = np.exp(-np.linspace(0, 6, 300))[:, None]
    descending = np.column_stack([fade, fade ** (CURVATURES[1] / CURVATURES[0])]) * (
        (START - MINIMUM) @ MODES
    )
    return Evidence(
        checks=tuple(checks),
        data={
            "axis_1": axes[0],
            "axis_2": axes[1],
            "loss": loss,
            "minimum": MINIMUM,
            "modes": MODES,
            "discounts": np.array(DISCOUNTS),
            "paths": np.array([plan.at(t)[0] for plan, t in zip(plans, spans, strict=True)]),
            "gradient_descent_path": MINIMUM + descending @ MODES.T,
            "newton_path": MINIMUM + fade * (START - MINIMUM),
        },
        reference="closed form",
        bound="after",
    )


CLAIM = Claim(
    name="anisotropic-bowl",
    theme="short and long horizons",
    title="Paths down an anisotropic bowl, T = ∞",
    statement=(
        "θ(t) = μ + e^{-Rt}(θ₀-μ): between gradient descent (γ → ∞) and the straight line, never"
        " reaching it"
    ),
    source="VGR25 (arXiv 2510.26997), Fig. 2c",
    relations=("equal", "at most"),
    evaluate=evaluate,
    figure="Fig. 2c",
    picture="anisotropic_bowl",
)
