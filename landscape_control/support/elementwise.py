"""CasADi functions on many points at once, every instruction one operation of NumPy on all of them.

The points are the last axes of every array, contiguous, so that an instruction is one pass over
memory, into places that are kept from call to call. Nothing is summed over points and no library
of linear algebra is called: what is computed for a point does not depend on which others stand
beside it, to the last bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np

from .instructions import instructions
from .vectorised import NUMPY_OPERATIONS

_KEPT = 24  # shapes of points whose places are kept


def _twice(x: Any, out: np.ndarray | None = None) -> np.ndarray:
    return np.add(x, x, out=out)


def _if_else_zero(condition: Any, x: Any, out: np.ndarray | None = None) -> np.ndarray:
    chosen = np.where(condition, x, 0.0)  # 0 · NaN would be NaN
    if out is None:
        return chosen
    np.copyto(out, chosen)
    return out


# every one of them takes ``out``
_OPERATIONS: dict[int, Callable] = NUMPY_OPERATIONS | {
    ca.OP_TWICE: _twice,
    ca.OP_IF_ELSE_ZERO: _if_else_zero,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """One operation: its operands and its result, by their numbers."""

    operation: Callable
    operands: tuple[int, ...]
    result: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Values:
    """What the numbers stand for that no operation computes, and what becomes of the others."""

    constants: dict[int, float]
    inputs: dict[int, tuple[int, int]]  # number -> (which argument, which entry)
    outputs: list[tuple[int, int, int]]  # (number, which result, which entry)
    steps: list[_Step]


class Elementwise:
    """A CasADi function of columns, called with arrays (size, …) whose other axes count the points.

    ``fixed`` are the places of the arguments that stay the same in many calls: what depends on
    them alone is computed by :meth:`keep`, once. Raises ValueError for operations that NumPy lacks.
    """

    def __init__(self, function: ca.Function, fixed: Sequence[int] = ()) -> None:
        values = _values(function)
        self._fixed = frozenset(fixed)
        self._sizes = [function.numel_out(i) for i in range(function.n_out())]
        self._values = values
        of_fixed = _dependent_on_fixed(values, self._fixed)
        self._early = [step for step in values.steps if step.result in of_fixed]
        self._late = [step for step in values.steps if step.result not in of_fixed]
        self._calls = [(step.operation, *_two(step.operands), step.result) for step in self._late]
        needed = {number for step in self._late for number in step.operands}
        needed |= {number for number, _, _ in values.outputs}
        early = {step.result for step in self._early}
        self._kept = sorted(needed & early)
        self._rows = {number: (result, entry) for number, result, entry in reversed(values.outputs)}
        self._register, self._registers = _registers(self._late, set(self._rows))
        self._places: dict[tuple[int, ...], tuple[list[np.ndarray], list[Any]]] = {}

    @property
    def operations(self) -> int:
        """How many operations one call takes."""
        return len(self._late)

    def keep(self, arguments: Sequence[np.ndarray | None]) -> list[np.ndarray]:
        """What depends on the fixed arguments alone; the others may be None."""
        work: dict[int, Any] = dict(self._values.constants)
        for number, (argument, entry) in self._values.inputs.items():
            array = arguments[argument]
            if argument in self._fixed and array is not None:
                work[number] = array[entry]
        for step in self._early:
            work[step.result] = step.operation(*[work[number] for number in step.operands])
        return [np.asarray(work[number]) for number in self._kept]

    def __call__(
        self, arguments: Sequence[np.ndarray], kept: Sequence[np.ndarray] | None = None
    ) -> list[np.ndarray]:
        """Arrays (entries, …), one for every result; they hold until the next call.

        ``kept`` is what :meth:`keep` returned for the fixed arguments.
        """
        if kept is None:
            kept = self.keep(arguments) if self._kept else ()
        points = np.broadcast_shapes(*[array.shape[1:] for array in arguments])
        outputs, work = self._places_for(points)
        for number, (argument, entry) in self._values.inputs.items():
            work[number] = arguments[argument][entry]
        for number, value in zip(self._kept, kept, strict=True):
            work[number] = value
        for operation, first, second, result in self._calls:
            if second is None:
                operation(work[first], out=work[result])
            else:
                operation(work[first], work[second], out=work[result])
        for number, result, entry in self._values.outputs:
            if work[number] is not outputs[result][entry]:
                outputs[result][entry] = work[number]
        return outputs

    def _places_for(self, points: tuple[int, ...]) -> tuple[list[np.ndarray], list[Any]]:
        """Arrays of the results, and where every number is kept, for points of this shape."""
        if points not in self._places:
            if len(self._places) >= _KEPT:
                self._places.pop(next(iter(self._places)))
            self._places[points] = self._made(points)
        return self._places[points]

    def _made(self, points: tuple[int, ...]) -> tuple[list[np.ndarray], list[Any]]:
        outputs = [np.empty((size, *points)) for size in self._sizes]
        registers = np.empty((self._registers, *points))
        numbers = 1 + max(
            [*self._values.constants, *self._values.inputs, *[s.result for s in self._values.steps]]
        )
        work: list[Any] = [None] * numbers
        for number, value in self._values.constants.items():
            work[number] = value
        for step in self._late:
            if step.result in self._rows:
                result, entry = self._rows[step.result]
                work[step.result] = outputs[result][entry]
            else:
                work[step.result] = registers[self._register[step.result]]
        return outputs, work


def _two(operands: tuple[int, ...]) -> tuple[int, int | None]:
    """The operands; None for the second of an operation that has one."""
    return operands[0], operands[1] if len(operands) == 2 else None


def _values(function: ca.Function) -> _Values:
    """The function's instructions, every result with a number of its own."""
    place: dict[int, int] = {}  # of the work vector -> the number that stands there
    constants: dict[int, float] = {}
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
            constants[number] = function.instruction_constant(k)
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
