"""Results that draw themselves: what is in the picture, whose numbers, and what is refused."""

import math
import sys
from functools import cache
from types import MethodType

import casadi as ca
import matplotlib.figure
import numpy as np
import pytest
from legible import check_legible

import landscape_control as lc
from landscape_control import policies, simulation
from landscape_control.display.plotting import one_line
from landscape_control.display.plotting.one_line.plane import plane_of
from landscape_control.optimisation.held_out import mean_losses
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


def legend_words(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def labelled(axes, start):
    """What is drawn under a label: points (N, 2)."""
    for line in axes.lines:
        if str(line.get_label()).startswith(start):
            return np.column_stack(line.get_data())
    for dots in axes.collections:
        if str(dots.get_label()).startswith(start):
            return np.asarray(dots.get_offsets())
    raise AssertionError(f"nothing is drawn as {start!r}")


def test_a_solution_is_drawn_with_costs_minima_and_saddles_of_its_own(monkeypatch):
    solution = solved("well")
    axes = solution.plot()
    path, loss, control = axes.figure.axes
    np.testing.assert_allclose(labelled(path, "optimal plan"), solution.parameters)
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
    np.testing.assert_allclose(loss.lines[0].get_ydata(), WELL.landscape.loss(solution.parameters))
    np.testing.assert_allclose(
        control.lines[0].get_ydata(), np.linalg.norm(solution.controls, axis=1)
    )
    check_legible(axes.figure, monkeypatch)


@pytest.mark.parametrize("name", ["six", "line"])
def test_any_number_of_parameters_is_legible(name, monkeypatch):
    axes = solved(name).plot(rules=["gradient_descent"])
    assert len(axes.figure.axes) == 3
    check_legible(axes.figure, monkeypatch)


def test_one_parameter_is_drawn_over_time_with_the_maximum_between_basins():
    axes = solved("line").plot(rules=())
    drawn = labelled(axes, "optimal plan")
    np.testing.assert_allclose(drawn[:, 0], solved("line").times)
    np.testing.assert_allclose(drawn[:, 1], solved("line").parameters[:, 0])
    roots = np.sort(np.roots([4, 0, -4, -0.4]))
    top = labelled(axes, "maximum between basins")
    np.testing.assert_allclose(top[:, 1], roots[[1]], atol=1e-7)


def test_two_of_six_parameters_are_drawn_as_they_are():
    solution = solved("six")
    axes = solution.plot(directions=(1, 4), rules=())
    np.testing.assert_allclose(labelled(axes, "optimal plan"), solution.parameters[:, [1, 4]])
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
    price = np.stack([1 + solution.parameters[:, 0] ** 2, np.full(len(solution.times), 4.0)], 1)
    size = np.sqrt((price * solution.controls**2).sum(1))
    np.testing.assert_allclose(axes.figure.axes[2].lines[0].get_ydata(), size)


def test_axes_of_ones_own_are_drawn_on():
    figure = matplotlib.figure.Figure()
    one, two, three = figure.subplots(3)
    assert solved("well").plot(one, rules=()) is one
    assert not two.lines
    solved("well").plot((one, two, three), rules=())
    assert two.lines
    assert not hasattr(one, "_repr_png_")
    with pytest.raises(ProblemError, match="one Axes, or 3"):
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


HIDDEN = lc.ControlProblem(
    landscape=lc.Landscape.from_expression(
        lambda theta, hidden: (theta[0] - hidden[0]) ** 2,
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, variance=[1.0]),
    ),
    learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
    start=[1.0],
    objective=lc.Objective(horizon=2.0, discount=0.3),
)


def test_a_rollout_is_drawn_with_its_belief(monkeypatch):
    solution = lc.solve(HIDDEN, method="lqg")
    rollout = lc.simulate(HIDDEN, solution, episodes=20, keep_paths=3)
    axes = rollout.plot(episode=2)
    parameter, belief, control = axes.figure.axes
    paths = rollout.paths
    np.testing.assert_allclose(labelled(parameter, "episode 2")[:, 1], paths.parameters[2, :, 0])
    np.testing.assert_allclose(labelled(belief, "belief")[:, 1], paths.belief_means[2, :, 0])
    np.testing.assert_allclose(labelled(belief, "hidden truth")[:, 1], paths.hidden[2, :, 0])
    band = belief.collections[0].get_paths()[0].vertices[:, 1]
    wide = 2 * np.sqrt(paths.belief_variances[2, :, 0])
    assert band.max() == pytest.approx((paths.belief_means[2, :, 0] + wide).max())
    assert len(control.lines) == 1
    check_legible(axes.figure, monkeypatch)
    again = solution.plot(seed=0, episodes=20, episode=2)
    np.testing.assert_allclose(
        labelled(again, "episode 2")[:, 1], paths.parameters[2, :, 0], err_msg="the same seed"
    )


def test_a_rollout_without_paths_or_with_fewer_is_refused():
    sgd = simulation.SGD(learning_rate=0.1)
    with pytest.raises(ProblemError, match="keep_paths"):
        lc.simulate(HIDDEN, sgd, episodes=4).plot()
    with pytest.raises(ProblemError, match="episode"):
        lc.simulate(HIDDEN, sgd, episodes=4, keep_paths=2).plot(episode=2)


def test_a_verdict_is_drawn_a_row_for_each_rule(monkeypatch):
    histories = lc.rollout("heavy_ball", {"learning_rate": 0.1, "momentum": 0.9})
    verdict = lc.identify(histories, rules=["heavy_ball", "sgd", "nesterov"])
    axes = verdict.plot()
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows[0] == "heavy ball"
    assert len(rows) == 3
    assert len(axes.figure.axes) == 2  # nothing was run, so that there is no panel of costs
    check_legible(axes.figure, monkeypatch)
    assert len(verdict.plot(count=2).get_yticklabels()) == 2


TASK = lc.LandscapeDistribution.quadratic(
    curvatures=lc.Discrete([0.2, 1.0], [0.5, 0.5]), start_variance=1.0
)


@cache
def planned():
    return lc.optimize_policy(
        TASK,
        family=policies.GradientDescent(constant=False),
        objective=lc.Objective(horizon=3.0, learning_rate=math.inf),
        cost="running",
    )


def test_a_policy_is_drawn_with_its_mean_loss_and_schedule(monkeypatch):
    result = planned()
    axes = result.plot(episodes=4000)
    loss, schedule = axes.figure.axes
    rates = result.coefficients["learning_rate"]
    np.testing.assert_allclose(schedule.lines[0].get_ydata(), rates)
    h = np.array([0.2, 1.0])
    shrunk = np.cumprod(np.vstack([np.ones(2), 1 - np.outer(rates, h)]), axis=0)
    exact = (0.5 * 0.5 * h * shrunk**2).sum(1)
    mean, error = mean_losses(result.policy, result.program, episodes=4000, seed=0)
    np.testing.assert_allclose(loss.lines[0].get_ydata(), mean)
    assert (np.abs(mean - exact) <= 4 * error + 1e-12).all()
    assert (error[:2] <= 0.1 * exact[:2]).all()
    assert mean[1:].sum() == pytest.approx(result.cost, abs=4 * error[1:].sum())
    check_legible(axes.figure, monkeypatch)


def test_a_sweep_is_drawn_without_what_does_not_vary(monkeypatch):
    line = WELL.changed(end=None)
    sweep = lc.sweep(
        line, {"horizon": [0.5, 1.0], "discount": [0.0, 1.0]}, measure="cost", starts=1
    )
    sweep["same"] = sweep["cost"] * 0 + 3.0
    axes = lc.plot_sweep(sweep)
    shown = [panel.get_title(loc="left") for panel in axes.figure.axes]
    assert any("cost" in words for words in shown)
    assert not any("same" in words for words in shown)
    check_legible(axes.figure, monkeypatch)
    curve = lc.plot_sweep(sweep, "cost", at={"discount": 1.0})
    np.testing.assert_allclose(curve.lines[0].get_ydata(), sweep["cost"].sel(discount=1.0))
    several = lc.plot_sweep(sweep, "cost", by="discount")
    assert len(several.lines) == 2
    figure = matplotlib.figure.Figure()
    own = figure.subplots()
    assert lc.plot_sweep(sweep, "cost", axes=own) is own
    with pytest.raises(ProblemError, match="varies"):
        lc.plot_sweep(sweep[["status", "same"]])


def test_help_shows_the_options():
    assert isinstance(solved("well").plot, MethodType)
    assert lc.Solution.plot is one_line.plot_solution
    assert "directions" in (lc.Solution.plot.__doc__ or "")


def test_pyplot_is_not_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # an import of it fails
    assert solved("line").plot(rules=())._repr_png_()
