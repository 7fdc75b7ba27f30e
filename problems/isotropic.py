"""An isotropic bowl: straight to the minimum, at one rate (VGR25 Fig. 3a).

Problem    L = ½h|θ-μ|² in the plane, f = 0, G = B = I, T = ∞, γ = 0 and γ > 0, three starts.
Formula    θ̇ = -r(θ-μ),   r = √(γ²/4 + ηkh) - γ/2.
Source     VGR25 (arXiv 2510.26997), Fig. 3a.
Relation   equal: the law θ̇ = M(θ-θ*) fitted to the computed paths has M = -rI and θ* = μ, to 1e-8;
           the computed paths are e^{-rt}(θ₀-μ) to 1e-8 of the starting distance;
           the first step of a plan with a long finite horizon, solved without any cost at its end,
           is that of the law, to 1e-8: the end is forgotten as e^{-2wT} without drift, e^{-wT} with
           it, w = r + γ/2 ≥ 0.6 here.

The other three panels of the figure, anisotropic_metric, rotation and weight_decay, change one
thing each and use the same bowl, starts and comparison.
"""

import math

import numpy as np
from scipy.linalg import expm

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import relaxation_rate

CURVATURE, MINIMUM = 1.2, np.array([1.0, 0.7])
STARTS = np.array([[-1.0, -0.9], [2.2, -0.8], [-0.7, 1.6]])
DISCOUNTS = (0.0, 1.5)
LEARNING_RATE, LOSS_WEIGHT = 0.8, 1.5
METHOD = lc.DiscretisedAction(elements=16, degree=8)  # the path is compared, not only the cost
LONG = 28.0  # a horizon that its first step no longer notices
SPAN = 6.0  # time over which paths are drawn


def bowl(learner, resting_loss=0.0):
    """The problem of one panel; ``resting_loss`` is subtracted where the drift makes the learner
    pay for resting.
    """
    landscape = lc.quadratic(hessian=CURVATURE * np.eye(2), minimum=MINIMUM)
    return lc.ControlProblem(
        landscape=landscape.above(resting_loss),
        learner=learner,
        start=STARTS[0],
        objective=lc.Objective(
            horizon=math.inf, learning_rate=LEARNING_RATE, loss_weight=LOSS_WEIGHT
        ),
    )


def solve_all(problem):
    """Plans from every start for every discount, a list (K) of lists (M); and for every discount
    one with finite horizon.
    """
    solver = lc.Solver(problem, method=METHOD, tolerance=1e-9)
    plans = [
        [solver.solve(start=start, discount=discount) for start in STARTS] for discount in DISCOUNTS
    ]
    return plans, [solver.solve(discount=discount, horizon=LONG) for discount in DISCOUNTS]


def fitted_law(problem, plans):
    """(M, θ*) of θ̇ = M(θ-θ*), by least squares on θ and θ̇ = f + u at the nodes of the plans."""
    path = np.vstack([plan.parameters for plan in plans])
    velocity = problem.model.drift(path) + np.vstack([plan.controls for plan in plans])
    design = np.column_stack([path, np.ones(len(path))])
    law = np.linalg.lstsq(design, velocity, rcond=None)[0].T
    return law[:, :2], np.linalg.solve(law[:, :2], -law[:, 2])


def path_theory(law, rest, start, times):
    return rest + expm(law * times[:, None, None]) @ (start - rest)


def first_step_check(problem, plan, discount, law):
    matrix, rest = law
    step = plan.controls[0] + problem.model.drift(plan.parameters[0])[0]
    return Check(
        quantity=f"largest |θ̇(0) - theory| at T = {LONG:g}, free end, γ = {discount:g}",
        theory=0.0,
        computed=np.abs(step - matrix @ (plan.parameters[0] - rest)).max(),
        relation="equal",
        tolerance=1e-8,
    )


def compare(problem, laws):
    """Checks, picture data and fitted laws of one panel; ``laws`` (K pairs) are theory's (M, θ*) at
    each discount.
    """
    found, finite = solve_all(problem)
    fitted, checks = [fitted_law(problem, plans) for plans in found], []
    for plans, discount, (law, rest), (matrix, point) in zip(
        found, DISCOUNTS, laws, fitted, strict=True
    ):
        gaps = [
            np.abs(plan.parameters - path_theory(law, rest, plan.parameters[0], plan.times)).max()
            / np.linalg.norm(plan.parameters[0] - rest)
            for plan in plans
        ]
        for quantity, error in (
            ("|M - theory| of the law θ̇ = M(θ-θ*)", np.abs(matrix - law).max()),
            ("|θ* - theory|, where it rests", np.abs(point - rest).max()),
            ("|θ(t) - theory| / |θ₀-θ*|", max(gaps)),
        ):
            checks.append(
                Check(
                    quantity=f"largest {quantity}, γ = {discount:g}",
                    theory=0.0,
                    computed=error,
                    relation="equal",
                    tolerance=1e-8,
                )
            )
    checks += [
        first_step_check(problem, *case) for case in zip(finite, DISCOUNTS, laws, strict=True)
    ]
    times, fine = SPAN * np.linspace(0, 1, 13) ** 2, SPAN * np.linspace(0, 1, 200) ** 2
    theory = [[path_theory(law, rest, start, fine) for start in STARTS] for law, rest in laws]
    paths = [[plan.at(times)[0] for plan in plans] for plans in found]
    data = {
        "paths": np.array(paths),
        "theory": np.array(theory),
        "attractors": np.array([rest for _, rest in laws]),
    }
    return tuple(checks), data, fitted


def problem():
    """No drift, identity metric."""
    return bowl(lc.Learner())


def law_theory(discount):
    """M = -rI and θ* = μ."""
    return -relaxation_rate(CURVATURE, discount, LEARNING_RATE, LOSS_WEIGHT) * np.eye(2), MINIMUM


def evaluate():
    """Compare all plans with the law."""
    laws = [law_theory(discount) for discount in DISCOUNTS]
    checks, data, _ = compare(problem(), laws)
    return Evidence(checks=checks, data=data, reference="closed form", bound="after")


CLAIM = Claim(
    name="isotropic",
    theme="geometry and partial control",
    title="Isotropic bowl: straight to the minimum",
    statement="θ̇ = -r(θ-μ), r = √(γ²/4 + ηkh) - γ/2",
    source="VGR25 (arXiv 2510.26997), Fig. 3a",
    relations=("equal",),
    evaluate=evaluate,
    figure="Fig. 3a",
)
