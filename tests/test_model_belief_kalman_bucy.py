"""Continuous filters: Kalman-Bucy covariances, symbolic dynamics, the best linear filter of jumps."""

import casadi as ca
import numpy as np
import pytest
from filtered_problems import HESSIAN, HIDDEN, PRIOR, STEP, moving_minimum, one_minimum, problem
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_are

import landscape_control as lc
from landscape_control.model.belief import GaussianBelief, belief_model


def test_discrete_filter_tends_to_kalman_bucy_with_order_one():
    hidden = HIDDEN["mean-reverting"]
    model = belief_model(problem(moving_minimum, hidden, lc.NoisyGradient(noise=0.6), (0.7, 0.2)))
    exact = model.covariance_after(1.0)
    errors = []
    for count in (40, 80, 160, 320):
        belief = model.initial(1)
        for _ in range(count):
            belief = model.update(belief, np.zeros((1, 2)), np.zeros((1, 2)), 1 / count)
            belief = model.predict(belief, 1 / count)
        errors.append(np.abs(belief.covariance - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 1.0, atol=0.06)


@pytest.mark.parametrize("kind", HIDDEN)
def test_kalman_bucy_covariance_solves_its_equation(kind):
    hidden, noise = HIDDEN[kind], 0.6
    model = belief_model(problem(moving_minimum, hidden, lc.NoisyGradient(noise=noise), (0.7, 0.2)))
    theta, mean, covariance = ca.SX.sym("theta", 2), ca.SX.sym("mean", 2), ca.SX.sym("P", 2, 2)
    rate = ca.Function(
        "rate", [covariance], [model.symbolic_covariance_rate(theta, mean, covariance)]
    )
    run = solve_ivp(
        lambda _, flat: np.array(rate(flat.reshape(2, 2))).ravel(),
        (0, 1.3),
        hidden.prior_covariance.ravel(),
        rtol=1e-11,
        atol=1e-13,
    )
    np.testing.assert_allclose(model.covariance_after(1.3).ravel(), run.y[:, -1], atol=1e-10)
    steady = model.steady_covariance()
    np.testing.assert_allclose(np.array(rate(steady)), 0.0, atol=1e-12)
    # known in the end; the algebraic equation alone has no stabilising solution
    if kind == "constant":
        np.testing.assert_allclose(steady, 0.0, atol=1e-12)
    else:
        care = solve_continuous_are(
            -hidden.reversion.T, HESSIAN.T, hidden.diffusion, noise**2 * np.eye(2)
        )
        np.testing.assert_allclose(steady, care, atol=1e-12)


@pytest.mark.parametrize(
    ("diffusion", "seen"),
    [([[1.0, 0.5, -0.3]], [[0.4, 1.0, 0.2]]), (np.diag([1.0, 0.7, 0.4]), np.eye(3) + 0.3)],
)
def test_partly_driven_walks_settle_where_their_equation_leads(diffusion, seen):
    """No stabilising solution exists, and the limit depends on the prior: against integration in
    time.
    """
    root = np.array(diffusion)
    hidden = lc.RandomWalk(mean=np.zeros(3), covariance=np.eye(3) + 0.2, diffusion=root.T @ root)
    sees = lc.Observe(lambda theta, hidden: ca.DM(np.array(seen)) @ hidden, noise=1.0)
    model = belief_model(problem(lambda theta, h: (theta[0] - h[0]) ** 2 / 2, hidden, sees))
    information = np.array(seen).T @ np.array(seen)

    def rate(_, flat):
        return (root.T @ root - flat.reshape(3, 3) @ information @ flat.reshape(3, 3)).ravel()

    run = solve_ivp(
        rate, (0, 120.0), hidden.prior_covariance.ravel(), method="LSODA", rtol=1e-10, atol=1e-12
    )
    run = run.y[:, -1].reshape(3, 3)
    np.testing.assert_allclose(model.covariance_after(120.0), run, atol=1e-8)
    np.testing.assert_allclose(model.steady_covariance(), run, atol=1e-8)


def test_steady_variance_of_a_moving_minimum_in_closed_form():
    """theory §4b: 0 = -2λP + q - h²P²/σ²."""
    rate, h, noise = 0.4, 1.3, 0.8
    hidden = lc.OrnsteinUhlenbeck(mean=[0.0], rate=rate, covariance=[1.0])
    model = belief_model(problem(one_minimum, hidden, lc.NoisyGradient(noise=noise)))
    precision = (h / noise) ** 2
    expected = (-rate + np.sqrt(rate**2 + 2 * rate * precision)) / precision
    np.testing.assert_allclose(model.steady_covariance(), [[expected]], rtol=1e-13)


def test_small_steps_follow_the_symbolic_dynamics_of_mean_and_covariance():
    hidden = lc.OrnsteinUhlenbeck(mean=[0.1, -0.2], rate=0.8, covariance=PRIOR)
    sees = lc.NoisyGradient(noise=0.7)
    model = belief_model(problem(lambda t, h: ca.exp(h[0]) * (t[0] - h[1]) ** 2 / 2, hidden, sees))
    mean, start = np.array([0.4, 0.3]), 0.5 * PRIOR
    m, covariance = ca.SX.sym("m", 2), ca.SX.sym("P", 2, 2)
    parts = [
        model.symbolic_mean_drift(m),
        model.symbolic_covariance_rate(ca.SX(0.9), m, covariance),
        model.symbolic_mean_diffusion(ca.SX(0.9), m, covariance),
    ]
    drift, rate, diffusion = (
        np.array(part) for part in ca.Function("f", [m, covariance], parts)(mean, start)
    )
    errors = []
    for step in (1e-3, 5e-4):
        # the expected gradient and one standard innovation
        seen = np.exp(0.4) * 0.6 + 0.7 / np.sqrt(step)
        belief = model.update(
            GaussianBelief(mean=mean, covariance=start), np.array([0.9]), np.array([seen]), step
        )
        after = model.predict(belief, step)
        errors.append(
            [
                np.abs(after.covariance - start - rate * step).max(),
                np.abs(
                    after.mean - mean - drift[:, 0] * step - diffusion[:, 0] * np.sqrt(step)
                ).max(),
            ]
        )
    np.testing.assert_allclose(np.log2(np.array(errors[0]) / errors[1]), [2.0, 1.5], atol=0.05)


def test_best_linear_filter_of_a_jumping_minimum_has_its_declared_moments():
    """The jump process is not Gaussian; mean error zero, mean square error the filter's own
    covariance.
    """
    hidden = lc.JumpProcess(rate=0.7, mean=[0.3], covariance=[1.2])
    model = belief_model(problem(one_minimum, hidden, lc.NoisyGradient(noise=0.5)))
    assert not model.exact
    assert "best linear" in model.assumes
    rng = np.random.default_rng(0)
    episodes, count = 40_000, 25
    path = hidden.sample(rng, episodes, STEP * np.arange(count))
    belief, theta = model.initial(episodes), np.full((episodes, 1), 0.5)
    for k in range(count):
        belief = model.predict(belief, STEP) if k else belief
        seen = model.observe(theta, path[:, k], rng.standard_normal((episodes, 1)), STEP)
        belief = model.update(belief, theta, seen, STEP)
    error = path[:, -1, 0] - belief.mean[:, 0]
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(episodes)
    square = error**2
    assert abs(square.mean() - belief.covariance[0, 0]) < 4 * square.std() / np.sqrt(episodes)
    assert abs((error * belief.mean[:, 0]).mean()) < 4 * (
        error * belief.mean[:, 0]
    ).std() / np.sqrt(episodes)
    # heavier tails than a Gaussian: the belief is not the posterior
    assert np.mean((error / error.std()) ** 4) > 3.2
