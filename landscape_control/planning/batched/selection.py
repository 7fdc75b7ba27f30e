"""Which plans of a cell are the same: as ``solver.plans.distinct``, for many cells at once."""

from dataclasses import dataclass

import numpy as np

from ..solver.plans import SAME_PATH
from .drafts import Group

_SURE = 2.0  # paths nearer or farther than the limit by this factor need no closer look


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """A plan of a cell that is none of the better ones: its lane, and those merged with it."""

    lane: int
    twins: list[int]


class Comparison:
    """How far apart the plans of the same cells are, at the nodes of their common meshes."""

    def __init__(self, group: Group, starts: list[list[int]], dimension: int) -> None:
        self._costs = group.paths.cost.tolist()
        nodes = group.paths.parameters
        theta = nodes.reshape(-1, dimension, *nodes.shape[1:])
        extent = theta.max(axis=(0, 2)) - theta.min(axis=(0, 2))
        rounding = 1e-9 * (1 + np.abs(theta).max(axis=(0, 1, 2)))
        self._allowed = (SAME_PATH * np.maximum(extent.max(axis=0), rounding)).tolist()
        pairs = [(i, j) for own in starts for i in own for j in own if i < j]
        first = np.array([pair[0] for pair in pairs], dtype=int)
        second = np.array([pair[1] for pair in pairs], dtype=int)
        apart = np.abs(np.take(theta, first, axis=-1) - np.take(theta, second, axis=-1))
        at_end = apart[-1, :, -1].max(axis=0).tolist()
        anywhere = apart.max(axis=(0, 1, 2)).tolist()
        self._gaps = dict(zip(pairs, zip(at_end, anywhere, strict=True), strict=True))

    def distinct(self, own: list[int]) -> list[Chosen] | None:
        """The distinct plans of a cell, best first; None where a closer look is needed."""
        chosen: list[Chosen] = []
        for lane in sorted(own, key=self._costs.__getitem__):
            twin = None
            for other in chosen:
                same = self._same(lane, other.lane)
                if same is None:
                    return None
                if same:
                    twin = other
                    break
            if twin is None:
                chosen.append(Chosen(lane=lane, twins=[lane]))
            else:
                twin.twins.append(lane)
        return chosen

    def _same(self, lane: int, other: int) -> bool | None:
        at_end, anywhere = self._gaps[min(lane, other), max(lane, other)]
        allowed = self._allowed[other]
        if at_end > allowed:  # the ends alone tell most plans apart
            return False
        if allowed / _SURE < anywhere < allowed * _SURE:
            return None
        return anywhere <= allowed
