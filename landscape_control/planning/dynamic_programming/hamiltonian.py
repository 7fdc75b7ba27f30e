"""The Hamiltonian on a grid and its Godunov form.

That form picks the one-sided derivative the optimal motion looks into.
"""

from dataclasses import dataclass

import numpy as np

from .godunov import select_axis, select_plane


@dataclass(frozen=True, kw_only=True, eq=False)
class Hamiltonian:
    """H(θ, p) = ½ pᵀMp - fᵀp - kL with M = ηBG⁻¹Bᵀ, on the nodes.

    The HJB equation is V_s + γV + H(θ, ∇V) = 0.

    H is the maximum over controls of -[uᵀGu/2η + kL + pᵀ(f + Bu)]; the maximiser moves at f - Mp.

    Attributes
    ----------
    mobility : (n, n, N_1, …) or (n, n, 1, …), M
    drift : (n, N_1, …) or (n, 1, …), f
    running : (N_1, …), kL
    diagonal : whether M is diagonal on all nodes
    """

    mobility: np.ndarray
    drift: np.ndarray
    running: np.ndarray
    diagonal: bool

    @classmethod
    def of(cls, mobility: np.ndarray, drift: np.ndarray, running: np.ndarray) -> "Hamiltonian":
        """From M, f and kL, looking whether M couples the axes."""
        n = len(mobility)
        # ones off the diagonal, at all nodes
        coupling = (1 - np.eye(n)).reshape(n, n, *(1,) * (mobility.ndim - 2))
        off_diagonal = np.abs(mobility * coupling).max()
        diagonal = bool(off_diagonal <= 1e-14 * np.abs(mobility).max())
        return cls(mobility=mobility, drift=drift, running=running, diagonal=diagonal)

    def velocity(self, p: np.ndarray) -> np.ndarray:
        """f - Mp, the optimal θ̇ for the costate field p (n, N_1, …)."""
        if self.diagonal:
            return self.drift - np.stack([self.mobility[i, i] * p[i] for i in range(len(p))])
        return self.drift - np.einsum("ij...,j...->i...", self.mobility, p)

    def value(self, p: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """H(θ, p), given the velocity f - Mp."""
        return -(p * (self.drift + velocity)).sum(axis=0) / 2 - self.running

    def select(self, minus: np.ndarray, plus: np.ndarray) -> np.ndarray:
        """The gradient p for which H(θ, p) is the Godunov Hamiltonian of the one-sided derivatives.

        Each control looks into the cell it moves to: v_i > 0 uses D⁺, v_i < 0 uses D⁻; the maximum
        over controls is attained by one velocity v = f - Mp, and that p is returned. Monotone and
        consistent for every M ⪰ 0 and f (Osher & Shu 1991; Kushner & Dupuis 2001, upwind
        approximation of controlled dynamics).
        """
        if self.diagonal:
            own = range(len(minus))  # every axis by itself
            return np.stack(
                [select_axis(self.mobility[i, i], self.drift[i], minus[i], plus[i]) for i in own]
            )
        return select_plane(self.mobility, self.drift, minus, plus)

    def upwind(self, minus: np.ndarray, plus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(H, v): the Godunov Hamiltonian (N_1, …), and the optimal velocity (n, N_1, …).

        Of the one-sided derivatives of V.
        """
        p = self.select(minus, plus)
        velocity = self.velocity(p)
        return self.value(p, velocity), velocity
