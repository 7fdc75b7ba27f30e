"""Courses planned by batches of exact moments: closed forms, brute force, recursions, other solvers."""

import math
import pickle

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.optimisation import PolicyStatus, exact_cost
from landscape_control.optimisation.courses.modes import modes_of
from landscape_control.optimisation.courses.moments import stepped
from landscape_control.optimisation.courses.quadratic_step import step
from landscape_control.optimisation.courses.rule_rows import rule_rows
from landscape_control.optimisation.courses.single import stepped_one
from landscape_control.optimisation.courses.spans import spanned, spans_of
from landscape_control.policies import (
    AdamFamily,
    Averaged,
    FirstOrderSpan,
    Fixed,
    GradientDescent,
    HeavyBall,
    LogLinear,
    Nesterov,
    Policy,
    QuasiHyperbolic,
    Scheduled,
    ScheduleFree,
)
from landscape_control.rules.families import Clock
from landscape_control.rules.families.response import edge_share, linear_rows

CURVATURES = np.array([0.05, 0.3, 1.0, 0.7])
WEIGHTS = np.array([0.4, 0.3, 0.1, 0.2])
VARIANCES = np.array([9.0, 1.0, 0.5, 0.5])
DEVIATIONS = np.array([0.1, 0.4, 1.5, 0.6])
STEPS, FLOOR = 30, 0.05
BALL = HeavyBall(constant=True)
KNOTS = Scheduled(family=BALL, shape=LogLinear(pieces=3))
TASK = lc.LandscapeDistribution.quadratic(
    curvatures=lc.Discrete(CURVATURES, WEIGHTS), start_variance=VARIANCES
)
SEES = lc.ModeNoise(DEVIATIONS, follows_loss=True)
FAMILIES = {
    "gradient descent": GradientDescent(constant=True),
    "own rates": GradientDescent(constant=False),
    "heavy ball": BALL,
    "knots": KNOTS,
    "Nesterov": Nesterov(constant=True),
    "quasi-hyperbolic": QuasiHyperbolic(),
    "span": FirstOrderSpan(memory=3, constant=True),
    "averaged": Averaged(family=KNOTS),
    "Schedule-Free": Scheduled(family=ScheduleFree(), shape=LogLinear(pieces=2)),
}
NUMBERS = {
    "learning_rate": 0.2, "momentum": 0.6, "share": 0.7, "averaging": 0.4, "lag_0": 0.2, "lag_1": 0.1, "lag_2": 0.05,
    "log_rate_1": 0.3, "log_rate_2": -0.5, "log_rate_3": -1.0,
}  # fmt: skip


def program(family, sees=SEES, steps=STEPS, task=TASK):
    objective = lc.Objective(horizon=steps, learning_rate=math.inf)
    return lc.PolicyProgram(task=task, family=family, objective=objective, sees=sees)


def ball_losses(rates, momentum, floor=0.0):
    """Excess L_0 … L_T (T+1, …) of heavy ball by its covariances, without the package.

    ``rates`` (T,) or (T, …) and ``momentum`` broadcast against each other.
    """
    shape = np.broadcast_shapes(np.shape(rates[0]), np.shape(momentum))
    square = np.multiply.outer(np.ones(shape), VARIANCES)
    mixed, moving = np.zeros_like(square), np.zeros_like(square)
    momentum, losses = np.asarray(momentum)[..., None], [square @ (WEIGHTS * CURVATURES) / 2]
    for rate in np.asarray(rates)[..., None]:
        level = ((floor + losses[-1]) / (floor + losses[0]))[..., None]
        pull = rate * CURVATURES
        with_theta = momentum * mixed - pull * square
        after = momentum**2 * moving - 2 * momentum * pull * mixed + pull**2 * square
        moving = after + rate**2 * DEVIATIONS**2 * level
        square, mixed = square + 2 * with_theta + moving, with_theta + moving
        losses.append(square @ (WEIGHTS * CURVATURES) / 2)
    return np.array(losses)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("multiplicative", [0.0, 0.3])
def test_batches_of_moments_are_the_costs_of_the_policies(name, multiplicative):
    sees = lc.ModeNoise(DEVIATIONS, multiplicative, follows_loss=True, floor=FLOOR)
    one = program(FAMILIES[name], sees)
    layout = one.family.layout(STEPS)
    named = {each.name: NUMBERS[each.name] for each in one.family.coefficients}
    entries = layout.join(named) * np.array([1.0, 0.8, 1.1])[:, None]
    rows = rule_rows(one.family, layout, entries, np.arange(STEPS))
    together = stepped(rows, modes_of(one, FLOOR))
    costs = together.costs
    for k in range(3):
        policy = Policy(family=one.family, coefficients=layout.split(entries[k]), horizon=STEPS)
        assert costs[k] == pytest.approx(exact_cost(policy, one), rel=1e-12)
        alone = rule_rows(one.family, layout, entries[k : k + 1], np.arange(STEPS))
        single = stepped_one(alone, modes_of(one, FLOOR))
        assert single.costs[0] == pytest.approx(costs[k], rel=1e-12)
        np.testing.assert_allclose(single.losses[:, 0], together.losses[:, k], rtol=1e-11)


def test_spans_of_a_constant_rule_are_its_single_steps():
    sees = lc.ModeNoise(DEVIATIONS)  # noise that does not change within a span
    one = program(BALL, sees, steps=333)
    layout, modes = BALL.layout(333), modes_of(one, 0.0)
    entries = np.array([[0.1, 0.8], [0.3, 0.5]])
    exact = stepped(rule_rows(BALL, layout, entries, np.arange(333)), modes)
    spans = spans_of(333, 24)
    assert spans.lengths.sum() == 333
    quick = spanned(rule_rows(BALL, layout, entries, spans.middles), modes, spans)
    assert quick.costs == pytest.approx(exact.costs, rel=1e-11)
    assert quick.losses[1:] == pytest.approx(exact.losses[spans.begins + spans.lengths], rel=1e-11)


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "own rates"])
def test_the_edge_of_stability_is_where_an_eigenvalue_passes_minus_one(name):
    family = FAMILIES[name]
    values = {each.name: NUMBERS[each.name] for each in family.coefficients}
    rows = linear_rows(family, values, Clock(step=7, horizon=STEPS))
    edge = 1 / float(edge_share(rows, 1.0))

    def closest(h):
        matrix = np.array([[row[0] + h * row[1], *row[2:]] for row in rows], dtype=float)
        matrix[0, 0] += 1
        return np.linalg.eigvals(matrix).real.min()

    assert closest(edge) == pytest.approx(-1, abs=1e-9)
    assert closest(0.99 * edge) > -1 > closest(1.01 * edge)


def test_the_edge_of_heavy_ball_is_the_textbook_one():
    rows = linear_rows(BALL, {"learning_rate": 0.2, "momentum": 0.6}, Clock(step=0, horizon=1))
    assert edge_share(rows, 3.0) == pytest.approx(0.2 * 3.0 / (2 * 1.6), rel=1e-14)


def test_one_mode_with_its_own_rate_at_every_step_averages_its_gradients():
    # Kalman: α_t = (1/h)/(t + 1 + σ²/h²m₀), and E L_T = ½h m₀/(1 + T h²m₀/σ²)
    h, start, sigma, steps = 0.5, 2.0, 0.8, 8
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Discrete([h]), start_variance=start)
    family = Scheduled(family=GradientDescent(constant=True), shape=LogLinear(pieces=steps - 1))
    course = lc.plan_course(task, family, steps=steps, sees=lc.NoisyGradient(sigma))
    ratio = h**2 * start / sigma**2
    assert course.cost == pytest.approx(h / 2 * start / (1 + steps * ratio), rel=1e-5)
    rates = 1 / (h * (np.arange(steps) + 1 + 1 / ratio))
    assert course.rates == pytest.approx(rates, rel=1e-2)  # flat: a percent of a rate costs 1e-5


@pytest.mark.parametrize("limits", [{}, {"cap": 0.15}, {"rise": 1.0, "cap": 0.3}])
def test_two_coefficients_beat_a_grid_and_keep_their_limits(limits):
    given = lc.CourseLimits(floor=FLOOR, **limits)
    course = lc.plan_course(TASK, BALL, steps=STEPS, sees=SEES, limits=given)
    rates = ball_losses(course.rates, course.momentum, FLOOR)
    assert course.losses == pytest.approx(FLOOR + rates, rel=1e-11)
    assert course.shares.max() <= given.cap
    assert course.losses.max() <= given.rise * course.losses[0]
    rate, momentum = np.meshgrid(np.geomspace(0.01, 3, 200), np.linspace(0, 0.98, 150))
    losses = ball_losses([rate] * STEPS, momentum, FLOOR)
    kept = rate * CURVATURES.max() / (2 * (1 + momentum)) <= given.cap
    kept &= ((FLOOR + losses) <= given.rise * (FLOOR + losses[0])).all(axis=0)
    best = losses[-1][kept].min()
    assert course.cost <= best * (1 + 1e-4)


@pytest.mark.parametrize("limits", [{"cap": 0.1}, {"cap": 0.1, "rise": 1.0}])
def test_limits_mean_the_same_to_the_interior_point_solver(limits):
    given = lc.CourseLimits(floor=FLOOR, **limits)
    course = lc.plan_course(TASK, KNOTS, steps=STEPS, sees=SEES, limits=given)
    sees = lc.ModeNoise(DEVIATIONS, follows_loss=True, floor=FLOOR)
    objective = lc.Objective(horizon=STEPS, learning_rate=math.inf)
    result = lc.optimize_policy(TASK, KNOTS, objective, sees=sees, limits=given, starts=3)
    # the search stays inside limits by 3e-4 of them; without any the cost is 9 % less
    assert course.cost == pytest.approx(result.cost, rel=2e-3)
    assert result.certificate.passed
    free = lc.plan_course(TASK, KNOTS, steps=STEPS, sees=SEES)
    assert free.cost < 0.95 * course.cost


def test_separate_modes_keep_limits_too():
    given = lc.CourseLimits(cap=0.1, rise=1.2)
    sees = lc.ModeNoise(DEVIATIONS)
    objective = lc.Objective(horizon=STEPS, learning_rate=math.inf)
    result = lc.optimize_policy(TASK, BALL, objective, sees=sees, limits=given, starts=3)
    course = lc.plan_course(TASK, BALL, steps=STEPS, sees=sees, limits=given)
    assert course.cost == pytest.approx(result.cost, rel=2e-3)
    assert result.certificate.passed


def test_long_courses_with_momentum_are_planned():
    course = lc.plan_course(TASK, KNOTS, steps=4000, sees=SEES, limits=lc.CourseLimits(floor=FLOOR))
    assert course.status.ok
    policy = course.policy
    assert exact_cost(policy, course.program) == pytest.approx(course.cost, rel=1e-11)
    constant = lc.plan_course(
        TASK, BALL, steps=4000, sees=SEES, limits=lc.CourseLimits(floor=FLOOR)
    )
    assert course.cost < constant.cost


def test_of_several_families_and_metrics_the_least_loss_is_taken_and_all_are_told():
    families = [BALL, KNOTS, Averaged(family=BALL)]
    other = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete(np.sqrt(CURVATURES), WEIGHTS), start_variance=VARIANCES
    )
    metrics = {0.0: (TASK, SEES), 0.5: (other, SEES)}
    course = lc.plan_course(metrics, families, steps=STEPS, limits=lc.CourseLimits(floor=FLOOR))
    assert len(course.costs) == 6
    assert course.cost <= min(course.costs.values()) * (1 + 1e-3)
    for exponent, (task, sees) in metrics.items():
        one = lc.plan_course(
            task, KNOTS, steps=STEPS, sees=sees, limits=lc.CourseLimits(floor=FLOOR)
        )
        named = next(
            cost
            for name, cost in course.costs.items()
            if name.startswith(KNOTS.name) and name.endswith(f"exponent {exponent:g}")
        )
        assert named == pytest.approx(one.cost, rel=1e-12)


def test_round_off_of_moments_that_have_grown_is_not_taken_for_a_small_loss():
    # rates of three times the edge of stability grow moments by 1e13 and let them cancel again;
    # no rule, told h, is below the variance of a Bayesian average of all gradients
    h = np.array([0.00826, 0.00928, 0.0284, 0.0423, 0.117, 0.275, 0.32, 0.367, 0.472, 0.724, 1.69])
    start = np.array([3.34, 6.39, 6.91, 2.61, 1.36, 2.19, 0.783, 9.64, 1.69, 3.3, 1.74])
    noise = np.array([0.005, 0.0048, 0.0136, 0.11, 0.043, 0.17, 0.198, 0.436, 0.6, 0.588, 0.87])
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Discrete(h), start_variance=start)
    guess = {
        "learning_rate": 4.739, "momentum": -0.2953, "log_rate_1": -1.7279, "log_rate_2": -3.4562, "log_rate_3": -5.1803,
    }  # fmt: skip
    sees = lc.ModeNoise(np.sqrt(noise))
    course = lc.plan_course(task, KNOTS, steps=86, sees=sees, guess=guess)
    bound = np.mean(h / 2 * start / (1 + 86 * h**2 * start / noise))
    assert course.cost > bound
    assert exact_cost(course.policy, course.program) == pytest.approx(course.cost, rel=1e-6)


def test_a_course_can_begin_with_velocity():
    h, velocity, rate, momentum = 0.4, 0.3, 0.2, 0.5
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Discrete([h]), start_variance=1.0)
    start = np.array([[[1.0, 0.2], [0.2, velocity**2]]])
    guess = {"learning_rate": rate, "momentum": momentum}
    course = lc.plan_course(
        task, BALL, steps=1, start=start, guess=guess, sees=lc.NoisyGradient(1.0)
    )
    rate, momentum = course.coefficients["learning_rate"], course.coefficients["momentum"]
    row = np.array([1 - rate * h, momentum])
    assert course.cost == pytest.approx(h / 2 * (row @ start[0] @ row + rate**2), rel=1e-12)


def test_a_course_is_exported_saved_and_pickled(tmp_path):
    limits = lc.CourseLimits(cap=0.2, rise=1.1, floor=FLOOR)
    course = lc.plan_course(TASK, KNOTS, steps=STEPS, sees=SEES, limits=limits)
    init, update = lc.export(course.policy, to="numpy")
    move, _ = update(init(1, 1), np.array([[2.0]]))
    assert move[0, 0] == pytest.approx(-2 * course.rates[0])
    loaded = lc.load(course.save(tmp_path / "course.nc"))
    assert loaded.describe() == course.describe()
    assert pickle.loads(pickle.dumps(course)).describe() == course.describe()


def test_the_quadratic_step_satisfies_its_conditions():
    rng = np.random.default_rng(0)
    for _ in range(20):
        root = rng.normal(size=(4, 4))
        hessian, slope = root @ root.T + 0.1 * np.eye(4), rng.normal(size=4)
        matrix, limit = rng.normal(size=(6, 4)), rng.uniform(-0.1, 1, 6)
        move, duals = step(hessian, slope, matrix, limit)
        assert hessian @ move + slope + matrix.T @ duals == pytest.approx(np.zeros(4), abs=1e-9)
        assert (matrix @ move <= limit + 1e-9).all()
        assert (duals >= 0).all()
        assert duals @ (limit - matrix @ move) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"family": GradientDescent(constant=False)}, "1 to 16 coefficients"),
        ({"family": []}, "at least one family"),
        ({"task": {0.0: (TASK, SEES)}}, "noise in each metric"),
        ({"task": {0.0: TASK}, "sees": None}, r"\(task, sees\)"),
        ({"task": {}, "sees": None}, "at least one metric"),
        ({"start": np.ones((4, 3, 3))}, r"shape \(4, 2, 2\)"),
        ({"guess": {"momentum": 0.5}}, "give all of"),
    ],
)
def test_what_cannot_be_planned_is_refused(changed, words):
    given = {"task": TASK, "family": BALL, "steps": STEPS, "sees": SEES} | changed
    with pytest.raises(lc.ProblemError, match=words):
        lc.plan_course(given.pop("task"), given.pop("family"), **given)


def test_a_hidden_minimum_is_refused_by_name():
    moving = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete([0.5]),
        start_variance=1.0,
        minimum=lc.RandomWalk(mean=[0.0], covariance=[[1.0]], diffusion=[[0.1]]),
    )
    with pytest.raises(lc.ProblemError, match="hidden minimum"):
        lc.plan_course(moving, BALL, steps=5, sees=lc.NoisyGradient(0.1))
    objective = lc.Objective(horizon=5, learning_rate=math.inf)
    with pytest.raises(lc.ProblemError, match="whose minimum rests"):
        lc.optimize_policy(
            moving, BALL, objective, sees=lc.NoisyGradient(0.1), limits=lc.CourseLimits(cap=0.5)
        )


def test_limits_are_refused_where_costs_are_averaged_over_scenarios():
    objective = lc.Objective(horizon=5, learning_rate=math.inf)
    with pytest.raises(lc.ProblemError, match="whose minimum rests"):
        lc.optimize_policy(
            TASK, AdamFamily(epsilon=1e-8), objective, limits=lc.CourseLimits(cap=0.5)
        )


def test_limits_that_nothing_satisfies_are_named_with_what_comes_nearest():
    # α = 1 at h = 1: the share of the edge is 1/2(1+β), at least 1/4 for β < 1
    family = Fixed(family=BALL, values={"learning_rate": 1.0})
    with pytest.raises(lc.ProblemError, match=r"cap: .*received 0.1, .* has 0.25"):
        lc.plan_course(TASK, family, steps=4, sees=SEES, limits=lc.CourseLimits(cap=0.1))
    assert lc.plan_course(TASK, family, steps=4, sees=SEES, limits=lc.CourseLimits(cap=0.3))


@pytest.mark.parametrize("limits", [{"rise": 0.9}, {"cap": 0.0}, {"floor": -1.0}])
def test_limits_outside_their_range_are_refused(limits):
    (name,) = limits
    with pytest.raises(lc.ProblemError, match=name):
        lc.CourseLimits(**limits)


def test_the_floor_of_the_noise_and_of_the_limits_is_one():
    sees = lc.ModeNoise(DEVIATIONS, follows_loss=True, floor=0.2)
    with pytest.raises(lc.ProblemError, match="one loss at the minimum"):
        lc.plan_course(TASK, BALL, steps=STEPS, sees=sees, limits=lc.CourseLimits(floor=FLOOR))


# ---- one mode, and other units


@pytest.mark.parametrize("steps", [1, 9, 10, 12])
def test_own_rates_on_one_mode_are_those_of_the_filter(steps):
    """The best α_t = hv/(h²v + σ²) adds h²/σ² to 1/v at every step."""
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Discrete([2.0]), start_variance=3.0)
    course = lc.plan_course(
        task, GradientDescent(constant=False), steps=steps, sees=lc.ModeNoise([5.0])
    )
    exact = 0.5 * 2.0 / (1 / 3.0 + steps * 4.0 / 25.0)
    assert course.cost == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("family", ["heavy ball", "knots", "Schedule-Free"])
@pytest.mark.parametrize("unit", [2.0**-60, 2.0**-20, 2.0**40])
def test_another_unit_of_the_loss_changes_no_course(family, unit):
    """h' = uh, σ' = uσ leave θ as it is at α' = α/u; powers of two leave the rounding too."""
    plain = lc.plan_course(TASK, FAMILIES[family], steps=STEPS, sees=SEES)
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete(unit * CURVATURES, WEIGHTS), start_variance=VARIANCES
    )
    sees = lc.ModeNoise(unit * DEVIATIONS, follows_loss=True)
    other = lc.plan_course(task, FAMILIES[family], steps=STEPS, sees=sees)
    assert other.cost == pytest.approx(unit * plain.cost, rel=1e-6)
    np.testing.assert_allclose(other.rates * unit, plain.rates, rtol=1e-6)


@pytest.mark.parametrize("steps", [500, 1000, 1001])
def test_a_limit_is_dearer_than_any_loss(steps):
    """One rate, exact gradients: E L_T falls until the cap, where α = cap·2/h_max = ½.

    In a thousand steps the logarithm of the loss falls by more per factor e of the rate than a
    limit cost at first.
    """
    task = lc.LandscapeDistribution.quadratic(
        curvatures=lc.Discrete([1.0, 0.01]), start_variance=1.0
    )
    family, limits = GradientDescent(constant=True), lc.CourseLimits(cap=0.25)
    course = lc.plan_course(task, family, steps=steps, limits=limits)
    at_the_cap = 0.25 * (0.01 * 0.995 ** (2 * steps) + 0.5 ** (2 * steps))
    assert course.status.ok
    assert course.shares.max() <= 0.25
    assert math.log(course.cost / at_the_cap) == pytest.approx(0.0, abs=2e-5 * steps)


def test_a_loss_below_what_the_search_resolves_is_said_to_be_one():
    """One mode that is met in one step by α = 1: nothing of it is left."""
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Discrete([1.0]), start_variance=1.0)
    course = lc.plan_course(task, GradientDescent(constant=True), steps=300)
    assert course.cost <= 1e-10 * course.start_loss
    assert course.status is PolicyStatus.ROUND_OFF
