"""The least cost under limits, by sequential quadratic programs whose courses are evaluated together.

Every iteration evaluates two batches: a stencil around the best course, for the value, slope and
curvature of the cost and of the limits that are near; and the steps of that model inside boxes of
several sizes, of which the best is taken.
"""

from dataclasses import dataclass

import numpy as np

from .evaluation import Evaluation, Values
from .quadratic_step import positive, step

REACH = 2e-3  # of a stencil, in the search's variables
BOX = 1.0  # the first box: a factor e of rates
SHARES = (2.0, 1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 1e-3)  # of the box, tried together
NEAR = 1.0  # limits within this logarithm belong to the model
MOST_LIMITS = 24
SATISFIED = 1e-7  # logarithm by which a limit may be missed


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Where a search is.

    Attributes
    ----------
    x : (n,)
    cost : log of the cost
    excess : logarithm by which limits are missed, 0 where they are satisfied
    box : half width of the next box
    price : of missing a limit, in the merit
    gain : by how much the last step lowered the merit
    """

    x: np.ndarray
    cost: float
    excess: float
    box: float = BOX
    price: float = 10.0
    gain: float = np.inf

    @property
    def merit(self) -> float:
        """Cost and price of what is missed."""
        return self.cost + self.price * self.excess


def best_of(evaluate: Evaluation, points: np.ndarray, count: int) -> list[Found]:
    """The best ``count`` of some points that are apart from one another."""
    values = evaluate(points)
    found: list[Found] = []
    price = Found(x=points[0], cost=0.0, excess=0.0).price
    merits = values.costs + price * values.excess
    for k in np.argsort(merits, kind="stable"):
        if not np.isfinite(merits[k]) or len(found) == count:
            break
        if all(np.abs(points[k] - other.x).max() > BOX for other in found):
            found.append(
                Found(x=points[k], cost=float(values.costs[k]), excess=float(values.excess[k]))
            )
    return found


def improved(evaluate: Evaluation, found: Found, *, most: int, enough: float) -> Found:
    """Iterations from a course until a step gains less than ``enough`` or ``most`` were made."""
    for _ in range(most):
        found = _iteration(evaluate, found)
        if found.gain < enough:
            break
    return found


def again(evaluate: Evaluation, found: Found) -> Found:
    """The same course by another evaluation."""
    values = evaluate(found.x[None])
    return Found(
        x=found.x,
        cost=float(values.costs[0]),
        excess=float(values.excess[0]),
        box=min(found.box, 0.3),
        price=found.price,
    )


def _iteration(evaluate: Evaluation, found: Found) -> Found:
    bounds = evaluate.variables.bounds
    model = _Model(evaluate, _inside(found.x, bounds, REACH))
    boxes = found.box * np.array(SHARES)
    tried, duals = model.steps(boxes, bounds)
    values = evaluate(tried)
    price = max(found.price, 2 * duals)
    merits = values.costs + price * values.excess
    merits[np.isnan(merits)] = np.inf
    k = int(np.argmin(merits))
    before = found.cost + price * found.excess
    if not merits[k] < before:
        return Found(
            x=found.x, cost=found.cost, excess=found.excess, box=boxes[-1], price=price, gain=0.0
        )
    return Found(
        x=tried[k],
        cost=float(values.costs[k]),
        excess=float(values.excess[k]),
        box=max(2 * boxes[k], 0.02),
        price=price,
        gain=before - float(merits[k]),
    )


class _Model:
    """Quadratic in the cost and the limits that are near, around a centre."""

    def __init__(self, evaluate: Evaluation, centre: np.ndarray):
        self.centre = centre
        offsets, self._rule = _stencil(len(centre))
        values = evaluate(centre + REACH * offsets)
        self.slope, self.curvature = self._derivatives(values.costs[None])
        self.slope, self.curvature = self.slope[0], self.curvature[0]
        near = _near(values)
        self.missed = values.limits[near, 0]
        self.rows, self.bends = self._derivatives(values.limits[near])

    def _derivatives(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients (K, n) and Hessians (K, n, n) of values (K, stencil)."""
        n = len(self.centre)
        fitted = values @ self._rule.T
        slopes = fitted[:, :n] / REACH
        bends = np.zeros((len(values), n, n))
        upper = np.triu_indices(n)
        bends[:, upper[0], upper[1]] = fitted[:, n:] / REACH**2
        lower = np.tril_indices(n, -1)
        bends[:, lower[0], lower[1]] = np.swapaxes(bends, 1, 2)[:, lower[0], lower[1]]
        return slopes, bends

    def steps(self, boxes: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, float]:
        """Points (K, n) that the model proposes in boxes of these half widths; sum of multipliers."""
        points, sums = [], [0.0]
        hessian = self.curvature
        for box in boxes:
            low = np.maximum(bounds[:, 0] - self.centre, -box)
            high = np.minimum(bounds[:, 1] - self.centre, box)
            matrix = np.vstack([np.eye(len(low)), -np.eye(len(low)), self.rows])
            limit = np.concatenate([high, -low, -self.missed])
            for _ in range(2):  # the second time with the curvature of the limits that bind
                move, duals = step(positive(hessian), self.slope, matrix, limit)
                duals = duals[2 * len(low) :]
                hessian = self.curvature + np.tensordot(duals, self.bends, 1)
            sums.append(float(duals.sum()))
            points.append(self.centre + np.clip(move, low, high))
        return np.array(points), max(sums)


def _near(values: Values) -> np.ndarray:
    """Which limits at the centre are so near that a step may meet them; the nearest of many."""
    at_centre = values.limits[:, 0] if len(values.limits) else np.empty(0)
    usable = np.isfinite(values.limits).all(axis=1) if len(values.limits) else np.empty(0, bool)
    level = np.where(usable, at_centre, -np.inf)
    peaks = np.flatnonzero(level > -NEAR)
    if len(peaks) > MOST_LIMITS:
        chosen = np.argsort(-level[peaks], kind="stable")[: MOST_LIMITS // 2]
        spread = np.linspace(0, len(peaks) - 1, MOST_LIMITS // 2).astype(int)
        peaks = peaks[np.union1d(chosen, spread)]
    return peaks


def _inside(x: np.ndarray, bounds: np.ndarray, reach: float) -> np.ndarray:
    return np.clip(x, bounds[:, 0] + reach, bounds[:, 1] - reach)


def _stencil(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (S, n) of a stencil and the matrix from its values to slope and upper Hessian.

    The centre, ±e_i, and e_i + e_j for i < j: exact for quadratics.
    """
    eye = np.eye(n)
    both = [eye[i] + eye[j] for i in range(n) for j in range(i + 1, n)]
    offsets = np.vstack([np.zeros((1, n)), eye, -eye, *([np.array(both)] if both else [])])
    upper = np.triu_indices(n)
    squares = offsets[:, upper[0]] * offsets[:, upper[1]] * np.where(upper[0] == upper[1], 0.5, 1.0)
    design = np.hstack([np.ones((len(offsets), 1)), offsets, squares])
    return offsets, np.linalg.inv(design)[1:]
