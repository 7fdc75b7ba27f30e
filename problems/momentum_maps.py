"""Momentum, learning rate and weight decay of the optimal learner, mapped over gradient noise and
planning horizon.

Problem    As in momentum_from_noise, λ = 0.3, q = 1; σ and 1/γ from 0.1 to 10 on 11 x 9 points; Δt
           = 0.1.
Formula    β = exp(-(r + λ + κh)Δt), learning rate r s κ, weight decay r[λ + κh(1-s)], κh = √(λ² +
           h²q/σ²) - λ.
Source     Derived for this project: Kalman & Bucy 1961 and certainty equivalence, the belief
           eliminated.
Relation   equal: read off the policy found by two Riccati equations, to 1e-9 relative at every
           point.
"""

import numpy as np

from ..claims import Check, Claim, Evidence
from .momentum_from_noise import DRIFT, RATE, computed, problem, theory

__all__ = ["CLAIM", "evaluate", "problem"]

NOISES, HORIZONS, STEP = np.geomspace(0.1, 10, 11), np.geomspace(0.1, 10, 9), 0.1


def evaluate() -> Evidence:
    """The three coefficients over noise and horizon."""
    found, exact = (
        np.array(
            [[formula(1 / horizon, noise, RATE, DRIFT) for noise in NOISES] for horizon in HORIZONS]
        )
        for formula in (computed, theory)
    )
    for values in (found, exact):
        values[..., 0] = np.exp(-STEP * values[..., 0])
    names = ("momentum", "learning rate", "weight decay")
    errors = np.abs(found / exact - 1).max(axis=(0, 1))
    checks = [
        Check(
            quantity=f"{name}: largest relative error over noise and horizon",
            theory=0,
            computed=error,
            relation="equal",
            tolerance=1e-9,
            reference="closed form",
            bound="before",
        )
        for name, error in zip(names, errors, strict=True)
    ]
    keys = [name.replace(" ", "_") for name in names]
    return Evidence(
        checks=checks,
        data={
            "noises": NOISES,
            "horizons": HORIZONS,
            "step": STEP,
            **{key: found[..., i] for i, key in enumerate(keys)},
            **{f"{key}_theory": exact[..., i] for i, key in enumerate(keys)},
        },
    )


CLAIM = Claim(
    name="momentum-maps",
    theme="momentum and schedules",
    title="Momentum, learning rate and weight decay over noise and horizon",
    statement=(
        "β = exp(-(r + λ + κh)Δt), learning rate r s κ, weight decay r[λ + κh(1-s)] on a map of σ"
        " and 1/γ"
    ),
    source=(
        "Derived for this project: Kalman & Bucy 1961 and certainty equivalence, the belief"
        " eliminated"
    ),
    relations=("equal",),
    evaluate=evaluate,
    picture="momentum_maps",
)
