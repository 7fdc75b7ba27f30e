"""The gain of the optimal policy grows with the time that is left.

Problem    L = ½ Σᵢ hᵢθᵢ², curvatures from 0.05 to 20 and a concave one, f = 0, G = B = I, free end,
           no terminal cost, T = 3,
           γ = 0 and γ > 0.
Formula    u = -r_s θ with time-to-go s = T - t,   w = √(γ²/4 + ηkh), r = w - γ/2:
             r_s = r(1 - e^{-2ws}) / (1 + r/(r+γ)·e^{-2ws})
           √(ηkh)·tanh(√(ηkh)s) at γ = 0; -√(-ηkh)·tan(√(-ηkh)s) for a concave mode at γ = 0, which
           the learner leaves faster and faster: the cost is bounded only for s < π/2√(-ηkh).
Source     The scalar Riccati equation dr_s/ds = ηkh - γr_s - r_s²; VGR25 (arXiv 2510.26997) treats
           s = ∞.
Relation   equal: -u/θ at every node of one plan, a time-to-go each, to 1e-8 of the largest gain of
           its mode; the cost
           Σᵢ r_T θ₀²/2η to 1e-10 relative;
           limit with rate: r - r_s falls as e^{-2ws}, its log-slope to 0.1 %.
"""

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..reference import finite_horizon_gain, relaxation_rate

CURVATURES = np.array([-0.15, 0.05, 0.3, 1.5, 6.0, 20.0])
FADING = 4  # the mode whose approach to the infinite horizon is fitted, h = 6
HORIZON, LEARNING_RATE, LOSS_WEIGHT = 3.0, 0.9, 1.3
DISCOUNTS = (0.0, 1.0, 4.0)
METHOD = lc.DiscretisedAction(elements=16, degree=8)  # u/θ is compared where θ has decayed to 1e-6


def problem():
    """All modes side by side, γ = 0."""
    objective = lc.Objective(horizon=HORIZON, learning_rate=LEARNING_RATE, loss_weight=LOSS_WEIGHT)
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(CURVATURES)),
        start=np.ones(len(CURVATURES)),
        objective=objective,
    )


def gain_theory(time_to_go, discount):
    """r_s at times-to-go (N,): shape (N, n)."""
    return finite_horizon_gain(
        CURVATURES, np.asarray(time_to_go)[:, None], discount, LEARNING_RATE, LOSS_WEIGHT
    )


def checks_of(plan, discount):
    gains, theory = -plan.controls / plan.parameters, gain_theory(HORIZON - plan.times, discount)
    gap = np.abs(gains - theory).max(0) / np.abs(theory).max(0)
    cost = theory[0] @ plan.parameters[0] ** 2 / (2 * LEARNING_RATE)
    rate = relaxation_rate(CURVATURES[FADING], discount, LEARNING_RATE, LOSS_WEIGHT)
    left = np.linspace(1.2, 2.0, 9)
    path, controls, _ = plan.at(HORIZON - left)
    missing = rate + controls[:, FADING] / path[:, FADING]
    names = [f"h = {h:g}" for h in CURVATURES]
    yield from (
        Check(
            quantity=f"largest |r_s - theory| / |r_T|, {name}, γ = {discount:g}",
            theory=0.0,
            computed=error,
            relation="equal",
            tolerance=1e-8,
        )
        for name, error in zip(names, gap, strict=True)
    )
    yield Check(
        quantity=f"cost Σ r_T θ₀²/2η, γ = {discount:g}",
        theory=cost,
        computed=plan.cost,
        relation="equal",
        tolerance=1e-10,
        measure="relative",
    )
    yield Check(
        quantity=f"slope of log(r - r_s) in s, -2w, {names[FADING]}, γ = {discount:g}",
        theory=-2 * rate - discount,
        computed=fitted_slope(np.exp(left), missing),
        relation="limit",
        tolerance=1e-3,
        measure="relative",
    )


def evaluate():
    """One plan per discount shows the gain at every time-to-go."""
    solver = lc.Solver(problem(), method=METHOD, tolerance=1e-10)
    checks = [
        check
        for discount in DISCOUNTS
        for check in checks_of(solver.solve(discount=discount), discount)
    ]
    return Evidence(checks=tuple(checks), reference="closed form", bound="after")


CLAIM = Claim(
    name="finite-horizon-gain",
    theme="short and long horizons",
    title="Gain against time-to-go, free end",
    statement="u = -r_sθ with r_s = r(1 - e^{-2ws})/(1 + r/(r+γ)·e^{-2ws})",
    source="scalar Riccati equation; VGR25 (arXiv 2510.26997) for s = ∞",
    relations=("equal", "limit"),
    evaluate=evaluate,
)
