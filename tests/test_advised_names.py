"""What messages advise exists.

Every option, call and name in them is held against the signatures.
"""

from importlib import import_module

import pytest
from advised_names import (
    accepted_options,
    accepts,
    advised_texts,
    all_names,
    all_options,
    calls_in,
    message_texts,
    names_in,
    options_in,
    resolved,
)

import landscape_control as lc
from landscape_control.identification import identify
from landscape_control.model.objective import OBJECTIVE_NUMBERS
from landscape_control.planning.beliefs.dispatch import METHODS, check_method
from landscape_control.planning.solver.signatures import ProblemNumbers, SolverOptions
from landscape_control.support.arguments import option_names

# words with an underscore that are no names of this package
FOREIGN = {"axis_1", "axis_2", "landscape_control", "another_problem", "max_iter"}


def planned_with(method):
    """What ``solve`` takes for problems with hidden variables."""
    planning = import_module("landscape_control.planning.beliefs.dispatch")
    return set(planning._known_options(method)) | set(option_names(lc.solve))


def options_of(*callables):
    return frozenset().union(*map(accepted_options, callables))


# advice about one callable: its options, and no other's
AT_HAND = {
    "landscape_control.planning.status": options_of(lc.Solver, lc.Solver.solve),
    "landscape_control.planning.beliefs.advice": planned_with("transcription"),
    "landscape_control.optimisation.status": options_of(
        lc.PolicySolver,
        lc.PolicySolver.solve,
        lc.emergence.ScenarioSolver,
        lc.emergence.ScenarioSolver.solve,
    ),
    "landscape_control.planning.dynamic_programming.diffusive": options_of(
        lc.stochastic.solve_grid, lc.ControlProblem, lc.Objective
    ),
}


def test_messages_are_found():
    assert len(message_texts()) > 1000
    assert len(advised_texts()) > 400
    assert sum(bool(options_in(message.text)) for message in message_texts()) > 100


def test_every_option_in_a_message_is_an_option_of_something_public():
    unknown = [
        (message, options_in(message.text) - all_options())
        for message in message_texts()
        if options_in(message.text) - all_options()
    ]
    assert not unknown


def test_every_call_written_out_in_a_message_takes_its_options():
    wrong = []
    for message in message_texts():
        for callee, inside, options in calls_in(message.text):
            meant = resolved(callee, inside)
            if not any(accepts(thing, options) for thing in meant):
                wrong.append((message, callee, options))
    assert not wrong


@pytest.mark.parametrize("place", AT_HAND)
def test_advice_about_one_callable_names_its_options(place):
    messages = [message for message in message_texts() if message.module.startswith(place)]
    assert any(options_in(message.text) for message in messages)
    assert not [
        (message, options_in(message.text) - AT_HAND[place])
        for message in messages
        if options_in(message.text) - AT_HAND[place]
    ]


def test_every_compound_name_in_advice_exists():
    tables = [message for message in message_texts() if message.module in AT_HAND]
    unknown = [
        (advice, names_in(advice.text) - all_names() - FOREIGN)
        for advice in [*advised_texts(), *tables]
        if names_in(advice.text) - all_names() - FOREIGN
    ]
    assert not unknown


def test_the_search_sees_an_option_that_does_not_exist():
    assert options_in("raise max_horizon=..., or take solver='ipopt'") - all_options() == {
        "max_horizon"
    }
    assert names_in("raise max_horizon, or use a finite one") - all_names() == {"max_horizon"}
    ((callee, inside, options),) = calls_in("use solve(problem, time_limit=3)")
    assert accepts(lc.Solver, options)
    assert not accepts(lc.Landscape, options)
    assert resolved(callee, inside)


def test_lists_of_options_say_what_the_signatures_say():
    assert set(SolverOptions.__annotations__) == set(option_names(lc.Solver)) - {"tolerance"}
    assert set(ProblemNumbers.__annotations__) == {*OBJECTIVE_NUMBERS, "start", "end"}
    assert set(OBJECTIVE_NUMBERS) == set(option_names(lc.Objective)) - {"terminal"}
    kinds = import_module("landscape_control.identification.dispatch")._KINDS
    assert set(option_names(identify)) <= {name for kind in kinds for name in kind.options}
    for method in METHODS:
        with pytest.raises(lc.ProblemError, match="max_horizon"):
            check_method(method, {"max_horizon": 1.0})
