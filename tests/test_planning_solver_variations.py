"""Where not every way can be gone: partial control, drifts that bend the ways, metrics that depend
on the place.

Values are those of direct collocation with Radau points and IPOPT from many random starts, written
apart from the package, unless a closed form is named.
"""

import math
from dataclasses import replace

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.planning.solver.evidence import with_evidence
from landscape_control.planning.solver.rollouts import is_bound, rolled_out
from landscape_control.planning.solver.variations import varied

LAST = [[0.0], [1.0]]
FOURTH = [[0.0], [0.0], [1.0]]


def problem(loss, start, end=None, drift=None, actuation=None, metric=None, **objective):
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(loss, dimension=len(start)),
        learner=lc.Learner(drift=drift, actuation=actuation, metric=metric),
        objective=lc.Objective(**objective),
        start=start,
        end=end,
    )


def pendulum(t):
    return ca.vertcat(t[1], -ca.sin(t[0]))


def falling_pendulum(t):
    return ca.vertcat(t[1], ca.sin(t[0]) - 0.1 * t[1])


def ball(t):
    """Heavy ball with friction ½ in the tilted double well."""
    return ca.vertcat(t[1], -4 * t[0] * (t[0] ** 2 - 1) + 0.3 - 0.5 * t[1])


def car(t):
    return ca.vertcat(ca.cos(t[2]), ca.sin(t[2]), 0)


def nonholonomic(t):
    return ca.vertcat(ca.horzcat(1, 0), ca.horzcat(0, 1), ca.horzcat(-t[1], t[0]))


def unicycle(t):
    return ca.vertcat(ca.horzcat(ca.cos(t[2]), 0), ca.horzcat(ca.sin(t[2]), 0), ca.horzcat(0, 1))


def up(t):
    return 1 + ca.cos(t[0]) + 0.01 * t[1] ** 2


def tilted(t):
    return (t[0] ** 2 - 1) ** 2 - 0.3 * t[0]


def well(t):
    return (t[0] ** 2 - 1) ** 2 + t[1] ** 2 - t[0] / 2


def turning(t):
    """Gradient descent in the double well of VGR25, with rotation."""
    return ca.vertcat(-4 * t[0] * (t[0] ** 2 - 1) + 0.5 - t[1], -2 * t[1] + t[0])


CASES = {
    "a pendulum swung up, in two swings": (
        problem(
            up,
            [0.0, 0.0],
            drift=pendulum,
            actuation=LAST,
            horizon=20.0,
            discount=0.1,
            learning_rate=0.05,
        ),
        15.828932,
    ),
    "a pendulum let down from the top": (
        problem(
            lambda t: 1 + ca.cos(t[0]) + 0.1 * t[1] ** 2,
            [0.0, 0.0],
            drift=falling_pendulum,
            actuation=LAST,
            horizon=400.0,
            discount=0.1,
        ),
        4.638028,
    ),
    "a heavy ball that goes back first": (
        problem(tilted, [-0.93, 0.0], drift=ball, actuation=LAST, horizon=10.0),
        1.518375,
    ),
    "a car that overtakes its aim": (
        problem(
            lambda t: (t[0] - 2) ** 2 + (t[1] - 2) ** 2,
            [0.0, 0.0, 0.0],
            drift=car,
            actuation=FOURTH,
            horizon=5.0,
        ),
        11.060745,
    ),
    "a car with its aim behind": (
        problem(
            lambda t: (t[0] + 2) ** 2 + t[1] ** 2,
            [0.0, 0.0, 0.0],
            drift=car,
            actuation=FOURTH,
            horizon=8.0,
        ),
        18.877617,
    ),
    "a unicycle with its aim beside it": (
        problem(
            lambda t: t[0] ** 2 + (t[1] - 1) ** 2 + t[2] ** 2,
            [0.0, 0.0, 0.0],
            actuation=unicycle,
            horizon=5.0,
        ),
        3.716180,
    ),
    "two controls, three places": (
        problem(
            lambda t: 0.1 * ca.sumsqr(t) + (t[2] - 1) ** 2,
            [0.0, 0.0, 0.0],
            actuation=nonholonomic,
            horizon=4.0,
        ),
        2.095269,
    ),
    "gradient descent with rotation": (
        problem(well, [-0.6, 0.55], drift=turning, horizon=20.0, discount=0.5),
        1.032903,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_default_call_finds_the_best_plan(name):
    case, truth = CASES[name]
    assert is_bound(case)
    solution = lc.solve(case)
    assert solution.certificate.passed
    assert solution.cost == pytest.approx(truth, rel=2e-6)


EFFORTS = {
    "a double integrator": (
        problem(
            ca.sumsqr,
            [0.0, 0.0],
            [1.0, 0.0],
            lambda t: ca.vertcat(t[1], 0),
            LAST,
            horizon=1.0,
            loss_weight=0.0,
        ),
        6.0,
    ),
    "a discounted particle": (
        problem(ca.sumsqr, [0.0], [1.0], horizon=2.0, discount=1.0, loss_weight=0.0),
        0.5 / math.expm1(2.0),
    ),
    "a geodesic of the half plane": (
        problem(
            ca.sumsqr,
            [0.0, 1.0],
            [1.0, 1.0],
            metric=lambda t: ca.DM.eye(2) / t[1] ** 2,
            horizon=2.0,
            loss_weight=0.0,
        ),
        math.acosh(1.5) ** 2 / 4,
    ),
    "a circle of Brockett's integrator": (  # area ½ of a circle of length √(2π): J = length²/2
        problem(
            ca.sumsqr,
            [0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0],
            actuation=nonholonomic,
            horizon=1.0,
            loss_weight=0.0,
        ),
        math.pi,
    ),
}


@pytest.mark.parametrize("name", EFFORTS)
def test_the_least_effort_for_a_fixed_end_needs_no_loss(name):
    case, closed_form = EFFORTS[name]
    solution = lc.solve(case)
    assert solution.certificate.passed
    assert solution.cost == pytest.approx(closed_form, rel=1e-6)


def test_nothing_to_pay_for_is_still_refused():
    with pytest.raises(lc.ProblemError, match="a fixed end"):
        problem(ca.sumsqr, [1.0], horizon=1.0, loss_weight=0.0)


@pytest.mark.parametrize("horizon", [5.0, pytest.param(20.0, marks=pytest.mark.slow)])
def test_logistic_regression_with_its_fisher_metric_is_a_plain_problem_in_angles(horizon):
    """p = sin²(φ/2) is the sigmoid of θ, and G dθ² = dφ² for G = p(1 - p): the loss is lowest where
    the metric vanishes.
    """
    case = problem(
        lambda t: ca.log1p(ca.exp(-t[0])),
        [-6.0],
        metric=lambda t: 1 / (2 + ca.exp(t[0]) + ca.exp(-t[0])),
        horizon=horizon,
        discount=0.1,
    )
    angle = 2 * math.asin(math.sqrt(1 / (1 + math.exp(6.0))))
    plain = problem(
        lambda a: -ca.log(ca.sin(a[0] / 2) ** 2), [angle], horizon=horizon, discount=0.1
    )
    assert lc.solve(case).cost == pytest.approx(lc.solve(plain).cost, rel=1e-6)


def test_a_leap_within_an_element_is_no_evidence_of_a_cheaper_path():
    """Where the metric vanishes far away, a coarse quadrature misses what lies between."""
    case = problem(
        lambda t: ca.log1p(ca.exp(-t[0])),
        [-6.0],
        metric=lambda t: 1 / (2 + ca.exp(t[0]) + ca.exp(-t[0])),
        horizon=20.0,
        discount=0.1,
    )
    solution = lc.solve(case, guess=[2.0])
    best = solution.best
    leap = np.where(best.times[:, None] > 0, 400.0, -6.0)
    failed = replace(best, parameters=leap, status=lc.Status.ITERATION_LIMIT, certificate=None)
    kept = with_evidence(case, [best], [best, failed], 1e-6)
    assert kept[0].status is lc.Status.CONVERGED


def test_drawn_controls_are_reproducible_and_begin_at_the_start():
    case = CASES["a heavy ball that goes back first"][0]
    times = np.linspace(0, 1, 30)
    paths = [
        [guess.path(times) for guess in rolled_out(case, 2.0, case.start[None], seed=3)]
        for _ in range(2)
    ]
    assert paths[0]
    for one, other in zip(*paths, strict=True):
        assert one == pytest.approx(other, abs=0)
        assert one[0] == pytest.approx(case.start, abs=1e-12)


def test_variations_begin_at_the_start_and_meet_a_fixed_end():
    case = problem(ca.sumsqr, [0.0, 0.0], [2.0, 0.0], pendulum, LAST, horizon=3.0)
    best = lc.solve(case).best
    for guess in varied(case, best, 0):
        path = guess.path(np.linspace(0, 1, 20))
        assert path[0] == pytest.approx(case.start, abs=1e-9)
        assert path[-1] == pytest.approx(case.end, abs=1e-9)
