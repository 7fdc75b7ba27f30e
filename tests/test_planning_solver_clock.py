"""The clock of a solve: time limits, Ctrl-C noted and raised, and what is kept of a search that is
broken off.
"""

import copy
import math
import signal
import threading
import time

import numpy as np
import pytest

from landscape_control import LandscapeDistribution, Objective, ProblemError
from landscape_control.model.landscape.spectra import Uniform
from landscape_control.optimisation import (
    PolicySolver,
    PolicyStatus,
    ScenarioSolver,
    moment_search,
    scenario_search,
    solve_program,
    worst_case,
    worst_case_search,
)
from landscape_control.optimisation.moment_search import MomentSearch
from landscape_control.optimisation.search_options import SearchOptions
from landscape_control.optimisation.stages.costs import answered
from landscape_control.planning.solver import SolveClock
from landscape_control.planning.solver.clock import clock, interruptions_noted, running_clock
from landscape_control.policies import GatedPolicy, HeavyBall, PolicyProgram
from landscape_control.support.errors import SolveInterrupted
from landscape_control.support.side_by_side import driven, known

BALL = HeavyBall(constant=True)


def posed(family=BALL, horizon=10):
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0),
        family=family,
        objective=Objective(horizon=horizon, learning_rate=math.inf),
    )


def press():
    signal.raise_signal(signal.SIGINT)


def test_a_clock_knows_that_work_was_left_out_once_it_was_asked():
    ticking = SolveClock(limit=1e-4)
    time.sleep(1e-3)
    assert not ticking.cut_short
    assert ticking.seconds_left() < 0 < ticking.seconds_for_part(0.5)
    assert ticking.is_over()
    assert ticking.ran_out
    assert ticking.cut_short
    assert ticking.stop_reason == "TIME_LIMIT"
    assert not SolveClock().is_over()


def test_ctrl_c_is_noted_and_raised_at_once_or_when_pressed_again():
    noting = SolveClock()
    with pytest.raises(KeyboardInterrupt), interruptions_noted(noting, at_once=True):
        press()
    assert noting.interrupted
    assert not noting.ran_out
    patient = SolveClock()

    def press_twice():
        with interruptions_noted(patient, at_once=False):
            press()
            assert patient.is_over()
            assert patient.stop_reason == "INTERRUPTED"
            press()

    with pytest.raises(KeyboardInterrupt):
        press_twice()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interruption_is_said_again_inside_and_outside():
    with running_clock(math.inf) as outer, running_clock(1.0) as inner:
        assert clock() is inner
        assert inner.seconds_left() <= 1.0
        outer.interrupt()
        with pytest.raises(KeyboardInterrupt):
            inner.seconds_left()
    assert not clock().interrupted


def test_other_threads_and_other_handlers_are_left_alone():
    handlers = []

    def look():
        with interruptions_noted(SolveClock(), at_once=True):
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
    with running_clock(1.0), interruptions_noted(SolveClock(), at_once=False):
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):  # the first press: that of the clock around it
            before(signal.SIGINT, None)


def stop(*arguments, **options):
    raise KeyboardInterrupt


def test_exact_moments_keep_the_runs_before_an_interruption(monkeypatch):
    monkeypatch.setattr(moment_search.MomentSearch, "_from_contained", stop)
    with pytest.raises(SolveInterrupted) as stopped:
        solve_program(posed(), throw=False)
    monkeypatch.undo()
    result = stopped.value.solution
    assert result.status is PolicyStatus.INTERRUPTED
    assert result.cost == pytest.approx(solve_program(posed()).cost, rel=1e-6)


def test_the_worst_case_keeps_the_runs_before_an_interruption(monkeypatch):
    monkeypatch.setattr(worst_case_search, "nearby_starts", stop)
    monkeypatch.setattr(worst_case_search, "agreeing", lambda ends: 0)
    with pytest.raises(SolveInterrupted) as stopped:
        worst_case(posed(), throw=False)
    monkeypatch.undo()
    result = stopped.value.solution
    assert result.status is PolicyStatus.INTERRUPTED
    assert result.worst == pytest.approx(worst_case(posed()).worst, rel=1e-6)


def test_scenarios_keep_the_simpler_rule_where_the_user_stops_its_search(monkeypatch):
    network = posed(GatedPolicy(hidden=1, gradient_scale=0.3, sees_clock=False), horizon=5)
    solver = ScenarioSolver(network, scenarios=20, most_scenarios=20, held_out=400)
    monkeypatch.setattr(moment_search.MomentSearch, "_from_contained", stop)
    monkeypatch.setattr(moment_search.MomentSearch, "_most_disagree", lambda search: True)
    with pytest.raises(SolveInterrupted) as stopped:
        solver.solve(starts=1, throw=False)
    monkeypatch.undo()
    result, ball = stopped.value.solution, solve_program(posed(horizon=5))
    assert result.status is PolicyStatus.INTERRUPTED
    assert result.cost < 2 * ball.cost + 4 * result.standard_error


def test_an_interruption_before_anything_was_reached_has_no_solution(monkeypatch):
    monkeypatch.setattr(moment_search.MomentSearch, "_guesses", stop)
    monkeypatch.setattr(scenario_search.ScenarioSearch, "_guesses", stop)
    monkeypatch.setattr(worst_case_search.WorstCaseSearch, "_guesses", stop)
    network = posed(GatedPolicy(hidden=1, gradient_scale=0.3, sees_clock=False), horizon=3)
    options = {"scenarios": 20, "most_scenarios": 20, "held_out": 40}
    for solve in (
        lambda: solve_program(posed()),
        lambda: solve_program(network, **options),
        lambda: worst_case(posed()),
    ):
        with pytest.raises(SolveInterrupted) as stopped:
            solve()
        assert stopped.value.solution is None


def test_a_guess_is_kept_where_a_shorter_horizon_replaces_the_starts(monkeypatch):
    """Also where fewer fresh starts than asked for are of any use."""
    shorter = solve_program(posed(horizon=4))
    monkeypatch.setattr(moment_search, "is_long", lambda program: True)
    guess = {"learning_rate": 0.5, "momentum": 0.25}
    solver = PolicySolver(posed())
    programs = solver.programs_of(solver.program)
    begin = programs.coefficients.join({"learning_rate": 0.7, "momentum": 0.1})
    for count in (8, 5, 0):
        monkeypatch.setattr(
            moment_search, "settled", lambda *_, count=count: np.tile(begin, (count, 1))
        )
        search = MomentSearch(
            solver.program,
            programs,
            SearchOptions(guess=guess),
            SolveClock(),
            tolerance=1e-6,
            solve_other=lambda program, options: known(shorter),
        )
        first, *others = driven(search._guesses(), answered)
        np.testing.assert_array_equal(first, programs.coefficients.join(guess))
        np.testing.assert_array_equal(others[0], programs.coefficients.join(shorter.coefficients))


@pytest.mark.parametrize("kind", [PolicySolver, ScenarioSolver])
def test_solvers_hold_compiled_functions_and_say_so(kind):
    with pytest.raises(ProblemError, match=f"copy or pickle its program.*another {kind.__name__}"):
        copy.deepcopy(kind(posed(horizon=2)))
