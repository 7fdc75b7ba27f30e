"""Exact moment programs: costs, derivatives and what they do not depend on."""

import math

import casadi as ca
import numpy as np
import pytest

from landscape_control import NoisyGradient, Objective, ProblemError
from landscape_control.model.landscape import (
    Discrete,
    LandscapeDistribution,
    LogUniform,
    OrnsteinUhlenbeck,
    RandomWalk,
    Uniform,
)
from landscape_control.model.observation import CurvatureNoise
from landscape_control.optimisation import exact_cost, replay
from landscape_control.optimisation.certificate import cost_gradient
from landscape_control.optimisation.cost_derivatives import cost_derivatives
from landscape_control.optimisation.programs.moment_model import (
    check_linear,
    layout_of,
    minimum_step,
    start_moments,
)
from landscape_control.optimisation.programs.moment_program import MomentProgram
from landscape_control.policies import (
    FirstOrderSpan,
    GradientDescent,
    HeavyBall,
    Nesterov,
    Policy,
    PolicyProgram,
    SignDescent,
    WeightDecay,
)

SPECTRUM = Uniform(0.05, 1.0)
MOVING = OrnsteinUhlenbeck([0.5], 0.2, [[0.7]])
FAMILIES = {
    "constant heavy ball": HeavyBall(constant=True),
    "heavy ball": HeavyBall(constant=False),
    "gradient descent": GradientDescent(constant=False),
    "Nesterov": Nesterov(constant=True),
    "span": FirstOrderSpan(memory=3, constant=True),
    "decay": WeightDecay(family=HeavyBall(constant=True)),
}


def program(
    family=FAMILIES["constant heavy ball"], horizon=7, *, cost="both", sees=None, **changes
):
    task = {"curvatures": SPECTRUM, "start_variance": 1.5} | {
        name: changes.pop(name)
        for name in ("curvatures", "start_variance", "start_mean", "minimum")
        if name in changes
    }
    prices = {
        "learning_rate": 2.0,
        "discount": 0.1,
        "loss_weight": 0.7,
        "terminal_weight": 1.3,
    } | changes
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(**task),
        family=family,
        cost=cost,
        sees=sees or NoisyGradient(0.3),
        objective=Objective(horizon=horizon, **prices),
    )


def entries_of(one, seed=0):
    layout = one.family.layout(one.steps)
    return np.random.default_rng(seed).uniform(0.05, 0.5, layout.size)


def brute_force(entries, one, curvature, sigma):
    """Cost of constant heavy ball on one mode, by the explicit 2 x 2 recursion of (θ, Δθ), from the
    text of the problem.
    """
    alpha, beta = entries
    objective, step = (
        one.objective,
        np.array([[1 - alpha * curvature, beta], [-alpha * curvature, beta]]),
    )
    moments, cost = np.diag([one.task.start_variance, 0.0]), 0.0
    for t in range(one.steps):
        moments = step @ moments @ step.T + (alpha * sigma) ** 2
        loss, fade = curvature / 2 * moments[0, 0], math.exp(-objective.discount * (t + 1))
        cost += math.exp(-objective.discount * t) * moments[1, 1] / (2 * objective.learning_rate)
        cost += objective.loss_weight * fade * loss
    return cost + objective.terminal_weight * fade * loss


def test_cost_is_that_of_the_explicit_recursion():
    one = program()
    h, w = SPECTRUM.nodes(8)
    wanted = w @ [brute_force([0.4, 0.3], one, curvature, 0.3) for curvature in h]
    assert cost_derivatives(one, [0.4, 0.3], nodes=8)[0] == pytest.approx(wanted, rel=1e-14)
    policy = Policy(
        family=one.family, coefficients={"learning_rate": 0.4, "momentum": 0.3}, horizon=one.steps
    )
    assert exact_cost(policy, one, nodes=8) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("minimum", [None, MOVING], ids=["resting", "moving"])
@pytest.mark.parametrize("start_mean", [0.0, -0.8])
def test_two_propagations_agree(family, minimum, start_mean):
    """Second moments about zero by CasADi, mean and covariance by NumPy."""
    one = program(family, minimum=minimum, start_mean=start_mean)
    entries = entries_of(one)
    policy = Policy(
        family=family, coefficients=family.layout(one.steps).split(entries), horizon=one.steps
    )
    assert exact_cost(policy, one, nodes=9) == pytest.approx(
        cost_derivatives(one, entries, nodes=9)[0], rel=1e-12
    )


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_replaying_the_rule_costs_what_was_planned(family):
    one = program(family, minimum=MOVING, start_mean=0.4)
    policy = Policy(
        family=family,
        coefficients=family.layout(one.steps).split(entries_of(one)),
        horizon=one.steps,
    )
    mean, error = replay(policy, one, episodes=20_000, seed=3)
    assert abs(mean - exact_cost(policy, one)) < 4 * error
    assert error < 0.02 * mean


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_derivatives_are_exact(family):
    one = program(family, minimum=MOVING, start_mean=0.4)
    entries, layout = entries_of(one), family.layout(one.steps)
    _, slope, hessian = cost_derivatives(one, entries, nodes=9)
    np.testing.assert_allclose(
        slope, cost_gradient(one, layout.split(entries), nodes=9), rtol=1e-11, atol=1e-12
    )
    step = 1e-5
    for k in (0, len(entries) - 1):
        shift = step * np.eye(len(entries))[k]
        ahead, behind = (
            cost_gradient(one, layout.split(entries + s), nodes=9) for s in (shift, -shift)
        )
        np.testing.assert_allclose(hessian[k], (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-7)


def test_a_random_walk_of_the_minimum_gains_its_diffusion_each_step():
    minimum = RandomWalk([0.0], [[0.3]], [[0.04]])
    walk = LandscapeDistribution.quadratic(curvatures=SPECTRUM, start_variance=1.0, minimum=minimum)
    assert minimum_step(walk) == (1.0, 0.04, 0.0)


def test_the_minimum_steps_by_its_exact_law():
    task = LandscapeDistribution.quadratic(curvatures=SPECTRUM, start_variance=1.0, minimum=MOVING)
    rho, gained, centre = minimum_step(task)
    assert (rho, centre) == (math.exp(-0.2), 0.5)
    # what keeps a stationary variance
    assert gained == pytest.approx(0.7 * (1 - math.exp(-0.4)), rel=1e-14)


def test_only_means_that_are_not_zero_are_carried():
    assert layout_of(program()).dimension == 2
    assert layout_of(program(start_mean=0.3)).dimension == 3
    assert layout_of(program(minimum=MOVING)).dimension == 4
    one = program(minimum=MOVING, start_mean=0.3)
    start = start_moments(layout_of(one), one.task, np.array([0.5, 0.9]))
    assert np.array_equal(start[0], start[1])
    moments = dict(zip(layout_of(one).pairs, start[0], strict=True))
    assert moments[0, 0] == pytest.approx(1.5 + 0.09)
    assert moments[2, 2] == pytest.approx(0.7 + 0.25)
    assert moments[0, 2] == pytest.approx(0.15)


def test_stretching_curvatures_and_shrinking_rates_scales_the_cost():
    """h → sh, α → α/s, σ → sσ leaves every θ_t as it is, so that the loss scales with s."""
    free = {"learning_rate": math.inf, "horizon": 12}
    one = program(**free)
    other = program(**free, curvatures=Uniform(0.2, 4.0), sees=NoisyGradient(1.2))
    first = cost_derivatives(one, [0.4, 0.3], nodes=13)[0]
    assert cost_derivatives(other, [0.1, 0.3], nodes=13)[0] == pytest.approx(4 * first, rel=1e-13)


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_noise_may_grow_with_curvature(power):
    one = program(sees=CurvatureNoise(0.3, power))
    h, w = SPECTRUM.nodes(9)
    wanted = w @ [
        brute_force([0.4, 0.3], one, curvature, 0.3 * curvature**power) for curvature in h
    ]
    assert cost_derivatives(one, [0.4, 0.3], nodes=9)[0] == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize(
    "spectrum", [Uniform(0.05, 1.0), LogUniform(0.05, 1.0)], ids=["uniform", "log-uniform"]
)
def test_enough_nodes_leave_no_quadrature_error(spectrum):
    one = program(horizon=6, curvatures=spectrum)
    costs = [cost_derivatives(one, [0.9, 0.5], nodes=nodes)[0] for nodes in (7, 30)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-12)


@pytest.mark.parametrize("constant", [True, False])
def test_work_grows_linearly_with_the_horizon(constant):
    """Instructions of cost and gradient together, at most ten times those of the cost."""
    counts = []
    for horizon in (40, 80):
        one = program(HeavyBall(constant=constant), horizon)
        built = MomentProgram(family=one.family, horizon=horizon, layout=layout_of(one))
        counts.append((built.value.n_instructions(), built.slope.n_instructions()))
    assert counts[1][1] < 2.1 * counts[0][1]
    assert all(slope < 10 * value for value, slope in counts)


def test_mapped_modes_are_separate_modes():
    one = program()
    built = MomentProgram(family=one.family, horizon=one.steps, layout=layout_of(one))
    assert isinstance(built.value, ca.Function)
    alone = cost_derivatives(program(curvatures=Discrete([0.3])), [0.4, 0.3], nodes=1)[0]
    other = cost_derivatives(program(curvatures=Discrete([0.8])), [0.4, 0.3], nodes=1)[0]
    both = cost_derivatives(
        program(curvatures=Discrete([0.3, 0.8], [1.0, 3.0])), [0.4, 0.3], nodes=1
    )[0]
    assert both == pytest.approx(alone / 4 + 3 * other / 4, rel=1e-14)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (program(SignDescent(smoothing=0.1)), "linear family"),
        (program(sees=NoisyGradient(lambda theta: 0.1 + theta[0] ** 2)), "NoisyGradient"),
    ],
    ids=["signs", "state-dependent noise"],
)
def test_what_has_no_closed_moments_is_refused(one, words):
    with pytest.raises(ProblemError, match=words):
        check_linear(one)
