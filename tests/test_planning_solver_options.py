"""Options of the optimisers: the installed ones are asked, and what they do not take is a message
about that option.
"""

import os
import signal
import sys

import casadi as ca
import numpy as np
import pytest
import standard

import landscape_control as lc
from landscape_control.planning.solver import options
from landscape_control.planning.solver.buffers import NlpBuffers
from landscape_control.support.errors import ProblemError


def well(**learner):
    return standard.well(horizon=1.0, learner=lc.Learner(**learner))


REFUSED = {
    "unknown name": ("fatrop", "nonsense", 1, "an option that fatrop knows"),
    "unknown name of ipopt": ("ipopt", "nonsense", 1, "an option that ipopt knows"),
    "misspelt": ("fatrop", "max_iterr", 3, "did you mean 'max_iter'"),
    "the other's": ("fatrop", "mu_strategy", "adaptive", "solver='ipopt'"),
    "text for a number": ("fatrop", "tol", "1e-3", "expected a number"),
    "text for a number of ipopt": ("ipopt", "tol", "1e-3", "expected a number"),
    "number for an integer": ("fatrop", "max_iter", 1.5, "expected a whole number"),
    "number for an integer of ipopt": ("ipopt", "max_iter", 1.5, "expected a whole number"),
    "truth value for an integer": ("ipopt", "max_iter", True, "expected a whole number"),
    "truth value for a number": ("ipopt", "tol", True, "expected a number"),
    "number for a text": ("ipopt", "mu_strategy", 1.0, "expected a text"),
    "list": ("ipopt", "tol", [1e-8], "a number, a text, True or False"),
    "NaN": ("fatrop", "tol", float("nan"), "not NaN"),
    "out of range": ("ipopt", "tol", -1.0, "not a valid setting"),
    "no such choice": ("ipopt", "mu_strategy", "odd", "monotone"),
    "linear solver that is not installed": ("ipopt", "linear_solver", "ma57", "not available"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_option_is_named_with_its_optimiser_and_the_version(case):
    plugin, name, value, words = REFUSED[case]
    with pytest.raises(ProblemError) as raised:
        lc.solve(well(), solver=plugin, options={"max_iter": 50} | {name: value})
    message = str(raised.value)
    assert all(
        part in message
        for part in (f"options of {plugin}", f"CasADi {ca.__version__}", repr(name), words)
    ), message
    assert "unbounded" not in message


@pytest.mark.parametrize(
    ("plugin", "given"),
    [
        ("fatrop", {"max_iter": 200, "tol": 1e-9}),
        ("fatrop", {"max_iter": np.int64(200), "tol": np.float64(1e-9)}),
        ("ipopt", {"max_iter": 200, "mu_strategy": "monotone", "tol": 1e-9}),
        ("ipopt", {"max_iter": 200, "bound_push": 1}),
    ],
)
def test_options_of_the_right_type_are_taken(plugin, given):
    solution = lc.solve(well(), solver=plugin, options=given)
    assert solution.cost == pytest.approx(lc.solve(well()).cost, rel=1e-8)


def test_an_option_of_ours_that_the_installed_optimiser_does_not_know_is_left_out(monkeypatch):
    monkeypatch.setitem(
        options.DEFAULTS, "fatrop", options.DEFAULTS["fatrop"] | {"of_another_version": 1.0}
    )
    options.known_defaults.cache_clear()
    try:
        known = options.known_defaults("fatrop")
        assert {"max_iter", "tol", "mu_init"} <= set(known)
        assert "of_another_version" not in known
        assert lc.solve(well()).status.ok
    finally:
        monkeypatch.undo()
        options.known_defaults.cache_clear()


def test_what_the_installed_optimisers_know_of_ours_is_asked_once(monkeypatch):
    known = {plugin: dict(options.known_defaults(plugin)) for plugin in options.PLUGINS}
    monkeypatch.setattr(options, "_complaint", None)
    assert {plugin: dict(options.known_defaults(plugin)) for plugin in options.PLUGINS} == known
    assert known["ipopt"] == options.DEFAULTS["ipopt"]
    assert set(options.DEFAULTS["fatrop"]) - set(known["fatrop"]) <= {"tiny_step_tol"}


def test_an_optimiser_that_does_not_begin_says_nothing_about_the_loss(monkeypatch):
    def refuse(self, guess, parameters, **bounds):
        raise RuntimeError(
            "Error in Function::call\n.../interface.cpp:570: the licence has expired"
        )

    monkeypatch.setattr(NlpBuffers, "solve", refuse)
    with pytest.raises(lc.SolveError) as raised:
        lc.solve(well(), starts=1)
    assert "did not run" in str(raised.value)
    assert "the licence has expired" in str(raised.value)
    assert "unbounded" not in str(raised.value)


def test_a_value_that_the_optimiser_would_pass_over_is_refused(capfd):
    """Fatrop of CasADi 3.7 prints "out of bounds" and takes its own value; later ones take more
    iterations.
    """
    passed_over = "out of bounds" in options._complaint(
        "fatrop", {"print_level": 0, "max_iter": 3000}
    )
    assert passed_over == ("tiny_step_tol" not in options.known_defaults("fatrop"))
    if passed_over:
        with pytest.raises(ProblemError, match="max_iter is out of bounds"):
            lc.solve(well(), solver="fatrop", options={"max_iter": 3000})
    else:
        assert lc.solve(well(), solver="fatrop", options={"max_iter": 3000}).status.ok
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_while_the_optimiser_is_asked_is_kept_until_it_has_answered(monkeypatch):
    def asked(plugin, given):
        os.kill(os.getpid(), signal.SIGINT)
        return ""

    monkeypatch.setattr(options, "_ask", asked)
    before = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        options._complaint("ipopt", {})
    assert sys.stdout is before
