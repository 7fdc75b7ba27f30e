"""Rules that fit alike because they are nested: the answer is the simplest of them, not that
nothing can be known.
"""

import pytest

from landscape_control import Discrete, identify
from landscape_control.identification import Excitation, rollout
from landscape_control.identification.maps import Conclusion
from landscape_control.policies import (
    AdamFamily,
    FirstOrderSpan,
    GradientDescent,
    HeavyBall,
    Nesterov,
    Policy,
    WeightDecay,
)

WATCHED = Excitation(histories=12, steps=30)
DESCENT = {"learning_rate": 0.3}
SUBJECTS = {  # family and coefficients at which it is gradient descent
    "heavy ball": (HeavyBall(constant=True), DESCENT | {"momentum": 0.0}),
    "nesterov": (Nesterov(constant=True), DESCENT | {"momentum": 0.0}),
    "decay": (WeightDecay(family=GradientDescent(constant=True)), DESCENT | {"decay": 0.0}),
    "span": (FirstOrderSpan(memory=2, constant=True), {"lag_0": 0.3, "lag_1": 0.0}),
    "adam": (
        AdamFamily(epsilon=1e-16, bias_correction=True),
        DESCENT | {"exponent": 0.0, "beta1": 0.0, "beta2": 0.9},
    ),
}


def verdict(subject, rules=None):
    return identify(subject, rules=rules, excitation=WATCHED, resamples=10)


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_rule_whose_extra_number_is_zero_is_the_simpler_rule(name):
    family, coefficients = SUBJECTS[name]
    found = verdict(
        Policy(family=family, coefficients=coefficients, horizon=30),
        ["sgd", "heavy_ball", "nesterov"],
    )
    assert found.conclusion is Conclusion.RULE
    assert found.best.key == "sgd"
    assert found.best.coefficients["learning_rate"] == pytest.approx(0.3, rel=1e-9)
    assert found.best.identifiable


@pytest.mark.parametrize(
    "rules",
    [
        ["heavy_ball", "nesterov"],
        ["heavy_ball", "sgd_weight_decay"],
        ["nesterov", "corrected_momentum"],
    ],
)
def test_the_rule_that_nested_ones_have_in_common_is_named_although_nobody_asked_for_it(rules):
    subject = Policy(family=GradientDescent(constant=True), coefficients=DESCENT, horizon=30)
    found = verdict(subject, rules)
    assert found.conclusion is Conclusion.RULE
    assert found.best.key == "sgd"
    assert not found.equivalent
    assert {row.key for row in found.rows} == {"sgd", *rules}
    assert "was not among the rules that were asked for" in str(found)
    assert "add noise" not in str(found)


def test_rules_that_differ_are_still_told_apart_without_the_one_they_contain():
    found = verdict(
        Policy(
            family=HeavyBall(constant=True),
            coefficients={"learning_rate": 0.2, "momentum": 0.6},
            horizon=30,
        ),
        ["heavy_ball", "nesterov"],
    )
    assert (found.conclusion, found.best.key) == (Conclusion.RULE, "heavy_ball")
    assert len(found.rows) == 2


def test_a_path_without_noise_still_identifies_nothing():
    quiet = rollout(
        "sgd",
        {"learning_rate": 0.3},
        excitation=Excitation(
            curvatures=Discrete([0.3]), histories=2, steps=30, noise=0.0, weights=1
        ),
    )
    found = identify(quiet, rules=["heavy_ball", "nesterov"], resamples=10)
    assert found.conclusion is Conclusion.NOT_IDENTIFIABLE
