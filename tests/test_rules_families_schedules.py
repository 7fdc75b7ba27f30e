"""Shapes of the learning rate are their formulas, and a schedule is the per-step family at those
numbers.
"""

import math

import numpy as np
import pytest
from policy_runs import HORIZON, gradients, moves
from standard import QUADRATICS

from landscape_control.model.objective import Objective
from landscape_control.model.observation import NoisyGradient
from landscape_control.optimisation import exact_cost, optimize_policy, replay
from landscape_control.policies import (
    ALL,
    NEEDING,
    AdamFamily,
    Clock,
    Constant,
    Cosine,
    FirstOrderSpan,
    GradientDescent,
    HeavyBall,
    InverseTime,
    Lion,
    LogLinear,
    Policy,
    PolicyProgram,
    Polynomial,
    Scheduled,
    ScheduledDescent,
    WarmupStableDecay,
    WeightDecay,
    by_name,
)
from landscape_control.support.errors import ProblemError, check_choice

SEEN, AT = gradients()
LONG = 200


def factors(shape, horizon=LONG, **coefficients):
    return np.array(
        [shape.factor(coefficients, Clock(step=t, horizon=horizon)) for t in range(horizon)]
    )


def broken_line(warmup, decay, horizon=LONG, fine=1000):
    """Means over each step of the piecewise linear shape, by a fine midpoint rule."""
    z = (np.arange(horizon * fine) + 0.5) / (horizon * fine)
    down = (1 - warmup) * decay
    return np.minimum(np.minimum(z / warmup, 1), (1 - z) / down).reshape(horizon, fine).mean(1)


def test_shapes_are_their_formulas():
    t = np.arange(LONG)
    np.testing.assert_array_equal(factors(Constant()), 1)
    np.testing.assert_allclose(factors(InverseTime(), decay_rate=0.2), 5 / (5 + t), rtol=1e-14)
    np.testing.assert_allclose(factors(Polynomial(), power=0.9), (1 - t / LONG) ** 0.9, rtol=1e-14)
    expected = [0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * s / LONG)) for s in t]
    np.testing.assert_allclose(factors(Cosine(final=0.1)), expected, rtol=1e-14)
    np.testing.assert_allclose(factors(Cosine(final=None), final=0.1), expected, rtol=1e-14)


@pytest.mark.parametrize(("warmup", "decay"), [(0.1, 0.2), (0.5, 1.0), (0.013, 0.37)])
def test_warm_up_stable_decay_is_the_mean_of_a_broken_line(warmup, decay):
    found = factors(
        WarmupStableDecay(warmup=None, decay_fraction=None), warmup=warmup, decay_fraction=decay
    )
    np.testing.assert_allclose(found, broken_line(warmup, decay), atol=1e-6)
    np.testing.assert_array_equal(
        found, factors(WarmupStableDecay(warmup=warmup, decay_fraction=decay))
    )


def test_warm_up_stable_decay_contains_constant_and_linear_decay():
    np.testing.assert_allclose(
        factors(WarmupStableDecay(warmup=1e-6, decay_fraction=1e-6)), 1, atol=2e-4
    )
    middle = 1 - (np.arange(LONG) + 0.5) / LONG
    np.testing.assert_allclose(
        factors(WarmupStableDecay(warmup=1e-6, decay_fraction=1.0))[1:], middle[1:], rtol=2e-6
    )


def test_warm_up_stable_decay_is_once_differentiable_in_its_fractions():
    """Derivatives from both sides of a kink of the broken line meet: warm-up ending exactly at a
    step.
    """
    shape, at, h = WarmupStableDecay(warmup=None, decay_fraction=0.3), 0.25, 1e-6

    def values(warmup):
        return factors(shape, 8, warmup=warmup)

    left, right = (values(at) - values(at - h)) / h, (values(at + h) - values(at)) / h
    np.testing.assert_allclose(left, right, atol=1e-3)


def test_log_linear_is_interpolation_of_the_logarithm():
    logs = {"log_rate_1": 0.7, "log_rate_2": -1.0, "log_rate_3": -3.0}
    t = np.arange(LONG) * 3 / (LONG - 1)
    expected = np.exp(np.interp(t, [0, 1, 2, 3], [0, 0.7, -1.0, -3.0]))
    np.testing.assert_allclose(factors(LogLinear(pieces=3), **logs), expected, rtol=1e-13)


def test_twice_the_pieces_contain_the_coarser_log_linear_shape():
    coarse = factors(LogLinear(pieces=1), log_rate_1=-2.0)
    fine = factors(LogLinear(pieces=2), log_rate_1=-1.0, log_rate_2=-2.0)
    np.testing.assert_allclose(fine, coarse, rtol=1e-13)
    np.testing.assert_allclose(coarse, np.exp(-2 * np.arange(LONG) / (LONG - 1)), rtol=1e-13)


def test_as_many_pieces_as_steps_reach_the_best_schedule_of_all():
    """Costs of 1, 2, 4 and 8 pieces fall to that of one learning rate per step."""

    def best(family):
        return optimize_policy(
            QUADRATICS,
            family,
            Objective(horizon=9, learning_rate=math.inf),
            sees=NoisyGradient(0.3),
            starts=2,
        ).cost

    costs = [best(ScheduledDescent(shape=LogLinear(pieces=count))) for count in (1, 2, 4, 8)]
    assert (np.diff(costs) < 0).all()
    assert costs[-1] == pytest.approx(best(GradientDescent(constant=False)), rel=1e-7)


def test_shapes_contain_the_constant():
    np.testing.assert_array_equal(factors(LogLinear(pieces=2), log_rate_1=0.0, log_rate_2=0.0), 1)
    np.testing.assert_array_equal(factors(InverseTime(), decay_rate=0.0), 1)
    np.testing.assert_array_equal(factors(Polynomial(), power=0.0), 1)
    np.testing.assert_array_equal(factors(Cosine(final=1.0)), 1)


@pytest.mark.parametrize(
    "shape",
    [
        InverseTime(),
        Polynomial(),
        Cosine(final=None),
        WarmupStableDecay(warmup=None, decay_fraction=None),
        LogLinear(pieces=3),
    ],
)
def test_scheduled_descent_is_descent_with_those_learning_rates(shape):
    values = {one.name: 0.5 * (one.least + one.most) for one in shape.coefficients}
    rates = 0.3 * np.array(
        [shape.factor(values, Clock(step=t, horizon=HORIZON)) for t in range(HORIZON)]
    )
    found = moves(ScheduledDescent(shape=shape), {"learning_rate": 0.3, **values}, SEEN)
    np.testing.assert_allclose(
        found, moves(GradientDescent(constant=False), {"learning_rate": rates}, SEEN), rtol=1e-13
    )


def test_schedules_go_around_any_family_with_one_learning_rate():
    rates = 0.3 * (1 - np.arange(HORIZON) / HORIZON)
    family = Scheduled(family=WeightDecay(family=HeavyBall(constant=True)), shape=Polynomial())
    found = moves(
        family, {"learning_rate": 0.3, "momentum": 0.8, "power": 1.0, "decay": 0.1}, SEEN, AT
    )
    inner = moves(HeavyBall(constant=False), {"learning_rate": rates, "momentum": 0.8}, SEEN)
    np.testing.assert_allclose(found, inner - 0.1 * AT, rtol=1e-12)
    assert family.linear
    assert family.reads_parameters


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: ScheduledDescent(shape="cosine"),
            "shape: expected a Shape; received str.*policies.Constant.*InverseTime",
        ),
        (
            lambda: Scheduled(family=GradientDescent(constant=False), shape=Constant()),
            "expected a family with one constant",
        ),
        (
            lambda: Scheduled(family=ScheduledDescent(shape=InverseTime()), shape=InverseTime()),
            "schedule once only",
        ),
        (lambda: Cosine(final=2.0), "final: expected a number >= 0 and <= 1"),
        (
            lambda: WarmupStableDecay(warmup=1.0, decay_fraction=None),
            "warmup: expected a number >= 1e-06 and <= 0.999",
        ),
    ],
)
def test_what_cannot_be_scheduled_is_refused(build, message):
    with pytest.raises(ProblemError, match=message):
        build()


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        (Cosine(final=0.0), {}),
        (Polynomial(), {"power": 1.0}),
        (WarmupStableDecay(warmup=0.2, decay_fraction=0.5), {}),
        (InverseTime(), {"decay_rate": 0.2}),
        (LogLinear(pieces=2), {"log_rate_1": -0.5, "log_rate_2": 0.3}),
    ],
)
def test_a_schedule_costs_the_same_by_moments_and_by_running_it(shape, values):
    """Shapes drawn over the horizon are refused at another one, by both; 1/t goes on."""
    family = ScheduledDescent(shape=shape)
    policy = Policy(family=family, coefficients={"learning_rate": 0.3, **values}, horizon=5)
    for steps in (5, 10):
        program = PolicyProgram(
            task=QUADRATICS,
            family=family,
            objective=Objective(horizon=steps, learning_rate=math.inf),
            sees=NoisyGradient(0.3),
        )
        if family.reads_clock and steps > policy.horizon:
            with pytest.raises(
                ProblemError, match="expected one planned for 10 steps; received 5 steps"
            ):
                exact_cost(policy, program)
            with pytest.raises(
                ProblemError, match="at most the 5 steps it was planned for; received step 6"
            ):
                replay(policy, program, episodes=10, seed=0)
            continue
        cost, error = replay(policy, program, episodes=20000, seed=0)
        assert abs(cost - exact_cost(policy, program)) < 4 * error


def test_families_have_names():
    assert by_name("heavy-ball") == HeavyBall(constant=True)
    assert len(set(ALL.values())) == len(ALL)
    with pytest.raises(ProblemError, match="policy family: .*did you mean 'nesterov'"):
        by_name("nestorov")
    assert check_choice("policy family", "adam", ALL) == "adam"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("heavy ball", "heavy-ball"),
        ("Heavy_Ball", "heavy-ball"),
        ("Nesterov", "nesterov"),
        ("Adam family", "adam-family"),
        ("gradient descent, 1/t", "gradient-descent-1/t"),
        ("heavy ball with weight decay", "heavy-ball-decay"),
    ],
)
def test_families_are_found_by_their_own_names(name, key):
    assert by_name(name) == ALL[key]


@pytest.mark.parametrize("key", [key for key in ALL if not key.startswith("span")])
def test_every_family_of_the_catalogue_is_found_by_the_name_it_prints(key):
    assert by_name(ALL[key].name).name == ALL[key].name


def test_settings_of_the_catalogue_can_be_changed():
    assert by_name("adam", beta2=0.99) == AdamFamily(exponent=0.5, beta2=0.99, epsilon=1e-16)
    assert by_name("heavy ball", constant=False) == ALL["heavy-ball-per-step"]
    assert (
        by_name("first-order span", memory=3, constant=True)
        == FirstOrderSpan(memory=3, constant=True)
        == ALL["span-3"]
    )


@pytest.mark.parametrize("name", NEEDING)
def test_families_that_need_numbers_ask_for_each_and_say_what_it_is(name):
    kind = NEEDING[name]
    with pytest.raises(ProblemError) as refused:
        by_name(kind.name)
    assert all(
        f"{word} is {meaning}" in str(refused.value) for word, meaning in kind.arguments.items()
    )


def test_families_that_need_numbers_are_built_with_them():
    assert by_name("Lion", smoothing=0.3) == Lion(smoothing=0.3)
    assert by_name("gated policy", hidden=1, gradient_scale=0.3, sees_clock=False).hidden == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: by_name(3), "name: expected text; received 3"),
        (
            lambda: by_name("heavy ball", momentum=0.9),
            "HeavyBall option: expected one of 'constant'; received 'momentum'",
        ),
        (
            lambda: by_name("gradient-descent-cosine", family=HeavyBall(constant=True)),
            "ScheduledDescent option",
        ),
        (lambda: by_name("lion", smothing=0.1), "did you mean 'smoothing'"),
    ],
)
def test_names_and_settings_that_are_none_are_refused(call, message):
    with pytest.raises(ProblemError, match=message):
        call()
