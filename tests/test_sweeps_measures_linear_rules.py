"""Which linear rule is near-optimal over noise and drift: the measures of belief problems."""

import math

import numpy as np
import pytest
from learner_problems import ETA, GAMMA, MU, H, bowl
from scipy.optimize import minimize_scalar
from test_simulation_exact import sgd_for_ever
from test_simulation_exact_best import settled

import landscape_control as lc
from landscape_control import measures
from landscape_control.simulation import exact_best_coefficients, exact_cost, exact_optimum
from landscape_control.support.errors import ProblemError
from landscape_control.sweeps.measures import Cell
from landscape_control.sweeps.measures.linear_rules import LINEAR_KEYS, known_rows

STEP = 0.1
NOISES, DIFFUSIONS = np.geomspace(0.01, 1.0, 4), (0.1, 3.0)


def rows_of(problem, step=STEP):
    return known_rows(problem, step)


def word(problem, **options):
    cell = Cell(problem=problem, solution=lc.solve(problem))  # an LQGSolution
    return measures.cheapest_rule_within(step=STEP, **options)(cell)


@pytest.mark.parametrize("diffusion", DIFFUSIONS)
@pytest.mark.parametrize("noise", NOISES)
def test_sgd_and_heavy_ball_win_where_scalar_formulas_say_so(noise, diffusion):
    """Random walk, settled filter: heavy ball is optimal. Momentum (1 - Kh)(1 - gΔ) that is next to
    nothing is not worth its coefficient, and SGD's excess is that of the best root of a scalar formula.
    """
    problem, _ = settled(STEP, noise=noise, diffusion=diffusion, rate=0.0)
    variance = problem.landscape.hidden.prior_covariance[0, 0]
    plain = minimize_scalar(
        lambda x: sgd_cost(math.exp(x), noise, diffusion, variance),
        bounds=(-12, math.log(1.9 / (H * STEP))),
        method="bounded",
        options={"xatol": 1e-9},
    )
    optimum = exact_optimum(problem, step=STEP)
    excess = plain.fun / optimum - 1
    rows = rows_of(problem)
    assert rows["sgd"].regret == pytest.approx(excess, rel=1e-5, abs=1e-10)
    assert rows["heavy_ball"].regret == pytest.approx(0, abs=1e-9)
    assert word(problem) == ("sgd" if excess <= 2e-3 else "heavy_ball")


def sgd_cost(rate, noise, diffusion, variance):
    """That of the other test with another noise: y scaled by σ is another learning rate and loss."""
    fade, keep = math.exp(-GAMMA * STEP), 1 - rate * H * STEP
    gained = rate**2 * noise**2 * STEP + diffusion * STEP
    total = (variance + fade * gained / (1 - fade)) / (1 - fade * keep**2)
    whole = (1 - fade) / GAMMA
    right = (whole / STEP - fade) / GAMMA
    loss = 0.5 * H * ((whole - right + right / fade) * total - right / fade * variance)
    return loss + whole / (2 * ETA) * rate**2 * (H**2 * total + noise**2 / STEP / (1 - fade))


def test_the_scalar_formula_is_the_one_of_the_other_test():
    assert sgd_cost(0.3, 0.8, 0.8, 0.5) == pytest.approx(sgd_for_ever(0.3, STEP, variance=0.5))


@pytest.mark.parametrize(
    ("numbers", "rule"),
    [
        # κhΔ ≫ 1: the filter forgets within a step; λ = 0: nothing to pull back to
        ({"noise": 0.005, "diffusion": 1.0, "rate": 0.0}, "sgd"),
        ({"noise": 0.005, "diffusion": 1.0, "rate": 1.0}, "sgd_weight_decay"),
        # κhΔ ≪ 1: noise is averaged over many steps
        ({"noise": 0.8, "diffusion": 1.0, "rate": 0.0}, "heavy_ball"),
        ({"noise": 0.8, "diffusion": 1.0, "rate": 1.0}, "heavy_ball_weight_decay"),
    ],
)
def test_the_four_corners_of_noise_and_drift_have_the_rules_of_the_exact_lqg_form(numbers, rule):
    """dv = -(r + λ + κh)v dt - rsκ dY - r[λ + κh(1-s)](θ-μ₀)dt: each term where its coefficient is."""
    problem, (momentum, _, _) = settled(STEP, **numbers)
    row = rows_of(problem)[rule]
    assert row.regret < 1e-4
    assert word(problem) == rule
    assert (momentum > 0.1) == rule.startswith("heavy_ball")


def test_regrets_are_those_of_best_coefficients_and_never_negative():
    problem = bowl(lc.TaskChain([[-0.5, 0.5], [1.0, -1.0]], [-1.0, 1.0], [1.0, 0.0]))
    optimum = exact_optimum(problem, step=STEP)
    rows = {row.rule.key: row for row in measures.linear_rule_costs(problem, step=STEP)}
    assert set(rows) == set(LINEAR_KEYS)
    for row in rows.values():
        again = exact_best_coefficients(problem, row.tuned.learner, step=STEP)
        assert row.cost <= again.cost * (1 + 1e-6)
        assert row.cost == exact_cost(problem, row.tuned.learner, step=STEP).cost
        assert row.regret == pytest.approx(row.cost / optimum - 1)
        assert row.regret >= 0
        assert set(row.coefficients) == set(row.rule.names) | {"learning_rate"}
    assert rows["heavy_ball"].regret <= rows["sgd"].regret + 1e-12


def test_decay_pulls_to_the_resting_place_of_the_minimum():
    """Moved to another origin the problem has the same costs."""
    here, there = (
        bowl(lc.OrnsteinUhlenbeck([centre], 1.0, [0.5]), start=centre + 0.4, horizon=math.inf)
        for centre in (0.0, 7.0)
    )
    for one, other in zip(rows_of(here).values(), rows_of(there).values(), strict=True):
        assert one.cost == pytest.approx(other.cost, rel=1e-9)


@pytest.mark.slow
def test_a_sweep_maps_rule_and_regret_over_noise_and_drift():
    problem = bowl(lc.OrnsteinUhlenbeck([MU], 1.0, [0.5]), horizon=math.inf)
    found = lc.sweep(
        problem,
        {"learner.sees.noise": [0.01, 1.0], "landscape.hidden.rate": [0.01, 2.0]},
        measure=["best_rule", "regret", "best_regret", measures.cheapest_rule_within(step=STEP)],
    )
    assert (found["status"] == "converged").all()
    assert set(found["cheapest_rule"].values.ravel()) <= {*LINEAR_KEYS, "none"}
    assert found["cheapest_rule"].values[0, 1] == "sgd_weight_decay"
    least = np.min([found[f"regret.{key}"].values for key in LINEAR_KEYS], axis=0)
    assert (least >= 0).all()
    np.testing.assert_allclose(found["best_regret"].values, least)


def test_coefficients_are_reported_by_rule():
    problem, (momentum, rate, decay) = settled(STEP, noise=0.8, diffusion=0.8, rate=0.4)
    cell = Cell(problem=problem, solution=lc.solve(problem))
    found = measures.rule_coefficients_at(STEP)(cell)
    assert found["heavy_ball_weight_decay_momentum"] == pytest.approx(momentum, rel=1e-5)
    assert found["heavy_ball_weight_decay_learning_rate"] == pytest.approx(rate, rel=1e-5)
    assert found["heavy_ball_weight_decay_decay"] == pytest.approx(decay, rel=1e-5)


def test_belief_problems_that_are_not_linear_say_so():
    landscape = lc.Landscape.from_expression(
        lambda theta, hidden: (theta[0] - hidden[0]) ** 2 / 2 + theta[0] ** 4,
        dimension=1,
        hidden=lc.GaussianPrior([0.0], [[1.0]]),
    )
    problem = bowl(lc.GaussianPrior([0.0], [[1.0]])).changed(landscape=landscape)
    with pytest.raises(ProblemError, match="jointly quadratic"):
        measures.linear_rule_costs(problem)
