"""The references of scripts/trust.py against closed forms, and its own bookkeeping: a checker has
to be checked first.
"""

import math
import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import trust  # noqa: E402
import trust_beliefs  # noqa: E402
import trust_linear  # noqa: E402
import trust_nonlinear  # noqa: E402
import trust_policies  # noqa: E402
from trust_judging import HANG  # noqa: E402
from trust_paths import PathProblem  # noqa: E402
from trust_search import best_plan  # noqa: E402
from trust_workers import judge_all  # noqa: E402


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
