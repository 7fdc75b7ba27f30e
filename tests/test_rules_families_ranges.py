"""Coefficients of a rule to run lie in the ranges that its family declares."""

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.policies import Averaged, HeavyBall, Policy, ScheduleFree
from landscape_control.support.errors import ProblemError


@pytest.mark.parametrize(
    ("family", "given", "words"),
    [
        (HeavyBall(constant=True), {"learning_rate": 0.1, "momentum": 1.5}, "momentum"),
        (Averaged(family=HeavyBall(constant=True)), {"averaging": -0.1}, r"averaging.*\[0, 1\]"),
        (ScheduleFree(), {"learning_rate": 0.1, "momentum": 0.99995, "averaging": 1.0}, "momentum"),
    ],
)
def test_a_policy_refuses_coefficients_outside_their_ranges(family, given, words):
    whole = {"learning_rate": 0.1, "momentum": 0.5} | given
    for make in (
        lambda: Policy(family=family, coefficients=whole, horizon=3),
        lambda: lc.export(family, to="numpy", coefficients=whole, horizon=3),
    ):
        with pytest.raises(ProblemError, match=words):
            make()


def test_an_edge_of_a_range_is_inside_it_to_rounding():
    family = ScheduleFree()
    high = {each.name: each.high for each in family.coefficients}["momentum"]
    given = {"learning_rate": -7.0, "momentum": np.nextafter(high, 2), "averaging": 1.0}
    assert Policy(family=family, coefficients=given, horizon=1).coefficients["momentum"] >= high
