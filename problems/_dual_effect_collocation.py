"""The bowl of hidden curvature once more, by Chebyshev collocation: a reference for dual_effect.

It shares nothing with the grids of the package. V(θ, p) is a polynomial in θ and in x, with
p = ½(1 + tanh βx/tanh β) so that nodes crowd where p nears 0 or 1; the equations hold at every node,
without boundary conditions, as motion points inwards at the walls of θ and the diffusion of p ends at 0
and 1. Howard's iteration; derivatives and nodes after L. N. Trefethen, *Spectral methods in MATLAB*,
2000, chapter 6.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ._dual_effect_plans import BOX, CURVATURES, MINIMA, SWITCHING

_CROWDING = 2.5  # β
_MOST, _SETTLED = 12, 1e-11  # policy iterations, and the last change relative to V


def chebyshev(order: int) -> tuple[np.ndarray, np.ndarray]:
    """(nodes x_k = cos kπ/N from 1 to -1 (N+1,), matrix of the derivative (N+1, N+1))."""
    index = np.arange(order + 1)
    nodes = np.cos(np.pi * index / order)
    ends = np.where((index == 0) | (index == order), 2.0, 1.0) * (-1.0) ** index
    apart = nodes[:, None] - nodes
    slopes = np.outer(ends, 1 / ends) / (apart + np.eye(order + 1))
    return nodes, slopes - np.diag(slopes.sum(axis=1))


@dataclass(frozen=True, kw_only=True)
class Collocation:
    """The problem at σ and γ on (N+1) x (M+1) nodes, both numbers even.

    Attributes
    ----------
    noise, discount : σ, γ
    orders : (N, M), in θ and in p
    """

    noise: float
    discount: float
    orders: tuple[int, int] = (20, 36)

    @cached_property
    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """θ and p of every node."""
        low, high = BOX[0]
        theta = (low + high) / 2 + (high - low) / 2 * chebyshev(self.orders[0])[0]
        chance = 0.5 + np.tanh(_CROWDING * chebyshev(self.orders[1])[0]) / np.tanh(_CROWDING) / 2
        both = np.meshgrid(theta, chance, indexing="ij")
        return both[0].ravel(), both[1].ravel()

    @cached_property
    def slope_theta(self) -> np.ndarray:
        """∂/∂θ."""
        low, high = BOX[0]
        along = chebyshev(self.orders[0])[1] * 2 / (high - low)
        return np.kron(along, np.eye(self.orders[1] + 1))

    @cached_property
    def slope_chance(self) -> np.ndarray:
        """∂/∂p."""
        nodes, along = chebyshev(self.orders[1])
        stretch = _CROWDING / np.tanh(_CROWDING) / np.cosh(_CROWDING * nodes) ** 2 / 2
        return np.kron(np.eye(self.orders[0] + 1), along / stretch[:, None])

    @cached_property
    def loss(self) -> np.ndarray:
        """E[L | p]."""
        theta, chance = self.nodes
        first, second = (h * (theta - m) ** 2 / 2 for h, m in zip(CURVATURES, MINIMA, strict=True))
        return chance * first + (1 - chance) * second

    @cached_property
    def switching(self) -> np.ndarray:
        """The motion of p without observations: a(1 - 2p) ∂/∂p."""
        chance = self.nodes[1]
        return (SWITCHING * (1 - 2 * chance))[:, None] * self.slope_chance

    @cached_property
    def seeing(self) -> np.ndarray:
        """Wonham's filter: ½[p(1-p)Δ/σ]² ∂²/∂p², Δ the difference of the tasks' gradients."""
        theta, chance = self.nodes
        first, second = (h * (theta - m) for h, m in zip(CURVATURES, MINIMA, strict=True))
        motion = chance * (1 - chance) * (first - second) / self.noise
        return (motion**2 / 2)[:, None] * (self.slope_chance @ self.slope_chance)

    def cost_to_go(
        self, control: np.ndarray, running: np.ndarray, belief: np.ndarray
    ) -> np.ndarray:
        """V of (γ - u∂/∂θ - 𝓛)V = running, 𝓛 the motion of the belief."""
        still = self.discount * np.eye(len(running))
        return np.linalg.solve(still - control[:, None] * self.slope_theta - belief, running)

    def optimum(self, belief: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(V, u) by Howard's iteration from u = -θ."""
        value, control = np.zeros_like(self.loss), -self.nodes[0]
        for _ in range(_MOST):
            new = self.cost_to_go(control, self.loss + control**2 / 2, belief)
            change, value = np.abs(new - value).max(), new
            control = -(self.slope_theta @ value)
            if change <= _SETTLED * np.abs(value).max():
                return value, control
        raise RuntimeError(f"policy iteration still changes by {change:.2g}")

    @cached_property
    def answers(self) -> tuple[float, float, float]:
        """(J*, J_ce - J*, E∫e^{-γt}(u_ce - u*)²/2 dt) at θ = 0, p = ½."""
        belief = self.switching + self.seeing
        value, control = self.optimum(belief)
        _, unseeing = self.optimum(self.switching)
        carried_out = self.cost_to_go(unseeing, self.loss + unseeing**2 / 2, belief)
        off = self.cost_to_go(unseeing, (unseeing - control) ** 2 / 2, belief)
        return self._middle(value), self._middle(carried_out - value), self._middle(off)

    def _middle(self, field: np.ndarray) -> float:
        """At the node θ = 0, p = ½."""
        columns = self.orders[1] + 1
        return float(field[self.orders[0] // 2 * columns + self.orders[1] // 2])
