"""Exact LQG: gains and shrink factors against formulas, invariances, and policies."""

import math
import pickle

import casadi as ca
import numpy as np
import pytest
from lqg_problems import general, one_mode, relaxation

import landscape_control as lc
from landscape_control.planning.beliefs.lqg import solve_lqg


@pytest.mark.parametrize("discount", [0.05, 0.5, 4.0])
@pytest.mark.parametrize("rate", [0.02, 0.4, 3.0])
@pytest.mark.parametrize("kind", [lc.OrnsteinUhlenbeck, lc.JumpProcess])
def test_moving_task_shrinks_the_aim_by_r_plus_gamma_over_r_plus_gamma_plus_lambda(
    kind, rate, discount
):
    solution = solve_lqg(
        one_mode(hidden=kind(mean=[0.3], rate=rate, covariance=[1.0]), discount=discount)
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
        hidden=lc.OrnsteinUhlenbeck(mean=[0.1, -0.2], rate=0.7, covariance=[1.0, 2.0]),
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
        mix @ hidden.mean, hidden.rate, mix @ hidden.covariance @ mix.T
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
