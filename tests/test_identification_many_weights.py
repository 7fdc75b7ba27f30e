"""Histories of many weights: identified from some of them first, within a bounded memory, and alike."""

import tracemalloc

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from landscape_control.identification import Excitation, Histories, identify, rollout
from landscape_control.identification import rule_on_histories as on_histories
from landscape_control.identification.causal_fit import weight_by_weight
from landscape_control.identification.maps import fitting
from landscape_control.identification.rule_on_histories import RuleOnHistories
from landscape_control.rules import by_name

MANY = 50
NUMBERS = {
    "heavy_ball": {"learning_rate": 0.1, "momentum": 0.8},
    "signum": {"learning_rate": 0.02, "momentum": 0.9},
}


def watched(key, **changes):
    return rollout(key, NUMBERS[key], excitation=Excitation(weights=MANY, **changes))


@pytest.mark.parametrize(("key", "other"), [("heavy_ball", "adam"), ("signum", "heavy_ball")])
def test_a_rule_on_fifty_weights_is_named_with_its_numbers_and_within_memory(key, other):
    histories = watched(key, histories=24)
    tracemalloc.start()
    found = identify(histories, [other, key], resamples=20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.rows[0].key == key
    assert found.rows[0].coefficients == pytest.approx(NUMBERS[key], rel=1e-2)
    assert peak < 200e6


def test_a_refuted_rule_costs_some_of_the_weights_only():
    """All weights are run once, for its error: the search stays with some of them."""
    histories = watched("heavy_ball")
    run = RuleOnHistories(by_name("rmsprop"), histories)
    some = run.coarse.histories.gradients.size
    assert some < histories.gradients.size / 3
    assert run.coarse.coarse is run.coarse
    few = RuleOnHistories(by_name("rmsprop"), rollout("heavy_ball", NUMBERS["heavy_ball"]))
    assert few.coarse is few


def test_sets_run_in_parts_have_the_errors_of_each_history(monkeypatch):
    histories = watched("signum", histories=3, steps=8)
    run = RuleOnHistories(by_name("signum"), histories)
    sets = np.column_stack([np.full(7, 0.01), np.linspace(0.1, 0.9, 7)])
    whole = run.solve_by_history(sets)
    monkeypatch.setattr(on_histories, "_AT_ONCE", 2 * run.gradients.size)
    in_parts = run.solve_by_history(sets)
    for part, other in zip(whole, in_parts, strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-13)
    fitted, squares, by_history = whole
    residuals = (run.targets - run(fitted)) ** 2
    owned = [np.bincount(histories.groups, row) for row in residuals]
    np.testing.assert_allclose(by_history, owned, rtol=1e-12)
    np.testing.assert_allclose(by_history.sum(1), squares, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(run.squared_errors(fitted), squares, rtol=1e-10, atol=1e-12)


def test_steps_that_settle_feed_the_memory_and_are_not_kept():
    seen = watched("heavy_ball", histories=2, steps=9)
    settled = Histories(gradients=seen.gradients, updates=seen.updates, settle=4)
    run = RuleOnHistories(by_name("heavy_ball"), settled)
    at = np.array([[0.1, 0.8]])
    assert run.columns(at).shape[1] == 5
    np.testing.assert_array_equal(
        run.columns(at), run.rule.updates(at, run.gradients, run.parameters)[:, 4:]
    )
    np.testing.assert_allclose(run(at)[0], settled.targets, atol=1e-14)


def test_numbers_of_each_weight_are_not_sought_beyond_the_first_that_has_none(monkeypatch):
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((6, 20, MANY))
    neither = Histories(gradients=gradients, updates=np.cumsum(gradients**3, axis=1))
    found = identify(neither, ["sgd", "heavy_ball"], resamples=2)
    asked = []
    weight = Histories.weight
    monkeypatch.setattr(Histories, "weight", lambda self, i: asked.append(i) or weight(self, i))
    assert weight_by_weight(found, neither) is found
    assert asked == [0]
    own_rates = Histories(gradients=gradients, updates=-np.linspace(0.1, 1, MANY) * gradients)
    found = weight_by_weight(identify(own_rates, ["sgd"], resamples=2), own_rates)
    assert "With numbers of its own for each weight" in found.notes[-1]
    assert "α = 0.1, 0.1184" in found.notes[-1]


def test_many_least_squares_at_once_are_those_one_by_one():
    """Against SciPy's bounded least squares, with minima inside and on the bounds."""
    rng = np.random.default_rng(1)
    features, targets = rng.standard_normal((40, 8, 3)), rng.standard_normal((40, 8))
    gram = features.transpose(0, 2, 1) @ features
    moment = (features.transpose(0, 2, 1) @ targets[..., None])[..., 0]
    bounds = np.array([[0.0, np.inf], [-0.3, 0.3], [-np.inf, np.inf]])
    found = fitting._solve_all(gram, moment, bounds)
    for own, wanted, solved in zip(features, targets, found, strict=True):
        alone = lsq_linear(own, wanted, bounds.T, method="bvls").x
        np.testing.assert_allclose(solved, alone, atol=1e-8)
    assert (found[:, 0] == 0).any()
    assert (found[:, 0] > 0).any()
