"""The Adam family: Adam, RMSProp and heavy ball are points of it, ε and bias correction as stated."""

import numpy as np
import pytest
from policy_runs import HORIZON, gradients, moves

from landscape_control.policies import AdamFamily, Ballistic, GradientDescent, HeavyBall
from landscape_control.simulation import Adam, RMSProp
from landscape_control.simulation import Ballistic as BallisticLearner
from landscape_control.support.errors import ProblemError

SEEN, _ = gradients()
BETAS = {"beta1": 0.9, "beta2": 0.99}


def textbook(seen, alpha, beta1, beta2, epsilon, power, corrected):
    """Kingma & Ba's Algorithm 1, with ε inside a power instead of √v̂ + ε."""
    m, v, found = 0.0, 0.0, []
    for t, g in enumerate(seen, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat, v_hat = (m / (1 - beta1**t), v / (1 - beta2**t)) if corrected else (m, v)
        found.append(-alpha * m_hat / np.power(v_hat + epsilon, power))
    return np.array(found)


def runs(learner, seen):
    """(T, n) updates of a learner of the simulation, unit steps."""
    state, found = learner.init(1, seen.shape[1]), []
    for g in seen:
        u, state = learner.update(state, g[None], None, 1.0)
        found.append(u[0])
    return np.array(found)


@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize("power", [0.0, 0.3, 0.5, 1.0])
def test_family_is_the_textbooks_loop(power, corrected):
    values = {"learning_rate": 0.1, "exponent": power, **BETAS}
    found = moves(AdamFamily(bias_correction=corrected, epsilon=1e-3), values, SEEN)
    np.testing.assert_allclose(
        found, textbook(SEEN, 0.1, 0.9, 0.99, 1e-3, power, corrected), rtol=1e-12
    )


@pytest.mark.parametrize("corrected", [True, False])
def test_fixed_values_are_no_variables_and_do_the_same(corrected):
    free = AdamFamily(bias_correction=corrected, epsilon=None)
    fixed = AdamFamily(exponent=0.5, **BETAS, bias_correction=corrected, epsilon=1e-6)
    assert [one.name for one in free.coefficients] == [
        "learning_rate",
        "exponent",
        "beta1",
        "beta2",
        "epsilon",
    ]
    assert [one.name for one in fixed.coefficients] == ["learning_rate"]
    values = {"learning_rate": 0.1, "exponent": 0.5, **BETAS, "epsilon": 1e-6}
    np.testing.assert_array_equal(
        moves(free, values, SEEN), moves(fixed, {"learning_rate": 0.1}, SEEN)
    )


def test_adam_is_exponent_one_half():
    """Where ε is far below y²; the simulation's Adam has it outside the root."""
    found = moves(AdamFamily(exponent=0.5, epsilon=1e-16), {"learning_rate": 0.1, **BETAS}, SEEN)
    np.testing.assert_allclose(
        found, runs(Adam(learning_rate=0.1, beta1=0.9, beta2=0.99, epsilon=1e-8), SEEN), rtol=1e-6
    )


def ballistic_loop(seen, alpha, beta, epsilon):
    """As the public notebook writes it, without the clip: s2 from zero, g/sqrt(s2 + eps)."""
    s2, found = 0.0, []
    for g in seen:
        s2 = beta * s2 + (1 - beta) * g * g
        found.append(-alpha * g / np.sqrt(s2 + epsilon))
    return np.array(found)


@pytest.mark.parametrize("epsilon", [1e-12, 0.1])
def test_ballistic_is_the_notebooks_loop_wherever_it_runs(epsilon):
    values = {"learning_rate": 0.1, "beta2": 0.99, "epsilon": epsilon}
    expected = ballistic_loop(SEEN, 0.1, 0.99, epsilon)
    np.testing.assert_allclose(moves(Ballistic(), values, SEEN), expected, rtol=1e-12)
    learner = BallisticLearner(learning_rate=0.1, decay=0.99, epsilon=epsilon)
    np.testing.assert_allclose(runs(learner, SEEN), expected, rtol=1e-12)
    member = AdamFamily(exponent=0.5, beta1=0.0, bias_correction=False, epsilon=epsilon)
    np.testing.assert_allclose(
        moves(member, {"learning_rate": 0.1, "beta2": 0.99}, SEEN), expected, rtol=1e-12
    )


def test_ballistic_and_rmsprop_differ_by_the_place_of_epsilon():
    """√v + ε against √(v + ε²): ballistic steps are larger, by √2 at most, at v = ε²."""
    sizes = np.logspace(-3, 3, 13)[None]
    inside = runs(BallisticLearner(learning_rate=1.0, decay=0.9, epsilon=0.1), sizes)
    outside = runs(RMSProp(learning_rate=1.0, decay=0.9, epsilon=np.sqrt(0.1)), sizes)
    ratio = (inside / outside)[0]
    assert ratio.max() == pytest.approx(np.sqrt(2), rel=1e-12)
    assert sizes[0, ratio.argmax()] == pytest.approx(1.0)  # where v = 0.1 y² = ε
    np.testing.assert_allclose(ratio[[0, -1]], 1, atol=4e-3)


def test_epsilon_inside_the_root_is_within_root_two_of_outside():
    """m̂/√(v̂ + ε) over m̂/(√v̂ + √ε) is largest, √2, where v̂ = ε."""
    sizes = np.logspace(-3, 3, 13)[None]
    inside = moves(
        AdamFamily(exponent=0.5, epsilon=1.0, beta1=0.0, beta2=0.9), {"learning_rate": 1.0}, sizes
    )
    ratio = (inside / runs(Adam(learning_rate=1.0, beta1=0.0, beta2=0.9, epsilon=1.0), sizes))[0]
    assert ratio.argmax() == 6
    assert ratio.max() == pytest.approx(np.sqrt(2), rel=1e-12)
    np.testing.assert_allclose(ratio[[0, -1]], 1, atol=2e-3)


def test_rmsprop_is_the_family_without_average_and_correction():
    family = AdamFamily(exponent=0.5, beta1=0.0, beta2=0.99, bias_correction=False, epsilon=1e-20)
    found = moves(family, {"learning_rate": 0.1}, SEEN)
    np.testing.assert_allclose(
        found, runs(RMSProp(learning_rate=0.1, decay=0.99, epsilon=1e-10), SEEN), rtol=1e-6
    )


def test_exponent_zero_is_heavy_ball():
    found = moves(
        AdamFamily(exponent=0.0, beta2=0.9, bias_correction=False, epsilon=1e-8),
        {"learning_rate": 0.5, "beta1": 0.8},
        SEEN,
    )
    expected = moves(
        HeavyBall(constant=True), {"learning_rate": 0.5 * (1 - 0.8), "momentum": 0.8}, SEEN
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_exponent_zero_with_bias_correction_is_heavy_ball_with_varying_coefficients():
    found = moves(
        AdamFamily(exponent=0.0, beta2=0.9, epsilon=1e-8),
        {"learning_rate": 0.5, "beta1": 0.8},
        SEEN,
    )
    t = np.arange(1, HORIZON + 1)
    left = 1 - 0.8**t
    varying = {"learning_rate": 0.5 * 0.2 / left, "momentum": 0.8 * (1 - 0.8 ** (t - 1)) / left}
    np.testing.assert_allclose(found, moves(HeavyBall(constant=False), varying, SEEN), rtol=1e-12)


@pytest.mark.parametrize("corrected", [True, False])
def test_exponent_and_average_zero_is_gradient_descent_exactly(corrected):
    family = AdamFamily(exponent=0.0, beta1=0.0, bias_correction=corrected, epsilon=1e-8)
    found = moves(family, {"learning_rate": 0.5, "beta2": 0.9}, SEEN)
    np.testing.assert_array_equal(
        found, moves(GradientDescent(constant=True), {"learning_rate": 0.5}, SEEN)
    )


def test_no_memory_at_exponent_one_half_is_sign_descent():
    found = moves(
        AdamFamily(exponent=0.5, beta1=0.0, beta2=0.0, epsilon=1e-20), {"learning_rate": 0.1}, SEEN
    )
    np.testing.assert_allclose(found, -0.1 * np.sign(SEEN), rtol=1e-9)


def test_adagrad_is_the_limit_of_long_memory():
    """First order in 1 - β₂."""
    t = np.arange(1, HORIZON + 1)[:, None]
    adagrad = -SEEN / np.sqrt(np.cumsum(SEEN**2, axis=0) / t)
    gaps = []
    for beta2 in (1 - 1e-3, 1 - 1e-4):
        family = AdamFamily(exponent=0.5, beta1=0.0, beta2=beta2, epsilon=1e-12)
        gaps.append(np.abs(moves(family, {"learning_rate": 1.0}, SEEN) - adagrad).max())
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize(("power", "degree"), [(0.0, 1.0), (0.25, 0.5), (0.5, 0.0), (1.0, -1.0)])
def test_updates_scale_as_gradients_to_one_minus_twice_the_exponent(power, degree):
    """At ε → 0; exponent ½ does not feel the scale of the gradients."""
    family, values = AdamFamily(exponent=power, epsilon=1e-12), {"learning_rate": 0.1, **BETAS}
    np.testing.assert_allclose(
        moves(family, values, 100 * SEEN), 100**degree * moves(family, values, SEEN), rtol=1e-8
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"exponent": 1.5}, "exponent: expected a number >= 0 and <= 1; received 1.5"),
        ({"beta1": 1.0}, "beta1: expected a number >= 0 and <= 0.9999"),
        ({"beta2": -0.1}, "beta2: expected a number >= 0"),
        ({"epsilon": 0.0}, "epsilon: expected a number >= 1e-20"),
    ],
)
def test_values_outside_the_family_are_refused(wrong, message):
    with pytest.raises(ProblemError, match=message):
        AdamFamily(**{"epsilon": 1e-8, **wrong})
