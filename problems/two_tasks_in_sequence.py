"""Two tasks in sequence, both count: consolidated weights are protected because the old task needs them.

Problem
    Task A, L_A = ½(θ-a)ᵀH_A(θ-a), was learned from θ₀ = 0 to its minimum a; then only task B is seen,
    L_B = ½(θ-b)ᵀH_B(θ-b), and J = ∫ e^{-γt}[|θ̇|²/2η + k(L_B + ωL_A)]dt from θ = a, T = ∞. H_A has
    eigenvalues 4 and ¼ on axes turned by ψ against the weights; H_B = diag(1, ½).
Optimum
    θ̇ = -R(θ-μ), R = √(γ²/4 + ηkH) - γ/2, H = H_B + ωH_A, μ the minimum of L_B + ωL_A. A belief
    N(m, V) about θ after task A changes J by a constant only, so that a stands for m.
Rules
    Each with its own best coefficients in each cell, by the exact J (Lyapunov's equation) and its exact
    slopes: descent on L_B; EWC, θ̇ = -α[∇L_B + c v⁻¹(θ-a)] with v of independent Gaussian weights,
    v_i⁻¹ ∝ (H_A)_ii; synaptic intelligence, importance ∫ -∂_iL_A θ̇_i dt/(a-θ₀)_i² along gradient flow
    on A; L2 decay to θ₀; shrink-and-perturb (no noise: it only costs on a convex loss) and full reset
    to θ₀, jumps over a best duration; Gaussian weights (natural gradient), θ̇ = -αv∇L_B; and descent on
    both losses, which needs all of H_A. Lost is (J - J*)/(J_stay - J*): 0 optimal, 1 no better than
    resting at a.
Claim
    v⁻¹ is the protection: with H_A diagonal in the weights, EWC under an optimal controller is the
    optimum, c = ω; as descent it is optimal for free movement (lost ~ η^{-1/2}) and for a short sight
    (lost ~ γ⁻⁴: gains differ by γ⁻² and J is stationary). With H_A turned it stays short of the optimum
    however free movement is. Protection is worth what the old task is worth: at ω = 0 the best c is 0.
    Synaptic intelligence is EWC where H_A is diagonal. Where sight is short plain descent is optimal,
    too (lost ~ γ⁻⁴): the old task's gradient is zero where it was learned, forgetting comes with time.
Source
    Kirkpatrick et al., PNAS 114 (2017); F. Zenke, B. Poole, S. Ganguli, ICML 2017; Ash & Adams 2020;
    Kumar et al. 2023; VGR25 (arXiv 2510.26997) for the optimum; derived for this project.
Relation and tolerance
    equal: the planner's J and forgetting against the closed forms, the exact J against integration of
    the rule's path, EWC's fixed points. limits: slopes within 0.05. Near-optimal is a loss of 5 % at
    most, fixed in advance; how much more is lost elsewhere was seen before its bounds were set, and is
    confirmed with four weights and spectra not looked at before (same bounds).
"""

import math

import casadi as ca
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize, minimize_scalar

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ._two_tasks_rules import (
    RULES,
    Sequence,
    best,
    fisher,
    flow_cost,
    lost,
    optimal_cost,
    optimal_matrix,
    path_integral,
)

ANGLES = np.radians([0.0, 11.25, 22.5, 33.75, 45.0])
DISCOUNTS = np.array([0.1, 0.3, 1.0, 3.0, 10.0])
MIDDLE, SIGHT = 2, 0.5  # place of the angle at which γ varies; γ at which the angle varies
USUAL = tuple(key for key in RULES if key != "both_losses")
NEAR = 0.05


def tasks(angle: float = 0.0, **numbers) -> Sequence:
    """Two weights, H_A turned by ``angle``."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return Sequence(
        old_hessian=turn @ np.diag([4.0, 0.25]) @ turn.T,
        old=np.array([1.0, 0.8]),
        new_hessian=np.diag([1.0, 0.5]),
        new=np.array([-0.6, 1.9]),
        first=np.zeros(2),
        **{"discount": SIGHT, **numbers},
    )


def four_weights(turned: bool) -> Sequence:
    """The second instance: four weights, other spectra, H_A turned at random or diagonal."""
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0] if turned else np.eye(4)
    return Sequence(
        old_hessian=turn @ np.diag([6.0, 2.0, 0.3, 0.1]) @ turn.T,
        old=rng.uniform(0.5, 1.5, 4),
        new_hessian=np.diag([1.0, 0.4, 0.8, 1.5]),
        new=rng.uniform(-2.0, 2.0, 4),
        first=np.zeros(4),
        discount=SIGHT,
    )


def posed(instance: Sequence) -> lc.ControlProblem:
    """The optimum's problem: both losses, summed."""

    def loss(theta):
        late, early = theta - instance.new, theta - instance.old
        return (
            ca.dot(late, instance.new_hessian @ late) / 2
            + instance.worth * ca.dot(early, instance.old_hessian @ early) / 2
        )

    landscape = lc.Landscape.from_expression(
        loss, dimension=len(instance.old), minima=[instance.compromise]
    )
    objective = lc.Objective(
        horizon=math.inf,
        discount=instance.discount,
        learning_rate=instance.rate,
        loss_weight=instance.weight,
    )
    return lc.ControlProblem(landscape=landscape, start=instance.old, objective=objective)


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
    found = [*zip(turned, by_angle, strict=True), *zip(sighted, by_discount, strict=True)]
    checks = (
        *optimum_checks(),
        *cost_checks(turned[MIDDLE], by_angle[MIDDLE]),
        *importance_checks(),
        *limit_checks(),
        *worth_checks(),
        *table_checks(turned, by_angle),
        *forgetting_checks(turned[0], by_angle[0]),
        *second_checks(),
        *settled_checks(found),
    )
    return Evidence(checks=checks, data=picture(found))


def optimum_checks():
    """The planner against the closed form."""
    instance = tasks(ANGLES[MIDDLE])
    solution = lc.solve(posed(instance), tolerance=1e-10)
    old = lc.quadratic(hessian=instance.old_hessian, minimum=instance.old)
    for quantity, theory, computed in (
        ("J* of the planner", optimal_cost(instance), solution.cost),
        (
            "forgetting of the planner, L_A(μ)",
            instance.old_loss(instance.compromise),
            lc.measures.forgetting_of(old)(solution),
        ),
    ):
        yield Check(
            quantity=f"{quantity}, ψ = 22.5°",
            theory=theory,
            computed=computed,
            relation="equal",
            tolerance=1e-7,
            reference="closed form",
            bound="before",
        )


def cost_checks(instance, found):
    """J by Lyapunov's equation against the integral along the path, in small steps."""
    for key in ("ewc", "full_reset"):
        yield Check(
            quantity=f"J of {key.replace('_', ' ')} along its integrated path, relative",
            theory=found[key].cost,
            computed=integrated(instance, found[key].course),
            relation="equal",
            measure="relative",
            tolerance=1e-7,
            reference="independent code",
            bound="before",
        )


def integrated(instance, course) -> float:
    """J of the jump and the flow by an ODE solver, until e^{-γt} = 1e-13."""
    theta, spent, clock = instance.old, 0.0, 0.0
    phases = [(lambda t, x: -course.matrix @ (x - course.rest), 30 / instance.discount)]
    if course.target is not None:
        speed = (course.target - instance.old) / course.duration
        phases.insert(0, (lambda t, x: speed, float(course.duration)))
    for flow, span in phases:

        def slope(t, state, flow=flow):
            velocity = flow(t, state[:-1])
            effort = velocity @ velocity / (2 * instance.rate)
            running = effort + instance.weight * instance.loss(state[:-1])
            return np.append(velocity, math.exp(-instance.discount * t) * running)

        state = np.append(theta, spent)
        run = solve_ivp(
            slope, (clock, clock + span), state, method="DOP853", rtol=1e-10, atol=1e-12
        )
        theta, spent, clock = run.y[:-1, -1], run.y[-1, -1], clock + span
    return float(spent)


def importance_checks():
    """v⁻¹ after task A, and what it is worth to a controller that is optimal otherwise."""
    straight, turned = tasks(), tasks(ANGLES[-1])
    yield Check(
        quantity="H_A turned by 22.5°: v⁻¹ of independent weights, largest distance from diag H_A",
        theory=0,
        computed=np.abs(believed_precision(tasks(ANGLES[2])) / fisher(tasks(ANGLES[2])) - 1).max(),
        relation="equal",
        tolerance=1e-5,
        reference="independent code",
        bound="before",
    )
    yield Check(
        quantity="diagonal H_A: synaptic intelligence, importance over v⁻¹/2, largest distance of 1",
        theory=0,
        computed=np.abs(path_integral(straight) / fisher(straight) - 1).max(),
        relation="equal",
        tolerance=1e-12,
        reference="closed form",
        bound="before",
    )
    weight, share = planned(straight)
    for quantity, theory, computed, tolerance in (
        ("best c of EWC under the optimal controller, diagonal H_A", 1.0, weight, 1e-5),
        ("lost of EWC under the optimal controller, diagonal H_A", 0.0, share, 1e-9),
    ):
        yield Check(
            quantity=quantity,
            theory=theory,
            computed=computed,
            relation="equal",
            tolerance=tolerance,
            reference="closed form",
            bound="before",
        )
    yield at_least("lost of EWC under the optimal controller, ψ = 45°", 0.1, planned(turned)[1])


def believed_precision(instance) -> np.ndarray:
    """v⁻¹ that minimises E[L_A] - ½Σ log v_i over independent Gaussian weights, by SciPy."""

    def free_energy(logs):
        variances = np.exp(logs)
        return np.diag(instance.old_hessian) @ variances / 2 - logs.sum() / 2

    found = minimize(free_energy, np.zeros(len(instance.old)), method="BFGS", tol=1e-9)
    return np.exp(-found.x)


def planned(instance) -> tuple[float, float]:
    """(c, lost) of θ̇ = -R_c(θ-μ_c): the optimal controller of L_B + ½c Σ v_i⁻¹(θ-a)_i²."""
    importance = np.diag(fisher(instance))

    def cost(share):
        added = share / (1 - share) * importance
        hessian = instance.new_hessian + added
        pull = instance.new_hessian @ instance.new + added @ instance.old
        rest = np.linalg.solve(hessian, pull)
        return float(
            flow_cost(instance, optimal_matrix(instance, hessian), rest, instance.old).real
        )

    found = minimize_scalar(cost, bounds=(0.0, 0.999), method="bounded", options={"xatol": 1e-9})
    return found.x / (1 - found.x), lost(instance, found.fun)


def limit_checks():
    """Free movement and short sight."""
    rates, discounts = np.array([1e3, 1e4, 1e5]), np.array([16.0, 32.0, 64.0])
    free = [lost_at_best(tasks(rate=eta), "ewc") for eta in rates]
    short = {
        key: [lost_at_best(tasks(discount=gamma), key) for gamma in discounts]
        for key in ("ewc", "plain_descent")
    }
    slopes = (
        ("lost of EWC in η, diagonal H_A", -0.5, fitted_slope(rates, free)),
        ("lost of EWC in γ, diagonal H_A", -4.0, fitted_slope(discounts, short["ewc"])),
        ("lost of plain descent in γ", -4.0, fitted_slope(discounts, short["plain_descent"])),
    )
    for quantity, theory, computed in slopes:
        yield Check(
            quantity=f"slope of {quantity}",
            theory=theory,
            computed=computed,
            relation="limit",
            tolerance=0.05,
            reference="closed form",
            bound="before",
        )
    turned = tasks(ANGLES[-1], rate=1e6)
    yield Check(
        quantity="lost of EWC in free movement, ψ = 45°, η = 10⁶: by its resting point alone",
        theory=resting_loss(turned),
        computed=lost_at_best(turned, "ewc"),
        relation="equal",
        tolerance=2e-3,
        effect=resting_loss(turned),
        reference="closed form",
        bound="before",
    )


def lost_at_best(instance, key: str) -> float:
    """Lost of one rule at its best coefficients."""
    return lost(instance, best(instance, key).cost)


def resting_loss(instance) -> float:
    """The least of L(rest of c)/L over c, from L(μ) on, as a share of L(a) - L(μ)."""
    importance = np.diag(fisher(instance))
    least = instance.loss(instance.compromise)

    def gap(share):
        added = share / (1 - share) * importance
        pull = instance.new_hessian @ instance.new + added @ instance.old
        return instance.loss(np.linalg.solve(instance.new_hessian + added, pull)) - least

    found = minimize_scalar(gap, bounds=(0.0, 0.999), method="bounded", options={"xatol": 1e-9})
    return found.fun / (instance.loss(instance.old) - least)


def worth_checks():
    """The old task's worth is what protection is for."""
    needed, useless = tasks(), tasks(worth=0.0)
    protecting = best(needed, "ewc")
    yield Check(
        quantity="best c of EWC under the optimal controller, ω = 0: the old task is worth nothing",
        theory=0,
        computed=planned(useless)[0],
        relation="equal",
        tolerance=1e-6,
        effect=1.0,
        reference="closed form",
        bound="before",
    )
    yield Check(
        quantity="best c of EWC as descent, ω = 0, over that at ω = 1",
        theory=0.02,
        computed=best(useless, "ewc").importance / protecting.importance,
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )
    kept = protecting.course
    useless_cost = float(flow_cost(useless, kept.matrix, kept.rest, useless.old))
    saved = lost_at_best(needed, "plain_descent") - lost(needed, protecting.cost)
    yield at_least("lost by protecting as for ω = 1 where ω = 0", 0.2, lost(useless, useless_cost))
    yield at_least("saved by protecting where ω = 1, against plain descent", 0.2, saved)


def table_checks(cells, found):
    """Who is near-optimal, and where nobody is."""
    yield from near_checks("diagonal H_A", "ψ = 45°", (cells[0], cells[-1]), (found[0], found[-1]))


def second_checks():
    """The same statements with four weights."""
    cells = [four_weights(turned=False), four_weights(turned=True)]
    found = [{key: best(cell, key) for key in RULES} for cell in cells]
    yield from near_checks("four weights, diagonal H_A", "four weights, H_A turned", cells, found)
    yield at_least(
        "four weights, H_A turned: lost of EWC under the optimal controller",
        0.1,
        planned(cells[1])[1],
    )


def near_checks(straight: str, turned: str, cells, found):
    """EWC on the diagonal, all but descent on both losses with H_A turned."""
    yield Check(
        quantity=f"{straight}: lost of EWC",
        theory=NEAR,
        computed=lost(cells[0], found[0]["ewc"].cost),
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="before",
    )
    others = [key for key in USUAL if key not in ("ewc", "synaptic_intelligence")]
    least = min(lost(cells[0], found[0][key].cost) for key in others)
    yield at_least(f"{straight}: least lost without a penalty on moving from a", 0.1, least)
    least = min(lost(cells[1], found[1][key].cost) for key in USUAL)
    yield at_least(f"{turned}: least lost of all usual rules", NEAR, least)
    yield Check(
        quantity=f"{turned}: lost of descent on both losses",
        theory=NEAR,
        computed=lost(cells[1], found[1]["both_losses"].cost),
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )


def forgetting_checks(instance, found):
    """What is given back of task A in the end, L_A at rest, diagonal H_A."""
    plain, protected = (
        instance.old_loss(np.real(found[key].course.rest)) for key in ("plain_descent", "ewc")
    )
    best_loss = instance.old_loss(instance.compromise)
    yield at_least("forgetting of plain descent over that of the optimum", 10.0, plain / best_loss)
    yield Check(
        quantity="forgetting of EWC over that of the optimum, distance from 1",
        theory=0.2,
        computed=abs(protected / best_loss - 1),
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )


def settled_checks(found):
    """Every cell: no slope is left inside the ranges, and nothing beats the optimum."""
    yield Check(
        quantity="largest slope left at best coefficients, of all rules and cells, over J_stay - J*",
        theory=1e-5,  # at γ = 10 the resting cost is 60 times J_stay - J*, and rounding shows
        computed=max(rule.steepest for _, rules in found for rule in rules.values()),
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )
    yield Check(
        quantity="rules that contain plain descent: largest excess of lost over its own, all cells",
        theory=1e-3,
        computed=max(
            lost(cell, rules[key].cost) - lost(cell, rules["plain_descent"].cost)
            for cell, rules in found
            for key in ("shrink_and_perturb", "l2_decay", "ewc", "synaptic_intelligence")
        ),
        relation="at most",
        tolerance=0,
        reference="same code, other data",
        bound="before",
    )
    yield at_least(
        "least lost of full reset, all cells",
        0.5,
        min(lost(cell, rules["full_reset"].cost) for cell, rules in found),
    )
    yield Check(
        quantity="least lost of all rules and cells",
        theory=0,
        computed=min(lost(cell, rule.cost) for cell, rules in found for rule in rules.values()),
        relation="at least",
        tolerance=1e-9,
        reference="stated bound",
        bound="before",
    )


def at_least(quantity: str, bound: float, computed: float) -> Check:
    """A bound that was set after a first look at two weights; four weights confirm it."""
    return Check(
        quantity=quantity,
        theory=bound,
        computed=computed,
        relation="at least",
        tolerance=0,
        reference="stated bound",
        bound="after",
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


def flow_path(matrix, rest, start, times) -> np.ndarray:
    """θ (N, n) of θ̇ = -M(θ-c)."""
    sizes, modes = np.linalg.eig(np.real(matrix))
    offset = np.linalg.solve(modes, start - np.real(rest))
    return np.real(np.real(rest) + (np.exp(-np.outer(times, sizes)) * offset) @ modes.T)


CLAIM = Claim(
    name="two-tasks-in-sequence",
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
