"""CasADi functions evaluated on many points at once, NumPy in and NumPy out.

A buffer of CasADi's reads and writes the memory of NumPy arrays that were given to it once. It
counts column by column and NumPy row by row, so a matrix of size (rows, cols) is stored as an array
of shape (cols, rows).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import casadi as ca
import numpy as np

LOCK = threading.RLock()  # CasADi's graphs and the kept buffers are shared: one thread at a time
_KEPT = 48  # compiled point counts per function


class Pointwise:
    """A CasADi function of column vectors, called with arrays whose first axis counts the points.

    Call with arrays of shape (S, size), or (size,) for an argument shared by all points; returns
    one array per output, of shape (S, rows, cols) with axes of length one at the end dropped: a
    scalar output becomes (S,), a column (S, rows).

    Each point count is mapped once and evaluated through CasADi's memory buffers, which costs
    microseconds where the ordinary call spends most of its time on conversions.
    """

    def __init__(self, function: ca.Function):
        self.function = _dense(function)
        self.shapes = [self.function.size_out(i) for i in range(self.function.n_out())]
        self.sizes = [self.function.numel_in(i) for i in range(self.function.n_in())]
        self._compiled: dict[tuple[int, tuple[int, ...]], _Mapped] = {}

    def __call__(self, *given: Any) -> Any:
        arguments = [np.asarray(a, dtype=float) for a in given]
        count = max((a.shape[0] for a in arguments if a.ndim == 2), default=1)
        shared = tuple(i for i, a in enumerate(arguments) if a.ndim < 2)
        with LOCK:
            inputs, outputs, trigger, _ = self._buffers(count, shared)
            for stored, values in zip(inputs, arguments, strict=True):
                stored[...] = values.reshape(stored.shape) if values.ndim < 2 else values
            trigger()
            results = [
                self._shaped(stored, shape)
                for stored, shape in zip(outputs, self.shapes, strict=True)
            ]
        return results[0] if len(results) == 1 else tuple(results)

    def _buffers(self, count: int, shared: tuple[int, ...]) -> "_Mapped":
        key = (count, shared)
        if key not in self._compiled:
            if len(self._compiled) >= _KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[key] = self._mapped(count, shared)
        return self._compiled[key]

    def _mapped(self, count: int, shared: tuple[int, ...]) -> "_Mapped":
        """The function of ``count`` points at once, in which the ``shared`` arguments stand once."""
        mapped = self.function
        if count > 1:
            name = f"{self.function.name()}_{count}"
            mapped = self.function.map(name, "serial", count, shared, [])
        inputs = [
            np.zeros(size if i in shared else (count, size)) for i, size in enumerate(self.sizes)
        ]
        outputs = [np.zeros((count, cols, rows)) for rows, cols in self.shapes]
        buffer, trigger = _buffer_of(mapped, inputs, outputs)
        return inputs, outputs, trigger, buffer

    @staticmethod
    def _shaped(stored: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        rows, cols = shape
        if cols > 1:
            return stored.transpose(0, 2, 1).copy()
        return stored[:, 0, 0].copy() if rows == 1 else stored[:, 0].copy()


# (inputs, outputs, what evaluates, its buffer, which must outlive it)
_Mapped = tuple[list[np.ndarray], list[np.ndarray], Callable[[], None], ca.FunctionBuffer]


def _buffer_of(
    function: ca.Function, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]
) -> tuple[ca.FunctionBuffer, Callable[[], None]]:
    """(buffer, what evaluates) of a function on the memory of these arrays."""
    buffer, trigger = function.buffer()
    for i, array in enumerate(inputs):
        buffer.set_arg(i, memoryview(array))  # type: ignore[call-arg, arg-type]  # see below
    for i, array in enumerate(outputs):
        # CasADi's own declaration lacks the call with a memoryview, which its manual gives
        buffer.set_res(i, memoryview(array))  # type: ignore[call-arg, arg-type]
    return buffer, trigger


def _dense(function: ca.Function) -> ca.Function:
    """The function with dense outputs: a buffer holds the non-zero entries only."""
    if all(function.sparsity_out(i).is_dense() for i in range(function.n_out())):
        return function
    symbols = [ca.SX.sym(f"i{i}", function.size1_in(i)) for i in range(function.n_in())]
    return ca.Function(function.name(), symbols, [ca.densify(o) for o in function.call(symbols)])


class Buffered:
    """A CasADi function evaluated through kept memory buffers, without conversions.

    Matrices are arrays of shape (cols, rows) here, see the module. Arguments are broadcast to that;
    results are copies.
    """

    def __init__(self, function: ca.Function):
        self._function = function  # must outlive its buffer, as that its trigger
        sizes_in = [function.size_in(i) for i in range(function.n_in())]
        sizes_out = [function.size_out(i) for i in range(function.n_out())]
        self._inputs = [np.zeros((cols, rows)) for rows, cols in sizes_in]
        self._outputs = [np.zeros((cols, rows)) for rows, cols in sizes_out]
        self._buffer, self._trigger = _buffer_of(function, self._inputs, self._outputs)

    def __call__(self, *arguments: Any) -> list[np.ndarray]:
        with LOCK:
            for stored, given in zip(self._inputs, arguments, strict=True):
                stored[...] = given
            self._trigger()
            return [stored.copy() for stored in self._outputs]


class BySize:
    """Buffered functions of one kind, made for a number of elements when it is first asked for."""

    def __init__(self, make: Callable[[int], ca.Function]):
        self._make = make
        self._made: dict[int, Buffered] = {}

    def __call__(self, size: int, *arguments: Any) -> list[np.ndarray]:
        with LOCK:
            if size not in self._made:
                if len(self._made) >= _KEPT:
                    self._made.pop(next(iter(self._made)))
                self._made[size] = Buffered(self._make(size))
            return self._made[size](*arguments)
