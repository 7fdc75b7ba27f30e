"""Undiscounted homogeneous linear-quadratic problems: ½∫ zᵀQz + uᵀRu with ż = Az + Bu, and their
flow in scattering form.

    z(t+h) = E z(t) - G λ(t+h),    λ(t) = P z(t) + Eᵀ λ(t+h)

for a step h, which two steps compose without growing exponentials (Redheffer's star product;
structure-preserving doubling, B. D. O. Anderson, *Second-order convergent algorithms for the
steady-state Riccati equation*, 1978).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm


class UndecidedError(Exception):
    """The two methods differ, or the problem is at the edge of having an answer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Homogeneous:
    """The undiscounted homogeneous form."""

    drift: np.ndarray
    push: np.ndarray  # B R⁻¹ Bᵀ
    cost: np.ndarray
    start: np.ndarray
    terminal: np.ndarray  # ½ zᵀ F z at T


def step_flow(h: Homogeneous, length: float):
    """(E, G, P) of a step, from the matrix exponential of a short one and doubling."""
    hamiltonian = np.block([[h.drift, -h.push], [-h.cost, -h.drift.T]])
    balance = _balance(h)
    size = np.linalg.norm(balance[:, None] * hamiltonian / balance, 1) * length
    doublings = max(0, math.ceil(math.log2(max(size, 1e-300) / 0.5)))
    n = len(h.start)
    flow = expm(hamiltonian * (length / 2**doublings))
    inverse = np.linalg.inv(flow[n:, n:])
    form = inverse.T, symmetric(-flow[:n, n:] @ inverse), symmetric(-inverse @ flow[n:, :n])
    for _ in range(doublings):
        form = compose(form, form)
    return form


def compose(first, second):
    """The scattering form of one step after another."""
    (e1, g1, p1), (e2, g2, p2) = first, second
    try:
        middle = np.linalg.solve(np.eye(len(e1)) + g1 @ p2, np.hstack([e1, g1]))
    except np.linalg.LinAlgError:
        raise UndecidedError("numbers of very different size") from None
    n = len(e1)
    through, through_g = middle[:, :n], middle[:, n:]
    return e2 @ through, symmetric(g2 + e2 @ through_g @ e2.T), symmetric(p1 + e1.T @ p2 @ through)


def value_before(form, terminal):
    """Riccati matrix at the beginning of a step whose end has the value ½ zᵀFz."""
    e, g, p = form
    return symmetric(p + e.T @ terminal @ np.linalg.solve(np.eye(len(e)) + g @ terminal, e))


def symmetric(matrix):
    return (matrix + matrix.T) / 2


def _balance(h):
    """Weights of (z, λ) that bring the Hamiltonian's two off-diagonal blocks to one size."""
    push, cost = np.abs(h.push).max(), np.abs(h.cost).max()
    ratio = math.sqrt(cost / push) if push > 0 and cost > 0 else 1.0
    n = len(h.start)
    return np.concatenate([np.full(n, math.sqrt(ratio)), np.full(n, 1 / math.sqrt(ratio))])
