"""Exact LQG: covariances of the filter and expected costs against Riccati and moment equations and
simulation.
"""

import math

import numpy as np
import pytest
from lqg_problems import general, moment_cost, one_mode
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_lyapunov

import landscape_control as lc
from landscape_control.planning.beliefs.expected_cost import Uncertainty
from landscape_control.planning.beliefs.hidden_moments import riccati
from landscape_control.planning.beliefs.lqg import solve_lqg
from landscape_control.planning.beliefs.lqg_cost import expected_cost


def test_steady_covariance_and_gain_solve_the_scalar_riccati_equation():
    lam, h, sigma, q = 0.4, 1.3, 0.8, 0.8
    solution = solve_lqg(one_mode())
    p = sigma**2 / h**2 * (math.sqrt(lam**2 + q * h**2 / sigma**2) - lam)
    np.testing.assert_allclose(solution.steady_covariance, [[p]], rtol=1e-12)
    # -κ: higher slope, lower μ
    np.testing.assert_allclose(solution.filter_gain, [[-p * h / sigma**2]], rtol=1e-12)


@pytest.mark.parametrize(
    "hidden",
    [
        lc.GaussianPrior([0.3], [2.0]),
        lc.RandomWalk([0.3], [1.0], [0.5]),
        lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0], [0.0], [3.0]),
    ],
)
def test_covariance_follows_its_riccati_equation(hidden):
    solution = solve_lqg(one_mode(hidden=hidden))
    times = np.linspace(0.0, 6.0, 7)

    def rate(_, p):
        return -2 * hidden.reversion[0, 0] * p + hidden.diffusion[0, 0] - (1.3 * p / 0.8) ** 2

    exact = solve_ivp(
        rate, (0, 6), [hidden.prior_covariance[0, 0]], rtol=1e-11, atol=1e-13, t_eval=times
    ).y[0]
    np.testing.assert_allclose(solution.covariance(times)[:, 0, 0], exact, rtol=1e-9)


def test_a_constant_minimum_is_learned_like_one_over_t():
    solution = solve_lqg(one_mode(hidden=lc.GaussianPrior([0.3], [2.0])))
    times = np.array([0.0, 1.0, 1e3, 1e6])
    np.testing.assert_allclose(
        solution.covariance(times)[:, 0, 0], 2.0 / (1 + 2.0 * 1.3**2 / 0.64 * times), rtol=1e-9
    )
    np.testing.assert_array_equal(solution.steady_covariance, [[0.0]])


def test_cost_in_the_steady_filter_is_the_discounted_lyapunov_cost():
    steady = solve_lqg(one_mode()).steady_covariance
    problem = one_mode(hidden=lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0], [-0.2], steady))
    solution = solve_lqg(problem)
    h, gamma, lam, (r, kappa) = 1.3, 0.5, 0.4, (solution.gain[0, 0], -solution.filter_gain[0, 0])
    rs = -solution.belief_gain[0, 0]
    # (θ, φ, m) about the centre
    drift = np.array([[-r, 0, rs], [0, -lam, 0], [-0, kappa * h, -lam - kappa * h]])
    noise = np.diag([0.0, 2 * lam, (kappa * 0.8) ** 2])
    mean = np.array([1.0 - 0.3, -0.5, -0.5])
    start = np.outer(mean, mean) + np.diag([0.0, steady[0, 0], 0.0])
    # ∫ e^{-γt} E xxᵀ dt
    second = solve_continuous_lyapunov(drift - gamma / 2 * np.eye(3), -(start + noise / gamma))
    control, error = np.array([-r, 0, rs]), np.array([1.0, -1.0, 0])
    assert solution.cost == pytest.approx(
        0.5 * control @ second @ control + 0.5 * h * error @ second @ error, rel=1e-11
    )


@pytest.mark.parametrize(
    "hidden",
    [
        lc.OrnsteinUhlenbeck(
            [0.0, 0.1, 0.2], 0.6, [1.0, 2.0, 0.5], [0.0, 0.0, 0.0], [0.0, 3.0, 0.1]
        ),
        lc.GaussianPrior([0.0, 0.0, 0.0], [1.0, 2.0, 0.0]),
        lc.RandomWalk([0.0, 0.0, 0.0], [1.0, 0.0, 0.3], [0.2, 0.5, 1e-6]),
    ],
)
def test_covariance_in_several_dimensions_is_that_of_the_doubling_algorithm(hidden):
    problem = general(hidden=hidden)
    solution = solve_lqg(problem)
    model = solution.linear
    information = model.sight[1].T @ np.linalg.solve(model.noise, model.sight[1])
    times = np.array([0.0, 0.03, 1.0, 40.0])
    expected = riccati(
        model.hidden.reversion, model.hidden.diffusion, information, model.hidden.covariance, times
    )
    np.testing.assert_allclose(solution.covariance(times), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("terminal", [None, "loss"])
def test_cost_at_finite_horizon_is_that_of_the_moment_equations(terminal):
    problem = general(horizon=2.5, terminal=terminal)
    solution = solve_lqg(problem)
    assert solution.cost == pytest.approx(moment_cost(problem, solution), rel=1e-7)


def test_cost_at_infinite_horizon_is_that_of_the_moment_equations():
    problem = general()
    solution = solve_lqg(problem)
    assert solution.cost == pytest.approx(moment_cost(problem, solution, until=35.0), rel=1e-7)


@pytest.mark.parametrize(
    "hidden",
    [
        lc.JumpProcess(
            rate=0.6, mean=[0.3], covariance=[1.0], start_mean=[2.0], start_covariance=[0.2]
        ),
        lc.TaskChain(rates=[[-0.2, 0.2], [0.7, -0.7]], tasks=[-1.0, 1.5], probabilities=[0.1, 0.9]),
    ],
)
def test_cost_with_the_best_linear_filter_holds_for_laws_that_start_away_from_rest(hidden):
    problem = one_mode(hidden=hidden, horizon=3.0)
    solution = solve_lqg(problem)
    linear = expected_cost(
        solution.linear, Uncertainty(solution.linear), solution.state_policy, problem
    )
    assert linear == pytest.approx(moment_cost(problem, solution), rel=1e-7)


def test_a_covariance_that_is_integrated_begins_with_the_prior():
    hidden = lc.JumpProcess(
        rate=0.6, mean=[0.3], covariance=[1.0], start_mean=[2.0], start_covariance=[0.2]
    )
    solution = solve_lqg(one_mode(hidden=hidden, horizon=3.0))
    np.testing.assert_array_equal(solution.covariance([0.0]), [[[0.2]]])
    np.testing.assert_allclose(solution.covariance([0.0, 1e-9])[1], 0.2, rtol=1e-6)


def test_any_other_weight_on_the_belief_costs_more_and_the_excess_is_quadratic():
    problem = one_mode(horizon=3.0)
    solution = solve_lqg(problem)
    excess = [moment_cost(problem, solution, scale=1 + e) - solution.cost for e in (0.1, -0.1, 0.2)]
    assert min(excess) > 0
    assert excess[0] == pytest.approx(excess[1], rel=1e-5)
    assert excess[2] / excess[0] == pytest.approx(4.0, rel=1e-5)


def simulated(problem, solution, path, *, step, steps, rng, episodes):
    """Costs (E,) of the policy with the linear filter, Euler-Maruyama, ``path`` (E, N+1) the hidden
    variable.
    """
    h, sigma, gamma = 1.3, 0.8, problem.objective.discount
    centre, rate = solution.linear.hidden.centre[0], 0.4
    theta, mean = (
        np.full(episodes, problem.start[0]),
        np.full(episodes, problem.landscape.hidden.prior_mean[0]),
    )
    covariances = solution.covariance(step * np.arange(steps))[:, 0, 0]
    cost = np.zeros(episodes)
    for k in range(steps):
        gain, belief_gain, offset = solution.gains((k + 0.5) * step)
        u = offset[0] - gain[0, 0] * theta - belief_gain[0, 0] * mean
        gradient = h * (theta - path[:, k])
        cost += step * math.exp(-gamma * (k + 0.5) * step) * (0.5 * u**2 + 0.5 * gradient**2 / h)
        seen = gradient * step + sigma * math.sqrt(step) * rng.standard_normal(episodes)
        mean = (
            mean
            - rate * (mean - centre) * step
            - covariances[k] * h / sigma**2 * (seen - h * (theta - mean) * step)
        )
        theta = theta + step * u
    return cost


@pytest.mark.parametrize("kind", ["diffusion", "jumps"])
def test_expected_cost_is_the_mean_of_simulated_costs(kind):
    hidden = (
        lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0])
        if kind == "diffusion"
        else lc.JumpProcess(rate=0.4, mean=[0.3], covariance=[1.0])
    )
    problem = one_mode(hidden=hidden, horizon=2.0)
    solution, rng, step, episodes = solve_lqg(problem), np.random.default_rng(3), 0.005, 4000
    path = hidden.sample(rng, episodes, step * np.arange(401))[:, :, 0]
    costs = simulated(problem, solution, path, step=step, steps=400, rng=rng, episodes=episodes)
    assert abs(costs.mean() - solution.cost) < 4 * costs.std() / math.sqrt(episodes)
    # tight enough to mean something
    assert costs.std() / math.sqrt(episodes) < 0.03 * solution.cost


def test_exact_gradients_leave_a_known_moving_target():
    """The tracking problem with φ itself in the place of its estimate, by the moments of (θ, φ)."""
    problem = one_mode(horizon=2.0)
    seen = problem.changed(learner=lc.Learner(sees=lc.ExactGradient()))
    exact, noisy = (
        solve_lqg(seen),
        [
            solve_lqg(problem.changed(learner=lc.Learner(sees=lc.NoisyGradient(noise=s)))).cost
            for s in (1e-1, 1e-2, 1e-3)
        ],
    )
    excess = np.array(noisy) - exact.cost
    assert (excess > 0).all()
    # P = σ√q/h at small noise
    np.testing.assert_allclose(np.log10(excess[:-1] / excess[1:]), 1.0, atol=0.05)
    assert exact.filter_gain is None


def test_costs_of_constant_minima_seen_exactly_are_averages_over_the_prior():
    problem = one_mode(hidden=lc.GaussianPrior([0.3], [2.0]), discount=0.0)
    solution = solve_lqg(problem.changed(learner=lc.Learner(sees=lc.ExactGradient())))
    assert solution.cost == pytest.approx(0.5 * math.sqrt(1.3) * (0.7**2 + 2.0), rel=1e-10)
