"""Optimised policies against closed forms, limits, second calculations, and what a user may get
wrong.
"""

import dataclasses
import math
import pickle

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are
from standard import QUADRATICS

from landscape_control import NoisyGradient, Objective, ProblemError, SolveError
from landscape_control.model.landscape import (
    Discrete,
    LandscapeDistribution,
    MarchenkoPastur,
    OrnsteinUhlenbeck,
    Uniform,
)
from landscape_control.model.observation import CurvatureNoise
from landscape_control.optimisation import (
    PolicySolver,
    PolicyStatus,
    certify_policy,
    exact_cost,
    optimize_policy,
    replay,
    same_cost,
)
from landscape_control.policies import (
    AdamFamily,
    FirstOrderSpan,
    GradientDescent,
    HeavyBall,
    InverseTime,
    Nesterov,
    Policy,
    PolicyProgram,
    ScheduledDescent,
    WeightDecay,
)
from landscape_control.reference import orthogonal_rule, polyak

FREE = math.inf
NOISE = NoisyGradient(0.3)


def objective(horizon, **prices):
    return Objective(horizon=horizon, **({"learning_rate": FREE} | prices))


def heavy_ball(horizon, constant=True, **options):
    return optimize_policy(
        options.pop("task", QUADRATICS),
        HeavyBall(constant=constant),
        objective(horizon),
        **({"sees": NOISE} | options),
    )


def solver(horizon=10, **changes):
    return PolicySolver(
        PolicyProgram(
            **(
                {
                    "task": QUADRATICS,
                    "family": HeavyBall(constant=True),
                    "objective": objective(horizon),
                    "sees": NOISE,
                }
                | changes
            )
        )
    )


@pytest.mark.parametrize(("horizon", "momentum"), [(10, 0.47), (100, 0.90)])
def test_momentum_grows_with_the_horizon_under_noise(horizon, momentum):
    """The numbers of the issue, from every start."""
    result = heavy_ball(horizon)
    assert result.coefficients["momentum"] == pytest.approx(momentum, abs=0.006)
    assert result.agreed == result.starts == 8
    assert result.status.ok
    assert result.certificate.passed
    assert result.identifiability.identifiable


def test_momentum_grows_with_noise_and_vanishes_from_one_step():
    found = [solver(20).solve(noise=noise).coefficients["momentum"] for noise in (0.1, 0.3, 1.0)]
    assert found == sorted(found)
    one = heavy_ball(1)
    assert one.coefficients["momentum"] == 0.0
    assert not one.identifiability.identifiable
    assert "momentum alone" in str(one.identifiability)


def test_one_step_is_gradient_descent_in_closed_form():
    """min ½E[h(1-αh)²] + ½α²σ²E[h] over α: α = E h²/(E h³ + σ² E h)."""
    h, w = Uniform(0.05, 1.0).nodes(5)
    wanted = (w @ h**2) / (w @ h**3 + 0.09 * w @ h)
    assert heavy_ball(1).coefficients["learning_rate"] == pytest.approx(wanted, rel=1e-9)


def test_small_noise_tends_to_no_noise():
    """The cost at second order in σ."""
    one = solver(8)
    exact = one.solve(noise=0.0).cost
    gaps = [one.solve(noise=noise).cost - exact for noise in (2e-3, 1e-3)]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    "spectrum",
    [Uniform(0.05, 1.0), MarchenkoPastur(0.4), Discrete(np.linspace(0.2, 1.5, 12))],
    ids=["uniform", "Marchenko-Pastur", "discrete"],
)
def test_running_loss_without_noise_finds_orthogonal_polynomials(spectrum):
    task = LandscapeDistribution.quadratic(curvatures=spectrum, start_variance=1.0)
    result = heavy_ball(6, constant=False, task=task, sees=None, cost="running", starts=3)
    wanted = orthogonal_rule(*spectrum.nodes(12), 6)
    np.testing.assert_allclose(
        result.coefficients["learning_rate"], wanted.learning_rates, rtol=1e-6
    )
    np.testing.assert_allclose(result.coefficients["momentum"][1:], wanted.momenta[1:], rtol=1e-5)
    assert result.cost == pytest.approx(wanted.losses[1:].sum(), rel=1e-11)
    assert result.identifiability.identifiable


def test_more_memory_gains_nothing_without_noise():
    first = heavy_ball(4, constant=False, sees=None, cost="running", starts=3)
    span = optimize_policy(
        QUADRATICS, FirstOrderSpan(memory=4, constant=False), objective(4), cost="running", starts=3
    )
    assert same_cost(first, span)
    assert span.cost == pytest.approx(first.cost, rel=1e-9)


def test_terminal_loss_cannot_tell_momentum_from_a_schedule():
    """T - 1 of the 2T - 1 numbers of heavy ball are free; gradient descent attains the same
    polynomial.
    """
    momentum = heavy_ball(5, constant=False, sees=None, starts=3)
    schedule = optimize_policy(QUADRATICS, GradientDescent(constant=False), objective(5), starts=3)
    assert same_cost(momentum, schedule)
    assert momentum.identifiability.flat == 4
    assert str(momentum.identifiability).startswith(
        "not identifiable: the cost does not depend on 4 of 9 directions"
    )
    wanted = orthogonal_rule(*Uniform(0.05, 1.0).nodes(12), 5)
    np.testing.assert_allclose(
        np.sort(schedule.coefficients["learning_rate"]), wanted.steps, rtol=1e-5
    )


def test_a_schedule_under_noise_decays():
    result = optimize_policy(
        QUADRATICS, GradientDescent(constant=False), objective(30), sees=NOISE, starts=3
    )
    assert (np.diff(result.coefficients["learning_rate"]) < 0).all()
    assert result.agreed == 3
    assert result.certificate.passed


def test_some_programs_have_no_best_rule():
    """Under noise, with free movement, β_t grows for ever while Δθ_{t-1} vanishes: a gradient is
    kept for later. By default momentum per step stays in [0, 1] therefore, and the result says so.
    """
    free = {"momentum": (-math.inf, math.inf)}
    result = heavy_ball(5, constant=False, starts=2, within=free, throw=False)
    assert result.status is PolicyStatus.NOT_ATTAINED
    assert "running away: momentum at step" in result.message
    with pytest.raises(SolveError, match="grows without limit"):
        heavy_ball(5, constant=False, starts=2, within=free)
    held = heavy_ball(5, constant=False, starts=2, within={"momentum": (0.0, 1.0)})
    assert held.status.ok
    assert held.at_bound
    assert held.certificate.passed
    default = heavy_ball(5, constant=False, starts=2)
    assert default.status.ok
    assert default.cost == pytest.approx(held.cost, rel=1e-9)
    assert "momentum is kept in [0, 1]" in default.message
    assert "is kept in" not in held.message
    assert result.cost < default.cost


@pytest.mark.parametrize(
    "numbers",
    [
        {"noise": 0.7},
        {"noise": 0.0},
        {"discount": 0.2, "cost": "running"},
        {"learning_rate": 1.5, "cost": "both"},
        {"loss_weight": 2.0, "terminal_weight": 3.0, "cost": "both"},
        {"curvatures": Discrete([0.1, 0.4, 1.0])},
        {"start_variance": 2.0, "start_mean": -0.5},
        {"minimum": OrnsteinUhlenbeck([0.3], 0.1, [[0.5]])},
        {"sees": CurvatureNoise(0.4, 0.5)},
    ],
    ids=str,
)
def test_solving_again_is_a_fresh_build(numbers):
    one = solver()
    one.solve()
    again = one.solve(**numbers)
    fresh = PolicySolver(again.program).solve()
    assert again.cost == pytest.approx(fresh.cost, rel=1e-9)
    assert again.coefficients["momentum"] == pytest.approx(fresh.coefficients["momentum"], abs=1e-6)
    assert again.certificate.passed


def test_solving_again_builds_nothing():
    one = solver()
    one.solve()
    built = one.build_seconds
    one.solve(noise=0.5, discount=0.1, start_variance=3.0)
    assert one.build_seconds == built


def test_a_result_is_a_guess_for_other_numbers_and_horizons():
    first = solver(10).solve()
    near = solver(10).solve(noise=0.31, guess=first, starts=0)
    assert near.starts == 1
    assert near.cost == pytest.approx(solver(10).solve(noise=0.31).cost, rel=1e-9)
    schedule = optimize_policy(
        QUADRATICS, GradientDescent(constant=False), objective(6), sees=NOISE, starts=2
    )
    longer = optimize_policy(
        QUADRATICS,
        GradientDescent(constant=False),
        objective(9),
        sees=NOISE,
        starts=0,
        guess=schedule,
    )
    assert longer.status.ok


def test_fixed_momentum_is_gradient_descent():
    held = solver().solve(fixed={"momentum": 0.0})
    plain = optimize_policy(QUADRATICS, GradientDescent(constant=True), objective(10), sees=NOISE)
    assert held.cost == pytest.approx(plain.cost, rel=1e-9)
    assert held.fixed == ("momentum",)
    assert held.identifiability.labels == ("learning_rate",)
    assert held.certificate.passed
    assert plain.cost > heavy_ball(10).cost


def test_nesterov_and_heavy_ball_both_contain_gradient_descent():
    plain = optimize_policy(QUADRATICS, GradientDescent(constant=True), objective(10), sees=NOISE)
    other = optimize_policy(QUADRATICS, Nesterov(constant=True), objective(10), sees=NOISE)
    assert other.cost <= plain.cost * (1 + 1e-9)


def test_stretching_the_spectrum_stretches_the_rule():
    """h → 4h, σ → 4σ: α → α/4, the same β."""
    first = heavy_ball(10)
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.2, 4.0), start_variance=1.0)
    other = heavy_ball(10, task=task, sees=NoisyGradient(1.2))
    assert other.coefficients["learning_rate"] == pytest.approx(
        first.coefficients["learning_rate"] / 4, rel=1e-6
    )
    assert other.coefficients["momentum"] == pytest.approx(first.coefficients["momentum"], abs=1e-6)
    assert other.cost == pytest.approx(4 * first.cost, rel=1e-9)


def test_constants_without_noise_tend_to_polyaks():
    alpha, beta = polyak(0.05, 1.0)
    gaps = [
        abs(heavy_ball(horizon, sees=None, starts=6).coefficients["momentum"] - beta)
        for horizon in (5, 40)
    ]
    assert gaps[1] < min(0.01, gaps[0] / 4)


def test_replay_and_certificate_agree_with_the_plan():
    result = heavy_ball(10)
    certificate = certify_policy(result, episodes=20_000, seed=1)
    assert certificate.passed
    assert abs(certificate.replayed - result.cost) < 4 * certificate.replay_error
    assert 0.9 < certificate.growth < 1
    assert "certificate passed" in str(certificate)
    init, update = result.policy
    move, _ = update(init(1, 1), np.ones((1, 1)))
    assert move == pytest.approx(-result.coefficients["learning_rate"])


def test_certificate_notices_other_coefficients_and_other_costs():
    result = heavy_ball(10)
    moved = dataclasses.replace(result, coefficients={"learning_rate": 0.25, "momentum": 0.45})
    assert not certify_policy(moved).passed
    assert certify_policy(moved).stationarity > 0.01
    assert not certify_policy(dataclasses.replace(result, cost=result.cost * 1.001)).passed


def test_results_survive_pickling():
    result = pickle.loads(pickle.dumps(heavy_ball(10)))
    assert result.certificate.passed
    assert result.identifiability.identifiable
    assert "heavy ball, T = 10" in repr(result)


def test_full_quadrature_is_exact_and_a_cap_is_reported():
    exact = heavy_ball(10)
    assert exact.cost_error < 1e-13 * exact.cost  # round-off alone
    one = PolicySolver(
        PolicyProgram(
            task=LandscapeDistribution.quadratic(curvatures=Uniform(1e-6, 1.0), start_variance=1.0),
            family=HeavyBall(constant=True),
            objective=objective(120),
            sees=NoisyGradient(1e-4),
        ),
        tolerance=1e-14,
        most_nodes=40,
    )
    result = one.solve(starts=1, throw=False)
    assert result.status is PolicyStatus.QUADRATURE_CAP
    assert result.cost_error > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"guess": {"learning_rate": 1e60, "momentum": 0.9}},
            "growing by a factor of .* at curvature 1",
        ),
        ({"guess": {"learning_rate": 1.0}}, "coefficient 'momentum': expected a value"),
        ({"guess": {"learning_rate": 1.0, "momentun": 0.5}}, "did you mean 'momentum'"),
        ({"guess": 3}, "a PolicyResult, or coefficients by name"),
        ({"guess": {"learning_rate": math.nan, "momentum": 0.0}}, "finite coefficients"),
        ({"starts": 0}, "at least one start"),
        ({"starts": -1}, "an integer >= 0"),
        ({"fixed": {"momentun": 0.0}}, "did you mean 'momentum'"),
        ({"within": {"momentum": (1.0, 0.0)}}, "low < high"),
        ({"nois": 0.3}, "did you mean 'noise'"),
        ({"noise": -1.0}, "noise: expected a number >= 0"),
        ({"curvatures": 3.0}, "curvatures: expected a Spectrum.*Uniform"),
        ({"start_variance": math.inf}, "start_variance: expected a number >= 0, finite"),
    ],
)
def test_what_a_user_may_get_wrong_when_solving(options, words):
    with pytest.raises(ProblemError, match=words):
        solver(4).solve(**options)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"objective": objective(0.5)}, "a whole number of steps >= 1"),
        ({"objective": objective(math.inf)}, "a whole number of steps >= 1"),
        (
            {"family": FirstOrderSpan(memory=11, constant=True)},
            "memory: expected at most the horizon of 10 steps",
        ),
        ({"cost": "average"}, "'both', 'running', 'terminal'"),
    ],
)
def test_what_a_user_may_get_wrong_when_asking(change, words):
    with pytest.raises(ProblemError, match=words):
        solver(**change)


def test_a_rule_that_diverges_is_named():
    one = PolicyProgram(
        task=QUADRATICS, family=HeavyBall(constant=True), objective=objective(3000), sees=NOISE
    )
    rule = Policy(
        family=one.family, coefficients={"learning_rate": 9.0, "momentum": 0.0}, horizon=3000
    )
    with pytest.raises(ProblemError, match="growing by a factor of 64 per step at curvature 1"):
        exact_cost(rule, one)


def test_a_schedule_is_not_judged_at_another_horizon():
    result = optimize_policy(
        QUADRATICS, GradientDescent(constant=False), objective(3), sees=NOISE, starts=1
    )
    longer = dataclasses.replace(result.program, objective=objective(5))
    with pytest.raises(ProblemError, match="one planned for 5 steps"):
        exact_cost(result.policy, longer)
    with pytest.raises(ProblemError, match="at least|>= 2"):
        replay(result.policy, result.program, episodes=1, seed=0)


def test_answers_to_different_questions_are_not_compared():
    with pytest.raises(
        ProblemError,
        match="that differ in nothing but the family; received different objective.horizon",
    ):
        same_cost(heavy_ball(3, starts=1), heavy_ball(4, starts=1))


@pytest.mark.parametrize(
    ("family", "steps", "flat"),
    [
        (GradientDescent(constant=False), 3, 0),
        (HeavyBall(constant=False), 3, 2),
        (HeavyBall(constant=True), 1, 1),
    ],
)
def test_as_many_steps_as_curvatures_learn_everything(family, steps, flat):
    """The cost is zero to round-off, and the steps are one over the curvatures; momentum makes some
    of them free.
    """
    curvatures = np.linspace(0.2, 1.0, steps)
    task = LandscapeDistribution.quadratic(curvatures=Discrete(curvatures), start_variance=1.0)
    result = optimize_policy(task, family, objective(steps), starts=4)
    assert result.learnt
    assert result.status.ok
    assert result.agreed >= 3
    assert result.cost < 1e-12 * result.standing_still
    assert result.certificate.passed
    assert result.identifiability.flat == flat
    if not flat:
        np.testing.assert_allclose(
            np.sort(result.coefficients["learning_rate"]), 1 / curvatures[::-1], rtol=1e-6
        )


def lqg_rule(rate, noise, price):
    """(β, α, w) of the optimal learner of one mode, h = 1, μ' = ρμ + N(0, 1 - ρ²), for ½(θ-μ)² +
    Δθ²/2η per step, T = ∞.

    Certainty equivalence: Δθ = k_1 θ + k_2 m, Riccati's gains and the steady Kalman filter's mean m
    after y. Eliminating m = ρ(1-g)m_{-1} + gθ - gy through Δθ_{-1} leaves Δθ = βΔθ_{-1} - αy - wθ:
    momentum and weight decay.
    """
    rho = math.exp(-rate)
    state, push, miss = np.diag([1.0, rho]), np.array([[1.0], [0.0]]), np.array([[1.0, -1.0]])
    cross = (miss @ state).T @ miss @ push / 2
    control = np.array([[0.5 + 0.5 / price]])
    value = solve_discrete_are(state, push, (miss @ state).T @ miss @ state / 2, control, s=cross)
    first, second = -np.linalg.solve(
        control + push.T @ value @ push, push.T @ value @ state + cross.T
    )[0]
    unsure = solve_discrete_are([[rho]], [[1.0]], [[1 - rho**2]], [[noise**2]])[0, 0]
    gain = unsure / (unsure + noise**2)
    kept = rho * (1 - gain)
    return np.array([kept * (1 + first), second * gain, kept * first - first - second * gain])


def test_a_moving_minimum_recovers_the_lqg_rule_as_the_horizon_grows():
    """At the rate 1/T, from the other side: no belief, no Riccati equation, only coefficients of
    heavy ball with decay.
    """
    task = LandscapeDistribution.quadratic(
        curvatures=Discrete([1.0]),
        start_variance=0.3,
        minimum=OrnsteinUhlenbeck([0.0], 0.05, [[1.0]]),
    )
    gaps = []
    for horizon in (60, 240):
        found = optimize_policy(
            task,
            WeightDecay(family=HeavyBall(constant=True)),
            objective(horizon, learning_rate=2.0),
            sees=NoisyGradient(1.0),
            cost="running",
        ).coefficients
        # its momentum does not see the decay: Δθ_{-1} + wθ_{-1} is carried
        beta, decay = (found["momentum"], found["decay"])
        rule = [beta * (1 - decay), found["learning_rate"], decay * (1 - beta)]
        gaps.append(np.abs(rule - lqg_rule(0.05, 1.0, 2.0)))
    assert gaps[1].max() < 0.005
    assert gaps[0].max() / gaps[1].max() == pytest.approx(4, rel=0.15)


def test_only_rules_that_stay_the_same_have_a_growth():
    shaped = optimize_policy(
        QUADRATICS, ScheduledDescent(shape=InverseTime()), objective(10), sees=NOISE, starts=4
    )
    assert shaped.certificate.passed
    assert shaped.certificate.growth is None
    assert heavy_ball(10, starts=2).certificate.growth is not None
    plain = optimize_policy(
        QUADRATICS, GradientDescent(constant=True), objective(10), sees=NOISE, starts=2
    )
    assert plain.certificate.growth == pytest.approx(
        1 - 0.05 * plain.coefficients["learning_rate"], rel=1e-12
    )


@pytest.mark.parametrize(
    "family", [HeavyBall(constant=True), HeavyBall(constant=False), AdamFamily(epsilon=1e-3)]
)
def test_progress_tells_of_the_best_so_far(family):
    """By the compiled graph, by stages and by scenarios; the last report is the best that there is."""
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
    told = []
    limits = (
        {"scenarios": 100, "fixed": {"exponent": 0.5}} if family.name not in ("heavy ball",) else {}
    )
    found = optimize_policy(
        task,
        family,
        Objective(horizon=4, learning_rate=math.inf),
        sees=NoisyGradient(0.3),
        starts=2,
        throw=False,
        progress=told.append,
        **limits,
    )
    own = [one for one in told if one.family == family.name]
    assert [one.reports for one in told] == list(range(1, len(told) + 1))
    assert len(own) >= 2
    last = own[-1]
    best = found.in_sample_cost if last.scenarios else found.cost
    assert last.cost == pytest.approx(best, rel=1e-6)
    assert f"J = {last.cost:.6g} so far" in str(last)


def test_an_error_in_progress_says_where():
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
    with pytest.raises(ProblemError, match=r"progress: .*ZeroDivisionError.*at report 1"):
        optimize_policy(
            task,
            HeavyBall(constant=True),
            Objective(horizon=2, learning_rate=math.inf),
            progress=lambda told: 1 / 0,
        )
