"""Long courses of the learning rate: coarse to fine, descents before Newton steps."""

import math

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.optimisation.moment_descent import descended, needs_descent
from landscape_control.optimisation.programs.variables import Scale
from landscape_control.planning.solver import SolveClock
from landscape_control.policies import (
    Averaged,
    Clock,
    Fixed,
    GradientDescent,
    HeavyBall,
    LogLinear,
    Scheduled,
    ScheduledDescent,
)


@pytest.mark.parametrize(("pieces", "coarse"), [(2, 1), (4, 2), (8, 4)])
def test_refined_knots_are_the_same_course_where_they_are_twice_as_many(pieces, coarse):
    fine = LogLinear(pieces=pieces)
    assert fine.coarser == LogLinear(pieces=coarse)
    values = {f"log_rate_{i}": -0.3 * i**1.5 for i in range(1, coarse + 1)}
    for step in range(33):
        clock = Clock(step=step, horizon=33)
        expected = fine.coarser.factor(values, clock)
        assert fine.factor(fine.refined(values), clock) == pytest.approx(expected, rel=1e-12)


def test_refined_knots_lie_on_the_coarser_line():
    """5 pieces of 2: knots at 0.4, 0.8, 1.2 … of the coarser ones, ℓ_0 = 0."""
    refined = LogLinear(pieces=5).refined({"log_rate_1": -1.0, "log_rate_2": -3.0})
    np.testing.assert_allclose(list(refined.values()), [-0.4, -0.8, -1.4, -2.2, -3.0])
    assert LogLinear(pieces=1).coarser is None


def test_families_around_a_course_are_coarser_with_it():
    family = Averaged(family=ScheduledDescent(shape=LogLinear(pieces=4)))
    simpler = family.coarser
    assert simpler.family == Averaged(family=ScheduledDescent(shape=LogLinear(pieces=2)))
    given = {"learning_rate": 0.3, "averaging": 0.5, "log_rate_1": -1.0, "log_rate_2": 0.0}
    embedded = simpler.embed(given)
    assert embedded["averaging"] == 0.5
    assert [embedded[f"log_rate_{i}"] for i in (1, 2, 3, 4)] == [-0.5, -1.0, -0.5, 0.0]
    assert GradientDescent(constant=True).coarser is None
    held = Fixed(family=ScheduledDescent(shape=LogLinear(pieces=4)), values={"log_rate_3": 0.0})
    assert held.coarser is None


def test_descent_reaches_the_minimum_inside_its_bounds():
    """Of log(1 + (c - c*)ᵀM(c - c*)) with one coefficient held and one at its edge."""
    family = Scheduled(family=HeavyBall(constant=True), shape=LogLinear(pieces=2))
    layout = family.layout(10)
    matrix = np.array([[2.0, 0.3, 0, 0], [0.3, 1.0, 0, 0], [0, 0, 3.0, 1.0], [0, 0, 1.0, 2.0]])
    centre = np.array([0.4, 0.9, -0.5, -2.0])

    def both(c):
        square = (c - centre) @ matrix @ (c - centre)
        return math.log1p(square), 2 * matrix @ (c - centre) / (1 + square)

    bounds = layout.bounds
    bounds[2] = 0.1  # held
    starts = [np.array([1.0, 0.2, 0.1, 0.0]), np.array([0.2, 0.6, 0.1, -3.0])]
    ends = descended(both, Scale(layout), starts, bounds, SolveClock(limit=60.0))
    # ∂/∂c_4 = 0 given c_3 = 0.1: 1·(0.1 + 0.5) + 2·(c_4 + 2) = 0
    for end in ends:
        assert end == pytest.approx([0.4, 0.9, 0.1, -2.3], abs=1e-5)


def course(pieces, horizon, noise):
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.LogUniform(1e-3, 1), start_variance=1.0)
    family = Scheduled(family=HeavyBall(constant=True), shape=LogLinear(pieces=pieces))
    return lc.PolicyProgram(
        task=task,
        family=family,
        objective=lc.Objective(horizon=horizon, learning_rate=math.inf),
        sees=lc.NoisyGradient(noise),
    )


def test_long_course_is_found_from_coarser_ones_as_from_fresh_starts():
    """The same optimum as Newton steps from a guess near it; more pieces cost no more."""
    one = course(4, 80, 0.3)
    assert needs_descent(one, 40)
    found = lc.PolicySolver(one).solve()
    assert found.certificate.passed
    near = {name: 1.05 * value for name, value in found.coefficients.items()}
    again = lc.PolicySolver(one).solve(guess=near, starts=0)
    assert found.cost == pytest.approx(again.cost, rel=1e-8)
    coarse = lc.PolicySolver(course(2, 80, 0.3)).solve()
    assert found.cost < coarse.cost
    flat = HeavyBall(constant=True)
    constant = lc.optimize_policy(one.task, flat, one.objective, sees=one.sees)
    assert found.cost < 0.98 * constant.cost


def test_course_may_be_limited():
    """Ranges say nothing of a coarser course: fresh starts then, inside them."""
    found = lc.PolicySolver(course(2, 30, 0.3)).solve(
        within={"log_rate_2": (-0.2, 0.2)}, fixed={"momentum": 0.0}, starts=3
    )
    assert found.coefficients["momentum"] == 0.0
    assert found.at_bound == ("log_rate_2",)
