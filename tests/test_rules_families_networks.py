"""AMSGrad, NAdam, RMSProp with momentum and clipped gradients beside loops written from their papers."""

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control import ProblemError, policies
from landscape_control.optimisation import exact_cost
from landscape_control.policies import AMSGrad, Clipped, Clock, NAdam, RMSPropMomentum

STEPS = 1000
RNG = np.random.default_rng(3)
# sizes that fall, so that a largest v is kept, and rise again
SIZES = 1 + 0.9 * np.sin(np.arange(STEPS) / 40)[:, None]
SEEN = SIZES * RNG.normal(size=(STEPS, 4))
ADAM = {"learning_rate": 0.02, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-3}


def walked(family, numbers, seen=SEEN):
    """(T, n) updates of the NumPy pair."""
    policy = lc.export(family, to="numpy", coefficients=numbers)
    state, moves = policy.init(1, seen.shape[1]), []
    for gradient in seen:
        move, state = policy.update(state, gradient[None])
        moves.append(move[0])
    return np.array(moves)


def amsgrad_by_hand(seen, *, corrected_first):
    rate, b1, b2, eps = ADAM.values()
    mean, square, largest, moves = np.zeros(4), np.zeros(4), np.zeros(4), []
    for t, y in enumerate(seen, start=1):
        mean, square = b1 * mean + (1 - b1) * y, b2 * square + (1 - b2) * y * y
        candidate = square / (1 - b2**t) if corrected_first else square
        largest = np.where(candidate > largest, candidate, largest)
        size = np.sqrt(largest if corrected_first else largest / (1 - b2**t))
        moves.append(-rate * mean / (1 - b1**t) / (size + eps))
    return np.array(moves)


@pytest.mark.parametrize("corrected_first", [False, True])
def test_amsgrad(corrected_first):
    found = walked(AMSGrad(corrected_first=corrected_first), ADAM)
    expected = amsgrad_by_hand(SEEN, corrected_first=corrected_first)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-15)
    adam = walked(policies.by_name("adam", epsilon=None, epsilon_outside=True), ADAM)
    assert np.abs(found - adam).max() > 0.1 * np.abs(adam).max()


@pytest.mark.parametrize("decay", [0.004, 30.0])
def test_nadam(decay):
    rate, b1, b2, eps = ADAM.values()
    mean, square, product, expected = np.zeros(4), np.zeros(4), 1.0, []
    for t, y in enumerate(SEEN, start=1):
        mu, ahead = (b1 * (1 - 0.5 * 0.96 ** (k * decay)) for k in (t, t + 1))
        product *= mu
        mean, square = b1 * mean + (1 - b1) * y, b2 * square + (1 - b2) * y * y
        size = np.sqrt(square / (1 - b2**t)) + eps
        direction = (1 - mu) * y / (1 - product) + ahead * mean / (1 - product * ahead)
        expected.append(-rate * direction / size)
    found = walked(NAdam(), ADAM | {"momentum_decay": decay})
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)


def test_rmsprop_with_momentum():
    square, buffer, expected = np.zeros(4), np.zeros(4), []
    for y in SEEN:
        square = 0.99 * square + 0.01 * y * y
        buffer = 0.8 * buffer + y / (np.sqrt(square) + 1e-3)
        expected.append(-0.02 * buffer)
    numbers = {"learning_rate": 0.02, "beta2": 0.99, "epsilon": 1e-3, "momentum": 0.8}
    np.testing.assert_allclose(walked(RMSPropMomentum(), numbers), expected, rtol=1e-11)


@pytest.mark.parametrize("guard", [0.0, 1e-2])
def test_clipping_couples_the_weights(guard):
    family = Clipped(family=policies.HeavyBall(constant=True), guard=guard)
    move, expected, clipped = np.zeros(4), [], 0
    for y in SEEN:
        share = min(1.0, 1.5 / (np.sqrt(y @ y) + guard))
        clipped += share < 1
        move = 0.7 * move - 0.1 * share * y
        expected.append(move)
    assert 0.2 * STEPS < clipped < 0.8 * STEPS
    numbers = {"learning_rate": 0.1, "momentum": 0.7, "largest_norm": 1.5}
    found = walked(family, numbers)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-15)
    alone = np.column_stack([walked(family, numbers, SEEN[:, [i]]) for i in range(4)])
    assert np.abs(alone - found).max() > 0.1 * np.abs(found).max()


def test_clipping_is_free_of_units():
    family = Clipped(family=policies.GradientDescent(constant=True))
    plain = walked(family, {"learning_rate": 0.1, "largest_norm": 1.5})
    scaled = walked(family, {"learning_rate": 1e-4, "largest_norm": 1500.0}, 1e3 * SEEN)
    np.testing.assert_allclose(scaled, plain, rtol=1e-12)


def test_clips_once_only():
    inner = Clipped(family=policies.HeavyBall(constant=True))
    with pytest.raises(ProblemError, match="clip once only"):
        Clipped(family=inner)


def test_a_gradient_of_zero_moves_nothing():
    numbers = {"learning_rate": 0.1, "largest_norm": 1.0}
    family = Clipped(family=policies.GradientDescent(constant=True))
    assert not walked(family, numbers, np.zeros((2, 3))).any()


def test_symbols_of_all_weights_are_clipped_together():
    """As in programs, whose steps take the gradient of all weights of a scenario as one vector."""
    family = Clipped(family=policies.HeavyBall(constant=True))
    numbers = {"learning_rate": 0.1, "momentum": 0.7, "largest_norm": 1.5}
    gradient, before = ca.SX.sym("y", 4), ca.SX.sym("s", 4)
    move, _ = family.step(numbers, (before,), gradient, ca.SX(4, 1), Clock(step=0, horizon=9))
    step = ca.Function("step", [before, gradient], [move])
    found, carried = [], np.zeros(4)
    for y in SEEN[:9]:
        carried = np.array(step(carried, y)).ravel()
        found.append(carried)
    np.testing.assert_allclose(found, walked(family, numbers)[:9], rtol=1e-12)


def test_clipping_is_optimised_as_any_rule():
    """With noise of one size it has nothing to win but costs no more than gradient descent."""
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0)
    free = lc.Objective(horizon=6.0, learning_rate=np.inf)
    sees = lc.NoisyGradient(0.3)
    plain = lc.optimize_policy(
        task, policies.GradientDescent(constant=True), free, sees=sees, starts=2
    )
    found = lc.optimize_policy(
        task,
        Clipped(family=policies.GradientDescent(constant=True)),
        free,
        sees=sees,
        starts=2,
        scenarios=200,
        most_scenarios=200,
        held_out=400,
    )
    exact = exact_cost(plain.policy, plain.program)
    assert abs(found.cost - exact) < 4 * found.standard_error
