"""What it costs to run a rule: closed-loop costs against closed forms, and paths that have none."""

import math

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control import rules
from landscape_control.identification.maps import run_rule
from landscape_control.identification.maps.running import run_rules
from landscape_control.reference import LinearQuadratic

HESSIAN = np.array([[2.0, 0.4], [0.4, 0.5]])
METRIC = np.array([[1.5, 0.3], [0.3, 0.8]])
DRIFT = np.array([[-0.2, 0.6], [-0.6, 0.1]])
RAISED = lc.quadratic(hessian=HESSIAN).above(-1.0)
START = np.array([1.0, -0.7])
PRICES = {"discount": 0.6, "learning_rate": 1.4, "loss_weight": 0.8}


def make(horizon, learner=None, landscape=None, start=START, **objective):
    landscape = landscape or lc.quadratic(hessian=HESSIAN)
    objective = lc.Objective(horizon=horizon, **(PRICES | objective))
    return lc.ControlProblem(
        landscape=landscape, learner=learner or lc.Learner(), objective=objective, start=start
    )


@pytest.mark.parametrize("horizon", [math.inf, 2.5])
@pytest.mark.parametrize("drift", [None, DRIFT], ids=["still", "drifting"])
def test_running_the_linear_quadratic_rule_costs_the_optimum(horizon, drift):
    learner = lc.Learner(metric=METRIC, drift=None if drift is None else lc.linear_drift(drift))
    exact = LinearQuadratic(
        hessian=HESSIAN, minimum=np.zeros(2), metric=METRIC, drift_matrix=drift, **PRICES
    )
    value = (
        exact.infinite().value(START)
        if math.isinf(horizon)
        else exact.finite(horizon).value(horizon, START)
    )
    run = run_rule(make(horizon, learner), rules.linear_quadratic(), {"scale": 1.0}, optimum=value)
    assert run.excess == pytest.approx(0, abs=1e-7)
    assert run.cost == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("horizon", [math.inf, 2.5])
def test_running_gradient_descent_costs_what_its_exponential_path_costs(horizon):
    """θ = θ₀e^{-αht}: J = (α²h²/2η + kh/2)θ₀² (1 - e^{-(γ+2αh)T})/(γ+2αh) + e^{-γT}κhθ(T)²/2."""
    h, alpha, kappa = 3.0, 0.4, 0.7
    end = {} if math.isinf(horizon) else {"terminal": "loss", "terminal_weight": kappa}
    problem = make(horizon, landscape=lc.quadratic(hessian=[[h]]), start=[1.5], **end)
    gamma, eta, k = PRICES["discount"], PRICES["learning_rate"], PRICES["loss_weight"]
    rate = gamma + 2 * alpha * h
    expected = (
        (alpha**2 * h**2 / (2 * eta) + k * h / 2) * 1.5**2 * -math.expm1(-rate * horizon) / rate
    )
    if end:
        expected += math.exp(-rate * horizon) * kappa * h * 1.5**2 / 2
    run = run_rule(problem, rules.gradient_descent(), {"learning_rate": alpha}, optimum=1.0)
    assert run.cost == pytest.approx(expected, rel=1e-7)
    assert run.excess == pytest.approx(expected - 1, rel=1e-6)


@pytest.mark.parametrize("discount", [0.6, 1e-4])
def test_standing_still_forever_costs_the_discounted_loss(discount):
    run = run_rule(
        make(math.inf, discount=discount), rules.gradient_descent(), {"learning_rate": 0.0}
    )
    expected = PRICES["loss_weight"] * START @ HESSIAN @ START / 2 / discount
    assert run.cost == pytest.approx(expected, rel=1e-7)
    assert run.excess is None
    assert "no optimum" in run.reason


def test_effort_is_paid_in_the_local_metric_through_the_actuation():
    """G = 1 + θ², B = 2, u = -1/2·∇Φ-like step: L = θ gives θ̇ = -4α, effort (2α)²(1 + θ²)/2η."""
    learner = lc.Learner(metric=lambda x: 1 + x**2, actuation=[[2.0]])
    landscape = lc.Landscape.from_expression(lambda x: x[0], dimension=1)
    problem = make(1.0, learner, landscape, [0.5], discount=0.0)
    run = run_rule(problem, rules.gradient_descent(), {"learning_rate": 0.25})
    path = lambda t: 0.5 - t  # noqa: E731  (θ̇ = -4α = -1)
    effort = 0.5**2 * (1 + (0.5**3 + 0.5**3) / 3) / (2 * PRICES["learning_rate"])
    loss = PRICES["loss_weight"] * (path(0) + path(1)) / 2
    assert run.cost == pytest.approx(effort + loss, rel=1e-9)


@pytest.mark.parametrize(
    ("problem", "rule", "coefficients", "reason"),
    [
        (make(math.inf, lc.Learner(drift=lc.linear_drift(np.eye(2)))), rules.gradient_descent(), (0.1,), "runs off"),
        (make(1.0, landscape=lc.double_well(), start=[0.1, 0.3]), rules.newton(), (1.0,), "undefined at t = 0, θ ="),
        (make(1.0).changed(end=np.zeros(2)), rules.gradient_descent(), (1.0,), "end is fixed"),
        (make(math.inf, landscape=RAISED, discount=0.0), rules.newton(), (1.0,), "not settled"),
    ],
    ids=["unstable", "undefined", "fixed end", "endless cost"],
)  # fmt: skip
def test_a_rule_without_a_cost_says_why(problem, rule, coefficients, reason):
    run = run_rule(problem, rule, dict(zip(rule.names, coefficients, strict=True)), optimum=1.0)
    assert run.cost is None
    assert run.excess is None
    assert reason in run.reason


def test_a_negative_optimum_still_orders_rules():
    """J* < 0 for a loss below zero: the excess keeps the sign of J_rule - J*."""
    deep = make(math.inf, landscape=lc.quadratic(hessian=HESSIAN).above(10.0))
    exact = (
        LinearQuadratic(hessian=HESSIAN, minimum=np.zeros(2), loss_constant=-10.0, **PRICES)
        .infinite()
        .value(START)
    )
    assert exact < 0
    run = run_rule(deep, rules.newton(), {"step": 1.0}, optimum=exact)
    assert run.excess == pytest.approx((run.cost - exact) / -exact, rel=1e-12)
    assert run.excess > 1e-3


def test_a_path_that_cannot_be_followed_is_given_up_after_a_bounded_effort():
    """Newton's direction blows up next to the line where the Hessian is singular, and the path
    chatters along it.
    """
    landscape = lc.rosenbrock(30)
    problem = make(2.0, landscape=landscape, start=np.zeros(30), discount=0.3)
    run = run_rule(problem, rules.newton(), {"step": 3.0})
    assert run.cost is None
    assert "too rough" in run.reason or "undefined" in run.reason


def test_a_stiff_rule_is_followed_to_its_end():
    landscape = lc.Landscape.from_expression(
        lambda x: 0.5 * ca.dot(ca.DM([1.0, 1e4]) * x, x), dimension=2
    )
    run = run_rule(
        make(math.inf, landscape=landscape), rules.gradient_descent(), {"learning_rate": 0.5}
    )
    gamma, eta, k = PRICES["discount"], PRICES["learning_rate"], PRICES["loss_weight"]
    curvatures = np.array([1.0, 1e4])
    expected = (
        (curvatures**2 / 8 / eta + k * curvatures / 2) * START**2 / (gamma + curvatures)
    ).sum()
    assert run.cost == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("horizon", [2.0, math.inf])
def test_rules_cost_side_by_side_what_they_cost_alone(horizon):
    """One that is undefined on its way, and is given up there, does not change what the others cost."""
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(2, steepness=20.0),
        start=[-1.2, 1.0],
        objective=lc.Objective(horizon=horizon, discount=0.3),
    )
    numbers = {"gradient_descent": 0.3, "newton": 0.5, "ballistic": 0.4}
    chosen = [rules.by_name(key) for key in numbers]
    fitted = [(rule, {rule.names[0]: numbers[rule.key]}) for rule in chosen]
    together = run_rules(problem, fitted, optimum=1.0)
    for run, (rule, coefficients) in zip(together, fitted, strict=True):
        alone = run_rule(problem, rule, coefficients, optimum=1.0)
        assert (run.cost is None) == (alone.cost is None)
        assert run.reason[:20] == alone.reason[:20]
        if alone.cost is not None:
            assert run.cost == pytest.approx(alone.cost, rel=1e-7)
    assert together[0].cost is not None


def test_at_rest_in_the_minimum_there_is_no_cost_to_compare_with():
    """J* is zero up to the error of its own sum: no excess is a share of it."""
    objective = lc.Objective(horizon=math.inf, discount=1.0)
    bowl = lc.quadratic(hessian=[[2.0]], minimum=[0.1])
    problem = lc.ControlProblem(landscape=bowl, start=[0.1], objective=objective)
    verdict = lc.compare(problem, starts=[[1.1], [-0.4], [0.7]])
    assert {row.excess_cost for row in verdict.rows} == {None}
    assert "optimal cost is zero" in str(verdict)


@pytest.mark.parametrize("origin", [0.0, 1e3, 1e6])
def test_costs_do_not_depend_on_where_the_origin_is(origin):
    """J of gradient descent on diag(1, 2), ∫(θ̇²/2 + L) = Σ h(α²h + 1)(1 - e^(-2αhT))d²/4αh."""
    bowl = lc.quadratic(hessian=np.diag([1.0, 2.0]), minimum=[origin, origin])
    problem = lc.ControlProblem(
        landscape=bowl, start=[origin + 1, origin + 2], objective=lc.Objective(horizon=1.0)
    )
    rate, h, distance = 0.4, np.array([1.0, 2.0]), np.array([1.0, 2.0])
    expected = np.sum((rate**2 * h + 1) * -np.expm1(-2 * rate * h) * distance**2 / (4 * rate))
    run = run_rule(problem, rules.gradient_descent(), {"learning_rate": rate})
    assert run.cost == pytest.approx(expected, rel=1e-7)
