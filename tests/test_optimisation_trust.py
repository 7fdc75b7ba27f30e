"""What a result says of itself: units, identifiability, everything learnt, no best rule, plain
words.
"""

import dataclasses
import math
import pickle

import numpy as np
import pytest

from landscape_control import CurvatureNoise, NoisyGradient, Objective
from landscape_control.model.landscape import (
    Discrete,
    LandscapeDistribution,
    OrnsteinUhlenbeck,
    Uniform,
)
from landscape_control.optimisation import (
    Identifiability,
    PolicySolver,
    PolicyStatus,
    certify_policy,
    optimize_policy,
    worst_case,
)
from landscape_control.policies import (
    FirstOrderSpan,
    GradientDescent,
    HeavyBall,
    LogLinear,
    Scheduled,
)

NOISE = NoisyGradient(0.3)


def solved(family=None, horizon=10, *, curvatures=None, sees=NOISE, minimum=None, **options):
    task = LandscapeDistribution.quadratic(
        curvatures=curvatures or Uniform(0.05, 1.0), start_variance=1.0, minimum=minimum
    )
    objective = Objective(horizon=horizon, learning_rate=math.inf)
    return optimize_policy(
        task, family or HeavyBall(constant=True), objective, sees=sees, **options
    )


def test_momentum_that_ends_at_zero_is_felt():
    """Momentum of the other sign is best with a slower minimum, so that its best value passes
    through zero.
    """
    result = solved(horizon=20, minimum=OrnsteinUhlenbeck([0.0], 0.025118244, [[0.5]]))
    assert abs(result.coefficients["momentum"]) < 1e-6
    assert result.identifiability.identifiable
    for momentum in (-0.2, 0.2):
        held = PolicySolver(result.program).solve(fixed={"momentum": momentum})
        assert held.cost > 1.008 * result.cost


def test_the_words_of_identifiability_are_what_a_step_costs():
    result = solved()
    found, entries = result.identifiability, np.array(list(result.coefficients.values()))
    step, costs = 1e-2 * np.array([entries[0], 1.0]) * found.directions[0], []
    for moved in (entries + step, entries - step):
        other = dataclasses.replace(
            result, coefficients=dict(zip(result.coefficients, moved, strict=True))
        )
        costs.append(certify_policy(other).moments)
    assert np.mean(costs) == pytest.approx(found.stiffness[0] * 1e-4 / 2, rel=0.01)
    raised = 100 * found.stiffness[0] * 0.1**2 / 2
    assert str(found).endswith(
        f"where moving by 10 % (momentum: by 0.1) raises the cost by {raised:.2g} %"
    )


def test_a_saddle_is_called_one():
    found = Identifiability.of_hessian(
        np.diag([2.0, -3.0]), np.ones(2), ("one", "two"), unit=1.0, threshold=1e-6
    )
    assert not found.identifiable
    assert (
        str(found) == "not a minimum: the cost falls along two alone, where moving by 10 % "
        "lowers the cost by 1.5 %"
    )


@pytest.mark.parametrize("unit", [1e-6, 1e4])
@pytest.mark.parametrize(
    ("family", "sees"),
    [
        (HeavyBall(constant=True), lambda unit: NoisyGradient(0.3 * unit)),
        (HeavyBall(constant=False), lambda unit: None),
        (FirstOrderSpan(memory=3, constant=True), lambda unit: NoisyGradient(0.3 * unit)),
    ],
    ids=["constant", "heavy ball", "span"],
)
def test_other_units_of_curvature_take_the_same_path(family, sees, unit):
    first, other = (
        solved(family, 6, starts=3, curvatures=Uniform(0.05 * u, u), sees=sees(u), cost="running")
        for u in (1.0, unit)
    )
    assert other.cost == pytest.approx(unit * first.cost, rel=1e-9)
    assert other.agreed == first.agreed == 3
    np.testing.assert_allclose(
        other.identifiability.stiffness, first.identifiability.stiffness, rtol=1e-5
    )


def test_a_long_horizon_in_large_units_has_stable_starts():
    result = solved(horizon=100, curvatures=Uniform(500.0, 1e4), sees=NoisyGradient(3e3), starts=2)
    assert result.coefficients["momentum"] == pytest.approx(0.905, abs=1e-3)


def test_equal_curvatures_are_one():
    spectrum = Discrete([0.5, 1.0, 0.5, 0.2], [1, 2, 3, 4])
    np.testing.assert_array_equal(spectrum.values, [0.5, 1.0, 0.2])
    np.testing.assert_allclose(spectrum.weights, [0.4, 0.2, 0.4], rtol=1e-15)
    result = solved(
        GradientDescent(constant=False), 2, curvatures=Discrete([0.5, 0.5, 1.0]), sees=None
    )
    assert result.learnt
    np.testing.assert_allclose(np.sort(result.coefficients["learning_rate"]), [1.0, 2.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("curvatures", "learnt"), [([0.5, 0.5 + 1e-7, 1.0], True), ([0.5, 0.501, 1.0], False)]
)
def test_round_off_ends_a_run_well(curvatures, learnt):
    result = solved(
        GradientDescent(constant=False), 2, curvatures=Discrete(curvatures), sees=None, starts=2
    )
    assert result.status.ok
    assert result.learnt is learnt
    assert result.certificate.passed


@pytest.mark.slow
def test_a_cost_far_below_round_off_is_still_a_minimum():
    """Every second moment falls together, so that J = 2e-40 has its digits."""
    result = solved(horizon=100, sees=None)
    assert result.cost < 1e-39
    assert result.status.ok
    assert result.certificate.passed
    assert result.identifiability.identifiable


def test_what_is_learnt_is_certified_in_units_of_standing_still():
    result = solved(GradientDescent(constant=False), 2, curvatures=Discrete([0.5, 1.0]), sees=None)
    assert result.certificate.learnt
    assert max(result.certificate.moments, result.certificate.stationarity) < 1e-12
    assert "everything is learnt" in str(result.certificate)


def test_a_momentum_that_may_have_any_value_runs_away():
    """Steps that all but rest, made up for by a large momentum, see two gradients at one place."""
    free = {"momentum": (-math.inf, math.inf)}
    result = solved(HeavyBall(constant=False), 5, starts=2, within=free, throw=False)
    assert "running away: momentum at step" in result.message
    assert result.status is PolicyStatus.NOT_ATTAINED
    assert "within={name: (low, high)}" in PolicyStatus.ITERATION_LIMIT.value


@pytest.mark.parametrize(
    ("noise", "status"), [(1e-6, PolicyStatus.CONVERGED), (1e-7, PolicyStatus.ROUND_OFF)]
)
def test_an_optimum_that_is_far_out_is_one(noise, status):
    """Two curvatures a million apart, seen all but exactly, are met by two steps of one over them.

    On the way the flat weight's step throws the steep one a million times as far as it was: with
    less noise the digits that are left of J do not reach the tolerance, and the status says so.
    """
    result = solved(
        GradientDescent(constant=False),
        2,
        curvatures=Discrete([1e-4, 1e2]),
        sees=NoisyGradient(noise),
        starts=3,
        throw=False,
    )
    assert result.status is status
    np.testing.assert_allclose(
        np.sort(result.coefficients["learning_rate"]), [1e-2, 1e4], rtol=2e-4
    )


def test_a_gradient_seen_better_from_far_away_has_no_best_rule():
    """A span may begin with a step so long that noise no longer matters, and come back: the longer
    the better.
    """
    result = solved(FirstOrderSpan(memory=3, constant=False), 6, starts=2, throw=False)
    assert result.status is PolicyStatus.NOT_ATTAINED
    assert "running away: lag_" in result.message


def test_results_are_read_only():
    result = pickle.loads(pickle.dumps(solved(starts=2)))
    with pytest.raises(TypeError):
        result.optima[0][1]["momentum"] = 0.0
    worst = pickle.loads(
        pickle.dumps(worst_case(dataclasses.replace(result.program, sees=None), starts=2))
    )
    with pytest.raises(TypeError):
        worst.coefficients["momentum"] = 0.0


def test_summaries_in_plain_words():
    text = solved().summary()
    assert "8 of 8 start(s) agree; exact moments, 11 curvatures" in text
    assert "optim" not in text
    assert (
        "1 other optimum"
        in dataclasses.replace(solved(), optima=((0.1, {}, 1), (0.2, {}, 1))).summary()
    )


def test_a_coefficient_at_its_optimum_is_none_without_effect():
    """The slope in the rate is exactly zero at the only guess, which is an optimum in the rate."""
    task = LandscapeDistribution.quadratic(
        curvatures=Discrete([0.05, 0.3, 1.0], [0.2, 0.3, 0.5]), start_variance=1.0
    )
    family = Scheduled(family=GradientDescent(constant=True), shape=LogLinear(pieces=2))
    objective = Objective(horizon=40, learning_rate=math.inf)
    results = [
        optimize_policy(task, family, objective, sees=CurvatureNoise(0.3, power=0.5), starts=starts)
        for starts in (2, 4)
    ]
    assert results[0].cost == pytest.approx(results[1].cost, rel=1e-5)
    assert results[0].cost < 0.01 * results[0].standing_still
    assert results[0].certificate.passed
