"""A learning rule is one thing: run, simulated, optimised, fitted and named by one formula; and one
that a user writes is all of that without a line in the package.
"""

import math
from dataclasses import dataclass, field

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control import policies, rules, simulation
from landscape_control.display.plotting import rule as style_of
from landscape_control.identification import Excitation
from landscape_control.identification.maps import Conclusion
from landscape_control.optimisation import exact_cost
from landscape_control.reference import relaxation_rate as exact_rate
from landscape_control.rules import CausalRule
from landscape_control.rules.catalogue import ENTRIES, causal
from landscape_control.rules.families import (
    Clock,
    Coefficient,
    DecayInside,
    Family,
    GradientDescent,
    HeavyBall,
    Lion,
    Nesterov,
    Policy,
    SignDescent,
    Signum,
)
from landscape_control.rules.families.response import kernel, linear_rows, regressors
from landscape_control.rules.gain import relaxation_rate
from landscape_control.rules.names import spelled

RNG = np.random.default_rng(0)
SEEN = RNG.normal(size=(12, 4))  # (T, weights)
AT = RNG.normal(size=(12, 4))


# ---- a rule of the test's own
# ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class QuasiHyperbolic(Family):
    """m = βm + (1-β)y, Δθ = -α[(1-ν)y + νm], which the package has under another name.

    Source: J. Ma, D. Yarats, *Quasi-hyperbolic momentum and Adam for deep learning*, ICLR 2019.
    """

    name = "gradient beside its average"
    formula = "m = βm + (1-β)y, Δθ = -α[(1-ν)y + νm]"
    source = "Ma & Yarats 2019"
    contains = {"gradient descent": "share = 0"}
    linear = True
    state_size = 1

    @property
    def coefficients(self):
        return (
            Coefficient(
                name="learning_rate", symbol="α", low=0.0, least=1e-2, most=3.0, scale="log"
            ),
            Coefficient(name="momentum", symbol="β", low=0.0, high=0.9999, most=0.95),
            Coefficient(name="share", symbol="ν", low=0.0, high=1.0),
        )

    def step(self, coefficients, state, gradient, parameters, clock):
        weight, share = coefficients["momentum"], coefficients["share"]
        mean = weight * state[0] + (1 - weight) * gradient
        return -coefficients["learning_rate"] * ((1 - share) * gradient + share * mean), (mean,)


OWN = QuasiHyperbolic()
NUMBERS = {"learning_rate": 0.3, "momentum": 0.9, "share": 0.7}
TASK = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0)
FREE = lc.Objective(horizon=8.0, learning_rate=math.inf)
SMALL = Excitation(histories=21, steps=30)


def by_hand(seen, rate, weight, share):
    mean, updates = 0.0, []
    for gradient in seen:
        mean = weight * mean + (1 - weight) * gradient
        updates.append(-rate * ((1 - share) * gradient + share * mean))
    return np.array(updates)


def walked(policy, seen=SEEN, at=AT):
    """(T, weights) updates of a policy or learner on given gradients."""
    state, updates = policy.init(1, seen.shape[1]), []
    for gradient, theta in zip(seen, at, strict=True):
        update, state = policy.update(state, gradient[None], theta[None], 1.0)
        updates.append(update[0])
    return np.array(updates)


def test_a_users_rule_runs():
    policy = Policy(family=OWN, coefficients=NUMBERS, horizon=12)
    np.testing.assert_allclose(walked(policy), by_hand(SEEN, 0.3, 0.9, 0.7), rtol=1e-13)


def test_a_users_rule_is_simulated():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[0.5]], minimum=[0.0]),
        start=[1.0],
        learner=lc.Learner(sees=lc.NoisyGradient(0.3)),
        objective=lc.Objective(horizon=10.0),
    )
    policy = Policy(family=OWN, coefficients=NUMBERS, horizon=10)
    paths = lc.simulate(problem, policy, episodes=4, seed=1, keep_paths=True).paths
    for seen, walk in zip(paths.observations, paths.parameters, strict=True):
        np.testing.assert_allclose(np.diff(walk, axis=0), by_hand(seen, 0.3, 0.9, 0.7), rtol=1e-9)


def test_a_users_rule_is_optimised_by_its_exact_moments():
    """It contains gradient descent and heavy ball's average, so its best member costs no more."""
    found = lc.optimize_policy(TASK, OWN, FREE, sees=lc.NoisyGradient(0.3), starts=4)
    plain = lc.optimize_policy(
        TASK, GradientDescent(constant=True), FREE, sees=lc.NoisyGradient(0.3), starts=2
    )
    assert found.cost < plain.cost
    assert exact_cost(found.policy, found.program) == pytest.approx(found.cost, rel=1e-6)


def test_a_users_rule_is_recognised_and_named():
    """Against rules that it contains or resembles; what the family says of itself is enough."""
    own = CausalRule(family=OWN, contains=frozenset({"sgd"}))
    assert (own.key, own.name) == ("gradient_beside_its_average", "gradient beside its average")
    histories = lc.rollout(own, NUMBERS, excitation=SMALL)
    verdict = lc.identify(histories, [own, "sgd", "heavy ball", "Nesterov"], resamples=40)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, own.key)
    assert verdict.best.coefficients == pytest.approx(NUMBERS, rel=1e-6)
    assert OWN.source in str(verdict)


def test_a_users_rule_is_drawn_with_a_style_of_its_own():
    look = style_of(CausalRule(family=OWN).key)
    assert look == style_of(CausalRule(family=OWN).key)
    assert look.label == "gradient beside its average"


# ---- one formula
# -----------------------------------------------------------------------------------------------------


def middle(rule):
    return {each.name: float(each.draw(np.array(0.5))) for each in rule.coefficients}


@pytest.mark.parametrize("rule", causal(), ids=lambda rule: rule.key)
def test_what_is_fitted_is_what_runs(rule):
    """On numbers, up to the last bit of powers of β; on CasADi symbols, with the sign itself too."""
    values = middle(rule)
    fitted = rule.updates(np.array([list(values.values())]), SEEN, AT)[0]
    np.testing.assert_allclose(walked(rule.policy(values)), fitted, rtol=1e-13)
    np.testing.assert_allclose(symbolic(rule.family, values), fitted, rtol=1e-12, atol=1e-14)


def symbolic(family, values):
    size = family.state_size
    names = [ca.SX.sym("c", len(values)), ca.SX.sym("s", size), *map(ca.SX.sym, ("y", "θ", "t"))]
    coefficients = dict(zip(values, ca.vertsplit(names[0]), strict=True))
    carried = tuple(names[1][i] for i in range(size))
    clock = Clock(step=names[4], horizon=len(SEEN))
    step = ca.Function(
        "step", names, [ca.vertcat(*flat(family, coefficients, carried, names, clock))]
    )
    updates, state = np.empty(SEEN.shape), np.zeros((size, SEEN.shape[1]))
    for t, (seen, at) in enumerate(zip(SEEN, AT, strict=True)):
        for i in range(len(seen)):
            result = np.array(step(list(values.values()), state[:, i], seen[i], at[i], t)).ravel()
            updates[t, i], state[:, i] = result[0], result[1:]
    return updates


def flat(family, coefficients, carried, names, clock):
    move, following = family.step(coefficients, carried, names[2], names[3], clock)
    return move, *following


@pytest.mark.parametrize(
    ("learner", "key", "values"),
    [
        (simulation.SGD(learning_rate=0.2), "sgd", {"learning_rate": 0.2}),
        (
            simulation.HeavyBall(learning_rate=0.2, momentum=0.7),
            "heavy_ball",
            {"learning_rate": 0.2, "momentum": 0.7},
        ),
        (
            simulation.Adam(learning_rate=0.2, beta1=0.8, beta2=0.95, epsilon=1e-3),
            "adam",
            {"learning_rate": 0.2, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
        ),
        (
            simulation.Adam(
                learning_rate=0.2, beta1=0.8, beta2=0.95, epsilon=1e-3, bias_correction=False
            ),
            "adam_uncorrected",
            {"learning_rate": 0.2, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
        ),
        (
            simulation.RMSProp(learning_rate=0.2, decay=0.9, epsilon=1e-3),
            "rmsprop",
            {"learning_rate": 0.2, "beta2": 0.9, "epsilon": 1e-3},
        ),
        (
            simulation.Ballistic(learning_rate=0.2, decay=0.9, epsilon=1e-3),
            "ballistic_optimiser",
            {"learning_rate": 0.2, "beta2": 0.9, "epsilon": 1e-3},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_simulated_is_what_is_fitted(learner, key, values):
    policy = rules.by_name(key).policy(values)
    np.testing.assert_array_equal(walked(learner), walked(policy))


def test_epsilon_beside_the_root_is_a_setting_of_the_family():
    inside, outside = policies.by_name("adam"), rules.by_name("adam").family
    assert type(inside) is type(outside)
    assert (inside.epsilon_outside, outside.epsilon_outside) == (False, True)


def test_a_setting_that_came_later_leaves_old_texts_as_they_were():
    program = lc.PolicyProgram(task=TASK, family=policies.AdamFamily(epsilon=1e-8), objective=FREE)
    assert "epsilon_outside" not in lc.records.specification(program)
    other = lc.PolicyProgram(
        task=TASK,
        family=policies.AdamFamily(epsilon=1e-8, epsilon_outside=True),
        objective=FREE,
    )
    again = lc.records.from_specification(lc.records.specification(other))
    assert again.family == other.family
    assert lc.fingerprint(other) != lc.fingerprint(program)


FORMER = {
    "adam": {"kind": "RootMeanSquare", "averaged": True, "corrected": True},
    "adam_uncorrected": {"kind": "RootMeanSquare", "averaged": True, "corrected": False},
    "rmsprop": {"kind": "RootMeanSquare", "averaged": False, "corrected": False},
    "sign_descent": {"kind": "Sign", "averages": 0},
    "signum": {"kind": "Sign", "averages": 1},
    "lion": {"kind": "Sign", "averages": 2},
}


@pytest.mark.parametrize("key", FORMER)
def test_families_of_earlier_files_are_those_of_today(key, tmp_path, monkeypatch):
    """A rule that was saved when signs and ε beside the root were families of their own."""
    rule = rules.by_name(key)
    policy = rule.policy(middle(rule))
    monkeypatch.setattr(lc.records.parts, "_object_to_tree", earlier(FORMER[key]))
    policy.save(tmp_path / "rule.nc")
    assert FORMER[key]["kind"].encode() in (tmp_path / "rule.nc").read_bytes()
    monkeypatch.undo()
    found = lc.load(tmp_path / "rule.nc")
    assert found.family == rule.family
    np.testing.assert_array_equal(walked(found), walked(policy))


def earlier(tree):
    """A writer of trees as it was when this was the tree of the family."""
    now = lc.records.parts._object_to_tree

    def written(value, sizes):
        return tree if isinstance(value, Family) else now(value, sizes)

    return written


@pytest.mark.parametrize("kind", [SignDescent, Signum, Lion])
def test_the_sign_itself_is_recognised_but_not_optimised(kind):
    with pytest.raises(lc.ProblemError, match="differentiable in its gradients.*a smoothing > 0"):
        lc.PolicyProgram(task=TASK, family=kind(smoothing=None), objective=FREE)
    assert not kind(smoothing=None).differentiable
    assert lc.PolicyProgram(task=TASK, family=kind(smoothing=0.3), objective=FREE)


# ---- one name
# --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["heavy-ball", "heavy_ball", "heavy ball", " Heavy ball", "HEAVY-BALL"]
)
def test_one_spelling_rule_for_what_is_optimised_and_what_is_recognised(word):
    assert policies.by_name(word) == HeavyBall(constant=True)
    assert rules.by_name(word).key == "heavy_ball"
    assert rules.by_name(word).family == policies.by_name(word)


RECOGNISED = [entry for entry in ENTRIES if entry.rule is not None]


@pytest.mark.parametrize("entry", RECOGNISED, ids=lambda entry: entry.name)
def test_every_name_of_a_rule_leads_to_it(entry):
    assert rules.by_name(entry.rule.key) is entry.rule
    for word in (entry.name, entry.rule.name):
        meant = {
            other.rule.key
            for other in RECOGNISED
            if spelled(word) in map(spelled, (other.rule.name, other.rule.family.name))
        }
        if len(meant) > 1 and spelled(word) != entry.name:
            with pytest.raises(lc.ProblemError, match="words that mean one rule"):
                rules.by_name(word)
        elif spelled(word) not in ("gradient-descent", "ballistic"):  # those are closed forms'
            assert rules.by_name(word) is entry.rule


def test_every_entry_has_a_name_of_its_own_in_the_one_spelling():
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert all(spelled(name) == name for name in names)
    keys = [rule.key for rule in causal()]
    assert len(set(keys)) == len(keys)
    assert all(rule.contains <= set(keys) for rule in causal())


def test_a_rule_that_is_only_recognised_can_be_asked_for_as_a_family():
    assert policies.by_name("heavy_ball_weight_decay") == DecayInside()
    assert policies.by_name("SGD") == GradientDescent(constant=True)


# ---- other forms of the same step
# ------------------------------------------------------------------------------------


KERNELS = {
    "gradient descent": (GradientDescent(constant=True), {}, {}),
    "momentum": (HeavyBall(constant=True), {"momentum": 0.8}, {"beta": 0.8}),
    "nesterov": (Nesterov(constant=True), {"momentum": 0.7}, {"beta": 0.7}),
    "momentum with decay": (
        DecayInside(),
        {"momentum": 0.6, "decay": 0.05},
        {"beta": 0.6, "decay": 0.05},
    ),
}


@pytest.mark.parametrize("name", KERNELS)
def test_the_kernel_of_a_family_is_read_as_that_rule(name):
    """The closed forms by which a planned kernel is read are what the family's step does."""
    family, values, named = KERNELS[name]
    values = {key: np.array([value]) for key, value in ({"learning_rate": 0.3} | values).items()}
    response = kernel(family, values, 60)[0]
    nearest = lc.nearest_rules(response[:, None, None])[name]
    assert nearest.error < 1e-7
    assert nearest.coefficients == pytest.approx({"alpha": 0.3} | named, rel=1e-5)


def test_the_rows_of_a_linear_rule_are_its_step():
    values, clock = {"learning_rate": 0.3, "momentum": 0.8, "decay": 0.1}, Clock(step=2, horizon=5)
    rows = np.array(linear_rows(DecayInside(), values, clock))
    theta, gradient, before = 0.4, -0.7, 0.2
    move, (kept,) = DecayInside().step(values, (before,), gradient, theta, clock)
    np.testing.assert_allclose(rows @ [theta, gradient, before], [move, kept], rtol=1e-14)


def test_the_columns_of_a_regression_are_the_step_at_unit_coefficients():
    before = RNG.normal(size=4)
    columns = regressors(DecayInside(), (before,), SEEN[0], AT[0])
    np.testing.assert_array_equal(columns["learning_rate"], -SEEN[0])
    np.testing.assert_array_equal(columns["momentum"], before)
    np.testing.assert_array_equal(columns["decay"], -AT[0])


# ---- loops do not validate
# -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Counted(HeavyBall):
    """Heavy ball that counts how often it is asked for its coefficients."""

    constant: bool = True
    asked: list = field(default_factory=list, compare=False)

    @property
    def coefficients(self):
        self.asked.append(1)
        return super().coefficients


def test_a_running_policy_does_not_build_its_coefficients_again():
    family = Counted()
    policy = Policy(family=family, coefficients={"learning_rate": 0.1, "momentum": 0.5}, horizon=4)
    before = len(family.asked)
    walked(policy)
    assert len(family.asked) == before > 0


@pytest.mark.parametrize("discount", [0.0, 0.7, 40.0])
def test_rates_of_closed_forms_are_those_of_the_reference(discount):
    """With curvatures of both signs; NaN where the mode oscillates away."""
    objective = lc.Objective(
        horizon=math.inf, discount=discount, learning_rate=1.3, loss_weight=0.9
    )
    curvatures = np.linspace(-2.0, 3.0, 41)
    plannable = discount**2 / 4 + 1.3 * 0.9 * curvatures >= 0
    found = relaxation_rate(curvatures, objective)
    expected = exact_rate(curvatures[plannable], discount, 1.3, 0.9)
    np.testing.assert_array_equal(np.isfinite(found), plannable)
    np.testing.assert_allclose(found[plannable], expected, rtol=1e-14)
