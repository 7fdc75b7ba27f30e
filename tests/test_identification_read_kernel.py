"""Kernels read off what a rule did, beside loops that know neither regressions nor kernels."""

import numpy as np
import pytest
from scipy.stats import binom

import landscape_control as lc
from landscape_control import Histories, ProblemError
from landscape_control.identification import read_kernel
from landscape_control.identification.kernels.lag_regression import fit_lags, lag_statistics
from landscape_control.identification.kernels.named_kernels import FAMILIES, fit_one
from landscape_control.identification.maps import Conclusion

HISTORIES, STEPS = 24, 40


def aggregated(y):
    first, second, moves = 0.0, 0.0, []
    for seen in y:
        first, second = 0.5 * first + seen, 0.95 * second + seen
        moves.append(-0.1 * (first + second) / 2)
    return moves


def proportional_integral_derivative(y):
    total, before, moves = 0.0, 0.0, []
    for seen in y:
        total += seen
        moves.append(-0.1 * seen - 0.02 * total - 0.05 * (seen - before))
        before = seen
    return moves


def delayed(y):
    move, moves = 0.0, []
    for t in range(len(y)):
        move = 0.8 * move - (0.1 * y[t - 3] if t >= 3 else 0.0)
        moves.append(move)
    return moves


def quasi_hyperbolic(y):
    mean, moves = 0.0, []
    for seen in y:
        mean = 0.9 * mean + 0.1 * seen
        moves.append(-0.1 * (0.3 * seen + 0.7 * mean))
    return moves


def no_family(y):
    past = np.concatenate([np.zeros(5), y])
    return [-0.1 * past[t + 5] + 0.03 * past[t + 3] - 0.05 * past[t] for t in range(len(y))]


RULES = {
    "aggregated momentum": (aggregated, {"α": 0.1, "β₁": 0.5, "β₂": 0.95}),
    "PID": (proportional_integral_derivative, {"K_P": 0.1, "K_I": 0.02, "K_D": 0.05}),
    "delayed heavy ball": (delayed, {"α": 0.1, "β": 0.8, "d": 3.0}),
    "quasi-hyperbolic momentum": (quasi_hyperbolic, {"α": 0.1, "β": 0.9, "ν": 0.7}),
}


def histories_of(rule, *, seed=0, noise=0.0, unit=1.0):
    """White gradients; noise is a share of the updates."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(HISTORIES, STEPS, 1))
    updates = np.array([rule(y)[:] for y in gradients[:, :, 0]])[:, :, None]
    updates = updates + noise * np.sqrt((updates**2).mean()) * rng.normal(size=updates.shape)
    return Histories(gradients=unit * gradients, updates=updates)


@pytest.mark.parametrize("name", RULES)
def test_linear_rules_are_told_by_their_kernel(name):
    rule, numbers = RULES[name]
    found = read_kernel(histories_of(rule))
    assert found.equivalent_name == name
    assert found.equivalent.coefficients == pytest.approx(numbers, rel=1e-5)
    impulse = -np.array(rule(np.eye(1, STEPS)[0]))
    np.testing.assert_allclose(found.equivalent.kernel, impulse, atol=1e-9)
    lags = len(found.fit.lags)
    np.testing.assert_allclose(found.fit.lags, impulse[:lags], atol=1e-8)
    assert found.fit.error < 1e-6


def test_the_verdict_gives_the_kernel_where_no_rule_fits():
    verdict = lc.identify(histories_of(aggregated), ["sgd", "heavy_ball", "nesterov"], resamples=10)
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.kernel.equivalent_name == "aggregated momentum"
    assert "That is the kernel of aggregated momentum" in str(verdict)


def test_a_kernel_without_a_name_is_given_lag_by_lag():
    found = read_kernel(histories_of(no_family))
    assert found.equivalent is None
    np.testing.assert_allclose(found.fit.lags, [0.1, 0, -0.03, 0, 0, 0.05], atol=1e-10)
    assert "No rule of few numbers that has a name here" in str(found)


def test_heavy_ball_is_the_simplest_of_those_that_contain_it():
    ball = lc.rollout("heavy_ball", {"learning_rate": 0.2, "momentum": 0.7})
    assert read_kernel(ball).equivalent_name == "heavy ball"


def test_rules_that_divide_by_the_gradients_size_are_not_linear():
    numbers = {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}
    found = read_kernel(lc.rollout("adam", numbers))
    assert not found.is_linear
    assert "not linear in past gradients" in str(found)
    verdict = lc.identify(lc.rollout("adam", numbers), ["heavy_ball"], resamples=10)
    assert verdict.kernel is None


def test_units_change_the_rates_only():
    plain, scaled = (read_kernel(histories_of(aggregated, unit=unit)) for unit in (1.0, 1e4))
    np.testing.assert_allclose(1e4 * scaled.fit.lags, plain.fit.lags, rtol=1e-8)
    expected = {"α": 1e-5, "β₁": 0.5, "β₂": 0.95}
    assert scaled.equivalent.coefficients == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_intervals_of_lags_and_numbers_cover_at_their_rate():
    """95 % over 120 sets of histories with 4 % noise, the lower ends of 99 % binomial bounds."""
    impulse = -np.array(quasi_hyperbolic(np.eye(1, STEPS)[0]))
    (family,) = (each for each in FAMILIES if each.key == "quasi-hyperbolic momentum")
    inside_lags, inside = 0, 0
    for seed in range(120):
        train, held = histories_of(quasi_hyperbolic, seed=seed, noise=0.04).split(seed)
        statistics = lag_statistics(train)
        low, high = fit_lags(statistics, held).intervals[0]
        inside_lags += low <= impulse[0] <= high
        member = fit_one(family, statistics, held)
        for symbol, value in RULES["quasi-hyperbolic momentum"][1].items():
            low, high = member.intervals[symbol]
            inside += low <= value <= high
    assert inside_lags >= binom.ppf(0.01, 120, 0.95)
    assert inside >= binom.ppf(0.01, 360, 0.95)


def test_gradients_that_do_not_tell_lags_apart_are_refused():
    ones = np.ones((4, 20, 1))
    with pytest.raises(ProblemError, match="gradients that are not zero"):
        read_kernel(Histories(gradients=0 * ones, updates=ones))
