"""Planned policies act in the simulation as the learners they are points of, and cost what their
moments say.
"""

import math

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.policies import AdamFamily, GradientDescent, HeavyBall, Policy, WeightDecay
from landscape_control.simulation import Adam, PolicyLearner, best_coefficients, simulate
from landscape_control.simulation import HeavyBall as SimulatedHeavyBall
from landscape_control.simulation import WeightDecay as SimulatedWeightDecay
from landscape_control.support.errors import ProblemError

CURVATURE, NOISE, STEPS = 0.5, 0.3, 20


def bowl(learning_rate=1.0):
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[CURVATURE]], minimum=[0.0]),
        start=[1.0],
        learner=lc.Learner(sees=lc.NoisyGradient(NOISE)),
        objective=lc.Objective(horizon=STEPS, discount=0.0, learning_rate=learning_rate),
    )


def planned(family, **coefficients):
    return Policy(family=family, coefficients=coefficients, horizon=STEPS)


@pytest.mark.parametrize(
    ("policy", "learner"),
    [
        (
            planned(HeavyBall(constant=True), learning_rate=0.3, momentum=0.6),
            SimulatedHeavyBall(learning_rate=0.3, momentum=0.6),
        ),
        (
            planned(
                AdamFamily(exponent=0.5, epsilon=1e-16), learning_rate=0.1, beta1=0.9, beta2=0.99
            ),
            Adam(learning_rate=0.1, beta1=0.9, beta2=0.99, epsilon=1e-8),
        ),
    ],
)
def test_policy_and_learner_walk_the_same_paths(policy, learner):
    """At unit steps, on the same noise; Adam up to where ε stands."""
    walked, expected = (
        simulate(bowl(), one, episodes=8, seed=3, step=1.0, keep_paths=True).paths.parameters
        for one in (policy, learner)
    )
    np.testing.assert_allclose(walked, expected, rtol=0, atol=1e-6)


def test_policy_costs_what_its_second_moments_say():
    """Gradient descent on one noisy mode: m ← (1-αh)²m + α²σ²; the simulation pays by trapezium and
    prices the effort.
    """
    rate, moments, effort = 0.4, [1.0], 0.0
    for _ in range(STEPS):
        effort += 0.5 * rate**2 * (CURVATURE**2 * moments[-1] + NOISE**2)
        moments.append((1 - rate * CURVATURE) ** 2 * moments[-1] + rate**2 * NOISE**2)
    losses = 0.5 * CURVATURE * np.array(moments)
    expected = losses.sum() - 0.5 * (losses[0] + losses[-1]) + effort
    found = simulate(
        bowl(),
        planned(GradientDescent(constant=True), learning_rate=rate),
        episodes=4000,
        seed=0,
        step=1.0,
    )
    assert abs(found.cost - expected) < 4 * found.standard_error
    assert found.standard_error < 0.02 * expected


def test_weight_decay_reads_the_parameters_in_the_simulation():
    found = simulate(
        bowl(),
        planned(WeightDecay(family=GradientDescent(constant=True)), learning_rate=0.0, decay=0.1),
        episodes=1,
        step=1.0,
        keep_paths=True,
    ).paths.parameters
    np.testing.assert_allclose(found.ravel(), 0.9 ** np.arange(STEPS + 1), rtol=1e-12)


def test_policy_can_be_tuned_where_its_coefficients_are_numbers():
    learner = PolicyLearner(
        policy=planned(HeavyBall(constant=True), learning_rate=0.05, momentum=0.0)
    )
    tuned = best_coefficients(
        bowl(), learner, episodes=50, held_out_episodes=50, step=1.0, starts=1, most_evaluations=40
    )
    before = simulate(bowl(), learner, episodes=50, seed=0, step=1.0).cost
    assert tuned.training_cost < before
    assert set(tuned.coefficients) == {"learning_rate", "momentum"}
    assert math.isclose(
        tuned.learner.policy.coefficients["momentum"], tuned.coefficients["momentum"]
    )


def test_policy_with_one_number_per_step_offers_none_to_tune():
    learner = PolicyLearner(policy=planned(GradientDescent(constant=False), learning_rate=0.1))
    assert learner.coefficients == {}
    with pytest.raises(ProblemError, match="free: expected at least one coefficient to tune"):
        best_coefficients(bowl(), learner)


def test_policy_ends_with_its_horizon_in_the_simulation_too():
    learner = PolicyLearner(
        policy=planned(GradientDescent(constant=False), learning_rate=0.1), step=0.5
    )
    with pytest.raises(ProblemError, match="expected at most the 20 steps it was planned for"):
        simulate(bowl(), learner, episodes=2)


def test_policy_is_simulated_with_its_own_step():
    """As the same recursion in a loop; a rule run with other steps is another rule, and has to be
    asked for.
    """
    policy = planned(GradientDescent(constant=True), learning_rate=0.4)
    rollout = simulate(bowl(), policy, episodes=4, seed=2, keep_paths=True)
    assert rollout.step == 1.0
    theta = np.ones((4, 1))
    for seen in rollout.paths.observations.swapaxes(0, 1):
        theta = theta - 0.4 * seen
    np.testing.assert_allclose(rollout.final, theta, rtol=1e-12)
    for step in (0.5, 0.009):
        with pytest.raises(ProblemError, match="step: expected 1, the policy's own step"):
            simulate(bowl(), policy, episodes=2, step=step)
    knowingly = simulate(bowl(), PolicyLearner(policy=policy, step=0.5), episodes=2)
    assert knowingly.step == 0.5
    with pytest.raises(ProblemError, match="a whole number of the policy's own steps of 1"):
        simulate(bowl().changed(horizon=4.5), policy, episodes=2)


def test_wrapped_policies_and_results_keep_their_step():
    policy = planned(GradientDescent(constant=True), learning_rate=0.4)
    plain = simulate(bowl(), policy, episodes=4, seed=2)
    wrapped = simulate(
        bowl(),
        SimulatedWeightDecay(learner=PolicyLearner(policy=policy), decay=0.0),
        episodes=4,
        seed=2,
    )
    np.testing.assert_allclose(wrapped.costs, plain.costs, rtol=1e-12)

    class Result:
        pass

    result = Result()
    result.policy = policy
    np.testing.assert_array_equal(simulate(bowl(), result, episodes=4, seed=2).costs, plain.costs)


def test_learner_of_no_policy_is_refused():
    with pytest.raises(ProblemError, match="policy: expected a Policy; received HeavyBall"):
        PolicyLearner(policy=HeavyBall(constant=True))


def test_a_policy_that_writes_into_what_it_is_given_moves_nothing_but_by_its_control():
    def written(theta, belief, time):
        theta *= -0.5
        return theta

    plain = lc.simulate(bowl(), lambda theta, belief, time: -0.5 * theta, episodes=4, step=0.1)
    again = lc.simulate(bowl(), written, episodes=4, step=0.1)
    np.testing.assert_array_equal(again.costs, plain.costs)


def test_a_pair_that_writes_into_what_it_is_given_is_identified_by_what_it_was_given():
    def update(state, gradient, theta, step):
        gradient *= -0.3
        return gradient, state

    found = lc.identify((lambda episodes, weights: (), update), rules=["sgd"]).best
    assert found.coefficients["learning_rate"] == pytest.approx(0.3, rel=1e-9)
    assert found.error < 1e-9
