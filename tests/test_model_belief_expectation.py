"""The expected loss under a belief: exact where it says so, measured where it does not, smooth at
certainty.
"""

import casadi as ca
import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss

import landscape_control as lc
from landscape_control.model.belief import GaussianBelief, TaskBelief, belief_model
from landscape_control.model.belief.exponential_polynomial import terms_of
from landscape_control.support.vectorised import Vectorised

MEAN, COVARIANCE = np.array([0.3, -0.2]), np.array([[0.5, 0.2], [0.2, 0.3]])
POLYNOMIALS = {
    2: lambda t, h: (t[0] - h[0] - 2 * h[1]) ** 2,
    3: lambda t, h: (t[0] - h[0]) ** 2 + t[0] ** 2 * h[0] * h[1] ** 2,
    4: lambda t, h: ((t[0] - h[0]) ** 2 - 1) ** 2 + h[1] * t[0],
    5: lambda t, h: t[0] ** 2 + h[0] ** 3 * (h[1] - t[0]) ** 2,
    6: lambda t, h: (t[0] * h[0] - h[1] ** 2) ** 2 * (1 + h[1] ** 2),
}
LOG_NORMAL = {
    "curvature": lambda t, h: ca.exp(h[0]) * (t[0] - h[1]) ** 2 / 2,
    "several scales": lambda t, h: (
        ca.exp(h[0]) * (t[0] - h[1]) ** 2
        + ca.exp(t[0])
        + ca.tanh(t[0]) * h[1] ** 2 / ca.exp(h[0] - h[1])
    ),
}
OTHERS = {
    "periodic": lambda t, h: ca.cos(h[1]) ** 2 * (t[0] - h[0]) ** 2,
    "softplus": lambda t, h: ca.log(1 + ca.exp(h[0])) * (t[0] - h[1]) ** 2,
    "smooth modulus": lambda t, h: ca.sqrt(1 + (t[0] - h[0]) ** 2 + h[1] ** 2),
}


def model_of(loss, hidden=None):
    landscape = lc.Landscape.from_expression(
        loss, dimension=1, hidden=hidden or lc.GaussianPrior(MEAN, COVARIANCE)
    )
    learner = lc.Learner(sees=lc.Observe(lambda theta, hidden: hidden, noise=1.0))
    return belief_model(
        lc.ControlProblem(
            landscape=landscape, learner=learner, start=[0.8], objective=lc.Objective(horizon=0.1)
        )
    )


def by_quadrature(loss, theta, mean=MEAN, covariance=COVARIANCE, nodes=80):
    """Tensor Gauss-Hermite of high order, from the loss itself."""
    points, weights = hermegauss(nodes)
    grid = np.stack(np.meshgrid(points, points), -1).reshape(-1, 2)
    mass = np.outer(weights, weights).ravel() / (2 * np.pi)
    values, vectors = np.linalg.eigh(covariance)
    hidden = mean + grid @ (vectors * np.sqrt(values)).T
    t, h = ca.SX.sym("t"), ca.SX.sym("h", 2)
    return (
        mass
        @ np.array(ca.Function("f", [t, h], [loss(t, h)]).map(len(hidden))(theta, hidden.T)).ravel()
    )


def exact_model(degree):
    """A model that skips the refusal of losses without lower bound, which odd polynomials are."""
    from landscape_control.model.belief.expectation import gaussian_expectation

    t, h = ca.SX.sym("t"), ca.SX.sym("h", 2)
    return gaussian_expectation(POLYNOMIALS[degree](t, h), t, h, np.diag(COVARIANCE))


@pytest.mark.parametrize("degree", POLYNOMIALS)
def test_polynomials_are_exact(degree):
    t, h = ca.SX.sym("t"), ca.SX.sym("h", 2)
    assert max(term.degree for term in terms_of(POLYNOMIALS[degree](t, h), h)) == degree
    expectation = exact_model(degree)
    assert expectation.is_exact
    for theta in (-1.3, 0.4, 2.0):
        computed = float(expectation.function(theta, MEAN, COVARIANCE))
        np.testing.assert_allclose(computed, by_quadrature(POLYNOMIALS[degree], theta), rtol=1e-12)


@pytest.mark.parametrize("degree", POLYNOMIALS)
def test_polynomials_agree_with_sampling(degree):
    rng, count = np.random.default_rng(degree), 200_000
    hidden = rng.multivariate_normal(MEAN, COVARIANCE, size=count)
    t, h = ca.SX.sym("t"), ca.SX.sym("h", 2)
    sample = Vectorised(ca.Function("f", [t, h], [POLYNOMIALS[degree](t, h)]))(
        np.full((count, 1), 0.4), hidden
    )
    computed = float(exact_model(degree).function(0.4, MEAN, COVARIANCE))
    assert abs(computed - sample.mean()) < 4 * sample.std() / np.sqrt(count)


@pytest.mark.parametrize("name", LOG_NORMAL)
def test_log_normal_scales_are_exact(name):
    model = model_of(LOG_NORMAL[name])
    assert model.expectation.is_exact
    belief = GaussianBelief(mean=MEAN, covariance=COVARIANCE)
    for theta in (-1.3, 0.4):
        np.testing.assert_allclose(
            model.expected_loss([theta], belief), by_quadrature(LOG_NORMAL[name], theta), rtol=1e-12
        )


@pytest.mark.parametrize(
    ("name", "accuracy"), [("periodic", 1e-12), ("softplus", 1e-13), ("smooth modulus", 1e-5)]
)
def test_other_losses_are_integrated_where_needed(name, accuracy):
    model = model_of(OTHERS[name])
    assert "Gauss-Hermite" in model.expectation.method
    assert (
        model.expectation.integrated
        == {"periodic": (1,), "softplus": (0,), "smooth modulus": (0, 1)}[name]
    )
    belief = GaussianBelief(mean=MEAN, covariance=COVARIANCE)
    np.testing.assert_allclose(
        model.expected_loss([0.4], belief), by_quadrature(OTHERS[name], 0.4), rtol=accuracy
    )


@pytest.mark.parametrize("loss", [POLYNOMIALS[4], LOG_NORMAL["curvature"], *OTHERS.values()])
def test_certainty_is_a_smooth_limit(loss):
    """At P = 0: the loss at the mean, and ∂E/∂Pᵢⱼ = ½∂ᵢ∂ⱼL, without infinities in the second
    derivatives.
    """
    model = model_of(loss)
    theta, h = ca.SX.sym("theta"), ca.SX.sym("h", 2)
    curvature = np.array(
        ca.Function("c", [theta, h], [ca.hessian(loss(theta, h), h)[0]])(0.4, MEAN)
    )
    value = float(ca.Function("v", [theta, h], [loss(theta, h)])(0.4, MEAN))
    v = ca.SX.sym("v", 3)
    covariance = ca.vertcat(ca.horzcat(v[0], v[1]), ca.horzcat(v[1], v[2]))
    hessian, slope = ca.hessian(model.symbolic_expected_loss(theta, ca.DM(MEAN), covariance), v)
    function = ca.Function("e", [theta, v], [slope, hessian])
    certain = GaussianBelief(mean=MEAN, covariance=np.zeros((2, 2)))
    np.testing.assert_allclose(model.expected_loss([0.4], certain), value, rtol=1e-12)
    slope, hessian = map(np.array, function(0.4, [0, 0, 0]))
    np.testing.assert_allclose(
        slope.ravel(), [curvature[0, 0] / 2, curvature[0, 1], curvature[1, 1] / 2], atol=3e-5
    )
    assert np.isfinite(hessian).all()
    near = np.array(function(0.4, [1e-5, 0, 1e-5])[1])
    np.testing.assert_allclose(hessian, near, atol=2e-3 * np.abs(near).max())


def test_expected_loss_is_vectorised_over_learners_and_beliefs():
    model = model_of(LOG_NORMAL["curvature"])
    rng, count = np.random.default_rng(0), 500
    theta, mean = rng.standard_normal((count, 1)), rng.standard_normal((count, 2))
    scales = 0.1 + rng.random(count)
    each = GaussianBelief(mean=mean, covariance=COVARIANCE * scales[:, None, None])
    values = model.expected_loss(theta, each)
    assert values.shape == (count,)
    for e in (0, 17, 499):
        one = GaussianBelief(mean=mean[e], covariance=COVARIANCE * scales[e])
        np.testing.assert_allclose(values[e], model.expected_loss(theta[e], one), rtol=1e-12)
    shared = model.expected_loss(theta, GaussianBelief(mean=mean, covariance=COVARIANCE))
    one = GaussianBelief(mean=mean[3], covariance=COVARIANCE)
    np.testing.assert_allclose(shared[3], model.expected_loss(theta[3], one), rtol=1e-12)


def test_expected_loss_over_tasks_is_their_weighted_sum():
    chain = lc.TaskChain(rates=[[-1.0, 1.0], [2.0, -2.0]], tasks=[[-1.0, 0.3], [1.0, -0.4]])
    model = model_of(LOG_NORMAL["curvature"], hidden=chain)
    belief = TaskBelief(probabilities=[[0.25, 0.75], [1.0, 0.0]])
    losses = [float(model._losses(0.8)[k]) for k in range(2)]
    np.testing.assert_allclose(
        model.expected_loss([[0.8], [0.8]], belief),
        [0.25 * losses[0] + 0.75 * losses[1], losses[0]],
    )
    np.testing.assert_allclose(losses[1], np.exp(1.0) * (0.8 + 0.4) ** 2 / 2)


def test_array_and_point_by_point_evaluation_agree():
    x, y = ca.SX.sym("x", 2), ca.SX.sym("y")
    used = ca.vertcat(
        ca.exp(-x[0]) * ca.sin(y),
        ca.atan2(x[1], 1 + y**2),
        ca.log(1 + x[0] ** 2) / ca.sqrt(2 + x[1] ** 2),
        ca.tanh(x[0]) ** 3 - ca.cosh(x[1]),
        ca.log1p(y**2) + ca.erfinv(0.1 * ca.tanh(x[0])),
    )
    function = ca.Function(
        "f", [x, y], [used[:4], ca.horzcat(used[:2], used[2:4]), used[4], ca.SX(3.0) * used[0]]
    )
    rng = np.random.default_rng(0)
    points, single = rng.standard_normal((3000, 2)), rng.standard_normal(1)
    without_erfinv = ca.Function(
        "g", [x, y], [function(x, y)[0], function(x, y)[1], function(x, y)[3]]
    )
    for tested, arrays in ((function, False), (without_erfinv, True)):
        both = Vectorised(tested)
        assert (both.steps is not None) == arrays
        for fast, slow in zip(both(points, single), both.pointwise(points, single), strict=True):
            assert fast.shape == slow.shape
            np.testing.assert_allclose(fast, slow, rtol=1e-13, atol=1e-15)
