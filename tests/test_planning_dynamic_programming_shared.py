"""What deterministic and diffusive dynamic programming share: nested grids, policy iteration, the
time march, the matrix of a policy, and the error from two grids.
"""

import numpy as np
import pytest
from scipy.sparse import eye_array

from landscape_control.grid import Grid
from landscape_control.planning.dynamic_programming.differences import Differences, one_sided
from landscape_control.planning.dynamic_programming.interpolation import Spline
from landscape_control.planning.dynamic_programming.march import explicit, implicit
from landscape_control.planning.dynamic_programming.policy_iteration import iterated, nested_grids
from landscape_control.planning.dynamic_programming.two_grids import difference, estimated_error


def square(*points):
    return Grid.over(np.array([[-1.0, 2.0], [0.0, 1.0]]), points)


def test_nested_grids_are_halved_in_the_same_box_whatever_their_numbers_of_nodes():
    grids = nested_grids(square(101, 64), coarsest=13)
    assert [grid.shape for grid in grids] == [(26, 16), (51, 32), (101, 64)]
    for grid in grids:
        np.testing.assert_allclose(grid.box, grids[-1].box, atol=1e-15)
    assert len(nested_grids(square(11, 11), coarsest=11)) == 1
    two = nested_grids(square(11, 11), coarsest=11, at_least=2)
    assert [grid.shape for grid in two] == [(6, 6), (11, 11)]


def test_a_grid_of_odd_numbers_shares_every_other_node_with_the_coarser_one():
    grid = square(9, 7)
    field = np.arange(63.0).reshape(grid.shape)
    kept = field[grid.shared_nodes]
    np.testing.assert_array_equal(
        grid.coarser().interpolate(kept, grid.coarser().points), kept.ravel()
    )
    np.testing.assert_array_equal(difference(field, kept, grid), 0.0)


def test_iteration_stops_at_the_tolerance_and_returns_the_value_that_changed_least():
    start = np.array([0.0, 8.0])
    halved = iterated(start, lambda value, _: value / 2, tolerance=0.0, most=3)
    np.testing.assert_array_equal(halved.value, start / 2)  # every change is the range of V
    assert halved.iterations == 3
    settled = iterated(start, lambda value, _: (value + [1.0, 9.0]) / 2, tolerance=1e-3, most=50)
    assert settled.change <= 1e-3
    assert settled.iterations < 15
    broken = iterated(start, lambda value, _: value * np.nan, tolerance=1e-3, most=50)
    np.testing.assert_array_equal(broken.value, start)
    assert broken.iterations == 1
    assert broken.change == np.inf


def test_matrix_of_a_policy_takes_its_value_to_its_running_cost():
    grid = square(8, 6)
    rng = np.random.default_rng(2)
    velocity, value = rng.standard_normal((2, 48)), rng.standard_normal(48)
    quotients = Differences(grid=grid)
    matrix = quotients.discounted_transport(0.3, velocity)
    minus, plus = one_sided(value.reshape(grid.shape), grid, order=1)
    slopes = np.where(velocity > 0, plus.reshape(2, -1), minus.reshape(2, -1))
    np.testing.assert_allclose(matrix @ value, 0.3 * value - (velocity * slopes).sum(0), atol=1e-12)
    same = 0.3 * eye_array(48) - quotients.transport(velocity)
    np.testing.assert_allclose(matrix.toarray(), same.toarray(), atol=1e-14)
    off_diagonal = matrix.toarray() - np.diag(matrix.diagonal())
    assert off_diagonal.max() <= 0  # an M-matrix, as the maximum principle asks
    assert matrix.nnz == np.count_nonzero(matrix.toarray())


def with_time(state):
    """(rate, speed) of (V, s): the second entry is the time, on which the rate depends."""
    value, s = state
    return np.array([np.cos(s) - value, 1.0]), 0.0


@pytest.mark.parametrize(("scheme", "order"), [("explicit", 3), ("implicit", 2)])
def test_both_marches_have_their_declared_order_in_time(scheme, order):
    """V' = -V + cos s, V(0) = 1: V = ½(e^{-s} + cos s + sin s)."""
    exact, errors = (np.exp(-2.0) + np.cos(2.0) + np.sin(2.0)) / 2, []
    for steps in (40, 80):
        to_go = np.linspace(0.0, 2.0, steps + 1)
        if scheme == "explicit":
            *_, last = explicit(np.array([1.0, 0.0]), with_time, begin=0.0, stops=to_go[1:])
        else:
            last = implicit(
                np.array([1.0]),
                to_go,
                lambda s, ahead, lead, memory: (memory + np.cos(s)) / (lead + 1.0),
            )[-1]
        errors.append(abs(last[0] - exact))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


def test_two_grids_estimate_the_error_of_the_finer_one_from_the_order_of_the_scheme():
    exact, spacing = 0.7, 0.1
    for order in (1, 2, 3):
        fine, coarse = (exact + 2.0 * h**order for h in (spacing, 2 * spacing))
        assert estimated_error(abs(fine - coarse), order) == pytest.approx(1.5 * (fine - exact))


def test_linear_spline_keeps_between_the_nodes_and_the_cubic_one_is_exact_on_parabolas():
    values = np.array([0.0, 1.0, 0.0, 2.0, 5.0, 1.0])
    assert Spline(values, order=1)(np.array([[2.25], [9.0]])) == pytest.approx([0.5, 1.0])
    parabola = np.arange(12.0) ** 2
    at = np.array([0.3, 5.5, 10.9])
    np.testing.assert_allclose(Spline(parabola, order=3)(at[:, None]), at**2, atol=1e-4)
