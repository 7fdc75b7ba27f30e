"""A function of scalars applied to many points at once: every scalar becomes a column."""

from collections.abc import Collection, Sequence

import casadi as ca

from ...support.errors import ProblemError
from ...support.instructions import instructions


def over_columns(
    function: ca.Function, count: int, *, columns: Collection[int], differentiable: Collection[int]
) -> ca.Function:
    """The SX ``function`` on ``count`` points.

    Inputs listed in ``columns`` and all outputs, columns (size,) there, become (count, size) here;
    the other inputs are shared by all points. Only inputs listed in ``differentiable`` are
    differentiated. Each scalar operation becomes one CasADi operation on a column, ten times faster
    than a map over points, which interprets every operation for each.
    """
    inputs, scalars = [], []
    for i in range(function.n_in()):
        size = function.size1_in(i)
        shape = (count, size) if i in columns else (size, 1)
        symbol = ca.MX.sym(function.name_in(i), *shape)
        inputs.append(symbol)
        scalars.append(ca.horzsplit(symbol) if i in columns else ca.vertsplit(symbol))
    outputs = _replay(function, scalars)
    dense = [ca.horzcat(*(_column(entry, count) for entry in group)) for group in outputs]
    flags = [i in differentiable for i in range(function.n_in())]
    return ca.Function(f"{function.name()}_columns", inputs, dense, {"is_diff_in": flags})


def _column(value: ca.MX | float, count: int) -> ca.MX:
    """(count, 1), also of what is one number for all points."""
    value = ca.densify(ca.MX(value))
    return value if value.size1() == count else ca.repmat(value, count, 1)


def _replay(function: ca.Function, inputs: Sequence[Sequence[ca.MX]]) -> list[list[ca.MX | float]]:
    """Outputs as lists of MX columns, by running the function's scalar operations on MX columns."""
    work: dict[int, ca.MX] = {}  # its registers
    outputs: list[list[ca.MX | float]] = [
        [0.0] * function.numel_out(i) for i in range(function.n_out())
    ]
    for number, kind, given, to in instructions(function):
        if kind == ca.OP_CONST:
            work[to[0]] = ca.MX(function.instruction_constant(number))
        elif kind == ca.OP_INPUT:
            work[to[0]] = inputs[given[0]][given[1]]
        elif kind == ca.OP_OUTPUT:
            outputs[to[0]][to[1]] = work[given[0]]
        elif kind == ca.OP_CALL:
            raise ProblemError(
                "expression",
                expected="scalar operations",
                received="a call of a CasADi function",
                advice="expand the function before using it, function.expand()",
            )
        elif len(given) == 2:
            work[to[0]] = ca.MX.binary(kind, work[given[0]], work[given[1]])
        else:
            work[to[0]] = ca.MX.unary(kind, work[given[0]])
    return outputs
