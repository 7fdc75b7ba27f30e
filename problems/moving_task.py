"""A task that keeps moving: the learner aims short of what it believes, pulled back to where tasks
are on average.

Problem    L = ½h(θ-μ)² with μ hidden, h = 2, η = k = 1, σ = 0.8, T = ∞. Either dμ = -λ(μ-μ₀)dt +
           √(2λ) dW
           (Ornstein-Uhlenbeck), or μ jumps at Poisson rate λ to a fresh draw from N(μ₀, 1). μ₀ =
           0.2.
Formula    u = -r[θ - μ₀ - s(m-μ₀)], r = √(γ²/4 + ηkh) - γ/2, s = (r+γ)/(r+γ+λ), the same for both;
           1 - s → λ/(r+γ) for
           λ → 0 and → λ/γ for γ → ∞.
Source     Certainty equivalence for martingale innovations (Bensoussan 1992, ch. 2); derived for
           this project.
Relation   equal: s of the augmented Riccati equation on 3 x 7 (γ, λ), for both tasks, to 1e-8; s as
           the ratio of slopes of
           the policy that dynamic programming finds on a grid (θ, m) of the first, on 3 x 3 of
           them, to 1e-6. Limits: log-log slopes +1 in λ and -1 in γ within 0.01, over a range whose
           own next order is 0.004; the ratios to λ/(r+γ) and λ/γ there within 1 %. Second moments,
           which know no optimal control: the cost of the policy is a parabola in s, as s changes
           neither noise nor belief, and both θ and u are affine in it. Its vertex by Lyapunov's
           equation in continuous time is s to 1e-10 on 3 x 7 (γ, λ); at steps Δt, which hold u, the
           vertex of the exact cost nears s at first order (slope 1 within 0.05) and extrapolates to
           it within 1e-4, from Δt = 0.04, 0.02, 0.01 (all fixed in advance; parabolas are taken
           about s + 0.1).

The belief of the jumping task is not Gaussian. The best linear filter feeds the policy, for which the
same s is optimal because first and second moments of the two tasks agree: any linear rule costs the
same on both, to 1e-10, from where tasks are on average. (Started with less variance than that, jumps
differ: their variance returns at rate λ, that of Ornstein-Uhlenbeck at 2λ.) The exact filter would
make it cheaper yet.
"""

import numpy as np
from scipy.linalg import solve_continuous_lyapunov

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..planning.beliefs import solve
from ..reference import relaxation_rate, shrink_factor
from ..simulation import exact_cost
from ._noisy_bowl import NOISE, START, noisy_bowl
from ._settled_filter import continuous_variance, extrapolated, held_cost, linear_rule

CURVATURE, CENTRE = 2.0, 0.2
DISCOUNTS, RATES = np.array([0.1, 1.0, 10.0]), np.geomspace(0.03, 30.0, 7)
SLOW, SHORT_SIGHTED = np.geomspace(1e-5, 1e-2, 4), np.geomspace(1e2, 1e5, 4)
LIMIT_DISCOUNT, LIMIT_RATE = 0.3, 0.4  # of the limits λ → 0 and γ → ∞
WIDTH, AWAY, STEPS = 0.3, 0.1, np.array([0.04, 0.02, 0.01])
SIMULATED = (1.0, 0.8)  # (γ, λ) of the steps


def problem() -> lc.ControlProblem:
    """Full information: the task is known to be at rest (the command 'solve' plans without
    beliefs).
    """
    return hidden_problem("jumps", *SIMULATED).known([1.0])


def hidden_problem(kind, discount, rate) -> lc.ControlProblem:
    """A moving task, first believed where tasks are on average."""
    if kind == "jumps":
        hidden = lc.JumpProcess(rate=rate, mean=[CENTRE], covariance=[1.0])
    else:
        hidden = lc.OrnsteinUhlenbeck(mean=[CENTRE], rate=rate, covariance=[1.0])
    return noisy_bowl(hidden, discount=discount, curvature=CURVATURE)


KINDS = ("Ornstein-Uhlenbeck", "jumps")


def theory(discount, rate):
    """s = (r+γ)/(r+γ+λ)."""
    return shrink_factor(
        rate=relaxation_rate(CURVATURE, discount, 1.0, 1.0), discount=discount, reversion=rate
    )


def computed(kind, discount, rate) -> float:
    """s of the policy: minus the response to the belief over the response to the weight."""
    solution = solve(hidden_problem(kind, discount, rate))
    return -float(solution.belief_gain[0, 0] / solution.gain[0, 0])


def factor_checks(factors):
    """The map of s, and dynamic programming at one point of it."""
    exact = np.array([[theory(discount, rate) for rate in RATES] for discount in DISCOUNTS])
    for kind, found in zip(KINDS, factors, strict=True):
        yield Check(
            quantity=f"{kind}: largest error of s over γ and λ",
            theory=0,
            computed=np.abs(found - exact).max(),
            relation="equal",
            tolerance=1e-8,
            reference="closed form",
            bound="before",
        )
    gap = max(
        abs(_by_dynamic_programming(discount, rate) - theory(discount, rate))
        for discount in DISCOUNTS
        for rate in RATES[::3]
    )
    yield Check(
        quantity="s by dynamic programming: largest error over 9 (γ, λ)",
        theory=0,
        computed=gap,
        relation="equal",
        tolerance=1e-6,
        reference="closed form",
        bound="before",
    )


def _by_dynamic_programming(discount, rate):
    """s of the policy found on a grid (θ, m), Ornstein-Uhlenbeck."""
    grid = solve(hidden_problem(KINDS[0], discount, rate), method="dynamic programming", points=21)
    u = grid.policy(np.array([[0.0], [0.5], [0.0]]), np.array([[0.0], [0.0], [0.5]]))[:, 0]
    return (u[2] - u[0]) / (u[0] - u[1])


def limit_checks(kind, slow, short):
    """Rates of 1 - s, and its size at the end of each range."""
    rate = relaxation_rate(CURVATURE, LIMIT_DISCOUNT, 1.0, 1.0)
    ends = (
        ("λ → 0", SLOW, slow, 1, 0, SLOW[0] / (rate + LIMIT_DISCOUNT)),
        ("γ → ∞", SHORT_SIGHTED, short, -1, -1, LIMIT_RATE / SHORT_SIGHTED[-1]),
    )
    for name, x, gaps, slope, last, size in ends:
        yield Check(
            quantity=f"{kind}: order of 1 - s for {name}",
            theory=slope,
            computed=fitted_slope(x, gaps),
            relation="limit",
            tolerance=0.01,
            reference="closed form",
            bound="before",
        )
        yield Check(
            quantity=f"{kind}: (1 - s) over its prediction for {name}",
            theory=1,
            computed=gaps[last] / size,
            relation="equal",
            tolerance=0.01,
            reference="closed form",
            bound="before",
        )


def vertex(cost, s: float) -> float:
    """Where a parabola in the factor is least, from three of its points, about s."""
    low, middle, high = (cost(s + shift) for shift in (-WIDTH, 0.0, WIDTH))
    return s - WIDTH * (high - low) / (2 * (high + low - 2 * middle))


def moment_cost(s: float, discount: float, rate: float) -> float:
    """J of the policy with the factor s, by Lyapunov's equation for (θ - μ₀, m - μ₀)."""
    relaxation, sharpness = relaxation_rate(CURVATURE, discount, 1.0, 1.0), (CURVATURE / NOISE) ** 2
    variance = continuous_variance(rate)
    control, apart = np.array([[-relaxation, relaxation * s]]), np.array([[1.0, -1.0]])
    flow = np.vstack([control, [0.0, -rate]]) - discount / 2 * np.eye(2)
    weight = (control.T @ control + CURVATURE * apart.T @ apart) / 2
    square = solve_continuous_lyapunov(flow.T, -weight)
    start = np.array([START - CENTRE, 0.0])
    innovations = square[1, 1] * sharpness * variance**2
    return start @ square @ start + (CURVATURE * variance / 2 + innovations) / discount


def moment_vertex(discount: float, rate: float) -> float:
    """The best s by Lyapunov's equation."""
    return vertex(lambda s: moment_cost(s, discount, rate), theory(discount, rate) + AWAY)


def held_vertex(step: float) -> float:
    """The best s where u is held over steps and the filter has settled, by exact second moments."""
    return vertex(lambda s: held_cost(step, *SIMULATED, s), theory(*SIMULATED) + AWAY)


def pull(discount: float, rate: float) -> float:
    """λ/(r+γ+λ) = 1 - s, written out here: what s = 1 would be off by."""
    relaxation = relaxation_rate(CURVATURE, discount, 1.0, 1.0)
    return rate / (relaxation + discount + rate)


def moment_checks():
    """The best s by second moments, and that these are the same for both tasks."""
    gaps = [
        moment_vertex(discount, rate) - theory(discount, rate)
        for discount in DISCOUNTS
        for rate in RATES
    ]
    yield Check(
        quantity="best s by Lyapunov's equation: largest error over γ and λ",
        theory=0,
        computed=np.abs(gaps).max(),
        relation="equal",
        tolerance=1e-10,
        reference="closed form",
        bound="before",
    )
    exact = theory(*SIMULATED)
    found = np.array([held_vertex(step) for step in STEPS])
    yield Check(
        quantity="order in Δt of the best s where u is held",
        theory=1,
        computed=fitted_slope(STEPS, np.abs(found - exact)),
        relation="limit",
        tolerance=0.05,
        reference="closed form",
        bound="before",
    )
    yield Check(
        quantity="best s where u is held, extrapolated to Δt = 0",
        theory=exact,
        computed=extrapolated(STEPS, found),
        relation="equal",
        tolerance=1e-4,
        effect=pull(*SIMULATED),
        reference="closed form",
        bound="before",
    )
    rules = [linear_rule(STEPS[0], *SIMULATED, s) for s in (exact - WIDTH, exact, exact + WIDTH)]
    costs = np.array(
        [
            [
                exact_cost(hidden_problem(kind, *SIMULATED), rule, step=STEPS[0]).cost
                for rule in rules
            ]
            for kind in KINDS
        ]
    )
    yield Check(
        quantity="cost of linear rules on jumps against Ornstein-Uhlenbeck: largest difference",
        theory=0,
        computed=np.abs(costs[1] / costs[0] - 1).max(),
        relation="equal",
        tolerance=1e-10,
        reference="closed form",
        bound="before",
    )


def evaluate() -> Evidence:
    """Factors over (γ, λ), their limits, and the best factor by second moments."""
    factors = [
        np.array([[computed(kind, discount, rate) for rate in RATES] for discount in DISCOUNTS])
        for kind in KINDS
    ]
    slow = [np.array([1 - computed(kind, LIMIT_DISCOUNT, rate) for rate in SLOW]) for kind in KINDS]
    short = [
        np.array([1 - computed(kind, discount, LIMIT_RATE) for discount in SHORT_SIGHTED])
        for kind in KINDS
    ]
    checks = [*factor_checks(factors)]
    for kind, slow_gaps, short_gaps in zip(KINDS, slow, short, strict=True):
        checks += limit_checks(kind, slow_gaps, short_gaps)
    checks += moment_checks()
    return Evidence(checks=checks, data=picture(factors, slow, short))


def picture(factors, slow, short):
    """Data of the figure moving_task."""
    dense = np.geomspace(RATES[0], RATES[-1], 60)
    return {
        "discounts": DISCOUNTS,
        "rates": RATES,
        "factors_ornstein_uhlenbeck": factors[0],
        "factors_jumps": factors[1],
        "rates_theory": dense,
        "factors_theory": np.array([theory(discount, dense) for discount in DISCOUNTS]),
        "small_rates": SLOW,
        "small_rate_gaps": np.array(slow),
        "small_rate_predictions": (
            SLOW / (relaxation_rate(CURVATURE, LIMIT_DISCOUNT, 1.0, 1.0) + LIMIT_DISCOUNT)
        ),
        "large_discounts": SHORT_SIGHTED,
        "large_discount_gaps": np.array(short),
        "large_discount_predictions": LIMIT_RATE / SHORT_SIGHTED,
    }


CLAIM = Claim(
    name="moving-task",
    theme="changing tasks",
    title="A moving task: aim short of what you believe",
    statement=(
        "u = -r[θ - μ₀ - s(m-μ₀)] with s = (r+γ)/(r+γ+λ), the same for Ornstein-Uhlenbeck and"
        " jumping tasks; 1 - s → λ/(r+γ) for λ → 0 and λ/γ for γ → ∞"
    ),
    source="Certainty equivalence (Bensoussan 1992, ch. 2); derived for this project",
    relations=("equal", "limit"),
    evaluate=evaluate,
    picture="moving_task",
)
