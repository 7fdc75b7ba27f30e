"""Scenario programs judged: units that do not matter, kinks, finite lists of starts, errors that
are what they say.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from landscape_control import (
    GaussianPrior,
    Landscape,
    NoisyGradient,
    Objective,
    ProblemError,
    double_well,
)
from landscape_control.model.landscape.distribution import LandscapeDistribution, dealt
from landscape_control.model.landscape.spectra import Uniform
from landscape_control.optimisation import PolicyStatus, solve_program
from landscape_control.optimisation.held_out import HeldOut, mean_and_error
from landscape_control.optimisation.replays import BLOCKS, replay
from landscape_control.optimisation.scenario_judgement import Simpler
from landscape_control.optimisation.scenario_search import ScenarioSearch
from landscape_control.optimisation.scenario_sets import draw
from landscape_control.optimisation.scenarios import ScenarioSolver, solve_scenarios
from landscape_control.optimisation.search_options import SearchOptions
from landscape_control.planning.solver import Optimum, RawResult
from landscape_control.policies import (
    AdamFamily,
    GatedPolicy,
    HeavyBall,
    Lion,
    NeuralPolicy,
    Policy,
    PolicyProgram,
    SignDescent,
)

CURVATURES = Uniform(0.05, 1.0)
STARTS = np.array([[-0.6, 0.55], [0.5, 0.1]])


def quadratics(family=None, *, unit=1.0, noise=0.3, cost="terminal", horizon=10, **objective):
    """The reference task, with lengths (and noise) in units of ``unit``."""
    task = LandscapeDistribution.quadratic(curvatures=CURVATURES, start_variance=unit**2)
    objective = Objective(**({"horizon": horizon, "learning_rate": math.inf} | objective))
    return PolicyProgram(
        task=task,
        family=family or HeavyBall(constant=True),
        objective=objective,
        sees=NoisyGradient(noise * unit),
        cost=cost,
    )


def wells(landscape=None, *, noise=None, cost="running", learning_rate=1.0, starts=STARTS):
    task = LandscapeDistribution.landscapes(landscape or double_well(), starts=starts)
    return PolicyProgram(
        task=task,
        family=HeavyBall(constant=True),
        cost=cost,
        sees=None if noise is None else NoisyGradient(noise),
        objective=Objective(horizon=5, learning_rate=learning_rate),
    )


def steps_by_hand(landscape, starts, alpha, beta, horizon=5, price=1.0):
    """Σ L(θ_t) + |Δθ|²/2η of heavy ball from every start."""
    theta, move, paid = np.array(starts), np.zeros_like(starts), 0.0
    for _ in range(horizon):
        move = beta * move - alpha * landscape.gradient(theta)
        theta = theta + move
        paid = paid + landscape.loss(theta) + (move**2).sum(1) / (2 * price)
    return paid


QUICK = {"scenarios": 200, "most_scenarios": 200, "starts": 2, "throw": False}


@pytest.mark.parametrize(
    "change", [{"terminal_weight": 1e-9}, {"discount": 2.0}, {"unit": 1e-4}, {"unit": 1e3}]
)
def test_the_best_rule_does_not_depend_on_the_units_of_cost_and_length(change):
    plain, scaled = (solve_scenarios(quadratics(**one), **QUICK) for one in ({}, change))
    assert scaled.status is plain.status
    for name, value in plain.coefficients.items():
        assert scaled.coefficients[name] == pytest.approx(value, rel=1e-7)
    assert scaled.cost / scaled.standing_still == pytest.approx(
        plain.cost / plain.standing_still, rel=1e-9
    )
    assert scaled.certificate.stationarity < 1e-6


def test_adams_learning_rate_goes_with_the_unit_of_length():
    """At p = ½ and ε in units of y² the rule moves α, a length."""
    found = [
        solve_scenarios(
            quadratics(AdamFamily(exponent=0.5, epsilon=1e-8 * unit**2), unit=unit), **QUICK
        )
        for unit in (1.0, 1e-4)
    ]
    assert found[1].coefficients["learning_rate"] == pytest.approx(
        1e-4 * found[0].coefficients["learning_rate"], rel=1e-6
    )
    assert found[1].coefficients["beta1"] == pytest.approx(found[0].coefficients["beta1"], rel=1e-6)


@pytest.mark.parametrize(("factor", "shift"), [(1e-6, 0.0), (1.0, -1e3)])
def test_losses_count_from_anywhere_and_in_any_unit(factor, shift):
    def posed(factor, shift):
        loss = Landscape.from_expression(
            lambda x: factor * ((x[0] ** 2 - 1) ** 2 + x[1] ** 2 + shift), dimension=2
        )
        return solve_scenarios(
            wells(loss, noise=0.1 * factor, cost="terminal", learning_rate=math.inf), **QUICK
        )

    plain, other = posed(1.0, 0.0), posed(factor, shift)
    assert other.status is plain.status
    assert other.coefficients["momentum"] == pytest.approx(plain.coefficients["momentum"], rel=1e-5)
    assert factor * other.coefficients["learning_rate"] == pytest.approx(
        plain.coefficients["learning_rate"], rel=1e-5
    )
    assert other.scale / factor == pytest.approx(plain.scale, rel=1e-5)
    np.testing.assert_allclose(other.intervals["momentum"], plain.intervals["momentum"], rtol=1e-4)


def test_an_exponent_that_falls_to_zero_ends_on_the_edge_of_its_range():
    result = solve_scenarios(
        quadratics(AdamFamily(epsilon=1e-8)),
        starts=4,
        scenarios=800,
        most_scenarios=800,
        throw=False,
    )
    assert result.coefficients["exponent"] == 0.0
    assert "exponent" in result.at_bound
    assert result.intervals["exponent"] == (0.0, 0.0)
    low, high = result.intervals["learning_rate"]
    assert 0.3 < low < high < 0.6
    assert result.intervals["beta2"] == (0.0, 0.99999)  # which the cost does not feel there


def test_standing_still_must_cost_something():
    with pytest.raises(ProblemError, match="nothing is paid for the loss"):
        solve_scenarios(quadratics(terminal_weight=0.0), **QUICK)


@pytest.mark.slow
def test_sign_descent_ends_at_one_learning_rate_whatever_the_seed():
    """Averages of steps of one length have kinks wherever a gradient changes its sign."""
    found = [
        solve_scenarios(quadratics(SignDescent(smoothing=0.01)), starts=4, seed=seed)
        for seed in range(3)
    ]
    rates, costs = (
        np.array([get(one) for one in found])
        for get in (lambda one: one.coefficients["learning_rate"], lambda one: one.cost)
    )
    assert all(one.rough and one.agreed == 4 for one in found)
    assert np.ptp(rates) < 0.15 * rates.mean()
    assert np.ptp(costs) < 0.02 * costs.mean()
    lows, highs = np.transpose([one.intervals["learning_rate"] for one in found])
    assert lows.max() < highs.min()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2])
def test_lion_finds_the_cost_of_its_smooth_neighbour_or_says_that_it_did_not(seed):
    smooth, sharp = (
        solve_scenarios(quadratics(Lion(smoothing=one)), **QUICK | {"seed": seed, "starts": 8})
        for one in (0.3, 0.01)
    )
    assert not smooth.rough
    assert smooth.certificate.stationarity < 1e-6
    assert sharp.cost == pytest.approx(smooth.cost, rel=0.03)
    assert sharp.agreed > 1 or sharp.status is PolicyStatus.NOT_STATIONARY


def test_a_finite_list_of_starts_is_averaged_exactly():
    """Without noise nothing is left to chance: the cost is the mean over the list, to round-off."""
    for seed in (0, 1):
        result = solve_scenarios(wells(), seed=seed)
        alpha, beta = result.coefficients["learning_rate"], result.coefficients["momentum"]
        assert result.cost == pytest.approx(
            steps_by_hand(double_well(), STARTS, alpha, beta).mean(), rel=1e-12
        )
        assert result.standard_error < 1e-12
        assert abs(result.optimism_gap) < 1e-12
        assert result.status.ok


@pytest.mark.parametrize("points", [3, 7, 64])
def test_starts_of_a_list_weigh_the_same_in_every_block_and_others_on_average(points):
    starts = np.random.default_rng(1).normal(size=(points, 2))
    program = wells(starts=starts, noise=0.2)
    found = [
        draw(program, 200, blocks=10, seed=np.random.SeedSequence(seed))[0] for seed in range(200)
    ]
    means = np.array([(one.weights[:, None] * one.starts).sum(0) for one in found])
    if points <= 10:  # pairs in a block
        np.testing.assert_allclose(
            means, np.broadcast_to(starts.mean(0), means.shape), rtol=1e-12, atol=1e-15
        )
    error = means.std(0) / math.sqrt(len(means))
    assert (np.abs(means.mean(0) - starts.mean(0)) <= 4 * error + 1e-14).all()


def test_landscapes_are_dealt_by_their_weights():
    rng, weights = np.random.default_rng(0), np.array([0.5, 0.3, 0.2])
    which = dealt(rng, weights, 1003, 10)
    for block in np.split(which, np.linspace(0, 1003, 11).astype(int)[1:-1]):
        assert (np.abs(np.bincount(block, minlength=3) - weights * len(block)) <= 1 + 1e-9).all()
    few = np.array([np.bincount(dealt(rng, weights, 2, 1), minlength=3) for _ in range(4000)])
    np.testing.assert_allclose(few.mean(0), 2 * weights, atol=4 * 0.5 / math.sqrt(4000))
    task = LandscapeDistribution.landscapes([double_well()] * 3, starts=STARTS, weights=weights)
    drawn = task.draw(np.random.default_rng(2), 600, 3, blocks=6)
    np.testing.assert_array_equal(np.bincount(drawn.which), [300, 180, 120])


def test_costs_are_known_as_well_as_the_tolerance_asks_or_the_status_says_so():
    solver = ScenarioSolver(
        quadratics(), scenarios=800, most_scenarios=800, held_out=1000, tolerance=0.05
    )
    result = solver.solve(starts=1)
    assert result.held_out > 1000
    assert 2 * result.standard_error <= 0.05 * result.cost
    poor = ScenarioSolver(
        quadratics(), scenarios=800, most_scenarios=800, held_out=40, tolerance=0.02
    ).solve(starts=1)
    assert poor.held_out == 4000
    assert poor.status is PolicyStatus.OPTIMISM
    assert "raise held_out" in poor.message


def test_the_stated_error_of_the_optimism_is_that_of_solving_again():
    program = quadratics(AdamFamily(exponent=0.2, epsilon=1e-3, beta2=0.9))
    solver = ScenarioSolver(program, scenarios=100, most_scenarios=100, tolerance=1.0)
    found = [solver.solve(seed=seed, starts=1, throw=False) for seed in range(24)]
    spread = np.std([one.optimism_gap for one in found], ddof=1)
    stated = math.sqrt(np.mean([one.gap_error**2 for one in found]))
    assert 0.65 < stated / spread < 1.5  # of 24 draws: ± 15 %


def test_costs_of_a_result_are_all_on_unseen_scenarios():
    result = solve_scenarios(quadratics(), starts=2)
    assert result.optima[0][0] == result.cost
    assert result.standing_still == pytest.approx(0.525 / 2, rel=0.1)
    assert result.in_sample_cost != result.cost


def test_ranges_can_be_narrowed():
    program = quadratics(AdamFamily(epsilon=1e-8))
    result = solve_program(program, within={"exponent": (0.2, 0.4), "beta1": (0.0, 0.3)}, **QUICK)
    assert result.coefficients["exponent"] == pytest.approx(0.2, abs=1e-12)
    assert 0 <= result.coefficients["beta1"] <= 0.3
    assert "exponent" in result.at_bound
    for within, words in (
        ({"exponent": (1.5, 2.0)}, "admissible"),
        ({"momentum": (0.0, 1.0)}, "momentum"),
    ):
        with pytest.raises(ProblemError, match=words):
            solve_program(program, within=within, **QUICK)
    with pytest.raises(ProblemError, match="did you mean 'within'"):
        solve_scenarios(program, withn={"exponent": (0.2, 0.4)})


def test_replay_knows_noise_that_depends_on_the_state_and_rules_that_diverge():
    program = replace(quadratics(), sees=NoisyGradient(lambda theta: 0.2 + 0.1 * theta**2))
    policy = Policy(
        family=program.family, coefficients={"learning_rate": 0.2, "momentum": 0.4}, horizon=10
    )
    held = HeldOut.drawn(program, 8000, blocks=BLOCKS, seed=np.random.SeedSequence(3))
    assert replay(policy, program, episodes=8000, seed=3) == held.cost(policy, program)
    wild = Policy(
        family=program.family, coefficients={"learning_rate": 1e40, "momentum": 0.9}, horizon=10
    )
    assert replay(wild, quadratics(), episodes=100, seed=0) == (math.inf, math.inf)


@pytest.mark.slow
@pytest.mark.parametrize(
    "family",
    [
        NeuralPolicy(hidden=1, gradient_scale=0.3),
        GatedPolicy(hidden=1, gradient_scale=0.3, sees_clock=False),
    ],
)
def test_a_network_begins_from_heavy_ball_and_costs_no_more(family):
    program = quadratics(family)
    plain = solve_program(replace(program, family=HeavyBall(constant=True)))
    result = solve_scenarios(program, starts=1, scenarios=400, most_scenarios=400)
    assert result.cost < plain.cost + 4 * result.standard_error
    assert result.starts == 2


def test_a_network_that_costs_more_on_fresh_scenarios_falls_back_to_heavy_ball():
    program = quadratics(GatedPolicy(hidden=1, gradient_scale=0.3, sees_clock=False))
    solver = ScenarioSolver(program, scenarios=20, held_out=400)
    search = ScenarioSearch(solver, program, SearchOptions())
    current = search.round_of(20)
    plain = search.layout.join(program.family.embed({"learning_rate": 0.24, "momentum": 0.47}))
    simpler = Simpler(entries=plain, name="heavy ball")
    poor = search.layout.join(program.family.embed({"learning_rate": 2.5, "momentum": 0.9}))
    raw = RawResult(
        variables=poor,
        multipliers=poor,
        constraints=poor,
        cost=0.0,
        iterations=1,
        success=True,
        reason="",
        log="",
    )
    richer = Optimum(result=raw, count=1)
    compared = search.judge.compared(current, richer, simpler)
    best, words = search.judge.preferred(current, richer, simpler, compared)
    np.testing.assert_array_equal(best.variables, plain)
    assert "heavy ball" in words


def test_normal_starts_stay_random():
    program = wells(starts=GaussianPrior(mean=[0.3, 0.1], covariance=0.1))
    drawn = draw(program, 400, blocks=10, seed=np.random.SeedSequence(0))[0]
    assert len(np.unique(drawn.starts, axis=0)) == 400
    mean, error = mean_and_error(
        np.array([drawn.starts[drawn.blocks == k, 0].mean() for k in range(10)])
    )
    assert mean == pytest.approx(0.3, abs=5 * error)


@pytest.mark.slow
def test_a_set_that_misses_the_tail_of_its_costs_is_not_enough():
    """Thirty exact steps leave 1e-12 of the cost, all of it at curvatures that few scenarios come
    near.
    """
    family = AdamFamily(exponent=0.0, beta2=0.9, epsilon=1e-8)
    task = LandscapeDistribution.quadratic(curvatures=CURVATURES, start_variance=1.0)
    program = PolicyProgram(
        task=task, family=family, objective=Objective(horizon=30, learning_rate=math.inf)
    )
    small, large = (
        solve_scenarios(program, starts=1, most_scenarios=count, tolerance=0.1)
        for count in (200, 1600)
    )
    assert small.status is PolicyStatus.OPTIMISM
    assert large.scenarios > 200
    assert large.in_sample_cost == pytest.approx(large.cost, rel=0.3)
    assert large.cost < 0.5 * small.cost
