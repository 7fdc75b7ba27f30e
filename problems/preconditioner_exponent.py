"""One number between gradient descent and Adam: the preconditioner exponent p(γ, T) of the optimal
policy.

Problem
    minimise  J = ∫₀ᵀ e^{-γt} [ θ̇²/2η + k·½hθ² ] dt from θ(0) = 1, η = k = 1, for many curvatures
    h; and the double well of VGR25 Fig. 1 with metric G = diag(1, 4), T = ∞, γ = ½, at its lower
    minimum.
Formulas
    The optimal control pulls with gain r(h): u = -rθ = -(r/h)∇L. Written as r = c·h^{1-p} it
    divides the gradient by h^p,
    p = 1 - d log r/d log h.   T = ∞: r = √(γ²/4 + ηkh) - γ/2, p = r/(2r + γ) = ½ - ½/√(1 +
                               4ηkh/γ²).
    Finite T, gain r_s with time-to-go s = T: p = 1 - d log r_s/d log h; at γ = 0, p = ½ - y/sinh 2y
    with y = T√(ηkh).
    Limits: p = ½ for γ = 0, T = ∞ (ballistic, the square root of Adam); p ≈ ηkh/γ² for γ → ∞ and p
    ≈ ηkhT²/3 for T → 0
    (gradient descent, no normalisation).
Claim
    The exponent measured from the numerical policy is that of the formulas.
Source
    VGR25 (arXiv 2510.26997), quadratic landscapes and the limits of short and long planning; p is
    derived from there.
Relation and tolerance
    |p - theory| ≤ 2e-6 over all curvatures and horizons: p is a central difference over
    ηk·e^{±0.01}, whose error is at most 1.6e-6. Slopes -2 in γ and +2 in T within 0.01. Double well
    within 1e-4, displaced by 1 % of the start's distance.
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from .. import reference
from ..claims import Check, Claim, Evidence, fitted_slope
from ..identification.maps import exponent_curve, preconditioner_exponent

DISCOUNTS, CURVATURES = np.array([0.0, 0.1, 1.0, 10.0]), np.geomspace(0.01, 100, 5)
NEAR_DISCOUNTS, HORIZONS = np.array([0.0, 1.0, 3.0]), np.geomspace(0.2, 12, 5)
LARGE, SHORT = np.array([25.0, 50.0, 100.0]), np.array([0.02, 0.04, 0.08])


def problem() -> lc.ControlProblem:
    """The double well with a metric, at T = ∞."""
    return lc.ControlProblem(
        landscape=lc.double_well(),
        learner=lc.Learner(metric=np.diag([1.0, 4.0])),
        start=[0.6, 0.4],
        objective=lc.Objective(horizon=math.inf, discount=0.5),
    )


def evaluate() -> Evidence:
    """Measure p over curvatures at T = ∞, over horizons at h = 1, in both limits, and on the double
    well.
    """
    far = np.array(
        [exponent_curve(CURVATURES, discount=discount).exponent for discount in DISCOUNTS]
    )
    near = np.array(
        [
            [of_unit_curvature(discount, horizon) for horizon in HORIZONS]
            for discount in NEAR_DISCOUNTS
        ]
    )
    impatient = [of_unit_curvature(discount, math.inf) for discount in LARGE]
    hasty = [of_unit_curvature(0.0, horizon) for horizon in SHORT]
    well = preconditioner_exponent(problem())
    return Evidence(checks=checks_of(far, near, impatient, hasty, well), data=picture(far, near))


def checks_of(far, near, impatient, hasty, well) -> tuple[Check, ...]:
    """Exponents against r/(2r + γ) and its form of finite horizons, and their limits."""
    known = {"reference": "closed form", "bound": "before"}
    zero = partial(Check, relation="equal", theory=0, **known)
    limit = partial(Check, relation="limit", tolerance=0.01, **known)
    return (
        *(
            zero(
                quantity=f"largest |p - r/(2r + γ)| over h = 0.01 … 100, T = ∞, γ = {discount:g}",
                tolerance=2e-6,
                computed=np.abs(row - endless(discount, CURVATURES)).max(),
            )
            for discount, row in zip(DISCOUNTS, far, strict=True)
        ),
        *(
            zero(
                quantity=f"largest |p - theory| over T = 0.2 … 12, h = 1, γ = {discount:g}",
                tolerance=2e-6,
                computed=np.abs(row - finite(discount, HORIZONS)).max(),
            )
            for discount, row in zip(NEAR_DISCOUNTS, near, strict=True)
        ),
        Check(
            quantity="p at γ = 0, T = ∞, averaged over h",
            theory=0.5,
            computed=far[0].mean(),
            relation="equal",
            tolerance=2e-6,
            **known,
        ),
        limit(
            quantity="slope of p in γ, γ = 25 … 100",
            theory=-2,
            computed=fitted_slope(LARGE, impatient),
        ),
        limit(
            quantity="slope of p in T, T = 0.02 … 0.08, γ = 0",
            theory=2,
            computed=fitted_slope(SHORT, hasty),
        ),
        zero(
            quantity="largest |p - r/(2r + γ)| of the double well's two modes",
            tolerance=1e-4,
            computed=np.abs(well.exponent - endless(0.5, well.curvature)).max(),
        ),
    )


def of_unit_curvature(discount: float, horizon: float) -> float:
    """Measured p at h = 1."""
    return float(exponent_curve([1.0], discount=discount, horizon=horizon).exponent[0])


def endless(discount: float, curvatures) -> np.ndarray:
    """r/(2r + γ) at T = ∞."""
    return reference.preconditioner_exponent(
        reference.relaxation_rate(curvatures, discount), discount
    )


def finite(discount: float, horizons, nudge: float = 1e-4) -> np.ndarray:
    """1 - d log r_s/d log h at h = 1 by a central difference of the closed form, error about
    nudge²/6.
    """
    more, less = (
        reference.finite_horizon_gain(np.exp(sign * nudge), horizons, discount) for sign in (1, -1)
    )
    return 1 - np.log(more / less) / (2 * nudge)


def picture(far, near) -> dict:
    """Data of the figure preconditioner."""
    curvatures, horizons = (
        np.geomspace(CURVATURES[0], CURVATURES[-1], 161),
        np.geomspace(HORIZONS[0], HORIZONS[-1], 161),
    )
    return {
        "learning_rate": 1.0,
        "loss_weight": 1.0,
        "discounts": DISCOUNTS,
        "curvatures": CURVATURES,
        "exponents": far,
        "curvatures_theory": curvatures,
        "exponents_theory": np.array([endless(g, curvatures) for g in DISCOUNTS]),
        "horizons": HORIZONS,
        "horizon_discounts": NEAR_DISCOUNTS,
        "horizon_exponents": near,
        "horizons_theory": horizons,
        "horizon_exponents_theory": np.array([finite(g, horizons) for g in NEAR_DISCOUNTS]),
    }


CLAIM = Claim(
    name="preconditioner-exponent",
    theme="short and long horizons",
    title="Between gradient descent and Adam: the preconditioner exponent p(γ, T)",
    statement=(
        "Measured from the numerical policy, p = 1 - d log r/d log h is r/(2r + γ) at T = ∞, that"
        " of r_s at finite T; it is ½ at γ = 0, T = ∞; → 0 as γ^-2 for γ → ∞ and as T² for T → 0."
    ),
    source="VGR25 (arXiv 2510.26997), quadratic landscapes; p derived from r(h)",
    relations=("equal", "limit"),
    evaluate=evaluate,
    picture="preconditioner",
)
