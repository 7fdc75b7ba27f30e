"""Costs with tasks and jumps: exact, bounds, and the filter that runs."""

import math

import numpy as np
import pytest
from planning_problems import moving, planned

import landscape_control as lc
from landscape_control.planning.beliefs import METHODS, CostKind
from landscape_control.planning.beliefs.two_tasks import expected_uncertainty
from landscape_control.verification import solve
from landscape_control.verification.simulated import simulated_cost


def pair(
    *,
    curvatures=(1.0, 1.0),
    start=1.0,
    horizon=math.inf,
    discount=0.2,
    noise=1.0,
    tasks=(-1.0, 2.0),
    terminal=None,
):
    """Two tasks that switch at rate 0.2 either way."""
    values = [[place, curvature] for place, curvature in zip(tasks, curvatures, strict=True)]
    return planned(
        lc.TaskChain([[-0.2, 0.2], [0.2, -0.2]], values),
        horizon,
        start=start,
        discount=discount,
        terminal=terminal,
        loss=lambda theta, task: 0.5 * task[1] * (theta[0] - task[0]) ** 2,
        sees=lc.NoisyGradient(noise),
    )


@pytest.mark.parametrize(
    "given", [{}, {"horizon": 3.0}, {"horizon": 3.0, "terminal": "loss", "noise": 0.5}]
)
def test_the_cost_of_two_tasks_is_that_of_the_filter_that_runs(given):
    problem = pair(**given)
    points = 61 if given else 101  # finer for the endless problem, whose grid is solved but once
    grid = solve(problem, method="dynamic programming", points=points, steps=50, confirm=False)
    solution = solve(problem)
    assert solution.cost_kind == CostKind.EXACT
    assert abs(solution.cost - grid.cost) < grid.grid.error < 4e-3 * grid.cost
    assert simulated_cost(
        problem, solution, method="exact", planned=solution.cost, episodes=1000
    ).agrees


def test_what_is_left_uncertain_of_two_tasks_that_never_switch():
    """log-odds are Gaussian given the task: ±s²t/2 with variance s²t; by Gauss-Hermite sums."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / weights.sum()
    times, signal, chance = np.array([0.0, 0.2, 1.0, 4.0]), 2.0, 0.3
    left, moved, error = expected_uncertainty(np.zeros((2, 2)), chance, signal, times)
    for k, time in enumerate(times):
        odds = math.log(chance / (1 - chance)) + math.sqrt(signal * time) * nodes
        first, second = (1 / (1 + np.exp(-odds - sign * signal * time / 2)) for sign in (1, -1))
        for found, power, factor in ((left, 1, 1.0), (moved, 2, signal)):
            sums = [weights @ (p * (1 - p)) ** power for p in (first, second)]
            assert found[k] == pytest.approx(
                factor * (chance * sums[0] + (1 - chance) * sums[1]), abs=2e-6
            )
    assert error < 1e-4


def test_what_is_left_uncertain_of_two_tasks_that_switch():
    """Bayes' rule on simulated paths, step by step."""
    rng, step, episodes, signal = np.random.default_rng(3), 2e-3, 20000, 3.0
    leave, enter, p = 0.5, 0.2, np.full(20000, 0.6)
    first = rng.random(episodes) < 0.6
    for _ in range(500):
        seen = first * math.sqrt(signal) * step + math.sqrt(step) * rng.standard_normal(episodes)
        weight = p * np.exp(math.sqrt(signal) * seen - signal * step / 2)
        p = weight / (weight + 1 - p)
        p = p + step * (enter - (leave + enter) * p)
        first = np.where(
            first, rng.random(episodes) > leave * step, rng.random(episodes) < enter * step
        )
    left, _, _ = expected_uncertainty(
        np.array([[-leave, leave], [enter, -enter]]), 0.6, signal, np.array([0.0, 1.0])
    )
    spread = p * (1 - p)
    assert abs(spread.mean() - left[1]) < 4 * spread.std() / math.sqrt(episodes) + 1e-3 * left[1]


def test_bounds_are_printed_as_bounds():
    chain = lc.TaskChain(0.2 * (np.ones((3, 3)) - 3 * np.eye(3)), [-1.0, 0.5, 2.0])
    for method, name in (
        ("lqg", "cost bounded by the best linear filter"),
        ("transcription", METHODS["transcription"]),
    ):
        solution = solve(planned(chain, 3.0), method=method)
        assert solution.cost_kind == CostKind.UPPER_BOUND
        assert solution.confirmation.agrees
        assert solution.confirmation.simulated < solution.cost
        assert solution.summary().startswith(f"E[J] ≤ {solution.cost:.8g} planned, ")
        assert name in solution.summary()


@pytest.mark.parametrize("law", ["rest", "away"])
def test_jumps_say_that_their_filter_is_the_best_linear_one(law):
    rest = lc.JumpProcess(rate=0.4, mean=[0.2], covariance=[1.0])
    problem = planned(rest if law == "rest" else moving("jumps"), 3.0)
    solution = solve(problem)
    assert solution.method == "LQG with the best linear filter"
    assert "exact LQG" not in solution.summary()
    assert solution.cost_kind == (CostKind.EXACT if law == "rest" else CostKind.APPROXIMATE)
    assert simulated_cost(
        problem, solution, method="jumps", planned=solution.cost, episodes=2000
    ).agrees


def test_one_weight_and_two_unlike_tasks_are_solved_on_a_grid():
    problem = pair(curvatures=(1.0, 3.0), start=0.0, horizon=3.0)
    solution, plan = solve(problem), solve(problem, method="transcription")
    assert solution.method == METHODS["dynamic programming"]
    assert "not exact LQG" in solution.message
    assert solution.confirmation.agrees
    assert solution.cost < plan.cost
