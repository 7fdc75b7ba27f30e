"""Raw rules: momentum with weight decay as the exact LQG rule, kernels, their nearest familiar
rules, linearisation.
"""

import itertools
import math

import casadi as ca
import numpy as np
import pytest
from scipy.integrate import quad_vec

import landscape_control as lc
from landscape_control.identification import (
    linear_raw_rule,
    linearised_rules,
    nearest_rules,
    raw_rule,
    select_equivalent,
    share_momentum,
)
from landscape_control.identification.kernels.momentum_loop import MomentumLoop
from landscape_control.planning.beliefs import solve_lqg


def one_mode(
    *, rate=0.4, spread=0.8, curvature=1.3, noise=0.8, discount=0.5, horizon=math.inf, sees=None
):
    """Ornstein-Uhlenbeck minimum about 0.3 with dμ = -rate(μ - 0.3)dt + √spread dW; a random walk
    when rate = 0.
    """
    hidden = (
        lc.OrnsteinUhlenbeck([0.3], rate, [spread / (2 * rate)])
        if rate
        else lc.RandomWalk([0.3], [1.0], [spread])
    )
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: curvature / 2 * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    learner = lc.Learner(sees=sees or lc.NoisyGradient(noise=noise))
    return lc.ControlProblem(
        landscape=landscape,
        learner=learner,
        start=[1.0],
        objective=lc.Objective(horizon=horizon, discount=discount),
    )


def formula(*, rate, spread, curvature, noise, discount):
    """Friction, learning rate and weight decay by hand: r, P, κ and s of the theory."""
    r = math.sqrt(discount**2 / 4 + curvature) - discount / 2
    variance = (
        noise**2 / curvature**2 * (math.sqrt(rate**2 + spread * curvature**2 / noise**2) - rate)
    )
    kappa = variance * curvature / noise**2
    s = (r + discount) / (r + discount + rate)
    return r + rate + kappa * curvature, r * s * kappa, r * (rate + kappa * curvature * (1 - s))


def bowl(hessian, *, rate=0.1, noise=0.5, discount=0.1, **learner):
    n = len(hessian)
    hidden = lc.OrnsteinUhlenbeck(np.zeros(n), rate, np.ones(n))
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: ca.bilin(ca.DM(hessian), theta - phi, theta - phi) / 2,
        dimension=n,
        hidden=hidden,
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise), **learner),
        start=np.ones(n),
        objective=lc.Objective(horizon=math.inf, discount=discount),
    )


# --------------------------------------------------------------------------------- the optimal
# learner is SGD with momentum


@pytest.mark.parametrize(
    ("discount", "noise", "rate", "spread"),
    list(itertools.product((0.1, 2.0), (0.1, 3.0), (0.0, 0.05, 1.5), (0.2, 4.0))),
)
def test_friction_learning_rate_and_weight_decay_are_those_of_the_formula(
    discount, noise, rate, spread
):
    numbers = {
        "discount": discount,
        "noise": noise,
        "rate": rate,
        "spread": spread,
        "curvature": 1.3,
    }
    form = raw_rule(solve_lqg(one_mode(**numbers))).momentum
    friction, learning_rate, decay = formula(**numbers)
    np.testing.assert_allclose(form.friction, [[friction]], rtol=1e-9)
    np.testing.assert_allclose(form.learning_rate, [[learning_rate]], rtol=1e-9)
    np.testing.assert_allclose(form.decay, [[decay]], rtol=1e-8, atol=1e-9 * friction**2)
    if rate:
        np.testing.assert_allclose(form.rest, [0.3], rtol=1e-8)


def test_momentum_form_and_filter_with_policy_move_alike_on_the_same_noise():
    problem = one_mode()
    solution = solve_lqg(problem)
    form, rng, step = raw_rule(solution).momentum, np.random.default_rng(2), 0.01
    increments = step * 0.5 + 0.8 * math.sqrt(step) * rng.standard_normal(2000)  # any dY will do
    theta, mean = 1.0, -0.2
    place, velocity = 1.0, float(solution.policy([theta], [mean])[0])
    gap = 0.0
    for seen in increments:
        u = solution.policy([theta], [mean])[0]
        innovation = seen - 1.3 * (theta - mean) * step
        theta, mean = (
            theta + u * step,
            mean - 0.4 * (mean - 0.3) * step + solution.filter_gain[0, 0] * innovation,
        )
        pull = form.decay[0, 0] * (place - form.rest[0])
        push = form.learning_rate[0, 0] * seen
        place, velocity = (
            place + velocity * step,
            velocity - (form.friction[0, 0] * velocity + pull) * step - push,
        )
        gap = max(gap, abs(place - theta))
    assert gap < 1e-12


def test_sampled_rule_is_heavy_ball_with_weight_decay_exactly():
    solution = solve_lqg(one_mode())
    rule = raw_rule(solution).sampled(0.25)
    ball, rng = rule.heavy_ball, np.random.default_rng(1)
    state, before = np.array([1.0, -0.2]), None
    place, gap = 1.0, 0.0
    for _ in range(200):
        seen = rng.standard_normal(1)
        moved = rule.dynamics @ state + rule.shift + rule.entry @ seen
        if before is None:
            before, place = state[0], moved[0]
        else:
            place, before = (
                (
                    place
                    + ball["beta"] * (place - before)
                    - ball["alpha"] * seen[0]
                    - ball["decay"] * (place - ball["rest"])
                ),
                place,
            )
        gap, state = max(gap, abs(place - moved[0])), moved
    assert gap < 1e-12
    friction, learning_rate, decay = formula(
        discount=0.5, noise=0.8, rate=0.4, spread=0.8, curvature=1.3
    )
    assert ball["beta"] == pytest.approx(math.exp(-0.25 * friction), rel=1e-12)
    fine = raw_rule(solution).sampled(1e-4).heavy_ball
    assert fine["alpha"] / 1e-8 == pytest.approx(learning_rate, rel=1e-3)
    assert fine["decay"] / 1e-8 == pytest.approx(decay, rel=1e-3)


def test_without_noise_momentum_vanishes_but_the_decay_towards_the_prior_mean_stays():
    """σ → 0: θ̇ = -(rs/h)y - r(1 - s)(θ - μ₀)."""
    errors, decays = [], []
    for noise in (1e-2, 1e-3):
        form = raw_rule(solve_lqg(one_mode(noise=noise))).momentum
        r = math.sqrt(0.5**2 / 4 + 1.3) - 0.25
        s = (r + 0.5) / (r + 0.9)
        errors.append(abs(form.learning_rate[0, 0] / form.friction[0, 0] / (r * s / 1.3) - 1))
        decays.append(abs(form.decay[0, 0] / form.friction[0, 0] / (r * (1 - s)) - 1))
    assert errors[1] < 2e-3
    assert math.log10(errors[0] / errors[1]) == pytest.approx(1, abs=0.05)  # κ grows like 1/σ
    assert math.log10(decays[0] / decays[1]) == pytest.approx(1, abs=0.05)


def test_without_task_drift_nothing_decays():
    rule = raw_rule(solve_lqg(one_mode(rate=0.0)))
    assert rule.momentum.decay[0, 0] == rule.momentum.rest[0] == 0
    ball = rule.sampled(0.1).heavy_ball
    assert ball["decay"] == ball["rest"] == 0


# -------------------------------------------------------------------------------------------------------------------
# kernels


def test_kernel_is_the_response_of_the_velocity_to_one_observation():
    rule = raw_rule(solve_lqg(one_mode()))
    form = rule.momentum
    times = np.array([0.0, 0.4, 3.0])
    np.testing.assert_allclose(rule.kernel(times)[0], -form.learning_rate, rtol=1e-12)
    roots = np.roots([1.0, form.friction[0, 0], form.decay[0, 0]])
    weights = roots / (roots - roots[::-1])  # of v(s) = -α s/((s - s₁)(s - s₂))
    expected = -form.learning_rate[0, 0] * (weights * np.exp(np.outer(times, roots))).sum(1)
    np.testing.assert_allclose(rule.kernel(times)[:, 0, 0], expected.real, rtol=1e-10)


def test_sampled_kernel_sums_the_continuous_one_over_each_step():
    rule = raw_rule(solve_lqg(bowl(np.array([[2.0, 0.5], [0.5, 0.4]]))))
    step, updates = (
        0.3,
        raw_rule(solve_lqg(bowl(np.array([[2.0, 0.5], [0.5, 0.4]])))).sampled(0.3).kernel(4),
    )
    for j in range(4):
        area = quad_vec(lambda t: rule.kernel([t])[0], j * step, (j + 1) * step, epsrel=1e-11)[0]
        np.testing.assert_allclose(updates[j], step * area, rtol=1e-9, atol=1e-13)


def test_belief_learns_to_what_the_kernel_adds_up_to():
    """Without weight decay a lasting gradient moves the learner at a lasting speed: α/friction."""
    rule = raw_rule(solve_lqg(one_mode(rate=0.0)))
    total = rule.sampled(0.1).kernel(400).sum(0) / 0.1
    np.testing.assert_allclose(
        total, -rule.momentum.learning_rate / rule.momentum.friction, rtol=1e-9
    )


# -------------------------------------------------------------------------------------------------
# the nearest familiar rule


@pytest.mark.parametrize(
    ("name", "shape", "coefficients"),
    [
        ("gradient descent", lambda j: 1.0 * (j == 0), {"alpha": 0.3}),
        ("momentum", lambda j: 0.8**j, {"alpha": 0.3, "beta": 0.8}),
        ("moving average", lambda j: 0.8**j, {"alpha": 1.5, "beta": 0.8}),
        (
            "nesterov",
            lambda j: np.where(j == 0, 1.8, 0.8 ** (j + 1.0)),
            {"alpha": 0.3, "beta": 0.8},
        ),
    ],
)
def test_each_family_finds_its_own_members(name, shape, coefficients):
    found = nearest_rules(-0.3 * shape(np.arange(120))[:, None, None] * np.eye(2))[name]
    assert found.error < 1e-6
    assert found.coefficients == pytest.approx(coefficients, rel=1e-6)


def test_nesterov_family_is_nesterov_momentum_run_on_one_gradient():
    beta, buffer, updates = 0.8, 0.0, []
    for gradient in (1.0, 0.0, 0.0, 0.0):
        buffer = beta * buffer + gradient
        updates.append(-0.3 * (gradient + beta * buffer))
    found = nearest_rules(np.array(updates)[:, None, None])["nesterov"]
    assert found.error < 1e-6
    assert found.coefficients["beta"] == pytest.approx(beta, rel=1e-5)


def test_the_lqg_kernel_is_momentum_with_decay_and_nothing_less():
    rule = raw_rule(solve_lqg(one_mode())).sampled(0.1)
    found = nearest_rules(rule.kernel(400))
    best = found["momentum with decay"]
    assert best.error < 1e-6
    for name in ("alpha", "beta", "decay"):
        assert best.coefficients[name] == pytest.approx(rule.heavy_ball[name], rel=1e-5)
    assert found["moving average"].error == pytest.approx(found["momentum"].error, rel=1e-9)
    # decay turns the late kernel round
    assert 0.1 < found["momentum"].error < found["gradient descent"].error < 1


def test_errors_are_distances_of_kernels():
    kernel = raw_rule(solve_lqg(bowl(np.diag([2.0, 0.3])))).sampled(0.2).kernel(150)
    for found in nearest_rules(kernel).values():
        assert found.error == pytest.approx(
            np.linalg.norm(found.kernel - kernel) / np.linalg.norm(kernel), rel=1e-12
        )


# ---------------------------------------------------------------------------------------------------
# one β for several modes


def test_several_modes_have_matrices_that_act_on_each_by_the_scalar_formula():
    curvatures = np.array([2.0, 0.3])
    form = raw_rule(solve_lqg(bowl(np.diag(curvatures)))).momentum
    each = [formula(discount=0.1, noise=0.5, rate=0.1, spread=0.2, curvature=h) for h in curvatures]
    for matrix, diagonal in zip(
        (form.friction, form.learning_rate, form.decay), zip(*each, strict=True), strict=True
    ):
        np.testing.assert_allclose(matrix, np.diag(diagonal), rtol=1e-9, atol=1e-10)
    scalar, distance = form.nearest["friction"]
    frictions = np.array([e[0] for e in each])
    assert scalar == pytest.approx(frictions.mean(), rel=1e-9)
    assert distance == pytest.approx(
        np.linalg.norm(frictions - frictions.mean()) / np.linalg.norm(frictions), rel=1e-8
    )


def test_turning_the_axes_turns_the_matrices():
    angle = 0.7
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    straight = raw_rule(solve_lqg(bowl(np.diag([2.0, 0.3])))).momentum
    turned = raw_rule(solve_lqg(bowl(turn @ np.diag([2.0, 0.3]) @ turn.T))).momentum
    np.testing.assert_allclose(turned.friction, turn @ straight.friction @ turn.T, rtol=1e-9)
    np.testing.assert_allclose(turned.decay, turn @ straight.decay @ turn.T, rtol=1e-8)


def test_cost_of_the_optimal_matrices_is_the_cost_of_the_solution_in_the_steady_filter():
    problem = bowl(
        np.array([[2.0, 0.6], [0.6, 0.5]]),
        metric=[[2.0, 0.3], [0.3, 1.0]],
        actuation=[[1.0, 0.2], [0.0, 1.0]],
        drift=lc.linear_drift([[-0.1, 0.2], [-0.2, 0.0]], [0.1, 0.0]),
    )
    shared = share_momentum(solve_lqg(problem))
    steady = solve_lqg(problem).steady_covariance
    settled = lc.OrnsteinUhlenbeck(np.zeros(2), 0.1, np.ones(2), np.zeros(2), steady)
    landscape = lc.Landscape.from_expression(
        problem.landscape.expression, dimension=2, hidden=settled
    )
    started = problem.changed(landscape=landscape)
    assert shared.optimal_cost == pytest.approx(solve_lqg(started).cost, rel=1e-10)
    assert 0 <= shared.shared_friction_excess <= shared.excess


def test_one_shared_momentum_is_optimal_for_a_round_bowl_and_costs_more_the_longer_the_valley():
    excesses = [
        (found.excess, found.shared_friction_excess)
        for found in (share_momentum(solve_lqg(bowl(np.diag([1.0, 1.0 / c])))) for c in (1, 4, 25))
    ]
    assert abs(excesses[0][0]) < 1e-9
    assert abs(excesses[0][1]) < 1e-9
    assert excesses[2][0] > excesses[1][0] > 0.01
    assert all(single <= every + 1e-12 for every, single in excesses)


def test_shared_scalars_are_a_minimum_of_the_cost():
    solution = solve_lqg(bowl(np.diag([1.0, 0.25])))
    found = share_momentum(solution)
    closed, eye = MomentumLoop(solution, found.optimal), np.eye(2)
    scalars = np.array([found.friction, found.learning_rate, found.decay])
    assert closed.cost(*(x * eye for x in scalars)) == pytest.approx(found.cost, rel=1e-12)
    for index, sign in itertools.product(range(3), (1, -1)):
        nudged = scalars * (1 + 0.02 * sign * (np.arange(3) == index))
        assert closed.cost(*(x * eye for x in nudged)) > found.cost
    assert (
        closed.cost(found.optimal.friction, found.optimal.learning_rate, found.optimal.decay)
        == found.optimal_cost
    )


def some_hessian(n):
    turn, _ = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))
    return turn @ np.diag(np.linspace(0.3, 2.0, n)) @ turn.T


def test_slopes_of_the_cost_are_those_of_differences():
    """In every entry of three matrices without symmetry, about an optimum that is not theirs."""
    problem = bowl(
        some_hessian(2),
        metric=[[2.0, 0.3], [0.3, 1.0]],
        actuation=[[1.0, 0.2], [0.0, 1.0]],
        drift=lc.linear_drift([[-0.1, 0.2], [-0.2, 0.0]], [0.1, 0.0]),
    )
    solution = solve_lqg(problem)
    optimal = raw_rule(solution).momentum
    loop = MomentumLoop(solution, optimal)
    rng = np.random.default_rng(1)
    point = np.stack([optimal.friction, optimal.learning_rate, optimal.decay])
    point *= 1 + 0.1 * rng.standard_normal(point.shape)
    _, slopes = loop.cost_and_slopes(*point)
    found = np.stack([slopes.friction, slopes.learning_rate, slopes.decay])
    width = 1e-5
    for where in np.ndindex(point.shape):
        step = np.zeros_like(point)
        step[where] = width
        difference = (loop.cost(*(point + step)) - loop.cost(*(point - step))) / (2 * width)
        assert found[where] == pytest.approx(difference, rel=1e-6, abs=1e-7)


def test_one_friction_for_twenty_weights_is_a_minimum_between_the_optimum_and_three_scalars():
    """801 numbers."""
    found = share_momentum(solve_lqg(bowl(some_hessian(20))))
    assert 0 < found.shared_friction_excess < found.excess < 0.1


# ------------------------------------------------------------------------------------------------
# non-linear policies, tasks


def test_linearising_the_exact_policy_returns_its_rule():
    problem = bowl(
        np.array([[2.0, 0.6], [0.6, 0.5]]), drift=lc.linear_drift([[-0.1, 0.2], [-0.2, 0.0]])
    )
    solution = solve_lqg(problem)
    exact = raw_rule(solution)
    found = linearised_rules(
        problem,
        solution.policy,
        theta=np.ones((3, 2)),
        estimate=np.zeros((3, 2)),
        covariance=solution.steady_covariance,
        times=np.array([0.0, 0.5, 1.0]),
    )
    for rule in found.rules:
        np.testing.assert_allclose(rule.dynamics, exact.dynamics, atol=1e-9)
        np.testing.assert_allclose(rule.entry, exact.entry, rtol=1e-12)
    np.testing.assert_allclose(found.gains[0], solution.gain, atol=1e-9)
    np.testing.assert_allclose(found.belief_gains[0], solution.belief_gain, atol=1e-9)
    np.testing.assert_allclose(found.kernel(), exact.kernel([0.0, 0.5, 1.0]), atol=1e-9)
    np.testing.assert_allclose(found.kernel(1), exact.kernel([0.0, 0.5]), atol=1e-9)


def test_linearising_a_curved_policy_gives_its_slopes_at_each_point():
    problem = one_mode()
    theta, mean = np.array([[0.5], [1.5]]), np.array([[0.2], [-0.4]])

    def policy(theta, belief, time):
        return -np.sin(theta) * (1 + time) + belief[0] ** 2 * belief[1][:, :, 0]

    found = linearised_rules(
        problem, policy, theta=theta, estimate=mean, covariance=[[[0.7]], [[0.3]]], times=[0.0, 2.0]
    )
    np.testing.assert_allclose(found.gains[:, 0, 0], np.cos(theta[:, 0]) * [1, 3], rtol=1e-8)
    np.testing.assert_allclose(-found.belief_gains[:, 0, 0], 2 * mean[:, 0] * [0.7, 0.3], rtol=1e-8)
    np.testing.assert_allclose(
        [rule.entry[1, 0] for rule in found.rules], -np.array([0.7, 0.3]) * 1.3 / 0.64, rtol=1e-12
    )


def test_linearised_task_filter_is_the_slope_of_the_wonham_filter():
    chain = lc.TaskChain(rates=[[-0.5, 0.5], [0.2, -0.2]], tasks=[-1.0, 2.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * (1 + phi[0] ** 2) * theta[0] ** 2 - phi[0] * theta[0],
        dimension=1,
        hidden=chain,
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.9)),
        start=[0.4],
        objective=lc.Objective(horizon=math.inf, discount=0.2),
    )
    p, theta = np.array([0.3, 0.7]), 0.4

    def gradients(theta):
        return (1 + chain.tasks[:, 0] ** 2) * theta - chain.tasks[:, 0]

    def drift(theta, p, seen):
        h = gradients(theta)
        return chain.rates.T @ p + p * (h - p @ h) / 0.81 * (seen - p @ h)

    found = linearised_rules(
        problem, lambda theta, belief, time: -theta * belief[:, :1], theta=[[theta]], estimate=[p]
    ).rules[0]
    seen, width = p @ gradients(theta), 1e-6
    np.testing.assert_allclose(
        found.entry[1:, 0], drift(theta, p, seen + 1) - drift(theta, p, seen), rtol=1e-12
    )
    slope = (drift(theta + width, p, seen) - drift(theta - width, p, seen)) / (2 * width)
    np.testing.assert_allclose(found.dynamics[1:, 0], slope, rtol=1e-7)
    for i in range(2):
        nudge = width * (np.arange(2) == i)
        slope = (drift(theta, p + nudge, seen) - drift(theta, p - nudge, seen)) / (2 * width)
        np.testing.assert_allclose(found.dynamics[1:, 1 + i], slope, rtol=1e-6)


def test_any_linear_policy_has_a_raw_rule():
    problem = one_mode()
    solution = solve_lqg(problem)
    rule = linear_raw_rule(problem, gain=[[2.0]], belief_gain=[[-1.0]], offset=[0.5])
    np.testing.assert_allclose(
        rule.output @ [0.3, 0.8] + rule.shift[:1], [0.5 - 2.0 * 0.3 + 0.8], rtol=1e-12
    )
    gain, belief_gain, offset = solution.gains()
    same, optimal = (
        linear_raw_rule(problem, gain=gain, belief_gain=belief_gain, offset=offset),
        raw_rule(solution),
    )
    np.testing.assert_array_equal(same.dynamics, optimal.dynamics)
    np.testing.assert_array_equal(same.shift, optimal.shift)


def test_rules_of_a_finite_horizon_are_read_at_a_time():
    """Constant minimum, r_s from the closed form and P(t) from Bayes' rule: the step on the
    gradient falls with noise.
    """
    hidden = lc.GaussianPrior([0.3], [2.0])
    rates = []
    for noise in (0.5, 2.0):
        problem = one_mode(horizon=2.0, noise=noise)
        landscape = lc.Landscape.from_expression(
            problem.landscape.expression, dimension=1, hidden=hidden
        )
        problem = problem.changed(landscape=landscape)
        form = raw_rule(solve_lqg(problem), time=0.5).momentum
        r = lc.reference.finite_horizon_gain(1.3, 1.5, discount=0.5)
        kappa = 1.3 / noise**2 / (1 / 2.0 + 0.5 * 1.3**2 / noise**2)
        np.testing.assert_allclose(form.learning_rate, [[r * kappa]], rtol=1e-9)
        np.testing.assert_allclose(form.friction, [[r + kappa * 1.3]], rtol=1e-9)
        rates.append(form.learning_rate[0, 0])
    assert rates[1] < rates[0] / 2


# ----------------------------------------------------------------------------------------------------------------
# saying no


def test_rules_that_have_no_steady_form_are_refused():
    with pytest.raises(lc.ProblemError, match="T = 2"):
        raw_rule(solve_lqg(one_mode(horizon=2.0)))
    with pytest.raises(lc.ProblemError, match="exact observations"):
        raw_rule(solve_lqg(one_mode(sees=lc.ExactGradient())))
    with pytest.raises(lc.ProblemError, match="exact LQG solution"):
        raw_rule(lc.solve(one_mode().known([0.3])))


def test_momentum_forms_need_as_many_hidden_as_parameters():
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * (theta[0] - phi[0] - phi[1]) ** 2,
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck([0.0, 0.0], 0.5, [1.0, 2.0]),
    )
    problem = one_mode().changed(landscape=landscape)
    rule = raw_rule(solve_lqg(problem))
    with pytest.raises(lc.ProblemError, match="2 hidden and 1 parameters"):
        rule.momentum  # noqa: B018
    with pytest.raises(lc.ProblemError, match="heavy_ball"):
        rule.sampled(0.1).heavy_ball  # noqa: B018
    # same rate: one mode is enough
    assert nearest_rules(rule.sampled(0.1).kernel(200))["momentum with decay"].error < 1e-6


def test_shared_momentum_needs_every_direction_pushed():
    problem = bowl(np.diag([1.0, 0.5]), actuation=[[1.0], [0.0]])
    with pytest.raises(lc.ProblemError):
        share_momentum(solve_lqg(problem))


@pytest.mark.parametrize("kernel", [np.ones(3), np.ones((3, 2, 1)), np.zeros((3, 1, 1))])
def test_kernels_of_the_wrong_kind_are_refused(kernel):
    with pytest.raises(lc.ProblemError, match="kernel"):
        nearest_rules(kernel)


def impulse(beta, decay, length=200):
    """Updates of momentum with decay after y_0 = -1, (J, 1, 1)."""
    theta, update, response = 0.0, 0.0, []
    for step in range(length):
        update = beta * update + (step == 0) - decay * theta
        theta += update
        response.append(update)
    return np.array(response)[:, None, None]


@pytest.mark.parametrize(
    ("beta", "decay", "expected"),
    [
        (0.0, 0.0, "gradient descent"),
        (0.8, 0.0, "momentum"),
        (0.8, 0.02, "momentum with decay"),
    ],
)
def test_the_familiar_rule_of_a_kernel_is_chosen_as_all_rules_are(beta, decay, expected):
    near = nearest_rules(impulse(beta, decay))
    selection = select_equivalent(near)
    assert selection.answer == selection.name == expected
    assert selection.score == near[expected].error < 1e-3
    assert set(selection.candidates) == set(near)
    assert selection.margin is None or selection.margin >= 2


def test_a_kernel_that_no_familiar_rule_has_is_none():
    kernel = np.cos(np.arange(60.0))[:, None, None] * np.exp(-np.arange(60.0) / 20)[:, None, None]
    selection = select_equivalent(nearest_rules(kernel))
    assert selection.answer == "none"
    assert selection.score > 0.05
