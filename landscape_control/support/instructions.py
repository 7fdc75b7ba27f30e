"""The operations of an SX function, in the order in which CasADi carries them out.

An SX function is a list of instructions on numbered places: each reads the places ``inputs`` and
writes the place ``outputs[0]``. For OP_INPUT ``inputs`` are (which argument, which entry of it) and
for OP_OUTPUT ``outputs`` are (which result, which entry of it). OP_CALL, a call of another function,
reads the entries of all its arguments and writes several places, -1 for a result without a use.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import casadi as ca


class Instruction(NamedTuple):
    """One operation: its number in the function, which it is, and where it reads and writes."""

    number: int
    operation: int
    inputs: list[int]
    outputs: list[int]


def instructions(function: ca.Function) -> Iterator[Instruction]:
    """The instructions of an SX function one after the other."""
    for k in range(function.n_instructions()):
        yield Instruction(
            k,
            function.instruction_id(k),
            function.instruction_input(k),
            function.instruction_output(k),
        )


def operations(function: ca.Function) -> set[int]:
    """Which operations an SX function carries out."""
    return {function.instruction_id(k) for k in range(function.n_instructions())}


def applied(operation: int, operands: Sequence[ca.SX]) -> ca.SX:
    """The expression that an operation of one or two operands makes of them."""
    if len(operands) == 2:
        return ca.SX.binary(operation, *operands)
    return ca.SX.unary(operation, *operands)


def callees(function: ca.Function) -> dict[str, ca.Function]:
    """The functions that an SX function calls itself, by name."""
    return {found.name(): found for found in function.find_functions(0)}


def callee(function: ca.Function, number: int) -> ca.Function:
    """The function that instruction ``number`` of an SX function, an OP_CALL, calls.

    CasADi says which functions are called, but which instruction calls which of several only in the
    printed form, in which every instruction has its line: "[@2] = name([@0,@1]);".
    """
    known = callees(function)
    if len(known) == 1:
        return next(iter(known.values()))
    before = sum(function.instruction_id(k) == ca.OP_CALL for k in range(number))
    calls = re.findall(r"^\[.*\] = (\w+)\(", function.str(True), re.MULTILINE)
    return known[calls[before]]


def called(
    function: ca.Function, instruction: Instruction, operands: Sequence[ca.SX]
) -> list[tuple[int, ca.SX]]:
    """[(place, value)] that an OP_CALL of an SX function writes, with other ``operands``."""
    target = callee(function, instruction.number)
    arguments = []
    start = 0
    for i in range(target.n_in()):
        stop = start + target.nnz_in(i)
        stored = ca.vertcat(ca.SX(0, 1), *operands[start:stop])
        arguments.append(ca.SX(target.sparsity_in(i), stored))
        start = stop
    results = [
        entry
        for result in target.call(arguments)
        for entry in cast(list[ca.SX], result.nonzeros())  # CasADi's declaration says SXElem
    ]
    pairs = zip(instruction.outputs, results, strict=True)
    return [(place, value) for place, value in pairs if place >= 0]
