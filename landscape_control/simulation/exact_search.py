"""The best coefficients of a linear learner on a linear-quadratic problem, without simulation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from scipy.optimize import minimize

from ..model.problem import ControlProblem
from ..support.arguments import (
    AnyNumber,
    Count,
    Filled,
    Matrix,
    Positive,
    Vector,
    Words,
    checked,
)
from ..support.arrays import freeze
from ..support.errors import SolveError, check_choice
from .actors import check_raw
from .coefficient_scales import Scale, free_names
from .exact_linear import ExactCost, exact_cost
from .linear_loop import LinearLoop, time_grid
from .raw_learner import RawLearner

_SCREENED = 128  # points of the ranges at which the cost is looked at before any descent
_APART = 0.15  # of a range, how far starts are from one another
_TINY = 1e-30  # imaginary step of a derivative
_NUDGE = 1e-4  # of a range, real step of a second derivative
_BARRIER = 1e6  # of the least cost screened: what a search is told of worse ones
_AGREE = 1e-6  # of the cost, within which starts are said to have found the same
_AT_END = 1e-6  # of a range
_FLAT = 1e-6  # of the cost per whole range: largest slope of a minimum inside the ranges


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ExactTuned:
    """Best coefficients, and what they cost exactly.

    Attributes
    ----------
    learner : RawLearner with them
    coefficients : {name: value} of those that were searched
    result : ExactCost of the learner
    converged : whether no slope is left inside the ranges, and the cost bends upwards there
    at_bounds : names of coefficients that ended at an end of their range
    slope : (P,), ∂J/∂x by the position x of a coefficient on the scale of its range, in [0, 1]
    curvature : (P, P), ∂²J/∂x∂x'; a small eigenvalue is a direction that the cost hardly feels
    agreed, starts : how many of the descents ended at this cost, out of how many
    evaluations : costs computed, those of derivatives included
    """

    learner: RawLearner
    coefficients: dict[str, AnyNumber]
    result: ExactCost = field(repr=False)
    converged: bool
    at_bounds: tuple[str, ...]
    slope: Vector = field(repr=False)
    curvature: Matrix = field(repr=False)
    agreed: int
    starts: int
    evaluations: int

    @property
    def cost(self) -> float:
        """J."""
        return float(self.result.cost)

    def summary(self) -> str:
        """The coefficients, the cost, and how the search ended, in a line."""
        found = ", ".join(f"{name} = {value:.4g}" for name, value in self.coefficients.items())
        ends = f"; at an end of its range: {', '.join(self.at_bounds)}" if self.at_bounds else ""
        settled = "" if self.converged else "; not converged"
        return f"{found}: {self.result.summary()}; {self.agreed} of {self.starts} starts agree{ends}{settled}"


@checked
def exact_best_coefficients(
    problem: ControlProblem,
    learner: RawLearner,
    *,
    free: Annotated[
        Sequence[str] | None, Filled(), Words(expected="at least one coefficient, by name")
    ] = None,
    bounds: Mapping[str, Vector] | None = None,
    step: Positive | None = None,
    horizon: Positive | None = None,
    starts: Count = 4,
) -> ExactTuned:
    """Coefficients of a linear learner with the least :func:`exact_cost`.

    The cost is a smooth function of the coefficients, and its derivatives are those of the moment
    recursion (or of the Lyapunov equation) itself, to the last digit. 128 points of the ranges are
    looked at; quasi-Newton descents within the ranges (L-BFGS-B: R. H. Byrd et al. 1995) leave from
    the learner's own coefficients and from the best of those points that lie apart; Newton's method
    ends the best one. Coefficients are searched on the scale of their range, a
    :class:`Coefficient`.

    Parameters
    ----------
    learner : the family, by one member; see :func:`exact_cost` for those that are linear
    free : names of the coefficients to search; None is all of ``learner.coefficients``
    bounds : {name: (least, most)} that replace the default ranges
    step, horizon : as of :func:`exact_cost`
    starts : descents

    Raises
    ------
    ProblemError
        As :func:`exact_cost`; unknown names, no coefficient to search.
    SolveError
        No coefficients in the ranges have a finite cost.
    """
    check_raw(problem, learner, type(learner).__name__)
    names = free_names(learner, free)
    grid = time_grid(problem, step, horizon, learner.own_step)
    search = _Search(LinearLoop(problem, grid), learner, names, bounds or {})
    begin = search.starts(starts)
    ends = [search.descend(point) for point in begin]
    costs = np.array([search.cost(point) for point in ends])
    best = search.refined(ends[int(np.argmin(costs))])
    least, slope, curvature = search.local(best)
    inside = (best > _AT_END) & (best < 1 - _AT_END)
    bends = np.linalg.eigvalsh(curvature[np.ix_(inside, inside)])
    settled = np.abs(slope[inside]).max(initial=0.0) <= _FLAT * abs(least)
    found = learner.with_coefficients(search.values(best))
    return ExactTuned(
        learner=found,
        coefficients={name: float(found.coefficients[name]) for name in names},
        result=exact_cost(problem, found, step=grid.step, horizon=horizon),
        converged=bool(settled and bends.min(initial=0.0) >= -_FLAT * abs(least)),
        at_bounds=tuple(name for name, free_ in zip(names, inside, strict=True) if not free_),
        slope=freeze(slope),
        curvature=freeze(curvature),
        agreed=int((costs <= costs.min() + _AGREE * abs(costs.min())).sum()),
        starts=len(begin),
        evaluations=search.evaluations,
    )


class _Search:
    """The cost and its derivatives on the unit cube of the ranges."""

    def __init__(
        self,
        loop: LinearLoop,
        learner: RawLearner,
        names: Sequence[str],
        bounds: Mapping[str, Any],
    ):
        self.loop, self.learner, self.names = loop, learner, names
        for name in bounds:
            check_choice("bounds of a coefficient", name, names)
        self.scales = [Scale(learner.all_bounds[name], bounds.get(name)) for name in names]
        self.evaluations, self.unit = 0, 1.0

    def values(self, point: np.ndarray) -> dict[str, float]:
        """The coefficients at one point."""
        pairs = zip(self.names, self.scales, point, strict=True)
        return {name: scale.value(x) for name, scale, x in pairs}

    def costs(self, points: np.ndarray) -> np.ndarray:
        """J (B,) at points (B, P), complex ones included."""
        self.evaluations += len(points)
        values = {
            name: scale.continued(x)
            for name, scale, x in zip(self.names, self.scales, points.T, strict=True)
        }
        with np.errstate(over="ignore", invalid="ignore"):
            costs = self.loop.costs(self.loop.form(self.learner, values))
        return np.where(np.isfinite(costs.real), costs, np.inf)

    def cost(self, point: np.ndarray) -> float:
        """J at one point."""
        return float(self.costs(point[None])[0])

    def slopes(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(J (B,), ∂J/∂x (B, P)) at points (B, P)."""
        count, size = points.shape
        turned = points[:, None, :] + 1j * _TINY * np.eye(size)
        costs = self.costs(turned.reshape(-1, size)).reshape(count, size)
        return costs[:, 0].real, costs.imag / _TINY

    def local(self, point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """(J, slope (P,), curvature (P, P)) at one point; slopes are exact, curvatures differences
        of these.
        """
        nudges = _NUDGE * np.eye(len(point))
        costs, slopes = self.slopes(np.vstack([point, point + nudges, point - nudges]))
        size = len(point)
        curvature = (slopes[1 : size + 1] - slopes[size + 1 :]) / (2 * _NUDGE)
        return float(costs[0]), slopes[0], (curvature + curvature.T) / 2

    def starts(self, count: int) -> list[np.ndarray]:
        """The learner's own coefficients, and the best points screened that are apart."""
        own = np.array(
            [
                scale.position(self.learner.coefficients[name])
                for name, scale in zip(self.names, self.scales, strict=True)
            ]
        )
        points = np.vstack([own, np.random.default_rng(0).random((_SCREENED, len(own)))])
        costs = self.costs(points)
        order = np.argsort(costs)
        if not np.isfinite(costs[order[0]]):
            raise SolveError(
                f"{type(self.learner).__name__} has no finite cost at any of {len(points)} points of"
                " its ranges: every one of them is unstable. What to do: give bounds with smaller"
                " learning rates, or a smaller step"
            )
        self.unit = max(abs(float(costs[order[0]])), 1e-300)
        chosen = [own] if np.isfinite(costs[0]) else []
        for i in order:
            apart = all(np.abs(points[i] - other).max() > _APART for other in chosen)
            if len(chosen) < count and np.isfinite(costs[i]) and apart:
                chosen.append(points[i])
        return chosen

    def descend(self, point: np.ndarray) -> np.ndarray:
        """A local minimum within the ranges, from a point."""

        def told(x: np.ndarray) -> tuple[float, np.ndarray]:
            costs, slopes = self.slopes(x[None])
            height = costs[0] / self.unit
            if not height < _BARRIER or not np.isfinite(slopes).all():
                return _BARRIER, np.zeros(len(x))
            return height, slopes[0] / self.unit

        found = minimize(
            told,
            point,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * len(point),
            options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 200},
        )
        return np.clip(found.x, 0.0, 1.0)

    def refined(self, point: np.ndarray) -> np.ndarray:
        """A few steps of Newton's method on the coefficients inside their ranges, as long as they
        lower the slope.
        """
        for _ in range(4):
            inside = (point > _AT_END) & (point < 1 - _AT_END)
            _, slope, curvature = self.local(point)
            within = curvature[np.ix_(inside, inside)]
            if not inside.any() or not np.linalg.eigvalsh(within)[0] > 0:
                break
            moved = point.copy()
            moved[inside] -= np.linalg.solve(within, slope[inside])
            if (moved < 0).any() or (moved > 1).any():
                break
            better = np.abs(self.slopes(moved[None])[1][0][inside]).max()
            if not better < np.abs(slope[inside]).max():
                break
            point = moved
        return point
