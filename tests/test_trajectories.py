"""lc.trajectory: paths of rules against closed forms and loops written out here."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import landscape_control as lc
from landscape_control import policies, simulation
from landscape_control.support.errors import ProblemError

GAMMA, ETA, K = 0.3, 1.4, 0.8


def bowl(curvatures, start, horizon=2.0, **prices):
    objective = lc.Objective(
        horizon=horizon, **({"discount": GAMMA, "learning_rate": ETA, "loss_weight": K} | prices)
    )
    landscape = lc.quadratic(hessian=np.diag(curvatures))
    return lc.ControlProblem(landscape=landscape, start=start, objective=objective)


def cost_of_descent(rate, curvatures, start, horizon, gamma=GAMMA, eta=ETA, k=K):
    """J of θ = θ₀e^{-αht}, mode by mode."""
    h, theta = np.asarray(curvatures), np.asarray(start)
    decay = gamma + 2 * rate * h
    time = (1 - np.exp(-decay * horizon)) / decay
    return float(np.sum((rate**2 * h**2 / (2 * eta) + k * h / 2) * theta**2 * time))


@pytest.mark.parametrize(
    ("unit", "pace"), [(1.0, 1.0), (1e-8, 1.0), (1e6, 1.0), (1.0, 1e6), (1e5, 1e7)]
)
def test_gradient_descent_follows_and_costs_its_closed_form_in_any_unit(unit, pace):
    """θ in units of ``unit``, time of 1/``pace``: the loss is 1e-16 to 1e26 times another."""
    curvatures, start, horizon = np.array([0.5, 3.0]) * pace, np.array([1.0, -2.0]) * unit, 2 / pace
    prices = {"discount": GAMMA * pace, "learning_rate": pace}
    problem = bowl(curvatures, start, horizon, loss_weight=1.0, **prices)
    path = lc.trajectory(problem, "gradient descent", {"learning_rate": 0.4})
    exact = start * np.exp(-0.4 * curvatures * path.times[:, None])
    np.testing.assert_allclose(path.parameters, exact, rtol=0, atol=1e-7 * unit)
    np.testing.assert_allclose(path.controls, -0.4 * curvatures * exact, atol=1e-6 * unit * pace)
    expected = cost_of_descent(0.4, curvatures, start, horizon, GAMMA * pace, pace, 1.0)
    assert path.cost == pytest.approx(expected, rel=1e-7)
    assert path.times[0] == 0
    assert path.times[-1] == pytest.approx(horizon)


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e6])
def test_tuned_gradient_descent_is_the_best_one(unit):
    curvatures, start = [0.5, 3.0], np.array([1.0, -2.0]) * unit
    path = lc.trajectory(bowl(curvatures, start), "gradient_descent")
    best = minimize_scalar(
        lambda rate: cost_of_descent(rate, curvatures, start / unit, 2.0), bounds=(0.01, 3)
    )
    assert path.tuned
    assert path.cost == pytest.approx(best.fun * unit**2, rel=1e-4)
    assert path.coefficients["learning_rate"] == pytest.approx(best.x, rel=0.03)


def momentum_by_hand(problem, rate, momentum, step, count):
    """(θ (N+1, n), J): u = βu - α∇L held for a step; trapezoids for the loss, as simulated."""
    h = np.diag(problem.landscape.hessian(problem.start)[0])
    theta, u = problem.start.copy(), np.zeros_like(problem.start)
    places, cost = [theta], 0.0
    for _ in range(count):
        u = momentum * u - rate * h * theta
        after = theta + step * u
        loss = 0.25 * step * (h @ theta**2 + h @ after**2)
        cost += K * loss + step * (u @ u) / (2 * ETA)
        theta = after
        places.append(theta)
    return np.array(places), cost


def test_momentum_is_the_loop_that_everyone_writes():
    problem = bowl([0.5, 3.0], [1.0, -2.0], discount=0.0)
    given = {"learning_rate": 0.05, "momentum": 0.9}
    path = lc.trajectory(problem, "momentum", given, step=0.02)
    places, cost = momentum_by_hand(problem, 0.05, 0.9, 0.02, 100)
    np.testing.assert_allclose(path.parameters, places, atol=1e-12)
    assert path.cost == pytest.approx(cost, rel=1e-12)
    assert path.step == pytest.approx(0.02)
    assert path.key == "heavy_ball"


def test_tuned_momentum_is_as_good_as_a_fine_grid():
    problem = bowl([0.05, 3.0], [1.0, 0.4], horizon=6.0, discount=0.0)
    path = lc.trajectory(problem, "momentum", step=0.1)
    rates, momenta = np.geomspace(0.05, 2, 30), np.linspace(0, 0.95, 20)
    grid = min(momentum_by_hand(problem, a, b, 0.1, 60)[1] for a in rates for b in momenta)
    assert path.cost <= grid * (1 + 1e-3)
    assert path.cost > lc.solve(problem).cost


def test_momentum_pushes_where_it_can():
    push = np.array([[1.0], [0.5]])
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([1.0, 2.0])),
        learner=lc.Learner(actuation=push),
        objective=lc.Objective(horizon=1.0),
        start=[1.0, -0.2],
    )
    path = lc.trajectory(problem, "momentum", {"learning_rate": 0.5, "momentum": 0.0}, step=0.1)
    slope = push.T @ np.array([1.0, -0.4])  # Bᵀ∇L at the start
    assert path.controls.shape == (11, 1)
    np.testing.assert_allclose(path.controls[0], -0.5 * slope)
    np.testing.assert_allclose(path.parameters[1], problem.start - 0.05 * push @ slope)


def test_an_endless_path_in_steps_costs_what_the_continuous_one_does():
    """u = -αhθ is held for a step: what that changes is of first order in the step."""
    h, rate, step = 2.0, 0.4, 0.05
    problem = bowl([h], [1.0], horizon=math.inf)
    given = {"learning_rate": rate, "momentum": 0.0}
    path = lc.trajectory(problem, "momentum", given, step=step)
    continuous = cost_of_descent(rate, [h], [1.0], 1e9)
    # u is held: first order in the step, here 4 % of a rate of 0.8
    assert path.cost == pytest.approx(continuous, rel=0.05)
    finer = lc.trajectory(problem, "momentum", given, step=step / 10)
    assert abs(finer.cost - continuous) < 0.2 * abs(path.cost - continuous)


def test_learners_policies_and_functions_run_too():
    problem = bowl([0.5, 3.0], [1.0, -2.0])
    sgd = lc.trajectory(problem, simulation.SGD(learning_rate=0.3), step=0.1)
    by_name = lc.trajectory(
        problem, "heavy_ball", {"learning_rate": 0.3, "momentum": 0.0}, step=0.1
    )
    own = lc.trajectory(problem, lambda theta, belief, time: -0.3 * theta * [0.5, 3.0], step=0.1)
    np.testing.assert_allclose(sgd.parameters, by_name.parameters, atol=1e-12)
    np.testing.assert_allclose(own.parameters, by_name.parameters, atol=1e-12)
    assert sgd.cost == pytest.approx(own.cost)
    rule = lc.Policy(
        family=policies.HeavyBall(constant=True),
        coefficients={"learning_rate": 0.3, "momentum": 0.0},
        horizon=2,
    )
    planned = lc.trajectory(problem, rule)  # two unit steps
    assert planned.key == "heavy_ball"
    np.testing.assert_allclose(
        planned.parameters[1], problem.start * (1 - 0.3 * np.array([0.5, 3]))
    )


def test_a_path_that_runs_off_says_so_and_has_no_cost():
    problem = bowl([0.5, 3e4], [1.0, -2.0], horizon=8.0)
    given = {"learning_rate": 3.0, "momentum": 0.5}
    path = lc.trajectory(problem, "momentum", given, step=0.1)
    assert path.cost is None
    assert "runs off" in path.reason
    assert path.reason in repr(path)
    assert np.isfinite(path.parameters).all()
    assert len(path.times) == len(path.parameters) == len(path.controls) < 81


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: lc.trajectory(p, "gradient decent"), "gradient_descent"),
        (lambda p: lc.trajectory(p, "newton", {"learning_rate": 1.0}), "step"),
        (lambda p: lc.trajectory(p, simulation.SGD(learning_rate=1.0), {"a": 1.0}), "its own"),
        (lambda p: lc.trajectory(p.changed(end=[0.0, 0.0]), "newton"), "fixed end"),
        (lambda p: lc.trajectory(p, "momentum", {"learning_rate": 1.0}), "momentum"),
    ],
)
def test_what_cannot_be_followed_is_refused(call, words):
    with pytest.raises(ProblemError, match=words):
        call(bowl([0.5, 3.0], [1.0, -2.0]))


def test_hidden_variables_are_refused():
    landscape = lc.Landscape.from_expression(
        lambda theta, hidden: (theta[0] - hidden[0]) ** 2,
        dimension=1,
        hidden=lc.GaussianPrior([0.0], [[1.0]]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.ExactGradient()),
        start=[1.0],
        objective=lc.Objective(horizon=1.0),
    )
    with pytest.raises(ProblemError, match="simulate"):
        lc.trajectory(problem, "gradient descent")


def test_repr_is_one_line():
    path = lc.trajectory(bowl([0.5, 3.0], [1.0, -2.0]), "gradient descent", {"learning_rate": 0.4})
    assert repr(path).startswith("Trajectory(gradient descent (α = 0.4; given): J = ")
    assert "\n" not in repr(path)


@pytest.mark.parametrize(("unit", "pace"), [(1.0, 1.0), (1e-8, 1e6), (1e6, 1e-6)])
def test_endless_descent_costs_its_closed_form_in_any_unit(unit, pace):
    curvatures, start = np.array([0.5, 3.0]) * pace, np.array([1.0, -2.0]) * unit
    prices = {"discount": GAMMA * pace, "learning_rate": pace, "loss_weight": 1.0}
    problem = bowl(curvatures, start, math.inf, **prices)
    given = {"learning_rate": 0.4}
    path = lc.trajectory(problem, "gradient descent", given, horizon=5 / pace)
    expected = cost_of_descent(0.4, curvatures, start, 1e9 / pace, GAMMA * pace, pace, 1.0)
    assert path.cost == pytest.approx(expected, rel=1e-7)
    assert path.times[-1] == pytest.approx(5 / pace)


def in_other_units(loss, size, pace):
    """One problem, its loss in units of 1/loss, its weights of 1/size and its time of ``pace``."""
    curvatures = np.array([0.5, 3.0]) * loss / size**2
    prices = {
        "discount": GAMMA * pace,
        "learning_rate": ETA * size**2 * pace,
        "loss_weight": K * pace / loss,
    }
    return bowl(curvatures, np.array([1.0, -2.0]) * size, 3.0 / pace, **prices)


# what has a number with a unit inside its family has another cost in other units: p's ε = 1e-12
SCALED = [rule.key for rule in lc.rules.causal() if rule.key != "padam"]
OFTEN = ("heavy_ball", "sgd_weight_decay", "adagrad", "adam")


@cache
def best_cost(key, loss=1.0, size=1.0, pace=1.0):
    """J of a rule at its best, in steps of a sixtieth of the time."""
    return lc.trajectory(in_other_units(loss, size, pace), key, step=0.05 / pace).cost


@pytest.mark.parametrize(
    "key",
    [*(pytest.param(key, marks=() if key in OFTEN else pytest.mark.slow) for key in SCALED)],
)
def test_a_rule_at_its_best_costs_the_same_in_any_unit(key):
    others = [best_cost(key, 1e6, 1e3, 1e-3), best_cost(key, 1e-6, 1.0, 1e4)]
    np.testing.assert_allclose(others, best_cost(key), rtol=1e-4)


@pytest.mark.parametrize("key", ["gradient_descent", "newton"])
def test_a_closed_form_at_its_best_costs_the_same_in_any_unit(key):
    costs = [
        lc.trajectory(in_other_units(*unit), key).cost
        for unit in [(1.0, 1.0, 1.0), (1e6, 1e3, 1e-3)]
    ]
    assert costs[1] == pytest.approx(costs[0], rel=1e-9)


@pytest.mark.parametrize("key", ["heavy_ball", "nesterov", "corrected_momentum"])
def test_momentum_at_its_best_is_no_worse_than_descent(key):
    assert best_cost(key) <= best_cost("sgd") * (1 + 1e-5)


def test_a_coefficient_that_ends_where_the_search_ends_is_named():
    """Descent is better here than any sign of it: ε ends at a tenth of the gradient."""
    path = lc.trajectory(in_other_units(1.0, 1.0, 1.0), "rmsprop", step=0.05)
    assert "epsilon" in path.at_bounds
    assert "at an end of what was searched" in repr(path)
    plain = lc.trajectory(in_other_units(1.0, 1.0, 1.0), "sgd", step=0.05)
    assert plain.at_bounds == ()


@pytest.mark.parametrize("key", ["adam", "sgd_weight_decay"])
def test_coefficients_are_admissible_in_any_unit(key):
    """ε of 100 where gradients are 1e6, a decay of 200 per unit of time in steps of 1e-3."""
    problem = in_other_units(1e6, 1.0, 1e3)
    given = {
        "adam": {"learning_rate": 1.0, "beta1": 0.9, "beta2": 0.99, "epsilon": 100.0},
        "sgd_weight_decay": {"learning_rate": 1e-4, "decay": 200.0},
    }
    path = lc.trajectory(problem, key, given[key], step=1e-5)
    assert path.cost is not None


class PlainDescent:
    """A learner of a user's: it has the two methods and nothing of the library's base class."""

    def init(self, episodes, dimension):
        return None

    def update(self, state, gradient, theta, step):
        return -0.5 * np.asarray(gradient), state


def test_an_object_with_init_and_update_alone_is_a_learner():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([0.2, 1.0])),
        learner=lc.Learner(sees=lc.ExactGradient()),
        start=[1.0, 1.0],
        objective=lc.Objective(horizon=2.0),
    )
    path = lc.trajectory(problem, PlainDescent(), step=0.01)
    expected = (1 - 0.5 * 0.01 * np.array([0.2, 1.0])) ** 200  # Euler's steps
    np.testing.assert_allclose(path.parameters[-1], expected, rtol=1e-12)
    functions = (PlainDescent().init, PlainDescent().update)
    pair = lc.trajectory(problem, functions, step=0.01)
    np.testing.assert_array_equal(pair.parameters, path.parameters)
    assert pair.name == "(init, update) pair"
    assert lc.simulate(problem, functions, episodes=2, step=0.01).cost == pair.cost
    rollout = lc.simulate(problem, PlainDescent(), episodes=2, step=0.01)
    assert rollout.cost == pytest.approx(path.cost, rel=1e-12)
