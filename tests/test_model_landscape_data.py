"""Losses over data sets: against NumPy, in solves and sweeps, in files, and in larger expressions."""

import gc
import json
import pickle
from time import process_time

import casadi as ca
import numpy as np
import pytest
from scipy.optimize import approx_fprime

import landscape_control as lc
from landscape_control.model.belief.exponential_polynomial import terms_of
from landscape_control.model.landscape.sample_mean import SampleMean
from landscape_control.planning.dynamic_programming.bounds.intervals import IntervalFunction
from landscape_control.records.expressions import function_from_tree, function_to_tree
from landscape_control.records.limits import Budget
from landscape_control.support.columns import over_columns
from landscape_control.support.kinks import kinks_of

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(60, 3))
LABELS = np.sign(INPUTS @ [1.0, -0.5, 0.2] + 0.3 * RNG.normal(size=60))
POINTS = RNG.normal(size=(4, 3))
OBJECTIVE = lc.Objective(horizon=2.0)


def logistic(theta, x, y, scale=1.0):
    return ca.log1p(ca.exp(-scale * y * ca.dot(x, theta)))


def by_numpy(theta, scale=1.0, ridge=0.0):
    margins = scale * LABELS * (INPUTS @ theta)
    return np.mean(np.log1p(np.exp(-margins))) + ridge * theta @ theta


def regression(**settings):
    settings = {"dimension": 3, **settings}
    return lc.data_loss(logistic, INPUTS, LABELS, **settings)


def with_parameters():
    return regression(
        penalty=lambda theta, ridge: ridge * ca.sumsqr(theta),
        parameters={"scale": 1.2, "ridge": 0.1},
    )


def test_loss_gradient_and_hessian_are_those_of_numpy():
    landscape = with_parameters()
    loss, gradient, hessian = landscape.derivatives(POINTS)
    assert loss == pytest.approx([by_numpy(point, 1.2, 0.1) for point in POINTS], rel=1e-13)
    for k, point in enumerate(POINTS):
        slope = approx_fprime(point, lambda x: by_numpy(x, 1.2, 0.1), 1e-7)
        assert gradient[k] == pytest.approx(slope, abs=1e-6)
        # of logistic regression: scale² Σ p (1-p) x xᵀ / N, and that of the penalty
        p = 1 / (1 + np.exp(-1.2 * (INPUTS @ point)))
        fisher = 1.44 * (INPUTS * (p * (1 - p))[:, None]).T @ INPUTS / 60
        assert hessian[k] == pytest.approx(fisher + 0.2 * np.eye(3), rel=1e-12)


def test_parameters_of_a_sample_and_of_the_penalty_change_by_name():
    changed = with_parameters().with_parameters(scale=0.5, ridge=0.3)
    assert changed.loss(POINTS) == pytest.approx([by_numpy(p, 0.5, 0.3) for p in POINTS])


def test_a_matrix_of_parameters_reaches_the_samples_as_it_is():
    mixing = RNG.normal(size=(3, 2))
    landscape = lc.data_loss(
        lambda theta, x, mixing: ca.cos(ca.dot(x, mixing @ theta)),
        INPUTS,
        dimension=2,
        parameters={"mixing": mixing},
    )
    wanted = np.mean(np.cos(INPUTS @ mixing @ POINTS[0, :2]))
    assert landscape.loss(POINTS[0, :2]) == pytest.approx([wanted])


def test_least_squares_is_its_quadratic_and_solves_as_one():
    targets = INPUTS @ [1.0, 2.0, 3.0] + 1.0
    landscape = lc.data_loss(
        lambda theta, x, y: (ca.dot(x, theta) - y) ** 2 / 2, INPUTS, targets, dimension=3
    )
    assert landscape.is_quadratic
    assert not regression().is_quadratic
    assert landscape.hessian(POINTS)[2] == pytest.approx(INPUTS.T @ INPUTS / 60, rel=1e-12)
    residuals = INPUTS @ POINTS.T - targets[:, None]
    assert landscape.loss(POINTS) == pytest.approx((residuals**2).mean(0) / 2, rel=1e-12)

    normal = np.linalg.lstsq(INPUTS, targets, rcond=None)[0]
    same = lc.quadratic(hessian=INPUTS.T @ INPUTS / 60, minimum=normal)
    costs = [
        lc.solve(lc.ControlProblem(landscape=loss, start=np.zeros(3), objective=OBJECTIVE)).cost
        for loss in (landscape, same)
    ]
    assert costs[0] - 2 * landscape.loss(normal)[0] == pytest.approx(costs[1], rel=1e-8)


def test_a_loss_that_is_quadratic_for_some_samples_only_is_none():
    inputs = np.append(np.zeros(999), 3.0)
    landscape = lc.data_loss(
        lambda theta, x: ca.if_else(x > 2, theta[0] ** 4, theta[0] ** 2), inputs, dimension=1
    )
    assert not landscape.is_quadratic
    assert landscape.loss([2.0]) == pytest.approx([(999 * 4 + 16) / 1000])


def test_the_expression_is_one_call_whatever_the_number_of_samples():
    few, many = (
        lc.data_loss(
            logistic, RNG.normal(size=(count, 3)), np.ones(count), dimension=3
        )._loss.n_instructions()
        for count in (10, 10_000)
    )
    assert few == many <= 6


def test_ten_thousand_samples_are_built_and_differentiated_at_once():
    """Measured 0.03 s and 0.8 ms; unrolled they take 0.4 s to build alone."""
    inputs = RNG.normal(size=(10_000, 3))
    start = process_time()
    landscape = lc.data_loss(logistic, inputs, np.sign(inputs[:, 0]), dimension=3)
    landscape.derivatives(np.zeros(3))
    built = process_time() - start
    start = process_time()
    for k in range(20):
        landscape.derivatives(np.full(3, k / 20))
    assert built < 0.4
    assert (process_time() - start) / 20 < 0.01


def test_a_solve_gives_what_the_unrolled_loss_gives():
    inputs, labels = INPUTS[:6, :2], LABELS[:6]
    unrolled = lc.Landscape.from_expression(
        lambda theta: (
            ca.sum1(ca.log1p(ca.exp(-ca.DM(labels) * (ca.DM(inputs) @ theta)))) / 6
            + 0.1 * ca.sumsqr(theta)
        ),
        dimension=2,
    )
    mapped = lc.data_loss(
        logistic, inputs, labels, dimension=2, penalty=lambda theta: 0.1 * ca.sumsqr(theta)
    )
    found = [
        lc.solve(lc.ControlProblem(landscape=loss, start=np.zeros(2), objective=OBJECTIVE))
        for loss in (mapped, unrolled)
    ]
    assert all(solution.status.ok for solution in found)
    assert found[0].cost == pytest.approx(found[1].cost, rel=1e-9)


def problem():
    return lc.ControlProblem(
        landscape=with_parameters().above(0.05), start=np.zeros(3), objective=OBJECTIVE
    )


@pytest.mark.parametrize("how", ["specification", "pickle", "file"])
def test_samples_travel_with_the_problem(how, tmp_path):
    original = problem()
    for _ in range(8):  # means that are made later do not matter
        regression()
    if how == "specification":
        text = lc.records.specification(original)
        again = lc.records.from_specification(text)
        assert lc.records.specification(again) == text
    elif how == "pickle":
        again = pickle.loads(pickle.dumps(original))
    else:
        again = lc.load(original.save(tmp_path / "problem.nc"))
    gc.collect()  # the samples belong to the landscape, not to what read it
    assert np.array_equal(again.landscape.hessian(POINTS), original.landscape.hessian(POINTS))
    changed = again.landscape.with_parameters(scale=0.5)
    assert changed.loss(POINTS) == pytest.approx(
        [by_numpy(p, 0.5, 0.1) - 0.05 for p in POINTS], rel=1e-13
    )


def test_a_function_may_make_a_data_loss_and_drop_it():
    landscape = lc.Landscape.from_expression(
        lambda theta: regression().symbolic(theta) + ca.sumsqr(theta), dimension=3
    )
    again = pickle.loads(pickle.dumps(landscape))
    assert again.loss(POINTS) == pytest.approx([by_numpy(p, ridge=1.0) for p in POINTS])


def test_other_samples_are_another_problem():
    other = lc.data_loss(logistic, INPUTS, -LABELS, dimension=3)
    one, two = (
        lc.fingerprint(lc.ControlProblem(landscape=loss, start=np.zeros(3), objective=OBJECTIVE))
        for loss in (regression(), other)
    )
    assert one != two


def test_a_sweep_over_a_parameter_of_the_samples():
    landscape = lc.data_loss(
        lambda theta, x, scale: (ca.tanh(scale * theta[0] * x) - 1) ** 2,
        np.array([0.5, 1.0, 1.5]),
        dimension=1,
        parameters={"scale": 1.0},
    )
    base = lc.ControlProblem(landscape=landscape, start=[0.1], objective=lc.Objective(horizon=1.0))
    swept = lc.sweep(base, {"landscape.scale": [0.5, 1.5]}, measure="cost", workers=1)
    alone = lc.solve(
        lc.ControlProblem(
            landscape=landscape.with_parameters(scale=1.5), start=[0.1], objective=base.objective
        )
    )
    assert float(swept["cost"].sel(scale=1.5)) == pytest.approx(alone.cost, rel=1e-9)


# An expression that calls means is read by many parts of the library, instruction by instruction.


@pytest.fixture
def composed():
    """(function of θ that calls three means of two kinds, the same by NumPy)."""
    theta = ca.SX.sym("theta", 3)
    loss = regression()
    half = lc.data_loss(logistic, INPUTS[:30], LABELS[:30], dimension=3)
    expression = ca.vertcat(
        loss.symbolic(theta) + 2 * half.symbolic(theta) * ca.sin(theta[0]),
        loss.symbolic(2 * theta),
    )
    function = ca.Function("composed", [theta], [expression])

    def numpy_twin(point):
        margins = LABELS[:30] * (INPUTS[:30] @ point)
        of_half = np.mean(np.log1p(np.exp(-margins)))
        return [by_numpy(point) + 2 * of_half * np.sin(point[0]), by_numpy(2 * point)]

    return function, numpy_twin, (loss, half)


def test_means_in_an_expression_are_recorded(composed):
    function, numpy_twin, _ = composed
    tree = json.loads(json.dumps(function_to_tree(function, ["theta"])))
    assert len(tree["means"]) == 2
    rebuilt = function_from_tree(tree)
    assert function_to_tree(rebuilt, ["theta"]) == tree
    assert np.array(rebuilt(POINTS[0])).ravel() == pytest.approx(numpy_twin(POINTS[0]), rel=1e-13)


def test_means_in_an_expression_over_many_points(composed):
    function, numpy_twin, _ = composed
    columns = over_columns(function, 4, columns=[0], differentiable=[0])
    assert np.array(columns(POINTS)) == pytest.approx(
        np.array([numpy_twin(point) for point in POINTS]), rel=1e-13
    )


def test_means_count_as_constants_in_an_expectation_over_hidden_variables():
    theta, phi = ca.SX.sym("theta", 3), ca.SX.sym("phi", 2)
    value = regression().symbolic(theta)
    (term,) = terms_of(value * phi[0] ** 2 + 3 * phi[1], phi)
    assert term.degree == 2
    rebuilt = ca.Function("rebuilt", [theta, phi], [term.factor])
    wanted = by_numpy(POINTS[0]) * 0.25 - 6
    assert float(rebuilt(POINTS[0], [0.5, -2.0])) == pytest.approx(wanted, rel=1e-12)
    assert terms_of(regression().symbolic(ca.vertcat(phi, 1)), phi) is None


def test_means_and_their_derivatives_are_not_bounded_by_intervals():
    theta = ca.SX.sym("theta", 3)
    value = regression().symbolic(theta)
    outputs = ca.vertcat(value, ca.hessian(value, theta)[0][:, 0], theta[0] ** 2)
    bounds = IntervalFunction(ca.Function("bounded", [theta], [outputs]))
    low, high = bounds(np.full((1, 3), -1.0), np.full((1, 3), 2.0))
    assert (low[0, :4] == -np.inf).all()
    assert (high[0, :4] == np.inf).all()
    assert (low[0, 4], high[0, 4]) == pytest.approx((0.0, 4.0))


@pytest.mark.parametrize(
    ("loss", "kinks"),
    [
        (lambda value, theta: value + ca.fabs(theta[0] - 1), ["fabs"]),
        (lambda value, theta: ca.fmax(value, 0.5), ["fmax"]),
        (lambda value, theta: value + ca.fabs(theta[0]) * 0, []),
        (lambda value, theta: value + ca.fmax(theta[0], 0) ** 3, []),
    ],
)
def test_kinks_beside_a_mean_are_found(loss, kinks):
    theta = ca.SX.sym("theta", 3)
    value = regression().symbolic(theta)
    assert kinks_of(ca.Function("beside", [theta], [loss(value, theta)])) == kinks


def relu(theta, x):
    return (ca.fmax(theta[0] * x, 0) - 1) ** 2


def test_a_kink_in_a_sample_is_one_of_the_landscape():
    with pytest.raises(lc.ProblemError, match="of a sample.*fmax"):
        lc.data_loss(relu, INPUTS[:, 0], dimension=1)
    allowed = lc.data_loss(relu, INPUTS[:, 0], dimension=1, allow_kinks=True)
    wanted = np.mean((np.maximum(0.7 * INPUTS[:, 0], 0) - 1) ** 2)
    assert allowed.loss([0.7]) == pytest.approx([wanted])


def test_a_kink_in_the_data_alone_is_none():
    landscape = lc.data_loss(
        lambda theta, x: ca.exp(theta[0] * ca.fabs(x)), INPUTS[:, 0], dimension=1
    )
    assert landscape.loss([0.5]) == pytest.approx([np.mean(np.exp(0.5 * np.abs(INPUTS[:, 0])))])


def test_a_hidden_variable_may_stand_beside_a_data_loss():
    known = regression()
    hidden = lc.Landscape.from_expression(
        lambda theta, phi: known.symbolic(theta) + ca.dot(theta, phi),
        dimension=3,
        hidden=lc.GaussianPrior(np.zeros(3), np.eye(3)),
    )
    values = hidden.given([0.1, 0.2, 0.3]).loss(POINTS)
    assert values == pytest.approx(known.loss(POINTS) + POINTS @ [0.1, 0.2, 0.3])


@pytest.mark.slow
def test_causal_rules_are_optimised_on_a_data_loss():
    landscape = lc.data_loss(
        lambda theta, x, y: ca.log1p(ca.exp(-y * x * theta[0])),
        INPUTS[:10, 0],
        LABELS[:10],
        dimension=1,
        penalty=lambda theta: 0.1 * theta[0] ** 2,
    )
    result = lc.optimize_policy(
        lc.LandscapeDistribution.landscapes(landscape, starts=[[2.0], [-2.0]]),
        lc.policies.GradientDescent(constant=True),
        lc.Objective(horizon=4.0, learning_rate=np.inf),
        starts=2,
    )
    rate = float(np.ravel(result.policy.coefficients["learning_rate"])[0])

    grid = np.linspace(rate - 0.5, rate + 0.5, 101)
    theta = np.tile([2.0, -2.0], (len(grid), 1))
    for _ in range(4):
        slopes = landscape.gradient(theta.reshape(-1, 1)).reshape(theta.shape)
        theta = theta - grid[:, None] * slopes
    end = landscape.loss(theta.reshape(-1, 1)).reshape(theta.shape).mean(1)
    assert 0 < np.argmin(end) < 100
    assert rate == pytest.approx(grid[np.argmin(end)], abs=0.011)


def test_the_noise_of_a_mini_batch_is_that_of_drawn_ones():
    landscape = with_parameters()
    sigma = lc.minibatch_noise(landscape, POINTS[:2], batch_size=8)
    assert sigma.shape == (2, 3, 3)
    p = 1 / (1 + np.exp(1.2 * LABELS * (INPUTS @ POINTS[1])))
    gradients = -(1.2 * LABELS * p)[:, None] * INPUTS
    drawn = gradients[np.random.default_rng(1).integers(60, size=(40_000, 8))].mean(1)
    # drawn from these samples themselves: N-1 in place of N, and 1 % of chance
    assert sigma[1] * 59 / 60 == pytest.approx(np.cov(drawn.T), abs=0.03 * np.trace(sigma[1]))


REFUSALS = {
    "lengths": (lambda: lc.data_loss(logistic, INPUTS, LABELS[:5], dimension=3), "60 of them"),
    "no scalar": (lambda: lc.data_loss(lambda t, x: t * x, INPUTS, dimension=3), "a scalar"),
    "no θ": (lambda: lc.data_loss(lambda t, x: x[0], INPUTS, dimension=3), "depends on θ"),
    "arguments": (
        lambda: lc.data_loss(lambda t: t[0], INPUTS, dimension=3),
        "function of θ of length",
    ),
    "unknown name": (lambda: regression(parameters={"ridge": 1.0}), "ridge.*neither takes"),
    "nan": (lambda: lc.data_loss(logistic, INPUTS * np.nan, LABELS, dimension=3), "inputs"),
    "no samples": (lambda: lc.minibatch_noise(lc.double_well(), [0.0, 0.0]), "data_loss"),
    "penalty": (lambda: regression(penalty=lambda theta: None), "penalty.*return"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_refused(case):
    make, message = REFUSALS[case]
    with pytest.raises(lc.ProblemError, match=message):
        make()


def test_a_derivative_of_a_mean_cannot_be_recorded_and_says_so():
    theta = ca.SX.sym("theta", 3)
    slope = ca.gradient(regression().symbolic(theta), theta)
    with pytest.raises(lc.ProblemError, match="whose operations are not known.*data_loss"):
        function_to_tree(ca.Function("slope", [theta], [slope]), ["theta"])


def tree_of_a_mean():
    theta = ca.SX.sym("theta", 3)
    function = ca.Function("loss", [theta], [regression().symbolic(theta)])
    return json.loads(json.dumps(function_to_tree(function, ["theta"])))


def _set(tree, path, value):
    *path, last = path
    for key in path:
        tree = tree[key]
    tree[last] = value


FORGERIES = {
    "no such mean": (["steps", 3, 1], 1),
    "no such entry": (["steps", 3, 2], 1),
    "a later step": (["steps", 3, 3], 3),
    "an argument too few": (["steps", 3], ["CALL", 0, 0, 0, 1]),
    "a shape": (["means", 0, "data", 0, "shape"], [3, 60]),
    "no data": (["means", 0, "data"], []),
    "all data": (["means", 0, "data"], [{"shape": [1, 1], "values": [1.0]}] * 3),
    "no function": (["means", 0, "function"], 3),
    "means of means": (["means", 0, "function", "means"], []),
    "no list": (["means"], 3),
}


@pytest.mark.parametrize("case", FORGERIES)
def test_a_forged_mean_is_refused(case):
    tree = tree_of_a_mean()
    assert tree["steps"][3][0] == "CALL"
    _set(tree, *FORGERIES[case])
    with pytest.raises(lc.ProblemError):
        function_from_tree(tree)


def test_columns_of_a_recorded_mean_count_in_the_budget():
    with pytest.raises(lc.ProblemError, match="MB"):
        function_from_tree(tree_of_a_mean(), budget=Budget(20_000))
    assert isinstance(vars(function_from_tree(tree_of_a_mean()))["means"][0], SampleMean)
