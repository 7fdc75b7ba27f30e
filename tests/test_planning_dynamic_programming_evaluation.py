"""evaluate_policy and certainty_equivalence: the cost of given policies against moment equations."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_lyapunov

import landscape_control as lc
from landscape_control.stochastic import certainty_equivalence, evaluate_policy, solve_grid

GAMMA, RATE, NOISE, VARIANCE, CENTRE, START = 0.5, 0.4, 0.8, 1.0, 0.3, 1.0


def problem_of(loss, hidden, **objective):
    landscape = lc.Landscape.from_expression(loss, dimension=1, hidden=hidden)
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(NOISE)),
        objective=lc.Objective(**{"horizon": math.inf, "discount": GAMMA, **objective}),
        start=[START],
    )


def steady():
    """P of 0 = -2λP + 2λv - P²/σ²."""
    information = 1 / NOISE**2
    return (-RATE + math.sqrt(RATE**2 + 2 * RATE * VARIANCE * information)) / information


def moving_minimum(**objective):
    """A bowl of curvature 1 about an Ornstein-Uhlenbeck minimum, believed with the steady variance."""
    hidden = lc.OrnsteinUhlenbeck(
        mean=[CENTRE], rate=RATE, covariance=[VARIANCE], start_covariance=[[steady()]]
    )
    return problem_of(lambda x, h: (x[0] - h[0]) ** 2 / 2, hidden, **objective)


def two_tasks(curvatures=(0.3, 3.0)):
    tasks = np.column_stack([curvatures, [1.0, -1.0]])
    hidden = lc.TaskChain(rates=((-0.1, 0.1), (0.1, -0.1)), tasks=tasks)
    return problem_of(lambda x, h: h[0] * (x[0] - h[1]) ** 2 / 2, hidden)


def linear(gain, pull):
    """u = -gain(θ - μ₀) + pull(m - μ₀)."""
    return lambda theta, belief, time: -gain * (theta - CENTRE) + pull * (belief.mean - CENTRE)


def test_a_linear_policy_costs_what_its_second_moments_cost():
    """(A - γ/2)ᵀY + Y(A - γ/2) + W = 0 on (θ, m), besides what is uncertain and what innovations add."""
    gain, pull = 0.9, 0.4
    cost = evaluate_policy(moving_minimum(), linear(gain, pull), points=(21, 21)).cost
    flow = np.array([[-gain, pull], [0.0, -RATE]]) - GAMMA / 2 * np.eye(2)
    control, error = np.array([[-gain, pull]]), np.array([[1.0, -1.0]])
    weight = (control.T @ control + error.T @ error) / 2
    square = solve_continuous_lyapunov(flow.T, -weight)
    x = np.array([START - CENTRE, 0.0])
    innovations = square[1, 1] * (steady() / NOISE) ** 2
    expected = x @ square @ x + (steady() / 2 + innovations) / GAMMA
    assert cost == pytest.approx(expected, rel=1e-9)


def test_a_policy_with_a_clock_costs_what_its_moment_equations_cost_over_a_finite_horizon():
    horizon, spread = 2.0, (steady() / NOISE) ** 2
    problem = moving_minimum(horizon=horizon)

    def policy(theta, belief, time):
        return -(1 + time) * (theta - belief.mean)

    found = evaluate_policy(problem, policy, points=(21, 21), steps=160)

    def slope(t, moments):
        """Of E(θ-m)², E(θ-m)(m-μ₀), E(m-μ₀)² and the cost so far."""
        square, mixed, mean, _ = moments
        gain = 1 + t
        loss = (square + steady()) / 2 + gain**2 * square / 2
        return [
            -2 * gain * square + 2 * RATE * mixed + spread,
            -(gain + RATE) * mixed + RATE * mean - spread,
            -2 * RATE * mean + spread,
            math.exp(-GAMMA * t) * loss,
        ]

    away = START - CENTRE
    exact = solve_ivp(slope, (0, horizon), [away**2, 0, 0, 0], rtol=1e-10, atol=1e-12).y[-1, -1]
    assert found.cost == pytest.approx(exact, rel=2e-4)
    assert abs(found.cost - exact) < found.error


def test_the_optimal_policy_costs_its_own_value():
    grid = solve_grid(two_tasks(), points=41)
    again = evaluate_policy(two_tasks(), grid.policy, grid)
    assert np.abs(again.value - grid.value).max() < 1e-5
    alone = evaluate_policy(two_tasks(), grid.policy, points=41, box=grid.box)
    np.testing.assert_allclose(alone.value, again.value, atol=1e-12)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            lambda theta, belief, time: np.zeros((3, 1)),
            r"shape \(E, m\) = .* received shape \(3, 1\)",
        ),
        (lambda theta, belief, time: "left", r"policy\(θ \(E, n\), belief, time\)"),
        (lambda theta, belief, time: -theta * (1 + 0j), "complex numbers"),
        (lambda theta, belief: -theta, "expected a rule that runs; received TypeError"),
        (lambda theta, belief, time: np.log(theta), "finite controls"),
        (lambda theta, belief, time: -theta * (1 + time), "does not depend on the time"),
    ],
)
def test_policies_that_are_none_are_refused(policy, words):
    with np.errstate(invalid="ignore"), pytest.raises(lc.ProblemError, match=words):
        evaluate_policy(moving_minimum(), policy, points=(21, 21))


def test_a_policy_that_writes_into_what_it_is_given_leaves_the_grid_alone():
    def written(theta, belief, time):
        theta *= -0.9
        return theta

    plain = evaluate_policy(two_tasks(), lambda theta, belief, time: -0.9 * theta, points=21)
    again = evaluate_policy(two_tasks(), written, plain)
    np.testing.assert_array_equal(again.value, plain.value)


def test_a_grid_is_given_once_and_is_one_of_this_problem():
    grid = solve_grid(two_tasks(), points=21, accuracy=1.0)
    with pytest.raises(lc.ProblemError, match="like together with points, order"):
        evaluate_policy(two_tasks(), grid.policy, grid, points=21, order=1)
    with pytest.raises(lc.ProblemError, match=r"coordinates \(θ, m\) .* received one with .*p₁"):
        evaluate_policy(moving_minimum(), grid.policy, grid)
    with pytest.raises(lc.ProblemError, match="T = 2; received one with .* T = inf"):
        evaluate_policy(two_tasks().changed(horizon=2.0), grid.policy, grid)


def test_the_excess_of_certainty_equivalence_is_what_its_controls_are_off_by():
    """J_ce - J* = E ∫ e^{-γt}(u_ce - u*)²/2 dt along the learner's own paths."""
    problem = two_tasks()
    found = certainty_equivalence(problem, points=(31, 121), box=[(-1.6, 1.6), (0.0, 1.0)])

    rollout = lc.simulate(
        problem, found.plan.policy, episodes=400, seed=1, step=0.05, horizon=20.0, keep_paths=400
    )
    paths = rollout.paths
    total = np.zeros(400)
    for k, time in enumerate(paths.times[:-1]):
        chance = (paths.belief_means[:, k, :1] - 3.0) / (0.3 - 3.0)
        belief = np.hstack([chance, 1 - chance])
        best = found.optimum.policy(paths.parameters[:, k], belief)
        gap = found.plan.policy(paths.parameters[:, k], belief) - best
        total += math.exp(-GAMMA * time) * gap[:, 0] ** 2 / 2 * 0.05
    error = total.std(ddof=1) / 20
    assert error < found.excess / 20
    assert total.mean() == pytest.approx(found.excess, abs=4 * error + found.error)


def test_the_error_of_the_excess_covers_a_finer_grid_and_shrinks():
    box = [(-1.6, 1.6), (0.0, 1.0)]
    coarse, fine, best = (
        certainty_equivalence(two_tasks(), points=points, box=box)
        for points in ((21, 61), (31, 121), (41, 241))
    )
    assert abs(coarse.excess - best.excess) < coarse.error
    assert abs(fine.excess - best.excess) < fine.error
    assert best.error < fine.error < coarse.error
    assert best.regret == pytest.approx(best.excess / best.optimum.cost)
    assert best.value_of_information > 0


def test_tasks_of_one_curvature_leave_nothing_to_probe_for():
    found = certainty_equivalence(two_tasks(curvatures=(1.0, 1.0)), points=41)
    assert abs(found.excess) < 1e-8


def test_certainty_equivalence_wants_all_of_the_belief():
    with pytest.raises(lc.ProblemError, match="covariance='coordinate'"):
        certainty_equivalence(moving_minimum(), points=(21, 21))
