"""Discounted beliefs of a gradient's mean and scale, and the rule that acts on them."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import t as student

import landscape_control as lc
from landscape_control.model.belief import (
    DiscountedBelief,
    DiscountedModel,
    discount_of_drift,
    discount_of_volatility,
    drift_of_discount,
    volatility_of_discount,
)
from landscape_control.policies import AdamFamily, DiscountedBayes
from landscape_control.simulation import Adam, kalman_gain_walk
from landscape_control.support.errors import ProblemError

SEEN = np.random.default_rng(0).standard_normal((30, 4, 3))  # steps, episodes, weights


def test_mean_and_square_are_weighted_averages_of_all_that_was_seen():
    model = DiscountedModel(mean_discount=0.8, scale_discount=0.95)
    for last, belief in enumerate(model.after(SEEN)):
        ages = np.arange(last + 1)[::-1]
        for discount, values, found in (
            (0.8, SEEN, belief.mean),
            (0.95, SEEN**2, belief.square),
        ):
            weights = discount**ages / (discount**ages).sum()
            np.testing.assert_allclose(
                found, np.tensordot(weights, values[: last + 1], 1), rtol=1e-12, atol=1e-14
            )


def test_without_discount_it_is_the_plain_average_and_with_discount_zero_the_last_gradient():
    kept = DiscountedModel(mean_discount=1.0, scale_discount=1.0).after(SEEN)[-1]
    np.testing.assert_allclose(kept.mean, SEEN.mean(0), atol=1e-14)
    np.testing.assert_allclose(kept.square, (SEEN**2).mean(0), rtol=1e-13)
    last = DiscountedModel(mean_discount=0.0, scale_discount=0.0).after(SEEN)[-1]
    np.testing.assert_allclose(last.mean, SEEN[-1], atol=1e-14)
    np.testing.assert_allclose(last.square, SEEN[-1] ** 2, rtol=1e-15)


def test_one_weight_is_filtered_like_many_episodes():
    model = DiscountedModel(mean_discount=0.9, scale_discount=0.9, start_shape=2, start_rate=3)
    together, alone = model.after(SEEN)[-1], model.after(SEEN[:, 2])[-1]
    np.testing.assert_array_equal(together.mean[2], alone.mean)
    np.testing.assert_array_equal(together.rate[2], alone.rate)


def test_log_density_is_students_t_and_integrates_to_one():
    model = DiscountedModel(mean_discount=1.0, scale_discount=0.9, start_shape=3, start_rate=5)
    belief = model.predict(model.initial(1))
    scale = np.sqrt(5 / 3)
    for y in (-2.0, 0.0, 7.0):
        found = model.log_density(belief, [y])[0]
        assert found == pytest.approx(student.logpdf(y, df=2 * 2.7, scale=scale), rel=1e-12)
    mass = quad(lambda y: np.exp(model.log_density(belief, [y])[0]), -np.inf, np.inf)[0]
    assert mass == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("ratio", [0.0, 1e-9, 0.1, 30.0])
def test_discount_of_drift_is_the_steady_kalman_filter(ratio):
    discount = discount_of_drift(ratio)
    assert 1 - discount == pytest.approx(kalman_gain_walk(ratio), rel=1e-6, abs=1e-15)
    assert drift_of_discount(discount) == pytest.approx(ratio, rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("discount", [0.01, 0.5, 0.9, 0.9999])
def test_volatility_and_discount_are_inverses(discount):
    assert discount_of_volatility(volatility_of_discount(discount)) == pytest.approx(
        discount, rel=1e-9
    )


def test_ends_of_the_discounts():
    assert volatility_of_discount(1.0) == 0
    assert volatility_of_discount(0.0) == drift_of_discount(0.0) == np.inf
    with pytest.raises(ProblemError, match="scale_discount=1"):
        discount_of_volatility(1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: DiscountedModel(mean_discount=0.9, scale_discount=0.9, start_rate=1.0),
            "start_shape",
        ),
        (lambda: DiscountedModel(mean_discount=1.1, scale_discount=0.9), "mean_discount"),
        (
            lambda: DiscountedBelief(mean=[0.0], weight=1, shape=1, rate=[1.0, 2.0]),
            "one rate for every entry",
        ),
        (lambda: DiscountedBelief(mean=[0.0], weight=1, shape=1, rate=[-1.0]), "rates >= 0"),
        (lambda: DiscountedBelief(mean=[np.nan], weight=1, shape=1, rate=[1.0]), "finite"),
        (lambda: model().initial(1).square, "observe a gradient first"),
        (lambda: model().update(model().initial(2), [1.0]), "that of the belief"),
        (lambda: model().after([1.0, 2.0]), "for one weight"),
        (lambda: model().log_density(model().after([[0.0]])[0], [1.0]), "b = 0"),
    ],
)
def test_likely_mistakes_are_refused_in_words(call, words):
    with pytest.raises(ProblemError, match=words):
        call()


def model():
    return DiscountedModel(mean_discount=0.9, scale_discount=0.99)


def run(family, seen=SEEN, **coefficients):
    """Updates (T, E, n) of the family."""
    policy = lc.Policy(family=family, coefficients=coefficients, horizon=len(seen))
    state, found = policy.init(*seen.shape[1:]), []
    for y in seen:
        move, state = policy.update(state, y)
        found.append(move)
    return np.array(found)


@pytest.mark.parametrize("discount", [0.0, 0.7])
@pytest.mark.parametrize("start", [(0.0, 0.0), (2.0, 3.0)])
def test_the_family_is_the_optimal_step_for_what_the_model_believes(discount, start):
    shape, rate = start
    beliefs = DiscountedModel(
        mean_discount=0.9, scale_discount=0.99, start_shape=shape, start_rate=rate
    ).after(SEEN)
    wanted = [
        -0.04 * belief.mean / (np.sqrt(discount**2 / 4 + 0.04 * belief.square) + discount / 2)
        for belief in beliefs
    ]
    started = {"start_rate": rate} if shape else {}
    found = run(
        DiscountedBayes(discount=discount, start_shape=shape),
        learning_rate=0.2,
        beta1=0.9,
        beta2=0.99,
        **started,
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_the_family_is_adam_without_epsilon_and_momentum_descent_for_large_discounts():
    found = run(DiscountedBayes(), learning_rate=0.2, beta1=0.9, beta2=0.99)
    adam = Adam(learning_rate=0.2, beta1=0.9, beta2=0.99, epsilon=0.0)
    state = adam.init(*SEEN.shape[1:])
    for y, move in zip(SEEN, found, strict=True):
        rate, state = adam.update(state, y, np.zeros_like(y), 1.0)
        np.testing.assert_allclose(move, rate, rtol=1e-12)
    far = run(DiscountedBayes(discount=1e6), learning_rate=0.2, beta1=0.0, beta2=0.99)
    np.testing.assert_allclose(far, -0.04e-6 * SEEN, rtol=1e-9)


def test_the_family_is_recognised_as_adam():
    policy = lc.Policy(
        family=DiscountedBayes(),
        coefficients={"learning_rate": 0.02, "beta1": 0.9, "beta2": 0.99},
        horizon=100,
    )
    assert "adam" in str(lc.identify(policy)).lower()


@pytest.mark.slow
def test_the_family_is_optimised_to_adam_and_a_proper_start_gains():
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete([0.5, 1.0]), start_variance=1.0
    )
    diffuse, adam, proper = (
        lc.optimize_policy(
            task,
            family,
            lc.Objective(horizon=8, learning_rate=np.inf),
            sees=lc.NoisyGradient(0.3),
            cost="terminal",
        )
        for family in (
            DiscountedBayes(),
            AdamFamily(exponent=0.5, epsilon=1e-16),
            DiscountedBayes(start_shape=1.0),
        )
    )
    assert diffuse.cost == pytest.approx(adam.cost, rel=1e-6)
    assert proper.cost < 0.8 * diffuse.cost


def test_the_family_acts_in_a_simulation():
    hidden = lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=10.0),
    )
    policy = lc.Policy(
        family=DiscountedBayes(),
        coefficients={"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99},
        horizon=10,
    )
    adam = Adam(learning_rate=0.1, beta1=0.9, beta2=0.99, epsilon=0.0)
    costs = [
        lc.simulate(problem, each, episodes=20, seed=0, step=1.0).costs for each in (policy, adam)
    ]
    np.testing.assert_allclose(*costs, rtol=1e-10)
