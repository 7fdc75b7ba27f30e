"""Weight decay: the learner rests short of the minimum, pulled towards zero, and gets there faster
(VGR25 Fig. 3d).

Problem    L = ½h|θ-μ|² in the plane, drift f = -jθ, G = B = I, T = ∞, γ = 0 and γ > 0.
Formula    θ̇ = -ρ(θ-θ*),   ρ = √(γ²/4 + ηkh + j(j+γ)) - γ/2,   θ* = ηkh/(ηkh + j(j+γ))·μ.
           The cross term jγ is that of the rotation, -γA with A = -j: discounting leaves more of
           the decay uncorrected.
Source     VGR25 (arXiv 2510.26997), Fig. 3d.
Relation   equal: M and θ* of the law θ̇ = M(θ-θ*) fitted to the computed paths, the paths, the rate
           and the fraction of μ
           that is kept, all to 1e-8.

As for the rotation, the landscape is lowered by what rest costs, so that γ = 0 has a finite cost.
The picture shows this panel beside isotropic, anisotropic_metric and rotation.
"""

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import weight_decay_attractor, weight_decay_rate
from . import anisotropic_metric, isotropic, rotation
from .isotropic import CURVATURE, DISCOUNTS, LEARNING_RATE, LOSS_WEIGHT, MINIMUM, bowl, compare

DECAY = 0.8


def problem():
    """The isotropic bowl with decaying parameters.

    Lowered so that resting costs nothing at γ = 0.
    """
    squared, strength = DECAY**2, LEARNING_RATE * LOSS_WEIGHT * CURVATURE
    resting_loss = 0.5 * CURVATURE * (MINIMUM @ MINIMUM) * squared / (strength + squared)
    return bowl(lc.Learner(drift=lc.linear_drift(-DECAY * np.eye(2))), resting_loss)


def law_theory(discount):
    """M = -ρI and θ* = ηkh/(ηkh + j(j+γ))·μ."""
    rate = weight_decay_rate(CURVATURE, DECAY, discount, LEARNING_RATE, LOSS_WEIGHT)
    return -rate * np.eye(2), weight_decay_attractor(
        CURVATURE, DECAY, MINIMUM, discount, LEARNING_RATE, LOSS_WEIGHT
    )


def decay_checks(discount, matrix, rest):
    """Rate of approach and kept fraction of the minimum, from the fitted law."""
    law, kept = law_theory(discount)
    size = MINIMUM @ MINIMUM
    return (
        Check(
            quantity=f"rate ρ, γ = {discount:g}",
            theory=-law[0, 0],
            computed=-np.trace(matrix) / 2,
            relation="equal",
            tolerance=1e-8,
        ),
        Check(
            quantity=f"kept fraction θ*·μ/|μ|², γ = {discount:g}",
            theory=kept @ MINIMUM / size,
            computed=rest @ MINIMUM / size,
            relation="equal",
            tolerance=1e-8,
        ),
    )


def picture_data(panel):
    """All four panels; this one's data are given, the others' are solved for."""
    panels = {
        "decay": panel,
        "isotropic": isotropic.evaluate().data,
        "metric": anisotropic_metric.evaluate().data,
        "rotation": rotation.evaluate().data,
    }
    axes = np.linspace(-1.5, 2.7, 90), np.linspace(-1.4, 2.1, 75)
    x, y = np.meshgrid(*axes)
    loss = (
        isotropic.problem().landscape.loss(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    )
    named = {f"{case}_{key}": value for case, data in panels.items() for key, value in data.items()}
    return named | {
        "axis_1": axes[0],
        "axis_2": axes[1],
        "loss": loss,
        "minimum": MINIMUM,
        "discounts": np.array(DISCOUNTS),
    }


def evaluate():
    """Compare all plans with the law, its rate and its point of rest."""
    checks, panel, fitted = compare(problem(), [law_theory(discount) for discount in DISCOUNTS])
    for discount, (matrix, rest) in zip(DISCOUNTS, fitted, strict=True):
        checks += decay_checks(discount, matrix, rest)
    return Evidence(checks=checks, data=picture_data(panel), reference="closed form", bound="after")


CLAIM = Claim(
    name="weight-decay",
    theme="geometry and partial control",
    title="Weight decay: rest short of the minimum, reached sooner",
    statement="θ̇ = -ρ(θ-θ*), ρ = √(γ²/4 + ηkh + j(j+γ)) - γ/2, θ* = ηkh/(ηkh + j(j+γ))·μ",
    source="VGR25 (arXiv 2510.26997), Fig. 3d",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 3d",
    picture="metric_drift",
)
