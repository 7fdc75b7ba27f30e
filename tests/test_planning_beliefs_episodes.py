"""Replanning of many episodes together: the plans that each episode would make by itself."""

import math
from dataclasses import replace

import numpy as np
import pytest
from planning_problems import (
    DISCOUNT,
    full_information_control,
    moving,
    planned,
    two_tasks,
    unknown_curvature,
)

import landscape_control as lc
from landscape_control.model.belief import GaussianBelief
from landscape_control.planning.beliefs.episode_plans import EpisodePath
from landscape_control.planning.beliefs.replanning import INNER, solve_replanning


def tilted_wells(horizon=2.0):
    """Two weights in a double well whose tilt moves, with a drift, a metric and a terminal loss."""
    learner = lc.Learner(
        sees=lc.NoisyGradient(0.8),
        drift=lc.linear_drift([[-0.3, 0.5], [-0.4, 0.1]], [0.2, 0.1]),
        actuation=[[1.0, 0.3], [0.0, 1.0]],
        metric=[[2.0, 0.3], [0.3, 1.0]],
    )
    return lc.ControlProblem(
        landscape=lc.Landscape(
            dimension=2,
            expression=lambda theta, phi: (
                (theta[0] ** 2 - 1) ** 2 / 4
                + theta[1] ** 2
                - phi[0] * theta[0]
                + 0.3 * theta[0] * theta[1]
            ),
            hidden=lc.OrnsteinUhlenbeck(mean=[0.2], rate=0.5, covariance=[0.3]),
        ),
        learner=learner,
        start=[-0.8, 0.5],
        objective=lc.Objective(
            horizon=horizon, discount=0.2, terminal="loss", terminal_weight=0.7, learning_rate=2.0
        ),
    )


POSED = {
    "a moving task": (lambda: planned(moving(), 2.0), INNER),
    "without end": (lambda: planned(moving(), math.inf), INNER[1:]),
    "tasks": (lambda: planned(two_tasks(), 2.0), INNER),
    "tilted wells": (tilted_wells, INNER[1:]),
}


@pytest.mark.parametrize(
    ("name", "inner"), [(name, inner) for name, (_, inners) in POSED.items() for inner in inners]
)
def test_episodes_together_are_planned_as_each_by_itself(name, inner):
    problem = POSED[name][0]()
    together, alone = (solve_replanning(problem, inner=inner) for _ in range(2))
    alone.__dict__["_together"] = None
    settings = {"episodes": 5, "step": 0.5, "horizon": 2.0, "seed": 1}
    found, expected = (lc.simulate(problem, policy, **settings) for policy in (together, alone))
    assert found.costs == pytest.approx(expected.costs, rel=1e-6)
    assert found.final == pytest.approx(expected.final, abs=1e-5)
    assert (together.solves, together.failures) == (alone.solves, 0)
    assert all(isinstance(path, EpisodePath) for path in together._episodes.plans)


def batch_of(theta, mean, variance=0.5):
    """θ (E, 1) and Gaussian beliefs with these means."""
    count = len(theta)
    belief = GaussianBelief(
        mean=np.reshape(mean, (count, 1)), covariance=np.full((count, 1, 1), variance)
    )
    return np.reshape(theta, (count, 1)), belief


@pytest.mark.parametrize("weight", [1.0, 3000.0])
def test_many_first_controls_are_exact_also_where_a_finer_mesh_is_needed(weight):
    """Against the linear-quadratic problem over (θ, m), at fifty random states."""
    problem = planned(moving(), 4.0)
    problem = replace(problem, objective=replace(problem.objective, loss_weight=weight))
    solution = solve_replanning(problem)
    rng = np.random.default_rng(0)
    theta, mean = rng.standard_normal((2, 50))
    found = solution.policy(*batch_of(theta, mean))
    if weight == 1.0:
        exact = [
            full_information_control(a, b, 0.2, 0.4, 4.0) for a, b in zip(theta, mean, strict=True)
        ]
        assert found[:, 0] == pytest.approx(exact, abs=1e-7)
        assert solution._together.elements == 4
    else:
        rate = math.sqrt(DISCOUNT**2 / 4 + 2.0 * weight) - DISCOUNT / 2
        shrink = lc.reference.shrink_factor(rate=rate, discount=DISCOUNT, reversion=0.4)
        exact = -rate * (theta - 0.2 - shrink * (mean - 0.2))
        # the tolerance is of the cost, which an error of the control enters by its square
        assert found[:, 0] == pytest.approx(exact, abs=1e-5 * np.abs(exact).max())
        assert solution._together.elements > 4
    assert (solution.solves, solution.failures) == (50, 0)


def test_episodes_that_cannot_be_planned_together_are_planned_by_themselves(monkeypatch):
    solution = solve_replanning(planned(moving(), 4.0))
    theta, belief = batch_of(np.linspace(-1, 1, 6), np.zeros(6))
    whole = solution.policy(theta, belief)
    action = solution._together.action
    minimised = type(action).minimised

    def failing(self, forecasts, nodes, tolerance):
        found = minimised(self, forecasts, nodes, tolerance)
        return replace(found, converged=found.converged & (np.arange(len(nodes)) != 2))

    monkeypatch.setattr(type(action), "minimised", failing)
    again = solve_replanning(planned(moving(), 4.0))
    assert again.policy(theta, belief) == pytest.approx(whole, abs=1e-6)
    by_itself = [not isinstance(path, EpisodePath) for path in again._episodes.plans]
    assert by_itself == [False, False, True, False, False, False]
    later = again.policy(theta, belief, 0.1)  # plans of both kinds go before the next
    monkeypatch.undo()
    assert later == pytest.approx(solution.policy(theta, belief, 0.1), abs=1e-6)


def test_a_path_of_a_batch_is_carried_on_like_a_plan():
    solution = solve_replanning(tilted_wells())
    starts = np.array([[-0.8, 0.5], [0.3, 0.1], [1.0, -1.0], [0.0, 0.0]])
    belief = GaussianBelief(mean=np.full((4, 1), 0.2), covariance=np.full((4, 1, 1), 0.3))
    controls = solution.policy(starts, belief)
    for start, control, path in zip(starts, controls, solution._episodes.plans, strict=True):
        theta, u = path.at(0.0)
        assert theta == pytest.approx(start, abs=1e-12)
        assert u == pytest.approx(control, abs=1e-3)  # a slope there, a costate here
        assert path.parameters_at([0.0, 2.0])[0] == pytest.approx(start)


def test_beliefs_that_depend_on_the_weights_are_planned_one_by_one():
    assert solve_replanning(unknown_curvature(2.0))._together is None
    chosen = solve_replanning(planned(moving(), 2.0), solver="ipopt")
    assert chosen._together is None  # it would not be the solver that was asked for


def test_a_simulation_of_slow_plans_says_how_long_it_takes_before_it_goes_on():
    problem = unknown_curvature(2.0)
    solution = solve_replanning(problem)
    settings = {"episodes": 1, "step": 0.5, "horizon": 2.0}
    with pytest.raises(
        lc.ProblemError, match=r"1 episodes of 4 steps: about .* s, by 2 of 4.*episodes="
    ):
        lc.simulate(problem, solution, time_limit=1e-3, **settings)
    assert lc.simulate(problem, solution, **settings).episodes == 1
    assert solution.default_time_limit == 600
