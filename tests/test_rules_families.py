"""What holds of every family: one formula on numbers and symbols, linear exactly where it says so,
policies that run.
"""

import casadi as ca
import numpy as np
import pytest
from policy_runs import HORIZON, drawn, gradients, moves, symbolic_moves

from landscape_control.policies import (
    ALL,
    AdamFamily,
    Constant,
    Cosine,
    DiscountedBayes,
    Family,
    FirstOrderSpan,
    Fixed,
    GatedPolicy,
    GradientDescent,
    HeavyBall,
    InverseTime,
    Lion,
    LogLinear,
    NeuralPolicy,
    Policy,
    Polynomial,
    Scheduled,
    ScheduledDescent,
    SignDescent,
    WarmupStableDecay,
    WeightDecay,
    impulse_response,
)
from landscape_control.records import load
from landscape_control.rules.families import Signum
from landscape_control.support.errors import ProblemError

FAMILIES = [
    *ALL.values(),
    FirstOrderSpan(memory=1, constant=True),
    FirstOrderSpan(memory=HORIZON, constant=False),
    AdamFamily(epsilon=None),
    AdamFamily(exponent=0.5, bias_correction=False, epsilon=1e-8),
    DiscountedBayes(),
    DiscountedBayes(discount=0.5, start_shape=2.0),
    DiscountedBayes(discount=None, curvature_scale=0.3),
    SignDescent(smoothing=0.1),
    Lion(smoothing=0.1),
    Signum(smoothing=0.1),
    WeightDecay(family=Lion(smoothing=0.1)),
    WeightDecay(family=HeavyBall(constant=False)),
    Fixed(family=HeavyBall(constant=True), values={"momentum": 0.9}),
    Scheduled(family=HeavyBall(constant=True), shape=Cosine(final=None)),
    NeuralPolicy(hidden=2, gradient_scale=1.0),
    GatedPolicy(hidden=2, gradient_scale=1.0, sees_clock=True),
]
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
    changed = {
        one.name: (
            np.where(np.arange(HORIZON) < one.first, 9.0, values[one.name])
            if one.varies
            else values[one.name]
        )
        for one in family.coefficients
    }
    np.testing.assert_array_equal(moves(family, changed, SEEN, AT), moves(family, values, SEEN, AT))


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_every_coefficient_has_an_effect(family):
    """Each entry of the vector changes some update within a horizon no shorter than the memory.

    Or some answer, of a rule that averages its iterates.
    """
    layout, entries = family.layout(HORIZON), family.layout(HORIZON).join(drawn(family))
    before = answers(family, drawn(family))
    for i, label in enumerate(layout.labels):
        shifted = entries.copy()
        shifted[i] = 0.9 * entries[i] + 0.01
        assert np.abs(answers(family, layout.split(shifted)) - before).max() > 0, label


def answers(family, values):
    """(2, T, n): updates, and readouts at given parameters."""
    policy = Policy(family=family, coefficients=values, horizon=HORIZON)
    state, found = policy.init(1, SEEN.shape[1]), []
    for seen, at in zip(SEEN, AT, strict=True):
        move, state = policy.update(state, seen[None], at[None])
        found.append([move[0], policy.readout(state, at[None])[0]])
    return np.swapaxes(found, 0, 1)


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
    lags = {
        f"lag_{j}": np.concatenate([np.zeros(j), -np.diagonal(response, -j)])
        for j in range(HORIZON)
    }
    found = moves(FirstOrderSpan(memory=HORIZON, constant=False), lags, SEEN)
    np.testing.assert_allclose(found, moves(family, drawn(family), SEEN), rtol=1e-11, atol=1e-12)


def test_response_to_one_gradient_needs_a_linear_rule():
    family = AdamFamily(epsilon=1e-8)
    with pytest.raises(
        ProblemError, match="impulse_response: expected a linear family; received Adam family"
    ):
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
        Policy(
            family=HeavyBall(constant=True),
            coefficients={"learning_rate": 0.1, "momentun": 0.9},
            horizon=3,
        )


def test_a_missing_coefficient_is_named():
    with pytest.raises(
        ProblemError, match="coefficient 'momentum': expected a value; received none"
    ):
        Policy(family=HeavyBall(constant=True), coefficients={"learning_rate": 0.1}, horizon=3)


def test_a_rule_with_one_number_per_step_ends_with_its_horizon():
    policy = Policy(
        family=GradientDescent(constant=False),
        coefficients={"learning_rate": [0.1, 0.2]},
        horizon=2,
    )
    with pytest.raises(
        ProblemError, match="expected at most the 2 steps it was planned for; received step 3"
    ):
        policy(np.ones((3, 1)))


CLOCKED = [family for family in FAMILIES if family.reads_clock]


def test_families_that_read_the_clock_are_those_drawn_over_a_horizon():
    """A bias correction and 1/t count steps, but never end."""
    over = {
        shape: ScheduledDescent(shape=shape).reads_clock
        for shape in (
            Constant(),
            InverseTime(),
            Polynomial(),
            Cosine(final=0.5),
            WarmupStableDecay(warmup=None, decay_fraction=None),
            LogLinear(pieces=3),
        )
    }
    assert list(over.values()) == [False, False, True, True, True, True]
    assert not AdamFamily(epsilon=1e-8).reads_clock
    assert WeightDecay(family=CLOCKED[0]).reads_clock
    assert Scheduled(family=CLOCKED[-1], shape=InverseTime()).reads_clock
    for clock in (True, False):
        assert GatedPolicy(hidden=1, gradient_scale=1.0, sees_clock=clock).reads_clock == clock


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_reading_the_clock_is_depending_on_the_horizon(family):
    """The same coefficients planned for twice the steps give other updates exactly where the family
    says so.
    """
    values, steps = drawn(family), np.full((2 * HORIZON, 3), 0.3)
    longer = {
        one.name: np.concatenate([values[one.name]] * 2) if one.varies else values[one.name]
        for one in family.coefficients
    }
    at_one_horizon, at_two = (
        run(Policy(family=family, coefficients=given, horizon=count * HORIZON), steps[:HORIZON])
        for count, given in ((1, values), (2, longer))
    )
    assert np.array_equal(at_one_horizon, at_two) != family.reads_clock


def run(policy, seen):
    """(T, n) updates of a policy on gradients seen at θ = 0.1."""
    state, found = policy.init(1, seen.shape[1]), []
    for gradient in seen:
        move, state = policy.update(state, gradient[None], np.full((1, seen.shape[1]), 0.1))
        found.append(move[0])
    return np.array(found)


@pytest.mark.parametrize("family", CLOCKED, ids=repr)
def test_a_rule_that_reads_the_clock_ends_with_its_horizon(family):
    policy = Policy(family=family, coefficients=drawn(family), horizon=HORIZON)
    assert policy.varies
    assert np.isfinite(run(policy, SEEN)).all()
    with pytest.raises(
        ProblemError,
        match=f"at most the {HORIZON} steps it was planned for; received step {HORIZON + 1}",
    ):
        run(policy, np.ones((HORIZON + 1, 3)))


def test_warm_up_stable_decay_never_ascends():
    """Past its horizon the shape is negative, so the rule has to end there."""
    family = ScheduledDescent(shape=WarmupStableDecay(warmup=0.2, decay_fraction=0.5))
    found = run(
        Policy(family=family, coefficients={"learning_rate": 0.1}, horizon=5), np.ones((5, 1))
    )
    np.testing.assert_allclose(found[:, 0], [-0.05, -0.1, -0.1, -0.075, -0.025], rtol=1e-12)


BALL = HeavyBall(constant=True)
RULE = Policy(family=BALL, coefficients={"learning_rate": 0.1, "momentum": 0.0}, horizon=3)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: HeavyBall(),
            "HeavyBall: expected a value for 'constant'.*where constant is True for one number",
        ),
        (lambda: HeavyBall(constnat=True), "HeavyBall option: .*did you mean 'constant'"),
        (lambda: HeavyBall(True), "HeavyBall: expected its arguments by name; received True"),
        (lambda: HeavyBall(constant="no"), "constant: expected True or False; received 'no'"),
        (
            lambda: FirstOrderSpan(memory=2, constant=1),
            "constant: expected True or False; received 1",
        ),
        (lambda: AdamFamily(), "AdamFamily: expected a value for 'epsilon'.*units of y²"),
        (
            lambda: AdamFamily(epsilon=1e-8, bias_correction="no"),
            "bias_correction: expected True or False",
        ),
        (lambda: AdamFamily(epsilon=1e-8, beta_1=0.9), "did you mean 'beta1'"),
        (
            lambda: GatedPolicy(hidden=1),
            "GatedPolicy: expected a value for 'gradient_scale' and 'sees_clock'",
        ),
        (
            lambda: GatedPolicy(hidden=1, gradient_scale=1.0, sees_clock=None),
            "sees_clock: expected True or False",
        ),
        (lambda: SignDescent(), "SignDescent: expected a value for 'smoothing'"),
        (lambda: WeightDecay(), "WeightDecay: expected a value for 'family'"),
        (
            lambda: WeightDecay(family=HeavyBall),
            "received the class HeavyBall.*HeavyBall\\(constant=…\\)",
        ),
        (lambda: ScheduledDescent(), "ScheduledDescent: expected a value for 'shape'"),
        (
            lambda: ScheduledDescent(shape=Constant(), family=BALL),
            "ScheduledDescent option: expected one of 'shape'",
        ),
        (lambda: Cosine(), "Cosine: expected a value for 'final'"),
        (
            lambda: Fixed(family=BALL, values="momentum"),
            "values: expected {name: number}; received 'momentum'",
        ),
        (lambda: Policy(family=BALL), "Policy: expected a value for 'coefficients' and 'horizon'"),
        (
            lambda: Policy(family=HeavyBall, coefficients={}, horizon=3),
            "family: expected a Family; received the class",
        ),
        (
            lambda: Policy(family=BALL, coefficients=None, horizon=3),
            "coefficients: expected {name: value}; received None",
        ),
        (
            lambda: Policy(
                family=BALL, coefficients={"learning_rate": "a", "momentum": 0}, horizon=3
            ),
            "expected a finite number or an array",
        ),
        (
            lambda: Policy(
                family=BALL, coefficients={"learning_rate": np.nan, "momentum": 0}, horizon=3
            ),
            "coefficients\\['learning_rate'\\]: expected a finite number; received nan",
        ),
        (
            lambda: Policy(
                family=HeavyBall(constant=False),
                coefficients={"learning_rate": [1, np.inf, 1], "momentum": 0},
                horizon=3,
            ),
            (
                "coefficients\\['learning_rate'\\]: expected finite numbers; received NaN or"
                " infinity at index \\(1,"
            ),
        ),
        (
            lambda: RULE(0.3),
            "history of gradients: expected numbers of shape .*received shape \\(\\)",
        ),
        (lambda: RULE([]), "history of gradients: .*at least one gradient; received none"),
        (lambda: RULE("abc"), "history of gradients: .*received 'abc'"),
        (lambda: RULE(np.ones((1, 1, 1, 1))), "received shape \\(1, 1, 1, 1\\)"),
    ],
)
def test_what_cannot_be_built_or_run_is_refused_in_words(build, message):
    with pytest.raises(ProblemError, match=message):
        build()


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_every_argument_a_family_needs_is_explained(family):
    if not family.arguments:  # then it can be built without any
        assert isinstance(type(family)(), Family)
        return
    with pytest.raises(ProblemError, match="^" + type(family).__name__) as refused:
        type(family)()
    assert all(
        f"{name} is {words}" in str(refused.value) for name, words in family.arguments.items()
    )
    assert refused.value.advice.count("=…") == len(family.arguments) >= 1


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_every_rule_comes_back_from_its_file(family, tmp_path):
    policy = Policy(family=family, coefficients=drawn(family), horizon=HORIZON)
    policy.save(tmp_path / "rule.nc")
    found = load(tmp_path / "rule.nc")
    assert (found.family, found.horizon, found.varies) == (family, HORIZON, policy.varies)
    np.testing.assert_array_equal(run(found, SEEN), run(policy, SEEN))


def test_truth_values_of_numpy_are_truth_values():
    assert HeavyBall(constant=np.True_) == BALL
    assert HeavyBall(constant=np.True_).constant is True
