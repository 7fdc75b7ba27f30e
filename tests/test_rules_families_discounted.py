"""The gain on top of a belief that forgets by factors: its formula, its limits, what it refuses, and
that it is run, simulated, optimised and recognised.
"""

import math

import numpy as np
import pytest
from landscape_control.belief import DiscountedModel

import landscape_control as lc
from landscape_control import simulation
from landscape_control.identification import Excitation
from landscape_control.identification.maps import Conclusion
from landscape_control.policies import DiscountedBayes, GradientDescent, Policy
from landscape_control.rules import CausalRule
from landscape_control.rules.families.modes import unstable_rate
from landscape_control.rules.gain import relaxation_rate

SEEN = np.random.default_rng(4).normal(size=(30, 2)) * [1.0, 20.0]  # (T, n)
VALUES = {"learning_rate": 0.3, "beta1": 0.8, "beta2": 0.95}


def walked(family, seen=SEEN, **changes):
    """Updates (T, n) of the family."""
    policy = Policy(family=family, coefficients=VALUES | changes, horizon=len(seen))
    state, moves = policy.init(1, seen.shape[1]), []
    for gradient in seen:
        move, state = policy.update(state, gradient[None])
        moves.append(move[0])
    return np.array(moves)


def textbook_adam(seen=SEEN, learning_rate=0.3, beta1=0.8, beta2=0.95):
    """Kingma & Ba 2015, Algorithm 1, with ε = 0."""
    first, second, moves = 0.0, 0.0, []
    for t, gradient in enumerate(seen, start=1):
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        mean, square = first / (1 - beta1**t), second / (1 - beta2**t)
        moves.append(-learning_rate * mean / np.sqrt(square))
    return np.array(moves)


def test_the_unstable_rate_is_the_other_root_of_a_modes_equation():
    for discount, stiffness in ((0.0, 2.0), (1.5, 0.3), (30.0, 1e-3)):
        roots = np.roots([1.0, -discount, -stiffness])
        assert unstable_rate(stiffness, discount) == pytest.approx(roots.max(), rel=1e-12)
        objective = lc.Objective(horizon=math.inf, discount=discount)
        assert relaxation_rate(stiffness, objective) == pytest.approx(-roots.min(), rel=1e-7)


@pytest.mark.parametrize("scale", [1.0, 0.05, 40.0])
def test_the_step_is_the_gain_of_the_believed_quadratic(scale):
    """-[√(γ²/4 + ηkV) - γ/2] V⁻¹ m, by the model's own recursion and the definition as it stands."""
    beliefs = DiscountedModel(mean_discount=0.8, scale_discount=0.95).after(SEEN)
    drive, discount = scale * VALUES["learning_rate"] ** 2, 0.7  # ηk, γ
    wanted = []
    for belief in beliefs:
        curvature = scale * belief.square
        rate = np.sqrt(discount**2 / 4 + drive * curvature) - discount / 2
        wanted.append(-rate / curvature * belief.mean)
    found = walked(DiscountedBayes(discount=discount, curvature_scale=scale))
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_without_discount_it_is_adam_whatever_the_curvature_scale(scale):
    found = walked(DiscountedBayes(discount=0.0, curvature_scale=scale))
    np.testing.assert_allclose(found, textbook_adam(), rtol=1e-12)


def test_it_parts_from_adam_in_proportion_to_the_discount():
    """By the share γ/(2√(ηkV)), entry by entry."""
    squares = [
        belief.square
        for belief in DiscountedModel(mean_discount=0.8, scale_discount=0.95).after(SEEN)
    ]
    adam = textbook_adam()
    for discount in (1e-3, 1e-5):
        share = 1 - walked(DiscountedBayes(discount=discount)) / adam
        leading = discount / 2 / np.sqrt(0.3**2 * np.array(squares))
        np.testing.assert_allclose(share, leading, rtol=3 * leading.max() + 1e-10 / discount)


def test_for_large_discounts_it_is_momentum_descent():
    """-(ηk/γ) m̂, from which it parts by the share ηkV/γ²."""
    beliefs = DiscountedModel(mean_discount=0.8, scale_discount=0.95).after(SEEN)
    means, squares = (
        np.array([getattr(belief, name) for belief in beliefs]) for name in ("mean", "square")
    )
    discount, drive = 1e3, 0.3**2
    share = 1 + walked(DiscountedBayes(discount=discount)) * discount / drive / means
    np.testing.assert_allclose(share, drive * squares / discount**2, rtol=1e-3, atol=1e-12)


def test_only_the_learning_rate_and_discount_over_scale_matter():
    one = walked(DiscountedBayes(discount=0.6, curvature_scale=0.2))
    np.testing.assert_allclose(one, walked(DiscountedBayes(discount=3.0)), rtol=1e-12)


def test_a_discount_that_is_a_coefficient_acts_as_one_that_is_set():
    free = DiscountedBayes(discount=None)
    assert [each.name for each in free.coefficients] == [*VALUES, "discount"]
    np.testing.assert_array_equal(walked(free, discount=0.4), walked(DiscountedBayes(discount=0.4)))


def test_it_is_proportional_to_the_learning_rate_without_discount_only():
    assert DiscountedBayes().proportional == ("learning_rate",)
    assert DiscountedBayes(discount=0.1).proportional == ()
    assert DiscountedBayes(discount=None).proportional == ()


@pytest.mark.parametrize("discount", [0.0, 0.5])
def test_a_learning_rate_of_zero_moves_nothing(discount):
    found = walked(DiscountedBayes(discount=discount), learning_rate=0.0)
    np.testing.assert_array_equal(found, np.zeros_like(SEEN))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"discount": -0.1}, "discount"),
        ({"curvature_scale": 0.0}, "curvature_scale"),
        ({"start_shape": -1.0}, "start_shape"),
    ],
)
def test_settings_that_are_no_belief_are_refused(settings, named):
    with pytest.raises(lc.ProblemError, match=named):
        DiscountedBayes(**settings)
    if "start_shape" not in settings:
        with pytest.raises(lc.ProblemError, match=named):
            simulation.DiscountedBayes(learning_rate=0.1, **{"discount": 0.0} | settings)


def test_coefficients_that_are_none_or_missing_are_refused():
    with pytest.raises(lc.ProblemError, match="discount"):
        walked(DiscountedBayes(discount=0.5), discount=0.5)
    with pytest.raises(lc.ProblemError, match="discount"):
        walked(DiscountedBayes(discount=None))
    with pytest.raises(lc.ProblemError, match="beta2"):
        simulation.DiscountedBayes(learning_rate=0.1, discount=0.0, beta2=1.5)


def test_the_learner_of_the_simulation_is_the_family():
    """Its γ is that of a unit of time: the rate u does not depend on the step."""
    learner = simulation.DiscountedBayes(
        learning_rate=0.3, beta1=0.8, beta2=0.95, discount=0.7, curvature_scale=0.2
    )
    state, rates = learner.init(1, 2), []
    for gradient in SEEN:
        rate, state = learner.update(state, gradient[None], np.zeros((1, 2)), 0.05)
        rates.append(rate[0])
    wanted = walked(DiscountedBayes(discount=0.7, curvature_scale=0.2))
    np.testing.assert_allclose(rates, wanted, rtol=1e-13)
    assert learner.with_coefficients({"beta2": 0.5}).rule == learner.rule


def test_it_is_recognised_with_its_discount():
    rule = CausalRule(family=DiscountedBayes(discount=None), contains=frozenset({"adam"}))
    numbers = VALUES | {"discount": 0.4}
    histories = lc.rollout(rule, numbers, excitation=Excitation(histories=21, steps=30))
    verdict = lc.identify(histories, [rule, "adam", "sgd", "corrected momentum"], resamples=20)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "discounted_bayes")
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-6)


@pytest.mark.slow
def test_a_free_discount_is_optimised_and_costs_no_more_than_what_it_contains():
    """Between Adam, γ = 0, and gradient descent with momentum, γ → ∞."""
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete([0.2, 1.0]), start_variance=1.0
    )
    objective = lc.Objective(horizon=6, learning_rate=math.inf)

    def cost(family):
        found = lc.optimize_policy(
            task, family, objective, sees=lc.NoisyGradient(0.3), cost="terminal", starts=2
        )
        return found.cost

    free = cost(DiscountedBayes(discount=None))
    assert free <= cost(DiscountedBayes()) * (1 + 1e-6)
    assert free <= cost(GradientDescent(constant=True)) * 1.01
