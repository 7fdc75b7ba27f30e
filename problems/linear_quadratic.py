"""Linear-quadratic problems of any shape: the solver against Riccati equations.

Problem    Random drift f = Aθ + c, actuation B (four parameters, two controls), metric G, loss
           Hessian H, minimum μ,
           terminal cost Φ = ½(θ-ν)ᵀP(θ-ν), all drawn once from a fixed seed; discount γ = 0.6 with
           T = ∞, and γ = 0 and 0.6 with a free end under Φ or a fixed one; then with four controls,
           B invertible.
Formula    V(s, θ) = ½(θ-μ)ᵀS(s)(θ-μ) + g(s)ᵀ(θ-μ) + v(s),  u = -ηG⁻¹Bᵀ∂V/∂θ,
           dS/ds = kH + AᵀS + SA - γS - S B(ηG⁻¹)BᵀS, S(0) = P: the Riccati equation of A - γ/2,
           with an affine feed-forward g for μ, ν and c. Fixed end: the two-point problem of the
           same Hamiltonian system. At T = ∞ every mode of A that grows faster than γ/2 must be
           reachable; here B reaches all of them.
Source     Anderson & Moore, Optimal Control: Linear Quadratic Methods (1990), ch. 2-4.
Relation   equal: J to 1e-10 relative; θ(t), u(t), λ(t) at all nodes of the plan to 1e-7 of their
           largest values.
"""

import math

import casadi as ca
import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..reference import LinearQuadratic

DIMENSION, HORIZON, LEARNING_RATE, LOSS_WEIGHT = 4, 2.5, 1.4, 0.7
WORDS = {"free": "free end", "fixed": "fixed end", "infinite": "T = ∞"}
METHODS = {
    "free": lc.Collocation(elements=16, degree=8),
    "fixed": lc.Collocation(elements=16, degree=8),
    "infinite": lc.Collocation(elements=32, degree=8),
    "action": lc.DiscretisedAction(elements=8, degree=8),
}
# controls, end, discount
CASES = (
    (2, "free", 0.6),
    (2, "free", 0.0),
    (2, "fixed", 0.6),
    (2, "fixed", 0.0),
    (2, "infinite", 0.6),
    (4, "free", 0.6),
    (4, "infinite", 0.6),
)


def draw(controls, end, discount):
    """Random matrices as a reference problem; the positive definite ones have eigenvalues above
    0.2.
    """
    rng = np.random.default_rng(7)

    def definite(size):
        root = rng.standard_normal((size, size))
        return root @ root.T / size + 0.2 * np.eye(size)

    n = DIMENSION
    terminal = {"terminal_hessian": definite(n), "terminal_minimum": rng.standard_normal(n)}
    return LinearQuadratic(
        hessian=definite(n),
        minimum=rng.standard_normal(n),
        metric=definite(controls),
        drift_matrix=0.3 * rng.standard_normal((n, n)),
        drift_offset=0.5 * rng.standard_normal(n),
        actuation=rng.standard_normal((n, controls)),
        learning_rate=LEARNING_RATE,
        loss_weight=LOSS_WEIGHT,
        discount=discount,
        **(terminal if end == "free" else {}),
    )


def ends():
    """Random start and end."""
    return np.random.default_rng(8).standard_normal((2, DIMENSION))


def terminal_cost(exact):
    matrix, place = ca.DM(exact.terminal_hessian), ca.DM(exact.terminal_minimum)
    return lambda theta: ca.bilin(matrix, theta - place) / 2


def posed(exact, end):
    """The same problem for the solver."""
    objective = lc.Objective(
        horizon=math.inf if end == "infinite" else HORIZON,
        discount=exact.discount,
        learning_rate=LEARNING_RATE,
        loss_weight=LOSS_WEIGHT,
        terminal=terminal_cost(exact) if end == "free" else None,
    )
    learner = lc.Learner(
        metric=exact.metric,
        drift=lc.linear_drift(exact.drift_matrix, exact.drift_offset),
        actuation=exact.actuation,
    )
    landscape = lc.quadratic(hessian=exact.hessian, minimum=exact.minimum)
    return lc.ControlProblem(
        landscape=landscape,
        learner=learner,
        objective=objective,
        start=ends()[0],
        end=ends()[1] if end == "fixed" else None,
    )


def problem():
    """Two controls for four parameters, free end, γ = 0.6."""
    return posed(draw(2, "free", 0.6), "free")


def answer(exact, end, times):
    """J and (θ, u, λ) at the times, from Riccati equations."""
    start, last = ends()
    if end == "fixed":
        plan = exact.fixed_end(HORIZON, start, last)
        return plan.cost, plan.path(times)
    if end == "infinite":
        policy = exact.infinite()
        return policy.value(start), policy.path(start, times)
    policy = exact.finite(HORIZON)
    return policy.value(HORIZON, start), policy.path(start, times)


def checks_of(plan, exact, end, words):
    cost, paths = answer(exact, end, plan.times)
    yield Check(
        quantity=f"cost J, {words}",
        theory=cost,
        computed=plan.cost,
        relation="equal",
        tolerance=1e-10,
        measure="relative",
    )
    for name, computed, theory in zip(
        "θuλ", (plan.parameters, plan.controls, plan.costates), paths, strict=True
    ):
        yield Check(
            quantity=f"largest |{name}(t) - theory| / |{name}|, {words}",
            theory=0.0,
            relation="equal",
            tolerance=1e-7,
            computed=np.abs(computed - theory).max() / np.abs(theory).max(),
        )


def evaluate():
    """Solve every combination and compare with the reference."""
    checks, plans, solvers = [], [], {}
    for controls, end, discount in CASES:
        exact = draw(controls, end, discount)
        method = "action" if (controls, end) == (4, "free") else end
        if (controls, end) not in solvers:
            solvers[controls, end] = lc.Solver(
                posed(exact, end), method=METHODS[method], tolerance=1e-10
            )
        plans.append(solvers[controls, end].solve(discount=discount))
        checks += checks_of(
            plans[-1], exact, end, f"{WORDS[end]}, {controls} controls, γ = {discount:g}"
        )
    shown = plans[0]
    return Evidence(
        checks=tuple(checks),
        data={
            "times": shown.times,
            "parameters": shown.parameters,
            "controls": shown.controls,
            "costates": shown.costates,
        },
        reference="independent code",
        bound="after",
    )


CLAIM = Claim(
    name="linear-quadratic",
    theme="short and long horizons",
    title="Linear-quadratic problems of any shape against Riccati equations",
    statement="u = -ηG⁻¹Bᵀ(S(θ-μ) + g) with S, g from the discounted Riccati equation",
    source="Anderson & Moore, Optimal Control: Linear Quadratic Methods (1990), ch. 2-4",
    relations=("equal",),
    evaluate=evaluate,
    picture="plan_overview",
)
