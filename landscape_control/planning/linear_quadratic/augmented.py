"""The affine problem as a linear one: a constant coordinate carries the drift offset and the
terminal minimum.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .centred import Centred
from .propagator import HamiltonianFlow, Propagator, terminal

_LONGEST = 100.0  # γ times the length of one step: e^{γΔ/2} and its inverse stay far from overflow


@dataclass(frozen=True, kw_only=True, eq=False)
class Augmented:
    """State x = (δ, ℓ) with ℓ constant, both multiplied by e^{-γt/2}: the cost is ½∫ xᵀQx + uᵀRu,
    the drift linear.

    Attributes
    ----------
    problem : Centred
    unit : float, ℓ > 0, a length of the problem's own size, so that no block of the matrices dwarfs
    another
    """

    problem: Centred
    unit: float

    @classmethod
    def of(cls, problem: Centred, length: float) -> "Augmented":
        """With ℓ of the size of ``length`` (distance to a terminal minimum) or of the way the drift
        pushes.
        """
        rate = np.linalg.norm(problem.discounted, 2) + np.sqrt(
            np.linalg.norm(problem.spread @ problem.loss, 2)
        )
        pushed = np.linalg.norm(problem.offset)
        return cls(problem=problem, unit=max(length, pushed / rate if rate > 0 else pushed) or 1.0)

    @cached_property
    def flow(self) -> HamiltonianFlow:
        n, problem = len(self.problem.offset), self.problem
        dynamics, spread, loss = np.zeros((3, n + 1, n + 1))
        dynamics[:n, :n], dynamics[:n, n] = problem.dynamics, problem.offset / self.unit
        spread[:n, :n], loss[:n, :n] = problem.spread, problem.loss
        return HamiltonianFlow(dynamics - problem.discount / 2 * np.eye(n + 1), spread, loss)

    def state(self, theta) -> np.ndarray:
        """x of a point θ (n,)."""
        return np.append(theta - self.problem.centre, self.unit)

    def end(self, hessian, minimum) -> Propagator:
        """The terminal cost ½(θ-ν)ᵀP(θ-ν)."""
        distance = (minimum - self.problem.centre) / self.unit
        pull = -hessian @ distance
        return terminal(np.block([[hessian, pull[:, None]], [pull, -pull @ distance]]))

    def expansion(self, times, end: Propagator):
        """S (K, n, n), g (K, n) and v (K,) of V(s, θ) at times-to-go s (K,), without the loss at
        the minimum.
        """
        costs = np.empty((len(times), *end.cost.shape))
        later, now = end, 0.0
        for i in np.argsort(times, kind="stable"):
            later, now = self.flow.before(times[i] - now, later), times[i]
            costs[i] = later.cost
        n = len(self.problem.offset)
        hessians, gradients = costs[:, :n, :n], costs[:, :n, n] * self.unit
        return hessians, gradients, 0.5 * costs[:, n, n] * self.unit**2

    def path(self, start, times, horizon: float, end: Propagator):
        """(θ, u, λ) at ascending ``times`` from the state ``start``.

        Backwards, the propagators from every node to the end; forwards, the closed loop they give,
        which is stable.
        """
        nodes, laters = self._backwards(times, horizon, end)
        n, half = len(self.problem.offset), self.problem.discount / 2
        state, states, costates = np.asarray(start), [], []
        for k, (block, length, wanted) in enumerate(nodes):
            if k:
                state = np.exp(half * length) * block.advance(state, laters[k])
            if wanted:
                states.append(state[:n])
                costates.append((laters[k].cost @ state)[:n])
        states, costates = np.array(states).reshape(-1, n), np.array(costates).reshape(-1, n)
        return self.problem.centre + states, -costates @ self.problem.push.T, costates

    def _backwards(self, times, horizon, end):
        """Nodes (block that leads there, its length, whether asked for) and the propagator from
        each to the end.
        """
        nodes, now = [(None, 0.0, bool(len(times)) and times[0] == 0)], 0.0
        for time in times:
            nodes += self._steps(now, time)
            now = time
        later = self.flow.before(horizon - now, end)
        laters = [later]
        for block, *_ in reversed(nodes[1:]):
            laters.append(block.then(laters[-1]))
        return nodes, laters[::-1]

    def _steps(self, now, time):
        if time == now:
            return []
        pieces = max(1, int(np.ceil(self.problem.discount * (time - now) / _LONGEST)))
        block, count = self.flow.blocks((time - now) / pieces)
        length = (time - now) / (pieces * count)
        inner = [(block, length, False)] * (pieces * count - 1)
        return [*inner, (block, length, True)]
