"""Exact LQG: gains, shrink factors, covariances and expected costs against formulas, moment
equations and simulation.
"""

import math
import pickle

import casadi as ca
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm, solve_continuous_lyapunov

import landscape_control as lc
from landscape_control.planning.expected_cost import Uncertainty
from landscape_control.planning.hidden_moments import riccati
from landscape_control.planning.linear_model import NotLinearQuadratic
from landscape_control.planning.lqg import solve_lqg
from landscape_control.planning.lqg_cost import expected_cost


def one_mode(*, rate=0.4, noise=0.8, discount=0.5, horizon=math.inf, hidden=None):
    hidden = hidden or lc.OrnsteinUhlenbeck(mean=[0.3], rate=rate, variance=[1.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.65 * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=[1.0],
        objective=lc.Objective(horizon=horizon, discount=discount),
    )


def relaxation(curvature, discount):
    return math.sqrt(discount**2 / 4 + curvature) - discount / 2


def general(*, horizon=math.inf, discount=0.7, hidden=None, terminal=None):
    """Two parameters, three hidden variables, everything the linear-quadratic class allows."""
    rng = np.random.default_rng(5)
    square, cross = rng.normal(size=(2, 2)), rng.normal(size=(2, 3))
    hessian, own = square @ square.T + 0.5 * np.eye(2), rng.normal(size=(3, 3))
    spread = rng.normal(size=(3, 3))
    hidden = hidden or lc.OrnsteinUhlenbeck(
        mean=[0.2, -0.5, 0.1], rate=0.6, variance=spread @ spread.T / 3
    )

    def loss(theta, phi):
        return (
            ca.bilin(hessian, theta, theta) / 2
            + ca.bilin(cross, theta, phi)
            + ca.bilin(own @ own.T, phi, phi) / 2
            + 0.3 * theta[0]
            - 0.2 * phi[1]
            + 0.7
        )

    sees = lc.Observe(
        lambda theta, phi: ca.vertcat(theta[0] + phi[0] - 2 * phi[2], phi[1] + 0.4, phi[0]),
        noise=[0.5, 0.9, 1.2],
    )
    learner = lc.Learner(
        sees=sees,
        metric=[[2.0, 0.3], [0.3, 1.0]],
        actuation=[[1.0, 0.4], [0.0, 1.5]],
        drift=lc.linear_drift([[-0.2, 0.5], [-0.5, 0.1]], [0.3, -0.1]),
    )
    objective = lc.Objective(
        horizon=horizon,
        discount=discount,
        learning_rate=0.8,
        loss_weight=1.4,
        terminal=terminal,
        terminal_weight=1.0 if terminal is None else 0.6,
    )
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(loss, dimension=2, hidden=hidden),
        learner=learner,
        objective=objective,
        start=[0.8, -0.4],
    )


def moment_cost(problem, solution, *, scale=1.0, until=None):
    """E[J] by integrating the first two moments of (θ, z, m) in closed loop: no Riccati value
    function enters.

    ``scale`` multiplies the gain on the belief, to see what another policy costs.
    """
    model, objective, moments = solution.linear, problem.objective, solution.linear.hidden
    (matrix, offset), own_z = model.drift, model.sight[1]
    n, d = model.cross.shape
    end = objective.horizon if until is None else until
    quadratic, linear, constant = model.own
    joint = np.block([[model.hessian, model.cross], [model.cross.T, quadratic]])
    slope = np.append(model.slope, linear)
    root = np.linalg.inv(model.noise)
    info = own_z.T @ root @ own_z

    def loss(mean, second):
        part = second[: n + d, : n + d]
        return 0.5 * np.sum(joint * part) + slope @ mean[: n + d] + constant

    def rates(time, state):
        size = n + 2 * d
        mean, second = state[:size], state[size : size + size**2].reshape(size, size)
        covariance = state[size + size**2 : -1].reshape(d, d)
        gain, belief_gain, push = solution.gains(time)
        belief_gain = scale * belief_gain
        kalman = covariance @ own_z.T @ root
        closed, zero = model.actuation, np.zeros((d, d))
        drift = np.block(
            [
                [matrix - closed @ gain, np.zeros((n, d)), -closed @ belief_gain],
                [np.zeros((d, n)), -moments.reversion, zero],
                [np.zeros((d, n)), kalman @ own_z, -moments.reversion - kalman @ own_z],
            ]
        )
        shift = np.concatenate([offset + closed @ push, moments.push, moments.push])
        hidden_mean = mean[n : n + d]
        hidden_noise = moments.spread(
            hidden_mean, second[n : n + d, n : n + d] - np.outer(hidden_mean, hidden_mean)
        )
        noise = np.zeros((size, size))
        noise[n : n + d, n : n + d] = hidden_noise
        noise[n + d :, n + d :] = covariance @ info @ covariance
        moved = drift @ second + np.outer(shift, mean)
        effort_law = np.hstack([-gain, np.zeros((len(gain), d)), -belief_gain])
        pushed = np.outer(effort_law @ mean, push)
        control_second = (
            effort_law @ second @ effort_law.T + pushed + pushed.T + np.outer(push, push)
        )
        effort = np.sum(model.metric * control_second) / (2 * objective.learning_rate)
        running = effort + objective.loss_weight * loss(mean, second)
        reverting = moments.reversion @ covariance
        riccati = hidden_noise - reverting - reverting.T - covariance @ info @ covariance
        return np.concatenate(
            [
                drift @ mean + shift,
                np.ravel(moved + moved.T + noise),
                np.ravel(riccati),
                [math.exp(-objective.discount * time) * running],
            ]
        )

    mean = np.concatenate([problem.start, moments.mean, moments.mean])
    second = np.outer(mean, mean)
    second[n : n + d, n : n + d] += moments.covariance
    start = np.concatenate([mean, second.ravel(), moments.covariance.ravel(), [0.0]])
    last = solve_ivp(rates, (0.0, end), start, "LSODA", rtol=1e-9, atol=1e-11).y[:, -1]
    cost = last[-1]
    if objective.terminal == "loss":
        size = n + 2 * d
        cost += (
            math.exp(-objective.discount * end)
            * objective.terminal_weight
            * loss(last[:size], last[size : size + size**2].reshape(size, size))
        )
    return cost


# ------------------------------------------------------------------------------------------------
# gains and shrink factor


@pytest.mark.parametrize("discount", [0.05, 0.5, 4.0])
@pytest.mark.parametrize("rate", [0.02, 0.4, 3.0])
@pytest.mark.parametrize("kind", [lc.OrnsteinUhlenbeck, lc.JumpProcess])
def test_moving_task_shrinks_the_aim_by_r_plus_gamma_over_r_plus_gamma_plus_lambda(
    kind, rate, discount
):
    width = "variance" if kind is lc.OrnsteinUhlenbeck else "covariance"
    solution = solve_lqg(
        one_mode(hidden=kind(mean=[0.3], rate=rate, **{width: [1.0]}), discount=discount)
    )
    r = relaxation(1.3, discount)
    s = (r + discount) / (r + discount + rate)
    np.testing.assert_allclose(solution.gain, [[r]], rtol=1e-12)
    np.testing.assert_allclose(solution.shrink, [[s]], rtol=1e-11)
    np.testing.assert_allclose(solution.belief_gain, [[-r * s]], rtol=1e-11)
    np.testing.assert_allclose(
        solution.policy([1.0], [0.2]), [-r * (1.0 - 0.3 - s * (0.2 - 0.3))], rtol=1e-11
    )


def test_jumps_and_mean_reversion_with_the_same_moments_give_the_same_rule_and_the_same_cost():
    slow = solve_lqg(one_mode())
    jumps = solve_lqg(one_mode(hidden=lc.JumpProcess(rate=0.4, mean=[0.3], covariance=[1.0])))
    np.testing.assert_allclose(jumps.belief_gain, slow.belief_gain, rtol=1e-12)
    assert jumps.cost == pytest.approx(slow.cost, rel=1e-12)
    assert "best linear filter" in jumps.assumes
    assert "Kalman-Bucy" in slow.assumes


def test_shrink_factor_tends_to_one_with_the_declared_rates():
    slow = np.array([1 - solve_lqg(one_mode(rate=rate)).shrink[0, 0] for rate in (1e-3, 1e-4)])
    assert np.log10(slow[0] / slow[1]) == pytest.approx(1, abs=1e-3)  # 1 - s = λ/(r + γ) + O(λ²)
    assert slow[1] == pytest.approx(1e-4 / (relaxation(1.3, 0.5) + 0.5), rel=1e-3)
    myopic = np.array(
        [1 - solve_lqg(one_mode(discount=gamma)).shrink[0, 0] for gamma in (1e2, 1e3)]
    )
    assert np.log10(myopic[0] / myopic[1]) == pytest.approx(1, abs=5e-3)  # 1 - s = λ/γ + O(γ⁻²)
    assert myopic[1] == pytest.approx(0.4 / 1e3, rel=1e-3)


@pytest.mark.parametrize(
    "hidden", [lc.GaussianPrior([0.3], [1.0]), lc.RandomWalk([0.3], [1.0], [0.5])]
)
def test_without_reversion_the_rule_is_the_full_information_rule_at_the_mean(hidden):
    problem = one_mode(hidden=hidden)
    solution, known = solve_lqg(problem), lc.solve(problem.known([0.7]))
    np.testing.assert_allclose(solution.shrink, [[1.0]], rtol=1e-11)
    np.testing.assert_allclose(solution.policy(problem.start, [0.7]), known.controls[0], rtol=1e-6)


def test_several_modes_shrink_each_by_its_own_factor():
    hessian = np.array([[2.0, 0.6], [0.6, 0.5]])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: ca.bilin(hessian, theta - phi, theta - phi) / 2,
        dimension=2,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.1, -0.2], rate=0.7, variance=[1.0, 2.0]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.5)),
        start=[1.0, 1.0],
        objective=lc.Objective(horizon=math.inf, discount=0.3),
    )
    solution = solve_lqg(problem)
    relax = lc.reference.relaxation_matrix(np.eye(2), hessian, discount=0.3)
    eye = np.eye(2)
    np.testing.assert_allclose(
        solution.shrink, np.linalg.solve(relax + 1.0 * eye, relax + 0.3 * eye), rtol=1e-10
    )
    belief = np.array([0.4, 0.9])
    aim = solution.linear.hidden.centre + solution.shrink @ (
        solution.minimum(belief) - solution.linear.hidden.centre
    )
    np.testing.assert_allclose(
        solution.policy(problem.start, belief), -relax @ (problem.start - aim), rtol=1e-10
    )


# -----------------------------------------------------------------------------------------------
# two tasks, unequal minima


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.3), (0.1, 0.9)])
def test_two_tasks_with_unequal_minima_shrink_towards_the_stationary_mean(a, b):
    chain = lc.TaskChain(rates=[[-a, a], [b, -b]], tasks=[-1.0, 2.0])
    problem, discount = one_mode(hidden=chain), 0.5
    solution = solve_lqg(problem)
    r = relaxation(1.3, discount)
    s = (r + discount) / (r + discount + a + b)
    np.testing.assert_allclose(solution.shrink, [[s]], rtol=1e-10)
    stationary = (b * -1.0 + a * 2.0) / (a + b)
    for p in (0.0, 0.35, 1.0):
        mean = p * -1.0 + (1 - p) * 2.0
        expected = -r * (0.4 - stationary - s * (mean - stationary))
        np.testing.assert_allclose(solution.policy([0.4], [p, 1 - p]), [expected], rtol=1e-10)
        np.testing.assert_allclose(solution.minimum([p, 1 - p]), [mean], rtol=1e-10, atol=1e-12)
    reduced = lc.reference.LinearQuadratic(  # the same with m as a state that reverts at a + b
        hessian=1.3 * np.array([[1.0, -1.0], [-1.0, 1.0]]),
        minimum=[stationary, stationary],
        discount=discount,
        drift_matrix=[[0, 0], [0, -(a + b)]],
        drift_offset=[0, (a + b) * stationary],
        actuation=[[1.0], [0.0]],
    ).infinite()
    np.testing.assert_allclose(
        solution.policy([0.4], [0.35, 0.65]),
        reduced.control([0.4, 0.35 * -1 + 0.65 * 2]),
        rtol=1e-9,
    )


def test_three_tasks_need_one_gain_per_probability():
    rates = np.array([[-0.5, 0.4, 0.1], [0.2, -0.3, 0.1], [0.3, 0.6, -0.9]])
    chain = lc.TaskChain(rates=rates, tasks=[-1.0, 0.5, 2.0], probabilities=[0.2, 0.5, 0.3])
    problem = one_mode(hidden=chain)
    solution = solve_lqg(problem)
    r, belief = relaxation(1.3, 0.5), np.array([0.1, 0.7, 0.2])
    # u = -rθ + η k h ∫ e^{-(γ + r)t} E[μ(t) | belief] dt: the believed minima to come, discounted
    drive = belief @ np.linalg.solve((r + 0.5) * np.eye(3) - rates, chain.tasks[:, 0])
    np.testing.assert_allclose(solution.policy([0.4], belief), [-r * 0.4 + 1.3 * drive], rtol=1e-9)


# --------------------------------------------------------------------------------------------------------
# covariance, filter


def test_steady_covariance_and_gain_solve_the_scalar_riccati_equation():
    lam, h, sigma, q = 0.4, 1.3, 0.8, 0.8
    solution = solve_lqg(one_mode())
    p = sigma**2 / h**2 * (math.sqrt(lam**2 + q * h**2 / sigma**2) - lam)
    np.testing.assert_allclose(solution.steady_covariance, [[p]], rtol=1e-12)
    np.testing.assert_allclose(
        solution.filter_gain, [[-p * h / sigma**2]], rtol=1e-12
    )  # -κ: higher slope, lower μ


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


# -------------------------------------------------------------------------------------------------------------
# expected cost


def test_cost_in_the_steady_filter_is_the_discounted_lyapunov_cost():
    steady = solve_lqg(one_mode()).steady_covariance
    problem = one_mode(hidden=lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0], [-0.2], steady))
    solution = solve_lqg(problem)
    h, gamma, lam, (r, kappa) = 1.3, 0.5, 0.4, (solution.gain[0, 0], -solution.filter_gain[0, 0])
    rs = -solution.belief_gain[0, 0]
    drift = np.array(
        [[-r, 0, rs], [0, -lam, 0], [-0, kappa * h, -lam - kappa * h]]
    )  # (θ, φ, m) about the centre
    noise = np.diag([0.0, 2 * lam, (kappa * 0.8) ** 2])
    mean = np.array([1.0 - 0.3, -0.5, -0.5])
    start = np.outer(mean, mean) + np.diag([0.0, steady[0, 0], 0.0])
    second = solve_continuous_lyapunov(
        drift - gamma / 2 * np.eye(3), -(start + noise / gamma)
    )  # ∫ e^{-γt} E xxᵀ dt
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
    assert (
        costs.std() / math.sqrt(episodes) < 0.03 * solution.cost
    )  # tight enough to mean something


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
    np.testing.assert_allclose(
        np.log10(excess[:-1] / excess[1:]), 1.0, atol=0.05
    )  # P = σ√q/h at small noise
    assert exact.filter_gain is None


def test_costs_of_constant_minima_seen_exactly_are_averages_over_the_prior():
    problem = one_mode(hidden=lc.GaussianPrior([0.3], [2.0]), discount=0.0)
    solution = solve_lqg(problem.changed(learner=lc.Learner(sees=lc.ExactGradient())))
    assert solution.cost == pytest.approx(0.5 * math.sqrt(1.3) * (0.7**2 + 2.0), rel=1e-10)


# -------------------------------------------------------------------------------------------- other
# horizons and invariances


def test_finite_horizon_gain_is_the_closed_form_and_the_shrink_factor_goes_with_the_time_left():
    problem = one_mode(horizon=2.0)
    solution = solve_lqg(problem)
    for time in (0.0, 0.7, 1.9):
        gain, belief_gain, _ = solution.gains(time)
        np.testing.assert_allclose(
            gain[0, 0], lc.reference.finite_horizon_gain(1.3, 2.0 - time, discount=0.5), rtol=1e-10
        )
        assert 0 < -belief_gain[0, 0] / gain[0, 0] < 1
    np.testing.assert_allclose(solution.gains(2.0)[0], 0.0, atol=1e-12)
    nearly_over = solution.gains(2.0 - 1e-4)
    assert -nearly_over[1][0, 0] / nearly_over[0][0, 0] == pytest.approx(1.0, abs=1e-4)


def test_changing_the_coordinates_of_the_hidden_variables_changes_nothing():
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(3, 3))
    plain = general()
    hidden = plain.landscape.hidden
    moved_hidden = lc.OrnsteinUhlenbeck(
        mix @ hidden.mean, hidden.rate, mix @ hidden.variance @ mix.T
    )
    back = np.linalg.inv(mix)
    moved = plain.changed(
        landscape=lc.Landscape.from_expression(
            lambda theta, phi: plain.landscape.expression(theta, back @ phi),
            dimension=2,
            hidden=moved_hidden,
        ),
        learner=lc.Learner(
            sees=lc.Observe(
                lambda theta, phi: plain.learner.sees.function(theta, back @ phi),
                noise=[0.5, 0.9, 1.2],
            ),
            metric=plain.learner.metric,
            actuation=plain.learner.actuation,
            drift=plain.learner.drift,
        ),
    )
    one, other = solve_lqg(plain), solve_lqg(moved)
    assert other.cost == pytest.approx(one.cost, rel=1e-9)
    belief = rng.normal(size=3)
    np.testing.assert_allclose(
        other.policy([0.3, 0.1], mix @ belief), one.policy([0.3, 0.1], belief), rtol=1e-8
    )


def test_policy_takes_beliefs_in_every_form():
    solution = solve_lqg(one_mode())
    thetas, means = np.array([[1.0], [2.0]]), np.array([[0.1], [0.4]])
    both = solution.policy(thetas, means)
    assert both.shape == (2, 1)
    np.testing.assert_array_equal(solution.policy(thetas[1], means[1]), both[1])
    np.testing.assert_array_equal(solution.policy(thetas, (means, np.ones((2, 1, 1)))), both)
    np.testing.assert_array_equal(solution.policy(thetas, means[0])[0], both[0])


def test_a_solution_survives_a_pickle():
    chain = lc.TaskChain([[-1, 1], [1, -1]], [0.0, 1.0])
    for problem, belief in (
        (one_mode(), [0.4]),
        (one_mode(horizon=2.0), [0.4]),
        (one_mode(hidden=chain), [0.4, 0.6]),
    ):
        solution = solve_lqg(problem)
        expected = solution.policy([1.0], belief)
        copy = pickle.loads(pickle.dumps(solution))
        np.testing.assert_array_equal(copy.policy([1.0], belief), expected)
        assert copy.cost == solution.cost


# ---------------------------------------------------------------------------------------------------------------
# saying no


def test_what_nobody_observes_is_named_and_left_at_the_prior():
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * (theta[0] - phi[0] - phi[1]) ** 2,
        dimension=1,
        hidden=lc.GaussianPrior([0.5, 0.5], [1.0, 1.0]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=1.0)),
        start=[0.0],
        objective=lc.Objective(horizon=math.inf, discount=0.1),
    )
    solution = solve_lqg(problem)
    np.testing.assert_allclose(np.abs(solution.unobserved[:, 0]), np.sqrt([0.5, 0.5]), rtol=1e-12)
    assert "no observation feels" in solution.message
    np.testing.assert_allclose(solution.steady_covariance, [[0.5, -0.5], [-0.5, 0.5]], atol=1e-12)
    walk = lc.RandomWalk([0.5, 0.5], [1.0, 1.0], [1.0, 1.0])
    walking = problem.changed(
        landscape=lc.Landscape.from_expression(landscape.expression, dimension=1, hidden=walk)
    )
    assert solve_lqg(walking).steady_covariance is None
    assert "grows for ever" in solve_lqg(walking).message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"loss": lambda theta, phi: (theta[0] - phi[0]) ** 4},
            "second derivative that is not constant",
        ),
        (
            {"loss": lambda theta, phi: phi[0] * theta[0] ** 2},
            "second derivative that is not constant",
        ),
        ({"loss": lambda theta, phi: phi[0] * theta[0]}, "linear along"),
        ({"sees": lc.NoisyGradient(noise=lambda theta: 1 + theta[0] ** 2)}, "function of θ"),
        ({"sees": lc.NoisyLoss(noise=1.0)}, "slope is not constant"),
        ({"metric": lambda theta: 1 + theta[0] ** 2}, "constant metric"),
        ({"drift": lambda theta: -(theta**3)}, "not affine"),
        ({"terminal": lambda theta: theta[0] ** 4, "horizon": 1.0}, "second derivative"),
        ({"end": [0.0], "horizon": 1.0}, "free end"),
    ],
)
def test_what_is_not_linear_quadratic_is_refused_by_name(change, words):
    change = dict(change)
    loss = change.pop("loss", lambda theta, phi: (theta[0] - phi[0]) ** 2)
    objective = lc.Objective(
        horizon=change.pop("horizon", math.inf), discount=0.2, terminal=change.pop("terminal", None)
    )
    end = change.pop("end", None)
    learner = lc.Learner(**{"sees": lc.NoisyGradient(noise=1.0), **change})
    landscape = lc.Landscape.from_expression(
        loss, dimension=1, hidden=lc.GaussianPrior([0.5], [1.0])
    )
    problem = lc.ControlProblem(
        landscape=landscape, learner=learner, objective=objective, start=[1.0], end=end
    )
    with pytest.raises(NotLinearQuadratic, match="exact LQG") as refusal:
        solve_lqg(problem)
    assert words in str(refusal.value)


def test_a_single_task_hides_nothing():
    with pytest.raises(NotLinearQuadratic, match="two tasks or more"):
        solve_lqg(one_mode(hidden=lc.TaskChain([[0.0]], [1.0])))


def test_tasks_that_differ_in_curvature_are_refused():
    chain = lc.TaskChain(rates=[[-1, 1], [1, -1]], tasks=[1.0, 2.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: phi[0] * theta[0] ** 2, dimension=1, hidden=chain
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=1.0)),
        start=[1.0],
        objective=lc.Objective(horizon=math.inf, discount=0.2),
    )
    with pytest.raises(NotLinearQuadratic, match="differs from the last one in curvature"):
        solve_lqg(problem)


def test_costs_that_never_end_are_refused():
    with pytest.raises(lc.ProblemError, match="E\\[J\\] = ∞"):
        solve_lqg(one_mode(discount=0.0))
    with pytest.raises(lc.ProblemError, match="log T"):
        solve_lqg(one_mode(discount=0.0, hidden=lc.GaussianPrior([0.3], [1.0])))


def test_a_pushed_mode_that_nothing_damps_is_named():
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * ca.sumsqr(theta - phi),
        dimension=2,
        hidden=lc.GaussianPrior([0.0, 0.0], [1.0, 1.0]),
    )
    learner = lc.Learner(
        sees=lc.NoisyGradient(noise=1.0),
        actuation=[[1.0], [0.0]],
        drift=lc.linear_drift([[0, 0], [0, 0.5]]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=learner,
        start=[0.0, 0.0],
        objective=lc.Objective(horizon=math.inf, discount=0.3),
    )
    with pytest.raises(lc.UnstabilisableError, match="0.5"):
        solve_lqg(problem)


def test_exact_observations_that_hide_a_combination_are_refused():
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * (theta[0] - phi[0] - phi[1]) ** 2,
        dimension=1,
        hidden=lc.GaussianPrior([0.5, 0.5], [1.0, 1.0]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.ExactGradient()),
        start=[0.0],
        objective=lc.Objective(horizon=math.inf, discount=0.1),
    )
    with pytest.raises(lc.ProblemError, match="rank 1"):
        solve_lqg(problem)


def test_means_of_the_hidden_state_follow_their_generator():
    chain = lc.TaskChain(
        rates=[[-0.5, 0.4, 0.1], [0.2, -0.3, 0.1], [0.3, 0.6, -0.9]],
        tasks=[-1.0, 0.5, 2.0],
        probabilities=[1.0, 0.0, 0.0],
    )
    moments = solve_lqg(one_mode(hidden=chain)).linear.hidden
    exact = np.array([1.0, 0, 0]) @ expm(0.8 * chain.rates)
    np.testing.assert_allclose(moments.means([0.8])[0], exact[:2], rtol=1e-12)
    expected = np.diag(exact[:2]) - np.outer(exact[:2], exact[:2])
    np.testing.assert_allclose(moments.covariances(np.array([0.0, 0.8]))[1], expected, rtol=1e-7)
