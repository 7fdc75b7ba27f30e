"""The discrete generator: policies read off a value function, and the linear equation a policy's value obeys."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from ..grid import Grid
from ..grid.hamiltonian import Hamiltonian
from .differences import Differences
from .diffusion import ControlledDiffusion, Fields, fields_on

_CREST = 1e-3  # gain from looking to one side, as a part of the largest effort, from which on it is no discretisation error


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """A policy on the nodes.

    Attributes
    ----------
    control : (m, N), u
    velocity : (n, N), f + Bu
    effort : (N,), ½ uᵀ(G/η)u
    free : (n, N), the velocity if there were no walls
    """

    control: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    free: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Scheme:
    """A controlled diffusion discretised on a grid.

    Order 1 is the Markov chain approximation of Kushner & Dupuis (2001): upwind, monotone, the policy minimises the
    discrete Hamiltonian. Order 2 evaluates policies with the higher-order quotients of :class:`Differences` and reads
    them off a smooth gradient; an error δu of the policy costs the value only (δu)².
    """

    system: ControlledDiffusion
    grid: Grid
    order: int
    continued: bool | None = None  # how second derivatives end at walls, see Differences; by default as the order asks

    @cached_property
    def fields(self) -> Fields:
        return fields_on(self.system, self.grid)

    @cached_property
    def differences(self) -> Differences:
        continued = self.order > 1 if self.continued is None else self.continued
        return Differences(grid=self.grid, order=self.order, continued=continued)

    @property
    def controlled(self) -> int:
        return self.system.controlled

    def policy(self, value: np.ndarray) -> Motion:
        """The optimal motion for the value function (N,)."""
        smooth = np.stack([matrix @ value for matrix in self.differences.smooth[:self.controlled]])
        chosen = self._godunov(value) if self.order == 1 else self._within_walls(smooth, value)
        return replace(self.steered(self._control(chosen)), free=self._velocity(smooth))

    def steered(self, control: np.ndarray) -> Motion:
        """The motion of a given control (m, N)."""
        fields = self.fields
        velocity = fields.drift[:self.controlled] + np.einsum("ims,ms->is", fields.actuation, control)
        effort = np.einsum("ms,mks,ks->s", control, fields.price, control) / 2
        return Motion(control=control, velocity=velocity, effort=effort, free=velocity)

    def _control(self, p):
        return -np.einsum("mis,is->ms", self.fields.push, p)

    def _velocity(self, p):
        return self.fields.drift[:self.controlled] - np.einsum("ijs,js->is", self.fields.mobility, p)

    def _within_walls(self, p, value):
        n, d = self.controlled, self.differences
        for _ in range(n):  # a wall blocks motion through it, so pushing there is wasted
            p = np.where(self.outward(self._velocity(p)), 0.0, p)
        return self._choose_sides(p, np.stack([[m @ value for m in side[:n]] for side in (d.back, d.ahead)]))

    def _choose_sides(self, p, sided):
        """On a crest of V, where learners part, the smooth gradient vanishes and none would move: look to one side there."""
        best, effort = self._rate(p, sided)
        least = _CREST * effort.max()
        for axis in range(self.controlled):
            for side in sided:
                candidate = p.copy()
                candidate[axis] = side[axis]
                rate = self._rate(candidate, sided)[0]
                better = rate < best - least
                p, best = np.where(better, candidate, p), np.where(better, rate, best)
        return p

    def _rate(self, p, sided):
        """(v·∇V + effort as the discrete generator sees them, effort) of the gradient p."""
        velocity = self._velocity(p)
        effort = (p * (self.fields.drift[:self.controlled] - velocity)).sum(axis=0) / 2
        return (velocity * np.where(velocity > 0, sided[1], sided[0])).sum(axis=0) + effort, effort

    def _godunov(self, value):
        n = self.controlled
        minus, plus = (np.stack([m @ value for m in side[:n]]) for side in (self.differences.back, self.differences.ahead))
        return self._hamiltonian.select(minus, plus)

    @cached_property
    def _hamiltonian(self):
        mobility = self.fields.mobility
        off = np.abs(mobility * (1 - np.eye(self.controlled))[..., None]).max()
        return Hamiltonian(mobility=mobility, drift=self.fields.drift[:self.controlled], running=self.fields.loss,
                           diagonal=bool(off <= 1e-14 * np.abs(mobility).max()))

    def outward(self, velocity: np.ndarray) -> np.ndarray:
        """Where a velocity (c, N) along the first c axes points out of the box, (c, N)."""
        return ((velocity < 0) & self.walls[:len(velocity), 0]) | ((velocity > 0) & self.walls[:len(velocity), 1])

    @cached_property
    def walls(self) -> np.ndarray:
        """Which nodes lie on the lower and the upper wall of each axis, (d, 2, N)."""
        index = np.indices(self.grid.shape).reshape(self.grid.dimension, -1)
        return np.stack([np.stack([i == 0, i == count - 1]) for i, count in zip(index, self.grid.shape, strict=True)])

    def generator(self, motion: Motion) -> sparse.csr_array:
        """𝓛 of the closed loop: 𝓛V = v·∇_θV + b·∇_zV + ½ tr(DDᵀ∇²_zV)."""
        return self.belief_generator + self._transport(motion.velocity, 0)

    @cached_property
    def rough(self) -> tuple["Scheme", "Scheme"]:
        """First-order relatives, whose matrices are easier to factorise: monotone, and with this scheme's walls."""
        return tuple(replace(self, order=1, continued=continued) for continued in (False, True))

    @cached_property
    def belief_generator(self) -> sparse.csr_array:
        """The part of 𝓛 that no control changes: transport and diffusion of the belief."""
        n, spread, d = self.controlled, self.fields.spread, self.differences
        drift, matrix = self.fields.drift[n:].copy(), sparse.csr_array((self.fields.loss.size,) * 2)
        for i, h in enumerate(self.grid.spacing[n:]):
            matrix = matrix + _rows(spread[i, i], d.second[n + i])
            inside = ~self.walls[n + i].any(axis=0)
            fine = (np.abs(drift[i]) * h <= 2 * spread[i, i]) & inside  # cell Peclet number at most 2: central is monotone
            matrix = matrix + _rows(np.where(fine, drift[i], 0), d.central[n + i])
            drift[i, fine] = 0
            for j in range(i):
                matrix = matrix + self._mixed(spread[i, j], n + i, n + j)
        return matrix + self._transport(drift, n)

    def _mixed(self, spread, i, j):
        """2 a_ij ∂_i∂_j: central, or (order 1) from the two diagonal quadrants that make it monotone."""
        d = self.differences
        if self.order > 1:
            return 2 * _rows(spread, d.central[i] @ d.central[j])
        along = d.ahead[i] @ d.ahead[j] + d.back[i] @ d.back[j]
        across = d.ahead[i] @ d.back[j] + d.back[i] @ d.ahead[j]
        return _rows(np.maximum(spread, 0), along) + _rows(np.minimum(spread, 0), across)

    def _transport(self, velocity, first):
        """Σ v_i ∂_i along consecutive axes from ``first`` on, looking where the motion goes."""
        matrix = sparse.csr_array((velocity.shape[1],) * 2)
        for v, ahead, back in zip(velocity, self.differences.ahead[first:], self.differences.back[first:], strict=False):
            matrix = matrix + _rows(np.maximum(v, 0), ahead) + _rows(np.minimum(v, 0), back)
        return matrix


def _rows(factor, matrix):
    """diag(factor) @ matrix."""
    result = matrix.copy()
    result.data = result.data * np.repeat(factor, np.diff(matrix.indptr))
    return result
