"""Moments forward, costates backward: J and ∇J of T steps of N modes in two passes of NumPy."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..programs.moment_program import REFERENCE, MomentProgram
from .stage import NUMBERS, Stage


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """A moment program's packed numbers as arrays that broadcast to (size, T, N).

    Attributes
    ----------
    prices : (2, T, 1), weights of the loss after a step and of its effort
    shared : (5, 1, 1), ρ, q, centre, multiplicative noise, the share of round-off
    start : (p, N), moments at t = 0
    curvatures, noise : (1, 1, N)
    weights : (N,)
    reference, floor : J is divided by the first; the second is added before the logarithm
    """

    prices: np.ndarray
    shared: np.ndarray
    start: np.ndarray
    curvatures: np.ndarray
    noise: np.ndarray
    weights: np.ndarray
    reference: float
    floor: float

    @classmethod
    def of(cls, moments: MomentProgram, packed: np.ndarray) -> "Numbers":
        """Those that :func:`pack` has made."""
        steps, nodes, size = moments.horizon, moments.count_nodes(packed), moments.layout.size
        lengths = [steps, steps, moments.shared_size - 2 * steps, size * nodes, nodes, nodes, nodes]
        parts = [packed[a:b] for a, b in pairwise(np.cumsum([0, *lengths]))]
        loss, effort, shared, start, curvatures, noise, weights = parts
        return cls(
            prices=np.stack([loss, effort])[:, :, None],
            shared=shared[:NUMBERS, None, None],
            start=np.ascontiguousarray(start.reshape(nodes, size).T),
            curvatures=curvatures[None, None],
            noise=noise[None, None],
            weights=weights,
            reference=float(packed[REFERENCE]),
            floor=float(packed[REFERENCE + 1]),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(T, N)."""
        return self.prices.shape[1], len(self.weights)


@dataclass(frozen=True, kw_only=True, eq=False)
class Forward:
    """What a pass over the steps leaves behind.

    Attributes
    ----------
    controls : (m, T, 1), coefficients of every step
    system : K (T, p, p, N) at [t, column, row], c, ℓ, f (T, p, N), f₀ (T, 1, N)
    moments : (T+1, p, N)
    cost : float, J
    """

    controls: np.ndarray
    system: tuple[np.ndarray, ...]
    moments: np.ndarray
    cost: float


class Recursion:
    """J of controls (m, T) and its derivatives by them, for one set of numbers."""

    def __init__(self, stage: Stage, numbers: Numbers):
        self.stage, self.numbers = stage, numbers
        steps, _ = numbers.shape
        self.times = np.arange(steps, dtype=float)[None, :, None]

    @np.errstate(all="ignore")  # rules that diverge end as infinities
    def forward(self, controls: np.ndarray) -> Forward:
        """The moments of every step, and J."""
        numbers, size = self.numbers, self.stage.layout.size
        steps, modes = numbers.shape
        controls = controls[:, :, None]
        matrix, shift, *costs = self.stage.system(
            numbers.shape, controls, self.times, *self._of_modes
        )
        matrix = matrix.reshape(steps, size, size, modes)
        moments = np.empty((steps + 1, size, modes))
        moments[0] = numbers.start
        for t in range(steps):
            np.einsum("jin,jn->in", matrix[t], moments[t], out=moments[t + 1])
            moments[t + 1] += shift[t]
        return Forward(
            controls=controls,
            system=(matrix, shift, *costs),
            moments=moments,
            cost=self._cost(moments, *costs),
        )

    def _cost(
        self, moments: np.ndarray, loss: np.ndarray, effort: np.ndarray, least: np.ndarray
    ) -> float:
        """J from the moments and from the rows that price them."""
        weights, (of_loss, of_effort) = self.numbers.weights, self.numbers.prices[:, :, 0]
        losses = np.einsum("tin,tin,n->t", loss, moments[1:], weights)
        total = of_loss @ losses
        if of_effort.any():
            moved = np.einsum("tin,tin,n->t", effort, moments[:-1], weights)
            total += of_effort @ (moved + least[:, 0] @ weights)
        return float(total)

    @np.errstate(all="ignore")
    def costates(self, forward: Forward) -> np.ndarray:
        """(T+1, p, N): ∂J/∂s_t of every mode, per unit of its weight."""
        matrix, _, loss, effort, _ = forward.system
        of_loss, of_effort = self.numbers.prices
        costates = np.zeros_like(forward.moments)
        paid = of_loss[:, :, None] * loss
        moved = of_effort[:, :, None] * effort
        for t in range(len(matrix) - 1, -1, -1):
            np.einsum("jin,in->jn", matrix[t], costates[t + 1] + paid[t], out=costates[t])
            costates[t] += moved[t]
        return costates

    @np.errstate(all="ignore")
    def slope(self, forward: Forward, costates: np.ndarray) -> np.ndarray:
        """(T, m): ∂J/∂u."""
        (slopes,) = self.stage.slope(self.numbers.shape, *self._all(forward, costates))
        return slopes @ self.numbers.weights

    @np.errstate(all="ignore")
    def bends(self, forward: Forward, costates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T, m, m, N) ∂²H/∂u∂u and (T, m, p, N) ∂²H/∂u∂s of every step."""
        own, mixed = self.stage.bend(self.numbers.shape, *self._all(forward, costates))
        steps, modes = self.numbers.shape
        width = self.stage.width
        return own.reshape(steps, width, width, modes), mixed.reshape(steps, width, -1, modes)

    @property
    def _of_modes(self) -> list[np.ndarray]:
        numbers = self.numbers
        return [numbers.curvatures, numbers.noise, numbers.shared]

    def _all(self, forward: Forward, costates: np.ndarray) -> list[np.ndarray]:
        before = np.moveaxis(forward.moments[:-1], 1, 0)
        after = np.moveaxis(costates[1:], 1, 0)
        given = [forward.controls, self.times, *self._of_modes]
        return [*given, self.numbers.prices, before, after]
