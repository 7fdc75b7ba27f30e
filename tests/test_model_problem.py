"""Bad input is refused where it enters, with what was expected, what was received and what to do."""

import math

import casadi as ca
import numpy as np
import pytest
from standard import well

import landscape_control as lc

OBJECTIVE = lc.Objective(horizon=4.0, discount=0.1)


MISTAKES = {
    "start of the wrong length": (
        lambda: well(start=[0.0, 1.0, 2.0]),
        r"start: expected 2 numbers.*received shape \(3,\)",
    ),
    "NaN in the start": (
        lambda: well(start=[0.0, math.nan]),
        "start: expected finite numbers.*index",
    ),
    "end of the wrong length": (lambda: well(end=[1.0]), "end: expected 2 numbers"),
    "metric not symmetric": (
        lambda: well(learner=lc.Learner(metric=[[1, 0.5], [0, 1]])),
        "expected a symmetric matrix",
    ),
    "metric not definite": (
        lambda: well(learner=lc.Learner(metric=np.diag([1, -1.0]))),
        "positive definite.*eigenvalue -1",
    ),
    "metric of the wrong shape": (
        lambda: well(learner=lc.Learner(metric=np.eye(3))),
        "metric G: expected shape 2 x 2",
    ),
    "parameter-space metric with few controls": (
        lambda: well(learner=lc.Learner(metric=np.eye(2), actuation=[[1.0], [0.0]])),
        "B.T @ G @ B",
    ),
    "matrix as drift": (lambda: well(learner=lc.Learner(drift=np.eye(2))), "linear_drift"),
    "zero actuation": (
        lambda: well(learner=lc.Learner(actuation=np.zeros((2, 1)))),
        "at least one direction",
    ),
    "no controls": (
        lambda: well(learner=lc.Learner(actuation=np.ones((2, 0)))),
        "actuation: expected at least one number",
    ),
    "horizon zero": (lambda: lc.Objective(horizon=0.0), "horizon T: expected a number > 0"),
    "negative discount": (
        lambda: lc.Objective(horizon=1.0, discount=-0.1),
        "discount γ: expected a number >= 0",
    ),
    "learning rate zero": (lambda: lc.Objective(horizon=1.0, learning_rate=0.0), "learning_rate η"),
    "free movement": (
        lambda: well(objective=lc.Objective(horizon=1.0, learning_rate=math.inf)),
        "free movement",
    ),
    "nothing to minimise": (
        lambda: well(objective=lc.Objective(horizon=1.0, loss_weight=0.0)),
        "doing nothing is optimal",
    ),
    "terminal cost at infinity": (
        lambda: lc.Objective(horizon=math.inf, terminal="loss"),
        "finite horizon",
    ),
    "misspelt terminal": (
        lambda: lc.Objective(horizon=1.0, terminal="los"),
        "None, 'loss' or a function",
    ),
    "fixed end at infinity": (
        lambda: well(objective=lc.Objective(horizon=math.inf), end=[1, 0]),
        "free end",
    ),
    "unreachable end": (
        lambda: well(learner=lc.Learner(actuation=[[1.0], [0.0]]), end=[1.0, 0.0]),
        "that the actuation can reach",
    ),
    "vector loss": (
        lambda: lc.Landscape.from_expression(lambda t: t**2, dimension=2),
        r"expected a scalar; received shape \(2, 1\)",
    ),
    "kinked loss": (
        lambda: lc.Landscape.from_expression(lambda t: ca.fabs(t[0]), dimension=1),
        "uses fabs.*smooth it",
    ),
    "loss through the math module": (
        lambda: lc.Landscape.from_expression(lambda t: math.sin(t), dimension=1),
        "no numbers yet.*casadi.sin",
    ),
    "untraceable loss": (
        lambda: lc.Landscape.from_expression(lambda t: t.norm(), dimension=1),
        "AttributeError.*CasADi operations",
    ),
    "loss with foreign symbols": (
        lambda: lc.Landscape.from_expression(lambda t: ca.SX.sym("a") * t[0], dimension=1),
        "free symbols",
    ),
    "infinite loss at the start": (
        lambda: lc.ControlProblem(
            landscape=lc.Landscape.from_expression(lambda t: ca.log(t[0]), dimension=1),
            objective=OBJECTIVE,
            start=[0.0],
        ),
        "finite value, gradient and Hessian",
    ),
    "not a landscape": (
        lambda: well(landscape=lambda t: t),
        "landscape: expected a Landscape; received function",
    ),
    "asymmetric Hessian": (
        lambda: lc.quadratic(hessian=[[1, 2], [0, 1]]),
        "hessian: expected a symmetric matrix",
    ),
    "misspelt solver": (
        lambda: lc.solve(well(), solver="fatropp"),
        "'auto', 'fatrop', 'ipopt'.*did you mean 'fatrop'",
    ),
    "misspelt method": (
        lambda: lc.solve(well(), method="colocation"),
        "did you mean 'collocation'",
    ),
    "misspelt option": (lambda: lc.solve(well(), max_element=3), "did you mean 'max_elements'"),
    "misspelt number": (lambda: lc.Solver(well()).solve(horzon=3.0), "did you mean 'horizon'"),
    "action without full control": (
        lambda: lc.solve(well(learner=lc.Learner(actuation=[[1.0], [0.0]])), method="action"),
        "square and invertible",
    ),
    "end changed from free to fixed": (
        lambda: lc.Solver(well()).solve(end=[1.0, 0.0]),
        "build another Solver",
    ),
    "guess of the wrong shape": (lambda: lc.solve(well(), guess=np.zeros((5, 3))), r"\(N\+1, 2\)"),
    "NaN in a guess": (
        lambda: lc.solve(well(), guess=[math.nan, 0.0]),
        "guess: expected .*; received NaN or infinity",
    ),
    "guess of another type": (lambda: lc.solve(well(), guess=object()), "received object"),
    "guess function of the wrong size": (
        lambda: lc.solve(well(), guess=lambda t: [t]),
        r"returns 2 numbers; received one",
    ),
    "misspelt rule as guess": (
        lambda: lc.solve(well(), guess="gradient decent"),
        "did you mean 'gradient descent'",
    ),
    "collocation degree beyond the tables": (
        lambda: lc.Collocation(degree=10),
        "at most 9.*more elements",
    ),
    "misspelt field of the objective": (
        lambda: lc.Objective(horizon=1.0, discout=0.1),
        "did you mean 'discount'",
    ),
    "misspelt field of the learner": (lambda: lc.Learner(metrc=1.0), "did you mean 'metric'"),
    "misspelt change": (lambda: well().changed(discout=0.1), "did you mean 'discount'"),
    "misspelt tolerance": (lambda: lc.solve(well(), tolerence=1e-3), "did you mean 'tolerance'"),
    "number as text": (lambda: lc.Objective(horizon="4"), "pass horizon T as one number"),
    "seed as text": (lambda: lc.solve(well(), seed="a"), "seed: expected an integer"),
    "guess that raises": (lambda: lc.solve(well(), guess=lambda t: 1 / 0), "ZeroDivisionError"),
    "time as text": (
        lambda: lc.solve(well()).at("a"),
        r"t: expected a number or a 1-D array of numbers; received 'a'",
    ),
    "tolerance zero": (lambda: lc.solve(well(), tolerance=0.0), "tolerance: expected a number > 0"),
    "unknown optimiser option": (
        lambda: lc.solve(well(), options={"max_iterr": 3}),
        "options of fatrop",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_has_its_message(mistake):
    action, message = MISTAKES[mistake]
    with pytest.raises(lc.ProblemError, match=message) as caught:
        action()
    assert "What to do:" in str(caught.value)


def test_a_cost_for_ever_is_refused_with_the_number_to_subtract():
    with pytest.raises(lc.ProblemError, match=r"landscape\.above\(-0\.5147"):
        lc.solve(well(objective=lc.Objective(horizon=math.inf)))


def test_an_uncontrolled_mode_at_infinity_is_named():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)),
        learner=lc.Learner(actuation=[[1.0], [0.5]]),
        objective=lc.Objective(horizon=math.inf),
        start=[1.0, 1.0],
    )
    with pytest.raises(
        lc.UnstabilisableError, match=r"mode v·θ with v = \[.*\].*raise the discount"
    ):
        lc.solve(problem)


def test_description_states_the_functional_with_every_number():
    problem = well(
        learner=lc.Learner(
            metric=np.diag([1.0, 2.5]),
            drift=lc.linear_drift(-0.25 * np.eye(2)),
            actuation=np.eye(2),
        ),
        objective=lc.Objective(
            horizon=3.5,
            discount=0.125,
            learning_rate=0.75,
            loss_weight=1.5,
            terminal="loss",
            terminal_weight=0.625,
        ),
    )
    text = problem.describe()
    for part in (
        "∫₀^3.5",
        "e^(-0.125 t)",
        "uᵀGu / (2·0.75)",
        "1.5·L(θ)",
        "0.625·L(θ(3.5))",
        "f(θ) + B u",
        "2.5",
        "-0.25",
        "(θ₁²-1)²",
        "-0.6",
        "0.55",
        "free",
        "planning horizon 1/γ = 8",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    "change",
    [
        {"horizon": 3.0},
        {"discount": 0.4},
        {"learning_rate": 2.0},
        {"loss_weight": 2.0},
        {"start": [-0.5, 0.2]},
        {"learner": lc.Learner(metric=np.diag([1.0, 3.0]))},
        {"learner": lc.Learner(metric=np.array([[1.0, 0.4], [0.4, 1.0]]))},
        {"learner": lc.Learner(drift=np.array([0.1, 0.0]))},
        {"learner": lc.Learner(actuation=np.diag([1.0, 0.5]))},
    ],
)
def test_every_ingredient_really_enters_the_cost(change):
    plain = lc.solve(well()).cost
    assert abs(lc.solve(well().changed(**change)).cost - plain) > 1e-4


def test_changing_numbers_keeps_the_rest():
    problem = well()
    other = problem.changed(discount=0.7, start=[0.1, 0.2])
    assert other.objective.discount == 0.7
    assert other.objective.horizon == 4.0
    assert other.start.tolist() == [0.1, 0.2]
    assert other.model is problem.model
