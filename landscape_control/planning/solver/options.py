"""Options of the optimisers, as the installed ones know them.

Each is asked once, on a program of two variables.
CasADi passes options on under the optimiser's own names and cannot list them. Which names there are
differs between versions (Fatrop of CasADi 3.7 has no ``tiny_step_tol``), and what is wrong with one
comes out late and without its name: Fatrop complains at the first run, IPOPT of "type mismatch". So
every option is tried alone before the problem is.
"""

import difflib
import io
import math
from collections.abc import Hashable, Mapping
from contextlib import redirect_stdout
from functools import cache
from numbers import Integral, Real
from typing import Any

import casadi as ca

from ...support.errors import ProblemError
from .clock import SolveClock, interruptions_noted

PLUGINS = ("fatrop", "ipopt")
Options = dict[str, Any]  # a number, a text, a list, a function, as CasADi takes them
DEFAULTS: dict[str, Options] = {
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
_STAGES: Options = {  # two variables in two stages, as Fatrop needs them
    "structure_detection": "manual",
    "equality": [True],
    "N": 1,
    "nx": [1, 1],
    "nu": [0, 0],
    "ng": [0, 0],
}


@cache
def known_defaults(plugin: str) -> Options:
    """Our own options of the optimiser, without those that the installed one does not know."""
    ours = DEFAULTS[plugin]
    if not _complaint(plugin, ours):
        return ours
    return {name: value for name, value in ours.items() if _is_known(plugin, name)}


def check_option(plugin: str, name: str, value: object) -> None:
    """Refuse an option that the installed optimiser does not know, or a value it does not take.

    Raises
    ------
    ProblemError
        With the option, the optimiser and the version of CasADi.
    """
    is_nan = isinstance(value, Real) and math.isnan(value)
    is_plain = isinstance(value, bool | str | Integral | Real)
    if is_nan or not is_plain:
        raise _refusal(
            plugin, name, value, "a number, a text, True or False", "write one value, not NaN"
        )
    _check_once(plugin, name, type(value).__qualname__, value)


@cache
def _check_once(plugin: str, name: str, type_of_value: str, value: Hashable) -> None:
    """The type is an argument because 1, 1.0 and True are the same key."""
    if not _is_known(plugin, name):
        raise _unknown(plugin, name, value)
    type_name = _type_of(plugin, name)
    if not _fits(type_name, value):
        raise _refusal(plugin, name, value, type_name, "write a value of this type")
    complaint = _complaint(plugin, {**_QUIET, name: value})
    if complaint:
        advice = f"see the manual of {plugin}; it says: {complaint}"
        raise _refusal(plugin, name, value, f"a value that {plugin} takes", advice)


def _unknown(plugin: str, name: str, value: object) -> ProblemError:
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


def casadi_version() -> str:
    """The version of CasADi that is installed."""
    return str(vars(ca)["__version__"])  # its stubs do not have the name


def _refusal(plugin: str, name: str, value: object, expected: str, advice: str) -> ProblemError:
    return ProblemError(
        f"options of {plugin} (CasADi {casadi_version()}): {name!r}",
        expected=expected,
        received=f"{name} = {value!r}",
        advice=advice,
    )


@cache
def _is_known(plugin: str, name: str) -> bool:
    complaint = _complaint(plugin, {**_QUIET, name: _PROBE})
    return not complaint.startswith(("No such IPOPT option", "Fatrop option not supported"))


@cache
def _type_of(plugin: str, name: str) -> str:
    """What the complaint about the probe says of the option's type, "a text" if nothing."""
    complaint = _complaint(plugin, {**_QUIET, name: _PROBE})
    return next((type_name for sign, type_name in _TYPES.items() if sign in complaint), "a text")


def _fits(type_name: str, value: object) -> bool:
    if type_name == "a text":
        return isinstance(value, str)
    if type_name == "True or False":
        return isinstance(value, bool)
    wanted = Integral if type_name == "a whole number" else Real
    return isinstance(value, wanted) and not isinstance(value, bool)


def _complaint(plugin: str, options: Mapping[str, object]) -> str:
    """What the optimiser says against the options, "" if nothing.

    Ctrl-C waits until it has answered: the first question loads a library, and an interruption in
    there would be lost.
    """
    waiting = SolveClock()
    with interruptions_noted(waiting, at_once=False):
        complaint = _ask(plugin, options)
    waiting.check_interruption()
    return complaint


def _ask(plugin: str, options: Mapping[str, object]) -> str:
    """Build and run a program that is nothing but solvable; what it prints is not shown."""
    x = ca.SX.sym("x", 2)
    program = {"x": x, "f": ca.sumsqr(x - 1), "g": x[1] - x[0]}
    settings: Options = {f"{plugin}.{name}": options[name] for name in options}
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
        if not printed.getvalue():
            return "it is not available here"
        return _last_words("", printed.getvalue())
    # Fatrop of CasADi 3.7 says so and goes on with its own value
    passed_over = [line for line in printed.getvalue().splitlines() if "out of bounds" in line]
    return passed_over[-1] if passed_over else ""


def _last_words(error: str, printed: str) -> str:
    """The complaint itself, without the places in CasADi's source.

    What the optimiser printed about the value belongs to it.
    """
    setting = [line for line in printed.splitlines() if line.startswith("Setting:")]
    if setting:
        return " ".join(printed.split())
    lines = error.strip().splitlines() or printed.strip().splitlines()
    if lines[-1] == "type mismatch":
        return lines[-2].split(": ", 1)[-1]
    return lines[-1].split(": ", 1)[-1]
