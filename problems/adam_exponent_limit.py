"""The exponent for long horizons is that of discrete time, above ½; it tends to ½ as Δt does.

Problem    L = ½hθ², h log-uniform on [0.01, 1], curvature and place known: steps Δθ_t of the learner
           of adam_exponent, η = 0.05, cost Σ e^{-γt}(L + |Δθ|²/2η), horizon T; then the same
           continuous problem in steps of Δt: η → ηΔt², γ → γΔt.
Formula    First gain g of the Riccati recursion, Δθ = -gθ; p = 1 - d log g/d log h. For T → ∞ and
           γ = 0, with ηh = g²/(1-g),
               p = 1/(2 - g):
           above ½ for every finite step, ½ as g → 0 and 1, Newton's exponent, as g → 1. Averaged
           over the spectrum p is 0.520 at η = 0.05. As Δt → 0 g ≈ √(ηh)Δt, so that
           p - ½ ≈ √(ηh)Δt/4: first order; with a discount p → r/(2r + γ), first order too.
Source     Derived for this project; scipy's solve_discrete_are (Arnold & Laub 1984); VGR25 for r.
Relation   equal: the recursion after 640 steps against the algebraic equation, as fitted slopes of
           the spectrum at three discounts, 1e-4 (like with like: against the r/(2r + γ) of
           continuous time they differ by up to 0.025); 1/(2 - g) against a difference of the
           algebraic gains, 1e-6. limit: slope 1 in Δt within 0.02.
"""

import math
from functools import partial

import numpy as np
from scipy.linalg import solve_discrete_are

from ..claims import Check, Claim, Evidence, fitted_slope
from ..optimisation.program import PolicyProgram
from ._adam_exponent_programs import PRICE, full_information, nodes, program

DISCOUNTS, STEPS = (0.0, 0.05, 0.2), np.array([0.04, 0.02, 0.01, 0.005])
NUDGE = 1e-3  # of log h, in a central difference


def problem() -> PolicyProgram:
    """The long horizon, without noise."""
    return program(640, 0.0)


def endless_gain(curvature: float, discount: float, price: float = PRICE) -> float:
    """g of Δθ = -gθ for T = ∞ from the discrete algebraic Riccati equation."""
    fade = math.exp(-discount / 2)  # on A and B: the discounted problem as an undiscounted one
    one = np.array([[fade]])
    value = solve_discrete_are(one, one, np.array([[curvature]]), np.array([[1 / price]]))[0, 0]
    ahead = price * fade**2 * value
    return ahead / (1 + ahead)


def local_exponent(curvature: float, discount: float, price: float = PRICE) -> float:
    """1 - d log g/d log h by a central difference."""
    more, less = (
        endless_gain(curvature * math.exp(sign * NUDGE), discount, price) for sign in (1, -1)
    )
    return 1 - math.log(more / less) / (2 * NUDGE)


def endless_exponent(discount: float) -> float:
    """1 less the slope in log h of the gains, fitted as in full_information."""
    h, weights = nodes()
    gains = np.array([endless_gain(one, discount) for one in h])
    return 1 - np.polyfit(np.log(h), np.log(gains), 1, w=np.sqrt(weights))[0]


def distance_from_continuous(step: float, discount: float) -> float:
    """|p(Δt) - r/(2r + γ)|, the mean over nine curvatures of the spectrum."""
    curvatures = np.geomspace(0.01, 1, 9)
    rates = np.sqrt(discount**2 / 4 + PRICE * curvatures) - discount / 2
    discrete = [local_exponent(h, discount * step, PRICE * step**2) for h in curvatures]
    return abs(float(np.mean(discrete - rates / (2 * rates + discount))))


def evaluate() -> Evidence:
    """The limit in T, the closed form, and the limit in Δt."""
    equal = partial(Check, relation="equal", bound="before")
    checks = [
        equal(
            quantity=f"p_full at T = 640 against the algebraic Riccati equation, γ = {discount:g}",
            theory=endless_exponent(discount),
            computed=full_information(640, discount),
            tolerance=1e-4,
            reference="independent code",
        )
        for discount in DISCOUNTS
    ]
    curvatures = np.geomspace(0.01, 100, 9)
    closed = np.array([1 / (2 - endless_gain(h, 0.0)) for h in curvatures])
    measured = np.array([local_exponent(h, 0.0) for h in curvatures])
    checks.append(
        equal(
            quantity="largest |p - 1/(2 - g)| over h = 0.01 … 100, T = ∞, γ = 0",
            theory=0.0,
            computed=float(np.abs(measured - closed).max()),
            tolerance=1e-6,
            reference="closed form",
        )
    )
    checks += [
        Check(
            quantity=f"slope in Δt of p less that of continuous time, γ = {discount:g}",
            theory=1.0,
            computed=fitted_slope(
                STEPS, np.array([distance_from_continuous(step, discount) for step in STEPS])
            ),
            relation="limit",
            tolerance=0.02,
            reference="closed form",
            bound="before",
        )
        for discount in (0.0, 0.2)
    ]
    return Evidence(checks=tuple(checks))


CLAIM = Claim(
    name="adam-exponent-limit",
    theme="Adam",
    title="For long horizons the exponent is that of discrete time: 1/(2 - g), above ½",
    statement=(
        "The exponent of the rule that knows place and curvature tends, for T → ∞, to that of the"
        " discrete Riccati equation, 1/(2 - g) at γ = 0 with g the gain of one step, 0.520 here; as"
        " Δt → 0 it tends to ½, and to r/(2r + γ) with a discount, to first order"
    ),
    source="derived here; discrete algebraic Riccati equation; VGR25",
    relations=("equal", "limit"),
    evaluate=evaluate,
)
