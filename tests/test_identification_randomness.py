"""Noise beside a rule, and weights that see each other: simulated by loops, tested at a stated rate."""

import numpy as np
import pytest
from scipy.stats import binom

import landscape_control as lc
from landscape_control import Histories
from landscape_control.identification.maps import Conclusion
from landscape_control.identification.permutations import (
    common_to_columns,
    goes_with,
    white_in_time,
)
from landscape_control.identification.randomness import LEVEL, random_updates

RULES = ["sgd", "heavy_ball", "sgd_weight_decay", "clipped_sgd"]
RATE, NOISE = 0.1, 0.1
WHITE, COMMON = "white in time", "independent between weights"
COUPLED = "independent of the other weights' gradients"


def simulated(
    seed=0, *, momentum=0.0, decay=0.0, clip=np.inf, noise=NOISE, kind="white", unit=1.0, count=24
):
    """Two weights on quadratics with noisy gradients; updates carry noise of one kind."""
    rng = np.random.default_rng(seed)
    shape = (count, 2)
    curvature, minimum = rng.uniform(0.05, 1.0, shape), rng.normal(size=shape)
    theta, buffer, before = rng.normal(size=shape), np.zeros(shape), np.zeros(shape)
    gradients, updates, places = [], [], []
    for _ in range(60):
        seen = curvature * (theta - minimum) + 0.3 * rng.normal(size=shape)
        norm = np.sqrt((seen**2).sum(axis=1, keepdims=True))
        buffer = momentum * buffer - RATE * seen * np.minimum(1.0, clip / norm)
        drawn = rng.normal(size=shape)
        if kind == "common":
            drawn = np.repeat(drawn[:, :1], 2, axis=1)
        if kind == "of the weights":
            drawn, before = drawn - before, drawn
        if kind == "multiplicative":
            drawn = 3 * drawn * np.abs(seen)
        update = buffer - decay * theta + noise * drawn
        gradients.append(seen), updates.append(update), places.append(theta)
        theta = theta + update
    stacked = (np.stack(each, axis=1) for each in (gradients, updates, places))
    seen, moves, at = stacked
    return Histories(gradients=seen / unit, updates=unit * moves, parameters=unit * at)


def read(histories, rules=RULES):
    return lc.identify(histories, rules, resamples=40)


@pytest.mark.parametrize("unit", [1.0, 1e-3])
def test_langevin_dynamics_are_gradient_descent_plus_noise(unit):
    """unit: weights u and losses u⁰, so that gradients are 1/u and the learning rate u²."""
    verdict = read(simulated(unit=unit))
    assert verdict.conclusion is Conclusion.NONE_FITS
    found = verdict.random
    assert (found.fit.key, found.is_white) == ("sgd", True)
    low, high = found.interval
    assert low <= NOISE * unit <= high
    assert high / low < 1.2
    assert found.temperature == pytest.approx(NOISE**2 / (2 * RATE), rel=0.3)
    low, high = found.fit.intervals["learning_rate"]
    assert low <= RATE * unit**2 <= high
    assert "plus white noise of sd" in str(verdict)


@pytest.mark.parametrize(
    ("key", "settings", "name", "value"),
    [
        ("heavy_ball", {"momentum": 0.8}, "momentum", 0.8),
        ("sgd_weight_decay", {"decay": 0.05}, "decay", 0.05),
        ("clipped_sgd", {"clip": 0.3, "noise": 0.03}, "largest_norm", 0.3),
    ],
)
def test_the_rule_below_the_noise_is_named(key, settings, name, value):
    """Momentum, decoupled decay and clipping that are smaller than the noise of each update."""
    found = read(simulated(**settings)).random
    assert (found.fit.key, found.is_white) == (key, True)
    assert found.share > 0.5
    low, high = found.fit.intervals[name]
    assert low <= value <= high


@pytest.mark.parametrize(
    ("kind", "what"),
    [("common", COMMON), ("of the weights", WHITE), ("multiplicative", "of one size")],
)
def test_noise_of_another_kind_is_not_called_white(kind, what):
    found = read(simulated(kind=kind)).random
    assert what in found.rejected
    assert not found.is_white
    assert (found.lag_one < -0.3) == (kind == "of the weights")


def test_a_coupling_that_no_rule_here_has_is_found():
    verdict = read(simulated(clip=0.3, noise=0.003), ["sgd", "heavy_ball", "sgd_weight_decay"])
    assert verdict.random.rejected
    assert COUPLED in verdict.random.rejected
    assert COUPLED in str(verdict)


def bent(seed, *, rate=lambda t: 0.1):
    """tanh of each weight's own gradient, at a rate that may change with time."""
    plain = simulated(seed, noise=0.0)
    seen = np.asarray(plain.gradients)
    noise = 0.01 * np.random.default_rng(seed).normal(size=seen.shape)
    rates = np.array([rate(t) for t in range(seen.shape[1])])[None, :, None]
    return Histories(gradients=seen, updates=-rates * np.tanh(3 * seen) + noise)


@pytest.mark.slow
def test_what_a_weight_does_by_itself_is_no_coupling():
    """A rule that bends, and one that slows down as all gradients shrink."""
    for rate in (lambda t: 0.1, lambda t: 0.2 * 0.95**t):
        found = read(bent(0, rate=rate), ["sgd", "heavy_ball"]).random
        assert found.rejected
        assert COUPLED not in found.rejected


def test_weights_of_one_run_have_the_same_norms():
    """Clipped momentum whose rule was not asked for: the recording's norms tell."""
    rng = np.random.default_rng(0)
    seen = np.exp(rng.normal(size=(150, 1))) * rng.normal(size=(150, 20))
    norms = np.linalg.norm(seen, axis=1, keepdims=True)
    for largest, is_coupled in ((4.0, True), (np.inf, False)):
        moves = -RATE * seen * np.minimum(1.0, largest / norms)
        moves = moves + 0.1 * rng.normal(size=seen.shape)
        run = lc.RecordedRun(gradients=seen, updates=moves)
        found = read(lc.Recording(runs=[run]), ["sgd", "heavy_ball"]).random
        assert (COUPLED in found.rejected) == is_coupled
        assert found.is_white == (not is_coupled)


@pytest.mark.slow
def test_false_alarms_come_at_their_rate():
    """All tests together at 1 %, and the choice between rules, over 200 simulations of noise."""
    alarms, chosen = 0, 0
    rules = [lc.rules.by_name(key) for key in ("sgd", "heavy_ball", "sgd_weight_decay")]
    for seed in range(200):
        train, held = simulated(seed=100 + seed, count=9).split(seed)
        rows = [row_of(rule, train) for rule in rules]
        found = random_updates(rows, train, held, seed=seed)
        alarms += not found.is_white
        chosen += found.fit.key != "sgd"
    most = binom.ppf(0.999, 200, LEVEL)
    assert alarms <= most
    assert chosen <= most


def row_of(rule, histories):
    """Ordinary least squares of the columns that each of the rules is linear in, momentum aside."""
    numbers = {"learning_rate": RATE, "momentum": 0.02, "decay": 0.0}
    columns = -histories.gradients.ravel()[:, None]
    if rule.key == "sgd_weight_decay":
        columns = np.column_stack([columns, -histories.parameters.ravel()])
    fitted = np.linalg.lstsq(columns, histories.updates.ravel(), rcond=None)[0]
    numbers["learning_rate"] = fitted[0]
    numbers["decay"] = fitted[-1]
    coefficients = {name: float(numbers[name]) for name in rule.names}
    return lc.identification.maps.RuleFit(
        rule=rule, coefficients=coefficients, intervals={}, predicted={}, error=1.0, fit_error=1.0,
        condition=1.0, identifiable=True, equivalent_to=(), undefined=0, at_bound=(), fitted=(),
    )  # fmt: skip


@pytest.mark.slow
def test_p_values_of_noise_are_even():
    """Each test by itself, over 120 draws of noise that is heavier than normal."""
    rng = np.random.default_rng(0)
    values = {"white": [], "goes": [], "common": []}
    for _ in range(120):
        left = rng.standard_t(5, size=(20, 3))
        inputs = rng.normal(size=(2, 20, 3)).cumsum(axis=1)
        values["white"].append(white_in_time(left, rng))
        values["goes"].append(goes_with(left, list(inputs), rng))
        values["common"].append(common_to_columns(left, rng))
    for found in values.values():
        below = (np.array(found) <= 0.1).sum()
        assert binom.ppf(1e-3, 120, 0.1) <= below <= binom.ppf(1 - 1e-3, 120, 0.1)


def test_too_little_is_held_out_to_say():
    few = simulated(count=3)
    train, held = few.split(0)
    short = held._with(lambda array: array[:, :10], held.gradient_norms[:, :10])
    assert random_updates([], train, short, seed=0) is None
    assert random_updates([], few, few, seed=0) is None
