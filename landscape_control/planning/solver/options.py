"""Options of the optimisers, as the installed ones know them: each is asked once, on a program of
two variables.

CasADi passes options on under the optimiser's own names and cannot list them. Which names there are
differs between versions (Fatrop of CasADi 3.7 has no ``tiny_step_tol``), and what is wrong with one
comes out late and without its name: Fatrop complains at the first run, IPOPT of "type mismatch". So
every option is tried alone before the problem is.
"""

import difflib
import io
import math
from contextlib import redirect_stdout
from functools import cache
from numbers import Integral, Real

import casadi as ca

from ...support.errors import ProblemError
from .clock import SolveClock, interruptions_noted

PLUGINS = ("fatrop", "ipopt")
DEFAULTS = {
    "fatrop": {
        "print_level": 0,
        "tol": 1e-10,
        "mu_init": 1e-8,
        "max_iter": 300,
        "tiny_step_tol": 0.0,
    },
    "ipopt": {
        "print_level": 0,
        "sb": "yes",
        "tol": 1e-10,
        "max_iter": 300,
        "acceptable_tol": 1e-8,
        "constr_viol_tol": 1e-10,
        "dual_inf_tol": 1e-8,
        "mu_strategy": "adaptive",
    },
}
REFUSED = "Invalid_Option"  # how IPOPT ends where it finds out at the run that a value is of no use
_QUIET = {"print_level": 0}
_PROBE = "?"  # a text that no option takes: the complaint says which type it is of
_TYPES = {"is_double()": "a number", "is_int()": "a whole number", "is_bool()": "True or False"}
_STAGES = {  # two variables in two stages, as Fatrop needs them
    "structure_detection": "manual",
    "equality": [True],
    "N": 1,
    "nx": [1, 1],
    "nu": [0, 0],
    "ng": [0, 0],
}


@cache
def known_defaults(plugin: str) -> dict:
    """Our own options of the optimiser, without those that the installed one does not know."""
    ours = DEFAULTS[plugin]
    if not _complaint(plugin, ours):
        return ours
    return {name: value for name, value in ours.items() if _is_known(plugin, name)}


def check_option(plugin: str, name: str, value) -> None:
    """Refuse an option of the user that the installed optimiser does not know, or whose value it
    does not take.

    Raises
    ------
    ProblemError
        With the option, the optimiser and the version of CasADi.
    """
    if not isinstance(value, bool | str | Integral | Real) or (
        isinstance(value, Real) and math.isnan(value)
    ):
        raise _refusal(
            plugin, name, value, "a number, a text, True or False", "write one value, not NaN"
        )
    _check_once(plugin, name, type(value), value)


@cache
def _check_once(plugin, name, type_of_value, value):
    """The type is an argument because 1, 1.0 and True are the same key."""
    if not _is_known(plugin, name):
        raise _unknown(plugin, name, value)
    kind = _type_of(plugin, name)
    if not _fits(kind, value):
        raise _refusal(plugin, name, value, kind, "write a value of this type")
    complaint = _complaint(plugin, {**_QUIET, name: value})
    if complaint:
        advice = f"see the manual of {plugin}; it says: {complaint}"
        raise _refusal(plugin, name, value, f"a value that {plugin} takes", advice)


def _unknown(plugin, name, value):
    others = [other for other in PLUGINS if other != plugin and _is_known(other, name)]
    near = difflib.get_close_matches(name, known_defaults(plugin), n=1)
    advice = f"leave it out, or see the manual of {plugin} for its options"
    if others:
        advice = (
            f"it is an option of {others[0]}: give solver={others[0]!r} with it, or leave it out"
        )
    elif near:
        advice = f"did you mean {near[0]!r}?"
    return _refusal(plugin, name, value, f"an option that {plugin} knows", advice)


def _refusal(plugin, name, value, expected, advice):
    return ProblemError(
        f"options of {plugin} (CasADi {ca.__version__}): {name!r}",
        expected=expected,
        received=f"{name} = {value!r}",
        advice=advice,
    )


@cache
def _is_known(plugin, name):
    complaint = _complaint(plugin, {**_QUIET, name: _PROBE})
    return not complaint.startswith(("No such IPOPT option", "Fatrop option not supported"))


@cache
def _type_of(plugin, name):
    complaint = _complaint(plugin, {**_QUIET, name: _PROBE})
    return next((words for sign, words in _TYPES.items() if sign in complaint), "a text")


def _fits(kind, value):
    if kind == "a text":
        return isinstance(value, str)
    if kind == "True or False":
        return isinstance(value, bool)
    wanted = Integral if kind == "a whole number" else Real
    return isinstance(value, wanted) and not isinstance(value, bool)


def _complaint(plugin, options):
    """What the optimiser says against the options, "" if nothing.

    Ctrl-C waits until it has answered: the first question loads a library, and an interruption in
    there would be lost.
    """
    waiting = SolveClock()
    with interruptions_noted(waiting, at_once=False):
        complaint = _ask(plugin, options)
    waiting.check_interruption()
    return complaint


def _ask(plugin, options):
    """Build and run a program that is nothing but solvable; what is printed is kept from the user."""
    x = ca.SX.sym("x", 2)
    program = {"x": x, "f": ca.sumsqr(x - 1), "g": x[1] - x[0]}
    settings = {f"{plugin}.{name}": value for name, value in options.items()}
    settings |= {"print_time": False, "error_on_fail": False}
    if plugin == "fatrop":
        settings |= _STAGES
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            solver = ca.nlpsol("options", plugin, program, settings)
            solver(x0=0, lbg=0, ubg=0)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        return _last_words(str(error), printed.getvalue())
    if solver.stats()["return_status"] == REFUSED:
        return (
            "it is not available here"
            if not printed.getvalue()
            else _last_words("", printed.getvalue())
        )
    passed_over = [line for line in printed.getvalue().splitlines() if "out of bounds" in line]
    # Fatrop of CasADi 3.7 says so and goes on with its own value
    return passed_over[-1] if passed_over else ""


def _last_words(error, printed):
    """The complaint itself: without the places in CasADi's source, with what the optimiser printed
    about the value.
    """
    setting = [line for line in printed.splitlines() if line.startswith("Setting:")]
    if setting:
        return " ".join(printed.split())
    lines = error.strip().splitlines() or printed.strip().splitlines()
    if lines[-1] == "type mismatch":
        return lines[-2].split(": ", 1)[-1]
    return lines[-1].split(": ", 1)[-1]
