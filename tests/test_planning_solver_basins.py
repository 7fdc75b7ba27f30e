"""Basins are found: all that are worth the way, in any unit, from any start."""

import casadi as ca
import numpy as np
import pytest
from standard import WELL

import landscape_control as lc


def test_all_four_basins_of_an_unknown_landscape_are_found():
    landscape = (
        lc.Landscape.from_expression(  # Himmelblau's function; its four minima are not declared
            lambda t: 0.05 * ((t[0] ** 2 + t[1] - 11) ** 2 + (t[0] + t[1] ** 2 - 7) ** 2),
            dimension=2,
        )
    )
    problem = lc.ControlProblem(
        landscape=landscape, objective=lc.Objective(horizon=6.0, discount=0.1), start=[0.0, 0.0]
    )
    solution = lc.solve(problem)
    ends = {
        tuple(np.round(plan.end_basin, 2)) for plan in solution.plans if plan.end_basin is not None
    }
    assert ends == {(3.0, 2.0), (-2.81, 3.13), (-3.78, -3.28), (3.58, -1.85)}
    assert [plan.cost for plan in solution.plans] == sorted(plan.cost for plan in solution.plans)


def test_among_dozens_of_basins_the_ones_worth_the_way_are_tried():
    landscape = lc.Landscape.from_expression(
        lambda t: 0.3 * ca.sumsqr(t) - ca.cos(4 * t[0]) - ca.cos(4 * t[1]), dimension=2
    )
    problem = lc.ControlProblem(
        landscape=landscape, objective=lc.Objective(horizon=6.0), start=[2.9, -3.1]
    )
    few, many = lc.solve(problem), lc.solve(problem, starts=40, seed=1)
    assert few.starts == 6
    assert few.cost == pytest.approx(many.cost, rel=1e-6)


def test_more_starts_never_give_a_worse_plan_and_seeds_repeat():
    few, many, again = (lc.solve(WELL, starts=count, seed=3) for count in (2, 8, 8))
    assert many.starts == 8
    assert many.cost <= few.cost + 1e-9
    assert [plan.cost for plan in many.plans] == [plan.cost for plan in again.plans]


def test_a_narrow_well_far_away_is_found():
    landscape = lc.Landscape.from_expression(
        lambda t: 1 + 0.02 * t[0] ** 2 - 5 * ca.exp(-((t[0] - 5) ** 2) / 0.2), dimension=1
    )
    problem = lc.ControlProblem(
        landscape=landscape, start=[0.1], objective=lc.Objective(horizon=6.0, discount=0.05)
    )
    solution = lc.solve(problem)
    assert solution.cost == pytest.approx(lc.solve(problem, guess=[5.0]).cost, rel=1e-6)
    assert solution.best.end_basin[0] == pytest.approx(4.996, abs=1e-3)


@pytest.mark.parametrize("unit", [1e-3, 1e-5])
def test_both_wells_are_found_in_any_unit(unit):
    landscape = lc.Landscape.from_expression(
        lambda t: ((t[0] / unit) ** 2 - 1) ** 2 + (t[1] / unit) ** 2 - 0.5 * t[0] / unit,
        dimension=2,
    )
    objective = lc.Objective(horizon=4.0, discount=0.1, learning_rate=unit**2)
    solution = lc.solve(
        lc.ControlProblem(
            landscape=landscape, start=[-0.6 * unit, 0.55 * unit], objective=objective
        )
    )
    assert [plan.cost for plan in solution.plans] == pytest.approx(
        [0.6194255915, 1.916944273], rel=1e-7
    )


def test_starting_a_hair_from_a_minimum_keeps_both_plans():
    solution = lc.solve(WELL.changed(start=[-0.93040293, 0.0]))
    assert [plan.cost for plan in solution.plans] == pytest.approx([0.84324547, 1.59318], rel=1e-5)
