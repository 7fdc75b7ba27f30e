"""How unevenly two modes converge, from far-sighted to gradient descent (VGR25 Fig. 2d).

Problem    L = ½ Σᵢ hᵢθᵢ², curvatures 1, 4, 16, 64, f = 0, G = B = I, T = ∞, η = k = 1, γ from 0.01
           to 1000.
Formula    r₁/r₂ with r = √(γ²/4 + ηkh) - γ/2:
             γ → ∞   h₁/h₂ · (1 - ηk(h₁-h₂)/γ² + …)                  gradient descent, conditioned
                                                                     as the landscape
             γ → 0   √(h₁/h₂) · (1 + γ(h₂^{-½} - h₁^{-½})/2√(ηk) + …)   far-sighted, the square
                 root of that
Source     VGR25 (arXiv 2510.26997), Fig. 2d; the next orders by expanding r.
Relation   equal: all ratios, to 1e-8 relative;
           limit with rate: the relative distance to h₁/h₂ falls with slope -2 in γ, that to
           √(h₁/h₂) with slope +1, each to 0.01 over one decade, and the constants in front to 0.5
           %: that much is the next order of the expansion.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..reference import relaxation_rate

CONDITIONS = np.array([4.0, 16.0, 64.0])
CURVATURES = np.append(1.0, CONDITIONS)  # the first is the flat mode they are compared with
DISCOUNTS = np.logspace(-2, 3, 16)
FAR, SHORT = DISCOUNTS <= 0.11, DISCOUNTS >= 99


def problem():
    """All modes side by side; γ = 1."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(CURVATURES)),
        start=np.ones(len(CURVATURES)),
        objective=lc.Objective(horizon=math.inf, discount=1.0),
    )


def ratios_theory(discounts, conditions):
    rates = [
        relaxation_rate(np.append(CURVATURES[0], conditions), discount) for discount in discounts
    ]
    return np.array([rate[1:] / rate[0] for rate in rates])


def limit_checks(condition, ratios):
    """Slope and constant of both limits for one pair of modes.

    ``ratios`` (G,) belong to DISCOUNTS.
    """
    pair, names = (
        f"h₁/h₂ = {condition:g}",
        (
            "γ → ∞, distance to h₁/h₂",
            "γ → 0, distance to √(h₁/h₂)",
        ),
    )
    uneven, even = 1 - ratios[SHORT] / condition, ratios[FAR] / math.sqrt(condition) - 1
    slopes = fitted_slope(DISCOUNTS[SHORT], uneven), fitted_slope(DISCOUNTS[FAR], even)
    constants = uneven[-1] * DISCOUNTS[-1] ** 2, even[0] / DISCOUNTS[0]
    flat = CURVATURES[0]
    expected = flat * (condition - 1), (1 - 1 / math.sqrt(condition)) / (2 * math.sqrt(flat))
    for name, slope, power, constant, theory in zip(
        names, slopes, (-2, 1), constants, expected, strict=True
    ):
        yield Check(
            quantity=f"slope in γ, {name}, {pair}",
            theory=power,
            computed=slope,
            relation="limit",
            tolerance=0.01,
        )
        yield Check(
            quantity=f"constant, {name}, {pair}",
            theory=theory,
            computed=constant,
            relation="limit",
            tolerance=0.005,
            measure="relative",
        )


def evaluate():
    """Measure all rates at every discount from the first control, r = -u/θ."""
    start = problem().start
    solver = lc.Solver(problem(), tolerance=1e-10)
    rates = np.array(
        [-solver.solve(discount=discount).controls[0] / start for discount in DISCOUNTS]
    )
    ratios = rates[:, 1:] / rates[:, :1]

    gap = np.abs(ratios / ratios_theory(DISCOUNTS, CONDITIONS) - 1).max()
    checks = [
        Check(
            quantity=f"largest |ratio/theory - 1|, {ratios.size} ratios",
            theory=0.0,
            computed=gap,
            relation="equal",
            tolerance=1e-8,
        )
    ]
    for condition, column in zip(CONDITIONS, ratios.T, strict=True):
        checks += limit_checks(condition, column)
    fine, conditions = np.logspace(-2, 3, 121), np.logspace(0, 2.2, 60)
    return Evidence(
        checks=tuple(checks),
        data={
            "discounts": DISCOUNTS,
            "conditions": CONDITIONS,
            "ratios": ratios.T,
            "discounts_theory": fine,
            "ratios_theory": ratios_theory(fine, CONDITIONS).T,
            "conditions_theory": conditions,
            "ratios_theory_conditions": ratios_theory(DISCOUNTS, conditions),
        },
        reference="closed form",
        bound="before",
    )


CLAIM = Claim(
    name="convergence-rates",
    theme="short and long horizons",
    title="Ratio of the convergence rates of two modes, T = ∞",
    statement="r₁/r₂ rises from √(h₁/h₂) for γ → 0 to h₁/h₂, gradient descent, for γ → ∞",
    source="VGR25 (arXiv 2510.26997), Fig. 2d",
    relations=("equal", "limit"),
    evaluate=evaluate,
    figure="Fig. 2d",
    picture="convergence_rates",
)
