"""Filters of tasks: Bayes' rule over all task sequences, small steps, moments."""

from itertools import product

import casadi as ca
import numpy as np
import pytest
from filtered_problems import CHAIN, STEP, one_minimum, problem
from scipy.linalg import expm

import landscape_control as lc
from landscape_control.model.belief import TaskBelief, belief_model


@pytest.mark.parametrize(
    "sees", [lc.NoisyGradient(noise=0.8), lc.NoisyLoss(noise=lambda theta: 0.3 + theta[0] ** 2)]
)
def test_task_filter_is_bayes_rule_over_all_task_sequences(sees):
    model = belief_model(problem(one_minimum, CHAIN, sees))
    rng = np.random.default_rng(1)
    count, episodes = 7, 2
    thetas, noise = rng.standard_normal((2, count, episodes, 1))
    path = CHAIN.sample(rng, episodes, STEP * np.arange(count))
    seen = [model.observe(thetas[k], path[:, k], noise[k], STEP) for k in range(count)]
    belief = model.initial(episodes)
    for k in range(count):
        belief = model.predict(belief, STEP) if k else belief
        belief = model.update(belief, thetas[k], seen[k], STEP)
    transition, tasks = expm(CHAIN.rates * STEP), CHAIN.tasks[:, 0]
    for e in range(episodes):
        posterior = np.zeros(3)
        for sequence in product(range(3), repeat=count):
            weight = (
                CHAIN.probabilities[sequence[0]] * transition[sequence[:-1], sequence[1:]].prod()
            )
            for k, i in enumerate(sequence):
                theta, gap = thetas[k, e, 0], thetas[k, e, 0] - tasks[i]
                gradient, loss = (1.3 * gap, 0.8), (0.65 * gap**2, 0.3 + theta**2)
                expected, spread = gradient if isinstance(sees, lc.NoisyGradient) else loss
                weight *= np.exp(-((seen[k][e, 0] - expected) ** 2) * STEP / (2 * spread**2))
            posterior[sequence[-1]] += weight
        np.testing.assert_allclose(belief.probabilities[e], posterior / posterior.sum(), atol=1e-12)


def test_small_steps_follow_the_symbolic_dynamics_of_the_probabilities():
    """With innovations ±√dt the mean change is the drift and half the difference the diffusion, to
    the next order in dt.
    """
    model = belief_model(problem(one_minimum, CHAIN, lc.NoisyGradient(noise=0.8)))
    theta, p = ca.SX.sym("theta"), ca.SX.sym("p", 3)
    parts = [model.symbolic_probability_drift(p), model.symbolic_probability_diffusion(theta, p)]
    dynamics = ca.Function("f", [theta, p], parts)
    probabilities = np.array([0.3, 0.45, 0.25])
    drift, diffusion = (np.array(part).ravel() for part in dynamics(0.6, probabilities))
    expected = 1.3 * (0.6 - probabilities @ CHAIN.tasks[:, 0])
    errors = []
    for step in (1e-2, 5e-3, 2.5e-3):
        ends = []
        for innovation in (1, -1):
            belief = TaskBelief(probabilities=probabilities[None])
            seen = np.array([[expected + 0.8 * innovation / np.sqrt(step)]])
            after = model.predict(model.update(belief, np.array([[0.6]]), seen, step), step)
            ends.append(after.probabilities[0] - probabilities)
        errors.append(
            [
                np.abs((ends[0] + ends[1]) / 2 - drift * step).max(),
                np.abs((ends[0] - ends[1]) / 2 - diffusion * np.sqrt(step)).max(),
            ]
        )
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, [[2.0, 1.5]] * 2, atol=0.1)


def test_task_belief_has_the_moments_of_its_mixture():
    tasks = np.array([[0.0, 1.0], [2.0, -1.0], [1.0, 0.0]])
    belief = TaskBelief(probabilities=[[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    mean, covariance = belief.mean_and_covariance(tasks)
    for e, weights in enumerate(belief.probabilities):
        np.testing.assert_allclose(mean[e], weights @ tasks)
        np.testing.assert_allclose(
            covariance[e], np.cov(tasks.T, aweights=weights, ddof=0), atol=1e-15
        )
