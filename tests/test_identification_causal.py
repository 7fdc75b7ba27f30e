"""Causal policies: every rule of the library is recognised with its numbers, and nothing else is."""

import math
from dataclasses import replace

import numpy as np
import pytest
from standard import QUADRATICS

import landscape_control as lc
from landscape_control import ProblemError, policies, rules
from landscape_control.identification import (
    Excitation,
    Histories,
    fit_causal,
    identify,
    residual_shape,
    rollout,
    watch,
)
from landscape_control.identification.maps import Conclusion, Criteria
from landscape_control.identification.subjects import runner_for
from landscape_control.model.landscape import Discrete, Uniform
from landscape_control.optimisation import optimize_policy
from landscape_control.simulation import SGD, Adam, Ballistic, HeavyBall, RMSProp
from landscape_control.simulation.resets import ShrinkAndPerturb, WeightDecay

LIBRARY = {rule.key: rule for rule in rules.causal()}
# Any other rule is tried with the middle of the range of each of its coefficients.
NUMBERS = {
    rule.key: {each.name: float(each.draw(np.array(0.5))) for each in rule.coefficients}
    for rule in rules.causal()
} | {
    "sgd": {"learning_rate": 0.2},
    "sgd_weight_decay": {"learning_rate": 0.2, "decay": 0.05},
    "heavy_ball": {"learning_rate": 0.1, "momentum": 0.8},
    "nesterov": {"learning_rate": 0.1, "momentum": 0.8},
    "quasi_hyperbolic_momentum": {"learning_rate": 0.3, "momentum": 0.9, "share": 0.7},
    "corrected_momentum": {"learning_rate": 0.2, "momentum": 0.8},
    "heavy_ball_weight_decay": {"learning_rate": 0.1, "momentum": 0.8, "decay": 0.02},
    "heavy_ball_decoupled_decay": {"learning_rate": 0.1, "momentum": 0.8, "decay": 0.05},
    "adagrad": {"learning_rate": 0.5, "epsilon": 1e-8},
    "rmsprop": {"learning_rate": 0.02, "beta2": 0.99, "epsilon": 0.05},
    "ballistic_optimiser": {"learning_rate": 0.02, "beta2": 0.99, "epsilon": 1e-3},
    "adam": {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    "adam_uncorrected": {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-3},
    "padam": {"learning_rate": 0.1, "exponent": 0.25, "beta1": 0.9, "beta2": 0.99},
    "adamw": {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "decay": 0.02},
    "sign_descent": {"learning_rate": 0.03},
    "signum": {"learning_rate": 0.03, "momentum": 0.9},
    "lion": {"learning_rate": 0.03, "beta1": 0.9, "beta2": 0.99},
}
LINEAR = [
    "sgd",
    "sgd_weight_decay",
    "heavy_ball",
    "nesterov",
    "quasi_hyperbolic_momentum",
    "corrected_momentum",
    "heavy_ball_weight_decay",
]
SMALL = Excitation(histories=18, steps=30)


def named(subject, wanted=None, **options):
    """identify, where no interval is looked at."""
    return identify(subject, wanted, resamples=10, **options)


def inside(row, numbers):
    return all(
        row.intervals[name][0] <= value <= row.intervals[name][1] for name, value in numbers.items()
    )


# ---- round trips
# -----------------------------------------------------------------------------------------------------


def test_every_causal_rule_has_a_round_trip():
    assert set(NUMBERS) == set(LIBRARY)
    assert all(set(NUMBERS[key]) <= set(rule.names) for key, rule in LIBRARY.items())
    assert [rule.key for rule in rules.all()] == [
        rule.key for rule in (*rules.full_information(), *rules.causal())
    ]


@pytest.mark.parametrize("key", NUMBERS)
def test_a_rule_of_the_library_is_recognised_with_its_numbers(key):
    verdict = identify(
        rollout(key, NUMBERS[key], excitation=Excitation(histories=21, steps=30)), resamples=60
    )
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, key)
    assert verdict.best.error < 1e-7
    assert inside(verdict.best, NUMBERS[key])
    if LIBRARY[key].smooth:  # the numbers of a rule with signs are known to the width of a tie only
        assert verdict.best.coefficients == pytest.approx(NUMBERS[key], rel=1e-6, abs=1e-9)
        assert verdict.best.identifiable
    assert LIBRARY[key].source in str(verdict)


CONTAINED = [(rule.key, key) for rule in rules.causal() for key in sorted(rule.contains)]


@pytest.mark.parametrize(("key", "inner"), CONTAINED)
def test_a_rule_imitates_those_it_contains(key, inner):
    """Exactly, or in a limit that the admissible coefficients come close to; decay beside momentum
    after the first steps.
    """
    histories = rollout(inner, NUMBERS[inner], excitation=SMALL)
    if inner == "heavy_ball_weight_decay":
        histories = rollout(
            inner, {"learning_rate": 0.1, "momentum": 0.8, "decay": 0.005}, excitation=SMALL
        )
        histories = replace(histories, settle=27)
    assert named(histories, [key]).rows[0].error < 0.01


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("heavy_ball", {"learning_rate": 0.004, "momentum": 0.99}),
        ("heavy_ball", {"learning_rate": 0.5, "momentum": -0.4}),
        ("nesterov", {"learning_rate": 0.02, "momentum": 0.97}),
        ("corrected_momentum", {"learning_rate": 0.7, "momentum": 0.3}),
        ("adam", {"learning_rate": 0.3, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.05}),
        ("rmsprop", {"learning_rate": 0.3, "beta2": 0.5, "epsilon": 0.02}),
        ("padam", {"learning_rate": 0.1, "exponent": 0.8, "beta1": 0.2, "beta2": 0.7}),
    ],
)
def test_numbers_far_from_the_textbook_are_found_too(key, numbers):
    verdict = named(rollout(key, numbers, excitation=SMALL, seed=5), [key, "sgd", "sign_descent"])
    assert verdict.best.key == key
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-6)


@pytest.mark.parametrize(
    ("learner", "key", "numbers"),
    [
        (SGD(learning_rate=0.2), "sgd", NUMBERS["sgd"]),
        (HeavyBall(learning_rate=0.1, momentum=0.8), "heavy_ball", NUMBERS["heavy_ball"]),
        (Adam(learning_rate=0.05), "adam", NUMBERS["adam"]),
        (RMSProp(learning_rate=0.02, epsilon=0.05), "rmsprop", NUMBERS["rmsprop"]),
        (
            Ballistic(learning_rate=0.02, decay=0.99, epsilon=1e-3),
            "ballistic_optimiser",
            NUMBERS["ballistic_optimiser"],
        ),
        (
            WeightDecay(learner=HeavyBall(learning_rate=0.1, momentum=0.8), decay=0.3),
            "heavy_ball_weight_decay",
            {"learning_rate": 0.1, "momentum": 0.8, "decay": 0.03},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_raw_learners_are_named_with_their_coefficients(learner, key, numbers):
    verdict = named(learner, excitation=SMALL)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, key)
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-6, abs=1e-9)


def test_a_policy_its_pair_and_its_function_of_histories_are_one_subject():
    policy = policies.Policy(
        family=policies.HeavyBall(constant=True), coefficients=NUMBERS["heavy_ball"], horizon=10
    )
    seen = [
        named(subject, ["heavy_ball"], excitation=SMALL).best.coefficients
        for subject in (policy, (policy.init, policy.update), lambda history: policy(history))
    ]
    assert seen[0] == seen[1]
    assert seen[0] == pytest.approx(seen[2], rel=1e-12)


def test_the_step_of_a_raw_learner_enters_its_learning_rate_and_nothing_else():
    verdict = named(
        HeavyBall(learning_rate=0.2, momentum=0.8), ["heavy_ball"], step=0.5, excitation=SMALL
    )
    assert verdict.best.coefficients == pytest.approx({"learning_rate": 0.1, "momentum": 0.8})


def optimised(family, horizon, **options):
    return optimize_policy(
        QUADRATICS, family, lc.Objective(horizon=horizon, learning_rate=math.inf), **options
    )


def test_an_optimised_policy_is_recognised_with_its_coefficients():
    result = optimised(policies.HeavyBall(constant=True), 30, sees=lc.NoisyGradient(0.3))
    verdict = named(result, excitation=SMALL)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "heavy_ball")
    assert verdict.best.coefficients == pytest.approx(result.coefficients, rel=1e-6)
    assert str(verdict).startswith("A heavy ball policy optimised for T = 30")


def test_momentum_that_the_cost_never_felt_is_named_as_such():
    verdict = named(
        optimised(policies.HeavyBall(constant=True), 1, sees=lc.NoisyGradient(0.3)),
        ["heavy_ball", "sgd"],
    )
    assert "the cost does not depend on 1 of 2 directions: momentum alone" in str(verdict)


def test_an_optimal_schedule_is_no_constant_rule_and_read_off_step_by_step():
    result = optimised(policies.HeavyBall(constant=False), 6, cost="running")
    verdict = named(result)
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.residual[0][0] == "time"
    for name, symbol in (("learning_rate", "α"), ("momentum", "β")):
        np.testing.assert_allclose(
            getattr(verdict.schedule, name), result.coefficients[name], rtol=1e-9, atol=1e-12
        )
        assert f"{symbol} from" in str(verdict)


# ---- what is no rule
# -------------------------------------------------------------------------------------------------


def mixture(history):
    """The sum of a heavy ball and an Adam step."""
    parts = (Adam(learning_rate=0.05), HeavyBall(learning_rate=0.1, momentum=0.5))
    states = [part.init(len(history), history.shape[2]) for part in parts]
    for gradient in history.swapaxes(0, 1):
        moved = [
            part.update(state, gradient, None, 1.0)
            for part, state in zip(parts, states, strict=True)
        ]
        states = [state for _, state in moved]
    return sum(u for u, _ in moved)


def neural(history):
    """A random recurrent network."""
    rng = np.random.default_rng(3)
    inner, inward, outward = (
        0.8 * rng.normal(size=(6, 6)),
        2 * rng.normal(size=6),
        0.06 * rng.normal(size=6),
    )
    state = np.zeros((*history[:, 0].shape, 6))
    for gradient in history.swapaxes(0, 1):
        state = np.tanh(state @ inner.T + gradient[..., None] * inward)
    return -state @ outward


@pytest.mark.parametrize("policy", [mixture, neural])
def test_a_mixture_and_a_random_network_fit_no_rule(policy):
    verdict = named(policy, excitation=SMALL)
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.best is None
    assert verdict.schedule is None
    assert [row.error for row in verdict.rows] == sorted(row.error for row in verdict.rows)
    assert "No rule in the library fits" in str(verdict)


def test_the_threshold_decides_what_fits_and_the_rest_is_still_described():
    verdict = named(mixture, excitation=SMALL, criteria=Criteria(threshold=1.0))
    assert verdict.conclusion is Conclusion.RULE
    assert "What it leaves unexplained goes with" in str(verdict)


@pytest.mark.parametrize("family", [policies.GradientDescent, policies.HeavyBall])
def test_a_schedule_shows_as_time_in_the_residual(family):
    rates = {"learning_rate": 0.4 / (1 + np.arange(40) / 8), "momentum": 0.6}
    coefficients = {one.name: rates[one.name] for one in family(constant=False).coefficients}
    verdict = named(
        policies.Policy(family=family(constant=False), coefficients=coefficients, horizon=40),
        excitation=SMALL,
    )
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.residual[0][0] == "time"
    assert verdict.residual[0][1] > 0.9
    np.testing.assert_allclose(verdict.schedule.learning_rate, rates["learning_rate"], rtol=1e-9)
    assert "A schedule: heavy ball with α from 0.4 to" in str(verdict)


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (lambda y, theta: -0.05 * theta, "the parameters"),
        (lambda y, theta: -0.05 * np.sign(y), "the gradient's sign"),
        (lambda y, theta: -0.05 * y**3, "the gradient's cube"),
    ],
)
def test_the_residual_names_what_the_rule_lacks(extra, what):
    def update(state, gradient, theta, step):
        return -0.2 * gradient + extra(gradient, theta), state

    histories = watch(runner_for((lambda episodes, weights: None, update)), SMALL)
    shares = residual_shape(LIBRARY["sgd"], np.array([0.2]), histories)
    assert shares[0][0] == what
    assert shares[0][1] == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("key", "extra", "what"),
    [
        ("sgd_weight_decay", lambda y, theta: 0.05 * theta, "the parameters"),
        ("heavy_ball", lambda y, theta: -0.05 * theta, "the parameters"),
    ],
)
def test_a_fit_at_the_end_of_its_range_leaves_a_residual(key, extra, what):
    """What only an inadmissible coefficient could explain is not explained: weight growth is no
    weight decay.
    """

    def update(state, gradient, theta, step):
        return -0.2 * gradient + extra(gradient, theta), state

    verdict = named(
        (lambda episodes, weights: None, update),
        [key],
        excitation=SMALL,
        criteria=Criteria(threshold=1e-3),
    )
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert verdict.residual[0][0] == what
    assert verdict.residual[0][1] > 0.7
    assert bool(verdict.rows[0].at_bound) == (key == "sgd_weight_decay")


def test_a_step_of_fixed_length_is_sign_descent_for_one_weight_and_no_rule_for_two():
    def normalised(history):
        return -0.1 * history[:, -1] / np.linalg.norm(history[:, -1], axis=1, keepdims=True)

    assert named(normalised, excitation=replace(SMALL, weights=1)).best.key == "sign_descent"
    assert named(normalised, excitation=SMALL).conclusion is Conclusion.NONE_FITS


def test_momentum_beyond_a_rule_without_memory_shows_as_the_previous_update():
    verdict = named(
        HeavyBall(learning_rate=0.1, momentum=0.8), ["sgd", "adagrad"], excitation=SMALL
    )
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert {what for what, _ in verdict.residual[:2]} == {
        "the previous update",
        "the average of past gradients",
    }


# ---- what cannot be told apart
# ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "learner", [SGD(learning_rate=0.1), HeavyBall(learning_rate=0.1, momentum=0.5)]
)
def test_one_curvature_without_noise_identifies_nothing(learner):
    verdict = named(
        learner,
        excitation=Excitation(curvatures=Discrete([0.5]), noise=0.0, histories=18, steps=30),
    )
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert len(verdict.equivalent) > 1
    assert not any(verdict.row(key).identifiable for key in verdict.equivalent)
    assert "path of one curvature without noise" in str(verdict)
    assert "add noise on the gradients, or landscapes of several curvatures" in str(verdict)


@pytest.mark.parametrize("change", [{"noise": 0.1}, {"curvatures": Uniform(0.05, 1.0)}])
def test_noise_or_several_curvatures_resolve_it(change):
    excitation = replace(SMALL, **{"curvatures": Discrete([0.5]), "noise": 0.0, **change})
    verdict = named(HeavyBall(learning_rate=0.1, momentum=0.5), excitation=excitation)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "heavy_ball")
    assert verdict.best.coefficients == pytest.approx({"learning_rate": 0.1, "momentum": 0.5})


@pytest.mark.parametrize(
    ("learner", "key"),
    [
        (RMSProp(learning_rate=0.02), "rmsprop"),
        (Ballistic(learning_rate=0.02, decay=0.99, epsilon=1e-10), "ballistic_optimiser"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_place_of_an_epsilon_without_effect_is_not_told_but_by_a_finer_resolution(learner, key):
    """√v + ε and √(v + ε²) differ by 1e-6 of the updates here."""
    verdict = named(learner, excitation=SMALL)
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert {"rmsprop", "ballistic_optimiser"} <= set(verdict.equivalent)
    for other in ("rmsprop", "ballistic_optimiser"):
        coefficients = verdict.row(other).coefficients
        assert coefficients["learning_rate"] == pytest.approx(0.02, rel=1e-3)
        assert coefficients["beta2"] == pytest.approx(0.99, rel=1e-3)
    fine = named(learner, excitation=SMALL, criteria=Criteria(resolution=1e-8))
    assert (fine.conclusion, fine.best.key) == (Conclusion.RULE, key)


def test_without_momentum_the_richer_rules_are_equivalent_and_gradient_descent_is_named():
    verdict = named(SGD(learning_rate=0.2), excitation=SMALL)
    assert {"heavy_ball", "nesterov", "sgd_weight_decay"} <= set(verdict.best.equivalent_to)
    assert verdict.row("heavy_ball").coefficients["momentum"] == pytest.approx(0, abs=1e-9)
    assert verdict.runner_up.key not in verdict.best.equivalent_to
    assert "sgd" not in verdict.runner_up.rule.contains
    assert verdict.margin > 50


def test_decay_beside_and_inside_momentum_are_one_rule_in_the_loop_after_the_first_step():
    """θ_{t-1} = θ_t - Δθ_{t-1} turns decoupled (β, w) into (β(1-w), w(1-β))."""
    histories = rollout("heavy_ball_decoupled_decay", NUMBERS["heavy_ball_decoupled_decay"])
    late = Histories(
        gradients=histories.gradients,
        updates=histories.updates,
        parameters=histories.parameters,
        settle=50,
    )
    verdict = fit_causal(late, rules.causal())
    beta, decay = 0.8, 0.05
    assert verdict.best.key == "heavy_ball_weight_decay"
    assert verdict.best.coefficients["momentum"] == pytest.approx(beta * (1 - decay), rel=1e-3)
    assert verdict.best.coefficients["decay"] == pytest.approx(decay * (1 - beta), rel=1e-3)
    assert "one rule in two sets of numbers" in str(verdict)


# ---- errors, intervals, invariances
# ----------------------------------------------------------------------------------


def disturbed(count, size, seed=0):
    """Heavy ball whose updates carry independent noise."""
    clean = rollout(
        "heavy_ball",
        NUMBERS["heavy_ball"],
        excitation=Excitation(histories=count, steps=30),
        seed=seed,
    )
    noise = size * np.random.default_rng(seed).standard_normal(clean.updates.shape)
    return Histories(
        gradients=clean.gradients, updates=clean.updates + noise, parameters=clean.parameters
    )


@pytest.mark.slow
def test_the_error_on_held_out_histories_is_the_share_of_noise():
    histories = disturbed(90, 0.002)
    verdict = named(histories, ["heavy_ball", "sgd"])
    assert verdict.best.error == pytest.approx(
        0.002 / np.sqrt((histories.updates**2).mean()), rel=0.1
    )
    assert verdict.starts == 60


def test_intervals_hold_the_truth_nearly_always_and_shrink_with_the_root_of_the_histories():
    fits = [
        identify(disturbed(30, 0.02, seed), ["heavy_ball"], seed=seed).rows[0] for seed in range(40)
    ]
    for name, value in NUMBERS["heavy_ball"].items():
        held = sum(row.intervals[name][0] <= value <= row.intervals[name][1] for row in fits)
        assert held >= 32  # 95 % of 40 is 38; a bootstrap over 20 histories is a little narrow
    width = np.median([np.ptp(row.intervals["momentum"]) for row in fits])
    wide = np.ptp(identify(disturbed(480, 0.02), ["heavy_ball"]).rows[0].intervals["momentum"])
    assert width / wide == pytest.approx(4, rel=0.35)


@pytest.mark.parametrize("key", LINEAR)
def test_units_of_the_gradient_change_the_learning_rate_alone(key):
    histories, unit = rollout(key, NUMBERS[key], excitation=SMALL), 1000.0
    changed = Histories(
        gradients=unit * histories.gradients,
        updates=histories.updates,
        parameters=histories.parameters,
    )
    here, there = (named(one, [key]).rows[0].coefficients for one in (histories, changed))
    assert there == pytest.approx({**here, "learning_rate": here["learning_rate"] / unit}, rel=1e-6)


def test_units_of_the_gradient_change_the_epsilon_of_adam_alone():
    numbers, unit = NUMBERS["adam"] | {"epsilon": 0.02}, 100.0
    histories = rollout("adam", numbers, excitation=SMALL)
    changed = Histories(gradients=histories.gradients / unit, updates=histories.updates)
    assert named(changed, ["adam"]).rows[0].coefficients == pytest.approx(
        {**numbers, "epsilon": 0.02 / unit}, rel=1e-6
    )


def test_the_pictures_of_a_comparison_draw_an_identification():
    from landscape_control.display.plotting import figures, results

    verdict = named(
        HeavyBall(learning_rate=0.1, momentum=0.8), ["heavy_ball", "sgd", "adam"], excitation=SMALL
    )
    shown = results.policy_data(verdict)
    np.testing.assert_allclose(shown["predictions"][0], shown["controls"], atol=1e-12)
    assert len(shown["controls"]) == verdict.samples
    figures.policy_scatter(shown)
    figures.coefficients(results.coefficients_data(verdict))
    figures.verdict(results.verdict_data(verdict))


def test_the_same_seed_gives_the_same_verdict():
    verdicts = [named(Adam(learning_rate=0.05), excitation=SMALL, seed=4) for _ in range(2)]
    assert str(verdicts[0]) == str(verdicts[1])


def test_a_policy_that_runs_away_is_watched_on_flatter_landscapes():
    verdict = named(SGD(learning_rate=30.0), ["sgd", "heavy_ball"])
    assert verdict.best.coefficients == pytest.approx({"learning_rate": 30.0})
    assert "because the policy runs away otherwise" in verdict.sampling


# ---- refusals
# --------------------------------------------------------------------------------------------------------


def test_rules_that_need_what_is_not_there_are_refused_by_name():
    full = rollout("heavy_ball", NUMBERS["heavy_ball"], excitation=SMALL)
    verdict = named(Histories(gradients=full.gradients, updates=full.updates), rules.all())
    assert "needs parameters" in verdict.refused["heavy_ball_weight_decay"]
    assert "gradients only" in verdict.refused["newton"]
    assert verdict.best.key == "heavy_ball"
    assert "not applicable: newton" in str(verdict)


GOOD = {"gradients": np.ones((3, 5, 1)), "updates": np.ones((3, 5, 1))}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: identify(3.0), "a problem, a solution, a policy with init and update"),
        (lambda: identify(SGD(learning_rate=0.1), ["heavy_bal"]), "did you mean 'heavy_ball'"),
        (lambda: identify(SGD(learning_rate=0.1), ["newton"]), "at least one causal rule"),
        (lambda: identify(SGD(learning_rate=0.1), starts=3), "identify option"),
        (lambda: identify(SGD(learning_rate=0.1), problem=[]), "none for a causal rule"),
        (lambda: identify(Histories(**GOOD), excitation=SMALL), "none for histories"),
        (lambda: identify(lambda history: np.zeros(history.shape[::2])), "a policy that moves"),
        (lambda: identify(lambda history: -history), "one number per weight of each history"),
        (lambda: identify(lambda history: 1e6 * history[:, -1]), "runs away even at curvatures"),
        (
            lambda: identify(
                ShrinkAndPerturb(learner=SGD(learning_rate=0.1), duration=1.0, shrink=0.5)
            ),
            "sees its gradients",
        ),
        (lambda: Histories(**{**GOOD, "updates": np.ones((3, 4, 1))}), "the same for all"),
        (lambda: Histories(**{**GOOD, "gradients": np.full((3, 5, 1), np.nan)}), "NaN or infinity"),
        (lambda: Histories(**GOOD, settle=4), "two updates of each history count"),
        (lambda: rollout("heavy_ball", {"learning_rate": 0.1}), "heavy ball: momentum β"),
        (lambda: rollout("heavy_ball", {"learning_rate": 0.1, "momentum": 1.2}), "0.9999"),
        (lambda: rollout("newton", {"step": 1.0}), "the problem that Newton looks at"),
        (lambda: rollout("sgd", {"learning_rate": 0.1}, problem=[]), "none for a causal rule"),
        (lambda: Excitation(noise=-1.0), "noise"),
        (lambda: Excitation(curvatures=[0.1, 1.0]), "a Spectrum; received list"),
        (
            lambda: rules.CausalRule(
                key="x", name="x", formula="", source="", family=policies.HeavyBall(constant=False)
            ),
            "constant coefficients",
        ),
    ],
)
def test_bad_input_is_refused_with_words(call, words):
    with pytest.raises(ProblemError, match=words):
        call()


def test_rules_that_give_the_same_updates_are_called_as_in_the_table():
    def update(velocity, gradient, theta, step):
        velocity = 0.8 * velocity - 0.05 * np.asarray(gradient)
        return velocity / step, velocity

    def init(episodes, weights):
        return np.zeros((episodes, weights))

    said = ["sgd", "heavy_ball", "heavy_ball_decoupled_decay"]
    verdict = lc.identify((init, update), said, resamples=5)
    assert "come from heavy ball with decoupled weight decay: richer" in str(verdict)
