"""Every learner is a pair of pure functions with a formula, a source and bounds; mistakes have messages."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from learner_problems import MOVING, belief_rule

import landscape_control as lc
from landscape_control.simulation import (
    SGD,
    Adam,
    BeliefAdam,
    Bound,
    FullResetAtSwitches,
    HeavyBall,
    KalmanMomentum,
    LinearLearner,
    NoReset,
    RMSProp,
    ShrinkAndPerturb,
    WeightDecay,
    best_coefficients,
    kalman_gain,
    simulate,
)


def every_learner():
    sgd = SGD(learning_rate=0.1)
    return [
        sgd,
        HeavyBall(learning_rate=0.1, momentum=0.5),
        Adam(learning_rate=0.1),
        RMSProp(learning_rate=0.1),
        KalmanMomentum(learning_rate=0.1, ratio=0.1),
        BeliefAdam(drive=1.0, discount=0.0, ratio=0.1),
        NoReset(learner=sgd),
        WeightDecay(learner=sgd, decay=0.1),
        FullResetAtSwitches(learner=sgd, duration=1.0, told=False, threshold=0.5),
        ShrinkAndPerturb(learner=sgd, duration=1.0, shrink=0.5),
        LinearLearner(transition=[[0.5]], gain=[[1.0]], readout=[[-1.0]]),
    ]


def test_updates_are_pure_functions():
    """The same state, observation and parameters give the same control again; nothing that was
    passed is changed.
    """
    rng = np.random.default_rng(0)
    for learner in every_learner():
        resets = (
            ()
            if learner.draws
            else (FullResetAtSwitches(learner=learner, duration=0.1, told=False, threshold=0.5),)
        )
        for wrapped in (replace(learner, perturb=0.0) if learner.draws else learner, *resets):
            state = wrapped.init(4, 1, *((rng,) if learner.draws else ()))
            for step in range(40):
                y, theta, told = (
                    rng.standard_normal((4, 1)),
                    rng.standard_normal((4, 1)),
                    (rng.random(4) < 0.1,),
                )
                arguments = (y, theta, 0.05, *(told if wrapped.told_of_switches else ()))
                before = deepcopy((state, arguments))
                u, later = wrapped.update(state, *arguments)
                again, _ = wrapped.update(before[0], *before[1])
                repeated, _ = wrapped.update(state, *arguments)
                assert (u == again).all(), (wrapped, step)
                assert (u == repeated).all(), (wrapped, step)
                state = later


def test_every_learner_states_formula_source_and_bounds_that_hold_its_coefficients():
    for learner in every_learner():
        assert learner.formula
        assert learner.source
        assert learner.coefficients.keys() == learner.all_bounds.keys()
        for name, value in learner.coefficients.items():
            bound = learner.all_bounds[name]
            assert isinstance(bound, Bound)
            assert bound.low <= bound.least < bound.most <= bound.high
            assert bound.low <= value <= bound.high
            assert learner.with_coefficients({name: bound.least}).coefficients[name] == bound.least


MISTAKES = {
    "negative rate": (lambda: SGD(learning_rate=-1.0), "SGD learning_rate"),
    "momentum above one": (
        lambda: HeavyBall(learning_rate=1.0, momentum=1.5),
        "HeavyBall momentum",
    ),
    "wrapping nothing": (
        lambda: WeightDecay(learner=0.1, decay=1.0),
        "learner: expected a RawLearner; received float",
    ),
    "reset inside": (
        lambda: NoReset(learner=FullResetAtSwitches(learner=SGD(learning_rate=1.0), duration=1.0)),
        "the reset outside",
    ),
    "told and inferring": (
        lambda: FullResetAtSwitches(learner=SGD(learning_rate=1.0), duration=1.0, threshold=1.0),
        "told=False with a threshold",
    ),
    "told of nothing": (
        lambda: simulate(
            MOVING, FullResetAtSwitches(learner=SGD(learning_rate=1.0), duration=1.0), episodes=2
        ),
        "hidden variables that switch",
    ),
    "nothing to announce": (
        lambda: simulate(MOVING, belief_rule, beliefs="announced", episodes=2),
        "announced switches",
    ),
    "unknown coefficient": (
        lambda: SGD(learning_rate=1.0).with_coefficients({"momentum": 0.5}),
        "one of 'learning_rate'",
    ),
    "same seed": (
        lambda: best_coefficients(MOVING, SGD(learning_rate=1.0), held_out_seed=0),
        "held_out_seed",
    ),
    "unknown to tune": (
        lambda: best_coefficients(MOVING, SGD(learning_rate=1.0), free=["rate"]),
        "coefficient to tune",
    ),
    "nothing to tune": (
        lambda: best_coefficients(MOVING, SGD(learning_rate=1.0), free=[]),
        "at least one coefficient",
    ),
    "range without inside": (
        lambda: best_coefficients(
            MOVING, SGD(learning_rate=1.0), bounds={"learning_rate": (2.0, 1.0)}
        ),
        "least < most",
    ),
    "negative ratio": (lambda: kalman_gain(-1.0), "ratio ρ"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_has_its_message(mistake):
    action, message = MISTAKES[mistake]
    with pytest.raises(lc.ProblemError, match=message):
        action()
