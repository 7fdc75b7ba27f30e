"""CasADi functions evaluated on many points at once, NumPy in and NumPy out."""

import casadi as ca
import numpy as np


class Pointwise:
    """A CasADi function of column vectors, called with arrays whose first axis counts the points.

    Call with arrays of shape (S, size) (or a single vector, shared by all points); returns one array
    per output of shape (S, rows, cols), with axes of length one at the end dropped: a scalar output
    becomes (S,), a column (S, rows).
    """

    def __init__(self, function: ca.Function):
        self.function = function
        self.shapes = [function.size_out(i) for i in range(function.n_out())]

    def __call__(self, *arguments):
        arguments = [np.asarray(a, dtype=float) for a in arguments]
        count = max((a.shape[0] for a in arguments if a.ndim == 2), default=1)
        results = self.function.call([a.T if a.ndim == 2 else a for a in arguments])
        arrays = [self._unstack(r, shape, count) for r, shape in zip(results, self.shapes, strict=True)]
        return arrays[0] if len(arrays) == 1 else tuple(arrays)

    def _unstack(self, result, shape, count):
        rows, cols = shape
        dense = result.toarray()  # (rows, cols * count), unless no argument varied
        if dense.shape[1] != cols * count:
            dense = np.tile(dense, (1, count))
        stacked = dense.reshape(rows, count, cols).transpose(1, 0, 2)
        if cols == 1:
            stacked = stacked[:, :, 0]
            if rows == 1:
                stacked = stacked[:, 0]
        return stacked
