"""Plans over finite and infinite horizons: known costs, guesses, meshes, strong discounts."""

import math

import casadi as ca
import numpy as np
import pytest
from scipy.integrate import solve_bvp
from standard import WELL

import landscape_control as lc
from landscape_control.reference import LinearQuadratic


def test_figure_one_crosses_the_barrier_and_the_local_plan_is_kept():
    solution = lc.solve(WELL)
    ends = [plan.end_basin[0] for plan in solution.plans]
    assert ends == pytest.approx([1.0575, -0.9304], abs=1e-4)
    assert solution.cost < solution.plans[1].cost
    assert solution.starts == 2


def test_figure_one_with_fixed_end_costs_what_theory_says():
    solution = lc.solve(WELL.changed(end=[1.0625, 0.0]), tolerance=1e-9)
    assert solution.cost == pytest.approx(0.619463, abs=5e-7)
    assert solution.parameters[-1] == pytest.approx([1.0625, 0.0], abs=1e-12)


def test_plan_agrees_with_an_indirect_boundary_value_solver():
    solution = lc.solve(WELL, tolerance=1e-10)
    landscape, discount = WELL.landscape, WELL.objective.discount

    def pontryagin(_, y):
        return np.vstack(
            [
                -y[2:4],
                discount * y[2:4] - landscape.gradient(y[:2].T).T,
                np.exp(-discount * _) * ((y[2:4] ** 2).sum(0) / 2 + landscape.loss(y[:2].T)),
            ]
        )

    def ends(left, right):
        return np.concatenate([left[:2] - WELL.start, [left[4]], right[2:4]])

    grid = np.linspace(0, 4, 60)
    theta, _, costate = solution.at(grid)
    answer = solve_bvp(
        pontryagin,
        ends,
        grid,
        np.vstack([theta.T, costate.T, np.linspace(0, solution.cost, 60)]),
        tol=1e-8,
        max_nodes=20000,
    )
    assert answer.success
    assert solution.cost == pytest.approx(answer.y[4, -1], rel=1e-8)
    theta, _, costate = solution.at(answer.x)
    assert theta == pytest.approx(answer.y[:2].T, abs=1e-6)
    assert costate == pytest.approx(answer.y[2:4].T, abs=1e-5)


def test_mesh_is_refined_until_the_tolerance_is_met():
    loose, tight = (
        lc.solve(WELL, tolerance=t, method=lc.Collocation(elements=4, degree=3))
        for t in (1e-2, 1e-9)
    )
    assert len(tight.best.vertices) > len(loose.best.vertices)
    assert tight.best.cost_error <= 1e-9 * tight.certificate.cost_scale
    assert tight.certificate.passed


def test_re_solving_changes_numbers_without_rebuilding():
    solver = lc.Solver(WELL)
    first = solver.solve()
    changed = {
        "horizon": 3.0,
        "discount": 0.3,
        "learning_rate": 1.5,
        "loss_weight": 0.8,
        "start": [-0.5, 0.4],
    }
    again = solver.solve(guess=first, **changed)
    assert first.build_seconds > 0
    assert again.build_seconds == 0
    fresh = lc.solve(WELL.changed(**changed))
    assert again.cost == pytest.approx(
        min(p.cost for p in fresh.plans if p.end_basin[0] > 0), rel=1e-7
    )
    assert again.problem.objective.horizon == 3.0


GUESSES = {
    "constant": np.array([0.5, 0.0]),
    "array": np.linspace([-0.6, 0.55], [1.0, 0.0], 7),
    "function": lambda t: np.array([-0.6 + 0.4 * t, 0.55 - 0.1 * t]),
    "straight line": "straight line",
    "stay": "stay",
    "natural gradient": "natural_gradient",
    "ballistic": "ballistic",
    "newton": "newton",
}


@pytest.mark.parametrize("kind", GUESSES)
def test_every_kind_of_guess_leads_to_a_stationary_plan(kind):
    solution = lc.solve(WELL, guess=GUESSES[kind])
    assert solution.status.ok
    assert solution.starts == 1
    known = [plan.cost for plan in lc.solve(WELL).plans]
    assert min(abs(solution.cost - cost) for cost in known) < 1e-6


def test_a_guess_that_follows_gradient_descent_ends_in_its_basin():
    solution = lc.solve(WELL, guess="gradient descent")
    assert solution.best.end_basin[0] == pytest.approx(-0.9304, abs=1e-4)


def test_a_plan_from_another_grid_and_method_is_a_guess():
    coarse = lc.solve(WELL, method="shooting", tolerance=1e-3)
    fine = lc.solve(WELL, guess=coarse, tolerance=1e-9)
    assert fine.cost == pytest.approx(lc.solve(WELL, tolerance=1e-9).cost, rel=1e-9)


def test_infinite_horizon_plan_no_longer_moves_with_the_horizon_and_continues_past_its_nodes():
    problem = WELL.changed(horizon=math.inf)
    solution = lc.solve(problem, tolerance=1e-8)
    long = lc.solve(WELL.changed(horizon=60.0), tolerance=1e-8)
    assert solution.controls[0] == pytest.approx(long.controls[0], abs=1e-5)
    assert solution.at(200.0)[0] == pytest.approx([1.05745377, 0.0], abs=1e-6)


def test_strong_discount_on_a_curved_valley_needs_no_rest_nearby():
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(2),
        start=[-0.8, 1.1],
        objective=lc.Objective(horizon=math.inf, discount=100.0),
    )
    solution = lc.solve(problem)
    step = -problem.landscape.gradient(problem.start)[0] / 100.0
    # gradient descent, up to the curvature over γ²
    assert solution.controls[0] == pytest.approx(step, rel=5e-3)
    with pytest.raises(lc.ProblemError, match="close to rest"):
        solution.at(100.0)


@pytest.mark.parametrize("discount", [0.7, 0.8, 0.84, 0.854])
def test_a_plan_that_lingers_near_the_saddle_is_right_or_says_that_it_is_not(discount):
    problem = WELL.changed(horizon=math.inf, discount=discount)
    solution = lc.solve(
        problem, guess=np.array([[-0.6, 0.55], [1.0575, 0.0]]), tolerance=1e-9, throw=False
    )
    long = lc.solve(
        WELL.changed(horizon=30 / discount, discount=discount),
        guess=solution,
        tolerance=1e-9,
        throw=False,
    )
    if solution.status.ok and long.status.ok:
        if np.allclose(solution.parameters[-1], long.parameters[-1], atol=0.1):
            assert solution.cost == pytest.approx(long.cost, abs=1e-7)
        # from one guess another plan than the one it begins with may come out; from all starts the
        # better one does
        else:
            assert lc.solve(problem).cost <= min(solution.cost, long.cost) + 1e-6
    assert solution.status.ok or discount > 0.8


def test_a_rest_that_runs_away_is_no_rest(capfd):
    landscape = lc.Landscape.from_expression(
        lambda v: ca.log(v[1] / 0.5) + (0.25 + (v[0] - 1) ** 2) / (2 * v[1] ** 2),
        dimension=2,
        minima=[[1.0, 0.5]],
    )
    fisher = lc.Learner(metric=lambda v: ca.diag(ca.vertcat(1, 2)) / v[1] ** 2)
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=fisher,
        start=[-1.0, 1.5],
        objective=lc.Objective(horizon=math.inf, discount=3.0),
    )
    solution = lc.solve(problem)
    long = lc.solve(problem.changed(horizon=10.0))
    assert solution.cost == pytest.approx(long.cost, rel=1e-6)
    assert solution.controls[0] == pytest.approx(long.controls[0], rel=1e-4)
    assert capfd.readouterr() == ("", "")


def test_without_discount_energy_vanishes_and_speed_is_geodesic():
    lowest = float(lc.double_well().loss([[1.057453770, 0.0]])[0])
    problem = lc.ControlProblem(
        landscape=lc.double_well().above(lowest),
        objective=lc.Objective(horizon=math.inf),
        start=[-0.6, 0.55],
    )
    solution = lc.solve(problem, tolerance=1e-9)
    speed = np.linalg.norm(solution.controls, axis=1)
    assert speed == pytest.approx(
        np.sqrt(2 * np.maximum(problem.landscape.loss(solution.parameters), 0)), abs=2e-5
    )


@pytest.mark.parametrize("end", [None, [0.5, 0.5]])
def test_strong_discount_over_a_long_horizon_is_right_to_the_end(end):
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag([1.0, 5.0])),
        start=[1.0, 1.0],
        end=end,
        objective=lc.Objective(horizon=4.0, discount=20.0),
    )
    exact = LinearQuadratic(hessian=np.diag([1.0, 5.0]), minimum=np.zeros(2), discount=20.0)
    solution = lc.solve(problem)
    if end is None:
        theta, _, costate = exact.finite(4.0).path(problem.start, solution.times)
    else:
        theta, _, costate = exact.fixed_end(4.0, problem.start, np.array(end)).path(solution.times)
    assert solution.parameters == pytest.approx(theta, abs=2e-5)
    # √tolerance
    assert solution.costates == pytest.approx(costate, abs=1e-3 * np.abs(costate).max())
    assert solution.certificate.passed


def test_stiff_bowls_and_partial_functions_choose_what_returns():
    stiff = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1e12]]), start=[1.0], objective=lc.Objective(horizon=1.0)
    )
    assert lc.solve(stiff).cost == pytest.approx(5e5, rel=1e-6)
    rooted = lc.Landscape.from_expression(lambda t: ca.sqrt(1 + t[0] ** 2) + t[0] ** 2, dimension=1)
    problem = lc.ControlProblem(landscape=rooted, start=[1.0], objective=lc.Objective(horizon=1.0))
    assert lc.solve(problem).solver == "fatrop"  # this root never meets its singular point
    singular = lc.Landscape.from_expression(lambda t: t[0] - ca.log(t[0]), dimension=1)
    problem = lc.ControlProblem(
        landscape=singular, start=[2.0], objective=lc.Objective(horizon=1.0)
    )
    assert lc.solve(problem).solver == "ipopt"  # logarithms are not defined everywhere
