"""The discrete generator: policies read off a value function, and the linear equation a policy's
value obeys.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from ..differences import Differences, scaled_rows
from ..hamiltonian import Hamiltonian
from ..mesh import Grid
from .diffusion import ControlledDiffusion, Fields, fields_on

# nodes to either side of a crest of V that are treated to first order, the reach of the higher
# quotients
_REACH = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """A policy on the nodes.

    Attributes
    ----------
    control : (m, N), u
    velocity : (n, N), f + Bu
    effort : (N,), ½ uᵀ(G/η)u
    free : (n, N), the velocity if there were no walls
    parting : (n, N), whether motion along an axis parts beside the node
    """

    control: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    free: np.ndarray
    parting: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Scheme:
    """A controlled diffusion discretised on a grid.

    Order 1 is the Markov chain approximation of Kushner & Dupuis (2001): upwind, monotone, the
    policy minimises the discrete Hamiltonian. Order 2 evaluates policies with the higher-order
    quotients of :class:`Differences` and reads them off a smooth gradient; an error δu of the
    policy costs the value only (δu)².
    """

    system: ControlledDiffusion
    grid: Grid
    order: int
    continued: bool | None = (
        None  # how second derivatives end at walls, see Differences; by default as the order asks
    )

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

    def policy(self, value: np.ndarray, parting: np.ndarray | None = None) -> Motion:
        """The optimal motion for the value function (N,); ``parting`` (n, N) names nodes to be
        treated as beside a crest.
        """
        parting = (
            np.zeros((self.controlled, value.size), dtype=bool) if parting is None else parting
        )
        smooth = np.stack([matrix @ value for matrix in self.differences.smooth[: self.controlled]])
        chosen = (
            self._godunov(value)[0]
            if self.order == 1
            else self._within_walls(smooth, value, parting)
        )
        motion = self.steered(self._control(chosen))
        return replace(motion, free=self._velocity(smooth), parting=motion.parting | parting)

    def steered(self, control: np.ndarray) -> Motion:
        """The motion of a given control (m, N)."""
        fields = self.fields
        velocity = fields.drift[: self.controlled] + np.einsum(
            "ims,ms->is", fields.actuation, control
        )
        effort = np.einsum("ms,mks,ks->s", control, fields.price, control) / 2
        along = velocity.reshape(-1, *self.grid.shape)
        parting = [self._around(np.diff(np.sign(v), axis=i) > 1, i) for i, v in enumerate(along)]
        return Motion(
            control=control,
            velocity=velocity,
            effort=effort,
            free=velocity,
            parting=np.array(parting),
        )

    def _control(self, p):
        return -np.einsum("mis,is->ms", self.fields.push, p)

    def _velocity(self, p):
        return self.fields.drift[: self.controlled] - np.einsum(
            "ijs,js->is", self.fields.mobility, p
        )

    def _within_walls(self, p, value, parting):
        """The smooth gradient, except beside walls and crests.

        A wall blocks motion through it, so pushing there is wasted. On a crest of V, where learners
        part, the smooth gradient mixes two branches: there the monotone scheme chooses, at a loss
        of O(h²), as learners leave at once.
        """
        for _ in range(self.controlled):
            p = np.where(self.outward(self._velocity(p)), 0.0, p)
        sided, minus, plus = self._godunov(value)
        crest = (
            (self._velocity(minus) < 0)
            & (self._velocity(plus) > 0)
            & ~self.walls[: self.controlled].any(axis=1)
        )
        crest = [
            self._around(c, i, nodes=True)
            for i, c in enumerate(crest.reshape(-1, *self.grid.shape))
        ]
        return np.where(parting | crest, sided, p)

    def _around(self, found, axis, nodes=False):
        """Nodes within reach of a true entry along an axis, (N,); entries stand for cells, or for
        nodes.
        """
        count = self.grid.shape[axis]
        mask = np.zeros(self.grid.shape, dtype=bool)
        line, found = np.moveaxis(mask, axis, 0), np.moveaxis(found, axis, 0)
        for shift in range(-_REACH, _REACH + (1 if nodes else 2)):
            source = np.arange(len(found))
            target = source + shift
            inside = (target >= 0) & (target < count)
            line[target[inside]] |= found[source[inside]]
        return mask.ravel()

    def _godunov(self, value):
        """(Godunov's gradient, left quotients, right quotients), each (n, N)."""
        minus, plus = self._plain.one_sided(value, self.controlled)
        return self._hamiltonian.select(minus, plus), minus, plus

    @cached_property
    def _plain(self):
        return self.differences if self.order == 1 else Differences(grid=self.grid, order=1)

    @cached_property
    def _hamiltonian(self):
        return Hamiltonian.of(
            mobility=self.fields.mobility,
            drift=self.fields.drift[: self.controlled],
            running=self.fields.loss,
        )

    def outward(self, velocity: np.ndarray) -> np.ndarray:
        """Where a velocity (c, N) along the first c axes points out of the box, (c, N)."""
        return ((velocity < 0) & self.walls[: len(velocity), 0]) | (
            (velocity > 0) & self.walls[: len(velocity), 1]
        )

    @cached_property
    def walls(self) -> np.ndarray:
        """Which nodes lie on the lower and the upper wall of each axis, (d, 2, N)."""
        index = np.indices(self.grid.shape).reshape(self.grid.dimension, -1)
        return np.stack(
            [
                np.stack([i == 0, i == count - 1])
                for i, count in zip(index, self.grid.shape, strict=True)
            ]
        )

    def generator(self, motion: Motion) -> sparse.csr_array:
        """𝓛 of the closed loop: 𝓛V = v·∇_θV + b·∇_zV + ½ tr(DDᵀ∇²_zV)."""
        sharp = np.where(motion.parting, motion.velocity, 0)
        result = self.belief_generator + self.differences.transport(motion.velocity - sharp)
        return result + self._plain.transport(sharp) if sharp.any() else result

    @cached_property
    def rough(self) -> tuple["Scheme", "Scheme"]:
        """First-order relatives, whose matrices are easier to factorise: monotone, and with this
        scheme's walls.
        """
        return tuple(replace(self, order=1, continued=continued) for continued in (False, True))

    @cached_property
    def belief_generator(self) -> sparse.csr_array:
        """The part of 𝓛 that no control changes: transport and diffusion of the belief."""
        n, spread, d = self.controlled, self.fields.spread, self.differences
        drift, matrix = self.fields.drift[n:].copy(), sparse.csr_array((self.fields.loss.size,) * 2)
        for i, h in enumerate(self.grid.spacing[n:]):
            matrix = matrix + scaled_rows(spread[i, i], d.second[n + i])
            inside = ~self.walls[n + i].any(axis=0)
            fine = (
                np.abs(drift[i]) * h <= 2 * spread[i, i]
            ) & inside  # cell Peclet number at most 2: central is monotone
            matrix = matrix + scaled_rows(np.where(fine, drift[i], 0), d.central[n + i])
            drift[i, fine] = 0
            for j in range(i):
                matrix = matrix + self._mixed(spread[i, j], n + i, n + j)
        return matrix + d.transport(drift, first=n)

    def _mixed(self, spread, i, j):
        """2 a_ij ∂_i∂_j: central, or (order 1) from the two diagonal quadrants that make it
        monotone.
        """
        d = self.differences
        if self.order > 1:
            return 2 * scaled_rows(spread, d.central[i] @ d.central[j])
        along = d.ahead[i] @ d.ahead[j] + d.back[i] @ d.back[j]
        across = d.ahead[i] @ d.back[j] + d.back[i] @ d.ahead[j]
        return scaled_rows(np.maximum(spread, 0), along) + scaled_rows(
            np.minimum(spread, 0), across
        )
