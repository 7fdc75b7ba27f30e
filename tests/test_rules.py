"""Closed-form rules against the exact references, their limits as rates, their invariances, and
what they refuse.
"""

import math
import pickle

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control import ProblemError, rules
from landscape_control.reference import LinearQuadratic, longest_horizon
from landscape_control.rules import Observation, Sees, observation, observe, optimal_step

HESSIAN = np.array([[2.0, 0.4, 0.1], [0.4, 1.0, -0.2], [0.1, -0.2, 0.3]])
MINIMUM = np.array([0.5, -1.0, 0.25])
METRIC = np.array([[1.5, 0.3, 0.0], [0.3, 0.8, 0.2], [0.0, 0.2, 2.0]])
SKEW = np.array([[0.0, 1.0, 0.2], [-1.0, 0.0, 0.5], [-0.2, -0.5, 0.0]])
POINTS = np.random.default_rng(3).normal(size=(6, 3))
PRICES = {"discount": 0.7, "learning_rate": 1.3, "loss_weight": 0.9}


def make(horizon=math.inf, learner=None, landscape=None, start=None, **objective):
    landscape = landscape or lc.quadratic(hessian=HESSIAN, minimum=MINIMUM)
    start = np.zeros(landscape.dimension) if start is None else start
    return lc.ControlProblem(
        landscape=landscape,
        learner=learner or lc.Learner(),
        start=start,
        objective=lc.Objective(horizon=horizon, **(PRICES | objective)),
    )


def features(rule, problem, points=POINTS, **options):
    return rule.features(problem, points, **options)[:, :, 0]


def everything(rule):
    """A problem with a metric that depends on θ, a terminal loss, and a drift if the rule admits
    one.
    """
    drift = None if rule.key == "proximal" else lc.linear_drift(-0.2 * np.eye(2), [0.1, 0.0])
    learner = lc.Learner(metric=lambda x: ca.diag(1 + 0.1 * x**2), drift=drift)
    return make(2.0, learner, lc.rosenbrock(2), terminal="loss", terminal_weight=0.3)


def slope(parameter, error):
    return np.polyfit(np.log(parameter), np.log(error), 1)[0]


# ---- the linear-quadratic rule against Riccati equations
# -------------------------------------------------------------

EXACT = {
    "plain": {},
    "metric": {"metric": METRIC},
    "rotation": {"drift_matrix": SKEW},
    "decay with offset and metric": {
        "drift_matrix": -0.4 * np.eye(3),
        "drift_offset": [0.2, 0.0, -0.3],
        "metric": METRIC,
    },
    "invertible actuation": {
        "actuation": np.array([[1.0, 0.5, 0.0], [0.0, 2.0, 0.0], [0.3, 0.0, 1.0]])
    },
    "invertible actuation with drift": {
        "actuation": np.array([[1.0, 0.5, 0.0], [0.0, 2.0, 0.0], [0.3, 0.0, 1.0]]),
        "drift_matrix": 0.3 * SKEW - 0.1 * np.eye(3),
    },
    "rank-deficient actuation": {"actuation": np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])},
}


def exact_policy(parts, horizon, terminal_weight=None):
    end = {} if terminal_weight is None else {"terminal_hessian": terminal_weight * HESSIAN}
    exact = LinearQuadratic(hessian=HESSIAN, minimum=MINIMUM, **PRICES, **parts, **end)
    return (
        exact.infinite().control
        if math.isinf(horizon)
        else lambda points: exact.finite(horizon).control(horizon, points)
    )


def with_parts(parts, horizon, **objective):
    drift = None
    if "drift_matrix" in parts:
        drift = lc.linear_drift(parts["drift_matrix"], parts.get("drift_offset"))
    learner = lc.Learner(metric=parts.get("metric"), actuation=parts.get("actuation"), drift=drift)
    return make(horizon, learner, **objective)


@pytest.mark.parametrize("horizon", [math.inf, 1.7])
@pytest.mark.parametrize("case", EXACT)
def test_linear_quadratic_rule_is_the_riccati_policy(case, horizon):
    expected = exact_policy(EXACT[case], horizon)(POINTS)
    computed = features(rules.linear_quadratic(), with_parts(EXACT[case], horizon))
    np.testing.assert_allclose(computed, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("case", ["metric", "rotation"])
def test_linear_quadratic_rule_pays_a_terminal_loss(case):
    expected = exact_policy(EXACT[case], 0.8, terminal_weight=0.6)(POINTS)
    problem = with_parts(EXACT[case], 0.8, terminal="loss", terminal_weight=0.6)
    np.testing.assert_allclose(
        features(rules.linear_quadratic(), problem), expected, rtol=1e-9, atol=1e-10
    )


def test_linear_quadratic_rule_uses_the_time_that_remains():
    computed = features(rules.linear_quadratic(), make(2.0), elapsed=1.4)
    np.testing.assert_allclose(computed, features(rules.linear_quadratic(), make(0.6)), rtol=1e-12)


def test_linear_quadratic_rule_stops_exactly_at_the_conjugate_point():
    concave = lc.quadratic(hessian=np.diag([1.0, -2.0]))
    longest = longest_horizon(-2.0, **PRICES)
    for factor, defined in (
        (0.5, True),
        (0.999, True),
        (1.001, False),
        (1.6, False),
        (2.4, False),
        (3.2, False),
    ):
        value = features(
            rules.linear_quadratic(), make(factor * longest, landscape=concave), np.ones((1, 2))
        )
        assert np.isfinite(value).all() == defined


# ---- limits, as rates
# ------------------------------------------------------------------------------------------------


def departure(horizon, discount):
    """Relative distance of the optimal policy from gradient descent with the predicted step, on one
    mode h = 2.
    """
    problem = make(horizon, landscape=lc.quadratic(hessian=[[2.0]]), discount=discount)
    rule = rules.gradient_descent()
    predicted = rule.predicted(problem)["learning_rate"] * features(rule, problem, np.ones((1, 1)))
    optimum = features(rules.linear_quadratic(), problem, np.ones((1, 1)))
    return abs(optimum / predicted - 1).item()


def test_optimum_tends_to_gradient_descent_as_the_discount_grows_with_slope_minus_two():
    discounts = np.geomspace(1e3, 1e4, 5)
    errors = [departure(math.inf, g) for g in discounts]
    assert slope(discounts, errors) == pytest.approx(-2, abs=1e-3)
    push = PRICES["learning_rate"] * PRICES["loss_weight"] * 2.0
    assert errors[-1] * discounts[-1] ** 2 == pytest.approx(push, rel=1e-5)


def test_optimum_tends_to_gradient_descent_as_the_horizon_shrinks_with_slope_plus_two():
    horizons = np.geomspace(1e-3, 1e-2, 5)
    errors = [departure(T, 0.0) for T in horizons]
    assert slope(horizons, errors) == pytest.approx(2, abs=1e-3)
    push = PRICES["learning_rate"] * PRICES["loss_weight"] * 2.0
    assert errors[0] / horizons[0] ** 2 == pytest.approx(push / 3, rel=1e-4)


def test_gradient_descent_step_is_ηkT_without_discount_and_ηk_over_γ_without_deadline():
    push = PRICES["learning_rate"] * PRICES["loss_weight"]
    predicted = rules.gradient_descent().predicted
    assert predicted(make(0.3, discount=0.0)) == {
        "learning_rate": pytest.approx(push * 0.3, rel=1e-15)
    }
    assert predicted(make(discount=5.0)) == {"learning_rate": pytest.approx(push / 5, rel=1e-15)}
    assert predicted(make(discount=0.0)) == {"learning_rate": None}
    end = {"terminal": "loss", "terminal_weight": 0.4}
    flat = optimal_step(0.0, make(0.8, **end).objective)  # a terminal loss counts, discounted
    assert predicted(make(0.8, **end)) == {"learning_rate": pytest.approx(float(flat), rel=1e-14)}
    assert predicted(make(learner=lc.Learner(metric=METRIC))) == {"learning_rate": None}
    assert predicted(make(learner=lc.Learner(metric=2 * np.eye(3)), discount=5.0))[
        "learning_rate"
    ] == pytest.approx(push / 10)


def test_optimum_without_discount_or_deadline_is_the_ballistic_rule():
    problem = make(learner=lc.Learner(metric=METRIC), discount=0.0)
    rule = rules.ballistic()
    rate = rule.predicted(problem)["rate"]
    np.testing.assert_allclose(
        rate * features(rule, problem), features(rules.linear_quadratic(), problem), rtol=1e-11
    )


def test_held_plan_moves_as_the_optimal_path_does():
    problem, hold = make(learner=lc.Learner(metric=METRIC)), 1.9
    exact = LinearQuadratic(hessian=HESSIAN, minimum=MINIMUM, metric=METRIC, **PRICES).infinite()
    moved = np.array([exact.path(point, [hold])[0][0] - point for point in POINTS])
    np.testing.assert_allclose(
        hold * features(rules.held_newton(hold=hold), problem), moved, rtol=1e-9, atol=1e-12
    )


def test_held_plan_is_newton_for_long_holds_and_the_optimum_for_short_ones():
    problem = make()
    newton, optimum = features(rules.newton(), problem), features(rules.linear_quadratic(), problem)
    np.testing.assert_allclose(
        1e3 * features(rules.held_newton(hold=1e3), problem), newton, rtol=1e-12
    )
    holds = np.geomspace(1e-4, 1e-3, 4)
    errors = [np.abs(features(rules.held_newton(hold=t), problem) - optimum).max() for t in holds]
    assert slope(holds, errors) == pytest.approx(1, abs=1e-3)


# ---- directions
# ------------------------------------------------------------------------------------------------------


def test_directions_are_the_formulas():
    problem = make(learner=lc.Learner(metric=METRIC))
    gradient = (POINTS - MINIMUM) @ HESSIAN
    np.testing.assert_allclose(
        features(rules.gradient_descent(), problem), -gradient, rtol=1e-13, atol=1e-14
    )
    np.testing.assert_allclose(
        features(rules.natural_gradient(), problem),
        -np.linalg.solve(METRIC, gradient.T).T,
        rtol=1e-12,
    )
    np.testing.assert_allclose(features(rules.newton(), problem), MINIMUM - POINTS, rtol=1e-12)
    decayed = rules.decayed_gradient_descent().features(problem, POINTS)
    np.testing.assert_allclose(
        decayed, np.stack([-gradient, -POINTS], axis=2), rtol=1e-13, atol=1e-14
    )
    drifting = make(learner=lc.Learner(drift=lc.linear_drift(SKEW)))
    compensated = rules.drift_compensated_gradient_descent().features(drifting, POINTS)
    np.testing.assert_allclose(
        compensated, np.stack([-gradient, -POINTS @ SKEW.T], axis=2), rtol=1e-13, atol=1e-14
    )


@pytest.mark.parametrize("key", ["natural_gradient", "newton", "ballistic", "linear_quadratic"])
def test_rules_that_know_the_metric_do_not_depend_on_coordinates(key):
    """θ = Cz with G → CᵀGC gives the same path in θ."""
    change = np.array([[1.0, 0.4, 0.0], [0.0, 0.7, 0.2], [0.5, 0.0, 2.0]])
    here = make(learner=lc.Learner(metric=METRIC))
    there = make(
        learner=lc.Learner(metric=change.T @ METRIC @ change),
        landscape=lc.quadratic(
            hessian=change.T @ HESSIAN @ change, minimum=np.linalg.solve(change, MINIMUM)
        ),
    )
    rule = rules.by_name(key)
    moved = features(rule, there, np.linalg.solve(change, POINTS.T).T) @ change.T
    np.testing.assert_allclose(moved, features(rule, here), rtol=1e-10, atol=1e-12)


def test_gradient_is_seen_through_the_actuation():
    actuation = EXACT["rank-deficient actuation"]["actuation"]
    problem = make(learner=lc.Learner(actuation=actuation))
    gradient = (POINTS - MINIMUM) @ HESSIAN
    np.testing.assert_allclose(
        features(rules.gradient_descent(), problem), -gradient @ actuation, rtol=1e-13, atol=1e-14
    )
    pushed = np.linalg.solve(actuation.T @ HESSIAN @ actuation, (gradient @ actuation).T).T
    np.testing.assert_allclose(features(rules.newton(), problem), -pushed, rtol=1e-11)


def test_newton_and_ballistic_are_undefined_where_the_hessian_is_indefinite():
    problem = make(1.0, landscape=lc.double_well(), start=[1.0, 0.0])
    points = np.array([[0.2, 0.3], [1.0, 0.3]])
    for rule in (rules.newton(), rules.ballistic()):
        finite = np.isfinite(features(rule, problem, points)).all(axis=1)
        assert finite.tolist() == [False, True]


# ---- proximal step
# ---------------------------------------------------------------------------------------------------


def test_proximal_step_on_a_quadratic_is_implicit_euler():
    problem = make(
        0.6, lc.Learner(metric=METRIC), terminal="loss", terminal_weight=0.8, loss_weight=0.0
    )
    gamma, eta = PRICES["discount"], PRICES["learning_rate"]
    span, weight = math.expm1(gamma * 0.6) / gamma, 0.8 * math.exp(-gamma * 0.6)
    system = METRIC / (eta * span) + weight * HESSIAN
    expected = -weight * np.linalg.solve(system, HESSIAN @ (POINTS - MINIMUM).T).T / span
    np.testing.assert_allclose(features(rules.proximal(), problem), expected, rtol=1e-11)
    optimum = exact_terminal_only(problem)
    np.testing.assert_allclose(features(rules.proximal(), problem), optimum, rtol=1e-9)


def exact_terminal_only(problem):
    prices = PRICES | {"loss_weight": 0.0}
    weight = problem.objective.terminal_weight * HESSIAN
    exact = LinearQuadratic(
        hessian=HESSIAN, minimum=MINIMUM, metric=METRIC, terminal_hessian=weight, **prices
    )
    return exact.finite(problem.objective.horizon).control(problem.objective.horizon, POINTS)


def test_proximal_step_leaves_a_concave_shoulder_for_the_lower_end():
    problem = make(
        3.0,
        landscape=lc.double_well(),
        terminal="loss",
        loss_weight=0.0,
        discount=0.0,
        start=[1.0, 0.0],
    )
    start = np.array([[-0.2, 0.4]])
    end = start + 3.0 * features(rules.proximal(), problem, start)
    slope_there = (end - start) / (3.0 * PRICES["learning_rate"]) + problem.landscape.gradient(end)
    np.testing.assert_allclose(slope_there, 0, atol=1e-9)
    grid = np.stack(
        np.meshgrid(np.linspace(-2, 2, 161), np.linspace(-1, 1, 81), indexing="ij"), axis=-1
    ).reshape(-1, 2)

    def energy(points):
        return ((points - start) ** 2).sum(1) / (
            6.0 * PRICES["learning_rate"]
        ) + problem.landscape.loss(points)

    assert energy(end)[0] <= energy(grid).min()


def test_proximal_step_tends_to_gradient_descent_with_slope_one():
    horizons = np.geomspace(1e-6, 1e-5, 4)
    errors = []
    for horizon in horizons:
        problem = make(
            horizon,
            landscape=lc.double_well(),
            terminal="loss",
            loss_weight=0.0,
            discount=0.0,
            start=[1.0, 0.0],
        )
        step = rules.gradient_descent().predicted(problem)["learning_rate"]
        points = POINTS[:, :2]
        gap = features(rules.proximal(), problem, points) - step * features(
            rules.gradient_descent(), problem, points
        )
        errors.append(np.abs(gap).max())
    assert slope(horizons, errors) == pytest.approx(1, abs=1e-3)


# ---- what a rule sees
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", rules.full_information(), ids=lambda rule: rule.key)
def test_every_declared_kind_of_information_is_needed(rule):
    problem = everything(rule)
    full = observe(problem, POINTS[:, :2], rule.sees)
    assert rule.look(full).shape == (6, 2, len(rule.names))
    for kind in rule.sees:
        blind = Observation(values={k: v for k, v in full.values.items() if k is not kind})
        with pytest.raises(ProblemError, match=f"{rule.name.split(' (')[0]}.* needs {kind}"):
            rule.look(blind)


def test_a_rule_cannot_read_what_it_does_not_declare():
    seen = observe(everything(rules.newton()), POINTS[:, :2], frozenset(Sees)).for_rule(
        "nosy rule", frozenset({Sees.GRADIENT})
    )
    assert seen[Sees.GRADIENT].shape == (6, 2)
    with pytest.raises(
        ProblemError, match="nosy rule asks for hessian.*expected what it declares: gradient"
    ):
        seen[Sees.HESSIAN]


def test_observations_by_name_refuse_unknown_names():
    with pytest.raises(ProblemError, match="'gradients'"):
        observation(gradients=[1.0])


# ---- rules as something to run
# ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", rules.full_information(), ids=lambda rule: rule.key)
def test_control_is_linear_in_the_coefficients(rule):
    problem, points = everything(rule), 1 + 0.1 * POINTS[:, :2]
    coefficients = {name: 0.4 + 0.3 * i for i, name in enumerate(rule.names)}
    policy = rule.control(problem, coefficients)
    expected = rule.features(problem, points) @ np.array(list(coefficients.values()))
    np.testing.assert_allclose(policy(points), expected, rtol=1e-14)
    np.testing.assert_allclose(policy(points[2]), expected[2], rtol=1e-9)


def test_stepper_replays_gradient_descent_from_gradients_alone():
    problem, rule = make(), rules.gradient_descent()
    init, update = rule.stepper({"learning_rate": 0.2}, step=0.1)
    theta, state = np.zeros(3), init(np.zeros(3))
    for _ in range(50):
        change, state = update(problem.landscape.gradient(theta)[0], state)
        theta = theta + change
    contraction = np.linalg.matrix_power(np.eye(3) - 0.02 * HESSIAN, 50)
    np.testing.assert_allclose(theta, MINIMUM - contraction @ MINIMUM, rtol=1e-12)
    assert state == {"time": pytest.approx(5.0)}


def test_stepper_is_pure():
    init, update = rules.gradient_descent().stepper({"learning_rate": 0.2}, step=0.1)
    state = init(np.zeros(2))
    first, later = update(np.ones(2), state)
    again, _ = update(np.ones(2), state)
    assert state == {"time": 0.0}
    assert later == {"time": 0.1}
    np.testing.assert_array_equal(first, again)


def test_stepper_of_a_finite_horizon_counts_down():
    problem, rule = make(1.0), rules.linear_quadratic()
    init, update = rule.stepper({"scale": 1.0}, step=0.3)
    seen = observation(
        gradient=problem.landscape.gradient(POINTS[:1])[0], hessian=HESSIAN, metric=np.eye(3), drift=np.zeros(3),
        drift_jacobian=np.zeros((3, 3)), objective=problem.objective,
    )  # fmt: skip
    _, state = update(seen, init(POINTS[0]))
    change, _ = update(seen, state)
    np.testing.assert_allclose(
        change, 0.3 * rule.control(problem, {"scale": 1.0})(POINTS[0], 0.3), rtol=1e-12
    )


# ---- the library
# -----------------------------------------------------------------------------------------------------


def test_library_is_complete_documented_and_ordered_by_containment():
    library = rules.full_information()
    keys = {rule.key for rule in library}
    assert len(keys) == len(library) == 9
    for rule in library:
        assert rule.source
        assert rule.sees
        assert rule.formula.startswith("u = ")
        assert rule.contains <= keys - {rule.key}
        for inner in rule.contains:
            assert rules.by_name(inner).contains <= rule.contains
            assert rules.by_name(inner).richness < rule.richness
    assert rules.by_name("Gradient Descent").key == "gradient_descent"
    assert [rule.key for rule in pickle.loads(pickle.dumps(library))] == [
        rule.key for rule in library
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rules.by_name("newtn"), "did you mean 'newton'"),
        (lambda: rules.by_name(3), "received 3"),
        (lambda: rules.held_newton(hold=0), "hold Δt"),
        (
            lambda: rules.gradient_descent().vector({"learning_rte": 1.0}),
            "did you mean 'learning_rate'",
        ),
        (
            lambda: rules.gradient_descent().vector({"learning_rate": -0.1}),
            r"α: expected a number in \[0, inf\]; received -0.1",
        ),
        (lambda: rules.gradient_descent().vector({}), "received None"),
        # what is no number gets the same refusal, and no TypeError of a comparison
        (lambda: rules.gradient_descent().vector({"learning_rate": "0.1"}), "received '0.1'"),
        (lambda: rules.gradient_descent().vector({"learning_rate": [0.1, 0.2]}), "a number in"),
        (lambda: rules.gradient_descent().vector({"learning_rate": 1j}), "received 1j"),
        (
            lambda: rules.gradient_descent().stepper({"learning_rate": 1.0}, step=0.0),
            "step: expected a number > 0",
        ),
        (lambda: rules.proximal().features(make(), POINTS), "no terminal cost"),
        (
            lambda: rules.proximal().features(
                make(1.0, lc.Learner(drift=np.ones(3)), terminal="loss"), POINTS
            ),
            "a drift",
        ),
        (
            lambda: rules.drift_compensated_gradient_descent().features(make(), POINTS),
            "no drift to compensate",
        ),
        (
            lambda: rules.held_newton(hold=1).features(
                make(1.0, terminal="loss", loss_weight=0), POINTS
            ),
            "no running loss",
        ),
        (
            lambda: rules.linear_quadratic().features(
                make(1.0, terminal=lambda x: x[0] ** 2), POINTS
            ),
            "other than the loss",
        ),
        (lambda: rules.linear_quadratic().check(make(1.0).changed(end=np.ones(3))), "a fixed end"),
        (
            lambda: rules.linear_quadratic().check(
                make(learner=lc.Learner(actuation=np.eye(3)[:, :2], drift=np.ones(3)))
            ),
            "cannot push every direction",
        ),
    ],
)
def test_likely_mistakes_are_refused_in_words(call, message):
    with pytest.raises(ProblemError, match=message):
        call()
