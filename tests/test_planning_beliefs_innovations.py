"""Innovations priced in the plan: nothing changes where certainty equivalence holds, probing
appears where it fails.
"""

import math

import numpy as np
import pytest
from planning_problems import moving, planned, two_tasks, unknown_curvature, unknown_gain

import landscape_control as lc
from landscape_control.model.belief import belief_model
from landscape_control.planning.beliefs.belief_space import belief_space
from landscape_control.planning.beliefs.innovations import charged, fitted
from landscape_control.planning.beliefs.second_variation import second_variation
from landscape_control.planning.beliefs.transcribed import solve_transcribed
from landscape_control.simulation import paired_difference, simulate


def test_pricing_changes_nothing_where_the_problem_is_linear_quadratic_gaussian():
    plain, priced = (
        solve_transcribed(planned(moving(), 4.0), innovations=kind)
        for kind in ("mean", "second order")
    )
    assert priced.cost == pytest.approx(plain.cost, rel=2e-6)
    assert priced.controls[0] == pytest.approx(plain.controls[0], abs=1e-6)
    assert priced.variation.gains[0, 0, :2] == pytest.approx(
        plain.variation.gains[0, 0, :2], abs=1e-6
    )


def test_task_chain_keeps_its_rule_and_gains_an_estimate_of_its_cost():
    """Equal curvatures: what is seen does not depend on θ, so only the cost changes; within 5 % of
    simulation.
    """
    problem = planned(two_tasks(), 4.0)
    plain, priced = (
        solve_transcribed(problem, innovations=kind) for kind in ("mean", "second order")
    )
    assert priced.controls[0] == pytest.approx(plain.controls[0], abs=1e-6)
    truth = simulate(problem, priced, episodes=2000, seed=1, step=0.02)
    assert plain.cost > truth.cost + 5 * truth.standard_error
    assert priced.cost == pytest.approx(truth.cost, rel=0.05)


def test_hessian_of_the_fixed_point_is_that_of_the_charged_problem():
    """S with the term of innovations taken implicitly, against S of the problem that has it as a
    frozen running cost.
    """
    problem = unknown_curvature(3.0)
    solution = solve_transcribed(problem, innovations="second order", tolerance=1e-8)
    space = belief_space(problem, belief_model(problem))
    frozen = second_variation(
        charged(space, fitted(space, solution.variation)).expanded, solution.plan
    )
    found = [
        np.interp(0.7, v.times, v.value_hessian[:, i, j])
        for v in (frozen, solution.variation)
        for i in range(3)
        for j in range(3)
    ]
    assert found[:9] == pytest.approx(found[9:], rel=2e-3, abs=2e-4)


def test_learner_moves_to_see():
    """Unknown gain: the plan without prices steps as if sure; the priced one takes a larger first
    step, and is cheaper.
    """
    problem = unknown_gain(0.2)
    plain, priced = (
        solve_transcribed(problem, innovations=kind) for kind in ("mean", "second order")
    )
    assert priced.controls[0, 0] > 2 * plain.controls[0, 0]
    assert priced.covariances[-1, 0, 0] < 0.7 * plain.covariances[-1, 0, 0]
    runs = [
        simulate(problem, policy, episodes=3000, seed=2, step=0.04) for policy in (priced, plain)
    ]
    difference, error = paired_difference(*runs)
    assert difference < -4 * error
    assert priced.cost == pytest.approx(runs[0].cost, abs=4 * runs[0].standard_error)


def test_symmetry_is_broken_where_resting_is_no_minimum():
    """Prior mean zero: the plain plan rests at 0 for ever; priced, resting is a saddle and the
    learner probes one side.
    """
    plain, priced = (
        solve_transcribed(unknown_gain(0.0), innovations=kind) for kind in ("mean", "second order")
    )
    assert np.abs(plain.parameters).max() < 1e-9
    assert np.abs(priced.parameters).max() > 0.1
    assert priced.cost < plain.cost - 0.02
    assert priced.variation.conjugate is None


def test_cost_is_the_sum_of_its_parts():
    solution = solve_transcribed(unknown_gain(0.2), innovations="second order")
    assert solution.cost == pytest.approx(
        solution.planned_cost + solution.innovation_cost, abs=1e-12
    )
    assert solution.innovation_cost < 0 < solution.planned_cost
    assert "second order" in solution.assumes


@pytest.mark.parametrize(
    ("changes", "kind", "word"),
    [
        ({"horizon": math.inf, "terminal": None}, "second order", "finite horizon"),
        ({"loss_weight": 0.0}, "second order", "loss_weight"),
        ({}, "third", "second order"),
    ],
)
def test_refusals_say_what_to_do(changes, kind, word):
    problem = planned(moving(), 2.0, terminal="loss").changed(**changes)
    with pytest.raises(lc.ProblemError, match=word):
        solve_transcribed(problem, innovations=kind)


def test_too_few_rounds_are_reported():
    solution = solve_transcribed(
        unknown_gain(0.2), innovations="second order", rounds=1, throw=False
    )
    assert solution.status is lc.Status.NOT_STATIONARY
    assert "1 rounds" in solution.message
