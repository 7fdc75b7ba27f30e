"""The preconditioner exponent and the second-order path law, measured on numerical plans; and the
trap beside them.
"""

import math

import numpy as np
import pytest

import landscape_control as lc
from landscape_control import ProblemError
from landscape_control.identification.maps import (
    compare,
    exponent_curve,
    path_law,
    preconditioner_exponent,
)
from landscape_control.planning.solution import Plan, Status
from landscape_control.planning.solver import Solver
from landscape_control.reference import LinearQuadratic, finite_horizon_gain, relaxation_rate
from landscape_control.reference import preconditioner_exponent as exponent_formula

METRIC = np.array([[2.0, 0.5], [0.5, 1.0]])


def bowl(curvatures, horizon=math.inf, learner=None, start=None, **objective):
    n = len(curvatures)
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(curvatures)), learner=learner or lc.Learner(),
        objective=lc.Objective(horizon=horizon, **objective), start=np.ones(n) if start is None else start,
    )  # fmt: skip


def plans(problems, tolerance=1e-9):
    return [Solver(problem, tolerance=tolerance).solve() for problem in problems]


# ---- exponent
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("discount", [0.0, 0.5, 20.0])
def test_exponent_of_the_numerical_policy_is_r_over_2r_plus_γ(discount):
    curve = exponent_curve([0.05, 1.0, 30.0], discount=discount, learning_rate=1.5, loss_weight=0.7)
    rate = relaxation_rate(curve.curvature, discount, 1.5, 0.7)
    np.testing.assert_allclose(curve.gain, rate, rtol=1e-6)
    np.testing.assert_allclose(curve.exponent, exponent_formula(rate, discount), atol=1e-5)
    np.testing.assert_allclose(curve.theory, exponent_formula(rate, discount), atol=1e-8)
    np.testing.assert_allclose(curve.theory_gain, rate, rtol=1e-12)


def test_exponent_rises_from_gradient_descent_towards_ballistic_as_the_horizon_grows():
    curves = [exponent_curve([2.0], horizon=T) for T in (0.05, 0.5, 5.0)]
    exponents = np.array([c.exponent[0] for c in curves])
    np.testing.assert_allclose(exponents, [c.theory[0] for c in curves], atol=1e-5)
    assert exponents[0] < 2e-3
    assert 0.499 < exponents[2] < 0.5
    gains = finite_horizon_gain(2.0, np.array([0.05, 0.5, 5.0]))
    np.testing.assert_allclose([c.gain[0] for c in curves], gains, rtol=1e-6)


def test_exponent_of_a_landscape_is_measured_on_its_own_modes_in_the_metric():
    problem = lc.ControlProblem(
        landscape=lc.double_well(), learner=lc.Learner(metric=METRIC),
        objective=lc.Objective(horizon=2.0, discount=0.8, learning_rate=0.5), start=[0.6, 0.4],
    )  # fmt: skip
    measured = preconditioner_exponent(problem)
    assert measured.minimum[0] == pytest.approx(1.0575, abs=1e-3)
    hessian = problem.landscape.hessian(measured.minimum)[0]
    np.testing.assert_allclose(
        measured.curvature,
        np.sort(np.linalg.eigvals(np.linalg.solve(METRIC, hessian)).real),
        rtol=1e-10,
    )
    for h, direction in zip(measured.curvature, measured.directions, strict=True):
        np.testing.assert_allclose(hessian @ direction, h * METRIC @ direction, atol=1e-12)
    # the plan leaves the quadratic by 1 %
    np.testing.assert_allclose(measured.gain, measured.theory_gain, rtol=1e-4)
    np.testing.assert_allclose(measured.exponent, measured.theory, atol=1e-4)
    assert "curvature h" in str(measured)


def test_exponent_belongs_to_the_plans_that_stay_in_the_basin_of_a_minimum_worth_leaving():
    objective = lc.Objective(horizon=4.0, discount=0.1)
    problem = lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=[-0.9, 0.1])
    measured = preconditioner_exponent(problem)
    assert measured.minimum[0] == pytest.approx(-0.9304, abs=1e-4)
    # the best plan crosses
    assert Solver(problem).solve(start=measured.minimum).parameters[-1, 0] > 0.9
    np.testing.assert_allclose(measured.gain, measured.theory_gain, rtol=1e-3)
    np.testing.assert_allclose(measured.exponent, measured.theory, atol=1e-3)


def test_exponent_without_discount_or_deadline_is_one_half_also_where_the_loss_is_not_zero_at_the_minimum():
    problem = lc.ControlProblem(
        landscape=lc.double_well(), objective=lc.Objective(horizon=math.inf), start=[1.0, 0.1]
    )
    np.testing.assert_allclose(preconditioner_exponent(problem).exponent, 0.5, atol=1e-4)


def test_exponent_with_drift_has_gains_but_no_closed_form():
    problem = bowl(
        [1.0, 4.0],
        learner=lc.Learner(drift=lc.linear_drift(-0.5 * np.eye(2), [0.3, 0.0])),
        discount=1.0,
    )
    measured = preconditioner_exponent(problem)
    expected = np.sqrt(0.25 + measured.curvature + 0.5 * 1.5) - 0.5 - 0.5  # R - j
    np.testing.assert_allclose(measured.gain, expected, rtol=1e-5)
    assert np.isnan(measured.theory).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: preconditioner_exponent(bowl([1.0, 2.0], 1.0).changed(end=np.zeros(2))),
            "free end",
        ),
        (
            lambda: preconditioner_exponent(bowl([1.0, 0.0], 1.0), minimum=np.zeros(2)),
            "curvature at the minimum",
        ),
        (lambda: preconditioner_exponent(bowl([1.0, -1.0], 1.0)), "landscape with a minimum"),
        (lambda: exponent_curve([1.0, -1.0]), "positive numbers"),
        (lambda: exponent_curve([1.0], step=0.0), "step"),
        (lambda: preconditioner_exponent(bowl([1.0], 1.0), displacement=-1.0), "displacement"),
    ],
)
def test_exponents_that_cannot_be_measured_are_refused(call, message):
    with pytest.raises(ProblemError, match=message):
        call()


# ---- path law
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("discount", [0.0, 0.5, 3.0])
def test_path_law_has_the_same_coefficients_for_every_curvature(discount):
    law = path_law(
        plans([bowl([0.3, 1.0, 4.0], discount=discount, learning_rate=1.5, loss_weight=0.7)])
    )
    assert law.identifiable
    assert law.a == pytest.approx(discount, abs=1e-3)
    assert law.b == pytest.approx(1.05, rel=1e-3)
    assert (law.predicted_a, law.predicted_b) == (discount, pytest.approx(1.05))
    assert law.residual < 1e-3
    assert "the costate is the momentum; not heavy-ball coefficients" in str(law)


def test_path_law_is_shared_by_several_landscapes_where_one_mode_alone_is_not_enough():
    single = [bowl([h], discount=1.0, start=[1.0]) for h in (0.3, 1.0, 4.0)]
    solutions = plans(single)
    for solution in solutions:
        alone = path_law(solution)
        assert not alone.identifiable
        assert alone.residual < 1e-2
        assert "not identifiable" in str(alone)
    together = path_law(solutions)
    assert together.identifiable
    assert together.paths == 3
    assert together.a == pytest.approx(1.0, abs=1e-3)
    assert together.b == pytest.approx(1.0, abs=1e-3)


def test_path_law_holds_on_the_double_well_across_the_barrier_and_with_a_metric():
    for metric in (None, METRIC):
        problem = lc.ControlProblem(
            landscape=lc.double_well(), learner=lc.Learner(metric=metric),
            objective=lc.Objective(horizon=4.0, discount=0.1), start=[-0.6, 0.55],
        )  # fmt: skip
        solution = Solver(problem, tolerance=1e-9).solve()
        law = path_law(solution.best, problems=problem)
        assert law.residual < 1e-3
        assert (law.a, law.b) == (pytest.approx(0.1, abs=1e-3), pytest.approx(1.0, abs=1e-3))


def test_path_law_without_its_assumptions_is_reported_as_not_holding():
    turning = lc.Learner(drift=lc.linear_drift([[0.0, 2.0], [-2.0, 0.0]]))
    law = path_law(plans([bowl([1.0, 3.0], 3.0, learner=turning)]))
    assert not law.identifiable
    assert (law.predicted_a, law.predicted_b) == (None, None)
    assert "does not hold" in str(law)


def test_path_law_on_a_coarse_plan_says_that_the_plan_is_too_coarse():
    problem, vertices = bowl([1.0, 9.0], discount=0.5), np.linspace(0, 8, 4)
    times = np.linspace(0, 8, 7)  # two nodes per element, several relaxation times apart
    exact = LinearQuadratic(
        hessian=np.diag([1.0, 9.0]), minimum=np.zeros(2), discount=0.5
    ).infinite()
    theta, u, costate = exact.path(np.ones(2), times)
    plan = Plan(cost=1.0, times=times, parameters=theta, controls=u, costates=costate, vertices=vertices,
                positions=np.array([0, 0.5, 1]),
                status=Status.CONVERGED, iterations=0, cost_error=0.0)  # fmt: skip
    law = path_law(plan, problems=problem)
    assert not law.identifiable
    assert law.residual > 0.05
    assert "too coarse" in str(law)


def test_path_law_needs_problems():
    solution = Solver(bowl([1.0, 2.0], 1.0)).solve()
    with pytest.raises(ProblemError, match="solutions that carry their problem"):
        path_law(solution.best)
    with pytest.raises(ProblemError, match="1 solutions, 2 problems"):
        path_law(solution, problems=[solution.problem] * 2)


# ---- the trap
# --------------------------------------------------------------------------------------------------------


def test_reading_the_path_as_heavy_ball_gives_the_degenerate_answer_and_compare_does_not():
    """Updates regressed on (gradient, previous update) along a noiseless optimal path: β > 1,
    negative learning rate.
    """
    curvatures, discount, step = [0.3, 1.0, 4.0], 0.5, 0.1
    exact = LinearQuadratic(
        hessian=np.diag(curvatures), minimum=np.zeros(3), discount=discount
    ).infinite()
    path = exact.path(np.ones(3), step * np.arange(80))[0]
    updates, gradients = np.diff(path, axis=0), path[:-1] * curvatures
    features = np.stack([-gradients[1:].ravel(), updates[:-1].ravel()], axis=1)
    (alpha, beta), *_ = np.linalg.lstsq(features, updates[1:].ravel(), rcond=None)
    assert beta > 1
    assert alpha < 0
    # the path law, a = γ and b = ηk, in disguise
    assert beta == pytest.approx(1 + discount * step, abs=0.02)
    assert alpha == pytest.approx(-(step**2), rel=0.2)

    theta, velocity = np.ones(3), updates[0]
    for _ in range(200):  # run forward, the reading runs away
        velocity = beta * velocity - alpha * theta * curvatures
        theta = theta + velocity
    assert np.abs(theta).max() > 1e3

    verdict = compare(bowl(curvatures, discount=discount), starts=8)
    assert verdict.best.key == "linear_quadratic"
    assert all(value >= 0 for row in verdict.rows for value in row.coefficients.values())
    assert verdict.best.excess_cost == pytest.approx(0, abs=1e-6)
