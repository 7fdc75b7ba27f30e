"""Mistakes that a new user makes with methods and results: refused in words that name what was
wrong.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.display import plotting, report
from landscape_control.planning.beliefs import read_linear_model
from landscape_control.rules import metric_modes
from landscape_control.support.errors import ProblemError

WELL = lc.double_well()
LINE = lc.ControlProblem(
    landscape=lc.quadratic(hessian=[[1.0]]), start=[1.0], objective=lc.Objective(horizon=1.0)
)
PLANE = lc.ControlProblem(
    landscape=lc.quadratic(hessian=np.eye(2)), start=[1.0, 1.0], objective=lc.Objective(horizon=1.0)
)
HIDDEN = lc.ControlProblem(
    landscape=lc.Landscape.from_expression(
        lambda theta, hidden: (theta[0] - hidden[0]) ** 2,
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
    ),
    learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
    start=[1.0],
    objective=lc.Objective(horizon=math.inf, discount=0.3),
)
BALL = lc.Policy(
    family=lc.policies.HeavyBall(constant=True),
    coefficients={"learning_rate": 0.1, "momentum": 0.5},
    horizon=9,
)


@pytest.fixture(scope="module")
def plan():
    return lc.solve(LINE)


@pytest.fixture(scope="module")
def beliefs():
    return lc.solve(HIDDEN)


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


@pytest.mark.parametrize("method", ["loss", "gradient", "hessian", "derivatives"])
@pytest.mark.parametrize("points", [[0.1], 0.1, [0.1, 0.2, 0.3], [[0.1], [0.2]], np.zeros((2, 3))])
def test_points_have_as_many_entries_as_the_landscape_parameters(method, points):
    with pytest.raises(
        ProblemError, match=r"points: expected points of 2 parameters.*received shape"
    ):
        getattr(WELL, method)(points)


def test_points_of_a_landscape_of_one_parameter_may_be_numbers():
    line = LINE.landscape
    assert line.loss(2.0) == line.loss([2.0]) == line.loss([[2.0]]) == [2.0]


BELIEFS = {
    "text": (([1.0], ["a"]), "belief: expected numbers; received 'a'"),
    "complex": (([1.0], [1j]), "belief: expected numbers; received complex"),
    "rows": ((np.ones((5, 1)), np.ones((4, 1))), "belief: expected one for each of 5 points"),
    "covariance": (([1.0], (np.zeros(1), [["a"]])), "covariance of the belief"),
}


@pytest.mark.parametrize("name", BELIEFS)
def test_beliefs_are_read_like_arguments(name, beliefs):
    given, said = BELIEFS[name]
    with pytest.raises(ProblemError, match=said):
        beliefs.policy(*given)


def test_one_belief_serves_many_points(beliefs):
    assert beliefs.policy(np.ones((5, 1)), [0.3]).shape == (5, 1)


@pytest.mark.parametrize(
    "options", [{"tolerance": "a"}, {"tolerance": -1.0}, {"seed": 1.5}, {"time_limit": None}]
)
def test_options_that_exact_lqg_does_not_need_are_read_all_the_same(options):
    with pytest.raises(ProblemError, match=next(iter(options))):
        lc.solve(HIDDEN, **options)


@pytest.mark.parametrize(
    ("state", "gradients", "said"),
    [
        (BALL.init(1, 3), [0.1, 0.2, 0.3], "observation: expected a 2-D array"),
        (BALL.init(1, 3), [[0.1, 0.2]], "observation: expected shape \\(1, 3\\)"),
        (BALL.init(1, 3), np.ones((2, 3)), "observation: expected shape \\(1, 3\\)"),
        ((1, 2, 3), np.ones((1, 3)), "state: expected a state as init"),
        (("a", ()), np.ones((1, 3)), "state: expected a state as init"),
    ],
)
def test_gradients_fit_the_state_of_a_policy(state, gradients, said):
    with pytest.raises(ProblemError, match=said):
        BALL.update(state, gradients)


CALLS = {
    "guess of another problem": (
        lambda plan: lc.solve(PLANE, guess=plan),
        "guess: expected a plan of 2 parameters",
    ),
    "name with a zero byte": (lambda plan: plan.save("a\0b.nc"), "path: expected a path"),
    "no name": (lambda plan: plan.save(""), "path: expected a path"),
    "name without end": (lambda plan: lc.save(plan, "x" * 300), "at most 255 bytes"),
    "misspelt keyword of save": (lambda plan: plan.save(pth="x.nc"), "did you mean 'path'"),
    "argument of summary": (lambda plan: plan.summary(1), "summary: expected no arguments"),
    "argument of describe": (
        lambda plan: LINE.describe("all"),
        "format: expected one of 'latex', 'text'",
    ),
    "values of nothing hidden": (
        lambda plan: LINE.known([0.1]),
        "landscape: expected hidden variables",
    ),
    "a number as solver": (
        lambda plan: lc.exponent_curve([1.0], solver=3),
        "solver: expected None, or an object",
    ),
    "no dataset": (
        lambda plan: lc.sweeps.describe("runs"),
        "dataset: expected the dataset of a sweep",
    ),
    "no dataset on a page": (
        lambda plan: report.atlas_page(3),
        "dataset: expected the dataset of a sweep",
    ),
    "page to a number": (lambda plan: report.write_atlas(plan, 3), "path: expected a path"),
    "outcomes of a number": (lambda plan: report.csv_table(3), "outcomes: expected a list"),
    "results of policies": (
        lambda plan: lc.emergence.same_cost(3, 4),
        "first: expected a PolicyResult",
    ),
    "linear model of a known problem": (
        lambda plan: read_linear_model(LINE),
        "expected a landscape with hidden variables",
    ),
    "metric of another size": (
        lambda plan: metric_modes(np.ones((1, 2, 2)), np.ones((1, 3, 3))),
        "metric: expected",
    ),
    "a billion nodes": (
        lambda plan: lc.MarchenkoPastur(0.5).nodes(10**9),
        "count: expected at most",
    ),
    "a trillion episodes": (
        lambda plan: lc.simulate(HIDDEN, BALL, episodes=10**12),
        "episodes: expected at most",
    ),
    "a verdict that is none": (
        lambda plan: plotting.verdict_data(plan),
        "verdict: expected a Verdict",
    ),
    "a plan that is none": (
        lambda plan: plotting.plan_data(3),
        "plan: expected a Plan or a Solution",
    ),
    "a map of a line": (
        lambda plan: plotting.grid_data(LINE.landscape, [[0, 1], [0, 1]]),
        "landscape: expected one of two",
    ),
    "half a box": (lambda plan: plotting.grid_data(WELL, [[0, 1]]), "box: expected"),
    "a box turned round": (
        lambda plan: plotting.grid_data(WELL, [[1, 0], [0, 1]]),
        "box: expected",
    ),
    "too fine a map": (
        lambda plan: plotting.grid_data(WELL, [[0, 1], [0, 1]], points=10**9),
        "points: expected at most",
    ),
    "levels of nothing": (
        lambda plan: plotting.contour_levels([np.nan]),
        "loss: expected an array with finite numbers",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_refused_in_words(name, plan):
    call, said = CALLS[name]
    with pytest.raises(ProblemError, match=said):
        call(plan)


DRAWINGS = {
    "a path of one column": (
        lambda a: plotting.trajectory(a, np.ones((4, 1))),
        "path: expected points of two parameters",
    ),
    "a minimum of three": (
        lambda a: plotting.minima(a, [1.0, 2.0, 3.0]),
        "points: expected points of two parameters",
    ),
    "values of other times": (
        lambda a: plotting.time_series(a, [0.0, 1.0], [1.0, 2.0, 3.0]),
        "values: expected shape",
    ),
    "a map on another grid": (
        lambda a: plotting.heat_map(a, [1.0], [1.0], np.ones((2, 2))),
        "values: expected shape",
    ),
    "an axis that there is not": (lambda a: plotting.log_axes(a, "z"), "which: expected one of"),
    "a legend of a number": (lambda a: plotting.legend(3), "axes: expected"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_are_refused_in_words(name, axes):
    call, said = DRAWINGS[name]
    with pytest.raises(ProblemError, match=said):
        call(axes)


def test_a_progress_function_that_fails_is_named():
    with pytest.raises(
        ProblemError, match="progress: expected a function of one Progress.*received TypeError"
    ):
        lc.sweep(LINE, {"horizon": [1.0, 2.0]}, measure="cost", progress=lambda: None)


def test_columns_of_tables_are_axes_and_arrays_are_lists():
    xarray = pytest.importorskip("xarray")
    found = lc.sweep(LINE, {"horizon": xarray.DataArray([1.0, 2.0])}, measure="cost")
    np.testing.assert_array_equal(found["horizon"], [1.0, 2.0])
    assert lc.certify_global(PLANE, points=np.array([21, 21]), time_limit=20).plan_cost > 0


def test_a_number_of_the_landscape_is_changed_on_the_landscape():
    problem = lc.ControlProblem(
        landscape=WELL, start=[0.5, 0.5], objective=lc.Objective(horizon=1.0)
    )
    with pytest.raises(
        ProblemError, match=r"landscape=problem\.landscape\.with_parameters\(tilt=…\)"
    ):
        problem.changed(tilt=0.1)
    assert (
        problem.changed(landscape=problem.landscape.with_parameters(tilt=0.1)).landscape.parameters[
            "tilt"
        ]
        == 0.1
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: LINE.changed(objective=3, horizon=2.0), "objective: expected an Objective"),
        (lambda: LINE.changed(2.0), r"changed: expected its arguments by name.*changed\(name=…\)"),
        (
            lambda: lc.Uniform(0.1, 1.0, low=0.1, high=1.0),
            "one value for 'high'; received one by position",
        ),
        (lambda: lc.rosenbrock(1), "choose dimension >= 2"),
    ],
)
def test_advice_is_something_that_the_same_call_accepts(call, said):
    with pytest.raises(ProblemError, match=said):
        call()


def test_counts_may_be_arrays_without_axes():
    assert lc.rosenbrock(np.array(3)).dimension == 3
    with pytest.raises(ProblemError, match="dimension: expected an integer"):
        lc.rosenbrock(np.array(3.0))


def test_points_of_several_parameters_may_come_from_zip():
    found = lc.sweep(
        LINE, {("horizon", "discount"): zip([1, 2], [0.1, 0.2], strict=True)}, measure="cost"
    )
    np.testing.assert_array_equal(found["discount"], [0.1, 0.2])
