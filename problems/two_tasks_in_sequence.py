"""Two tasks in sequence, both count: consolidated weights are protected because the old task needs
them.

Problem
    Task A, L_A = ½(θ-a)ᵀH_A(θ-a), was learned from θ₀ = 0 to its minimum a; then only task B is
    seen, L_B = ½(θ-b)ᵀH_B(θ-b), and J = ∫ e^{-γt}[|θ̇|²/2η + k(L_B + ωL_A)]dt from θ = a, T = ∞.
    H_A has eigenvalues 4 and ¼ on axes turned by ψ against the weights; H_B = diag(1, ½).
Optimum
    θ̇ = -R(θ-μ), R = √(γ²/4 + ηkH) - γ/2, H = H_B + ωH_A, μ the minimum of L_B + ωL_A. A belief
    N(m, V) about θ after task A changes J by a constant only, so that a stands for m.
Rules
    Each with its own best coefficients in each cell, by the exact J (Lyapunov's equation) and its
    exact slopes: descent on L_B; EWC, θ̇ = -α[∇L_B + c v⁻¹(θ-a)] with v of independent Gaussian
    weights, v_i⁻¹ ∝ (H_A)_ii; synaptic intelligence, importance ∫ -∂_iL_A θ̇_i dt/(a-θ₀)_i² along
    gradient flow on A; L2 decay to θ₀; shrink-and-perturb (no noise: it only costs on a convex
    loss) and full reset to θ₀, jumps over a best duration; Gaussian weights (natural gradient), θ̇
    = -αv∇L_B; and descent on both losses, which needs all of H_A. Lost is (J - J*)/(J_stay - J*): 0
    optimal, 1 no better than resting at a.
Claim
    v⁻¹ is the protection: with H_A diagonal in the weights, EWC under an optimal controller is the
    optimum, c = ω; as descent it is optimal for free movement (lost ~ η^{-1/2}) and for a short
    sight (lost ~ γ⁻⁴: gains differ by γ⁻² and J is stationary). With H_A turned it stays short of
    the optimum however free movement is. Protection is worth what the old task is worth: at ω = 0
    the best c is 0 under an optimal controller (as descent on two weights 0.004, since a penalty
    also makes the rates of the two more alike), and the c of ω = 1 loses 30 to 48 % there. Synaptic
    intelligence is EWC where H_A is diagonal. Where sight is short plain descent is optimal, too
    (lost ~ γ⁻⁴): the old task's gradient is zero where it was learned, forgetting comes with time.
Source
    Kirkpatrick et al., PNAS 114 (2017); F. Zenke, B. Poole, S. Ganguli, ICML 2017; Ash & Adams
    2020; Kumar et al. 2023; VGR25 (arXiv 2510.26997) for the optimum; derived for this project.
Relation and tolerance
    equal: the planner's J and forgetting against the closed forms, the exact J against integration
    of the rule's path, EWC's fixed points. limits: slopes within 0.05. Near-optimal is a loss of 5
    % at most, fixed in advance; how much more is lost elsewhere was seen before its bounds were
    set, and is confirmed with four weights and spectra not looked at before (same bounds).
"""

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ._stated_checks import bounded, limit, same
from ._two_tasks_cases import (
    ANGLES,
    believed_precision,
    flow_path,
    four_weights,
    integrated,
    lost_at_best,
    planned,
    posed,
    resting_loss,
    tasks,
)
from ._two_tasks_rules import (
    RULES,
    best,
    fisher,
    flow_cost,
    lost,
    optimal_cost,
    optimal_matrix,
    path_integral,
)

DISCOUNTS = np.array([0.1, 0.3, 1.0, 3.0, 10.0])
MIDDLE = 2  # place of the angle at which γ varies
USUAL = tuple(key for key in RULES if key != "both_losses")
NEAR = 0.05


def problem() -> lc.ControlProblem:
    """The two tasks with H_A turned by 22.5°."""
    return posed(tasks(ANGLES[MIDDLE]))


def evaluate() -> Evidence:
    """Every rule at its best over angles and discounts, and the limits of EWC."""
    turned = [tasks(angle) for angle in ANGLES]
    sighted = [tasks(ANGLES[MIDDLE], discount=gamma) for gamma in DISCOUNTS]
    by_angle, by_discount = (
        [{key: best(cell, key) for key in RULES} for cell in cells] for cells in (turned, sighted)
    )
    four = [four_weights(turned=False), four_weights(turned=True)]
    by_four = [{key: best(cell, key) for key in RULES} for cell in four]
    found = [*zip(turned, by_angle, strict=True), *zip(sighted, by_discount, strict=True)]
    checks = (
        *optimum_checks(),
        *cost_checks(turned[MIDDLE], by_angle[MIDDLE]),
        *importance_checks(),
        *limit_checks(),
        *case_checks("two weights", (turned[0], turned[-1]), (by_angle[0], by_angle[-1])),
        *forgetting_checks("two weights", turned[0], by_angle[0]),
        *case_checks("four weights", four, by_four),
        *forgetting_checks("four weights", four[0], by_four[0]),
        *settled_checks(found),
    )
    return Evidence(checks=checks, data=picture(found))


def optimum_checks():
    """The planner against the closed form."""
    instance = tasks(ANGLES[MIDDLE])
    solution = lc.solve(posed(instance), tolerance=1e-10)
    old = lc.quadratic(hessian=instance.old_hessian, minimum=instance.old)
    yield exact("J* of the planner, ψ = 22.5°", optimal_cost(instance), solution.cost, 1e-7)
    yield exact(
        "forgetting of the planner, L_A(μ), ψ = 22.5°",
        instance.old_loss(instance.compromise),
        lc.measures.forgetting_of(old)(solution),
        1e-7,
    )


def exact(quantity: str, theory: float, computed: float, tolerance: float, **more) -> Check:
    """A number against a closed form, unless ``reference`` says otherwise."""
    reference = more.pop("reference", "closed form")
    return same(quantity, theory, computed, tolerance, reference, **more)


def cost_checks(instance, found):
    """J by Lyapunov's equation against the integral along the path, in small steps."""
    for key in ("ewc", "full_reset"):
        yield exact(
            f"J of {key.replace('_', ' ')} along its integrated path, relative",
            found[key].cost,
            integrated(instance, found[key].course),
            1e-7,
            measure="relative",
            reference="independent code",
        )


def importance_checks():
    """v⁻¹ after task A, and what it is worth to a controller that is optimal otherwise."""
    straight, turned = tasks(), tasks(ANGLES[MIDDLE])
    yield exact(
        "H_A turned by 22.5°: v⁻¹ of independent weights, largest distance from diag H_A",
        0.0,
        np.abs(believed_precision(turned) / fisher(turned) - 1).max(),
        1e-5,
        reference="independent code",
    )
    yield exact(
        "diagonal H_A: synaptic intelligence, importance over v⁻¹/2, largest distance from 1",
        0.0,
        np.abs(path_integral(straight) / fisher(straight) - 1).max(),
        1e-12,
    )
    weight, share = planned(straight)
    yield exact("best c of EWC under the optimal controller, diagonal H_A", 1.0, weight, 1e-5)
    yield exact("lost of EWC under the optimal controller, diagonal H_A", 0.0, share, 1e-9)


def limit_checks():
    """Free movement and short sight."""
    rates, discounts = np.array([1e3, 1e4, 1e5]), np.array([16.0, 32.0, 64.0])
    free = [lost_at_best(tasks(rate=eta), "ewc") for eta in rates]
    yield limit(
        quantity="slope of lost of EWC in η, diagonal H_A",
        theory=-0.5,
        computed=fitted_slope(rates, free),
        reference="closed form",
    )
    for key, words in (("ewc", "EWC"), ("plain_descent", "plain descent")):
        short = [lost_at_best(tasks(discount=gamma), key) for gamma in discounts]
        yield limit(
            quantity=f"slope of lost of {words} in γ, diagonal H_A",
            theory=-4.0,
            computed=fitted_slope(discounts, short),
            reference="closed form",
        )
    turned = tasks(ANGLES[-1], rate=1e6)
    yield exact(
        "lost of EWC in free movement, ψ = 45°, η = 10⁶: by its resting point alone",
        resting_loss(turned),
        lost_at_best(turned, "ewc"),
        2e-3,
        effect=resting_loss(turned),
    )


def case_checks(words: str, cells, found):
    """H_A diagonal and turned: what EWC is worth, what others lose, why weights are protected."""
    (straight, turned), (rules, others) = cells, found
    protecting, kept = rules["ewc"], rules["ewc"].course
    yield bounded(
        f"{words}, diagonal H_A: lost of EWC",
        "at most",
        NEAR,
        lost(straight, protecting.cost),
        "before",
    )
    moving = [key for key in USUAL if key not in ("ewc", "synaptic_intelligence")]
    yield bounded(
        f"{words}, diagonal H_A: least lost without a penalty on moving from a",
        "at least",
        0.1,
        min(lost(straight, rules[key].cost) for key in moving),
    )
    yield bounded(
        f"{words}, H_A turned: least lost of all usual rules",
        "at least",
        NEAR,
        min(lost(turned, others[key].cost) for key in USUAL),
    )
    yield bounded(
        f"{words}, H_A turned: lost of descent on both losses",
        "at most",
        NEAR,
        lost(turned, others["both_losses"].cost),
    )
    yield bounded(
        f"{words}, H_A turned: lost of EWC under the optimal controller",
        "at least",
        0.1,
        planned(turned)[1],
    )
    useless = straight.changed(worth=0.0)
    needless = float(flow_cost(useless, kept.matrix, kept.rest, useless.old))
    yield bounded(
        f"{words}, ω = 0: lost by protecting as for ω = 1",
        "at least",
        0.1,
        lost(useless, needless),
    )
    yield bounded(
        f"{words}, ω = 0: best c of EWC as descent, over that at ω = 1",
        "at most",
        0.02,
        best(useless, "ewc").importance / protecting.importance,
    )
    yield exact(
        f"{words}, ω = 0: best c of EWC under the optimal controller",
        0.0,
        planned(useless)[0],
        1e-6,
        effect=1.0,
    )


def forgetting_checks(words: str, instance, found):
    """What is given back of task A in the end, L_A at rest, diagonal H_A."""
    least = instance.old_loss(instance.compromise)
    plain, protected = (
        instance.old_loss(np.real(found[key].course.rest)) / least
        for key in ("plain_descent", "ewc")
    )
    yield bounded(
        f"{words}: forgetting of plain descent over that of the optimum", "at least", 5.0, plain
    )
    yield bounded(
        f"{words}: forgetting of EWC over that of the optimum, distance from 1",
        "at most",
        0.2,
        abs(protected - 1),
    )


def settled_checks(found):
    """Every cell: no slope is left inside the ranges, and nothing beats the optimum."""
    yield bounded(
        "largest slope left at best coefficients, of all rules and cells, over J_stay - J*",
        "at most",
        1e-5,  # at γ = 10 the resting cost is 60 times J_stay - J*, and rounding shows
        max(rule.steepest for _, rules in found for rule in rules.values()),
    )
    containing = ("shrink_and_perturb", "l2_decay", "ewc", "synaptic_intelligence")
    yield bounded(
        "rules that contain plain descent: largest excess of lost over its own, all cells",
        "at most",
        1e-3,
        max(
            lost(cell, rules[key].cost) - lost(cell, rules["plain_descent"].cost)
            for cell, rules in found
            for key in containing
        ),
        "before",
    )
    yield bounded(
        "least lost of full reset, all cells",
        "at least",
        0.5,
        min(lost(cell, rules["full_reset"].cost) for cell, rules in found),
    )
    yield bounded(
        "least lost of all rules and cells",
        "at least",
        0.0,
        min(lost(cell, rule.cost) for cell, rules in found for rule in rules.values()),
        "before",
    )


def picture(found) -> dict:
    """Data of the figure two_tasks_in_sequence."""
    instance, rules = found[MIDDLE]
    keys = [{"plain_descent": "gradient_descent"}.get(key, key) for key in RULES]
    table = np.array([[lost(cell, rules[key].cost) for cell, rules in found] for key in RULES])
    split = len(ANGLES)
    drawn = ("plain_descent", "ewc", "both_losses")
    times = np.concatenate([[0.0], np.geomspace(1e-3, 200.0, 300)])
    courses = [
        (optimal_matrix(instance, instance.hessian), instance.compromise),
        *((rules[key].course.matrix, rules[key].course.rest) for key in drawn),
    ]
    axis_1, axis_2 = np.linspace(-1.1, 1.7, 111), np.linspace(0.1, 2.5, 101)
    nodes = np.stack(np.meshgrid(axis_1, axis_2), axis=-1)
    return {
        "axis_1": axis_1,
        "axis_2": axis_2,
        "old_loss": instance.old_loss(nodes),
        "new_loss": instance.new_loss(nodes),
        "old": instance.old,
        "new": instance.new,
        "path_rules": ["optimal", "gradient_descent", *drawn[1:]],
        "paths": np.array([flow_path(*course, instance.old, times) for course in courses]),
        "rules": keys,
        "angles": np.degrees(ANGLES),
        "lost_by_angle": table[:, :split],
        "discounts": DISCOUNTS,
        "lost_by_discount": table[:, split:],
    }


CLAIM = Claim(
    name="two-tasks-in-sequence",
    theme="changing tasks",
    title="Consolidated weights are protected because an old task needs them",
    statement=(
        "With a loss on both tasks the optimum protects weights by v⁻¹ = diag H_A where H_A is diagonal:"
        " EWC is optimal for free movement and for short sight, and stays short of the optimum where"
        " H_A is turned; where the old task is worth nothing, protection only costs."
    ),
    source="Derived for this project; VGR25 (arXiv 2510.26997); Kirkpatrick et al. 2017; Zenke et al. 2017",
    relations=("equal", "limit", "at least", "at most"),
    evaluate=evaluate,
    picture="two_tasks_in_sequence",
)
