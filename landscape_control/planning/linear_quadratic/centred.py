"""The linear-quadratic problem about its minimum, on which everything in this package works."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Centred:
    """With δ = θ - μ: minimise ∫ e^{-γt}[½uᵀRu + ½δᵀQδ]dt,  δ̇ = Aδ + c + Bu.

    Attributes
    ----------
    centre : (n,), μ
    dynamics : (n, n), A
    offset : (n,), the drift at the minimum, Aμ + c of the original problem
    actuation : (n, m), B
    effort : (m, m), R = G/η
    loss : (n, n), Q = kH
    discount : γ
    """

    centre: np.ndarray
    dynamics: np.ndarray
    offset: np.ndarray
    actuation: np.ndarray
    effort: np.ndarray
    loss: np.ndarray
    discount: float

    @cached_property
    def push(self) -> np.ndarray:
        """ηG⁻¹Bᵀ (m, n): the optimal control is u = -push λ."""
        return np.linalg.solve(self.effort, self.actuation.T)

    @cached_property
    def spread(self) -> np.ndarray:
        """M = ηBG⁻¹Bᵀ (n, n): the optimal path obeys δ̇ = Aδ + c - Mλ."""
        spread = self.actuation @ self.push
        return (spread + spread.T) / 2

    @cached_property
    def discounted(self) -> np.ndarray:
        """A - γ/2 I: with δ and λ multiplied by e^{-γt/2} the discount disappears into the drift."""
        return self.dynamics - self.discount / 2 * np.eye(len(self.dynamics))

    def restricted(self, seen: np.ndarray) -> "Centred":
        """The problem on the directions ``seen`` (n, p) that a loss depends on, now or later.

        The other directions follow, cost nothing, and need not be stable.
        """
        loss = seen.T @ self.loss @ seen
        return Centred(
            centre=np.zeros(seen.shape[1]),
            dynamics=seen.T @ self.dynamics @ seen,
            offset=seen.T @ self.offset,
            actuation=seen.T @ self.actuation,
            effort=self.effort,
            loss=(loss + loss.T) / 2,
            discount=self.discount,
        )


def quadratic_form(
    hessian: np.ndarray, gradient: np.ndarray, constant: float, deviation: np.ndarray
) -> float | np.ndarray:
    """½δᵀSδ + gᵀδ + v for one deviation (n,) or many (N, n)."""
    bend = 0.5 * np.einsum("...i,ij,...j->...", deviation, hessian, deviation)
    return bend + deviation @ gradient + constant
