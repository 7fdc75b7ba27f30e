"""The stochastic HJB scheme on plain functions: orders, monotonicity, exactness, and its linear
solver.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import eye_array

import landscape_control as lc
from landscape_control.grid import Grid
from landscape_control.planning.dynamic_programming.differences import Differences
from landscape_control.planning.dynamic_programming.diffusive.linear import Resolvent
from landscape_control.planning.dynamic_programming.diffusive.march import march
from landscape_control.planning.dynamic_programming.diffusive.stationary import (
    evaluated,
    stationary_levels,
)
from landscape_control.planning.dynamic_programming.mesh import Interpolant
from landscape_control.stochastic import ControlledDiffusion, Scheme


def unit(size):
    return lambda x: np.tile(np.eye(size), (len(x), 1, 1))


def manufactured(discount=0.7):
    """x = (θ, z), z in [0, 1] diffusing like a task probability, with a loss that makes V = cos θ
    e^{z} + θ²z exact.
    """

    def value(x):
        return np.cos(x[:, 0]) * np.exp(x[:, 1]) + x[:, 0] ** 2 * x[:, 1]

    def drift(x):
        return np.column_stack([-1.5 * x[:, 0], 0.6 - x[:, 1]])

    def diffusion(x):
        return (2 * x[:, 1] * (1 - x[:, 1]) * (1 + x[:, 0] / 4))[:, None, None]

    def loss(x):
        slope = -np.sin(x[:, 0]) * np.exp(x[:, 1]) + 2 * x[:, 0] * x[:, 1]
        belief_slope, bend = (
            np.cos(x[:, 0]) * np.exp(x[:, 1]) + x[:, 0] ** 2,
            np.cos(x[:, 0]) * np.exp(x[:, 1]),
        )
        carried = (drift(x) * np.column_stack([slope, belief_slope])).sum(axis=1) + diffusion(x)[
            :, 0, 0
        ] ** 2 * bend / 2
        return discount * value(x) - carried + slope**2 / 2

    system = ControlledDiffusion(
        controlled=1,
        loss=loss,
        drift=drift,
        diffusion=diffusion,
        actuation=unit(1),
        price=unit(1),
        discount=discount,
        names=("θ", "z"),
    )
    return system, value


def square(points, half=1.0):
    return Grid.over(np.array([[-half, half], [0.0, 1.0]]), (points, points))


@pytest.mark.parametrize(("order", "low", "high"), [(1, 0.85, 1.15), (2, 1.85, 2.4)])
def test_measured_order_is_the_declared_order_on_a_manufactured_solution(order, low, high):
    system, value = manufactured()
    errors = []
    for points in (21, 41, 81):
        grid = square(points)
        fine = stationary_levels(system, grid, order=order, tolerance=1e-10)[1]
        assert fine.change <= 1e-10
        errors.append(np.abs(fine.value - value(grid.points)).max())
    rates = -np.diff(np.log2(errors))
    assert low < rates[-1] < high
    assert errors[-1] < (2e-2 if order == 1 else 2e-4)


def test_quadratic_functions_are_differentiated_exactly_up_to_the_walls():
    grid = Grid.over(np.array([[-1.0, 2.0], [0.0, 1.0]]), (13, 9))
    x, y = grid.points.T
    value = 1 + x - 2 * y + 3 * x**2 + x * y - y**2
    d = Differences(grid=grid, order=2, continued=True)
    inside = np.indices(grid.shape).reshape(2, -1)
    for axis, (slope, bend) in enumerate(((1 + 6 * x + y, 6.0), (-2 + x - 2 * y, -2.0))):
        for matrix in (d.central[axis], d.smooth[axis]):
            np.testing.assert_allclose(matrix @ value, slope, atol=1e-11)
        np.testing.assert_allclose(d.second[axis] @ value, bend, atol=1e-9)
        below_wall = inside[axis] < grid.shape[axis] - 1
        np.testing.assert_allclose(
            (d.ahead[axis] @ value)[below_wall], slope[below_wall], atol=1e-11
        )
        # motion outwards is stopped
        assert (d.ahead[axis] @ value)[~below_wall] == pytest.approx(0)
        above_wall = inside[axis] > 0
        np.testing.assert_allclose(
            (d.back[axis] @ value)[above_wall], slope[above_wall], atol=1e-11
        )


def correlated(spread=((1.0, 0.4), (0.4, 0.8))):
    root = np.linalg.cholesky(np.array(spread))
    return ControlledDiffusion(
        controlled=1,
        loss=lambda x: ((x[:, 0] - x[:, 1] - x[:, 2]) ** 2) / 2,
        drift=lambda x: x * [0.0, -0.4, -0.7],
        diffusion=lambda x: np.tile(root, (len(x), 1, 1)),
        actuation=unit(1),
        price=unit(1),
        discount=0.5,
        names=("θ", "a", "b"),
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_first_order_generator_is_that_of_a_markov_chain(sign):
    """Off-diagonal rates >= 0 and rows that sum to zero, also with correlated diffusion and at the
    walls (Kushner).
    """
    system = correlated(((1.0, 0.4 * sign), (0.4 * sign, 0.8)))
    grid = Grid.over(np.array([[-1.0, 1.0]] * 3), (7, 7, 7))
    scheme = Scheme(system=system, grid=grid, order=1)
    generator = scheme.generator(scheme.policy(scheme.fields.loss)).toarray()
    # where two belief walls meet, reflection has no second diagonal
    interior = ~scheme.walls[1:].any(axis=(0, 1))
    np.testing.assert_allclose(generator.sum(axis=1), 0, atol=1e-9)
    rates = generator - np.diag(np.diag(generator))
    assert rates[interior].min() >= -1e-12


def test_correlated_diffusion_enters_the_value_with_its_cross_term():
    """V of a quadratic problem differs from the deterministic one by the constant tr(DDᵀ∇²V)/2γ."""
    grid = Grid.over(np.array([[-6.5, 6.5], [-3.0, 3.0], [-3.0, 3.0]]), (21, 11, 11))
    noisy, still = (
        stationary_levels(system, grid, order=2, tolerance=1e-11)[1]
        for system in (
            correlated(),
            replace(correlated(), diffusion=lambda x: np.zeros((len(x), 2, 2))),
        )
    )
    reference = lc.reference.LinearQuadratic(
        hessian=np.outer([1, -1, -1], [1, -1, -1]),
        minimum=np.zeros(3),
        drift_matrix=np.diag([0, -0.4, -0.7]),
        actuation=np.array([[1.0], [0], [0]]),
        discount=0.5,
    ).infinite()
    hessian = reference.value_hessian[1:, 1:]
    constant = np.trace(np.array([[1.0, 0.4], [0.4, 0.8]]) @ hessian) / (2 * 0.5)
    np.testing.assert_allclose(still.value, reference.value(grid.points), atol=1e-8)
    np.testing.assert_allclose(noisy.value, reference.value(grid.points) + constant, atol=1e-7)


def test_without_belief_a_double_well_is_solved_at_second_order_in_spite_of_the_crest_of_its_value():
    """The local solver's cost is the reference; the crest of V lies at θ = -0.6, between the wells."""
    landscape = lc.Landscape.from_expression(
        lambda x: (x[0] ** 2 - 1) ** 2 - 0.3 * x[0], dimension=1
    )
    problem = lc.ControlProblem(
        landscape=landscape, objective=lc.Objective(horizon=math.inf, discount=0.4), start=[0.4]
    )
    system = ControlledDiffusion(
        controlled=1,
        loss=lambda x: landscape.loss(x),
        drift=lambda x: np.zeros_like(x),
        actuation=unit(1),
        price=unit(1),
        diffusion=lambda x: np.zeros((len(x), 0, 1)),
        discount=0.4,
        names=("θ",),
    )
    cost, errors = lc.solve(problem, tolerance=1e-9).cost, []
    for points in (201, 401, 801):
        fine = stationary_levels(
            system, Grid.over(np.array([[-2.0, 2.0]]), (points,)), order=2, tolerance=1e-9
        )[1]
        assert fine.change <= 1e-9
        assert fine.motion.parting.any()
        errors.append(abs(Interpolant(fine.scheme.grid, fine.value)(np.array([[0.4]]))[0] - cost))
    np.testing.assert_allclose(-np.diff(np.log2(errors)), 2, atol=0.1)
    assert errors[-1] < 2e-5


def test_time_march_is_of_second_order_and_settles_at_the_stationary_value():
    system, value = manufactured()
    grid = square(21)
    errors, reference = [], None
    for steps in (160, 10, 20, 40):
        scheme = Scheme(system=replace(system, horizon=1.0), grid=grid, order=2)
        final = march(scheme, steps).value
        reference = final if reference is None else reference
        errors.append(np.abs(final - reference).max())
    assert 1.7 < np.log2(errors[2] / errors[3]) < 2.5
    long = march(Scheme(system=replace(system, horizon=25.0), grid=grid, order=2), 200).value
    settled = stationary_levels(system, grid, order=2, tolerance=1e-10)[1].value
    np.testing.assert_allclose(long, settled, atol=1e-5)


def test_evaluating_the_optimal_policy_returns_its_value_and_any_other_costs_more():
    system, _ = manufactured()
    fine = stationary_levels(system, square(41), order=2, tolerance=1e-10)[1]
    same = evaluated(fine.scheme, fine.motion)
    np.testing.assert_allclose(same.value, fine.value, atol=1e-7)
    other = evaluated(fine.scheme, fine.scheme.motion_of(fine.motion.control + 0.1))
    assert (other.value - fine.value).min() > 0
    # ½δu² for ever, discounted
    assert (other.value - fine.value).max() == pytest.approx(0.1**2 / 2 / 0.7, rel=0.1)


def test_factors_of_an_earlier_policy_serve_the_next():
    system, _ = manufactured()
    scheme = Scheme(system=system, grid=square(41), order=2)
    resolvent, right = Resolvent(scheme, 1e-11), scheme.fields.loss
    for factor in (1.0, 0.98, 0.96):
        motion = scheme.motion_of(factor * scheme.policy(right).control)
        found = resolvent.solve(0.7, motion, right, np.zeros_like(right))
        matrix = 0.7 * eye_array(right.size) - scheme.generator(motion)
        assert np.abs(matrix @ found - right).max() < 1e-7
    assert resolvent.factorisations == 1


def test_interpolation_reproduces_quadratics_up_to_the_walls_and_is_constant_beyond():
    grid = Grid.over(np.array([[-1.0, 1.0], [0.0, 2.0]]), (21, 15))

    def quadratic(x):
        return 1 + x[:, 0] ** 2 - x[:, 0] * x[:, 1] + 2 * x[:, 1]

    points = np.random.default_rng(0).uniform([-1, 0], [1, 2], (50, 2))
    interpolant = Interpolant(grid, quadratic(grid.points))
    np.testing.assert_allclose(interpolant(points), quadratic(points), atol=3e-6)
    assert interpolant(np.array([[5.0, 1.0]])) == pytest.approx(interpolant(np.array([[1.0, 1.0]])))
