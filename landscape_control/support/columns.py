"""A function of scalars applied to many points at once: every scalar becomes a column."""

from collections.abc import Collection, Sequence

import casadi as ca

from .errors import ProblemError
from .instructions import callee, instructions


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
    outputs = _replay(function, scalars, count)
    dense = [ca.horzcat(*(_column(entry, count) for entry in group)) for group in outputs]
    flags = [i in differentiable for i in range(function.n_in())]
    return ca.Function(f"{function.name()}_columns", inputs, dense, {"is_diff_in": flags})


def _column(value: ca.MX | float, count: int) -> ca.MX:
    """(count, 1), also of what is one number for all points."""
    value = ca.densify(ca.MX(value))
    return value if value.size1() == count else ca.repmat(value, count, 1)


def _replay(
    function: ca.Function, inputs: Sequence[Sequence[ca.MX]], count: int
) -> list[list[ca.MX | float]]:
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
            results = _called(callee(function, number), [work[i] for i in given], count)
            work |= {place: value for place, value in zip(to, results, strict=True) if place >= 0}
        elif len(given) == 2:
            work[to[0]] = ca.MX.binary(kind, work[given[0]], work[given[1]])
        else:
            work[to[0]] = ca.MX.unary(kind, work[given[0]])
    return outputs


def _called(function: ca.Function, given: Sequence[ca.MX], count: int) -> list[ca.MX]:
    """The results of another function, point by point: its entries as columns, in and out.

    Raises ProblemError for one that another program computes: its derivatives end at the second.
    """
    if any(
        part.class_name() == "CallbackInternal" for part in (function, *function.find_functions(3))
    ):
        raise ProblemError(
            "expression",
            expected="operations, whose derivatives are known to any order",
            received=f"a function of another program, in {function.name()!r}",
            advice=(
                "write the loss with NumPy or CasADi, with landscape_control.data_loss or"
                " landscape_control.network_loss"
            ),
        )
    arguments = []
    start = 0
    for i in range(function.n_in()):
        stop = start + function.nnz_in(i)
        columns = [_column(entry, count) for entry in given[start:stop]]
        stored = ca.horzcat(ca.MX(count, 0), *columns).T
        arguments.append(ca.MX(ca.repmat(function.sparsity_in(i), 1, count), ca.vec(stored)))
        start = stop
    results = function.map(count).call(arguments)
    entries = []
    for i, result in enumerate(results):
        stored = ca.reshape(result.nz[:], function.nnz_out(i), count)
        entries += ca.horzsplit(stored.T) if function.nnz_out(i) else []
    return entries
