"""A quadratic model of the cost and of the limits that are near, from a stencil of courses."""

from functools import lru_cache

import numpy as np

from .evaluation import Evaluation, Values
from .quadratic_step import positive, step

REACH = 2e-3  # of a stencil, in the search's variables
NEAR = 1.0  # limits within this logarithm belong to the model
MOST_LIMITS = 48
WALL = 50.0  # logarithm of the cost
PASSES = 3  # of a step under limits that are curved
PARTS = (0.5, 0.2)  # of the longest step, tried too


class QuadraticModel:
    """Around a centre.

    Attributes
    ----------
    centre : (n,)
    cost, excess : there, as in the search
    slope, curvature : (n,), (n, n) of the cost
    missed, rows, bends : (K,), (K, n), (K, n, n) of the limits that are near
    """

    def __init__(self, centre: np.ndarray, values: Values, curvature: np.ndarray | None):
        self.centre = centre
        self.cost, self.excess = float(values.costs[0]), float(values.excess[0])
        near = _near(values)
        rule = _rule(len(centre), curvature is None)
        # courses that diverge are a wall, as high as a model can hold
        costs = np.minimum(values.costs, self.cost + WALL) if np.isfinite(self.cost) else 0.0
        costs = np.broadcast_to(costs, values.costs.shape)
        fitted = np.vstack([costs[None], values.limits[near]]) @ rule.T
        n = len(centre)
        slopes, bends = fitted[:, :n] / REACH, _full(fitted[:, n:] / REACH**2, n)
        self.slope, self.rows, self.missed = slopes[0], slopes[1:], values.limits[near, 0]
        self.curvature = bends[0] if curvature is None else curvature
        self.bends = bends[1:]

    def steps(self, boxes: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, float]:
        """Points (K, n) that the model proposes in boxes of these half widths; sum of multipliers."""
        points, sums = [], [0.0]
        plain = positive(self.curvature)
        for box in boxes:
            move, price = self._step(box, bounds, plain)
            sums.append(float(price.sum()))
            points.append(self.centre + move)
        for share in PARTS:
            points.append(self.centre + share * (points[0] - self.centre))
        return np.array(points), max(sums)

    def _step(
        self, box: float, bounds: np.ndarray, hessian: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The step in one box, and the multipliers of the limits."""
        low = np.maximum(bounds[:, 0] - self.centre, -box)
        high = np.minimum(bounds[:, 1] - self.centre, box)
        eye = np.eye(len(low))
        matrix = np.vstack([eye, -eye, self.rows])
        missed = self.missed
        for _ in range(PASSES):
            limit = np.concatenate([high, -low, -missed])
            move, duals = step(hessian, self.slope, matrix, limit)
            move, price = np.clip(move, low, high), duals[2 * len(low) :]
            if not price.any():
                break
            # again with the curvature of the limits, in the cost of what binds and in where they are
            hessian = positive(self.curvature + np.tensordot(price, self.bends, 1))
            missed = self.missed + (self.bends @ move) @ move / 2
        return move, price


def models_of(
    evaluate: Evaluation, points: list[np.ndarray], known: QuadraticModel | None = None
) -> list[QuadraticModel]:
    """Around each point, or just inside the bounds; with the curvature of a known model if any.

    All stencils are evaluated in one batch.
    """
    bounds = evaluate.variables.bounds
    centres = [np.clip(x, bounds[:, 0] + REACH, bounds[:, 1] - REACH) for x in points]
    offsets = _offsets(len(bounds), known is None)
    values = evaluate(np.vstack([centre + REACH * offsets for centre in centres]))
    parts = values.split([len(offsets)] * len(centres))
    curvature = None if known is None else known.curvature
    return [
        QuadraticModel(centre, part, curvature) for centre, part in zip(centres, parts, strict=True)
    ]


def _near(values: Values) -> np.ndarray:
    """Which limits at the centre are so near that a step may meet them; of many, a selection."""
    if not len(values.limits):
        return np.empty(0, dtype=int)
    usable = np.isfinite(values.limits).all(axis=1)
    level = np.where(usable, values.limits[:, 0], -np.inf)
    near = np.flatnonzero(level > -NEAR)
    if len(near) <= MOST_LIMITS:
        return near
    half = MOST_LIMITS // 2
    nearest = near[np.argsort(-level[near], kind="stable")[:half]]
    spread = near[np.linspace(0, len(near) - 1, half).astype(int)]
    return np.union1d(nearest, spread)


@lru_cache(maxsize=64)
def _offsets(n: int, curved: bool) -> np.ndarray:
    """(S, n): the centre, ±e_i, and e_i + e_j for i < j where curvature is asked for."""
    eye = np.eye(n)
    both = [eye[i] + eye[j] for i in range(n) for j in range(i + 1, n)] if curved else []
    return np.vstack([np.zeros((1, n)), eye, -eye, *([np.array(both)] if both else [])])


@lru_cache(maxsize=64)
def _rule(n: int, curved: bool) -> np.ndarray:
    """The matrix from a stencil's values to slope and upper Hessian: exact for quadratics.

    Without curvature asked for, only the diagonal of the Hessian is found.
    """
    offsets = _offsets(n, curved)
    rows, columns = np.triu_indices(n) if curved else (np.arange(n), np.arange(n))
    squares = offsets[:, rows] * offsets[:, columns] * np.where(rows == columns, 0.5, 1.0)
    design = np.hstack([np.ones((len(offsets), 1)), offsets, squares])
    return np.linalg.inv(design)[1:]


def _full(upper: np.ndarray, n: int) -> np.ndarray:
    """Symmetric matrices (K, n, n) from their upper triangles (K, ·), or from their diagonals."""
    out = np.zeros((len(upper), n, n))
    rows, columns = np.triu_indices(n) if upper.shape[1] > n else (np.arange(n), np.arange(n))
    out[:, rows, columns] = upper
    out[:, columns, rows] = upper
    return out
