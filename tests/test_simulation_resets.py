"""What learners do at task switches, announced or not, and weight decay."""

import math

import numpy as np
import pytest
from learner_problems import MOVING, MU, SIGMA, STEP, H, belief_rule, bowl

import landscape_control as lc
from landscape_control.model.belief import belief_model
from landscape_control.simulation import (
    SGD,
    Adam,
    FullResetAtSwitches,
    HeavyBall,
    ShrinkAndPerturb,
    WeightDecay,
    paired_difference,
    simulate,
)

JUMPS = bowl(
    lc.JumpProcess(rate=0.3, mean=[0.0], covariance=[4.0]), horizon=10.0, start=0.0, noise=0.05
)


def switches(paths):
    """(episode, step) of every step before which the task has switched."""
    return np.argwhere(np.diff(paths.hidden[..., 0], axis=1)[:, :-1] != 0) + [0, 1]


def test_a_full_reset_brings_the_weights_back_along_a_straight_line_at_the_price_of_its_duration():
    learner = FullResetAtSwitches(learner=Adam(learning_rate=1.0, beta2=0.9), duration=0.25)
    run = simulate(JUMPS, learner, episodes=20, step=STEP, keep_paths=True)
    found = 0
    for episode, k in switches(run.paths):
        theta, u = run.paths.parameters[episode, :, 0], run.paths.controls[episode, :, 0]
        later = run.paths.hidden[episode, k : k + 6, 0]
        if k + 5 < len(u) and (later == later[0]).all():
            assert theta[k + 5] == pytest.approx(0.0, abs=1e-12)
            assert u[k : k + 5] == pytest.approx(np.full(5, -theta[k] / 0.25))
            # Adam's very first step: its counter starts afresh too
            assert abs(u[k + 5]) == pytest.approx(1.0, rel=1e-6)
            found += 1
    assert found > 20


def test_a_switch_can_be_inferred_from_surprising_gradients():
    learner = FullResetAtSwitches(
        learner=SGD(learning_rate=2.0), duration=STEP, told=False, threshold=2.0, window=5
    )
    calm = bowl(lc.GaussianPrior([0.0], [0.0]), horizon=10.0, start=0.0, noise=0.05)
    plain = SGD(learning_rate=2.0)
    quiet, same = (simulate(calm, policy, episodes=20, step=STEP) for policy in (learner, plain))
    assert (np.abs(quiet.costs - same.costs) < 1e-12).mean() > 0.9  # few false alarms
    run = simulate(JUMPS, learner, episodes=40, step=STEP, keep_paths=True)
    noticed = []
    for episode, k in switches(run.paths):
        size = abs(run.paths.hidden[episode, k, 0] - run.paths.parameters[episode, k, 0])
        calm_before = (
            run.paths.hidden[episode, max(k - 40, 0) : k, 0] == run.paths.hidden[episode, k - 1, 0]
        ).all() and k > 40
        if size > 1.0 and calm_before and k + 8 < run.paths.controls.shape[1]:
            noticed.append((np.abs(run.paths.parameters[episode, k : k + 8, 0]) < 1e-12).any())
    assert len(noticed) >= 10
    assert np.mean(noticed) > 0.8


def test_shrink_and_perturb_moves_the_weights_to_a_fraction_of_themselves_with_noise():
    learner = ShrinkAndPerturb(
        learner=SGD(learning_rate=1.0), shrink=0.4, perturb=0.1, duration=STEP
    )
    run = simulate(JUMPS, learner, episodes=200, step=STEP, keep_paths=True)
    episodes, k = switches(run.paths).T
    theta = run.paths.parameters[..., 0]
    noise = theta[episodes, k + 1] - 0.4 * theta[episodes, k]
    assert abs(noise.mean()) < 4 * 0.1 / math.sqrt(len(noise))
    assert noise.std() == pytest.approx(0.1, rel=4 / math.sqrt(2 * len(noise)))


def test_coupled_and_decoupled_decay_agree_without_momentum_only():
    def costs(learner, rate):
        pair = (
            WeightDecay(learner=learner, decay=decay, decoupled=d)
            for d, decay in ((False, 0.5), (True, 0.5 * rate))
        )
        return [simulate(MOVING, decayed, episodes=20, step=STEP).costs for decayed in pair]

    coupled, decoupled = costs(SGD(learning_rate=0.3), 0.3)
    assert coupled == pytest.approx(decoupled, rel=1e-12)
    coupled, decoupled = costs(HeavyBall(learning_rate=0.3, momentum=0.9), 0.3)
    assert np.abs(coupled - decoupled).max() > 1e-3
    rest = simulate(
        JUMPS,
        WeightDecay(learner=SGD(learning_rate=0.0), decay=20.0, decoupled=True, centre=(0.7,)),
        episodes=3,
        step=0.02,
    )
    assert rest.final == pytest.approx(np.full((3, 1), 0.7))


def test_announced_switches_help_and_the_belief_returns_to_the_prior():
    problem = bowl(lc.JumpProcess(rate=0.5, mean=[MU], covariance=[1.0]), horizon=6.0)
    told, untold = (
        simulate(problem, belief_rule, beliefs=beliefs, episodes=500, step=STEP, keep_paths=20)
        for beliefs in ("announced", None)
    )
    mean, error = paired_difference(untold, told)
    assert mean > 4 * error
    assert "announced" in told.assumes
    episodes, k = switches(told.paths).T
    information = H**2 * STEP / SIGMA**2  # of the observation that the switch is announced with
    assert told.paths.belief_variances[episodes, k, 0] == pytest.approx(
        np.full(len(k), 1 / (1 + information))
    )


def test_an_announced_switch_between_two_tasks_turns_the_belief_round():
    problem = bowl(lc.TaskChain(rates=[[-0.5, 0.5], [0.2, -0.2]], tasks=[-1.0, 1.0]), horizon=6.0)
    seen = {}

    def policy(theta, belief, time):
        seen[round(time / STEP)] = belief.probabilities
        return np.zeros_like(theta)

    paths = simulate(
        problem, policy, beliefs="announced", episodes=30, step=STEP, keep_paths=True
    ).paths
    episodes, k = switches(paths).T
    model = belief_model(problem)
    assert len(k) > 10
    for episode, step in zip(episodes, k, strict=True):
        survived = seen[step - 1][episode] * np.exp(np.array([-0.5, -0.2]) * STEP)
        turned = survived[::-1] / survived.sum()
        likelihood = np.exp(
            -((paths.observations[episode, step, 0] - H * (MU - model.tasks[:, 0])) ** 2)
            * STEP
            / (2 * SIGMA**2)
        )
        leaving = turned * np.array([0.2, 0.5]) / (turned @ [0.2, 0.5])
        expected = leaving * likelihood / (leaving @ likelihood)
        assert seen[step][episode] == pytest.approx(expected, rel=2e-2)
    truth = (paths.hidden[:, -2, 0] > 0).astype(int)
    assert np.mean([seen[119][e][t] for e, t in enumerate(truth)]) > 0.8
