"""A metric that makes one direction costly: the path bends although the bowl is round (VGR25 Fig.
3b).

Problem    L = ½h|θ-μ|² in the plane, effort uᵀGu/2η with G tilted and anisotropic, f = 0, B = I, T
           = ∞, γ = 0 and γ > 0.
Formula    θ̇ = -R(θ-μ),   R = G^{-1/2}[(γ²/4 + ηkh G⁻¹)^{1/2} - γ/2]G^{1/2}, the positive root of
                           R² + γR = ηkh G⁻¹.
           A direction of metric g relaxes at √(γ²/4 + ηkh/g) - γ/2.
Source     VGR25 (arXiv 2510.26997), Fig. 3b.
Relation   equal: the law θ̇ = M(θ-θ*) fitted to the computed paths has M = -R and θ* = μ, and the
           paths are e^{-Rt}(θ₀-μ),
           all to 1e-8; the residual of R² + γR = ηkh G⁻¹ in the fitted law, to 1e-7.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import relaxation_matrix
from .isotropic import CURVATURE, DISCOUNTS, LEARNING_RATE, LOSS_WEIGHT, MINIMUM, bowl, compare

TILT = math.radians(80)
AXES = np.array([[math.cos(TILT), -math.sin(TILT)], [math.sin(TILT), math.cos(TILT)]])
METRIC = AXES @ np.diag([0.4, 4.0]) @ AXES.T  # cheap along the first axis, costly along the second


def problem():
    """The isotropic bowl under a metric of condition number 10."""
    return bowl(lc.Learner(metric=METRIC))


def law_theory(discount):
    """M = -R and θ* = μ."""
    return (
        -relaxation_matrix(METRIC, CURVATURE * np.eye(2), discount, LEARNING_RATE, LOSS_WEIGHT),
        MINIMUM,
    )


def residual(rate, discount):
    """Largest entry of R² + γR - ηkh G⁻¹."""
    strength = LEARNING_RATE * LOSS_WEIGHT * CURVATURE
    return np.abs(rate @ rate + discount * rate - strength * np.linalg.inv(METRIC)).max()


def evaluate():
    """Compare all plans with the law, and put the fitted law into the quadratic equation of R."""
    checks, data, fitted = compare(problem(), [law_theory(discount) for discount in DISCOUNTS])
    equations = tuple(
        Check(
            quantity=f"largest residual of R² + γR = ηkh G⁻¹ for R = -M, γ = {discount:g}",
            theory=0.0,
            computed=residual(-matrix, discount),
            relation="equal",
            tolerance=1e-7,
        )
        for discount, (matrix, _) in zip(DISCOUNTS, fitted, strict=True)
    )
    return Evidence(checks=checks + equations, data=data, reference="closed form", bound="after")


CLAIM = Claim(
    name="anisotropic-metric",
    theme="geometry and partial control",
    title="Anisotropic metric: costly directions are left for later",
    statement="θ̇ = -R(θ-μ) with R² + γR = ηkh G⁻¹",
    source="VGR25 (arXiv 2510.26997), Fig. 3b",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 3b",
)
