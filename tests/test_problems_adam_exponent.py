"""The independent simulator of Adam's exponent: costs by hand, moments against draws, its errors."""

import math

import numpy as np
import pytest
from landscape_control.problems._adam_exponent_moments import Moments
from landscape_control.problems._adam_exponent_simulator import Rule, Simulator, Task, difference

PLAIN = np.array([[math.log(0.3), 0.0, 1.5, 0.0]])  # no division: linear in the gradients


def test_one_step_without_noise_costs_what_the_formula_says():
    simulator = Simulator.drawn(Task(horizon=1, noise=0.0), draws=1, seed=0, curvatures=40)
    rate, p = 0.2, 0.3
    h, weights = simulator.curvatures, simulator.weights
    move = rate * h / h ** (2 * p)  # v̂ = y² = h², m̂ = h
    by_hand = weights @ (2 * h * (1 - move) ** 2 / 2 + move**2 / 0.1)
    found = simulator.costs(np.array([[math.log(rate), p, 0.7, 0.0]]), Rule())
    assert found[0, 0] == pytest.approx(by_hand, rel=1e-13)


def test_mean_cost_of_a_linear_rule_is_that_of_exact_moments():
    task = Task(horizon=30, noise=0.5)
    costs = Simulator.drawn(task, draws=4000, seed=1).costs(PLAIN, Rule())[0]
    exact = Moments(task=task).run(PLAIN, None)[0][0, 0]
    error = costs.std(ddof=1) / math.sqrt(len(costs))
    assert abs(costs.mean() - exact) < 4 * error < 0.01 * exact


def test_a_tied_schedule_is_the_rule_without_bias_correction():
    task = Task(horizon=12, noise=1.0)
    simulator = Simulator.drawn(task, draws=5, seed=2)
    beta2, p = 0.9, 0.4
    rate = 0.1 * (1 - beta2) ** -p  # v = (1-β₂) Σβ₂ⁱy²: the constant goes into α
    tied = np.array([[math.log(rate), p, 0.0, 0.0]])
    found = simulator.costs(tied, Rule(corrected=False, tied=True, beta2=beta2))
    h, theta, v, cost = simulator.curvatures[:, None], 1.0, 0.0, 0.0
    for step in range(12):
        seen = h * theta + np.sqrt(h) * simulator.noises[step]
        v = beta2 * v + (1 - beta2) * seen**2
        move = -0.1 * seen / v**p
        theta = theta + move
        cost = cost + h * theta**2 / 2 + move**2 / 0.1
    cost = cost + h * theta**2 / 2
    assert found[0] == pytest.approx(simulator.weights @ cost, rel=1e-12)


def test_standard_errors_are_the_spread_over_seeds():
    task, begin = Task(horizon=20, noise=1.0), (-2.2, 0.2, 2.1, 0.0)
    pairs = []
    for seed in range(40):
        simulator = Simulator.drawn(task, draws=80, seed=seed, curvatures=8)
        own, known = simulator.best(begin), simulator.best(begin, Rule(scale="known"))
        assert own.settled
        assert known.settled
        pairs.append((own.exponent, own.exponent_error, *difference(own, known)))
    p, error, apart, apart_error = np.transpose(pairs)
    # a standard deviation of 40 numbers is known to 11 %
    assert p.std(ddof=1) == pytest.approx(np.sqrt(np.mean(error**2)), rel=0.4)
    assert apart.std(ddof=1) == pytest.approx(np.sqrt(np.mean(apart_error**2)), rel=0.4)


def test_a_linear_rule_without_effort_is_found_where_a_scalar_search_finds_it():
    task = Task(horizon=1, noise=0.0, price=math.inf)
    found = Simulator.drawn(task, draws=1, seed=0).best((0.0, 0.0, 0.0, 0.0), free=("log rate",))
    h, weights = task.spectrum(16)
    assert math.exp(found.coefficients[0]) == pytest.approx(
        (weights @ h**2) / (weights @ h**3), rel=1e-4
    )
