"""The linear Hamiltonian flow over an interval, in the two-point form.

Unlike the transition matrix it stays stable over long horizons.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import expm

from ...support.errors import ProblemError


class ConjugatePointError(ArithmeticError):
    """The quadratic cost is not bounded below: its second variation has a negative direction."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Propagator:
    """The states and costates at both ends of an interval of an optimal path.

        x_end = α x_start - β λ_end,     λ_start = δ x_start + αᵀ λ_end

    δ is the Riccati solution of the interval with no terminal cost, β the dual one (a Gramian), α
    the transition between them. Unlike the transition matrix of (x, λ), none of them grows along a
    stable direction, so nothing overflows however long the interval. A terminal cost ½xᵀPx is the
    propagator of an empty interval, see :func:`terminal`. Source: the star product of Redheffer;
    Chu, Fan, Lin, *Linear Algebra Appl.* 396 (2005), the structure-preserving doubling algorithm.

    Attributes
    ----------
    transition : (n, n), α
    reach : (n, n), β, symmetric positive semidefinite
    cost : (n, n), δ, symmetric
    """

    transition: np.ndarray
    reach: np.ndarray
    cost: np.ndarray

    def then(self, later: "Propagator") -> "Propagator":
        """This interval followed by ``later``.

        Raises ConjugatePointError when the joint cost is unbounded below.
        """
        if not self._bounded_before(later):
            raise ConjugatePointError
        # Redheffer's star product: the state and the reach at the joint, with the later cost known
        both = np.hstack([self.transition, self.reach])
        moved, reached = np.hsplit(np.linalg.solve(self._coupling(later), both), 2)
        return Propagator(
            transition=later.transition @ moved,
            reach=_symmetric(later.reach + later.transition @ reached @ later.transition.T),
            cost=_symmetric(self.cost + self.transition.T @ later.cost @ moved),
        )

    def advance(self, state: np.ndarray, later: "Propagator") -> np.ndarray:
        """x at the end of this interval, when ``later`` follows and nothing is fixed at its end."""
        return np.linalg.solve(self._coupling(later), self.transition @ state)

    def _coupling(self, later: "Propagator") -> np.ndarray:
        return np.eye(len(self.reach)) + self.reach @ later.cost

    @cached_property
    def _reach_root(self) -> np.ndarray:
        """A factor R of β = RRᵀ."""
        values, vectors = np.linalg.eigh(self.reach)
        return vectors * np.sqrt(np.maximum(values, 0))

    def _bounded_before(self, later: "Propagator") -> bool:
        # β(τ) grows with τ, so a positive I + β½δβ½ over the whole interval means: positive at
        # every point in it
        curvature = np.eye(len(self.reach)) + self._reach_root.T @ later.cost @ self._reach_root
        return bool(np.linalg.eigvalsh(curvature)[0] > 1e-12)


def terminal(hessian: np.ndarray) -> Propagator:
    """The empty interval that charges ½xᵀPx at the end."""
    hessian = np.asarray(hessian, dtype=float)
    return Propagator(transition=np.eye(len(hessian)), reach=np.zeros_like(hessian), cost=hessian)


class HamiltonianFlow:
    """ẋ = Ax - Mλ, λ̇ = -Qx - Aᵀλ: the Pontryagin equations of ∫ ½xᵀQx + ½uᵀRu with M = B R⁻¹ Bᵀ."""

    def __init__(self, dynamics: np.ndarray, spread: np.ndarray, loss: np.ndarray) -> None:
        self.size = len(dynamics)
        spread_size, loss_size = np.linalg.norm(spread, 2), np.linalg.norm(loss, 2)
        # costates are measured in these units, so that M and Q weigh the same in the exponential
        self.costate_unit = 1.0
        if loss_size > 0 and spread_size > 0:
            self.costate_unit = math.sqrt(loss_size / spread_size)
        self.generator = np.block(
            [
                [dynamics, -spread * self.costate_unit],
                [-loss / self.costate_unit, -np.transpose(dynamics)],
            ]
        )
        self.rate = float(np.linalg.norm(self.generator, 2))

    def blocks(self, duration: float) -> tuple[Propagator, int]:
        """(block, count): ``count`` equal blocks fill ``duration``.

        It is one block, unless the loss is concave somewhere: doubling stops before an interval
        that would be unbounded without a terminal cost at its end.
        """
        doublings = max(0, math.ceil(math.log2(max(2 * self.rate * duration, 1.0))))
        block, count = self._short(duration / 2**doublings), 2**doublings
        while count > 1:
            try:
                block, count = self._finite(block.then(block)), count // 2
            except ConjugatePointError:
                break
        return block, count

    def before(self, duration: float, later: Propagator) -> Propagator:
        """The flow over ``duration``, followed by ``later``."""
        if duration == 0:
            return later
        block, count = self.blocks(duration)
        for _ in range(count):
            later = self._finite(block.then(later))
        return later

    def _short(self, duration: float) -> Propagator:
        """The propagator of an interval so short that its transition matrix is well-conditioned."""
        flow, n, unit = expm(self.generator * duration), self.size, self.costate_unit
        inverse = np.linalg.inv(flow[n:, n:])
        return Propagator(
            transition=inverse.T,
            reach=_symmetric(-flow[:n, n:] @ inverse) / unit,
            cost=_symmetric(-inverse @ flow[n:, :n]) * unit,
        )

    @staticmethod
    def _finite(propagator: Propagator) -> Propagator:
        if np.abs(propagator.transition).max() < 1e100:
            return propagator
        raise ProblemError(
            "horizon",
            expected="a horizon over which the drift stays within floating-point numbers",
            received=(
                "an uncosted or uncontrolled direction that the drift stretches by more than 1e100"
            ),
            advice=("shorten the horizon, or drop the direction without a loss from the problem"),
        )


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return (matrix + matrix.T) / 2
