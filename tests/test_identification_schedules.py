"""Schedules named from rates, and from what a rule did without its rates."""

import math

import numpy as np
import pytest
from scipy.stats import binom

import landscape_control as lc
from landscape_control import Histories, ProblemError, RecordedRun, Recording
from landscape_control.identification import name_schedule
from landscape_control.identification.maps import Conclusion
from landscape_control.identification.schedule_fit import candidates, fit_candidate

STEPS, WARM = 120, 20
TIMES = range(STEPS)


LONG = ["linear warm-up, then constant", "linear warm-up, then 1/t"]  # as long as the other two


def warmed(after):
    """Linear from 0.005 in WARM steps, then the schedule counted from its end."""
    peak = after(0)
    return [0.005 + (peak - 0.005) * t / WARM if t < WARM else after(t - WARM) for t in TIMES]


def cosine(t, period=STEPS):
    return 0.01 + 0.09 * (1 + math.cos(math.pi * t / period)) / 2


COURSES = {  # name: (rates, numbers)
    "constant": ([0.1] * STEPS, {"α": 0.1}),
    "linear": ([0.1 - 0.0005 * t for t in TIMES], {"α": 0.1, "s": -0.0005}),
    "exponential": ([0.1 * 0.98**t for t in TIMES], {"α": 0.1, "λ": -math.log(0.98)}),
    "1/t": ([0.1 / (1 + 0.05 * t) for t in TIMES], {"α": 0.1, "ρ": 0.05}),
    "1/√t": ([0.1 / math.sqrt(1 + 0.05 * t) for t in TIMES], {"α": 0.1, "ρ": 0.05}),
    "cosine": ([cosine(t) for t in TIMES], {"α": 0.1, "α_end": 0.01, "P": STEPS}),
    "step decay": ([0.1 * 0.5 ** (t // 30) for t in TIMES], {"α": 0.1, "g": 0.5, "p": 30}),
    "linear warm-up, then constant": (
        warmed(lambda t: 0.1), {"α": 0.1, "W": WARM, "α_0": 0.005}
    ),
    "linear warm-up, then cosine": (
        warmed(lambda t: cosine(t, 100)),
        {"α": 0.1, "α_end": 0.01, "P": 100, "W": WARM, "α_0": 0.005},
    ),
    "linear warm-up, then 1/t": (
        warmed(lambda t: 0.1 / (1 + 0.05 * t)), {"α": 0.1, "ρ": 0.05, "W": WARM, "α_0": 0.005}
    ),
    "linear warm-up, then step decay": (
        warmed(lambda t: 0.1 * 0.5 ** (t // 30)),
        {"α": 0.1, "g": 0.5, "p": 30, "W": WARM, "α_0": 0.005},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *((name, 1.0) for name in COURSES if name not in LONG),
        *(pytest.param(name, 1.0, marks=pytest.mark.slow) for name in LONG),
        ("cosine", 1e-6),
        ("step decay", 1e5),
    ],
)
def test_schedules_are_named_with_their_numbers(name, unit):
    rates, numbers = COURSES[name]
    found = name_schedule(unit * np.array(rates))
    assert (found.conclusion, found.best.name) == (Conclusion.RULE, name)
    scaled = {key: unit * value if key[0] in "αs" else value for key, value in numbers.items()}
    assert found.best.coefficients == pytest.approx(scaled, rel=1e-5)
    np.testing.assert_allclose(found.best.fitted, unit * np.array(rates), rtol=1e-5)


def test_what_is_none_of_them_is_said():
    for rates in (
        0.1 + 0.05 * np.sin(np.arange(STEPS) / 5),
        np.random.default_rng(0).random(STEPS),
    ):
        found = name_schedule(rates)
        assert (found.conclusion, found.best) == (Conclusion.NONE_FITS, None)
        assert "none of the schedules known here" in str(found)


def test_errors_of_the_rates_keep_what_they_hide_open():
    """A slow exponential and a slow 1/t are one to two digits, and two to five."""
    rates = 0.1 * np.exp(-np.arange(STEPS) / 400)
    noise = np.random.default_rng(0).normal(size=STEPS)
    noisy = name_schedule(rates + 0.003 * noise, errors=np.full(STEPS, 0.003))
    assert noisy.conclusion is Conclusion.NOT_IDENTIFIABLE or noisy.best.name == "constant"
    exact = name_schedule(rates)
    assert (exact.conclusion, exact.best.name) == (Conclusion.RULE, "exponential")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["1/t", "cosine"])
def test_intervals_cover_at_their_rate(name):
    """95 % of each number over 150 noisy courses, the lower end of a 99.9 % binomial bound."""
    rng = np.random.default_rng(5)
    rates, numbers = COURSES[name]
    (kind,) = (each for each in candidates(warm_up=False) if each.key == name)
    inside = dict.fromkeys(numbers, 0)
    for _ in range(150):
        noisy = np.array(rates) + 0.002 * rng.normal(size=STEPS)
        ones = np.ones(STEPS)
        intervals = fit_candidate(kind, np.arange(STEPS), noisy, ones).intervals(noisy, ones)
        for symbol, (low, high) in intervals.items():
            inside[symbol] += low <= numbers[symbol] <= high
    assert min(inside.values()) >= binom.ppf(0.001, 150, 0.95)


@pytest.mark.parametrize("rates", [np.ones(5), np.zeros(20), np.full(20, np.nan)])
def test_rates_are_checked(rates):
    with pytest.raises(ProblemError, match="rates"):
        name_schedule(rates)


# ---- rates that nobody recorded


def trained(rates, momentum, *, seed=0, histories=12):
    """Heavy ball whose buffer does not hold the rate, as in PyTorch, on white gradients."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(histories, len(rates), 2))
    buffer, updates = np.zeros((histories, 2)), np.empty(gradients.shape)
    for t, rate in enumerate(rates):
        buffer = momentum * buffer + gradients[:, t]
        updates[:, t] = -rate * buffer
    return Histories(gradients=gradients, updates=updates)


def test_a_rule_with_a_schedule_is_found_without_its_rates():
    rates = np.array(COURSES["linear warm-up, then cosine"][0])
    verdict = lc.identify(trained(rates, 0.8), ["sgd", "heavy_ball"], resamples=10)
    assert verdict.conclusion is Conclusion.NONE_FITS
    found = verdict.scheduled
    assert found.rule.key == "heavy_ball"
    assert found.coefficients["momentum"] == pytest.approx(0.8, rel=1e-6)
    np.testing.assert_allclose(found.rates, rates, rtol=1e-6)
    assert found.schedule.best.name == "linear warm-up, then cosine"
    assert "follow linear warm-up, then cosine" in str(verdict)


def test_few_weights_are_enough_for_a_rule_that_is_exact():
    """Two updates of each step to read its rate from; with noise beside them, none is read."""
    rates = np.array(COURSES["cosine"][0])
    few = trained(rates, 0.0, histories=3).weight(0)
    found = lc.identify(few, ["sgd", "heavy_ball"], resamples=10).scheduled
    assert (found.rule.key, found.schedule.best.name) == ("sgd", "cosine")
    np.testing.assert_allclose(found.rates, rates, rtol=1e-6)
    noise = 1e-3 * np.random.default_rng(1).normal(size=few.updates.shape)
    noisy = Histories(gradients=few.gradients, updates=few.updates + noise)
    assert lc.identify(noisy, ["sgd", "heavy_ball"], resamples=10).scheduled is None


def test_rates_that_follow_nothing_are_none_of_these():
    rates = 0.1 * np.random.default_rng(2).random(40)
    found = lc.identify(trained(rates, 0.8), ["sgd", "heavy_ball"], resamples=10).scheduled
    assert found.schedule.best is None
    np.testing.assert_allclose(found.rates, rates, rtol=1e-6)


def test_the_recorded_course_has_its_name():
    rates = np.array(COURSES["cosine"][0])
    gradients = np.random.default_rng(0).normal(size=(STEPS, 6))
    run = RecordedRun(
        gradients=gradients,
        updates=-rates[:, None] * gradients,
        learning_rate=np.repeat(rates[:, None], 6, axis=1),
    )
    verdict = lc.identify(Recording(runs=[run]), ["sgd", "heavy_ball"], resamples=10)
    assert verdict.best.key == "sgd"
    assert "It follows cosine" in str(verdict)
