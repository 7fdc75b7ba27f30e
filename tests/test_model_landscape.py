"""Landscapes, their derivatives, their minima, and the small numerical tools below them."""

import casadi as ca
import numpy as np
import pytest
from scipy.optimize import approx_fprime

import landscape_control as lc
from landscape_control.model.landscape import end_basin
from landscape_control.planning.transcription.quadrature import gauss, lobatto, radau
from landscape_control.support.interpolation import (
    PiecewisePolynomial,
    differentiation_matrix,
    integration_matrix,
    lagrange_matrix,
)
from landscape_control.support.pointwise import Pointwise

LANDSCAPES = {
    "double well": lc.double_well(),
    "quadratic": lc.quadratic(hessian=[[2.0, 0.3], [0.3, 1.0]], minimum=[1.0, -1.0]),
    "rosenbrock": lc.rosenbrock(4),
    "three-hump camel": lc.three_hump_camel(),
    "own": lc.Landscape.from_expression(
        lambda t: ca.exp(t[0]) + ca.cos(t[1]) * t[2] ** 2, dimension=3
    ),
}


@pytest.mark.parametrize("name", LANDSCAPES)
def test_gradient_and_hessian_match_finite_differences(name):
    landscape = LANDSCAPES[name]
    points = np.random.default_rng(0).standard_normal((4, landscape.dimension))
    loss, gradient, hessian = landscape.derivatives(points)
    for k, point in enumerate(points):
        assert loss[k] == pytest.approx(landscape.loss(point)[0])
        assert gradient[k] == pytest.approx(
            approx_fprime(point, lambda x: landscape.loss(x)[0], 1e-7), rel=1e-4, abs=1e-5
        )
        numeric = [
            approx_fprime(point, lambda x, i=i: landscape.gradient(x)[0][i], 1e-7)
            for i in range(landscape.dimension)
        ]
        assert hessian[k] == pytest.approx(np.array(numeric), rel=1e-4, abs=1e-5)


def test_declared_minima_are_stationary_and_lowest():
    for name in ("double well", "quadratic", "rosenbrock", "three-hump camel"):
        landscape = LANDSCAPES[name]
        assert np.abs(landscape.gradient(landscape.minima)).max() < 1e-12
        assert (np.linalg.eigvalsh(landscape.hessian(landscape.minima)) > 0).all()


def test_three_hump_camel_has_the_minima_of_the_literature():
    """Global at the origin, L = 0; local at ±(1.7476, -0.8738), L = 0.2986 (Branin 1972)."""
    camel = lc.three_hump_camel()
    wanted = [[-1.7476, 0.8738], [0.0, 0.0], [1.7476, -0.8738]]
    assert camel.minima == pytest.approx(np.array(wanted), abs=1e-4)
    assert camel.loss(camel.minima) == pytest.approx([0.2986, 0.0, 0.2986], abs=1e-4)
    assert len(lc.three_hump_camel(quartic=0.1).minima) == 1  # no outer humps


def test_a_long_plan_leaves_the_outer_hump_of_the_camel():
    """Resting in the outer minimum costs 0.2986 per unit of time."""
    horizon = 20.0
    problem = lc.ControlProblem(
        landscape=lc.three_hump_camel(),
        objective=lc.Objective(horizon=horizon),
        start=[-1.9, 0.9],
    )
    solution = lc.solve(problem, tolerance=1e-5)
    assert solution.certificate.passed
    assert solution.plans[0].end_basin == pytest.approx([0.0, 0.0])
    assert solution.cost < 0.2986 * horizon


def test_search_finds_both_wells_best_first_and_no_saddle():
    found = lc.find_minima(lc.double_well(), np.random.default_rng(1).standard_normal((24, 2)))
    assert found == pytest.approx(np.array([[1.05745377, 0.0], [-0.93040293, 0.0]]), abs=1e-7)


def test_search_on_a_slope_finds_nothing():
    slope = lc.Landscape.from_expression(lambda t: t[0] + 0.1 * t[1] ** 2, dimension=2)
    assert len(lc.find_minima(slope, np.zeros((3, 2)))) == 0


def test_end_basin_follows_the_gradient_not_the_distance():
    landscape = lc.double_well()
    assert end_basin(landscape, np.array([0.3, 0.4]), landscape.minima)[0] > 0
    assert end_basin(landscape, np.array([-0.3, 0.4]), landscape.minima)[0] < 0
    assert end_basin(landscape, np.array([0.3, 0.4]), np.empty((0, 2))) is None


def test_quadratics_are_recognised_from_the_expression():
    assert LANDSCAPES["quadratic"].is_quadratic
    assert not LANDSCAPES["double well"].is_quadratic
    assert lc.Landscape.from_expression(lambda t: ca.sumsqr(t - 1), dimension=3).is_quadratic


def test_lowering_a_landscape_changes_its_value_only():
    landscape = lc.double_well()
    lowered, point = landscape.above(0.25), np.array([[0.3, 0.2]])
    assert lowered.loss(point) == pytest.approx(landscape.loss(point) - 0.25)
    assert lowered.gradient(point) == pytest.approx(landscape.gradient(point))
    assert "0.25" in lowered.formula


def test_kinks_are_accepted_on_request():
    smooth_join = lc.Landscape.from_expression(
        lambda t: ca.if_else(t[0] > 0, t[0] ** 4, 0) + t[0] ** 2, dimension=1, allow_kinks=True
    )
    assert smooth_join.loss([[2.0], [-2.0]]) == pytest.approx([20.0, 4.0])


@pytest.mark.parametrize(
    ("family", "exact"),
    [(gauss, lambda q: 2 * q - 1), (radau, lambda q: 2 * q - 2), (lobatto, lambda q: 2 * q - 3)],
)
@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_quadratures_are_exact_to_their_degree_and_no_further(family, exact, count):
    nodes, degree = family(count), exact(count)
    error = [abs(nodes.weights @ nodes.points**d - 1 / (d + 1)) for d in range(degree + 2)]
    assert max(error[:-1]) < 1e-14
    assert error[-1] > 1e3 * max(error[:-1])


def test_polynomial_matrices_are_exact_on_polynomials():
    nodes, points = lobatto(6).points, np.linspace(0, 1, 7)
    values = nodes**5 - 2 * nodes**2
    assert lagrange_matrix(nodes, points) @ values == pytest.approx(
        points**5 - 2 * points**2, abs=1e-13
    )
    assert differentiation_matrix(nodes) @ values == pytest.approx(
        5 * nodes**4 - 4 * nodes, abs=1e-12
    )
    assert integration_matrix(nodes, points) @ values == pytest.approx(
        points**6 / 6 - 2 * points**3 / 3, abs=1e-13
    )


def test_piecewise_polynomials_reproduce_smooth_functions():
    vertices, positions = np.array([0.0, 0.4, 1.0, 2.0]), lobatto(7).points
    nodes = np.concatenate(
        [(vertices[:-1, None] + np.diff(vertices)[:, None] * positions[:-1]).ravel(), [2.0]]
    )
    path = PiecewisePolynomial(
        vertices=vertices,
        positions=positions,
        values=np.column_stack([np.sin(nodes), np.exp(nodes)]),
    )
    times = np.linspace(0, 2, 31)
    assert path(times) == pytest.approx(np.column_stack([np.sin(times), np.exp(times)]), abs=1e-6)


def test_pointwise_shapes_shared_arguments_and_repeated_calls():
    x, p = ca.SX.sym("x", 2), ca.SX.sym("p", 2)
    function = Pointwise(
        ca.Function(
            "f", [x, p], [ca.dot(x, p), ca.horzcat(x, 2 * x, p), ca.hessian(x[0] ** 3, x)[0]]
        )
    )
    points = np.arange(10.0).reshape(5, 2)
    for _ in range(2):  # the second call goes through the kept buffers
        value, block, sparse = function(points, [1.0, 10.0])
        assert value == pytest.approx(points @ [1.0, 10.0])
        assert block[3] == pytest.approx(np.column_stack([points[3], 2 * points[3], [1.0, 10.0]]))
        assert sparse[:, 0, 0] == pytest.approx(6 * points[:, 0])
    value = function(points, points)[0]
    assert value == pytest.approx((points**2).sum(1))
    assert function(points[0], points[1])[0].shape == (1,)


def test_the_maximum_inside_a_logsumexp_is_no_kink():
    weights = ca.DM([[1.0, -2.0], [0.5, 1.0], [-1.0, 0.3]])
    stable = lc.Landscape.from_expression(
        lambda t: ca.logsumexp(weights @ t) - (weights @ t)[0], dimension=2
    )
    plain = lc.Landscape.from_expression(
        lambda t: ca.log(ca.sum1(ca.exp(weights @ t))) - (weights @ t)[0], dimension=2
    )
    # at the origin all three are the maximum
    points = np.array([[0.3, -0.4], [0.0, 0.0], [2.0, 1.0]])
    for one, other in zip(stable.derivatives(points), plain.derivatives(points), strict=True):
        assert one == pytest.approx(other, abs=1e-13)


@pytest.mark.parametrize(
    "expression",
    [ca.norm_inf, ca.mmax, lambda t: ca.fmax(t[0], 0) ** 2, lambda t: ca.fabs(t[0] - t[1])],
)
def test_kinks_that_show_are_refused(expression):
    with pytest.raises(lc.ProblemError, match="twice continuously differentiable"):
        lc.Landscape.from_expression(expression, dimension=2)


def test_casadi_numbers_are_taken_as_numbers():
    objective = lc.Objective(horizon=4.0)
    given = lc.ControlProblem(
        landscape=lc.double_well(),
        objective=objective,
        start=ca.DM([-0.6, 0.55]),
        end=ca.DM([1.0, 0.0]),
    )
    assert given.start.tolist() == [-0.6, 0.55]
    plain = lc.ControlProblem(
        landscape=lc.double_well(), objective=objective, start=[-0.6, 0.55], end=[1.0, 0.0]
    )
    assert lc.solve(given, guess=ca.DM([0.5, 0.0])).cost == pytest.approx(
        lc.solve(plain, guess=[0.5, 0.0]).cost, rel=1e-12
    )
    assert lc.quadratic(hessian=ca.DM([[2.0]]), minimum=ca.DM([1.0])).minima.tolist() == [[1.0]]
