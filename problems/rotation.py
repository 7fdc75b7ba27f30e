"""Parameters that rotate by themselves: the learner spirals in, and rests beside the minimum (VGR25
Fig. 3c).

Problem    L = ½h|θ-μ|² in the plane, drift f = Aθ, A = q·[[0, -1], [1, 0]], G = B = I, T = ∞, γ = 0
           and γ > 0.
Formula    θ̇ = (A - r)(θ-θ*): decay rate r = √(γ²/4 + ηkh) - γ/2, spiral frequency q, resting at
           θ* = ηkh(ηkh + q² - γA)⁻¹μ: on the way from μ to the centre of rotation at γ = 0, and the
           further round with the drift the more the learner discounts.
Source     VGR25 (arXiv 2510.26997), Fig. 3c; the cross term by setting λ̇ = θ̇ = 0 in Pontryagin's
           equations.
Relation   equal: M and θ* of the law θ̇ = M(θ-θ*) fitted to the computed paths, and the paths, to
           1e-8; decay rate and
           frequency read off the eigenvalues of M, to 1e-8.

Resting against the drift costs effort for ever, so at γ = 0 the cost is infinite unless the
landscape is lowered by what rest costs; that constant changes no path.
"""

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import relaxation_rate, rotation_attractor
from .isotropic import CURVATURE, DISCOUNTS, LEARNING_RATE, LOSS_WEIGHT, MINIMUM, bowl, compare

FREQUENCY = 0.9
ROTATION = FREQUENCY * np.array([[0.0, -1.0], [1.0, 0.0]])


def problem():
    """The isotropic bowl, turning about the origin.

    Lowered so that resting costs nothing at γ = 0.
    """
    squared, strength = FREQUENCY**2, LEARNING_RATE * LOSS_WEIGHT * CURVATURE
    resting_loss = 0.5 * CURVATURE * (MINIMUM @ MINIMUM) * squared / (strength + squared)
    return bowl(lc.Learner(drift=lc.linear_drift(ROTATION)), resting_loss)


def law_theory(discount):
    """M = A - r and θ* = ηkh(ηkh + q² - γA)⁻¹μ."""
    rate = relaxation_rate(CURVATURE, discount, LEARNING_RATE, LOSS_WEIGHT)
    rest = rotation_attractor(CURVATURE, ROTATION, MINIMUM, discount, LEARNING_RATE, LOSS_WEIGHT)
    return ROTATION - rate * np.eye(2), rest


def spiral_checks(discount, matrix):
    """Decay rate and frequency from the eigenvalues -r ± iq of the fitted law."""
    value = np.linalg.eigvals(matrix)[0]
    rate = relaxation_rate(CURVATURE, discount, LEARNING_RATE, LOSS_WEIGHT)
    return (
        Check(
            quantity=f"decay rate r, γ = {discount:g}",
            theory=rate,
            computed=-value.real,
            relation="equal",
            tolerance=1e-8,
        ),
        Check(
            quantity=f"spiral frequency q, γ = {discount:g}",
            theory=FREQUENCY,
            computed=abs(value.imag),
            relation="equal",
            tolerance=1e-8,
        ),
    )


def evaluate():
    """Compare all plans with the law, and its eigenvalues with r and q."""
    checks, data, fitted = compare(problem(), [law_theory(discount) for discount in DISCOUNTS])
    for discount, (matrix, _) in zip(DISCOUNTS, fitted, strict=True):
        checks += spiral_checks(discount, matrix)
    return Evidence(checks=checks, data=data, reference="closed form", bound="after")


CLAIM = Claim(
    name="rotation",
    theme="geometry and partial control",
    title="Rotating drift: a spiral to a point short of the minimum",
    statement="θ̇ = (A - r)(θ-θ*), θ* = ηkh(ηkh + q² - γA)⁻¹μ",
    source="VGR25 (arXiv 2510.26997), Fig. 3c",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 3c",
)
