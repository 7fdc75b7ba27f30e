"""Results that draw themselves: what is in the picture, whose numbers, and what is refused."""

import sys
from functools import cache
from types import MethodType

import casadi as ca
import matplotlib.figure
import numpy as np
import pytest
from drawn import labelled
from legible import check_legible
from matplotlib.contour import QuadContourSet

import landscape_control as lc
from landscape_control import simulation
from landscape_control.display.plotting import one_line
from landscape_control.display.plotting.one_line.plane import plane_of
from landscape_control.support.errors import ProblemError

WELL = lc.ControlProblem(
    landscape=lc.double_well(),
    objective=lc.Objective(horizon=4.0, discount=0.1),
    start=[-0.6, 0.55],
)
SIX = lc.ControlProblem(
    landscape=lc.quadratic(hessian=np.diag([0.1, 0.3, 1.0, 3.0, 5.0, 8.0])),
    objective=lc.Objective(horizon=2.0),
    start=np.ones(6),
)
LINE = lc.ControlProblem(
    landscape=lc.Landscape.from_expression(
        lambda t: (t[0] ** 2 - 1) ** 2 - 0.4 * t[0], dimension=1, name="my $well_1"
    ),
    objective=lc.Objective(horizon=4.0),
    start=[-0.8],
)


@cache
def solved(name):
    return lc.solve({"well": WELL, "six": SIX, "line": LINE}[name])


def assert_passes(curve, points):
    """A curve (N, 2) passes through all of the points (S, 2)."""
    gaps = np.linalg.norm(curve[:, None] - points[None], axis=-1).min(0)
    assert gaps.max() <= 1e-9


def legend_words(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_a_solution_is_drawn_with_costs_minima_and_saddles_of_its_own(monkeypatch):
    solution = solved("well")
    axes = solution.plot()
    path, loss, control = axes.figure.axes
    assert_passes(labelled(path, "optimal plan"), solution.parameters)
    minima = labelled(path, "minimum")
    np.testing.assert_allclose(WELL.landscape.gradient(minima), 0, atol=1e-8)
    # 4θ(θ² - 1) = ½ has the saddle as its middle root
    middle = np.sort(np.roots([4, 0, -4, -0.5]))[1]
    np.testing.assert_allclose(labelled(path, "saddle"), [[middle, 0.0]], atol=1e-8)
    words = " ".join(legend_words(axes.figure))
    descent = lc.trajectory(WELL, "gradient descent", solution=solution)
    assert f"J = {solution.cost:.4g}" in words.replace("−", "-")
    assert f"J = {descent.cost:#.4g}" in words
    assert f"α = {descent.coefficients['learning_rate']:.3g}" in words
    assert len(loss.lines) == len(control.lines) == 3
    theta, u, _ = solution.at(loss.lines[0].get_xdata())
    np.testing.assert_allclose(loss.lines[0].get_ydata(), WELL.landscape.loss(theta))
    np.testing.assert_allclose(control.lines[0].get_ydata(), np.linalg.norm(u, axis=1))
    check_legible(axes.figure, monkeypatch)


@pytest.mark.parametrize("name", ["six", "line"])
def test_any_number_of_parameters_is_legible(name, monkeypatch):
    axes = solved(name).plot(rules=["gradient_descent"])
    assert len(axes.figure.axes) == 3
    check_legible(axes.figure, monkeypatch)


def test_one_parameter_is_drawn_over_time_with_the_maximum_between_basins():
    axes = solved("line").plot(rules=())
    drawn = labelled(axes, "optimal plan")
    plan = solved("line")
    assert_passes(drawn, np.column_stack([plan.times, plan.parameters]))
    roots = np.sort(np.roots([4, 0, -4, -0.4]))
    top = labelled(axes, "maximum between basins")
    np.testing.assert_allclose(top[:, 1], roots[[1]], atol=1e-7)


def test_a_loss_with_an_edge_is_drawn_where_it_is_defined():
    """-log θ₁ has none for θ₁ <= 0, where the view of a path near the edge reaches."""
    problem = lc.ControlProblem(
        landscape=lc.Landscape.from_expression(
            lambda t: -ca.log(t[0]) + t[0] + t[1] ** 2, dimension=2
        ),
        objective=lc.Objective(horizon=2.0),
        start=[0.05, 1.0],
    )
    solution = lc.solve(problem)
    axes = solution.plot(rules=())
    assert axes.get_xlim()[0] < 0  # the view goes beyond the edge
    contours = [each for each in axes.collections if isinstance(each, QuadContourSet)]
    drawn = [path.vertices for each in contours for path in each.get_paths()]
    lowest = min(vertices[:, 0].min() for vertices in drawn if len(vertices))
    assert 0 <= lowest < solution.parameters[:, 0].min()


def test_two_of_six_parameters_are_drawn_as_they_are():
    solution = solved("six")
    axes = solution.plot(directions=(1, 4), rules=())
    assert_passes(labelled(axes, "optimal plan"), solution.parameters[:, [1, 4]])
    assert axes.get_xlabel().startswith("parameter θ₂")
    assert axes.get_ylabel() == "parameter θ₅"


def test_principal_directions_hold_most_of_the_spread():
    paths = [solved("six").parameters]
    plane = plane_of(paths, None)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    spread = np.linalg.eigvalsh(np.cov(paths[0].T))
    assert plane.share == pytest.approx(spread[-2:].sum() / spread.sum())
    chosen = plane_of(paths, np.eye(6)[:2])
    assert chosen.share < plane.share
    np.testing.assert_allclose(chosen.lift(chosen.project(paths[0]))[-1], paths[0][-1])


def test_a_metric_brings_in_the_natural_gradient_and_its_own_size_of_the_control():
    problem = lc.ControlProblem(
        landscape=lc.double_well(),
        learner=lc.Learner(metric=lambda t: ca.diag(ca.vertcat(1 + t[0] ** 2, 4.0))),
        objective=lc.Objective(horizon=1.0),
        start=[0.1, 0.9],
    )
    solution = lc.solve(problem)
    axes = solution.plot()
    assert any("natural gradient" in words for words in legend_words(axes.figure))
    times, size = axes.figure.axes[2].lines[0].get_data()
    theta, u, _ = solution.at(times)
    price = np.stack([1 + theta[:, 0] ** 2, np.full(len(times), 4.0)], 1)
    np.testing.assert_allclose(size, np.sqrt((price * u**2).sum(1)))


def test_axes_of_ones_own_are_drawn_on():
    figure = matplotlib.figure.Figure()
    one, two, three = figure.subplots(3)
    assert solved("well").plot(one, rules=()) is one
    assert not two.lines
    solved("well").plot((one, two, three), rules=())
    assert two.lines
    assert not hasattr(one, "_repr_png_")
    with pytest.raises(ProblemError, match="one plain Axes, or 3"):
        solved("well").plot((one, two))
    with pytest.raises(ProblemError, match="axes"):
        solved("well").plot(axes="one")


def test_a_notebook_is_shown_the_whole_figure():
    picture = solved("well").plot(rules=())._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000


def test_rules_are_compared_as_asked():
    own = lc.trajectory(WELL, "momentum", {"learning_rate": 0.5, "momentum": 0.97})
    sgd = simulation.SGD(learning_rate=0.3)
    axes = solved("well").plot(rules=[own, sgd, "newton"], plans=2)
    words = " ".join(legend_words(axes.figure))
    assert "β = 0.97" in words
    assert "SGD" in words
    assert "Newton" in words
    assert "another plan (2)" in words
    np.testing.assert_allclose(labelled(axes, "heavy ball"), own.parameters)
    np.testing.assert_allclose(labelled(own.plot(), "heavy ball"), own.parameters)
    with pytest.raises(ProblemError, match="did you mean"):
        solved("well").plot(rules=["newtn"])


def test_a_fixed_end_and_an_unconverged_plan_are_named():
    ends = lc.solve(WELL.changed(end=[1.0, 0.3]))
    words = " ".join(legend_words(ends.plot().figure))
    assert "no rule knows the fixed end" in words
    assert "fixed end" in words
    coarse = lc.solve(WELL.changed(horizon=20.0), max_elements=4, tolerance=1e-12, throw=False)
    assert not coarse.status.ok
    axes = coarse.plot(rules=())
    assert "not converged" in " ".join(legend_words(axes.figure))
    assert str(coarse.status) in axes.get_title(loc="left")


@pytest.mark.parametrize("directions", [(0, 0), (0, 6), "first", np.ones((2, 6)), [[1.0, 2.0]]])
def test_directions_that_span_no_plane_are_refused(directions):
    with pytest.raises(ProblemError, match="directions"):
        solved("six").plot(directions=directions, rules=())


def test_help_shows_the_options():
    assert isinstance(solved("well").plot, MethodType)
    assert lc.Solution.plot is one_line.plot_solution
    assert "directions" in (lc.Solution.plot.__doc__ or "")


def test_pyplot_is_not_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # an import of it fails
    assert solved("line").plot(rules=())._repr_png_()


@pytest.mark.parametrize("projection", ["polar", "3d"])
def test_panels_without_two_straight_sides_are_refused(projection):
    solution = solved("line")
    panel = matplotlib.figure.Figure().add_subplot(projection=projection)
    with pytest.raises(ProblemError, match=f"projection '{projection}'"):
        solution.plot(axes=panel)


def test_one_rule_alone_is_drawn_and_what_is_none_is_refused():
    solution = solved("well")
    words = [legend_words(solution.plot(rules=rules).figure) for rules in ("newton", ["newton"])]
    assert words[0] == words[1]
    for wrong in (3, [None], simulation.SGD):
        with pytest.raises(ProblemError, match="rule: expected a rule or its name"):
            solution.plot(rules=wrong)


def test_what_is_no_sweep_is_refused():
    for wrong in (3, None, dict):
        with pytest.raises(ProblemError, match="dataset of a sweep"):
            lc.plot_sweep(wrong)


@pytest.mark.parametrize(("episodes", "words"), [(1, "(one episode)"), (4, "standard error of 4")])
def test_the_cost_of_a_simulation_says_what_its_error_is(episodes, words):
    """One episode has no standard error."""
    problem = LINE.changed(learner=lc.Learner(sees=lc.ExactGradient()))
    learner = simulation.SGD(learning_rate=0.1)
    rollout = lc.simulate(problem, learner, episodes=episodes, keep_paths=True, step=0.1)
    title = rollout.plot().get_title(loc="left")
    for text in (title, rollout.summary(), rollout._repr_html_()):
        assert words in text
        assert "nan" not in text
