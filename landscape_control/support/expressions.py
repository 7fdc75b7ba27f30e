"""Functions that users write in CasADi: called once on symbols, and what they return is checked."""

import math
import traceback
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from numbers import Real
from typing import Any, TypeVar

import casadi as ca
import numpy as np

from .errors import ProblemError
from .instructions import instructions
from .meanings import names_casadi, two_meanings
from .numpy_symbols import NoValueError, as_symbols, expression_of
from .pointwise import LOCK

# of CasADi, in symbols or in numbers: what goes into a function is of one of these kinds, and so is
# what comes out
Expression = TypeVar("Expression", ca.SX, ca.MX, ca.DM)

# not the user's own code
_PACKAGE = __file__.rpartition("support")[0]
_LIBRARIES = (_PACKAGE, "site-packages", "/casadi/", "/numpy/", "/scipy/")
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
        "arrays used as indices",
        "write it with sums, products and elementary functions; numpy.logaddexp.reduce(x) is"
        " log Σ exp x",
    ),
    ("must be Tensor", "hand a loss of PyTorch over with landscape_control.external_loss"),
    ("JAX", "hand a loss of JAX over with landscape_control.external_loss"),
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
    keywords: Mapping[str, ca.SX] | None = None,
    numbers: Collection[int] = (),
) -> ca.SX:
    """The SX expression that a user's ``function`` makes of symbols.

    It is called with CasADi's vectors and, where these do not do, with NumPy arrays of symbols; the
    arguments listed in ``numbers`` and the ``keywords`` of one entry have no axes there. A function
    that never names CasADi must mean the same in both: what it returns for an array of numbers.

    ``wanted`` and ``advice`` go into refusals. Raises ProblemError, naming the function and where
    it stands, where it raises or returns anything but real numbers and expressions in its
    arguments.
    """
    keywords = {} if keywords is None else keywords
    symbols = [*arguments, *keywords.values()]
    has_casadi = names_casadi(function)
    try:
        expression = _returned(what, function, arguments, keywords, wanted, advice)
        _check_symbols(what, function, expression, symbols, wanted)
    except ProblemError as error:
        refusal = error
    else:
        if not has_casadi:
            _check_meaning(what, function, expression, arguments, keywords, numbers, wanted)
        return expression

    arrays = [as_symbols(x, is_number=i in numbers) for i, x in enumerate(arguments)]
    named = {name: as_symbols(x, is_number=x.numel() == 1) for name, x in keywords.items()}
    try:
        expression = _returned(what, function, arrays, named, wanted, advice)
        _check_symbols(what, function, expression, symbols, wanted)
    except ProblemError as error:
        if has_casadi:
            raise refusal from refusal.__cause__
        raise error from error.__cause__
    if not has_casadi:
        _check_meaning(what, function, expression, arguments, keywords, numbers, wanted)
    return expression


def _returned(
    what: str,
    function: Callable,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    wanted: str,
    advice: str,
) -> ca.SX:
    """What the function makes of these symbols, if it is real numbers and expressions."""
    try:
        with LOCK, warnings.catch_warnings():  # filters are shared by all threads
            # CasADi announces another meaning of NumPy's functions; what they mean is looked at
            warnings.filterwarnings("ignore", r"\s*casadi: a numpy function", FutureWarning)
            warnings.filterwarnings("ignore", "Implicit conversion of symbolic", RuntimeWarning)
            given = expression_of(function(*arguments, **keywords))
    except ProblemError:
        raise
    except Exception as error:
        hint = getattr(error, "advice", None) or _advice_for(str(error), advice)
        received = f"{_readable(error)}{_line_of(error)}"
        raise _refusal(what, function, wanted, received, hint) from error
    return _expression(what, function, given, wanted, advice)


def _check_meaning(
    what: str,
    function: Callable,
    expression: ca.SX,
    arguments: Sequence[ca.SX],
    keywords: Mapping[str, ca.SX],
    numbers: Collection[int],
    wanted: str,
) -> None:
    """Refuse a function that returns something else for NumPy's arrays than for CasADi's vectors."""
    values = two_meanings(function, expression, arguments, keywords, numbers)
    if values is None:
        return
    by_numpy, by_casadi = (", ".join(f"{value:.6g}" for value in part[:3]) for part in values)
    raise _refusal(
        what,
        function,
        wanted,
        f"a function with two meanings: {by_numpy} for a NumPy array, {by_casadi} for a column of"
        " CasADi's symbols with the same numbers",
        "let it depend on its arguments only; begin it with theta = numpy.asanyarray(theta) for"
        " NumPy's meaning (a product with a matrix goes along its rows, masks choose entries), or"
        " write casadi.DM(A) for arrays A, or other casadi functions, for CasADi's",
    )


def _line_of(error: Exception) -> str:
    """Where in the user's code an error was raised: " in line 14, 'return np.sort(theta)[0]'"."""
    lines = [
        (frame.lineno, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.line and not any(part in frame.filename for part in _LIBRARIES)
    ]
    if not lines:
        return ""
    number, text = lines[-1]
    return f" in line {number}, {text.strip()[:80]!r}"


def call_given(
    what: str, function: Callable, *arguments: Any, wanted: str, advice: str, **keywords: Any
) -> Any:
    """What a user's function of numbers returns; where it raises, a ProblemError that names it."""
    try:
        return function(*arguments, **keywords)
    except ProblemError:
        raise
    except Exception as error:
        raise _refusal(what, function, wanted, _readable(error), advice) from error


def located(function: Callable) -> str:
    """How to name a function in a message: "'drift' (model.py, line 12)"."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", type(function).__name__).rpartition("<locals>.")[2]
    if code is None or code.co_filename.startswith("<frozen"):
        return repr(name)
    return f"{name!r} ({code.co_filename.rpartition('/')[2]}, line {code.co_firstlineno})"


def _refusal(
    what: str, function: Callable, wanted: str, received: str, advice: str
) -> ProblemError:
    return ProblemError(
        what,
        expected=wanted,
        received=f"{received}, from the function {located(function)}",
        advice=advice,
    )


def _readable(error: Exception) -> str:
    """An error in a line: its class, and the part of its message that says something.

    CasADi's messages begin with the places in its own source where it was raised.
    """
    lines = str(error).strip().splitlines() or [""]
    if lines[0].startswith("Wrong number or type of arguments"):
        message = f"{lines[0]} {lines[-1].strip()}"
    else:
        message = next((x for x in lines if not x.startswith((".../", "Error in"))), lines[0])
    return (
        message if isinstance(error, NoValueError) else f"{type(error).__name__}: {message[:200]}"
    )


def _advice_for(message: str, advice: str) -> str:
    return next((hint for part, hint in _ADVICE if part in message), advice)


def _expression(what: str, function: Callable, given: Any, wanted: str, advice: str) -> ca.SX:
    """What a function returned as SX, if it is real numbers or symbols."""
    refusal = partial(_refusal, what, function, wanted)
    if given is None:
        raise refusal("None", f"end the function with 'return …'; {advice}")
    if isinstance(given, bool | np.bool_):
        raise refusal(
            f"the truth value {given}",
            "return the number itself; comparisons of symbols are expressions, == of Python objects"
            " is not",
        )
    if isinstance(given, list | tuple):
        raise refusal(
            f"a {type(given).__name__} of {len(given)}",
            "join the entries: numpy.stack([a, b]) or casadi.vertcat(a, b) is a column,"
            " casadi.vertcat(casadi.horzcat(a, b), casadi.horzcat(c, d)) a matrix",
        )
    if isinstance(given, ca.MX):
        raise refusal(
            "a casadi.MX expression",
            "work on the vector it is given (casadi.SX), without symbols of your own",
        )
    if isinstance(given, complex | np.complexfloating):
        raise refusal(f"the complex number {given}", "return real numbers")
    if np.ma.isMaskedArray(given):
        raise refusal("a masked array", "return real numbers or a CasADi expression")
    if isinstance(given, np.ndarray) and given.dtype.kind not in "iufO":
        raise refusal(f"an array of {given.dtype}", "return real numbers or a CasADi expression")
    is_numeric = isinstance(given, ca.SX | ca.DM | Real | np.ndarray)
    if not is_numeric:
        raise refusal(_named_type(given), advice)
    try:
        expression = ca.SX(given)
    except Exception as error:
        raise refusal(_named_type(given), advice) from error
    if not expression.numel():
        raise refusal(f"an empty matrix of shape {expression.shape}", advice)
    return expression


def _named_type(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return f"a class, {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


def _check_symbols(
    what: str, function: Callable, expression: ca.SX, arguments: Sequence[ca.SX], wanted: str
) -> None:
    """Refuse symbols that are no arguments, be their names the same or not, and numbers that are
    NaN.
    """
    symbols = ca.vertcat(
        ca.SX(0, 1), *(symbol for argument in arguments for symbol in ca.symvar(ca.SX(argument)))
    )
    flow = ca.Function("given", [symbols], [expression], {"allow_free": True})
    free = flow.free_sx()
    if free:
        names = ", ".join(map(str, free[:4]))
        raise _refusal(
            what,
            function,
            wanted,
            f"an expression with the free symbols {names}",
            "use the arguments of the function and numbers only; pass other numbers as parameters",
        )
    # NaN at one point may also be the edge of a domain: only a NaN among the numbers is refused
    value = np.array(flow(np.full(symbols.shape, 0.3)))
    if np.isnan(value).any() and _has_nan(flow):
        raise _refusal(
            what,
            function,
            wanted,
            "an expression with NaN among its numbers",
            "write casadi.sin, casadi.exp, … in place of math.sin, float(…), int(…), which make NaN"
            " of symbols",
        )


def _has_nan(flow: ca.Function) -> bool:
    return any(
        math.isnan(flow.instruction_constant(k))
        for k, operation, *_ in instructions(flow)
        if operation == ca.OP_CONST
    )
