"""Saddles of a landscape against roots of polynomials."""

import casadi as ca
import numpy as np

import landscape_control as lc
from landscape_control.model.landscape.saddles import find_saddles


def grid(low, high, count, dimension):
    sides = np.meshgrid(*[np.linspace(low, high, count)] * dimension)
    return np.stack(sides, -1).reshape(-1, dimension)


def horner(coefficients, x):
    value = 0.0
    for each in coefficients:
        value = value * x + each
    return value


def test_the_saddle_of_the_tilted_double_well_is_the_middle_root():
    middle = np.sort(np.roots([4, 0, -4, -0.5]))[1]
    found = find_saddles(lc.double_well(), grid(-2, 2, 9, 2))
    np.testing.assert_allclose(found, [[middle, 0.0]], atol=1e-9)


def test_of_one_parameter_they_are_the_maxima_lowest_first():
    # L' = (θ + 2)(θ + 1)θ(θ - 1)(θ - 3): maxima where it falls, at -1 and 1
    loss = np.poly1d(np.poly([-2.0, -1.0, 0.0, 1.0, 3.0])).integ()
    landscape = lc.Landscape.from_expression(lambda t: horner(loss.coef, t[0]), dimension=1)
    found = find_saddles(landscape, grid(-3, 4, 29, 1))
    expected = sorted([-1.0, 1.0], key=loss)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-8)


def test_a_bowl_has_none_and_a_maximum_of_two_parameters_is_none():
    assert not len(find_saddles(lc.quadratic(hessian=np.eye(2)), grid(-1, 1, 5, 2)))
    hill = lc.Landscape.from_expression(lambda t: -(t[0] ** 2) - t[1] ** 2, dimension=2)
    assert not len(find_saddles(hill, grid(-1, 1, 5, 2)))


def test_seeds_outside_the_domain_are_dropped():
    landscape = lc.Landscape.from_expression(lambda t: ca.log(t[0]) - t[0] + t[1] ** 2, dimension=2)
    found = find_saddles(landscape, np.array([[-1.0, 0.3], [0.5, 0.2], [2.0, -0.2]]))
    np.testing.assert_allclose(found, [[1.0, 0.0]], atol=1e-9)  # 1/θ₁ = 1, curvatures -1 and 2
