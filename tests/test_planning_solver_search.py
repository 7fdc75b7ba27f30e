"""Where plans want to go: wells, valleys, obstacles and terminal costs are found by the default
call.
"""

import math

import casadi as ca
import numpy as np
import pytest
from standard import WELL

import landscape_control as lc
from landscape_control.planning.solver.guesses import default_guesses
from landscape_control.planning.solver.least_action import least_action_curves, mirrored
from landscape_control.planning.solver.scales import natural_length
from landscape_control.planning.solver.search_summary import searched
from landscape_control.planning.solver.surveys import Surveys
from landscape_control.planning.solver.targets import surveyed
from landscape_control.planning.solver.timing import best_timing, time_mesh


def problem(loss, start, end=None, learner=None, **objective):
    start = np.atleast_1d(np.array(start, dtype=float))
    landscape = lc.Landscape.from_expression(loss, dimension=len(start))
    extra = {} if learner is None else {"learner": learner}
    return lc.ControlProblem(
        landscape=landscape, start=start, end=end, objective=lc.Objective(**objective), **extra
    )


def mueller_brown(t):
    depth, a, b, c = (
        (-200, -100, -170, 15),
        (-1, -1, -6.5, 0.7),
        (0, 0, 11, 0.6),
        (-10, -10, -6.5, 0.7),
    )
    centres = ((1, 0), (0, 0.5), (-0.5, 1.5), (-1, 1))
    offsets = [(t[0] - x, t[1] - y) for x, y in centres]
    return sum(
        d * ca.exp(i * x**2 + j * x * y + k * y**2)
        for d, i, j, k, (x, y) in zip(depth, a, b, c, offsets, strict=True)
    )


def on_a_lattice(case, low, high, places=241, steps=160):
    """J of the best piecewise linear path over a lattice of places and uniform times in one
    dimension: an upper bound.
    """
    objective = case.objective
    x = np.linspace(low, high, places)
    x[np.argmin(np.abs(x - case.start[0]))] = case.start[0]
    fine = np.linspace(low, high, 40 * places)
    summed = np.concatenate(
        [[0.0], np.cumsum(np.diff(fine) * _middles(case.landscape.loss(fine[:, None])))]
    )
    integral = np.interp(x, fine, summed)
    gap = x[None, :] - x[:, None]
    with np.errstate(all="ignore"):
        mean = (integral[None, :] - integral[:, None]) / gap
    np.fill_diagonal(mean, case.landscape.loss(x[:, None]))
    times = np.linspace(0, objective.horizon, steps + 1)
    value = np.zeros(places)
    if objective.terminal is not None:
        fade = math.exp(-objective.discount * objective.horizon)
        value = fade * objective.terminal_weight * case.model.terminal_cost(x[:, None])
    for begin, end in zip(times[-2::-1], times[:0:-1], strict=True):
        weight = np.exp(-objective.discount * (begin + end) / 2) * (end - begin)
        move = gap**2 / (2 * objective.learning_rate * (end - begin) ** 2)
        value = (weight * (move + objective.loss_weight * mean) + value[None, :]).min(axis=1)
    return value[np.argmin(np.abs(x - case.start[0]))]


def _middles(values):
    return (values[1:] + values[:-1]) / 2


# ---------------------------------------------------------------- timing


def test_the_best_timing_is_an_upper_bound_close_to_the_optimum():
    target = np.array([[1.0575, 0.0]])
    curve = WELL.start + np.linspace(0, 1, 32)[:, None] * (target - WELL.start)
    cost = best_timing(WELL, curve[None], 3.0).costs[0]
    assert 0.6194255915 < cost < 0.67


def test_timing_of_a_free_particle_is_constant_speed_and_costs_what_it_must():
    case = problem(lambda x: x[0] ** 2, [0.0], [2.0], horizon=4.0, loss_weight=1e-12)
    line = np.linspace(0, 2, 25)[None, :, None]  # as many places as times
    timing = best_timing(case, line, 1e-6)
    assert timing.costs[0] == pytest.approx(2.0**2 / (2 * 4.0), rel=1e-9)
    assert timing.positions[0, :, 0] == pytest.approx(timing.times / 2, abs=1e-9)


def test_a_drift_that_helps_is_used():
    """Along f = 1 a particle that is to be 3 away at T = 3 needs no push."""
    case = problem(
        lambda x: x[0] ** 2, [0.0], [3.0], lc.Learner(drift=[1.0]), horizon=3.0, loss_weight=1e-12
    )
    assert best_timing(case, np.linspace(0, 3, 25)[None, :, None], 1e-6).costs[0] == pytest.approx(
        0.0, abs=1e-9
    )


@pytest.mark.parametrize("octaves", [0, 3, 12])
@pytest.mark.parametrize("two_layers", [True, False])
def test_time_meshes_rise_from_zero_to_one(octaves, two_layers):
    mesh = time_mesh(24, octaves, two_layers)
    assert mesh[0] == 0
    assert mesh[-1] == pytest.approx(1)
    assert (np.diff(mesh) > 0).all()
    assert len(mesh) == 25
    assert mesh[1] <= max(0.5**octaves, 1 / 24) * 1.01


# ---------------------------------------------------------------- known answers that the default
# call has to find


@pytest.mark.parametrize(
    ("horizon", "cost"),
    [(4.0, 0.6194256), (400.0, -2.83107), (1000.0, -2.83107), (math.inf, -2.83107)],
)
def test_the_double_well_is_left_for_the_better_one_at_every_horizon(horizon, cost):
    solution = lc.solve(WELL.changed(horizon=horizon))
    assert solution.cost == pytest.approx(cost, abs=2e-5)
    assert solution.best.end_basin[0] == pytest.approx(1.0575, abs=1e-3)


def test_mueller_brown_at_long_and_short_horizons():
    long = problem(lambda t: mueller_brown(t) / 100, [0.62, 0.03], horizon=100.0, discount=0.1)
    endless = lc.solve(long.changed(horizon=math.inf)).cost
    assert endless == pytest.approx(-12.58, abs=1e-2)
    assert lc.solve(long).cost == pytest.approx(endless, abs=1e-3)
    assert lc.solve(long.changed(horizon=24.0)).cost < -11.2
    assert lc.solve(problem(mueller_brown, [0.62, 0.03], horizon=3.0)).cost < -417.2


@pytest.mark.parametrize("unit", [1.0, 1e-5])
def test_a_saddle_between_flat_valleys_is_left(unit):
    """½(w₁w₂-1)² from [0, 0]: on the diagonal w₁ = w₂ = x a problem in one dimension, x² + x² of
    effort.
    """
    case = problem(
        lambda w: 0.5 * (w[0] * w[1] / unit**2 - 1) ** 2,
        [0.0, 0.0],
        horizon=8.0,
        discount=0.05,
        learning_rate=unit**2,
    )
    diagonal = problem(lambda x: 0.5 * (x[0] ** 2 / 2 - 1) ** 2, [0.0], horizon=8.0, discount=0.05)
    solution = lc.solve(case)
    assert solution.cost == pytest.approx(lc.solve(diagonal, guess=[1.4]).cost, rel=1e-6)
    assert solution.cost == pytest.approx(0.913537, abs=1e-5)


def test_four_layers_are_left_from_zero():
    """½(w₁w₂w₃w₄-1)² from 0: with equal sizes x = 2w again one dimension, ½(x⁴/16-1)²."""
    case = problem(lambda w: 0.5 * (w[0] * w[1] * w[2] * w[3] - 1) ** 2, np.zeros(4), horizon=10.0)
    diagonal = problem(lambda x: 0.5 * (x[0] ** 4 / 16 - 1) ** 2, [0.0], horizon=10.0)
    assert lc.solve(case).cost == pytest.approx(lc.solve(diagonal, guess=[2.0]).cost, rel=1e-6)


def test_the_terminal_cost_is_known_to_the_search():
    case = problem(
        lambda x: 0.5 * (x[0] + 1) ** 2,
        [-1.0],
        horizon=3.0,
        loss_weight=0.01,
        terminal=lambda x: (x[0] ** 2 - 1) ** 2 - x[0],
    )
    assert lc.solve(case).cost == pytest.approx(-0.319142, abs=1e-5)


def test_a_hilltop_of_the_terminal_cost_is_left():
    """No running loss: straight lines, min over x of x²/2T + κ(x²-1)²."""
    case = problem(
        lambda x: x[0] ** 2,
        [0.0],
        horizon=3.0,
        loss_weight=0.0,
        terminal=lambda x: (x[0] ** 2 - 1) ** 2,
        terminal_weight=5.0,
    )
    x = np.linspace(0, 2, 200001)
    assert lc.solve(case).cost == pytest.approx((x**2 / 6 + 5 * (x**2 - 1) ** 2).min(), abs=1e-8)


def test_a_deep_well_is_visited_on_the_way_to_the_terminal_cost():
    """Rest in the well at -3 most of the time, then go to where the terminal cost is low: a
    turnpike.
    """
    case = problem(
        lambda x: -3 * ca.exp(-((x[0] + 3) ** 2)) + 0.02 * x[0] ** 2,
        [0.0],
        horizon=30.0,
        terminal=lambda x: 2 * (x[0] - 2) ** 2,
    )
    solution = lc.solve(case)
    assert solution.at(15.0)[0][0] == pytest.approx(-2.98, abs=2e-2)
    assert solution.cost < on_a_lattice(case, -4.0, 3.0)
    assert solution.cost == pytest.approx(on_a_lattice(case, -4.0, 3.0), rel=1e-2)


def test_a_well_behind_a_plateau_is_found():
    case = problem(
        lambda x: (
            0.01 * x[0] ** 2 / (1 + x[0] ** 2) + 100 * (1 - ca.exp(-((x[0] - 37.3) ** 2) / 8))
        ),
        [0.0],
        horizon=100.0,
    )
    solution = lc.solve(case)
    assert solution.best.parameters[-1][0] == pytest.approx(37.3, abs=1e-3)
    assert solution.cost == pytest.approx(503.358, abs=1e-2)


def test_an_obstacle_is_passed_on_both_sides():
    case = problem(lambda x: 3 * ca.exp(-4 * ca.sumsqr(x)), [-1.0, 0.0], [1.0, 0.0], horizon=4.0)
    solution = lc.solve(case)
    sides = {
        np.sign(plan.at(2.0)[0][1]) for plan in solution.plans if plan.cost < solution.cost + 1e-6
    }
    assert sides == {1.0, -1.0}
    assert solution.cost < 1.4409


def test_an_obstacle_in_five_dimensions_is_passed():
    ways = [
        lc.solve(
            problem(
                lambda x: 0.1 * ca.sumsqr(x) + 5 * ca.exp(-3 * ca.sumsqr(x)), *ends, horizon=4.0
            )
        ).cost
        for ends in (([-1.0, 0.0], [1.0, 0.0]), ([-1.0, 0, 0, 0, 0], [1.0, 0, 0, 0, 0]))
    ]
    assert ways[1] == pytest.approx(ways[0], rel=1e-6)  # whichever plane it bends in


def test_a_drift_with_two_ways_to_the_saddle_takes_the_cheaper_kind():
    """Maier and Stein's drift with β = 10: the straight way from well to saddle costs ½, ways
    beside it less.
    """
    drift = lc.Learner(
        drift=lambda x: ca.vertcat(
            x[0] - x[0] ** 3 - 10 * x[0] * x[1] ** 2, -(1 + x[0] ** 2) * x[1]
        )
    )
    case = problem(ca.sumsqr, [-1.0, 0.0], [0.0, 0.0], drift, horizon=20.0, loss_weight=1e-9)
    curves = [*least_action_curves(case, case.end[None], 32)]
    curves.append(mirrored(curves[0]))
    costs = best_timing(case, np.array(curves), 4.0).costs
    assert (costs < 0.36).all()
    assert costs[0] == pytest.approx(costs[1], rel=1e-6)
    guesses = default_guesses(case, surveyed(case, 0), None, 0)
    assert np.sign([guess.path(np.array([0.5]))[0, 1] for guess in guesses[:2]]).sum() == 0


@pytest.mark.parametrize("draw", range(6))
def test_random_landscapes_in_one_dimension_agree_with_a_lattice_of_all_paths(draw):
    rng = np.random.default_rng(draw)
    centres, depths, widths = rng.uniform(-3, 3, 4), rng.uniform(1, 6, 4), rng.uniform(0.15, 1.0, 4)
    case = problem(
        lambda x: 0.05 * x[0] ** 2 - sum(a * ca.exp(-((x[0] - c) ** 2) / (2 * w**2))
                                         for a, c, w in zip(depths, centres, widths, strict=True)),
        rng.uniform(-2, 2, 1), horizon=float(rng.uniform(1, 12)), discount=float(rng.choice([0.0, 0.3])),
        terminal=(lambda x: ca.cos(3 * x[0])) if draw % 2 else None, terminal_weight=3.0,
    )  # fmt: skip
    bound = on_a_lattice(case, -4.5, 4.5)
    assert lc.solve(case).cost <= bound + 1e-3 * abs(bound)


# ---------------------------------------------------------------- what is tried, and what is said
# of it


def test_declared_minima_are_trusted_until_many_starts_are_asked_for():
    near_only = lc.Landscape.from_expression(
        lambda t: (t[0] ** 2 - 1) ** 2 + t[1] ** 2 - t[0] / 2,
        dimension=2,
        minima=[[-0.93040293, 0.0]],
    )
    solver = lc.Solver(WELL.changed(landscape=near_only))
    assert solver.solve().cost == pytest.approx(1.916944, abs=1e-5)
    assert solver.solve(starts=8).cost == pytest.approx(0.6194256, abs=1e-6)


def test_starts_are_of_several_kinds_and_the_first_ones_do_not_depend_on_their_number():
    places = surveyed(WELL, 0)
    few, many = (default_guesses(WELL, places, count, 0) for count in (4, 12))
    assert [guess.name for guess in few] == [guess.name for guess in many[:4]]
    kinds = {guess.name.split()[0] for guess in many}
    assert {"to", "constant", "drawn"} <= kinds
    grid = np.linspace(0, 1, 9)
    for guess in many:
        states = guess.states(grid, 4.0)
        assert np.isfinite(states).all()
        assert states[0] == pytest.approx(WELL.start)


def test_quadratic_problems_need_one_start():
    bowl = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)), start=[1.0, 1.0],
        objective=lc.Objective(horizon=2.0, terminal=lambda t: ca.sumsqr(t - 1)),
    )  # fmt: skip
    guesses = default_guesses(bowl, surveyed(bowl, 0), None, 0)
    assert len(guesses) == 1


def test_what_was_searched_is_said():
    crowded = problem(
        lambda t: 0.3 * ca.sumsqr(t) - ca.cos(4 * t[0]) - ca.cos(4 * t[1]), [2.9, -3.1], horizon=6.0
    )
    places = surveyed(crowded, 0)
    guesses = default_guesses(crowded, places, None, 0)
    search = searched(crowded, places, guesses)
    assert len(search.tried) == 6
    assert search.found > 20
    assert search.left_out == search.basins - 6 > 0
    assert f"{search.basins} basins to end in" in search.words
    assert f"{search.left_out} of them left out" in search.words
    two = searched(WELL, surveyed(WELL, 0), default_guesses(WELL, surveyed(WELL, 0), None, 0))
    assert two.words == "2 basins to end in, all tried"


def test_a_survey_depends_on_the_class_of_numbers_and_not_on_what_came_before():
    landscape = lc.Landscape.from_expression(
        lambda t: (t[0] ** 2 - 1) ** 2 + t[1] ** 2 - t[0] / 2, dimension=2
    )
    home = WELL.changed(landscape=landscape)
    one, other = Surveys(home), Surveys(home)
    near, far = home.changed(horizon=5.0), home.changed(horizon=90.0, start=[4.0, 3.0])
    assert one.of(home, 0) is one.of(near, 0)
    first = one.of(far, 0)
    assert first is not one.of(near, 0)
    assert (other.of(far, 0).aims == first.aims).all()


def test_re_solving_after_other_numbers_gives_the_same_bits():
    landscape = lc.Landscape.from_expression(
        lambda t: (t[0] ** 2 - 1) ** 2 + t[1] ** 2 - t[0] / 2, dimension=2
    )
    one, other = (
        lc.Solver(WELL.changed(landscape=landscape)),
        lc.Solver(WELL.changed(landscape=landscape)),
    )
    one.solve(horizon=60.0)
    assert one.solve(horizon=5.0).cost == other.solve(horizon=5.0).cost


def test_candidates_outside_the_domain_are_left_out():
    case = problem(lambda x: -ca.log(x[0]) - ca.log(2 - x[0]) + 3 * x[0], [1.5], horizon=3.0)
    places = surveyed(case, 0)
    assert ((places.aims > 0) & (places.aims < 2)).all()
    assert places.aims[:, 0] == pytest.approx(
        (10 - math.sqrt(52)) / 6 * np.ones(len(places.aims)), abs=0.2
    )


def logistic_with_a_kink(theta):
    """log(1 + e^x) as max(0, x) + log(1 + e^{-|x|}), whose second derivative at x = 0 is lost."""
    samples = np.array([[1.0, -0.5], [-0.3, 0.8], [0.6, 1.2]])
    x = ca.DM(samples) @ theta
    return ca.sum1(ca.fmax(x, 0) + ca.log1p(ca.exp(-ca.fabs(x)))) / 3 + ca.sumsqr(theta - 1) / 8


def logistic_without(theta):
    samples = np.array([[1.0, -0.5], [-0.3, 0.8], [0.6, 1.2]])
    return ca.sum1(ca.log1p(ca.exp(ca.DM(samples) @ theta))) / 3 + ca.sumsqr(theta - 1) / 8


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e6])
def test_a_start_on_a_kink_does_not_blind_the_search(unit):
    """The one point whose curvature is another is the start: the scale is that of all around it."""
    lengths = []
    for loss in (logistic_with_a_kink, logistic_without):
        landscape = lc.Landscape.from_expression(
            lambda theta, loss=loss: unit**2 * loss(theta / unit), dimension=2
        )
        problem = lc.ControlProblem(
            landscape=landscape, start=[0.0, 0.0], objective=lc.Objective(horizon=3.0)
        )
        lengths.append(natural_length(problem))
    assert lengths[0] == pytest.approx(lengths[1], rel=0.5)
