"""The affine problem as a linear one, with a constant coordinate.

That coordinate carries the drift's offset and the minimum of the terminal cost.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .centred import Centred
from .propagator import HamiltonianFlow, Propagator, terminal

_LONGEST = 100.0  # γ times the length of one step: e^{γΔ/2} and its inverse stay far from overflow


@dataclass(frozen=True, kw_only=True, eq=False)
class Augmented:
    """State x = (δ, ℓ) with ℓ constant: the cost is ½∫ xᵀQx + uᵀRu, and the drift linear.

    State and costate are multiplied by e^{-γt/2}, which takes the discount into the drift.

    Attributes
    ----------
    problem : Centred
    unit : float, ℓ > 0, of the size of the problem's lengths: the blocks of the matrices compare
    """

    problem: Centred
    unit: float

    @classmethod
    def of(cls, problem: Centred, length: float) -> "Augmented":
        """With ℓ the larger of ``length`` (to a terminal minimum) and the way the drift pushes."""
        own_rate = np.linalg.norm(problem.discounted, 2)
        regulated_rate = np.sqrt(np.linalg.norm(problem.spread @ problem.loss, 2))
        rate = own_rate + regulated_rate
        pushed = np.linalg.norm(problem.offset)
        if rate > 0:
            pushed = pushed / rate
        return cls(problem=problem, unit=max(length, float(pushed)) or 1.0)

    @cached_property
    def flow(self) -> HamiltonianFlow:
        """The flow of (x, λ) by Pontryagin's equations."""
        n, problem = len(self.problem.offset), self.problem
        dynamics, spread, loss = np.zeros((3, n + 1, n + 1))
        dynamics[:n, :n], dynamics[:n, n] = problem.dynamics, problem.offset / self.unit
        spread[:n, :n], loss[:n, :n] = problem.spread, problem.loss
        return HamiltonianFlow(dynamics - problem.discount / 2 * np.eye(n + 1), spread, loss)

    def state(self, theta: np.ndarray) -> np.ndarray:
        """x of a point θ (n,)."""
        return np.append(theta - self.problem.centre, self.unit)

    def end(self, hessian: np.ndarray, minimum: np.ndarray) -> Propagator:
        """The terminal cost ½(θ-ν)ᵀP(θ-ν)."""
        distance = (minimum - self.problem.centre) / self.unit
        pull = -hessian @ distance
        return terminal(np.block([[hessian, pull[:, None]], [pull, -pull @ distance]]))

    def expansion(
        self, times: np.ndarray, end: Propagator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """S (K, n, n), g (K, n) and v (K,) of V(s, θ) at times-to-go s (K,).

        v is without the loss at the minimum.
        """
        costs = np.empty((len(times), *end.cost.shape))
        later, now = end, 0.0
        for i in np.argsort(times, kind="stable"):
            later, now = self.flow.before(times[i] - now, later), times[i]
            costs[i] = later.cost
        n = len(self.problem.offset)
        hessians, gradients = costs[:, :n, :n], costs[:, :n, n] * self.unit
        constants = 0.5 * costs[:, n, n] * self.unit**2
        return hessians, gradients, constants

    def path(
        self, start: np.ndarray, times: np.ndarray, horizon: float, end: Propagator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ) at ascending ``times`` from the state ``start``.

        Backwards, the propagators from every node to the end; forwards, the closed loop they give,
        which is stable.
        """
        steps = self._steps(times)
        last = times[-1] if len(times) else 0.0
        laters = [self.flow.before(horizon - last, end)]
        for step in reversed(steps):
            laters.append(step.block.then(laters[-1]))
        laters.reverse()

        n, half = len(self.problem.offset), self.problem.discount / 2
        state = np.asarray(start)
        states, costates = [], []
        if len(times) and times[0] == 0:
            states.append(state[:n])
            costates.append((laters[0].cost @ state)[:n])
        for step, later in zip(steps, laters[1:], strict=True):
            # x is stored as of now, so that the factor e^{-γt/2} starts anew at every node
            state = np.exp(half * step.length) * step.block.advance(state, later)
            if step.is_wanted:
                states.append(state[:n])
                costates.append((later.cost @ state)[:n])
        all_states = np.array(states).reshape(-1, n)
        all_costates = np.array(costates).reshape(-1, n)
        controls = -all_costates @ self.problem.push.T
        return self.problem.centre + all_states, controls, all_costates

    def _steps(self, times: np.ndarray) -> list["_Step"]:
        """Equal steps from each of the ascending ``times`` to the next, the first from 0."""
        steps: list[_Step] = []
        now = 0.0
        for time in times:
            if time != now:
                steps += self._steps_between(now, time)
            now = time
        return steps

    def _steps_between(self, now: float, time: float) -> list["_Step"]:
        pieces = max(1, int(np.ceil(self.problem.discount * (time - now) / _LONGEST)))
        block, count = self.flow.blocks((time - now) / pieces)
        length = (time - now) / (pieces * count)
        inner = _Step(block=block, length=length, is_wanted=False)
        last = _Step(block=block, length=length, is_wanted=True)
        return [inner] * (pieces * count - 1) + [last]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """One step of a path: its propagator, its length, and whether its end was asked for."""

    block: Propagator
    length: float
    is_wanted: bool
