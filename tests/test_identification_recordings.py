"""Recorded training: runs of any length, known errors of the updates, schedules, parameter groups."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

import landscape_control as lc
from landscape_control import Histories, ProblemError, RecordedRun, Recording, policies
from landscape_control.identification.maps import Conclusion
from landscape_control.identification.program_excitation import excitation_of
from landscape_control.rules.families import Clock

WORDS = ["sgd", "heavy_ball", "nesterov", "sgd_weight_decay", "adam"]


def run_of(key, numbers, *, steps=60, weights=12, seed=0, error=0.0, course=None):
    """A run of a rule on independent gradients; updates carry white noise of known size."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(steps, weights))
    places = rng.normal(size=(steps, weights))
    rule = lc.rules.by_name(key)
    updates = rule.updates(rule.vector(numbers)[None], gradients, places)[0]
    rates = None
    if course is not None:
        rates = np.repeat(course[:, None], weights, axis=1)
        updates = updates * rates / rates.max()
    errors = error * np.exp(rng.normal(size=updates.shape)) if error else np.zeros(updates.shape)
    return RecordedRun(
        gradients=gradients,
        updates=updates + errors * rng.normal(size=updates.shape),
        parameters=places,
        errors=errors if error else None,
        learning_rate=rates,
    )


BALL = {"learning_rate": 0.1, "momentum": 0.8}


# ---- errors of updates


@pytest.mark.slow
def test_updates_count_by_their_known_errors():
    """Weighted least squares with the weights 1/(s² + s̃²), written out for gradient descent."""
    run = run_of("sgd", {"learning_rate": 0.2}, error=0.1)
    arrays = {name: getattr(run, name)[None] for name in ("gradients", "updates", "errors")}
    # one history, with nothing held out
    fitted = lc.identify(Histories(**arrays), ["sgd"], resamples=2).rows[0]
    weights = 1 / (run.errors**2 + np.median(run.errors) ** 2)
    products = run.gradients * run.updates
    expected = -(weights * products).sum() / (weights * run.gradients**2).sum()
    assert fitted.coefficients["learning_rate"] == pytest.approx(expected, rel=1e-10)
    unweighted = -products.sum() / (run.gradients**2).sum()
    assert abs(unweighted - expected) > 1e-3 * expected


def test_known_errors_are_no_error_of_the_rule():
    run = run_of("heavy_ball", BALL, weights=60, error=0.02)
    verdict = lc.identify(Recording(runs=[run]), WORDS, resamples=10)
    assert verdict.best.key == "heavy_ball"
    unknown = lc.identify(Recording(runs=[replace(run, errors=None)]), WORDS, resamples=10)
    assert unknown.rows[0].error > 0.1
    assert verdict.best.error < 0.02


@pytest.mark.slow
def test_intervals_cover_at_their_rate():
    """95 % intervals of two numbers over 250 recordings: at least 90 %, by the lower end of a 95 %
    Clopper-Pearson interval, as if the 500 were independent.
    """
    inside = 0
    for seed in range(1000, 1250):
        run = run_of("heavy_ball", BALL, steps=40, seed=seed, error=0.02)
        row = lc.identify(Recording(runs=[run]), ["heavy_ball"], seed=seed).rows[0]
        inside += sum(low <= BALL[name] <= high for name, (low, high) in row.intervals.items())
    assert beta.ppf(0.05, inside, 500 - inside + 1) >= 0.9


def test_updates_that_are_mostly_error_are_not_identifiable():
    run = run_of("sgd", {"learning_rate": 0.01}, error=0.5)
    verdict = lc.identify(Recording(runs=[run]), WORDS, resamples=10)
    assert verdict.conclusion is Conclusion.NOT_IDENTIFIABLE
    assert "explains these updates without any rule" in str(verdict)


@pytest.mark.parametrize(
    "errors", [np.ones((1, 3, 1)), -np.ones((2, 3, 1)), np.full((2, 3, 1), np.inf)]
)
def test_errors_of_histories_are_checked(errors):
    with pytest.raises(ProblemError, match="errors of the histories"):
        Histories(gradients=np.ones((2, 3, 1)), updates=np.ones((2, 3, 1)), errors=errors)


# ---- runs


def test_runs_of_unequal_length_are_one_recording():
    runs = [run_of("nesterov", BALL, steps=steps, seed=steps) for steps in (60, 25)]
    verdict = lc.identify(Recording(runs=runs), WORDS, resamples=10)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "nesterov")
    assert verdict.best.coefficients == pytest.approx(BALL, rel=1e-6)
    together = lc.identify([Recording(runs=[run]) for run in runs], WORDS, resamples=10)
    assert together.best.coefficients == verdict.best.coefficients
    assert "2 training runs of 25 to 60 steps" in str(verdict)


def test_what_stands_behind_the_end_of_a_run_does_not_count():
    histories = Recording(runs=[run_of("sgd", {"learning_rate": 1.0}, steps=n) for n in (9, 6)])
    seen = histories.histories()
    assert seen.gradients.shape == (24, 9, 1)
    assert seen.counts.sum() == 12 * (9 + 6)
    assert np.count_nonzero(seen.targets) == 12 * (9 + 6)


def test_weights_that_never_move_are_left_out():
    run = run_of("sgd", {"learning_rate": 0.1})
    still = np.zeros((60, 2))
    wider = RecordedRun(
        gradients=np.hstack([run.gradients, still]), updates=np.hstack([run.updates, still])
    )
    assert Recording(runs=[wider]).histories().count == 12
    with pytest.raises(ProblemError, match="weights that move"):
        Recording(runs=[RecordedRun(gradients=still, updates=still)]).histories()


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"gradients": np.ones((4, 2)), "updates": np.ones((4, 2))}, "at least 5"),
        ({"gradients": np.ones((9, 2)), "updates": np.ones((8, 2))}, "updates of a recorded run"),
        (
            {"gradients": np.ones((9, 2)), "updates": np.ones((9, 2)), "errors": -np.ones((9, 2))},
            "errors of a recorded run",
        ),
        (
            {
                "gradients": np.ones((9, 2)),
                "updates": np.ones((9, 2)),
                "gradient_norm": np.ones(8),
            },
            "gradient_norm of a recorded run",
        ),
    ],
)
def test_arrays_of_a_run_belong_together(numbers, words):
    with pytest.raises(ProblemError, match=words):
        RecordedRun(**numbers)


def test_parameters_are_in_all_runs_or_in_none():
    run = run_of("sgd", {"learning_rate": 0.1})
    with pytest.raises(ProblemError, match="in all runs or in none"):
        Recording(runs=[run, replace(run, parameters=None)])


def test_parameter_groups_are_named_by_themselves():
    """Two groups with rates of their own are no rule together, and one each."""
    fast, slow = (run_of("sgd", {"learning_rate": rate}, seed=7) for rate in (0.3, 0.1))
    both = RecordedRun(
        gradients=np.hstack([fast.gradients, slow.gradients]),
        updates=np.hstack([fast.updates, slow.updates]),
        groups=np.repeat([0, 2], 12),
    )
    recording = Recording(runs=[both])
    assert recording.groups == (0, 2)
    verdict = lc.identify(recording, ["sgd", "heavy_ball"], resamples=10)
    assert verdict.conclusion is Conclusion.NONE_FITS
    assert "group 0: stochastic gradient descent, α = 0.3" in str(verdict)
    assert "group 2: stochastic gradient descent, α = 0.1" in str(verdict)
    alone = lc.identify(recording.group(2), ["sgd"], resamples=10)
    assert alone.best.coefficients["learning_rate"] == pytest.approx(0.1)
    with pytest.raises(ProblemError, match="one of 0, 2"):
        recording.group(1)


# ---- schedules


@pytest.mark.parametrize("key", ["heavy_ball", "adam"])
def test_a_rule_times_a_schedule_is_that_rule(key):
    numbers = BALL if key == "heavy_ball" else {
        "learning_rate": 0.05, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-3,
    }  # fmt: skip
    course = np.concatenate([[0.0], np.linspace(0.1, 1, 29), np.linspace(1, 0.2, 30)])
    verdict = lc.identify(
        Recording(runs=[run_of(key, numbers, course=3 * course)]), WORDS, resamples=10
    )
    assert verdict.best.key == key
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-5)
    assert "learning rate changes with time" in str(verdict)


def test_a_schedule_that_is_not_followed_is_said():
    run = run_of("sgd", {"learning_rate": 0.1})
    rates = np.repeat(np.linspace(1, 0.1, 60)[:, None], 12, axis=1)
    verdict = lc.identify(Recording(runs=[replace(run, learning_rate=rates)]), WORDS, resamples=10)
    assert verdict.best.key == "sgd"
    assert "the updates did not follow it" in str(verdict)


# ---- rules of networks


def test_formulas_of_the_rules_of_networks():
    gradients, places = np.random.default_rng(0).normal(size=(2, 8, 3))
    beta1, damp, penalty, rate = 0.7, 0.3, 0.2, 0.1
    buffer, expected = gradients[0], [-rate * gradients[0]]
    for gradient in gradients[1:]:
        buffer = beta1 * buffer + (1 - damp) * gradient
        expected.append(-rate * buffer)
    assert _walk(policies.DampenedMomentum(), gradients, places, rate, beta1, damp) == (
        pytest.approx(np.array(expected))
    )
    inner = policies.Nesterov(constant=True)
    pulled = gradients + penalty * places
    assert _walk(
        policies.Regularised(family=inner), gradients, places, rate, beta1, penalty
    ) == pytest.approx(_walk(inner, pulled, places, rate, beta1))


def _walk(family, gradients, places, *numbers):
    values = dict(zip((each.name for each in family.coefficients), numbers, strict=True))
    state, updates = tuple(np.zeros(3) for _ in range(family.state_size)), []
    for step, (gradient, place) in enumerate(zip(gradients, places, strict=True)):
        clock = Clock(step=step, horizon=len(gradients))
        update, state = family.step(values, state, gradient, place, clock)
        updates.append(update)
    return np.array(updates)


def test_regularised_wraps_once():
    with pytest.raises(ProblemError, match="wrap it once"):
        policies.Regularised(family=policies.WeightDecay(family=policies.HeavyBall(constant=True)))


# these have tests of their own beside the rules that they resemble
LONG = {
    "amsgrad",
    "nadam",
    "rmsprop_with_momentum",
    "clipped_sgd",
    "clipped_heavy_ball",
    "clipped_adam",
}
CROSSED = [
    pytest.param(rule, id=rule.key, marks=[pytest.mark.slow] if rule.key in LONG else [])
    for rule in lc.rules.of_networks()
]


@pytest.mark.parametrize("rule", CROSSED)
def test_rules_of_networks_are_recognised_in_recordings(rule):
    typical = np.sqrt(12)  # |y| of twelve weights
    numbers = {
        each.name: float(each.draw(np.array(0.5)))
        * (typical if each.name in rule.family.norms else 1.0)
        for each in rule.coefficients
    }
    others = [each.key for each in lc.rules.of_networks() if each.key != rule.key]
    wanted = [rule.key, *WORDS, "rmsprop", "adamw", "adagrad", *others]
    recording = Recording(runs=[run_of(rule.key, numbers, steps=40)])
    verdict = lc.identify(recording, wanted, resamples=10)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, rule.key)
    assert verdict.best.coefficients == pytest.approx(numbers, rel=1e-4)


def test_a_gradient_of_zero_before_the_first_other_one_moves_nothing():
    """Adam with ε = 0 divides 0 by 0 where a unit is not active yet."""
    run = run_of("adam", {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-12})
    late = np.where(np.arange(60)[:, None] < 5, 0.0, run.gradients)
    rule = lc.rules.by_name("adam")
    numbers = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-12}
    updates = rule.updates(rule.vector(numbers)[None], late)[0]
    verdict = lc.identify(
        Recording(runs=[RecordedRun(gradients=late, updates=updates)]),
        ["adam", "rmsprop", "padam", "sgd"],
        resamples=10,
    )
    assert verdict.best.key == "adam"


# ---- policies of the library


def test_rules_with_averages_say_what_they_are():
    def named(name, **numbers):
        family = policies.by_name(name)
        policy = lc.Policy(family=family, coefficients=numbers, horizon=60)
        return lc.identify(policy, resamples=10)

    free = {"learning_rate": 0.3, "momentum": 0.9, "averaging": 0.5}
    verdict = named("schedule-free", **free)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "schedule_free")
    assert verdict.best.coefficients == pytest.approx(free, rel=1e-6)
    averaged = named("averaged-heavy-ball", **BALL, averaging=1.0)
    assert averaged.best.key == "heavy_ball"
    assert "averages its iterates, averaged heavy ball (α = 0.1, β = 0.8, q = 1)" in str(averaged)


def test_discounted_bayes_has_a_name_and_is_named_adam():
    numbers = {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.99}
    policy = lc.Policy(
        family=policies.by_name("discounted Bayes"), coefficients=numbers, horizon=60
    )
    verdict = lc.identify(policy, resamples=10)
    assert verdict.best.key == "adam"
    assert verdict.best.coefficients == pytest.approx(numbers | {"epsilon": 0.0}, abs=1e-6)


@pytest.mark.parametrize("unit", [1.0, 1e-3])
def test_a_program_is_watched_in_its_own_units(unit):
    """Noise as a root mean square: Σ w σ², Σ w s² h^(2p) + 2bV Σ w h², or a share of √(2V Σ w h²)."""
    curvatures, weights, variances = np.array([1.0, 4.0]), np.array([0.25, 0.75]), [2.0, 1.0]
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete(curvatures, weights), start_variance=unit**2 * np.array(variances)
    )
    start = 1.25 * unit**2  # Σ w V
    square = weights @ curvatures**2  # Σ w h²
    seen = {
        lc.ModeNoise([unit, 3 * unit]): unit * np.sqrt(0.25 + 0.75 * 9),
        lc.CurvatureNoise(unit, 0.5, 0.1): np.sqrt(
            unit**2 * weights @ curvatures + 0.1 * 2 * start * square
        ),
        lc.NoisyGradient(0.2 * unit): 0.2 * unit,
        # Excitation(): noise 0.3 beside E h² = (1³ - 0.05³)/(3·0.95) and E(θ-μ)² = 2
        lc.ExactGradient(): 0.3 * np.sqrt(2 * start * square / (2 * (1 - 0.05**3) / (3 * 0.95))),
    }
    for sees, noise in seen.items():
        program = lc.PolicyProgram(
            task=task,
            family=policies.HeavyBall(constant=True),
            objective=lc.Objective(horizon=3.0),
            sees=sees,
        )
        excitation = excitation_of(program)
        assert excitation.noise == pytest.approx(noise)
        assert excitation.start_variance == pytest.approx(start)
        assert excitation.minimum_variance == pytest.approx(start)


def test_a_recording_says_how_long_its_runs_are():
    run = RecordedRun(gradients=np.ones((9, 2)), updates=np.ones((9, 2)))
    short = RecordedRun(gradients=np.ones((6, 2)), updates=np.ones((6, 2)))
    assert repr(Recording(runs=[run])) == "Recording(1 run of 9 steps, 2 weights: a recording)"
    assert "2 runs of 9 steps" in repr(Recording(runs=[run, run]))
    assert "2 runs of 6 to 9 steps" in repr(Recording(runs=[run, short]))
