"""Optimisers step by step against textbook recursions, on the noise that was declared."""

import math

import numpy as np
import pytest
from learner_problems import CURVED, STEP, textbook_momentum

import landscape_control as lc
from landscape_control.simulation import SGD, Adam, HeavyBall, NoReset, RMSProp, simulate


def textbook_adam(y, rate, *, correct, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Kingma & Ba 2015, Algorithm 1, in plain numbers; y are the gradients of one parameter."""
    m = v = 0.0
    updates = []
    for t, g in enumerate(y, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        first, second = (m / (1 - beta1**t), v / (1 - beta2**t)) if correct else (m, v)
        updates.append(-rate * first / (math.sqrt(second) + epsilon))
    return updates


def textbook_rmsprop(y, rate, decay=0.99, epsilon=1e-8):
    v, updates = 0.0, []
    for g in y:
        v = decay * v + (1 - decay) * g * g
        updates.append(-rate * g / (math.sqrt(v) + epsilon))
    return updates


@pytest.mark.parametrize(
    ("learner", "textbook"),
    [
        (SGD(learning_rate=0.3), lambda y: -0.3 * np.asarray(y)),
        (HeavyBall(learning_rate=0.3, momentum=0.8), lambda y: textbook_momentum(y, 0.3, 0.8)),
        (Adam(learning_rate=0.3), lambda y: textbook_adam(y, 0.3, correct=True)),
        (
            Adam(learning_rate=0.3, bias_correction=False),
            lambda y: textbook_adam(y, 0.3, correct=False),
        ),
        (RMSProp(learning_rate=0.3), lambda y: textbook_rmsprop(y, 0.3)),
        (NoReset(learner=SGD(learning_rate=0.3)), lambda y: -0.3 * np.asarray(y)),
    ],
    ids=["SGD", "HeavyBall", "Adam", "Adam uncorrected", "RMSProp", "NoReset"],
)
def test_optimisers_are_their_textbook_recursions_step_by_step(learner, textbook):
    paths = simulate(CURVED, learner, episodes=3, step=STEP, keep_paths=True).paths
    for episode in range(3):
        for i in range(2):
            assert paths.controls[episode, :, i] == pytest.approx(
                textbook(paths.observations[episode, :, i]), rel=1e-12
            )
    assert np.diff(paths.parameters, axis=1) == pytest.approx(STEP * paths.controls, abs=1e-14)


def test_matrix_noise_has_the_declared_covariance():
    paths = simulate(CURVED, SGD(learning_rate=0.0), episodes=4000, step=0.5, keep_paths=True).paths
    noise = (paths.observations - paths.parameters[:, :-1] * [1.0, 0.05]).reshape(-1, 2)
    root = np.array([[0.3, 0.1], [0.0, 0.2]])
    assert np.cov(noise.T) == pytest.approx(root @ root.T / 0.5, abs=0.006)


def test_noise_that_depends_on_the_weights_is_taken_where_they_are():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]], minimum=[0.0]),
        start=[2.0],
        objective=lc.Objective(horizon=1.0),
        learner=lc.Learner(sees=lc.NoisyGradient(lambda theta: 0.5 * theta[0])),
    )
    paths = simulate(
        problem, SGD(learning_rate=0.0), episodes=3000, step=1.0, keep_paths=True
    ).paths
    assert paths.observations[:, 0, 0].std() == pytest.approx(1.0, rel=0.06)
