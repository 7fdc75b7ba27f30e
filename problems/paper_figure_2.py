"""The paper's Fig. 2 at its own numbers: how far the learner looks ahead, on quadratic landscapes.

Problem    L = ½ Σᵢ hᵢ(θᵢ-μᵢ)², f = 0, G = B = I, T = ∞, η = k = 1, γ = 0, 1, 10.
           a, b   one parameter, h = 1, μ = 1, start 0, times 0 to 10;
           c      two parameters, h = (1/9, 1), μ = 0, start (-3, -3);
           d      two modes, the curvature of one four times that of the other.
Formula    θᵢ(t) = μᵢ + (θ₀-μ)ᵢ e^{-rᵢt},   rᵢ = √(γ²/4 + ηkhᵢ) - γ/2.
           a, b   r = 1, 0.618, 0.099; L(t) = L(0)e^{-2rt} is halved at t = log 2/(2r);
                  J = r(θ₀-μ)²/2η, since r² + γr = ηkh.
           c      θ₂ ∝ θ₁^ρ along the path, ρ = r₂/r₁: 3 at γ = 0, 9 for γ → ∞.
           d      r₂/r₁ = 2 at γ = 0, 4 for γ → ∞.
Source     VGR25 (arXiv 2510.26997), Fig. 2a-d; parameters from the authors' public notebook.
Relation   equal: paths within 1e-8 of the starting distance, half-lives, costs and exponents within
           1e-7 relative, ratios of rates within 1e-8 relative.

The same laws at other numbers: quadratic_modes (a, b), anisotropic_bowl (c), convergence_rates (d),
whose measured ratios panel d shows.
"""

import math

import numpy as np
from scipy.optimize import brentq

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..reference import relaxation_rate
from . import convergence_rates

DISCOUNTS = (0.0, 1.0, 10.0)
CURVATURE, MINIMUM, START, SPAN = 1.0, 1.0, 0.0, 10.0
CURVATURES, CORNER = np.array([1 / 9, 1.0]), np.array([-3.0, -3.0])
CONDITION = 4.0  # panel d
METHOD = lc.DiscretisedAction(elements=16, degree=8)  # the path is compared, not only the cost


def problem() -> lc.ControlProblem:
    """Panels a and b: one parameter, planned for ever, γ = 0."""
    return pose([[CURVATURE]], [MINIMUM], [START])


def pose(hessian, minimum, start) -> lc.ControlProblem:
    """A quadratic landscape with T = ∞, η = k = 1, γ = 0."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=hessian, minimum=minimum),
        objective=lc.Objective(horizon=math.inf),
        start=start,
    )


def planned(posed) -> list[lc.Solution]:
    """A plan for each discount."""
    solver = lc.Solver(posed, method=METHOD, tolerance=1e-9)
    return [solver.solve(discount=discount) for discount in DISCOUNTS]


def small(quantity: str, distance: float, tolerance: float) -> Check:
    """A distance that must vanish."""
    return Check(
        quantity=quantity, theory=0, computed=distance, relation="equal", tolerance=tolerance
    )


def same(quantity: str, theory: float, computed: float, tolerance: float) -> Check:
    """A number of theory, to a relative tolerance."""
    return Check(
        quantity=quantity,
        theory=theory,
        computed=computed,
        relation="equal",
        tolerance=tolerance,
        measure="relative",
    )


def one_parameter_checks(plan, discount):
    """Panels a and b: path, half-life of the loss, cost."""
    rate, distance = relaxation_rate(CURVATURE, discount), START - MINIMUM
    times = np.linspace(0, min(SPAN, plan.times[-1]), 200)
    path = plan.at(times)[0][:, 0]
    gap = np.abs(path - MINIMUM - distance * np.exp(-rate * times)).max() / abs(distance)

    def loss_over_half(time):
        return (plan.at(time)[0][0] - MINIMUM) ** 2 - distance**2 / 2

    half_life = brentq(loss_over_half, 0, 1 / rate, xtol=1e-13)
    return (
        small(f"a: largest |θ(t) - theory| / |θ₀-μ|, γ = {discount:g}", gap, 1e-8),
        same(
            f"b: time in which the loss is halved, γ = {discount:g}",
            math.log(2) / (2 * rate),
            half_life,
            1e-7,
        ),
        same(f"a, b: J, γ = {discount:g}", rate * distance**2 / 2, plan.cost, 1e-7),
    )


def two_parameter_checks(plan, discount):
    """Panel c: path, and its bend as the exponent of θ₂ against θ₁."""
    rates = relaxation_rate(CURVATURES, discount)
    times = np.linspace(0, plan.times[-1], 200)
    theory = CORNER * np.exp(-np.outer(times, rates))
    gap = np.abs(plan.at(times)[0] - theory).max() / np.linalg.norm(CORNER)
    flat, steep = np.abs(plan.at(np.linspace(0, 6 / rates[1], 40))[0]).T
    return (
        small(f"c: largest |θ(t) - theory| / |θ₀-μ|, γ = {discount:g}", gap, 1e-8),
        same(
            f"c: exponent of θ₂ against θ₁, γ = {discount:g}",
            rates[1] / rates[0],
            fitted_slope(flat, steep),
            1e-7,
        ),
    )


def ratio_check(discounts, ratios):
    """Panel d: all measured ratios of the two rates."""
    theory = [ratio_theory(discount) for discount in discounts]
    gap = np.abs(ratios / theory - 1).max()
    return small(
        f"d: largest |r₂/r₁ / theory - 1|, h₂/h₁ = {CONDITION:g}, {len(discounts)} discounts",
        gap,
        1e-8,
    )


def ratio_theory(discount):
    """r₂/r₁ of modes with h₁ = 1 and h₂ = 4."""
    return relaxation_rate(CONDITION, discount) / relaxation_rate(1.0, discount)


def evaluate() -> Evidence:
    """All four panels."""
    single, pair = planned(problem()), planned(pose(np.diag(CURVATURES), [0, 0], CORNER))
    measured = convergence_rates.evaluate().data
    row = list(measured["conditions"]).index(CONDITION)
    discounts, ratios = measured["discounts"], measured["ratios"][row]
    checks = [ratio_check(discounts, ratios)]
    for discount, one, two in zip(DISCOUNTS, single, pair, strict=True):
        checks += [*one_parameter_checks(one, discount), *two_parameter_checks(two, discount)]
    return Evidence(
        checks=tuple(checks),
        data=curves_over_time(single)
        | paths_in_the_plane(pair)
        | {
            "ratio_discounts": discounts,
            "ratios": ratios,
            "ratio_discounts_theory": measured["discounts_theory"],
            "ratios_theory": measured["ratios_theory"][row],
            "condition": CONDITION,
        },
        reference="closed form",
        bound="after",
    )


def curves_over_time(plans):
    """Data of panels a and b."""
    times, fine = np.linspace(0, SPAN, 17), np.linspace(0, SPAN, 200)
    paths = np.array([plan.at(times)[0][:, 0] for plan in plans])
    rates = np.array([relaxation_rate(CURVATURE, discount) for discount in DISCOUNTS])
    theory = MINIMUM + (START - MINIMUM) * np.exp(-np.outer(rates, fine))
    return {
        "discounts": np.array(DISCOUNTS),
        "times": times,
        "paths": paths,
        "losses": CURVATURE * (paths - MINIMUM) ** 2 / 2,
        "times_theory": fine,
        "paths_theory": theory,
        "losses_theory": CURVATURE * (theory - MINIMUM) ** 2 / 2,
        "minimum_1d": MINIMUM,
    }


def paths_in_the_plane(plans):
    """Data of panel c."""
    axes = np.linspace(-4.0, 0.5, 91), np.linspace(-3.3, 0.5, 77)
    x, y = np.meshgrid(*axes)
    scaled = np.linspace(0, 1, 13) ** 2, np.linspace(0, 1, 200) ** 2  # denser at the start
    slowest = [relaxation_rate(CURVATURES[0], discount) for discount in DISCOUNTS]
    rates = [relaxation_rate(CURVATURES, discount) for discount in DISCOUNTS]
    computed = [plan.at(5 / rate * scaled[0])[0] for plan, rate in zip(plans, slowest, strict=True)]
    theory = [
        CORNER * np.exp(-np.outer(5 / slow * scaled[1], both))
        for slow, both in zip(slowest, rates, strict=True)
    ]
    return {
        "axis_1": axes[0],
        "axis_2": axes[1],
        "loss": (CURVATURES[0] * x**2 + CURVATURES[1] * y**2) / 2,
        "minimum": np.zeros(2),
        "plane_paths": np.array(computed),
        "plane_paths_theory": np.array(theory),
    }


CLAIM = Claim(
    name="paper-figure-2",
    theme="short and long horizons",
    title="Fig. 2 a-d of the paper, at its own numbers",
    statement=(
        "At γ = 0, 1, 10 and h = 1 the loss is halved in log 2/(2r), r = √(γ²/4 + ηkh) - γ/2; for"
        " h = (1/9, 1) the steep distance is the flat one to the power 3, 6.12, 8.92; at four times"
        " the curvature a mode is 2 to 4 times as fast"
    ),
    source="VGR25 (arXiv 2510.26997), Fig. 2a-d and its public notebook",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 2a-d",
    picture="paper_figure_2",
)
