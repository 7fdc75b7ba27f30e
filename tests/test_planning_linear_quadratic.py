"""What the planner uses for linear-quadratic control, held against the exact references: other
algorithms that share no code with it.
"""

import dataclasses
import math

import numpy as np
import pytest
from reference_problems import positive, random_problem, without_end

from landscape_control.planning.linear_quadratic import LinearQuadraticProblem
from landscape_control.reference import LinearQuadratic
from landscape_control.support.errors import ProblemError, UnstabilisableError

RANDOM = [
    (seed, n, m, discount)
    for seed, (n, m) in enumerate(
        [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 4), (5, 2), (5, 7), (6, 3), (6, 6)]
    )
    for discount in (0.0, 0.5, 3.0)
]


def planned(exact: LinearQuadratic) -> LinearQuadraticProblem:
    """The same problem for the planner, which knows no loss at the minimum."""
    assert exact.loss_constant == 0
    fields = (field.name for field in dataclasses.fields(exact))
    return LinearQuadraticProblem(
        **{name: getattr(exact, name) for name in fields if name != "loss_constant"}
    )


def drawn(seed, n, m, discount) -> LinearQuadratic:
    return random_problem(100 + seed, n, m, discount, loss_constant=0.0)


def close(found, exact, digits=1e-9):
    scale = np.abs(exact).max(initial=0.0)
    np.testing.assert_allclose(found, exact, rtol=0, atol=digits * max(scale, 1e-300))


def agree_at(found, exact, time_to_go, points, digits=1e-9):
    for name in ("value_hessian", "gain"):
        close(getattr(found, name)(time_to_go), getattr(exact, name)(time_to_go), digits)
    for name in ("costate", "control", "value"):
        close(
            getattr(found, name)(time_to_go, points),
            getattr(exact, name)(time_to_go, points),
            digits,
        )


@pytest.mark.parametrize(("seed", "n", "m", "discount"), RANDOM)
@pytest.mark.parametrize("horizon", [0.01, 1.0, 12.0])
def test_finite_horizons(seed, n, m, discount, horizon):
    exact = drawn(seed, n, m, discount)
    points = np.random.default_rng(seed).normal(size=(5, n))
    found, expected = planned(exact).finite(horizon), exact.finite(horizon)
    for share in (0.0, 0.3, 1.0):
        agree_at(found, expected, share * horizon, points)
    times = np.linspace(0, horizon, 5)
    for ours, theirs in zip(
        found.path(points[0], times), expected.path(points[0], times), strict=True
    ):
        close(ours, theirs)


@pytest.mark.parametrize(("seed", "n", "m", "discount"), RANDOM)
def test_infinite_horizons(seed, n, m, discount):
    exact = without_end(drawn(seed, n, m, discount))
    if discount == 0:  # the drift must not move the learner at the minimum, or it costs for ever
        still = -exact.drift_matrix @ exact.minimum
        exact = dataclasses.replace(exact, drift_offset=still)
    points = np.random.default_rng(seed).normal(size=(5, n))
    found, expected = planned(exact).infinite(), exact.infinite()
    for name in ("value_hessian", "value_gradient", "value_constant", "gain", "closed_loop"):
        close(getattr(found, name), getattr(expected, name))
    close(found.steady_state, expected.steady_state)
    for name in ("costate", "control", "value"):
        close(getattr(found, name)(points), getattr(expected, name)(points))
    times = np.array([0.0, 0.4, 5.0])
    for ours, theirs in zip(
        found.path(points[0], times), expected.path(points[0], times), strict=True
    ):
        close(ours, theirs)


@pytest.mark.parametrize("seed", range(8))
def test_directions_that_no_loss_sees_and_rank_deficient_actuation(seed):
    rng = np.random.default_rng(seed)
    n = 4
    basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
    curvatures, drifts = np.diag([1.0, 0.4, 0.0, 0.0]), np.diag([-0.3, -1.0, -0.2, -0.6])
    exact = LinearQuadratic(
        hessian=basis @ curvatures @ basis.T,
        minimum=rng.normal(size=n),
        drift_matrix=basis @ drifts @ basis.T,
        drift_offset=rng.normal(size=n),
        actuation=basis[:, [0, 2]] @ rng.normal(size=(2, 3)),
        metric=positive(rng, 3),
        discount=0.3,
    )
    points = rng.normal(size=(4, n))
    infinite = planned(exact).infinite()
    for name in ("value_hessian", "value_gradient", "value_constant"):
        close(getattr(infinite, name), getattr(exact.infinite(), name))
    agree_at(planned(exact).finite(3.0), exact.finite(3.0), 3.0, points)


@pytest.mark.parametrize("horizon", [2.0, 10.0, 15.0, 20.0, 40.0])
def test_a_growing_direction_that_no_loss_sees_costs_nothing(horizon):
    """Its round-off, stretched by e^{2·2T}, was once taken for a cost, or for one without bound."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    hessian = turn @ np.diag([1.0, 0.0]) @ turn.T
    exact = LinearQuadratic(
        hessian=(hessian + hessian.T) / 2,
        minimum=[1.0, -2.0],
        drift_matrix=turn @ np.diag([-1.0, 2.0]) @ turn.T,
        drift_offset=[0.3, 0.1],
    )
    w = np.sqrt(2.0)  # dS/ds = 1 - 2S - S²
    rate = 1 / (1 + w / np.tanh(w * horizon))
    for policy in (exact.finite(horizon), planned(exact).finite(horizon)):
        expected = rate * np.outer(turn[:, 0], turn[:, 0])
        np.testing.assert_allclose(policy.value_hessian(horizon), expected, rtol=0, atol=1e-9)
    found, expected = planned(exact).finite(horizon), exact.finite(horizon)
    times = np.linspace(0.0, min(horizon, 4.0), 5)
    start = np.array([0.5, 0.7])
    close(found.value(horizon, start), expected.value(horizon, start))
    for ours, theirs in zip(found.path(start, times), expected.path(start, times), strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("discount", [0.0, 1.0, 30.0, 1e3])
@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_units_of_length_and_stiff_discounts(discount, unit):
    rng = np.random.default_rng(4)
    exact = LinearQuadratic(
        hessian=positive(rng, 3) / unit**2,
        minimum=unit * rng.normal(size=3),
        discount=discount,
        learning_rate=unit**2,
    )
    points = unit * rng.normal(size=(4, 3))
    close(planned(exact).infinite().value_hessian, exact.infinite().value_hessian)
    close(planned(exact).infinite().control(points), exact.infinite().control(points))
    agree_at(planned(exact).finite(0.7), exact.finite(0.7), 0.7, points)


@pytest.mark.parametrize("n", [20, 50])
def test_many_parameters(n):
    rng = np.random.default_rng(n)
    exact = LinearQuadratic(
        hessian=positive(rng, n),
        minimum=np.zeros(n),
        drift_matrix=rng.normal(size=(n, n)) / math.sqrt(n),
        actuation=rng.normal(size=(n, n // 2)),
        discount=2.5,
    )
    points = rng.normal(size=(3, n))
    agree_at(planned(exact).finite(0.5), exact.finite(0.5), 0.5, points)


def concave(curvature, discount):
    return LinearQuadratic(
        hessian=np.diag([1.0, curvature]), minimum=np.zeros(2), discount=discount
    )


@pytest.mark.parametrize("horizon", [0.5, 1.5, 1.57, 1.572, 2.0])
def test_both_end_at_the_same_conjugate_point(horizon):
    exact = concave(-1.0, 0.0)
    if horizon < np.pi / 2:
        points = np.eye(2)
        agree_at(planned(exact).finite(horizon), exact.finite(horizon), horizon, points, 1e-7)
        return
    for problem in (exact, planned(exact)):
        with pytest.raises(ProblemError, match=r"beyond T ≈ 1\.5708"):
            problem.finite(horizon)


@pytest.mark.parametrize(
    ("curvature", "drift", "is_planned"),
    [(-0.2, -0.7, True), (-0.1, 0.6, False), (-1.0, 0.0, False)],
)
def test_both_agree_which_concave_modes_have_a_plan(curvature, drift, is_planned):
    exact = LinearQuadratic(
        hessian=[[curvature]], minimum=[0.0], drift_matrix=[[drift]], discount=0.5
    )
    if is_planned:
        close(planned(exact).infinite().gain, exact.infinite().gain)
        return
    for problem in (exact, planned(exact)):
        with pytest.raises(ProblemError, match="a cost bounded below"):
            problem.infinite()


def test_both_name_the_mode_that_nothing_pushes():
    exact = LinearQuadratic(
        hessian=np.eye(2),
        minimum=np.zeros(2),
        drift_matrix=np.diag([0.7, -1.0]),
        actuation=[[0.0], [1.0]],
        discount=1.0,
    )
    for problem in (exact, planned(exact)):
        with pytest.raises(UnstabilisableError, match=r"v = \[1\., 0\.\]: eigenvalue 0\.7 of A"):
            problem.infinite()


def test_a_terminal_cost_has_no_place_at_infinite_horizon():
    problem = LinearQuadraticProblem(
        hessian=np.eye(2), minimum=np.zeros(2), terminal_hessian=np.eye(2)
    )
    with pytest.raises(ProblemError, match="no terminal cost at infinite horizon"):
        problem.infinite()


@pytest.mark.parametrize(("changes", "words"), [
    ({"minimum": [1.0, np.nan]}, "minimum μ: expected finite numbers"),
    ({"metric": np.diag([1.0, 0.0])}, "metric G: expected a positive definite matrix"),
    ({"drift_matrix": [[1.0, 0.0]]}, "drift_matrix A: expected a 2x2 matrix"),
])  # fmt: skip
def test_bad_numbers_are_refused_by_name(changes, words):
    with pytest.raises(ProblemError, match=words):
        LinearQuadraticProblem(**{"hessian": np.eye(2), "minimum": np.zeros(2), **changes})


@pytest.mark.parametrize("growth", [0.1, 2.0])  # the second is solved without the growing direction
def test_a_time_asked_for_twice_is_answered_twice(growth):
    problem = LinearQuadraticProblem(
        hessian=np.diag([1.0, 0.0]),
        minimum=np.zeros(2),
        drift_matrix=np.diag([0.0, growth]),
        terminal_hessian=np.diag([1.0, 0.0]),
    )
    policy = problem.finite(5.0)
    twice = policy.path([1.0, 1.0], [0.0, 0.0, 2.0, 2.0, 5.0])
    once = policy.path([1.0, 1.0], [0.0, 2.0, 5.0])
    for several, distinct in zip(twice, once, strict=True):
        assert np.array_equal(several, distinct[[0, 0, 1, 1, 2]])
