"""Simulations against exact laws: costs, orders of convergence, efforts."""

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.linalg import expm
from simulated_problems import (
    ETA,
    GAMMA,
    LAM,
    PROBLEM,
    SHORT,
    SIGMA,
    H,
    K,
    certainty_equivalent,
    gains,
    steady_variance,
)

import landscape_control as lc
from landscape_control.simulation import paired_difference, simulate


def test_the_cost_of_the_lqg_policy_is_that_of_the_formula():
    """V = D at θ = m = μ₀ and steady P: γD = ½khP + ½Cκ²σ², C = (kh - ηB²)/(γ + 2λ), B = -rs/η."""
    r, s = gains()
    p = steady_variance()
    c = (K * H - (r * s) ** 2 / ETA) / (GAMMA + 2 * LAM)
    theory = (K * H * p + c * (p * H / SIGMA) ** 2) / (2 * GAMMA)
    fine = simulate(PROBLEM, certainty_equivalent, episodes=4000, step=0.025, horizon=14.0)
    coarse = simulate(
        PROBLEM, certainty_equivalent, episodes=4000, step=0.05, horizon=14.0, draws_per_step=2
    )
    costs = 2 * fine.costs - coarse.costs  # first order in the step, extrapolated on common numbers
    error = costs.std() / np.sqrt(4000)
    assert error < 0.015 * theory
    assert abs(costs.mean() + fine.remainder - theory) < 3 * error
    assert 0 < fine.remainder < 2e-3 * theory
    assert "exact" in fine.assumes


def slope(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


STEPS = np.array([0.1, 0.05, 0.025, 0.0125])


def test_feedback_held_over_the_step_is_of_strong_and_weak_order_one_against_the_exact_linear_law():
    bowl, r = lc.quadratic(hessian=[[H]], minimum=[0.5]), 1.3
    problem = lc.ControlProblem(
        landscape=bowl, start=[-1.0], objective=lc.Objective(horizon=2.0, discount=GAMMA)
    )
    rate = 2 * r + GAMMA
    exact = (0.5 * r**2 + 0.5 * H) * 1.5**2 * -np.expm1(-rate * 2.0) / rate
    runs = [
        simulate(problem, lambda theta, belief, time: -r * (theta - 0.5), episodes=1, step=step)
        for step in STEPS
    ]
    final = [abs(run.final[0, 0] - 0.5 + 1.5 * np.exp(-2 * r)) for run in runs]
    assert slope(STEPS, final) == pytest.approx(1, abs=0.12)
    assert slope(STEPS, [abs(run.cost - exact) for run in runs]) == pytest.approx(1, abs=0.12)


def test_with_beliefs_paths_converge_at_strong_order_one_and_costs_at_weak_order_one():
    """Rollouts with different steps see the same random paths if the draws are on the same grid.

    The policy is not the optimal one, whose cost is too little sensitive to show its order.
    """
    finest = 0.0125 / 8

    def hasty(theta, belief, time):
        return -3.0 * (theta - belief.mean)

    reference = simulate(SHORT, hasty, episodes=400, step=finest)
    runs = [
        simulate(SHORT, hasty, episodes=400, step=step, draws_per_step=round(step / finest))
        for step in STEPS
    ]
    strong = [np.sqrt(((run.final - reference.final) ** 2).mean()) for run in runs]
    weak, errors = np.transpose([paired_difference(run, reference) for run in runs])
    assert (weak > 20 * errors).all()
    assert slope(STEPS - finest, strong) == pytest.approx(1, abs=0.12)
    assert slope(STEPS - finest, weak) == pytest.approx(1, abs=0.12)


def test_open_loop_control_under_drift_is_of_order_two_in_parameters_and_cost():
    matrix, push = np.array([[-0.5, 1.0], [-1.0, -0.5]]), np.array([0.4])
    actuation = np.array([[1.0], [0.5]])
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2), minimum=[0.0, 0.0]),
        start=[1.0, -0.5],
        objective=lc.Objective(horizon=2.0, discount=GAMMA, terminal="loss", terminal_weight=0.8),
        learner=lc.Learner(drift=lc.linear_drift(matrix), actuation=actuation, metric=[[3.0]]),
    )
    rest = -np.linalg.solve(matrix, actuation @ push)

    def path(t):
        return rest + expm(matrix * t) @ (problem.start - rest)

    exact = quad_vec(
        lambda t: np.exp(-GAMMA * t) * (0.5 * path(t) @ path(t) + 1.5 * push[0] ** 2),
        0,
        2,
        epsabs=1e-12,
    )[0]
    exact += 0.8 * np.exp(-2 * GAMMA) * 0.5 * path(2.0) @ path(2.0)
    runs = [
        simulate(
            problem,
            lambda theta, belief, time: np.tile(push, (len(theta), 1)),
            episodes=2,
            step=step,
        )
        for step in STEPS
    ]
    assert slope(STEPS, [np.abs(run.final[1] - path(2.0)).max() for run in runs]) == pytest.approx(
        2, abs=0.1
    )
    assert slope(STEPS, [abs(run.cost - exact) for run in runs]) == pytest.approx(2, abs=0.1)


def test_a_metric_that_depends_on_the_weights_enters_the_effort_along_the_path():
    learner = lc.Learner(metric=lambda theta: (1 + theta[0] ** 2) * np.eye(1))
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]], minimum=[0.0]),
        start=[0.0],
        learner=learner,
        objective=lc.Objective(horizon=1.0, learning_rate=2.0),
    )
    run = simulate(problem, lambda theta, belief, time: np.ones_like(theta), episodes=1, step=0.01)
    assert run.efforts[0] == pytest.approx((1 + 1 / 3) / 4, rel=1e-4)
    assert run.losses[0] == pytest.approx(1 / 6, rel=1e-4)
