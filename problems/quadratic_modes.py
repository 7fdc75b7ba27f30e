"""How fast one mode of a quadratic landscape relaxes, from γ = 0 to a short-sighted learner (VGR25
Fig. 2a, b).

Problem    L = ½ Σᵢ hᵢ(θᵢ-μᵢ)², curvatures from 0.01 to 100, f = 0, G = B = I, T = ∞, γ from 0 to 8.
Formula    θᵢ(t) = μᵢ + (θ₀-μ)ᵢ e^{-rᵢt},   rᵢ = √(γ²/4 + ηkhᵢ) - γ/2:
           ηkh/γ for ηkh ≪ γ² (gradient descent), √(ηkh) for ηkh ≫ γ² (ballistic).
Source     VGR25 (arXiv 2510.26997), Fig. 2a, b.
Relation   equal: the computed path to 1e-8 of the starting distance, the rates of all modes to 1e-9
           relative.

One landscape carries all the curvatures, so a single solve per discount measures every rate: r =
-u/(θ-μ) at t = 0. The solver's tolerance is that of the cost, which is blind to small errors of the
path and to late times (e^{-γt}); the elements of degree 8 are there because here the path itself is
compared.
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import relaxation_rate

CURVATURES = np.logspace(-2, 2, 9)
MINIMUM = np.linspace(-1.0, 1.0, 9)
DISTANCE = 1.5  # θ₀ - μ of every mode
LEARNING_RATE, LOSS_WEIGHT = 0.5, 3.0
DISCOUNTS = (0.0, 0.5, 2.0, 8.0)
SHOWN = 4  # the mode drawn over time, h = 1
METHOD = lc.DiscretisedAction(elements=16, degree=8)


def problem():
    """The learner that plans for ever; γ = 0 first."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(CURVATURES), minimum=MINIMUM),
        objective=lc.Objective(
            horizon=math.inf, discount=0.0, learning_rate=LEARNING_RATE, loss_weight=LOSS_WEIGHT
        ),
        start=MINIMUM + DISTANCE,
    )


def theory(discount, curvature):
    return relaxation_rate(curvature, discount, LEARNING_RATE, LOSS_WEIGHT)


def evaluate() -> Evidence:
    """Solve once per discount; compare every path and every rate."""
    solver = lc.Solver(problem(), method=METHOD, tolerance=1e-9)
    plans = [solver.solve(discount=discount) for discount in DISCOUNTS]
    times, fine = np.linspace(0, 6, 16), np.linspace(0, 6, 200)
    offsets = np.array([plan.at(times)[0] - MINIMUM for plan in plans])
    rates = np.array([-plan.at(0.0)[1] / DISTANCE for plan in plans])
    checks = [
        check
        for discount, plan, row in zip(DISCOUNTS, plans, rates, strict=True)
        for check in checks_of(discount, plan, row)
    ]
    h = np.logspace(-2, 2, 101)
    shown = [
        DISTANCE * np.exp(-theory(discount, CURVATURES[SHOWN]) * fine) for discount in DISCOUNTS
    ]
    return Evidence(
        checks=tuple(checks),
        data={
            "learning_rate": LEARNING_RATE,
            "loss_weight": LOSS_WEIGHT,
            "discounts": np.array(DISCOUNTS),
            "times": times,
            "paths": offsets[:, :, SHOWN],
            "times_theory": fine,
            "paths_theory": np.array(shown),
            "curvatures": CURVATURES,
            "rates": rates,
            "curvatures_theory": h,
            "rates_theory": np.array([theory(discount, h) for discount in DISCOUNTS]),
        },
        reference="closed form",
        bound="after",
    )


def checks_of(discount: float, plan, rates) -> tuple[Check, ...]:
    """The paths and rates (n,) of all modes at one discount against theory."""
    expected = theory(discount, CURVATURES)
    # Within the nodes of the plan: it goes on as a linear tail, which is not held against theory.
    times = np.linspace(0, plan.times[-1], 200)
    relative = (plan.at(times)[0] - MINIMUM) / DISTANCE
    gap = np.abs(relative - np.exp(-np.outer(times, expected))).max()
    equal = partial(Check, relation="equal")
    return (
        equal(
            quantity=f"largest |θ(t) - theory| / |θ₀-μ|, all modes, γ = {discount:g}",
            theory=0.0,
            computed=gap,
            tolerance=1e-8,
        ),
        equal(
            quantity=f"largest |r/r(theory) - 1|, all modes, γ = {discount:g}",
            theory=0.0,
            computed=np.abs(rates / expected - 1).max(),
            tolerance=1e-9,
        ),
        equal(
            quantity=f"relaxation rate r at h = 1, γ = {discount:g}",
            theory=expected[SHOWN],
            computed=rates[SHOWN],
            tolerance=1e-9,
            measure="relative",
        ),
    )


CLAIM = Claim(
    name="quadratic-modes",
    theme="short and long horizons",
    title="Relaxation of quadratic modes, T = ∞",
    statement="A mode of curvature h relaxes as e^{-rt} with r = √(γ²/4 + ηkh) - γ/2",
    source="VGR25 (arXiv 2510.26997), Fig. 2a, b",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 2a, b",
    picture="quadratic_modes",
)
