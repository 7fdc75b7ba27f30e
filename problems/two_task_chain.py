"""Two tasks with unequal minima, switched at random: the learner aims between them, short of what
it believes.

Problem    Task i has loss ½h(θ-μ_i)² + c_i, h = 2, minima μ = (-1, 2) of unequal depth c = (0, ½).
           The task switches from
           1 to 2 at rate a and back at rate b; the learner sees dY = h(θ-μ)dt + σ dV, σ = 0.8. γ =
           0.3, η = k = 1, T = ∞.
Formula    p, the probability of task 2, drifts as -(a+b)(p-p∞) with p∞ = a/(a+b), besides what is
           learned. So does the
           believed minimum m = μ₁ + p(μ₂-μ₁) about μ₀ = (bμ₁ + aμ₂)/(a+b). The expected loss is
           ½h(θ-m)² plus what depends on p alone; since y - hθ does not depend on θ, neither does
           the law of p: no control changes it, and depths no control. Left is the linear-quadratic
           problem with ṁ = -(a+b)(m-μ₀):
               u = -r[θ - μ₀ - s(m-μ₀)],   s = (r+γ)/(r+γ+a+b),   r = √(γ²/4 + ηkh) - γ/2,
           the factor of a moving task with λ = a + b, exact although p is far from Gaussian.
Source     Derived for this project; the filter is Wonham's (1965), certainty equivalence Wonham
           1968.
Relation   equal: u(θ, p) at 9 beliefs and s at three switching rates by belief-space transcription,
           replanning (both to
           1e-6) and dynamic programming on a grid (θ, p) (to 1e-8, its scheme being exact for
           quadratic V). The cost of dynamic programming is that of the exact filter: at most the
           one of the best linear filter (closed form), which is at most the one of carrying out the
           plan without looking (transcription's). Simulated with the exact filter, it is met within
           4 standard errors plus the grid's own error estimate, both fixed in advance; 4000
           episodes to t = 30, where e^{-γt} = 1e-4, extrapolated from Δt = 0.04 and 0.02 on the
           same random numbers.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..planning.beliefs import solve
from ..planning.beliefs.expected_cost import Uncertainty
from ..planning.beliefs.lqg_cost import expected_cost
from ..reference import relaxation_rate
from ..simulation import simulate

CURVATURE, DISCOUNT, NOISE, START = 2.0, 0.3, 0.8, 0.5
MINIMA, DEPTHS = np.array([-1.0, 2.0]), np.array([0.0, 0.5])
FORTH, BACK = 0.3, 0.6  # a, b
SCALES = np.array([0.2, 1.0, 5.0])  # of both switching rates
BELIEFS = np.linspace(0.05, 0.95, 9)
EPISODES, STANDARD_ERRORS, SPAN = 4000, 4.0, 30.0
METHODS = ("dynamic programming", "transcription", "replanning")
TOLERANCES = {"dynamic programming": 1e-8, "transcription": 1e-6, "replanning": 1e-6}


def problem() -> lc.ControlProblem:
    """Full information: task 2 is known to be on for good (the command 'solve' plans without
    beliefs).
    """
    return hidden_problem().known([MINIMA[1], DEPTHS[1]])


def hidden_problem(scale=1.0) -> lc.ControlProblem:
    """The chain, from its stationary law."""
    forth, back = scale * FORTH, scale * BACK
    chain = lc.TaskChain(
        rates=[[-forth, forth], [back, -back]], tasks=np.column_stack([MINIMA, DEPTHS])
    )
    landscape = lc.Landscape.from_expression(
        lambda theta, task: 0.5 * CURVATURE * (theta[0] - task[0]) ** 2 + task[1],
        dimension=1,
        hidden=chain,
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=NOISE)),
        start=[START],
        objective=lc.Objective(horizon=math.inf, discount=DISCOUNT),
    )


RELAXATION = relaxation_rate(CURVATURE, DISCOUNT, 1.0, 1.0)


def factor(rate):
    """s = (r+γ)/(r+γ+a+b) for a + b = rate."""
    return (RELAXATION + DISCOUNT) / (RELAXATION + DISCOUNT + rate)


def control(theta, probability, rate=FORTH + BACK):
    """u = -r[θ - μ₀ - s(m-μ₀)]."""
    centre = (BACK * MINIMA[0] + FORTH * MINIMA[1]) / (FORTH + BACK)
    believed = MINIMA[0] + probability * (MINIMA[1] - MINIMA[0])
    return -RELAXATION * (theta - centre - factor(rate) * (believed - centre))


def methods(scale):
    """A solution by each method, in the order of METHODS."""
    options = {"dynamic programming": {"points": 51}}
    return [solve(hidden_problem(scale), method=name, **options.get(name, {})) for name in METHODS]


def controls(solution, beliefs):
    """u(START, p) at every p in beliefs."""
    chances = np.column_stack([1 - beliefs, beliefs])
    return np.array([solution.policy([START], chance)[0] for chance in chances])


def measured_factor(solution) -> float:
    """s as the ratio of the slopes of u in m and in θ, minus."""
    even = np.array([0.5, 0.5])
    width, along = 0.2, (MINIMA[1] - MINIMA[0]) * 0.2
    up, down = (
        solution.policy([START], even + sign * width / 2 * np.array([-1, 1]))[0] for sign in (1, -1)
    )
    right, left = (solution.policy([START + sign * width / 2], even)[0] for sign in (1, -1))
    return -((up - down) / along) / ((right - left) / width)


def cost_checks(grid, plan):
    """Exact filter, best linear filter, no looking: each at most the next; and the first against
    simulation.
    """
    linear = solve(hidden_problem(), method="lqg")
    bound = expected_cost(
        linear.linear, Uncertainty(linear.linear), linear.state_policy, hidden_problem()
    )
    yield Check(
        quantity="cost with the exact filter, by Kolmogorov's equation and by dynamic programming",
        theory=grid.cost,
        computed=linear.cost,
        relation="equal",
        tolerance=grid.grid.error,
    )
    yield Check(
        quantity="cost with the exact filter, at most that of the best linear filter",
        theory=bound,
        computed=linear.cost,
        relation="at most",
        tolerance=0,
    )
    yield Check(
        quantity="cost with the best linear filter, at most that of not looking",
        theory=plan.cost,
        computed=bound,
        relation="at most",
        tolerance=0,
    )
    fine, coarse = (
        simulate(
            hidden_problem(),
            linear,
            episodes=EPISODES,
            seed=7,
            step=step,
            draws_per_step=draws,
            horizon=SPAN,
        )
        for step, draws in ((0.02, 1), (0.04, 2))
    )
    costs = 2 * fine.costs - coarse.costs
    error = costs.std(ddof=1) / math.sqrt(EPISODES)
    tolerance = STANDARD_ERRORS * error + grid.grid.error + fine.remainder
    yield Check(
        quantity="cost in simulation with the exact filter, theory: dynamic programming",
        theory=grid.cost,
        computed=costs.mean(),
        relation="equal",
        tolerance=tolerance,
    )


def evaluate() -> Evidence:
    """Three methods at three switching rates, against the formula and against one another's
    costs.
    """
    solved = {scale: methods(scale) for scale in SCALES}
    grid, plan, _ = solved[1.0]
    found = np.array([controls(one, BELIEFS) for one in solved[1.0]])
    factors = np.array(
        [[measured_factor(solved[scale][i]) for scale in SCALES] for i in range(len(METHODS))]
    )
    rates = SCALES * (FORTH + BACK)
    checks = []
    for name, values, row in zip(METHODS, found, factors, strict=True):
        gap = np.abs(values - control(START, BELIEFS)).max()
        checks.append(
            Check(
                quantity=f"{name}: largest error of u over beliefs",
                theory=0,
                computed=gap,
                relation="equal",
                tolerance=TOLERANCES[name],
            )
        )
        checks += [
            Check(
                quantity=f"{name}: s at a + b = {rate:g}",
                theory=factor(rate),
                computed=value,
                relation="equal",
                tolerance=TOLERANCES[name],
            )
            for rate, value in zip(rates, row, strict=True)
        ]
    return Evidence(checks=(*checks, *cost_checks(grid, plan)), data=picture(found, rates, factors))


def picture(found, rates, factors):
    """Data of the figure two_task_chain."""
    dense, wide = np.linspace(0, 1, 41), np.geomspace(rates[0] / 2, rates[-1] * 2, 60)
    return {
        "beliefs_theory": dense,
        "controls_theory": control(START, dense),
        "beliefs": BELIEFS,
        "methods": [name.replace(" ", "_") for name in METHODS],
        "controls": found,
        "controls_at_beliefs": control(START, BELIEFS),
        "rates_theory": wide,
        "factors_theory": factor(wide),
        "rates": rates,
        "factors": factors,
    }


CLAIM = Claim(
    name="two-task-chain",
    title="Two tasks with unequal minima: the factor of the chain",
    statement=(
        "u = -r[θ - μ₀ - s(m-μ₀)] with s = (r+γ)/(r+γ+a+b), a and b the switching rates, whatever"
        " the depths of the minima; a sharper filter lowers the cost and leaves the rule alone"
    ),
    source="Derived for this project; Wonham 1965, 1968",
    relations=("equal", "at most"),
    evaluate=evaluate,
    picture="two_task_chain",
)
