"""Hidden variables have the moments they declare, and observation models refuse what cannot be
filtered.
"""

import numpy as np
import pytest

import landscape_control as lc

TIMES = np.linspace(0.0, 3.0, 7)
KINDS = {
    "constant": lc.GaussianPrior([0.3, -0.2], [[1.0, 0.4], [0.4, 0.5]]),
    "walk": lc.RandomWalk([0.3, -0.2], [[1.0, 0.4], [0.4, 0.5]], [0.2, 0.7]),
    "reverting": lc.OrnsteinUhlenbeck(
        mean=[0.5, 0.0],
        rate=0.4,
        covariance=[1.0, 0.3],
        start_mean=[2.0, -1.0],
        start_covariance=0.1,
    ),
    "jumps": lc.JumpProcess(
        rate=0.6, mean=[0.5], covariance=[0.8], start_mean=[2.0], start_covariance=[0.1]
    ),
    "tasks": lc.TaskChain(
        rates=[[-0.5, 0.5], [0.2, -0.2]], tasks=[[-1.0, 0.0], [2.0, 1.0]], probabilities=[1.0, 0.0]
    ),
}


def moments(hidden, time):
    """Mean and covariance at a time from the moment equations (or the chain's transition matrix)."""
    from scipy.integrate import solve_ivp
    from scipy.linalg import expm

    if isinstance(hidden, lc.TaskChain):
        p = hidden.probabilities @ expm(hidden.rates * time)
        mean = p @ hidden.tasks
        return mean, (hidden.tasks - mean).T @ (p[:, None] * (hidden.tasks - mean))
    size = hidden.dimension

    def rates(_, y):
        mean, covariance = y[:size], y[size:].reshape(size, size)
        gap = np.outer(mean - hidden.centre, mean - hidden.centre)
        # the mean itself jumps in each episode
        jumps = hidden.rate * gap if isinstance(hidden, lc.JumpProcess) else 0.0
        growth = (
            -hidden.reversion @ covariance
            - covariance @ hidden.reversion.T
            + hidden.diffusion
            + jumps
        )
        if isinstance(hidden, lc.JumpProcess):
            growth = -hidden.rate * covariance + hidden.rate * (hidden.covariance + gap)
        return np.concatenate([-hidden.reversion @ (mean - hidden.centre), growth.ravel()])

    y = solve_ivp(
        rates,
        (0, max(time, 1e-12)),
        np.concatenate([hidden.prior_mean, hidden.prior_covariance.ravel()]),
        rtol=1e-9,
        atol=1e-12,
    ).y[:, -1]
    return y[:size], y[size:].reshape(size, size)


@pytest.mark.parametrize("kind", KINDS)
def test_sampled_paths_have_the_declared_moments_at_all_times(kind):
    hidden, episodes = KINDS[kind], 20000
    paths = hidden.sample(np.random.default_rng(0), episodes, TIMES)
    assert paths.shape == (episodes, len(TIMES), hidden.dimension)
    for k in (0, 2, 6):
        mean, covariance = moments(hidden, TIMES[k])
        error = 6 * np.sqrt(np.diag(covariance) / episodes) + 1e-12
        assert (np.abs(paths[:, k].mean(0) - mean) < error).all()
        assert np.cov(paths[:, k].T) == pytest.approx(
            covariance.squeeze(), abs=0.06 * (1 + np.abs(covariance).max())
        )


def test_equal_seeds_give_equal_paths():
    hidden = KINDS["jumps"]
    first, second = (hidden.sample(np.random.default_rng(4), 50, TIMES) for _ in range(2))
    assert (first == second).all()


def test_a_chain_without_probabilities_starts_stationary():
    chain = lc.TaskChain(rates=[[-0.5, 0.5], [0.2, -0.2]], tasks=[-1.0, 2.0])
    assert chain.probabilities @ chain.rates == pytest.approx(np.zeros(2), abs=1e-12)
    assert chain.tasks.shape == (2, 1)


def landscape(hidden):
    return lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * 2.0 * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )


def test_a_hidden_landscape_becomes_known_when_given_values():
    bowl = landscape(lc.GaussianPrior([0.5], [[1.0]]))
    assert bowl.given([2.0]).loss([[3.0]]) == pytest.approx([1.0])
    assert bowl.at_prior_mean.loss([[0.5]]) == pytest.approx([0.0])
    problem = lc.ControlProblem(
        landscape=bowl,
        learner=lc.Learner(sees=lc.NoisyGradient(0.3)),
        start=[0.0],
        objective=lc.Objective(horizon=2.0),
    )
    assert not problem.is_known
    assert lc.solve(problem.known([1.0])).cost == pytest.approx(
        np.sqrt(2) * np.tanh(2 * np.sqrt(2)) / 2, rel=1e-6
    )


def test_description_says_what_is_hidden_and_how_it_is_seen():
    bowl = landscape(lc.OrnsteinUhlenbeck(mean=[0.25], rate=0.4, covariance=[1.5]))
    problem = lc.ControlProblem(
        landscape=bowl,
        learner=lc.Learner(sees=lc.NoisyGradient(0.8)),
        start=[0.0],
        objective=lc.Objective(horizon=2.0),
    )
    text = problem.describe()
    for part in (
        "J = E ∫",
        "L(θ, φ)",
        "OrnsteinUhlenbeck",
        "0.25",
        "0.4",
        "1.5",
        "NoisyGradient, noise 0.8 per √time",
    ):
        assert part in text, part


MISTAKES = {
    "covariance not semidefinite": (
        lambda: lc.GaussianPrior([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]),
        "positive semidefinite",
    ),
    "covariance of the wrong size": (
        lambda: lc.GaussianPrior([0.0], np.eye(2)),
        "hidden covariance",
    ),
    "rate zero": (lambda: lc.OrnsteinUhlenbeck([0.0], 0.0, [1.0]), "rate λ: expected a number > 0"),
    "rows that do not sum to zero": (
        lambda: lc.TaskChain([[-1.0, 0.5], [0.2, -0.2]], [0.0, 1.0]),
        "rows that sum to 0",
    ),
    "probabilities that do not sum to one": (
        lambda: lc.TaskChain([[-1.0, 1.0], [0.2, -0.2]], [0.0, 1.0], [0.5, 0.6]),
        "sum to 1",
    ),
    "noise zero": (lambda: lc.NoisyGradient(0.0), "standard deviations > 0.*ExactGradient"),
    "noise singular": (lambda: lc.NoisyGradient([[1.0, 1.0], [1.0, 1.0]]), "invertible matrix"),
    "sees something else": (
        lambda: lc.Learner(sees="gradient"),
        "sees: expected a Sees; received str.*ExactGradient",
    ),
    "hidden of another kind": (
        lambda: lc.Landscape.from_expression(lambda t, p: t[0] * p, dimension=1, hidden=3.0),
        "GaussianPrior",
    ),
    "no observation": (
        lambda: lc.ControlProblem(
            landscape=landscape(lc.GaussianPrior([0.0], [[1.0]])),
            start=[0.0],
            objective=lc.Objective(horizon=1.0),
        ),
        "learner.sees",
    ),
    "hidden values missing": (
        lambda: landscape(lc.GaussianPrior([0.0], [[1.0]])).loss([[1.0]]),
        "values of its hidden variables",
    ),
    "full information wanted": (
        lambda: lc.Solver(
            lc.ControlProblem(
                landscape=landscape(lc.GaussianPrior([0.0], [[1.0]])),
                start=[0.0],
                objective=lc.Objective(horizon=1.0),
                learner=lc.Learner(sees=lc.NoisyGradient(1.0)),
            )
        ),
        "without hidden variables",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_has_its_message(mistake):
    action, message = MISTAKES[mistake]
    with pytest.raises(lc.ProblemError, match=message):
        action()
