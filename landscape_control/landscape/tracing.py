"""From a user's function to one CasADi function: traced once, with its parameters as inputs, and checked."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import casadi as ca
import numpy as np

from ..arrays import freeze
from ..errors import ProblemError, check_choice

_ADVICE = "write the loss with CasADi operations (casadi.exp, casadi.dot, ...) on the vector it is given"
MOST_ENTRIES = 1_000_000
_KINKS = {
    ca.OP_FABS: "fabs",
    ca.OP_SIGN: "sign",
    ca.OP_FMIN: "fmin",
    ca.OP_FMAX: "fmax",
    ca.OP_FLOOR: "floor",
    ca.OP_CEIL: "ceil",
    ca.OP_FMOD: "fmod",
    ca.OP_IF_ELSE_ZERO: "if_else",
    ca.OP_LT: "<",
    ca.OP_LE: "<=",
}


def checked_parameters(parameters) -> Mapping:
    """{name: float or read-only array}, finite; names are those of keyword arguments."""
    if not isinstance(parameters, Mapping) or not all(isinstance(name, str) and name.isidentifier() for name in parameters):
        raise ProblemError("landscape parameters", expected="a mapping from names to numbers", received=repr(parameters),
                           advice='write parameters={"tilt": 0.5}; the loss takes them as keyword arguments')
    checked = {name: _value(name, value) for name, value in parameters.items()}
    entries = sum(np.count_nonzero(value) for value in checked.values())
    if entries > MOST_ENTRIES:
        raise ProblemError("landscape parameters", expected=f"at most {MOST_ENTRIES} entries that are not zero",
                           received=f"{entries}",
                           advice="each becomes an operation of its own; write the loss as a sum over "
                           "fewer numbers, e.g. with a sparse or diagonal matrix")
    return MappingProxyType(checked)


def changed_parameters(given: Mapping, changes: Mapping) -> dict:
    """The parameters with changes of the same shape; unknown names are refused."""
    changed = dict(given)
    for name, value in changes.items():
        if not given:
            raise ProblemError("landscape parameter", expected="a landscape with parameters", received=repr(name),
                               advice="declare it: Landscape.from_expression(..., parameters={...})")
        check_choice("landscape parameter", name, given)
        value, shape = _value(name, value), np.shape(given[name])
        if np.size(value) == 1 and np.size(given[name]) == 1:
            value = np.reshape(value, shape)
        if np.shape(value) != shape:
            raise ProblemError(f"landscape parameter {name!r}", expected=f"shape {shape}",
                               received=f"shape {np.shape(value)}", advice="build another landscape for other dimensions")
        changed[name] = value
    return changed


def _value(name, value):
    try:
        array = freeze(value)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if isinstance(value, str | bytes | bool) or array.ndim > 2 or not array.size or not np.isfinite(array).all():
        raise ProblemError(f"landscape parameter {name!r}", expected="a finite number, or an array of them",
                           received=repr(value), advice="give it a number that the loss is defined for")
    return array if array.ndim else float(array)


def constants(parameters: Mapping) -> list[ca.DM]:
    """The parameters' values as CasADi numbers, matrices with their zeros left out."""
    return [ca.sparsify(ca.DM(v)) if np.ndim(v) == 2 else ca.DM(v) for v in parameters.values()]


def trace(expression: Callable, sizes: tuple[int, ...], parameters: Mapping) -> ca.Function:
    """The function of (θ[, φ], parameters …) that ``expression`` computes; scalar and closed, or refused."""
    vectors = [ca.SX.sym(name, size) for name, size in zip(("theta", "hidden"), sizes, strict=False)]
    symbols = [ca.SX.sym(name, value.sparsity())
               for name, value in zip(parameters, constants(parameters), strict=True)]
    try:
        value = ca.SX(expression(*vectors, **dict(zip(parameters, symbols, strict=True))))
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError(
            "loss expression",
            expected=f"a function of a CasADi vector of length {sizes[0]}"
            + (f" with the keyword arguments {', '.join(parameters)}" if parameters else ""),
            received=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}",
            advice=_ADVICE,
        ) from error
    _check_value(value, vectors[0], [*vectors, *symbols])
    return ca.Function("loss", [*vectors, *symbols], [ca.densify(value)])


def _check_value(value, theta, known):
    if value.numel() != 1:
        raise ProblemError(
            "loss expression",
            expected="a scalar",
            received=f"shape {value.shape}",
            advice="sum or average the entries, e.g. casadi.sumsqr(...)",
        )
    if not ca.depends_on(value, theta):
        raise ProblemError(
            "loss expression", expected="an expression that depends on θ", received=f"the constant {value}", advice=_ADVICE
        )
    names = {str(symbol) for symbols in known for symbol in ca.symvar(symbols)}
    if not set(map(str, ca.symvar(value))) <= names:
        raise ProblemError(
            "loss expression",
            expected="an expression in θ (and the hidden variables) alone",
            received=f"free symbols {ca.symvar(value)}",
            advice="replace them by numbers, or pass them as parameters",
        )


def with_numbers(traced: ca.Function, sizes: tuple[int, ...], parameters: Mapping) -> ca.Function:
    """The traced function of (θ[, φ]) alone, with the parameters' numbers in it."""
    if not parameters:
        return traced
    vectors = [ca.SX.sym(name, size) for name, size in zip(("theta", "hidden"), sizes, strict=False)]
    return ca.Function("loss", vectors, [ca.densify(traced(*vectors, *constants(parameters)))])


def refuse_kinks(loss: ca.Function) -> None:
    """Refuse operations that are not twice differentiable, unless the loss does not depend on what they return."""
    used = {_KINKS[op] for op in map(loss.instruction_id, range(loss.n_instructions())) if op in _KINKS}
    if used and not _kinks_cancel(loss):
        raise ProblemError(
            "loss expression",
            expected="a twice continuously differentiable function",
            received=f"an expression that uses {', '.join(sorted(used))}",
            advice="smooth it, e.g. sqrt(x**2 + eps**2) for |x|, or pass allow_kinks=True if the pieces join smoothly",
        )


def _kinks_cancel(loss):
    """Whether the loss is the same whatever its kinked operations return, as in log Σ exp(x - m) + m with m = max x.

    Every such operation's outcome is made an input of its own; the slopes in these, at arbitrary values, must vanish.
    """
    inputs = [ca.SX.sym(loss.name_in(i), loss.size1_in(i), loss.size2_in(i)) for i in range(loss.n_in())]
    work, outcomes, value = [None] * loss.sz_w(), [], ca.SX(0)
    for k in range(loss.n_instructions()):
        kind, to, given = loss.instruction_id(k), loss.instruction_output(k), loss.instruction_input(k)
        if kind == ca.OP_CONST:
            work[to[0]] = ca.SX(loss.instruction_constant(k))
        elif kind == ca.OP_INPUT:
            work[to[0]] = inputs[given[0]].nz[given[1]]
        elif kind == ca.OP_OUTPUT:
            value = work[given[0]]
        elif kind in _KINKS:
            outcomes.append(ca.SX.sym(f"outcome{k}"))
            work[to[0]] = outcomes[-1]
        elif len(given) == 2:
            work[to[0]] = ca.SX.binary(kind, work[given[0]], work[given[1]])
        else:
            work[to[0]] = ca.SX.unary(kind, work[given[0]])
    free = ca.vertcat(*outcomes)
    symbols = [*inputs, free]
    slope = ca.Function("outcome_slope", symbols, [ca.jacobian(value, free), value])
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(20):
        slopes, at = slope(*(rng.standard_normal(symbol.shape) for symbol in symbols))
        slopes, at = np.array(slopes), float(at)
        if np.isfinite(slopes).all() and np.isfinite(at):
            checked += 1
            if np.abs(slopes).max() > 1e-11 * (1 + abs(at)):
                return False
    return checked >= 5
