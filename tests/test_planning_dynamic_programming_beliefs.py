"""solve_grid: exact references in belief space, the dual effect, statuses and refusals."""

import math
import pickle

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.model.belief import belief_model
from landscape_control.stochastic import GridPolicy, GridStatus, evaluate_policy, solve_grid

GAMMA, RATE, NOISE, VARIANCE, CENTRE = 0.5, 0.4, 0.8, 1.0, 0.3


def problem_of(loss, hidden, *, dimension=1, start=(1.0,), noise=NOISE, learner=None, **objective):
    landscape = lc.Landscape.from_expression(loss, dimension=dimension, hidden=hidden)
    objective = lc.Objective(**{"horizon": math.inf, "discount": GAMMA, **objective})
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise), **(learner or {})),
        objective=objective,
        start=list(start),
    )


def moving_minimum(**changes):
    hidden = lc.OrnsteinUhlenbeck(mean=[CENTRE], rate=RATE, covariance=[VARIANCE])
    return problem_of(lambda x, h: (x[0] - h[0]) ** 2 / 2, hidden, **changes)


def two_tasks(
    curvatures=(1.0, 1.0), minima=(-1.0, 1.0), rates=((-0.3, 0.3), (0.6, -0.6)), **changes
):
    hidden = lc.TaskChain(rates=rates, tasks=np.column_stack([curvatures, minima]))
    return problem_of(
        lambda x, h: h[0] * (x[0] - h[1]) ** 2 / 2, hidden, **{"start": (0.7,), **changes}
    )


def unknown_curvature(**changes):
    return problem_of(
        lambda x, h: ca.exp(h[0]) * (x[0] - 1) ** 2 / 2,
        lc.GaussianPrior(mean=[0.0], covariance=[0.8]),
        **{"start": (-0.5,), **changes},
    )


def gain_and_shrink(reversion=RATE):
    r = math.sqrt(GAMMA**2 / 4 + 1) - GAMMA / 2
    return r, (r + GAMMA) / (r + GAMMA + reversion)


def exact_value(theta, mean):
    """V of the moving minimum: Riccati equation of the state (θ, m) plus what estimation error and
    innovations cost.
    """
    information = 1 / NOISE**2
    steady = (-RATE + math.sqrt(RATE**2 + 2 * RATE * VARIANCE * information)) / information
    reference = lc.reference.LinearQuadratic(
        hessian=np.array([[1.0, -1.0], [-1.0, 1.0]]),
        minimum=np.full(2, CENTRE),
        drift_matrix=np.diag([0.0, -RATE]),
        drift_offset=np.array([0.0, RATE * CENTRE]),
        actuation=np.array([[1.0], [0.0]]),
        discount=GAMMA,
    ).infinite()
    constant = (steady + (steady / NOISE) ** 2 * reference.value_hessian[1, 1]) / (2 * GAMMA)
    return reference.value(np.column_stack([theta, mean])) + constant


SAMPLE = np.random.default_rng(1).uniform(-1.5, 1.5, (2, 40))


# --- exact references
# ------------------------------------------------------------------------------------------------


def test_moving_minimum_matches_the_exact_linear_quadratic_gaussian_solution():
    grid = solve_grid(moving_minimum(), points=51)
    theta, mean = SAMPLE[0][:, None], SAMPLE[1][:, None]
    r, s = gain_and_shrink()
    assert grid.status is GridStatus.CONVERGED
    assert grid.names == ("θ", "m")
    assert grid.assumes.startswith("Kalman filter: exact")
    np.testing.assert_allclose(grid.value_at(theta, mean), exact_value(*SAMPLE), atol=1e-8)
    np.testing.assert_allclose(
        grid.policy(theta, mean), -r * (theta - CENTRE) + r * s * (mean - CENTRE), atol=1e-8
    )
    assert grid.cost == pytest.approx(exact_value([1.0], [CENTRE])[0], abs=1e-9)


def test_first_order_scheme_converges_to_it_at_first_order_and_its_estimate_covers_the_error():
    errors = []
    for points in (41, 81, 161):
        grid = solve_grid(moving_minimum(), points=points, order=1)
        error = np.abs(
            grid.value_at(*(part[:, None] for part in SAMPLE)) - exact_value(*SAMPLE)
        ).max()
        assert error < grid.error
        errors.append(error)
    assert 0.85 < np.log2(errors[1] / errors[2]) < 1.15


def test_two_dimensions_at_201_by_201_to_a_millionth_in_under_five_seconds():
    grid = solve_grid(two_tasks(curvatures=(0.3, 2.0)), points=201, tolerance=1e-6)
    assert grid.residual <= 1e-6
    assert grid.value.shape == (201, 201)
    assert grid.seconds < 5


@pytest.mark.parametrize("prior", [None, (0.9, 0.1)])
def test_two_tasks_of_one_curvature_are_controlled_through_the_posterior_mean_alone(prior):
    """Certainty equivalence: u = -r(θ - μ̄) + rs(m - μ̄), s = (r + γ)/(r + γ + a + b), whatever the
    minima and rates.
    """
    grid = solve_grid(two_tasks(), points=51)
    chance, theta = np.linspace(0, 1, 21)[:, None], np.linspace(-0.9, 0.9, 21)[:, None]
    r, s = gain_and_shrink(reversion=0.9)
    centre, mean = -1 * 2 / 3 + 1 / 3, 1 - 2 * chance
    expected = -r * (theta - centre) + r * s * (mean - centre)
    np.testing.assert_allclose(
        grid.policy(theta, np.hstack([chance, 1 - chance])), expected, atol=1e-8
    )
    assert grid.status.ok
    if prior is not None:
        assert grid.policy([0.2], prior).shape == (1,)


def test_value_is_what_the_closed_loop_costs_in_simulation():
    """True task chain, noisy gradients and the discrete Wonham filter, none of which the grid has
    seen.
    """
    problem = two_tasks(curvatures=(0.3, 2.0), minima=(-0.5, 0.5))
    grid, model = solve_grid(problem), belief_model(problem)
    rng, step, episodes, count = np.random.default_rng(3), 0.02, 2000, 600
    hidden = problem.landscape.hidden.sample(rng, episodes, step * np.arange(count + 1))
    belief, theta, cost = model.initial(episodes), np.full((episodes, 1), 0.7), np.zeros(episodes)
    for k in range(count):
        u = grid.policy(theta, belief)
        loss = hidden[:, k, 0] * (theta[:, 0] - hidden[:, k, 1]) ** 2 / 2
        cost += step * math.exp(-GAMMA * step * (k + 0.5)) * (loss + u[:, 0] ** 2 / 2)
        seen = model.observe(theta, hidden[:, k], rng.standard_normal((episodes, 1)), step)
        belief = model.predict(model.update(belief, theta, seen, step), step)
        theta = theta + step * u
    error = cost.std() / math.sqrt(episodes)
    remainder = math.exp(-GAMMA * step * count) * grid.value_at(theta, belief).mean()
    # the second part for the time step
    assert abs(cost.mean() + remainder - grid.cost) < 4 * error + 0.01 * grid.cost
    assert error < 0.03 * grid.cost


def test_a_certain_belief_leaves_the_deterministic_problem_of_known_curvature():
    """At P = 0 nothing is left to learn: V = ½ r(e^m)(θ - 1)², exact on one face of the
    three-dimensional grid.
    """
    grid = solve_grid(unknown_curvature(), points=(21, 41, 21), accuracy=0.1)
    assert grid.names == ("θ", "m", "P")
    theta, mean = np.linspace(-0.9, 1.4, 9)[:, None], np.linspace(-1, 1, 9)[:, None]
    certain, r = (mean, np.zeros((9, 1, 1))), np.sqrt(GAMMA**2 / 4 + np.exp(mean)) - GAMMA / 2
    np.testing.assert_allclose(
        grid.value_at(theta, certain), (r * (theta - 1) ** 2 / 2)[:, 0], atol=2e-4
    )
    np.testing.assert_allclose(grid.policy(theta, certain), -r * (theta - 1), atol=2e-4)


def test_belief_that_learns_nothing_leaves_the_deterministic_problem_of_the_mean_loss():
    """Noise without end and a loss linear in φ: V(θ, p̄) is the cost of the double well at the mean
    tilt.
    """
    chain = lc.TaskChain(rates=[[-0.5, 0.5], [0.5, -0.5]], tasks=[0.6, 0.0])
    problem = problem_of(
        lambda x, h: (x[0] ** 2 - 1) ** 2 - h[0] * x[0], chain, noise=1e6, start=(0.4,)
    )
    grid = solve_grid(problem, points=(201, 21), accuracy=0.1)
    known = lc.solve(problem.known([0.3]))
    assert grid.cost == pytest.approx(known.cost, abs=1e-3)
    assert grid.policy([0.4], [0.5, 0.5])[0] == pytest.approx(known.controls[0, 0], abs=1e-2)


def test_two_hidden_variables_with_steady_covariance_and_two_parameters_with_a_coupled_metric():
    hidden = lc.OrnsteinUhlenbeck(mean=[0.0, 0.0], rate=RATE, covariance=[1.0, 0.5])
    both = solve_grid(problem_of(lambda x, h: (x[0] - h[0] - h[1]) ** 2 / 2, hidden), points=21)
    r, s = gain_and_shrink()
    mean = np.array([[0.5, -0.2], [-1.0, 0.3]])
    np.testing.assert_allclose(
        both.policy([0.4], mean)[:, 0], -r * 0.4 + r * s * mean.sum(axis=1), atol=1e-6
    )
    chain = lc.TaskChain(rates=[[-0.3, 0.3], [0.3, -0.3]], tasks=[[1.0, 0.0], [-1.0, 0.5]])
    metric = np.array([[1.0, 0.4], [0.4, 1.0]])
    plane = solve_grid(
        problem_of(
            lambda x, h: ca.sumsqr(x - h) / 2,
            chain,
            dimension=2,
            start=(1.0, 1.0),
            learner={"metric": metric},
        ),
        points=21,
        margin=0.6,
        accuracy=0.05,
    )
    assert plane.names == ("θ1", "θ2", "p₁")
    values, vectors = np.linalg.eigh(np.linalg.inv(metric))
    gains = np.sqrt(GAMMA**2 / 4 + values) - GAMMA / 2
    centre = np.array([0.0, 0.25])
    # p = ½: the belief is at its centre
    expected = -(vectors * gains) @ vectors.T @ (np.array([0.4, 0.5]) - centre)
    np.testing.assert_allclose(plane.policy([0.4, 0.5], [0.5, 0.5]), expected, atol=1e-3)


# --- finite horizons
# -------------------------------------------------------------------------------------------------


def test_finite_horizon_gain_grows_with_the_time_to_go_as_the_riccati_equation_says():
    steady = float(belief_model(moving_minimum()).steady_covariance()[0, 0])
    hidden = lc.OrnsteinUhlenbeck(
        mean=[CENTRE], rate=RATE, covariance=[VARIANCE], start_covariance=[steady]
    )
    problem = problem_of(lambda x, h: (x[0] - h[0]) ** 2 / 2, hidden, horizon=2.0)
    r, w, errors = gain_and_shrink()[0], math.sqrt(GAMMA**2 / 4 + 1), []
    for steps in (20, 40, 80):
        grid = solve_grid(problem, points=21, steps=steps)
        assert grid.names == ("θ", "m")  # the prior covariance is the steady one
        worst = 0.0
        for time in (0.0, 1.0, 1.5):
            fade = math.exp(-2 * w * (2 - time))
            expected = r * (1 - fade) / (1 + r / (r + GAMMA) * fade)
            gain = grid.policy([0.0], [CENTRE], time)[0] - grid.policy([1.0], [CENTRE], time)[0]
            worst = max(worst, abs(gain - expected))
        errors.append(worst)
    assert 1.6 < np.log2(errors[1] / errors[2]) < 2.4
    assert errors[-1] < 3e-4
    assert grid.policy([1.0], [CENTRE], 2.0)[0] == pytest.approx(0)
    with pytest.raises(lc.ProblemError, match="a time in \\[0, 2\\]"):
        grid.policy([1.0], [CENTRE], 2.5)


def test_finite_horizon_ends_in_the_expected_terminal_cost_and_tends_to_the_infinite_one():
    problem = two_tasks(horizon=1.0, terminal="loss", terminal_weight=2.0)
    grid = solve_grid(problem, points=21, steps=20)
    assert grid.value_at([0.5], [0.25, 0.75], 1.0) == pytest.approx(
        2 * (0.25 * 1.5**2 + 0.75 * 0.5**2) / 2, abs=1e-6
    )
    assert grid.policy([0.5], [0.0, 1.0], 1.0)[0] == pytest.approx(-2 * (0.5 - 1.0), abs=1e-5)
    long = solve_grid(two_tasks(curvatures=(0.3, 2.0), horizon=30.0), points=41, steps=120)
    settled = solve_grid(two_tasks(curvatures=(0.3, 2.0)), points=41)
    assert long.cost == pytest.approx(settled.cost, abs=1e-5)
    np.testing.assert_allclose(long.controls[-1], settled.controls[-1], atol=1e-4)


# --- dual effect
# -----------------------------------------------------------------------------------------------------


def passive(problem, like: GridPolicy) -> GridPolicy:
    """The policy that expects to learn nothing, evaluated where it does learn."""
    deaf = problem.changed(learner=lc.Learner(sees=lc.NoisyGradient(1e6)))
    plan = solve_grid(deaf, points=tuple(map(len, like.axes)), box=like.box, accuracy=0.1)
    return evaluate_policy(problem, plan.policy, like)


def test_tasks_of_one_curvature_leave_nothing_to_probe_for():
    problem = two_tasks()
    grid = solve_grid(problem, points=41)
    assert np.abs(passive(problem, grid).value - grid.value).max() < 1e-6


def test_tasks_that_differ_in_curvature_make_probing_worth_while():
    """Gradients 3(θ + ½) and (θ - ½)/2 agree at θ = -0.7: nothing is learnt there, and the optimum
    keeps away from it.
    """
    problem = two_tasks(
        curvatures=(3.0, 0.5), minima=(-0.5, 0.5), rates=((-0.1, 0.1), (0.1, -0.1)), noise=0.5
    )
    worth = []
    for points in (61, 121):
        grid = solve_grid(problem, points=points)
        unaware = passive(problem, grid)
        assert (unaware.value - grid.value).min() > 0
        worth.append(unaware.cost - grid.cost)
    # errors of the grid are common to both and cancel
    assert worth[0] == pytest.approx(worth[1], rel=0.03)
    assert worth[1] > 2 * (grid.error + unaware.error)
    push = grid.policy([-0.7], [0.5, 0.5]) - unaware.policy([-0.7], [0.5, 0.5])
    assert push[0] > 10 * grid.policy_error


@pytest.mark.slow
def test_unknown_curvature_is_probed_for():
    """h = e^φ: the gradient tells about φ the more the further the learner is from the minimum, so
    it lingers.
    """
    problem, worth, belief = unknown_curvature(noise=0.3), [], (np.array([0.0]), np.array([[0.8]]))
    for points in ((21, 21, 11), (31, 31, 15)):
        grid = solve_grid(problem, points=points, accuracy=0.1, margin=0.4)
        unaware = passive(problem, grid)
        worth.append(unaware.value_at([-0.5], belief) - grid.value_at([-0.5], belief))
        assert (
            grid.policy([-0.5], belief)[0]
            < unaware.policy([-0.5], belief)[0] - 10 * grid.policy_error
        )
    assert worth[1] == pytest.approx(worth[0], rel=0.02)
    assert worth[1] > 0


# --- statuses and results
# ---------------------------------------------------------------------------------------------


def test_coarse_grid_is_reported_with_advice():
    grid = solve_grid(two_tasks(curvatures=(0.3, 2.0)), points=11, accuracy=1e-5)
    assert grid.status is GridStatus.GRID_TOO_COARSE
    assert not grid.status.ok
    assert "more points" in grid.status.advice
    assert "error of V" in grid.message


def test_error_estimate_covers_the_true_error_and_shrinks():
    problem = two_tasks(curvatures=(0.3, 2.0))
    best = solve_grid(problem, points=161)
    errors = []
    for points in (21, 41):
        grid = solve_grid(problem, points=points)
        true = abs(grid.cost - best.cost)
        assert true < grid.error
        errors.append(grid.error)
    assert errors[1] < errors[0] / 2.5


def test_box_that_the_closed_loop_leaves_is_reported_with_the_wall():
    grid = solve_grid(two_tasks(), points=21, box=[(0.2, 1.6), (0.0, 1.0)])
    assert grid.status is GridStatus.DOMAIN_LEFT
    assert "θ = 0.2" in grid.message
    assert "margin" in grid.status.advice
    narrow = solve_grid(moving_minimum(), points=21, box=[(-3.0, 3.0), (-0.2, 0.8)])
    assert narrow.status is GridStatus.DOMAIN_LEFT  # the belief diffuses through these walls
    assert narrow.wall_share > 0.01


def test_wider_margin_moves_the_walls_and_not_the_answer():
    near, far = (
        solve_grid(two_tasks(curvatures=(0.3, 2.0)), points=81, margin=margin)
        for margin in (0.3, 1.0)
    )
    assert far.box[0, 0] < near.box[0, 0]
    np.testing.assert_array_equal(far.core, near.core)
    np.testing.assert_array_equal(far.box[1], [0, 1])
    assert far.cost == pytest.approx(near.cost, abs=near.error + far.error)
    assert near.wall_share < 1e-6


def test_policy_is_vectorised_over_episodes_and_reads_every_form_of_belief():
    problem = moving_minimum()
    grid, model = solve_grid(problem, points=21), belief_model(problem)
    belief = model.initial(5)
    u = grid.policy(np.zeros((5, 1)), belief)
    assert u.shape == (5, 1)
    np.testing.assert_allclose(grid(np.zeros(1), belief), u)
    np.testing.assert_allclose(grid.policy(np.zeros(1), (belief.mean[0], np.eye(1))), u[0])
    assert grid.contains([0.0], [0.0])
    np.testing.assert_array_equal(grid.contains([[0.0], [99.0]], [0.0]), [True, False])
    assert "converged" in grid.summary()
    copy = pickle.loads(pickle.dumps(grid))
    np.testing.assert_array_equal(copy.policy(np.zeros(1), [0.1]), grid.policy(np.zeros(1), [0.1]))
    with pytest.raises(lc.ProblemError, match="a mean of 1 hidden"):
        grid.policy(np.zeros(1), np.zeros(3))
    with pytest.raises(lc.ProblemError, match="theta"):
        grid.policy(np.zeros(2), np.zeros(1))


# --- refusals
# ---------------------------------------------------------------------------------------------------------

OU2 = lc.OrnsteinUhlenbeck(mean=[0.0, 0.0], rate=0.4, covariance=[1.0, 1.0])
REFUSED = {
    "four dimensions": (
        lambda: problem_of(lambda x, h: ca.sumsqr(x - h), OU2, dimension=2, start=(1, 1)),
        {},
        "at most 3 coordinates.*replanning",
    ),
    "two hidden variables without steady covariance": (
        lambda: problem_of(lambda x, h: ca.exp(h[0]) * (x[0] - h[1]) ** 2, OU2),
        {},
        "one hidden variable when its",
    ),
    "four tasks": (
        lambda: problem_of(
            lambda x, h: (x[0] - h[0]) ** 2,
            lc.TaskChain(rates=np.full((4, 4), 0.25) - np.eye(4), tasks=[0.0, 1.0, 2.0, 3.0]),
        ),
        {},
        "two or three tasks.*received 4",
    ),
    "known landscape": (
        lambda: moving_minimum().known([0.0]),
        {},
        "hidden variables.*certify_global",
    ),
    "no discount": (lambda: moving_minimum(discount=0.0), {}, "γ > 0 when the horizon is infinite"),
    "fixed end": (lambda: moving_minimum(horizon=1.0).changed(end=[0.0]), {}, "free end"),
    "exact gradient": (
        lambda: moving_minimum().changed(learner=lc.Learner(sees=lc.ExactGradient())),
        {},
        "noise",
    ),
    "even points": (moving_minimum, {"points": 50}, "odd number.*use 51"),
    "points per axis": (moving_minimum, {"points": (21, 21, 21)}, "one number, or 2"),
    "order": (moving_minimum, {"order": 3}, "1 or 2"),
    "odd steps": (lambda: moving_minimum(horizon=1.0), {"steps": 11}, "even number"),
    "tolerance": (moving_minimum, {"tolerance": 0.0}, "tolerance.*> 0"),
    "box upside down": (moving_minimum, {"box": [(1, -1), (-1, 1)]}, "low < high"),
    "impossible probabilities": (two_tasks, {"box": [(-2, 2), (-0.5, 1)]}, "p₁ inside"),
    "start outside": (moving_minimum, {"box": [(-0.5, 0.5), (-1, 1)]}, "start in the grid's box"),
    "nothing but one point": (lambda: two_tasks(minima=(0.7, 0.7)), {}, "pass box="),
    "steady where it depends on θ": (
        unknown_curvature,
        {"covariance": "steady"},
        "'coordinate' makes the variance",
    ),
    "loss not finite": (
        lambda: problem_of(
            lambda x, h: ca.log(x[0]) ** 2 - h[0] * x[0] / 9,
            lc.TaskChain(rates=[[-1, 1], [1, -1]], tasks=[0.1, 0.2]),
        ),
        {"box": [(-1, 2), (0, 1)]},
        "on the grid.*finite values",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_advice(name):
    make, options, message = REFUSED[name]
    problem = make()
    with pytest.raises(lc.ProblemError, match=message):
        solve_grid(problem, **options)
