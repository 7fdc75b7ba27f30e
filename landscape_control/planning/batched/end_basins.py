"""In which basins many plans end: as ``end_basin``, most of them by one look at all.

A minimum joined to the end by a segment of positive curvature is accepted at once; the others are
left to ``end_basin``, which follows the gradient flow.
"""

from collections.abc import Sequence

import casadi as ca
import numpy as np

from ...model.landscape import Landscape, end_basin
from ...model.problem import Model
from ...support.elementwise import Elementwise
from .compiled import compiled
from .elimination import eliminated

SEGMENT = np.linspace(0, 1, 9)  # where the curvature is looked at


class EndBasins:
    """The basins of plans of one landscape, found when the first of them is asked for."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._ends: list[np.ndarray] = []
        self._minima: list[np.ndarray] = []
        self._found: list[np.ndarray | None] | None = None

    def add(self, end: np.ndarray, minima: np.ndarray) -> int:
        """The number of a plan that ends here."""
        self._ends.append(end)
        self._minima.append(minima)
        return len(self._ends) - 1

    def of(self, number: int, point: np.ndarray) -> np.ndarray | None:
        """The minimum whose basin holds the end of this plan, which is ``point``."""
        if self._found is None:
            self._found = _basins(self._model, self._ends, self._minima)
        return self._found[number]


def _basins(
    model: Model, ends: Sequence[np.ndarray], minima: Sequence[np.ndarray]
) -> list[np.ndarray | None]:
    found: list[np.ndarray | None] = [None] * len(ends)
    groups: dict[int, list[int]] = {}
    for number, known in enumerate(minima):
        groups.setdefault(id(known), []).append(number)
    for own in groups.values():
        known = minima[own[0]]
        if not len(known):
            continue
        points = np.array([ends[number] for number in own])
        nearest = _nearest(points, known)
        convex = _joined(model, points, known[nearest])
        for number, place, joined in zip(own, nearest.tolist(), convex.tolist(), strict=True):
            found[number] = known[place] if joined else _followed(model, ends[number], known)
    return found


def _followed(model: Model, end: np.ndarray, minima: np.ndarray) -> np.ndarray | None:
    landscape: Landscape = model.landscape
    return end_basin(landscape, end, minima)


def _nearest(points: np.ndarray, minima: np.ndarray) -> np.ndarray:
    """Place of the nearest minimum (S,)."""
    distances = np.zeros((len(minima), len(points)))
    for i in range(points.shape[1]):
        distances += (minima[:, i, None] - points[:, i]) ** 2
    return distances.argmin(axis=0)


@np.errstate(all="ignore")
def _joined(model: Model, points: np.ndarray, minima: np.ndarray) -> np.ndarray:
    """Whether L is convex along the segments from points (S, n) to minima (S, n)."""
    known = compiled(model)
    if "curvature" not in known:
        known["curvature"] = _curvature(model)
    # a whole multiple of eight segments: see ``newton``
    rows = np.append(np.arange(len(points)), np.zeros(-len(points) % 8, dtype=int))
    offsets = (minima - points)[rows].T[:, None]
    along = points[rows].T[:, None] + SEGMENT[:, None] * offsets
    (lowest,) = known["curvature"]([np.ascontiguousarray(along)])
    return (lowest[0] > 0).all(axis=0)[: len(points)]


def _curvature(model: Model) -> Elementwise:
    """θ -> the smallest pivot of ∂²L, NaN where it is not finite."""
    n = model.dimension
    theta = ca.SX.sym("theta", n)
    hessian = ca.densify(ca.hessian(model.loss_at(theta), theta)[0])
    lowest = eliminated(hessian, ca.SX.zeros(n), n).lowest
    spoilt = 0 * ca.sum1(ca.vec(hessian))  # NaN where an entry is not finite
    return Elementwise(ca.Function("curvature", [theta], [lowest + spoilt]))
