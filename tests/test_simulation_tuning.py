"""The best coefficients of a learner, on numbers of the search and on others."""

import math

import pytest
from learner_problems import ETA, GAMMA, MOVING, STEP, H, rates

import landscape_control as lc
from landscape_control.simulation import SGD, HeavyBall, WeightDecay, best_coefficients, simulate


@pytest.mark.slow
def test_the_best_sgd_on_one_known_mode_pulls_at_the_optimal_rate():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[H]], minimum=[0.0]),
        start=[1.0],
        learner=lc.Learner(sees=lc.ExactGradient()),
        objective=lc.Objective(horizon=math.inf, discount=GAMMA, learning_rate=ETA),
    )
    for method in ("nelder-mead", "differential evolution"):
        tuned = best_coefficients(
            problem,
            SGD(learning_rate=0.1),
            method=method,
            episodes=1,
            held_out_episodes=1,
            step=0.02,
            horizon=8.0,
            most_evaluations=200,
        )
        assert tuned.coefficients["learning_rate"] == pytest.approx(rates()[0] / H, rel=0.03)
        assert tuned.cost == pytest.approx(rates()[0] / (2 * ETA), rel=0.02)
        assert tuned.converged
        assert not tuned.at_bounds
        assert 5 < tuned.evaluations <= 200


def test_tuning_finds_nested_coefficients_and_reports_the_cost_on_other_numbers():
    start = WeightDecay(learner=HeavyBall(learning_rate=0.5, momentum=0.5), decay=0.01)
    settings = {
        "episodes": 100,
        "held_out_episodes": 400,
        "step": STEP,
        "starts": 1,
        "most_evaluations": 60,
    }
    tuned = best_coefficients(
        MOVING,
        start,
        free=["decay", "learner.learning_rate"],
        bounds={"decay": (0.001, 0.002)},
        **settings,
    )
    before = simulate(MOVING, start, episodes=100, step=STEP)
    assert tuned.training_cost < before.cost
    assert tuned.rollout.seed == 1
    assert tuned.standard_error == tuned.rollout.standard_error > 0
    assert tuned.cost == simulate(MOVING, tuned.learner, episodes=400, seed=1, step=STEP).cost
    assert tuned.learner.learner.momentum == 0.5
    assert "decay" in tuned.at_bounds
    assert tuned.coefficients == {
        name: tuned.learner.coefficients[name] for name in ("decay", "learner.learning_rate")
    }
