"""Maps of paths: which scales they have, and losses over many samples."""

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.display.plotting.one_line.plane import plane_of
from landscape_control.display.plotting.one_line.raster import losses_over
from landscape_control.model.landscape.data_losses import thinned
from landscape_control.trajectories import searching

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(2500, 3))
LABELS = np.sign(INPUTS @ [1.0, -0.5, 0.2] + 0.3 * RNG.normal(size=2500))


def logistic(theta, x, y, sharpness):
    return np.log1p(np.exp(-sharpness * y * (x @ theta)))


@pytest.fixture(scope="module")
def many():
    return lc.data_loss(logistic, INPUTS, LABELS, dimension=3, parameters={"sharpness": 1.0})


def entries(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_sums_of_parameters_have_one_scale_and_single_ones_say_where_they_differ():
    bowl = lc.quadratic(hessian=np.diag([1.0, 1.1, 1.2]))
    objective = lc.Objective(horizon=1.0)
    solution = lc.solve(
        lc.ControlProblem(landscape=bowl, start=[1.0, 0.5, 0.01], objective=objective)
    )
    axes = solution.plot(rules=())
    assert axes.get_aspect() == 1.0
    assert "the two axes have different scales" not in entries(axes.figure)
    axes = solution.plot(rules=(), directions=(0, 2))
    assert axes.get_aspect() == "auto"
    assert "the two axes have different scales" in entries(axes.figure)


def test_beside_a_straight_path_lies_the_parameter_that_it_moves_least():
    along = np.linspace(0, 1, 9)[:, None] * np.array([0.6, 0.0, 0.8])
    plane = plane_of([along], None)
    np.testing.assert_allclose(plane.directions, [[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]], atol=1e-12)
    assert plane.share == pytest.approx(1.0)


def test_a_thinned_loss_is_that_of_some_samples(many):
    few = thinned(many.with_parameters(sharpness=2.0), 500)
    some = np.linspace(0, 2499, 500).astype(int)
    theta = np.array([0.3, -0.1, 0.2])
    exponent = -2.0 * LABELS[some] * (INPUTS[some] @ theta)
    assert few.loss(theta)[0] == pytest.approx(np.mean(np.log1p(np.exp(exponent))), rel=1e-12)
    assert thinned(many, 2000) is None
    assert thinned(lc.double_well(), 1) is None


def test_contours_of_many_samples_are_splines_through_a_third_of_the_points(many):
    plane = plane_of([np.array([[0.0, 0.0, 0.0], [1.0, -0.5, 0.2], [1.0, 0.5, 0.0]])], None)
    x, y = np.linspace(-1, 1, 91), np.linspace(-0.5, 0.5, 91)
    found = losses_over(many, plane, x, y)
    mesh = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    exact = many.loss(plane.lift(mesh)).reshape(91, 91)
    np.testing.assert_allclose(found, exact, rtol=2e-6)


def test_coefficients_found_on_some_samples_first_are_those_of_all(monkeypatch):
    """In small steps heavy ball without momentum is gradient descent, which is searched on all."""
    monkeypatch.setattr(searching, "_FEW_SAMPLES", 50)
    landscape = lc.data_loss(
        logistic, INPUTS[:250], LABELS[:250], dimension=3, parameters={"sharpness": 1.0}
    )
    assert thinned(landscape, searching._FEW_SAMPLES) is not None
    problem = lc.ControlProblem(
        landscape=landscape, start=np.zeros(3), objective=lc.Objective(horizon=1.0)
    )
    solution = lc.solve(problem, starts=1)
    path = lc.trajectory(problem, "heavy_ball", solution=solution)
    held = lc.trajectory(problem, "gradient_descent", solution=solution)
    assert path.coefficients["momentum"] == pytest.approx(0.0, abs=0.02)
    assert path.cost == pytest.approx(held.cost, rel=1e-4)
    for rate in (0.97, 1.03):
        other = path.coefficients | {"learning_rate": rate * path.coefficients["learning_rate"]}
        assert path.cost < lc.trajectory(problem, "heavy_ball", other).cost
