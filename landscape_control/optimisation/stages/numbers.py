"""The numbers of moment programs as arrays over steps and modes, for one program or many side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..programs.moment_program import REFERENCE, MomentProgram
from .stage import NUMBERS


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """Packed numbers of L programs of one structure with N modes each, "lanes" side by side.

    The arrays broadcast to (size, T, LN); the modes of a lane follow one another.

    Attributes
    ----------
    prices : (2, T, 1 or LN), weights of the loss after a step and of its effort
    shared : (5, 1, 1 or LN), ρ, q, centre, multiplicative noise, the share of round-off
    start : (p, LN), moments at t = 0
    curvatures, noise : (1, 1, LN)
    weights : (L, N)
    reference, floor : (L,), J is divided by the first; the second is added before the logarithm
    """

    prices: np.ndarray
    shared: np.ndarray
    start: np.ndarray
    curvatures: np.ndarray
    noise: np.ndarray
    weights: np.ndarray
    reference: np.ndarray
    floor: np.ndarray

    @classmethod
    def of(cls, moments: MomentProgram, packed: np.ndarray) -> "Numbers":
        """One lane: those that :func:`pack` has made."""
        steps, nodes, size = moments.horizon, moments.count_nodes(packed), moments.layout.size
        lengths = [steps, steps, moments.shared_size - 2 * steps, size * nodes, nodes, nodes, nodes]
        parts = [packed[a:b] for a, b in pairwise(np.cumsum([0, *lengths]))]
        loss, effort, shared, start, curvatures, noise, weights = parts
        return cls(
            prices=np.stack([loss, effort])[:, :, None],
            shared=shared[:NUMBERS, None, None],
            start=np.ascontiguousarray(start.reshape(nodes, size).T),
            curvatures=curvatures[None, None],
            noise=noise[None, None],
            weights=weights[None],
            reference=packed[REFERENCE, None],
            floor=packed[REFERENCE + 1, None],
        )

    @classmethod
    def joined(cls, each: "Sequence[Numbers]") -> "Numbers":
        """Several lanes of equally many modes side by side."""
        if len(each) == 1:
            return each[0]

        modes = each[0].start.shape[1]

        def along(name: str) -> np.ndarray:
            return np.concatenate([getattr(one, name) for one in each], axis=-1)

        def spread(name: str) -> np.ndarray:
            return np.repeat(along(name), modes, axis=-1)

        return cls(
            prices=spread("prices"),
            shared=spread("shared"),
            start=along("start"),
            curvatures=along("curvatures"),
            noise=along("noise"),
            weights=np.concatenate([one.weights for one in each]),
            reference=along("reference"),
            floor=along("floor"),
        )

    @property
    def lanes(self) -> int:
        """L."""
        return len(self.weights)

    @property
    def shape(self) -> tuple[int, int]:
        """(T, LN)."""
        return self.prices.shape[1], self.weights.size

    def over_modes(self, controls: np.ndarray) -> np.ndarray:
        """Numbers of lanes (…, L) as numbers of their modes, (…, 1 or LN)."""
        if self.lanes == 1:
            return controls
        return np.repeat(controls, self.weights.shape[1], axis=-1)

    def expected(self, of_modes: np.ndarray) -> np.ndarray:
        """(…, L): the weighted sums of (…, LN) over the modes of each lane."""
        by_lane = of_modes.reshape(*of_modes.shape[:-1], *self.weights.shape)
        return (by_lane * self.weights).sum(axis=-1)
