"""Two formulas of the paper's public notebook that the numerical solution contradicts.

Problem    The bowl of VGR25 Fig. 3 at its own numbers (h = 4, μ = (0, -½), η = k = 1, T = ∞), under
           weight decay f = -jθ (j = 10) and under rotation f = Aθ (q = 10); γ = 0 and γ = 1.
Formulas   Weight decay, with x = ηkh:
               here       ρ = √(γ²/4 + x + j(j+γ)) - γ/2,   θ* = x/(x + j(j+γ))·μ
               notebook   ρ = √(γ²/4 + x + j(j-γ)) - γ/2,   θ* = x/(x + j(j-γ))·μ
           The two agree at γ = 0, the published panel: the slip shows with a discount only.
           Rotation:
               here       θ* = x(x + q² - γA)⁻¹μ = x[(x + q²)I + γA]μ / [(x + q²)² + γ²q²]
               notebook   the path tends to this point; the point drawn is x/[(x + q²)² + γ²q²]·μ,
                          without the matrix, and so at γ = 0 short by the factor x + q² = 104.
Claim      The computed plans follow the formulas here, not those of the notebook. A cost that
           discounts leaves *more* of the decay uncorrected (j+γ), not less (j-γ).
Source     VGR25 (arXiv 2510.26997), Fig. 3c, d and its public notebook; the formulas here by
           setting λ̇ = θ̇ = 0 in Pontryagin's equations. Second numerical solution of the decay:
           SciPy's boundary-value solver on those equations, which share no code with the planner.
Relation   equal: rate and points of rest to 1e-8 relative, and to 1e-6 for the boundary-value
           solver; their distance from the notebook's, relative, stands beside each (10 % to 99 %).
"""

import numpy as np
from scipy.integrate import solve_bvp

from ..claims import Check, Claim, Evidence
from . import paper_figure_3
from .isotropic import fitted_law
from .paper_figure_3 import CURVATURE, DECAY, FREQUENCY, MINIMUM, ROTATION, START, pose

DISCOUNT = 1.0
HORIZON = 4.0  # of the boundary-value problem; its middle forgets both ends as e^{-20}


def problem():
    """Weight decay, where the discount tells the two formulas apart."""
    return pose("decay").changed(discount=DISCOUNT)


def notebook_decay(discount):
    """(ρ, kept fraction of μ) as the notebook has them."""
    pull = DECAY * (DECAY - discount)
    rate = np.sqrt(discount**2 / 4 + CURVATURE + pull) - discount / 2
    return rate, CURVATURE / (CURVATURE + pull)


def notebook_rotation(discount):
    """The point that the notebook draws as the fixed point."""
    size = (CURVATURE + FREQUENCY**2) ** 2 + (FREQUENCY * discount) ** 2
    return CURVATURE / size * MINIMUM


def rotation_rest(discount):
    """x[(x + q²)I + γA]μ / [(x + q²)² + γ²q²], written out."""
    total = CURVATURE + FREQUENCY**2
    size = total**2 + (FREQUENCY * discount) ** 2
    return CURVATURE / size * (total * MINIMUM + discount * ROTATION @ MINIMUM)


def boundary_value_rest():
    """θ of the decaying learner halfway through Pontryagin's equations, one coordinate at a time.

    θ̇ = -jθ - ηλ, λ̇ = (γ + j)λ - kh(θ - μ), θ(0) = 3/2, λ(T) = 0.
    """

    def law(_, state):
        theta, costate = state[:2], state[2:]
        return np.vstack(
            [
                -DECAY * theta - costate,
                (DISCOUNT + DECAY) * costate - CURVATURE * (theta - MINIMUM[:, None]),
            ]
        )

    def ends(first, last):
        return np.concatenate([first[:2] - START, last[2:]])

    times = np.linspace(0, HORIZON, 201)
    found = solve_bvp(law, ends, times, np.zeros((4, len(times))), tol=1e-9, max_nodes=20_000)
    if not found.success:
        raise RuntimeError(found.message)
    return found.sol(HORIZON / 2)[:2]


def against_both(name, ours, theirs, computed, tolerance=1e-8):
    """Two checks: the number is ours, and as far from the notebook's as ours; over |ours|."""
    size = np.linalg.norm(ours)
    return (
        Check(
            quantity=f"{name}: relative distance from the formula here",
            theory=0.0,
            computed=np.linalg.norm(computed - ours) / size,
            relation="equal",
            tolerance=tolerance,
        ),
        Check(
            quantity=f"{name}: relative distance from the notebook's",
            theory=np.linalg.norm(ours - theirs) / size,
            computed=np.linalg.norm(computed - theirs) / size,
            relation="equal",
            tolerance=tolerance,
        ),
    )


def evaluate() -> Evidence:
    """Laws fitted to the plans, against both formulas."""
    law, kept = paper_figure_3.law_theory("decay", DISCOUNT)
    rate, share = notebook_decay(DISCOUNT)
    plans = paper_figure_3.solved("decay", DISCOUNT)
    matrix, rest = fitted_law(problem(), plans)
    checks = [
        *against_both("decay rate ρ, γ = 1", -law[0, 0], rate, -np.trace(matrix) / 2),
        *against_both("decay, point of rest, γ = 1", kept, share * MINIMUM, rest),
        *against_both(
            "decay, point of rest by boundary values, γ = 1",
            kept,
            share * MINIMUM,
            boundary_value_rest(),
            tolerance=1e-6,
        ),
    ]
    rests = {
        discount: fitted_law(pose("rotation"), paper_figure_3.solved("rotation", discount))[1]
        for discount in (0.0, DISCOUNT)
    }
    for discount, found in rests.items():
        checks += against_both(
            f"rotation, point of rest, γ = {discount:g}",
            rotation_rest(discount),
            notebook_rotation(discount),
            found,
        )
    checks.append(
        Check(
            quantity="rotation, γ = 0: computed rest over the point drawn in the notebook",
            theory=CURVATURE + FREQUENCY**2,
            computed=rests[0.0][1] / notebook_rotation(0.0)[1],
            relation="equal",
            tolerance=1e-8,
            measure="relative",
        )
    )
    return Evidence(checks=tuple(checks), reference="closed form", bound="after")


CLAIM = Claim(
    name="notebook-slips",
    theme="geometry and partial control",
    title="Weight decay and rotation: two slips in the paper's public notebook",
    statement=(
        "With a discount, weight decay has j(j+γ), not j(j-γ), in its rate and point of rest; under"
        " rotation the learner rests ηkh + q² = 104 times as far out as the notebook's dot"
    ),
    source="VGR25 (arXiv 2510.26997), Fig. 3c, d and its public notebook; Pontryagin's equations",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 3c, d",
)
