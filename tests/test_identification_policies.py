"""Policies that know the landscape, policies of beliefs, and paths that must not be read as rules."""

import math
from dataclasses import replace

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control import ProblemError, rules
from landscape_control.identification import (
    Excitation,
    Histories,
    Identification,
    identify,
    raw_rule,
    rollout,
)
from landscape_control.identification.maps import Conclusion, Criteria, PolicySample, compare
from landscape_control.model.landscape import LandscapeDistribution, Uniform
from landscape_control.policies import HeavyBall, PolicyProgram

CURVATURES = np.array([0.5, 1.0, 4.0])


def bowl(discount=1.0, curvatures=CURVATURES):
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(curvatures)),
        start=np.ones(len(curvatures)),
        objective=lc.Objective(horizon=math.inf, discount=discount),
    )


# ---- maps u(θ)
# -------------------------------------------------------------------------------------------------------


def wherever_defined(key):
    """A convex quartic, a metric that depends on θ, and the drift or terminal loss that the rule
    knows.
    """
    drift = None if key == "proximal" else lc.linear_drift([[-0.3, 0.5], [-0.4, 0.1]], [0.2, 0.1])
    learner = lc.Learner(
        metric=lambda x: ca.diag(ca.vertcat(1 + x[1] ** 2, 2 + ca.sin(x[0]))), drift=drift
    )
    end = (
        {"terminal": "loss", "terminal_weight": 0.4}
        if key in ("proximal", "linear_quadratic")
        else {}
    )
    quartic = lc.Landscape.from_expression(
        lambda x: (
            x[0] ** 2 / 2 + 1.5 * x[1] ** 2 + 0.3 * x[0] * x[1] + x[0] ** 4 / 4 + x[1] ** 4 / 5
        ),
        dimension=2,
    )
    return lc.ControlProblem(
        landscape=quartic,
        learner=learner,
        start=[1.2, 1.0],
        objective=lc.Objective(
            horizon=1.5, discount=0.4, learning_rate=1.2, loss_weight=0.8, **end
        ),
    )


@pytest.mark.parametrize("rule", rules.full_information(), ids=lambda rule: rule.key)
def test_a_closed_form_rule_is_recognised_with_its_numbers(rule):
    coefficients = {name: 0.6 - 0.25 * i for i, name in enumerate(rule.names)}
    verdict = identify(
        rollout(rule, coefficients, problem=wherever_defined(rule.key), starts=15), rules.all()
    )
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, rule.key)
    assert verdict.best.coefficients == pytest.approx(coefficients, rel=1e-9)
    for name, value in coefficients.items():
        low, high = verdict.best.intervals[name]
        assert low - 1e-12 <= value <= high + 1e-12
    assert "no memory" in verdict.refused["heavy_ball"]


def test_problems_solutions_and_compare_agree():
    problem = bowl()
    expected = compare(problem, starts=6, run=False)
    for subject in (problem, [problem], lc.solve(problem)):
        verdict = identify(subject, starts=6, run=False)
        assert isinstance(verdict, Identification)
        assert (verdict.best.key, verdict.best.coefficients) == (
            "linear_quadratic",
            expected.best.coefficients,
        )
        assert verdict.margin > 10
    assert str(verdict).startswith(
        "The optimal policy of a solved problem, read as a map u(θ). The policy is linear-quad"
    )


def test_a_solution_without_its_problem_asks_for_it():
    problem = bowl()
    alone = replace(lc.solve(problem), problem=None)
    with pytest.raises(ProblemError, match="one path is not a policy"):
        identify(alone)
    assert identify(alone, problem=problem, starts=6, run=False).best.key == "linear_quadratic"


def test_one_curvature_identifies_no_map():
    verdict = identify(bowl(curvatures=np.ones(2)), starts=6, run=False)
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert {"gradient_descent", "newton", "linear_quadratic"} <= set(verdict.equivalent)


def test_samples_of_a_policy_nobody_knows_fit_no_rule():
    points = np.random.default_rng(0).normal(size=(20, 3))
    sample = PolicySample(
        problem=bowl(), points=points, controls=points[:, [1, 2, 0]], starts=range(20)
    )
    assert identify(sample).conclusion is Conclusion.NONE_FITS


def sampled(problem, policy, count=20):
    points = problem.start + np.random.default_rng(1).normal(size=(count, problem.dimension))
    return PolicySample(
        problem=problem, points=points, controls=policy(problem, points), starts=range(count)
    )


def slope(problem, points):
    return problem.landscape.gradient(points)


def lowest(landscape):
    return landscape.minima[np.argmin(landscape.loss(landscape.minima))]


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (lambda p, x: -0.3 * x, "the parameters"),
        (lambda p, x: np.array([0.4, -0.2]) + 0 * x, "a constant push"),
        (lambda p, x: lowest(p.landscape) - x, "the way to the lowest minimum"),
        (
            lambda p, x: -0.1 * np.einsum("sij,sj->si", p.landscape.hessian(x), slope(p, x)),
            "the gradient times the curvature",
        ),
        (
            lambda p, x: (
                -0.1 * np.linalg.solve(p.landscape.hessian(x), slope(p, x)[..., None])[..., 0]
            ),
            "Newton's direction",
        ),
        (
            lambda p, x: -slope(p, x) / np.linalg.norm(slope(p, x), axis=1, keepdims=True),
            "the gradient's direction alone",
        ),
        (lambda p, x: p.model.drift(x), "the drift"),
    ],
)
def test_the_residual_of_a_map_names_what_the_rule_lacks(extra, what):
    problem = lc.ControlProblem(
        landscape=lc.double_well(),
        learner=lc.Learner(drift=lambda x: 0.1 * x[0] * x),
        start=[0.5, 0.3],
        objective=lc.Objective(horizon=1.0),
    )
    verdict = identify(
        sampled(problem, lambda p, x: -5 * slope(p, x) + extra(p, x)),
        ["gradient_descent"],
        criteria=Criteria(threshold=1e-3),
    )
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.residual[0] == (what, pytest.approx(1, abs=1e-9))
    assert verdict.residual[1][1] < 0.999
    assert f"goes with {what} (100 %)" in str(verdict)


def test_a_plan_across_a_barrier_is_described_though_no_rule_fits():
    problem = PATHS["double well"][0]
    for subject in (problem, lc.solve(problem)):
        verdict = identify(subject, starts=8, run=False)
        assert verdict.conclusion is Conclusion.NONE_FITS
        assert {what for what, share in verdict.residual if share > 0.3} >= {
            "a constant push",
            "the way to the lowest minimum",
        }
        assert "What it leaves unexplained goes with" in str(verdict)


def test_points_where_the_landscape_ends_are_left_out_of_the_residual():
    """√θ has no curvature at 0."""
    landscape = lc.Landscape.from_expression(
        lambda x: ca.sumsqr(x) + ca.sum1(ca.sqrt(x)), dimension=2
    )
    problem = lc.ControlProblem(
        landscape=landscape, start=np.ones(2), objective=lc.Objective(horizon=1.0)
    )
    points = 0.5 + np.random.default_rng(2).uniform(size=(12, 2))
    points[0] = 0.0
    controls = -3 * points
    verdict = identify(
        PolicySample(problem=problem, points=points, controls=controls, starts=range(12)),
        ["gradient_descent"],
        criteria=Criteria(threshold=1e-3),
    )
    assert verdict.residual[0] == ("the parameters", pytest.approx(1, abs=1e-9))


def test_an_exact_rule_leaves_no_residual():
    assert identify(sampled(bowl(), lambda p, x: -0.2 * p.landscape.gradient(x))).residual == ()


def test_problems_that_no_start_solves_do_not_shift_the_residual_of_the_others():
    """The samples stay with their problems, whichever of these could be solved."""
    steep = lc.ControlProblem(
        landscape=lc.quadratic(hessian=-np.eye(3)),
        start=np.ones(3),
        objective=lc.Objective(horizon=50.0, discount=0.1),
    )
    with_it = identify([steep, PROBLEM_OF_THREE], ["gradient_descent"], starts=6, run=False)
    assert len(with_it.scatter) == 1
    assert (
        with_it.residual
        == identify(PROBLEM_OF_THREE, ["gradient_descent"], starts=6, run=False).residual
        != ()
    )


PROBLEM_OF_THREE = bowl()


@pytest.mark.parametrize("subject", [bowl(), lc.solve(bowl())], ids=["problem", "solution"])
def test_the_number_of_resamples_decides_the_intervals_of_problems_and_solutions(subject):
    few, many = (
        identify(subject, ["gradient_descent"], starts=6, run=False, resamples=count)
        for count in (1, 200)
    )
    assert np.ptp(few.rows[0].intervals["learning_rate"]) == 0
    assert np.ptp(many.rows[0].intervals["learning_rate"]) > 0
    with pytest.raises(ProblemError, match="resamples"):
        identify(subject, starts=6, run=False, resamples=0)


def test_the_seed_reaches_the_solver_of_a_hidden_problem(monkeypatch):
    from landscape_control.identification import identify as room  # the function hides its module

    module = __import__("sys").modules[room.__module__]
    seen = []

    def solve(problem, **options):
        seen.append(options)
        raise ProblemError("enough", expected="", received="", advice="")

    monkeypatch.setattr(module, "solve", solve)
    with pytest.raises(ProblemError, match="enough"):
        identify(one_mode(), seed=7)
    assert seen == [{"seed": 7}]


# ---- the trap: a path is not a rule
# ----------------------------------------------------------------------------------


def recorded(problem, step, count):
    """Gradients and updates along one noiseless optimal path."""
    path = lc.solve(problem).at(np.arange(count + 1) * step)[0]
    return Histories(
        gradients=problem.landscape.gradient(path[:-1])[None],
        updates=np.diff(path, axis=0)[None],
        parameters=path[None, :-1],
    )


PATHS = {
    "bowl": (bowl(), 0.05, 60),
    "patient bowl": (bowl(0.1), 0.05, 60),
    "impatient bowl": (bowl(4.0), 0.02, 80),
    "one mode": (bowl(1.0, np.ones(1)), 0.05, 60),
    "two like modes": (bowl(0.5, np.ones(2)), 0.05, 60),
    "double well": (
        lc.ControlProblem(
            landscape=lc.double_well(),
            start=[-0.6, 0.55],
            objective=lc.Objective(horizon=4.0, discount=0.1),
        ),
        0.05,
        79,
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_one_noiseless_optimal_path_is_never_read_as_momentum(name):
    verdict = identify(recorded(*PATHS[name]), resamples=10)
    assert verdict.conclusion is not Conclusion.RULE
    for row in verdict.rows:
        assert row.coefficients.get("momentum", 0.0) < 1
        assert row.coefficients["learning_rate"] >= 0
    assert "one history only" in str(verdict)


def test_what_would_help_a_single_path_is_noise_or_starts_and_no_rule_is_told_from_itself():
    """Three curvatures stand on it already."""
    problem = bowl(1.0, np.array([0.2, 1.0, 5.0]))
    verdict = identify(recorded(problem, 0.1, 59), resamples=10)
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert len(verdict.equivalent) != 1
    assert not verdict.rows[0].identifiable
    words = str(verdict)
    assert "add noise on the gradients, or histories from more starts" in words
    assert "curvature" not in words
    assert len(verdict.equivalent) > 1 or "this data cannot show that it is its rule" in words


@pytest.mark.parametrize("name", ["bowl", "patient bowl", "double well"])
def test_the_regression_that_would_have_fallen_for_it_is_quoted_with_a_warning(name):
    """θ̈ = γθ̇ + ηk∇L at steps of Δt: momentum 1 + γΔt and learning rate -ηkΔt², to the next order
    in Δt.
    """
    problem, step, count = PATHS[name]
    verdict = identify(recorded(problem, step, count), ["sgd", "heavy_ball", "nesterov"])
    words = str(verdict)
    assert "the law of a planned path" in words.replace("a \nplanned", "a planned")
    momentum = float(words.split("these updates give momentum ")[1].split()[0])
    rate = float(words.split("and learning rate ")[1].split()[0])
    assert momentum == pytest.approx(1 + problem.objective.discount * step, abs=5e-3)
    assert rate == pytest.approx(-(step**2), rel=0.1)


def test_the_policy_behind_the_path_is_identified_where_the_path_is_not():
    verdict = identify(lc.solve(PATHS["bowl"][0]), starts=6, run=False)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "linear_quadratic")


# ---- policies of beliefs
# ---------------------------------------------------------------------------------------------


def one_mode(*, rate=0.4, spread=0.8, curvature=1.3, noise=0.8, discount=0.5, horizon=math.inf):
    """A minimum that moves about 0.3: mean-reverting, or a random walk when ``rate`` is 0; noisy
    gradients.
    """
    hidden = (
        lc.OrnsteinUhlenbeck([0.3], rate, [spread / (2 * rate)])
        if rate
        else lc.RandomWalk([0.3], [1.0], [spread])
    )
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: curvature / 2 * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=[1.0],
        objective=lc.Objective(horizon=horizon, discount=discount),
    )


SOLUTION = lc.solve(one_mode())


@pytest.mark.slow
def test_the_optimal_learner_of_a_moving_task_is_heavy_ball_with_weight_decay():
    """Momentum, learning rate and decay as theory predicts for continuous time, to the order of the
    step.
    """
    verdict = identify(SOLUTION)
    best = verdict.best
    assert (verdict.conclusion, best.key) == (Conclusion.RULE, "heavy_ball_weight_decay")
    assert best.error < 1e-4
    assert 1 - best.coefficients["momentum"] == pytest.approx(
        1 - best.predicted["momentum"], rel=0.01
    )
    assert best.coefficients["learning_rate"] == pytest.approx(
        best.predicted["learning_rate"], rel=0.03
    )
    assert best.coefficients["decay"] == pytest.approx(best.predicted["decay"], rel=0.01)
    assert "(theory" in str(verdict)


def test_the_gap_to_the_predicted_coefficients_is_of_first_order_in_the_step():
    gaps = []
    for step in (0.04, 0.02, 0.01):
        row = identify(SOLUTION, ["heavy_ball_weight_decay"], step=step).rows[0]
        gaps.append(
            [
                abs(row.coefficients[name] / row.predicted[name] - 1)
                for name in ("learning_rate", "decay")
            ]
        )
    slopes = np.log2(np.array(gaps[:-1]) / gaps[1:])
    np.testing.assert_allclose(slopes, 1, atol=0.15)


def test_without_reversion_it_is_plain_heavy_ball():
    solution = lc.solve(one_mode(rate=0.0))
    verdict = identify(solution, ["sgd", "heavy_ball", "nesterov", "heavy_ball_weight_decay"])
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "heavy_ball")
    exact = raw_rule(solution).sampled(identify_step(solution)).heavy_ball
    assert verdict.best.coefficients["momentum"] == pytest.approx(exact["beta"], abs=0.005)


def identify_step(solution):
    """The step that identify takes by itself: 1/25 of the fastest time constant."""
    from landscape_control.simulation.stepping import fastest_rate

    return 1 / 25 / fastest_rate(solution.problem)


def test_two_curvatures_are_heavy_ball_with_numbers_of_their_own():
    """The coefficients are matrices: no number is shared, and each direction has those of its own
    mode.
    """
    hidden = lc.OrnsteinUhlenbeck(np.zeros(2), 0.4, np.ones(2))
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.25 * (theta[0] - phi[0]) ** 2 + (theta[1] - phi[1]) ** 2,
        dimension=2,
        hidden=hidden,
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.5)),
        start=np.ones(2),
        objective=lc.Objective(horizon=math.inf, discount=0.5),
    )
    verdict = identify(
        lc.solve(problem), ["sgd", "heavy_ball", "heavy_ball_weight_decay"], step=0.03, histories=18
    )
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.starts == 12
    assert "With numbers of its own for each weight it is heavy ball with weight decay" in str(
        verdict
    )
    found = [float(word) for word in verdict.notes[-1].split("β = ")[1].split(";")[0].split(", ")]
    friction = np.diag(raw_rule(lc.solve(problem)).momentum.friction)
    np.testing.assert_allclose(found, np.exp(-0.03 * friction), atol=2e-3)


def test_problems_whose_answer_has_a_memory_are_solved_first():
    options = {"rules": ["heavy_ball", "heavy_ball_weight_decay"], "histories": 9, "resamples": 1}
    assert str(identify(one_mode(), **options)) == str(identify(SOLUTION, **options))
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
    program = PolicyProgram(
        task=task,
        family=HeavyBall(constant=True),
        sees=lc.NoisyGradient(0.3),
        objective=lc.Objective(horizon=10, learning_rate=math.inf),
    )
    assert identify(program, ["sgd", "heavy_ball"]).best.key == "heavy_ball"


def test_a_policy_of_beliefs_over_a_finite_horizon_depends_on_time():
    verdict = identify(
        lc.solve(one_mode(horizon=2.0)), ["sgd", "heavy_ball", "heavy_ball_weight_decay"], step=0.04
    )
    assert verdict.conclusion is Conclusion.NONE_FITS


def test_beliefs_fed_by_losses_are_no_rule_of_gradients():
    problem = one_mode(horizon=1.0)
    blind = problem.changed(
        learner=lc.Learner(sees=lc.Observe(lambda theta, phi: ca.vertcat(phi, theta - phi), 0.5))
    )
    with pytest.raises(ProblemError, match="one observed gradient per control"):
        identify(lc.solve(blind))


@pytest.mark.parametrize(
    ("subject", "options", "words"),
    [
        (bowl(), {"problem": bowl()}, "problem: expected none for a map"),
        (bowl(), {"excitation": Excitation()}, "excitation: expected none for a map"),
        (lc.solve(bowl()), {"step": 0.1}, "step: expected none for a map"),
        ([bowl(), bowl(2.0)], {"histories": 3}, "histories: expected none for a map"),
        (bowl(), {"folds": 3}, "identify option"),
        ("samples", {"problem": bowl()}, "problem: expected none for samples"),
        ("samples", {"starts": 3}, "identify option"),
        ("histories", {"step": 0.1}, "step: expected none for histories"),
        (
            one_mode(),
            {"excitation": Excitation()},
            "excitation: expected none for a policy of belie",
        ),
        (lambda seen: -seen[:, -1], {"histories": 3}, "histories: expected none for a causal rule"),
        (lambda seen: -seen[:, -1], {"hold": 3}, "identify option"),
    ],
)
def test_options_of_another_kind_of_subject_are_refused_by_name(subject, options, words):
    if subject == "samples":
        subject = rollout("newton", {"step": 1.0}, problem=bowl())
    elif subject == "histories":
        subject = rollout("sgd", {"learning_rate": 0.1})
    with pytest.raises(ProblemError, match=words):
        identify(subject, **options)


def test_several_samples_and_several_problems_are_one_subject():
    samples = rollout("newton", {"step": 1.0}, problem=[bowl(), bowl(curvatures=CURVATURES / 3)])
    assert len(samples) == 2
    assert identify(list(samples), folds=3).best.key == "newton"
    verdict = identify([bowl(), bowl(curvatures=CURVATURES / 3)], starts=4, run=False)
    assert (verdict.best.key, len(verdict.scatter)) == ("linear_quadratic", 2)
    assert verdict.selection.answer == "linear_quadratic"
    assert verdict.selection.margin == verdict.margin
