"""The value of information, against integrals over the filter's variance."""

import math

import numpy as np
import pytest
from learner_problems import ETA, GAMMA, LAM, MU, SIGMA, H, bowl, rates
from scipy.integrate import quad

import landscape_control as lc
from landscape_control.support.errors import ProblemError
from landscape_control.sweeps.measures import Cell, by_name

MEASURE, PROBING = by_name("value_of_information"), by_name("certainty_equivalent_regret")


def value(problem):
    return MEASURE(Cell(problem=problem, solution=lc.solve(problem)))


def saved(gain, variance, blind):
    """∫ e^{-γt} g²/2η (P_blind - P) dt: what is left uncertain moves the learner amiss by the gain g."""
    price = gain**2 / (2 * ETA)
    found = quad(
        lambda t: math.exp(-GAMMA * t) * price * (blind(t) - variance(t)), 0, math.inf, epsabs=1e-12
    )
    return found[0]


def test_looking_at_a_constant_saves_what_its_variance_would_have_cost():
    prior, information = 0.6, (H / SIGMA) ** 2
    problem = bowl(lc.GaussianPrior([MU], [[prior]]), horizon=math.inf)
    relaxation, _ = rates()
    expected = saved(relaxation, lambda t: prior / (1 + information * prior * t), lambda t: prior)
    assert value(problem) == pytest.approx(expected, rel=1e-7)


def test_looking_at_a_minimum_that_reverts_saves_the_difference_of_two_variances():
    at_rest, information = 1.2, (H / SIGMA) ** 2
    steady = (-LAM + math.sqrt(LAM**2 + information * 2 * LAM * at_rest)) / information
    hidden = lc.OrnsteinUhlenbeck([MU], LAM, [at_rest], start_covariance=[[steady]])
    relaxation, shrink = rates()
    expected = saved(
        relaxation * shrink,
        lambda t: steady,
        lambda t: at_rest + (steady - at_rest) * math.exp(-2 * LAM * t),
    )
    assert value(bowl(hidden, horizon=math.inf)) == pytest.approx(expected, rel=1e-7)


def test_noise_takes_all_the_value_of_looking():
    hidden = lc.OrnsteinUhlenbeck([MU], LAM, [1.0])
    values = [value(bowl(hidden, noise=noise, horizon=2.0)) for noise in (0.1, 1.0, 10.0, 100.0)]
    assert values == sorted(values, reverse=True)
    assert values[3] > 0
    assert values[2] / values[3] == pytest.approx(100, rel=0.02)  # ∝ information, h²/σ²


def test_two_tasks_are_worth_telling_apart():
    tasks = lc.TaskChain([[-0.5, 0.5], [1.0, -1.0]], [-1.0, 1.0])
    values = [value(bowl(tasks, noise=noise)) for noise in (0.3, 1.0, 3.0)]
    assert values == sorted(values, reverse=True)
    assert values[2] > 0


def bowls(noise, rate=0.05):
    """Two tasks that differ in curvature too: where to stand decides what is seen."""
    chain = lc.TaskChain(
        [[-rate, rate], [rate, -rate]], np.array([[0.3, 1.0], [3.0, -1.0]]), [0.5, 0.5]
    )
    landscape = lc.Landscape.from_expression(
        lambda theta, task: task[0] * (theta[0] - task[1]) ** 2 / 2, dimension=1, hidden=chain
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=[0.0],
        objective=lc.Objective(horizon=math.inf, discount=0.2),
    )


def on_grid(problem):
    settings = {"points": (41, 41), "box": [(-1.6, 1.6), (0.0, 1.0)]}
    solution = lc.solve(
        problem, method="dynamic programming", confirm=False, throw=False, **settings
    )
    return Cell(problem=problem, solution=solution)


def test_the_certainty_equivalent_learner_costs_what_its_simulation_costs():
    """The plan for noise that drowns everything, simulated on common random numbers with the optimum."""
    problem = bowls(0.5)
    cell, drowned = on_grid(problem), on_grid(bowls(1e6))
    rollouts = [
        lc.simulate(
            problem, one.solution.grid.policy, episodes=2000, seed=3, step=0.05, horizon=30.0
        )
        for one in (drowned, cell)
    ]
    mean, error = lc.paired_difference(*rollouts)
    found = PROBING(cell) * cell.solution.cost
    assert error < found / 10
    assert mean == pytest.approx(found, abs=4 * error)


def test_probing_is_worth_nothing_where_noise_drowns_all_that_could_be_seen():
    worth = [PROBING(on_grid(bowls(noise))) for noise in (0.5, 5.0, 50.0)]
    assert worth[0] > 0.02
    assert worth[1] < worth[0] / 5
    assert abs(worth[2]) < 1e-6


def test_where_certainty_equivalence_holds_planning_for_what_is_seen_is_worth_nothing():
    problem = bowl(lc.TaskChain([[-0.5, 0.5], [1.0, -1.0]], [-1.0, 1.0]), horizon=math.inf)
    assert PROBING(Cell(problem=problem, solution=lc.solve(problem))) == 0
    grid = Cell(
        problem=problem,
        solution=lc.solve(
            problem, method="dynamic programming", confirm=False, throw=False, points=(61, 61)
        ),
    )
    assert abs(PROBING(grid)) < 1e-4
    assert MEASURE(grid) == pytest.approx(value(problem), rel=0.02)


def test_a_cost_that_is_no_exact_one_is_refused():
    chain = lc.TaskChain([[-1.0, 0.5, 0.5], [0.5, -1.0, 0.5], [0.5, 0.5, -1.0]], [-1.0, 0.0, 1.0])
    with pytest.raises(ProblemError, match="a cost that is exact, and not a bound"):
        value(bowl(chain))
    known = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]), start=[1.0], objective=lc.Objective(horizon=1.0)
    )
    with pytest.raises(ProblemError, match="an exact LQG solution"):
        value(known)
