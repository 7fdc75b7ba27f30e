"""Each likely mistake with beliefs is refused with what to do."""

import tracemalloc

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.model.belief import GaussianBelief, TaskBelief, belief_model
from landscape_control.support.errors import ProblemError

ONE = lc.GaussianPrior(mean=[1.0], covariance=[0.09])


def problem(loss, hidden, sees=None, start=(0.7,)):
    landscape = lc.Landscape.from_expression(loss, dimension=len(start), hidden=hidden)
    learner = lc.Learner(sees=sees or lc.NoisyGradient(noise=0.5))
    return lc.ControlProblem(
        landscape=landscape, learner=learner, start=start, objective=lc.Objective(horizon=1.0)
    )


def quadratic(theta, hidden):
    return (theta[0] - hidden[0]) ** 2 / 2


def refusal(action, *words):
    with pytest.raises(lc.ProblemError) as caught:
        action()
    for word in words:
        assert word in str(caught.value)


def test_gaussian_curvature_that_may_be_negative():
    curvature = lambda t, h: h[0] * t[0] ** 2 / 2  # noqa: E731
    refusal(lambda: belief_model(problem(curvature, ONE)), "curvature", "exp(φ)", "-∞")
    # negative once in 3.5 million
    belief_model(problem(curvature, lc.GaussianPrior([1.0], [0.04])))
    refusal(lambda: belief_model(problem(curvature, lc.RandomWalk([1.0], [0.01], [0.1]))), "exp(φ)")
    belief_model(
        problem(lambda t, h: ca.exp(h[0]) * t[0] ** 2 / 2, lc.GaussianPrior([1.0], [0.09]))
    )


def test_negative_curvature_hides_in_a_combination():
    matrix = lambda t, h: (h[0] * t[0] ** 2 + 2 * h[1] * t[0] * t[1] + t[1] ** 2) / 2  # noqa: E731
    wide = lc.GaussianPrior([1.0, 0.0], np.diag([0.001, 0.25]))
    refusal(
        lambda: belief_model(problem(matrix, wide, start=(0.7, 0.1))), "without bound", "exp(φ)"
    )
    belief_model(
        problem(matrix, lc.GaussianPrior([1.0, 0.0], np.diag([0.001, 0.04])), start=(0.7, 0.1))
    )


def test_landscapes_that_are_unbounded_by_themselves_are_the_users_choice():
    belief_model(problem(lambda t, h: (t[0] - h[0]) ** 2 - t[1] ** 2, ONE, start=(0.7, 0.1)))
    belief_model(problem(lambda t, h: h[0] * t[0], ONE))  # linear: the effort bounds it


@pytest.mark.parametrize(
    "loss",
    [
        lambda t, h: t[0] ** 2 * ca.exp(6 * h[0] ** 2),
        lambda t, h: t[0] ** 2 / (1e-9 + (h[0] - 1) ** 2),
    ],
)
def test_infinite_expected_loss(loss):
    refusal(lambda: belief_model(problem(loss, ONE)), "do not settle", "narrow the prior")


def test_too_many_variables_to_integrate():
    prior = lc.GaussianPrior(np.zeros(4), np.eye(4))
    loss = lambda t, h: t[0] ** 2 + sum(ca.cos(t[0] * h[i]) for i in range(4))  # noqa: E731
    refusal(lambda: belief_model(problem(loss, prior)), "hidden[3]", "at most 3")


def test_noise_that_vanishes_where_the_learner_starts():
    sees = lc.NoisyGradient(noise=lambda theta: theta[0] - 0.7)
    refusal(lambda: belief_model(problem(quadratic, ONE, sees)), "noise", "ExactGradient()")


def test_observation_that_is_not_finite():
    sees = lc.Observe(lambda t, h: ca.log(h[0] - 2), noise=1.0)
    refusal(lambda: belief_model(problem(quadratic, ONE, sees)), "observation", "domain")


def test_continuous_dynamics_need_noise():
    model = belief_model(problem(quadratic, ONE, lc.ExactGradient()))
    symbols = ca.SX.sym("theta"), ca.SX.sym("mean"), ca.SX.sym("covariance")
    refusal(
        lambda: model.symbolic_covariance_rate(*symbols),
        "ExactGradient()",
        "NoisyGradient",
        "problem.known(values)",
    )
    refusal(lambda: model.symbolic_mean_diffusion(*symbols), "noise")
    refusal(model.steady_covariance, "noise")
    tasks = belief_model(
        problem(quadratic, lc.TaskChain(rates=[[-1, 1], [1, -1]], tasks=[0, 1]), lc.ExactGradient())
    )
    refusal(
        lambda: tasks.symbolic_probability_diffusion(ca.SX.sym("theta"), ca.SX.sym("p", 2)), "noise"
    )


def test_steady_covariance_refuses_what_has_none():
    walk = lc.RandomWalk(mean=[0.0, 0.0], covariance=np.eye(2), diffusion=np.eye(2))
    unseen = belief_model(problem(lambda t, h: (t[0] - h[0] - h[1]) ** 2 / 2, walk))
    refusal(unseen.steady_covariance, "0.707·hidden[0] - 0.707·hidden[1]", "grows for ever")
    nonlinear = belief_model(problem(quadratic, ONE, lc.NoisyLoss(noise=1.0)))
    refusal(nonlinear.steady_covariance, "linear in the hidden variables")
    from_here = belief_model(
        problem(quadratic, ONE, lc.Observe(lambda t, h: t[0] * h[0], noise=1.0))
    )
    refusal(from_here.steady_covariance, "theta=problem.start")
    assert from_here.steady_covariance(theta=[0.7]) < 1e-10


def test_nothing_hidden_and_unknown_filter():
    known = lc.ControlProblem(
        landscape=lc.double_well(), objective=lc.Objective(horizon=1.0), start=[0.0, 0.0]
    )
    refusal(lambda: belief_model(known), "nothing to believe")
    refusal(
        lambda: belief_model(problem(quadratic, ONE), filter="unscentd"), "did you mean 'unscented'"
    )


@pytest.mark.parametrize(
    ("mean", "covariance", "word"),
    [
        ([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], "positive semidefinite"),
        ([0.0, 0.0], [[1.0, 0.5], [0.0, 1.0]], "asymmetry"),
        ([0.0], [1.0], "as a matrix"),
        ([0.0, 0.0], np.eye(3), "(p, p)"),
        ([np.nan], [[1.0]], "finite"),
        ("mean", [[1.0]], "numbers"),
    ],
)
def test_beliefs_that_are_no_gaussians(mean, covariance, word):
    refusal(lambda: GaussianBelief(mean=mean, covariance=covariance), word)


@pytest.mark.parametrize(
    "probabilities", [[0.5, 0.6], [-0.1, 1.1], [[0.5, 0.5], [0.5, 0.4]], [np.nan, 1.0], 1.0]
)
def test_beliefs_that_are_no_probabilities(probabilities):
    refusal(lambda: TaskBelief(probabilities=probabilities), "probabilities")


def test_beliefs_are_read_only():
    belief = GaussianBelief(mean=[0.0], covariance=[[1.0]])
    model = belief_model(problem(quadratic, ONE))
    for array in (
        belief.mean,
        belief.covariance,
        model.initial(3).mean,
        model.predict(model.initial(3), 0.1).covariance,
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


# ---- many hidden variables


def curved(n, matrix):
    """½θᵀ(1 + φ₀·matrix)θ with n hidden variables, φ₀ ~ N(0, 1)."""
    return problem(
        lambda theta, hidden: (
            ca.dot(theta, theta) / 2 + hidden[0] * ca.dot(theta, ca.DM(matrix) @ theta) / 2
        ),
        lc.GaussianPrior(mean=np.zeros(n), covariance=np.eye(n)),
        lc.NoisyGradient(noise=0.5),
        start=np.ones(n),
    )


def test_negative_curvature_in_one_direction_of_thirty_is_found():
    """1 - 3.72·0.3 < 0 along one direction only, in which none of the axes points."""
    direction = np.linalg.qr(np.random.default_rng(0).standard_normal((30, 30)))[0][:, 0]
    belief_model(curved(30, 0.2 * np.outer(direction, direction)))
    with pytest.raises(ProblemError, match="may turn negative"):
        belief_model(curved(30, 0.3 * np.outer(direction, direction)))


def test_many_hidden_variables_cost_no_more_memory_than_their_functions():
    """All pairs of directions and hidden values would take gigabytes."""
    n = 40
    quartic = problem(
        lambda theta, hidden: ca.sum1((theta - hidden) ** 4),
        lc.GaussianPrior(mean=np.zeros(n), covariance=np.eye(n)),
        lc.NoisyGradient(noise=0.5),
        start=np.ones(n),
    )
    tracemalloc.start()
    belief_model(quartic)
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
