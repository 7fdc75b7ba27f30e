"""CasADi functions as plain lists: one scalar operation after the other, readable and free of any
library's own format.

A function of dense or sparse inputs is {"inputs": [[name, sparsity], …], "steps": [[operation, …],
…], "outputs": [[sparsity, [step, …]], …]}. Steps count from 0; ["INPUT", i, k] is the k-th stored
entry of input i, ["CONST", x] a number, ["SQ", a] and ["ADD", a, b] act on earlier steps. A
sparsity is [rows, columns], followed by the rows and the columns of the stored entries where some
are left out. Operations are named as CasADi names them, and nothing else can be in such a list:
reading one runs no code and loads no library.

Where the function takes means over samples, these stand under "means", see
:mod:`~landscape_control.records.sample_means`; ["CALL", m, k, a, b, …] is entry k of the m-th of
them at the steps a, b, …
"""

from collections.abc import Iterable
from typing import Any

import casadi as ca

from ..model.landscape.sample_mean import SampleMean, called_mean
from ..support.errors import ProblemError
from .limits import BYTES_PER_INPUT, BYTES_PER_STEP, ENTRIES_PER_STEP, FREE_ENTRIES, Budget
from .numbers import number_from_tree, number_to_tree
from .plain_text import count, listed, mapping, refuse, word
from .sample_means import entries_called, mean_from_tree, mean_to_tree, value_called

_NAMES = {getattr(ca, name): name[3:] for name in dir(ca) if name.startswith("OP_")}
_CODES = {name: code for code, name in _NAMES.items()}
_UNARY = (
    "NEG",
    "EXP",
    "LOG",
    "SQRT",
    "SQ",
    "TWICE",
    "SIN",
    "COS",
    "TAN",
    "ASIN",
    "ACOS",
    "ATAN",
    "NOT",
    "FLOOR",
    "CEIL",
    "FABS",
    "SIGN",
    "ERF",
    "INV",
    "SINH",
    "COSH",
    "TANH",
    "ASINH",
    "ACOSH",
    "ATANH",
    "ERFINV",
    "LOG1P",
    "EXPM1",
)
_BINARY = (
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "POW",
    "CONSTPOW",
    "LT",
    "LE",
    "EQ",
    "NE",
    "AND",
    "OR",
    "FMOD",
    "COPYSIGN",
    "IF_ELSE_ZERO",
    "FMIN",
    "FMAX",
    "ATAN2",
    "HYPOT",
    "REMAINDER",
)
_ARGUMENTS = dict.fromkeys(_UNARY, 1) | dict.fromkeys(_BINARY, 2)
_LONGEST_SIDE = 10**6  # of a matrix


def function_to_tree(function: ca.Function, names: Iterable[str]) -> dict:
    """The plain form of an SX function; ``names`` are those of its inputs."""
    steps: list[list] = []
    means: list[SampleMean] = []
    where: dict[int, int] = {}  # CasADi's place -> the step whose value stands there
    outputs = [[0] * function.nnz_out(i) for i in range(function.n_out())]
    for k in range(function.n_instructions()):
        name, given, result = _instruction(function, k)
        if name == "OUTPUT":
            outputs[result[0]][result[1]] = where[given[0]]
            continue
        if name == "CALL":
            mean = called_mean(function, k, "expression")
            if mean not in means:
                means.append(mean)
            called = ["CALL", means.index(mean)]
            arguments = [where[place] for place in given]
            for entry, place in enumerate(result):
                if place >= 0:  # an entry that is used
                    steps.append([*called, entry, *arguments])
                    where[place] = len(steps) - 1
            continue
        steps.append(_step(function, k, name, given, where))
        where[result[0]] = len(steps) - 1  # CasADi uses its places again; steps are numbered once
    tree: dict[str, Any] = {
        "inputs": [
            [name, _sparsity_to_list(function.sparsity_in(i))] for i, name in enumerate(names)
        ],
        "steps": steps,
        "outputs": [
            [_sparsity_to_list(function.sparsity_out(i)), outputs[i]]
            for i in range(function.n_out())
        ],
    }
    if means:
        tree["means"] = [
            mean_to_tree(mean, function_to_tree(mean.per_sample, _input_names(mean)))
            for mean in means
        ]
    return tree


def _input_names(mean: SampleMean) -> list[str]:
    return [mean.per_sample.name_in(i) for i in range(mean.per_sample.n_in())]


def _instruction(function: ca.Function, k: int) -> tuple[str, list[int], list[int]]:
    return (
        _NAMES[function.instruction_id(k)],
        function.instruction_input(k),
        function.instruction_output(k),
    )


def _step(
    function: ca.Function, k: int, name: str, given: list[int], where: dict[int, int]
) -> list:
    if name == "CONST":
        return [name, number_to_tree(function.instruction_constant(k))]
    if name == "INPUT":
        return [name, *map(int, given)]
    if name not in _UNARY and name not in _BINARY:
        raise ProblemError(
            "expression",
            expected="elementary operations, from + to erf",
            received=f"CasADi's {name}",
            advice="write the function with casadi.SX operations",
        )
    return [name, *(where[place] for place in given)]


def function_from_tree(
    tree: dict, name: str = "function", what: str = "expression", budget: Budget | None = None
) -> ca.Function:
    """The SX function of a plain form. Everything is checked, and its steps counted in the
    ``budget``, before CasADi builds anything."""
    tree = mapping(tree, what, "inputs", "steps", "outputs")
    steps = listed(tree["steps"], what)
    if budget is not None:
        budget.take(what, BYTES_PER_STEP * len(steps))
    inputs = [
        _checked_input(one, f"{what}, input {i}")
        for i, one in enumerate(listed(tree["inputs"], what))
    ]
    entries = sum(_entries(sparsity) for _, sparsity in inputs)
    most = FREE_ENTRIES + ENTRIES_PER_STEP * len(steps)
    if entries > most:
        refuse(what, f"at most {most} entries of inputs for {len(steps)} steps", f"{entries}")
    if budget is not None:
        budget.take(what, BYTES_PER_INPUT * entries)
    sizes = [_entries(sparsity) for _, sparsity in inputs]
    means = _means(tree, what, budget)
    for k, step in enumerate(steps):
        _check_step(step, k, sizes, means, f"{what}, step {k}")
    outputs = [
        _checked_output(one, len(steps), f"{what}, output {i}")
        for i, one in enumerate(listed(tree["outputs"], what))
    ]
    function = _built(name, inputs, steps, outputs, means, what)
    vars(function)["means"] = means  # they live as long as what calls them
    return function


def _means(tree: dict, what: str, budget: Budget | None) -> list[SampleMean]:
    """The means over samples of a tree; their functions have no means of their own."""
    means = []
    for m, part in enumerate(listed(tree.get("means", []), what)):
        place = f"{what}, mean {m}"
        part = mapping(part, place, "function", "data")
        if isinstance(part["function"], dict) and "means" in part["function"]:
            refuse(place, "a function of one sample", "a mean of means")
        of_sample = function_from_tree(part["function"], "of_a_sample", place, budget)
        means.append(mean_from_tree(of_sample, part["data"], place, budget))
    return means


def _checked_input(given: object, what: str) -> tuple[str, list]:
    label, sparsity = listed(given, what, 2)
    return word(label, what), _checked_sparsity(sparsity, what)


def _checked_output(given: object, steps: int, what: str) -> tuple[list, list[int]]:
    sparsity, places = listed(given, what, 2)
    sparsity, places = _checked_sparsity(sparsity, what), listed(places, what)
    if len(places) != _entries(sparsity):
        refuse(what, f"{_entries(sparsity)} entries", f"{len(places)}")
    return sparsity, [count(place, what, 0, steps - 1) for place in places]


def _checked_sparsity(given: object, what: str) -> list:
    """[rows, columns] or [rows, columns, rows of entries, columns of entries], by columns and each
    entry once.
    """
    if not isinstance(given, list) or len(given) not in (2, 4):
        refuse(what, "a sparsity of two or four parts", f"{given!r:.60}")
    rows, columns = (count(size, what, 0, _LONGEST_SIDE) for size in given[:2])
    if len(given) == 2:
        return given
    row, column = listed(given[2], what), listed(given[3], what, len(given[2]))
    places = [
        (count(j, what, 0, columns - 1), count(i, what, 0, rows - 1))
        for i, j in zip(row, column, strict=True)
    ]
    if len(set(places)) < len(places):
        refuse(what, "different places of entries", "one place twice")
    return given


def _entries(sparsity: list) -> int:
    return len(sparsity[2]) if len(sparsity) == 4 else sparsity[0] * sparsity[1]


def _check_step(step: object, k: int, sizes: list[int], means: list[SampleMean], what: str) -> None:
    """Refuse an operation that is not known, or acts on what does not stand before it."""
    operation, *given = listed(step, what) or [None]
    if operation == "CONST" and len(given) == 1:
        number_from_tree(given[0], what)
    elif operation == "INPUT" and len(given) == 2:
        count(given[1], what, 0, sizes[count(given[0], what, 0, len(sizes) - 1)] - 1)
    elif operation == "CALL" and len(given) >= 2:
        mean = means[count(given[0], what, 0, len(means) - 1)]
        for place in entries_called(mean, given[1:], what):
            count(place, what, 0, k - 1)
    elif isinstance(operation, str) and len(given) == _ARGUMENTS.get(operation):
        for place in given:
            count(place, what, 0, k - 1)
    else:
        refuse(what, "a known operation with as many arguments as it takes", f"{step!r:.60}")


def _built(
    name: str,
    inputs: list[tuple[str, list]],
    steps: list,
    outputs: list[tuple[list, list[int]]],
    means: list[SampleMean],
    what: str,
) -> ca.Function:
    """The function of checked parts."""
    try:
        symbols = [ca.SX.sym(label, _sparsity_from_list(sparsity)) for label, sparsity in inputs]
        entries = [symbol.nonzeros() for symbol in symbols]
        values: list[ca.SX] = []
        for step in steps:
            values.append(_value(step, entries, values, means))
        results = [_output(sparsity, [values[i] for i in places]) for sparsity, places in outputs]
        return ca.Function(name, symbols, results)
    except (RuntimeError, NotImplementedError) as error:
        said = str(error).splitlines()[-1]
        return refuse(what, "operations that CasADi can put together", f"others ({said[:120]})")


def _value(step: list, entries: list, values: list[ca.SX], means: list[SampleMean]) -> ca.SX:
    name, *given = step
    if name == "CALL":
        mean, entry, *places = given
        return value_called(means[mean], entry, [values[place] for place in places])
    if name == "CONST":
        return ca.SX(number_from_tree(given[0]))
    if name == "INPUT":
        return entries[given[0]][given[1]]
    if name in _UNARY:
        return ca.SX.unary(_CODES[name], values[given[0]])
    return ca.SX.binary(_CODES[name], values[given[0]], values[given[1]])


def _output(sparsity: list, entries: list[ca.SX]) -> ca.SX:
    pattern = _sparsity_from_list(sparsity)
    return ca.SX(pattern, ca.vertcat(*entries)) if entries else ca.SX(pattern)


def _sparsity_to_list(sparsity: ca.Sparsity) -> list:
    shape = [sparsity.size1(), sparsity.size2()]
    if sparsity.is_dense():
        return shape
    rows, columns = sparsity.get_triplet()
    return [*shape, list(map(int, rows)), list(map(int, columns))]


def _sparsity_from_list(given: list) -> ca.Sparsity:
    if len(given) == 2:
        return ca.Sparsity.dense(*given)
    return ca.Sparsity.triplet(*given)
