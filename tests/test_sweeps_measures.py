"""Measures: each holds against a closed form, another computation of the same number, or says
clearly why it cannot.
"""

import math
import pickle
from dataclasses import replace
from types import SimpleNamespace

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.identification.maps import preconditioner_exponent, run_rule
from landscape_control.model.landscape import LandscapeDistribution, Uniform
from landscape_control.optimisation import optimize_policy
from landscape_control.policies import HeavyBall, Policy
from landscape_control.rules import optimal_gain
from landscape_control.support.errors import ProblemError
from landscape_control.sweeps import measures
from landscape_control.sweeps.measures import Cell, Measure, as_measure, by_name, plain_value
from landscape_control.sweeps.measures.regrets import rule_costs
from landscape_control.sweeps.measures.verdicts import KEYS, choose


def well(**numbers):
    objective = lc.Objective(**{"horizon": 4.0, "discount": 0.1} | numbers)
    return lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=[-0.6, 0.55])


def bowl(**numbers):
    objective = lc.Objective(**{"horizon": math.inf, "discount": 0.5} | numbers)
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([1.0, 10.0])), objective=objective, start=[1.0, 1.0]
    )


@pytest.fixture(scope="module")
def crossing():
    """The cell of VGR25 Fig. 1, where the plan crosses the barrier."""
    solver = lc.Solver(well())
    return Cell(problem=well(), solution=solver.solve(), solver=solver)


def solved(problem):
    return Cell(problem=problem, solution=lc.solve(problem))


def noisy(horizon=math.inf):
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * ca.sumsqr(theta - phi),
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(0.5)),
        start=[1.0],
        objective=lc.Objective(horizon=horizon, discount=0.3),
    )


def policy_result(horizon=4, **coefficients):
    """What measures read off an optimised policy, without optimising one."""
    constant = all(np.ndim(value) == 0 for value in coefficients.values())
    policy = Policy(family=HeavyBall(constant=constant), coefficients=coefficients, horizon=horizon)
    return SimpleNamespace(
        coefficients=dict(policy.coefficients),
        policy=policy,
        cost=0.25,
        cost_error=1e-9,
        agreed=5,
        standard_error=0.01,
        optimism_gap=-0.002,
        build_seconds=0.5,
        solve_seconds=0.25,
    )


# ---------------------------------------------------------------- what a measure is


def test_a_user_function_of_a_solution_becomes_a_measure_with_its_name_and_first_line(crossing):
    def largest_push(solution):
        """Largest control.

        More words.
        """
        return np.abs(solution.controls).max()

    measure = as_measure(largest_push)
    assert (measure.name, measure.description, measure.needs) == (
        "largest_push",
        "Largest control.",
        "solution",
    )
    assert (
        measure(crossing) == measure(crossing.solution) == np.abs(crossing.solution.controls).max()
    )


def test_measures_are_found_by_object_name_and_address():
    assert as_measure("cost") is measures.cost is by_name("cost") is as_measure(measures.cost)
    assert as_measure("landscape_control.sweeps.measures:regret") is measures.regret
    assert as_measure("math:sqrt").address == "math:sqrt"
    assert measures.cost.address == "cost"
    assert as_measure(lambda solution: 1.0).address == measures.best_rule_within(0.1).address == ""


def test_known_measures_stay_themselves_across_processes():
    assert all(pickle.loads(pickle.dumps(measure)) is measure for measure in measures.ALL.values())
    assert pickle.loads(pickle.dumps(as_measure("math:sqrt"))).name == "sqrt"


def test_every_measure_says_what_it_is():
    assert all(
        measure.description and measure.name == name for name, measure in measures.ALL.items()
    )
    assert set(measures.ALL) <= set(measures.__all__)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("coost", "did you mean 'cost'"),
        ("nowhere:f", "can be imported"),
        ("math:nothing", "can be imported"),
        (3.0, "a function of a solution"),
    ],
)
def test_what_is_no_measure_is_refused(value, message):
    with pytest.raises(ProblemError, match=message):
        as_measure(value)


@pytest.mark.parametrize("options", [{"name": "two words"}, {"function": 3}, {"needs": "nothing"}])
def test_a_measure_checks_itself(options):
    with pytest.raises(ProblemError):
        Measure(**{"name": "one", "function": abs} | options)


def test_a_measure_of_solutions_refuses_a_cell_without_one():
    with pytest.raises(ProblemError, match="without a solution"):
        measures.cost(Cell(problem=well()))


def test_values_become_plain_numbers_and_others_are_refused():
    assert plain_value({"a": np.float64(1.5), "b": np.bool_(True), "c": "word"}) == {
        "a": 1.5,
        "b": True,
        "c": "word",
    }
    assert isinstance(plain_value(np.array(2)), int)
    assert plain_value([1, 2]).shape == (2,)
    for value in (None, object(), {"a": {"b": 1}}, ["x"]):
        with pytest.raises(ProblemError, match="value of a measure"):
            plain_value(value)


# ---------------------------------------------------------------- numbers read off a solution


def test_cost_status_and_certificate_are_those_of_the_solution(crossing):
    solution = crossing.solution
    assert measures.cost(crossing) == solution.cost
    assert measures.cost_error(crossing) == solution.best.cost_error
    assert measures.iterations(crossing) == solution.best.iterations
    assert measures.seconds(crossing) == solution.build_seconds + solution.solve_seconds
    assert measures.certificate_residuals(crossing) == {
        **solution.certificate.residuals,
        "passed": True,
    }


def test_a_policy_result_gives_its_numbers_and_coefficients():
    result = policy_result(learning_rate=0.3, momentum=0.9)
    cell = Cell(problem=None, solution=result)
    names = (
        "cost",
        "cost_error",
        "standard_error",
        "optimism_gap",
        "agreed",
        "momentum",
        "learning_rate",
        "seconds",
    )
    assert [by_name(name)(cell) for name in names] == [0.25, 1e-9, 0.01, -0.002, 5, 0.9, 0.3, 0.75]
    assert measures.coefficients(cell) == {"learning_rate": 0.3, "momentum": 0.9}
    assert measures.hidden_basin(cell) is False
    with pytest.raises(ProblemError, match="coefficient decay or weight_decay"):
        measures.decay(cell)


def test_coefficients_that_vary_are_told_by_mean_over_the_steps_they_act_on_and_last_value():
    cell = Cell(
        problem=None,
        solution=policy_result(learning_rate=[4.0, 3.0, 2.0, 1.0], momentum=[9.0, 0.1, 0.2, 0.6]),
    )
    assert measures.learning_rate(cell) == {"mean": 2.5, "last": 1.0}
    assert measures.momentum(cell) == pytest.approx({"mean": 0.3, "last": 0.6})


@pytest.mark.parametrize(
    "numbers",
    [{"learning_rate": [0.7], "momentum": [0.3]}, {"learning_rate": 0.7, "momentum": 0.3}],
)
def test_momentum_that_has_no_step_to_act_on_is_no_number(numbers):
    cell = Cell(problem=None, solution=policy_result(horizon=1, **numbers))
    found = measures.momentum(cell)
    assert np.isnan(list(found.values()) if isinstance(found, dict) else found).all()
    assert measures.learning_rate(cell) in (0.7, {"mean": 0.7, "last": 0.7})
    assert sum(map(math.isnan, measures.coefficients(cell).values())) == np.size(
        numbers["momentum"]
    ) * (2 if isinstance(found, dict) else 1)


@pytest.mark.parametrize(
    "name",
    [
        "standard_error",
        "optimism_gap",
        "agreed",
        "momentum",
        "decay",
        "learning_rate",
        "coefficients",
        "probing",
    ],
)
def test_a_plan_is_no_policy_and_says_so(crossing, name):
    with pytest.raises(ProblemError, match=f"measure '{name}'.*received Solution"):
        by_name(name)(crossing)


def test_an_optimised_policy_is_measured_as_it_says_itself():
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
    result = optimize_policy(
        task,
        HeavyBall(constant=True),
        lc.Objective(horizon=5, learning_rate=math.inf),
        sees=lc.NoisyGradient(0.3),
        starts=3,
    )
    cell, certificate = Cell(problem=result.program, solution=result), result.certificate
    assert measures.momentum(cell) == result.coefficients["momentum"]
    assert measures.certificate_residuals(cell)["stationarity"] == certificate.stationarity
    assert measures.certificate_residuals(cell)["passed"] is True
    with pytest.raises(ProblemError, match="known landscape; received PolicyProgram"):
        measures.preconditioner_exponent(cell)


@pytest.mark.parametrize(
    "name", ["rule_trajectories", "end_basin", "hidden_basin", "trajectory", "iterations"]
)
def test_beliefs_have_no_single_plan_and_say_so(name):
    with pytest.raises(ProblemError, match="received LQGSolution"):
        by_name(name)(solved(noisy()))


# ---------------------------------------------------------------- beliefs


def test_momentum_and_decay_of_the_exact_lqg_rule_follow_the_formula():
    """Friction r + λ + κh, learning rate r s κ, decay r[λ + κh(1-s)]: theory of the Kalman-Bucy
    filter, h = 1.
    """
    cell, rate, sigma, gamma = solved(noisy()), 0.4, 0.5, 0.3
    spread = sigma**2 * (math.sqrt(rate**2 + 2 * rate / sigma**2) - rate)
    r, kappa = math.sqrt(gamma**2 / 4 + 1) - gamma / 2, spread / sigma**2
    s = (r + gamma) / (r + gamma + rate)
    assert measures.momentum(cell)["friction"] == pytest.approx(r + rate + kappa, rel=1e-9)
    assert measures.momentum(cell)["coefficient"] == pytest.approx(
        math.exp(-(r + rate + kappa)), rel=1e-9
    )
    assert measures.learning_rate(cell)["coefficient"] == pytest.approx(r * s * kappa, rel=1e-9)
    assert measures.decay(cell)["coefficient"] == pytest.approx(
        r * (rate + kappa * (1 - s)), rel=1e-9
    )
    assert measures.momentum(cell)["distance"] == 0


@pytest.mark.parametrize("name", ["momentum", "decay", "learning_rate"])
def test_a_long_horizon_gives_the_numbers_of_an_endless_one(name):
    assert by_name(name)(solved(noisy(30.0))) == pytest.approx(
        by_name(name)(solved(noisy())), rel=1e-9
    )


def test_friction_approaches_that_of_an_endless_horizon_at_the_rate_of_the_riccati_equation():
    """Gains at t = 0 as e^{-(2r + γ)T}, the filter being the settled one for every T."""
    endless, *frictions = (
        measures.momentum(solved(noisy(horizon)))["friction"] for horizon in (math.inf, 2.0, 3.0)
    )
    gaps = [endless - friction for friction in frictions]
    assert math.log(gaps[0] / gaps[1]) == pytest.approx(math.sqrt(0.3**2 + 4), rel=0.02)


def test_the_start_of_an_exact_lqg_rule_has_the_prior_in_its_filter():
    """κ = P₀h/σ² = 1/0.25 in the friction r + λ + κ."""
    cell, r = solved(noisy()), math.sqrt(0.3**2 / 4 + 1) - 0.15
    assert measures.momentum(cell)["friction_start"] == pytest.approx(
        r + 0.4 + 1 / 0.5**2, rel=1e-9
    )
    assert measures.momentum.unit("friction_start") == "1/time"
    assert "_start: its filter at the prior" in measures.momentum.description


@pytest.mark.parametrize("horizon", [2.0, math.inf])
def test_tasks_that_switch_start_with_the_prior_too(horizon):
    """Two tasks ±1 with probability ½ each, switching at rate λ/2: the first and second moments of
    the Gaussian minimum.
    """
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * ca.sumsqr(theta - phi),
        dimension=1,
        hidden=lc.TaskChain(
            tasks=[[-1.0], [1.0]], rates=[[-0.2, 0.2], [0.2, -0.2]], probabilities=[0.5, 0.5]
        ),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(0.5)),
        start=[1.0],
        objective=lc.Objective(horizon=horizon, discount=0.3),
    )
    found = measures.momentum(Cell(problem=problem, solution=lc.solve(problem, method="lqg")))
    gaussian = measures.momentum(solved(noisy(horizon)))
    assert found == pytest.approx(gaussian, rel=1e-8)


def test_a_filter_that_never_settles_has_a_start_only():
    cell = solved(noisy(horizon=2.0))
    found = measures.decay(replace(cell, solution=replace(cell.solution, steady_covariance=None)))
    assert math.isnan(found["coefficient"])
    assert found["coefficient_start"] == measures.decay(cell)["coefficient_start"]


def test_an_exact_lqg_policy_does_not_probe():
    assert measures.probing(solved(noisy(horizon=5.0))) < 1e-6


@pytest.mark.parametrize("start", [0.3, 0.3 + 1e-9])
def test_a_policy_that_rests_where_the_certain_one_rests_does_not_probe(start):
    """Start at the believed minimum: both controls are zero, or as small as round-off."""
    hidden = lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0])
    landscape = lc.Landscape.from_expression(
        lambda t, h: 0.5 * (t[0] - h[0]) ** 2, dimension=1, hidden=hidden
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(0.8)),
        start=[start],
        objective=lc.Objective(horizon=2.0, discount=0.5),
    )
    assert measures.probing(Cell(problem=problem, solution=lc.solve(problem))) == 0.0


def test_a_policy_that_moves_where_the_certain_one_rests_departs_from_it_beyond_all_bounds():
    """½e^φ(θ-1)² + ½(θ+1)²: at the prior mean the start 0 is the minimum; the mean curvature √e
    pulls to the right.
    """
    landscape = lc.Landscape.from_expression(
        lambda t, h: 0.5 * ca.exp(h[0]) * (t[0] - 1) ** 2 + 0.5 * (t[0] + 1) ** 2,
        dimension=1,
        hidden=lc.GaussianPrior([0.0], [1.0]),
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(0.8)),
        start=[0.0],
        objective=lc.Objective(horizon=1.0),
    )
    assert (
        measures.probing(Cell(problem=problem, solution=lc.solve(problem, confirm=False)))
        == math.inf
    )


# ---------------------------------------------------------------- basins


def test_the_plan_that_crosses_the_barrier_has_escaped_into_the_lowest_minimum(crossing):
    found = measures.end_basin(crossing)
    assert found["index"] == 0
    assert found["theta_1"] == pytest.approx(1.0575, abs=1e-4)
    assert measures.escaped(crossing) is True
    assert measures.basin_margin(crossing) > 0


def test_a_short_plan_stays_in_its_basin():
    cell = solved(well(horizon=0.3))
    assert measures.end_basin(cell)["index"] == 1
    assert measures.escaped(cell) is False
    assert math.isnan(measures.basin_margin(cell))


def test_a_better_basin_that_one_start_overlooks_is_warned_of(crossing):
    solver = lc.Solver(well())
    stay = solver.solve(
        guess=lambda t: np.array([-0.6, 0.55]) * np.ones((len(np.atleast_1d(t)), 1))
    )
    assert stay.cost > crossing.solution.cost + 0.5
    assert measures.hidden_basin(Cell(problem=well(), solution=stay, solver=solver)) is True
    assert measures.hidden_basin(Cell(problem=well(), solution=stay)) is True
    assert measures.hidden_basin(crossing) is False


# ---------------------------------------------------------------- the shape of the path


@pytest.mark.parametrize("speed", [0.5, 1.0, 4.0])
def test_a_spiral_is_as_straight_as_its_chord_is_short(speed):
    """θ = e^{-λt} R(ωt) θ(0) has length √(λ² + ω²)/λ · (1 - e^{-λT}) |θ(0)|.

    That is the plan in an isotropic bowl, λ = √(ηkh) whatever the rotation, if the end costs what
    the endless plan would go on to pay, κ = √(k/ηh).
    """
    curvature, horizon = 2.0, 1.5
    rotation = lc.linear_drift([[0.0, -speed], [speed, 0.0]], [0.0, 0.0])
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=curvature * np.eye(2)),
        learner=lc.Learner(drift=rotation),
        objective=lc.Objective(
            horizon=horizon, terminal="loss", terminal_weight=1 / math.sqrt(curvature)
        ),
        start=[1.0, 0.0],
    )
    rate = math.sqrt(curvature)
    left = math.exp(-rate * horizon)
    length = math.hypot(rate, speed) / rate * (1 - left)
    chord = math.hypot(left * math.cos(speed * horizon) - 1, left * math.sin(speed * horizon))
    assert measures.straightness(solved(problem)) == pytest.approx(chord / length, rel=1e-4)


def test_a_plan_at_rest_has_no_straightness_and_an_isotropic_bowl_gives_straight_lines():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)),
        objective=lc.Objective(horizon=2.0),
        start=[1.0, -2.0],
    )
    assert measures.straightness(solved(problem)) == pytest.approx(1.0, abs=1e-9)
    assert math.isnan(measures.straightness(solved(problem.changed(start=[0.0, 0.0]))))


def test_a_sweep_measures_straightness_by_name():
    table = lc.sweep(bowl(), {"discount": [0.1, 3.0]}, measure="straightness")
    assert ((table["straightness"] > 0) & (table["straightness"] < 1)).all()


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"horizon": 2.0},
        {"horizon": 3.0, "discount": 0.0, "learning_rate": 0.3},
        {"horizon": 1.5, "terminal": "loss", "terminal_weight": 2.0, "loss_weight": 0.7},
        {"horizon": 2.0, "loss_weight": 0.0, "terminal": "loss"},
    ],
)
def test_the_closed_form_is_what_the_solver_finds(numbers):
    cell = solved(bowl(**numbers))
    assert measures.exact_cost(cell) == pytest.approx(cell.solution.cost, rel=1e-6)
    gains = optimal_gain(np.array([1.0, 10.0]), cell.problem.objective)
    assert list(measures.exact_gain(cell).values()) == pytest.approx(list(gains), rel=1e-12)
    expected = preconditioner_exponent(cell.problem, solver=lc.Solver(cell.problem)).theory.mean()
    assert measures.exact_exponent(cell) == pytest.approx(expected, abs=1e-6)


def test_metric_minimum_and_least_loss_enter_the_closed_form():
    landscape = lc.quadratic(hessian=[[2.0, 0.5], [0.5, 1.0]], minimum=[0.3, -0.2]).above(-1.5)
    problem = lc.ControlProblem(
        landscape=landscape,
        start=[1.0, 1.0],
        learner=lc.Learner(metric=np.diag([3.0, 0.5])),
        objective=lc.Objective(horizon=2.0, discount=0.4),
    )
    assert measures.exact_cost(Cell(problem=problem)) == pytest.approx(
        lc.solve(problem).cost, rel=1e-6
    )


def test_a_batch_gives_what_each_cell_gives():
    problem = bowl(horizon=1.0)
    axes = {
        "horizon": np.array([0.2, 3.0, np.inf]),
        "objective.discount": np.array([0.1, 2.0, 0.7]),
    }
    for measure in (measures.exact_cost, measures.exact_gain, measures.exact_exponent):
        batch = measure.batch(problem, axes)
        for i, (horizon, discount) in enumerate(zip(*axes.values(), strict=True)):
            one = measure(Cell(problem=problem.changed(horizon=horizon, discount=discount)))
            many = (
                {key: value[i] for key, value in batch.items()}
                if isinstance(batch, dict)
                else batch[i]
            )
            assert many == pytest.approx(one, rel=1e-9)


def test_a_concave_mode_has_no_plan_beyond_its_conjugate_point():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[-1.0]]), objective=lc.Objective(horizon=1.0), start=[1.0]
    )
    cost = measures.exact_cost.batch(problem, {"horizon": np.array([1.0, 1.5, 1.6, 4.0])})
    assert cost[0] == pytest.approx(lc.solve(problem).cost, rel=1e-6)
    assert (np.isfinite(cost) == [True, True, False, False]).all()


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (well(), "not quadratic"),
        (noisy(), "hidden"),
        (bowl().changed(learner=lc.Learner(drift=[0.1, 0.0])), "a drift"),
        (bowl(horizon=1.0).changed(end=[0.0, 0.0]), "fixed end"),
    ],
)
def test_the_closed_form_refuses_what_it_does_not_hold_for(problem, reason):
    with pytest.raises(ProblemError, match=reason):
        measures.exact_cost(Cell(problem=problem))
    with pytest.raises(ProblemError, match=reason):
        measures.exact_cost.batch(problem, {"horizon": np.ones(2)})


def test_paths_a_closed_form_does_not_know_are_refused():
    with pytest.raises(ProblemError, match="path of a closed form"):
        measures.exact_cost.batch(bowl(), {"horizont": np.ones(2)})


def test_the_preconditioner_exponent_is_closed_form_on_quadratics_and_measured_elsewhere(crossing):
    assert measures.preconditioner_exponent(Cell(problem=bowl())) == measures.exact_exponent(
        Cell(problem=bowl())
    )
    expected = preconditioner_exponent(crossing.problem).exponent.mean()
    assert measures.preconditioner_exponent(crossing) == pytest.approx(expected, abs=1e-4)


# ---------------------------------------------------------------- regret


def test_each_rule_has_the_coefficients_that_cost_least(crossing):
    """Checked by the accurate integration of one rule: no coefficient a few per cent away costs
    less.
    """
    for row in rule_costs(crossing.problem, crossing.solution):
        run = run_rule(crossing.problem, row.rule, row.coefficients)
        assert row.cost == pytest.approx(run.cost, rel=1e-5)
        for factor in (0.85, 1.15):
            for name in row.coefficients:
                other = run_rule(
                    crossing.problem,
                    row.rule,
                    {**row.coefficients, name: row.coefficients[name] * factor},
                )
                assert other.cost > run.cost


def test_rules_that_are_exact_have_no_regret_and_their_theoretical_coefficients():
    far_sighted = solved(bowl(discount=0.0))
    regret, found = measures.regret(far_sighted), measures.rule_coefficients(far_sighted)
    assert abs(regret["ballistic"]) < 1e-5
    assert abs(regret["linear_quadratic"]) < 1e-5
    assert found["ballistic_rate"] == pytest.approx(1.0, rel=0.02)
    assert found["linear_quadratic_scale"] == pytest.approx(1.0, rel=0.02)
    assert regret["gradient_descent"] > 0.1


def test_short_planning_makes_gradient_descent_best_with_its_theoretical_step():
    cell = solved(bowl(discount=50.0))
    assert measures.best_rule(cell) == "gradient_descent"
    assert measures.rule_coefficients(cell)["gradient_descent_learning_rate"] == pytest.approx(
        1 / 50, rel=0.02
    )
    assert abs(measures.best_regret(cell)) < 1e-3


def test_where_every_rule_falls_into_the_wrong_basin_none_is_best(crossing):
    assert measures.best_rule(crossing) == "none"
    assert (
        measures.best_regret(crossing) == np.nanmin(list(measures.regret(crossing).values())) > 0.4
    )
    assert measures.best_rule_within(0.6, margin=1.0)(crossing) == "decayed_gradient_descent"
    assert measures.best_rule_within(0.6)(crossing) == "gradient_descent"


@pytest.mark.parametrize(("price", "decay"), [(6.0, 0.4428), (30.0, 0.1108)])
def test_decayed_gradient_descent_may_do_without_the_gradient(price, decay):
    """Its best is Newton's u = -βθ for a minimum at the origin, at a learning rate of zero that no
    logarithm reaches.
    """
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([0.5, 2.0])),
        learner=lc.Learner(metric=np.diag([1.0, price])),
        start=[1.0, 1.0],
        objective=lc.Objective(horizon=3.0, discount=0.2),
    )
    cell = solved(problem)
    regret, found = measures.regret(cell), measures.rule_coefficients(cell)
    assert found["decayed_gradient_descent_learning_rate"] == 0
    assert found["decayed_gradient_descent_decay"] == pytest.approx(decay, rel=0.01)
    assert regret["decayed_gradient_descent"] == pytest.approx(regret["newton"], abs=1e-5)
    row = {row.rule.key: row for row in rule_costs(problem, cell.solution)}[
        "decayed_gradient_descent"
    ]
    for numbers in (
        {"learning_rate": 0.003, "decay": decay},
        {"learning_rate": 0.0, "decay": 1.1 * decay},
    ):
        assert run_rule(problem, row.rule, numbers).cost > row.cost


@pytest.mark.parametrize("discount", [0.0, 1.0, 30.0])
def test_rules_that_are_one_rule_on_one_curvature_are_named_as_such(discount):
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]),
        start=[1.0],
        objective=lc.Objective(horizon=math.inf, discount=discount),
    )
    cell = solved(problem)
    assert measures.best_rule(cell) == "gradient_descent"
    assert measures.equivalent_rules(cell) == "newton, ballistic"


def test_a_rule_that_stands_alone_has_no_equivalents(crossing):
    assert measures.equivalent_rules(solved(bowl(discount=0.0))) == ""
    assert measures.equivalent_rules(solved(bowl(discount=50.0))) == ""
    assert measures.equivalent_rules(crossing) == ""  # none fits


@pytest.mark.parametrize(
    "landscape", [lc.quadratic(hessian=np.diag([1.0, 10.0])), lc.double_well()]
)
def test_at_a_minimum_every_rule_rests_and_no_coefficient_means_anything(landscape):
    start = landscape.minima[0] + 1e-13
    cell = solved(
        lc.ControlProblem(
            landscape=landscape, start=start, objective=lc.Objective(horizon=2.0, discount=0.5)
        )
    )
    assert np.isnan(list(measures.rule_coefficients(cell).values())).all()
    assert measures.equivalent_rules(cell) == "newton, ballistic"
    assert measures.best_regret(cell) == pytest.approx(0, abs=1e-6)


def test_horizons_too_short_to_gain_anything_determine_no_coefficients():
    """T → 0: the gain of gradient descent is of order T², its coefficient is T/2 for a rule that
    does not see the clock.
    """
    assert math.isnan(
        measures.rule_coefficients(solved(well(horizon=1e-3)))["gradient_descent_learning_rate"]
    )
    found = measures.rule_coefficients(solved(well(horizon=1e-2)))["gradient_descent_learning_rate"]
    assert found == pytest.approx(0.005, rel=0.01)


def test_a_rule_without_a_cost_has_no_coefficients():
    objective = lc.Objective(horizon=math.inf)
    landscape = lc.double_well()
    lowered = landscape.above(float(landscape.loss(landscape.minima).min()))
    cell = solved(lc.ControlProblem(landscape=lowered, objective=objective, start=[-0.6, 0.55]))
    regret, found = measures.regret(cell), measures.rule_coefficients(cell)
    assert not math.isfinite(regret["gradient_descent"])
    for name, value in found.items():
        key = next(key for key in sorted(KEYS, key=len, reverse=True) if name.startswith(key))
        assert math.isnan(value) or math.isfinite(regret[key])


def test_parsimony_prefers_the_simplest_rule_within_the_margin():
    def row(richness, regret):
        names = tuple("abc"[: richness[0]])
        rule = SimpleNamespace(
            richness=richness, key=str(regret), names=names, contains=frozenset()
        )
        return SimpleNamespace(rule=rule, regret=regret)

    rows = [
        row((2, 1, 2), 0.003),
        row((1, 4, 3), 0.005),
        row((1, 0, 1), 0.009),
        row((1, 0, 1), 0.02),
    ]
    assert choose(rows, threshold=0.05, margin=4) is rows[2]
    assert choose(rows, threshold=0.05, margin=2) is rows[1]
    assert choose(rows, threshold=0.05, margin=1) is rows[0]
    assert choose(rows[3:], threshold=0.01, margin=1) is None
    assert choose([row((1, 0, 1), math.nan)], threshold=0.05, margin=2) is None


def test_a_rule_is_no_synonym_of_one_that_costs_hundreds_of_times_less_too_much():
    """Regrets of 1e-5 and 0.9 % are both small; the second is not as good as the first."""
    cell = solved(well(horizon=0.5, discount=0.63))
    regret = measures.regret(cell)
    assert regret["ballistic"] < 0.01
    assert regret["linear_quadratic"] < 1e-4
    assert measures.cheapest_rule(cell) == measures.best_rule(cell) == "linear_quadratic"


@pytest.mark.parametrize("horizon", [0.05, 0.5, 2.0])
def test_the_map_of_policies_says_what_compare_says(horizon):
    """One cell of a sweep, and the comparison with all its starts, name the same closed form or
    none.
    """
    problem = well(horizon=horizon, discount=0.63)
    dataset = lc.sweep(
        problem, {"horizon": [horizon]}, measure=["policy_rule", "policy_error"], workers=1
    )
    verdict = lc.compare(problem, run=False)
    expected = "none" if verdict.best is None else verdict.best.key
    assert dataset["policy_rule"].item() == expected
    for row in verdict.rows[:3]:
        assert dataset[f"policy_error.{row.key}"].item() == pytest.approx(
            row.error, rel=0.5, abs=1e-3
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "answers"),
    [
        (bowl, {"linear_quadratic", "ballistic", "gradient_descent"}),
        (well, {"linear_quadratic", "none"}),
    ],
)
def test_sweep_and_compare_answer_with_the_same_word(make, answers):
    """Over horizon and discount, on a bowl and on a double well: each cell of the map says what
    compare says of that cell's problem, in the same word.
    """
    horizons, discounts = [0.5, 2.0, 8.0], [0.1, 0.63, 2.0]
    problem = make(horizon=horizons[0], discount=discounts[0])
    axes = {"horizon": horizons, "discount": discounts}
    said = lc.sweep(problem, axes, measure=["policy_rule"], workers=1)["policy_rule"]
    found = set()
    for horizon in horizons:
        for discount in discounts:
            cell = problem.changed(horizon=horizon, discount=discount)
            selection = lc.compare(cell, run=False, resamples=1).selection
            assert said.sel(horizon=horizon, discount=discount).item() == selection.answer
            assert selection.answer in (selection.name, "none", "not identifiable")
            found.add(selection.answer)
    limits = [(math.inf, 0.0), (math.inf, 400.0)] if make is bowl else []
    for horizon, discount in limits:
        cell = problem.changed(horizon=horizon, discount=discount)
        answer = lc.compare(cell, run=False, resamples=1).selection.answer
        assert measures.policy_rule(solved(cell)) == answer
        found.add(answer)
    assert found == answers


def test_on_one_curvature_the_policy_is_not_identifiable():
    objective = lc.Objective(horizon=math.inf, discount=1.0)
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]), start=[1.0], objective=objective
    )
    assert measures.policy_rule(solved(problem)) == "not identifiable"


def test_a_fixed_end_is_known_to_no_rule():
    with pytest.raises(ProblemError, match="fixed end"):
        measures.regret(solved(well().changed(end=[1.0625, 0.0])))


def test_rules_with_drift_and_terminal_cost_are_measured_too():
    problem = bowl(horizon=3.0, terminal="loss", loss_weight=0.0)
    regret = measures.regret(solved(problem))
    assert abs(regret["proximal"]) < 1e-4
    drifting = problem.changed(learner=lc.Learner(drift=lc.linear_drift(-0.3 * np.eye(2))))
    regret = measures.regret(solved(drifting))
    assert regret["drift_compensated_gradient_descent"] <= regret["gradient_descent"] + 1e-4
    assert math.isnan(regret["proximal"])


# ---------------------------------------------------------------- trajectories


def test_trajectories_are_equally_long_everywhere_and_begin_at_the_start(crossing):
    for cell in (crossing, solved(bowl())):
        found, rules = measures.trajectory(cell), measures.rule_trajectories(cell)
        assert found["times"].shape == (33,)
        assert found["parameters"].shape == (33, 2)
        assert rules.shape == (len(KEYS), 33, 2)
        run = np.isfinite(rules).all((1, 2))
        assert [key for key, there in zip(KEYS, run, strict=True) if there] == [
            key for key, value in measures.regret(cell).items() if math.isfinite(value)
        ]
        np.testing.assert_allclose(
            rules[run][:, 0], np.tile(cell.problem.start, (run.sum(), 1)), atol=1e-12
        )
    expected = crossing.solution.at(4 * np.linspace(0, 1, 33) ** 2)[0]
    np.testing.assert_allclose(measures.trajectory(crossing)["parameters"], expected)
    assert measures.rule_trajectories.axes() == ("rule", "moment", "parameter")
    assert measures.trajectory.axes("times") == ("moment",)
    assert measures.trajectory.unit("times") == "time"
    assert measures.rule_trajectories.coords["rule"] == KEYS


def test_the_exact_rule_follows_the_plan():
    cell = solved(bowl())
    gap = (
        measures.rule_trajectories(cell)[KEYS.index("linear_quadratic")]
        - measures.trajectory(cell)["parameters"]
    )
    assert np.abs(gap).max() < 0.01


def test_rules_that_share_their_modes_steer_as_the_library_says():
    """The one eigen-decomposition for several rules gives each rule's own control, to round-off."""
    from landscape_control.identification.maps.closed_loop import ClosedLoops
    from landscape_control.sweeps.measures.regrets import applicable, classic

    objective = lc.Objective(horizon=2.0, discount=0.3)
    problem = lc.ControlProblem(landscape=lc.rosenbrock(3), objective=objective, start=np.ones(3))
    rules = applicable(problem, classic())
    points = 1 + 0.02 * np.random.default_rng(0).standard_normal((len(rules), 3))
    numbers = [np.linspace(0.5, 0.7, len(rule.names))[None] for rule in rules]
    batch = ClosedLoops(problem, list(zip(rules, numbers, strict=True)))
    velocity, running = batch.velocity(0.5, points)
    assert {"newton", "ballistic", "linear_quadratic"} == batch.shared
    for i, rule in enumerate(rules):
        expected = rule.control(problem, dict(zip(rule.names, numbers[i][0], strict=True)))(
            points[i], 0.5
        )
        np.testing.assert_allclose(velocity[i], expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        running, (velocity**2).sum(1) / 2 + problem.landscape.loss(points), rtol=1e-12
    )


@pytest.mark.parametrize("start", [[0.0, 0.0], [0.001, 0.0], [1e-3, 1e-3]])
def test_a_path_that_leaves_the_origin_has_not_run_off(start):
    """The exact optimum of a quadratic loses nothing, wherever its coordinates have their zero."""
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([1.0, 4.0]), minimum=[3.0, 2.0]),
        start=start,
        objective=lc.Objective(horizon=2.0, discount=0.3),
    )
    cell = solved(problem)
    assert measures.regret(cell)["linear_quadratic"] == pytest.approx(0, abs=2e-5)
    assert measures.cheapest_rule(cell) == "linear_quadratic"
    assert measures.policy_rule(cell) == "linear_quadratic"


def test_without_discount_a_rule_that_rests_in_a_poor_basin_for_ever_has_no_finite_cost():
    landscape = lc.double_well()
    lowered = landscape.above(float(landscape.loss(landscape.minima).min()))
    problem = lc.ControlProblem(
        landscape=lowered, objective=lc.Objective(horizon=math.inf), start=[-0.6, 0.55]
    )
    cell = solved(problem)
    assert measures.escaped(cell) is True
    assert measures.regret(cell)["gradient_descent"] == math.inf
    assert measures.best_rule(cell) == "none"


@pytest.mark.slow
def test_a_rule_that_is_undefined_on_its_way_does_not_hold_up_the_others():
    """Newton's direction ends where the Hessian does: those paths are given up, gradient descent is
    still integrated.
    """
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(2, steepness=20.0),
        start=[-1.2, 1.0],
        objective=lc.Objective(horizon=5.0, discount=0.05),
    )
    cell = solved(problem)
    row = next(
        row for row in rule_costs(problem, cell.solution) if row.rule.key == "gradient_descent"
    )
    assert row.cost == pytest.approx(run_rule(problem, row.rule, row.coefficients).cost, rel=1e-4)


def test_a_rule_may_cost_next_to_nothing_and_be_another_policy():
    """The numbers that the README gives for the two questions."""
    cell = solved(well(horizon=2.0, discount=0.63))
    assert measures.regret(cell)["decayed_gradient_descent"] == pytest.approx(0.0007, rel=0.1)
    assert measures.policy_error(cell)["decayed_gradient_descent"] == pytest.approx(0.5, abs=0.02)
    assert measures.policy_rule(cell) == "none"
    assert measures.cheapest_rule(cell) == "decayed_gradient_descent"


def test_costs_of_rules_may_be_asked_for_by_key(crossing):
    asked = rule_costs(crossing.problem, crossing.solution, ["gradient_descent"])
    of_all = {row.rule.key: row for row in rule_costs(crossing.problem, crossing.solution)}
    assert [row.rule.key for row in asked] == ["gradient_descent"]
    assert asked[0].cost == pytest.approx(of_all["gradient_descent"].cost, rel=1e-4)


# ---------------------------------------------------------------- what a plan forgets


def test_forgetting_is_the_old_tasks_loss_given_back_where_the_plan_comes_to_rest():
    """On ½|θ-b|² + ½ω(θ-a)ᵀH(θ-a) from a the plan rests at the minimum of the sum."""
    old_hessian, old, new, worth = np.diag([2.0, 0.5]), [1.0, 0.0], np.array([-1.0, 1.0]), 0.7
    first = lc.quadratic(hessian=old_hessian, minimum=old)
    hessian = np.eye(2) + worth * old_hessian
    rest = np.linalg.solve(hessian, new + worth * old_hessian @ old)
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=hessian, minimum=rest),
        objective=lc.Objective(horizon=math.inf, discount=0.5),
        start=old,
    )
    away = rest - old
    measure = measures.forgetting_of(first)
    assert measure(solved(problem)) == pytest.approx(away @ old_hessian @ away / 2, rel=1e-6)
    short = solved(problem.changed(horizon=0.5))
    moved = short.solution.plans[0].parameters[-1] - old
    assert measure(short) == pytest.approx(moved @ old_hessian @ moved / 2, rel=1e-9)
    assert measure(short) < 0.5 * measure(solved(problem))
    again = pickle.loads(pickle.dumps(measure))
    assert again(short) == measure(short)


def test_forgetting_refuses_hidden_tasks_and_tasks_of_another_size():
    with pytest.raises(ProblemError, match="a known landscape"):
        measures.forgetting_of(noisy().landscape)
    other = lc.quadratic(hessian=[[1.0]])
    with pytest.raises(ProblemError, match="2 parameters of the plan"):
        measures.forgetting_of(other)(solved(bowl()))


def test_a_sweep_of_forgetting_names_its_variable():
    before = lc.quadratic(hessian=np.eye(2), minimum=[1.0, 1.0])
    measure = measures.forgetting_of(before, name="lost_of_the_first")
    table = lc.sweep(bowl(), {"discount": [0.1, 3.0]}, measure=measure)
    assert table["lost_of_the_first"].values == pytest.approx(1.0, abs=1e-6)
