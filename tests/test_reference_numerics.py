"""LinearQuadratic against independent numerics: boundary-value solver, Riccati integration, HJB,
quadrature.
"""

import numpy as np
import pytest
from reference_problems import (
    SEEDS,
    random_problem,
    running_cost,
    terminal_cost,
    velocity,
    without_end,
)
from scipy.integrate import solve_bvp, solve_ivp


def pontryagin(p):
    """Right-hand side of the state and costate equations, written from the problem statement."""
    push = p.learning_rate * np.linalg.solve(p.metric, p.actuation.T)

    def rate(_, y):
        theta, costate = np.split(y, 2)
        u = -push @ costate
        theta_rate = p.drift_matrix @ theta + p.drift_offset[:, None] + p.actuation @ u
        loss_gradient = p.loss_weight * p.hessian @ (theta - p.minimum[:, None])
        return np.vstack(
            [theta_rate, p.discount * costate - loss_gradient - p.drift_matrix.T @ costate]
        )

    return rate


def boundary_value_path(p, horizon, start, end, times):
    """(θ, λ) from scipy's collocation boundary-value solver; end None is free."""
    n = p.dimension

    def ends(first, last):
        goal = (
            last[:n] - end
            if end is not None
            else last[n:] - p.terminal_hessian @ (last[:n] - p.terminal_minimum)
        )
        return np.concatenate([first[:n] - start, goal])

    mesh = np.linspace(0, horizon, 60)
    guess = np.vstack([np.tile(start[:, None], mesh.size), np.zeros((n, mesh.size))])
    result = solve_bvp(pontryagin(p), ends, mesh, guess, tol=1e-9, max_nodes=20000)
    assert result.success
    return np.split(result.sol(times).T, 2, axis=1)


@pytest.mark.parametrize(("seed", "n", "m"), SEEDS)
@pytest.mark.parametrize("discount", [0.0, 0.4])
def test_free_end_path_is_the_one_of_a_boundary_value_solver(seed, n, m, discount):
    p, times = random_problem(seed, n, m, discount), np.linspace(0, 1.5, 11)
    start = np.random.default_rng(seed + 50).normal(size=n)
    theta, costate = boundary_value_path(p, 1.5, start, None, times)
    exact, _, exact_costate = p.finite(1.5).path(start, times)
    np.testing.assert_allclose(exact, theta, atol=1e-7 * np.abs(theta).max())
    np.testing.assert_allclose(exact_costate, costate, atol=1e-7 * np.abs(costate).max())


@pytest.mark.parametrize(("seed", "n", "m"), [s for s in SEEDS if s[1] <= 3])
@pytest.mark.parametrize("discount", [0.0, 0.4])
def test_fixed_end_path_is_the_one_of_a_boundary_value_solver(seed, n, m, discount):
    p, times = random_problem(seed, n, m, discount), np.linspace(0, 1.5, 11)
    start, end = np.random.default_rng(seed + 50).normal(size=(2, n))
    theta, costate = boundary_value_path(p, 1.5, start, end, times)
    exact, _, exact_costate = p.fixed_end(1.5, start, end).path(times)
    np.testing.assert_allclose(exact, theta, atol=1e-7 * np.abs(theta).max())
    np.testing.assert_allclose(exact_costate, costate, atol=1e-7 * np.abs(costate).max())


@pytest.mark.parametrize(("seed", "n", "m"), SEEDS)
def test_finite_value_is_the_integrated_riccati_equation(seed, n, m):
    p = random_problem(seed, n, m)
    spread = p.learning_rate * p.actuation @ np.linalg.solve(p.metric, p.actuation.T)

    def rate(_, y):  # about the origin, not the minimum: another parametrisation than the library's
        hessian, gradient = y[: n * n].reshape(n, n), y[n * n : -1]
        weight = p.loss_weight * p.hessian
        hessian_rate = (
            weight + p.drift_matrix.T @ hessian + hessian @ p.drift_matrix - p.discount * hessian
        )
        gradient_rate = (p.drift_matrix - spread @ hessian).T @ gradient - p.discount * gradient
        gradient_rate += hessian @ p.drift_offset - weight @ p.minimum
        level = 0.5 * p.minimum @ weight @ p.minimum + p.loss_weight * p.loss_constant
        level += gradient @ p.drift_offset - 0.5 * gradient @ spread @ gradient - p.discount * y[-1]
        return np.concatenate(
            [(hessian_rate - hessian @ spread @ hessian).ravel(), gradient_rate, [level]]
        )

    pull = p.terminal_hessian @ p.terminal_minimum
    first = np.concatenate([p.terminal_hessian.ravel(), -pull, [terminal_cost(p, np.zeros(n))]])
    last = solve_ivp(rate, (0, 2.5), first, method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    policy, theta = p.finite(2.5), np.random.default_rng(1).normal(size=(6, n))
    hessian, gradient = last[: n * n].reshape(n, n), last[n * n : -1]
    np.testing.assert_allclose(policy.value_hessian(2.5), hessian, rtol=1e-9, atol=1e-10)
    value = 0.5 * np.einsum("pi,ij,pj->p", theta, hessian, theta) + theta @ gradient + last[-1]
    np.testing.assert_allclose(policy.value(2.5, theta), value, rtol=1e-9)
    np.testing.assert_allclose(
        policy.costate(2.5, theta), theta @ hessian + gradient, rtol=1e-8, atol=1e-9
    )


def hamiltonian(p, theta, costate, u):
    return running_cost(p, theta, u) + np.einsum("...i,...i->...", costate, velocity(p, theta, u))


@pytest.mark.parametrize(("seed", "n", "m"), SEEDS)
def test_infinite_value_solves_the_hjb_equation_and_no_other_control_does_better(seed, n, m):
    p = without_end(random_problem(seed, n, m, discount=6.0 if m < n else 0.4))
    policy, rng = p.infinite(), np.random.default_rng(seed)
    theta = 3 * rng.normal(size=(20, n))
    best = hamiltonian(p, theta, policy.costate(theta), policy.control(theta))
    np.testing.assert_allclose(best, p.discount * policy.value(theta), rtol=1e-10)
    other = policy.control(theta) + rng.normal(size=(20, m))
    assert (hamiltonian(p, theta, policy.costate(theta), other) > best).all()


@pytest.mark.parametrize(("seed", "n", "m"), SEEDS)
def test_finite_value_solves_the_hjb_equation(seed, n, m):
    p = random_problem(seed, n, m)
    policy, theta, s, step = (
        p.finite(2.0),
        np.random.default_rng(seed).normal(size=(10, n)),
        1.2,
        1e-3,
    )
    at = {k: policy.value(s + k * step, theta) for k in (-2, -1, 1, 2)}
    change = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)  # fourth order
    best = hamiltonian(p, theta, policy.costate(s, theta), policy.control(s, theta))
    np.testing.assert_allclose(
        change, best - p.discount * policy.value(s, theta), rtol=1e-7, atol=1e-8
    )


def discounted_integral(p, path, horizon, panels=12, degree=16):
    nodes, weights = np.polynomial.legendre.leggauss(degree)
    edges = np.linspace(0, horizon, panels + 1)
    half = horizon / panels / 2
    times = (edges[:-1, None] + half * (nodes + 1)).ravel()
    theta, u, _ = path(times)
    return (
        half * np.tile(weights, panels) @ (np.exp(-p.discount * times) * running_cost(p, theta, u))
    )


@pytest.mark.parametrize(("seed", "n", "m"), SEEDS)
def test_value_is_the_cost_paid_along_the_path(seed, n, m):
    p = random_problem(seed, n, m)
    start, horizon = np.random.default_rng(seed + 9).normal(size=n), 2.0
    policy = p.finite(horizon)
    paid = discounted_integral(p, lambda t: policy.path(start, t), horizon)
    last = policy.path(start, [horizon])[0][0]
    paid += np.exp(-p.discount * horizon) * terminal_cost(p, last)
    assert paid == pytest.approx(policy.value(horizon, start), rel=1e-11)


@pytest.mark.parametrize("discount", [0.0, 0.4])
def test_fixed_end_cost_is_paid_along_its_path_and_the_free_end_is_its_minimum_over_ends(discount):
    p, start, horizon = random_problem(2, 3, 2, discount), np.array([0.5, -1.0, 0.3]), 1.7
    plan = p.fixed_end(horizon, start, [1.0, 0.2, -0.4])
    paid = discounted_integral(p, plan.path, horizon) + np.exp(-discount * horizon) * terminal_cost(
        p, plan.end
    )
    assert plan.cost == pytest.approx(paid, rel=1e-11)
    free = p.finite(horizon)
    theta, _, costate = free.path(start, [0.0, horizon])
    there = p.fixed_end(horizon, start, theta[-1])
    assert there.cost == pytest.approx(free.value(horizon, start), rel=1e-11)
    np.testing.assert_allclose(there.path([0.0, horizon])[2], costate, rtol=1e-9)
    assert plan.cost > there.cost
    aside = [
        p.fixed_end(horizon, start, theta[-1] + 1e-3 * d).cost
        for d in np.vstack([np.eye(3), -np.eye(3)])
    ]
    assert min(aside) > there.cost


def test_fixed_end_costate_is_the_slope_of_the_cost_at_both_ends():
    p, start, end, horizon, step = (
        random_problem(1, 2, 2),
        np.array([0.5, -1.0]),
        np.array([1.0, 0.2]),
        1.7,
        1e-3,
    )
    costate = p.fixed_end(horizon, start, end).path([0.0, horizon])[2]
    moved = without_end(p)
    for i, d in enumerate(step * np.eye(2)):
        slope = (
            moved.fixed_end(horizon, start + d, end).cost
            - moved.fixed_end(horizon, start - d, end).cost
        ) / (2 * step)
        # the cost is quadratic: central differences are exact
        assert slope == pytest.approx(costate[0, i], rel=1e-8)
        slope = (
            moved.fixed_end(horizon, start, end + d).cost
            - moved.fixed_end(horizon, start, end - d).cost
        ) / (2 * step)
        assert slope == pytest.approx(-np.exp(-p.discount * horizon) * costate[-1, i], rel=1e-8)
