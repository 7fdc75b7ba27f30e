"""Learners with momentum against the beliefs that they are: belief policies, Kalman filters, Adam
from beliefs.
"""

import math

import numpy as np
import pytest
from learner_problems import (
    CURVED,
    LAM,
    MOVING,
    MU,
    SIGMA,
    STEP,
    H,
    Q,
    belief_rule,
    rates,
    steady_variance,
    textbook_momentum,
)

from landscape_control.simulation import (
    BeliefAdam,
    HeavyBall,
    KalmanMomentum,
    LinearLearner,
    WeightDecay,
    adam_bias_correction,
    adam_gain,
    kalman_gain,
    kalman_gain_walk,
    kalman_transient,
    simulate,
)


def discrete_rule(step):
    """Momentum, learning rate and decay that eliminate the belief from u = -r(θ-μ₀) + rs(m-μ₀),
    exactly for this step.

    With posterior means n = m - μ₀: n_k = (1-Kh)a n_{k-1} + Kh x_k - K y_k and u_k = -r x_k + rs
    n_k, so that u_k = (1-Kh)a(1-rΔ) u_{k-1} - rsK y_k - [r(1-(1-Kh)a) - rsKh] x_k, if x_0 = u_{-1}
    = 0.
    """
    r, s = rates()
    p = steady_variance(step)
    gain = p * H / (H * H * p + SIGMA**2 / step)
    keep = (1 - gain * H) * math.exp(-LAM * step)
    return keep * (1 - r * step), r * s * gain, r * (1 - keep) - r * s * gain * H


def test_the_optimal_belief_policy_is_sgd_with_momentum_and_weight_decay_on_the_same_noise():
    momentum, rate, decay = discrete_rule(STEP)
    heavy = WeightDecay(
        learner=HeavyBall(learning_rate=rate, momentum=momentum), decay=decay / rate
    )
    beliefs, sgd = (
        simulate(MOVING, policy, episodes=50, step=STEP, keep_paths=True)
        for policy in (belief_rule, heavy)
    )
    assert np.abs(sgd.paths.parameters - beliefs.paths.parameters).max() < 1e-12
    assert sgd.cost == pytest.approx(beliefs.cost, rel=1e-12)


def test_its_coefficients_approach_friction_learning_rate_and_decay_of_the_continuous_formula_at_first_order():
    """dv = -(r + λ + κh)v dt - rsκ dY - r[λ + κh(1-s)](θ-μ₀)dt with κ = Ph/σ², in units of the
    step.
    """
    r, s = rates()
    information = (H / SIGMA) ** 2
    kappa = (-LAM + math.sqrt(LAM**2 + information * Q)) / information * H / SIGMA**2
    theory = np.array([r + LAM + kappa * H, r * s * kappa, r * (LAM + kappa * H * (1 - s))])
    steps = np.array([0.04, 0.02, 0.01])
    errors = []
    for step in steps:
        momentum, rate, decay = discrete_rule(step)
        errors.append(np.abs(np.array([1 - momentum, rate, decay]) / step / theory - 1))
    for slope in np.polyfit(np.log(steps), np.log(errors), 1)[0]:
        assert slope == pytest.approx(1, abs=0.15)


def test_a_kalman_filter_with_linear_control_is_a_linear_learner():
    r, s = rates()
    p = steady_variance(STEP)
    gain = p * H / (H * H * p + SIGMA**2 / STEP)
    linear = LinearLearner(
        transition=[[(1 - gain * H) * math.exp(-LAM * STEP)]],
        gain=[[-gain]],
        state_theta=[[gain * H]],
        state_offset=-gain * H * MU,
        readout=[[r * s]],
        feedback=[[-r]],
        offset=r * MU,
    )
    beliefs, learner = (
        simulate(MOVING, policy, episodes=20, step=STEP) for policy in (belief_rule, linear)
    )
    assert np.abs(learner.costs - beliefs.costs).max() < 1e-12


def brute_force_mean(y, a, ratio, prior):
    """E[g_T | y] of g_{t+1} = a g_t + N(0, ρ), y = g + N(0, 1), by inverting the joint Gaussian."""
    steps = len(y)
    covariance = np.zeros((steps, steps))
    variance = prior
    for t in range(steps):
        covariance[t, t:] = covariance[t:, t] = variance * a ** np.arange(steps - t)
        variance = a * a * variance + ratio
    return covariance[-1] @ np.linalg.solve(covariance + np.eye(steps), y)


@pytest.mark.parametrize(("a", "ratio"), [(1.0, 0.05), (0.9, 0.3)])
def test_kalman_momentum_is_the_posterior_mean_of_the_gradient(a, ratio):
    for diffuse, prior in (
        (True, 1e7),
        (False, kalman_gain(ratio, a) / (1 - kalman_gain(ratio, a))),
    ):
        learner = KalmanMomentum(learning_rate=2.0, ratio=ratio, persistence=a, diffuse=diffuse)
        paths = simulate(CURVED, learner, episodes=2, step=0.1, keep_paths=True).paths
        for t in (1, 5, 20):
            expected = -2.0 * brute_force_mean(paths.observations[1, :t, 0], a, ratio, prior)
            assert paths.controls[1, t - 1, 0] == pytest.approx(expected, rel=1e-5)


def test_kalman_gains_solve_their_riccati_equation_and_the_transient_ends_there():
    for ratio, a in ((1e-6, 1.0), (0.1, 1.0), (50.0, 1.0), (0.1, 0.7), (1e-6, 0.0)):
        gain = kalman_gain(ratio, a)
        predicted = a * a * gain + ratio
        assert gain == pytest.approx(predicted / (1 + predicted), rel=1e-12)
    assert kalman_gain_walk([0.0, 0.1, 50.0]) == pytest.approx(
        [0.0, kalman_gain(0.1), kalman_gain(50.0)], rel=1e-12
    )
    transient, steady = kalman_transient(0.1, 60, 0.95), kalman_gain(0.1, 0.95)
    assert transient[0] == 1
    assert transient[-1] == pytest.approx(steady, rel=1e-10)
    rates = np.diff(np.log(transient[3:12] - steady))
    assert rates[-1] == pytest.approx(2 * math.log((1 - steady) * 0.95), rel=1e-3)
    assert kalman_transient(
        0.1, 40, prior=kalman_gain(0.1) / (1 - kalman_gain(0.1))
    ) == pytest.approx(np.full(40, kalman_gain(0.1)))


def test_bias_correction_starts_like_a_diffuse_belief_and_ends_at_one():
    times = np.arange(1, 8)
    assert adam_bias_correction(0.9, 7) == pytest.approx(1 / (1 - 0.9**times), rel=1e-12)
    assert adam_gain(0.9, 300)[[0, -1]] == pytest.approx([1.0, 0.1])
    # the mean of all gradients so far …
    assert adam_gain(1 - 1e-9, 7) == pytest.approx(1 / times, rel=1e-6)
    # … is the Kalman mean of a constant gradient
    assert kalman_transient(0.0, 7) == pytest.approx(1 / times)
    walk = kalman_gain_walk(0.1)
    # alike, not identical
    assert np.abs(adam_gain(1 - walk, 10) - kalman_transient(0.1, 10))[1:].min() > 1e-3


def test_belief_adam_without_discount_is_adam_and_with_much_of_it_momentum_descent():
    # ρ = K²/(1-K), the inverse of the gain
    ratio = kalman_gain_walk(0.02) ** 2 / (1 - kalman_gain_walk(0.02))
    gain = kalman_gain_walk(ratio)
    settings = {"drive": 0.25, "ratio": ratio, "diffuse": False}
    for correct in (True, False):
        believer = BeliefAdam(
            discount=0.0, bias_correction=correct, curvature_scale=4.0, epsilon=5e-9, **settings
        )

        def adam(y, correct=correct):
            second = adam_bias_correction(0.999, len(y)) if correct else np.ones(len(y))
            m = np.array(textbook_momentum(y, -gain, 1 - gain))
            v = np.array(textbook_momentum(y**2, -0.001, 0.999)) * second
            return -0.25 * m / (np.sqrt(v) + 1e-8 / 8)  # √(ηk/c) = 0.25, ε scaled along

        paths = simulate(CURVED, believer, episodes=2, step=STEP, keep_paths=True).paths
        assert paths.controls[1, :, 0] == pytest.approx(adam(paths.observations[1, :, 0]), rel=1e-6)
    errors, discounts = [], np.array([10.0, 20.0, 40.0])
    for discount in discounts:
        u = [
            simulate(CURVED, learner, episodes=2, step=2.0).final - [1.0, -1.0]
            for learner in (
                BeliefAdam(discount=discount, **settings),
                KalmanMomentum(learning_rate=0.25 / discount, ratio=ratio, diffuse=False),
            )
        ]
        errors.append(np.abs(u[0] / u[1] - 1).max())
    assert np.polyfit(np.log(discounts), np.log(errors), 1)[0] == pytest.approx(-2, abs=0.05)
