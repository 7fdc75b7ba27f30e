"""CasADi functions as plain lists: one scalar operation after the other, readable and free of any library's own format.

A function of dense or sparse inputs is {"inputs": [[name, sparsity], …], "steps": [[operation, …], …], "outputs":
[[sparsity, [step, …]], …]}. Steps count from 0; ["INPUT", i, k] is the k-th stored entry of input i, ["CONST", x] a number,
["SQ", a] and ["ADD", a, b] act on earlier steps. A sparsity is [rows, columns], followed by the rows and the columns of the
stored entries where some are left out. Operations are named as CasADi names them, and nothing else can be in such a list:
reading one runs no code and loads no library.
"""

import casadi as ca

from ..errors import ProblemError
from .numbers import number_from_tree, number_to_tree

_NAMES = {getattr(ca, name): name[3:] for name in dir(ca) if name.startswith("OP_")}
_CODES = {name: code for code, name in _NAMES.items()}
_UNARY = ("NEG", "EXP", "LOG", "SQRT", "SQ", "TWICE", "SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "NOT", "FLOOR", "CEIL",
          "FABS", "SIGN", "ERF", "INV", "SINH", "COSH", "TANH", "ASINH", "ACOSH", "ATANH", "ERFINV", "LOG1P", "EXPM1")
_BINARY = ("ADD", "SUB", "MUL", "DIV", "POW", "CONSTPOW", "LT", "LE", "EQ", "NE", "AND", "OR", "FMOD", "COPYSIGN",
           "IF_ELSE_ZERO", "FMIN", "FMAX", "ATAN2", "HYPOT", "REMAINDER")


def function_to_tree(function: ca.Function, names) -> dict:
    """The plain form of an SX function; ``names`` are those of its inputs."""
    steps, where = [], {}
    outputs = [[0] * function.nnz_out(i) for i in range(function.n_out())]
    for k in range(function.n_instructions()):
        name, given, result = _instruction(function, k)
        if name == "OUTPUT":
            outputs[result[0]][result[1]] = where[given[0]]
            continue
        steps.append(_step(function, k, name, given, where))
        where[result[0]] = len(steps) - 1  # CasADi uses its places again; steps are numbered once
    return {
        "inputs": [[name, _sparsity_to_list(function.sparsity_in(i))] for i, name in enumerate(names)],
        "steps": steps,
        "outputs": [[_sparsity_to_list(function.sparsity_out(i)), outputs[i]] for i in range(function.n_out())],
    }


def _instruction(function, k):
    return _NAMES[function.instruction_id(k)], function.instruction_input(k), function.instruction_output(k)


def _step(function, k, name, given, where):
    if name == "CONST":
        return [name, number_to_tree(function.instruction_constant(k))]
    if name == "INPUT":
        return [name, *map(int, given)]
    if name not in _UNARY and name not in _BINARY:
        raise ProblemError("expression", expected="elementary operations, from + to erf", received=f"CasADi's {name}",
                           advice="write the function with casadi.SX operations")
    return [name, *(where[place] for place in given)]


def function_from_tree(tree: dict, name: str = "function") -> ca.Function:
    """The SX function of a plain form."""
    try:
        inputs = [ca.SX.sym(label, _sparsity_from_list(sparsity)) for label, sparsity in tree["inputs"]]
        entries, values = [symbol.nonzeros() for symbol in inputs], []
        for step in tree["steps"]:
            values.append(_value(step, entries, values))
        outputs = [_output(sparsity, [values[i] for i in places]) for sparsity, places in tree["outputs"]]
    except (LookupError, TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError) as error:
        raise ProblemError("expression", expected="a list of operations in the order of their use",
                           received=f"{type(error).__name__}: {error}".splitlines()[0],
                           advice="the file is damaged or not of this format: write it again") from error
    return ca.Function(name, inputs, outputs)


def _value(step, entries, values):
    name, *given = step
    if name == "CONST":
        return ca.SX(number_from_tree(given[0]))
    if name == "INPUT":
        return entries[given[0]][given[1]]
    if name in _UNARY:
        return ca.SX.unary(_CODES[name], values[given[0]])
    if name in _BINARY:
        return ca.SX.binary(_CODES[name], values[given[0]], values[given[1]])
    raise LookupError(f"unknown operation {name!r}")


def _output(sparsity, entries):
    sparsity = _sparsity_from_list(sparsity)
    return ca.SX(sparsity, ca.vertcat(*entries)) if entries else ca.SX(sparsity)


def _sparsity_to_list(sparsity):
    shape = [sparsity.size1(), sparsity.size2()]
    if sparsity.is_dense():
        return shape
    rows, columns = sparsity.get_triplet()
    return [*shape, list(map(int, rows)), list(map(int, columns))]


def _sparsity_from_list(given):
    if len(given) == 2:
        return ca.Sparsity.dense(*given)
    return ca.Sparsity.triplet(*given)
