"""Gradient descent, heavy ball, Nesterov and spans of past gradients are their textbooks' rules,
and where they meet.
"""

import pickle

import numpy as np
import pytest
from policy_runs import HORIZON, drawn, gradients, moves

from landscape_control.model.landscape import LandscapeDistribution
from landscape_control.model.landscape.spectra import Uniform
from landscape_control.model.objective import Objective
from landscape_control.policies import (
    FirstOrderSpan,
    GradientDescent,
    HeavyBall,
    Nesterov,
    Policy,
    PolicyProgram,
    QuasiHyperbolic,
)
from landscape_control.support.errors import ProblemError

SEEN, AT = gradients()
RATES = np.random.default_rng(1).uniform(0.1, 1.0, HORIZON)
MOMENTA = np.concatenate([[0.0], np.random.default_rng(2).uniform(-0.5, 0.95, HORIZON - 1)])


def torch_sgd(seen, rate, momentum, nesterov):
    """The loop of torch.optim.SGD with dampening 0, written from its documentation."""
    buffer, found = None, []
    for t, g in enumerate(seen):
        buffer = g.copy() if t == 0 else momentum * buffer + g
        found.append(-rate * (g + momentum * buffer if nesterov else buffer))
    return np.array(found)


def test_gradient_descent_follows_each_gradient_alone():
    np.testing.assert_array_equal(
        moves(GradientDescent(constant=False), {"learning_rate": RATES}, SEEN),
        -RATES[:, None] * SEEN,
    )


@pytest.mark.parametrize(("family", "nesterov"), [(HeavyBall, False), (Nesterov, True)])
def test_constant_momentum_is_that_of_pytorch(family, nesterov):
    found = moves(family(constant=True), {"learning_rate": 0.3, "momentum": 0.8}, SEEN)
    np.testing.assert_allclose(found, torch_sgd(SEEN, 0.3, 0.8, nesterov), rtol=1e-13, atol=1e-13)


def test_heavy_ball_with_varying_coefficients_is_polyaks_loop():
    found, last = (
        moves(HeavyBall(constant=False), {"learning_rate": RATES, "momentum": MOMENTA}, SEEN),
        np.zeros(3),
    )
    for t in range(HORIZON):
        last = MOMENTA[t] * last - RATES[t] * SEEN[t]
        np.testing.assert_array_equal(found[t], last)


def test_nesterov_stands_at_the_second_of_nesterovs_two_sequences():
    """x_k = y_{k-1} - s∇L(y_{k-1}), y_k = x_k + (k-1)/(k+2)(x_k - x_{k-1}) on a quadratic, from
    momentum = t/(t + 3).
    """
    curvatures, rate = np.array([0.1, 0.5, 1.0]), 0.9
    policy = Policy(
        family=Nesterov(constant=False),
        horizon=HORIZON,
        coefficients={
            "learning_rate": rate,
            "momentum": np.arange(HORIZON) / (np.arange(HORIZON) + 3),
        },
    )
    state, theta = policy.init(1, 3), np.ones((1, 3))
    x = y = np.ones((1, 3))
    for k in range(1, HORIZON + 1):
        move, state = policy.update(state, curvatures * theta)
        theta = theta + move
        before, x = x, y - rate * curvatures * y
        y = x + (k - 1) / (k + 2) * (x - before)
        np.testing.assert_allclose(theta, y, rtol=1e-13)


@pytest.mark.parametrize("family", [HeavyBall, Nesterov])
def test_without_momentum_it_is_gradient_descent(family):
    found = moves(family(constant=True), {"learning_rate": 0.4, "momentum": 0.0}, SEEN)
    np.testing.assert_array_equal(
        found, moves(GradientDescent(constant=True), {"learning_rate": 0.4}, SEEN)
    )


def test_nesterov_is_heavy_ball_with_an_answer_to_the_change_of_the_gradient():
    found = moves(Nesterov(constant=True), {"learning_rate": 0.3, "momentum": 0.8}, SEEN)
    change = SEEN[1:] - SEEN[:-1]
    np.testing.assert_allclose(
        found[1:], 0.8 * found[:-1] - 0.3 * SEEN[1:] - 0.3 * 0.8 * change, rtol=1e-12, atol=1e-13
    )


def test_quasi_hyperbolic_momentum_is_the_loop_of_its_paper():
    """g buffer and step of Ma & Yarats 2019, equations 3 and 4."""
    values = {"learning_rate": 0.3, "momentum": 0.8, "share": 0.7}
    found, buffer = moves(QuasiHyperbolic(), values, SEEN), np.zeros(3)
    for t in range(HORIZON):
        buffer = 0.8 * buffer + 0.2 * SEEN[t]
        np.testing.assert_allclose(found[t], -0.3 * (0.3 * SEEN[t] + 0.7 * buffer), rtol=1e-13)


@pytest.mark.parametrize(("share", "nesterov"), [(1.0, False), (0.8, True)])
def test_quasi_hyperbolic_momentum_contains_heavy_ball_and_nesterov(share, nesterov):
    values = {"learning_rate": 0.3 / (1 - 0.8), "momentum": 0.8, "share": share}
    found = moves(QuasiHyperbolic(), values, SEEN)
    np.testing.assert_allclose(found, torch_sgd(SEEN, 0.3, 0.8, nesterov), rtol=1e-12, atol=1e-13)


def test_span_is_a_sum_over_the_last_gradients():
    family = FirstOrderSpan(memory=3, constant=False)
    values = drawn(family)
    weights = np.stack([values[f"lag_{j}"] for j in range(3)])
    expected = [
        -sum(weights[j, t] * SEEN[t - j] for j in range(min(3, t + 1))) for t in range(HORIZON)
    ]
    np.testing.assert_allclose(moves(family, values, SEEN), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("family", "lags"),
    [
        (HeavyBall, [0.3 * 0.8**j for j in range(HORIZON)]),
        (Nesterov, [0.3 * 1.8] + [0.3 * 0.8 ** (j + 1) for j in range(1, HORIZON)]),
    ],
)
def test_span_of_all_gradients_contains_constant_momentum(family, lags):
    span = {f"lag_{j}": value for j, value in enumerate(lags)}
    found = moves(FirstOrderSpan(memory=HORIZON, constant=True), span, SEEN)
    expected = moves(family(constant=True), {"learning_rate": 0.3, "momentum": 0.8}, SEEN)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_span_of_all_gradients_contains_varying_heavy_ball():
    lags = {
        f"lag_{j}": np.array(
            [
                RATES[t - j] * np.prod(MOMENTA[t - j + 1 : t + 1]) if t >= j else 0.0
                for t in range(HORIZON)
            ]
        )
        for j in range(HORIZON)
    }
    found = moves(FirstOrderSpan(memory=HORIZON, constant=False), lags, SEEN)
    expected = moves(HeavyBall(constant=False), {"learning_rate": RATES, "momentum": MOMENTA}, SEEN)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_a_shorter_span_truncates_momentum():
    lags = {f"lag_{j}": 0.3 * 0.8**j for j in range(HORIZON - 1)}
    found = moves(FirstOrderSpan(memory=HORIZON - 1, constant=True), lags, SEEN)
    expected = moves(HeavyBall(constant=True), {"learning_rate": 0.3, "momentum": 0.8}, SEEN)
    np.testing.assert_allclose(found[:-1], expected[:-1], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        found[-1] - expected[-1], 0.3 * 0.8 ** (HORIZON - 1) * SEEN[0], rtol=1e-9
    )


def test_span_counts_one_number_per_step_and_seen_gradient():
    layout = FirstOrderSpan(memory=HORIZON, constant=False).layout(HORIZON)
    assert layout.size == HORIZON * (HORIZON + 1) // 2
    assert layout.labels[-1] == f"lag_{HORIZON - 1} at step {HORIZON - 1}"
    assert HeavyBall(constant=False).layout(HORIZON).size == 2 * HORIZON - 1
    assert Nesterov(constant=False).layout(HORIZON).size == 2 * HORIZON


def test_span_longer_than_the_horizon_is_refused():
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
    with pytest.raises(
        ProblemError, match="memory: expected at most the horizon of 3 steps; received 4"
    ):
        PolicyProgram(
            task=task,
            family=FirstOrderSpan(memory=4, constant=True),
            objective=Objective(horizon=3),
        )


@pytest.mark.parametrize("memory", [0, 2.5, True])
def test_span_needs_a_whole_memory(memory):
    with pytest.raises(ProblemError, match="memory: expected an integer >= 1"):
        FirstOrderSpan(memory=memory, constant=True)


def test_a_policy_goes_through_a_process_border_unchanged():
    coefficients = {"learning_rate": [0.1, 0.2, 0.3], "momentum": 0.5}
    policy = Policy(family=HeavyBall(constant=False), coefficients=coefficients, horizon=3)
    again = pickle.loads(pickle.dumps(policy))
    seen = np.random.default_rng(0).standard_normal((3, 2))
    np.testing.assert_array_equal(again(seen), policy(seen))
