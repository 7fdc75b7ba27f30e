"""Losses of another program, called for their numbers: the same answers, at the door or not at all."""

import gc
import json
import pickle

import numpy as np
import pytest

import landscape_control as lc

WELL = lc.double_well()


def value(theta):
    return (theta[0] ** 2 - 1) ** 2 + theta[1] ** 2 - 0.5 * theta[0]


def gradient(theta):
    return np.array([4 * theta[0] * (theta[0] ** 2 - 1) - 0.5, 2 * theta[1]])


def hessian(theta):
    return np.diag([12 * theta[0] ** 2 - 4, 2.0])


def external(**changes):
    functions = {"value": value, "gradient": gradient, "hessian": hessian} | changes
    return lc.external_loss(**functions, dimension=2)


def problem(landscape):
    objective = lc.Objective(horizon=1.0, discount=0.1)
    return lc.ControlProblem(landscape=landscape, start=[-0.6, 0.55], objective=objective)


@pytest.mark.parametrize(("own", "accuracy"), [(hessian, 1e-12), (None, 1e-8)])
def test_derivatives_are_those_of_the_expression(own, accuracy):
    points = np.random.default_rng(0).normal(size=(5, 2))
    for given, wanted in zip(
        external(hessian=own).derivatives(points), WELL.derivatives(points), strict=True
    ):
        assert given == pytest.approx(wanted, rel=accuracy, abs=accuracy)


@pytest.mark.parametrize(
    ("own", "accuracy"),
    [(hessian, 1e-12), pytest.param(None, 1e-9, marks=pytest.mark.slow)],
)
def test_a_solve_finds_the_plan_of_the_expression(own, accuracy):
    solution = lc.solve(problem(external(hessian=own)), starts=1)
    gc.collect()
    wanted = lc.solve(problem(WELL), starts=1)
    assert solution.status.ok
    assert solution.cost == pytest.approx(wanted.cost, rel=accuracy)


def test_a_rule_runs_on_an_external_loss():
    rule = lc.trajectory(problem(external()), "gradient_descent", {"learning_rate": 1.0})
    same = lc.trajectory(problem(WELL), "gradient_descent", {"learning_rate": 1.0})
    assert rule.cost == pytest.approx(same.cost, rel=1e-9)


def test_a_point_is_computed_once_for_all_columns_of_its_hessian():
    calls = []

    def counted(theta):
        calls.append(theta)
        return hessian(theta)

    landscape = external(hessian=counted)
    calls.clear()
    landscape.derivatives([[0.1, 0.2], [0.3, 0.4]])
    assert len(calls) == 2


MISFITS = {
    "another gradient": ({"gradient": lambda t: 1.01 * gradient(t)}, "gradient.*derivative of the"),
    "another Hessian": ({"hessian": lambda t: 1.01 * hessian(t)}, "hessian.*derivative of the"),
    "a shape": ({"hessian": lambda t: hessian(t)[0]}, r"hessian.*shape \(2, 2\).*shape \(2,\)"),
    "text": ({"value": lambda t: "a"}, "value.*numbers"),
    "an error": ({"value": lambda t: 1 / 0}, "value.*ZeroDivisionError.*PyTorch"),
    "nan": ({"gradient": lambda t: gradient(t) * np.nan}, "gradient.*nan"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_functions_that_do_not_fit_are_refused(case):
    changes, message = MISFITS[case]
    with pytest.raises(lc.ProblemError, match=f"external loss, {message}"):
        external(**changes)


def optimised(of):
    return lc.optimize_policy(
        lc.LandscapeDistribution.landscapes(of.landscape, starts=[[-0.6, 0.55]]),
        lc.policies.GradientDescent(constant=True),
        lc.Objective(horizon=3.0, learning_rate=np.inf),
        starts=1,
    )


IMPOSSIBLE = {
    "save": lambda of: of.save("nowhere.nc"),
    "pickle": pickle.dumps,
    "fingerprint": lc.fingerprint,
    "sweep": lambda of: lc.sweep(of, {"horizon": [1.0, 2.0]}, measure="cost"),
    "causal rules": optimised,
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_needs_the_operations_is_refused_in_words(case):
    with pytest.raises(lc.ProblemError, match="another program.*(to_dict|data_loss)"):
        IMPOSSIBLE[case](problem(external()))


def test_numbers_of_a_result_are_there_all_the_same():
    solution = lc.solve(problem(external()), starts=1)
    plain = json.loads(json.dumps(solution.to_dict(), allow_nan=False))
    assert plain["cost"] == solution.cost
    assert plain["problem"] == {"description": solution.problem.describe()}
    np.testing.assert_array_equal(solution.to_xarray().parameters, solution.parameters)


@pytest.mark.networks
def test_a_loss_of_torch():
    torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")

    def loss(theta):
        return (theta[0] ** 2 - 1) ** 2 + theta[1] ** 2 - 0.5 * theta[0]

    functional = torch.autograd.functional
    landscape = lc.external_loss(
        lambda theta: loss(torch.tensor(theta)).item(),
        lambda theta: functional.jacobian(loss, torch.tensor(theta)).numpy(),
        lambda theta: functional.hessian(loss, torch.tensor(theta)).numpy(),
        dimension=2,
    )
    wanted = lc.solve(problem(WELL)).cost
    assert lc.solve(problem(landscape)).cost == pytest.approx(wanted, rel=1e-10)
