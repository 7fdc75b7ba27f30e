"""Landscapes with named parameters: the same expression with other numbers."""

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc

POINTS = np.random.default_rng(3).standard_normal((5, 2))


def wavy(theta, height, slope):
    return height * ca.cos(theta[0]) + ca.sumsqr(theta) + ca.dot(slope, theta)


def own(**changes):
    options = {
        "dimension": 2,
        "formula": "{height:g}·cos θ₁ + |θ|² + slope·θ",
        "parameters": {"height": 2.0, "slope": [0.1, -0.3]},
    }
    return lc.Landscape.from_expression(wavy, **options | changes)


CHANGES = {
    "double well": (lc.double_well(), {"tilt": -0.2}, lc.double_well(tilt=-0.2)),
    "rosenbrock": (lc.rosenbrock(2), {"steepness": 5.0}, lc.rosenbrock(2, steepness=5.0)),
    "three-hump camel": (
        lc.three_hump_camel(),
        {"coupling": -0.5, "quartic": 0.9},
        lc.three_hump_camel(coupling=-0.5, quartic=0.9),
    ),
    "quadratic": (
        lc.quadratic(hessian=np.eye(2)),
        {"hessian": [[2.0, 1.0], [1.0, 3.0]], "minimum": [1.0, -2.0]},
        lc.quadratic(hessian=[[2.0, 1.0], [1.0, 3.0]], minimum=[1.0, -2.0]),
    ),
    "own": (own(), {"slope": [1.0, 0.0]}, own(parameters={"height": 2.0, "slope": [1.0, 0.0]})),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_parameters_give_the_landscape_built_with_them(name):
    landscape, changes, wanted = CHANGES[name]
    changed = landscape.with_parameters(**changes)
    for one, other in zip(changed.derivatives(POINTS), wanted.derivatives(POINTS), strict=True):
        assert np.array_equal(one, other)
    assert (changed.formula, changed.name, changed.is_quadratic) == (
        wanted.formula,
        wanted.name,
        wanted.is_quadratic,
    )
    assert (changed.minima is None) == (wanted.minima is None)
    assert changed.minima is None or np.array_equal(changed.minima, wanted.minima)
    assert not np.array_equal(landscape.loss(POINTS), changed.loss(POINTS))


def test_parameters_are_read_only_and_others_stay():
    landscape = own()
    changed = landscape.with_parameters(height=1.5).with_parameters(slope=[0.0, 1.0])
    assert changed.parameters["height"] == 1.5
    assert list(changed.parameters["slope"]) == [0.0, 1.0]
    assert changed.formula.startswith("1.5·cos")
    with pytest.raises(TypeError):
        landscape.parameters["height"] = 3.0
    with pytest.raises(ValueError, match="read-only"):
        landscape.parameters["slope"][0] = 3.0
    assert lc.Landscape.from_expression(ca.sumsqr, dimension=2).parameters == {}


def test_minima_follow_a_function_and_fixed_ones_are_dropped():
    bowl = lc.Landscape.from_expression(
        lambda t, place: (t[0] - place) ** 2,
        dimension=1,
        parameters={"place": 2.0},
        minima=lambda place: [[place]],
    )
    assert bowl.with_parameters(place=3.0).minima.tolist() == [[3.0]]
    fixed = lc.Landscape.from_expression(
        lambda t, place: (t[0] - place) ** 2, dimension=1, parameters={"place": 2.0}, minima=[[2.0]]
    )
    assert fixed.minima.tolist() == [[2.0]]
    assert fixed.with_parameters(place=3.0).minima is None


def test_lowered_and_hidden_landscapes_keep_their_parameters():
    lowered = lc.double_well().above(0.25).with_parameters(tilt=0.1)
    assert lowered.loss(POINTS) == pytest.approx(
        lc.double_well(tilt=0.1).loss(POINTS) - 0.25, abs=1e-14
    )
    assert lowered.formula == "(θ₁²-1)² + θ₂² - 0.1·θ₁ - (0.25)"
    assert np.array_equal(lowered.minima, lc.double_well(tilt=0.1).minima)
    hidden = lc.Landscape.from_expression(
        lambda t, phi, stiffness: stiffness * (t[0] - phi[0]) ** 2,
        dimension=1,
        hidden=lc.GaussianPrior([1.0], [1.0]),
        parameters={"stiffness": 2.0},
    )
    assert hidden.with_parameters(stiffness=4.0).given([1.0]).loss([[0.0]]) == pytest.approx(4.0)


def test_a_landscape_solves_alike_with_its_numbers_given_or_changed():
    objective = lc.Objective(horizon=1.0)
    costs = [
        lc.solve(
            lc.ControlProblem(landscape=landscape, objective=objective, start=[-0.6, 0.5])
        ).cost
        for landscape in CHANGES["double well"][::2]
        + (lc.double_well().with_parameters(tilt=-0.2),)
    ]
    assert costs[1] == costs[2] != costs[0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: lc.double_well().with_parameters(tlit=0.3), "did you mean 'tilt'"),
        (lambda: lc.double_well().with_parameters(tilt=np.nan), "finite number"),
        (lambda: lc.double_well().with_parameters(tilt="large"), "finite number"),
        (lambda: lc.double_well().with_parameters(tilt=[1.0, 2.0]), "shape"),
        (lambda: lc.rosenbrock(3).with_parameters(pull=-1.0), "pull"),
        (
            lambda: lc.quadratic(hessian=np.eye(2)).with_parameters(
                hessian=[[1.0, 2.0], [0.0, 1.0]]
            ),
            "symmetric",
        ),
        (
            lambda: lc.Landscape.from_expression(ca.sumsqr, dimension=2).with_parameters(tilt=0.3),
            "with parameters",
        ),
        (lambda: own(parameters={"height": 2.0}), "keyword arguments height"),
        (lambda: own(parameters={"not a name": 2.0}), "keyword arguments"),
        (lambda: own(parameters=[2.0]), "parameters: expected {name: value}"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(make, words):
    with pytest.raises(lc.ProblemError, match=words):
        make()


def test_parameters_cost_nothing_once_compiled():
    """The function that is differentiated and mapped is the one that numbers in the expression
    would have given.
    """
    plain = lc.Landscape.from_expression(
        lambda t: (t[0] ** 2 - 1) ** 2 + t[1] ** 2 - 0.5 * t[0], dimension=2
    )
    assert lc.double_well()._loss.serialize() == plain._loss.serialize()
    matrix = np.array([[2.0, 0.0], [0.0, 1.0]])
    bowl = lc.Landscape.from_expression(
        lambda t: ca.dot(t, ca.sparsify(ca.DM(matrix)) @ t) / 2, dimension=2
    )
    assert lc.quadratic(hessian=matrix)._loss.serialize() == bowl._loss.serialize()
