"""CasADi functions on thousands of points at once, by NumPy or by CasADi point by point.

An expression of a few operations on ten thousand episodes is a few array operations; CasADi's
compiled map pays for every point. The same instructions are followed in the same order, so that
both agree to round-off.
"""

from collections.abc import Callable, Sequence
from typing import Any

import casadi as ca
import numpy as np
from scipy import special

from .instructions import instructions
from .pointwise import Pointwise

NUMPY_OPERATIONS: dict[int, Callable] = {
    ca.OP_ASSIGN: np.positive, ca.OP_ADD: np.add, ca.OP_SUB: np.subtract, ca.OP_MUL: np.multiply, ca.OP_DIV: np.divide,
    ca.OP_NEG: np.negative, ca.OP_EXP: np.exp, ca.OP_LOG: np.log, ca.OP_POW: np.power, ca.OP_CONSTPOW: np.power,
    ca.OP_SQRT: np.sqrt, ca.OP_SQ: np.square, ca.OP_TWICE: lambda x: 2.0 * x, ca.OP_INV: np.reciprocal,
    ca.OP_SIN: np.sin, ca.OP_COS: np.cos, ca.OP_TAN: np.tan, ca.OP_ASIN: np.arcsin, ca.OP_ACOS: np.arccos,
    ca.OP_ATAN: np.arctan, ca.OP_ATAN2: np.arctan2, ca.OP_SINH: np.sinh, ca.OP_COSH: np.cosh, ca.OP_TANH: np.tanh,
    ca.OP_ASINH: np.arcsinh, ca.OP_ACOSH: np.arccosh, ca.OP_ATANH: np.arctanh, ca.OP_LOG1P: np.log1p,
    ca.OP_EXPM1: np.expm1, ca.OP_HYPOT: np.hypot, ca.OP_ERF: special.erf, ca.OP_FABS: np.abs, ca.OP_SIGN: np.sign,
    ca.OP_FMIN: np.fmin, ca.OP_FMAX: np.fmax, ca.OP_FLOOR: np.floor, ca.OP_CEIL: np.ceil, ca.OP_FMOD: np.fmod,
    ca.OP_LT: np.less, ca.OP_LE: np.less_equal, ca.OP_EQ: np.equal, ca.OP_NE: np.not_equal,
    ca.OP_IF_ELSE_ZERO: lambda condition, x: np.where(condition, x, 0.0),
}  # fmt: skip
# measured, in microseconds: CasADi's per point; NumPy's per operation, and per operation and point
_PER_POINT, _PER_OPERATION, _PER_ELEMENT = 0.07, 1.0, 0.0006


class Vectorised:
    """A CasADi function of column vectors on arrays whose first axis counts the points.

    Called as :class:`Pointwise`, with the same results, by whichever way is faster for that many
    points. :meth:`rows` goes by NumPy whatever their number. Where NumPy lacks an operation
    (``steps`` is None), CasADi does all of it.
    """

    def __init__(self, function: ca.Function):
        self.pointwise = Pointwise(function)
        self.function = self.pointwise.function
        self.steps = _steps(self.function)

    def __call__(self, *given: Any) -> Any:
        """Arrays (S, size) or shared (size,) in, one array per output out, shaped as by Pointwise."""
        arguments = [np.asarray(a, dtype=float) for a in given]
        count = max((a.shape[0] for a in arguments if a.ndim == 2), default=1)
        if self.steps is None:
            return self.pointwise(*arguments)
        of_numpy = len(self.steps) * (_PER_OPERATION + count * _PER_ELEMENT)
        if count * _PER_POINT < of_numpy:
            return self.pointwise(*arguments)
        outputs = [np.empty((count, cols, rows)) for rows, cols in self.pointwise.shapes]
        # as silent as CasADi: what is not finite shows in the result
        with np.errstate(all="ignore"):
            self._follow(self.steps, arguments, [output.reshape(count, -1) for output in outputs])
        results = [_shaped(stored) for stored in outputs]
        return results[0] if len(results) == 1 else tuple(results)

    def rows(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """Arrays (S, size) in, a list of arrays (S, entries) out, one per output."""
        count = len(arrays[0])
        if self.steps is None:
            results = self.pointwise(*arrays)
            if not isinstance(results, tuple):
                results = (results,)
            return [result.reshape(count, -1) for result in results]
        outputs = [np.empty((count, rows * cols)) for rows, cols in self.pointwise.shapes]
        self._follow(self.steps, arrays, outputs)
        return outputs

    def on_grid(self, shape: tuple[int, int], *arrays: np.ndarray) -> list[np.ndarray]:
        """Arrays (size, …) that broadcast to (size, T, N) in, a list of arrays (T, entries, N) out.

        What depends on T or on N alone is worked out for that axis alone. For functions of which
        NumPy has all operations.
        """
        if self.steps is None:
            raise ValueError(f"{self.function.name()} has operations that NumPy lacks")
        steps, modes = shape
        outputs = [np.empty((steps, rows * cols, modes)) for rows, cols in self.pointwise.shapes]
        self._follow(self.steps, [array.T for array in arrays], outputs)
        return outputs

    def _follow(
        self, steps: "list[_Step]", arguments: Sequence[np.ndarray], outputs: list[np.ndarray]
    ) -> None:
        """Carry out the instructions for all points; ``outputs`` (S, entries) are written."""
        work: list[Any] = [0.0] * self.function.sz_w()
        for operation, inputs, outcome in steps:
            if operation == ca.OP_INPUT:
                work[outcome] = arguments[inputs[0]].T[inputs[1]]
            elif operation == ca.OP_CONST:
                work[outcome] = inputs
            elif operation == ca.OP_OUTPUT:
                outputs[outcome[0]][:, outcome[1]] = work[inputs]
            elif len(inputs) == 1:
                work[outcome] = operation(work[inputs[0]])
            else:
                work[outcome] = operation(work[inputs[0]], work[inputs[1]])


def _shaped(stored: np.ndarray) -> np.ndarray:
    """(S, cols, rows) as (S, rows, cols), without axes of length one at the end."""
    if stored.shape[1] > 1:
        return stored.transpose(0, 2, 1)
    return stored[:, 0, 0] if stored.shape[2] == 1 else stored[:, 0]


# (operation, inputs, outcome): for OP_OUTPUT (which place, (which result, which entry)), for OP_CONST
# (the number, which place), otherwise (the places read, the place written)
_Step = tuple[Any, Any, Any]


def _steps(function: ca.Function) -> list[_Step] | None:
    """The function's instructions with NumPy's functions; None where one has no NumPy twin."""
    steps: list[_Step] = []
    for k, operation, inputs, outputs in instructions(function):
        if operation == ca.OP_OUTPUT:
            steps.append((operation, inputs[0], tuple(outputs)))
        elif operation == ca.OP_CONST:
            steps.append((operation, function.instruction_constant(k), outputs[0]))
        elif operation == ca.OP_INPUT:
            steps.append((operation, tuple(inputs), outputs[0]))
        elif operation in NUMPY_OPERATIONS:
            steps.append((NUMPY_OPERATIONS[operation], tuple(inputs), outputs[0]))
        else:
            return None
    return steps
