"""Known curvature: the learner acts on what it believes as if it were true, and how sure it is
changes nothing.

Problem    L = ½h(θ-μ)², hidden minimum dμ = -λ(μ-μ₀)dt + √q dW with a wide prior, noisy gradients
           dY = h(θ-μ)dt + σ dV;
           h = 2, λ = 0.4, q = 0.8, μ₀ = 0.2, γ = 0.3, η = k = 1; T = ∞ and T = 4.
Formula    u(θ, m, P) = the control of the learner that sees μ, with m in its place, whatever σ and
           P (no dual effect);
           gain on θ: r = √(γ²/4 + ηkh) - γ/2. Variance: Ṗ = -2λP + q - h²P²/σ² on every path,
           E(m-μ)² = P.
Source     Wonham 1968; Kalman & Bucy 1961; Bensoussan 1992, ch. 2.
Relation   equal. Full information is the collocation solver's answer with μ as a second, visible,
           uncontrolled state.
           T = ∞: held against dynamic programming of the stochastic problem on a grid (θ, m); T =
           4: against belief-space transcription, where P is a state. Both to 1e-5, the solvers
           being asked for 1e-6 and 1e-8 of the cost. P along the plan against the closed form of
           the Riccati equation to 1e-5; the filter at step Δt approaches it at first
           order: slope 1 within 0.05. E(m-μ)² and the cost in 4000 simulated episodes within 4
           standard errors, fixed in
           advance, and extrapolated from Δt = 0.02 and 0.01 on the same random numbers, since
           holding u costs O(Δt).
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..model.belief import belief_model
from ..planning.beliefs import solve
from ..reference import relaxation_rate
from ..simulation import simulate

CURVATURE, DISCOUNT, REVERSION, CENTRE, VARIANCE, NOISE = 2.0, 0.3, 0.4, 0.2, 1.0, 0.8
DRIFT = 2 * REVERSION * VARIANCE  # q
HORIZON, START, NOISES, STANDARD_ERRORS, EPISODES = 4.0, 1.0, (0.4, 0.8, 3.2), 4.0, 4000
PLACES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])  # (θ, m)


def problem() -> lc.ControlProblem:
    """Full information: the problem in which μ is known to be 0.5 (the command 'solve' plans
    without beliefs).
    """
    return hidden_problem(math.inf).known([0.5])


def noisy_bowl(
    hidden, *, curvature=CURVATURE, discount=DISCOUNT, horizon=math.inf, noise=NOISE, start=START
):
    """One weight, hidden minimum, noisy gradients."""
    landscape = lc.Landscape.from_expression(
        lambda theta, mu: 0.5 * curvature * (theta[0] - mu[0]) ** 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=[start],
        objective=lc.Objective(horizon=horizon, discount=discount),
    )


def hidden_problem(horizon, noise=NOISE) -> lc.ControlProblem:
    """The moving minimum, first believed at -0.5 with variance 2."""
    hidden = lc.OrnsteinUhlenbeck(
        mean=[CENTRE],
        rate=REVERSION,
        variance=[VARIANCE],
        start_mean=[-0.5],
        start_covariance=[[2.0]],
    )
    return noisy_bowl(hidden, horizon=horizon, noise=noise)


def full_information(horizon) -> np.ndarray:
    """Controls at PLACES of the learner that sees μ.

    It is a second state, which moves by itself.
    """
    landscape = lc.Landscape.from_expression(
        lambda z: 0.5 * CURVATURE * (z[0] - z[1]) ** 2, dimension=2
    )
    drift = lc.linear_drift(np.diag([0.0, -REVERSION]), np.array([0.0, REVERSION * CENTRE]))
    solver = lc.Solver(
        lc.ControlProblem(
            landscape=landscape,
            learner=lc.Learner(drift=drift, actuation=np.array([[1.0], [0.0]])),
            start=[1.0, -0.5],
            objective=lc.Objective(horizon=horizon, discount=DISCOUNT),
        )
    )
    return np.array([solver.solve(start=place).controls[0, 0] for place in PLACES])


def riccati(times, start, noise=NOISE):
    """P(t) of Ṗ = -2λP + q - h²P²/σ², by its two rest points."""
    sharpness = CURVATURE**2 / noise**2
    root = math.sqrt(REVERSION**2 + sharpness * DRIFT)
    high, low = (-REVERSION + root) / sharpness, (-REVERSION - root) / sharpness
    left = (start - high) / (start - low) * np.exp(-2 * root * np.asarray(times))
    return (high - low * left) / (1 - left)


def policy_checks():
    """Grid at T = ∞ and transcription at T = 4 against full information, over noise and over the
    belief's variance.
    """
    endless, brief = full_information(math.inf), full_information(HORIZON)
    gain = relaxation_rate(CURVATURE, DISCOUNT, 1.0, 1.0)
    yield _equal("T = ∞: full-information gain on θ is r", gain, endless[0] - endless[1])
    for noise in NOISES:
        grid = solve(hidden_problem(math.inf, noise), method="dynamic programming", points=51)
        theta, mean = PLACES[:, :1], PLACES[:, 1:]
        yield _equal(
            f"T = ∞: gain on θ by dynamic programming, σ = {noise:g}",
            gain,
            _gain(grid.policy(theta, mean)[:, 0]),
        )
        gap = np.abs(grid.policy(theta, mean)[:, 0] - endless).max()
        yield _equal(
            f"T = ∞: u of dynamic programming - u with full information, σ = {noise:g}", 0, gap
        )
        plan = solve(hidden_problem(HORIZON, noise), method="transcription", tolerance=1e-8)
        gap = max(
            np.abs(plan.policy(theta, (mean, np.full((3, 1, 1), variance)))[:, 0] - brief).max()
            for variance in (0.1, 2.0)
        )
        yield _equal(
            f"T = 4: u of transcription - u with full information, σ = {noise:g}, P = 0.1 and 2",
            0,
            gap,
        )
        gap = np.abs(plan.covariances[:, 0, 0] - riccati(plan.times, 2.0, noise)).max()
        yield _equal(f"T = 4: variance along the plan - Riccati equation, σ = {noise:g}", 0, gap)


def _gain(controls):
    return controls[0] - controls[1]


def _equal(quantity, theory, computed):
    return Check(
        quantity=quantity, theory=theory, computed=computed, relation="equal", tolerance=1e-5
    )


def filter_check():
    """The discrete filter's variance at t = 1 approaches the Riccati equation's at first order in
    Δt.
    """
    model, steps = belief_model(hidden_problem(HORIZON)), np.array([50, 100, 200, 400])
    gaps = []
    for count in steps:
        belief = model.initial(1)
        for _ in range(count):
            belief = model.predict(
                model.update(belief, np.zeros((1, 1)), np.zeros((1, 1)), 1 / count), 1 / count
            )
        gaps.append(abs(float(np.ravel(belief.covariance)[0]) - riccati(1.0, 2.0)))
    return Check(
        quantity="variance of the filter at step Δt: order in Δt",
        theory=1,
        computed=fitted_slope(1 / steps, gaps),
        relation="limit",
        tolerance=0.05,
    )


def simulation_checks():
    """E(m-μ)² against P, cost against theory; and one episode to draw."""
    posed = hidden_problem(HORIZON)
    exact = solve(posed)
    fine, coarse = (
        simulate(
            posed,
            exact,
            episodes=EPISODES,
            seed=3,
            step=step,
            draws_per_step=draws,
            keep_paths=True,
        )
        for step, draws in ((0.01, 1), (0.02, 2))
    )
    checks = []
    for time in (0.5, 1.0, 3.0):
        seen, rest = (_squares(rollout, time) for rollout in (fine, coarse))
        checks.append(
            _mean(
                f"E(m-μ)² at t = {time:g} in simulation, theory P",
                riccati(time, 2.0),
                2 * seen - rest,
            )
        )
    checks.append(
        _mean("T = 4: cost in simulation, theory E[J]", exact.cost, 2 * fine.costs - coarse.costs)
    )
    return checks, picture(posed, exact, fine.paths)


def _squares(rollout, time):
    """(m-μ)² of every episode just before the observation at a time; a belief on the path has seen
    that observation too.
    """
    k = round(time / rollout.step) - 1
    paths = rollout.paths
    decay, variance = math.exp(-REVERSION * rollout.step), VARIANCE
    return (paths.belief_means[:, k, 0] - paths.hidden[:, k, 0]) ** 2 * decay**2 + variance * (
        1 - decay**2
    )


def _mean(quantity, theory, samples):
    """The mean of the samples, within STANDARD_ERRORS of its own."""
    error = samples.std(ddof=1) / math.sqrt(len(samples))
    return Check(
        quantity=quantity,
        theory=theory,
        computed=samples.mean(),
        relation="equal",
        tolerance=STANDARD_ERRORS * error,
    )


def picture(posed, exact, paths):
    """One episode, with the learner that sees μ on the same hidden path."""
    seeing = simulate(
        posed, exact, episodes=EPISODES, seed=3, step=0.01, keep_paths=2, beliefs="truth"
    ).paths
    pick, episode = slice(0, 400), 1
    looks = slice(0, 400, 4)
    alone = paths.parameters[episode, looks, 0] - paths.observations[episode, looks, 0] / CURVATURE
    times = paths.times[pick]
    return {
        "times": times,
        "hidden": paths.hidden[episode, pick, 0],
        "mean": paths.belief_means[episode, pick, 0],
        "variance": paths.belief_variances[episode, pick, 0],
        "variance_theory": riccati(times, 2.0),
        "estimates": alone,
        "estimate_times": paths.times[looks],
        "rules": ["belief_optimal", "full_information"],
        "weights": np.array([path.parameters[episode, pick, 0] for path in (paths, seeing)]),
        "title": "a hidden minimum, tracked through noisy gradients",
    }


def evaluate() -> Evidence:
    """Policies against full information, variances against the Riccati equation, both against
    simulation.
    """
    checks, data = simulation_checks()
    return Evidence(checks=(*policy_checks(), filter_check(), *checks), data=data)


CLAIM = Claim(
    name="certainty-equivalence",
    title="Known curvature: act on the belief's mean as if it were the truth",
    statement=(
        "u(θ, m, P) is the full-information control with m in place of μ, whatever the noise and P;"
        " Ṗ = -2λP + q - h²P²/σ² on every path, and E(m-μ)² = P"
    ),
    source="Wonham 1968; Kalman & Bucy 1961; Bensoussan 1992, ch. 2",
    relations=("equal", "limit"),
    evaluate=evaluate,
    picture="belief_tracking",
)
