"""Fast marching (γ = 0, T = ∞): the value is a geodesic length."""

import math
import sys

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import sqrtm

import landscape_control as lc
from landscape_control.grid import Grid, certify_global, value_function
from landscape_control.planning.dynamic_programming.deterministic.fast_marching import eikonal_value


def forever(landscape, start, **learner):
    objective = lc.Objective(horizon=math.inf, learning_rate=0.7, loss_weight=1.3)
    return lc.ControlProblem(
        landscape=landscape, objective=objective, learner=lc.Learner(**learner), start=start
    )


def bowl(**learner):
    return forever(
        lc.quadratic(hessian=[[2.0, 0.6], [0.6, 1.0]], minimum=[0.3, -0.2]), [1.5, 1.0], **learner
    )


def test_value_of_a_bowl_converges_to_the_undiscounted_riccati_solution():
    pytest.importorskip("skfmm")
    problem = bowl(metric=2 * np.eye(2))
    root = sqrtm(1.3 * np.array([[2.0, 0.6], [0.6, 1.0]]) * 2 / 0.7)
    offset = problem.start - [0.3, -0.2]
    errors = [
        abs(
            value_function(problem, Grid.over(np.array([[-2.0, 2.0]] * 2), (count, count))).at(
                problem.start
            )
            - offset @ root @ offset / 2
        )
        for count in (51, 101, 201)
    ]
    assert errors[-1] < 2e-4 * (offset @ root @ offset)
    assert (np.log2(np.array(errors)[:-1] / errors[1:]) > 1.6).all()


def test_value_in_one_dimension_is_the_integral_of_the_momentum():
    """V = ∫ √(2kL/η) to the nearer of two minima with L = 0."""
    pytest.importorskip("skfmm")
    landscape = lc.Landscape.from_expression(
        lambda x: (x[0] ** 2 - 1) ** 2 * (1 + 0.3 * x[0] ** 2), dimension=1
    )
    problem = forever(landscape, [0.2])
    exact = quad(lambda x: math.sqrt(2 * 1.3 / 0.7 * (1 - x * x) ** 2 * (1 + 0.3 * x * x)), 0.2, 1)[
        0
    ]
    certificate = certify_global(problem)
    assert certificate.is_global
    assert certificate.method == "fast marching"
    assert certificate.grid_value == pytest.approx(exact, rel=1e-3)
    assert abs(certificate.grid_value - exact) < certificate.grid_error
    assert certificate.plan_cost == pytest.approx(exact, rel=1e-5)


def test_double_well_without_deadline_goes_to_the_lower_well():
    pytest.importorskip("skfmm")
    well = lc.double_well()
    lowest = float(well.loss(well.minima).min())
    certificate = certify_global(forever(well.above(lowest), [-0.6, 0.55]))
    assert certificate.is_global
    np.testing.assert_allclose(
        certificate.path[-1], well.minima[np.argmin(well.loss(well.minima))], atol=0.05
    )


def test_what_the_eikonal_equation_assumes_is_checked_by_name():
    grid = Grid.over(np.array([[-2.0, 2.0]] * 2), (41, 41))
    well = forever(lc.double_well(), [-0.6, 0.55])
    for problem, expected in [
        (bowl(drift=lc.linear_drift(-np.eye(2))), "no drift"),
        (bowl(metric=np.diag([1.0, 2.0])), "BG⁻¹Bᵀ = (1/g)·I"),
        (bowl(actuation=[[1.0], [0.5]]), "BG⁻¹Bᵀ = (1/g)·I"),
        (bowl().changed(discount=0.1), "γ = 0 and T = inf"),
        (bowl().changed(horizon=4.0), "γ = 0 and T = inf"),
        (well, "min L = 0"),
    ]:
        with pytest.raises(lc.ProblemError, match="γ > 0|without discount") as caught:
            eikonal_value(problem, grid)
        assert expected in caught.value.expected


def test_missing_scikit_fmm_names_the_extra_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skfmm", None)
    with pytest.raises(lc.ProblemError, match=r"pip install landscape-control\[grid\]"):
        eikonal_value(bowl(), Grid.over(np.array([[-2.0, 2.0]] * 2), (41, 41)))
