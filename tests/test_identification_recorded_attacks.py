"""Recordings that were once named wrongly: in mid-run, in extreme units, with frozen weights, ..."""

import numpy as np
import pytest
from recorded_learning import named, recorded

import landscape_control as lc
from landscape_control import ProblemError, Recording
from landscape_control.identification.fitting import fit_causal_rule
from landscape_control.identification.maps import Conclusion
from landscape_control.identification.rule_on_histories import units_of

FEW = ["sgd", "heavy_ball", "nesterov", "clipped_sgd", "clipped_heavy_ball"]
SMOOTH = [rule for rule in (*lc.rules.causal(), *lc.rules.of_networks()) if rule.smooth]
# ε is fixed in units of its own, and a few have tests elsewhere that take long
OWN_UNITS = {"padam"}


def learned(rule, *, steps=80, weights=3, seed=1, curvatures=(0.3, 1.0, 2.0), rates=1.0):
    """(weights, gradients) of an optimizer written here, in its own loop on a noisy quadratic."""
    rng = np.random.default_rng(seed)
    h, place, state = np.array(curvatures), rng.normal(size=weights), {}
    path, seen = [place], []
    for step in range(1, steps + 1):
        y = h * place + rng.normal(size=weights)
        place = place + rates * rule(step, y, state)
        path.append(place)
        seen.append(y)
    return np.array(path), np.array(seen)


def ball(rate, beta, clip=np.inf):
    def rule(step, y, state):
        y = y * min(1.0, clip / np.linalg.norm(y))
        state["b"] = beta * state.get("b", 0.0) + y
        return -rate * state["b"]

    return rule


def adam(rate, beta1=0.9, beta2=0.95):
    def rule(step, y, state):
        state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * y
        state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * y**2
        corrected = state["m"] / (1 - beta1**step)
        return -rate * corrected / np.sqrt(state["v"] / (1 - beta2**step))

    return rule


# ---- runs in mid-course


def test_a_memory_from_before_is_no_clipping():
    """Heavy ball cut out of the middle, which a clip explained better than the rule itself."""
    weights, gradients = learned(ball(0.05, 0.9), steps=160, seed=7)
    verdict = named(Recording.from_arrays(weights[60:], gradients[60:], at_rest=False), FEW)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "heavy_ball")
    assert verdict.best.coefficients == pytest.approx(
        {"learning_rate": 0.05, "momentum": 0.9}, rel=1e-8
    )


def test_averages_and_ages_from_before_are_found():
    weights, gradients = learned(adam(0.02), steps=160, seed=7)
    cut = Recording.from_arrays(weights[60:], gradients[60:], at_rest=False)
    verdict = named(cut, ["sgd", "adam"])
    assert verdict.best.key == "adam"
    assert verdict.best.error < 1e-3
    assert verdict.best.coefficients["beta2"] == pytest.approx(0.95, abs=1e-3)


# ---- units


@pytest.mark.parametrize("rule", [r for r in SMOOTH if r.key not in OWN_UNITS], ids=lambda r: r.key)
def test_fits_do_not_depend_on_units(rule):
    """θ in units of 10⁻⁹ and y in units of 10⁶: the same numbers in those units, exactly."""
    rng = np.random.default_rng(3)
    gradients, places = rng.normal(size=(2, 30, 4))
    numbers = np.array(
        [
            float(each.draw(np.array(0.5))) * (2.0 if each.name in rule.family.norms else 1.0)
            for each in rule.coefficients
        ]
    )
    updates = rule.updates(numbers[None], gradients, places)[0]
    plain, scaled = (
        Recording.from_arrays(
            small * np.vstack([places[:1], places[:1] + np.cumsum(updates, axis=0)]),
            large * gradients,
        ).histories()
        for small, large in ((1.0, 1.0), (1e-9, 1e6))
    )
    fits = [fit_causal_rule(rule, seen, seen, seed=0, resamples=2) for seen in (plain, scaled)]
    sizes = [
        np.array([units_of(seen).of(each) for each in rule.coefficients])
        for seen in (plain, scaled)
    ]
    np.testing.assert_allclose(
        fits[1].coefficients / sizes[1], fits[0].coefficients / sizes[0], rtol=1e-5, atol=1e-7
    )
    assert fits[1].error == pytest.approx(fits[0].error, abs=1e-7)


def test_clipped_descent_in_tiny_steps_is_not_adam():
    weights, gradients = learned(ball(0.1, 0.0, clip=1.5))
    verdict = named(
        Recording.from_arrays(1e-6 * weights, 1e6 * gradients),
        ["sgd", "clipped_sgd", "adam", "clipped_adam"],
    )
    assert verdict.best.key == "clipped_sgd"
    assert verdict.best.coefficients == pytest.approx(
        {"learning_rate": 1e-13, "largest_norm": 1.5e6}, rel=1e-6
    )


# ---- weights of one recording


def test_the_order_of_runs_and_weights_changes_nothing():
    runs = [recorded("heavy_ball", steps=steps, weights=2, seed=steps) for steps in (20, 31, 40)]
    found = []
    for order in ((0, 1, 2), (2, 0, 1), (1, 0, 2)):
        turned = [tuple(array[:, ::-1] if order[0] else array for array in runs[i]) for i in order]
        weights, gradients = zip(*turned, strict=True)
        found.append(named((list(weights), list(gradients)), ["sgd", "heavy_ball"]))
    assert len({(each.conclusion, each.best.key) for each in found}) == 1
    for each in found[1:]:
        assert each.best.coefficients == found[0].best.coefficients
        assert each.weight_noise == found[0].weight_noise


def test_a_frozen_weight_is_left_out():
    weights, gradients = learned(ball(0.05, 0.8), rates=np.array([1.0, 0.0, 1.0]))
    verdict = named((weights, gradients), FEW)
    assert verdict.best.key == "heavy_ball"
    assert verdict.best.coefficients == pytest.approx(
        {"learning_rate": 0.05, "momentum": 0.8}, rel=1e-8
    )
    assert "as frozen: 1 (counted from 0: 1)" in str(verdict)


def test_adam_with_a_rate_of_each_weight():
    rates = np.array([1.0, 0.3, 0.05])
    verdict = named(learned(adam(0.03), rates=rates), ["sgd", "heavy_ball", "adam"])
    assert verdict.best.key == "adam"
    assert verdict.best.coefficients["beta2"] == pytest.approx(0.95, rel=1e-5)
    assert "0.03, 0.009, 0.0015" in str(verdict)


def test_a_norm_that_is_not_known_is_left_out():
    """One component missing: clipping by the norm of the other two would be another rule."""
    weights, gradients = learned(ball(0.05, 0.8, clip=1.5), steps=150)
    gradients[70, 1] = np.nan
    verdict = named((weights, gradients), FEW)
    assert verdict.best.key == "clipped_heavy_ball"
    assert verdict.best.coefficients["largest_norm"] == pytest.approx(1.5, rel=1e-6)
    assert "At 1 steps the norm of the gradient of all weights is unknown" in str(verdict)


def test_a_clip_below_every_norm_is_one_number():
    weights, gradients = learned(ball(0.1, 0.0, clip=1e-3))
    verdict = named((weights, gradients), ["sgd", "clipped_sgd"])
    assert "only the product α·c = 0.0001 is determined" in str(verdict)
    assert verdict.best.intervals["largest_norm"][0] == 0.0
    assert verdict.best.intervals["learning_rate"][1] == np.inf


# ---- what was found, and what to give


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_a_wrong_noise_is_said(factor):
    weights, gradients = recorded("heavy_ball", noise=0.02, steps=80, weights=3)
    given = Recording.from_arrays(weights, gradients, weight_noise=0.02 * factor)
    words = str(named(given))
    assert "do not have the noise that was given" in words
    assert "it is heavy ball" in words


def test_runs_in_mid_course_that_were_not_said_to_be():
    weights, gradients = learned(ball(0.05, 0.9), steps=160, seed=7)
    words = str(named((weights[60:], gradients[60:])))
    assert "say at_rest=False" in words


@pytest.mark.parametrize(("rows", "where"), [(1, "late"), (-1, "early")])
def test_gradients_in_another_row_are_said(rows, where):
    weights, gradients = recorded("heavy_ball", weights=3)
    shifted = np.roll(gradients, rows, axis=0)
    words = str(named((weights, shifted), ["sgd", "heavy_ball"]))
    assert f"stands one row too {where}" in words


def test_gradients_that_were_reset_are_refused():
    weights, gradients = recorded("sgd")
    with pytest.raises(ProblemError, match="zero_grad"):
        named((weights, 0 * gradients))


# ---- schedules


def test_a_schedule_is_in_the_headline_and_is_exported():
    course = 0.5 * (1 + np.cos(np.pi * np.arange(40) / 40))
    unit = ball(0.1, 0.8)
    weights, gradients = learned(
        lambda step, y, state: course[step - 1] * unit(step, y, state),
        steps=40,
        weights=6,
        curvatures=np.linspace(0.3, 2.0, 6),
    )
    verdict = named((weights, gradients), ["sgd", "heavy_ball"])
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.headline.startswith("heavy ball, α follows cosine from 0.1 to ")
    assert f"It is {verdict.headline}" in str(verdict)
    init, update = lc.export(verdict, to="numpy")
    place, state = weights[:1], init(1, weights[0].size)
    for seen in gradients:
        move, state = update(state, seen[None], place)
        place = place + move
    np.testing.assert_allclose(place[0], weights[-1], rtol=1e-5)


def test_what_rules_have_in_common_is_judged_under_noise_too():
    """Heavy ball, which was not asked for, is inside both of those that were."""
    weights, gradients = recorded("heavy_ball", noise=0.002, steps=40, weights=3)
    given = Recording.from_arrays(weights, gradients, weight_noise=0.002)
    verdict = named(given, ["dampened_momentum", "quasi_hyperbolic_momentum"])
    assert verdict.best.key in ("heavy_ball", "dampened_momentum", "quasi_hyperbolic_momentum")
    assert verdict.best.error < 0.05


def test_weights_alone_are_shown():
    weights, _ = recorded("sgd", weights=3)
    assert "60 steps, 3 weights" in repr(Recording.from_arrays(weights))
