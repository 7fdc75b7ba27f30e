"""Measured modes: a start variance and a noise of its own for each, and noise that grows with the
gradient.
"""

import dataclasses
import math

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.optimisation.replays import exact_cost
from landscape_control.policies import AdamFamily, GradientDescent, HeavyBall, Policy, ScheduleFree

CURVATURES = np.array([0.05, 0.3, 1.0, 0.7])
WEIGHTS = np.array([0.4, 0.3, 0.1, 0.2])
VARIANCES = np.array([9.0, 1.0, 0.0, 0.5])
DEVIATIONS = np.array([0.0, 0.2, 1.0, 0.3])


def program(*, curvatures=CURVATURES, weights=WEIGHTS, start_variance=VARIANCES, **options):
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete(curvatures, weights),
        start_variance=start_variance,
        **options.pop("task", {}),
    )
    given = {
        "family": HeavyBall(constant=True),
        "objective": lc.Objective(horizon=12, learning_rate=2.0),
        "sees": lc.ModeNoise(DEVIATIONS),
        "cost": "both",
    }
    return lc.PolicyProgram(task=task, **given | options)


def one_mode(place, **options):
    """The program of one mode alone."""
    return program(
        curvatures=CURVATURES[place : place + 1],
        weights=None,
        start_variance=VARIANCES[place],
        sees=lc.CurvatureNoise(DEVIATIONS[place], 0.0, **options.pop("noise", {})),
        **options,
    )


@pytest.mark.parametrize("multiplicative", [0.0, 0.4])
@pytest.mark.parametrize(
    "task",
    [
        {},
        {"start_mean": 1.5},
        {"minimum": lc.OrnsteinUhlenbeck(mean=[0.3], rate=0.2, covariance=[2])},
    ],
)
def test_cost_of_modes_is_the_weighted_sum_of_the_costs_of_each_alone(task, multiplicative):
    coefficients = {"learning_rate": 0.3, "momentum": 0.6}
    sees = lc.ModeNoise(DEVIATIONS, multiplicative)
    whole = program(task=task, sees=sees)
    noise = {"multiplicative": multiplicative}
    places = [i for i in range(4) if task or VARIANCES[i] > 0]
    alone = sum(
        WEIGHTS[i] * cost_of(one_mode(i, task=task, noise=noise), coefficients) for i in places
    )
    if not task:  # a mode that starts at its minimum is no problem of its own
        alone += WEIGHTS[2] * noise_alone(coefficients, multiplicative)
    assert cost_of(whole, coefficients) == pytest.approx(alone, rel=1e-12)


def cost_of(one, coefficients):
    """J of fixed coefficients by the optimiser's own program, equal to that by NumPy."""
    policy = Policy(family=one.family, coefficients=coefficients, horizon=one.steps)
    fixed = lc.PolicySolver(one).solve(fixed=coefficients, starts=0, guess=coefficients)
    assert fixed.cost == pytest.approx(exact_cost(policy, one), rel=1e-11)
    return fixed.cost


def noise_alone(coefficients, share):
    """J of heavy ball on the third mode from its minimum, by its own recursion of covariances."""
    h, sigma, steps = CURVATURES[2], DEVIATIONS[2], 12
    alpha, beta = coefficients["learning_rate"], coefficients["momentum"]
    matrix = np.array([[1 - alpha * h, beta], [-alpha * h, beta]])
    covariance, cost = np.zeros((2, 2)), 0.0
    for _ in range(steps):
        variance = sigma**2 + share * h**2 * covariance[0, 0]
        covariance = matrix @ covariance @ matrix.T + alpha**2 * variance
        cost += h / 2 * covariance[0, 0] + covariance[1, 1] / 4
    return cost + h / 2 * covariance[0, 0]


@pytest.mark.parametrize("share", [0.1, 1.0, 4.0])
def test_interpolation_has_the_rate_one_over_h_times_one_plus_b(share):
    """Without noise at the minimum E θ² falls by b/(1+b) per step, at α = 1/(h(1+b))."""
    h, steps = 0.7, 6
    found = lc.optimize_policy(
        lc.LandscapeDistribution.quadratic(curvatures=lc.Discrete([h]), start_variance=2.0),
        GradientDescent(constant=True),
        lc.Objective(horizon=steps, learning_rate=math.inf),
        sees=lc.CurvatureNoise(0.0, multiplicative=share),
    )
    assert found.coefficients["learning_rate"] == pytest.approx(1 / (h * (1 + share)), rel=1e-6)
    assert found.cost == pytest.approx(h / 2 * 2.0 * (share / (1 + share)) ** steps, rel=1e-9)


@pytest.mark.parametrize(("share", "rate"), [(4.0, 1.0), (0.5, 0.9), (0.0, 1.3)])
def test_growth_is_that_of_second_moments_with_the_noise_of_the_gradient(share, rate):
    """E θ'² = ((1-αh)² + bα²h²) E θ²: mean and spread can go opposite ways."""
    h = 1.2
    one = program(
        curvatures=[h],
        weights=None,
        start_variance=1.0,
        family=GradientDescent(constant=True),
        sees=lc.CurvatureNoise(0.1, multiplicative=share),
    )
    fixed = {"learning_rate": rate}
    found = lc.PolicySolver(one).solve(fixed=fixed, starts=0, guess=fixed)
    expected = math.sqrt((1 - rate * h) ** 2 + share * (rate * h) ** 2)
    assert found.certificate.growth == pytest.approx(expected, rel=1e-12)
    assert ("unstable" in str(found.certificate)) == (expected > 1)


def test_growth_with_momentum_is_that_of_its_covariance():
    """The cost of one more step grows by growth² where nothing else is left."""
    coefficients = {"learning_rate": 0.9, "momentum": 0.5}
    given = {"sees": lc.ModeNoise([0.0] * 4, 1.5), "start_variance": 1.0, "cost": "terminal"}
    longer = [
        program(objective=lc.Objective(horizon=steps, learning_rate=math.inf), **given)
        for steps in (200, 201)
    ]
    costs = [cost_of(one, coefficients) for one in longer]
    found = lc.PolicySolver(longer[0]).solve(fixed=coefficients, starts=0, guess=coefficients)
    assert found.certificate.growth**2 == pytest.approx(costs[1] / costs[0], rel=1e-9)
    assert found.certificate.growth > 1.05


class AnyAverage(ScheduleFree):
    """Schedule-Free whose coefficients have no ranges."""

    @property
    def coefficients(self):
        return tuple(
            dataclasses.replace(each, low=-math.inf, high=math.inf) for each in super().coefficients
        )


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_rule_that_divides_by_zero_is_refused(share):
    """c_t = 1/(1 + qt) at q = -1/2, t = 2, by a family that takes any q."""
    one = program(family=AnyAverage(), sees=lc.ModeNoise(DEVIATIONS, share))
    coefficients = {"learning_rate": 0.3, "momentum": 0.5, "averaging": -0.5}
    policy = Policy(family=one.family, coefficients=coefficients, horizon=12)
    with pytest.raises(lc.ProblemError, match="stay finite for 12 steps.* factor of inf"):
        exact_cost(policy, one)


def test_modes_that_hear_each_other_have_no_growth_of_their_own():
    found = lc.PolicySolver(program(sees=lc.ModeNoise(DEVIATIONS, follows_loss=True))).solve()
    assert found.certificate.passed
    assert found.certificate.growth is None


def test_multiplicative_noise_in_simulation_costs_what_the_moments_say():
    one = program(sees=lc.ModeNoise(DEVIATIONS, 0.5))
    policy = Policy(
        family=one.family, coefficients={"learning_rate": 0.5, "momentum": 0.4}, horizon=12
    )
    cost, error = lc.replay(policy, one, episodes=200_000, seed=3)
    exact = exact_cost(policy, one)
    without = exact_cost(policy, program())
    assert abs(cost - exact) < 4 * error
    assert 4 * error < (exact - without) / 5


def test_nonlinear_families_see_the_same_noise():
    """Adam with an exponent of 0 and no memory is gradient descent: its cost is by scenarios."""
    one = program(family=AdamFamily(epsilon=1e-16), sees=lc.ModeNoise(DEVIATIONS, 0.5))
    plain = {"learning_rate": 0.5, "exponent": 0.0, "beta1": 0.0, "beta2": 0.5}
    policy = Policy(family=one.family, coefficients=plain, horizon=12)
    cost, error = lc.replay(policy, one, episodes=100_000, seed=1)
    descent = Policy(
        family=GradientDescent(constant=True), coefficients={"learning_rate": 0.5}, horizon=12
    )
    assert abs(cost - exact_cost(descent, program(sees=one.sees))) < 4 * error


def test_scale_of_the_curvature_changes_nothing_but_units():
    """h → ch, σ → cσ, J → cJ, η → η/c."""
    factor = 250.0
    first = lc.PolicySolver(program(sees=lc.ModeNoise(DEVIATIONS, 0.3))).solve()
    scaled = program(
        curvatures=factor * CURVATURES,
        sees=lc.ModeNoise(factor * DEVIATIONS, 0.3),
        objective=lc.Objective(horizon=12, learning_rate=2.0 / factor),
    )
    second = lc.PolicySolver(scaled).solve()
    assert second.cost == pytest.approx(factor * first.cost, rel=1e-8)
    rates = [one.coefficients["learning_rate"] for one in (first, second)]
    assert factor * rates[1] == pytest.approx(rates[0], rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_variance": VARIANCES[:2]}, "one number, or 4"),
        ({"start_variance": -VARIANCES}, "numbers >= 0"),
        ({"sees": lc.ModeNoise([0.1, 0.2])}, "4 numbers, one for each distinct curvature"),
        ({"start_variance": np.zeros(4)}, "start_variance > 0, or a start_mean"),
    ],
)
def test_numbers_that_do_not_match_the_modes_are_refused(change, message):
    with pytest.raises(lc.ProblemError, match=message):
        program(**change)


def test_modes_need_a_discrete_spectrum():
    with pytest.raises(lc.ProblemError, match="Discrete"):
        lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.1, 1), start_variance=[1.0, 2.0])
    with pytest.raises(lc.ProblemError, match="standard deviations >= 0"):
        lc.ModeNoise([-0.1])
    with pytest.raises(lc.ProblemError, match="pass sees with the deviations wanted"):
        lc.PolicySolver(program()).solve(noise=0.3)
