"""A problem as one text: complete, exact to the bit, the same in every process."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import casadi as ca
import numpy as np
import pytest
from recorded_problems import EVERY, HIDDEN, KNOWN, PROGRAMS

import landscape_control as lc
from landscape_control.planning.beliefs import solve_lqg
from landscape_control.policies import GradientDescent
from landscape_control.records import differences, fingerprint, from_specification, specification
from landscape_control.records.expressions import function_from_tree, function_to_tree


def elsewhere(code, *arguments):
    """What a fresh process, with its own hash seed, prints."""
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout


def same(one, other):
    """Equal to the last bit, also the sign of zero."""
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    return one.shape == other.shape and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", EVERY)
def test_text_of_the_rebuilt_problem_is_the_text(name):
    text = specification(EVERY[name])
    rebuilt = from_specification(text)
    assert specification(rebuilt) == text
    assert type(rebuilt) is type(EVERY[name])
    assert fingerprint(rebuilt) == fingerprint(text) == fingerprint(EVERY[name])
    assert differences(EVERY[name], rebuilt) == []


@pytest.mark.parametrize("name", KNOWN | HIDDEN)
def test_rebuilt_functions_and_numbers_agree_to_the_last_bit(name):
    problem, rebuilt = EVERY[name], from_specification(specification(EVERY[name]))
    points = np.random.default_rng(5).standard_normal((4, problem.dimension))
    assert same(problem.start, rebuilt.start)
    assert problem.describe() == rebuilt.describe()
    for one, other in zip(
        problem.landscape.at_prior_mean.derivatives(points),
        rebuilt.landscape.at_prior_mean.derivatives(points),
        strict=True,
    ):
        assert same(one, other)
    for what in ("metric", "drift", "actuation", "terminal_cost"):
        assert same(getattr(problem.model, what)(points), getattr(rebuilt.model, what)(points))
    assert problem.model.constant == rebuilt.model.constant
    assert (
        problem.landscape.at_prior_mean.is_quadratic == rebuilt.landscape.at_prior_mean.is_quadratic
    )


@pytest.mark.parametrize("name", HIDDEN)
def test_rebuilt_observations_agree_to_the_last_bit(name):
    values = []
    for problem in (HIDDEN[name], from_specification(specification(HIDDEN[name]))):
        n, p = problem.dimension, problem.landscape.hidden.dimension
        theta, phi, sees = ca.SX.sym("theta", n), ca.SX.sym("phi", p), problem.learner.sees
        seen = ca.SX(sees.expression(problem.landscape, theta, phi))
        function = ca.Function("h", [theta, phi], [seen, sees.root(theta, seen.numel())])
        values.append([np.array(part) for part in function(np.full(n, 0.3), np.full(p, -0.7))])
    assert all(same(one, other) for one, other in zip(*values, strict=True))


@pytest.mark.parametrize("name", PROGRAMS)
def test_rebuilt_programs_ask_the_same(name):
    one, other = PROGRAMS[name], from_specification(specification(PROGRAMS[name]))
    assert one.family == other.family
    assert (one.cost, one.steps, type(one.sees)) == (other.cost, other.steps, type(other.sees))
    for mine, theirs in zip(
        one.task.curvatures.nodes(5), other.task.curvatures.nodes(5), strict=True
    ):
        assert same(mine, theirs)


@pytest.mark.parametrize("name", ["curved", "double well", "linear-quadratic 3x2"])
def test_a_fresh_process_solves_the_text_to_the_same_bits(name):
    code = (
        "import sys, landscape_control as lc\nfrom landscape_control.records import"
        " from_specification\nsolution = lc.solve(from_specification(sys.argv[1]),"
        " seed=3)\nprint(solution.cost.hex(), *[x.hex() for x in"
        " solution.parameters.ravel().tolist()])"
    )
    solution = lc.solve(KNOWN[name], seed=3)
    wanted = [solution.cost.hex(), *[x.hex() for x in solution.parameters.ravel().tolist()]]
    assert elsewhere(code, specification(KNOWN[name])).split() == wanted


def test_text_is_the_same_in_a_process_that_builds_the_problem_itself():
    code = (
        "import landscape_control as lc\nfrom landscape_control.records import"
        " fingerprint\nprint(fingerprint(lc.ControlProblem(landscape=lc.double_well(), start=[-0.6,"
        " 0.55], end=[1.0, 0.1],objective=lc.Objective(horizon=4.0, discount=0.1))))"
    )
    assert elsewhere(code).strip() == fingerprint(KNOWN["double well"])


@pytest.mark.parametrize(
    ("landscape", "count"),
    [
        (lc.quadratic(hessian=np.diag([1.0, -1.0])), 0),
        (replace(lc.double_well(), minima=None), 0),
        (replace(lc.double_well(), minima=[[1.0, 0.0]]), 1),
        (lc.double_well(tilt=9.0), 1),
        (lc.double_well(), 2),
    ],
)
def test_rebuilt_landscape_has_the_minima_it_had(landscape, count):
    rebuilt = from_specification(
        specification(KNOWN["double well"].changed(landscape=landscape))
    ).landscape
    assert count == (0 if landscape.minima is None else len(landscape.minima))
    assert (
        rebuilt.minima is None
        if landscape.minima is None
        else same(rebuilt.minima, landscape.minima)
    )


def test_rebuilt_landscape_still_has_its_parameters_and_their_minima():
    problem = from_specification(specification(KNOWN["double well"]))
    assert same(problem.landscape.minima, lc.double_well().minima)
    changed, wanted = problem.landscape.with_parameters(tilt=0.1), lc.double_well(tilt=0.1)
    assert same(changed.minima, wanted.minima)
    assert same(changed.loss([[0.3, 0.4]]), wanted.loss([[0.3, 0.4]]))
    assert changed.formula == wanted.formula


def test_belief_problems_solve_alike():
    one, other = (
        solve_lqg(p)
        for p in (HIDDEN["reverting"], from_specification(specification(HIDDEN["reverting"])))
    )
    assert one.cost == other.cost
    assert same(one.policy([0.3], [0.1]), other.policy([0.3], [0.1]))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"discount": 0.2}, ["objective.discount"]),
        (
            {"start": [-0.6, 0.5], "horizon": np.inf, "end": None},
            ["end", "objective.horizon", "start"],
        ),
        ({"landscape": lc.double_well(tilt=0.4)}, ["landscape.parameters.tilt"]),
        (
            {"landscape": replace(lc.double_well(), minima=[[1.0, 0.0]])},
            ["landscape.minima", "landscape.minima_rule"],
        ),
        ({"learner": lc.Learner(drift=lc.linear_drift(-np.eye(2)))}, ["learner.drift"]),
        ({"learner": lc.Learner(metric=lambda t: (1 + t[0] ** 2) * np.eye(2))}, ["learner.metric"]),
    ],
)
def test_differences_name_the_fields(changes, names):
    problem = KNOWN["double well"]
    assert differences(problem, problem.changed(**changes)) == names
    assert fingerprint(problem) != fingerprint(problem.changed(**changes))


def test_a_change_inside_a_function_shows():
    one, other = (
        KNOWN["double well"].changed(
            learner=lc.Learner(metric=lambda t, c=c: (1 + c * t[0] ** 2) * np.eye(2))
        )
        for c in (1.0, np.nextafter(1.0, 2))
    )
    assert differences(one, other) == ["learner.metric"]


def test_differences_of_hidden_variables_and_of_programs():
    assert differences(HIDDEN["reverting"], HIDDEN["jumps"]) == [
        "landscape.hidden",
        "objective.horizon",
    ]
    assert "family" in differences(PROGRAMS["descent"], PROGRAMS["heavy ball"])


def test_every_elementary_operation_survives():
    x = ca.SX.sym("x", 2)
    a, b = x[0], x[1]
    parts = [
        a + b,
        a - b,
        a * b,
        a / b,
        a**b,
        a**2.5,
        a**2,
        2 * a,
        -a,
        1 / a,
        ca.sqrt(a),
        ca.exp(a),
        ca.log(a),
        ca.sin(a),
        ca.cos(a),
        ca.tan(a),
        ca.asin(a),
        ca.acos(a),
        ca.atan(a),
        ca.sinh(a),
        ca.cosh(a),
        ca.tanh(a),
        ca.asinh(a),
        ca.acosh(1 + a),
        ca.atanh(a),
        ca.erf(a),
        ca.erfinv(a),
        ca.log1p(a),
        ca.expm1(a),
        ca.fabs(a),
        ca.sign(a),
        ca.floor(a),
        ca.ceil(a),
        ca.fmin(a, b),
        ca.fmax(a, b),
        ca.fmod(a, b),
        ca.remainder(a, b),
        ca.atan2(a, b),
        ca.hypot(a, b),
        ca.copysign(a, b),
        ca.if_else(a < b, a, b),
        ca.if_else(a <= b, a, b),
        a == b,
        a != b,
        ca.logic_and(a < 1, b < 1),
        ca.logic_or(a < 1, b < 1),
        ca.logic_not(a),
        a * ca.inf,
        ca.SX.nan(),
    ]
    function = ca.Function("f", [x], [ca.vertcat(*parts), ca.diag(x), ca.SX(2, 3)])
    tree = function_to_tree(function, ["x"])
    rebuilt = function_from_tree(json.loads(json.dumps(tree, allow_nan=False)))
    assert function_to_tree(rebuilt, ["x"]) == tree
    for point in ([0.3, 0.7], [0.7, 0.3], [0.5, 0.5]):
        assert same(function(point)[0], rebuilt(point)[0])
    assert rebuilt.sparsity_out(1).nnz() == 2


@dataclass(frozen=True, kw_only=True)
class OwnDescent(GradientDescent):
    """A user's family, defined where its program is."""

    name = "own descent"


def test_a_users_own_family_is_found_where_it_has_been_imported():
    program = from_specification(specification(_own_program()))
    assert type(program.family) is OwnDescent
    text = specification(_own_program()).replace(":OwnDescent", ":NeverSeen")
    with pytest.raises(lc.ProblemError, match="records hold numbers, never code"):
        from_specification(text)


def _own_program():
    from recorded_problems import program

    return program(OwnDescent(constant=True), 4)


TEXT = specification(KNOWN["double well"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged"),
        ("{}", "damaged"),
        (TEXT[:-20], "damaged"),
        (None, "text: expected text; received None"),
        (TEXT.replace('"version":1', '"version":99'), "upgrade"),
        (TEXT.replace("landscape_control problem", "something"), "something else"),
        (TEXT.replace('"kind":"Learner"', '"kind":"Teacher"'), "upgrade"),
        (TEXT.replace('"SQ"', '"SYSTEM"'), "damaged"),
        (TEXT.replace('["SUB",1,2]', '["SUB",1,77]'), "damaged"),
        (TEXT.replace('"dimension":2', '"dimension":3'), "loss expression"),
        (TEXT.replace('"formula"', '"form"'), "damaged"),
    ],
)
def test_damaged_and_foreign_texts_are_refused(text, words):
    with pytest.raises(lc.ProblemError, match=words):
        from_specification(text)


def test_only_problems_have_a_specification():
    with pytest.raises(lc.ProblemError, match=r"solution\.problem"):
        specification(lc.double_well())


def test_importing_the_package_loads_no_labelled_arrays():
    code = (
        "import sys, landscape_control\nfrom landscape_control.records import specification\n"
        "print(*sorted({'xarray', 'pandas', 'h5netcdf', 'h5py', 'dask'} & set(sys.modules)))"
    )
    assert elsewhere(code).strip() == ""
