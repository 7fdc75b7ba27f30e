"""Rollouts, verdicts, policies and sweeps that draw themselves: whose numbers are in the picture."""

import math
from functools import cache

import matplotlib.figure
import numpy as np
import pytest
from drawn import labelled
from legible import check_legible

import landscape_control as lc
from landscape_control import policies, simulation
from landscape_control.optimisation.held_out import mean_losses
from landscape_control.support.errors import ProblemError

HIDDEN = lc.ControlProblem(
    landscape=lc.Landscape.from_expression(
        lambda theta, hidden: (theta[0] - hidden[0]) ** 2,
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
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
    band = loss.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx((mean + 2 * error).max())
    assert band.min() == pytest.approx((mean - 2 * error).min(), rel=1e-6)
    check_legible(axes.figure, monkeypatch)


def test_a_sweep_is_drawn_without_what_does_not_vary(monkeypatch):
    bowl = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]), objective=lc.Objective(horizon=1.0), start=[1.0]
    )
    sweep = lc.sweep(
        bowl, {"horizon": [0.5, 1.0], "discount": [0.0, 1.0]}, measure="cost", starts=1
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


def test_whole_figures_take_results_as_they_take_their_data():
    bowl = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0, 0.2], [0.2, 3.0]]),
        start=[1.0, -1.0],
        objective=lc.Objective(horizon=2.0),
    )
    solution = lc.solve(bowl)
    figures, plotting = lc.plotting.figures, lc.plotting
    assert len(figures.plan_overview(solution).axes) == 4  # with its map
    assert len(figures.plan_overview(solution.best).axes) == 3  # which knows no landscape
    verdict = lc.compare(bowl, ["gradient_descent", "newton"], starts=4, resamples=10)
    pairs = (
        (figures.verdict, plotting.verdict_data),
        (figures.coefficients, plotting.coefficients_data),
        (figures.policy_scatter, plotting.policy_data),
    )
    for draw, data in pairs:
        one, other = draw(verdict), draw(data(verdict))
        drawn, wanted = (
            [line.get_xydata() for axes in figure.axes for line in axes.lines]
            for figure in (one, other)
        )
        assert len(drawn) == len(wanted) > 0
        for first, second in zip(drawn, wanted, strict=True):
            np.testing.assert_array_equal(first, second)
    with pytest.raises(ProblemError, match="data of figure verdict"):
        figures.verdict(solution)


def test_several_hidden_variables_have_a_panel_each_and_of_many_it_is_said_which(monkeypatch):
    def rollout(count):
        weights = np.arange(1.0, count + 1.0)
        landscape = lc.Landscape.from_expression(
            lambda theta, hidden: np.sum(weights * (theta - hidden) ** 2) / 2,
            dimension=count,
            hidden=lc.GaussianPrior(mean=np.zeros(count), covariance=weights**2),
        )
        problem = lc.ControlProblem(
            landscape=landscape,
            learner=lc.Learner(sees=lc.NoisyGradient(noise=0.5)),
            start=np.ones(count),
            objective=lc.Objective(horizon=1.0),
        )
        return lc.simulate(problem, lc.solve(problem), episodes=4, keep_paths=4)

    two = rollout(2)
    panels = two.plot().figure.axes
    assert [panel.get_ylabel()[-2:] for panel in panels[:4]] == ["θ₁", "θ₂", "φ₁", "φ₂"]
    np.testing.assert_allclose(
        labelled(panels[0], "episode 0")[:, 1], two.paths.parameters[0, :, 0]
    )
    np.testing.assert_allclose(panels[3].lines[1].get_ydata(), two.paths.belief_means[0, :, 1])
    assert len(two.plot(parameter=1, hidden=0).figure.axes) == 3
    five = rollout(5)
    figure = five.plot().figure
    panels = figure.axes
    varied = sorted(np.argsort(-np.std(five.paths.hidden, axis=(0, 1)))[:3] + 1)
    said = [panel.get_ylabel() for panel in panels[3:6]]
    assert said == [f"hidden φ{'₀₁₂₃₄₅'[i]}" for i in varied]
    assert "those 3 of 5 φ that vary most" in [
        text.get_text() for legend in figure.legends for text in legend.get_texts()
    ]
    check_legible(figure, monkeypatch)
