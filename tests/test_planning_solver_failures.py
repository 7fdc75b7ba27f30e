"""What cannot be solved says so, and keeps the plan."""

import casadi as ca
import numpy as np
import pytest
from standard import WELL

import landscape_control as lc


def test_hitting_the_refinement_cap_is_loud_and_keeps_the_plan():
    with pytest.raises(lc.SolveError, match="refinement cap.*raise max_elements") as caught:
        lc.solve(
            WELL,
            tolerance=1e-12,
            max_elements=16,
            method=lc.MultipleShooting(elements=16, degree=0),
        )
    kept = caught.value.solution
    assert kept.status is lc.Status.REFINEMENT_CAP
    assert kept.cost == pytest.approx(0.6194, abs=2e-2)
    same = lc.solve(
        WELL,
        tolerance=1e-12,
        max_elements=16,
        method=lc.MultipleShooting(elements=16, degree=0),
        throw=False,
    )
    assert same.status is lc.Status.REFINEMENT_CAP


def test_unbounded_loss_is_reported_with_the_iterate_kept():
    problem = lc.ControlProblem(
        landscape=lc.Landscape.from_expression(lambda t: -(t[0] ** 4), dimension=1),
        start=[1.0],
        objective=lc.Objective(horizon=4.0),
    )
    solution = lc.solve(problem, throw=False)
    assert solution.status is lc.Status.UNBOUNDED
    assert "unbounded below" in solution.status.value
    assert not solution.certificate.passed
    with pytest.raises(lc.SolveError, match="unbounded below"):
        lc.solve(problem)


def test_a_metric_that_loses_definiteness_on_the_way_says_where():
    problem = WELL.changed(
        learner=lc.Learner(metric=lambda t: ca.diag(ca.vertcat(0.5 - t[0], 1.0)))
    )
    solution = lc.solve(
        problem, throw=False, starts=1, guess=np.linspace([-0.6, 0.55], [1.0, 0.0], 9)
    )
    bad = [p for p in solution.plans if p.status is not lc.Status.CONVERGED]
    good = [p for p in solution.plans if p.status is lc.Status.CONVERGED]
    assert all("t = " in p.message for p in bad if p.status is lc.Status.METRIC_NOT_DEFINITE)
    for plan in good:
        assert (plan.parameters[:, 0] < 0.5).all()


def test_an_iteration_limit_names_the_worst_violations():
    swirl = lc.Learner(drift=lambda t: 3 * ca.vertcat(ca.sin(3 * t[1]), -ca.sin(3 * t[0])))
    solution = lc.solve(
        WELL.changed(end=[1.0, 0.0], learner=swirl),
        method="collocation",
        solver="ipopt",
        options={"max_iter": 1},
        throw=False,
    )
    assert solution.status is lc.Status.ITERATION_LIMIT
    assert "worst violations: dynamics θ̇ = f + Bu at t = " in solution.message


def test_an_end_out_of_reach_of_nonlinear_dynamics_is_infeasible():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)),
        objective=lc.Objective(horizon=1.0),
        start=[0.0, 0.0],
        end=[0.5, -0.5],
        learner=lc.Learner(actuation=[[1.0], [0.0]], drift=lambda t: ca.vertcat(0, t[0] ** 2)),
    )
    solution = lc.solve(problem, throw=False, solver="ipopt")  # θ₂ can only grow
    assert not solution.status.ok
    assert solution.status in (
        lc.Status.INFEASIBLE,
        lc.Status.NOT_STATIONARY,
        lc.Status.ITERATION_LIMIT,
    )


def test_discount_beyond_reason_is_refused_with_the_way_out():
    with pytest.raises(lc.ProblemError, match=r"γT = 400000.*horizon=math\.inf"):
        lc.solve(WELL.changed(discount=1e5))


def test_a_better_plan_at_the_cap_stays_first():
    solution = lc.solve(WELL, tolerance=1e-14, max_elements=16, throw=False)
    assert solution.cost == pytest.approx(0.61942559, abs=1e-6)
    assert solution.status is lc.Status.REFINEMENT_CAP
