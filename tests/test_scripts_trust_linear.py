"""The linear-quadratic references of scripts/trust.py against closed forms, conjugate points and a
collocation of their boundary values.
"""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_bvp

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import trust_linear  # noqa: E402
import trust_linear_draws  # noqa: E402
from trust_linear_reference import LinearNumbers, solve_exactly  # noqa: E402


def numbers(**changes) -> LinearNumbers:
    """½x² in one dimension, from 1, over a unit of time."""
    plain = {
        "hessian": np.eye(1),
        "minimum": np.zeros(1),
        "metric": np.eye(1),
        "matrix": np.zeros((1, 1)),
        "offset": np.zeros(1),
        "actuation": np.eye(1),
        "start": np.ones(1),
        "horizon": 1.0,
        "discount": 0.0,
        "learning_rate": 1.0,
        "loss_weight": 1.0,
    }
    return LinearNumbers(**{**plain, **changes})


@pytest.mark.parametrize("horizon", [1e-6, 0.3, 1.0, 40.0])
def test_free_end_costs_half_a_hyperbolic_tangent(horizon):
    exact = solve_exactly(numbers(horizon=horizon))
    assert exact.cost == pytest.approx(math.tanh(horizon) / 2, rel=1e-12)
    assert exact.control[0] == pytest.approx(-math.tanh(horizon), rel=1e-12)
    assert exact.scale == pytest.approx(exact.cost)


def test_discounted_endless_mode_relaxes_at_its_rate():
    discount, push, weight, curvature = 0.7, 1.3, 2.0, 0.4
    exact = solve_exactly(
        numbers(
            horizon=math.inf,
            discount=discount,
            learning_rate=push,
            loss_weight=weight,
            hessian=curvature * np.eye(1),
        )
    )
    rate = math.sqrt(discount**2 / 4 + push * weight * curvature) - discount / 2
    assert exact.control[0] == pytest.approx(-rate, rel=1e-11)
    assert exact.cost == pytest.approx(rate / (2 * push), rel=1e-11)


def test_fixed_end_costs_what_its_hyperbolic_path_costs():
    exact = solve_exactly(numbers(end=np.array([0.5]), horizon=2.0))
    expected = ((1 + 0.25) * math.cosh(2) - 2 * 0.5) / (2 * math.sinh(2))
    assert exact.cost == pytest.approx(expected, rel=1e-11)


def test_fixed_end_on_the_only_direction_that_can_be_pushed():
    two = numbers(
        hessian=np.zeros((2, 2)),
        minimum=np.zeros(2),
        matrix=np.zeros((2, 2)),
        offset=np.zeros(2),
        actuation=np.array([[1.0], [1.0]]),
        start=np.zeros(2),
        end=np.array([3.0, 3.0]),
        horizon=2.0,
    )
    exact = solve_exactly(two)
    assert exact.cost == pytest.approx(9 / (2 * 2.0), rel=1e-11)
    assert exact.control == pytest.approx([1.5], rel=1e-11)
    off = solve_exactly(numbers(**{**vars(two), "end": np.array([3.0, 2.0])}))
    assert off.kind == "unreachable"


@pytest.mark.parametrize(
    ("end", "horizon", "kind"),
    [
        (None, 1.4, "finite"),
        (None, 1.7, "unbounded"),  # π/2 lies between
        (0.0, 1.7, "finite"),
        (0.0, 3.0, "finite"),
        (0.0, 3.3, "unbounded"),  # π lies between
    ],
)
def test_conjugate_points_of_a_hill(end, horizon, kind):
    end = None if end is None else np.array([end])
    exact = solve_exactly(numbers(hessian=-np.eye(1), end=end, horizon=horizon))
    assert exact.kind == kind
    if kind == "finite" and end is None:
        assert exact.cost == pytest.approx(-math.tan(horizon) / 2, rel=1e-9)


def test_hill_beside_the_only_direction_that_can_be_pushed_bounds_no_less():
    """Along B the loss is convex; what it does across B does not matter to any variation of the
    plan.
    """
    grown = np.exp(0.7 * 9) * np.array([-0.1, -1.0])
    beside = numbers(
        hessian=np.array([[1.7, 0.6], [0.6, -0.1]]),
        minimum=np.zeros(2),
        matrix=0.7 * np.eye(2),
        offset=np.zeros(2),
        actuation=np.array([[1.0], [0.5]]),
        start=np.array([-0.1, -1.0]),
        end=grown + np.array([2.0, 1.0]),
        horizon=9.0,
        discount=0.3,
    )
    assert solve_exactly(beside).kind == "finite"


def test_growth_that_cannot_be_reached_costs_infinitely_much():
    lost = numbers(
        hessian=np.eye(2),
        minimum=np.zeros(2),
        matrix=0.5 * np.eye(2),
        offset=np.zeros(2),
        actuation=np.array([[1.0], [0.0]]),
        start=np.ones(2),
        horizon=math.inf,
        discount=0.4,
    )
    assert solve_exactly(lost).kind == "infinite"
    assert solve_exactly(numbers(**{**vars(lost), "discount": 1.6})).kind == "finite"


@pytest.mark.parametrize("index", range(4))
def test_random_problem_against_a_collocation_of_its_boundary_values(index):
    rng = np.random.default_rng(index)
    n, horizon, discount = 2, 1.5, 0.6
    p = numbers(
        hessian=trust_linear_draws.rotated(rng, np.array([0.5, 2.0])),
        minimum=rng.standard_normal(n),
        metric=trust_linear_draws.rotated(rng, np.array([0.7, 1.5])),
        matrix=rng.standard_normal((n, n)) / 2,
        offset=rng.standard_normal(n),
        actuation=rng.standard_normal((n, n)),
        start=rng.standard_normal(n),
        horizon=horizon,
        discount=discount,
        terminal=(np.diag([1.0, 0.3]), rng.standard_normal(n), rng.standard_normal(n)),
        terminal_weight=0.8,
    )
    curvature, centre, slope = p.terminal
    back = p.learning_rate * np.linalg.solve(p.metric, p.actuation.T)

    def rate(t, y):
        theta, costate = y[:n], y[n : 2 * n]
        u, away = -back @ costate, theta - p.minimum[:, None]
        effort = np.einsum("it,ij,jt->t", u, p.metric, u) / (2 * p.learning_rate)
        running = effort + p.loss_weight * np.einsum("it,ij,jt->t", away, p.hessian, away) / 2
        costate_rate = discount * costate - p.loss_weight * p.hessian @ away - p.matrix.T @ costate
        return np.vstack(
            [
                p.matrix @ theta + p.offset[:, None] + p.actuation @ u,
                costate_rate,
                np.exp(-discount * t) * running,
            ]
        )

    def ends(first, last):
        wanted = p.terminal_weight * (curvature @ (last[:n] - centre) + slope)
        return np.concatenate([first[:n] - p.start, last[n : 2 * n] - wanted, first[2 * n :]])

    mesh = np.linspace(0, horizon, 40)
    found = solve_bvp(rate, ends, mesh, np.zeros((2 * n + 1, 40)), tol=1e-8, max_nodes=20000)
    last = found.y[:n, -1]
    final = (last - centre) @ curvature @ (last - centre) / 2 + slope @ last
    exact = solve_exactly(p)
    assert exact.cost == pytest.approx(
        found.y[-1, -1] + math.exp(-discount * horizon) * p.terminal_weight * final, rel=1e-7
    )
    assert exact.control == pytest.approx(-back @ found.y[n : 2 * n, 0], rel=1e-6)


@pytest.mark.parametrize("index", [0, 1, 2, 3, 4, 8, 11])
def test_other_units_change_the_answer_by_their_factors_only(index):
    case = trust_linear.draw(trust_linear.SCALED, 0, index)
    transformed = case.reference
    direct = solve_exactly(trust_linear.rescaled(case.plain, case.units))
    assert direct.kind == transformed.kind
    if direct.kind == "finite":
        assert abs(direct.cost - transformed.cost) <= 1e-8 * transformed.scale + transformed.floor
        assert direct.control == pytest.approx(transformed.control, rel=1e-6)
