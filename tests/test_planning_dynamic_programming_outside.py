"""What the grid cannot see: interval bounds, the cost of leaving the box, and verdicts that hold
outside of it.
"""

import math
from dataclasses import replace

import casadi as ca
import numpy as np
import pytest
from scipy.integrate import quad

import landscape_control as lc
from landscape_control.grid import Grid, Verdict, certify_global, value_function
from landscape_control.planning.dynamic_programming.bounds.beyond import BetweenNodes, Beyond
from landscape_control.planning.dynamic_programming.bounds.intervals import IntervalFunction
from landscape_control.planning.dynamic_programming.bounds.leaving import least_cost_of_leaving
from landscape_control.planning.dynamic_programming.bounds.lower_bounds import LowerBounds
from landscape_control.planning.solver import solve


def function(expression, dimension):
    theta = ca.SX.sym("theta", dimension)
    return ca.Function("f", [theta], [ca.SX(expression(theta))])


def problem_of(loss, start, *, learner=None, end=None, allow_kinks=False, **objective):
    landscape = lc.Landscape.from_expression(loss, dimension=len(start), allow_kinks=allow_kinks)
    return lc.ControlProblem(
        landscape=landscape,
        objective=lc.Objective(**objective),
        start=start,
        end=end,
        learner=learner or lc.Learner(),
    )


# --- intervals against samples
# -------------------------------------------------------------------------------------------

ONE = [
    lambda a: a**2,
    ca.exp,
    ca.sin,
    ca.cos,
    ca.tan,
    ca.tanh,
    ca.atan,
    ca.erf,
    ca.cosh,
    ca.sinh,
    ca.fabs,
    ca.floor,
    ca.sign,
    ca.expm1,
    ca.log1p,
    ca.acos,
    ca.asin,
    ca.asinh,
    ca.acosh,
    ca.atanh,
    lambda a: a**3,
    lambda a: a**1.5,
    lambda a: a**-2,
    lambda a: 1 / a,
    lambda a: ca.sqrt(1 + a**2),
    lambda a: ca.log(1 + a**2),
    ca.sqrt,
    lambda a: ca.if_else(a > 0.3, a, -2 * a),
]
TWO = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (b + 3),
    ca.fmin,
    ca.fmax,
    ca.atan2,
    ca.hypot,
    lambda a, b: ca.fabs(a) ** b,
]


def random_function(rng):
    theta = ca.SX.sym("theta", 2)
    pool = [theta[0], theta[1], ca.SX(rng.normal())]
    for _ in range(rng.integers(1, 7)):
        operation, arity = (ONE, 1) if rng.random() < 0.5 else (TWO, 2)
        chosen = [pool[rng.integers(len(pool))] for _ in range(arity)]
        pool.append(operation[rng.integers(len(operation))](*chosen))
    return ca.Function("f", [theta], [pool[-1]])


def test_interval_bounds_hold_for_every_sample_of_random_expressions():
    rng, compared = np.random.default_rng(1), 0
    for _ in range(400):
        f = random_function(rng)
        low = 2 * rng.normal(size=(6, 2))
        high = low + rng.exponential(size=(6, 2)) * 10 ** rng.uniform(-3, 1)
        below, above = IntervalFunction(f)(low, high)
        for j in range(6):
            points = low[j] + (high[j] - low[j]) * np.vstack(
                [rng.random((60, 2)), [[0, 0], [1, 0], [0, 1], [1, 1]]]
            )
            values = np.array(f.map(len(points))(points.T)).ravel()
            values = values[np.isfinite(values)]
            compared += len(values)
            assert not len(values) or (
                below[j, 0] <= values.min() and values.max() <= above[j, 0]
            ), (f, low[j], high[j])
    assert compared > 50_000


def test_interval_bounds_are_exact_where_every_variable_occurs_once():
    f = function(lambda x: (x[0] ** 2 - 1) ** 2 + ca.sin(x[1]), 2)
    low, high = IntervalFunction(f)(
        np.array([[-0.5, 0.0], [2.0, 1.0]]), np.array([[0.5, 2.0], [3.0, 2.0]])
    )
    np.testing.assert_allclose(low[:, 0], [0.75**2 + 0.0, 9 + math.sin(1.0)], rtol=1e-12)
    np.testing.assert_allclose(high[:, 0], [1 + 1.0, 64 + 1.0], rtol=1e-12)


def test_an_unknown_operation_never_gives_a_bound():
    low, high = IntervalFunction(function(lambda x: ca.fmod(x[0], 2.0), 1))(
        np.array([[0.0]]), np.array([[9.0]])
    )
    assert (low[0, 0], high[0, 0]) == (-np.inf, np.inf)


def muller_brown(x):
    rows = [
        (-200, -1, 0, -10, 1, 0),
        (-100, -1, 0, -10, 0, 0.5),
        (-170, -6.5, 11, -6.5, -0.5, 1.5),
        (15, 0.7, 0.6, 0.7, -1, 1),
    ]
    return (
        sum(
            height * ca.exp(a * (x[0] - p) ** 2 + b * (x[0] - p) * (x[1] - q) + c * (x[1] - q) ** 2)
            for height, a, b, c, p, q in rows
        )
        / 100
    )


TILT = float(np.roots([4, 0, -4, -0.5]).real.max())
BOUNDED = {  # loss, box, least inside, least outside (None: by samples only)
    "double well": (
        lambda x: (x[0] ** 2 - 1) ** 2 - x[0] / 2,
        [[-2, 2.1]],
        (TILT**2 - 1) ** 2 - TILT / 2,
        10.0,
    ),
    "double well in the plane": (
        lambda x: (x[0] ** 2 - 1) ** 2 - x[0] / 2 + x[1] ** 2,
        [[-2, 2.1], [-1, 1.5]],
        (TILT**2 - 1) ** 2 - TILT / 2,
        (TILT**2 - 1) ** 2 - TILT / 2 + 1,
    ),
    "product": (
        lambda w: 0.5 * (w[0] * w[1] - 1) ** 2,
        [[-0.5, 0.5], [-0.5, 0.5]],
        0.5 * 0.75**2,
        0.0,
    ),
    "coupled quadratic": (
        lambda x: x[0] ** 2 + 1.2 * x[0] * x[1] + x[1] ** 2,
        [[-1, 1], [-1, 1]],
        0.0,
        0.64,
    ),
    "coupled quartic": (
        lambda x: x[0] ** 4 + x[1] ** 4 + x[0] ** 3 * x[1],
        [[-1, 2], [-1, 1]],
        0.0,
        None,
    ),
    "plateau and well": (
        lambda x: (
            0.01 * x[0] ** 2 / (1 + x[0] ** 2) + 100 * (1 - ca.exp(-((x[0] - 37.3) ** 2) / 8))
        ),
        [[-1, 1]],
        100.0,
        0.01 * 37.3**2 / (1 + 37.3**2),
    ),
    "Müller-Brown": (muller_brown, [[-2, 1.5], [-1, 2.5]], -1.466995, None),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_lower_bounds_inside_and_outside_are_true_and_sharp(name):
    loss, box, inside, outside = BOUNDED[name]
    box = np.array(box, dtype=float)
    f, bounds = function(loss, len(box)), LowerBounds(function(loss, len(box)))
    found = bounds.inside(box, 1e-3), bounds.outside(box, 1e-3)
    assert inside - 2e-3 <= found[0] <= inside + 1e-6
    rng = np.random.default_rng(0)
    points = box.mean(axis=1) + np.ptp(box, axis=1) * rng.normal(
        size=(20000, len(box))
    ) * 10 ** rng.uniform(-1, 2, (20000, 1))
    points = points[((points < box[:, 0]) | (points > box[:, 1])).any(axis=1)]
    values = np.array(f.map(len(points))(points.T)).ravel()
    assert found[1] <= np.nanmin(values)
    assert found[1] > np.nanmin(values) - 0.1 * max(1, abs(np.nanmin(values)))
    if outside is not None:
        assert outside - 2e-3 <= found[1] <= outside + 1e-6


@pytest.mark.parametrize(
    "loss", [lambda x: x[0] ** 3, lambda x: -(x[0] ** 2) / 2, lambda x: x[0] - ca.exp(0.1 * x[0])]
)
def test_a_loss_that_is_not_bounded_below_gets_no_bound(loss):
    assert LowerBounds(function(loss, 1)).outside(np.array([[-1.0, 1.0]]), 1e-3) == -np.inf


# --- the cost of leaving against closed forms
# ----------------------------------------------------------------------------


def leaving(problem, box, inside=0.0, anywhere=0.0, terminal=0.0):
    return least_cost_of_leaving(
        problem, np.array(box, dtype=float), inside=inside, anywhere=anywhere, terminal=terminal
    )


@pytest.mark.parametrize(
    ("decay", "push", "offset"),
    [(0.0, 1.0, 0.0), (-0.7, 1.0, 0.0), (0.4, 2.0, 0.0), (0.0, 1.0, 0.3), (0.4, 0.5, 0.2)],
)
@pytest.mark.parametrize(("discount", "horizon"), [(0.0, 2.0), (0.6, 3.0)])
def test_effort_of_leaving_is_that_of_the_controllability_gramian(
    decay, push, offset, discount, horizon
):
    """θ̇ = aθ + c + bu from 0 to R by time t: least effort (R - drift)²/2ηS, S = b²∫e^{γτ +
    2a(t-τ)}dτ.
    """
    learner = lc.Learner(
        drift=lc.linear_drift([[decay]], [offset]), actuation=[[push]], metric=[[1.7]]
    )
    problem = problem_of(
        lambda x: x[0] ** 2,
        [0.0],
        learner=learner,
        horizon=horizon,
        discount=discount,
        learning_rate=0.8,
    )

    def effort(reach, sign, t):
        carried = sign * quad(lambda s: offset * math.exp(decay * (t - s)), 0, t)[0]
        gramian = (
            push**2 / 1.7 * quad(lambda s: math.exp(discount * s + 2 * decay * (t - s)), 0, t)[0]
        )
        return max(reach - carried, 0.0) ** 2 / (2 * 0.8 * gramian)

    times = np.linspace(1e-3, horizon, 400)
    exact = min(min(effort(2.0, -1, t) for t in times), min(effort(3.0, 1, t) for t in times))
    found = leaving(problem, [[-2, 3]])
    assert found.cost <= exact * (1 + 1e-9)
    assert found.cost == pytest.approx(exact, rel=0.03, abs=1e-12)


def test_bound_is_below_the_exact_cost_of_reaching_a_wall_in_a_bowl():
    """From 0 to R in time t at L = ½hθ², γ = 0: J = ½R²√(kh/η) coth(√(ηkh) t)."""
    problem = problem_of(
        lambda x: 0.5 * 1.3 * x[0] ** 2, [0.0], horizon=5.0, learning_rate=0.6, loss_weight=0.9
    )
    exact = 0.5 * 4.0 * math.sqrt(0.9 * 1.3 / 0.6) / math.tanh(math.sqrt(0.6 * 0.9 * 1.3) * 5)
    found = leaving(problem, [[-2, 2]])
    assert 0 < found.cost < exact
    assert found.cost == pytest.approx(4.0 / (2 * 0.6 * 5.0), rel=1e-3)  # R²/2ηT


def test_loss_inside_and_afterwards_enter_as_in_the_formula():
    problem = problem_of(
        lambda x: x[0] ** 2, [0.5], horizon=4.0, discount=0.3, learning_rate=2.0, loss_weight=1.5
    )

    def bound(t, inside, after):
        effort = 1.5**2 * 0.3 / (2 * 2.0 * math.expm1(0.3 * t))
        loss = inside * (1 - math.exp(-0.3 * t)) + after * (math.exp(-0.3 * t) - math.exp(-0.3 * 4))
        return effort + 1.5 * loss / 0.3 + math.exp(-0.3 * 4) * -2.0

    found = leaving(problem, [[-3, 2]], inside=1.0, anywhere=-0.5, terminal=-2.0)
    least = min(bound(t, 1.0, -0.5) for t in np.geomspace(1e-4, 4, 4000))
    assert found.cost == pytest.approx(least, rel=2e-2)
    assert found.cost <= least
    assert found.wall == "θ1 = 2"
    # but the plan may come back inside
    loss_outside_is_higher = leaving(problem, [[-3, 2]], inside=1.0, anywhere=7.0)
    assert loss_outside_is_higher.cost <= min(
        bound(t, 1.0, 1.0) for t in np.geomspace(1e-4, 4, 4000)
    ) + 2 * math.exp(-1.2) * (1 + 1e-12)  # it is this number, but for its last digit


def test_metric_that_depends_on_the_place_is_measured_along_the_way():
    """With G = 1/θ² the distance is logarithmic: from 1 to R costs (log R)²/2ηT."""
    learner = lc.Learner(metric=lambda x: 1 / x[0] ** 2)
    problem = problem_of(lambda x: x[0] ** 2, [1.0], learner=learner, horizon=2.0)
    found = leaving(problem, [[0.5, 1.8]])
    exact = math.log(1.8) ** 2 / (2 * 2.0)
    assert 0.95 * exact < found.cost <= exact


def test_a_direction_that_cannot_be_pushed_is_left_only_by_drift():
    learner = lc.Learner(actuation=[[1.0], [0.0]], drift=lambda x: ca.vertcat(0, 1.0))
    problem = problem_of(lambda x: x[0] ** 2 + x[1] ** 2, [0.0, 0.0], learner=learner, horizon=3.0)
    # 3.1 is out of the drift's reach
    assert leaving(problem, [[-9, 9], [-1, 3.1]]).wall in ("θ1 = -9", "θ1 = 9")
    assert leaving(problem, [[-9, 9], [-1, 2.9]]).cost == pytest.approx(0, abs=1e-9)


# --- the relaxed value
# -----------------------------------------------------------------------------------------------------


def test_relaxed_value_is_never_above_the_exact_one_and_meets_it_in_a_wide_box():
    """Bowl, γ = 0: V = ½√(k/η) tanh(√(ηk) T) θ²."""
    problem = problem_of(lambda x: 0.5 * x[0] ** 2, [1.0], horizon=3.0)
    exact, loss = 0.5 * math.tanh(3.0), function(lambda x: 0.5 * x[0] ** 2, 1)
    found = []
    for wall in (1.2, 2.0, 4.0):
        fine = Grid.over(np.array([[-wall, wall]]), (401,))
        nodes = BetweenNodes(
            loss=loss, terminal=function(lambda x: 0 * x[0], 1), lowest=0.0, finer=fine
        )
        # a low loss outside: leaving pays from a small box
        beyond = Beyond(running=-0.3, terminal=0.0, nodes=nodes)
        found.append(
            value_function(problem, fine.coarser(), slices=1, beyond=beyond).at(problem.start)
        )
    assert found[0] < -0.5  # 0.2 to the wall, then 3·(-0.3)
    assert max(found) <= exact + 1e-6
    assert found[-1] == pytest.approx(exact, rel=1e-3)


def test_relaxed_steady_state_is_the_limit_of_the_relaxed_march():
    def landscape(x):
        return (x[0] ** 2 - 1) ** 2 - 0.25 * x[0]

    marched = problem_of(landscape, [-0.9], horizon=29.0, discount=1.0)
    endless = marched.changed(horizon=math.inf)
    grid, beyond = Grid.over(np.array([[-1.05, 1.5]]), (201,)), Beyond(running=-1.0, terminal=0.0)
    values = [
        value_function(one, grid, slices=1, beyond=beyond).at(one.start)
        for one in (marched, endless)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-4)
    assert values[1] < value_function(endless, grid).at(endless.start) - 0.05


@pytest.mark.slow
# --- verdicts
# ---------------------------------------------------------------------------------------------------------


def test_a_saddle_where_the_search_knows_nothing_is_not_global():
    problem = problem_of(
        lambda w: 0.5 * (w[0] * w[1] - 1) ** 2, [0.0, 0.0], horizon=8.0, discount=0.05
    )
    moves = solve(
        problem
    ).best  # the solver itself steps off the saddle: the plan that stays is made by hand
    rest = {name: 0 * getattr(moves, name) for name in ("parameters", "controls", "costates")}
    stays = replace(moves, **rest, cost=0.5 * (1 - math.exp(-0.4)) / 0.05)
    certificate = certify_global(problem, stays, points=41)
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.better_plan.cost == pytest.approx(0.913537, abs=1e-6)
    assert (np.ptp(certificate.box, axis=1) > 1).all()


def test_a_cheaper_plan_that_only_the_terminal_cost_tells_of_is_found():
    problem = problem_of(
        lambda x: 0.5 * (x[0] + 1) ** 2,
        [-1.0],
        horizon=3.0,
        loss_weight=0.01,
        terminal=lambda x: (x[0] ** 2 - 1) ** 2 - x[0],
    )
    certificate = certify_global(problem, solve(problem, guess=[-1.0]), points=101)
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.better_plan.cost == pytest.approx(-0.3191, abs=1e-4)
    assert certify_global(problem, certificate.better_plan, points=201).is_global


@pytest.mark.slow
def test_a_well_far_behind_a_plateau_is_found():
    problem = problem_of(
        lambda x: (
            0.01 * x[0] ** 2 / (1 + x[0] ** 2) + 100 * (1 - ca.exp(-((x[0] - 37.3) ** 2) / 8))
        ),
        [0.0],
        horizon=100.0,
    )
    certificate = certify_global(problem, solve(problem, guess=[0.0]))
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.better_plan.cost < 504
    assert certificate.outside.excluded


def test_long_horizon_of_figure_1_is_judged_by_the_steady_state():
    objective = lc.Objective(horizon=400.0, discount=0.1)
    problem = lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=[-0.6, 0.55])
    certificate = certify_global(problem, solve(problem, guess=[-0.93, 0.0]), points=61)
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.grid_value == pytest.approx(-2.83107, abs=5e-3)  # T = ∞
    assert certificate.better_plan.cost == pytest.approx(-2.83107, abs=1e-4)


@pytest.mark.parametrize(
    ("loss", "start", "horizon"),
    [(lambda x: -(x[0] ** 2) / 2, 0.5, 1.0), (lambda x: x[0] ** 3, 1.0, 3.0)],
)
def test_a_loss_without_a_lower_bound_is_never_certified(loss, start, horizon):
    certificate = certify_global(problem_of(loss, [start], horizon=horizon), points=101)
    assert certificate.verdict is Verdict.UNDECIDED
    assert not certificate.outside.excluded
    assert "not certified: nothing known outside the box" in certificate.message
    assert "nothing known outside the box" in certificate.summary()
    assert "loss_at_least" in certificate.message
    assert certificate.grid_error == np.inf
    assert certificate.outside.loss_outside == -np.inf


def test_standing_on_the_least_loss_is_global_whatever_the_box():
    certificate = certify_global(
        problem_of(lambda x: 0.5 * x[0] ** 2, [0.0], horizon=3.0), points=101
    )
    assert certificate.is_global
    assert (np.ptp(certificate.box, axis=1) > 1e-3).all()


def test_what_interval_arithmetic_cannot_bound_the_user_can():
    """L = √(1+θ²) - θ/2 has its least value √3/2, but is a difference of two things that grow
    without bound.
    """
    problem = problem_of(lambda x: ca.sqrt(1 + x[0] ** 2) - 0.5 * x[0], [-1.0], horizon=3.0)
    unknown = certify_global(problem, points=101)
    assert unknown.verdict is Verdict.UNDECIDED
    known = certify_global(problem, points=101, loss_at_least=0.866)
    assert known.is_global, known.message
    assert known.outside.source == "stated by the user"
    assert known.outside.loss_outside == 0.866
    with pytest.raises(lc.ProblemError, match=r"loss_at_least.*nowhere falls below.*received 0\.9"):
        certify_global(problem, points=101, loss_at_least=0.9)
    with pytest.raises(lc.ProblemError, match="terminal_at_least.*with a terminal cost"):
        certify_global(problem, points=101, terminal_at_least=0.0)
    with pytest.raises(lc.ProblemError, match="loss_at_least"):
        certify_global(problem, points=101, loss_at_least=-np.inf)


def test_a_well_narrower_than_the_cells_is_not_overlooked():
    problem = problem_of(
        lambda x: 0.5 * x[0] ** 2 - 3 * ca.exp(-((x[0] - 1.0251) ** 2) / (2 * 0.002**2)),
        [-1.0],
        horizon=4.0,
    )
    stays = solve(problem, guess=[0.0])
    certificate = certify_global(problem, stays, box=(-2.5, 2.5), points=101)
    assert certificate.verdict is Verdict.UNDECIDED
    assert "between the nodes" in certificate.message
    assert certificate.outside.undercut > 1.0
    plain = problem_of(lambda x: 0.5 * x[0] ** 2, [-1.0], horizon=4.0)
    assert certify_global(plain, box=(-2.5, 2.5), points=101).is_global


def test_the_argument_is_recorded():
    problem = problem_of(lambda x: 0.5 * x[0] ** 2, [1.0], horizon=1.0)
    certificate = certify_global(problem, box=(-6, 6), points=201)
    outside = certificate.outside
    assert outside.leaving.cost == pytest.approx(25 / 2, rel=1e-3)  # (R²/2ηT) for the nearer wall
    assert outside.leaving.cost > certificate.plan_cost
    assert (outside.leaving.wall, outside.leaving.time) == ("θ1 = 6", 1.0)
    assert outside.loss_inside == pytest.approx(0, abs=1e-3)
    assert outside.loss_outside == pytest.approx(18, abs=1e-2)
    assert outside.source == "interval arithmetic"
    assert "Nothing outside the box can pay" in certificate.message
    assert "nothing outside the box can pay" in certificate.summary()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_no_random_landscape_of_wells_is_called_global_wrongly(seed):
    """A bowl with two to four Gaussian wells, judged from a plan that stays near the start;
    reference: a fine, wide grid.
    """
    rng = np.random.default_rng(seed)
    count = rng.integers(2, 5)
    centres, depths, widths = (
        rng.uniform(-4, 4, count),
        rng.uniform(0.3, 3, count),
        10 ** rng.uniform(-1, 0.2, count),
    )
    bowl = 10 ** rng.uniform(-2.5, -0.5)

    def loss(x):
        wells = zip(centres, depths, widths, strict=True)
        return bowl * x[0] ** 2 - sum(
            depth * ca.exp(-((x[0] - c) ** 2) / (2 * width**2)) for c, depth, width in wells
        )

    problem = problem_of(
        loss, [rng.uniform(-3, 3)], horizon=[1.0, 3.0, 8.0][seed % 3], discount=[0.0, 0.2][seed % 2]
    )
    plan = solve(problem, guess=problem.start, throw=False)
    certificate = certify_global(problem, plan, points=101)
    lowest = value_function(problem, Grid.over(np.array([[-9.0, 9.0]]), (1801,)), slices=1).at(
        problem.start
    )
    if certificate.is_global:
        assert plan.cost < lowest + certificate.grid_error + certificate.outside.undercut + 1e-3
    elif certificate.better_plan is not None:
        assert certificate.better_plan.cost < plan.cost
        assert certificate.better_plan.cost > lowest - 1e-3
