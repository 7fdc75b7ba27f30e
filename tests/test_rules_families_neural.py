"""Recurrent rules: written out by hand, odd in the gradients, and heavy ball where the readout is
silent.
"""

import numpy as np
import pytest
from policy_runs import HORIZON, drawn, gradients, moves

from landscape_control.policies import GatedPolicy, GradientDescent, HeavyBall, NeuralPolicy
from landscape_control.support.errors import ProblemError

SEEN, _ = gradients()
FAMILIES = [
    NeuralPolicy(hidden=3, gradient_scale=0.5),
    GatedPolicy(hidden=2, gradient_scale=0.5, sees_clock=True),
    GatedPolicy(hidden=2, gradient_scale=0.5, sees_clock=False),
]


def elman(seen, alpha, beta, weights, hidden, scale):
    """The network with matrices, one coordinate at a time."""
    inner = np.reshape(weights[: hidden * (hidden + 2)], (hidden, hidden + 2))
    found = np.empty_like(seen)
    for i in range(seen.shape[1]):
        last, z = 0.0, np.zeros(hidden)
        for t, y in enumerate(seen[:, i]):
            z = np.tanh(
                inner @ np.concatenate([[np.arcsinh(y / scale), y / np.hypot(y, scale)], z])
            )
            last = found[t, i] = beta * last - alpha * y - weights[hidden * (hidden + 2) :] @ z
    return found


def gated(seen, alpha, beta, weights, hidden, scale, clock):
    """The gated units with matrices, one coordinate at a time."""
    width = hidden + 3 + clock
    inner = np.reshape(weights[: 2 * hidden * width], (hidden, 2, width))
    out = np.reshape(weights[2 * hidden * width :], (2, hidden))
    found = np.empty_like(seen)
    for i in range(seen.shape[1]):
        last, before, z = 0.0, 0.0, np.zeros(hidden)
        for t, y in enumerate(seen[:, i]):
            a = np.arcsinh(y / scale)
            x = np.concatenate(
                [
                    [1, 0.5 * np.log(1 + (y / scale) ** 2), a * before / (1 + a**2 + before**2)],
                    z,
                    [2 * t / len(seen) - 1] * clock,
                ]
            )
            z = z + (np.tanh(inner[:, 1] @ x) - z) / (1 + np.exp(-inner[:, 0] @ x))
            rate = alpha * np.exp(4 * np.tanh(out[0] @ z / 4))
            last = found[t, i] = np.tanh(np.arctanh(beta) + out[1] @ z) * last - rate * y
            before = a
    return found


def test_neural_policy_is_an_elman_network_beside_heavy_ball():
    values = drawn(FAMILIES[0])
    expected = elman(SEEN, values["learning_rate"], values["momentum"], values["weights"], 3, 0.5)
    np.testing.assert_allclose(moves(FAMILIES[0], values, SEEN), expected, rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES[1:])
def test_gated_policy_is_heavy_ball_with_gated_coefficients(family):
    values = drawn(family)
    expected = gated(
        SEEN,
        values["learning_rate"],
        values["momentum"],
        values["weights"],
        2,
        0.5,
        family.sees_clock,
    )
    np.testing.assert_allclose(moves(family, values, SEEN), expected, rtol=1e-11)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [None, 0])
def test_silent_readout_is_heavy_ball_and_gradient_descent_exactly(family, seed):
    both = {"learning_rate": 0.3, "momentum": 0.8}
    np.testing.assert_array_equal(
        moves(family, family.embed(both, seed=seed), SEEN),
        moves(HeavyBall(constant=True), both, SEEN),
    )
    alone = {"learning_rate": 0.3}
    np.testing.assert_array_equal(
        moves(family, family.embed(alone, seed=seed), SEEN),
        moves(GradientDescent(constant=True), alone, SEEN),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_from_a_drawn_embedding_readouts_have_an_effect_and_from_zeros_none(family):
    """Why ``embed`` draws: at weights 0 the readout multiplies units that are all 0."""
    for seed, moved in ((0, True), (None, False)):
        values = family.embed({"learning_rate": 0.3, "momentum": 0.8}, seed=seed)
        before, weights = moves(family, values, SEEN), values["weights"].copy()
        weights[-family.readouts :] += 0.1
        assert (
            np.abs(moves(family, {**values, "weights": weights}, SEEN) - before).max() > 1e-3
        ) == moved


@pytest.mark.parametrize("family", FAMILIES)
def test_rules_have_no_preferred_direction(family):
    values = drawn(family)
    np.testing.assert_allclose(
        moves(family, values, -SEEN), -moves(family, values, SEEN), rtol=1e-12
    )


def test_gated_policy_with_a_clock_contains_learning_rates_that_change():
    """With the clock alone feeding one open unit, α_t = α exp(4 tanh(¼A tanh(c(2t/T - 1))))."""
    family = GatedPolicy(hidden=1, gradient_scale=1.0, sees_clock=True)
    weights = np.zeros(family.weights)
    weights[[0, 9, 10]] = 20.0, 2.0, -1.0  # gate open, candidate of the clock, A
    found = moves(family, {"learning_rate": 0.3, "momentum": 0.0, "weights": weights}, SEEN)
    unit = np.tanh(2.0 * (2 * np.arange(HORIZON) / HORIZON - 1))
    rates = 0.3 * np.exp(-4 * np.tanh(unit / 4))
    np.testing.assert_allclose(found, -rates[:, None] * SEEN, rtol=1e-7)


def test_gated_coefficients_stay_in_their_range_whatever_the_weights():
    """|β_t| < 1 and α_t within e⁴ of α: moves are at most a geometric sum of the largest gradients."""
    family, rng = FAMILIES[1], np.random.default_rng(6)
    for _ in range(20):
        weights = rng.uniform(-20, 20, family.weights)
        found = moves(family, {"learning_rate": 0.3, "momentum": 0.9, "weights": weights}, SEEN)
        assert (
            np.abs(found) <= 0.3 * np.exp(4) * np.cumsum(np.abs(SEEN), axis=0) * (1 + 1e-12)
        ).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: NeuralPolicy(hidden=0, gradient_scale=1.0), "hidden: expected an integer >= 1"),
        (
            lambda: NeuralPolicy(hidden=2, gradient_scale=0.0),
            "gradient_scale: expected a number > 0",
        ),
        (lambda: FAMILIES[0].embed({"momentun": 0.9}), "did you mean 'momentum'"),
    ],
)
def test_what_cannot_be_a_network_is_refused(build, message):
    with pytest.raises(ProblemError, match=message):
        build()
