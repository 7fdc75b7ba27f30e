"""The references of scripts/trust.py against closed forms, and its own bookkeeping: a checker has
to be checked first.
"""

import math
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_bvp

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import trust  # noqa: E402
import trust_beliefs  # noqa: E402
import trust_linear  # noqa: E402
import trust_linear_draws  # noqa: E402
import trust_nonlinear  # noqa: E402
import trust_policies  # noqa: E402
from trust_judging import HANG  # noqa: E402
from trust_linear_reference import LinearNumbers, solve_exactly  # noqa: E402
from trust_paths import PathProblem  # noqa: E402
from trust_search import best_plan  # noqa: E402
from trust_workers import judge_all  # noqa: E402


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


# --- linear-quadratic


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


def test_a_number_is_always_the_same_problem():
    one, two = (trust_linear.draw(trust_linear.PLAIN, 3, 7) for _ in range(2))
    assert (
        one.describe() == two.describe() != trust_linear.draw(trust_linear.PLAIN, 3, 8).describe()
    )


# --- non-linear


def test_path_search_finds_the_closed_form_of_a_bowl():
    bowl = PathProblem(
        running=lambda theta, velocity: (velocity**2 + theta**2).sum(1) / 2,
        loss=lambda theta: (theta**2).sum(1) / 2,
        horizon=2.0,
        discount=0.0,
        start=np.ones(1),
        box=np.array([[-2.0, 2.0]]),
    )
    cost, scale, path, _ = best_plan(bowl)
    assert cost == pytest.approx(math.tanh(2) / 2, rel=1e-8)
    assert scale == pytest.approx(cost)
    assert path.values[-1, 0] == pytest.approx(1 / math.cosh(2), rel=1e-4)


def test_path_search_crosses_the_hill_of_the_first_figure():
    def loss(theta):
        return (theta[:, 0] ** 2 - 1) ** 2 + theta[:, 1] ** 2 - theta[:, 0] / 2

    wells = PathProblem(
        running=lambda theta, velocity: (velocity**2).sum(1) / 2 + loss(theta),
        loss=loss,
        horizon=4.0,
        discount=0.1,
        start=np.array([-0.6, 0.55]),
        end=np.array([1.0625, 0.0]),
        box=np.array([[-2.0, 2.0], [-1.0, 1.0]]),
    )
    assert best_plan(wells)[0] == pytest.approx(0.619463, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "index"),
    [(name, i) for name, (_, group) in trust_nonlinear.GROUPS.items() for i in range(len(group))],
)
def test_both_forms_of_a_nonlinear_problem_are_one(name, index):
    case = trust_nonlinear.draw(name, 0, index)
    rng = np.random.default_rng(1)
    theta = np.array(case.shape.start) + 0.01 * rng.standard_normal((3, len(case.shape.start)))
    u = rng.standard_normal(theta.shape)
    model, problem = case.problem.model, case.problem
    velocity = model.drift(theta) + np.einsum("sij,sj->si", model.actuation(theta), u)
    effort = np.einsum("si,sij,sj->s", u, model.metric(theta), u) / (2 * case.learning_rate)
    expected = effort + case.loss_weight * problem.landscape.loss(theta)
    assert case.paths.running(theta, velocity) == pytest.approx(expected, rel=1e-9)
    if case.shape.terminal is not None:
        assert case.paths.terminal(theta) == pytest.approx(
            case.terminal_weight * model.terminal_cost(theta), rel=1e-9
        )


# --- beliefs and policies


def test_expected_cost_of_a_known_minimum_is_the_deterministic_one():
    known = trust_beliefs.GaussianNumbers(
        hessian=np.eye(1),
        metric=np.eye(1),
        centre=np.zeros(1),
        reversion=0.0,
        diffusion=np.zeros((1, 1)),
        prior_mean=np.zeros(1),
        prior_covariance=np.zeros((1, 1)),
        noise=1.0,
        start=np.ones(1),
        horizon=1.5,
        discount=0.0,
        learning_rate=1.0,
        loss_weight=1.0,
    )
    cost, control = trust_beliefs.gaussian_cost(known)
    assert cost == pytest.approx(math.tanh(1.5) / 2, rel=1e-8)
    assert control[0] == pytest.approx(-math.tanh(1.5), rel=1e-8)


def test_unseen_task_that_mean_reverts_is_aimed_at_short_of_its_mean():
    rate, curvature, discount = 0.4, 1.3, 0.5
    drifting = trust_beliefs.GaussianNumbers(
        hessian=curvature * np.eye(1),
        metric=np.eye(1),
        centre=np.zeros(1),
        reversion=rate,
        diffusion=np.eye(1),
        prior_mean=np.ones(1),
        prior_covariance=np.eye(1),
        noise=0.8,
        start=np.zeros(1),
        horizon=math.inf,
        discount=discount,
        learning_rate=1.0,
        loss_weight=1.0,
    )
    r = math.sqrt(discount**2 / 4 + curvature) - discount / 2
    control = trust_beliefs.gaussian_cost(drifting)[1]
    assert control[0] == pytest.approx(r * (r + discount) / (r + discount + rate), rel=1e-8)


def test_one_step_of_gradient_descent_has_its_best_rate():
    program = trust_policies.Program(
        curvatures=np.array([0.5, 1.0, 2.0]),
        weights=np.array([0.2, 0.5, 0.3]),
        variance=1.0,
        noise=0.0,
        steps=1,
        discount=0.0,
        learning_rate=math.inf,
        kind="terminal",
    )
    h, w = program.curvatures, program.weights
    cost, x = trust_policies.best_rule(program, "gradient descent", True, np.random.default_rng(0))
    assert x[0] == pytest.approx((w @ h**2) / (w @ h**3), rel=1e-5)
    assert cost == pytest.approx(w @ (h * (1 - x[0] * h) ** 2) / 2, rel=1e-9)


@pytest.mark.parametrize("rule", trust_policies.RULES)
def test_second_moments_are_those_of_simulated_rules(rule):
    program = trust_policies.Program(
        curvatures=np.array([0.5]),
        weights=np.ones(1),
        variance=1.0,
        noise=0.7,
        steps=4,
        discount=0.1,
        learning_rate=2.0,
        kind="both",
    )
    rng, count, h = np.random.default_rng(0), 400_000, 0.5
    theta, s, total = rng.standard_normal(count), np.zeros(count), 0.0
    for t in range(4):
        y = h * theta + 0.7 * rng.standard_normal(count)
        if rule == "gradient descent":
            move = -0.8 * y
        elif rule == "heavy ball":
            move = s = 0.4 * s - 0.8 * y
        else:
            s = 0.4 * (s + y)
            move = -0.8 * (y + s)
        theta = theta + move
        total = (
            total + math.exp(-0.1 * t) * move**2 / 4 + math.exp(-0.1 * (t + 1)) * h * theta**2 / 2
        )
    total = total + math.exp(-0.4) * h * theta**2 / 2
    exact = trust_policies.expected_cost(program, rule, 0.8, 0.4)[0]
    assert abs(exact - total.mean()) <= 4 * total.std() / math.sqrt(count)


# --- bookkeeping


def test_a_job_beyond_its_limit_is_a_hang_and_the_others_go_on():
    verdicts = dict(judge_all(time.sleep, [0.0, 60.0, 0.01], workers=1, limit=0.5))
    assert verdicts[60.0].kind == HANG
    assert verdicts[0.0] is verdicts[0.01] is None  # what time.sleep returns


def test_command_line_reports_a_table_and_says_by_its_code_whether_all_is_well(capsys):
    code = trust.main(
        ["--count", "2", "--seed", "0", "--class", "linear-quadratic", "--workers", "1"]
    )
    printed = capsys.readouterr().out
    assert "| linear-quadratic | 2 | 2 |" in printed
    assert code == 0
