"""Moments forward, costates backward: J and ∇J of T steps of all modes in two passes of NumPy.

Several programs of one structure, or several points of one, go along side by side. Sums are taken
in an order that does not depend on how many there are, so that neither do the bits of a result.
"""

from dataclasses import dataclass

import numpy as np

from .numbers import Numbers
from .stage import Stage


@dataclass(frozen=True, kw_only=True, eq=False)
class Forward:
    """What a pass over the steps leaves behind.

    Attributes
    ----------
    controls : (m, T, 1 or LN), coefficients of every step
    system : K (T, p, p, LN) at [t, column, row], c, ℓ, f (T, p, LN), f₀ (T, 1, LN)
    moments : (T+1, p, LN)
    costs : (L,), J
    """

    controls: np.ndarray
    system: tuple[np.ndarray, ...]
    moments: np.ndarray
    costs: np.ndarray


class Recursion:
    """J of controls (m, T, L) and its derivatives by them, for L lanes of numbers."""

    def __init__(self, stage: Stage, numbers: Numbers):
        self.stage, self.numbers = stage, numbers
        steps, _ = numbers.shape
        self.times = np.arange(steps, dtype=float)[None, :, None]

    @np.errstate(all="ignore")  # rules that diverge end as infinities
    def forward(self, controls: np.ndarray) -> Forward:
        """The moments of every step, and J."""
        numbers, size = self.numbers, self.stage.layout.size
        steps, modes = numbers.shape
        controls = numbers.over_modes(controls)
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
            costs=self._costs(moments, *costs),
        )

    def _costs(
        self, moments: np.ndarray, loss: np.ndarray, effort: np.ndarray, least: np.ndarray
    ) -> np.ndarray:
        """(L,): J from the moments and from the rows that price them."""
        of_loss, of_effort = self.numbers.prices
        total = (of_loss * (loss * moments[1:]).sum(axis=1)).sum(axis=0)
        if of_effort.any():
            moved = (effort * moments[:-1]).sum(axis=1) + least[:, 0]
            total = total + (of_effort * moved).sum(axis=0)
        return self.numbers.expected(total)

    @np.errstate(all="ignore")
    def costates(self, forward: Forward) -> np.ndarray:
        """(T+1, p, LN): ∂J/∂s_t of every mode, per unit of its weight."""
        matrix, _, loss, effort, _ = forward.system
        of_loss, of_effort = self.numbers.prices
        costates = np.zeros_like(forward.moments)
        paid = of_loss[:, None] * loss
        moved = of_effort[:, None] * effort
        for t in range(len(matrix) - 1, -1, -1):
            np.einsum("jin,in->jn", matrix[t], costates[t + 1] + paid[t], out=costates[t])
            costates[t] += moved[t]
        return costates

    @np.errstate(all="ignore")
    def slope(self, forward: Forward, costates: np.ndarray) -> np.ndarray:
        """(T, m, L): ∂J/∂u."""
        (slopes,) = self.stage.slope(self.numbers.shape, *self._all(forward, costates))
        return self.numbers.expected(slopes)

    @np.errstate(all="ignore")
    def bends(self, forward: Forward, costates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T, m, m, LN) ∂²H/∂u∂u and (T, m, p, LN) ∂²H/∂u∂s of every step."""
        own, mixed = self.stage.bend(self.numbers.shape, *self._all(forward, costates))
        steps, modes = self.numbers.shape
        width = self.stage.width
        return own.reshape(steps, width, width, modes), mixed.reshape(steps, width, -1, modes)

    @np.errstate(all="ignore")
    def gains(self, forward: Forward) -> np.ndarray:
        """(T, m, p, LN): ∂s_{t+1}/∂u_t, with the moments before the step as they are."""
        before = np.moveaxis(forward.moments[:-1], 1, 0)
        given = [forward.controls, self.times, *self._of_modes, before]
        (columns,) = self.stage.gain(self.numbers.shape, *given)
        steps, modes = self.numbers.shape
        return columns.reshape(steps, self.stage.width, -1, modes)

    @property
    def _of_modes(self) -> list[np.ndarray]:
        numbers = self.numbers
        return [numbers.curvatures, numbers.noise, numbers.shared]

    def _all(self, forward: Forward, costates: np.ndarray) -> list[np.ndarray]:
        before = np.moveaxis(forward.moments[:-1], 1, 0)
        after = np.moveaxis(costates[1:], 1, 0)
        given = [forward.controls, self.times, *self._of_modes]
        return [*given, self.numbers.prices, before, after]
