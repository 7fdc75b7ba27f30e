"""The discrete generator of a controlled diffusion.

Policies read off a value function, and the linear equation a policy's value obeys.
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
    # how second derivatives end at walls, see Differences; by default as the order asks
    continued: bool | None = None

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
        """The optimal motion for the value function (N,).

        ``parting`` (n, N) names nodes to be treated as beside a crest.
        """
        if parting is None:
            parting = np.zeros((self.controlled, value.size), dtype=bool)
        smooth = np.stack([matrix @ value for matrix in self.differences.smooth[: self.controlled]])
        if self.order == 1:
            gradient, _, _ = self._godunov(value)
        else:
            gradient = self._within_walls(smooth, value, parting)
        motion = self.motion_of(self._control(gradient))
        return replace(motion, free=self._velocity(smooth), parting=motion.parting | parting)

    def motion_of(self, control: np.ndarray) -> Motion:
        """The motion of a given control (m, N)."""
        fields = self.fields
        pushed = np.einsum("ims,ms->is", fields.actuation, control)
        velocity = fields.drift[: self.controlled] + pushed
        effort = np.einsum("ms,mks,ks->s", control, fields.price, control) / 2
        parting = []
        for axis, along in enumerate(velocity.reshape(-1, *self.grid.shape)):
            from_left_to_right = np.diff(np.sign(along), axis=axis) > 1
            parting.append(self._around(from_left_to_right, axis))
        return Motion(
            control=control,
            velocity=velocity,
            effort=effort,
            free=velocity,
            parting=np.array(parting),
        )

    def _control(self, p: np.ndarray) -> np.ndarray:
        """u = -ηG⁻¹Bᵀp, (m, N)."""
        return -np.einsum("mis,is->ms", self.fields.push, p)

    def _velocity(self, p: np.ndarray) -> np.ndarray:
        """f - Mp, (n, N)."""
        pulled = np.einsum("ijs,js->is", self.fields.mobility, p)
        return self.fields.drift[: self.controlled] - pulled

    def _within_walls(self, p: np.ndarray, value: np.ndarray, parting: np.ndarray) -> np.ndarray:
        """The smooth gradient, except beside walls and crests.

        A wall blocks motion through it, so pushing there is wasted. On a crest of V, where learners
        part, the smooth gradient mixes two branches: there the monotone scheme chooses, at a loss
        of O(h²), as learners leave at once.
        """
        # what is stopped along one axis may, by the coupling of M, turn outwards along another
        for _ in range(self.controlled):
            p = np.where(self.outward(self._velocity(p)), 0.0, p)
        sided, minus, plus = self._godunov(value)
        parts = (self._velocity(minus) < 0) & (self._velocity(plus) > 0)
        at_crest = parts & ~self.walls[: self.controlled].any(axis=1)
        near_crest = [
            self._around(nodes, axis, nodes=True)
            for axis, nodes in enumerate(at_crest.reshape(-1, *self.grid.shape))
        ]
        return np.where(parting | near_crest, sided, p)

    def _around(self, marked: np.ndarray, axis: int, nodes: bool = False) -> np.ndarray:
        """Nodes within reach of a true entry along an axis, (N,).

        Entries stand for cells, or for nodes.
        """
        count = self.grid.shape[axis]
        mask = np.zeros(self.grid.shape, dtype=bool)
        line, marked = np.moveaxis(mask, axis, 0), np.moveaxis(marked, axis, 0)
        last = _REACH if nodes else _REACH + 1  # a cell ends at the node after it
        source = np.arange(len(marked))
        for shift in range(-_REACH, last + 1):
            target = source + shift
            inside = (target >= 0) & (target < count)
            line[target[inside]] |= marked[inside]
        return mask.ravel()

    def _godunov(self, value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(Godunov's gradient, left quotients, right quotients), each (n, N)."""
        minus, plus = self._plain.one_sided(value, self.controlled)
        return self._hamiltonian.select(minus, plus), minus, plus

    @cached_property
    def _plain(self) -> Differences:
        """The first-order quotients."""
        return self.differences if self.order == 1 else Differences(grid=self.grid, order=1)

    @cached_property
    def _hamiltonian(self) -> Hamiltonian:
        return Hamiltonian.of(
            mobility=self.fields.mobility,
            drift=self.fields.drift[: self.controlled],
            running=self.fields.loss,
        )

    def outward(self, velocity: np.ndarray) -> np.ndarray:
        """Where a velocity (c, N) along the first c axes points out of the box, (c, N)."""
        lower, upper = self.walls[: len(velocity), 0], self.walls[: len(velocity), 1]
        return ((velocity < 0) & lower) | ((velocity > 0) & upper)

    @cached_property
    def walls(self) -> np.ndarray:
        """Which nodes lie on the lower and the upper wall of each axis, (d, 2, N)."""
        index = np.indices(self.grid.shape).reshape(self.grid.dimension, -1)
        last = np.array(self.grid.shape)[:, None] - 1
        return np.stack([index == 0, index == last], axis=1)

    def generator(self, motion: Motion) -> sparse.csr_array:
        """𝓛 of the closed loop: 𝓛V = v·∇_θV + b·∇_zV + ½ tr(DDᵀ∇²_zV)."""
        # beside crests, where the higher quotients would look across, to first order
        sharp = np.where(motion.parting, motion.velocity, 0)
        result = self.belief_generator + self.differences.transport(motion.velocity - sharp)
        if sharp.any():
            result = result + self._plain.transport(sharp)
        return result

    @cached_property
    def first_order_relatives(self) -> tuple["Scheme", "Scheme"]:
        """First-order relatives, whose matrices are easier to factorise.

        The monotone one, and one with this scheme's walls.
        """
        return replace(self, order=1, continued=False), replace(self, order=1, continued=True)

    @cached_property
    def belief_generator(self) -> sparse.csr_array:
        """The part of 𝓛 that no control changes: transport and diffusion of the belief."""
        n, spread, d = self.controlled, self.fields.spread, self.differences
        drift = self.fields.drift[n:].copy()
        matrix = sparse.csr_array((self.fields.loss.size,) * 2)
        for i, h in enumerate(self.grid.spacing[n:]):
            matrix = matrix + scaled_rows(spread[i, i], d.second[n + i])
            inside = ~self.walls[n + i].any(axis=0)
            # cell Peclet number at most 2: central differences are monotone
            fine = (np.abs(drift[i]) * h <= 2 * spread[i, i]) & inside
            matrix = matrix + scaled_rows(np.where(fine, drift[i], 0), d.central[n + i])
            drift[i, fine] = 0
            for j in range(i):
                matrix = matrix + self._mixed(spread[i, j], n + i, n + j)
        return matrix + d.transport(drift, first=n)

    def _mixed(self, spread: np.ndarray, i: int, j: int) -> sparse.csr_array:
        """2 a_ij ∂_i∂_j.

        Central, or (order 1) from the two diagonal quadrants that make it monotone.
        """
        d = self.differences
        if self.order > 1:
            return 2 * scaled_rows(spread, d.central[i] @ d.central[j])
        along = d.ahead[i] @ d.ahead[j] + d.back[i] @ d.back[j]
        across = d.ahead[i] @ d.back[j] + d.back[i] @ d.ahead[j]
        positive, negative = np.maximum(spread, 0), np.minimum(spread, 0)
        return scaled_rows(positive, along) + scaled_rows(negative, across)
