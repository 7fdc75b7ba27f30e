"""Three tasks on a grid: against certainty equivalence, against two tasks, in any order."""

import math

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.model.belief import belief_model
from landscape_control.planning.dynamic_programming.diffusive.coordinates import belief_system
from landscape_control.planning.dynamic_programming.diffusive.solve import solve_grid

STATIONARY = np.array([0.5, 0.3, 0.2])
RATE = 0.4
MINIMA = np.array([-1.0, 0.5, 2.0])
CURVATURES = np.array([1.0, 2.0, 0.5])
MIXING = RATE * (np.tile(STATIONARY, (3, 1)) - np.eye(3))  # every mean decays with RATE
POINTS = (21, 21, 21)


def posed(tasks, *, rates=MIXING, probabilities=(0.3, 0.3, 0.4), horizon=math.inf):
    def loss(theta, hidden):
        return hidden[1] * (theta[0] - hidden[0]) ** 2 / 2

    chain = lc.TaskChain(rates=rates, tasks=tasks, probabilities=probabilities)
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(loss, dimension=1, hidden=chain),
        learner=lc.Learner(sees=lc.NoisyGradient(0.5)),
        start=[0.5],
        objective=lc.Objective(horizon=horizon, discount=0.5),
    )


EQUAL = np.column_stack([MINIMA, np.ones(3)])
UNEQUAL = np.column_stack([MINIMA, CURVATURES])


def known_minimum_control(theta, mean, centre, horizon):
    """First control over (θ, m) with ṁ = -RATE (m - centre) and the loss ½(θ - m)²."""
    reference = lc.reference.LinearQuadratic(
        hessian=np.array([[1.0, -1.0], [-1.0, 1.0]]),
        minimum=np.zeros(2),
        drift_matrix=np.diag([0.0, -RATE]),
        drift_offset=[0.0, RATE * centre],
        actuation=[[1.0], [0.0]],
        discount=0.5,
    )
    if math.isinf(horizon):
        r = math.sqrt(0.25**2 + 1) - 0.25
        share = (r + 0.5) / (r + 0.5 + RATE)
        return -r * (theta - centre - share * (mean - centre))
    return reference.finite(horizon).control(horizon, [theta, mean])[0]


@pytest.mark.parametrize("horizon", [math.inf, pytest.param(2.0, marks=pytest.mark.slow)])
def test_tasks_that_differ_in_their_minima_only_have_the_control_of_their_mean(horizon):
    """Certainty equivalence: u is that of a minimum known to be at E[φ], which decays to its centre."""
    found = solve_grid(posed(EQUAL, horizon=horizon), points=POINTS)
    assert found.status.ok
    centre = STATIONARY @ MINIMA
    for theta, chances in (
        (1.0, (0.2, 0.3, 0.5)),
        (-0.5, (0.6, 0.3, 0.1)),
        (0.2, (0.05, 0.05, 0.9)),
        (0.7, (1.0, 0.0, 0.0)),
        (0.2, (0.34, 0.33, 0.33)),
    ):
        mean = float(np.dot(chances, MINIMA))
        exact = known_minimum_control(theta, mean, centre, horizon)
        assert found.policy([theta], np.array(chances)) == pytest.approx([exact], abs=2e-3)


def test_a_third_task_that_never_comes_leaves_two():
    rates = [[-0.6, 0.6, 0.0], [0.3, -0.3, 0.0], [0.5, 0.5, -1.0]]
    three = posed(UNEQUAL, rates=rates, probabilities=(0.3, 0.7, 0.0))
    two = posed(UNEQUAL[:2], rates=[[-0.6, 0.6], [0.3, -0.3]], probabilities=(0.3, 0.7))
    box = [(-1.8, 1.5), (0, 1)]
    of_two = solve_grid(two, points=(41, 41), box=box)
    of_three = solve_grid(three, points=POINTS, box=[*box, (0, 1)])
    assert of_three.cost == pytest.approx(of_two.cost, abs=of_two.error + of_three.error)
    for first in (0.1, 0.5, 0.9):
        expected = of_two.policy([0.3], np.array([first, 1 - first]))
        found = of_three.policy([0.3], np.array([first, 1 - first, 0.0]))
        assert found == pytest.approx(expected, abs=3e-3)


def test_the_order_of_tasks_does_not_matter():
    """The coordinates are another pair of numbers in every order; cost and control are the same."""
    chances = np.array([0.3, 0.3, 0.4])
    found = []
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        rates = MIXING[np.ix_(order, order)]
        problem = posed(UNEQUAL[order], rates=rates, probabilities=chances[order])
        found.append(solve_grid(problem, points=POINTS, box=[(-1.6, 2.6), (0, 1), (0, 1)]))
    for other in found[1:]:
        assert other.cost == pytest.approx(found[0].cost, abs=found[0].error + other.error)


def test_coordinates_follow_the_filter():
    """Drift and spread of (p₁, p₂/(1-p₁)) are those of many small steps of Bayes' rule."""
    problem = posed(UNEQUAL)
    system, coordinates, _ = belief_system(problem)
    model = belief_model(problem)
    rng = np.random.default_rng(0)
    chances, theta, step, count = np.array([0.25, 0.45, 0.3]), 0.4, 1e-4, 400_000
    tasks = rng.choice(3, count, p=chances)
    gradients = CURVATURES[tasks] * (theta - MINIMA[tasks])
    seen = gradients + 0.5 * rng.standard_normal(count) / math.sqrt(step)
    belief = model.initial(count)
    belief = type(belief).trusted(np.tile(chances, (count, 1)))
    after = model.predict(
        model.update(belief, np.full((count, 1), theta), seen[:, None], step), step
    )
    start = coordinates.read(chances)
    change = coordinates.read(after) - start
    point = np.concatenate([[theta], start])[None]
    drift = system.drift(point)[0, 1:]
    root = system.diffusion(point)[0]
    error = change.std(axis=0) / math.sqrt(count) / step
    np.testing.assert_allclose(change.mean(axis=0) / step, drift, atol=4 * error.max())
    np.testing.assert_allclose(np.cov(change.T) / step, root @ root.T, rtol=0.02, atol=0.02)


def test_probabilities_are_read_from_their_coordinates_and_back():
    _, coordinates, _ = belief_system(posed(UNEQUAL))
    chances = np.random.default_rng(1).dirichlet(np.ones(3), 20)
    back = coordinates.beliefs(coordinates.read(chances)).probabilities
    np.testing.assert_allclose(back, chances, atol=1e-15)
    certain = coordinates.read(np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(coordinates.beliefs(certain[None]).probabilities, [[1, 0, 0]])


def test_a_policy_of_three_tasks_is_saved_with_its_coordinates(tmp_path):
    solution = lc.solve(
        posed(EQUAL), method="dynamic programming", points=(11, 11, 11), confirm=False
    )
    solution.save(tmp_path / "three.nc")
    loaded = lc.load(tmp_path / "three.nc")
    chances = np.array([0.2, 0.3, 0.5])
    assert loaded.policy([0.3], chances) == solution.policy([0.3], chances)
