"""Solutions: shapes, read-only arrays, interpolation, pickles, words; solves in threads."""

import pickle

import numpy as np
import pytest
from standard import WELL

import landscape_control as lc


def test_the_log_is_kept_when_asked_for_and_nothing_is_printed(capfd):
    quiet = lc.solve(WELL)
    noisy = lc.solve(WELL, keep_log=True, solver="ipopt")
    assert quiet.log == ""
    assert "iter" in noisy.log
    assert capfd.readouterr().out == ""


def test_a_solution_survives_a_pickle_with_its_certificate():
    solution = lc.solve(WELL)
    copy = pickle.loads(pickle.dumps(solution))
    assert copy.cost == solution.cost
    assert copy.certificate == solution.certificate
    assert copy.at(1.3)[0] == pytest.approx(solution.at(1.3)[0])


def test_shapes_and_read_only_arrays():
    solution = lc.solve(WELL)
    count = len(solution.times)
    assert solution.parameters.shape == (count, 2)
    assert solution.controls.shape == (count, 2)
    assert solution.costates.shape == (count, 2)
    assert solution.times[0] == 0
    assert solution.times[-1] == pytest.approx(4.0)
    with pytest.raises(ValueError, match="read-only"):
        solution.parameters[0, 0] = 1.0


def test_one_parameter_keeps_its_axes():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[2.0]]), objective=lc.Objective(horizon=1.0), start=[1.0]
    )
    for method in ("action", "collocation", "shooting"):
        solution = lc.solve(problem, method=method, tolerance=1e-4)
        assert (
            solution.parameters.shape[1:]
            == solution.controls.shape[1:]
            == solution.costates.shape[1:]
            == (1,)
        )
        assert solution.cost == pytest.approx(np.sqrt(2) * np.tanh(np.sqrt(2)) / 2, rel=1e-4)
        assert solution.at(0.5)[0].shape == (1,)


def test_interpolation_returns_the_nodes_and_refuses_times_outside():
    solution = lc.solve(WELL)
    theta, u, costate = solution.at(solution.times)
    assert theta == pytest.approx(solution.parameters, abs=1e-12)
    assert u == pytest.approx(solution.controls, abs=1e-12)
    assert costate == pytest.approx(solution.costates, abs=1e-12)
    with pytest.raises(lc.ProblemError, match=r"times in \[0, 4\]"):
        solution.at(4.5)


def test_a_plan_that_ends_has_no_tail_to_follow():
    plan = lc.solve(WELL).best
    with pytest.raises(lc.ProblemError, match="an infinite horizon"):
        plan.follow_tail(plan.parameters[-1], 1.0)


def test_threads_take_turns():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        costs = list(
            pool.map(lambda discount: lc.solve(WELL.changed(discount=discount)).cost, [0.1] * 6)
        )
    assert costs == pytest.approx([0.6194255915] * 6, rel=1e-7)


def test_representations_are_one_line():
    solution = lc.solve(WELL)
    assert "\n" not in repr(solution)
    assert repr(solution.best).startswith("Plan(J = 0.619425")
