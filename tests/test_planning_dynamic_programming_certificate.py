"""certify_global: verdicts on known problems, how far they can be trusted, and what it refuses."""

import math
import pickle

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.grid import Grid, Verdict, certify_global, value_function
from landscape_control.planning.dynamic_programming.box import derived_box
from landscape_control.planning.dynamic_programming.deterministic.fields import hamiltonian_on
from landscape_control.planning.dynamic_programming.deterministic.march import march
from landscape_control.planning.solver import solve


def figure_1(**changes):
    objective = lc.Objective(horizon=4.0, discount=0.1)
    problem = lc.ControlProblem(landscape=lc.double_well(), objective=objective, start=[-0.6, 0.55])
    return problem.changed(**changes)


def tilted_line(tilt=0.25, **changes):
    """A double well in one dimension that does not tell its minima."""
    landscape = lc.Landscape.from_expression(
        lambda x: (x[0] ** 2 - 1) ** 2 - tilt * x[0], dimension=1
    )
    problem = lc.ControlProblem(
        landscape=landscape, objective=lc.Objective(horizon=8.0, discount=0.05), start=[-0.9]
    )
    return problem.changed(**changes)


def plan_towards(problem, target):
    """The local plan of one guess only: a straight line to ``target``."""
    return solve(problem, guess=np.array([problem.start, target]))


@pytest.mark.slow
# --- verdicts
# --------------------------------------------------------------------------------------------------------


def test_crossing_the_barrier_of_figure_1_is_global_to_a_tenth_of_a_percent():
    problem = figure_1()
    solution = solve(problem)
    certificate = certify_global(problem, solution)
    assert certificate.verdict is Verdict.GLOBAL
    assert certificate.is_global
    assert certificate.better_plan is None
    assert certificate.plan_cost == solution.cost
    assert solution.parameters[-1, 0] > 0.9
    assert abs(certificate.grid_value - solution.cost) < min(
        certificate.grid_error, 1e-3 * solution.cost
    )
    assert not certificate.left_box


def test_fixed_end_of_figure_1_is_global_at_the_known_cost():
    certificate = certify_global(figure_1(end=[1.0625, 0.0]), points=61)
    assert certificate.is_global
    assert certificate.plan_cost == pytest.approx(0.619463, abs=1e-6)
    assert certificate.grid_value == pytest.approx(0.619463, rel=2e-3)
    np.testing.assert_allclose(certificate.path[-1], [1.0625, 0.0], atol=0.1)


def test_staying_in_the_upper_well_of_figure_1_is_not_global():
    problem = figure_1()
    certificate = certify_global(problem, plan_towards(problem, [-0.93, 0.0]), points=41)
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.plan_cost == pytest.approx(1.9169443, abs=1e-6)
    assert certificate.better_plan.cost == pytest.approx(0.6194256, abs=1e-6)
    assert certificate.better_plan.parameters[-1, 0] > 0.9


def test_a_local_plan_is_exposed_though_nothing_tells_the_other_basin():
    problem = tilted_line()
    local = solve(problem, guess=[-0.9])
    assert local.parameters.max() < 0
    certificate = certify_global(problem, local, points=101)
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.better_plan.cost < local.cost - 1
    assert certificate.box[0, 0] < -1
    assert certificate.box[0, 1] > 1.03  # the other minimum was searched for


@pytest.mark.parametrize("shift", [-0.002, 0.002])
def test_two_plans_a_thousandth_apart_are_told_apart(shift):
    """At T = 2.22713 crossing and staying cost the same; the grid error is larger than the
    difference beside it.
    """
    problem = figure_1(horizon=2.2271303 + shift)
    plans = [plan_towards(problem, target).best for target in ([-0.93, 0.0], [1.06, 0.0])]
    best, worse = sorted(plans, key=lambda plan: plan.cost)
    assert 0 < worse.cost - best.cost < 2e-3
    assert (best.parameters[-1, 0] > 0) == (shift > 0)
    certificate = certify_global(problem, worse, points=61)
    assert certificate.grid_error > worse.cost - best.cost
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.better_plan.cost == pytest.approx(best.cost, rel=1e-6)
    assert certify_global(problem, best, points=61).is_global


def test_infinite_horizon_with_little_discount_is_certified_through_the_steady_state():
    problem = tilted_line(horizon=math.inf, discount=0.02)
    solution = solve(problem)
    certificate = certify_global(problem, solution)
    assert certificate.is_global
    assert certificate.method == "WENO3 policy iteration"
    assert certificate.grid_value == pytest.approx(solution.cost, abs=1e-4)
    assert certificate.path[-1, 0] == pytest.approx(1.0298, abs=0.02)


def bent_metric(x):
    across = 0.3 * ca.sin(x[0])
    return ca.vertcat(ca.horzcat(1 + x[1] ** 2, across), ca.horzcat(across, 1.0))


VARIANTS = {
    "coupled metric": ({"metric": [[1.0, 0.6], [0.6, 1.0]]}, {}),
    "state-dependent metric": ({"metric": bent_metric}, {"horizon": 2.0}),
    "rotation": (
        {"drift": lc.linear_drift([[0.0, 1.0], [-1.0, 0.0]])},
        {"horizon": math.inf, "discount": 0.5},
    ),
    "one control for two parameters": (
        {"actuation": [[1.0], [0.3]], "drift": lc.linear_drift(-0.3 * np.eye(2))},
        {},
    ),
    "fixed end with metric, drift and terminal cost": (
        {"metric": bent_metric, "drift": lc.linear_drift([[-0.3, 0.5], [-0.5, -0.2]])},
        {"end": [0.5, 0.3], "horizon": 2.0, "terminal": "loss"},
    ),
    "terminal cost only": (
        {},
        {"loss_weight": 0.0, "terminal": "loss", "terminal_weight": 3.0, "horizon": 1.0},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_grid_and_local_solver_agree_where_the_model_has_everything(name):
    learner, changes = VARIANTS[name]
    problem = figure_1(learner=lc.Learner(**learner), **changes)
    solution = solve(problem)
    certificate = certify_global(problem, solution, points=51)
    assert certificate.is_global, certificate.message
    assert abs(certificate.grid_value - solution.cost) < 1e-2 * max(abs(solution.cost), 0.1)


def test_error_estimate_covers_the_true_error_and_shrinks_at_second_order_or_faster():
    problem = figure_1()
    plan, box = solve(problem).best, [(-1.9, 2.05), (-1.0, 1.55)]
    results = [certify_global(problem, plan, points=points, box=box) for points in (31, 61)]
    for result in results:
        assert abs(result.grid_value - plan.cost) < result.grid_error
    assert results[1].grid_error < results[0].grid_error / 4


@pytest.mark.slow
def test_verdict_does_not_depend_on_units():
    """Time in thousandths scales every cost by a thousand; θ in thousandths, with η to match,
    scales nothing.
    """
    slow = figure_1(horizon=4000.0, discount=1e-4, learning_rate=1e-6)
    ours, theirs = certify_global(figure_1(), points=31), certify_global(slow, points=31)
    assert theirs.verdict is ours.verdict
    assert theirs.grid_value == pytest.approx(1000 * ours.grid_value, rel=1e-6)
    assert theirs.grid_error == pytest.approx(1000 * ours.grid_error, rel=1e-4)
    long = 1000.0
    well = lc.double_well()
    stretched = lc.Landscape.from_expression(
        lambda x: well.symbolic(x / long), dimension=2, minima=well.minima * long
    )
    wide = figure_1(landscape=stretched, learning_rate=long**2, start=[-0.6 * long, 0.55 * long])
    assert certify_global(wide, points=31).grid_value == pytest.approx(ours.grid_value, rel=1e-6)


# --- the box
# -----------------------------------------------------------------------------------------------------------


def test_box_that_cuts_off_the_optimum_is_undecided_and_says_so():
    problem = tilted_line()
    local = solve(problem, guess=[-0.9])
    certificate = certify_global(problem, local, box=(-1.3, 0.9), points=101)
    assert certificate.left_box
    # the way to the wall leads the local solver on, beyond it
    assert certificate.verdict is Verdict.NOT_GLOBAL
    assert certificate.better_plan.parameters[-1, 0] > 0.9
    crossing = certify_global(problem, solve(problem), box=(-1.3, 0.9), points=101)
    assert crossing.verdict is Verdict.UNDECIDED
    assert "wall of the box" in crossing.message
    assert "larger margin" in crossing.message
    assert crossing.margin is None


def test_derived_box_covers_start_end_minima_and_plans_with_the_margin():
    problem = figure_1(end=[0.2, -0.4])
    solution = solve(problem)
    certificate = certify_global(problem, solution, points=41, margin=0.25)
    places = np.vstack(
        [
            problem.start,
            problem.end,
            lc.double_well().minima,
            *(plan.parameters for plan in solution.plans),
        ]
    )
    longest = np.ptp(places, axis=0).max()
    expected = np.column_stack(
        [places.min(axis=0) - 0.25 * longest, places.max(axis=0) + 0.25 * longest]
    )
    np.testing.assert_allclose(derived_box(problem, solution.plans, 0.25), expected, rtol=1e-12)
    assert (
        certificate.box[:, 0] <= expected[:, 0]
    ).all()  # grown from there until nothing outside can pay
    assert (certificate.box[:, 1] >= expected[:, 1]).all()
    np.testing.assert_allclose(certificate.box.mean(axis=1), expected.mean(axis=1), atol=1e-12)
    assert certificate.outside.excluded
    assert certificate.margin == 0.25
    assert "margin 0.25" in certificate.message


def test_drift_that_cannot_be_resisted_out_of_the_box_is_seen():
    learner = lc.Learner(actuation=[[1.0], [0.0]], drift=lambda x: ca.vertcat(0, 1.0))
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)),
        learner=learner,
        start=[0.5, 0.0],
        objective=lc.Objective(horizon=3.0),
    )
    certificate = certify_global(problem, box=[(-1, 1), (-1, 1)], points=41)
    assert certificate.left_box
    assert certificate.verdict is Verdict.UNDECIDED
    assert certify_global(problem, points=41).is_global  # the derived box holds the plan


# --- the result
# --------------------------------------------------------------------------------------------------------


def test_certificate_fields_describe_the_grid_and_the_path():
    problem = figure_1()
    certificate = certify_global(problem, points=(61, 41))
    assert certificate.value.shape == (61, 41) == tuple(len(axis) for axis in certificate.axes)
    np.testing.assert_allclose([[axis[0], axis[-1]] for axis in certificate.axes], certificate.box)
    np.testing.assert_allclose(certificate.path[0], problem.start)
    assert (
        Grid(axes=certificate.axes).value_at(certificate.value, problem.start)
        == certificate.grid_value
    )
    assert certificate.times[0] == 0
    assert certificate.times[-1] == pytest.approx(4.0)
    assert certificate.path.shape == (len(certificate.times), 2)
    plan = solve(problem).best
    # not polished, but the same path
    assert np.abs(certificate.path - plan.at(certificate.times)[0]).max() < 0.05
    assert certificate.method == "WENO3 march"
    assert certificate.seconds > 0
    for array in (
        certificate.value,
        certificate.box,
        certificate.path,
        certificate.times,
        *certificate.axes,
    ):
        assert not array.flags.writeable
    assert "global: plan J = 0.619" in certificate.summary()
    assert "61 x 41 nodes" in certificate.message
    assert pickle.loads(pickle.dumps(certificate)).grid_value == certificate.grid_value


def test_every_verdict_has_advice():
    assert {str(verdict) for verdict in Verdict} == {"global", "not global", "undecided"}
    assert "better_plan" in Verdict.NOT_GLOBAL.advice
    assert "grid_error" in Verdict.GLOBAL.advice
    assert "margin" in Verdict.UNDECIDED.advice


def test_value_function_keeps_the_whole_march():
    problem = figure_1(terminal="loss", terminal_weight=2.0)
    grid = Grid.over(np.array([[-1.9, 2.0], [-1.0, 1.5]]), (41, 41))
    value = value_function(problem, grid, slices=10)
    assert value.slices.shape == (11, 41, 41)
    np.testing.assert_allclose(value.slices[0].ravel(), 2 * problem.landscape.loss(grid.points))
    assert value.to_go[[0, -1]].tolist() == [0.0, 4.0]
    assert value.unsettled == 0.0
    np.testing.assert_array_equal(value.now, value.slices[-1])


def test_velocity_of_the_grid_is_the_first_control_plus_the_drift():
    problem = figure_1(learner=lc.Learner(drift=lc.linear_drift([[0.0, 1.0], [-1.0, 0.0]])))
    value = value_function(
        problem, Grid.over(np.array([[-1.9, 2.0], [-1.0, 1.5]]), (61, 61)), slices=2
    )
    found = [
        value.grid.interpolate(component, problem.start[None])[0] for component in value.velocity(2)
    ]
    expected = solve(problem).controls[0] + problem.model.drift(problem.start)[0]
    np.testing.assert_allclose(found, expected, atol=0.01 * np.linalg.norm(expected))


def test_grid_knows_its_walls_and_its_coarser_self():
    grid = Grid.over(np.array([[0.0, 4.0], [-1.0, 1.0]]), (5, 21))
    assert grid.coarser().shape == (3, 11)
    np.testing.assert_array_equal(grid.coarser().box, grid.box)
    np.testing.assert_allclose(
        grid.wall_distance(np.array([[2.0, 0.0], [3.5, 0.0], [2.0, -1.2]])), [2.0, 0.5, -2.0]
    )


# --- refusals
# ------------------------------------------------------------------------------------------------------------


def refused(problem, *fragments, **options):
    with pytest.raises(lc.ProblemError) as caught:
        certify_global(problem, **options)
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_three_parameters_are_refused():
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(3), objective=lc.Objective(horizon=1.0), start=np.zeros(3)
    )
    refused(problem, "one or two parameters", "n = 3", "solve(problem, starts=...)")


def test_fixed_end_without_full_actuation_is_refused():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)),
        learner=lc.Learner(actuation=[[1.0], [0.0]]),
        objective=lc.Objective(horizon=1.0),
        start=[1.0, 0.5],
        end=[0.0, 0.5],
    )
    refused(problem, "fixed end", "pushes every direction", "terminal cost", points=41)


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"points": 40}, "use 41"),
        ({"points": (41, 41, 41)}, "one entry per parameter"),
        ({"points": 11}, ">= 21"),
        ({"margin": 0.0}, "margin"),
        ({"box": [(1, -1), (0, 1)]}, "low < high"),
        ({"box": [(-1, 1)]}, "2x2"),
        ({"box": [(0, 2), (-1, 1)]}, "enlarge the box"),
        ({"solution": "best"}, "solution: expected None, a Solution or a Plan"),
    ],
)
def test_bad_options_are_refused(options, fragment):
    refused(figure_1(), fragment, **options)


def test_a_solution_of_another_start_is_refused():
    refused(figure_1(), "plan from", solution=solve(figure_1(start=[0.0, 0.5])))


def test_functions_that_fail_in_the_box_are_refused_with_the_place():
    barrier = lc.Landscape.from_expression(
        lambda x: x[0] - ca.log(x[0]), dimension=1, minima=[[1.0]]
    )
    problem = lc.ControlProblem(landscape=barrier, objective=lc.Objective(horizon=1.0), start=[2.0])
    refused(problem, "loss L on the grid", "θ = [-1.0]", "smaller box", box=(-1, 3), points=41)
    thin = figure_1(learner=lc.Learner(metric=lambda x: ca.diag(ca.vertcat(1 - x[1], 1.0))))
    plan = solve(figure_1())
    refused(
        thin, "metric G on the grid", "smallest eigenvalue", "smaller box", points=41, solution=plan
    )


def test_speeds_beyond_the_grid_are_refused_before_the_march_runs_away():
    grid = Grid.over(np.array([[-1.0, 1.0], [-1.0, 1.0]]), (41, 41))
    energy = hamiltonian_on(figure_1(), grid)
    steps = march(
        np.zeros(grid.shape),
        energy,
        grid,
        discount=0.1,
        begin=0.0,
        stops=np.array([4.0]),
        max_steps=20,
    )
    with pytest.raises(lc.ProblemError, match="smaller box"):
        list(steps)


def test_where_no_bound_is_known_the_answer_says_what_to_state():
    """The cubic falls without end beyond θ₁ = -5: nothing can be known outside the box."""
    cubic = lc.Landscape.from_expression(
        lambda theta: theta[0] ** 2 / 2 + theta[0] ** 3 / 15, dimension=1, minima=[[0.0]]
    )
    problem = lc.ControlProblem(landscape=cubic, start=[0.5], objective=lc.Objective(horizon=1.0))
    certificate = lc.certify_global(problem, lc.solve(problem, starts=1), points=21)
    assert certificate.grid_error == np.inf
    for words in (certificate.summary(), certificate.message):
        assert "(error not known)" in words
        assert "state one that you can vouch for, loss_at_least=…" in words
        assert "inf" not in words
    assert "loss_at_least" in certificate.verdict.advice
