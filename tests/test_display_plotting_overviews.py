"""Figures of results: one plan, one verdict, coefficients and policies, from what the library
returns.
"""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from picture_data.plans import LOWEST_FIRST, WELL, rate, well_plan
from picture_data.results import coefficients_data, plan_overview_data, verdict_data

import landscape_control as lc
from landscape_control.display import plotting
from landscape_control.display.plotting import figures
from landscape_control.identification.maps import PolicySample, fit_rules
from landscape_control.support.errors import ProblemError


def test_a_plan_with_three_parameters_is_not_drawn_on_a_map():
    data = plan_overview_data()
    data["parameters"] = data["costates"] = np.zeros((121, 3))
    with pytest.raises(ProblemError, match="two parameters"):
        figures.plan_overview(data)


def test_a_plan_without_a_map_keeps_its_title():
    data, mapped = plan_overview_data(), ("axis_1", "axis_2", "loss", "minima")
    data = {name: value for name, value in data.items() if name not in mapped}
    assert figures.plan_overview(data).get_suptitle() == data["title"]


def test_rules_that_diverge_or_were_not_run_are_said_so_in_words():
    data = verdict_data() | {
        "errors": [np.nan, 0.03, 0.2, 0.3, 0.3],
        "regrets": [np.nan, 0.002, np.inf, 0.1, 0.1],
    }
    figure = figures.verdict(data)
    FigureCanvasAgg(figure).draw()
    words = {panel.get_label(): [text.get_text() for text in panel.texts] for panel in figure.axes}
    assert words["error"].count("not available") == words["regret"].count("not available") == 1
    assert words["regret"].count("diverges") == 1


def test_coefficients_without_bounds_stay_inside_the_panel():
    data = coefficients_data() | {
        "lower": [0.49, -np.inf, 0.4, 0.9, 0.5],
        "upper": [0.51, np.inf, 0.5, 1.1, 0.7],
    }
    figure = figures.coefficients(data)
    FigureCanvasAgg(figure).draw()
    forest, numbers = figure.axes
    assert all(np.abs(line.get_xdata()).max() <= forest.get_xlim()[1] for line in forest.lines)
    assert any("∞" in text.get_text() for text in numbers.texts)


@functools.cache
def comparison():
    """The exact infinite-horizon policy of two quadratic landscapes, held against three rules."""
    draw, samples = np.random.default_rng(1), []
    for h in (0.5, 2.0):
        landscape = lc.quadratic(hessian=np.diag([h, 4 * h]))
        objective = lc.Objective(horizon=np.inf, discount=0.5)
        problem = lc.ControlProblem(landscape=landscape, objective=objective, start=[1.0, 1.0])
        points = draw.normal(size=(12, 2))
        controls = -rate(np.array([h, 4 * h]), 0.5) * points
        samples.append(
            PolicySample(problem=problem, points=points, controls=controls, starts=np.arange(12))
        )
    return fit_rules(
        samples, [lc.rules.gradient_descent(), lc.rules.ballistic(), lc.rules.linear_quadratic()]
    )


def test_a_verdict_is_drawn_with_its_rules_best_first():
    found = comparison()
    data = plotting.verdict_data(found)
    assert data["rules"][0] == "linear_quadratic"
    assert np.isnan(data["regrets"]).all()  # no rule was run
    words = [text.get_text() for text in figures.verdict(data).axes[2].texts]
    assert {"coefficients", "condition", "identifiable", "c = 1"} <= set(words)


def test_coefficients_of_a_verdict_carry_interval_and_theory():
    data = plotting.coefficients_data(comparison())
    here = data["rules"].index("linear_quadratic")
    assert data["names"][here] == "scale c"
    assert data["lower"][here] <= data["estimates"][here] * (1 + 1e-12)
    assert (data["estimates"][here], data["theory"][here]) == pytest.approx((1.0, 1.0))
    assert isinstance(figures.coefficients(data), Figure)


def test_the_policy_of_a_verdict_is_drawn_against_downhill_slope_and_predictions():
    data = plotting.policy_data(comparison(), group_names=["h = 0.5", "h = 2"], count=2)
    assert data["predictions"].shape == (2, 48)
    np.testing.assert_allclose(data["predictions"][0], data["controls"], rtol=1e-8)
    assert data["gain"] == pytest.approx(
        comparison().row("gradient_descent").coefficients["learning_rate"], rel=1e-6
    )
    np.testing.assert_array_equal(np.unique(data["groups"]), [0, 1])
    assert isinstance(figures.policy_scatter(data), Figure)


def test_a_plan_is_drawn_on_a_map_that_holds_its_path_and_all_minima():
    times, path, *_ = well_plan(4.0, 0.1, (1.06, 0.0))
    plan = SimpleNamespace(times=times, parameters=path, controls=path, costates=-path)
    data = plotting.plan_data(plan, WELL, points=31, title="a plan")
    points = np.vstack([path, WELL.minima])
    assert (points.min(0) > [data["axis_1"][0], data["axis_2"][0]]).all()
    assert (points.max(0) < [data["axis_1"][-1], data["axis_2"][-1]]).all()
    np.testing.assert_allclose(data["minima"], LOWEST_FIRST)
    assert data["loss"][3, 5] == pytest.approx(
        WELL.loss([[data["axis_1"][5], data["axis_2"][3]]])[0]
    )
    assert isinstance(figures.plan_overview(data), Figure)
    assert set(plotting.plan_data(plan)) == {"times", "parameters", "controls", "costates"}


def test_a_map_needs_a_landscape_of_two_parameters():
    plan = SimpleNamespace(
        times=[0.0],
        parameters=np.zeros((1, 3)),
        controls=np.zeros((1, 3)),
        costates=np.zeros((1, 3)),
    )
    with pytest.raises(ProblemError, match="two parameters"):
        plotting.plan_data(plan, lc.rosenbrock(3))
