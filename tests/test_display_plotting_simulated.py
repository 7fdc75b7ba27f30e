"""Bands, bars and ticks of what was believed or simulated."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from landscape_control.display.plotting import curves, simulated, style


@pytest.fixture
def axes():
    return Figure().add_subplot()


def test_the_band_of_a_belief_is_two_standard_deviations_wide(axes):
    times, mean, variance = np.arange(3.0), np.array([0.0, 1.0, 2.0]), np.array([1.0, 4.0, 0.25])
    simulated.belief_band(axes, times, mean, variance)
    corners = axes.collections[0].get_paths()[0].vertices
    for time, centre, half in zip(times, mean, [2.0, 4.0, 1.0], strict=True):
        heights = corners[corners[:, 0] == time, 1]
        assert (heights.min(), heights.max()) == pytest.approx((centre - half, centre + half))


def test_bars_are_two_standard_errors_and_stay_above_the_floor_of_a_logarithmic_axis(axes):
    curves.log_axes(axes)
    simulated.simulated(
        axes,
        [1.0, 2.0, 3.0],
        [1.0, 0.02, -0.5],
        np.array([0.1, 0.05, 0.1]),
        rule="adam",
        floor=0.01,
    )
    low, high = np.array([bar[:, 1] for bar in axes.collections[0].get_segments()]).T
    np.testing.assert_allclose(high, [1.2, 0.12])
    np.testing.assert_allclose(low, [0.8, 0.01])
    hollow = next(line for line in axes.lines if line.get_markerfacecolor() == style.PAPER)
    # regret below zero within noise: hollow, on the floor
    np.testing.assert_allclose(hollow.get_xydata(), [[3.0, 0.01]])


def test_points_that_were_not_computed_are_left_out(axes):
    simulated.simulated(axes, [1.0, 2.0, 3.0], [1.0, np.nan, 2.0], rule="sgd")
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[1, 1], [3, 2]])


@pytest.mark.parametrize("values", [[0.2, 0.6, 2.0], np.geomspace(0.3, 7, 40), [3.0]])
def test_ticks_of_a_short_axis_stand_at_values_that_were_computed_and_keep_apart(axes, values):
    curves.log_axes(axes)
    simulated.tick_values(axes, values)
    ticks = axes.get_xticks()
    assert all(np.isclose(values, tick).any() for tick in ticks)
    assert 1 <= len(ticks) <= 8


def test_a_long_axis_keeps_its_powers_of_ten(axes):
    curves.log_axes(axes)
    before = list(axes.get_xticks())
    simulated.tick_values(axes, [0.1, 0.7, 10.0])
    assert list(axes.get_xticks()) == before
