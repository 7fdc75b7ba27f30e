"""compare from end to end: the numerically optimal policy, recognised in every regime of the
theory.
"""

import math

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.identification.maps import Conclusion, compare


def make(landscape, horizon, start, learner=None, **objective):
    objective = lc.Objective(horizon=horizon, **objective)
    return lc.ControlProblem(
        landscape=landscape, learner=learner or lc.Learner(), objective=objective, start=start
    )


def bowl(curvatures, horizon=math.inf, learner=None, minimum=None, **objective):
    landscape = lc.quadratic(hessian=np.diag(curvatures), minimum=minimum)
    return make(landscape, horizon, np.ones(len(curvatures)), learner, **objective)


def test_quadratic_at_moderate_discount_is_the_linear_quadratic_rule_and_nothing_beats_the_optimum():
    verdict = compare(bowl([0.1, 1.0, 4.0], discount=1.0), starts=10)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "linear_quadratic")
    assert verdict.best.coefficients["scale"] == pytest.approx(1, abs=1e-4)
    assert verdict.best.error < 1e-4
    assert all(row.excess_cost > -1e-6 for row in verdict.rows)
    assert all(row.excess_cost > 1e-3 for row in verdict.rows[1:])
    assert verdict.failures == ()


@pytest.mark.parametrize(
    ("horizon", "discount", "predicted"), [(math.inf, 60.0, 1 / 60), (0.03, 0.0, 0.03)]
)
def test_short_planning_horizons_are_gradient_descent(horizon, discount, predicted):
    verdict = compare(bowl([0.1, 1.0, 4.0], horizon, discount=discount), starts=10, run=False)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "gradient_descent")
    assert verdict.best.predicted["learning_rate"] == pytest.approx(predicted)
    next_order = 4.0 / discount**2 if discount else 4.0 * horizon**2 / 3
    assert 0 < 1 - verdict.best.coefficients["learning_rate"] / predicted < next_order


def test_no_discount_and_no_deadline_is_the_ballistic_rule():
    verdict = compare(bowl([0.1, 1.0, 4.0], discount=0.0, learning_rate=2.0), starts=10, run=False)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "ballistic")
    assert verdict.best.coefficients["rate"] == pytest.approx(math.sqrt(2), rel=1e-4)


def test_a_plan_held_for_long_is_newtons_step():
    verdict = compare(bowl([0.5, 2.0, 5.0], discount=0.3), starts=8, hold=20.0)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "newton")
    assert verdict.best.coefficients["step"] == pytest.approx(1 / 20, rel=1e-3)


def test_isotropic_bowl_is_not_identifiable():
    verdict = compare(bowl([2.0, 2.0], discount=1.0), starts=8, run=False)
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert {"gradient_descent", "newton", "ballistic", "linear_quadratic"} <= set(
        verdict.equivalent
    )


def test_short_horizon_on_a_gaussian_model_is_the_natural_gradient():
    """θ = (mean, log σ), G the Fisher matrix diag(1/σ², 2): it depends on θ."""
    landscape = lc.Landscape.from_expression(
        lambda x: 0.5 * ca.exp(-2 * x[1]) * (1 + (x[0] - 1) ** 2) + x[1],
        dimension=2,
        minima=[[1.0, 0.0]],
    )
    learner = lc.Learner(metric=lambda x: ca.diag(ca.vertcat(ca.exp(-2 * x[1]), 2)))
    verdict = compare(make(landscape, 0.02, [0.3, 0.4], learner), starts=10, spread=0.2, run=False)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "natural_gradient")
    assert verdict.best.coefficients["learning_rate"] == pytest.approx(0.02, rel=2e-3)
    assert verdict.row("gradient_descent").error > 0.1


def test_weight_decay_is_compensated_by_the_share_that_theory_predicts():
    learner = lc.Learner(drift=lc.linear_drift(-0.5 * np.eye(2)))
    verdict = compare(
        bowl([2.0, 2.0], learner=learner, minimum=[2.0, -0.5], discount=1.0), starts=8, run=False
    )
    row = verdict.row("drift_compensated_gradient_descent")
    assert row.error < 1e-4
    assert row.coefficients == pytest.approx(row.predicted, rel=1e-3)
    assert row.coefficients["compensation"] == pytest.approx(
        (math.sqrt(3.0) - 1) / (math.sqrt(3.0) + 0.5), rel=1e-3
    )


def test_partial_control_with_rotation_is_the_linear_quadratic_rule():
    learner = lc.Learner(actuation=np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    verdict = compare(bowl([0.3, 1.0, 4.0], 3.0, learner, discount=0.3), starts=8)
    assert verdict.best.key == "linear_quadratic"
    assert verdict.best.error < 1e-6
    turning = lc.Learner(drift=lc.linear_drift([[0.0, 1.0], [-1.0, 0.0]]))
    verdict = compare(bowl([2.0, 2.0], learner=turning, minimum=[0.0, 0.5], discount=1.0), starts=8)
    assert verdict.best.key == "linear_quadratic"
    assert verdict.best.excess_cost == pytest.approx(0, abs=1e-6)


def test_paying_at_the_end_only_is_the_proximal_step():
    problem = make(
        lc.double_well(),
        1.0,
        [0.8, 0.5],
        terminal="loss",
        loss_weight=0.0,
        terminal_weight=0.5,
        discount=0.2,
    )
    verdict = compare(problem, starts=10)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "proximal")
    assert verdict.best.coefficients["scale"] == pytest.approx(1, abs=1e-6)
    assert verdict.best.excess_cost == pytest.approx(0, abs=1e-6)
    assert verdict.refused["held_newton"] == "no running loss to plan for"


def test_crossing_the_barrier_of_the_double_well_is_no_rule_of_the_library():
    verdict = compare(make(lc.double_well(), 4.0, [-0.6, 0.55], discount=0.1), starts=12)
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.best is None
    assert min(row.excess_cost for row in verdict.rows if row.excess_cost is not None) > 1
    assert "standard deviation 0.227 per parameter, seed 0" in str(verdict)


def test_where_no_rule_fits_the_nearest_one_is_named():
    """There is nothing to prefer: a factor of two of simplicity is no reason to call a rule nearest."""
    problem = lc.ControlProblem(
        landscape=lc.double_well(),
        start=[-0.6, 0.55],
        objective=lc.Objective(horizon=2.0, discount=0.1),
    )
    verdict = lc.compare(problem, run=False, resamples=1)
    assert verdict.selection.answer == "none"
    least = min(row.error for row in verdict.rows)
    assert verdict.rows[0].error <= least + verdict.criteria.resolution
    assert f"the nearest, {verdict.rows[0].name}, is" in str(verdict)
