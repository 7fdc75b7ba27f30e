"""The pieces of the claim inferred-curvature, each against another way to compute it."""

from dataclasses import replace

import numpy as np
import pytest
from landscape_control.problems import _inferred_curvature_estimates as estimates
from landscape_control.problems import _inferred_curvature_learners as learners
from landscape_control.problems import _inferred_curvature_model as model
from landscape_control.problems import _inferred_curvature_programs as programs
from landscape_control.problems._inferred_curvature_grid import Grid, Interpolated
from scipy.optimize import minimize

import landscape_control as lc
from landscape_control.policies import AdamFamily, Policy

SETTING = model.Setting(flat=0.4, steep=1.7, chance=0.3, spread=1.2, noise=0.8, price=0.7, steps=4)
GRADIENTS, CHANCE = np.array([[1.3, -0.4], [0.2, 0.9]]), np.array([0.6, 0.25])


@pytest.mark.parametrize(
    "changes", [{"flat": 0.0}, {"chance": 1.0}, {"noise": -1.0}, {"steps": 1}, {"spread": np.nan}]
)
def test_setting_refuses_what_is_no_problem(changes):
    with pytest.raises(lc.ProblemError):
        model.Setting(**changes)


def planned_costs(setting, gradients, chance, controls, first):
    """Expected cost of open-loop controls from one belief, by the definition."""
    total = 0.0
    for curvature, gradient, share in zip(
        setting.curvatures, gradients, (chance, 1 - chance), strict=True
    ):
        distances = gradient / curvature + np.cumsum(controls)  # of the means of θ and φ
        spread = setting.variance(first + 1) / curvature**2
        losses = curvature * (distances**2 + spread) / 2
        weights = [setting.weight(step) for step in range(first, setting.steps)]
        total += share * losses @ weights
    return total + np.sum(controls**2) / (2 * setting.price)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_certainty_equivalence_is_the_best_open_loop_plan(first):
    for gradients, chance in zip(GRADIENTS.T, CHANCE, strict=True):
        found = minimize(
            lambda controls, g=gradients, p=chance: planned_costs(SETTING, g, p, controls, first),
            np.zeros(SETTING.steps - first),
            tol=1e-12,
        )
        belief = gradients[:, None], np.array([chance])
        control = model.certainty_equivalent(SETTING, *belief, first)[0]
        assert control == pytest.approx(found.x[0], abs=1e-6)
        cost = model.open_loop_cost(SETTING, *belief, first)[0]
        assert cost == pytest.approx(found.fun, rel=1e-9)


def test_step_cost_is_the_expected_cost_of_its_definition():
    short = replace(SETTING, steps=2)
    for gradients, chance in zip(GRADIENTS.T, CHANCE, strict=True):
        belief = gradients[:, None], np.array([chance])
        computed = model.step_cost(short, *belief, np.array([-0.7]), 1)[0]
        assert computed == pytest.approx(
            planned_costs(short, gradients, chance, np.array([-0.7]), 1), rel=1e-12
        )


def test_foresight_is_the_best_step_where_all_is_known_from_the_next_gradient_on():
    step, gradients, chance = 1, GRADIENTS[:, :1], CHANCE[:1]

    def cost(control):
        total = control**2 / (2 * SETTING.price)
        for i, share in enumerate((chance[0], 1 - chance[0])):
            h = SETTING.curvatures[i]
            distance = gradients[i, 0] / h + control
            _, later = model.riccati(SETTING, h, step + 1)
            total += share * (SETTING.weight(step) * h + later) * distance**2 / 2
        return total

    found = minimize(lambda u: cost(u[0]), [0.0], tol=1e-12).x[0]
    computed = model.foreseeing(SETTING, gradients, chance, step)[0]
    assert computed == pytest.approx(found, abs=1e-6)


def test_belief_step_by_step_is_that_of_all_gradients_at_once():
    rng = np.random.default_rng(0)
    places, gradients = rng.normal(size=(2, 4, 3))
    places[0] = 0.0
    seen = learners.Run(costs=np.zeros(3), places=places, gradients=gradients)
    own, chance = learners.beliefs_along(SETTING, seen)
    logs, here = [], []
    covariance = SETTING.noise**2 * np.eye(4) + SETTING.spread**2
    for curvature in SETTING.curvatures:
        residuals = gradients - curvature * places  # -b + noise
        logs.append(-np.sum(residuals * np.linalg.solve(covariance, residuals), axis=0) / 2)
        offset = -(SETTING.spread**2) * np.linalg.solve(covariance, residuals).sum(0)
        here.append(curvature * places[-1] - offset)
    odds = SETTING.chance / (1 - SETTING.chance) * np.exp(logs[0] - logs[1])
    assert chance[-1] == pytest.approx(odds / (1 + odds), rel=1e-10)
    assert own[-1] == pytest.approx(np.array(here), rel=1e-10)


def test_brute_force_over_curvature_and_minimum_is_the_same_belief():
    rng = np.random.default_rng(1)
    places, gradients = rng.normal(size=(2, 3, 5))
    places[0] = 0.0
    seen = learners.Run(costs=np.zeros(5), places=places, gradients=gradients)
    own, chance = learners.beliefs_along(SETTING, seen)
    p, gradient = estimates.brute_force(SETTING, places, gradients)
    assert p == pytest.approx(chance[-1], abs=1e-9)
    assert gradient == pytest.approx(model.means(SETTING, own[-1], chance[-1])[0], abs=1e-9)


def test_normal_nodes_integrate_moments():
    places, weights = programs.normal_nodes(17)
    assert [weights @ places**k for k in (0, 1, 2, 4)] == pytest.approx([1, 0, 1, 3], abs=1e-5)


def test_best_control_finds_no_worse_than_a_fine_scan():
    accuracy = programs.Accuracy(rounds=4)
    short = replace(SETTING, steps=3)
    later = programs.values(short, accuracy)[1]
    control, cost = programs.best_control(short, accuracy, later, GRADIENTS, CHANCE, 0)
    tried = control[:, None] + np.linspace(-2, 2, 401)
    costs = programs.cost_of(
        short, accuracy, later, GRADIENTS[..., None], CHANCE[:, None], tried, 0
    )
    assert (cost <= costs.min(-1) + 1e-8).all()
    assert np.abs(tried[[0, 1], costs.argmin(-1)] - control).max() < 0.02


def test_value_of_the_optimum_is_below_that_of_every_policy():
    accuracy, short = programs.Accuracy(), replace(SETTING, steps=3)
    best = programs.values(short, accuracy)[0](GRADIENTS, CHANCE)
    for rule in (model.certainty_equivalent, model.foreseeing):

        def policy(gradients, chance, step, rule=rule):
            return rule(short, gradients, chance, step)

        assert (programs.policy_values(short, accuracy, policy)[0](GRADIENTS, CHANCE) > best).all()


def test_interpolated_value_is_even_and_exact_at_nodes():
    grid = Grid(means=7, differences=5, chances=5, reach=4.0, range=3.0)

    def value(gradients, chance):
        return 1 + gradients[0] ** 2 + gradients[0] * gradients[1] * chance + gradients[1] ** 2

    between = Interpolated(SETTING, grid, value, 1)
    means, differences, chances = (axis[1:-1] for axis in grid.nodes())
    a, d, p = (axis.ravel() for axis in np.meshgrid(means, differences, chances, indexing="ij"))
    gradients = np.stack([a + d / 2, a - d / 2])
    assert between(gradients, p) == pytest.approx(value(gradients, p), rel=1e-9)
    assert between(-gradients, p) == pytest.approx(between(gradients, p), rel=1e-9)


def test_adam_is_the_adam_of_the_policy_families():
    rng = np.random.default_rng(2)
    gradients = rng.normal(size=(4, 6))
    learner = learners.adam([0.3] * 4, 0.8, 0.9)
    family = AdamFamily(beta1=0.8, beta2=0.9, exponent=0.5, epsilon=1e-20)
    policy = Policy(family=family, coefficients={"learning_rate": 0.3}, horizon=4)
    memory, state = None, policy.init(6, 1)
    for step, observed in enumerate(gradients):
        control, memory = learner(step, observed, memory)
        theirs, state = policy.update(state, observed[:, None])
        assert control == pytest.approx(theirs[:, 0], rel=1e-9)


def test_run_charges_the_costs_of_its_definition():
    draws = learners.draw(SETTING, 64, 0)
    seen = learners.run(SETTING, learners.descent([0.3, 0.2, 0.1, 0.1]), draws)
    last = seen.places[-1] - 0.1 * seen.gradients[-1]
    path = np.concatenate([seen.places, last[None]])
    losses = draws.curvatures * (path[1:] - draws.offsets / draws.curvatures) ** 2 / 2
    weights = np.array([SETTING.weight(step) for step in range(4)])
    effort = (np.diff(path, axis=0) ** 2).sum(0) / (2 * SETTING.price)
    assert seen.costs == pytest.approx(effort + weights @ losses, rel=1e-12)
    noise = seen.gradients - draws.curvatures * seen.places + draws.offsets
    assert noise == pytest.approx(draws.noise.T, abs=1e-12)


def test_draws_have_the_moments_of_the_prior():
    draws = learners.draw(SETTING, 4096, 3)
    assert np.mean(draws.curvatures == SETTING.flat) == pytest.approx(SETTING.chance, abs=0.01)
    assert draws.offsets.std() == pytest.approx(SETTING.spread, rel=0.02)
    assert draws.noise.std(0) == pytest.approx(np.full(4, SETTING.noise), rel=0.02)


def test_best_function_explains_what_a_function_can():
    rng = np.random.default_rng(4)
    value = rng.normal(size=4096)
    curvatures = np.where(value > 0, 2.0, 1.0)
    assert estimates.explained(curvatures, curvatures) == 1
    assert estimates.explained(curvatures, estimates.best_function(curvatures, value)) > 0.9
    other = estimates.best_function(curvatures, rng.normal(size=4096))
    assert abs(estimates.explained(curvatures, other)) < 0.03


def test_adam_with_a_large_epsilon_is_averaged_gradients_and_with_a_small_one_adam():
    observed = np.random.default_rng(5).normal(size=8)
    rates = [0.3] * 4
    plain, _ = learners.average(rates, 0.7)(0, observed, None)
    large, _ = learners.adam_with_epsilon(rates, 1e9, 0.7, 0.9)(0, observed, None)
    assert large == pytest.approx(plain, rel=1e-7)
    small, _ = learners.adam_with_epsilon(rates, 1e-9, 0.7, 0.9)(0, observed, None)
    adam, _ = learners.adam(rates, 0.7, 0.9)(0, observed, None)
    assert small / 1e-9 == pytest.approx(adam, rel=1e-7)


def test_gain_on_squares_is_its_formula():
    observed = np.array([0.5, -2.0])
    learner = learners.gain_on_squares(SETTING, 0.6, 0.4, 0.7, 0.9)
    curvature = 0.6 * observed**2
    rate = np.sqrt(0.4**2 / 4 + SETTING.price * curvature) - 0.4 / 2
    assert learner(0, observed, None)[0] == pytest.approx(-rate * observed / curvature, rel=1e-12)


def test_odds_of_a_vague_prior_are_those_of_the_slope():
    rng = np.random.default_rng(6)
    places, gradients = rng.normal(size=(2, 3, 5))
    vague = replace(SETTING, spread=1e5)
    seen = learners.Run(costs=np.zeros(5), places=places, gradients=gradients)
    places[0] = 0.0
    _, chance = learners.beliefs_along(vague, seen)
    odds = estimates.slope_odds(vague, places, gradients)
    assert np.log(chance[-1] / (1 - chance[-1])) == pytest.approx(odds, abs=1e-6)
