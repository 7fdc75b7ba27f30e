"""The operations of an SX function, in the order in which CasADi carries them out.

An SX function is a list of instructions on numbered places: each reads the places ``inputs`` and
writes the place ``outputs[0]``. For OP_INPUT ``inputs`` are (which argument, which entry of it) and
for OP_OUTPUT ``outputs`` are (which result, which entry of it).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

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
