"""Axes of a sweep: names find parameters, values are tried on the problem, cells are visited as
neighbours.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from standard import WELL

from landscape_control import (
    ControlProblem,
    JumpProcess,
    Landscape,
    Learner,
    NoisyGradient,
    Objective,
    OrnsteinUhlenbeck,
    ProblemError,
    double_well,
    quadratic,
)
from landscape_control.model.landscape import LandscapeDistribution, Uniform
from landscape_control.policies import GradientDescent, HeavyBall, NeuralPolicy, PolicyProgram
from landscape_control.sweeps.axes import read_axes
from landscape_control.sweeps.layout import Layout, working_order
from landscape_control.sweeps.paths import parameters, read, resolve, with_values


def hidden(process):
    landscape = Landscape.from_expression(
        lambda t, h: (t[0] - h[0]) ** 2, dimension=1, hidden=process
    )
    return ControlProblem(
        landscape=landscape,
        learner=Learner(sees=NoisyGradient(0.8)),
        start=[1.0],
        objective=Objective(horizon=math.inf, discount=0.3),
    )


MOVING = hidden(OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]))
PROGRAM = PolicyProgram(
    task=LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0),
    family=HeavyBall(constant=True),
    objective=Objective(horizon=10, learning_rate=math.inf),
    sees=NoisyGradient(0.1),
)


@pytest.mark.parametrize(
    ("problem", "name", "path", "value"),
    [
        (WELL, "horizon", "objective.horizon", 2.0),
        (WELL, "objective.discount", "objective.discount", 0.3),
        (WELL, "tilt", "landscape.tilt", 0.3),
        (WELL, "start_0", "start.0", 0.1),
        (MOVING, "rate", "landscape.hidden.rate", 0.2),
        (MOVING, "noise", "learner.sees.noise", 0.5),
        (PROGRAM, "low", "task.curvatures.low", 0.1),
        (PROGRAM, "noise", "sees.noise", 0.2),
        (PROGRAM, "constant", "family.constant", False),
        (PROGRAM, "task.start_variance", "task.start_variance", 2.0),
        (WELL, "seed", "seed", None),
    ],
)
def test_a_name_finds_its_parameter_and_a_value_replaces_only_that(problem, name, path, value):
    assert resolve(problem, name) == path
    if path == "seed":
        return
    changed = with_values(problem, {path: value})
    assert read(changed, path) == value
    before, after = parameters(problem), parameters(changed)
    inside = {
        p for p in before if p == path or path.startswith(f"{p}.") or p.startswith(f"{path}.")
    }
    assert all(
        np.array_equal(before[p], after[p])
        for p in before
        if p not in inside and np.isscalar(before[p])
    )


def test_values_of_several_parts_are_checked_together():
    changed = with_values(PROGRAM, {"task.curvatures.low": 2.0, "task.curvatures.high": 3.0})
    assert changed.task.curvatures == Uniform(2.0, 3.0)  # 2 alone would be above the old upper end


@pytest.mark.parametrize(
    "process",
    [
        OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
        JumpProcess(rate=0.4, mean=[0.0], covariance=[1.0]),
    ],
)
def test_a_process_at_its_stationary_law_stays_there(process):
    values = {"landscape.hidden.covariance": 4.0, "landscape.hidden.mean.0": 2.0}
    changed = with_values(hidden(process), values).landscape.hidden
    assert changed.prior_covariance == [[4.0]]
    assert changed.prior_mean == [2.0]
    assert changed.rate == 0.4


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"horizn": [1]}, "did you mean 'horizon'"),
        ({"objective.horizn": [1]}, "did you mean 'objective.horizon'"),
        ({"start.7": [1]}, "did you mean 'start"),
        ({"horizon": []}, "at least one value"),
        ({}, "at least one axis"),
        ({"horizon": [1.0, -1.0]}, "axis 'horizon' at -1.0: horizon T: expected a number > 0"),
        ({"horizon": 3}, "expected a list of values"),
        ({"horizon": "abc"}, "expected a list of values"),
        ({"horizon": [1, 1]}, "distinct values"),
        ({"horizon": [1, math.nan]}, "received NaN"),
        ({"horizon": ["a"]}, "received 'a'"),
        ({"horizon": [True]}, "received True"),
        ({"horizon": [1, None]}, "named variants"),
        ({"landscape": [double_well()]}, "named variants {label: value}; received Landscape"),
        (
            {"landscape": {"bowl": quadratic(hessian=np.eye(3))}},
            "axis 'landscape' at bowl: start: expected 3 numbers",
        ),
        ({("horizon", "discount"): [(1, 2, 3)]}, "expected 2 values at each point"),
        (
            {("horizon", "discount"): (np.array([1.0, 2.0]), np.array([0.1, 0.2]))},
            "write list(zip(first, second))",
        ),
        ({("horizon", "discount"): ([1.0, 2.0], [0.1, 0.2])}, "one tuple of values per point"),
        ({"terminal_weight": [1.0, 2.0]}, "give the objective one, terminal='loss'"),
        ({"horizon": {1: 1.0, "1": 2.0}}, "different labels; received several that read '1'"),
        ({"horizon": [1], "objective.horizon": [2]}, "'objective.horizon' twice"),
        ({"seed": [-1]}, "an integer >= 0"),
        (
            {"objective": {"a": Objective(horizon=1.0)}, "horizon": [1, 2]},
            "vary the whole or its parts",
        ),
    ],
)
def test_axes_that_cannot_be_are_refused_by_name(axes, words):
    with pytest.raises(ProblemError) as refused:
        read_axes(WELL, axes)
    assert words in str(refused.value)


def test_ends_may_be_given_as_vectors_where_the_end_was_free():
    axis = read_axes(WELL, {"end": [[0.0, 1.0], [1.0, 0.0]]})[0]
    assert axis.paths == ("end.0", "end.1")
    assert np.array_equal(with_values(WELL, axis.row(1)).end, [1.0, 0.0])
    pairs = [(1.0, 0.1), (2.0, 0.2)]
    for points in (pairs, tuple(pairs), [list(pair) for pair in pairs], np.array(pairs)):
        axis = read_axes(WELL, {("horizon", "discount"): points})[0]
        assert [column.tolist() for column in axis.columns] == [[1.0, 2.0], [0.1, 0.2]]


def test_an_ambiguous_name_lists_its_meanings():
    both = ControlProblem(
        landscape=Landscape.from_expression(
            lambda t, horizon: horizon * (t[0] - 1) ** 2, dimension=1, parameters={"horizon": 1.0}
        ),
        start=[0.0],
        objective=Objective(horizon=1.0),
    )
    with pytest.raises(
        ProblemError, match=r"landscape.horizon, objective.horizon all end so"
    ) as refused:
        read_axes(both, {"horizon": [1]})
    assert "write the whole path" in refused.value.advice


def test_long_axes_are_tried_at_their_extremes():
    with pytest.raises(ProblemError, match="axis 'discount' at -1e-06"):
        read_axes(WELL, {"discount": np.linspace(-1e-6, 1.0, 100_000)})


def test_dimensions_have_distinct_names_that_no_variable_takes():
    axes = read_axes(
        PROGRAM,
        {"cost": ["terminal", "running"], ("horizon", "noise"): [(5, 0.1), (10, 0.2)]},
        {"cost"},
    )
    assert [axis.name for axis in axes] == ["cost_axis", "horizon_noise"]
    vectors = read_axes(WELL, {"start": [[0.0, 1.0], [1.0, 0.0]]})[0]
    assert vectors.paths == ("start.0", "start.1")
    families = read_axes(
        PROGRAM, {"family": {"slow": GradientDescent(constant=True), "fast": PROGRAM.family}}
    )[0]
    assert families.labels == ("slow", "fast")


@pytest.mark.parametrize(
    ("shape", "structural", "most"),
    [
        ((4, 5), (False, False), 7),
        ((3, 4, 5), (False, False, False), 9),
        ((3, 4, 5), (True, False, True), 7),
        ((3, 4, 5), (True, True, True), 4),
        ((6,), (False,), 100),
        ((5, 3), (False, True), 2),
    ],
)
def test_every_cell_is_visited_once_and_neighbours_differ_in_one_axis(shape, structural, most):
    layout = Layout(shape=shape, structural=structural, most=most)
    assert sorted(layout.order.tolist()) == list(range(math.prod(shape)))
    positions = np.array(np.unravel_index(layout.order, shape)).T
    outer = positions[:, list(structural)]
    same = (np.diff(outer, axis=0) == 0).all(1)
    steps = np.abs(np.diff(positions, axis=0)).sum(1)
    assert (steps[same] == 1).all()
    assert (~same).sum() == math.prod(
        size for size, outer in zip(shape, structural, strict=True) if outer
    ) - 1
    sizes = np.diff(layout.borders)
    assert sizes.sum() == math.prod(shape)
    assert sizes.min() >= 1
    assert sizes.max() <= most
    assert layout.structures(layout.order[-1:])[0] == tuple(positions[-1][list(structural)])


def test_work_begins_at_the_far_end_and_is_spread_out():
    assert working_order(range(8)) == [7, 3, 5, 1, 6, 2, 4, 0]
    assert working_order([]) == []


def test_a_count_below_all_numbers_is_refused_by_the_name_of_its_axis():
    family = NeuralPolicy(hidden=2, gradient_scale=1.0)
    with pytest.raises(ProblemError, match="hidden"):
        read_axes(replace(PROGRAM, family=family), {"family.hidden": [2.0, -math.inf]})
