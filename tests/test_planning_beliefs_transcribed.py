"""Belief-space transcription: exact where certainty equivalence holds, second order around its
plan, honest elsewhere.
"""

import math
import pickle

import numpy as np
import pytest
from planning_problems import (
    CURVATURE,
    DISCOUNT,
    NOISE,
    RATE,
    RELAXATION,
    full_information_control,
    moving,
    planned,
    shrunk_control,
    two_tasks,
    unknown_curvature,
)
from scipy.integrate import quad, solve_ivp

import landscape_control as lc
from landscape_control.model.belief import GaussianBelief, TaskBelief, belief_model
from landscape_control.planning.beliefs.replanning import solve_replanning
from landscape_control.planning.beliefs.transcribed import solve_transcribed

HORIZONS = (4.0, math.inf)


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("kind", ["walk", "jumps"])
def test_known_curvature_is_certainty_equivalent(kind, horizon):
    """First control and gain are those of the full-information problem, whatever the covariance."""
    solution = solve_transcribed(planned(moving(kind), horizon))
    assert solution.controls[0, 0] == pytest.approx(
        full_information_control(1.0, -0.5, 0.2, RATE, horizon), abs=1e-6
    )
    slope = [
        full_information_control(a, b, 0.2, RATE, horizon)
        - full_information_control(0, 0, 0.2, RATE, horizon)
        for a, b in ((1, 0), (0, 1))
    ]
    assert -solution.variation.gains[0, 0] == pytest.approx([*slope, 0.0], abs=1e-6)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_two_tasks_with_unequal_minima_shrink_by_their_total_rate(horizon):
    """λ = q₁₂ + q₂₁ takes the place of the reversion rate, the stationary mean that of μ₀."""
    solution = solve_transcribed(planned(two_tasks(), horizon))
    assert solution.controls[0, 0] == pytest.approx(
        full_information_control(1.0, -0.4, 0.0, 0.9, horizon), abs=1e-6
    )
    elsewhere = solution.policy([0.3], TaskBelief(probabilities=np.array([0.1, 0.9])))
    assert elsewhere[0] == pytest.approx(
        full_information_control(0.3, 1.7, 0.0, 0.9, horizon), abs=1e-6
    )


def test_policy_is_the_exact_linear_one_at_every_time():
    """For T = ∞ the exact rule is stationary: the feedback gives it far from the plan, early, late
    and at rest.
    """
    solution = solve_transcribed(planned(moving(), math.inf), tolerance=1e-10)
    theta, mean = np.array([[2.0], [-3.0], [0.1]]), np.array([[-2.0], [1.0], [0.7]])
    for time in (0.0, 0.77, 5.0, 1e3):
        controls = solution.policy(theta, (mean, np.full((3, 1, 1), 0.4)), time)
        assert controls == pytest.approx(shrunk_control(theta, mean, 0.2, RATE), abs=2e-6)


def test_expected_cost_of_linear_quadratic_problems_is_exact():
    """Against the second moments of (θ, m) under the exact rule, integrated without any of this
    machinery.
    """
    shrink = (RELAXATION + DISCOUNT) / (RELAXATION + DISCOUNT + RATE)
    closed = np.array([[-RELAXATION, RELAXATION * shrink], [0.0, -RATE]])

    def rates(time, y):  # about the centre 0.2
        moments, covariance = y[:4].reshape(2, 2), y[4]
        noise = np.diag([0.0, (CURVATURE * covariance / NOISE) ** 2])
        change = closed @ moments + moments @ closed.T + noise
        effort = closed[0] @ moments @ closed[0] / 2
        loss = CURVATURE / 2 * (moments[0, 0] - 2 * moments[0, 1] + moments[1, 1] + covariance)
        spread = -2 * RATE * covariance + 2 * RATE - (CURVATURE * covariance / NOISE) ** 2
        return [*change.ravel(), spread, math.exp(-DISCOUNT * time) * (effort + loss)]

    offset = np.array([0.8, -0.7])
    flow = solve_ivp(
        rates,
        (0, 100),
        [*np.outer(offset, offset).ravel(), 0.7, 0.0],
        method="LSODA",
        rtol=1e-10,
        atol=1e-12,
    )
    solution = solve_transcribed(planned(moving(), math.inf))
    assert solution.cost == pytest.approx(flow.y[-1, -1], rel=2e-6)
    assert solution.cost == solution.planned_cost + solution.innovation_cost
    assert solution.innovation_cost > 0.3 * solution.cost


def test_planned_covariance_is_the_filters():
    problem = planned(moving(), 4.0)
    solution, model = solve_transcribed(problem, tolerance=1e-10), belief_model(problem)
    for k in (0, 7, 30, -1):
        exact = model.covariance_after(float(solution.times[k]))
        assert solution.covariances[k] == pytest.approx(exact, rel=1e-5)
    assert solution.estimates[:, 0] == pytest.approx(
        0.2 - 0.7 * np.exp(-RATE * solution.times), abs=1e-7
    )


def test_steady_covariance_gives_the_same_rule_with_fewer_states():
    full, steady = (
        solve_transcribed(planned(moving(), math.inf), covariance=c) for c in ("state", "steady")
    )
    assert steady.plan.parameters.shape[1] == 2
    assert steady.covariances is None
    assert steady.policy([1.0], [-0.5]) == pytest.approx(full.policy([1.0], [-0.5]), abs=1e-6)


def test_bare_mean_takes_the_planned_covariance():
    solution = solve_transcribed(unknown_curvature(2.0))
    bare = solution.policy([0.9], [0.3], 0.5)
    covariance = np.interp(0.5, solution.times, solution.covariances[:, 0, 0])
    belief = GaussianBelief(mean=np.array([0.3]), covariance=np.array([[covariance]]))
    assert bare == pytest.approx(solution.policy([0.9], belief, 0.5), abs=1e-4)


def test_feedback_is_the_derivative_of_replanned_controls():
    """Unknown curvature: the error of the linear policy falls with the square of the distance from
    the plan.
    """
    problem = unknown_curvature(2.0)
    linear, again = (
        solve_transcribed(problem, tolerance=1e-9),
        solve_replanning(problem, tolerance=1e-9),
    )
    direction, time = np.array([0.3, -0.5, 0.4]), 0.6
    state = linear.plan.at(time)[0]
    errors = []
    for scale in (0.2, 0.1, 0.05):
        z = state + scale * direction
        belief = (z[1:2], z[2:, None])
        errors.append(
            abs(linear.policy(z[:1], belief, time) - again.policy(z[:1], belief, time))[0]
        )
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[0] > 1e-4
    assert orders == pytest.approx(2.0, abs=0.2)


def test_value_hessian_is_that_of_the_planned_cost():
    problem = unknown_curvature(2.0)
    solution = solve_transcribed(problem, tolerance=1e-10)
    replanned = solve_replanning(problem, tolerance=1e-10)
    step, base = 1e-2, replanned._space.start

    def cost(z):
        return replanned._solver.solve(start=z, guess=solution.plan).cost

    unit = np.eye(3) * step
    numeric = [
        [
            cost(base + a + b) - cost(base + a - b) - cost(base - a + b) + cost(base - a - b)
            for b in unit
        ]
        for a in unit
    ]
    assert solution.variation.value_hessian[0] == pytest.approx(
        np.array(numeric) / (4 * step**2), abs=2e-4
    )


def test_task_cost_is_that_of_carrying_out_the_plan_blindly():
    """Σ p_i(t) L_i(θ(t)) with the chain's own law: no observation enters, so the optimum can only
    be cheaper.
    """
    problem = planned(two_tasks(), 4.0)
    solution = solve_transcribed(problem)

    def running(time):
        theta, control = solution.plan.at(time)[0][0], solution.plan.at(time)[1][0]
        first = 2 / 3 + (0.8 - 2 / 3) * math.exp(-0.9 * time)
        loss = (
            first * CURVATURE / 2 * (theta + 1) ** 2
            + (1 - first) * CURVATURE / 2 * (theta - 2) ** 2
        )
        return math.exp(-DISCOUNT * time) * (control**2 / 2 + loss)

    assert solution.cost == pytest.approx(
        quad(running, 0, 4, epsabs=1e-10, epsrel=1e-8)[0], rel=1e-6
    )
    assert solution.estimates.sum(1) == pytest.approx(1.0)
    assert "upper bound" in solution.assumes


def test_unknown_curvature_is_not_certainty_equivalent():
    """E e^φ = e^{m + P/2}: the believed curvature rises with its variance, and so does the haste of
    the plan.
    """
    cautious, bold = solve_transcribed(unknown_curvature(2.0)), unknown_curvature(2.0).known([0.0])
    assert cautious.controls[0, 0] < lc.solve(bold).controls[0, 0] - 0.1
    assert abs(cautious.variation.gains[0, 0, 2]) > 0.01


def test_terminal_loss_is_expected_too():
    """Running and terminal loss expected over N(m, P): the plan's cost adds ½hP to both."""
    hidden = lc.GaussianPrior([0.5], [1e-12])
    known = lc.solve(planned(hidden, 1.0, terminal="loss").known([0.5]))
    nearly = solve_transcribed(planned(hidden, 1.0, terminal="loss"))
    assert nearly.cost == pytest.approx(known.cost, rel=1e-6)
    assert nearly.controls[0] == pytest.approx(known.controls[0], abs=1e-6)


def test_every_place_worth_ending_is_tried():
    """A double well with hidden tilt: two plans, the cheaper first."""
    hidden = lc.OrnsteinUhlenbeck(
        mean=[0.0], rate=0.2, covariance=[1.0], start_mean=[0.4], start_covariance=[[0.7]]
    )
    problem = planned(
        hidden,
        4.0,
        loss=lambda theta, phi: (theta[0] ** 2 - 1) ** 2 - phi[0] * theta[0],
        start=-0.2,
        sees=lc.Observe(lambda theta, phi: phi, 0.5),
    )
    solution = solve_transcribed(problem)
    ends = [plan.parameters[-1, 0] for plan in solution.plans[:2]]
    assert ends[0] > 0.8
    assert ends[1] < -0.8
    assert solution.plans[0].cost < solution.plans[1].cost - 0.1


def test_two_weights_and_two_hidden_minima_decouple_when_the_bowl_does():
    hidden = lc.OrnsteinUhlenbeck(
        mean=[0.2, 0.2],
        rate=RATE,
        covariance=[1.0, 1.0],
        start_mean=[-0.5, -0.5],
        start_covariance=[0.7, 0.7],
    )
    landscape = lc.Landscape.from_expression(
        lambda t, f: CURVATURE / 2 * ((t[0] - f[0]) ** 2 + (t[1] - f[1]) ** 2),
        dimension=2,
        hidden=hidden,
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(NOISE)),
        start=[1.0, 1.0],
        objective=lc.Objective(horizon=4.0, discount=DISCOUNT),
    )
    one, two = solve_transcribed(planned(moving(), 4.0)), solve_transcribed(problem)
    assert two.cost == pytest.approx(2 * one.cost, rel=1e-6)
    assert two.controls[0] == pytest.approx(np.tile(one.controls[0], 2), abs=1e-6)
    assert two.covariances[-1] == pytest.approx(np.eye(2) * one.covariances[-1], abs=1e-6)


def test_solution_survives_pickling():
    solution = solve_transcribed(planned(two_tasks(), 2.0))
    again = pickle.loads(pickle.dumps(solution))
    assert again.cost == solution.cost
    assert again.method == "belief-space transcription"
    assert again.policy([0.3], [0.4, 0.6], 0.5) == pytest.approx(
        solution.policy([0.3], [0.4, 0.6], 0.5)
    )


@pytest.mark.parametrize(
    ("build", "options", "word"),
    [
        (lambda: planned(moving(), 2.0).known([0.0]), {}, "hidden"),
        (lambda: planned(moving(), 2.0, end=[0.0]), {}, "terminal"),
        (lambda: planned(moving(), 2.0), {"covariance": "stedy"}, "steady"),
        (lambda: planned(moving(), 2.0), {"aims": 0}, "aims"),
        (lambda: planned(moving(), math.inf, discount=0.0), {}, "discount"),
    ],
)
def test_refusals_say_what_to_do(build, options, word):
    with pytest.raises(lc.ProblemError, match=word):
        solve_transcribed(build(), **options)


def test_a_plan_that_fails_keeps_its_iterate():
    with pytest.raises(lc.SolveError) as failure:
        solve_transcribed(unknown_curvature(2.0), options={"max_iter": 1})
    assert not failure.value.solution.status.ok
    handed_back = solve_transcribed(unknown_curvature(2.0), options={"max_iter": 1}, throw=False)
    assert handed_back.status is failure.value.solution.status
    assert np.isfinite(handed_back.cost)


@pytest.mark.parametrize("innovations", ["mean", "second order"])
def test_a_loss_without_bottom_is_named(innovations):
    problem = planned(
        moving(), 30.0, loss=lambda theta, phi: -0.5 * (theta[0] - phi[0]) ** 2 - theta[0] ** 4
    )
    solution = solve_transcribed(problem, innovations=innovations, throw=False)
    assert solution.status is lc.Status.UNBOUNDED


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.1, 1e-3])
def test_curved_filters_with_little_noise_return_and_say_when_they_fail(noise):
    bowl = lc.Landscape.from_expression(
        lambda t, h: (t[0] - h[0]) ** 2, dimension=1, hidden=lc.GaussianPrior([0.0], [[1.0]])
    )
    problem = lc.ControlProblem(
        landscape=bowl,
        learner=lc.Learner(sees=lc.NoisyLoss(noise=noise)),
        start=[1.0],
        objective=lc.Objective(horizon=2.0, discount=0.3),
    )
    solution = lc.solve(problem, throw=False)
    assert not solution.status.ok


def test_a_start_where_nothing_is_gained_costs_nothing():
    problem = lc.ControlProblem(
        landscape=lc.Landscape.from_expression(lambda t: (t[0] ** 2 - 1) ** 2, dimension=1),
        start=[1.0],
        objective=lc.Objective(horizon=2.0),
    )
    assert lc.solve(problem).cost == pytest.approx(0.0, abs=1e-20)
