"""Functions that users write in CasADi: called once on symbols, and what they return checked in
words.
"""

from collections.abc import Callable, Sequence
from numbers import Real

import casadi as ca
import numpy as np

from .errors import ProblemError

_ADVICE = (  # (part of the message of an error, what to write instead)
    (
        "truth value",
        (
            "write casadi.if_else(condition, a, b) for 'if', casadi.fmax and casadi.fmin for max()"
            " and min(), casadi.logic_and for 'and'"
        ),
    ),
    (
        "not iterable",
        "write θ[i], casadi.sum1(θ) for a sum, or [θ[i] for i in range(n)] for a loop",
    ),
    (
        "Implicit conversion of symbolic",
        (
            "NumPy cannot compute with symbols: write the same with casadi functions "
            "(casadi.vertcat, casadi.if_else, casadi.mtimes, …)"
        ),
    ),
    ("complex", "write real numbers only"),
    (
        "Matrix product with incompatible",
        "write casadi.dot(a, b) for an inner product, A @ θ for a matrix A",
    ),
    ("out of bounds", "count from 0: the last entry is θ[-1]"),
    (
        "positional argument",
        "let it take the arguments named here, and no others without a default",
    ),
    ("keyword argument", "let it take the arguments named here, and no others without a default"),
    ("'MX'", "work on the vector it is given (casadi.SX), without symbols of your own"),
    (
        "recursion",
        "let it come to an end on symbols: conditions are casadi.if_else(condition, a, b)",
    ),
)


def call_traced(
    what: str,
    function: Callable,
    arguments: Sequence[ca.SX],
    *,
    wanted: str,
    advice: str,
    keywords=None,
) -> ca.SX:
    """The SX expression that a user's ``function`` makes of symbols; ``wanted`` and ``advice`` go
    into refusals.

    Raises ProblemError, naming the function and where it stands, where it raises or returns
    anything but real numbers and expressions in its arguments.
    """
    keywords = {} if keywords is None else keywords
    try:
        given = function(*arguments, **keywords)
    except ProblemError:
        raise
    except Exception as error:
        said = str(error).strip().splitlines()
        raise _refusal(
            what,
            function,
            wanted,
            f"{type(error).__name__}: {_readable(said)}",
            _advice_for(str(error), advice),
        ) from error
    expression = _expression(what, function, given, wanted, advice)
    _check_symbols(what, function, expression, [*arguments, *keywords.values()], wanted)
    return expression


def call_given(what: str, function: Callable, *arguments, wanted: str, advice: str, **keywords):
    """What a user's function of numbers returns; where it raises, a ProblemError that names it and
    what it was given for.
    """
    try:
        return function(*arguments, **keywords)
    except ProblemError:
        raise
    except Exception as error:
        said = _readable(str(error).strip().splitlines())
        raise _refusal(what, function, wanted, f"{type(error).__name__}: {said}", advice) from error


def located(function: Callable) -> str:
    """How to name a function in a message: "'drift' (model.py, line 12)"."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", type(function).__name__).rpartition("<locals>.")[2]
    if code is None or code.co_filename.startswith("<frozen"):
        return repr(name)
    return f"{name!r} ({code.co_filename.rpartition('/')[2]}, line {code.co_firstlineno})"


def _refusal(what, function, wanted, received, advice):
    return ProblemError(
        what,
        expected=wanted,
        received=f"{received}, from the function {located(function)}",
        advice=advice,
    )


def _readable(lines):
    """The line of an error's message that says something: CasADi begins with where in its own
    source it was raised.
    """
    if lines and lines[0].startswith("Wrong number or type of arguments"):
        return f"{lines[0]} {lines[-1].strip()}"[:200]
    telling = [line for line in lines if not line.startswith((".../", "Error in"))]
    return (telling or lines or [""])[0][:200]


def _advice_for(message, advice):
    return next((words for part, words in _ADVICE if part in message), advice)


def _expression(what, function, given, wanted, advice):
    """What a function returned as SX, if it is real numbers or symbols."""
    if given is None:
        raise _refusal(
            what, function, wanted, "None", f"end the function with 'return …'; {advice}"
        )
    if isinstance(given, bool | np.bool_):
        raise _refusal(
            what,
            function,
            wanted,
            f"the truth value {given}",
            "return the number itself; comparisons of symbols are expressions, == of Python objects"
            " is not",
        )
    if isinstance(given, list | tuple):
        raise _refusal(
            what,
            function,
            wanted,
            f"a {type(given).__name__} of {len(given)}",
            "join the entries: casadi.vertcat(a, b) is a column, casadi.vertcat(casadi.horzcat(a,"
            " b), casadi.horzcat(c, d)) a matrix",
        )
    if isinstance(given, ca.MX):
        raise _refusal(
            what,
            function,
            wanted,
            "a casadi.MX expression",
            "work on the vector it is given (casadi.SX), without symbols of your own",
        )
    if isinstance(given, complex | np.complexfloating):
        raise _refusal(what, function, wanted, f"the complex number {given}", "return real numbers")
    if isinstance(given, np.ndarray) and (
        given.dtype.kind not in "iufO" or np.ma.isMaskedArray(given)
    ):
        kind = "a masked array" if np.ma.isMaskedArray(given) else f"an array of {given.dtype}"
        raise _refusal(what, function, wanted, kind, "return real numbers or a CasADi expression")
    if not isinstance(given, ca.SX | ca.DM | Real | np.ndarray):
        raise _refusal(what, function, wanted, _named_type(given), advice)
    try:
        expression = ca.SX(given)
    except Exception as error:
        raise _refusal(what, function, wanted, _named_type(given), advice) from error
    if not expression.numel():
        raise _refusal(
            what, function, wanted, f"an empty matrix of shape {expression.shape}", advice
        )
    return expression


def _named_type(value):
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return f"a class, {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


def _check_symbols(what, function, expression, known, wanted):
    """Refuse symbols that are not among the arguments, of the same name or not, and numbers that
    are NaN.
    """
    symbols = ca.vertcat(
        ca.SX(0, 1), *(symbol for one in known for symbol in ca.symvar(ca.SX(one)))
    )
    flow = ca.Function("given", [symbols], [expression], {"allow_free": True})
    free = flow.free_sx()
    if free:
        names = ", ".join(str(one) for one in free[:4])
        raise _refusal(
            what,
            function,
            wanted,
            f"an expression with the free symbols {names}",
            "use the arguments of the function and numbers only; pass other numbers as parameters",
        )
    if np.isnan(np.array(flow(np.full(symbols.shape, 0.3)))).any() and _has_nan(flow):
        raise _refusal(
            what,
            function,
            wanted,
            "an expression with NaN among its numbers",
            "write casadi.sin, casadi.exp, … in place of math.sin, float(…), int(…), which make NaN"
            " of symbols",
        )


def _has_nan(flow):
    kinds = map(flow.instruction_id, range(flow.n_instructions()))
    return any(
        np.isnan(flow.instruction_constant(k))
        for k, kind in enumerate(kinds)
        if kind == ca.OP_CONST
    )
