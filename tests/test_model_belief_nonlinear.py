"""Extended and unscented filters against the true posterior: a large particle filter, and Bayes'
rule on a fine grid.

They are approximations; how good they are is measured in posterior standard deviations.
"""

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.model.belief import belief_model

STEP, COUNT, EPISODES, PARTICLES = 0.1, 25, 6, 100_000
THETAS = 1 + 1.5 * np.sin(0.4 * np.arange(COUNT))


def model_of(loss, hidden, sees, filter="extended"):
    landscape = lc.Landscape.from_expression(loss, dimension=1, hidden=hidden)
    return belief_model(
        lc.ControlProblem(
            landscape=landscape,
            learner=lc.Learner(sees=sees),
            start=[0.7],
            objective=lc.Objective(horizon=1.0),
        ),
        filter=filter,
    )


def unknown_curvature(theta, hidden):
    return ca.exp(hidden[0]) * (theta[0] - hidden[1]) ** 2 / 2


def unknown_minimum(theta, hidden):
    return (theta[0] - hidden[0]) ** 2 / 2


# name: loss, hidden, observation, the same h(θ, φ) and noise in NumPy, shift of θ,
# then for each filter the largest mean error (rms, in posterior standard deviations)
CASES = {
    "curvature and minimum": (
        unknown_curvature,
        lc.GaussianPrior(mean=[0.0, 0.0], covariance=0.09 * np.eye(2)),
        lc.NoisyGradient(noise=0.5),
        lambda theta, cloud: np.exp(cloud[:, 0]) * (theta - cloud[:, 1]),
        0.5,
        0.0,
        {"extended": 0.1, "unscented": 0.05},
    ),
    "drifting curvature and minimum": (
        unknown_curvature,
        lc.OrnsteinUhlenbeck(mean=[0.0, 0.0], rate=0.5, covariance=0.09 * np.eye(2)),
        lc.NoisyGradient(noise=0.5),
        lambda theta, cloud: np.exp(cloud[:, 0]) * (theta - cloud[:, 1]),
        0.5,
        0.0,
        {"extended": 0.08, "unscented": 0.04},
    ),
    "noisy loss": (
        unknown_minimum,
        lc.GaussianPrior(mean=[0.0], covariance=[0.25]),
        lc.NoisyLoss(noise=0.3),
        lambda theta, cloud: (theta - cloud[:, 0]) ** 2 / 2,
        0.3,
        1.0,
        {"extended": 0.15, "unscented": 0.1},
    ),
    "noisy loss of a moving minimum": (
        unknown_minimum,
        lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.5, covariance=[0.25]),
        lc.NoisyLoss(noise=0.3),
        lambda theta, cloud: (theta - cloud[:, 0]) ** 2 / 2,
        0.3,
        1.0,
        {"extended": 0.12, "unscented": 0.04},
    ),
}


def particle_filter(hidden, predicted, noise, thetas, seen, rng):
    """Posterior means and standard deviations (COUNT, p) by systematic resampling of many
    particles.
    """
    cloud = hidden.sample(rng, PARTICLES, np.zeros(1))[:, 0]
    logarithm, moments = np.zeros(PARTICLES), []
    decay = np.exp(-hidden.reversion[0, 0] * STEP)
    for k, (theta, y) in enumerate(zip(thetas, seen, strict=True)):
        if k and decay < 1:
            kick = rng.standard_normal(cloud.shape) * np.sqrt(
                np.diag(hidden.covariance) * (1 - decay**2)
            )
            cloud = hidden.centre + decay * (cloud - hidden.centre) + kick
        logarithm = logarithm - STEP * ((y - predicted(theta, cloud)) / noise) ** 2 / 2
        weights = np.exp(logarithm - logarithm.max())
        weights /= weights.sum()
        mean = weights @ cloud
        moments.append((mean, np.sqrt(weights @ (cloud - mean) ** 2)))
        if decay < 1 and 1 / (weights**2).sum() < PARTICLES / 2:
            ladder = (np.arange(PARTICLES) + rng.random()) / PARTICLES
            cloud, logarithm = (
                cloud[np.searchsorted(np.cumsum(weights)[:-1], ladder)],
                np.zeros(PARTICLES),
            )
    return [np.array(part) for part in zip(*moments, strict=True)]


@pytest.mark.parametrize("name", CASES)
def test_nonlinear_filters_follow_a_large_particle_filter(name):
    loss, hidden, sees, predicted, noise, shift, allowed = CASES[name]
    rng, thetas = np.random.default_rng(1), THETAS + shift
    models = {filter: model_of(loss, hidden, sees, filter) for filter in allowed}
    path = hidden.sample(rng, EPISODES, STEP * np.arange(COUNT))
    seen = [
        models["extended"].observe(
            np.full((EPISODES, 1), theta), path[:, k], rng.standard_normal((EPISODES, 1)), STEP
        )
        for k, theta in enumerate(thetas)
    ]
    reference = [
        particle_filter(hidden, predicted, noise, thetas, [y[e, 0] for y in seen], rng)
        for e in range(EPISODES)
    ]
    errors = {}
    for filter, model in models.items():
        assert not model.exact
        assert filter in model.assumes
        belief, gaps, ratios = model.initial(EPISODES), [], []
        for k, theta in enumerate(thetas):
            belief = model.predict(belief, STEP) if k else belief
            belief = model.update(belief, np.full((EPISODES, 1), theta), seen[k], STEP)
            deviation = np.sqrt(np.diagonal(belief.covariance, axis1=1, axis2=2))
            gaps.append(
                [
                    (belief.mean[e] - reference[e][0][k]) / reference[e][1][k]
                    for e in range(EPISODES)
                ]
            )
            ratios.append([deviation[e] / reference[e][1][k] for e in range(EPISODES)])
        errors[filter] = np.sqrt(np.mean(np.square(gaps)))
        assert errors[filter] < allowed[filter]
        assert np.abs(np.log(ratios)).max() < 0.15
    assert errors["unscented"] < errors["extended"]


@pytest.mark.parametrize("filter", ["extended", "unscented"])
def test_nonlinear_filters_become_exact_as_the_prior_narrows(filter):
    """With noise scaled like the prior, the mean's error in posterior standard deviations is of
    first order in its width.
    """
    errors = []
    for width in (0.2, 0.1, 0.05):
        hidden = lc.GaussianPrior(mean=[0.0], covariance=[width**2])
        model = model_of(
            lambda t, h: ca.exp(h[0]) * t[0] ** 2 / 2, hidden, lc.NoisyGradient(noise=width), filter
        )
        grid = np.linspace(-8, 8, 20_001) * width
        belief, logarithm, rng = (
            model.initial(40),
            np.tile(-(grid**2) / (2 * width**2), (40, 1)),
            np.random.default_rng(2),
        )
        truth = hidden.sample(rng, 40, np.zeros(1))[:, 0]
        for theta in (0.8, 1.3, -1.0):
            place = np.full((40, 1), theta)
            seen = model.observe(place, truth, rng.standard_normal((40, 1)), STEP)
            belief = model.update(belief, place, seen, STEP)
            logarithm = logarithm - STEP * ((seen - np.exp(grid) * theta) / width) ** 2 / 2
        weights = np.exp(logarithm - logarithm.max(1, keepdims=True))
        weights /= weights.sum(1, keepdims=True)
        mean = weights @ grid
        deviation = np.sqrt(weights @ grid**2 - mean**2)
        errors.append(np.sqrt(np.mean(((belief.mean[:, 0] - mean) / deviation) ** 2)))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[-1] < 0.02
    np.testing.assert_allclose(orders, 1.0, atol=0.1)
