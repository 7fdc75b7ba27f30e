"""The closed forms of one mode and one bowl, each against LinearQuadratic, and the limits against
their rates.
"""

import numpy as np
import pytest
from scipy.linalg import expm, sqrtm

from landscape_control.reference import (
    LinearQuadratic,
    ballistic_matrix,
    bowl_function,
    finite_horizon_gain,
    gradient_descent_error,
    gradient_descent_rate,
    longest_horizon,
    newton_held_plan,
    planning_horizon,
    preconditioner_exponent,
    proximal_matrix,
    relaxation_matrix,
    relaxation_rate,
    rotation_attractor,
    short_horizon_error,
    shrink_factor,
    spiral_frequency,
    weight_decay_attractor,
    weight_decay_rate,
)
from landscape_control.support.errors import ProblemError

CURVATURES = [1e-4, 0.3, 1.0, 50.0]
DISCOUNTS = [0.0, 0.1, 2.0, 1e3]
WEIGHTS = {"learning_rate": 0.7, "loss_weight": 1.9}


def mode(curvature, **changes):
    return LinearQuadratic(hessian=[[curvature]], minimum=[0.0], **{**WEIGHTS, **changes})


def bowl(seed=4, n=4):
    rng = np.random.default_rng(seed)
    metric, hessian = (root @ root.T / n + 0.3 * np.eye(n) for root in rng.normal(size=(2, n, n)))
    return metric, hessian, rng.normal(size=n)


def slope(x, y):
    return np.diff(np.log(np.abs(y))) / np.diff(np.log(x))


@pytest.mark.parametrize("curvature", CURVATURES)
@pytest.mark.parametrize("discount", DISCOUNTS)
def test_relaxation_rate_is_the_riccati_gain(curvature, discount):
    rate = relaxation_rate(curvature, discount, **WEIGHTS)
    assert rate == pytest.approx(
        mode(curvature, discount=discount).infinite().gain[0, 0], rel=1e-12
    )
    assert rate**2 + discount * rate == pytest.approx(0.7 * 1.9 * curvature, rel=1e-14)


@pytest.mark.parametrize("discount", [0.0, 0.5, 30.0])
def test_relaxation_matrix_is_the_closed_loop_of_any_bowl_in_any_metric(discount):
    metric, hessian, minimum = bowl()
    rate = relaxation_matrix(metric, hessian, discount, **WEIGHTS)
    policy = LinearQuadratic(
        hessian=hessian, minimum=minimum, metric=metric, discount=discount, **WEIGHTS
    ).infinite()
    np.testing.assert_allclose(rate, -policy.closed_loop, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(metric @ rate / 0.7, policy.value_hessian, rtol=1e-11, atol=1e-13)
    square = 0.7 * 1.9 * np.linalg.solve(metric, hessian)
    np.testing.assert_allclose(rate @ rate + discount * rate, square, rtol=1e-12, atol=1e-12)
    root = np.real(sqrtm(metric))  # the formula as printed in the paper
    inner = np.linalg.inv(root) @ hessian @ np.linalg.inv(
        root
    ) * 0.7 * 1.9 + discount**2 / 4 * np.eye(4)
    printed = np.linalg.inv(root) @ (np.real(sqrtm(inner)) - discount / 2 * np.eye(4)) @ root
    np.testing.assert_allclose(rate, printed, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("curvature", [0.0, *CURVATURES, -0.05, -2.0])
@pytest.mark.parametrize("discount", DISCOUNTS[:3])
@pytest.mark.parametrize("time_to_go", [1e-3, 0.5, 40.0])
def test_finite_horizon_gain_is_the_riccati_gain(curvature, discount, time_to_go):
    if time_to_go >= longest_horizon(curvature, discount, **WEIGHTS):
        with pytest.raises(ProblemError, match="longest horizon"):
            finite_horizon_gain(curvature, time_to_go, discount, **WEIGHTS)
        with pytest.raises(ProblemError, match="concave direction"):
            mode(curvature, discount=discount).finite(time_to_go)
        return
    exact = mode(curvature, discount=discount).finite(time_to_go).gain(time_to_go)[0, 0]
    assert finite_horizon_gain(curvature, time_to_go, discount, **WEIGHTS) == pytest.approx(
        exact, rel=1e-11, abs=1e-15
    )


def test_finite_horizon_gain_is_the_printed_formula_and_tanh_without_discount():
    s, h, discount = np.linspace(0.1, 5, 9), 0.6, 0.8
    rate, w = relaxation_rate(h, discount), np.sqrt(discount**2 / 4 + h)
    fade = np.exp(-2 * w * s)
    printed = rate * (1 - fade) / (1 + rate / (rate + discount) * fade)
    np.testing.assert_allclose(finite_horizon_gain(h, s, discount), printed, rtol=1e-13)
    np.testing.assert_allclose(
        finite_horizon_gain(h, s), np.sqrt(h) * np.tanh(np.sqrt(h) * s), rtol=1e-14
    )


@pytest.mark.parametrize("discount", [0.0, 0.5])
def test_longest_horizon_of_a_concave_mode_is_where_the_exact_problem_stops(discount):
    last = longest_horizon(-1.3, discount, **WEIGHTS)
    gain = mode(-1.3, discount=discount).finite(last * (1 - 1e-6)).gain(last * (1 - 1e-6))[0, 0]
    assert gain < -1e5
    with pytest.raises(ProblemError, match=f"beyond T ≈ {last:.6g}"):
        mode(-1.3, discount=discount).finite(last * (1 + 1e-6))


@pytest.mark.parametrize("decay", [0.05, 1.0, 8.0])
@pytest.mark.parametrize("discount", DISCOUNTS[:3])
def test_weight_decay_shortens_the_way_and_speeds_it_up(decay, discount):
    # γ = 0 exactly has no finite cost at the attractor; the policy is continuous there
    policy = LinearQuadratic(
        hessian=[[0.6]],
        minimum=[1.5],
        drift_matrix=[[-decay]],
        discount=discount or 1e-300,
        **WEIGHTS,
    ).infinite()
    rate = weight_decay_rate(0.6, decay, discount, **WEIGHTS)
    assert -policy.closed_loop[0, 0] == pytest.approx(rate, rel=1e-12)
    polynomial = rate**2 + discount * rate - (decay**2 + decay * discount + 0.7 * 1.9 * 0.6)
    assert abs(polynomial) < 1e-12 * (rate + discount + decay) ** 2
    attractor = weight_decay_attractor(0.6, decay, 1.5, discount, **WEIGHTS)
    assert policy.steady_state[0] == pytest.approx(attractor, rel=1e-12)
    assert attractor < 1.5


@pytest.mark.parametrize("discount", [0.2, 3.0])
@pytest.mark.parametrize("n", [2, 4])
def test_rotation_attractor_decay_rate_and_spiral_frequency(discount, n):
    q = 1.7
    turn = np.kron(np.eye(n // 2), [[0.0, -q], [q, 0.0]])
    frame = np.linalg.qr(np.random.default_rng(n).normal(size=(n, n)))[0]
    turn = frame @ turn @ frame.T
    turn = (turn - turn.T) / 2
    minimum = np.arange(1.0, n + 1)
    policy = LinearQuadratic(
        hessian=0.9 * np.eye(n), minimum=minimum, drift_matrix=turn, discount=discount, **WEIGHTS
    ).infinite()
    np.testing.assert_allclose(
        policy.steady_state, rotation_attractor(0.9, turn, minimum, discount, **WEIGHTS), rtol=1e-11
    )
    rate = relaxation_rate(0.9, discount, **WEIGHTS)
    assert spiral_frequency(turn) == pytest.approx(q, rel=1e-13)
    np.testing.assert_allclose(policy.closed_loop, turn - rate * np.eye(n), atol=1e-12)


@pytest.mark.parametrize("discount", [0.0, 0.3, 3.0, 50.0])
def test_preconditioner_exponent_is_the_log_slope_of_the_exact_gain(discount):
    h = 0.8 * np.exp(np.array([-1e-3, 1e-3]))
    gains = np.array([mode(c, discount=discount).infinite().gain[0, 0] for c in h])
    exponent = preconditioner_exponent(relaxation_rate(0.8, discount, **WEIGHTS), discount)
    assert 1 - slope(h, gains)[0] == pytest.approx(exponent, abs=1e-7)
    assert 0 < exponent <= 0.5
    if discount == 0:
        assert exponent == 0.5


def test_optimal_rule_becomes_gradient_descent_with_slope_minus_two_in_the_discount():
    metric, hessian, minimum = bowl()
    discounts = np.array([100.0, 200.0, 400.0])
    errors = []
    for discount in discounts:
        gain = (
            LinearQuadratic(hessian=hessian, minimum=minimum, metric=metric, discount=discount)
            .infinite()
            .gain
        )
        descent = gradient_descent_rate(discount) * np.linalg.solve(metric, hessian)
        errors.append(np.linalg.norm(gain - descent) / np.linalg.norm(gain))
    np.testing.assert_allclose(slope(discounts, errors), -2, atol=2e-3)


@pytest.mark.parametrize(
    ("discount", "corrected", "expected"), [(0.0, False, 2), (0.5, False, 1), (0.5, True, 2)]
)
def test_optimal_step_becomes_gradient_descent_with_slope_two_in_the_horizon_if_the_step_discounts_too(
    discount, corrected, expected
):
    horizons = np.array([0.002, 0.001, 0.0005])
    gains = np.array([mode(0.8, discount=discount).finite(T).gain(T)[0, 0] for T in horizons])
    steps = (
        np.array(
            [gradient_descent_rate(discount if corrected else 0.0, T, **WEIGHTS) for T in horizons]
        )
        * 0.8
    )
    np.testing.assert_allclose(slope(horizons, steps / gains - 1), expected, atol=3e-3)


def test_with_a_drift_gradient_descent_is_reached_with_slope_minus_one_only():
    discounts = np.array([1e3, 2e3, 4e3])
    gains = np.array(
        [mode(0.8, discount=g, drift_matrix=[[-1.5]]).infinite().gain[0, 0] for g in discounts]
    )
    errors = np.array([gradient_descent_rate(g, **WEIGHTS) * 0.8 for g in discounts]) / gains - 1
    np.testing.assert_allclose(slope(discounts, errors), -1, atol=2e-3)
    np.testing.assert_allclose(errors * discounts, 2 * 1.5, rtol=5e-3)  # 2j/γ


@pytest.mark.parametrize(
    ("discount", "horizon"), [(3.0, np.inf), (0.0, 0.7), (3.0, 0.7), (0.01, 0.7), (0.72, 0.7)]
)
def test_next_order_error_of_gradient_descent_is_exact_to_second_order_in_the_curvature(
    discount, horizon
):
    h = np.array([0.02, 0.01, 0.005])
    gains = []
    for c in h:
        problem = mode(c, discount=discount)
        gains.append(
            (
                problem.infinite().gain
                if np.isinf(horizon)
                else problem.finite(horizon).gain(horizon)
            )[0, 0]
        )
    overshoot = 1 - np.array(gains) / (gradient_descent_rate(discount, horizon, **WEIGHTS) * h)
    predicted = gradient_descent_error(h, discount, horizon, **WEIGHTS)
    np.testing.assert_allclose(overshoot, predicted, rtol=2e-2)
    np.testing.assert_allclose(slope(h, overshoot - predicted), 2, atol=2e-2)


def test_next_order_error_joins_its_two_limits():
    assert gradient_descent_error(0.8, 5.0, **WEIGHTS) == pytest.approx(
        0.7 * 1.9 * 0.8 / 25, rel=1e-15
    )
    assert gradient_descent_error(0.8, 5.0, 60.0, **WEIGHTS) == pytest.approx(
        0.7 * 1.9 * 0.8 / 25, rel=1e-13
    )
    assert short_horizon_error(0.8, 0.1, **WEIGHTS) == pytest.approx(
        0.7 * 1.9 * 0.8 * 0.01 / 3, rel=1e-14
    )
    assert gradient_descent_error(0.8, 1e-9, 0.1, **WEIGHTS) == pytest.approx(
        short_horizon_error(0.8, 0.1, **WEIGHTS)
    )
    below, above = (gradient_descent_error(1.0, y, 1.0) for y in (0.5 - 1e-12, 0.5 + 1e-12))
    assert below == pytest.approx(above, rel=1e-10)  # the series and the closed expression meet


def test_ballistic_matrix_is_the_undiscounted_policy_on_the_gradient():
    metric, hessian, minimum = bowl()
    policy = LinearQuadratic(hessian=hessian, minimum=minimum, metric=metric, **WEIGHTS).infinite()
    rule = ballistic_matrix(metric, hessian, **WEIGHTS)
    np.testing.assert_allclose(rule @ hessian, policy.gain, rtol=1e-11, atol=1e-12)
    plain = np.sqrt(0.7 * 1.9) * np.linalg.inv(np.real(sqrtm(hessian)))
    np.testing.assert_allclose(
        ballistic_matrix(np.eye(4), hessian, **WEIGHTS), plain, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("discount", [0.0, 0.9])
def test_held_plan_is_where_the_optimal_path_arrives_and_tends_to_newton(discount):
    metric, hessian, minimum = bowl()
    policy = LinearQuadratic(
        hessian=hessian, minimum=minimum, metric=metric, discount=discount, **WEIGHTS
    ).infinite()
    start = np.array([1.0, -2.0, 0.5, 0.3])
    gradient = hessian @ (start - minimum)
    for duration in (0.01, 1.3):
        held = newton_held_plan(metric, hessian, duration, discount, **WEIGHTS)
        np.testing.assert_allclose(
            start - held @ gradient, policy.path(start, [duration])[0][0], rtol=1e-10
        )
        rate = relaxation_matrix(metric, hessian, discount, **WEIGHTS)
        printed = (np.eye(4) - expm(-duration * rate)) @ np.linalg.inv(hessian)
        np.testing.assert_allclose(held, printed, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        newton_held_plan(metric, hessian, np.inf, discount), np.linalg.inv(hessian), rtol=1e-11
    )


@pytest.mark.parametrize("discount", [0.0, 0.9])
def test_without_running_loss_the_end_is_a_proximal_step_of_discounted_length(discount):
    metric, hessian, minimum = bowl()
    start, horizon, weight = np.array([1.0, -2.0, 0.5, 0.3]), 2.0, 1.4
    problem = LinearQuadratic(
        hessian=hessian, minimum=minimum, metric=metric, learning_rate=0.7, loss_weight=0.0, discount=discount,
        terminal_hessian=weight * hessian,
    )  # fmt: skip
    theta, u, _ = problem.finite(horizon).path(start, [0.0, 0.6, horizon])
    step = proximal_matrix(metric, hessian, horizon, discount, 0.7, weight)
    np.testing.assert_allclose(theta[-1], start - step @ hessian @ (start - minimum), rtol=1e-11)
    np.testing.assert_allclose(u[1], u[0] * np.exp(0.6 * discount), rtol=1e-11)
    length = 0.7 * weight * planning_horizon(discount, horizon)  # stationarity: implicit Euler
    np.testing.assert_allclose(
        metric @ (theta[-1] - start), -length * hessian @ (theta[-1] - minimum), rtol=1e-10
    )


@pytest.mark.parametrize("discount", [0.0, 0.6])
@pytest.mark.parametrize("reversion", [0.0, 0.2, 5.0])
def test_shrink_factor_is_the_optimal_pull_towards_the_prior_of_a_reverting_task(
    discount, reversion
):
    prior, h = 0.4, 0.8
    policy = LinearQuadratic(  # state (θ, m): L = ½h(θ-m)², ṁ = -λ(m-μ₀), only θ can be pushed
        hessian=h * np.array([[1.0, -1.0], [-1.0, 1.0]]), minimum=[prior, prior],
        drift_matrix=np.diag([0.0, -reversion]), drift_offset=[0.0, reversion * prior],
        actuation=[[1.0], [0.0]], discount=discount, **WEIGHTS,
    ).infinite()  # fmt: skip
    rate = relaxation_rate(h, discount, **WEIGHTS)
    shrink = shrink_factor(rate, discount, reversion)
    np.testing.assert_allclose(policy.gain, [[rate, -rate * shrink]], rtol=1e-11)
    assert rate * shrink == pytest.approx(0.7 * 1.9 * h / (discount + rate + reversion), rel=1e-14)
    u = policy.control(np.array([1.0, -2.0]))
    assert u[0] == pytest.approx(-rate * (1.0 - prior - shrink * (-2.0 - prior)), rel=1e-11)


def test_natural_gradient_rules_do_not_depend_on_the_coordinates():
    metric, hessian, _ = bowl()
    change = np.random.default_rng(8).normal(size=(4, 4))
    back = np.linalg.inv(change)
    new_metric, new_hessian = back.T @ metric @ back, back.T @ hessian @ back
    for rule in (
        ballistic_matrix,
        lambda g, h: newton_held_plan(g, h, 0.4, 0.3),
        lambda g, h: proximal_matrix(g, h, 0.4),
    ):
        moved = rule((new_metric + new_metric.T) / 2, (new_hessian + new_hessian.T) / 2)
        np.testing.assert_allclose(
            back @ moved @ back.T, rule(metric, hessian), rtol=1e-7, atol=1e-9
        )
    np.testing.assert_allclose(
        bowl_function(metric, hessian, np.ones_like), np.linalg.inv(metric), rtol=1e-11, atol=1e-13
    )


@pytest.mark.parametrize(("call", "words"), [
    (lambda: relaxation_rate(-1.0, 0.5), "raise the discount or use a finite horizon"),
    (lambda: relaxation_rate(1.0, -0.5), "discount γ: expected a number >= 0"),
    (lambda: relaxation_rate(1.0, 0.5, learning_rate=0), "learning_rate η: expected a number > 0"),
    (lambda: relaxation_matrix(np.diag([1.0, -1.0]), np.eye(2)), "metric G: expected a positive definite matrix"),
    (lambda: relaxation_matrix(np.eye(2), [[1.0, 2.0], [0.0, 1.0]]), "hessian H: expected a symmetric matrix"),
    (lambda: relaxation_matrix(np.eye(2), np.eye(3)), "hessian H: expected a 2x2 matrix"),
    (lambda: ballistic_matrix(np.eye(2), np.diag([1.0, 0.0])), "positive curvature in every direction"),
    (lambda: newton_held_plan(np.eye(2), np.eye(2), 0.0), "duration Δt: expected a number > 0"),
    (lambda: gradient_descent_rate(), "the optimal rule is ballistic"),
    (lambda: gradient_descent_rate(0.5, 0.0), "horizon T: expected a number > 0"),
    (lambda: spiral_frequency(np.eye(2)), "use LinearQuadratic"),
    (lambda: spiral_frequency(np.array([[0, -1.0, 0], [1.0, 0, 0], [0, 0, 0]])), "one frequency, even dimension"),
    (lambda: rotation_attractor(1.0, [[0.0, -1.0], [1.0, 0.0]], [1.0]), "minimum μ: expected 2 numbers"),
])  # fmt: skip
def test_likely_mistakes_are_refused_in_words(call, words):
    with pytest.raises(ProblemError, match=words):
        call()
