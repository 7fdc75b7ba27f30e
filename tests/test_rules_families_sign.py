"""Sign descent, Lion, weight decay and held coefficients are their papers' rules."""

import math

import numpy as np
import pytest
from policy_runs import gradients, moves

from landscape_control.model.landscape import LandscapeDistribution, OrnsteinUhlenbeck, Uniform
from landscape_control.model.objective import Objective
from landscape_control.policies import (
    AdamFamily,
    Fixed,
    GradientDescent,
    HeavyBall,
    Lion,
    Nesterov,
    Policy,
    PolicyProgram,
    SignDescent,
    WeightDecay,
)
from landscape_control.support.errors import ProblemError

SEEN, AT = gradients()


def lion(seen, alpha, beta1, beta2):
    """Algorithm 2 of Chen et al. 2023 without weight decay."""
    m, found = 0.0, []
    for g in seen:
        found.append(-alpha * np.sign(beta1 * m + (1 - beta1) * g))
        m = beta2 * m + (1 - beta2) * g
    return np.array(found)


def test_lion_is_its_papers_loop_where_averages_are_far_above_the_smoothing():
    values = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99}
    np.testing.assert_allclose(
        moves(Lion(smoothing=1e-9), values, SEEN), lion(SEEN, 0.1, 0.9, 0.99), rtol=1e-9
    )


def test_signs_are_smooth_at_second_order_in_the_smoothing():
    gaps = [
        np.abs(
            moves(SignDescent(smoothing=smoothing), {"learning_rate": 1.0}, SEEN) + np.sign(SEEN)
        ).max()
        for smoothing in (1e-3, 1e-4)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.02)


def test_sign_descent_drops_the_scale_of_gradients():
    """As smoothing → 0; gradient descent does not."""
    family, values = SignDescent(smoothing=1e-9), {"learning_rate": 0.1}
    np.testing.assert_allclose(
        moves(family, values, 100 * SEEN), moves(family, values, SEEN), rtol=1e-9
    )
    far = SignDescent(smoothing=1e9)
    found = moves(far, {"learning_rate": 0.1e9}, SEEN)
    np.testing.assert_allclose(
        found, moves(GradientDescent(constant=True), values, SEEN), rtol=1e-9
    )


def test_sign_descent_is_a_point_of_the_adam_family():
    family = AdamFamily(exponent=0.5, beta1=0.0, beta2=0.0, epsilon=0.3**2)
    np.testing.assert_allclose(
        moves(SignDescent(smoothing=0.3), {"learning_rate": 0.1}, SEEN),
        moves(family, {"learning_rate": 0.1}, SEEN),
        rtol=1e-12,
    )


def test_lion_without_average_is_sign_descent_and_with_one_average_signum():
    family, values = Lion(smoothing=0.1), {"learning_rate": 0.1, "beta2": 0.9}
    np.testing.assert_allclose(
        moves(family, {**values, "beta1": 0.0}, SEEN),
        moves(SignDescent(smoothing=0.1), {"learning_rate": 0.1}, SEEN),
        rtol=1e-13,
    )
    averages = -moves(HeavyBall(constant=True), {"learning_rate": 0.1, "momentum": 0.9}, SEEN)
    np.testing.assert_allclose(
        moves(family, {**values, "beta1": 0.9}, SEEN),
        -0.1 * averages / np.hypot(averages, 0.1),
        rtol=1e-12,
    )


def test_lion_with_wide_smoothing_is_heavy_ball():
    found = moves(Lion(smoothing=1e9), {"learning_rate": 1e9, "beta1": 0.9, "beta2": 0.9}, SEEN)
    expected = moves(HeavyBall(constant=True), {"learning_rate": 0.1, "momentum": 0.9}, SEEN)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "inner",
    [HeavyBall(constant=True), Nesterov(constant=True), AdamFamily(beta1=0.5, epsilon=1e-8)],
)
def test_decoupled_decay_adds_to_the_update_and_leaves_the_state_alone(inner):
    values = {one.name: 0.5 for one in inner.coefficients}
    found = moves(WeightDecay(family=inner), {**values, "decay": 0.03}, SEEN, AT)
    np.testing.assert_allclose(
        found, moves(inner, values, SEEN) - 0.03 * AT, rtol=1e-12, atol=1e-14
    )


def test_decay_inside_momentum_is_decoupled_decay_with_other_coefficients():
    """Δθ_t = β(1-w)Δθ_{t-1} - αy_t - w(1-β)θ_t after the first step, on a walk of the rule itself."""
    alpha, beta, decay, rng = 0.3, 0.8, 0.05, np.random.default_rng(4)
    policy = Policy(
        family=WeightDecay(family=HeavyBall(constant=True)),
        horizon=30,
        coefficients={"learning_rate": alpha, "momentum": beta, "decay": decay},
    )
    state, theta, last = policy.init(1, 1), np.ones((1, 1)), None
    for _ in range(30):
        y = 0.5 * theta + rng.normal()
        move, state = policy.update(state, y, theta)
        if last is not None:
            inside = beta * (1 - decay) * last - alpha * y - decay * (1 - beta) * theta
            np.testing.assert_allclose(move, inside, rtol=1e-10, atol=1e-13)
        theta, last = theta + move, move


def test_decay_without_parameters_is_refused():
    policy = Policy(
        family=WeightDecay(family=GradientDescent(constant=True)),
        horizon=3,
        coefficients={"learning_rate": 0.1, "decay": 0.1},
    )
    with pytest.raises(
        ProblemError,
        match="theta: expected the parameters, which gradient descent with weight decay reads",
    ):
        policy(np.ones((3, 1)))


def test_decay_may_not_be_told_where_the_minimum_is():
    """Every minimum at 0, movement free: the best decay is 1, whatever the gradients say."""
    task = {"curvatures": Uniform(0.05, 1.0), "start_variance": 1.0}
    family, free = (
        WeightDecay(family=HeavyBall(constant=True)),
        Objective(horizon=5, learning_rate=math.inf),
    )
    with pytest.raises(
        ProblemError,
        match="expected a hidden minimum, or a price of movement, where the rule reads θ",
    ):
        PolicyProgram(task=LandscapeDistribution.quadratic(**task), family=family, objective=free)
    moving = OrnsteinUhlenbeck([0.0], 0.1, [[1.0]])
    PolicyProgram(
        task=LandscapeDistribution.quadratic(**task, minimum=moving), family=family, objective=free
    )
    PolicyProgram(
        task=LandscapeDistribution.quadratic(**task), family=family, objective=Objective(horizon=5)
    )


def test_decay_and_momentum_can_be_exchanged_from_a_start_at_zero():
    """(β, w) and (1-w, 1-β) walk the same path; from elsewhere they differ in the first step."""
    for start, same in ((0.0, True), (1.0, False)):
        paths = []
        for beta, decay in ((0.8, 0.05), (0.95, 0.2)):
            policy = Policy(
                family=WeightDecay(family=HeavyBall(constant=True)),
                horizon=30,
                coefficients={"learning_rate": 0.3, "momentum": beta, "decay": decay},
            )
            (state, theta), rng, path = (
                (policy.init(1, 1), np.full((1, 1), start)),
                np.random.default_rng(4),
                [],
            )
            for _ in range(30):
                move, state = policy.update(state, 0.5 * theta + rng.normal(), theta)
                theta = theta + move
                path.append(theta[0, 0])
            paths.append(path)
        assert np.allclose(*paths, rtol=1e-10, atol=1e-12) == same


def test_held_coefficients_are_no_variables():
    family = Fixed(family=HeavyBall(constant=False), values={"momentum": 0.9})
    assert [one.name for one in family.coefficients] == ["learning_rate"]
    assert family == Fixed(family=HeavyBall(constant=False), values=(("momentum", 0.9),))
    assert hash(family) == hash(Fixed(family=HeavyBall(constant=False), values={"momentum": 0.9}))
    expected = moves(HeavyBall(constant=False), {"learning_rate": 0.1, "momentum": 0.9}, SEEN)
    np.testing.assert_array_equal(moves(family, {"learning_rate": 0.1}, SEEN), expected)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SignDescent(smoothing=0.0), "smoothing: expected a number > 0"),
        (lambda: Lion(smoothing=-1.0), "smoothing: expected a number > 0"),
        (lambda: WeightDecay(family="adam"), "family: expected a Family; received str"),
        (
            lambda: WeightDecay(family=WeightDecay(family=GradientDescent(constant=True))),
            "wrap it once only",
        ),
        (
            lambda: Fixed(family=HeavyBall(constant=True), values={"momentun": 0.9}),
            "did you mean 'momentum'",
        ),
        (
            lambda: Fixed(family=HeavyBall(constant=True), values={"momentum": 1.5}),
            "fixed momentum: .* received 1.5",
        ),
    ],
)
def test_what_cannot_be_a_family_is_refused(build, message):
    with pytest.raises(ProblemError, match=message):
        build()
