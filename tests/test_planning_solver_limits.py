"""Nothing hangs, nothing is deaf: singular points, time limits, Ctrl-C, sizes; with values from
elsewhere.
"""

import contextlib
import math
import signal
import subprocess
import sys
import time

import casadi as ca
import numpy as np
import pytest
from scipy.integrate import simpson, solve_bvp

import landscape_control as lc
from landscape_control.support.domain import is_total
from landscape_control.support.errors import SolveInterrupted

HALF_SQUARE = lc.quadratic(hessian=[[1.0]])
UNIT = lc.Objective(horizon=1.0)


def indirect(start, horizon, *, metric, drift, actuation, loss, terminal=None, begin):
    """J from Pontryagin's boundary-value problem in one dimension, slopes by central differences."""

    def slope(function, x):
        h = 1e-6 * np.abs(x)
        return (function(x + h) - function(x - h)) / (2 * h)

    def rates(_, y):
        x, costate = y
        push = -costate * actuation(x) / metric(x)

        def hamiltonian(z):
            return -((costate * actuation(z)) ** 2) / (2 * metric(z)) + loss(z) + costate * drift(z)

        return np.vstack([drift(x) + actuation(x) * push, -slope(hamiltonian, x)])

    def ends(first, last):
        pull = 0.0 if terminal is None else slope(terminal, last[:1])[0]
        return np.array([first[0] - start, last[1] - pull])

    grid = np.linspace(0, horizon, 200)
    found = solve_bvp(rates, ends, grid, begin(grid), tol=1e-10, max_nodes=200_000)
    assert found.status == 0
    fine = np.linspace(0, horizon, 4001)
    x, costate = found.sol(fine)
    push = -costate * actuation(x) / metric(x)
    cost = simpson(metric(x) * push**2 / 2 + loss(x), x=fine)
    return cost + (0.0 if terminal is None else terminal(x[-1]))


def one(x):
    return np.ones_like(x)


def none(x):
    return 0.0 * x


def falling(t):
    return np.vstack([np.exp(-0.3 * t), 0.3 * np.ones_like(t)])


POWER = lc.Landscape.from_expression(lambda x: x[0] ** 1.5, dimension=1)
POLE = lc.Landscape.from_expression(lambda x: 1 / x[0] ** 2 + x[0] ** 2, dimension=1)


def bowl(**learner):
    return lc.ControlProblem(
        landscape=HALF_SQUARE, learner=lc.Learner(**learner), objective=UNIT, start=[1.0]
    )


SINGULAR = {
    "loss x^1.5": (
        lc.ControlProblem(landscape=POWER, objective=lc.Objective(horizon=0.5), start=[1.0]),
        {"loss": lambda x: x**1.5, "horizon": 0.5},
    ),
    "metric 1/x²": (bowl(metric=lambda x: 1 / x[0] ** 2), {"metric": lambda x: 1 / x**2}),
    "metric 1/x, which changes its sign at 0": (
        bowl(metric=lambda x: 1 / x[0]),
        {"metric": lambda x: 1 / x},
    ),
    "drift 1/x": (
        bowl(drift=lambda x: 1 / x[0]),
        {"drift": lambda x: 1 / x, "begin": lambda t: np.vstack([1 + 0.3 * t, 0.5 * (1 - t)])},
    ),
    "actuation x": (bowl(actuation=lambda x: x[0]), {"actuation": lambda x: x}),
    "terminal x^1.5": (
        bowl().changed(terminal=lambda x: x[0] ** 1.5, terminal_weight=1.0),
        {"terminal": lambda x: x**1.5},
    ),
    "a pole": (
        lc.ControlProblem(landscape=POLE, objective=UNIT, start=[2.0]),
        {
            "loss": lambda x: 1 / x**2 + x**2,
            "start": 2.0,
            "begin": lambda t: np.vstack([2 - 0.8 * t, 2 * (1 - t)]),
        },
    ),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_points_on_the_way_of_the_guess_do_not_keep_the_plan_from_being_found(name):
    problem, facts = SINGULAR[name]
    defaults = {
        "metric": one,
        "drift": none,
        "actuation": one,
        "loss": lambda x: x**2 / 2,
        "begin": falling,
    }
    truth = indirect(**{"start": 1.0, "horizon": 1.0} | defaults | facts)
    guess = [0.0] if name == "a pole" else None
    assert lc.solve(problem, guess=guess).cost == pytest.approx(truth, rel=1e-7)


def test_a_scale_with_fisher_metric_is_a_plain_problem_in_its_logarithm():
    scale = bowl(metric=lambda x: 1 / x[0] ** 2)
    logarithm = lc.Landscape.from_expression(lambda y: ca.exp(2 * y[0]) / 2, dimension=1)
    plain = lc.ControlProblem(landscape=logarithm, objective=UNIT, start=[0.0])
    assert lc.solve(scale).cost == pytest.approx(lc.solve(plain).cost, rel=1e-8)
    assert lc.solve(scale).cost == pytest.approx(0.400489, abs=1e-6)


@pytest.mark.parametrize("name", SINGULAR)
def test_fatrop_comes_back_from_functions_that_are_not_finite(name):
    problem, _ = SINGULAR[name]
    began = time.monotonic()
    lc.solve(problem, solver="fatrop", throw=False, guess=[0.0] if name == "a pole" else None)
    assert time.monotonic() - began < 20


RUNAWAYS = {
    "restoration far out": {
        "hessian": np.eye(2) * 1e3,
        "drift": [[-27.0, 33.0], [62.0, -14.0]],
        "actuation": [[225.0, 10095.0], [90.0, 4038.0]],
        "horizon": 6.7,
    },
    "weakly controlled end of an unstable drift": {
        "hessian": np.eye(2),
        "drift": [[0.555, 0.218], [-1.475, 0.652]],
        "actuation": [[-0.303], [-1.535]],
        "horizon": 24.0,
        "end": [-0.3, 1.2],
    },
}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_fatrop_is_not_asked_where_it_may_not_come_back(name):
    facts = RUNAWAYS[name]
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=facts["hessian"]),
        learner=lc.Learner(
            actuation=facts["actuation"], drift=lc.linear_drift(facts["drift"], np.zeros(2))
        ),
        objective=lc.Objective(horizon=facts["horizon"], discount=1.0),
        start=[2e2, -2e2],
        end=facts.get("end"),
    )
    solution = lc.solve(
        problem, throw=False, solver="fatrop", method="collocation", max_elements=24, time_limit=10
    )
    assert "ipopt" in solution.message or not solution.status.ok
    assert lc.Solver(problem, method="collocation").programs.plugin == "ipopt"


def test_a_guess_that_cannot_avoid_a_singular_point_is_refused_with_the_place():
    problem = lc.ControlProblem(landscape=POLE, objective=UNIT, start=[1.0], end=[0.0])
    with pytest.raises(
        lc.ProblemError, match=r"'straight line': the loss is not finite at t = 1, θ = \[0\.0\]"
    ):
        lc.solve(problem)


def test_an_unfinished_plan_names_the_function_that_was_not_finite():
    # runs down to the root's edge
    rooted = lc.Landscape.from_expression(lambda x: ca.sqrt(x[0]) + 2 * x[0], dimension=1)
    problem = lc.ControlProblem(landscape=rooted, objective=lc.Objective(horizon=3.0), start=[1.0])
    solution = lc.solve(problem, throw=False, time_limit=20)
    assert not solution.status.ok
    assert "not finite" in solution.message


TOTAL = {
    "sigmoid": lambda x: 1 / (1 + ca.exp(-x[0])),
    "softplus": lambda x: ca.log(1 + ca.exp(x[0])),
    "smooth |x|": lambda x: ca.sqrt(x[0] ** 2 + 1e-6),
    "bounded": lambda x: x[0] ** 2 / (1 + x[0] ** 2),
    "root of a sum": lambda x: (1 + ca.sumsqr(x)) ** 1.5,
    "whole powers": lambda x: x[0] ** 4 - x[1] ** 3,
    "negative power of what is positive": lambda x: (2 + ca.sin(x[0])) ** -3,
}
PARTIAL = {
    "power": lambda x: x[0] ** 1.5,
    "pole": lambda x: 1 / x[0],
    "negative power": lambda x: x[0] ** -2,
    "logarithm": lambda x: ca.log(x[0]),
    "norm": ca.norm_2,
    "quotient": lambda x: x[0] / x[1],
    "an exponential may underflow": lambda x: 1 / ca.exp(x[0]),
    "power of a power": lambda x: x[0] ** x[1],
}


@pytest.mark.parametrize("name", [*TOTAL, *PARTIAL])
def test_where_a_function_is_finite_is_read_off_its_operations(name):
    x = ca.SX.sym("x", 2)
    expression = (TOTAL | PARTIAL)[name](x)
    assert is_total(ca.Function("f", [x], [expression])) is (name in TOTAL)


SLOW = """
import sys, landscape_control as lc
problem = lc.ControlProblem(landscape=lc.rosenbrock({n}, steepness=100.0), start=[-1.2] * {n},
                            objective=lc.Objective(horizon=100.0, discount=0.02))
solver = lc.Solver(problem, solver="{solver}", tolerance=1e-13, max_elements=20000, options={{"max_iter": 1000}})
print("begins", flush=True)
try:
    solver.solve(starts={starts}, throw=False)
    print("ended")
except lc.SolveInterrupted as stop:
    found = None if stop.solution is None else (str(stop.solution.status), stop.solution.parameters.shape[1])
    print(type(stop).__name__, found)
"""


@pytest.mark.parametrize(
    ("solver", "n", "starts", "wait"), [("fatrop", 4, 400, 3.0), ("ipopt", 40, 1, 0.7)]
)
def test_ctrl_c_is_heard_during_a_solve(solver, n, starts, wait):
    code = SLOW.format(solver=solver, n=n, starts=starts)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout.readline() == "begins\n"
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        answer = process.communicate(timeout=30)[0]
        assert time.monotonic() - began < 10
        assert answer.startswith("SolveInterrupted")
        if solver == "fatrop":  # many short runs: some had ended
            assert answer == "SolveInterrupted ('interrupted', 4)\n"
    finally:
        process.kill()


def test_an_interruption_that_a_function_of_casadi_wraps_is_one(monkeypatch):
    from landscape_control.planning.solver import plan_search as module

    def interrupted(*arguments):
        raise SystemError("returned a result with an exception set") from KeyboardInterrupt()

    def broken(*arguments):
        raise SystemError("something else")

    problem = lc.ControlProblem(landscape=lc.double_well(), objective=UNIT, start=[-0.6, 0.55])
    monkeypatch.setattr(module, "solve_on_first_mesh", interrupted)
    with pytest.raises(lc.SolveInterrupted):
        lc.solve(problem)
    monkeypatch.setattr(module, "solve_on_first_mesh", broken)
    with pytest.raises(SystemError, match="something else"):
        lc.solve(problem)


def test_an_interruption_that_compiled_code_drops_is_raised_again(monkeypatch):
    """What is raised inside a function of the optimiser's may end as a failed run: it is noted, and
    raised after the run.
    """
    from landscape_control.planning.solver.buffers import NlpBuffers

    original, runs = NlpBuffers.solve, []

    def dropping(self, *arguments, **bounds):
        runs.append(1)
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return original(self, *arguments, **bounds)

    problem = lc.ControlProblem(landscape=lc.double_well(), objective=UNIT, start=[-0.6, 0.55])
    monkeypatch.setattr(NlpBuffers, "solve", dropping)
    with pytest.raises(lc.SolveInterrupted):
        lc.solve(problem)
    assert len(runs) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_solve_hands_back_the_best_so_far(monkeypatch):
    from landscape_control.planning.solver import plan_search as module

    original, calls = module.solve_on_first_mesh, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(module, "solve_on_first_mesh", interrupted)
    problem = lc.ControlProblem(
        landscape=lc.double_well(),
        objective=lc.Objective(horizon=4.0, discount=0.1),
        start=[-0.6, 0.55],
    )
    with pytest.raises(SolveInterrupted, match="the best so far costs") as stop:
        lc.solve(problem, starts=6)
    assert stop.value.solution.status is lc.Status.INTERRUPTED
    monkeypatch.undo()
    assert stop.value.solution.cost == pytest.approx(lc.solve(problem).cost, rel=1e-6)


@pytest.mark.parametrize("n", [4, 30])
def test_a_solve_ends_at_its_time_limit_with_the_best_so_far(n):
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(n, steepness=100.0),
        start=[-1.2] * n,
        objective=lc.Objective(horizon=100.0, discount=0.02),
    )
    began = time.monotonic()
    solution = lc.solve(
        problem,
        starts=400 if n == 4 else 20,
        tolerance=1e-13,
        max_elements=20_000,
        time_limit=1.0,
        throw=False,
    )
    assert time.monotonic() - began < 15
    assert solution.status is lc.Status.TIME_LIMIT
    assert "time limit" in solution.status.value
    if n == 4:
        assert math.isfinite(solution.cost)
    with pytest.raises(lc.ProblemError, match="time_limit"):
        lc.solve(problem, time_limit=0.0)


HUGE = {
    "parameters": lambda: lc.Landscape(dimension=10**8, expression=ca.sumsqr),
    "Rosenbrock": lambda: lc.rosenbrock(10**8),
    "a Hessian": lambda: lc.quadratic(hessian=np.broadcast_to(0.0, (200_000, 200_000))),
    "entries": lambda: lc.Landscape(
        dimension=2, expression=lambda x, a: a[0] * x[0], parameters={"a": np.ones((1100, 1100))}
    ),
    "elements": lambda: lc.DiscretisedAction(elements=10**8),
    "starts": lambda: lc.solve(
        lc.ControlProblem(landscape=POLE, objective=UNIT, start=[2.0]), starts=10**9
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_sizes_that_would_run_away_are_refused_at_once(name):
    began = time.monotonic()
    with pytest.raises(lc.ProblemError, match="at most"):
        HUGE[name]()
    assert time.monotonic() - began < 10
