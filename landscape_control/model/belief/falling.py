"""Where a loss has no lower bound, for which of many hidden values.

A direction of θ counts as falling where the loss at 2·10⁴ is several times as negative as at 10⁴.
Which pairs of a hidden value and a direction are looked at follows from what the loss is:

* ∇²L over θ without φ: no value falls that others do not, up to what is linear in θ; nothing to see;
* ∇²L over θ without θ (quadratic in θ): for each value the directions of its negative curvatures,
  which fall if any do;
* any other: all values with the axes and random directions, or with as many of them by chance as keep
  the number of pairs below MOST_PAIRS, so that time and memory do not grow as dimension squared.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...support.vectorised import Vectorised
from ..landscape import Landscape

FAR = 1e4
MOST_PAIRS = 100_000  # of values and directions
BLOCK = 4096  # pairs that are evaluated at once: what bounds the memory
_RANDOM_DIRECTIONS = 8  # for each parameter


@dataclass(frozen=True, kw_only=True, eq=False)
class Falling:
    """A hidden value (p,) and a direction (n,) of θ along which the loss falls without bound."""

    direction: np.ndarray
    value: np.ndarray


class Losses:
    """L of a landscape on many (θ, φ), and what its curvature over θ depends on."""

    def __init__(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX):
        value = landscape.symbolic(theta, hidden)
        curvature = ca.hessian(value, theta)[0]
        self.dimension = landscape.dimension
        self.loss = Vectorised(ca.Function("loss", [theta, hidden], [value]))
        self.curvature_is_shared = not ca.depends_on(curvature, hidden)
        self._curvature = None
        if not ca.depends_on(curvature, theta):
            self._curvature = Vectorised(ca.Function("curvature", [hidden], [curvature]))

    def first_falling(
        self, values: np.ndarray, factor: float, *, besides: np.ndarray | None = None
    ) -> Falling | None:
        """The first of ``values`` (S, p) for which the loss falls: ``factor`` times as negative.

        Directions along which it falls at the hidden value ``besides`` (p,) too do not count.
        """
        if besides is not None and self.curvature_is_shared:
            return None
        directions, of_value = self._pairs(values)
        for start in range(0, len(of_value), BLOCK):
            ahead = directions[start : start + BLOCK]
            chosen = values[of_value[start : start + BLOCK]]
            falls = self._falls(ahead, chosen, factor)
            if besides is not None and falls.any():
                falls &= ~self._falls(ahead, np.broadcast_to(besides, chosen.shape), factor)
            if falls.any():
                where = int(np.argmax(falls))
                return Falling(direction=ahead[where], value=chosen[where])
        return None

    def _pairs(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Directions (P, n), and which of the values each goes with (P,)."""
        found = self._least_curvatures(values)
        if found is not None:
            return found
        rng = np.random.default_rng(0)
        directions = _directions(self.dimension, rng)
        of_value = np.tile(np.arange(len(values)), len(directions))
        of_direction = np.repeat(np.arange(len(directions)), len(values))
        if len(of_value) > MOST_PAIRS:
            chosen = np.sort(rng.choice(len(of_value), MOST_PAIRS, replace=False))
            of_value, of_direction = of_value[chosen], of_direction[chosen]
        return directions[of_direction], of_value

    def _least_curvatures(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Eigenvectors of negative curvature for each value; None where the loss is not quadratic."""
        if self._curvature is None:
            return None
        matrices = self._curvature(values).reshape(len(values), *2 * (self.dimension,))
        if not np.isfinite(matrices).all():
            return None
        curvatures, vectors = np.linalg.eigh(matrices)
        of_value, which = np.nonzero(curvatures < 0)
        return vectors[of_value, :, which], of_value

    def _falls(self, directions: np.ndarray, values: np.ndarray, factor: float) -> np.ndarray:
        """Whether the loss is ``factor`` times as negative at twice a far distance, pair by pair."""
        with np.errstate(all="ignore"):
            near, far = (self.loss(directions * way, values) for way in (FAR, 2 * FAR))
            return ((near < 0) & (far < factor * near)) | np.isneginf(near)


def _directions(n: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors (S, n) of θ: the axes both ways, and some by chance."""
    random = rng.standard_normal((_RANDOM_DIRECTIONS * n, n))
    directions = np.vstack([np.eye(n), -np.eye(n), random])
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)
