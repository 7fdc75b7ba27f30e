"""Shapes of the learning rate are their formulas, and a schedule is the per-step family at those numbers."""

import math

import numpy as np
import pytest
from policy_runs import HORIZON, gradients, moves

from landscape_control.errors import ProblemError, check_choice
from landscape_control.policies import (
    ALL,
    Clock,
    Constant,
    Cosine,
    GradientDescent,
    HeavyBall,
    InverseTime,
    Polynomial,
    Scheduled,
    ScheduledDescent,
    WarmupStableDecay,
    WeightDecay,
    by_name,
)

SEEN, AT = gradients()
LONG = 200


def factors(shape, horizon=LONG, **coefficients):
    return np.array([shape.factor(coefficients, Clock(step=t, horizon=horizon)) for t in range(horizon)])


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
    found = factors(WarmupStableDecay(warmup=None, decay_fraction=None), warmup=warmup, decay_fraction=decay)
    np.testing.assert_allclose(found, broken_line(warmup, decay), atol=1e-6)
    np.testing.assert_array_equal(found, factors(WarmupStableDecay(warmup=warmup, decay_fraction=decay)))


def test_warm_up_stable_decay_contains_constant_and_linear_decay():
    np.testing.assert_allclose(factors(WarmupStableDecay(warmup=1e-6, decay_fraction=1e-6)), 1, atol=2e-4)
    middle = 1 - (np.arange(LONG) + 0.5) / LONG
    np.testing.assert_allclose(factors(WarmupStableDecay(warmup=1e-6, decay_fraction=1.0))[1:], middle[1:], rtol=2e-6)


def test_warm_up_stable_decay_is_once_differentiable_in_its_fractions():
    """Derivatives from both sides of a kink of the broken line meet: warm-up ending exactly at a step."""
    shape, at, h = WarmupStableDecay(warmup=None, decay_fraction=0.3), 0.25, 1e-6

    def values(warmup):
        return factors(shape, 8, warmup=warmup)

    left, right = (values(at) - values(at - h)) / h, (values(at + h) - values(at)) / h
    np.testing.assert_allclose(left, right, atol=1e-3)


def test_shapes_contain_the_constant():
    np.testing.assert_array_equal(factors(InverseTime(), decay_rate=0.0), 1)
    np.testing.assert_array_equal(factors(Polynomial(), power=0.0), 1)
    np.testing.assert_array_equal(factors(Cosine(final=1.0)), 1)


@pytest.mark.parametrize("shape", [InverseTime(), Polynomial(), Cosine(final=None),
                                   WarmupStableDecay(warmup=None, decay_fraction=None)])
def test_scheduled_descent_is_descent_with_those_learning_rates(shape):
    values = {one.name: 0.5 * (one.least + one.most) for one in shape.coefficients}
    rates = 0.3 * np.array([shape.factor(values, Clock(step=t, horizon=HORIZON)) for t in range(HORIZON)])
    found = moves(ScheduledDescent(shape=shape), {"learning_rate": 0.3, **values}, SEEN)
    np.testing.assert_allclose(found, moves(GradientDescent(constant=False), {"learning_rate": rates}, SEEN), rtol=1e-13)


def test_schedules_go_around_any_family_with_one_learning_rate():
    rates = 0.3 * (1 - np.arange(HORIZON) / HORIZON)
    family = Scheduled(family=WeightDecay(family=HeavyBall(constant=True)), shape=Polynomial())
    found = moves(family, {"learning_rate": 0.3, "momentum": 0.8, "power": 1.0, "decay": 0.1}, SEEN, AT)
    inner = moves(HeavyBall(constant=False), {"learning_rate": rates, "momentum": 0.8}, SEEN)
    np.testing.assert_allclose(found, inner - 0.1 * AT, rtol=1e-12)
    assert family.linear
    assert family.reads_parameters


@pytest.mark.parametrize(("build", "message"), [
    (lambda: ScheduledDescent(shape="cosine"), "shape: expected a Shape: Constant, InverseTime.*received str"),
    (lambda: Scheduled(family=GradientDescent(constant=False), shape=Constant()), "expected a family with one constant"),
    (lambda: Scheduled(family=ScheduledDescent(shape=InverseTime()), shape=InverseTime()), "schedule once only"),
    (lambda: Cosine(final=2.0), "final: expected a number >= 0 and <= 1"),
    (lambda: WarmupStableDecay(warmup=1.0, decay_fraction=None), "warmup: expected a number >= 1e-06 and <= 0.999")])
def test_what_cannot_be_scheduled_is_refused(build, message):
    with pytest.raises(ProblemError, match=message):
        build()


def test_families_have_names():
    assert by_name("heavy-ball") == HeavyBall(constant=True)
    assert len(set(ALL.values())) == len(ALL)
    with pytest.raises(ProblemError, match="policy family: .*did you mean 'nesterov'"):
        by_name("nestorov")
    assert check_choice("policy family", "adam", ALL) == "adam"
