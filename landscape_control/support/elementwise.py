"""CasADi functions on many points at once, every instruction one operation of NumPy on all of them.

The points are the last axes of every array, contiguous, so that an instruction is one pass over
memory. Operations are bound to the places of their operands once and carried out again and again.
Nothing is summed over points and no library of linear algebra is called: what is computed for a
point does not depend on which others stand beside it, to the last bit.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

import casadi as ca
import numpy as np

from .instructions import instructions
from .scratch import Scratch
from .vectorised import NUMPY_OPERATIONS

POINTS = 4096  # that are computed together: the numbers of so many fit a processor's cache
_EIGHTHS = (1, 2, 3, 4, 6)  # widths of blocks are these numbers of points, times 8 · 4^k

# an operation, and its operands and the place of its result
Call = tuple[Callable, tuple]
Rows = Sequence[np.ndarray] | np.ndarray


def carry_out(calls: Iterable[Call]) -> None:
    """Operations one after the other."""
    for operation, operands in calls:
        operation(*operands)


def block_width(total: int, each: int, *, few: bool = False) -> int:
    """How many of ``total`` cells of ``each`` points are computed together: one of some numbers,
    all multiples of eight.

    ``few``: one of fewer numbers, where binding very many operations to places takes its time.
    """
    most = max(POINTS // each // 8 * 8, 8)
    if total >= most:
        return most
    factors = _EIGHTHS[:2] if few else _EIGHTHS
    scale = 8
    while True:
        for factor in factors:
            if factor * scale >= total:
                return min(factor * scale, most)
        scale *= 4


def _twice(x: Any, out: np.ndarray | None = None) -> np.ndarray:
    return np.add(x, x, out=out)


def _if_else_zero(condition: Any, x: Any, out: np.ndarray | None = None) -> np.ndarray:
    chosen = np.where(condition, x, 0.0)  # 0 · NaN would be NaN
    if out is None:
        return chosen
    np.copyto(out, chosen)
    return out


# every one of them takes the place of its result behind its operands
_OPERATIONS: dict[int, Callable] = NUMPY_OPERATIONS | {
    ca.OP_TWICE: _twice,
    ca.OP_IF_ELSE_ZERO: _if_else_zero,
}


class _Step(NamedTuple):
    """One operation: its operands and its result, by their numbers."""

    operation: Callable
    operands: tuple[int, ...]
    result: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Values:
    """What the numbers stand for that no operation computes, and what becomes of the others."""

    constants: dict[int, np.ndarray]
    inputs: dict[int, tuple[int, int]]  # number -> (which argument, which entry)
    outputs: list[tuple[int, int, int]]  # (number, which result, which entry)
    steps: list[_Step]


class _Program:
    """Some steps of a function, with a place for every result until it is used last."""

    def __init__(self, steps: list[_Step], handed_back: set[int]) -> None:
        self.results = {step.result for step in steps}
        self._operations = [step.operation for step in steps]
        self._operands = [itemgetter(*step.operands, step.result) for step in steps]
        self._register, self.registers = _registers(steps, handed_back)

    def calls(self, places: dict[int, np.ndarray], registers: np.ndarray) -> list[Call]:
        """The operations bound to places; other results go to registers (registers, …)."""
        rows = list(registers)
        work = {number: rows[place] for number, place in self._register.items()} | places
        operands = [operands_of(work) for operands_of in self._operands]
        return list(zip(self._operations, operands, strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Block:
    """Places of arguments and results of one width, and the operations between them."""

    arguments: list[np.ndarray]
    outputs: list[np.ndarray]
    calls: list[Call]


class Elementwise:
    """A CasADi function of columns, called with arrays (size, …) whose other axes count the points.

    ``fixed`` are the places of the arguments that stay the same in many calls: what depends on
    them alone may be computed once, see :meth:`early_calls`. Raises ValueError for operations that
    NumPy lacks.
    """

    def __init__(self, function: ca.Function, fixed: Sequence[int] = ()) -> None:
        values = self._values = _values(function)
        self.argument_sizes = [function.numel_in(i) for i in range(function.n_in())]
        self.sizes = [function.numel_out(i) for i in range(function.n_out())]
        # the first place that each result is handed back in, and the others
        self._rows: dict[int, tuple[int, int]] = {}
        for number, result, entry in values.outputs:
            self._rows.setdefault(number, (result, entry))
        handed_back = set(self._rows)
        of_fixed = _dependent_on_fixed(values, frozenset(fixed))
        early = [step for step in values.steps if step.result in of_fixed]
        late = [step for step in values.steps if step.result not in of_fixed]
        needed = {number for step in late for number in step.operands} | handed_back
        self._kept = sorted(needed & {step.result for step in early})
        self._early = _Program(early, set(self._kept))
        self._late = _Program(late, handed_back)
        # of blocks of different widths one is used at a time
        self._blocks: dict[int, _Block] = {}
        self._scratch = Scratch()

    @cached_property
    def _whole(self) -> _Program:
        return _Program(self._values.steps, set(self._rows))

    @property
    def operations(self) -> int:
        """How many operations it takes."""
        return len(self._values.steps)

    @property
    def kept(self) -> int:
        """How many numbers that depend on the fixed arguments alone are used with the others."""
        return len(self._kept)

    def calls(
        self, arguments: Sequence[Rows], outputs: Sequence[Rows], scratch: Scratch
    ) -> list[Call]:
        """All operations, from places of arguments to places of results."""
        return self._bound(self._whole, self._given(arguments), outputs, scratch)

    def early_calls(
        self, arguments: Sequence[Rows], kept: np.ndarray, scratch: Scratch
    ) -> list[Call]:
        """The operations on fixed arguments alone, which leave their results in ``kept`` (kept, …)."""
        places = self._given(arguments) | dict(zip(self._kept, kept, strict=True))
        registers = scratch.array(self._early.registers, *kept.shape[1:])
        return self._early.calls(places, registers)

    def late_calls(
        self,
        arguments: Sequence[Rows],
        kept: np.ndarray,
        outputs: Sequence[np.ndarray],
        scratch: Scratch,
    ) -> list[Call]:
        """The other operations."""
        places = self._given(arguments) | dict(zip(self._kept, kept, strict=True))
        return self._bound(self._late, places, outputs, scratch)

    def __call__(self, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Arrays (entries, …), one for every result; arguments are broadcast against each other."""
        points = np.broadcast_shapes(*[array.shape[1:] for array in arguments])
        total = math.prod(points)
        flat = [
            np.broadcast_to(array, (len(array), *points)).reshape(len(array), total)
            for array in arguments
        ]
        width = block_width(total, 1)
        block = self._block(width)
        results = [np.empty((size, total)) for size in self.sizes]
        for begin in range(0, total, width):
            size = min(width, total - begin)
            here = slice(begin, begin + size)
            for place, argument in zip(block.arguments, flat, strict=True):
                place[:, :size] = argument[:, here]
            carry_out(block.calls)
            for result, output in zip(results, block.outputs, strict=True):
                result[:, here] = output[:, :size]
        return [result.reshape(len(result), *points) for result in results]

    def _block(self, width: int) -> _Block:
        if width not in self._blocks:
            scratch = self._scratch
            scratch.restart()
            arguments = [scratch.array(size, width) for size in self.argument_sizes]
            outputs = [scratch.array(size, width) for size in self.sizes]
            calls = self.calls(arguments, outputs, scratch)
            self._blocks[width] = _Block(arguments=arguments, outputs=outputs, calls=calls)
        return self._blocks[width]

    def _given(self, arguments: Sequence[Rows]) -> dict[int, np.ndarray]:
        """Places of constants and arguments."""
        return self._values.constants | {
            number: arguments[argument][entry]
            for number, (argument, entry) in self._values.inputs.items()
        }

    def _bound(
        self,
        program: _Program,
        given: dict[int, np.ndarray],
        outputs: Sequence[Rows],
        scratch: Scratch,
    ) -> list[Call]:
        """The operations of a program, and copies of results that stand elsewhere already."""
        places = given | {
            number: outputs[result][entry]
            for number, (result, entry) in self._rows.items()
            if number in program.results
        }
        copies: list[Call] = [
            (np.copyto, (outputs[result][entry], places[number]))
            for number, result, entry in self._values.outputs
            if number not in program.results or self._rows[number] != (result, entry)
        ]
        points = next(rows[0].shape for rows in outputs if len(rows))
        return program.calls(places, scratch.array(program.registers, *points)) + copies


def _values(function: ca.Function) -> _Values:
    """The function's instructions, every result with a number of its own."""
    place: dict[int, int] = {}  # of the work vector -> the number that stands there
    constants: dict[int, np.ndarray] = {}
    inputs: dict[int, tuple[int, int]] = {}
    outputs: list[tuple[int, int, int]] = []
    steps: list[_Step] = []
    number = 0
    for k, operation, read, written in instructions(function):
        if operation == ca.OP_OUTPUT:
            outputs.append((place[read[0]], written[0], written[1]))
            continue
        if operation == ca.OP_ASSIGN:
            place[written[0]] = place[read[0]]
            continue
        if operation == ca.OP_CONST:
            constants[number] = np.array(function.instruction_constant(k))
        elif operation == ca.OP_INPUT:
            inputs[number] = read[0], read[1]
        elif operation in _OPERATIONS:
            operands = tuple(place[i] for i in read)
            steps.append(_Step(operation=_OPERATIONS[operation], operands=operands, result=number))
        else:
            raise ValueError(f"NumPy has no twin of CasADi's operation {operation}")
        place[written[0]] = number
        number += 1
    return _Values(constants=constants, inputs=inputs, outputs=outputs, steps=steps)


def _dependent_on_fixed(values: _Values, fixed: frozenset[int]) -> set[int]:
    """Numbers that depend on fixed arguments and constants alone."""
    known = set(values.constants)
    known |= {number for number, (argument, _) in values.inputs.items() if argument in fixed}
    for step in values.steps:
        if known.issuperset(step.operands):
            known.add(step.result)
    return known


def _registers(steps: list[_Step], rows: set[int]) -> tuple[dict[int, int], int]:
    """Which place each result has until it is used last, and how many places that takes.

    Results in ``rows`` are written where they are handed back.
    """
    last = {number: k for k, step in enumerate(steps) for number in step.operands}
    register: dict[int, int] = {}
    free: list[int] = []
    count = 0
    for k, step in enumerate(steps):
        # a place that is read for the last time may be written by the same operation
        over = [n for n in set(step.operands) if last[n] == k and n in register]
        free += [register[number] for number in over]
        if step.result in rows:
            continue
        if not free:
            free.append(count)
            count += 1
        register[step.result] = free.pop()
        if step.result not in last:  # never used
            free.append(register[step.result])
    return register, count
