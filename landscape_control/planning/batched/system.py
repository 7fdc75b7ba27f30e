"""Cost and Newton's step of the discretised action, for many cells at once, in places of their own.

What one iteration computes has its place in memory, to which all operations are bound: an iteration
is one list of operations of NumPy from beginning to end.
"""

import numpy as np

from ...support.elementwise import carry_out
from .cells import Cells, smallest, summed
from .element import ElementFunctions

_KEPT = 16  # systems of different shapes


class NewtonSystem:
    """The discretised action of B cells on meshes of K elements and its condensed Newton system.

    Attributes
    ----------
    trial : (n(d+1), K, B), θ at the nodes where :meth:`evaluate` looks; to be filled
    shift : (B,), multiple of the kinetic diagonal that is added to the Hessian; to be filled
    cost, size : (B,), and what the rounding of the cost is relative to
    lowest : (B,), smallest pivot
    fall : (B,), gᵀH⁻¹g, what the step promises twice
    step : (n(d+1), K, B), Newton's step at the nodes
    """

    def __init__(
        self, functions: ElementFunctions, count: int, cells: int, *, fixed_end: bool
    ) -> None:
        n = functions.chain.dimension
        condensed = functions.condensed
        own = count, cells
        scratch = functions.scratch  # one system is used at a time
        scratch.restart()
        self.trial = scratch.array(condensed.argument_sizes[0], *own)
        self.step = scratch.array(condensed.argument_sizes[0], *own)
        self.shift, self._mass = np.zeros(cells), np.ones(cells)
        self._stiffness = np.zeros((1, *own))
        self._mesh = [np.zeros((size, *own)) for size in (1, 1, 3)]
        self._ending_weight = np.zeros((1, cells))

        # the elements, without their inner nodes
        arguments = [self.trial, *self._mesh, self._stiffness]
        kept = scratch.array(condensed.kept, *own)
        outputs = [scratch.array(size, *own) for size in condensed.sizes]
        self._prepare = condensed.early_calls(arguments, kept, scratch)
        calls = condensed.late_calls(arguments, kept, outputs, scratch)
        self._costs, self._sizes, self._lowest, self._falls = (out[0] for out in outputs[:4])
        _, _, _, _, schur, slope, solved, factors = outputs

        # what follows the last one
        end = None
        self._ending_cost = np.zeros(cells)
        if not fixed_end:
            end = np.zeros((n * (n + 1) // 2, cells)), np.zeros((n, cells))
            if functions.ending is not None:
                ending = functions.ending
                last = self.trial[-n:, -1]
                calls += ending.calls(
                    [last, self._ending_weight],
                    [self._ending_cost[None], end[1], end[0]],
                    scratch,
                )

        # the vertices, and back to the inner nodes
        self._chain = functions.chain.places(schur, slope, end)
        calls += self._chain.calls
        left, right = self._chain.step[:, :-1], self._chain.step[:, 1:]
        calls += functions.inner.calls(
            [solved, factors, [*left, *right]],
            [self.step[n:-n]],
            scratch,
        )
        calls += [(np.copyto, (self.step[:n], left)), (np.copyto, (self.step[-n:], right))]
        self._calls = calls

    def load(self, cells: Cells) -> None:
        """Take these cells."""
        left, right, numbers = self._mesh
        left[0], right[0] = cells.vertices[:-1], cells.vertices[1:]
        numbers[...] = cells.numbers[:, None]
        self._mass[...], self._ending_weight[0] = cells.mass, cells.ending
        carry_out(self._prepare)

    def evaluate(self) -> None:
        """Cost, factorisation and step at the trial nodes."""
        self._stiffness[...] = self.shift * self._mass
        carry_out(self._calls)
        ending = self._ending_cost
        self.cost = summed(self._costs) + ending
        self.size = summed(self._sizes) + np.abs(ending)
        self.fall = summed(self._falls) + summed(self._chain.falls)
        pivots = np.min(self._chain.pivots, axis=0, initial=np.inf)
        self.lowest = np.minimum(smallest(self._lowest), pivots)


def system_of(
    functions: ElementFunctions, count: int, cells: int, *, fixed_end: bool
) -> NewtonSystem:
    """The system of this shape, which the next call with the same shape hands back again."""
    key, known = (count, cells, fixed_end), functions.systems
    if key not in known:
        known[key] = NewtonSystem(functions, count, cells, fixed_end=fixed_end)
        if len(known) > _KEPT:
            known.popitem(last=False)
    known.move_to_end(key)
    return known[key]
