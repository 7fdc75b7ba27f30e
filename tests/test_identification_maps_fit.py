"""Fitting and judging rules on analytic policies: no solver, exact answers."""

import math
import pickle
from types import SimpleNamespace

import casadi as ca
import numpy as np
import pytest
from scipy.optimize import lsq_linear

import landscape_control as lc
from landscape_control import ProblemError, SolveError, rules
from landscape_control.identification.maps import (
    Conclusion,
    Criteria,
    PolicySample,
    compare,
    draw_starts,
    fit_rules,
)
from landscape_control.identification.maps.fitting import fit_linear
from landscape_control.rules import Sees

LIBRARY = rules.full_information()


def bowl(curvatures, horizon=math.inf, learner=None, minimum=None, **objective):
    landscape = lc.quadratic(
        hessian=np.diag(np.atleast_1d(curvatures).astype(float)), minimum=minimum
    )
    start = np.ones(landscape.dimension)
    objective = lc.Objective(horizon=horizon, **objective)
    return lc.ControlProblem(
        landscape=landscape, learner=learner or lc.Learner(), objective=objective, start=start
    )


def sample(problem, policy, starts=15, seed=0, scale=1.0, centre=0.0):
    points = centre + scale * np.random.default_rng(seed).normal(size=(starts, problem.dimension))
    return PolicySample(
        problem=problem, points=points, controls=policy(points), starts=np.arange(starts)
    )


def optimal(curvatures, discount, seed=0):
    """The exact optimal policy u = -rθ, r = √(γ²/4 + h) - γ/2, for η = k = 1."""
    rates = np.sqrt(discount**2 / 4 + np.atleast_1d(curvatures)) - discount / 2
    return sample(bowl(curvatures, discount=discount), lambda points: -points * rates, seed=seed)


# ---- verdicts on exact policies
# --------------------------------------------------------------------------------------


def test_the_exact_policy_at_moderate_discount_is_the_linear_quadratic_rule():
    verdict = fit_rules(optimal([0.1, 1.0, 4.0], 1.0), LIBRARY)
    assert verdict.conclusion is Conclusion.RULE
    assert verdict.best.key == "linear_quadratic"
    assert verdict.best.error < 1e-13
    assert verdict.best.coefficients["scale"] == pytest.approx(1, rel=1e-13)
    assert verdict.best.predicted == {"scale": 1.0}
    assert verdict.runner_up.error > 0.05


def test_several_landscapes_of_one_mode_tell_rules_apart_as_several_modes_do():
    verdict = fit_rules([optimal(h, 1.0, seed) for seed, h in enumerate((0.1, 1.0, 4.0))], LIBRARY)
    assert verdict.best.key == "linear_quadratic"
    assert len(verdict.scatter) == 3
    assert verdict.starts == 45


def test_the_exact_policy_at_large_discount_is_gradient_descent_as_a_limit_of_richer_rules():
    verdict = fit_rules(optimal([0.1, 1.0, 4.0], 200.0), LIBRARY)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "gradient_descent")
    assert {"linear_quadratic", "natural_gradient"} <= set(verdict.best.equivalent_to)
    step, predicted = (
        verdict.best.coefficients["learning_rate"],
        verdict.best.predicted["learning_rate"],
    )
    assert predicted == pytest.approx(1 / 200)
    # the next order is ηkh/γ² for the largest curvature
    assert 0 < 1 - step / predicted < 4.0 / 200**2
    assert verdict.best.identifiable


def test_the_exact_policy_without_discount_is_the_ballistic_rule():
    verdict = fit_rules(optimal([0.1, 1.0, 4.0], 0.0), LIBRARY)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "ballistic")
    assert verdict.best.coefficients["rate"] == pytest.approx(
        verdict.best.predicted["rate"], rel=1e-13
    )


def test_one_curvature_cannot_tell_the_classic_rules_apart():
    verdict = fit_rules(optimal([2.0, 2.0], 1.0), LIBRARY)
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert {"gradient_descent", "newton", "ballistic", "linear_quadratic"} <= set(
        verdict.equivalent
    )
    assert verdict.best.key == verdict.equivalent[0] == "gradient_descent"
    assert not any(verdict.row(key).identifiable for key in verdict.equivalent)
    assert verdict.runner_up is None
    assert "cannot be told apart" in str(verdict)
    assert "add curvatures" in str(verdict)


def test_adding_a_second_curvature_resolves_what_one_could_not():
    assert fit_rules([optimal(2.0, 1.0)], LIBRARY).conclusion is Conclusion.NOT_IDENTIFIABLE
    assert fit_rules([optimal(2.0, 1.0), optimal(0.2, 1.0)], LIBRARY).best.key == "linear_quadratic"


def test_a_rotating_policy_fits_no_rule():
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    verdict = fit_rules(
        sample(bowl([1.0, 3.0], discount=1.0), lambda points: points @ turn), LIBRARY
    )
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.best is None
    assert str(verdict).startswith("No rule in the library fits")


def test_a_mixture_of_gradient_descent_and_newton_fits_no_rule_unless_the_threshold_is_raised():
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(2), objective=lc.Objective(horizon=1.0), start=[1.2, 1.0]
    )
    mixture = sample(
        problem,
        lambda x: -0.1 * problem.landscape.gradient(x) - 2.0 * (x - 1.0),
        scale=0.1,
        centre=1.0,
    )
    assert fit_rules(mixture, ["gradient_descent", "newton", "ballistic"]).best is None
    loose = fit_rules(
        mixture, ["gradient_descent", "newton", "ballistic"], criteria=Criteria(threshold=1.0)
    )
    assert loose.conclusion is Conclusion.RULE


# ---- round trip: every rule is recognised
# ----------------------------------------------------------------------------


def wherever_defined(rule):
    """A convex quartic, a metric that depends on θ, and the drift or terminal loss that the rule
    knows.
    """
    drift = (
        None if rule.key == "proximal" else lc.linear_drift([[-0.3, 0.5], [-0.4, 0.1]], [0.2, 0.1])
    )
    learner = lc.Learner(
        metric=lambda x: ca.diag(ca.vertcat(1 + x[1] ** 2, 2 + ca.sin(x[0]))), drift=drift
    )
    end = (
        {"terminal": "loss", "terminal_weight": 0.4}
        if rule.key in ("proximal", "linear_quadratic")
        else {}
    )
    objective = lc.Objective(horizon=1.5, discount=0.4, learning_rate=1.2, loss_weight=0.8, **end)
    quartic = lc.Landscape.from_expression(
        lambda x: (
            x[0] ** 2 / 2 + 1.5 * x[1] ** 2 + 0.3 * x[0] * x[1] + x[0] ** 4 / 4 + x[1] ** 4 / 5
        ),
        dimension=2,
    )
    return lc.ControlProblem(
        landscape=quartic, learner=learner, objective=objective, start=[1.2, 1.0]
    )


@pytest.mark.parametrize("rule", LIBRARY, ids=lambda rule: rule.key)
def test_a_policy_made_by_a_rule_is_recognised_with_its_numbers(rule):
    problem = wherever_defined(rule)
    coefficients = {name: 0.6 - 0.25 * i for i, name in enumerate(rule.names)}
    policy = rule.control(problem, coefficients)
    verdict = fit_rules(sample(problem, policy), LIBRARY)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, rule.key)
    assert verdict.best.coefficients == pytest.approx(coefficients, rel=1e-9)
    assert verdict.best.identifiable


# ---- the fit itself
# --------------------------------------------------------------------------------------------------


def noisy(rows=400, seed=1, noise=0.3):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 2)) @ [[1.0, 0.6], [0.0, 0.5]]
    return features, features @ [0.7, 0.2] + noise * rng.normal(size=rows), np.arange(rows) // 2


SETTINGS = {"folds": 5, "resamples": 400, "seed": 0}


@pytest.mark.parametrize(
    "bounds",
    [[[0, np.inf], [0, np.inf]], [[-np.inf, 0.5], [-np.inf, np.inf]], [[0, 0.1], [0.3, 0.31]]],
)
def test_coefficients_are_those_of_bounded_least_squares(bounds):
    features, targets, groups = noisy()
    expected = lsq_linear(features, targets, np.transpose(bounds), tol=1e-14).x
    fit = fit_linear(features, targets, groups, bounds, **SETTINGS)
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-7)
    np.testing.assert_allclose(
        fit.fit_error,
        np.linalg.norm(targets - features @ expected) / np.linalg.norm(targets),
        rtol=1e-9,
    )


def test_intervals_cover_the_truth_and_have_the_width_of_least_squares_theory():
    free = [[-np.inf, np.inf]] * 2
    features, targets, groups = noisy()
    fit = fit_linear(features, targets, groups, free, **SETTINGS)
    assert ((fit.intervals[:, 0] < [0.7, 0.2]) & (fit.intervals[:, 1] > [0.7, 0.2])).all()
    theory = 2 * 1.96 * 0.3 * np.sqrt(np.diag(np.linalg.inv(features.T @ features)))
    np.testing.assert_allclose(np.diff(fit.intervals)[:, 0], theory, rtol=0.15)


def test_held_out_error_of_pure_noise_is_worse_than_saying_nothing():
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(12, 3)), rng.normal(size=12)
    fit = fit_linear(features, targets, np.arange(12), [[-np.inf, np.inf]] * 3, **SETTINGS)
    assert fit.fit_error < 1 < fit.error


def test_points_of_one_start_are_never_split_between_fit_and_test():
    """Copies of every point leave error and intervals unchanged as long as they belong to the same
    start.
    """
    features, targets, groups = noisy(rows=40)
    once = fit_linear(features, targets, groups, [[-np.inf, np.inf]] * 2, **SETTINGS)
    twice = fit_linear(*(np.tile(part, (2, 1) if part.ndim == 2 else 2) for part in (features, targets, groups)),
                       [[-np.inf, np.inf]] * 2, **SETTINGS)  # fmt: skip
    assert twice.error == pytest.approx(once.error, rel=1e-12)
    np.testing.assert_allclose(twice.intervals, once.intervals, rtol=1e-12)


def test_condition_number_is_that_of_the_scaled_features():
    angle = 1e-3
    features = np.array([[1.0, math.cos(angle)], [0.0, math.sin(angle)]]) * [5.0, 0.01]
    fit = fit_linear(features, np.ones(2), np.arange(2), [[-np.inf, np.inf]] * 2, **SETTINGS)
    assert fit.condition == pytest.approx(1 / math.tan(angle / 2), rel=1e-9)


def test_where_a_rule_is_undefined_it_pays_as_if_it_stood_still():
    problem = lc.ControlProblem(
        landscape=lc.double_well(), objective=lc.Objective(horizon=1.0), start=[1.0, 0.0]
    )
    # the last is on the concave shoulder
    points = np.array([[1.0, 0.3], [1.2, -0.2], [0.9, 0.4], [0.1, 0.3]])
    controls = points * [0.0, -1.0]  # Newton's step where θ₂ is concerned
    controls[:3] = (
        -0.5
        * np.linalg.solve(
            problem.landscape.hessian(points[:3]), problem.landscape.gradient(points[:3])[..., None]
        )[..., 0]
    )
    policy = PolicySample(problem=problem, points=points, controls=controls, starts=np.arange(4))
    row = fit_rules(policy, ["newton", "gradient_descent"]).row("newton")
    assert row.coefficients["step"] == pytest.approx(0.5, rel=1e-12)
    assert row.undefined == 2
    assert row.fit_error == pytest.approx(
        np.linalg.norm(controls[3]) / np.linalg.norm(controls), rel=1e-12
    )
    assert np.isnan(row.fitted[0][3]).all()
    assert "2 undefined" in str(fit_rules(policy, ["newton", "gradient_descent"]))


def test_a_learning_rate_never_turns_negative():
    uphill = sample(bowl([1.0, 3.0], discount=1.0), lambda points: points)
    verdict = fit_rules(uphill, LIBRARY)
    assert verdict.best is None
    for row in verdict.rows:
        assert all(
            low <= row.coefficients[name] <= high
            for name, (low, high) in row.rule.admissible.items()
        )
    assert verdict.row("gradient_descent").at_bound == ("learning_rate",)


# ---- judging
# ---------------------------------------------------------------------------------------------------------


def test_a_richer_rule_must_earn_its_place():
    """Gradient descent is 0.2 % off at γ = 30: it wins where a factor 5 is asked of its rival, and
    loses against 2.
    """
    policy = optimal([0.1, 1.0, 2.0], 30.0)
    error = fit_rules(policy, LIBRARY).row("gradient_descent").error
    resolution = error / 3
    lenient = Criteria(resolution=resolution, margin=5.0)
    strict = Criteria(resolution=resolution, margin=2.0)
    assert fit_rules(policy, LIBRARY, criteria=lenient).best.key == "gradient_descent"
    assert fit_rules(policy, LIBRARY, criteria=strict).best.key == "linear_quadratic"


def test_a_rule_within_the_threshold_is_not_lost_to_a_simpler_one_outside():
    policy, pair = optimal([0.1, 1.0, 2.0], 0.3), ["gradient_descent", "decayed_gradient_descent"]
    simple, richer = (fit_rules(policy, pair).row(key).error for key in pair)
    assert richer < simple
    between = Criteria(threshold=math.sqrt(simple * richer), margin=1e6)
    assert fit_rules(policy, pair, criteria=between).best.key == "decayed_gradient_descent"
    assert (
        fit_rules(policy, pair, criteria=Criteria(threshold=1.0, margin=1e6)).best.key
        == "gradient_descent"
    )


def test_rows_come_best_first():
    verdict = fit_rules(optimal([0.1, 1.0, 4.0], 1.0), LIBRARY)
    errors = [max(row.error, verdict.criteria.resolution) for row in verdict.rows]
    assert errors == sorted(errors)


def test_rules_that_need_more_than_the_learner_sees_are_refused_by_name():
    verdict = fit_rules(
        optimal([0.1, 1.0, 4.0], 1.0), LIBRARY, sees=frozenset({Sees.GRADIENT, Sees.PARAMETERS})
    )
    assert {row.key for row in verdict.rows} == {"gradient_descent", "decayed_gradient_descent"}
    assert verdict.refused["newton"] == "needs hessian, which is not given"
    assert verdict.refused["proximal"] == "needs proximal, which is not given"
    assert "newton: needs hessian" in str(verdict)


def test_predictions_that_differ_between_problems_are_left_out():
    two = [sample(bowl([1.0, 2.0], discount=g), lambda x: -x / 10, seed=int(g)) for g in (5.0, 9.0)]
    assert fit_rules(two, ["gradient_descent"]).rows[0].predicted == {"learning_rate": None}


def test_a_verdict_survives_pickling_and_reads_as_a_paragraph_and_a_table():
    verdict = fit_rules(optimal([0.1, 1.0, 4.0], 1.0), LIBRARY)
    assert str(pickle.loads(pickle.dumps(verdict))) == str(verdict)
    paragraph, table = str(verdict).split("\n\n")
    assert "\n" not in paragraph
    assert "c = 1 [1, 1] (theory 1)" in paragraph
    assert len(table.splitlines()) == 2 + len(verdict.rows) + len(verdict.refused)
    assert verdict.scatter[0].slopes == pytest.approx(verdict.scatter[0].points * [0.1, 1.0, 4.0])
    with pytest.raises(ProblemError, match="did you mean 'newton'"):
        verdict.row("newtonn")


# ---- compare, around a given solver
# ----------------------------------------------------------------------------------


class ExactSolver:
    """Plans of a quadratic with f = 0, η = k = 1, γ = 1 in closed form; refuses starts with a
    negative first coordinate.
    """

    def __init__(self, curvatures):
        self.rates = np.sqrt(0.25 + np.asarray(curvatures)) - 0.5

    def solve(self, start):
        if start[0] < 0:
            raise SolveError("too far left")
        times = np.linspace(0, 20, 400)

        def at(t):
            theta = start * np.exp(-np.multiply.outer(np.asarray(t, dtype=float), self.rates))
            return theta, -theta * self.rates, theta

        cost = 0.5 * self.rates @ start**2
        return SimpleNamespace(
            cost=cost,
            best=SimpleNamespace(cost_error=0.0),
            times=times,
            parameters=at(times)[0],
            at=at,
            status=SimpleNamespace(ok=True),
        )


CURVATURES = [0.5, 2.0, 5.0]


def test_compare_reads_the_policy_along_plans_and_counts_failed_solves():
    verdict = compare(
        bowl(CURVATURES, discount=1.0), starts=20, spread=0.8, solver=ExactSolver(CURVATURES)
    )
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "linear_quadratic")
    assert verdict.best.error < 1e-12
    assert len(verdict.failures) > 0
    assert verdict.starts + len(verdict.failures) == 21
    assert all(start[0] < 0 and reason == "too far left" for _, start, reason in verdict.failures)
    assert f"{len(verdict.failures)} solves failed" in str(verdict)
    assert verdict.samples == verdict.starts * 3 * 3  # three points per plan, three controls
    assert verdict.best.excess_cost == pytest.approx(0, abs=1e-7)
    assert verdict.row("newton").excess_cost > 0.01


def test_points_of_a_plan_are_equally_far_apart_on_its_path():
    verdict = compare(
        bowl([1.0, 1.0], discount=1.0),
        starts=1,
        spread=1e-6,
        points_per_plan=4,
        run=False,
        solver=ExactSolver([1, 1]),
    )
    lengths = np.linalg.norm(verdict.scatter[0].points[:4], axis=1) / math.sqrt(2)
    np.testing.assert_allclose(lengths, [1.0, 0.75, 0.5, 0.25], atol=1e-3)


def test_holding_the_plan_for_long_makes_it_newtons():
    verdict = compare(
        bowl(CURVATURES, discount=1.0),
        starts=8,
        spread=0.1,
        hold=30.0,
        solver=ExactSolver(CURVATURES),
    )
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "newton")
    assert verdict.best.coefficients["step"] == pytest.approx(
        verdict.best.predicted["step"], rel=2e-5
    )
    held = verdict.row("held_newton")
    assert held.error < 1e-6  # quadrature of the plan over the hold
    assert held.predicted == {"scale": 1.0}
    assert held.coefficients["scale"] == pytest.approx(1, rel=1e-6)
    assert verdict.row("linear_quadratic").predicted == {"scale": None}
    assert held.excess_reason == "not run"


def test_the_same_seed_gives_the_same_verdict():
    arguments = {
        "starts": 6,
        "spread": 0.1,
        "seed": 4,
        "run": False,
        "solver": ExactSolver(CURVATURES),
    }
    problem = bowl(CURVATURES, discount=1.0)
    assert str(compare(problem, **arguments)) == str(compare(problem, **arguments))
    assert str(compare(problem, **arguments)) != str(compare(problem, **arguments | {"seed": 5}))


def test_starts_have_the_stated_spread():
    problem = bowl([1.0, 2.0], minimum=np.array([1.0, 4.0]))
    points, spread = draw_starts(problem, 4000, seed=2)
    assert spread == pytest.approx(math.sqrt(4.5) / 2)  # half of the rms of (0, 3)
    np.testing.assert_allclose((points - problem.start).std(axis=0), spread, rtol=0.05)
    assert draw_starts(problem, 1, spread=0.3)[1] == 0.3
    assert draw_starts(bowl([1.0], minimum=[1.0]), 1)[1] == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, s: compare([], solver=s), "problems: expected a ControlProblem"),
        (lambda p, s: compare(p, ["newtonn"], solver=s), "did you mean 'newton'"),
        (lambda p, s: compare(p, ["newton", "newton"], solver=s), "'newton' more than once"),
        (lambda p, s: compare(p, ["proximal"], solver=s), "no terminal cost"),
        (lambda p, s: compare(p, [], solver=s), "at least one rule"),
        (
            lambda p, s: compare(p, starts=np.ones((3, 2)), solver=s),
            "starts: expected a matrix with 1 column",
        ),
        (
            lambda p, s: compare(p, starts=np.ones((3, 1)), spread=1.0, solver=s),
            "no spread when the starts are given",
        ),
        (lambda p, s: compare(p, starts=0, solver=s), "starts: expected an integer >= 1"),
        (
            lambda p, s: compare(p, starts=[[-1.0], [-2.0]], solver=s),
            r"at least two starts.*received 1 \(too far left\)",
        ),
        (lambda p, s: compare(p, starts=3, spread=-1.0, solver=s), "spread"),
        (lambda p, s: compare(p.changed(horizon=2.0), hold=3.0, solver=s), "at most the horizon 2"),
        (lambda p, s: compare(p, solver=[s, s]), "1 object"),
        (lambda p, s: compare(p, solver=s, criteria=Criteria(margin=0.5)), "margin"),
        (lambda p, s: fit_rules(sample(p, np.zeros_like), LIBRARY), "u = 0 at every sampled point"),
        (
            lambda p, s: PolicySample(problem=p, points=[[1.0]], controls=[[1.0, 2.0]], starts=[0]),
            "sample controls",
        ),
        (
            lambda p, s: PolicySample(problem=p, points=[[1.0]], controls=[[1.0]], starts=[0, 1]),
            "sample starts",
        ),
    ],
)
def test_likely_mistakes_are_refused_in_words(call, message):
    with pytest.raises(ProblemError, match=message):
        call(bowl([1.0], discount=1.0), ExactSolver([1.0]))
