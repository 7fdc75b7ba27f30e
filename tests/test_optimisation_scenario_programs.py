"""Scenario programs: average costs of non-linear rules against loops, exact moments and scenarios
they have not seen.
"""

import math
import pickle
from dataclasses import dataclass, replace

import casadi as ca
import numpy as np
import pytest
from landscape_control.policies.elementwise import tanh
from standard import QUADRATICS

from landscape_control import (
    GaussianPrior,
    Landscape,
    NoisyGradient,
    NoisyLoss,
    Objective,
    ProblemError,
    double_well,
)
from landscape_control.model.landscape.distribution import LandscapeDistribution
from landscape_control.model.landscape.hidden import OrnsteinUhlenbeck
from landscape_control.model.landscape.spectra import Discrete, Uniform
from landscape_control.model.observation import CurvatureNoise
from landscape_control.optimisation import PolicyStatus, solve_program
from landscape_control.optimisation.held_out import HeldOut, episode_costs, mean_and_error
from landscape_control.optimisation.programs.scenario_program import ScenarioProgram
from landscape_control.optimisation.programs.variables import Scale
from landscape_control.optimisation.replays import exact_cost
from landscape_control.optimisation.scenario_round import Round
from landscape_control.optimisation.scenario_search import ScenarioSearch
from landscape_control.optimisation.scenario_sets import block_means, draw, scenes
from landscape_control.optimisation.scenarios import ScenarioSolver, solve_scenarios
from landscape_control.optimisation.search_options import SearchOptions
from landscape_control.policies import (
    AdamFamily,
    Coefficient,
    DiscountedBayes,
    Family,
    GatedPolicy,
    HeavyBall,
    Policy,
    PolicyProgram,
)
from landscape_control.support.errors import SolveError


@dataclass(frozen=True, kw_only=True)
class Bent(Family):
    """Δθ = -tanh(α_t (y + w₀m + w₁m²)), m the mean of past gradients: a rule with every kind of
    coefficient.
    """

    name, formula, source = "bent", "Δθ = -tanh(α(y + w₀m + w₁m²))", "here"
    state_size = 1

    @property
    def coefficients(self):
        return (
            Coefficient(
                name="rate",
                symbol="α",
                low=0.0,
                least=0.1,
                most=1.0,
                scale="log",
                varies=True,
                first=1,
            ),
            Coefficient(name="weights", symbol="w", low=-2.0, high=2.0, size=2),
            Coefficient(
                name="decay", symbol="d", low=0.0, high=0.99, least=0.1, most=0.9, scale="one minus"
            ),
        )

    def step(self, coefficients, state, gradient, parameters, clock):
        first, second = coefficients["weights"]
        mean = coefficients["decay"] * state[0] + gradient / (clock.step + 1)
        return -tanh(coefficients["rate"] * (gradient + first * mean + second * mean**2)), (mean,)


def posed(family=None, task=QUADRATICS, horizon=12, sees=None, cost="both", **objective):
    objective = {
        "horizon": horizon,
        "learning_rate": 0.7,
        "discount": 0.05,
        "terminal_weight": 2.0,
    } | objective
    sees = CurvatureNoise(0.4) if sees is None else sees
    return PolicyProgram(
        task=task,
        family=family or AdamFamily(epsilon=1e-6),
        objective=Objective(**objective),
        sees=sees,
        cost=cost,
    )


def heavy_ball(cost="terminal", **options):
    return posed(
        HeavyBall(constant=True),
        sees=NoisyGradient(0.3),
        cost=cost,
        learning_rate=math.inf,
        discount=0.0,
        **options,
    )


def round_of(program, count=40, seed=0):
    return Round(
        ScenarioSolver(program, scenarios=count), program, count, np.random.SeedSequence(seed)
    )


def entries_of(program, seed=0):
    layout = program.family.layout(program.steps)
    rng = np.random.default_rng(seed)
    return layout.join(
        {
            one.name: one.draw(
                rng.uniform(size=(program.steps,) * one.varies + (one.size,) * (one.size > 1))
            )
            for one in layout.coefficients
        }
    )


def policy_of(program, entries):
    return Policy(
        family=program.family,
        coefficients=program.family.layout(program.steps).split(entries),
        horizon=program.steps,
    )


def test_average_is_that_of_a_hand_written_adam_loop():
    program = posed()
    current = round_of(program)
    alpha, p, beta1, beta2 = entries = np.array([0.2, 0.3, 0.7, 0.9])
    drawn, paid = current.drawn[0], 0.0
    for s in range(drawn.count):
        theta, m, v = drawn.starts[s, 0], 0.0, 0.0
        for t in range(12):
            h = drawn.hidden[s, t, 0]
            y = h * (theta - drawn.hidden[s, t, 1]) + drawn.noise[s, t, 0]
            m, v = beta1 * m + (1 - beta1) * y, beta2 * v + (1 - beta2) * y**2
            move = -alpha * m / (1 - beta1 ** (t + 1)) / (v / (1 - beta2 ** (t + 1)) + 1e-6) ** p
            theta += move
            paid += drawn.weights[s] * (
                math.exp(-0.05 * t) * move**2 / 1.4
                + math.exp(-0.05 * (t + 1)) * h * theta**2 / 2 * (3.0 if t == 11 else 1.0)
            )
    assert current.cost(entries) == pytest.approx(paid, rel=1e-13)


TASKS = {
    "quadratics": (QUADRATICS, CurvatureNoise(0.4)),
    "a moving minimum": (
        replace(QUADRATICS, minimum=OrnsteinUhlenbeck(mean=[0.3], rate=0.2, covariance=0.5)),
        None,
    ),
    "noise that grows with the loss": (
        QUADRATICS,
        NoisyGradient(lambda theta: ca.sqrt(0.1 + theta**2)),
    ),
    "two landscapes in two dimensions": (
        LandscapeDistribution.landscapes(
            [
                double_well(),
                Landscape.from_expression(
                    lambda x: ca.sumsqr(x) + ca.cos(x[0] * x[1]), dimension=2
                ),
            ],
            starts=GaussianPrior(mean=[0.3, 0.1], covariance=0.1),
            weights=[1, 2],
        ),
        NoisyGradient(np.array([0.1, 0.3])),
    ),
    "a hidden tilt, noise by place": (
        LandscapeDistribution.landscapes(
            Landscape.from_expression(
                lambda x, f: (x[0] ** 2 - 1) ** 2 + x[1] ** 2 - f[0] * x[0],
                dimension=2,
                hidden=OrnsteinUhlenbeck(mean=[0.2], rate=0.1, covariance=0.1),
            ),
            starts=[[-0.6, 0.55], [0.2, 0.0]],
        ),
        NoisyGradient(lambda theta: 0.1 + theta[0] ** 2),
    ),
}


@pytest.mark.parametrize("kind", TASKS)
def test_program_and_numpy_stepping_agree_and_slopes_are_exact(kind):
    task, sees = TASKS[kind]
    program = posed(Bent(), task=task, sees=sees, horizon=6)
    current = round_of(program)
    entries, built = entries_of(program), current.built
    stepped = block_means(
        episode_costs(policy_of(program, entries), program, current.drawn), current.drawn
    )
    assert current.cost(entries) == pytest.approx(stepped.mean(), rel=1e-12)
    x, near = built.scale.variables(entries), 1e-5
    cost, slope = (np.array(one).ravel() for one in built.gradient(x, current.numbers))
    differences = [
        (
            float(built.value(x + row, current.numbers))
            - float(built.value(x - row, current.numbers))
        )
        / (2 * near)
        for row in near * np.eye(len(x))
    ]
    assert cost[0] == pytest.approx(stepped.mean(), rel=1e-12)
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-8 * max(1.0, cost[0]))
    slope_at = lambda one: np.array(built.gradient(one, current.numbers)[1]).ravel()  # noqa: E731
    differences = [
        (
            8 * slope_at(x + row)
            - 8 * slope_at(x - row)
            - slope_at(x + 2 * row)
            + slope_at(x - 2 * row)
        )
        / 12e-5
        for row in near * np.eye(len(x))
    ]
    bent = built.bent(x, current.numbers)
    np.testing.assert_allclose(
        bent, differences, rtol=1e-6, atol=1e-7 * max(1.0, np.abs(bent).max())
    )


def test_averages_are_unbiased_with_honest_errors_and_close_on_the_exact_moments():
    program = heavy_ball()
    policy = policy_of(program, np.array([0.12, 0.6]))
    exact, spreads = exact_cost(policy, program), []
    for count in (40, 160, 640):
        drawn = [
            HeldOut.drawn(program, count, blocks=10, seed=np.random.SeedSequence(seed))
            for seed in range(40)
        ]
        found = np.array([one.cost(policy, program) for one in drawn])
        assert found[:, 0].mean() == pytest.approx(exact, abs=4 * found[:, 0].std() / math.sqrt(40))
        # Student's t: rms 1.13
        assert 0.75 < np.sqrt(((found[:, 0] - exact) ** 2 / found[:, 1] ** 2).mean()) < 1.6
        spreads.append(np.sqrt(((found[:, 0] - exact) ** 2).mean()))
    assert np.polyfit(np.log([40, 160, 640]), np.log(spreads), 1)[0] < -0.45


def test_stratified_draws_keep_the_law():
    drawn = draw(heavy_ball(), 4000, blocks=10, seed=np.random.SeedSequence(3))[0]
    z, h = drawn.starts[:, 0], drawn.hidden[:, 0, 0]
    for values, truth in (
        (np.ones(4000), 1),
        (z**2, 1),
        (z**4, 3),
        (z**6, 15),
        (h, 0.525),
        (h**2 * z**2, 0.350833),
        (z, 0),
    ):
        mean, error = mean_and_error(block_means([values], [drawn]))
        assert mean == pytest.approx(truth, abs=5 * error)
    np.testing.assert_array_equal(drawn.noise[::2], -drawn.noise[1::2])


@pytest.mark.slow
def test_the_best_rule_on_scenarios_approaches_the_best_rule():
    program = heavy_ball()
    best = np.inf
    excess = []
    for count in (40, 640):
        solver = ScenarioSolver(program, scenarios=count, most_scenarios=count, held_out=40)
        found = [solver.solve(seed=seed, starts=1, throw=False) for seed in range(8)]
        costs = [exact_cost(one.policy, program) for one in found]
        best = min(best, *costs)
        excess.append(np.mean(costs))
    assert excess[1] - best < 0.25 * (excess[0] - best)  # 1/16 in expectation


@pytest.mark.slow
def test_optimism_is_positive_on_average_and_shrinks():
    gaps = {}
    for count in (20, 320):
        solver = ScenarioSolver(
            posed(cost="running"), scenarios=count, most_scenarios=count, held_out=1000
        )
        found = [solver.solve(seed=seed, starts=1, throw=False) for seed in range(8)]
        gaps[count] = np.array([one.optimism_gap for one in found])
        assert all(one.gap_error < 0.2 * one.cost for one in found)
    assert gaps[20].mean() > 2 * gaps[20].std() / math.sqrt(8)
    assert abs(gaps[320].mean()) < 0.25 * gaps[20].mean()


def test_held_out_cost_is_the_exact_one_within_its_error():
    program = heavy_ball()
    result = solve_scenarios(program, scenarios=400, tolerance=0.1)
    assert result.cost == pytest.approx(
        exact_cost(result.policy, program), abs=4 * result.standard_error
    )
    assert result.certificate.passed
    assert "certificate passed" in str(result.certificate)
    assert result.identifiability.identifiable
    assert result.method == "scenarios"
    assert result.scenarios >= 400
    assert result.held_out == 4000


def test_intervals_are_those_of_solving_again_on_other_scenarios():
    solver = ScenarioSolver(
        posed(AdamFamily(epsilon=1e-6, beta2=0.9), cost="running"),
        scenarios=200,
        most_scenarios=200,
    )
    found = [solver.solve(seed=seed, starts=2, throw=False) for seed in range(10)]
    for name in ("learning_rate", "exponent", "beta1"):
        spread = np.std([one.coefficients[name] for one in found], ddof=1)
        stated = np.mean([np.subtract(*one.intervals[name][::-1]) for one in found]) / (2 * 2.262)
        assert 0.5 < stated / spread < 2.0
        assert all(
            one.intervals[name][0] <= one.coefficients[name] <= one.intervals[name][1]
            for one in found
        )


def test_one_seed_meets_the_same_scenarios_whatever_else_changes():
    program = posed()
    first, again = (
        draw(one, 40, blocks=10, seed=np.random.SeedSequence(7))[0]
        for one in (program, replace(program, sees=CurvatureNoise(0.8), cost="running"))
    )
    np.testing.assert_array_equal(first.starts, again.starts)
    np.testing.assert_array_equal(first.hidden, again.hidden)
    np.testing.assert_allclose(2 * first.noise, again.noise, rtol=1e-14)
    other = draw(program, 40, blocks=10, seed=np.random.SeedSequence(8))[0]
    assert not np.isin(other.starts, first.starts).any()


def test_other_numbers_need_no_other_program():
    solver = ScenarioSolver(posed(), scenarios=100, most_scenarios=100)
    solver.solve(throw=False)
    built = solver.build_seconds
    changes = {
        "noise": 0.2,
        "discount": 0.3,
        "learning_rate": 0.4,
        "cost": "running",
        "curvatures": Uniform(0.3, 0.5),
        "start_variance": 2.0,
    }
    result = solver.solve(seed=2, throw=False, **changes)
    assert solver.build_seconds == built
    fresh = solve_scenarios(
        solver.changed(**changes), scenarios=100, most_scenarios=100, seed=2, throw=False
    )
    assert result.cost == fresh.cost
    assert dict(result.coefficients) == dict(fresh.coefficients)


def test_the_program_does_not_grow_with_scenarios_and_hardly_with_the_horizon():
    def size(horizon, count):
        program = posed(horizon=horizon)
        built = ScenarioProgram(
            family=program.family, horizon=horizon, scenes=scenes(program), counts=(count,)
        )
        return built.gradient.n_instructions(), built.curvature.n_instructions()

    assert size(20, 200) == size(20, 6400)
    assert max(size(160, 200)) <= 2 * max(size(20, 200))


def test_escaping_a_local_minimum_under_a_hidden_tilt():
    """One rule for tilts to either side: it settles in the nearer well or the deeper one, whichever
    costs less.
    """
    tilted = Landscape.from_expression(
        lambda x, f: (x[0] ** 2 - 1) ** 2 / 4 + 1 - f[0] * x[0],
        dimension=1,
        hidden=GaussianPrior(mean=[0.0], covariance=0.01),
    )
    task = LandscapeDistribution.landscapes(tilted, starts=[[-0.2], [0.2]])
    program = posed(
        HeavyBall(constant=True),
        task=task,
        sees=NoisyGradient(0.1),
        cost="running",
        horizon=20,
        learning_rate=math.inf,
    )
    result = solve_scenarios(program, tolerance=0.05)
    rest = policy_of(program, np.array([0.0, 0.0]))
    held = HeldOut.drawn(program, 2000, blocks=20, seed=np.random.SeedSequence(5))
    assert result.certificate.passed
    assert (
        held.cost(result.policy, program)[0]
        < held.cost(rest, program)[0] - 10 * held.cost(rest, program)[1]
    )


def test_many_coefficients_use_limited_memory_and_say_what_they_lack():
    program = posed(Bent(), horizon=50, cost="running")
    result = solve_scenarios(program, starts=2, tolerance=0.5, throw=False)
    assert result.certificate.stationarity < 1e-3
    assert not result.intervals
    assert result.coefficients["rate"].shape == (50,)
    with pytest.raises(ProblemError, match="few enough coefficients"):
        result.identifiability  # noqa: B018


def test_a_network_gains_on_the_rule_it_contains():
    program = posed(GatedPolicy(hidden=1, gradient_scale=0.5, sees_clock=False), cost="running")
    options = {"tolerance": 1.0, "scenarios": 200, "most_scenarios": 200}
    plain = solve_scenarios(replace(program, family=HeavyBall(constant=True)), starts=2, **options)
    begin = program.family.embed(dict(plain.coefficients), seed=0)
    result = solve_program(program, starts=0, guess=begin, **options)
    held = HeldOut.drawn(program, 4000, blocks=20, seed=np.random.SeedSequence(11))
    gain, error = mean_and_error(
        held.block_costs(plain.policy, program) - held.block_costs(result.policy, program)
    )
    assert held.cost(policy_of(program, program.family.layout(12).join(begin)), program)[
        0
    ] == pytest.approx(held.cost(plain.policy, program)[0], rel=1e-12)
    assert gain > 5 * error


def test_fixed_coefficients_stay_and_have_no_interval():
    result = solve_scenarios(posed(), fixed={"exponent": 0.5}, starts=2, tolerance=0.5)
    assert result.coefficients["exponent"] == pytest.approx(0.5, abs=1e-12)
    assert np.ptp(result.intervals["exponent"]) < 1e-12
    assert result.fixed == ("exponent",)


def test_results_survive_pickling():
    result = solve_scenarios(posed(), starts=2, tolerance=0.5)
    again = pickle.loads(pickle.dumps(result))
    assert again.summary() == result.summary()
    assert dict(again.intervals) == dict(result.intervals)


def test_a_gap_that_stays_open_is_said():
    result = solve_scenarios(
        posed(), scenarios=20, most_scenarios=40, held_out=40, tolerance=1e-6, starts=2
    )
    assert result.status is PolicyStatus.OPTIMISM
    assert "raise most_scenarios" in result.status.value
    assert result.scenarios == 40
    assert not result.certificate.passed


def test_a_rule_that_diverges_is_said():
    program = heavy_ball(horizon=400)
    search = ScenarioSearch(
        ScenarioSolver(program, scenarios=20, held_out=40),
        program,
        SearchOptions(guess={"learning_rate": 30.0, "momentum": 0.9}, starts=0),
    )
    held = search.judge.held.cost(policy_of(search.program, np.array([30.0, 0.9])), search.program)
    assert held == (np.inf, np.inf)
    with pytest.raises(SolveError, match="overflow at every start"):
        search.run()


@dataclass(frozen=True, kw_only=True)
class Branching(Bent):
    def step(self, coefficients, state, gradient, parameters, clock):
        return (-gradient if gradient > 0 else gradient), state


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"family": Branching()}, "without branches"),
        ({"sees": NoisyLoss(0.1)}, "maps gradients to updates"),
        ({"task": TASKS["two landscapes in two dimensions"][0]}, "received CurvatureNoise"),
    ],
)
def test_programs_that_cannot_be_are_refused(change, words):
    with pytest.raises(ProblemError, match=words):
        solve_scenarios(posed(**change))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scenario": 10}, "did you mean 'scenarios'"),
        ({"scenarios": 5}, "integer >= 20"),
        ({"starts": 0}, "or a guess"),
        ({"scenarios": 400, "most_scenarios": 200}, "integer >= 400"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"fixed": {"momentum": 0.0}}, "momentum"),
    ],
)
def test_options_that_cannot_be_are_refused(options, words):
    with pytest.raises(ProblemError, match=words):
        solve_scenarios(posed(), **options)


def test_another_noise_formula_needs_another_solver():
    solver = ScenarioSolver(posed(sees=NoisyGradient(lambda theta: 0.1 + theta**2)), scenarios=20)
    with pytest.raises(ProblemError, match="make a new ScenarioSolver"):
        solver.solve(sees=NoisyGradient(lambda theta: 0.2 + theta**2))


def test_starts_without_spread_stay_where_they_are():
    program = replace(
        posed(),
        task=LandscapeDistribution.quadratic(
            curvatures=Uniform(0.1, 1.0), start_mean=1.0, start_variance=0.0
        ),
    )
    drawn = draw(program, 40, blocks=10, seed=np.random.SeedSequence(0))[0]
    np.testing.assert_array_equal(drawn.starts, 1.0)
    np.testing.assert_allclose(drawn.weights, 1 / 40)


def test_programs_can_begin_where_a_coefficient_is_zero_or_one():
    layout = DiscountedBayes(start_shape=1.0).layout(5)
    scale = Scale(layout)
    assert set(scale.kinds) == {"log", "one minus"}
    for ends in (np.zeros(layout.size), np.ones(layout.size)):
        variables = scale.variables(ends)
        assert np.isfinite(variables).all()
        np.testing.assert_array_equal(scale.coefficients(variables), ends)


def test_an_optimum_with_a_zero_coefficient_is_carried_to_the_next_scenarios():
    program = PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=Discrete([0.5, 1.0]), start_variance=1.0),
        family=DiscountedBayes(start_shape=1.0),
        objective=Objective(horizon=3, learning_rate=np.inf),
        sees=NoisyGradient(0.3),
        cost="terminal",
    )
    search = ScenarioSearch(ScenarioSolver(program, scenarios=64), program, SearchOptions(seed=0))
    current = search.round_of(64)
    zero = np.array([0.3, 0.5, 0.8, 0.0])
    (end,) = current.optimise([(zero, 1)], search.bounds)
    assert end.cost < current.cost(zero)
    assert end.variables[-1] == pytest.approx(0.0, abs=1e-12)
