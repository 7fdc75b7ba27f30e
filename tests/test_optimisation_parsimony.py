"""A richer family must earn its coefficients."""

import numpy as np
import pytest

from landscape_control import ProblemError
from landscape_control.optimisation.parsimony import choose_family


def test_a_richer_family_needs_the_stated_share():
    costs = [[1.0, 1.0, 1.0], [0.995, 0.98, 0.5]]
    assert choose_family(costs, [1, 2], margin=0.01).best.tolist() == [0, 1, 1]
    assert choose_family(costs, [1, 2], margin=0.0).best.tolist() == [1, 1, 1]


def test_a_richer_family_needs_more_than_the_noise():
    costs = [[1.0, 1.0], [0.9, 0.9]]
    errors = [[0.01, 0.05], [0.01, 0.05]]
    assert choose_family(costs, [1, 2], margin=0.01, standard_errors=errors).best.tolist() == [1, 0]


def test_the_order_of_the_families_does_not_matter():
    rng = np.random.default_rng(0)
    costs, sizes = rng.uniform(0.5, 1.5, (5, 40)), np.array([1, 2, 3, 4, 5])
    shuffle = rng.permutation(5)
    straight = choose_family(costs, sizes, margin=0.02).best
    mixed = choose_family(costs[shuffle], sizes[shuffle], margin=0.02).best
    np.testing.assert_array_equal(shuffle[mixed], straight)


def test_the_order_of_equally_rich_families_does_not_matter():
    costs, sizes = np.array([[1.0], [0.501], [0.5]]), np.array([1, 2, 2])
    for shuffle in ([0, 1, 2], [0, 2, 1], [2, 0, 1]):
        best = choose_family(costs[shuffle], sizes[shuffle], margin=0.01).best.item()
        assert shuffle[best] == 2


def test_the_preferred_family_is_the_simplest_that_none_beats():
    """The richest saves 1 % over the simplest, but the one between costs only 0.5 % more than it."""
    assert choose_family([[1.0], [0.995], [0.99]], [1, 2, 3], margin=0.008).best.item() == 1
    rng = np.random.default_rng(2)
    costs, errors = rng.uniform(0.9, 1.1, (4, 200)), rng.uniform(0, 0.02, (4, 200))
    best = choose_family(costs, [1, 2, 3, 4], margin=0.02, standard_errors=errors).best
    for cell, chosen in enumerate(best):
        cost, error = costs[:, cell], errors[:, cell]
        needed = np.maximum(0.02 * cost[:, None], 2 * np.hypot(error[:, None], error))
        beaten = (cost[:, None] - cost > needed).any(1)
        assert not beaten[chosen]
        assert beaten[:chosen].all()


def test_a_scale_of_the_costs_does_not_matter():
    costs = np.random.default_rng(1).uniform(0.5, 1.5, (3, 50))
    one, two = (choose_family(c, [1, 2, 3], margin=0.05) for c in (costs, 1e6 * costs))
    np.testing.assert_array_equal(one.best, two.best)
    np.testing.assert_allclose(one.gain, two.gain, rtol=1e-12)


def test_families_without_a_cost_are_never_chosen():
    choice = choose_family([[np.nan, np.nan, 2.0], [3.0, np.nan, np.nan]], [1, 2], margin=0.01)
    assert choice.best.tolist() == [1, -1, 0]
    np.testing.assert_array_equal(np.isnan(choice.gain), [False, True, False])


def test_gain_is_over_the_simplest_and_nearest_over_the_next():
    choice = choose_family([[2.0], [1.0], [1.1]], [1, 2, 2], margin=0.01)
    assert choice.best.item() == 1
    assert choice.gain.item() == pytest.approx(1.0)
    assert choice.nearest.item() == pytest.approx(0.1)


def test_mismatched_sizes_are_refused():
    with pytest.raises(ProblemError, match="one row of costs per family"):
        choose_family([[1.0], [2.0]], [1], margin=0.01)
