"""Learners on raw gradients: step by step against textbook recursions, against beliefs, at task
switches, and tuned.
"""

import math
from copy import deepcopy
from dataclasses import replace

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.belief import belief_model
from landscape_control.simulation import (
    SGD,
    Adam,
    BeliefAdam,
    Bound,
    FullResetAtSwitches,
    HeavyBall,
    KalmanMomentum,
    LinearLearner,
    NoReset,
    RMSProp,
    ShrinkAndPerturb,
    WeightDecay,
    adam_bias_correction,
    adam_gain,
    best_coefficients,
    kalman_gain,
    kalman_gain_walk,
    kalman_transient,
    paired_difference,
    simulate,
)
from landscape_control.vectorised import Vectorised

H, LAM, Q, SIGMA, GAMMA, ETA, MU = 1.5, 0.4, 0.8, 0.8, 0.5, 0.7, 0.3
STEP = 0.05


def bowl(hidden, *, horizon=2.0, start=MU, noise=SIGMA, **objective):
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * H * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        start=[start],
        learner=lc.Learner(sees=lc.NoisyGradient(noise)),
        objective=lc.Objective(
            **{"horizon": horizon, "discount": GAMMA, "learning_rate": ETA} | objective
        ),
    )


def steady_variance(step):
    """P before an observation, of P → a²PR/(h²P + R) + (1 - a²)q/2λ with R = σ²/step: the discrete
    Riccati equation.
    """
    a, noise = math.exp(-LAM * step), SIGMA**2 / step
    p = Q / (2 * LAM)
    for _ in range(5000):
        p = a * a * p * noise / (H * H * p + noise) + (1 - a * a) * Q / (2 * LAM)
    return p


MOVING = bowl(
    lc.OrnsteinUhlenbeck([MU], LAM, [Q / (2 * LAM)], start_covariance=[steady_variance(STEP)])
)
CURVED = lc.ControlProblem(
    landscape=lc.quadratic(hessian=np.diag([1.0, 0.05]), minimum=[0.0, 0.0]),
    start=[1.0, -1.0],
    objective=lc.Objective(horizon=2.0),
    learner=lc.Learner(sees=lc.NoisyGradient([[0.3, 0.1], [0.0, 0.2]])),
)


def textbook_adam(y, rate, *, correct, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Kingma & Ba 2015, Algorithm 1, in plain numbers; y are the gradients of one parameter."""
    m = v = 0.0
    updates = []
    for t, g in enumerate(y, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        first, second = (m / (1 - beta1**t), v / (1 - beta2**t)) if correct else (m, v)
        updates.append(-rate * first / (math.sqrt(second) + epsilon))
    return updates


def textbook_rmsprop(y, rate, decay=0.99, epsilon=1e-8):
    v, updates = 0.0, []
    for g in y:
        v = decay * v + (1 - decay) * g * g
        updates.append(-rate * g / (math.sqrt(v) + epsilon))
    return updates


def textbook_momentum(y, rate, beta):
    u, updates = 0.0, []
    for g in y:
        u = beta * u - rate * g
        updates.append(u)
    return updates


@pytest.mark.parametrize(
    ("learner", "textbook"),
    [
        (SGD(learning_rate=0.3), lambda y: -0.3 * np.asarray(y)),
        (HeavyBall(learning_rate=0.3, momentum=0.8), lambda y: textbook_momentum(y, 0.3, 0.8)),
        (Adam(learning_rate=0.3), lambda y: textbook_adam(y, 0.3, correct=True)),
        (
            Adam(learning_rate=0.3, bias_correction=False),
            lambda y: textbook_adam(y, 0.3, correct=False),
        ),
        (RMSProp(learning_rate=0.3), lambda y: textbook_rmsprop(y, 0.3)),
        (NoReset(learner=SGD(learning_rate=0.3)), lambda y: -0.3 * np.asarray(y)),
    ],
    ids=["SGD", "HeavyBall", "Adam", "Adam uncorrected", "RMSProp", "NoReset"],
)
def test_optimisers_are_their_textbook_recursions_step_by_step(learner, textbook):
    paths = simulate(CURVED, learner, episodes=3, step=STEP, keep_paths=True).paths
    for episode in range(3):
        for i in range(2):
            assert paths.controls[episode, :, i] == pytest.approx(
                textbook(paths.observations[episode, :, i]), rel=1e-12
            )
    assert np.diff(paths.parameters, axis=1) == pytest.approx(STEP * paths.controls, abs=1e-14)


def test_matrix_noise_has_the_declared_covariance():
    paths = simulate(CURVED, SGD(learning_rate=0.0), episodes=4000, step=0.5, keep_paths=True).paths
    noise = (paths.observations - paths.parameters[:, :-1] * [1.0, 0.05]).reshape(-1, 2)
    root = np.array([[0.3, 0.1], [0.0, 0.2]])
    assert np.cov(noise.T) == pytest.approx(root @ root.T / 0.5, abs=0.006)


def test_noise_that_depends_on_the_weights_is_taken_where_they_are():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]], minimum=[0.0]),
        start=[2.0],
        objective=lc.Objective(horizon=1.0),
        learner=lc.Learner(sees=lc.NoisyGradient(lambda theta: 0.5 * theta[0])),
    )
    paths = simulate(
        problem, SGD(learning_rate=0.0), episodes=3000, step=1.0, keep_paths=True
    ).paths
    assert paths.observations[:, 0, 0].std() == pytest.approx(1.0, rel=0.06)


def discrete_rule(step):
    """Momentum, learning rate and decay that eliminate the belief from u = -r(θ-μ₀) + rs(m-μ₀),
    exactly for this step.

    With posterior means n = m - μ₀: n_k = (1-Kh)a n_{k-1} + Kh x_k - K y_k and u_k = -r x_k + rs
    n_k, so that u_k = (1-Kh)a(1-rΔ) u_{k-1} - rsK y_k - [r(1-(1-Kh)a) - rsKh] x_k, if x_0 = u_{-1}
    = 0.
    """
    r, s = rates()
    p = steady_variance(step)
    gain = p * H / (H * H * p + SIGMA**2 / step)
    keep = (1 - gain * H) * math.exp(-LAM * step)
    return keep * (1 - r * step), r * s * gain, r * (1 - keep) - r * s * gain * H


def rates():
    r = math.sqrt(GAMMA**2 / 4 + ETA * H) - GAMMA / 2
    return r, (r + GAMMA) / (r + GAMMA + LAM)


def belief_rule(theta, belief, time):
    r, s = rates()
    return -r * (theta - MU - s * (belief.mean - MU))


def test_the_optimal_belief_policy_is_sgd_with_momentum_and_weight_decay_on_the_same_noise():
    momentum, rate, decay = discrete_rule(STEP)
    heavy = WeightDecay(
        learner=HeavyBall(learning_rate=rate, momentum=momentum), decay=decay / rate
    )
    beliefs, sgd = (
        simulate(MOVING, policy, episodes=50, step=STEP, keep_paths=True)
        for policy in (belief_rule, heavy)
    )
    assert np.abs(sgd.paths.parameters - beliefs.paths.parameters).max() < 1e-12
    assert sgd.cost == pytest.approx(beliefs.cost, rel=1e-12)


def test_its_coefficients_approach_friction_learning_rate_and_decay_of_the_continuous_formula_at_first_order():
    """dv = -(r + λ + κh)v dt - rsκ dY - r[λ + κh(1-s)](θ-μ₀)dt with κ = Ph/σ², in units of the
    step.
    """
    r, s = rates()
    information = (H / SIGMA) ** 2
    kappa = (-LAM + math.sqrt(LAM**2 + information * Q)) / information * H / SIGMA**2
    theory = np.array([r + LAM + kappa * H, r * s * kappa, r * (LAM + kappa * H * (1 - s))])
    steps = np.array([0.04, 0.02, 0.01])
    errors = []
    for step in steps:
        momentum, rate, decay = discrete_rule(step)
        errors.append(np.abs(np.array([1 - momentum, rate, decay]) / step / theory - 1))
    for slope in np.polyfit(np.log(steps), np.log(errors), 1)[0]:
        assert slope == pytest.approx(1, abs=0.15)


def test_a_kalman_filter_with_linear_control_is_a_linear_learner():
    r, s = rates()
    p = steady_variance(STEP)
    gain = p * H / (H * H * p + SIGMA**2 / STEP)
    linear = LinearLearner(
        transition=[[(1 - gain * H) * math.exp(-LAM * STEP)]],
        gain=[[-gain]],
        state_theta=[[gain * H]],
        state_offset=-gain * H * MU,
        readout=[[r * s]],
        feedback=[[-r]],
        offset=r * MU,
    )
    beliefs, learner = (
        simulate(MOVING, policy, episodes=20, step=STEP) for policy in (belief_rule, linear)
    )
    assert np.abs(learner.costs - beliefs.costs).max() < 1e-12


def brute_force_mean(y, a, ratio, prior):
    """E[g_T | y] of g_{t+1} = a g_t + N(0, ρ), y = g + N(0, 1), by inverting the joint Gaussian."""
    steps = len(y)
    covariance = np.zeros((steps, steps))
    variance = prior
    for t in range(steps):
        covariance[t, t:] = covariance[t:, t] = variance * a ** np.arange(steps - t)
        variance = a * a * variance + ratio
    return covariance[-1] @ np.linalg.solve(covariance + np.eye(steps), y)


@pytest.mark.parametrize(("a", "ratio"), [(1.0, 0.05), (0.9, 0.3)])
def test_kalman_momentum_is_the_posterior_mean_of_the_gradient(a, ratio):
    for diffuse, prior in (
        (True, 1e7),
        (False, kalman_gain(ratio, a) / (1 - kalman_gain(ratio, a))),
    ):
        learner = KalmanMomentum(learning_rate=2.0, ratio=ratio, persistence=a, diffuse=diffuse)
        paths = simulate(CURVED, learner, episodes=2, step=0.1, keep_paths=True).paths
        for t in (1, 5, 20):
            expected = -2.0 * brute_force_mean(paths.observations[1, :t, 0], a, ratio, prior)
            assert paths.controls[1, t - 1, 0] == pytest.approx(expected, rel=1e-5)


def test_kalman_gains_solve_their_riccati_equation_and_the_transient_ends_there():
    for ratio, a in ((1e-6, 1.0), (0.1, 1.0), (50.0, 1.0), (0.1, 0.7), (1e-6, 0.0)):
        gain = kalman_gain(ratio, a)
        predicted = a * a * gain + ratio
        assert gain == pytest.approx(predicted / (1 + predicted), rel=1e-12)
    assert kalman_gain_walk([0.0, 0.1, 50.0]) == pytest.approx(
        [0.0, kalman_gain(0.1), kalman_gain(50.0)], rel=1e-12
    )
    transient, steady = kalman_transient(0.1, 60, 0.95), kalman_gain(0.1, 0.95)
    assert transient[0] == 1
    assert transient[-1] == pytest.approx(steady, rel=1e-10)
    rates = np.diff(np.log(transient[3:12] - steady))
    assert rates[-1] == pytest.approx(2 * math.log((1 - steady) * 0.95), rel=1e-3)
    assert kalman_transient(
        0.1, 40, prior=kalman_gain(0.1) / (1 - kalman_gain(0.1))
    ) == pytest.approx(np.full(40, kalman_gain(0.1)))


def test_bias_correction_starts_like_a_diffuse_belief_and_ends_at_one():
    times = np.arange(1, 8)
    assert adam_bias_correction(0.9, 7) == pytest.approx(1 / (1 - 0.9**times), rel=1e-12)
    assert adam_gain(0.9, 300)[[0, -1]] == pytest.approx([1.0, 0.1])
    assert adam_gain(1 - 1e-9, 7) == pytest.approx(
        1 / times, rel=1e-6
    )  # the mean of all gradients so far …
    assert kalman_transient(0.0, 7) == pytest.approx(
        1 / times
    )  # … is the Kalman mean of a constant gradient
    walk = kalman_gain_walk(0.1)
    assert (
        np.abs(adam_gain(1 - walk, 10) - kalman_transient(0.1, 10))[1:].min() > 1e-3
    )  # alike, not identical


def test_belief_adam_without_discount_is_adam_and_with_much_of_it_momentum_descent():
    ratio = kalman_gain_walk(0.02) ** 2 / (
        1 - kalman_gain_walk(0.02)
    )  # ρ = K²/(1-K), the inverse of the gain
    gain = kalman_gain_walk(ratio)
    settings = {"drive": 0.25, "ratio": ratio, "diffuse": False}
    for correct in (True, False):
        believer = BeliefAdam(
            discount=0.0, bias_correction=correct, curvature_scale=4.0, epsilon=5e-9, **settings
        )

        def adam(y, correct=correct):
            second = adam_bias_correction(0.999, len(y)) if correct else np.ones(len(y))
            m = np.array(textbook_momentum(y, -gain, 1 - gain))
            v = np.array(textbook_momentum(y**2, -0.001, 0.999)) * second
            return -0.25 * m / (np.sqrt(v) + 1e-8 / 8)  # √(ηk/c) = 0.25, ε scaled along

        paths = simulate(CURVED, believer, episodes=2, step=STEP, keep_paths=True).paths
        assert paths.controls[1, :, 0] == pytest.approx(adam(paths.observations[1, :, 0]), rel=1e-6)
    errors, discounts = [], np.array([10.0, 20.0, 40.0])
    for discount in discounts:
        u = [
            simulate(CURVED, learner, episodes=2, step=2.0).final - [1.0, -1.0]
            for learner in (
                BeliefAdam(discount=discount, **settings),
                KalmanMomentum(learning_rate=0.25 / discount, ratio=ratio, diffuse=False),
            )
        ]
        errors.append(np.abs(u[0] / u[1] - 1).max())
    assert np.polyfit(np.log(discounts), np.log(errors), 1)[0] == pytest.approx(-2, abs=0.05)


JUMPS = bowl(
    lc.JumpProcess(rate=0.3, mean=[0.0], covariance=[4.0]), horizon=10.0, start=0.0, noise=0.05
)


def switches(paths):
    """(episode, step) of every step before which the task has switched."""
    return np.argwhere(np.diff(paths.hidden[..., 0], axis=1)[:, :-1] != 0) + [0, 1]


def test_a_full_reset_brings_the_weights_back_along_a_straight_line_at_the_price_of_its_duration():
    learner = FullResetAtSwitches(learner=Adam(learning_rate=1.0, beta2=0.9), duration=0.25)
    run = simulate(JUMPS, learner, episodes=20, step=STEP, keep_paths=True)
    found = 0
    for episode, k in switches(run.paths):
        theta, u = run.paths.parameters[episode, :, 0], run.paths.controls[episode, :, 0]
        later = run.paths.hidden[episode, k : k + 6, 0]
        if k + 5 < len(u) and (later == later[0]).all():
            assert theta[k + 5] == pytest.approx(0.0, abs=1e-12)
            assert u[k : k + 5] == pytest.approx(np.full(5, -theta[k] / 0.25))
            assert abs(u[k + 5]) == pytest.approx(
                1.0, rel=1e-6
            )  # Adam's very first step: its counter starts afresh too
            found += 1
    assert found > 20


def test_a_switch_can_be_inferred_from_surprising_gradients():
    learner = FullResetAtSwitches(
        learner=SGD(learning_rate=2.0), duration=STEP, told=False, threshold=2.0, window=5
    )
    calm = bowl(lc.GaussianPrior([0.0], [0.0]), horizon=10.0, start=0.0, noise=0.05)
    plain = SGD(learning_rate=2.0)
    quiet, same = (simulate(calm, policy, episodes=20, step=STEP) for policy in (learner, plain))
    assert (np.abs(quiet.costs - same.costs) < 1e-12).mean() > 0.9  # few false alarms
    run = simulate(JUMPS, learner, episodes=40, step=STEP, keep_paths=True)
    noticed = []
    for episode, k in switches(run.paths):
        size = abs(run.paths.hidden[episode, k, 0] - run.paths.parameters[episode, k, 0])
        calm_before = (
            run.paths.hidden[episode, max(k - 40, 0) : k, 0] == run.paths.hidden[episode, k - 1, 0]
        ).all() and k > 40
        if size > 1.0 and calm_before and k + 8 < run.paths.controls.shape[1]:
            noticed.append((np.abs(run.paths.parameters[episode, k : k + 8, 0]) < 1e-12).any())
    assert len(noticed) >= 10
    assert np.mean(noticed) > 0.8


def test_shrink_and_perturb_moves_the_weights_to_a_fraction_of_themselves_with_noise():
    learner = ShrinkAndPerturb(
        learner=SGD(learning_rate=1.0), shrink=0.4, perturb=0.1, duration=STEP
    )
    run = simulate(JUMPS, learner, episodes=200, step=STEP, keep_paths=True)
    episodes, k = switches(run.paths).T
    theta = run.paths.parameters[..., 0]
    noise = theta[episodes, k + 1] - 0.4 * theta[episodes, k]
    assert abs(noise.mean()) < 4 * 0.1 / math.sqrt(len(noise))
    assert noise.std() == pytest.approx(0.1, rel=4 / math.sqrt(2 * len(noise)))


def test_coupled_and_decoupled_decay_agree_without_momentum_only():
    def costs(learner, rate):
        pair = (
            WeightDecay(learner=learner, decay=decay, decoupled=d)
            for d, decay in ((False, 0.5), (True, 0.5 * rate))
        )
        return [simulate(MOVING, decayed, episodes=20, step=STEP).costs for decayed in pair]

    coupled, decoupled = costs(SGD(learning_rate=0.3), 0.3)
    assert coupled == pytest.approx(decoupled, rel=1e-12)
    coupled, decoupled = costs(HeavyBall(learning_rate=0.3, momentum=0.9), 0.3)
    assert np.abs(coupled - decoupled).max() > 1e-3
    rest = simulate(
        JUMPS,
        WeightDecay(learner=SGD(learning_rate=0.0), decay=20.0, decoupled=True, centre=(0.7,)),
        episodes=3,
        step=0.02,
    )
    assert rest.final == pytest.approx(np.full((3, 1), 0.7))


def test_announced_switches_help_and_the_belief_returns_to_the_prior():
    problem = bowl(lc.JumpProcess(rate=0.5, mean=[MU], covariance=[1.0]), horizon=6.0)
    told, untold = (
        simulate(problem, belief_rule, beliefs=beliefs, episodes=500, step=STEP, keep_paths=20)
        for beliefs in ("announced", None)
    )
    mean, error = paired_difference(untold, told)
    assert mean > 4 * error
    assert "announced" in told.assumes
    episodes, k = switches(told.paths).T
    information = H**2 * STEP / SIGMA**2  # of the observation that the switch is announced with
    assert told.paths.belief_variances[episodes, k, 0] == pytest.approx(
        np.full(len(k), 1 / (1 + information))
    )


def test_an_announced_switch_between_two_tasks_turns_the_belief_round():
    problem = bowl(lc.TaskChain(rates=[[-0.5, 0.5], [0.2, -0.2]], tasks=[-1.0, 1.0]), horizon=6.0)
    seen = {}

    def policy(theta, belief, time):
        seen[round(time / STEP)] = belief.probabilities
        return np.zeros_like(theta)

    paths = simulate(
        problem, policy, beliefs="announced", episodes=30, step=STEP, keep_paths=True
    ).paths
    episodes, k = switches(paths).T
    model = belief_model(problem)
    assert len(k) > 10
    for episode, step in zip(episodes, k, strict=True):
        survived = seen[step - 1][episode] * np.exp(np.array([-0.5, -0.2]) * STEP)
        turned = survived[::-1] / survived.sum()
        likelihood = np.exp(
            -((paths.observations[episode, step, 0] - H * (MU - model.tasks[:, 0])) ** 2)
            * STEP
            / (2 * SIGMA**2)
        )
        leaving = turned * np.array([0.2, 0.5]) / (turned @ [0.2, 0.5])
        expected = leaving * likelihood / (leaving @ likelihood)
        assert seen[step][episode] == pytest.approx(expected, rel=2e-2)
    truth = (paths.hidden[:, -2, 0] > 0).astype(int)
    assert np.mean([seen[119][e][t] for e, t in enumerate(truth)]) > 0.8


def test_the_best_sgd_on_one_known_mode_pulls_at_the_optimal_rate():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[H]], minimum=[0.0]),
        start=[1.0],
        learner=lc.Learner(sees=lc.ExactGradient()),
        objective=lc.Objective(horizon=math.inf, discount=GAMMA, learning_rate=ETA),
    )
    for method in ("nelder-mead", "differential evolution"):
        tuned = best_coefficients(
            problem,
            SGD(learning_rate=0.1),
            method=method,
            episodes=1,
            held_out_episodes=1,
            step=0.02,
            horizon=8.0,
            most_evaluations=200,
        )
        assert tuned.coefficients["learning_rate"] == pytest.approx(rates()[0] / H, rel=0.03)
        assert tuned.cost == pytest.approx(rates()[0] / (2 * ETA), rel=0.02)
        assert tuned.converged
        assert not tuned.at_bounds
        assert 5 < tuned.evaluations <= 200


def test_tuning_finds_nested_coefficients_and_reports_the_cost_on_other_numbers():
    start = WeightDecay(learner=HeavyBall(learning_rate=0.5, momentum=0.5), decay=0.01)
    settings = {
        "episodes": 100,
        "held_out_episodes": 400,
        "step": STEP,
        "starts": 1,
        "most_evaluations": 60,
    }
    tuned = best_coefficients(
        MOVING,
        start,
        free=["decay", "learner.learning_rate"],
        bounds={"decay": (0.001, 0.002)},
        **settings,
    )
    before = simulate(MOVING, start, episodes=100, step=STEP)
    assert tuned.training_cost < before.cost
    assert tuned.rollout.seed == 1
    assert tuned.standard_error == tuned.rollout.standard_error > 0
    assert tuned.cost == simulate(MOVING, tuned.learner, episodes=400, seed=1, step=STEP).cost
    assert tuned.learner.learner.momentum == 0.5
    assert "decay" in tuned.at_bounds
    assert tuned.coefficients == {
        name: tuned.learner.coefficients[name] for name in ("decay", "learner.learning_rate")
    }


def every_learner():
    sgd = SGD(learning_rate=0.1)
    return [
        sgd,
        HeavyBall(learning_rate=0.1, momentum=0.5),
        Adam(learning_rate=0.1),
        RMSProp(learning_rate=0.1),
        KalmanMomentum(learning_rate=0.1, ratio=0.1),
        BeliefAdam(drive=1.0, discount=0.0, ratio=0.1),
        NoReset(learner=sgd),
        WeightDecay(learner=sgd, decay=0.1),
        FullResetAtSwitches(learner=sgd, duration=1.0, told=False, threshold=0.5),
        ShrinkAndPerturb(learner=sgd, duration=1.0, shrink=0.5),
        LinearLearner(transition=[[0.5]], gain=[[1.0]], readout=[[-1.0]]),
    ]


def test_updates_are_pure_functions():
    """The same state, observation and parameters give the same control again; nothing that was
    passed is changed.
    """
    rng = np.random.default_rng(0)
    for learner in every_learner():
        resets = (
            ()
            if learner.draws
            else (FullResetAtSwitches(learner=learner, duration=0.1, told=False, threshold=0.5),)
        )
        for wrapped in (replace(learner, perturb=0.0) if learner.draws else learner, *resets):
            state = wrapped.init(4, 1, *((rng,) if learner.draws else ()))
            for step in range(40):
                y, theta, told = (
                    rng.standard_normal((4, 1)),
                    rng.standard_normal((4, 1)),
                    (rng.random(4) < 0.1,),
                )
                arguments = (y, theta, 0.05, *(told if wrapped.told_of_switches else ()))
                before = deepcopy((state, arguments))
                u, later = wrapped.update(state, *arguments)
                again, _ = wrapped.update(before[0], *before[1])
                repeated, _ = wrapped.update(state, *arguments)
                assert (u == again).all(), (wrapped, step)
                assert (u == repeated).all(), (wrapped, step)
                state = later


def test_every_learner_states_formula_source_and_bounds_that_hold_its_coefficients():
    for learner in every_learner():
        assert learner.formula
        assert learner.source
        assert learner.coefficients.keys() == learner.all_bounds.keys()
        for name, value in learner.coefficients.items():
            bound = learner.all_bounds[name]
            assert isinstance(bound, Bound)
            assert bound.low <= bound.least < bound.most <= bound.high
            assert bound.low <= value <= bound.high
            assert learner.with_coefficients({name: bound.least}).coefficients[name] == bound.least


MISTAKES = {
    "negative rate": (lambda: SGD(learning_rate=-1.0), "SGD learning_rate"),
    "momentum above one": (
        lambda: HeavyBall(learning_rate=1.0, momentum=1.5),
        "HeavyBall momentum",
    ),
    "wrapping nothing": (
        lambda: WeightDecay(learner=0.1, decay=1.0),
        "learner: expected a RawLearner; received float",
    ),
    "reset inside": (
        lambda: NoReset(learner=FullResetAtSwitches(learner=SGD(learning_rate=1.0), duration=1.0)),
        "the reset outside",
    ),
    "told and inferring": (
        lambda: FullResetAtSwitches(learner=SGD(learning_rate=1.0), duration=1.0, threshold=1.0),
        "told=False with a threshold",
    ),
    "told of nothing": (
        lambda: simulate(
            MOVING, FullResetAtSwitches(learner=SGD(learning_rate=1.0), duration=1.0), episodes=2
        ),
        "hidden variables that switch",
    ),
    "nothing to announce": (
        lambda: simulate(MOVING, belief_rule, beliefs="announced", episodes=2),
        "announced switches",
    ),
    "unknown coefficient": (
        lambda: SGD(learning_rate=1.0).with_coefficients({"momentum": 0.5}),
        "one of 'learning_rate'",
    ),
    "same seed": (
        lambda: best_coefficients(MOVING, SGD(learning_rate=1.0), held_out_seed=0),
        "held_out_seed",
    ),
    "unknown to tune": (
        lambda: best_coefficients(MOVING, SGD(learning_rate=1.0), free=["rate"]),
        "coefficient to tune",
    ),
    "nothing to tune": (
        lambda: best_coefficients(MOVING, SGD(learning_rate=1.0), free=[]),
        "at least one coefficient",
    ),
    "range without inside": (
        lambda: best_coefficients(
            MOVING, SGD(learning_rate=1.0), bounds={"learning_rate": (2.0, 1.0)}
        ),
        "least < most",
    ),
    "negative ratio": (lambda: kalman_gain(-1.0), "ratio ρ"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_has_its_message(mistake):
    action, message = MISTAKES[mistake]
    with pytest.raises(lc.ProblemError, match=message):
        action()


@pytest.mark.parametrize("special", [ca.tanh, ca.erfinv], ids=["in NumPy", "left to CasADi"])
def test_vectorised_expressions_are_those_of_casadi(special):
    x, y = ca.SX.sym("x", 3), ca.SX.sym("y", 2)
    value = ca.vertcat(
        ca.sumsqr(x) + ca.exp(-x[0]) * ca.sin(y[1]), ca.if_else(x[1] > y[0], x[1] ** 3, ca.fabs(x[2])), special(0.4 * y[0]),
        ca.log1p(ca.fmax(x[0], 0.1)) / ca.sqrt(1 + y[1] ** 2), 3.0,
    )  # fmt: skip
    outputs = [value, ca.gradient(value[0], x), ca.mtimes(ca.SX(np.eye(2)), y)]
    reference = ca.Function("reference", [x, y], outputs)
    vectorised = Vectorised(reference).rows
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (40, 3)), rng.uniform(-1, 1, (40, 2))
    for k, results in enumerate(zip(*vectorised(*points), strict=True)):
        for ours, theirs in zip(results, reference(points[0][k], points[1][k]), strict=True):
            assert ours == pytest.approx(np.array(theirs).ravel(), rel=1e-14, abs=1e-15)
