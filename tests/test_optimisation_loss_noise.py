"""Noise that follows the loss of all modes: brute force, Monte Carlo of many modes, other optimisers."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

import landscape_control as lc
from landscape_control.optimisation import ScenarioSolver
from landscape_control.optimisation.certificate import cost_gradient
from landscape_control.optimisation.replays import exact_cost
from landscape_control.policies import (
    AdamFamily,
    GradientDescent,
    HeavyBall,
    LogLinear,
    Policy,
    Scheduled,
    ScheduleFree,
)

CURVATURES = np.array([0.05, 0.3, 1.0, 0.7])
WEIGHTS = np.array([0.4, 0.3, 0.1, 0.2])
VARIANCES = np.array([9.0, 1.0, 0.5, 0.5])
DEVIATIONS = np.array([0.1, 0.4, 1.5, 0.6])
STEPS = 15
BALL = {"learning_rate": 0.3, "momentum": 0.6}


def program(family, *, follows_loss=True, multiplicative=0.0, task=None, **options):
    spectrum = lc.Discrete(CURVATURES, WEIGHTS)
    task = lc.LandscapeDistribution.quadratic(
        curvatures=spectrum, start_variance=VARIANCES, **(task or {})
    )
    sees = lc.ModeNoise(DEVIATIONS, multiplicative, follows_loss=follows_loss)
    given = {"objective": lc.Objective(horizon=STEPS, learning_rate=math.inf), "sees": sees}
    return lc.PolicyProgram(task=task, family=family, **given | options)


def heavy_ball_losses(rate, momentum, share=0.0):
    """L_0 … L_T by recursion of covariances of (θ, Δθ), mode by mode, without the package."""
    covariances = [np.diag([variance, 0.0]) for variance in VARIANCES]
    losses, first = [], None
    for _ in range(STEPS + 1):
        squares = np.array([covariance[0, 0] for covariance in covariances])
        loss = float(WEIGHTS @ (CURVATURES / 2 * squares))
        first = loss if first is None else first
        losses.append(loss)
        for i, h in enumerate(CURVATURES):
            variance = DEVIATIONS[i] ** 2 * loss / first + share * h**2 * squares[i]
            matrix = np.array([[1 - rate * h, momentum], [-rate * h, momentum]])
            moved = matrix @ covariances[i] @ matrix.T
            covariances[i] = moved + rate**2 * variance * np.ones((2, 2))
    return np.array(losses)


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_moments_are_those_of_the_recursion_of_all_modes(share):
    one = program(HeavyBall(constant=True), multiplicative=share)
    policy = Policy(family=one.family, coefficients=BALL, horizon=STEPS)
    expected = heavy_ball_losses(0.3, 0.6, share)[-1]
    assert exact_cost(policy, one) == pytest.approx(expected, rel=1e-12)
    solved = lc.PolicySolver(one).solve(fixed=BALL, guess=BALL, starts=0)
    assert solved.cost == pytest.approx(expected, rel=1e-12)


def test_optimum_is_that_of_another_optimiser_on_the_recursion():
    found = lc.PolicySolver(program(HeavyBall(constant=True))).solve()
    other = minimize(
        lambda c: math.log(heavy_ball_losses(*c)[-1]),
        [0.3, 0.3],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 2000},
    )
    assert math.log(found.cost) == pytest.approx(other.fun, abs=1e-9)
    names = ("learning_rate", "momentum")
    assert [found.coefficients[name] for name in names] == pytest.approx(other.x, rel=2e-4)
    unlike = lc.PolicySolver(program(HeavyBall(constant=True), follows_loss=False)).solve()
    assert abs(unlike.coefficients["learning_rate"] - other.x[0]) > 0.1 * other.x[0]


FAMILIES = {
    "heavy ball": (HeavyBall(constant=True), BALL),
    "per step": (HeavyBall(constant=False), BALL),
    "schedule-free": (
        ScheduleFree(),
        {"learning_rate": 0.8, "momentum": 0.4, "averaging": 0.6},
    ),
    "knots": (
        Scheduled(family=HeavyBall(constant=True), shape=LogLinear(pieces=2)),
        {**BALL, "log_rate_1": -0.3, "log_rate_2": -1.0},
    ),
}


@pytest.mark.parametrize("task", [{}, {"minimum": lc.OrnsteinUhlenbeck(0.3, 0.2, 0.4)}])
@pytest.mark.parametrize("name", FAMILIES)
def test_derivatives_are_those_of_numpys_propagation(name, task):
    """Cost to rounding, slope by complex steps through NumPy, Hessian by differences of slopes."""
    family, given = FAMILIES[name]
    one = program(family, cost="both", task=task, multiplicative=0.2)
    entries = family.layout(STEPS).join(given)
    cost, slope, hessian = lc.optimisation.identifiability.cost_derivatives(one, entries, nodes=1)
    policy = Policy(family=family, coefficients=given, horizon=STEPS)
    assert cost == pytest.approx(exact_cost(policy, one), rel=1e-12)
    np.testing.assert_allclose(
        slope, cost_gradient(one, policy.coefficients, nodes=1), rtol=1e-9, atol=1e-12
    )
    for place in (0, len(entries) - 1):
        sides = []
        for shift in (1e-5, -1e-5):
            moved = entries.copy()
            moved[place] += shift
            values = family.layout(STEPS).split(moved)
            sides.append(cost_gradient(one, values, nodes=1))
        difference = (sides[0] - sides[1]) / 2e-5
        scale = np.abs(hessian).max()
        np.testing.assert_allclose(hessian[place], difference, atol=1e-7 * scale)


def test_many_modes_that_run_together_cost_what_the_moments_say():
    """d = 40 000 modes hear the loss of that very population, 12 populations."""
    rate, momentum, count = 0.3, 0.6, 40_000
    rng, ends = np.random.default_rng(5), []
    places = np.repeat(np.arange(4), (WEIGHTS * count).astype(int))
    h, sigma = CURVATURES[places], DEVIATIONS[places]
    for _ in range(12):
        theta = rng.standard_normal(count) * np.sqrt(VARIANCES[places])
        move, first = np.zeros(count), None
        for _ in range(STEPS):
            loss = (h / 2 * theta**2).mean()
            first = loss if first is None else first
            noise = rng.standard_normal(count) * sigma * np.sqrt(loss / first)
            move = momentum * move - rate * (h * theta + noise)
            theta = theta + move
        ends.append((h / 2 * theta**2).mean())
    error = np.std(ends, ddof=1) / math.sqrt(12)
    exact = heavy_ball_losses(rate, momentum)[-1]
    one = program(HeavyBall(constant=True), follows_loss=False)
    policy = Policy(family=one.family, coefficients=BALL, horizon=STEPS)
    assert abs(np.mean(ends) - exact) < 4 * error
    assert 4 * error < abs(exact_cost(policy, one) - exact) / 5


@pytest.mark.parametrize("name", FAMILIES)
def test_replay_costs_what_the_moments_say(name):
    family, given = FAMILIES[name]
    one = program(family, multiplicative=0.2)
    policy = Policy(family=family, coefficients=given, horizon=STEPS)
    cost, error = lc.replay(policy, one, episodes=120_000, seed=2)
    exact = exact_cost(policy, one)
    unlike = exact_cost(policy, program(family, multiplicative=0.2, follows_loss=False))
    assert abs(cost - exact) < 4 * error
    assert 4 * error < abs(unlike - exact) / 5


def test_result_has_its_certificate_and_its_identifiability():
    found = lc.PolicySolver(program(ScheduleFree())).solve()
    assert found.certificate.passed
    assert found.identifiability.stiffness[0] > 0


def test_curvature_noise_on_a_continuous_spectrum_follows_the_loss_too():
    """σ² = h at the start: with one mode alone the noise is multiplicative, b = 1/(h·E θ_0²)·h."""
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Discrete([0.5]), start_variance=2.0)
    objective = lc.Objective(horizon=8, learning_rate=math.inf)
    rate = {"learning_rate": 0.7}
    costs = []
    # σ²L_t/L_0 = h E θ_t²/E θ_0² is b(hθ)² on average, with b = 1/(h E θ_0²) = 1
    for sees in (
        lc.CurvatureNoise(1.0, follows_loss=True),
        lc.CurvatureNoise(0.0, multiplicative=1.0),
    ):
        one = lc.PolicyProgram(
            task=task, family=GradientDescent(constant=True), objective=objective, sees=sees
        )
        costs.append(lc.PolicySolver(one).solve(fixed=rate, guess=rate, starts=0).cost)
    assert costs[0] == pytest.approx(costs[1], rel=1e-13)
    broad = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.1, 1), start_variance=2.0)
    seen = lc.CurvatureNoise(1.0, follows_loss=True)
    found = lc.optimize_policy(broad, GradientDescent(constant=True), objective, sees=seen)
    assert found.cost_error <= 1e-6 * found.cost
    assert found.cost == pytest.approx(exact_cost(found.policy, found.program), rel=1e-9)


def test_what_needs_separate_modes_is_refused():
    with pytest.raises(lc.ProblemError, match="a linear family"):
        program(AdamFamily(epsilon=1e-8))
    one = program(HeavyBall(constant=True))
    with pytest.raises(lc.ProblemError, match="follows the loss of all modes"):
        ScenarioSolver(one)
    with pytest.raises(lc.ProblemError, match="follows the loss of all modes"):
        lc.worst_case(one, measure="loss")
