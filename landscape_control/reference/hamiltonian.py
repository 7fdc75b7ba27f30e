"""Pontryagin's equations of a linear-quadratic problem, as one linear system with constant
coefficients.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import expm, matrix_balance


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearSystem:
    """With δ = θ - μ: minimise ∫ e^{-γt}[½uᵀRu + ½δᵀQδ + q]dt,  δ̇ = Aδ + c + Bu.

    Attributes
    ----------
    centre : (n,), μ
    drift : (n, n), A
    offset : (n,), c, the drift at μ
    push : (m, n), R⁻¹Bᵀ: the optimal control is u = -push λ
    spread : (n, n), M = B R⁻¹ Bᵀ
    loss : (n, n), Q
    loss_rate : q
    discount : γ
    actuation : (n, m), B
    """

    centre: np.ndarray
    drift: np.ndarray
    offset: np.ndarray
    push: np.ndarray
    spread: np.ndarray
    loss: np.ndarray
    loss_rate: float
    discount: float
    actuation: np.ndarray

    @property
    def size(self) -> int:
        """n."""
        return len(self.centre)

    @cached_property
    def costate_unit(self) -> float:
        """√(|Q|/|M|): with costates in this unit M and Q weigh the same in an exponential."""
        loss, spread = np.linalg.norm(self.loss, 2), np.linalg.norm(self.spread, 2)
        return float(np.sqrt(loss / spread)) if loss > 0 and spread > 0 else 1.0

    @cached_property
    def units(self) -> np.ndarray:
        """(2n,), units of δ and λ in which the rows and columns of K are of one size."""
        unit = np.append(np.ones(self.size), np.full(self.size, self.costate_unit))
        scaled = self._generator / unit[:, None] * unit
        _, (balance, _) = matrix_balance(scaled, permute=False, separate=True)
        return unit * balance

    @cached_property
    def _generator(self) -> np.ndarray:
        """K (2n, 2n) of d(δ, λ)/ds = K (δ, λ) + …, s time-to-go, λ the current value.

        dδ/ds = -Aδ + Mλ - c,    dλ/ds = Qδ + (Aᵀ - γ)λ
        """
        fading = self.drift.T - self.discount * np.eye(self.size)
        return np.block([[-self.drift, self.spread], [self.loss, fading]])

    @cached_property
    def rate(self) -> float:
        """|K| in its :attr:`units`, per unit time."""
        return float(np.linalg.norm(self._generator / self.units[:, None] * self.units, 2))

    def steps(self, duration: float) -> int:
        """How many equal steps of |K|h <= ½ fill ``duration``."""
        return max(1, int(np.ceil(2 * self.rate * duration)))

    def step(self, duration: float) -> "Step":
        """The exact flow over one step of time-to-go, by one exponential.

        Besides δ and λ it carries p₀, the costate of a coordinate that stays at one and multiplies
        c and q: dp₀/ds = cᵀλ + 2q - γp₀. The cost to go is then ½(λᵀδ + p₀).
        """
        n = self.size
        one, owed = 2 * n, 2 * n + 1  # places of the coordinate that stays at one, and of p₀
        system = np.zeros((2 * n + 2, 2 * n + 2))
        system[:one, :one] = self._generator
        system[:n, one] = -self.offset
        system[owed, n:one] = self.offset
        system[owed, one] = 2 * self.loss_rate
        system[owed, owed] = -self.discount
        units = np.append(self.units, self._affine_units)
        scaled = system / units[:, None] * units
        flow = expm(scaled * duration) * units[:, None] / units
        return Step(
            states=flow[:one, :one],
            forcing=flow[:one, one],
            owed=flow[owed, :one],
            owed_alone=float(flow[owed, one]),
            fade=float(np.exp(-self.discount * duration)),
        )

    @property
    def _affine_units(self):
        """Units of the coordinate that stays at one, and of p₀, of the size of what drives them."""
        n, rate = self.size, self.rate or 1.0
        speed = np.abs(self.offset / self.units[:n]).max() / rate
        earned = np.abs(self.offset * self.units[n:]).max() / rate
        return [1 / speed if speed > 0 else 1.0, earned or 1.0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """z(s + h) = states z(s) + forcing for z = (δ, λ), and p₀(s + h) = owed·z(s) + owed_alone + fade
    p₀(s).
    """

    states: np.ndarray
    forcing: np.ndarray
    owed: np.ndarray
    owed_alone: float
    fade: float
