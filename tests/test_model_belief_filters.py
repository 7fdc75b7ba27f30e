"""Gaussian filters against the inverted joint Gaussian and closed forms; what gradients reveal."""

from itertools import product

import casadi as ca
import numpy as np
import pytest
from filtered_problems import (
    CHAIN,
    HESSIAN,
    HIDDEN,
    PRIOR,
    STEP,
    from_here,
    moving_minimum,
    one_minimum,
    problem,
)

import landscape_control as lc
from landscape_control.model.belief import GaussianBelief, belief_model, combination, unobservable


def prior_of_path(hidden, count):
    """Mean (T·p,) and covariance of (φ₀, ..., φ_{T-1}) from the closed forms of each kind."""
    p, times = hidden.dimension, STEP * np.arange(count)
    decay = np.exp(-hidden.reversion[0, 0] * times)
    mean = hidden.centre + (hidden.prior_mean - hidden.centre) * decay[:, None]
    covariance = np.zeros((count, p, count, p))
    for s, t in product(range(count), repeat=2):
        early, gap = min(s, t), decay[abs(s - t)]
        gained = (
            hidden.covariance * (1 - decay[early] ** 2)
            if hidden.reversion.any()
            else hidden.diffusion * times[early]
        )
        covariance[s, :, t] = gap * (decay[early] ** 2 * hidden.prior_covariance + gained)
    return mean.ravel(), covariance.reshape(count * p, count * p)


def batch(hidden, slopes, offsets, noise, seen):
    """Mean and covariance of the last φ given all y = Cφ + c + noise, by inverting the joint
    Gaussian.
    """
    count, p = len(slopes), hidden.dimension
    mean, covariance = prior_of_path(hidden, count)
    design = np.zeros((seen.size, count * p))
    for k, slope in enumerate(slopes):
        design[k * len(slope) : (k + 1) * len(slope), k * p : (k + 1) * p] = slope
    joint = design @ covariance @ design.T + noise
    gain = covariance @ design.T @ np.linalg.inv(joint)
    after = covariance - gain @ design @ covariance
    return (mean + gain @ (seen.ravel() - design @ mean - offsets.ravel()))[-p:], after[-p:, -p:]


@pytest.mark.parametrize("filter", ["extended", "unscented"])
@pytest.mark.parametrize("sees", [lc.NoisyGradient, from_here])
@pytest.mark.parametrize("kind", HIDDEN)
def test_discrete_kalman_filter_inverts_the_joint_gaussian(kind, sees, filter):
    hidden, root = HIDDEN[kind], np.array([[0.6, 0.0], [0.2, 0.5]])
    model = belief_model(
        problem(moving_minimum, hidden, sees(noise=root), start=(0.7, 0.2)), filter=filter
    )
    assert model.exact
    rng = np.random.default_rng(3)
    count, episodes = 8, 3
    thetas = rng.standard_normal((count, episodes, 2))
    seen = rng.standard_normal((count, episodes, 2))
    belief = model.initial(episodes)
    for k in range(count):
        belief = model.predict(belief, STEP) if k else belief
        belief = model.update(belief, thetas[k], seen[k], STEP)
    shared = belief.covariance.ndim == 2
    assert shared == (sees is lc.NoisyGradient)
    for e in range(episodes):
        if shared:
            slopes, offsets = [-HESSIAN] * count, thetas[:, e] @ HESSIAN
        else:
            slopes = [np.diag([1.0, 2 * theta[1]]) for theta in thetas[:, e]]
            offsets = np.stack([2 * thetas[:, e, 0], np.zeros(count)], axis=1)
        noise = np.kron(np.eye(count), root @ root.T / STEP)
        mean, covariance = batch(hidden, slopes, offsets, noise, seen[:, e])
        np.testing.assert_allclose(belief.mean[e], mean, atol=1e-10)
        np.testing.assert_allclose(
            belief.covariance if shared else belief.covariance[e], covariance, atol=1e-10
        )


def test_one_learner_is_one_of_many():
    model = belief_model(
        problem(
            moving_minimum, HIDDEN["constant"], from_here(lambda t: 0.5 + t[0] ** 2), (0.7, 0.2)
        )
    )
    theta, seen = np.array([[0.3, 1.1], [-0.4, 0.6]]), np.array([[0.1, 0.2], [1.0, -0.5]])
    many = model.update(model.initial(2), theta, seen, STEP)
    one = model.update(
        GaussianBelief(mean=HIDDEN["constant"].mean, covariance=PRIOR), theta[1], seen[1], STEP
    )
    assert one.mean.shape == (2,)
    np.testing.assert_allclose(one.mean, many.mean[1], rtol=1e-13)
    np.testing.assert_allclose(one.covariance, many.covariance[1], rtol=1e-12)
    np.testing.assert_allclose(
        model.expected_loss(theta, many)[1], model.expected_loss(theta[1], one), rtol=1e-13
    )


def test_exact_gradients_reveal_what_they_depend_on():
    both = belief_model(
        problem(moving_minimum, HIDDEN["random walk"], lc.ExactGradient(), (0.7, 0.2))
    )
    hidden = np.array([[0.4, -1.0], [1.0, 0.3]])
    theta = np.array([[0.1, 0.2], [0.5, -0.5]])
    belief = both.update(both.initial(2), theta, both.observe(theta, hidden, None, STEP), STEP)
    np.testing.assert_allclose(belief.mean, hidden, atol=1e-12)
    np.testing.assert_allclose(belief.covariance, 0.0, atol=1e-14)
    half = belief_model(
        problem(
            lambda t, h: 0.5 * (t[0] - h[0] - h[1]) ** 2, HIDDEN["constant"], lc.ExactGradient()
        )
    )
    belief = half.update(half.initial(1), np.array([[0.3]]), np.array([[1.0]]), STEP)
    np.testing.assert_allclose(belief.mean.sum(), 0.3 - 1.0, atol=1e-12)
    along = np.array([1.0, 1.0])
    np.testing.assert_allclose(along @ belief.covariance @ along, 0.0, atol=1e-14)
    assert np.linalg.eigvalsh(belief.covariance)[1] > 0.1


def test_exact_gradient_of_a_nonlinear_landscape_is_inverted():
    hidden = lc.GaussianPrior(mean=[0.0], covariance=[0.5])
    model = belief_model(
        problem(lambda t, h: ca.exp(h[0]) * t[0] ** 2 / 2, hidden, lc.ExactGradient())
    )
    theta, truth = np.array([[0.7], [-1.2], [2.0]]), np.array([[0.9], [-1.1], [0.0]])
    belief = model.update(model.initial(3), theta, model.observe(theta, truth, None, STEP), STEP)
    np.testing.assert_allclose(belief.mean, truth, atol=1e-11)
    np.testing.assert_allclose(belief.covariance, 0.0, atol=1e-14)
    tasks = belief_model(problem(one_minimum, CHAIN, lc.ExactGradient()))
    seen = tasks.observe(theta, CHAIN.tasks, None, STEP)
    np.testing.assert_allclose(
        tasks.update(tasks.initial(3), theta, seen, STEP).probabilities, np.eye(3), atol=1e-15
    )


def test_covariances_stay_positive_when_little_noise_meets_a_wide_prior():
    hidden = lc.GaussianPrior(mean=[0.0, 0.0], covariance=1e6 * np.eye(2))
    sees = lc.Observe(lambda t, h: ca.vertcat(h[0] + t[0] * h[1], h[0] - h[1]), noise=1e-4)
    model = belief_model(problem(lambda t, h: (t[0] - h[0]) ** 2 + 1e-3 * h[1] ** 2, hidden, sees))
    rng, belief = np.random.default_rng(0), None
    belief = model.initial(50)
    for _ in range(20):
        theta = rng.standard_normal((50, 1))
        belief = model.update(
            belief,
            theta,
            model.observe(theta, np.ones((50, 2)), rng.standard_normal((50, 2)), 1.0),
            1.0,
        )
        assert np.array_equal(belief.covariance, np.swapaxes(belief.covariance, 1, 2))
        assert (np.linalg.eigvalsh(belief.covariance) >= 0).all()
    assert (
        np.abs(belief.mean - 1) < 6 * np.sqrt(np.diagonal(belief.covariance, axis1=1, axis2=2))
    ).all()


def test_unobservable_combinations_are_named():
    sum_only = problem(
        lambda t, h: 0.5 * (t[0] - h[0] - h[1]) ** 2,
        HIDDEN["constant"],
        lc.NoisyGradient(noise=1.0),
    )
    directions = unobservable(sum_only)
    np.testing.assert_allclose(directions, [[np.sqrt(0.5), -np.sqrt(0.5)]], atol=1e-9)
    assert combination(directions[0]) == "0.707·hidden[0] - 0.707·hidden[1]"
    np.testing.assert_allclose(belief_model(sum_only).steady_covariance() @ [1, 1], 0.0, atol=1e-12)
    seen_by_moving = problem(
        lambda t, h: ca.exp(h[0]) * (t[0] - h[1]) ** 2, HIDDEN["constant"], lc.NoisyLoss(noise=1.0)
    )
    assert unobservable(seen_by_moving).shape == (0, 2)
    twins = lc.TaskChain(rates=[[-1, 1, 0], [1, -2, 1], [0, 1, -1]], tasks=[1.0, 1.0, 2.0])
    pair = unobservable(problem(one_minimum, twins, lc.NoisyGradient(noise=1.0)))
    np.testing.assert_allclose(np.abs(pair), [[np.sqrt(0.5), np.sqrt(0.5), 0.0]])


def test_models_are_built_once():
    first = problem(one_minimum, CHAIN, lc.NoisyGradient(noise=0.8))
    assert belief_model(first) is belief_model(first.changed(start=[0.1], discount=0.3))
