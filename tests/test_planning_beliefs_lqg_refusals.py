"""Exact LQG says what it cannot plan, and what nobody observes."""

import math

import casadi as ca
import numpy as np
import pytest
import standard
from lqg_problems import one_mode
from scipy.linalg import expm

import landscape_control as lc
from landscape_control.planning.beliefs.linear_model import NotLinearQuadratic
from landscape_control.planning.beliefs.lqg import solve_lqg


def sum_of_two(sees):
    """The minimum is the sum of two hidden variables; gradients never tell them apart."""
    return standard.tracking(
        hidden=lc.GaussianPrior([0.5, 0.5], [1.0, 1.0]),
        loss=lambda theta, phi: 0.5 * (theta[0] - phi[0] - phi[1]) ** 2,
        sees=sees,
        start=0.0,
        discount=0.1,
    )


def test_what_nobody_observes_is_named_and_left_at_the_prior():
    problem = sum_of_two(lc.NoisyGradient(noise=1.0))
    solution = solve_lqg(problem)
    np.testing.assert_allclose(np.abs(solution.unobserved[:, 0]), np.sqrt([0.5, 0.5]), rtol=1e-12)
    assert "no observation shows" in solution.message
    np.testing.assert_allclose(solution.steady_covariance, [[0.5, -0.5], [-0.5, 0.5]], atol=1e-12)
    walk = lc.RandomWalk([0.5, 0.5], [1.0, 1.0], [1.0, 1.0])
    walking = problem.changed(
        landscape=lc.Landscape.from_expression(
            problem.landscape.expression, dimension=1, hidden=walk
        )
    )
    assert solve_lqg(walking).steady_covariance is None
    assert "grows for ever" in solve_lqg(walking).message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"loss": lambda theta, phi: (theta[0] - phi[0]) ** 4},
            "second derivative that is not constant",
        ),
        (
            {"loss": lambda theta, phi: phi[0] * theta[0] ** 2},
            "second derivative that is not constant",
        ),
        ({"loss": lambda theta, phi: phi[0] * theta[0]}, "linear along"),
        ({"sees": lc.NoisyGradient(noise=lambda theta: 1 + theta[0] ** 2)}, "function of θ"),
        ({"sees": lc.NoisyLoss(noise=1.0)}, "slope is not constant"),
        ({"metric": lambda theta: 1 + theta[0] ** 2}, "constant metric"),
        ({"drift": lambda theta: -(theta**3)}, "not affine"),
        ({"terminal": lambda theta: theta[0] ** 4, "horizon": 1.0}, "second derivative"),
        ({"end": [0.0], "horizon": 1.0}, "free end"),
    ],
)
def test_what_is_not_linear_quadratic_is_refused_by_name(change, words):
    change = dict(change)
    loss = change.pop("loss", lambda theta, phi: (theta[0] - phi[0]) ** 2)
    objective = lc.Objective(
        horizon=change.pop("horizon", math.inf), discount=0.2, terminal=change.pop("terminal", None)
    )
    end = change.pop("end", None)
    learner = lc.Learner(**{"sees": lc.NoisyGradient(noise=1.0), **change})
    landscape = lc.Landscape.from_expression(
        loss, dimension=1, hidden=lc.GaussianPrior([0.5], [1.0])
    )
    problem = lc.ControlProblem(
        landscape=landscape, learner=learner, objective=objective, start=[1.0], end=end
    )
    with pytest.raises(NotLinearQuadratic, match="exact LQG") as refusal:
        solve_lqg(problem)
    assert words in str(refusal.value)


def test_a_single_task_hides_nothing():
    with pytest.raises(NotLinearQuadratic, match="two tasks or more"):
        solve_lqg(one_mode(hidden=lc.TaskChain([[0.0]], [1.0])))


def test_tasks_that_differ_in_curvature_are_refused():
    chain = lc.TaskChain(rates=[[-1, 1], [1, -1]], tasks=[1.0, 2.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: phi[0] * theta[0] ** 2, dimension=1, hidden=chain
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=1.0)),
        start=[1.0],
        objective=lc.Objective(horizon=math.inf, discount=0.2),
    )
    with pytest.raises(NotLinearQuadratic, match="differs from the last one in curvature"):
        solve_lqg(problem)


def test_costs_that_never_end_are_refused():
    with pytest.raises(lc.ProblemError, match="E\\[J\\] = ∞"):
        solve_lqg(one_mode(discount=0.0))
    with pytest.raises(lc.ProblemError, match="log T"):
        solve_lqg(one_mode(discount=0.0, hidden=lc.GaussianPrior([0.3], [1.0])))


def test_a_pushed_mode_that_nothing_damps_is_named():
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * ca.sumsqr(theta - phi),
        dimension=2,
        hidden=lc.GaussianPrior([0.0, 0.0], [1.0, 1.0]),
    )
    learner = lc.Learner(
        sees=lc.NoisyGradient(noise=1.0),
        actuation=[[1.0], [0.0]],
        drift=lc.linear_drift([[0, 0], [0, 0.5]]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=learner,
        start=[0.0, 0.0],
        objective=lc.Objective(horizon=math.inf, discount=0.3),
    )
    with pytest.raises(lc.UnstabilisableError, match="0.5"):
        solve_lqg(problem)


def test_exact_observations_that_hide_a_combination_are_refused():
    problem = sum_of_two(lc.ExactGradient())
    with pytest.raises(lc.ProblemError, match="rank 1"):
        solve_lqg(problem)


def test_means_of_the_hidden_state_follow_their_generator():
    chain = lc.TaskChain(
        rates=[[-0.5, 0.4, 0.1], [0.2, -0.3, 0.1], [0.3, 0.6, -0.9]],
        tasks=[-1.0, 0.5, 2.0],
        probabilities=[1.0, 0.0, 0.0],
    )
    moments = solve_lqg(one_mode(hidden=chain)).linear.hidden
    exact = np.array([1.0, 0, 0]) @ expm(0.8 * chain.rates)
    np.testing.assert_allclose(moments.means([0.8])[0], exact[:2], rtol=1e-12)
    expected = np.diag(exact[:2]) - np.outer(exact[:2], exact[:2])
    np.testing.assert_allclose(moments.covariances(np.array([0.0, 0.8]))[1], expected, rtol=1e-7)
