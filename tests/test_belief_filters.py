"""Discrete filters against brute force, their continuous limit, and what the belief's symbolic
dynamics say of them.
"""

from itertools import product

import casadi as ca
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm, solve_continuous_are

import landscape_control as lc
from landscape_control.belief import (
    GaussianBelief,
    TaskBelief,
    belief_model,
    combination,
    unobservable,
)

STEP = 0.15
HESSIAN = np.array([[1.4, 0.5], [0.5, 0.8]])
PRIOR = np.array([[0.9, 0.3], [0.3, 0.5]])


def problem(loss, hidden, sees, start=(0.7,)):
    landscape = lc.Landscape.from_expression(loss, dimension=len(start), hidden=hidden)
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=sees),
        start=start,
        objective=lc.Objective(horizon=1.0),
    )


def moving_minimum(theta, hidden):
    return ca.dot(theta - hidden, ca.DM(HESSIAN) @ (theta - hidden)) / 2


def from_here(noise):
    """An observation that is linear in φ, but shows more or less of it depending on θ."""
    return lc.Observe(
        lambda theta, hidden: ca.vertcat(hidden[0] + 2 * theta[0], 2 * theta[1] * hidden[1]),
        noise=noise,
    )


def one_minimum(theta, hidden):
    return 0.65 * (theta[0] - hidden[0]) ** 2


HIDDEN = {
    "constant": lc.GaussianPrior(mean=[0.2, -0.4], covariance=PRIOR),
    "random walk": lc.RandomWalk(
        mean=[0.2, -0.4], covariance=PRIOR, diffusion=[[0.5, -0.2], [-0.2, 0.3]]
    ),
    "mean-reverting": lc.OrnsteinUhlenbeck(
        mean=[0.2, -0.4],
        rate=0.8,
        variance=PRIOR,
        start_mean=[1.0, 0.0],
        start_covariance=0.3 * PRIOR,
    ),
}


def prior_of_path(hidden, count):
    """Mean (T·p,) and covariance of (φ₀, ..., φ_{T-1}) from the closed forms of each kind."""
    p, times = hidden.dimension, STEP * np.arange(count)
    decay = np.exp(-hidden.reversion[0, 0] * times)
    mean = hidden.centre + (hidden.prior_mean - hidden.centre) * decay[:, None]
    covariance = np.zeros((count, p, count, p))
    for s, t in product(range(count), repeat=2):
        early, gap = min(s, t), decay[abs(s - t)]
        gained = (
            hidden.variance * (1 - decay[early] ** 2)
            if hidden.reversion.any()
            else hidden.diffusion * times[early]
        )
        covariance[s, :, t] = gap * (decay[early] ** 2 * hidden.prior_covariance + gained)
    return mean.ravel(), covariance.reshape(count * p, count * p)


def batch(hidden, slopes, offsets, noise, seen):
    """Mean and covariance of the last φ given all y = Cφ + c + noise, by inverting the joint
    Gaussian.
    """
    count, p = len(slopes), hidden.dimension
    mean, covariance = prior_of_path(hidden, count)
    design = np.zeros((seen.size, count * p))
    for k, slope in enumerate(slopes):
        design[k * len(slope) : (k + 1) * len(slope), k * p : (k + 1) * p] = slope
    joint = design @ covariance @ design.T + noise
    gain = covariance @ design.T @ np.linalg.inv(joint)
    after = covariance - gain @ design @ covariance
    return (mean + gain @ (seen.ravel() - design @ mean - offsets.ravel()))[-p:], after[-p:, -p:]


@pytest.mark.parametrize("filter", ["extended", "unscented"])
@pytest.mark.parametrize("sees", [lc.NoisyGradient, from_here])
@pytest.mark.parametrize("kind", HIDDEN)
def test_discrete_kalman_filter_inverts_the_joint_gaussian(kind, sees, filter):
    hidden, root = HIDDEN[kind], np.array([[0.6, 0.0], [0.2, 0.5]])
    model = belief_model(
        problem(moving_minimum, hidden, sees(noise=root), start=(0.7, 0.2)), filter=filter
    )
    assert model.exact
    rng = np.random.default_rng(3)
    count, episodes = 8, 3
    thetas = rng.standard_normal((count, episodes, 2))
    seen = rng.standard_normal((count, episodes, 2))
    belief = model.initial(episodes)
    for k in range(count):
        belief = model.predict(belief, STEP) if k else belief
        belief = model.update(belief, thetas[k], seen[k], STEP)
    shared = belief.covariance.ndim == 2
    assert shared == (sees is lc.NoisyGradient)
    for e in range(episodes):
        if shared:
            slopes, offsets = [-HESSIAN] * count, thetas[:, e] @ HESSIAN
        else:
            slopes = [np.diag([1.0, 2 * theta[1]]) for theta in thetas[:, e]]
            offsets = np.stack([2 * thetas[:, e, 0], np.zeros(count)], axis=1)
        noise = np.kron(np.eye(count), root @ root.T / STEP)
        mean, covariance = batch(hidden, slopes, offsets, noise, seen[:, e])
        np.testing.assert_allclose(belief.mean[e], mean, atol=1e-10)
        np.testing.assert_allclose(
            belief.covariance if shared else belief.covariance[e], covariance, atol=1e-10
        )


def test_one_learner_is_one_of_many():
    model = belief_model(
        problem(
            moving_minimum, HIDDEN["constant"], from_here(lambda t: 0.5 + t[0] ** 2), (0.7, 0.2)
        )
    )
    theta, seen = np.array([[0.3, 1.1], [-0.4, 0.6]]), np.array([[0.1, 0.2], [1.0, -0.5]])
    many = model.update(model.initial(2), theta, seen, STEP)
    one = model.update(
        GaussianBelief(mean=HIDDEN["constant"].mean, covariance=PRIOR), theta[1], seen[1], STEP
    )
    assert one.mean.shape == (2,)
    np.testing.assert_allclose(one.mean, many.mean[1], rtol=1e-13)
    np.testing.assert_allclose(one.covariance, many.covariance[1], rtol=1e-12)
    np.testing.assert_allclose(
        model.expected_loss(theta, many)[1], model.expected_loss(theta[1], one), rtol=1e-13
    )


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
    if (
        kind == "constant"
    ):  # known in the end; the algebraic equation alone has no stabilising solution
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
    hidden = lc.OrnsteinUhlenbeck(mean=[0.0], rate=rate, variance=[1.0])
    model = belief_model(problem(one_minimum, hidden, lc.NoisyGradient(noise=noise)))
    precision = (h / noise) ** 2
    expected = (-rate + np.sqrt(rate**2 + 2 * rate * precision)) / precision
    np.testing.assert_allclose(model.steady_covariance(), [[expected]], rtol=1e-13)


CHAIN = lc.TaskChain(
    rates=[[-1.0, 0.7, 0.3], [0.2, -0.5, 0.3], [0.9, 0.1, -1.0]],
    tasks=[-1.0, 0.4, 1.5],
    probabilities=[0.5, 0.2, 0.3],
)


@pytest.mark.parametrize(
    "sees", [lc.NoisyGradient(noise=0.8), lc.NoisyLoss(noise=lambda theta: 0.3 + theta[0] ** 2)]
)
def test_task_filter_is_bayes_rule_over_all_task_sequences(sees):
    model = belief_model(problem(one_minimum, CHAIN, sees))
    rng = np.random.default_rng(1)
    count, episodes = 7, 2
    thetas, noise = rng.standard_normal((2, count, episodes, 1))
    path = CHAIN.sample(rng, episodes, STEP * np.arange(count))
    seen = [model.observe(thetas[k], path[:, k], noise[k], STEP) for k in range(count)]
    belief = model.initial(episodes)
    for k in range(count):
        belief = model.predict(belief, STEP) if k else belief
        belief = model.update(belief, thetas[k], seen[k], STEP)
    transition, tasks = expm(CHAIN.rates * STEP), CHAIN.tasks[:, 0]
    for e in range(episodes):
        posterior = np.zeros(3)
        for sequence in product(range(3), repeat=count):
            weight = (
                CHAIN.probabilities[sequence[0]] * transition[sequence[:-1], sequence[1:]].prod()
            )
            for k, i in enumerate(sequence):
                theta, gap = thetas[k, e, 0], thetas[k, e, 0] - tasks[i]
                gradient, loss = (1.3 * gap, 0.8), (0.65 * gap**2, 0.3 + theta**2)
                expected, spread = gradient if isinstance(sees, lc.NoisyGradient) else loss
                weight *= np.exp(-((seen[k][e, 0] - expected) ** 2) * STEP / (2 * spread**2))
            posterior[sequence[-1]] += weight
        np.testing.assert_allclose(belief.probabilities[e], posterior / posterior.sum(), atol=1e-12)


def test_small_steps_follow_the_symbolic_dynamics_of_the_probabilities():
    """With innovations ±√dt the mean change is the drift and half the difference the diffusion, to
    the next order in dt.
    """
    model = belief_model(problem(one_minimum, CHAIN, lc.NoisyGradient(noise=0.8)))
    theta, p = ca.SX.sym("theta"), ca.SX.sym("p", 3)
    parts = [model.symbolic_probability_drift(p), model.symbolic_probability_diffusion(theta, p)]
    dynamics = ca.Function("f", [theta, p], parts)
    probabilities = np.array([0.3, 0.45, 0.25])
    drift, diffusion = (np.array(part).ravel() for part in dynamics(0.6, probabilities))
    expected = 1.3 * (0.6 - probabilities @ CHAIN.tasks[:, 0])
    errors = []
    for step in (1e-2, 5e-3, 2.5e-3):
        ends = []
        for innovation in (1, -1):
            belief = TaskBelief(probabilities=probabilities[None])
            seen = np.array([[expected + 0.8 * innovation / np.sqrt(step)]])
            after = model.predict(model.update(belief, np.array([[0.6]]), seen, step), step)
            ends.append(after.probabilities[0] - probabilities)
        errors.append(
            [
                np.abs((ends[0] + ends[1]) / 2 - drift * step).max(),
                np.abs((ends[0] - ends[1]) / 2 - diffusion * np.sqrt(step)).max(),
            ]
        )
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, [[2.0, 1.5]] * 2, atol=0.1)


def test_small_steps_follow_the_symbolic_dynamics_of_mean_and_covariance():
    hidden = lc.OrnsteinUhlenbeck(mean=[0.1, -0.2], rate=0.8, variance=PRIOR)
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
        seen = np.exp(0.4) * 0.6 + 0.7 / np.sqrt(
            step
        )  # the expected gradient and one standard innovation
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
    assert (
        np.mean((error / error.std()) ** 4) > 3.2
    )  # heavier tails than a Gaussian: the belief is not the posterior


def test_exact_gradients_reveal_what_they_depend_on():
    both = belief_model(
        problem(moving_minimum, HIDDEN["random walk"], lc.ExactGradient(), (0.7, 0.2))
    )
    hidden = np.array([[0.4, -1.0], [1.0, 0.3]])
    theta = np.array([[0.1, 0.2], [0.5, -0.5]])
    belief = both.update(both.initial(2), theta, both.observe(theta, hidden, None, STEP), STEP)
    np.testing.assert_allclose(belief.mean, hidden, atol=1e-12)
    np.testing.assert_allclose(belief.covariance, 0.0, atol=1e-14)
    half = belief_model(
        problem(
            lambda t, h: 0.5 * (t[0] - h[0] - h[1]) ** 2, HIDDEN["constant"], lc.ExactGradient()
        )
    )
    belief = half.update(half.initial(1), np.array([[0.3]]), np.array([[1.0]]), STEP)
    np.testing.assert_allclose(belief.mean.sum(), 0.3 - 1.0, atol=1e-12)
    along = np.array([1.0, 1.0])
    np.testing.assert_allclose(along @ belief.covariance @ along, 0.0, atol=1e-14)
    assert np.linalg.eigvalsh(belief.covariance)[1] > 0.1


def test_exact_gradient_of_a_nonlinear_landscape_is_inverted():
    hidden = lc.GaussianPrior(mean=[0.0], covariance=[0.5])
    model = belief_model(
        problem(lambda t, h: ca.exp(h[0]) * t[0] ** 2 / 2, hidden, lc.ExactGradient())
    )
    theta, truth = np.array([[0.7], [-1.2], [2.0]]), np.array([[0.9], [-1.1], [0.0]])
    belief = model.update(model.initial(3), theta, model.observe(theta, truth, None, STEP), STEP)
    np.testing.assert_allclose(belief.mean, truth, atol=1e-11)
    np.testing.assert_allclose(belief.covariance, 0.0, atol=1e-14)
    tasks = belief_model(problem(one_minimum, CHAIN, lc.ExactGradient()))
    seen = tasks.observe(theta, CHAIN.tasks, None, STEP)
    np.testing.assert_allclose(
        tasks.update(tasks.initial(3), theta, seen, STEP).probabilities, np.eye(3), atol=1e-15
    )


def test_covariances_stay_positive_when_little_noise_meets_a_wide_prior():
    hidden = lc.GaussianPrior(mean=[0.0, 0.0], covariance=1e6 * np.eye(2))
    sees = lc.Observe(lambda t, h: ca.vertcat(h[0] + t[0] * h[1], h[0] - h[1]), noise=1e-4)
    model = belief_model(problem(lambda t, h: (t[0] - h[0]) ** 2 + 1e-3 * h[1] ** 2, hidden, sees))
    rng, belief = np.random.default_rng(0), None
    belief = model.initial(50)
    for _ in range(20):
        theta = rng.standard_normal((50, 1))
        belief = model.update(
            belief,
            theta,
            model.observe(theta, np.ones((50, 2)), rng.standard_normal((50, 2)), 1.0),
            1.0,
        )
        assert np.array_equal(belief.covariance, np.swapaxes(belief.covariance, 1, 2))
        assert (np.linalg.eigvalsh(belief.covariance) >= 0).all()
    assert (
        np.abs(belief.mean - 1) < 6 * np.sqrt(np.diagonal(belief.covariance, axis1=1, axis2=2))
    ).all()


def test_unobservable_combinations_are_named():
    sum_only = problem(
        lambda t, h: 0.5 * (t[0] - h[0] - h[1]) ** 2,
        HIDDEN["constant"],
        lc.NoisyGradient(noise=1.0),
    )
    directions = unobservable(sum_only)
    np.testing.assert_allclose(directions, [[np.sqrt(0.5), -np.sqrt(0.5)]], atol=1e-9)
    assert combination(directions[0]) == "0.707·hidden[0] - 0.707·hidden[1]"
    np.testing.assert_allclose(belief_model(sum_only).steady_covariance() @ [1, 1], 0.0, atol=1e-12)
    seen_by_moving = problem(
        lambda t, h: ca.exp(h[0]) * (t[0] - h[1]) ** 2, HIDDEN["constant"], lc.NoisyLoss(noise=1.0)
    )
    assert unobservable(seen_by_moving).shape == (0, 2)
    twins = lc.TaskChain(rates=[[-1, 1, 0], [1, -2, 1], [0, 1, -1]], tasks=[1.0, 1.0, 2.0])
    pair = unobservable(problem(one_minimum, twins, lc.NoisyGradient(noise=1.0)))
    np.testing.assert_allclose(np.abs(pair), [[np.sqrt(0.5), np.sqrt(0.5), 0.0]])


def test_task_belief_has_the_moments_of_its_mixture():
    tasks = np.array([[0.0, 1.0], [2.0, -1.0], [1.0, 0.0]])
    belief = TaskBelief(probabilities=[[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    mean, covariance = belief.mean_and_covariance(tasks)
    for e, weights in enumerate(belief.probabilities):
        np.testing.assert_allclose(mean[e], weights @ tasks)
        np.testing.assert_allclose(
            covariance[e], np.cov(tasks.T, aweights=weights, ddof=0), atol=1e-15
        )


def test_models_are_built_once():
    first = problem(one_minimum, CHAIN, lc.NoisyGradient(noise=0.8))
    assert belief_model(first) is belief_model(first.changed(start=[0.1], discount=0.3))
