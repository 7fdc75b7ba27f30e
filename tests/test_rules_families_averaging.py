"""Averages of iterates: the published recursions, exact moments of the answer, Monte Carlo."""

import math

import numpy as np
import pytest
from scipy.integrate import trapezoid

import landscape_control as lc
from landscape_control.optimisation import ScenarioSolver
from landscape_control.optimisation.replays import exact_cost
from landscape_control.policies import (
    Averaged,
    Fixed,
    GradientDescent,
    HeavyBall,
    InverseTime,
    LogLinear,
    Policy,
    Scheduled,
    ScheduledDescent,
    ScheduleFree,
    WeightDecay,
)

DESCENT = GradientDescent(constant=True)
SEEN = np.random.default_rng(0).standard_normal((9, 1, 3))


def answers(family, coefficients, seen=SEEN, start=0.0):
    """(T, n): what a rule answers with after each gradient of a given sequence."""
    policy = Policy(family=family, coefficients=coefficients, horizon=len(seen))
    state, theta, found = policy.init(1, seen.shape[2]), np.full((1, seen.shape[2]), start), []
    for gradient in seen:
        move, state = policy.update(state, gradient, theta)
        theta = theta + move
        found.append(policy.readout(state, theta)[0])
    return np.array(found)


def test_averages_are_those_of_the_iterates():
    """averaging = 1 is the mean of θ_1 … θ_t; with r = 1/q - 1 = 1 the weights grow as t."""
    iterates = answers(HeavyBall(constant=True), {"learning_rate": 0.3, "momentum": 0.7}, start=2.0)
    averaged = Averaged(family=HeavyBall(constant=True))
    given = {"learning_rate": 0.3, "momentum": 0.7}
    counts = np.arange(1, 10)[:, None]
    means = np.cumsum(iterates, axis=0) / counts
    found = answers(averaged, {**given, "averaging": 1.0}, start=2.0)
    np.testing.assert_allclose(found, means, rtol=1e-13)
    rising = np.cumsum(counts * iterates, axis=0) / np.cumsum(counts)[:, None]
    found = answers(averaged, {**given, "averaging": 0.5}, start=2.0)
    np.testing.assert_allclose(found, rising, rtol=1e-13)
    found = answers(averaged, {**given, "averaging": 0.0}, start=2.0)
    np.testing.assert_allclose(found, iterates, rtol=1e-13)


def published_schedule_free(slope, steps, rate, beta, start, power=0.0):
    """x after each step of the algorithm as its paper writes it, three sequences side by side."""
    x = z = np.array(start)
    found = []
    for t in range(steps):
        y = (1 - beta) * z + beta * x
        z = z - rate * slope(y)
        c = (power + 1) / (t + power + 1)
        x = (1 - c) * x + c * z
        found.append(x)
    return np.array(found)


@pytest.mark.parametrize("power", [0.0, 2.0])
def test_schedule_free_is_the_published_recursion(power):
    """On a quadratic, where gradients depend on where they are taken."""
    h, start = np.array([0.1, 0.5, 1.4]), np.array([1.0, -2.0, 0.5])
    rate, beta = 0.7, 0.9
    expected = published_schedule_free(lambda y: h * y, 30, rate, beta, start, power)
    given = {"learning_rate": rate, "momentum": beta, "averaging": 1 / (power + 1)}
    policy = Policy(family=ScheduleFree(), coefficients=given, horizon=30)
    state, theta, found = policy.init(1, 3), start[None], []
    for _ in range(30):
        move, state = policy.update(state, h * theta, theta)
        theta = theta + move
        found.append(policy.readout(state, theta)[0])
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_schedule_free_contains_polyak_averaging_and_gradient_descent():
    rate = {"learning_rate": 0.4}
    averaged = answers(Averaged(family=DESCENT), {**rate, "averaging": 0.6})
    free = answers(ScheduleFree(), {**rate, "momentum": 0.0, "averaging": 0.6})
    np.testing.assert_allclose(free, averaged, rtol=1e-13)
    last = answers(ScheduleFree(), {**rate, "momentum": 0.8, "averaging": 0.0})
    np.testing.assert_allclose(last, answers(DESCENT, rate), rtol=1e-13)


def program(family, *, horizon=40, noise=0.5, h=0.3, **options):
    given = {
        "objective": lc.Objective(horizon=horizon, learning_rate=math.inf),
        "sees": lc.NoisyGradient(noise),
    }
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete([h]), start_variance=2.0, **options.pop("task", {})
    )
    return lc.PolicyProgram(task=task, family=family, **given | options)


def test_variance_of_a_polyak_ruppert_average_has_its_closed_form():
    """x_T = Σ_t θ_t/T of θ_t = a^t θ_0 - α Σ_{s<t} a^(t-1-s) ξ_s, a = 1 - αh, sum by sum."""
    h, sigma, rate, steps = 0.3, 0.5, 0.8, 40
    a, t = 1 - rate * h, np.arange(1, steps + 1)
    from_start = (a**t).mean()
    of_noise = [rate * (a ** (t[s:] - 1 - s)).sum() / steps for s in range(steps)]
    variance = 2.0 * from_start**2 + sigma**2 * np.square(of_noise).sum()
    one = program(Averaged(family=DESCENT))
    given = {"learning_rate": rate, "averaging": 1.0}
    policy = Policy(family=one.family, coefficients=given, horizon=steps)
    assert exact_cost(policy, one) == pytest.approx(h / 2 * variance, rel=1e-12)
    solved = lc.PolicySolver(one).solve(fixed=given, guess=given, starts=0)
    assert solved.cost == pytest.approx(h / 2 * variance, rel=1e-12)


FAMILIES = {
    "averaged": (
        Averaged(family=HeavyBall(constant=True)),
        {"learning_rate": 0.3, "momentum": 0.6, "averaging": 0.5},
    ),
    "schedule-free": (
        ScheduleFree(),
        {"learning_rate": 0.6, "momentum": 0.3, "averaging": 0.7},
    ),
    "scheduled": (
        Scheduled(family=ScheduleFree(), shape=LogLinear(pieces=1)),
        {"learning_rate": 0.6, "momentum": 0.3, "averaging": 0.7, "log_rate_1": -1.0},
    ),
    "held": (
        Fixed(family=ScheduleFree(), values={"momentum": 0.3}),
        {"learning_rate": 0.6, "averaging": 0.7},
    ),
}


@pytest.mark.parametrize("task", [{}, {"minimum": lc.OrnsteinUhlenbeck(0.3, 0.2, 0.4)}])
@pytest.mark.parametrize("name", FAMILIES)
def test_replayed_answers_cost_what_the_moments_say(name, task):
    """Both terms of the cost count the answer: with losses at θ it would be another number."""
    family, given = FAMILIES[name]
    objective = lc.Objective(horizon=25, learning_rate=2.0)
    one = program(family, noise=1.5, cost="both", objective=objective, task=task)
    policy = Policy(family=family, coefficients=given, horizon=25)
    exact = exact_cost(policy, one)
    by_casadi = lc.PolicySolver(one).solve(fixed=given, guess=given, starts=0).cost
    assert by_casadi == pytest.approx(exact, rel=1e-11)
    cost, error = lc.replay(policy, one, episodes=160_000, seed=4)
    assert abs(cost - exact) < 4 * error
    at_theta = exact_cost(
        Policy(family=Silent(family=family), coefficients=given, horizon=25),
        program(Silent(family=family), noise=1.5, cost="both", objective=objective, task=task),
    )
    assert 4 * error < abs(at_theta - exact) / 5


def test_scenario_programs_count_the_answer():
    family, given = FAMILIES["schedule-free"]
    one = program(family)
    policy = Policy(family=family, coefficients=given, horizon=40)
    solver = ScenarioSolver(one, scenarios=256)
    found = solver.solve(fixed=given, guess=given, starts=0, throw=False)
    assert abs(found.cost - exact_cost(policy, one)) < 4 * found.uncertainty
    silent = Silent(family=family)
    at_theta = exact_cost(Policy(family=silent, coefficients=given, horizon=40), program(silent))
    assert 4 * found.uncertainty < abs(at_theta - exact_cost(policy, one)) / 5


def test_simulation_answers_with_the_average():
    """Deterministic: final parameters and the terminal loss are those of x, not of θ."""
    family, given = FAMILIES["schedule-free"]
    h, steps = 0.3, 20
    policy = Policy(family=family, coefficients=given, horizon=steps)
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[h]]),
        learner=lc.Learner(sees=lc.ExactGradient()),
        objective=lc.Objective(horizon=steps, learning_rate=1.0, terminal="loss"),
        start=[2.0],
    )
    run = lc.simulate(problem, policy, step=1.0, episodes=2, seed=0)
    expected = published_schedule_free(lambda y: h * y, steps, 0.6, 0.3, 2.0, 1 / 0.7 - 1)
    np.testing.assert_allclose(run.final[:, 0], expected[-1], rtol=1e-12)
    np.testing.assert_allclose(run.terminals, h / 2 * expected[-1] ** 2, rtol=1e-12)
    losses = h / 2 * np.concatenate([[2.0], expected]) ** 2
    np.testing.assert_allclose(run.losses, trapezoid(losses), rtol=1e-12)


def test_averaging_with_a_constant_rate_comes_near_the_best_schedule():
    """Noise and a broad spectrum: averaging takes most of what a free schedule gains."""
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.LogUniform(1e-2, 1), start_variance=1.0)
    objective = lc.Objective(horizon=60, learning_rate=math.inf)
    seen = lc.NoisyGradient(0.5)
    rules = {
        "constant": DESCENT,
        "averaged": Averaged(family=DESCENT),
        "free": ScheduleFree(),
        "schedule": GradientDescent(constant=False),
    }
    cost = {
        name: lc.optimize_policy(task, family, objective, sees=seen, starts=4).cost
        for name, family in rules.items()
    }
    gain = cost["constant"] - cost["schedule"]
    assert cost["free"] <= cost["averaged"] * (1 + 1e-6) < cost["constant"]
    assert cost["constant"] - cost["free"] > 0.8 * gain
    assert cost["schedule"] < 0.95 * cost["constant"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Averaged(family=ScheduleFree()),
        lambda: Averaged(family=Averaged(family=DESCENT)),
        lambda: WeightDecay(family=Averaged(family=DESCENT)),
    ],
)
def test_averages_of_averages_and_decay_around_them_are_refused(wrong):
    with pytest.raises(lc.ProblemError, match="answers with θ itself"):
        wrong()


def test_average_of_a_decaying_schedule_and_of_weight_decay_are_families():
    decayed = Averaged(family=WeightDecay(family=DESCENT))
    scheduled = Averaged(family=ScheduledDescent(shape=InverseTime()))
    assert decayed.linear
    assert decayed.reads_parameters
    assert [each.name for each in scheduled.coefficients][-1] == "averaging"
    iterates = answers(decayed.family, {"learning_rate": 0.3, "decay": 0.1}, start=2.0)
    found = answers(decayed, {"learning_rate": 0.3, "decay": 0.1, "averaging": 1.0}, start=2.0)
    np.testing.assert_allclose(found[-1], iterates.mean(axis=0), rtol=1e-13)


class Bent(ScheduleFree):
    """An answer that is not linear in the state."""

    def readout(self, coefficients, state, parameters, clock):
        return parameters + state[0] ** 2


class Total(ScheduleFree):
    """An answer of another shape."""

    def readout(self, coefficients, state, parameters, clock):
        return parameters.sum()


class Unsaid(GradientDescent):
    """A readout that nobody would ask."""

    def readout(self, coefficients, state, parameters, clock):
        return 2 * parameters


@pytest.mark.parametrize(
    ("family", "message"),
    [
        (Bent(), "linear in θ and the state"),
        (Total(), "an array like θ"),
        (Unsaid(constant=True), "has_readout = True"),
    ],
)
def test_readouts_of_a_users_own_are_tried(family, message):
    with pytest.raises(lc.ProblemError, match=message):
        program(family)


class Silent(Fixed):
    """The same steps, whose answer is θ."""

    has_readout = False

    def __init__(self, *, family):
        object.__setattr__(self, "family", family)
        object.__setattr__(self, "values", ())


@pytest.mark.parametrize(
    "as_watched", [lambda one: one, lambda one: lc.simulation.PolicyLearner(policy=one)]
)
def test_identification_says_that_the_answer_is_no_part_of_it(as_watched):
    """The steps of an averaged descent are those of descent: the average is not to be seen there."""
    family = Averaged(family=DESCENT)
    policy = Policy(
        family=family, coefficients={"learning_rate": 0.4, "averaging": 1.0}, horizon=20
    )
    plain = Policy(family=DESCENT, coefficients={"learning_rate": 0.4}, horizon=20)
    rules = ["sgd", "heavy_ball"]
    said = lc.identify(as_watched(policy), rules=rules)
    assert said.best.key == "sgd"
    assert "its readout, is no part" in str(said)
    assert "readout" not in str(lc.identify(as_watched(plain), rules=rules))
