"""Building blocks draw on the Axes they are given, what they are given."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from picture_data.plans import SADDLE, START, WELL, WELL_BOX, double_well_data

from landscape_control.display import plotting
from landscape_control.display.plotting import paths, style


@pytest.fixture
def axes():
    return Figure().add_subplot()


def block_calls():
    x, y = np.linspace(0, 1, 5), np.linspace(0, 2, 4)
    field, path, t = np.ones((4, 5, 2)), np.column_stack([x, x]), np.linspace(0, 1, 5)
    logs = np.geomspace(0.1, 10, 5)
    pair = {
        "theory": (logs, logs[None]),
        "computed": (logs, logs[None]),
        "colors": ["k"],
        "labels": ["a"],
    }
    return {
        "loss_contours": lambda a: plotting.loss_contours(a, x, y, np.add.outer(y, x)),
        "landscape_contours": lambda a: plotting.landscape_contours(a, WELL, WELL_BOX, points=11),
        "minima": lambda a: plotting.minima(a, WELL.minima, rank=True),
        "saddles": lambda a: plotting.saddles(a, SADDLE),
        "start": lambda a: plotting.start(a, START),
        "attractor": lambda a: plotting.attractor(a, START),
        "vector_field": lambda a: plotting.vector_field(a, x, y, field),
        "arrows": lambda a: plotting.arrows(a, path, path + 1, color="k", label="u"),
        "heat_map": lambda a: plotting.heat_map(a, logs, logs[:4], np.ones((4, 5))),
        "trajectory": lambda a: plotting.trajectory(
            a, path, times=t, marks=[0.5], mark_labels=True
        ),
        "time_series": lambda a: plotting.time_series(a, t, path),
        "dress": style.dress,
        "rule_series": lambda a: plotting.rule_series(a, t, t, rule="newton"),
        "energy_panel": lambda a: plotting.energy_panel(a, t, t, t, 0.1),
        "theory_and_computed": lambda a: plotting.theory_and_computed(a, **pair),
        "exponent_curves": lambda a: plotting.exponent_curves(a, **pair, top=1.0),
        "exponent_axis": plotting.exponent_axis,
        "log_axes": plotting.log_axes,
        "rate_plot": lambda a: plotting.rate_plot(a, logs, logs**2, slope=2, prediction=logs**2),
        "slope_triangle": lambda a: plotting.slope_triangle(a, logs, logs**2, 2),
        "policy_scatter": lambda a: plotting.policy_scatter(a, x, x, gain=1.0),
        "prediction_scatter": lambda a: plotting.prediction_scatter(
            a, x, [x, -x], rules=["newton", "ballistic"]
        ),
        "forest": lambda a: plotting.forest(
            a, ["a", "b"], [1, 2], [0, 1], [2, 3], theory=[1, np.nan]
        ),
        "dot_rows": lambda a: plotting.dot_rows(a, ["a", "b"], [0.1, 1e-9], floor=1e-3, write=True),
        "tolerance_used": lambda a: plotting.tolerance_used(
            a, ["a", "b", "c"], [0.1, 3.0, 0.0], [1.0, 1.0, 0.0]
        ),
        "number_columns": lambda a: plotting.number_columns(a, {"n": ["1", "2"]}),
        "name_rows": lambda a: plotting.name_rows(a, ["a", "b"]),
    }


@pytest.mark.parametrize("name", block_calls())
def test_a_building_block_returns_the_axes_it_was_given(axes, name):
    assert block_calls()[name](axes) is axes
    FigureCanvasAgg(axes.figure).draw()


def test_contours_read_the_grid_as_rows_of_the_second_axis(axes):
    x, y = np.linspace(0, 1, 21), np.linspace(0, 3, 11)
    plotting.loss_contours(axes, x, y, np.tile(x, (11, 1)))  # L = θ₁: contours stand upright
    segments = [
        segment
        for path in axes.collections[1].get_paths()
        for segment in path.to_polygons(closed_only=False)
    ]
    assert segments
    assert all(
        np.ptp(segment[:, 0]) < 1e-12 and np.ptp(segment[:, 1]) > 2.9 for segment in segments
    )


def test_contour_levels_span_the_loss_and_grow_denser_towards_the_bottom():
    levels = plotting.contour_levels(np.array([-2.0, 7.0]))
    assert (levels[0], levels[-1]) == pytest.approx((-2.0, 7.0))
    assert (np.diff(levels, 2) > 0).all()


def test_vector_field_arrows_have_unit_length_and_vanish_where_the_field_does(axes):
    field = np.zeros((1, 3, 2))
    field[0, 1:] = [[3.0, 4.0], [0.0, -1e-3]]
    plotting.vector_field(axes, [0, 1, 2], [0], field)
    arrows = axes.collections[0]
    np.testing.assert_allclose(np.column_stack([arrows.U, arrows.V]), [[0, 0], [0.6, 0.8], [0, -1]])


def test_heat_map_colours_are_symmetric_about_zero_and_cells_sit_on_their_centres(axes):
    x, y = np.array([1.0, 10.0, 100.0]), np.array([1.0, 100.0])
    plotting.heat_map(axes, x, y, [[-1.0, 2.0, np.nan], [0.5, 0.1, 0.2]], limit=2.0)
    cells = axes.collections[-1]
    assert (cells.norm.vmin, cells.norm.vmax) == (-2.0, 2.0)
    assert np.ma.getmaskarray(cells.get_array()).sum() == 1
    np.testing.assert_allclose(axes.get_xlim(), [10**-0.5, 10**2.5])
    np.testing.assert_allclose(axes.get_ylim(), [0.1, 1000.0])


def test_time_marks_lie_on_the_path_at_their_times(axes):
    axes.set(xlim=(0, 1), ylim=(0, 1))
    t = np.linspace(0, 2, 201)
    plotting.trajectory(
        axes, np.column_stack([t / 2, (t / 2) ** 2]), times=t, marks=[0.0, 0.5, 1.0, 5.0]
    )
    np.testing.assert_allclose(
        axes.collections[0].get_offsets(), [[0.25, 0.0625], [0.5, 0.25]], atol=1e-12
    )


@pytest.mark.parametrize(("horizon", "first"), [(4.0, 0.5), (1.0, 0.1), (30.0, 2.5), (0.07, 0.01)])
def test_time_marks_are_round_and_inside_the_horizon(horizon, first):
    marks = paths.mark_times(horizon)
    assert marks[0] == pytest.approx(first)
    assert marks[-1] <= horizon * (1 + 1e-12)
    np.testing.assert_allclose(np.diff(marks), first)


def test_the_energy_law_drawn_from_the_kinetic_energy_meets_the_energy_of_the_plan(axes):
    data = double_well_data()
    plotting.energy_panel(
        axes, data["optimal_times"], data["optimal_kinetic"], data["optimal_weighted_loss"], 0.1
    )
    energy, law = (
        next(line for line in axes.lines if line.get_label().startswith(word))
        for word in ("energy", "law")
    )
    np.testing.assert_allclose(
        law.get_ydata(), np.interp(law.get_xdata(), *energy.get_data()), atol=2e-6
    )
    assert np.ptp(energy.get_ydata()) > 0.1  # at γ > 0 the energy is not conserved


@pytest.mark.parametrize("slope", [-2, 1, 2])
def test_the_triangle_has_the_slope_it_is_labelled_with(axes, slope):
    x = np.geomspace(0.01, 1, 9)
    plotting.rate_plot(axes, x, 3 * x**slope, slope=slope)
    corners = np.log(axes.patches[0].get_xy())
    steepest = max(
        itertools.pairwise(corners), key=lambda pair: np.prod(np.abs(np.subtract(*pair)))
    )
    rise = np.subtract(*steepest)
    assert rise[1] / rise[0] == pytest.approx(slope)
    assert axes.texts[0].get_text() == f"{slope:+g}".replace("-", "−")
    assert f"slope {slope:+.2f}".replace("-", "−") in axes.lines[0].get_label()


def test_points_without_error_are_left_out_of_the_slope():
    assert plotting.measured_slope([1.0, 2.0, 4.0], [0.0, 4.0, 16.0]) == pytest.approx(2.0)
    assert np.isnan(plotting.measured_slope([1.0, 2.0], [0.0, 1.0]))


def test_the_rule_line_of_a_policy_scatter_has_the_fitted_gain(axes):
    plotting.policy_scatter(axes, [-1.0, 2.0], [0.0, 1.0], gain=0.4)
    x, y = axes.lines[-1].get_data()
    np.testing.assert_allclose(y, 0.4 * x)
    np.testing.assert_allclose(x, [-1.0, 2.0])


def test_a_failed_claim_is_a_cross_and_a_met_one_a_dot(axes):
    plotting.tolerance_used(axes, ["met", "failed", "exact"], [0.5, 2.0, 0.0], [1.0, 1.0, 0.0])
    dots = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    assert [line.get_marker() for line in dots] == ["o", "X", "o"]
    assert dots[0].get_color() == dots[2].get_color() != dots[1].get_color()
