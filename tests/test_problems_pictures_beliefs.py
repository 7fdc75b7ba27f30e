"""What the pictures of beliefs and learners show is what they were given."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from picture_data import DATA
from picture_data.beliefs import belief_tracking_data, chase, momentum_maps_data, riccati
from picture_data.learners import dual_effect_data, kalman_bias_correction_data, resetting_data
from scipy.interpolate import RegularGridInterpolator

from landscape_control.display.plotting import figures, style


@pytest.fixture(scope="module")
def drawn():
    """The pictures that several tests look at, drawn once."""
    names = (
        "momentum_maps",
        "belief_tracking",
        "moving_task",
        "kalman_bias_correction",
        "dual_effect",
    )
    return {name: getattr(figures, name)(DATA[name]()) for name in names}


def panels(figure):
    return {panel.get_label(): panel for panel in figure.axes}


def test_regrets_below_zero_are_not_lost_on_a_logarithmic_axis():
    data = resetting_data()
    data["regrets"][0, 1, 2] = -0.004
    del data["regret_floor"]
    lowest = data["regrets"][data["regrets"] > 0].min() / 3
    drawn = [
        line.get_xydata()
        for line in panels(figures.resetting(data))["regret_1"].lines
        if line.get_markerfacecolor() == style.PAPER and len(line.get_xydata())
    ]
    np.testing.assert_allclose(np.concatenate(drawn), [[data["rates"][2], lowest]])


def test_contours_of_theory_stand_where_theory_equals_the_ticks_of_the_scale(drawn):
    panel, data = panels(drawn["momentum_maps"])["momentum"], momentum_maps_data()
    theory = RegularGridInterpolator((data["horizons"], data["noises"]), data["momentum_theory"])
    lines = next(item for item in panel.collections if hasattr(item, "levels"))
    assert len(lines.levels) >= 3
    low, high = ([data[name][end] for name in ("horizons", "noises")] for end in (0, -1))
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        # some end a last digit outside the grid
        points = np.clip(path.vertices[:, ::-1], low, high)
        np.testing.assert_allclose(points, path.vertices[:, ::-1], rtol=1e-12)
        np.testing.assert_allclose(theory(points), level, rtol=1e-9)


def test_a_weight_decay_that_vanishes_is_still_drawn():
    data = momentum_maps_data()
    data["weight_decay"][:3] = 0.0
    FigureCanvasAgg(figures.momentum_maps(data)).draw()


def test_every_switch_is_marked_once_in_every_panel(drawn):
    data = belief_tracking_data()
    for panel in drawn["belief_tracking"].axes:
        marked = [line.get_xdata()[0] for line in panel.lines if len(line.get_xdata()) == 2]
        np.testing.assert_allclose(marked, data["switches"])


def test_tasks_that_never_switch_are_drawn_without_marks():
    figure = figures.resetting({**resetting_data(), "switches": []})
    assert "task switch" not in panels(figure)["weights"].get_legend_handles_labels()[1]


def test_the_filter_of_the_sample_follows_the_closed_form_of_its_riccati_equation():
    times, _, _, variance, *_ = chase()
    # Euler with step 0.02: first order
    np.testing.assert_allclose(variance, riccati(times), atol=0.012)


def test_both_limits_of_the_shrink_factor_have_slope_one(drawn):
    for name in ("slow", "short"):
        words = panels(drawn["moving_task"])[name].get_legend_handles_labels()[1]
        slopes = [float(text.split("slope")[1]) for text in words if "slope" in text]
        assert len(slopes) == 2
        np.testing.assert_allclose(slopes, 1.0, atol=0.03)


def test_adam_and_the_kalman_gain_agree_at_both_ends_and_differ_between(drawn):
    data = kalman_bias_correction_data()
    ratio = np.array(data["gains"]) / data["adam_gains"]
    np.testing.assert_allclose(ratio[:, 0], 1.0, rtol=1e-12)
    np.testing.assert_allclose(ratio[-1, -1], 1.0, rtol=1e-12)
    assert (ratio.min(axis=1) < 0.9).all()
    lines = [
        line
        for line in panels(drawn["kalman_bias_correction"])["difference"].lines
        if len(line.get_xdata()) == 100
    ]
    np.testing.assert_allclose([line.get_ydata() for line in lines], ratio - 1)


def test_the_scale_of_the_value_of_information_begins_at_zero_unless_chance_goes_below(drawn):
    assert panels(drawn["dual_effect"])["<colorbar>"].get_ylim()[0] == 0
    data = dual_effect_data()
    data["information_value"][3, 3] = -0.01
    assert panels(figures.dual_effect(data))["<colorbar>"].get_ylim()[0] == pytest.approx(-0.01)
