"""Converged means right: what decides the status of a plan, held against closed forms where a wrong
answer once passed.
"""

import math
from dataclasses import replace

import casadi as ca
import numpy as np
import pytest
from standard import WELL

import landscape_control as lc
from landscape_control.planning.certificate.certificate import certify, judged
from landscape_control.planning.certificate.controlled_variation import (
    controlled_variation_is_positive,
)
from landscape_control.planning.certificate.curvature import NEUTRAL, curvature_along
from landscape_control.planning.certificate.examination import examine
from landscape_control.planning.solver.receding_windows import visible_rate


def scalar(expression, start, **numbers):
    """A problem in one parameter."""
    others = {name: numbers.pop(name) for name in ("learner", "end") if name in numbers}
    landscape = lc.Landscape.from_expression(expression, dimension=1, allow_kinks=True)
    return lc.ControlProblem(
        landscape=landscape, start=[start], objective=lc.Objective(**numbers), **others
    )


def scalar_riccati(*, curvature, growth, discount, horizon):
    """S(0) of -Ṡ = h + 2aS - γS - S², S(T) = 0, by its tanh solution."""
    half = growth - discount / 2
    root = math.sqrt(half**2 + curvature)
    return curvature * math.tanh(root * horizon) / (root - half * math.tanh(root * horizon))


# --- the certificate decides
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["parameters", "controls", "costates"])
def test_a_plan_that_fails_its_certificate_is_not_converged(field):
    plan = lc.solve(WELL).best
    assert plan.status is lc.Status.CONVERGED
    assert plan.certificate.passed
    wave = 0.02 * np.sin(np.linspace(0, 9, len(plan.times)))[:, None]
    spoiled = replace(plan, **{field: getattr(plan, field) + wave})
    verdict = judged(spoiled, certify(WELL, spoiled, tolerance=1e-6))
    assert verdict.status in (lc.Status.NOT_CERTIFIED, lc.Status.NOT_A_MINIMUM)
    assert verdict.message == "; ".join(verdict.certificate.failures)


def test_a_plan_with_another_cost_than_its_path_has_is_not_converged():
    plan = lc.solve(WELL).best
    dearer = replace(plan, cost=plan.cost * (1 + 1e-4))
    verdict = judged(dearer, certify(WELL, dearer, tolerance=1e-6))
    assert verdict.status is lc.Status.NOT_CERTIFIED
    assert "the cost along the path differs by" in verdict.message
    assert judged(plan, certify(WELL, plan, tolerance=1e-6)).status is lc.Status.CONVERGED


def test_every_plan_of_a_solution_carries_its_certificate():
    solution = lc.solve(WELL)
    assert len(solution.plans) > 1
    assert all(plan.certificate.passed for plan in solution.plans)
    assert solution.certificate is solution.best.certificate


# --- residuals in units of cost: at rest, on plateaus, over tiny horizons
# ------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "start", "cost"),
    [
        (lambda x: (x[0] ** 2 - 1) ** 2, 1.0, 0.0),
        (lambda x: x[0] ** 4, 0.0, 0.0),
        (lambda x: ca.norm_2(x - 0.3) ** 2 / 2, 0.3, 0.0),
        (lambda x: ca.tanh(x[0]) ** 2, 20.0, 4.0),
        (lambda x: 1e6 * (x[0] ** 2 - 1) ** 2, -1.0, 0.0),
        (lambda x: (x[0] - 1e6) ** 2, 1e6, 0.0),
        (lambda x: 3 + ca.exp(-(x[0] ** 2)), 30.0, 12.0),
    ],
)
def test_plans_at_rest_and_on_plateaus_pass(expression, start, cost):
    solution = lc.solve(scalar(expression, start, horizon=4.0))
    assert solution.certificate.passed
    assert solution.cost == pytest.approx(cost, abs=1e-10)


@pytest.mark.parametrize("horizon", [1e-2, 1e-4, 1e-6, 1e-8, 1e-10])
@pytest.mark.parametrize("discount", [0.0, 3.0])
def test_controls_over_tiny_horizons_come_from_the_costate(horizon, discount):
    """One mode: u(0) = -S(0)θ, over horizons in which θ moves by less than its rounding."""
    problem = scalar(lambda x: x[0] ** 2 / 2, 1.0, horizon=horizon, discount=discount)
    solution = lc.solve(problem)
    exact = scalar_riccati(curvature=1.0, growth=0.0, discount=discount, horizon=horizon)
    assert solution.controls[0, 0] == pytest.approx(-exact, rel=1e-8)
    assert solution.certificate.passed


def test_controls_that_push_the_same_way_share_the_work():
    """rank B < m: with B = [b, 2b] and G = I the mobility B Bᵀ is that of √5 b alone."""
    twice = scalar(lambda x: x[0] ** 2 / 2, 1.0, horizon=2.0)
    wide = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([1.0, 3.0])),
        start=[1.0, -1.0],
        objective=lc.Objective(horizon=2.0),
        learner=lc.Learner(actuation=[[1.0, 2.0], [0.5, 1.0]]),
    )
    narrow = replace(wide, learner=lc.Learner(actuation=math.sqrt(5) * np.array([[1.0], [0.5]])))
    solution = lc.solve(wide)
    assert solution.certificate.passed
    assert solution.cost == pytest.approx(lc.solve(narrow).cost, rel=1e-7)
    assert lc.solve(twice).certificate.passed


# --- the cost of the whole path
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("growth", [1.0, 1.15, 1.3, 0.5, -1.0])
def test_windows_know_how_fast_the_drift_grows(growth):
    """½S(0)θ² with a drift that grows faster than half the discount, or nearly so."""
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[0.01]]),
        start=[1.0],
        objective=lc.Objective(horizon=26.0, discount=2.4),
        learner=lc.Learner(drift=lc.linear_drift([[growth]])),
    )
    exact = scalar_riccati(curvature=0.01, growth=growth, discount=2.4, horizon=26.0) / 2
    assert lc.solve(problem).cost == pytest.approx(exact, rel=1e-6)


def test_a_drift_that_keeps_everything_in_sight_needs_no_windows():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]),
        start=[1.0],
        objective=lc.Objective(horizon=50.0, discount=2.0),
        learner=lc.Learner(drift=lc.linear_drift([[1.0]])),
    )
    assert visible_rate(problem) == 0.0
    assert visible_rate(problem.changed(learner=lc.Learner())) == 2.0


def test_windows_count_the_terminal_cost():
    """A terminal cost that the drift makes matter at the end of eight windows."""
    numbers = {"horizon": 80.0, "discount": 1.0, "terminal": lambda x: x[0] ** 2 / 2}
    learner = lc.Learner(drift=lc.linear_drift([[0.1]]))
    problem = scalar(lambda x: 1e-6 * x[0] ** 2 / 2, 1.0, learner=learner, **numbers)
    plan = lc.solve(problem).best
    total = certify(problem, plan, tolerance=1e-6)
    assert total.passed
    assert total.cost_mismatch <= 1e-12 * plan.cost


# --- units
# ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actuation", "rate"),
    [(1e5, 1e-10), (1e-6, 1e12), (1e3, 1e-6)],
    ids=["strong push", "weak push", "mixed"],
)
def test_the_cost_unit_knows_the_actuation(actuation, rate):
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]),
        start=[1.0],
        objective=lc.Objective(horizon=1.0, learning_rate=rate),
        learner=lc.Learner(actuation=[[actuation]]),
    )
    assert lc.solve(problem).cost == pytest.approx(math.tanh(1.0) / 2, rel=1e-6)


@pytest.mark.parametrize("time", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("cost", [1e-6, 1e6])
@pytest.mark.parametrize("length", [1e-6, 1e6])
def test_units_of_time_cost_and_parameters(time, cost, length):
    """The double well of Fig. 1 with every number in other units."""
    well = lc.double_well()
    landscape = lc.Landscape.from_expression(
        lambda x: cost / time * well.symbolic(x / length), dimension=2
    )
    objective = lc.Objective(
        horizon=4.0 * time, discount=0.1 / time, learning_rate=length**2 / (cost * time)
    )
    problem = lc.ControlProblem(landscape=landscape, start=length * WELL.start, objective=objective)
    solution = lc.solve(problem)
    assert solution.cost / cost == pytest.approx(0.6194256, rel=1e-6)


# --- second order
# -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("discount", [0.0, 0.6])
@pytest.mark.parametrize("end", [None, [0.0]])
@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_rest_on_a_hilltop_is_a_minimum_up_to_the_conjugate_time(discount, end, factor):
    """L = -x²/2: δ̈ = γδ̇ - δ, δ(0) = 0, first vanishes at π/w (fixed end), δ̇ first at tan(wT) =
    -2w/γ (free end).
    """
    w = math.sqrt(1 - discount**2 / 4)
    time = math.pi / w if end is not None else math.atan2(w, -discount / 2) / w
    problem = scalar(
        lambda x: -(x[0] ** 2) / 2, 0.0, horizon=factor * time, discount=discount, end=end
    )
    mesh = lc.solve(replace(problem, landscape=lc.quadratic(hessian=[[1.0]]))).best
    at_rest = replace(
        mesh, parameters=0 * mesh.parameters, controls=0 * mesh.controls, costates=0 * mesh.costates
    )
    assert curvature_along(problem, at_rest).positive is (factor < 1)
    assert controlled_variation_is_positive(problem, at_rest, None, NEUTRAL) is (factor < 1)


def test_both_tests_of_the_second_variation_agree_along_curved_plans():
    for plan in lc.solve(WELL, starts=8).plans:
        assert curvature_along(WELL, plan).positive
        assert controlled_variation_is_positive(WELL, plan, None, NEUTRAL)


@pytest.mark.parametrize("horizon", [0.5, 1.0, 3.0])
def test_a_plan_does_not_stay_on_a_hilltop_of_the_terminal_cost(horizon):
    """Only κΦ: J = x²/2T + 5(x² - 1)² at x² = 1 - 1/20T."""
    problem = scalar(
        lambda x: x[0] ** 2,
        0.0,
        horizon=horizon,
        loss_weight=0.0,
        terminal=lambda x: (x[0] ** 2 - 1) ** 2,
        terminal_weight=5.0,
    )
    square = 1 - 1 / (20 * horizon)
    assert lc.solve(problem).cost == pytest.approx(
        square / (2 * horizon) + 5 * (square - 1) ** 2, rel=1e-6
    )


@pytest.mark.parametrize("end", [None, [0.0]])
def test_a_hilltop_without_bottom_is_unbounded(end):
    problem = scalar(lambda x: -(x[0] ** 2) / 2, 0.0, horizon=4.0, end=end)
    assert not lc.solve(problem, throw=False).status.ok


def test_one_start_that_falls_without_limit_is_reported():
    """x³ from 1: a local minimum of J exists, and paths to -∞ cost nothing."""
    problem = scalar(lambda x: x[0] ** 3, 1.0, horizon=3.0)
    solution = lc.solve(problem, starts=12, throw=False)
    assert not solution.status.ok
    with pytest.raises(lc.SolveError):
        lc.solve(problem, starts=12)


# --- words
# ------------------------------------------------------------------------------------------------------------


def test_a_summary_says_how_the_plan_was_searched_for():
    summary = lc.solve(WELL).summary()
    assert "best of" in summary
    assert "not certified global" in summary
    bowl = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)), start=[1, 1], objective=lc.Objective(horizon=1.0)
    )
    assert "global because the problem is convex" in lc.solve(bowl).summary()


# --- places worth going to, from places where nothing pulls
# ---------------------------------------------------------------


def far_well(x):
    """A bowl around 0 with a deep narrow well at about 7.74."""
    return x**2 / 2 - 60 * ca.exp(-((x - 8) ** 2) / 4)


@pytest.mark.parametrize("offset", [0.0, 1e5])
@pytest.mark.parametrize("start", [0.0, 1e-9, 1e-6])
def test_a_start_at_a_minimum_looks_as_far_as_any_other(start, offset):
    """From 0.1, where the slope gives a length, the well is found; J is continuous in the start and
    knows no origin.
    """
    numbers = {"horizon": 20.0, "discount": 0.1}
    nearby = lc.solve(scalar(lambda x: far_well(x[0]), 0.1, **numbers))
    found = lc.solve(scalar(lambda x: far_well(x[0] - offset), start + offset, **numbers))
    assert found.parameters[-1, 0] - offset == pytest.approx(nearby.parameters[-1, 0], abs=1e-3)
    assert abs(found.cost - nearby.cost) < 2.0  # of 198: the slope of V at the start is about seven


def test_an_endless_plan_reaches_a_well_far_from_where_it_starts():
    """T = ∞ against a horizon whose end weighs e^{-20}."""
    endless = lc.solve(scalar(lambda x: far_well(x[0]), 0.0, horizon=math.inf, discount=0.1))
    long = lc.solve(scalar(lambda x: far_well(x[0]), 0.0, horizon=200.0, discount=0.1))
    assert endless.cost == pytest.approx(long.cost, rel=1e-5)
    assert endless.parameters[-1, 0] > 7


def test_a_thousand_planning_times_are_no_trouble():
    """γT = 1333: what is far beyond 1/γ neither costs memory nor makes a minimum look like a
    saddle.
    """
    numbers = {"discount": 3.64, "learning_rate": 25.52, "loss_weight": 0.0282}
    well = lambda x: (x[0] ** 2 - 1) ** 2 - 0.3 * x[0]  # noqa: E731
    long = lc.solve(scalar(well, -0.7646, horizon=366.25, **numbers))
    assert long.cost == pytest.approx(
        lc.solve(scalar(well, -0.7646, horizon=math.inf, **numbers)).cost, rel=1e-6
    )


def test_the_falling_direction_is_found_without_dense_matrices(monkeypatch):
    from landscape_control.planning.certificate import curvature

    problem = scalar(lambda x: -(x[0] ** 2) / 2, 0.0, horizon=4.0)
    mesh = lc.solve(replace(problem, landscape=lc.quadratic(hessian=[[1.0]]))).best
    at_rest = replace(
        mesh, parameters=0 * mesh.parameters, controls=0 * mesh.controls, costates=0 * mesh.costates
    )
    monkeypatch.setattr(curvature, "MOST_EIGEN", 0)
    direction = curvature_along(problem, at_rest).direction
    moved = replace(at_rest, parameters=0.1 * direction)
    assert examine(problem, moved, None).path_cost < 0
