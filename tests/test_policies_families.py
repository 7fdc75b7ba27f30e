"""What holds of every family: one formula on numbers and symbols, linear exactly where it says so, policies that run."""

import casadi as ca
import numpy as np
import pytest
from policy_runs import HORIZON, drawn, gradients, moves, symbolic_moves

from landscape_control.errors import ProblemError
from landscape_control.policies import (
    ALL,
    AdamFamily,
    Cosine,
    FirstOrderSpan,
    Fixed,
    GatedPolicy,
    GradientDescent,
    HeavyBall,
    Lion,
    NeuralPolicy,
    Policy,
    Scheduled,
    SignDescent,
    WeightDecay,
    impulse_response,
)

FAMILIES = [
    *ALL.values(), FirstOrderSpan(memory=1, constant=True), FirstOrderSpan(memory=HORIZON, constant=False),
    AdamFamily(epsilon=None), AdamFamily(exponent=0.5, bias_correction=False, epsilon=1e-8), SignDescent(smoothing=0.1),
    Lion(smoothing=0.1), WeightDecay(family=Lion(smoothing=0.1)), WeightDecay(family=HeavyBall(constant=False)),
    Fixed(family=HeavyBall(constant=True), values={"momentum": 0.9}),
    Scheduled(family=HeavyBall(constant=True), shape=Cosine(final=None)), NeuralPolicy(hidden=2, gradient_scale=1.0),
    GatedPolicy(hidden=2, gradient_scale=1.0, sees_clock=True)]
LINEAR = [family for family in FAMILIES if family.linear and not family.reads_parameters]
SEEN, AT = gradients()


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
@pytest.mark.parametrize(("kind", "clock_symbol"), [(ca.SX, False), (ca.MX, False), (ca.SX, True)])
def test_symbols_and_numbers_give_the_same_updates(family, kind, clock_symbol):
    values = drawn(family)
    found = symbolic_moves(family, values, SEEN, AT, kind, clock_symbol)
    np.testing.assert_allclose(found, moves(family, values, SEEN, AT), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_family_is_linear_exactly_where_it_says_so(family):
    """Superposition of two sequences of gradients and parameters."""
    values, (other, at) = drawn(family), gradients(seed=5)
    both = moves(family, values, 2 * SEEN - 3 * other, 2 * AT - 3 * at)
    apart = 2 * moves(family, values, SEEN, AT) - 3 * moves(family, values, other, at)
    assert np.allclose(both, apart, rtol=1e-11, atol=1e-11) == family.linear


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_gradients_of_zero_at_the_centre_move_nothing(family):
    np.testing.assert_array_equal(moves(family, drawn(family), np.zeros_like(SEEN)), 0)


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_coefficients_before_their_first_step_have_no_effect(family):
    values = drawn(family)
    changed = {one.name: np.where(np.arange(HORIZON) < one.first, 9.0, values[one.name]) if one.varies else values[one.name]
               for one in family.coefficients}
    np.testing.assert_array_equal(moves(family, changed, SEEN, AT), moves(family, values, SEEN, AT))


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_every_coefficient_has_an_effect(family):
    """Each entry of the vector changes some update within a horizon no shorter than the memory."""
    layout, entries = family.layout(HORIZON), family.layout(HORIZON).join(drawn(family))
    before = moves(family, drawn(family), SEEN, AT)
    for i, label in enumerate(layout.labels):
        shifted = entries.copy()
        shifted[i] = 0.9 * entries[i] + 0.01
        assert np.abs(moves(family, layout.split(shifted), SEEN, AT) - before).max() > 0, label


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_policy_runs_the_family_and_maps_histories(family):
    expected = moves(family, drawn(family), SEEN, AT)
    policy = Policy(family=family, coefficients=drawn(family), horizon=HORIZON)
    state = policy.init(1, 3)
    for t in range(HORIZON):
        u, state = policy.update(state, SEEN[None, t], AT[None, t], 0.5)
        np.testing.assert_allclose(0.5 * u[0], expected[t], rtol=1e-13)
    if not family.reads_parameters:
        np.testing.assert_allclose(policy(SEEN), moves(family, drawn(family), SEEN)[-1], rtol=1e-13)


@pytest.mark.parametrize("family", LINEAR, ids=repr)
def test_span_of_all_gradients_does_what_any_linear_rule_does(family):
    response = impulse_response(Policy(family=family, coefficients=drawn(family), horizon=HORIZON))
    lags = {f"lag_{j}": np.concatenate([np.zeros(j), -np.diagonal(response, -j)]) for j in range(HORIZON)}
    found = moves(FirstOrderSpan(memory=HORIZON, constant=False), lags, SEEN)
    np.testing.assert_allclose(found, moves(family, drawn(family), SEEN), rtol=1e-11, atol=1e-12)


def test_response_to_one_gradient_needs_a_linear_rule():
    family = AdamFamily(epsilon=1e-8)
    with pytest.raises(ProblemError, match="impulse_response: expected a linear family; received Adam family"):
        impulse_response(Policy(family=family, coefficients=drawn(family), horizon=HORIZON))


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_family_says_what_it_is(family):
    assert all((family.name, family.formula, family.source))
    assert family.contains
    assert all(rule and where for rule, where in family.contains.items())
    names = [one.name for one in family.coefficients]
    assert len(set(names)) == len(names)


def test_coefficients_of_another_family_are_refused_with_the_near_match():
    with pytest.raises(ProblemError, match="did you mean 'momentum'"):
        Policy(family=HeavyBall(constant=True), coefficients={"learning_rate": 0.1, "momentun": 0.9}, horizon=3)


def test_a_missing_coefficient_is_named():
    with pytest.raises(ProblemError, match="coefficient 'momentum': expected a value; received none"):
        Policy(family=HeavyBall(constant=True), coefficients={"learning_rate": 0.1}, horizon=3)


def test_a_rule_with_one_number_per_step_ends_with_its_horizon():
    policy = Policy(family=GradientDescent(constant=False), coefficients={"learning_rate": [0.1, 0.2]}, horizon=2)
    with pytest.raises(ProblemError, match="expected at most the 2 steps it was planned for; received step 3"):
        policy(np.ones((3, 1)))
