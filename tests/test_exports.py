"""What can be exported, what is refused with which reason; the NumPy pair. Needs no other library."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from exported_rules import POLICIES, walked

import landscape_control as lc
from landscape_control import policies, rules
from landscape_control.identification.maps import Conclusion
from landscape_control.optimisation import PolicyStatus
from landscape_control.simulation import PolicyLearner

RNG = np.random.default_rng(0)
GRADIENTS, START = RNG.normal(size=(20, 3)), RNG.normal(size=3)
NUMBERS = {"learning_rate": 0.1, "momentum": 0.9}
BALL = policies.HeavyBall(constant=True)
COSINE = policies.Scheduled(family=BALL, shape=policies.Cosine(final=0.1))


@pytest.fixture(scope="module")
def result():
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.1, 1.0), start_variance=1.0)
    return lc.optimize_policy(
        task, BALL, lc.Objective(horizon=5.0, learning_rate=np.inf), sees=lc.NoisyGradient(0.1)
    )


@pytest.fixture(scope="module")
def histories():
    return lc.rollout("heavy ball", NUMBERS)


def same(first, second):
    np.testing.assert_array_equal(
        walked(first, START, GRADIENTS[:5]), walked(second, START, GRADIENTS[:5])
    )


@pytest.mark.parametrize(
    "rule",
    ["heavy ball", BALL, "causal", POLICIES["heavy-ball"]],
    ids=lambda each: type(each).__name__,
)
def test_names_families_causal_rules_and_policies_are_one_rule(rule):
    if rule == "causal":
        rule = next(each for each in rules.causal() if each.key == "heavy_ball")
    expected = lc.Policy(family=BALL, coefficients=NUMBERS, horizon=1)
    same(lc.export(rule, to="numpy", coefficients=NUMBERS), expected)


def test_results_and_learners_are_their_policy(result):
    same(lc.export(result, to="numpy"), result.policy)
    same(lc.export(PolicyLearner(policy=result.policy), to="numpy"), result.policy)
    changed = lc.export(result, to="numpy", coefficients={"momentum": 0.5})
    assert changed.coefficients == {**result.coefficients, "momentum": 0.5}
    rmsprop = lc.simulation.RMSProp(learning_rate=0.1, decay=0.8, epsilon=1e-3)
    square = 0.2 * GRADIENTS[0] ** 2
    expected = START - 0.1 * GRADIENTS[0] / (np.sqrt(square) + 1e-3)
    found = walked(lc.export(rmsprop, to="numpy"), START, GRADIENTS[:1])
    np.testing.assert_allclose(found[1], expected, rtol=1e-14)
    worst = lc.worst_case(result.program, starts=2)
    same(lc.export(worst, to="numpy"), worst.policy)


def test_a_verdict_is_the_rule_found(histories):
    verdict = lc.identify(histories, resamples=20)
    found = lc.export(verdict, to="numpy")
    assert found.family.name == "heavy ball"
    assert dict(found.coefficients) == pytest.approx(NUMBERS, rel=1e-6)


def test_a_verdict_that_none_fits_is_refused_with_the_nearest(histories):
    verdict = lc.identify(histories, ["sgd", "Lion"], resamples=20)
    assert verdict.conclusion is Conclusion.NONE_FITS
    with pytest.raises(
        lc.ProblemError, match=r"no rule in the library fits: the nearest, .* misses"
    ):
        lc.export(verdict, to="torch")


def test_a_verdict_between_rules_is_refused_with_their_names(histories):
    verdict = lc.identify(histories, ["heavy ball", "Nesterov"], resamples=20)
    open_ = replace(
        verdict, conclusion=Conclusion.NOT_IDENTIFIABLE, equivalent=("heavy_ball", "nesterov")
    )
    with pytest.raises(lc.ProblemError, match="cannot be told apart.*heavy_ball, nesterov"):
        lc.export(open_, to="numpy")


def test_closed_forms_are_refused_because_they_know_the_landscape():
    newton = rules.by_name("newton")
    with pytest.raises(lc.ProblemError, match="knows the landscape"):
        lc.export(newton, to="numpy")
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([1.0, 2.0])),
        objective=lc.Objective(horizon=np.inf, discount=0.5),
        start=[1.0, 1.0],
    )
    verdict = lc.compare(problem)
    with pytest.raises(lc.ProblemError, match="knows the landscape"):
        lc.export(verdict, to="torch")


@pytest.mark.parametrize("status", [each for each in PolicyStatus if not each.ok])
def test_results_that_failed_are_refused_with_their_status(result, status):
    with pytest.raises(lc.ProblemError, match="converged.*export result.policy"):
        lc.export(replace(result, status=status), to="numpy")


def test_what_is_missing_or_wrong_is_named():
    with pytest.raises(lc.ProblemError, match="momentum.*give all of"):
        lc.export(BALL, to="numpy", coefficients={"learning_rate": 0.1})
    with pytest.raises(lc.ProblemError, match="horizon.*give horizon="):
        lc.export(COSINE, to="numpy", coefficients=NUMBERS)
    with pytest.raises(lc.ProblemError, match="horizon.*give horizon="):
        lc.export("heavy-ball-per-step", to="numpy", coefficients=NUMBERS)
    with pytest.raises(lc.ProblemError, match="a policy, the result of an optimisation"):
        lc.export(3.0, to="numpy")
    rule = next(each for each in rules.causal() if each.key == "heavy_ball")
    with pytest.raises(lc.ProblemError, match="momentum"):
        lc.export(rule, to="numpy", coefficients={**NUMBERS, "momentum": 1.5})


def test_a_schedule_ends_or_holds_its_last_step():
    """Heavy ball by hand, with α·s_t and s_t that of the last step from then on."""
    horizon, steps = 4, 9
    given = {"coefficients": NUMBERS, "horizon": horizon}
    with pytest.raises(lc.ProblemError, match="at most the 4 steps"):
        walked(lc.export(COSINE, to="numpy", **given), START, GRADIENTS[:5])
    init, update = lc.export(COSINE, to="numpy", hold="last", **given)
    state, move = init(1, 3), np.zeros((1, 3))
    for t in range(steps):
        clock = min(t, horizon - 1)
        factor = 0.1 + 0.9 * (1 + np.cos(np.pi * clock / horizon)) / 2
        expected = 0.9 * move - 0.1 * factor * GRADIENTS[t]
        move, state = update(state, GRADIENTS[t][None])
        np.testing.assert_allclose(move, expected, rtol=1e-14)
        move = expected


def test_holding_leaves_rules_that_never_end_as_they_are():
    adam = POLICIES["adam"]
    init, update = lc.export(adam, to="numpy", hold="last")
    pair = lc.export(adam, to="numpy")
    state, other = init(1, 3), pair.init(1, 3)
    for gradient in (*GRADIENTS, *GRADIENTS):
        move, state = update(state, gradient[None])
        expected, other = pair.update(other, gradient[None])
        np.testing.assert_array_equal(move, expected)


@pytest.mark.parametrize(("to", "extra"), [("torch", "torch"), ("optax", "jax")])
def test_a_library_that_is_not_there_is_named_with_what_brings_it(to, extra):
    code = f"""
import sys
sys.modules.update(torch=None, jax=None)  # as if they were not installed
import landscape_control as lc
rule = lc.policies.HeavyBall(constant=True)
try:
    lc.export(rule, to="{to}", coefficients={NUMBERS})
except lc.ProblemError as error:
    assert "[{extra}]" in error.advice, error
else:
    raise SystemExit(1)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
