"""What a simulation draws is what the problem says: a noise that is 5 % off is noticed.

Problem
    L = ½h(θ-φ)², h = 1.3, φ a random walk of diffusion q from N(0, p), T = 4, γ = 0, η = 0.8, k = 1;
    stochastic gradient descent u = -αy, α = 0.9, on y = h(θ-φ) + N(0, σ²/Δt), steps Δt = 0.2, from
    θ = 0. Three designs: one of σ, q and p is as large as 1, the other two are small or none.
Formulas
    With d = θ - φ:  E d² ← (1-αhΔt)²E d² + α²σ²Δt + qΔt, E d² = p at first;
    J = Σ of Δt·kh E d²/2 by the trapezoidal rule + Σ Δt·α²(h²E d² + σ²/Δt)/2η.
Claims
    Simulated costs have this mean, so closely that one of the three intensities taken 5 % (σ) or 10 %
    (q, p) too large would be noticed; the exact cost of a linear rule is the same number.
Source
    First and second moments of a linear recursion, written out here.
Relation and tolerance
    equal: exact costs to 1e-12 relative; simulated ones to a fifth of what the wrong intensity would
    change, which is four standard errors or more (100 000 episodes; both set before a first look).
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..simulation import SGD, exact_cost, simulate

CURVATURE, RATE, PRICE = 1.3, 0.9, 0.8  # h, α, η
HORIZON, STEP, EPISODES, SEED = 4.0, 0.2, 100_000, 11
SMALL = 0.05
DESIGNS = {  # σ, q, p
    "gradient noise σ": (1.0, 0.0, 0.0),
    "drift of the task q": (SMALL, 1.0, 0.0),
    "prior variance p": (SMALL, 0.0, 1.0),
}
# by how much σ, q and p are too large in what has to be noticed
WRONG = {"gradient noise σ": 1.05, "drift of the task q": 1.1, "prior variance p": 1.1}


def problem() -> lc.ControlProblem:
    """Full information: the minimum is known to be at 1 (the command 'solve' plans without
    beliefs).
    """
    return posed(1.0, 1.0, 1.0).known([1.0])


def posed(noise, diffusion, variance) -> lc.ControlProblem:
    """The bowl with a hidden minimum that walks."""
    hidden = lc.RandomWalk(mean=[0.0], covariance=[variance], diffusion=[diffusion])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: CURVATURE * (theta[0] - phi[0]) ** 2 / 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise)),
        start=[0.0],
        objective=lc.Objective(horizon=HORIZON, learning_rate=PRICE),
    )


def cost_theory(noise, diffusion, variance) -> float:
    """J from the recursion of E d²."""
    steps = round(HORIZON / STEP)
    squares = [variance]
    for _ in range(steps):
        kept = (1 - RATE * CURVATURE * STEP) ** 2 * squares[-1]
        squares.append(kept + (RATE**2 * noise**2 + diffusion) * STEP)
    squares = np.array(squares)
    loss = CURVATURE / 2 * (squares.sum() - (squares[0] + squares[-1]) / 2)
    effort = RATE**2 / (2 * PRICE) * (CURVATURE**2 * squares[:-1].sum() + steps * noise**2 / STEP)
    return float(STEP * (loss + effort))


def checks_of(name, intensities):
    """Exact and simulated cost of one design."""
    learner, theory = SGD(learning_rate=RATE), cost_theory(*intensities)
    case = posed(*intensities)
    wrong = [value * (WRONG[name] if value == 1.0 else 1.0) for value in intensities]
    effect = cost_theory(*wrong) - theory
    costs = simulate(case, learner, episodes=EPISODES, seed=SEED, step=STEP).costs
    equal = partial(Check, theory=theory, relation="equal", reference="closed form", bound="before")
    yield equal(
        quantity=f"exact cost, {name} = 1",
        computed=exact_cost(case, learner, step=STEP).cost,
        tolerance=1e-12,
        measure="relative",
    )
    standard_error = costs.std(ddof=1) / math.sqrt(EPISODES)
    yield equal(
        quantity=f"mean cost of {EPISODES} episodes, {name} = 1",
        computed=costs.mean(),
        tolerance=effect / 5,
        standard_error=standard_error,
        effect=effect,
    )
    yield Check(
        quantity=f"four standard errors over the tolerance, {name} = 1",
        theory=1.0,
        computed=4 * standard_error / (effect / 5),
        relation="at most",
        tolerance=0.0,
        reference="stated bound",
        bound="before",
    )


def evaluate() -> Evidence:
    """Three designs."""
    checks = [check for item in DESIGNS.items() for check in checks_of(*item)]
    return Evidence(checks=tuple(checks))


CLAIM = Claim(
    name="simulated-noise",
    theme="beliefs and probing",
    title="A simulation draws the noise that the problem states, to a fifth of 5 %",
    statement=(
        "Mean simulated costs of SGD are those of E d² ← (1-αhΔt)²E d² + α²σ²Δt + qΔt, within a fifth"
        " of what 5 % more σ or 10 % more q or p would change"
    ),
    source="second moments of a linear recursion",
    relations=("equal", "at most"),
    evaluate=evaluate,
)
