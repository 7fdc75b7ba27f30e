"""Adam from beliefs: optimal control of the quadratic that a learner believes in who forgets by
factors, and its two limits.

Problem
    A learner sees gradients y_1, y_2, … and believes by discounting (adam-is-discounted-bayes):
    gradient m̂ and curvature V = c·v̂, entry by entry. It controls the quadratic ½V(θ - θ_t)² +
    m̂(θ - θ_t) as if that were the loss for ever: T = ∞, discount γ, ηk = 1.
Formulas
    u = -[√(γ²/4 + ηkV) - γ/2] V⁻¹ m̂ = -ηk m̂/(r + γ),   r = √(γ²/4 + ηkV) - γ/2.
    γ = 0: u = -α m̂/√v̂ with α = √(ηk/c), which is Adam with both bias corrections and ε = 0.
    γ → 0: u parts from Adam's by the share γ/(2√(ηkV)); γ → ∞: from momentum descent's,
    -(ηk/γ) m̂, by the share ηkV/γ².
Claim
    The rule is the first control of the numerical plan for the believed quadratic; it is Adam
    exactly at γ = 0; and the two distances have these rates, with these constants.
Source
    VGR25 (arXiv 2510.26997), quadratic landscapes, for the gain; West & Harrison 1997 and Shephard
    1994 for the beliefs; D. P. Kingma, J. Ba, ICLR 2015, Algorithm 1, written out here; compare
    L. Aitchison, NeurIPS 2020.
Relation and tolerance (all fixed in advance)
    equal: the plan to 1e-6 relative, Adam to 1e-12, constants to 1e-3 (they are leading terms: the
    next ones are 1e-4 of them at the γ used). limit: slopes +1 and -2 within 0.02. Gradients are
    those that SGD meets in two bowls, h = (1, 25) at noise 1 and h = (0.5, 4, 20) at noise 0.3.
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..model.belief import DiscountedModel
from ._adam_from_beliefs_data import distance, gradients_of, updates
from ._adam_from_beliefs_learners import DRIVE, OTHERS, Cell, from_beliefs

NEARBY, FAR = np.array([1e-6, 1e-5, 1e-4]), np.array([1e3, 1e4, 1e5])
BETA1, BETA2 = 0.9, 0.99
LOOK = 40  # gradients seen when the plan is made
CASES = (Cell(noise=1.0, discount=0.8), Cell(noise=0.3, discount=0.8, curvatures=OTHERS))
CHECK = partial(Check, bound="before", reference="closed form")


def problem() -> lc.ControlProblem:
    """Full information: the minimum is known to be at (1, 1)."""
    return CASES[0].problem.known([1.0, 1.0])


def evaluate() -> Evidence:
    """The control against plans, and the limits, on the gradients of two bowls."""
    checks = []
    for cell in CASES:
        paths = gradients_of(cell)
        words = f"h = ({', '.join(f'{h:g}' for h in cell.curvatures)})"
        checks += [*control_checks(cell, paths, words), *limit_checks(cell, paths, words)]
    return Evidence(checks=checks)


def control_checks(cell, paths, words):
    """The update after some gradients against the plan for the quadratic believed in then."""
    seen = paths.observations[0]
    belief = DiscountedModel(mean_discount=BETA1, scale_discount=BETA2).after(seen)[LOOK - 1]
    for discount in (0.2, 3.2):
        moves = updates(from_beliefs(cell, discount=discount), paths)[0]
        plan = planned(belief.mean, cell.curvature_scale * belief.square, discount)
        yield Check(
            quantity=(
                f"{words}, γ = {discount:g}: update after {LOOK} gradients against the plan for the"
                " believed quadratic, relative distance"
            ),
            theory=0,
            computed=distance(moves[LOOK - 1], plan.controls[0]),
            relation="equal",
            tolerance=1e-6,
            reference="independent code",
            bound="before",
        )


def planned(gradient, curvature, discount):
    """The plan over T = ∞ for the quadratic with this gradient and these curvatures at 0."""
    believed = lc.quadratic(hessian=np.diag(curvature), minimum=-gradient / curvature)
    return lc.solve(
        lc.ControlProblem(
            landscape=believed,
            start=np.zeros(len(gradient)),
            objective=lc.Objective(horizon=math.inf, discount=discount),
        ),
        tolerance=1e-10,
    )


def estimates(seen):
    """(m̂, v̂) after each gradient (S, N, n): Algorithm 1 of Adam's paper up to its bias corrections."""
    first, second = np.zeros_like(seen[:, 0]), np.zeros_like(seen[:, 0])
    means, squares = np.empty_like(seen), np.empty_like(seen)
    for k in range(seen.shape[1]):
        first = BETA1 * first + (1 - BETA1) * seen[:, k]
        second = BETA2 * second + (1 - BETA2) * seen[:, k] ** 2
        means[:, k] = first / (1 - BETA1 ** (k + 1))
        squares[:, k] = second / (1 - BETA2 ** (k + 1))
    return means, squares


def limit_checks(cell, paths, words):
    """Adam at γ = 0, and how the updates part from Adam's and from momentum descent's."""
    mean, square = estimates(paths.observations)
    stiffness = DRIVE * cell.curvature_scale * square  # ηkV
    adam = -math.sqrt(DRIVE / cell.curvature_scale) * mean / np.sqrt(square)
    of = {
        gamma: updates(from_beliefs(cell, discount=gamma), paths) for gamma in (0.0, *NEARBY, *FAR)
    }
    near = [distance(of[gamma], adam) for gamma in NEARBY]
    far = [distance(of[gamma], -DRIVE / gamma * mean) for gamma in FAR]
    yield CHECK(
        quantity=f"{words}, γ = 0: relative distance from Adam's updates, bias corrections included",
        theory=0,
        computed=distance(of[0.0], adam),
        relation="equal",
        tolerance=1e-12,
    )
    limits = (
        ("Adam, γ → 0", 1, NEARBY, near, distance(adam + adam / np.sqrt(stiffness) / 2, adam)),
        ("momentum descent, γ → ∞", -2, FAR, far, distance(mean + stiffness * mean, mean)),
    )
    for name, slope, discounts, distances, constant in limits:
        yield CHECK(
            quantity=f"{words}: slope in γ of the distance from {name}",
            theory=slope,
            computed=fitted_slope(discounts, distances),
            relation="limit",
            tolerance=0.02,
        )
        yield CHECK(
            quantity=f"{words}: distance from {name}, over its leading term",
            theory=1,
            computed=distances[1] / (constant * discounts[1] ** slope),
            relation="equal",
            tolerance=1e-3,
        )


CLAIM = Claim(
    name="adam-from-beliefs",
    theme="Adam",
    title="Adam composed from beliefs: the control on top, and its limits",
    statement=(
        "u = -[√(γ²/4 + ηkV) - γ/2]V⁻¹m̂ with discounted Bayes' m̂ and V = cv̂ is the optimal control"
        " of the believed quadratic; at γ = 0 it is Adam, bias corrections included, and it parts"
        " from Adam as γ/(2√(ηkV)), from momentum descent as ηkV/γ²"
    ),
    source="VGR25; West & Harrison 1997; Shephard 1994; Kingma & Ba 2015",
    relations=("equal", "limit"),
    evaluate=evaluate,
)
