"""Exact best coefficients and the exact optimum: the discrete LQG rule, worked out in scalars."""

import math

import numpy as np
import pytest
from learner_problems import ETA, GAMMA, MOVING, MU, H, bowl, steady_variance

import landscape_control as lc
from landscape_control.simulation import (
    SGD,
    Adam,
    HeavyBall,
    PolicyLearner,
    WeightDecay,
    best_coefficients,
    exact_best_coefficients,
    exact_cost,
    exact_optimum,
)
from landscape_control.simulation.exact_search import _Search
from landscape_control.simulation.linear_loop import LinearLoop, time_grid
from landscape_control.support.errors import ProblemError, SolveError

BALL = HeavyBall(learning_rate=0.1, momentum=0.5)
DECAYED = WeightDecay(learner=BALL, decay=0.3, centre=(MU,))


def settled(step, *, noise, diffusion, rate):
    """(problem that starts where its filter has settled, (β, α, w) of its discrete LQG rule).

    Scalars throughout: with x = θ - μ₀ and posterior means n = m - μ₀, u_k = -g x_k + f n_k, and the
    belief is eliminated as in test_simulation_momentum.
    """
    a = math.exp(-rate * step)
    gained = diffusion * step if rate == 0 else diffusion * (1 - a * a) / (2 * rate)
    spread = noise**2 / step
    p = 1.0
    for _ in range(100_000):
        before, p = p, a * a * p * spread / (H * H * p + spread) + gained
        if abs(p - before) < 1e-16 * p:
            break
    gain = p * H / (H * H * p + spread)
    g, f = regulator(step, a)
    keep = (1 - gain * H) * a
    momentum, learning_rate = keep * (1 - g * step), f * gain
    decay = (g * (1 - keep) - f * gain * H) / learning_rate
    if rate == 0:
        hidden = lc.RandomWalk([MU], [[p]], [[diffusion]])
    else:
        hidden = lc.OrnsteinUhlenbeck([MU], rate, [diffusion / (2 * rate)], start_covariance=[[p]])
    return bowl(hidden, noise=noise, horizon=math.inf), (momentum, learning_rate, decay)


def regulator(step, a):
    """(g, f) of u = -gx + fz by value iteration on V = ½v₁x² - v₂xz: x' = x + Δu, z' = az + noise."""
    fade = math.exp(-GAMMA * step)
    whole = (1 - fade) / GAMMA
    right = (whole / step - fade) / GAMMA
    node, price = whole - right + right / fade, whole / ETA
    one = two = 0.0
    for _ in range(200_000):
        inner = price + fade * step**2 * one
        g, f = fade * step * one / inner, fade * step * a * two / inner
        before = one, two
        one, two = (
            node * H + fade * one * (1 - step * g),
            node * H + fade * a * two * (1 - step * g),
        )
        if abs(one - before[0]) + abs(two - before[1]) < 1e-16 * one:
            break
    return g, f


CASES = [
    {"noise": 0.8, "diffusion": 0.8, "rate": 0.4},
    {"noise": 0.2, "diffusion": 0.8, "rate": 0.4},
    {"noise": 2.0, "diffusion": 0.1, "rate": 1.5},
]


@pytest.mark.parametrize("numbers", CASES)
@pytest.mark.parametrize("step", [0.2, 0.02])
def test_the_best_momentum_and_decay_are_those_of_the_discrete_lqg_rule(numbers, step):
    problem, (momentum, rate, decay) = settled(step, **numbers)
    wide = {"decay": (1e-4, 1e4), "learner.learning_rate": (1e-6, 1e2)}
    found = exact_best_coefficients(problem, DECAYED, step=step, bounds=wide)
    assert found.converged
    assert found.coefficients == pytest.approx(
        {"learner.momentum": momentum, "learner.learning_rate": rate, "decay": decay}, rel=1e-6
    )
    optimum = exact_optimum(problem, step=step)
    assert found.cost == pytest.approx(optimum, rel=1e-11)


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_for_a_minimum_that_does_not_revert_heavy_ball_without_decay_is_the_optimum(noise):
    problem, (momentum, rate, decay) = settled(0.1, noise=noise, diffusion=0.8, rate=0.0)
    assert decay == pytest.approx(0, abs=1e-12)
    found = exact_best_coefficients(problem, BALL, step=0.1)
    assert found.coefficients == pytest.approx(
        {"momentum": momentum, "learning_rate": rate}, rel=1e-6
    )
    assert found.cost == pytest.approx(exact_optimum(problem, step=0.1), rel=1e-11)


def test_without_noise_the_optimum_is_sgd():
    """K h → 1: momentum (1 - Kh)a(1 - gΔ) vanishes as the noise does, as σ²."""
    gaps = []
    for noise in (0.02, 0.01):
        problem, (momentum, _, _) = settled(0.1, noise=noise, diffusion=0.8, rate=0.0)
        found = exact_best_coefficients(problem, SGD(learning_rate=0.1), step=0.1)
        gaps.append(found.cost / exact_optimum(problem, step=0.1) - 1)
        assert gaps[-1] > 0
        assert momentum < 0.1
    assert gaps[1] < gaps[0] < 0.05


def test_the_best_step_to_a_known_minimum_is_the_discrete_regulator():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[H]], minimum=[0.0]),
        start=[1.0],
        learner=lc.Learner(sees=lc.ExactGradient()),
        objective=lc.Objective(horizon=math.inf, discount=GAMMA, learning_rate=ETA),
    )
    gain, _ = regulator(0.1, 1.0)
    found = exact_best_coefficients(problem, SGD(learning_rate=0.1), step=0.1)
    assert found.coefficients["learning_rate"] == pytest.approx(gain / H, rel=1e-8)
    assert found.cost == pytest.approx(exact_optimum(problem, step=0.1), rel=1e-12)


HIDDEN = {
    "constant": lc.GaussianPrior([MU], [[0.6]]),
    "reverting": lc.OrnsteinUhlenbeck([MU], 0.4, [1.0]),
    "walking": lc.RandomWalk([0.0], [[0.2]], [[0.5]]),
    "jumping": lc.JumpProcess(0.7, [0.2], [[1.0]], start_mean=[-1.0], start_covariance=[[0.1]]),
    "switching": lc.TaskChain([[-0.5, 0.5], [1.0, -1.0]], [-1.0, 1.0], [1.0, 0.0]),
}


@pytest.mark.parametrize("horizon", [2.0, math.inf])
@pytest.mark.parametrize("name", HIDDEN)
def test_no_linear_rule_costs_less_than_the_optimum(name, horizon):
    problem = bowl(HIDDEN[name], horizon=horizon, start=-0.5)
    optimum = exact_optimum(problem, step=0.1)
    family = lc.policies.Nesterov(constant=True)
    policy = lc.Policy(
        family=family, coefficients={"learning_rate": 0.02, "momentum": 0.5}, horizon=1
    )
    learners = (SGD(learning_rate=0.1), BALL, DECAYED, PolicyLearner(policy=policy, step=0.1))
    costs = [exact_best_coefficients(problem, one, step=0.1, starts=2).cost for one in learners]
    assert min(costs) > optimum * (1 - 1e-10)
    assert costs[1] <= costs[0] * (1 + 1e-9)
    assert costs[2] <= costs[1] * (1 + 1e-3)  # a decay of 1e-4 at least


@pytest.mark.parametrize("name", ["constant", "reverting", "walking"])
@pytest.mark.parametrize("horizon", [2.0, math.inf])
def test_the_optimum_tends_to_the_cost_of_exact_lqg_at_first_order(name, horizon):
    problem = bowl(HIDDEN[name], horizon=horizon, start=-0.5)
    continuous = lc.solve(problem).cost
    gaps = [exact_optimum(problem, step=step) - continuous for step in (0.08, 0.04, 0.02, 0.01)]
    # gap = c₁Δt + c₂Δt² + …: without the first term what is left falls by 4 each time
    rest = 2 * np.array(gaps[1:]) - np.array(gaps[:-1])
    assert rest[:-1] / rest[1:] == pytest.approx([4, 4], rel=0.1)
    assert abs(gaps[-1]) < 0.01 * continuous


def test_sampled_observations_may_cost_less_than_continuous_ones():
    """A learner that sees y before it moves knows more at once: to compare like with like the
    optimum needs the same step.
    """
    problem = MOVING.changed(horizon=math.inf)
    assert exact_optimum(problem, step=0.05) < lc.solve(problem).cost
    tuned = exact_best_coefficients(problem, DECAYED, step=0.05)
    assert tuned.cost < lc.solve(problem).cost


def test_an_optimum_by_brute_force_over_linear_rules_of_few_observations():
    """Two steps: u₀ = a + by₀ and u₁ = c + dθ₁ + ey₀ + fy₁, the cost a quadratic in what they are."""
    problem = bowl(HIDDEN["reverting"], horizon=0.8, start=-0.5)
    step, n = 0.4, 3
    fade = math.exp(-GAMMA * step)
    whole = (1 - fade) / GAMMA
    right = (whole / step - fade) / GAMMA
    a = math.exp(-0.4 * step)
    # independent unit variables: φ₀ - μ, ξ₀, ξ₁, the two kicks of φ, and 1
    unit = np.eye(6)
    gained = math.sqrt(1 - a * a)
    phi = [unit[0] + MU * unit[5]]
    for k in (3, 4):
        phi.append(a * (phi[-1] - MU * unit[5]) + MU * unit[5] + gained * unit[k])
    noise = 0.8 / math.sqrt(step)
    weights = [whole - right, (whole - right) * fade + right, right * fade]

    def cost(rule):
        theta, total = [-0.5 * unit[5]], 0.0
        seen = []
        for k in range(2):
            seen.append(H * (theta[k] - phi[k]) + noise * unit[1 + k])
            given = [unit[5], *seen] if k == 0 else [unit[5], theta[1], *seen]
            u = sum(c * one for c, one in zip(rule[:2] if k == 0 else rule[2:], given, strict=True))
            total += whole * fade**k / (2 * ETA) * (u @ u)
            theta.append(theta[k] + step * u)
        return total + sum(
            w * H / 2 * ((t - z) @ (t - z)) for w, t, z in zip(weights, theta, phi, strict=True)
        )

    from scipy.optimize import minimize

    best = min(
        minimize(cost, start, method="BFGS", options={"gtol": 1e-10}).fun
        for start in np.random.default_rng(0).normal(size=(n, 6))
    )
    assert exact_optimum(problem, step=step) == pytest.approx(best, rel=1e-8)


@pytest.mark.parametrize("horizon", [2.0, math.inf])
def test_slopes_are_those_of_the_cost(horizon):
    problem = bowl(HIDDEN["switching"], horizon=horizon)
    loop = LinearLoop(problem, time_grid(problem, 0.05, None, None))
    search = _Search(loop, DECAYED, list(DECAYED.coefficients), {})
    points = np.array([[0.5, 0.3, 0.2], [0.3, 0.4, 0.6]])
    costs, slopes = search.slopes(points)
    nudges = 1e-5 * np.eye(3)
    for point, cost, slope in zip(points, costs, slopes, strict=True):
        assert search.cost(point) == pytest.approx(cost, rel=1e-14)
        ends = (search.costs(point + nudges) - search.costs(point - nudges)) / 2e-5
        assert slope == pytest.approx(ends, rel=1e-6, abs=1e-8 * cost)


def test_best_coefficients_are_exact_where_they_can_be_and_say_so():
    settings = {"step": 0.05, "episodes": 4000, "held_out_episodes": 4000}
    exact = best_coefficients(MOVING, BALL, **settings)
    simulated = best_coefficients(
        MOVING, BALL, method="nelder-mead", starts=1, most_evaluations=60, **settings
    )
    assert (exact.method, simulated.method) == ("exact", "nelder-mead")
    assert exact.converged
    assert exact.training_cost == exact_cost(MOVING, exact.learner, step=0.05).cost
    assert abs(exact.cost - exact.training_cost) < 3 * exact.standard_error
    # the simulated search overfits its numbers: what it finds costs more, exactly
    assert exact_cost(MOVING, simulated.learner, step=0.05).cost >= exact.training_cost
    assert simulated.coefficients == pytest.approx(exact.coefficients, rel=0.2)
    adam = best_coefficients(MOVING, Adam(learning_rate=0.1), free=["learning_rate"], starts=1,
                             most_evaluations=5, episodes=5, held_out_episodes=5, step=0.1)  # fmt: skip
    assert adam.method == "nelder-mead"
    with pytest.raises(ProblemError, match="expected a linear rule"):
        best_coefficients(MOVING, Adam(learning_rate=0.1), method="exact")


def test_ends_of_the_ranges_and_what_is_free_are_respected():
    found = exact_best_coefficients(
        MOVING, DECAYED, free=["learner.learning_rate"], bounds={"learner.learning_rate": (1, 2)}
    )
    assert found.coefficients == {"learner.learning_rate": 1.0}
    assert found.at_bounds == ("learner.learning_rate",)
    assert found.slope[0] > 0
    assert found.learner.learner.momentum == BALL.momentum
    assert "at an end of its range" in found.summary()
    with pytest.raises(SolveError, match="no finite cost"):
        exact_best_coefficients(
            MOVING.changed(horizon=math.inf),
            SGD(learning_rate=90.0),
            step=0.1,
            bounds={"learning_rate": (80.0, 90.0)},
        )


def test_steady_variance_of_the_other_tests_is_the_one_used_here():
    problem, _ = settled(0.05, noise=0.8, diffusion=0.8, rate=0.4)
    assert problem.landscape.hidden.prior_covariance[0, 0] == pytest.approx(steady_variance(0.05))


def test_exact_gradients_of_a_moving_minimum_make_sgd_with_decay_the_optimum():
    """y = h(x - z) shows z = x - y/h, so that u = -gx + fz is -(g - f)x - (f/h)y."""
    problem = bowl(lc.OrnsteinUhlenbeck([MU], 0.4, [1.0]), horizon=math.inf).changed(
        learner=lc.Learner(sees=lc.ExactGradient())
    )
    g, f = regulator(0.1, math.exp(-0.04))
    decayed = WeightDecay(learner=SGD(learning_rate=0.1), decay=0.1, centre=(MU,))
    found = exact_best_coefficients(problem, decayed, step=0.1)
    assert found.coefficients == pytest.approx(
        {"learner.learning_rate": f / H, "decay": (g - f) * H / f}, rel=1e-6
    )
    assert found.cost == pytest.approx(exact_optimum(problem, step=0.1), rel=1e-11)
