"""Simpler families inside richer ones: what is declared to be the simpler rule does exactly what it
does.
"""

from dataclasses import replace

import numpy as np
import pytest

from landscape_control.policies import (
    AdamFamily,
    Cosine,
    FirstOrderSpan,
    Fixed,
    GatedPolicy,
    GradientDescent,
    HeavyBall,
    InverseTime,
    Lion,
    Nesterov,
    NeuralPolicy,
    Policy,
    Polynomial,
    Scheduled,
    ScheduledDescent,
    SignDescent,
    WeightDecay,
)
from landscape_control.rules.families.contained import narrowed

STEPS = 9
DESCENT, BALL = GradientDescent(constant=True), HeavyBall(constant=True)
ADAM = AdamFamily(epsilon=1e-8)
FACES = {  # richer family, its face, the simpler family and the names of its coefficients there
    "heavy ball": (BALL, "gradient descent", DESCENT),
    "heavy ball per step": (
        HeavyBall(constant=False),
        "gradient descent",
        GradientDescent(constant=False),
    ),
    "nesterov": (Nesterov(constant=True), "gradient descent", DESCENT),
    "span": (
        FirstOrderSpan(memory=3, constant=True),
        "first-order span with memory 2",
        FirstOrderSpan(memory=2, constant=True),
    ),
    "decay": (WeightDecay(family=BALL), "heavy ball", BALL),
    "decay and momentum": (WeightDecay(family=BALL), "gradient descent", DESCENT),
    "1/t": (ScheduledDescent(shape=InverseTime()), "gradient descent", DESCENT),
    "cosine": (Scheduled(family=BALL, shape=Cosine(final=None)), "heavy ball", BALL),
    "polynomial": (Scheduled(family=BALL, shape=Polynomial()), "gradient descent", DESCENT),
    "adam": (ADAM, "gradient descent", DESCENT),
    "adam held": (Fixed(family=ADAM, values={"exponent": 0.0}), "gradient descent", DESCENT),
    "lion": (Lion(smoothing=0.1), "sign descent", SignDescent(smoothing=0.1)),
}


def updates(family, coefficients, seed=0):
    """Δθ (T, E, n) of a rule on random gradients."""
    policy, rng = (
        Policy(family=family, coefficients=coefficients, horizon=STEPS),
        np.random.default_rng(seed),
    )
    state, moves = policy.init(4, 2), []
    for _ in range(STEPS):
        move, state = policy.update(state, rng.standard_normal((4, 2)), np.zeros((4, 2)))
        moves.append(move)
    return np.array(moves)


def drawn(family, seed=1):
    layout, rng = family.layout(STEPS), np.random.default_rng(seed)
    entries = np.concatenate(
        [one.draw(rng.random(layout.blocks(one) * one.size)) for one in family.coefficients]
    )
    return layout.split(entries)


@pytest.mark.parametrize("name", FACES)
def test_a_face_is_the_simpler_rule(name):
    family, place, simple = FACES[name]
    face = next(one for one in family.contained if one.name == place)
    values = {**drawn(family), **dict(face.held)}
    inner = {
        one.name: values["learning_rate" if one.name == "learning_rate" else one.name]
        for one in simple.coefficients
    }
    np.testing.assert_allclose(
        updates(family, values), updates(simple, inner), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("hidden", [1, 2, 3])
@pytest.mark.parametrize("kind", [NeuralPolicy, GatedPolicy])
@pytest.mark.parametrize("seed", [None, 3])
def test_a_network_does_what_one_with_a_unit_less_does(kind, hidden, seed):
    clocks = ({"sees_clock": True}, {"sees_clock": False}) if kind is GatedPolicy else ({},)
    for clock in clocks:
        small = kind(hidden=hidden, gradient_scale=0.3, **clock)
        large = replace(small, hidden=hidden + 1)
        values = {
            "learning_rate": 0.2,
            "momentum": 0.5,
            "weights": np.random.default_rng(0).uniform(-1, 1, small.weights),
        }
        wide = large.widen(values, seed=seed)
        np.testing.assert_array_equal(updates(large, wide), updates(small, values))
        # the new unit can be improved from there
        assert seed is None or np.count_nonzero(wide["weights"]) > small.weights


@pytest.mark.parametrize(
    "family",
    [
        HeavyBall(constant=False),
        FirstOrderSpan(memory=2, constant=False),
        WeightDecay(family=Nesterov(constant=False)),
        GatedPolicy(hidden=2, gradient_scale=0.3, sees_clock=True),
        WeightDecay(family=NeuralPolicy(hidden=2, gradient_scale=0.3)),
    ],
)
def test_what_is_no_face_is_embedded_exactly(family):
    others = [one for one in family.contained if not one.is_face]
    assert others
    for one in others:
        values = drawn(one.family)
        np.testing.assert_allclose(
            updates(family, one.embed(values)), updates(one.family, values), rtol=1e-12, atol=1e-15
        )
        assert set(one.embed(values, seed=2)) == {each.name for each in family.coefficients}


def test_faces_outside_the_ranges_are_left_out():
    layout, face = BALL.layout(STEPS), BALL.contained[0]
    bounds = layout.bounds
    np.testing.assert_array_equal(narrowed(face, bounds, layout)[1], [0.0, 0.0])
    bounds[1] = [0.2, 0.9]
    assert narrowed(face, bounds, layout) is None
    bounds[1] = [0.0, 0.0]
    assert narrowed(face, bounds, layout) is None  # it is there already


def test_every_face_names_coefficients_of_its_family_once():
    for family, _, _ in FACES.values():
        places = [tuple(sorted(one.held)) for one in family.contained if one.is_face]
        assert len(set(places)) == len(places)
        names = {one.name for one in family.coefficients}
        assert all(name in names for place in places for name, _ in place)
